"""Functions of single values as Tracked, beside those of ``tracked``: what an interval of inputs becomes.

A function that never turns takes [x - e, x + e] to what lies between its values at the ends.  Where an end lies
outside of the function's domain nothing bounds the error, and it is infinite.
"""

import functools
import math
from typing import Any, Callable, Optional

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from .bounds import Move
from .tracked import Precision, Tracked, Value, constant, follows, track

#: Of the functions here in float64.
_OWN = 4 * UNIT_ROUNDOFF["float64"]


def between(function: Callable[..., Array], value: Array, *ends: Any) -> Array:
    """How far ``function`` gets from ``value`` at the ``ends``, each the arguments there."""
    with np.errstate(all="ignore"):
        distances = [abs(function(*end) - value) for end in ends]
    return functools.reduce(np.maximum, distances) + _OWN * abs(value)


def monotone(x: Value, function: Move, roundings: Optional[int] = None) -> Tracked:
    """Of a function that never turns.  ``roundings``: of the call, if not the precision's."""
    x = track(x)
    with np.errstate(all="ignore"):
        value = function(x.value)

    def error(p: Precision, e: Array) -> Array:
        inherited = np.where(e > 0, between(function, value, (x.value - e,), (x.value + e,)), 0.0)
        return inherited + p.rounding(abs(value), inherited, roundings or p.call)

    return follows(value, error, x)


def wave(x: Value, function: Move) -> Tracked:
    """Sine or cosine: never steeper than 1.

    Eigen takes multiples of pi / 4 off in three parts in float32: the first product is exact up to 2^16 such
    multiples, and the second rounds what is 3.1e-4 of x; beyond, the first rounds as well.
    """
    x = track(x)

    def reduced(p: Precision) -> Array:
        u = min(p.u, UNIT_ROUNDOFF["float32"]) if p.dtype != "float64" else 0.0
        return u * abs(x.value) * np.where(abs(x.value) < 5e4, 4e-4, 2.0)

    return x.through(function, lambda low, high: 1.0).off_by(reduced)


def greatest(x: Value, y: Value) -> Tracked:
    """The larger of two: where one is so by more than the errors, the error is its own."""
    x, y = track(x), track(y)
    value = np.maximum(x.value, y.value)

    def error(p: Precision, a: Array, b: Array) -> Array:
        first, second = x.value - a > y.value + b, y.value - b > x.value + a
        return np.where(first, a, np.where(second, b, np.maximum(a, b)))

    return follows(value, error, x, y)


def least(x: Value, y: Value) -> Tracked:
    return -greatest(-track(x), -track(y))


def sign(x: Value) -> Tracked:
    """-1, 0 or 1: any of them where 0 is within the error."""
    x = track(x)
    return follows(np.sign(x.value), lambda p, e: np.where((e > 0) & (abs(x.value) <= e), 2.0, 0.0), x)


def where(holds: Callable[[Array], Array], x: Value, chosen: Value, other: Value) -> Tracked:
    """``chosen`` where ``holds`` of x, a step function that is told at both ends of x's interval, else ``other``.

    Where the ends disagree the result is one of both.
    """
    x, chosen, other = track(x), track(chosen), track(other)
    within = holds(x.value)
    value = np.where(within, chosen.value, other.value)

    def error(p: Precision, e: Array, a: Array, b: Array) -> Array:
        sure = np.where(within, a, b)
        either = abs(chosen.value - other.value) + np.maximum(a, b)
        told = (holds(x.value - e) == within) & (holds(x.value + e) == within)
        return np.where(told, sure, either)

    return follows(value, error, x, chosen, other)


def pow(x: Value, y: Value) -> Tracked:
    """x^y never turns in either argument while x > 0: extreme at the corners; of whole y also where x is 0."""
    x, y = track(x), track(y)
    with np.errstate(all="ignore"):
        value = x.value**y.value

    def error(p: Precision, a: Array, b: Array) -> Array:
        corners = [(x.value + i * a, y.value + j * b) for i in (-1, 1) for j in (-1, 1)]
        far = between(np.power, value, *corners)
        across = (x.value - a <= 0) & (x.value + a >= 0)
        far = np.where(across, np.where(y.value - b > 0, np.maximum(far, abs(value)), np.inf), far)
        inherited = np.where((a > 0) | (b > 0), far, 0.0)
        return inherited + p.rounding(abs(value), inherited, p.call)

    return follows(value, error, x, y)


def atan2(y: Value, x: Value) -> Tracked:
    """The angle of (x, y): (|x| e_y + |y| e_x) / r^2, and a whole turn across the negative axis."""
    y, x = track(y), track(x)
    value, radius = np.arctan2(y.value, x.value), np.hypot(x.value, y.value)

    def error(p: Precision, b: Array, a: Array) -> Array:
        nearest = radius - np.hypot(a, b)
        turned = np.where(nearest > 0, np.arcsin(np.minimum(np.hypot(a, b) / radius, 1)), np.inf)
        inherited = np.where((a > 0) | (b > 0), turned, 0.0)
        cut = (b > 0) & (abs(y.value) <= b) & (x.value - a < 0)
        return np.where(cut, 2 * math.pi, inherited) + p.rounding(abs(value), inherited, p.call)

    return follows(value, error, y, x)


