"""Work shared out over the processors: in processes that are forked, so that what was read before is there."""

import gc
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from typing import Callable, Iterator, Optional, Sequence, Tuple, TypeVar

A = TypeVar("A")
B = TypeVar("B")
#: Where there is less to do, a process costs more than it helps.
_FEWEST = 3
#: Objects made before the collector looks for what is unreachable: a page is many small ones, hardly any in a circle.
_RARELY = 1_000_000
#: What to do, and with what: the forked have both, and neither need be pickled.
_work: Optional[Tuple[Callable[..., object], Sequence[object]]] = None


def each(work: Callable[[A], B], items: Sequence[A]) -> Iterator[B]:
    """``map``, on all processors; results in the order of the items."""
    global _work
    processes = min(_processors(), len(items))
    if len(items) < _FEWEST or processes < 2 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, items)
        return
    _work = work, items
    gc.freeze()  # and all else that was read before: the collector need not look through it again and again
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(processes, context, initializer=_begin) as pool:
            yield from pool.map(_do, range(len(items)))  # type: ignore[misc]
    finally:
        _work = None
        gc.unfreeze()


def _begin() -> None:
    """Ctrl-C is for the process that waits: it ends these, and they need not say a word."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(_RARELY)


def _do(place: int) -> object:
    assert _work is not None
    work, items = _work
    return work(items[place])


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1
