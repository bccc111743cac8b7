"""Tiles: the work cut into pieces that stay in cache, one after the other or by several threads.

The pieces do not depend on the number of threads, and no two write to the same place, so any number of
threads gives the same bits.  ``COMPAT_THREADS`` (default 1) says how many; NumPy lets go of Python's lock
while it copies and multiplies.  BLAS has threads of its own (``OPENBLAS_NUM_THREADS``): use one or the
other.
"""

import os
from concurrent.futures import ThreadPoolExecutor


def threads():
    """The number of threads that ``COMPAT_THREADS`` asks for; ValueError unless a positive integer."""
    text = os.environ.get("COMPAT_THREADS", "1")
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(f"COMPAT_THREADS={text!r}: expected a positive integer")
    return int(text)


def tiles(count, rows, columns, pixels):
    """Cuts (count, rows, columns) outputs into slices of about ``pixels`` outputs.

    Yields (images, rows, columns): some whole images, or some whole rows of one image, or a piece of one
    row, whichever is the largest that fits.
    """
    pixels = max(1, pixels)
    if count == 0 or rows == 0 or columns == 0:
        return
    image_step = max(1, pixels // (rows * columns))
    row_step = min(rows, max(1, pixels // columns))
    column_step = min(columns, pixels)
    for image in range(0, count, image_step):
        for row in range(0, rows, row_step):
            for column in range(0, columns, column_step):
                yield (
                    slice(image, min(image + image_step, count)),
                    slice(row, min(row + row_step, rows)),
                    slice(column, min(column + column_step, columns)),
                )


def each(work, new_worker):
    """Does every piece of ``work``: ``worker = new_worker()`` once a thread, then ``worker(piece)``."""
    work = list(work)
    number = min(threads(), len(work))
    if number <= 1:
        worker = new_worker()
        for piece in work:
            worker(piece)
        return

    def share(first):
        worker = new_worker()
        for piece in work[first::number]:
            worker(piece)

    with ThreadPoolExecutor(number) as pool:
        list(pool.map(share, range(number)))
