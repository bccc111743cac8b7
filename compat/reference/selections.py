"""Answers that are chosen and not summed: extremes, comparisons, casts.  Exact."""

import numpy as np

from .bounds import Reference, exact
from .calls import rule


@rule
def extreme(x, *, of, axis, nan="passed on"):
    """The largest or the smallest along an axis, ``of`` "max" or "min".

    ``nan``: "passed on", as np.max has it and TensorFlow from 2.4, or "skipped", as np.fmax and earlier ones.
    """
    ufunc = {
        ("max", "passed on"): np.maximum,
        ("max", "skipped"): np.fmax,
        ("min", "passed on"): np.minimum,
        ("min", "skipped"): np.fmin,
    }[of, nan]
    return Reference(ufunc.reduce(exact(x), axis=axis))


@rule
def equal(x, y, *, by="element", dtype="float32"):
    """x == y as numbers 0 and 1: elementwise, or ("identity") one for whether both are the same object."""
    value = (exact(x) == exact(y)) if by == "element" else 0.0
    return Reference(value, dtype=dtype)


@rule
def saturated(x, *, low, high, dtype):
    """x in a dtype that reaches from ``low`` to ``high``: what lies beyond becomes the nearer end."""
    return Reference(np.clip(exact(x), low, high), dtype=dtype)
