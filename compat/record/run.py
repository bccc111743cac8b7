"""Let pytest compute a plan into a run, in worker processes."""

import contextlib
import json
import os
import sys
from typing import Any, Callable, List, Optional, Sequence, Tuple

import pytest

from ..errors import CompatError, StoreError
from ..store import Run
from .dialects import DIALECTS
from .dialects.eager import EAGER_IS_OFF
from .plan import Wanted, plan, prepare

Pair = Tuple[str, str]


class Settings:
    """``workers`` processes side by side, ``timeout`` seconds for one sample."""

    def __init__(self, workers: Optional[int] = None, timeout: float = 300) -> None:
        self.workers = workers
        self.timeout = timeout


def record(folder: str, wanted: Wanted, settings: Settings, tell: Callable[[str], None]) -> Run:
    """Compute what is wanted and not yet recorded.  Raises CompatError where another process records into the run."""
    run = Run(folder)
    with run.locked():
        run, dropped = prepare(folder, wanted)
        if dropped:
            tell(dropped)
        pairs, kept = plan(run, wanted)
        for sample, dialect in pairs:  # what is there of it is no longer the answer
            run.drop(sample, dialect)
        run.save()
        tell(
            f"{run.name}: {len(wanted.samples)} samples in {len(wanted.dialects)} dialects: {len(pairs)} to compute, "
            f"{kept} unchanged, the others cannot be spelled here"
        )
        for process in sorted({DIALECTS[dialect].process for _, dialect in pairs}, reverse=True):
            _compute(
                [pair for pair in pairs if DIALECTS[pair[1]].process == process], folder, wanted, settings
            )
        run = Run.open(folder)
        run.save()
        run = _spoilt_again(run, pairs, folder, wanted, settings)
        lost = [pair for pair in pairs if run.record(*pair) is None]
        if lost:
            raise CompatError(
                f"{len(lost)} of {len(pairs)} samples left no record, the first is {lost[0]}; see above"
            )
    return run


def _spoilt_again(run: Run, pairs: Sequence[Pair], folder: str, wanted: Wanted, settings: Settings) -> Run:
    """What found eager execution switched off, once more: each case file in processes of its own.

    A case may switch it off for all that share its process.  What finds it off then has only itself to blame.
    """
    spoilt = [pair for pair in pairs if _message(run, pair) == EAGER_IS_OFF]
    if not spoilt:
        return run
    for path in sorted({wanted.case_of[sample].path for sample, _ in spoilt}):
        _compute([pair for pair in spoilt if wanted.case_of[pair[0]].path == path], folder, wanted, settings)
    run = Run.open(folder)
    run.save()
    return run


def _message(run: Run, pair: Pair) -> str:
    record = run.record(*pair)
    return record.message if record is not None else ""


def _compute(pairs: List[Pair], folder: str, wanted: Wanted, settings: Settings) -> None:
    """Run the plan in worker processes: one that dies takes its sample with it and no other."""
    path = Run(folder).write_plan(json.dumps(pairs))
    files = sorted({wanted.case_of[sample].path for sample, _ in pairs})
    workers = settings.workers or min(os.cpu_count() or 1, 4, 1 + len(pairs) // 50)
    options = [
        f"--compat-out={folder}", f"--compat-plan={path}", f"-n{workers}", "--maxprocesses=16",
        f"--max-worker-restart={len(pairs)}",  # a broken framework may die in every one of them
        f"--timeout={settings.timeout:g}", "--timeout-method=thread",
        "-q", "--tb=no", "--no-header", "--no-summary", "--noconftest", "--rootdir=.", f"-c{os.devnull}",
        "-pno:cacheprovider", "-pno:python", "-pno:doctest", "-pno:unittest",
        "-pno:compat", "-pcompat.record.pytest_plugin",  # by its module: there also where compat is not installed
    ]  # fmt: skip
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        os.environ.pop(name, None)  # a user's own settings are not for this
    output = _Output(sys.stdout)
    troubles = _Troubles(output)
    with contextlib.redirect_stdout(output):  # type: ignore[type-var]
        status = pytest.main(options + files, plugins=[troubles])
    if output.gone:
        Run.open(folder).save()
        raise BrokenPipeError
    if troubles.store:
        Run.open(folder).save()
        raise StoreError(troubles.store)
    if status == pytest.ExitCode.INTERRUPTED:
        Run.open(folder).save()
        raise KeyboardInterrupt
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise CompatError(f"pytest ended with status {int(status)}; its lines above say why")


class _Troubles:
    """Ends a session whose results cannot be kept, ``store`` says why, or whose reader went away."""

    store = ""

    def __init__(self, output: "_Output") -> None:
        self._output = output

    def pytest_sessionstart(self, session: Any) -> None:
        self._session = session

    def pytest_runtest_logreport(self, report: Any) -> None:
        for name, value in report.user_properties:
            if name == "store":
                self.store = self._session.shouldstop = value
        if self._output.gone:
            self._session.shouldstop = "nobody reads the output"


class _Output:
    """The output as pytest writes to it; ``gone``: there is nobody any more who reads it, which pytest cannot bear."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.gone = False

    def write(self, text: str) -> int:
        self._trying(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        self._trying(self._stream.flush)

    def _trying(self, do: Callable[..., Any], *arguments: Any) -> None:
        if not self.gone:
            try:
                do(*arguments)
            except OSError:
                self.gone = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
