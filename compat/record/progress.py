"""What a run is at: one line that is written over on a terminal, and a line now and then where there is none."""

import os
import shutil
import threading
import time
from typing import Any, Callable, Dict, List, Set, Tuple

from ..texts import in_a_line

#: Before so many are done, and so many seconds over, nothing is said of the time that is left.
_FEWEST, _SOONEST = 3, 5.0
#: Seconds from one drawing of the line to the next: several runs that share a terminal take turns.
_REDRAWN = 1.0


class StillComputing:
    """pytest hooks of the process that talks to the terminal.

    Every ``interval`` seconds it names what has been computed for at least as long: a training of minutes
    would otherwise be a line of dots that stands still.
    """

    def __init__(
        self, write_line: Callable[[str], Any], named: Callable[[str], str], interval: float = 10.0
    ) -> None:
        self._write_line = write_line
        self._named = named
        self._interval = interval
        self._started: Dict[str, float] = {}
        self._over = threading.Event()

    def pytest_sessionstart(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, args=(self._over,), daemon=True)
        self._thread.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._started[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._started.pop(nodeid, None)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when not in ("setup", "call", "teardown"):  # the process died: xdist tells no finish
            self.pytest_runtest_logfinish(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._over.set()
        self._thread.join()

    def _tell(self, over: threading.Event) -> None:
        while not over.wait(self._interval):
            for what, seconds in self._long():
                self._write_line(f"still computing {what}, {seconds:.0f} s")

    def _long(self) -> List[Tuple[str, float]]:
        """What has been computed for long, with the seconds."""
        now = time.monotonic()
        found = [(nodeid, now - started) for nodeid, started in sorted(self._started.copy().items())]
        return [(self._named(nodeid), seconds) for nodeid, seconds in found if seconds >= self._interval]


class Progress(StillComputing):
    """The same with how many are done of all, and about how long the rest takes.

    ``stream``: where it is told; on a terminal in one line, which is gone afterwards.
    """

    #: By that name the recording plugin knows that there is one.
    __name__ = "compat_progress"

    def __init__(
        self, run: str, total: int, stream: Any, named: Callable[[str], str], interval: float = 10.0
    ) -> None:
        super().__init__(lambda line: self._write(f"{line}\n"), named, interval)
        self._run, self._total, self._stream = run, total, stream
        self._done: Set[str] = set()
        self._begun = self._told = time.monotonic()
        self._terminal = stream.isatty() and os.environ.get("TERM") != "dumb"

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        super().pytest_runtest_logfinish(nodeid)
        self._done.add(nodeid)

    @property
    def line(self) -> str:
        """``tf2.21: 120 of 585 computed, about 2 min left``."""
        done = len(self._done)
        text = f"{self._run}: {done:,} of {self._total:,} computed"
        seconds = time.monotonic() - self._begun
        if done < _FEWEST or seconds < _SOONEST or done >= self._total:
            return text
        return f"{text}, about {duration(seconds / done * (self._total - done))} left"

    def _tell(self, over: threading.Event) -> None:
        if not self._terminal:
            while not over.wait(self._interval):
                self._tell_plainly()
            return
        while not over.wait(_REDRAWN):
            text = in_a_line(self._whole_line())[: shutil.get_terminal_size().columns - 1]
            self._write(f"\r\033[K{text}")
        self._write("\r\033[K")

    def _tell_plainly(self) -> None:
        for what, seconds in self._long():
            self._write(f"still computing {what}, {seconds:.0f} s\n")
        if time.monotonic() - self._told >= 3 * self._interval:  # a log is read afterwards
            self._told = time.monotonic()
            self._write(f"{self.line}\n")

    def _whole_line(self) -> str:
        """With what is being computed, that which takes longest first."""
        now = time.monotonic()
        found = sorted(self._started.copy().items(), key=lambda one: one[1])
        if not found:
            return self.line
        nodeid, started = found[0]
        text = f"{self.line}: {self._named(nodeid)}"
        text += f" for {duration(now - started)}" if now - started >= 2 else ""
        return text + (f" and {len(found) - 1} more" if len(found) > 1 else "")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def duration(seconds: float) -> str:
    """``40 s``, ``3 min``, ``1 h 20 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = int(seconds / 60 + 0.5)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
