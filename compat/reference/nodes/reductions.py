"""Reductions along axes, and cumulative ones."""

from typing import Any, Callable, Tuple

import numpy as np

from ...arrays import PART, Array
from .. import carried
from ..bounds import Answer, Reference
from ..tracked import follows, sqrt
from .flows import floating, is_exact, numbers, value_of, whole
from .flows import tracked as as_tracked
from .registry import Flow, NodeCall, NoRule, rule_of
from .whole_numbers import exactly

#: A reduction of an array, linear in it.
Add = Callable[[Array], Array]


def summed(x: Flow, add: Add, terms: Any, factor: float = 1.0) -> Reference:
    """``add`` of factor * x, a sum that ``terms`` roundings touch."""
    if np.asarray(value_of(x)).dtype.kind == "c":
        z = as_tracked(x)
        total = add(abs(z.value)) * factor
        return follows(
            add(z.value) * factor,
            lambda p, e: add(e) * factor + p.summing(total + add(e) * factor, terms, terms + 1),
            z,
        ).reference()
    value: Answer = x if isinstance(x, Reference) else np.asarray(x, np.float64)
    exact = value.value if isinstance(value, Reference) else value
    forward = lambda v, w: add(v * w)
    return Reference(
        add(exact * factor),
        add(abs(exact * factor)),
        terms,
        carried=carried.linear(value, forward, np.float64(factor)),
    )


def axes_of(x: Flow, axes: Flow) -> Tuple[int, ...]:
    """Of no axes: none."""
    rank = np.ndim(value_of(x))
    return tuple(axis % max(rank, 1) for axis in numbers(axes)) if rank else ()


def _along(call: NodeCall, x: Flow, axes: Flow) -> Tuple[Any, Any]:
    """(the axes, whether they are kept)."""
    return axes_of(x, axes), bool(call.get("keep_dims"))


def _count(x: Flow, axes: Tuple[int, ...]) -> int:
    return int(np.prod([np.shape(value_of(x))[axis] for axis in axes])) if axes else 1


@rule_of("Sum")
def _(call: NodeCall, x: Flow, axes: Flow) -> Flow:
    along, keep = _along(call, x, axes)
    if not (floating(call.dtype) or call.dtype in PART):
        return exactly(call, lambda v: np.sum(v, axis=along, keepdims=keep, dtype=v.dtype), x)
    return summed(x, lambda v: v.sum(axis=along, keepdims=keep), max(_count(x, along) - 1, 0))


@rule_of("Mean")
def _(call: NodeCall, x: Flow, axes: Flow) -> Flow:
    """The sum over the count, or times its reciprocal: two roundings more."""
    along, keep = _along(call, x, axes)
    count = _count(x, along)
    if not (floating(call.dtype) or call.dtype in PART):
        return exactly(call, lambda v: _mean(v, along, keep, count), x)
    if not count:
        return np.full(np.sum(value_of(x), axis=along, keepdims=keep).shape, np.nan)
    return summed(x, lambda v: v.sum(axis=along, keepdims=keep), count + 1, 1 / count)