def modulus(z: Tracked) -> Tracked:
    return follows(abs(z.value), lambda p, e: e + p.rounding(abs(z.value), e, p.call), z)


def elementwise(function: Callable[[float], float]) -> Move:
    """A function of Python's as one of arrays; infinite at its poles, and where it is too large."""

    def told(number: float) -> float:
        try:
            return function(number)
        except (ValueError, OverflowError):
            return math.inf

    return np.vectorize(told, otypes=[float])


erf, erfc = elementwise(math.erf), elementwise(math.erfc)


def complement(x: Value) -> Tracked:
    """1 - erf(x).

    Eigen's vectorised one (in TensorFlow 2.21) is 1 + x S(x^2) for |x| up to 1, where it cancels: what S rounds is of
    the size of erf.  Beyond it is made with exp(-x^2), whose square rounds as well.  Measured: 2.7 roundings of erf,
    and 10.6 of the value beyond 1.
    Source: Eigen, SpecialFunctionsImpl.h, generic_fast_erfc
    """
    x = track(x)
    value = erfc(x.value)

    def cancelled(p: Precision) -> Array:
        u = min(p.u, UNIT_ROUNDOFF["float32"]) if p.dtype != "float64" else p.u
        return 4 * u * np.where(abs(x.value) <= 1, abs(1 - value), value)

    return monotone(x, erfc).off_by(cancelled)


def psi(x: Array) -> Array:
    """The digamma function: upwards by psi(x) = psi(x + 1) - 1 / x to its asymptotic series (DLMF 5.11.2)."""
    x = np.asarray(x, np.float64)
    mirrored = x <= 0
    z = np.where(mirrored, 1 - x, x)
    total = np.zeros(z.shape)
    for _ in range(12):
        small = z < 12
        total = total - np.where(small, 1 / z, 0.0)
        z = np.where(small, z + 1, z)
    square = 1 / z**2
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))))
    value = total + np.log(z) - 0.5 / z - series
    poles = mirrored & (x == np.floor(x))
    return np.where(poles, np.nan, np.where(mirrored, value - _cotangent(x), value))


def _cotangent(x: Array) -> Array:
    """pi / tan(pi x), of what x is beside the nearest whole number: pi x would round, by as much as x is large."""
    with np.errstate(divide="ignore"):
        return math.pi / np.tan(math.pi * (x - np.rint(x)))


def digamma(x: Value) -> Tracked:
    """As Cephes has it: steps up to 10, an asymptotic series there, a reflection below 0, which all cancel."""
    x = track(x)
    start = np.where(x.value <= 0, 1 - x.value, x.value)
    cotangent = np.where(x.value <= 0, abs(_cotangent(x.value)) + math.pi**2, 0.0)
    steps = np.sum([np.where(start + k < 11, 1 / (start + k), 0.0) for k in range(11)], axis=0)
    sizes = steps + np.log(np.maximum(start, 10) + 1) + cotangent
    crossed = lambda e: np.floor(x.value - e) != np.floor(x.value + e)
    value = monotone(x, psi)
    return follows(
        value.value,
        lambda p, e, error: (
            np.where((e > 0) & (x.value - e <= 0) & crossed(e), np.inf, error) + p.gamma(3 * 8) * sizes
        ),
        x,
        value,
    )


def lgamma(x: Value) -> Tracked:
    """log |Gamma(x)|, whose slope psi never turns between two poles."""

    def steepest(low: Array, high: Array) -> Array:
        poles = (low <= 0) & (np.floor(low) != np.floor(high))
        return np.where(poles, np.inf, np.maximum(abs(psi(low)), abs(psi(high))))

    # Python's is as exact as a number of size 1, also near its roots.
    # Below 0 it is log(pi / |x sin(pi x)|) - lgamma(-x), which cancels.
    x = track(x)
    apart = np.where(x.value < 0, abs(elementwise(math.lgamma)(-x.value)) + math.pi, 0.0)
    return x.through(elementwise(math.lgamma), steepest).off_by(
        lambda p: p.gamma(p.call) * np.where(np.isfinite(apart), apart, 0.0) + 16 * UNIT_ROUNDOFF["float64"]
    )


def quantile(p: Array) -> Array:
    """The inverse of the normal distribution function: Newton's method in the smaller tail's logarithm."""
    p = np.asarray(p, np.float64)
    tail = np.minimum(p, 1 - p)
    with np.errstate(all="ignore"):
        x = np.sqrt(-2 * np.log(np.where(tail > 0, tail, 0.5)))  # beyond the root
        for _ in range(60):
            survival = 0.5 * erfc(x / math.sqrt(2))
            density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
            x = x + (np.log(survival) - np.log(np.where(tail > 0, tail, 0.5))) * survival / density
    x = np.where(p < 0.5, -x, x)
    x = np.where(tail > 0, x, np.where(tail == 0, np.where(p < 0.5, -np.inf, np.inf), np.nan))
    return x


#: Cephes: two logarithms, two roots, a quotient of polynomials.
_QUANTILE = 24


def ndtri(x: Value) -> Tracked:
    return monotone(x, quantile, _QUANTILE)


def erfinv(x: Value) -> Tracked:
    """As TensorFlow has it: ndtri((x + 1) / 2) / sqrt(2), whose argument rounds by half of u."""
    x = track(x)
    return ndtri((x + 1) * 0.5) * constant(math.sqrt(0.5))
