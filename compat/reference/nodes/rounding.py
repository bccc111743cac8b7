"""Ops with steps: to whole numbers, signs, remainders; and bits of whole numbers."""

from typing import Any, Callable, Dict

import numpy as np

from ...arrays import Array
from ..tracked import Precision, Tracked, follows
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


def _without_zeros(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    def divided(x: Array, y: Array) -> Array:
        if not np.all(y):
            raise NoRule("whole numbers divided by 0")
        return function(x, y)

    return divided


def _floor_of_quotient(x: Tracked, y: Tracked) -> Tracked:
    """The quotient rounds before it is cut: in a half precision, or in float32 and then there."""
    return stepped(x / y, np.floor)


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


def _by_quotient(op: str, of_whole: Callable[..., Any], real: Callable[[Tracked, Tracked], Tracked]) -> None:
    @rule_of(op)
    def _(call: NodeCall, x: Flow, y: Flow) -> Flow:
        if floating(call.dtype):
            return real(tracked(x), tracked(y)).reference(call.dtype)
        if np.dtype(call.dtype).kind not in "iu":
            raise NoRule(f"{op} of {call.dtype}")
        return exactly(call, _without_zeros(of_whole), x, y)


_by_quotient("FloorDiv", np.floor_divide, _floor_of_quotient)
_by_quotient("FloorMod", np.mod, lambda x, y: _remainder(x, y, np.floor))
for _op in ("Mod", "TruncateMod"):
    _by_quotient(_op, np.fmod, lambda x, y: _remainder(x, y, np.trunc))


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
