"""Samples as pytest items, one for each sample and dialect, computed and recorded.

An item passes where there is a result, and is skipped where the dialect cannot spell the sample.  The judgement
comes afterwards: by ``compat run``, which starts pytest with this plugin, or by ``compat.commands.pytest_plugin``.
"""

import contextlib
import json
import os
from typing import Any, Dict, Generator, Iterator, List, Optional, Tuple, Type

import pytest

from ..case.files import Case, is_case_name
from ..errors import CompatError, StoreError
from ..records import Record
from ..store import Run
from ..texts import in_a_line
from . import interruption, worker
from .code import code_of
from .compute import blank_record, compute, unavailable
from .dialects import DIALECTS
from .environment import describe
from .large import Shared, take
from .parent import end_with_parent
from .progress import Progress, StillComputing
from .watch import Watch


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("compat")
    group.addoption("--compat-out", metavar="RUN", help="compute the samples of case files into this run")
    group.addoption(
        "--compat-plan", metavar="FILE", help="what compat run is about to compute, as JSON; default all"
    )


@pytest.hookimpl(trylast=True)  # after the terminal's own
def pytest_configure(config: Any) -> None:
    configure(config, SampleItem)


def configure(config: Any, item: "Type[SampleItem]") -> None:
    """``item``: the class of the items; a subclass may do more with a record than to write it."""
    config.addinivalue_line("markers", "slow: a sample that takes more than a few seconds")
    folder = config.getoption("--compat-out")
    if not folder:
        return
    if hasattr(config, "workerinput"):
        end_with_parent()
        worker.begin()
        interruption.not_for_this_process()
    try:
        items = Items(config, folder, item)
    except CompatError as error:
        pytest.exit(in_a_line(str(error)), returncode=2)
    config.pluginmanager.register(items, "compat_items")
    if hasattr(config, "workerinput"):
        return
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and not config.pluginmanager.has_plugin(Progress.__name__):

        def write_line(text: str) -> None:
            reporter.ensure_newline()
            reporter.write_line(text)

        config.pluginmanager.register(StillComputing(write_line, told), Progress.__name__)
    if items.plan is None:
        try:
            items.begin()
        except CompatError as error:
            pytest.exit(in_a_line(str(error)), returncode=2)


class Items:
    """The hooks that are active with ``--compat-out``."""

    def __init__(self, config: Any, folder: str, item: "Type[SampleItem]") -> None:
        self.item = item
        self.run = Run(folder, describe(os.path.basename(os.path.abspath(folder))))
        self.code = code_of(self.run.environment)
        self.timeout = float(config.getoption("--timeout", None) or 0)
        self.watch: Optional[Watch] = None
        self._lock: Optional[contextlib.ExitStack] = None
        plan = config.getoption("--compat-plan")
        self.plan: Optional[Dict[Tuple[str, str], int]] = None
        self.shared: Shared = {}
        if plan:
            with open(plan, encoding="utf-8") as file:
                told = json.load(file)
            self.plan = {(sample, dialect): place for place, (sample, dialect) in enumerate(told["pairs"])}
            self.shared = told["shared"]

    def begin(self) -> None:
        """Without a plan nobody else prepares the run: hold it, and save it before anything is computed."""
        self._lock = contextlib.ExitStack()
        self._lock.enter_context(self.run.locked())
        if Run.exists(self.run.folder):
            before = Run.open(self.run.folder)
            if before.environment == self.run.environment:
                self.run.samples, self.run.records = before.samples, before.records
        self.run.drop_journal()
        self.run.save()

    def planned(self, sample: Any, dialect: str) -> bool:
        """Whether the plan has it; without a plan, whether it can be computed here."""
        if self.plan is not None:
            return (sample.id, dialect) in self.plan
        return unavailable(sample, dialect) is None

    def pytest_collect_file(self, file_path: Any, parent: Any) -> Any:
        if self.plan is not None or is_case_name(file_path.name):
            return CaseFile.from_parent(parent, path=file_path, items=self)
        return None

    def pytest_collection_modifyitems(self, items: List[Any]) -> None:
        """In the order of the plan."""
        if self.plan is not None:
            order = self.plan
            items.sort(key=lambda item: order[item.sample.id, item.dialect])

    def pytest_runtest_protocol(self, item: Any) -> Optional[bool]:
        """What is planned has nothing to set up and to tear down: one report travels instead of three."""
        if self.plan is None:
            return None
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reraised = (pytest.exit.Exception, KeyboardInterrupt)
        call = pytest.CallInfo.from_call(lambda: hook.pytest_runtest_call(item=item), "call", reraised)
        hook.pytest_runtest_logreport(report=hook.pytest_runtest_makereport(item=item, call=call))
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self, session: Any) -> Generator[None, Any, Any]:
        if not hasattr(session.config, "workerinput"):
            self.watch = Watch(self.run, self.timeout)
            self.watch.start()
        with interruption.held_back():  # within, pytest-xdist starts those that compute
            return (yield)

    def pytest_keyboard_interrupt(self) -> None:
        """Not to wait for those who compute: they hear nothing, and whoever waits for this process may kill it."""
        if self.watch is not None:
            self.watch.end_all()

    def pytest_handlecrashitem(self, crashitem: str, report: Any, sched: Any) -> None:
        """A hung process ends as a crash: tell the two apart.  The row says ``crashed`` already."""
        sample_id, dialect = named_by(crashitem.split("::", 1)[1])
        report.longrepr = f"{sample_id} {dialect}: the process died while computing it"
        if self.timeout and self.run.age(sample_id, dialect) >= 0.8 * self.timeout:
            message = f"no answer within {self.timeout:g} seconds"
            self.run.rewrite_row(sample_id, dialect, "timeout", message)
            report.longrepr = f"{sample_id} {dialect}: {message}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: Any) -> None:
        if self.watch is not None:
            self.watch.stop()
        if hasattr(session.config, "workerinput") or self.plan is not None:
            return
        with contextlib.suppress(CompatError):  # pytest has told it when it collected them
            for path in sorted({argument.split("::")[0] for argument in session.config.args}):
                self._describe(path)
        self.run.save()
        if self._lock is not None:
            self._lock.close()

    def _describe(self, path: str) -> None:
        from ..case.files import find

        for sample_id, _, _ in self.run._journal():
            self.run.records.setdefault(sample_id, {})
        for case in find([path]):
            for sample in case.samples():
                if sample.id in self.run.records:
                    self.run.samples[sample.id] = case.describe(sample)


