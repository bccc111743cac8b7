"""How long causes are looked for: where a graph is long, each that is tried computes all of it.

The time is that of the process: what else the machine does changes no answer.
"""

import contextlib
import time
from typing import Iterator

_END = [float("inf")]


@contextlib.contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Within it no further cause is tried after so many seconds of computing."""
    before = _END[0]
    _END[0] = min(before, time.process_time() + seconds)
    try:
        yield
    finally:
        _END[0] = before


def over() -> bool:
    """Whether the time is over."""
    return time.process_time() > _END[0]
