"""Ends a worker whose sample takes too long, from outside: what holds Python's lock hears nothing from within."""

import contextlib
import os
import signal
import threading
import time
from typing import Iterator

from ..files import appearing
from ..store import Run

_EVERY = 0.25
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class Watch(threading.Thread):
    """Looks, in the process that waits, for workers that compute one sample for too long.

    ``timeout``: seconds; 0 for no limit.
    """

    def __init__(self, run: Run, timeout: float) -> None:
        super().__init__(daemon=True)
        self._folder = run.workers
        # pytest-timeout comes first, and says where it hung
        self._timeout = timeout + 1 + timeout / 10 if timeout else float("inf")
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(_EVERY):
            for name in self._names():
                with contextlib.suppress(OSError, ValueError):
                    path = os.path.join(self._folder, name)
                    if not _exists(int(name)):  # its number may soon be another process's
                        os.unlink(path)
                    elif time.time() - os.path.getmtime(path) > self._timeout:
                        os.unlink(path)
                        os.kill(int(name), _KILL)

    def end_all(self) -> None:
        """End every worker that computes."""
        self.stop()
        for name in self._names():
            with contextlib.suppress(OSError, ValueError):
                if int(name) != os.getpid():
                    os.kill(int(name), _KILL)

    def _names(self) -> "list[str]":
        try:
            return [name for name in os.listdir(self._folder) if name.isdigit() and int(name) > 1]
        except OSError:
            return []

    def stop(self) -> None:
        self._over.set()

    @staticmethod
    @contextlib.contextmanager
    def told(run: Run, sample: str, dialect: str) -> Iterator[None]:
        """While this process computes a sample: a file named by its number says since when."""
        path = os.path.join(run.workers, str(os.getpid()))
        with appearing(path, "w") as file:
            file.write(f"{sample} {dialect}\n")
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
