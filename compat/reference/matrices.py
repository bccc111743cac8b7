"""Products with large matrices, in float64: a part of the matrix is widened at a time, which stays in the cache."""

from typing import Any, Iterator, Tuple

import numpy as np

from ..arrays import Array

#: Numbers of a matrix that are widened at once, and how many columns wide a part is at most.
_PART, _WIDEST = 1 << 19, 1 << 12


def multiplied_with_magnitude(x: Array, w: Array) -> Tuple[Array, Array]:
    """x @ w and |x| @ |w|, over the last axis of x: ``x`` float64, ``w`` a matrix of any dtype.

    Raises ValueError where the two do not go together.
    """
    if w.ndim != 2 or x.shape[-1:] != w.shape[:1]:
        raise ValueError(f"an array of shape {x.shape} times a matrix of {w.shape}")
    rows, size = x.reshape(-1, x.shape[-1]), np.abs(x).reshape(-1, x.shape[-1])
    value, magnitude = (np.zeros((len(rows), w.shape[1])) for _ in range(2))
    for taken, given in _parts(*w.shape):
        part = w[taken, given].astype(np.float64)
        value[:, given] += rows[:, taken] @ part
        magnitude[:, given] += size[:, taken] @ np.abs(part, out=part)
    shape = x.shape[:-1] + w.shape[1:]
    return value.reshape(shape), magnitude.reshape(shape)


def _parts(rows: int, columns: int) -> Iterator[Tuple[Any, Any]]:
    """(the rows, the columns) of one part after the other."""
    width = max(min(columns, _WIDEST), 1)
    height = max(_PART // width, 1)
    for left in range(0, columns, width):
        for top in range(0, rows, height):
            yield slice(top, top + height), slice(left, left + width)
