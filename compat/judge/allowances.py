"""How far every element of an output may be off, kept for the pages: what the judge allowed, as an array."""

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..records import Numbers
from ..reference import Reference

#: Elements of outputs beyond which no allowance is kept.
_LARGEST = 1 << 22


def is_shown(numbers: Numbers) -> bool:
    """Whether pages draw the error of an output: where it was measured, and there is one."""
    return bool(numbers.unequal) and (numbers.count or 0) <= _LARGEST


def allowance(answer: Reference, dtype: str) -> Array:
    """The worst-case allowance for results of that dtype as float32, never less than it is; one number where all
    elements have the same."""
    with np.errstate(all="ignore"):
        exact = np.asarray(answer.worst(dtype if dtype in UNIT_ROUNDOFF else "float64"), np.float64)
        first = exact[(0,) * exact.ndim]
        if np.all(exact == first):
            exact = np.asarray(first)
        rounded = exact.astype(np.float32)
        return np.where(rounded < exact, np.nextafter(rounded, np.float32(np.inf)), rounded)
