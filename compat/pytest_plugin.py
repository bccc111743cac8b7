"""Samples as pytest items, one for each sample and dialect.

    pytest cases --compat-out out/runs/here [-n 2] [--timeout 120 --timeout-method thread] [--junitxml FILE]

``compat run`` is this with less typing.  An item passes where the verdict does, is skipped where
the dialect cannot spell the sample, and is an expected failure where the difference is known.
Without ``--compat-out`` the plugin does nothing.
"""

import contextlib
import json
import os

import pytest

from . import cases
from .dialects import DIALECTS
from .environment import describe
from .errors import CompatError
from .progress import StillComputing
from .run import unavailable
from .store import Run
from .suite import Suite


def pytest_addoption(parser):
    group = parser.getgroup("compat")
    group.addoption("--compat-out", metavar="RUN", help="compute the samples of case files into this run")
    group.addoption(
        "--compat-plan", metavar="FILE", help="JSON list of [sample, dialect] to compute; default all"
    )


@pytest.hookimpl(trylast=True)  # after the terminal's own
def pytest_configure(config):
    config.addinivalue_line("markers", "slow: a sample that takes more than a few seconds")
    folder = config.getoption("--compat-out")
    if not folder:
        return
    config.pluginmanager.register(_Items(config, folder), "compat_items")
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and not hasattr(config, "workerinput"):

        def write_line(text):
            reporter.ensure_newline()
            reporter.write_line(text)

        config.pluginmanager.register(StillComputing(write_line, _told), "compat_progress")
    if not hasattr(config, "workerinput") and not config.getoption("--compat-plan"):
        try:
            run = Run.open(folder) if Run.exists(folder) else Run(folder, describe(os.path.basename(folder)))
            run.save()
        except CompatError as error:
            raise pytest.UsageError(str(error)) from None


class _Items:
    """The hooks that are active with ``--compat-out``."""

    def __init__(self, config, folder):
        self.run = Run(folder)
        self.timeout = float(config.getoption("--timeout", None) or 0)
        plan = config.getoption("--compat-plan")
        self.plan = None
        if plan:
            with open(plan, encoding="utf-8") as file:
                self.plan = {tuple(pair) for pair in json.load(file)}

    def planned(self, sample, dialect):
        """Whether the plan has it; without a plan, whether it can be computed here."""
        if self.plan is not None:
            return (sample.id, dialect) in self.plan
        return unavailable(sample, dialect) is None

    def pytest_collect_file(self, file_path, parent):
        if self.plan is not None or cases.is_case_name(file_path.name):
            return CaseFile.from_parent(parent, path=file_path, items=self)
        return None

    def pytest_handlecrashitem(self, crashitem, report, sched):
        """pytest-timeout ends a hung process as a crash: tell the two apart by the clock.

        The row says ``crashed`` already; a hung one becomes ``timeout``.
        """
        sample_id, dialect = _named_by(crashitem.split("::", 1)[1])
        report.longrepr = f"{sample_id} {dialect}: the process died while computing it"
        if self.timeout and self.run.age(sample_id, dialect) >= 0.8 * self.timeout:
            message = f"no answer within {self.timeout:g} seconds"
            self.run.rewrite_row(sample_id, dialect, "timeout", message)
            report.longrepr = f"{sample_id} {dialect}: {message}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        if hasattr(session.config, "workerinput") or self.plan is not None or not Run.exists(self.run.folder):
            return
        run = Run.open(self.run.folder)
        paths = sorted({argument.split("::")[0] for argument in session.config.args})
        with contextlib.suppress(CompatError):  # pytest has told it when it collected them
            suite = Suite(cases.find(paths))
            computed = [name for name in run.records if name in suite.samples]
            run.samples.update({name: suite.describe(suite.samples[name]) for name in computed})
            run.save()
            suite.judge_what_waited(run)
        run.save()


def _item_name(sample_id, dialect):
    """``conv2d[b1]`` in ``numpy`` -> ``conv2d[b1-numpy]``, as pytest names what has parameters."""
    return f"{sample_id[:-1]}-{dialect}]"


def _named_by(item_name):
    """The sample's id and the dialect of an item's name."""
    sample, dialect = item_name[:-1].rsplit("-", 1)
    return sample + "]", dialect


def _told(nodeid):
    """``mnist_training[5000] keras2``: a sample and its dialect as a line of the terminal names them."""
    name = nodeid.split("::", 1)[-1]
    return " ".join(_named_by(name)) if name.endswith("]") else name


class CaseFile(pytest.File):
    """A case file; collects its samples in every dialect that is planned."""

    def __init__(self, *, items, **kwargs):
        super().__init__(**kwargs)
        self.items = items

    def collect(self):
        try:
            suite = Suite([cases.Case(os.path.relpath(str(self.path)))])
        except CompatError as error:
            raise self.CollectError(str(error)) from None
        for sample in suite.samples.values():
            for dialect in DIALECTS:
                if self.items.planned(sample, dialect):
                    item = SampleItem.from_parent(self, name=_item_name(sample.id, dialect))
                    item.fill(suite, sample, dialect, self.items.run)
                    yield item


class Disagreement(Exception):
    """A verdict that does not pass; its text is the verdict's message."""


class SampleItem(pytest.Item):
    """One sample in one dialect: compute, record, judge, assert."""

    def fill(self, suite, sample, dialect, run):
        self.suite, self.sample, self.dialect, self.run = suite, sample, dialect, run
        if sample.slow:
            self.add_marker("slow")

    def runtest(self):
        record, verdict = self.suite.compute(self.sample, self.dialect, self.run)
        self.user_properties.append(("verdict", verdict.word))
        if record["status"] == "unsupported":
            pytest.skip(record["message"])
        if verdict.word == "unjudged":
            pytest.skip(verdict.message)
        if not verdict.passes:
            raise Disagreement(f"{verdict.word}: {verdict.message}")
        if verdict.known:
            pytest.xfail(verdict.known["reason"])

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, (Disagreement, pytest.xfail.Exception)):
            return f"{self.sample.id} {self.dialect} {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, f"{self.sample.id} {self.dialect}"
