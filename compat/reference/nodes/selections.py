"""Ops that choose among what they are given: by a condition, by size, by rank."""

from typing import Any, List

import numpy as np

from ...arrays import Array
from ..tracked import follows
from .ambiguous import Interval, OneOf
from .flows import numbers, tracked, value_of
from .registry import Flow, NodeCall, NoRule, rule_of
from .steps import certain, ends, truth


@rule_of("Select", "SelectV2")
def _(call: NodeCall, condition: Flow, first: Flow, second: Flow) -> Flow:
    """Where the condition may be either, the result is one of both.  Select takes a row by a vector's element."""
    a, b = np.asarray(value_of(first)), np.asarray(value_of(second))
    low, high = (_of_rows(call, np.asarray(end) > 0.5, a.ndim) for end in ends(condition, "bool"))
    holds = _of_rows(call, np.asarray(value_of(condition)).astype(bool), a.ndim)
    if certain(condition, first, second):
        return np.where(holds, a, b)
    if np.result_type(a, b).kind in "fc":
        x, y = tracked(first), tracked(second)
        apart = abs(x.value - y.value)

        def error(p: Any, e: Array, f: Array) -> Array:
            return np.where(low == high, np.where(holds, e, f), apart + np.maximum(e, f))

        return follows(np.where(holds, x.value, y.value), error, x, y).reference(call.dtype)
    if np.result_type(a, b).kind not in "biu":
        raise NoRule("texts chosen by rounded numbers")
    (a_low, a_high), (b_low, b_high) = ends(first, call.dtype), ends(second, call.dtype)
    least = np.where(low == high, np.where(holds, a_low, b_low), np.minimum(a_low, b_low))
    most = np.where(low == high, np.where(holds, a_high, b_high), np.maximum(a_high, b_high))
    return Interval(np.where(holds, a, b), least, most)


def _of_rows(call: NodeCall, condition: Array, rank: int) -> Array:
    if call.op == "Select" and condition.ndim == 1 and rank > 1:
        return condition.reshape((-1,) + (1,) * (rank - 1))
    return condition


def _number(flow: Flow, op: str) -> Array:
    """The values of what is ranked; of NaN versions differ."""
    value = np.asarray(value_of(flow))
    if value.dtype.kind == "f" and np.isnan(value).any():
        raise NoRule(f"{op} of NaN")
    if value.dtype.kind not in "biuf":
        raise NoRule(f"{op} of {value.dtype.name}")
    return value


@rule_of("ArgMax", "ArgMin")
def _(call: NodeCall, x: Flow, axis: Flow) -> Flow:
    """The first among equals; of inexact ones each that may be as far out as all the others."""
    value, along = _number(x, call.op), numbers(axis)[0]
    find = np.argmax if call.op == "ArgMax" else np.argmin
    index = np.asarray(find(value, axis=along)).astype(call.dtype)
    if certain(x):
        return index
    low, high = (np.moveaxis(np.asarray(end, np.float64), along, -1) for end in ends(x, call.inputs[0]))
    if call.op == "ArgMin":
        low, high = -high, -low
    return OneOf(index, high >= low.max(axis=-1, keepdims=True))


def _falling(value: Array) -> Array:
    """The order from the largest on along the last axis, of equals the lower index first."""
    last = value.shape[-1] - 1
    return last - np.argsort(value[..., ::-1], axis=-1, kind="stable")[..., ::-1]


def _kth(x: Flow, dtype: str, places: Any) -> Flow:
    """The elements at these places from the largest on.

    As all numbers lie within their allowances, the k-th largest lies between the k-th largest of the lower ends and
    that of the upper ends.
    """
    pick = lambda array: np.sort(np.asarray(array), axis=-1)[..., ::-1][..., places]
    value = np.asarray(value_of(x))
    if certain(x):
        return pick(value)
    if value.dtype.kind in "biu":
        low, high = (pick(end) for end in ends(x, dtype))
        return Interval(pick(value), low, high)
    there, answer = tracked(x), pick(value)

    def error(p: Any, e: Array) -> Array:
        return np.maximum(abs(pick(there.value - e) - answer), abs(pick(there.value + e) - answer))

    return follows(answer, error, there).reference(dtype)


@rule_of("TopK", "TopKV2")
def _(call: NodeCall, x: Flow, *count: Flow) -> List[Flow]:
    """In falling order, of equals the lower index first."""
    value = _number(x, call.op)
    k = numbers(count[0])[0] if count else int(call.get("k", 1))
    if not call.get("sorted", True) and k > 1:
        raise NoRule("TopK in no order")
    indices = _falling(value)[..., :k].astype(
        call.outputs[1] if call.outputs[1:] and call.outputs[1] else "int32"
    )
    values = _kth(x, call.inputs[0], slice(0, k))
    if certain(x):
        return [values, indices]
    low, high = (np.asarray(end, np.float64) for end in ends(x, call.inputs[0]))
    above = (low[..., None, :] > high[..., :, None]).sum(-1)
    reached = (high[..., None, :] >= low[..., :, None]).sum(-1) - 1
    places = np.arange(k)[:, None]
    allowed = (above[..., None, :] <= places) & (reached[..., None, :] >= places)
    return [values, OneOf(indices, allowed)]


@rule_of("NthElement")
def _(call: NodeCall, x: Flow, n: Flow) -> Flow:
    """The n-th smallest, or with ``reverse`` the n-th largest."""
    size, place = _number(x, call.op).shape[-1], numbers(n)[0]
    return _kth(x, call.inputs[0], place if call.get("reverse", False) else size - 1 - place)


@rule_of("InTopK", "InTopKV2")
def _(call: NodeCall, predictions: Flow, targets: Flow, *count: Flow) -> Flow:
    """Whether fewer than k are larger than the target's; not where a number of the row is not finite."""
    k = numbers(count[0])[0] if count else int(call.get("k", 1))
    if not certain(targets):
        raise NoRule("classes that follow from rounded numbers")
    value, classes = np.asarray(value_of(predictions)), np.asarray(value_of(targets)).astype(np.int64)
    known = (classes >= 0) & (classes < value.shape[1]) & np.isfinite(value).all(axis=1)
    rows, safe = np.arange(len(classes)), np.where(known, classes, 0)
    low, high = ends(predictions, call.inputs[0])

    def within(of_others: Array, of_target: Array) -> Array:
        found = of_others > of_target[rows, safe][:, None]
        found[rows, safe] = False
        return known & (found.sum(axis=1) < k)

    return truth(within(value, value), within(high, low), within(low, high))
