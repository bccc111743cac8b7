"""Python's search for what nothing refers to, while a graph is made and read."""

import contextlib
import gc
from typing import Iterator

#: New objects, and searches of the younger generations, between two searches.
_SELDOM = (50_000, 20, 100)


@contextlib.contextmanager
def seldom_collected() -> Iterator[None]:
    """Within, Python looks less often: a graph is millions of objects that stay."""
    before = gc.get_threshold()
    gc.set_threshold(*(max(pair) for pair in zip(before, _SELDOM)))
    try:
        yield
    finally:
        gc.set_threshold(*before)
