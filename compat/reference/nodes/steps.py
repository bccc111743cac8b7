"""Functions with steps: of inexact inputs the answer may fall to any side that their allowance reaches."""

from typing import Any, Callable, Tuple

import numpy as np

from ...arrays import UNIT_ROUNDOFF, Array
from ..bounds import Reference
from ..tracked import Precision, Tracked, follows, track
from .ambiguous import Interval
from .flows import is_exact, value_of
from .registry import Flow
from .whole import Whole


def allowance(flow: Flow, dtype: str) -> Array:
    """How far a flow of that dtype may be off, float64; 0 where it is exact."""
    if isinstance(flow, Reference):
        return np.asarray(flow.worst(dtype if dtype in UNIT_ROUNDOFF else "float64"), np.float64)
    return np.zeros(np.shape(flow))


def ends(flow: Flow, dtype: str) -> Tuple[Array, Array]:
    """The least and the most that a flow of that dtype may be: of an exact one itself, twice."""
    if is_exact(flow):
        return np.asarray(flow), np.asarray(flow)
    if isinstance(flow, Interval):
        return flow.low, flow.high
    if isinstance(flow, Whole) and not flow.radius.any():
        return flow.whole, flow.whole
    value, off = np.asarray(value_of(flow), np.float64), allowance(flow, dtype)
    return value - off, value + off


def certain(*flows: Flow) -> bool:
    """Whether all are exact, whole numbers that other rules gave among them."""
    return all(is_exact(flow) or (isinstance(flow, Whole) and not flow.radius.any()) for flow in flows)


def truth(value: Any, never_false: Any, ever_true: Any) -> Flow:
    """Truth values: exact where all are told, else with both where either may be."""
    value, low, high = np.asarray(value), np.asarray(never_false), np.asarray(ever_true)
    if (low == high).all():
        return value.astype(bool)
    return Interval(value.astype(bool), low, high)


def stepped(x: Tracked, function: Callable[[Array], Array]) -> Tracked:
    """A function of whole steps that never turns, of real numbers: off by what it does between x - e and x + e."""
    x = track(x)
    value = function(x.value)

    def error(p: Precision, e: Array) -> Array:
        there = np.maximum(abs(function(x.value - e) - value), abs(function(x.value + e) - value))
        return np.where(e > 0, there, 0.0)

    return follows(value, error, x)
