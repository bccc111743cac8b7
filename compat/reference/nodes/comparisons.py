"""Comparisons and logic: truth values, which are ambiguous only where inexact inputs reach the step."""

import operator
from typing import Any, Callable

import numpy as np

from ...arrays import SMALLEST_NORMAL, UNIT_ROUNDOFF, Array
from .ambiguous import Interval
from .flows import floating, numbers, value_of
from .registry import Flow, NodeCall, NoRule, rule_of
from .steps import allowance, certain, ends, truth

#: The largest number of each precision; what is off beyond it may be infinite.
LARGEST = {
    "bfloat16": float.fromhex("0x1.fep127"),
    "float16": 65504.0,
    "float32": float(np.finfo(np.float32).max),
    "float64": float(np.finfo(np.float64).max),
}


def _ordered(op: str, holds: Callable[[Any, Any], Any]) -> None:
    @rule_of(op)
    def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
        value = holds(np.asarray(value_of(x)), np.asarray(value_of(y)))
        if certain(x, y):
            return np.asarray(value)
        (x_low, x_high), (y_low, y_high) = ends(x, call.inputs[0]), ends(y, call.inputs[1])
        # It never turns in x nor in y: these are the extremes.
        one, other = holds(x_low, y_high), holds(x_high, y_low)
        return truth(value, one & other & value, one | other | value)


for _op, _holds in (
    ("Less", operator.lt),
    ("LessEqual", operator.le),
    ("Greater", operator.gt),
    ("GreaterEqual", operator.ge),
):
    _ordered(_op, _holds)


@rule_of("Equal", "NotEqual")
def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
    """Of shapes that do not go together one answer, where the attribute allows it: they are not equal."""
    a, b = np.asarray(value_of(x)), np.asarray(value_of(y))
    negated = call.op == "NotEqual"
    try:
        np.broadcast(a, b)
    except ValueError:
        return np.asarray(negated)
    equal = np.asarray(a == b)
    if certain(x, y):
        return equal ^ negated
    off = allowance(x, call.inputs[0]) + allowance(y, call.inputs[1])
    difference = a - b if a.dtype.kind == "c" else a.astype(np.float64) - b.astype(np.float64)
    possible = equal | ((off > 0) & (abs(difference.real) <= off) & (abs(difference.imag) <= off))
    sure = equal & (off == 0)
    return truth(equal ^ negated, ~possible if negated else sure, ~sure if negated else possible)


@rule_of("ApproximateEqual")
def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
    """|x - y| <= tolerance, equality included; the difference and the tolerance round once each."""
    dtype, tolerance = call.inputs[0], float(call.get("tolerance", 1e-5))
    a, b = np.asarray(value_of(x)), np.asarray(value_of(y))
    if not floating(dtype):
        raise NoRule(f"ApproximateEqual of {dtype}")
    if certain(x, y) and dtype in ("float32", "float64"):
        return np.asarray(abs(a - b) <= a.dtype.type(tolerance))
    distance = abs(a.astype(np.float64) - b.astype(np.float64))
    off = allowance(x, dtype) + allowance(y, dtype)
    off = off + UNIT_ROUNDOFF[dtype] * (distance + off + tolerance) + SMALLEST_NORMAL[dtype]
    return truth(distance <= tolerance, distance + off <= tolerance, distance - off <= tolerance)


def _never_turning(call: NodeCall, function: Callable[..., Array], *flows: Flow) -> Flow:
    """A logical function that rises with each input, or falls with each."""
    value = np.asarray(function(*[np.asarray(value_of(flow)) for flow in flows]))
    if certain(*flows):
        return value
    pairs = [ends(flow, "bool") for flow in flows]
    one, other = (np.asarray(function(*[np.asarray(pair[i]) > 0.5 for pair in pairs])) for i in (0, 1))
    return truth(value, one & other, one | other)


@rule_of("LogicalAnd", "LogicalOr", "LogicalNot")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    functions = {"LogicalAnd": np.logical_and, "LogicalOr": np.logical_or, "LogicalNot": np.logical_not}
    return _never_turning(call, functions[call.op], *inputs)


@rule_of("Any", "All")
def _(call: NodeCall, x: Flow, axis: Flow) -> Flow:
    axes, keep = tuple(numbers(axis)), bool(call.get("keep_dims", False))
    function: Any = np.any if call.op == "Any" else np.all
    return _never_turning(call, lambda array: function(array, axis=axes, keepdims=keep), x)


@rule_of("IsNan", "IsInf", "IsFinite")
def _(call: NodeCall, x: Flow) -> Flow:
    """What is off beyond the largest number may be infinite; what is off without bound may be anything."""
    function = {"IsNan": np.isnan, "IsInf": np.isinf, "IsFinite": np.isfinite}[call.op]
    value, dtype = np.asarray(value_of(x)), call.inputs[0]
    told = np.asarray(function(value))
    if certain(x) or dtype not in LARGEST:
        return told
    off = allowance(x, dtype)
    beyond = np.isfinite(value) & ~(abs(value) + off <= LARGEST[dtype])
    either = ~np.isfinite(off) & np.isfinite(value) if call.op == "IsNan" else beyond
    return Interval(told, told & ~either, told | either) if either.any() else told
