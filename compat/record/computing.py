"""Sessions of pytest that compute a plan in worker processes."""

import contextlib
import io
import json
import os
import sys
from typing import Any, Callable, List

import pytest

from ..errors import CompatError, StoreError
from ..store import Run
from .large import share
from .order import processes
from .plan import Pair, Wanted
from .progress import Progress
from .pytest_plugin import told
from .run import Settings


class Computing:
    """What the sessions have in common."""

    def __init__(self, run: Run, total: int, folder: str, wanted: Wanted, settings: Settings) -> None:
        self._folder, self.wanted, self._settings = folder, wanted, settings
        self._output = _Output(sys.stdout)
        self._progress = Progress(run.name, total, self._output, told)
        self._said = io.StringIO()

    def compute(self, pairs: List[Pair]) -> None:
        """Run the plan in worker processes: one that dies takes its sample with it and no other."""
        run = Run(self._folder)
        workers = self._settings.workers or processes(pairs, self.wanted)
        shared = share(run, self.wanted, pairs) if workers > 1 else {}
        path = run.write_plan(json.dumps({"pairs": pairs, "shared": shared}))
        files = sorted({self.wanted.outline_of[sample].path for sample, _ in pairs})
        for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
            os.environ.pop(name, None)  # a user's own settings are not for this
        troubles = _Troubles(self._output)
        # Its dots and letters say nothing to who does not know them: kept for where it fails itself.
        with contextlib.redirect_stdout(self._said):
            status = pytest.main(
                self._options(path, len(pairs), workers) + files, plugins=[troubles, self._progress]
            )
        self._check(int(status), troubles.store)

    def tell_why(self) -> None:
        """What pytest said."""
        self._output.write(self._said.getvalue())
        self._output.flush()

    def _options(self, plan: str, count: int, workers: int) -> List[str]:
        return [
            f"--compat-out={self._folder}", f"--compat-plan={plan}", f"-n{workers}", "--maxprocesses=16",
            "--dist=load", "--maxschedchunk=1",  # in the order of the plan, one after the other
            f"--max-worker-restart={count}",  # a broken framework may die in every one of them
            f"--timeout={self._settings.timeout:g}", "--timeout-method=thread",
            "-q", "--tb=no", "--no-header", "--no-summary", "--noconftest", "--rootdir=.", f"-c{os.devnull}",
            "-pno:cacheprovider", "-pno:python", "-pno:doctest", "-pno:unittest",
            "-pno:logging", "-pno:unraisableexception",  # of each item; and at the end, all garbage five times over
            "-pno:compat", "-pcompat.record.pytest_plugin",  # by its module: there also where compat is not installed
        ]  # fmt: skip

    def _check(self, status: int, trouble: str) -> None:
        """Raises what the session ended with; what was computed is kept."""
        if self._output.gone:
            Run.open(self._folder).save()
            raise BrokenPipeError
        if trouble:
            Run.open(self._folder).save()
            raise StoreError(trouble)
        if status == pytest.ExitCode.INTERRUPTED:
            Run.open(self._folder).save()
            raise KeyboardInterrupt
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.tell_why()
            raise CompatError(f"pytest ended with status {status}; its lines above say why")


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
    """The output; ``gone``: there is nobody any more who reads it."""

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
