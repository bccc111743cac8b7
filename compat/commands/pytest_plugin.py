"""``pytest cases --compat-out RUN``: samples as pytest items, each recorded, then judged.

    pytest cases --compat-out out/runs/here [-n 2] [--timeout 120 --timeout-method thread] [--junitxml FILE]

An item passes where the verdict does, is skipped where the dialect cannot spell the sample, and is an expected
failure where the difference is known.  When the last one is recorded the run is judged as a whole: what a sample is
judged against may have been computed after it.  Without ``--compat-out`` the plugin does nothing.
"""

import contextlib
from typing import Any

import pytest

from ..errors import CompatError
from ..record import pytest_plugin as recording
from ..records import Record, needs_a_person
from ..store import Run


def pytest_addoption(parser: Any) -> None:
    recording.pytest_addoption(parser)


@pytest.hookimpl(trylast=True)  # after the terminal's own
def pytest_configure(config: Any) -> None:
    recording.configure(config, JudgedItem)


class JudgedItem(recording.SampleItem):
    """One sample in one dialect: compute, record, judge, assert."""

    def conclude(self, record: Record) -> None:
        from ..judge.judging import Judging

        run = Run(self.items.run.folder, self.items.run.environment)
        run.samples[self.sample.id] = self.case.describe(self.sample)
        run.add(self.sample.id, self.dialect, record)
        judging = Judging([run], cases=[self.case])
        verdict = judging.verdict(run, self.sample.id, self.dialect)
        judging.end()
        self.user_properties.append(("verdict", verdict.word))
        if verdict.word in ("unsupported", "unjudged"):
            pytest.skip(verdict.message)
        if needs_a_person(verdict):
            raise recording.Failure(f"{verdict.word}: {verdict.message}")
        if verdict.known:
            pytest.xfail(verdict.known.told)


@pytest.hookimpl(trylast=True)  # after the run is saved
def pytest_sessionfinish(session: Any) -> None:
    config = session.config
    folder = config.getoption("--compat-out")
    if not folder or config.getoption("--compat-plan") or hasattr(config, "workerinput"):
        return
    from ..judge.judging import judge_runs

    paths = sorted({argument.split("::")[0] for argument in config.args})
    with contextlib.suppress(CompatError):  # pytest has told it when it collected them
        run = Run.open(folder)
        (judged,) = judge_runs([run], paths, keep=True)
        run.write_verdicts(judged.verdicts)
        if session.exitstatus == pytest.ExitCode.OK and judged.needs_a_person:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