def _mean(x, axes, keep, count):
    """Of whole numbers: their sum in their own dtype, divided towards zero."""
    total = np.sum(x, axis=axes, keepdims=keep, dtype=x.dtype)
    if not count:
        raise NoRule("the mean of no whole numbers")
    return np.sign(total) * (abs(total) // count)


def _extreme(call: NodeCall, x: Flow, axes: Flow, pick: Any) -> Flow:
    along, keep = _along(call, x, axes)
    values = np.asarray(value_of(x))
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise NoRule(f"{call.op} of NaN: versions differ")
    if not _count(x, along):
        raise NoRule(f"{call.op} of nothing")
    if is_exact(x) or not floating(call.dtype):
        return exactly(call, lambda v: pick(v, axis=along, keepdims=keep), x)
    x = as_tracked(x)
    value = pick(x.value, axis=along, keepdims=keep)
    kept = pick(x.value, axis=along, keepdims=True)

    def error(p, e):
        """The largest among the elements that may be the extreme one."""
        surest = (abs(x.value - kept) + e).min(axis=along, keepdims=True)
        rivals = abs(x.value - kept) - e <= surest
        return np.where(rivals, e, 0.0).max(axis=along, keepdims=keep)

    return follows(value, error, x).reference()


@rule_of("Max")
def _(call: NodeCall, x: Flow, axes: Flow) -> Flow:
    return _extreme(call, x, axes, np.max)


@rule_of("Min")
def _(call: NodeCall, x: Flow, axes: Flow) -> Flow:
    return _extreme(call, x, axes, np.min)


def multiplied(x: Flow, multiply: Add, roundings: int) -> Reference:
    """A product of many: |prod (x + e) - prod x| <= prod (|x| + e) - prod |x|.

    A factor of it that is flushed loses the smallest normal number, times what the others make of that.
    """
    x = as_tracked(x)
    size = multiply(abs(x.value))

    def error(p, e):
        most = multiply(abs(x.value) + e)
        flushed = roundings * p.tiny * multiply(np.maximum(abs(x.value) + e, 1.0))
        return (most - size) + p.gamma(roundings) * most + flushed

    return follows(multiply(x.value), error, x).reference()


@rule_of("Prod")
def _(call: NodeCall, x: Flow, axes: Flow) -> Flow:
    along, keep = _along(call, x, axes)
    multiply: Any = np.prod
    if not floating(call.dtype):
        if call.dtype in PART:
            raise NoRule("a product of complex numbers")
        return exactly(call, lambda v: multiply(v, axis=along, keepdims=keep, dtype=v.dtype), x)
    return multiplied(x, lambda v: multiply(v, axis=along, keepdims=keep), max(_count(x, along) - 1, 0))


@rule_of("EuclideanNorm")
def _(call: NodeCall, x: Flow, axes: Flow) -> Flow:
    if not floating(call.dtype):
        raise NoRule(f"a norm of {call.dtype}")
    x = as_tracked(x)
    return sqrt((x * x).sum(axes_of(x.value, axes), bool(call.get("keep_dims")))).reference()


def _cumulative(call: NodeCall, of: Any, first: float, axis: int) -> Add:
    """``of``: np.cumsum or another; ``first``: what stands before the first, where that is exclusive."""

    def along(v: Array) -> Array:
        v = np.flip(v, axis) if call.get("reverse") else v
        if call.get("exclusive"):
            edge = np.full_like(np.take(v, [0], axis), first) if v.shape[axis] else v
            v = (
                np.concatenate([edge, np.take(v, range(v.shape[axis] - 1), axis)], axis)
                if v.shape[axis]
                else v
            )
        total = of(v, axis)
        return np.flip(total, axis) if call.get("reverse") else total

    return along


@rule_of("Cumsum")
def _(call: NodeCall, x: Flow, axis: Flow) -> Flow:
    if not (floating(call.dtype) or call.dtype in PART):
        add = _cumulative(call, lambda v, axis: np.cumsum(v, axis, dtype=v.dtype), 0, numbers(axis)[0])
        return exactly(call, add, x)
    add = _cumulative(call, np.cumsum, 0, numbers(axis)[0])
    shape = np.shape(value_of(x))
    return summed(x, add, max(shape[numbers(axis)[0]] - 1, 0))


@rule_of("Cumprod")
def _(call: NodeCall, x: Flow, axis: Flow) -> Flow:
    along = numbers(axis)[0]
    if not floating(call.dtype):
        if call.dtype in PART:
            raise NoRule("a product of complex numbers")
        whole(x)
        return exactly(call, _cumulative(call, lambda v, a: np.cumprod(v, a, dtype=v.dtype), 1, along), x)
    return multiplied(x, _cumulative(call, np.cumprod, 1, along), max(np.shape(value_of(x))[along] - 1, 0))


@rule_of("CumulativeLogsumexp")
def _(call: NodeCall, x: Flow, axis: Flow) -> Flow:
    """Every step, max + log(1 + exp(-d)), rounds its result, a logarithm below 0.7 by a call, and by d's rounding and
    another call an exponential that counts for half at most: together below 1.3 calls of 1.
    """
    if call.get("exclusive"):
        raise NoRule("what stands before the first: -inf, or the lowest number in TensorFlow 1")
    along = numbers(axis)[0]
    x = as_tracked(x)
    scan = _cumulative(call, lambda v, a: np.logaddexp.accumulate(v, a), -np.inf, along)
    top = _cumulative(call, lambda v, a: np.maximum.accumulate(v, a), 0.0, along)
    value, count = scan(x.value), x.value.shape[along]

    def error(p, e):
        return top(e) + p.gamma(count) * (top(abs(x.value)) + np.log(count)) + 1.3 * p.gamma(count * p.call)

    return follows(value, error, x).reference()
