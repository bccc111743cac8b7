"""What a run is at: a line now and then for every sample that takes long."""

import threading
import time
from typing import Any, Callable, Dict


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
        threading.Thread(target=self._tell, daemon=True).start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._started[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._started.pop(nodeid, None)

    def pytest_sessionfinish(self) -> None:
        self._over.set()

    def _tell(self):
        while not self._over.wait(self._interval):
            now = time.monotonic()
            for nodeid, started in sorted(self._started.copy().items()):
                if now - started >= self._interval:
                    what = self._named(nodeid)
                    self._write_line(f"still computing {what}, {now - started:.0f} s")
