"""Answers that are chosen and not summed: extremes and where they are, comparisons, casts.  Exact."""

from typing import Any, Callable, Dict, Optional

import numpy as np

from ..arrays import Array
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


#: Functions that rise, and are flat somewhere: in float64 a sigmoid is 1 from 37 on.
FLAT: Dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "sign": np.sign,
    "floor": np.floor,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


@rule
def arg_extreme(
    x: Answer, *, of: str, axis: int = -1, dtype: str = "int64", after: Optional[str] = None
) -> Reference:
    """Where the largest or the smallest along an axis is, ``of`` "max" or "min"; the first among equals.

    ``after``: of what a function makes of x, which may make equals: a name of ``FLAT``.
    """
    find = {"max": np.argmax, "min": np.argmin}[of]
    values = exact(x) if after is None else FLAT[after](exact(x))
    return Reference(find(values, axis=axis), dtype=dtype)


@rule
def top_k(x: Answer, *, k: int, index_dtype: str = "int32") -> Dict[str, Reference]:
    """The k largest along the last axis in falling order, ``values`` and ``indices``; of equals the lower index first.

    Source: https://www.tensorflow.org/api_docs/python/tf/math/top_k
    """
    x = exact(x)
    order = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return {
        "values": Reference(np.take_along_axis(x, order, axis=-1)),
        "indices": Reference(order, dtype=index_dtype),
    }
