"""Ops with steps: to whole numbers, signs, remainders; and bits of whole numbers."""

from typing import Any, Callable, Dict

import numpy as np

from ...arrays import Array, round_to
from ..tracked import PRECISIONS, Precision, Tracked, follows
from .ambiguous import Interval
from .flows import floating, tracked, value_of, whole
from .registry import Flow, NodeCall, NoRule, rule_of
from .steps import certain, stepped
from .whole_numbers import exactly

#: numpy.rint rounds halves to even, as Round and Rint do.
ROUNDED = {"Floor": np.floor, "Ceil": np.ceil, "Round": np.rint, "Rint": np.rint, "Sign": np.sign}


@rule_of("Floor", "Ceil", "Round", "Rint", "Sign")
def _(call: NodeCall, x: Flow) -> Flow:
    value, function = np.asarray(value_of(x)), ROUNDED[call.op]
    if value.dtype.kind in "iu":
        return exactly(call, np.sign, x) if call.op == "Sign" else x
    if value.dtype.kind != "f" or (call.op == "Sign" and np.isnan(value).any()):
        raise NoRule(f"{call.op} of {call.dtype}, or of NaN")
    return function(value) if certain(x) else stepped(tracked(x), function).reference(call.dtype)


def _of_whole(call: NodeCall, function: Callable[..., Any], x: Flow, y: Flow) -> Array:
    if np.dtype(call.dtype).kind not in "iu":
        raise NoRule(f"{call.op} of {call.dtype}")
    if not np.all(whole(y)):
        raise NoRule("whole numbers divided by 0")
    return exactly(call, function, x, y)


@rule_of("FloorDiv")
def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
    """The quotient rounds, at most twice, before it is cut.

    Rounding never turns: below a whole number that the dtype holds it may reach it, and it does not fall below one.
    """
    if not floating(call.dtype):
        return _of_whole(call, np.floor_divide, x, y)
    a, b = tracked(x), tracked(y)
    if not certain(x, y):
        return stepped(a / b, np.floor).reference(call.dtype)
    quotient = a.value / b.value
    plain = np.isfinite(a.value) & np.isfinite(b.value) & (b.value != 0)
    value = np.where(plain, np.floor_divide(a.value, np.where(plain, b.value, 1)), np.floor(quotient))
    off = PRECISIONS[call.dtype].gamma(2) * abs(quotient)
    held = np.where(np.isfinite(value), value, 0)
    held = round_to(held, call.dtype).astype(np.float64) == held
    low = np.where(held, value, np.floor(quotient - off))
    return Interval(value, low, np.maximum(np.floor(quotient + off), value), call.dtype)


def _remainder(x: Tracked, y: Tracked, cut: Callable[[Array], Array]) -> Tracked:
    """x - q y with q the quotient, cut: exact where nothing is added to it; beyond a step it is off by y.

    C's remainder has the sign of x and is exact.  What has the sign of y takes y more where the signs differ, which
    rounds, and may round to y itself, of which some versions make 0.
    """
    of_floor = cut is np.floor
    value = np.mod(x.value, y.value) if of_floor else np.fmod(x.value, y.value)
    size = abs(y.value)

    def error(p: Precision, a: Array, b: Array) -> Array:
        quotient = abs(cut(x.value / y.value))
        inherited = a + quotient * b
        added = np.fmod(x.value, y.value) != value
        rounds = np.where(added & of_floor, p.gamma(2) * (size + b), 0.0)
        off = inherited + rounds
        near = np.minimum(abs(value), size - abs(value)) <= off
        if not of_floor:  # around 0 it goes on, from -y to y; elsewhere it steps at multiples of y
            near &= (abs(x.value) + a >= size - b) | (inherited > size)
        return np.where((off > 0) & near, off + size + b, off)

    return follows(value, error, x, y)


@rule_of("FloorMod", "Mod", "TruncateMod")
def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
    of_floor = call.op == "FloorMod"
    if not floating(call.dtype):
        return _of_whole(call, np.mod if of_floor else np.fmod, x, y)
    return _remainder(tracked(x), tracked(y), np.floor if of_floor else np.trunc).reference(call.dtype)


def _shift(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """By at least 0 bits and at most all but one, as TensorFlow clamps it."""

    def shifted(x: Array, y: Array) -> Array:
        x, y = np.asarray(x), np.asarray(y)
        return function(x, np.clip(y, 0, 8 * x.dtype.itemsize - 1).astype(x.dtype))

    return shifted


BITS: Dict[str, Callable[..., Any]] = {
    "BitwiseAnd": np.bitwise_and,
    "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor,
    "Invert": np.invert,
    "LeftShift": _shift(np.left_shift),
    "RightShift": _shift(np.right_shift),
}


@rule_of(*BITS)
def _(call: NodeCall, *inputs: Flow) -> Flow:
    return exactly(call, BITS[call.op], *inputs)


@rule_of("PopulationCount")
def _(call: NodeCall, x: Flow) -> Flow:
    """How many bits are 1."""
    value = np.ascontiguousarray(whole(x))
    raw = value.reshape(-1, 1).view(np.uint8)
    return np.unpackbits(raw, axis=1).sum(axis=1).reshape(np.shape(whole(x))).astype(call.dtype)
