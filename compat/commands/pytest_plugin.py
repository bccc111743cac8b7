"""``pytest cases --compat-out RUN``: samples as pytest items, judged when the last of them is recorded."""

import contextlib
from typing import Any

import pytest

from ..errors import CompatError
from ..record import pytest_plugin as recording
from ..store import Run


def pytest_addoption(parser: Any) -> None:
    recording.pytest_addoption(parser)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: Any) -> None:
    recording.pytest_configure(config)


@pytest.hookimpl(trylast=True)  # after the run is saved
def pytest_sessionfinish(session: Any) -> None:
    config = session.config
    folder = config.getoption("--compat-out")
    if not folder or config.getoption("--compat-plan") or hasattr(config, "workerinput"):
        return
    from ..judge.judging import judge_runs
    from .telling import tell_run

    paths = sorted({argument.split("::")[0] for argument in config.args})
    with contextlib.suppress(CompatError):  # pytest has told it when it collected them
        run = Run.open(folder)
        (judged,) = judge_runs([run], paths, keep=True)
        run.write_verdicts(judged.verdicts)
        status = tell_run(judged, list(judged.rows()), False)
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            session.exitstatus = status
