"""Ends a worker whose sample takes too long, from outside: what holds Python's lock hears nothing from within."""

import contextlib
import os
import signal
import threading
import time
from typing import Iterator

from ..files import appearing
from ..store import Run

_FOLDER, _EVERY = "workers", 0.25


class Watch(threading.Thread):
    """Looks, in the process that waits, for workers that compute one sample for longer than ``timeout`` seconds."""

    def __init__(self, run: Run, timeout: float) -> None:
        super().__init__(daemon=True)
        self._folder = os.path.join(run.folder, "journal", _FOLDER)
        self._timeout = timeout + 1 + timeout / 10  # pytest-timeout comes first, and says where it hung
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
                        os.kill(int(name), getattr(signal, "SIGKILL", signal.SIGTERM))

    def _names(self) -> "list[str]":
        try:
            return os.listdir(self._folder)
        except OSError:
            return []

    def stop(self) -> None:
        self._over.set()

    @staticmethod
    @contextlib.contextmanager
    def told(run: Run, sample: str, dialect: str) -> Iterator[None]:
        """While this process computes a sample: a file named by its number says since when."""
        path = os.path.join(run.folder, "journal", _FOLDER, str(os.getpid()))
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
