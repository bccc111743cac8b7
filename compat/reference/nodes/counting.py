"""Ops that sort values into bins, and tell what of them is not among others."""

from typing import Any, List

import numpy as np

from ...arrays import Array
from .ambiguous import Interval
from .flows import numbers, value_of, whole
from .registry import Flow, NodeCall, NoRule, rule_of
from .steps import certain, ends


@rule_of("ListDiff")
def _(call: NodeCall, x: Flow, y: Flow) -> List[Flow]:
    """What of x is not among y, and where it was."""
    values = np.asarray(whole(x))
    places = np.flatnonzero(~np.isin(values, whole(y)))
    return [values[places], places.astype(call.outputs[1])]


def _found(call: NodeCall, x: Flow, find: Any) -> Flow:
    """``find``, which never falls, of x; where x is inexact, whatever it finds between x's ends."""
    value = np.asarray(find(np.asarray(value_of(x)))).astype(call.dtype)
    if certain(x):
        return value
    low, high = (find(np.asarray(end)) for end in ends(x, call.inputs[0]))
    return Interval(value, low, high)


@rule_of("Bucketize")
def _(call: NodeCall, x: Flow) -> Flow:
    """How many of the boundaries, which are float32, are at most x."""
    boundaries = np.array(call.get("boundaries") or [], np.float32).astype(np.float64)
    return _found(call, x, lambda v: np.searchsorted(boundaries, v.astype(np.float64), side="right"))


@rule_of("LowerBound", "UpperBound")
def _(call: NodeCall, ordered: Flow, x: Flow) -> Flow:
    """Where each element belongs among the row of rising numbers that its own row has."""
    rows = np.asarray(whole(ordered))
    side: Any = "left" if call.op == "LowerBound" else "right"

    def find(values: Array) -> Array:
        found = [np.searchsorted(row, wanted, side=side) for row, wanted in zip(rows, values)]
        return np.array(found, np.int64).reshape(values.shape)

    return _found(call, x, find)


@rule_of("HistogramFixedWidth")
def _(call: NodeCall, x: Flow, limits: Flow, count: Flow) -> Flow:
    """How many values are in each bin, what is beyond in the nearest; the quotient is made in float64.

    x - low rounds to the dtype of x.
    """
    values, bins, (low, high) = np.asarray(whole(x)).reshape(-1), numbers(count)[0], np.asarray(whole(limits))
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise NoRule("the bin of NaN")
    width = np.float64(high - low) / bins
    places = (np.maximum(values, low) - low).astype(np.float64) / width
    return np.bincount(np.minimum(places, bins - 1).astype(np.int64), minlength=bins).astype(call.dtype)
