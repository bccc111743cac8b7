"""Casts from every dtype to every other, of numbers and of bits."""

from typing import Any, Tuple

import numpy as np

from ...arrays import PART, SMALLEST_NORMAL, UNIT_ROUNDOFF, Array, parts, round_to
from ..bounds import Reference
from ..carried import Carried
from ..tracked import Tracked
from .ambiguous import Interval
from .flows import floating, is_exact, tracked, value_of
from .registry import Flow, NodeCall, NoRule, rule_of
from .steps import allowance, certain, ends, truth

#: How many bits of the fraction are cut where the attribute Truncate says so; other pairs round all the same.
CUT = {
    ("float64", "float32"): 29,
    ("float64", "float16"): 42,
    ("float32", "float16"): 13,
    ("float32", "bfloat16"): 16,
}
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


@rule_of("Cast")
def _(call: NodeCall, x: Flow) -> Flow:
    """To whole numbers towards zero, to precisions to the nearest, of complex numbers the real part.

    A floating number beyond the range of whole ones, or NaN, is undefined: anything may come of it.
    """
    source, target = call.inputs[0], call.dtype
    known = set(UNIT_ROUNDOFF) | set(WHOLE) | {"bool"}
    if source not in known or target not in known:
        raise NoRule(f"Cast of {source} to {target}")
    if source == target:
        return x
    if source in PART and target not in PART:
        x, source = _real(x, source), PART[source]
        if source == target:
            return x
    if target == "bool":
        return _to_bool(x, source)
    if target in WHOLE:
        return _to_whole(x, source, target)
    truncate = bool(call.get("Truncate", False))
    return _to_float(x, source, target, truncate) if certain(x) else _inexact(x, source, target, truncate)


def _real(x: Flow, source: str) -> Flow:
    if is_exact(x):
        return np.asarray(x).real
    z = tracked(x)
    return Tracked(z.value.real, lambda p: z.error(p.dtype)).reference(PART[source])


def _to_bool(x: Flow, source: str) -> Flow:
    value = np.asarray(value_of(x)) != 0
    if certain(x):
        return value
    low, high = ends(x, source)
    zero = (np.asarray(low) <= 0) & (np.asarray(high) >= 0)
    return truth(value, ~zero & value, value | (np.asarray(low) != np.asarray(high)))


def _range(dtype: str) -> Tuple[float, float]:
    """The smallest whole number of a dtype, and the first beyond the largest: both are exact in float64."""
    limits = np.iinfo(dtype)
    return float(limits.min), float(int(limits.max) + 1)


def _to_whole(x: Flow, source: str, target: str) -> Flow:
    value = np.asarray(value_of(x))
    if certain(x) and value.dtype.kind in "biu":
        return value.astype(target)
    low, high = (np.trunc(np.asarray(end, np.float64)) for end in ends(x, source))
    least, beyond = _range(target)
    defined = (low >= least) & (high < beyond)
    held = np.where(np.isfinite(value) & (value > least - 1) & (value < beyond), value, 0).astype(target)
    if defined.all() and (low == high).all():
        return held
    return Interval(held, np.where(defined, low, -np.inf), np.where(defined, high, np.inf), target)


def _to_float(x: Flow, source: str, target: str, truncate: bool) -> Flow:
    """To the nearest, also by way of float32, as half precisions are made of float64; denormals may be flushed."""
    value = np.asarray(value_of(x))
    if truncate and (PART.get(source, source), PART.get(target, target)) in CUT:
        whole = _cut(parts(value), PART.get(source, source), PART.get(target, target))
        value = whole[..., 0] + 1j * whole[..., 1] if source in PART else whole
    if target in PART:
        return value.astype(target)
    narrow = target in ("float16", "bfloat16")
    nearest = _rounded(value, target)
    by_float32 = round_to(value.astype(np.float32), target) if narrow else nearest
    tiny = SMALLEST_NORMAL[target]
    flushed = (abs(nearest.astype(np.float64)) < tiny) & (nearest != 0)
    if floating(source):
        flushed |= (abs(value) < SMALLEST_NORMAL[source]) & (nearest != 0)
    if not flushed.any() and np.array_equal(nearest[~np.isnan(nearest)], by_float32[~np.isnan(nearest)]):
        return nearest
    both = [nearest.astype(np.float64), by_float32.astype(np.float64)]
    low, high = np.minimum(*both), np.maximum(*both)
    return Interval(
        nearest,
        np.where(flushed, np.minimum(low, 0), low),
        np.where(flushed, np.maximum(high, 0), high),
        target,
    )


def _rounded(value: Array, target: str) -> Array:
    """``round_to`` of what may not be finite."""
    if target != "bfloat16":
        return round_to(value, target)
    single = value.astype(np.float32)
    return np.where(np.isfinite(single), round_to(np.where(np.isfinite(single), single, 0), target), single)


def _cut(value: Array, source: str, target: str) -> Array:
    """Towards zero: the bits of the fraction that the target does not have are 0 before it rounds."""
    bits: Any = np.uint32 if source == "float32" else np.uint64
    lost = bits(CUT.get((source, target), 0))
    raw: Any = np.ascontiguousarray(value).view(bits)
    return ((raw >> lost) << lost).view(value.dtype).reshape(value.shape)


def _inexact(x: Flow, source: str, target: str, truncate: bool) -> Reference:
    """What is off in its own precision is so in the other, and rounds there where that is narrower."""
    value = np.asarray(value_of(x))
    value = value.astype(np.complex128 if target in PART else np.float64)
    off = allowance(x, source) * (np.sqrt(2) if source in PART else 1.0)
    bound = lambda dtype: off
    carried = Carried(bound, bound, np.zeros(value.shape), getattr(x, "longest", 0.0))
    rounds = UNIT_ROUNDOFF.get(source, 0.0) < UNIT_ROUNDOFF[target]
    return Reference(value, abs(value), (2 if truncate else 1) if rounds else 0, target, carried)


@rule_of("Bitcast")
def _(call: NodeCall, x: Flow) -> Flow:
    """The same bytes; smaller ones along an axis more at the end, larger ones of the last axis."""
    source, target = call.inputs[0], call.dtype
    if source == target:
        return x
    if not certain(x):
        raise NoRule("the bits of rounded numbers")
    value = np.ascontiguousarray(value_of(x)).reshape(np.shape(value_of(x)))
    if source == "bfloat16":  # kept as float32, of which it is the upper half
        value = (value.view(np.uint32) >> np.uint32(16)).astype(np.uint16)
    to = np.dtype("uint16" if target == "bfloat16" else target)
    if to.itemsize == value.dtype.itemsize:
        found = value.view(to)
    elif to.itemsize < value.dtype.itemsize:
        found = value.reshape(value.shape + (1,)).view(to)
    else:
        found = value.view(to).reshape(value.shape[:-1])
    if target == "bfloat16":
        found = (found.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return found
