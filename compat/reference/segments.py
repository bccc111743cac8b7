"""Rows added up, or chosen, by number: segments, and what is scattered to the rows of a table."""

from typing import Callable, Dict, Optional

import numpy as np

from ..arrays import Array
from .bounds import Reference, exact
from .calls import rule
from .tracked import Tracked, constant, joined, sqrt, track

_CHOSEN: Dict[str, Callable[..., Array]] = {"max": np.max, "min": np.min}


def gathered(x: Tracked, numbers: Array, count: int, empty: Tracked, of: Callable[..., Tracked]) -> Tracked:
    """(count, ...): for each number below ``count`` ``of`` the rows of ``x`` that have it, or ``empty``."""
    rows = [np.flatnonzero(numbers == number) for number in range(count)]
    return joined(np.stack, [of(x[places]) if len(places) else empty for places in rows])


@rule
def segment(
    x: Array, numbers: Array, *, of: str = "sum", count: Optional[int] = None, empty: float = 0.0
) -> Reference:
    """Of the rows of x (rows, ...) that have one of ``numbers`` (rows,): sum, mean, sqrt_n, max or min.

    ``count`` rows come out, by default up to the largest number; a negative number's row is left out, as
    ``tf.math.unsorted_segment_sum`` has it.  ``empty``: what a number that no row has gives: 0 of every
    ``tf.math.segment_*``, but the lowest float of ``unsorted_segment_max``.  sqrt_n: the sum over sqrt(n).
    """
    x, numbers = exact(x), np.asarray(numbers).astype(int)
    count = int(numbers.max()) + 1 if count is None else count
    nothing = np.full(x.shape[1:], float(empty))
    if of in _CHOSEN:
        rows = [x[numbers == number] for number in range(count)]
        return Reference(np.stack([_CHOSEN[of](found, axis=0) if len(found) else nothing for found in rows]))
    functions: Dict[str, Callable[[Tracked], Tracked]] = {
        "sum": lambda rows: rows.sum(0),
        "mean": lambda rows: rows.mean(0),
        "sqrt_n": lambda rows: rows.sum(0) * (1 / sqrt(constant(len(rows.value)))),
    }
    return gathered(track(x), numbers, count, track(nothing), functions[of]).reference()


@rule
def scatter(table: Array, indices: Array, updates: Array, *, of: str = "update") -> Reference:
    """``table`` with ``updates`` at ``indices``: of = update, add, sub, max or min, as ``tf.tensor_scatter_nd_*``.

    indices (..., r) address the first r axes of the table, updates (..., the other axes).  What is added several
    times to one place is added in any order.  Raises ValueError for an update of one place by two values:
    TensorFlow does not say which of them stays.
    """
    table, updates, indices = exact(table), exact(updates), np.asarray(indices).astype(int)
    r = indices.shape[-1]
    places = tuple(indices.reshape(-1, r).T)
    rows = updates.reshape((-1,) + table.shape[r:])
    if of in ("max", "min"):
        chosen = table.copy()
        {"max": np.maximum, "min": np.minimum}[of].at(chosen, places, rows)
        return Reference(chosen)
    times = np.zeros(table.shape[:r])
    np.add.at(times, places, 1)
    if of == "update":
        if (times > 1).any():
            raise ValueError("one place is updated twice: which of the two stays is not defined")
        replaced = table.copy()
        replaced[places] = rows
        return Reference(replaced)
    value, magnitude = table.copy(), abs(table)
    np.add.at(value, places, rows if of == "add" else -rows)
    np.add.at(magnitude, places, abs(rows))
    terms = times.reshape(times.shape + (1,) * (table.ndim - r))
    return Reference(value, magnitude, np.broadcast_to(terms, table.shape))
