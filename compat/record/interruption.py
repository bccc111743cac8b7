"""Ctrl-C while processes are started: it waits until they are, and it is for the one that waits for them alone.

A terminal sends it to the whole group.  A Python that is not yet up answers with a traceback of its own, and so does
one whose parent goes away before it has told it what to do.
"""

import contextlib
import signal
import threading
from typing import Any, Iterator, List

_CAN_BLOCK = hasattr(signal, "pthread_sigmask")  # not on Windows


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Keep SIGINT until the end of the block, where it comes then; what is started within has it blocked."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    asked: List[int] = []

    def ask(number: int, frame: Any) -> None:
        asked.append(number)

    signal.signal(signal.SIGINT, ask)  # where another thread takes it, it is not blocked
    if _CAN_BLOCK:
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if _CAN_BLOCK:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, before)
    if asked:
        before(asked[0], None)


def not_for_this_process() -> None:
    """Ignore it: whoever started this process ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if _CAN_BLOCK:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
