"""Pieces of work, one after the other or by several threads.

The pieces do not depend on the number of threads, no two write to the same place, and sums are added up in
the order of the pieces: so any number of threads gives the same bits.  ``COMPAT_THREADS`` (default 1) says
how many; NumPy lets go of Python's lock while it copies and multiplies.  BLAS has threads of its own
(``OPENBLAS_NUM_THREADS``): use one or the other.
"""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor


def threads():
    """The number of threads that ``COMPAT_THREADS`` asks for; ValueError unless a positive integer."""
    text = os.environ.get("COMPAT_THREADS", "1")
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(f"COMPAT_THREADS={text!r}: expected a positive integer")
    return int(text)


def each(work, new_worker):
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
    with ThreadPoolExecutor(number) as pool:
        for thread in [pool.submit(do_some) for _ in range(number)]:
            thread.result()


def in_order(work, function):
    """``function(piece)`` of every piece of ``work``, in their order."""
    work = list(work)
    number = min(threads(), len(work))
    if number <= 1:
        for piece in work:
            yield function(piece)
        return
    with ThreadPoolExecutor(number) as pool:
        waiting = deque(pool.submit(function, piece) for piece in work[: 2 * number])
        for piece in work[2 * number :]:
            yield waiting.popleft().result()
            waiting.append(pool.submit(function, piece))
        while waiting:
            yield waiting.popleft().result()