def item_name(sample_id: str, dialect: str) -> str:
    """``conv2d[b1]`` in ``numpy`` -> ``conv2d[b1-numpy]``, as pytest names what has parameters."""
    return f"{sample_id[:-1]}-{dialect}]"


def named_by(name: str) -> "tuple[str, str]":
    """The sample's id and the dialect of an item's name."""
    sample, dialect = name[:-1].rsplit("-", 1)
    return sample + "]", dialect


def told(nodeid: str) -> str:
    """``mnist_training[5000] keras2``: a sample and its dialect as a line of the terminal names them."""
    name = nodeid.split("::", 1)[-1]
    return " ".join(named_by(name)) if name.endswith("]") else name


class CaseFile(pytest.File):
    """A case file; collects its samples in every dialect that is planned."""

    def __init__(self, *, items: Items, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.items = items

    def collect(self) -> Iterator["SampleItem"]:
        try:
            case = Case(os.path.relpath(str(self.path)))
        except CompatError as error:
            raise self.CollectError(str(error)) from None
        for sample in case.samples():
            for dialect in DIALECTS:
                if self.items.planned(sample, dialect):
                    item = self.items.item.from_parent(self, name=item_name(sample.id, dialect))
                    item.fill(case, sample, dialect, self.items)
                    yield item


class Failure(Exception):
    """Why an item does not pass, in a line."""


class SampleItem(pytest.Item):
    """One sample in one dialect: compute and record."""

    def fill(self, case: Case, sample: Any, dialect: str, items: Items) -> None:
        self.case, self.sample, self.dialect, self.items = case, sample, dialect, items
        if sample.slow:
            self.add_marker("slow")

    def runtest(self) -> None:
        try:
            record = self._record()
        except StoreError as error:
            self.user_properties.append(("store", str(error)))
            raise
        self.conclude(record)

    def conclude(self, record: Record) -> None:
        """The outcome of the item."""
        self.user_properties.append(("status", record.status))
        if record.status == "unsupported":
            pytest.skip(record.message)
        if record.status != "ok":
            raise Failure(f"{record.status}: {record.message}")

    def _record(self) -> Record:
        """The row is first written as ``crashed``: what dies on the way leaves it behind."""
        run, code = self.items.run, self.items.code
        take(run, self.sample, self.items.shared.get(self.sample.id, {}))
        died = blank_record(self.case, self.sample, code, "crashed", "the process died while computing it")
        run.write_row(self.sample.id, self.dialect, died)
        with Watch.told(run, self.sample.id, self.dialect):
            record = compute(self.case, self.sample, self.dialect, run.objects, code)
        run.write_row(self.sample.id, self.dialect, record)
        return record

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, (Failure, StoreError, pytest.xfail.Exception)):
            return f"{self.sample.id} {self.dialect} {excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> Any:
        return self.path, None, f"{self.sample.id} {self.dialect}"
