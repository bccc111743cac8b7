"""Pieces of work, one after the other or by several threads.

The pieces do not depend on the number of threads, no two write to the same place, and sums are added up in
the order of the pieces: so any number of threads gives the same bits.  ``COMPAT_THREADS`` (default 1) says
how many; NumPy lets go of Python's lock while it copies and multiplies.  BLAS has threads of its own
(``OPENBLAS_NUM_THREADS``): use one or the other.
"""

import functools
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterable, Iterator, TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")


def threads() -> int:
    """The number of threads that ``COMPAT_THREADS`` asks for; ValueError unless a positive integer."""
    text = os.environ.get("COMPAT_THREADS", "1")
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(f"COMPAT_THREADS={text!r}: expected a positive integer")
    return int(text)


def each(work: Iterable[Piece], new_worker: Callable[[], Callable[[Piece], Any]]) -> None:
    """Does every piece of ``work``: ``worker = new_worker()`` once a thread, then ``worker(piece)``."""
    work = list(work)
    number = min(threads(), len(work))
    # Neighbours go to one thread: they share pages of memory, which two would wait for.
    run = max(1, len(work) // (4 * number)) if number > 1 else len(work) or 1
    runs = deque(work[start : start + run] for start in range(0, len(work), run))

    def do_some():
        worker = new_worker()
        while True:
            try:
                pieces = runs.popleft()
            except IndexError:
                return
            for piece in pieces:
                worker(piece)

    if number <= 1:
        do_some()
        return
    helpers = [_pool(number).submit(do_some) for _ in range(number - 1)]
    try:
        do_some()
    finally:
        runs.clear()
        for helper in helpers:
            if not helper.cancel():
                helper.result()


def in_order(work: Iterable[Piece], function: Callable[[Piece], Done]) -> Iterator[Done]:
    """``function(piece)`` of every piece of ``work``, in their order."""
    work = list(work)
    number = min(threads(), len(work))
    if number <= 1:
        for piece in work:
            yield function(piece)
        return
    pool = _pool(number)
    waiting = deque(pool.submit(function, piece) for piece in work[: 2 * number])
    for piece in work[2 * number :]:
        yield waiting.popleft().result()
        waiting.append(pool.submit(function, piece))
    while waiting:
        yield waiting.popleft().result()


@functools.lru_cache(maxsize=1)
def _pool(number):
    """Threads that stay: to start them anew costs more than a small convolution."""
    return ThreadPoolExecutor(number, thread_name_prefix="compat.layers")


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has the pool but no threads
