"""Answers that are chosen and not summed: extremes, comparisons, casts.  Exact."""

from typing import Any

import numpy as np

from .bounds import Answer, Reference, exact
from .calls import rule


@rule
def extreme(x: Answer, *, of: str, axis: Any, nan: str = "passed on") -> Reference:
    """The largest or the smallest along an axis, ``of`` "max" or "min".

    ``nan``: "passed on", as np.max has it and TensorFlow from 2.4, or "skipped", as np.fmax and earlier ones.
    """
    ufunc: np.ufunc = {
        ("max", "passed on"): np.maximum,
        ("max", "skipped"): np.fmax,
        ("min", "passed on"): np.minimum,
        ("min", "skipped"): np.fmin,
    }[of, nan]
    return Reference(ufunc.reduce(exact(x), axis=axis))


@rule
def equal(x: Answer, y: Answer, *, by: str = "element", dtype: str = "float32") -> Reference:
    """x == y as numbers 0 and 1: elementwise, or ("identity") one for whether both are the same object."""
    value = (exact(x) == exact(y)) if by == "element" else 0.0
    return Reference(value, dtype=dtype)


@rule
def saturated(x: Answer, *, low: float, high: float, dtype: str) -> Reference:
    """x in a dtype that reaches from ``low`` to ``high``: what lies beyond becomes the nearer end."""
    return Reference(np.clip(exact(x), low, high), dtype=dtype)
