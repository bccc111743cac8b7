"""Running error analysis: float64 values that know how far rounding can have taken a computed one.

The rule (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.3): a computed x' has
|x' - x| <= e, and every operation adds to e what it inherits and what it rounds.  Nothing is dropped, so
that it holds for half precisions as well.  With u the unit roundoff, gamma_k = (1 + u)^k - 1, inherited:

    x + y       e_x + e_y
    x * y       |x| e_y + |y| e_x + e_x e_y
    x / y       (e_x + |x / y| e_y) / (|y| - e_y), infinite where the denominator may vanish
    sum of n    sum e_i
    f(x)        e_x times the steepest |f'| between x - e_x and x + e_x (the mean value theorem)

Rounded is not the exact result z but the computed one, |z| + e at most: by u, in a sum of n in any order by
gamma_(n - 1) of sum |x_i| + e_i (section 4.2), in a call of f by gamma_``call``.  A result that may be below
the smallest normal number may be flushed to zero, and loses all of itself at most.

All this depends on the precision, and few are asked for: each operation keeps its operands, and the errors
are made when a precision is named.  An implementation may mix precisions, adding up in float32 what it gets
and gives in float16, or fuse multiplication and addition: it rounds less.  What overflows on the way is no
rounding, and not allowed for.
"""

import collections
import functools
import math
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple, Union

import numpy as np

from ..arrays import PART, SMALLEST_NORMAL, UNIT_ROUNDOFF, Array, round_to
from .bounds import Answer, Move, Reference, as_one, exact

#: What an operation takes beside a Tracked: numbers that are exact.
Value = Union["Tracked", Array, float]
Number = Union[Array, float]

#: Roundings allowed to a call of exp, log, pow, tanh, sigmoid, rsqrt: 4 ULP.  Eigen's vectorised ones are
#: within 2 to 3; TensorFlow 1 computes sqrt(x) from an approximate rsqrt, up to 4 roundings off.
CALL = 8
#: In half precisions Eigen computes exp, log, pow, tanh in float32 and rounds once; 1 / sqrt(x) rounds twice
#: and 1 / (1 + exp(-x)) three times.
CALL_OF_HALVES = 4


class Precision(collections.namedtuple("Precision", "dtype u tiny call")):
    """``u``: unit roundoff; ``tiny``: smallest normal number; ``call``: roundings allowed to a function."""

    def gamma(self, roundings: Any) -> Any:
        return np.expm1(roundings * math.log1p(self.u))

    def rounding(self, size: Any, error: Any, roundings: Any = 1) -> Any:
        """What rounding does to a result whose exact value is of that size, off by at most ``error``."""
        most = size + error
        rounded = self.gamma(roundings) * most
        small = size - error < self.tiny
        if not np.any(small):
            return rounded
        return np.maximum(rounded, np.where(small, np.minimum(self.tiny, most), 0.0))

    def summing(self, total: Any, additions: int, flushing: int) -> Any:
        """What that many additions, in any order, do to a sum whose terms add up to ``total`` in size.

        ``flushing``: the number of results on the way that may be flushed to zero.
        """
        gamma = self.gamma(additions)
        return gamma * total + (1 + gamma) * flushing * np.minimum(self.tiny, total)


PRECISIONS = {
    dtype: Precision(dtype, u, SMALLEST_NORMAL[dtype], CALL_OF_HALVES if u > 1e-4 else CALL)
    for dtype, u in UNIT_ROUNDOFF.items()
    if dtype not in PART
}


class Tracked:
    """``value``: float64.  ``error(dtype)``: how far a computed one may be off in that precision.

    Made with an error in units of u, or with a function of a ``Precision`` that gives it.  Of complex numbers the
    value is complex128, and the error one of the modulus, which bounds that of either part.
    """

    # NumPy leaves array + Tracked to Tracked.
    __array_ufunc__ = None

    def __init__(self, value: Any, error: Any = 0.0) -> None:
        complex_numbers = np.asarray(value.value if isinstance(value, Reference) else value).dtype.kind == "c"
        self.value = np.asarray(value, np.complex128) if complex_numbers else exact(value)
        self._operands: Tuple[Tracked, ...] = ()
        self._errors: Dict[str, Array] = {}
        self._error = error if callable(error) else lambda p: exact(error) * p.u

    def error(self, dtype: str) -> Array:
        """Not by recursion: the last of a long sequence of steps is thousands of operations deep."""
        waiting = [self]
        with np.errstate(all="ignore"):
            while waiting:
                last = waiting[-1]
                missing = [o for o in last._operands if dtype not in o._errors]
                if missing:
                    waiting += missing
                    continue
                waiting.pop()
                error = last._error(PRECISIONS[dtype], *[o._errors[dtype] for o in last._operands])
                unknown = np.isnan(error)
                if unknown.any():  # 0 times an error without bound
                    error = np.where(unknown, np.inf, error)
                last._errors[dtype] = np.broadcast_to(error, last.value.shape)
        return self._errors[dtype]

    def __add__(self, other: Value) -> "Tracked":
        other = track(other)
        value = self.value + other.value

        def error(p, a, b):
            inherited = a + b if _any(a, b) else 0.0
            return inherited + p.rounding(abs(value), inherited)

        return follows(value, error, self, other)

    def __neg__(self) -> "Tracked":
        return follows(-self.value, lambda p, e: e, self)

    def __abs__(self) -> "Tracked":
        return follows(abs(self.value), lambda p, e: e, self)

    def __sub__(self, other: Value) -> "Tracked":
        return self + -track(other)

    def __rsub__(self, other: Value) -> "Tracked":
        return track(other) - self

    def __mul__(self, other: Value) -> "Tracked":
        other = track(other)
        value = self.value * other.value

        def error(p, a, b):
            inherited = abs(self.value) * b + abs(other.value) * a + a * b if _any(a, b) else 0.0
            return inherited + p.rounding(abs(value), inherited, _of_complex(value, 4))

        return follows(value, error, self, other)

    def __truediv__(self, other: Value) -> "Tracked":
        other = track(other)
        with np.errstate(all="ignore"):
            value = self.value / other.value
        y = abs(other.value)

        def error(p, a, b):
            inherited = np.where(b < y, (a + abs(value) * b) / (y - b), np.inf)
            return inherited + p.rounding(abs(value), inherited, _of_complex(value, 10))

        return follows(value, error, self, other)

    def __rtruediv__(self, other: Value) -> "Tracked":
        return track(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __matmul__(self, other: Value) -> "Tracked":
        """Sums of n products, in any order. A product flushed to zero adds nothing: n results may be lost."""
        other = track(other)
        x, y, n = abs(self.value), abs(other.value), self.value.shape[-1]

        def error(p, a, b):
            return a @ (y + b) + x @ b + p.summing((x + a) @ (y + b), n, n)

        return follows(self.value @ other.value, error, self, other)

    def __getitem__(self, index: Any) -> "Tracked":
        return self.rearranged(lambda array: array[index])

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Tracked":
        def add(array):
            return array.sum(axis=axis, keepdims=keepdims)

        value, total = add(self.value), add(abs(self.value))
        additions = self.value.size // max(value.size, 1) - 1
        return follows(value, lambda p, e: add(e) + p.summing(total + add(e), additions, additions), self)

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Tracked":
        """The sum times the reciprocal of the count: two roundings more, where a division has one."""
        total = self.sum(axis, keepdims)
        return total * (1 / constant(self.value.size / max(total.value.size, 1)))

    def through(
        self, function: Move, steepest: Callable[[Any, Any], Any], roundings: Optional[int] = None
    ) -> "Tracked":
        """``function`` of it; ``steepest``: a bound of |f'| between two arrays, its arguments.

        ``roundings``: those of a call, if not the precision's.
        """
        with np.errstate(all="ignore"):
            value = function(self.value)

        def error(p, e):
            inherited = np.where(e > 0, steepest(self.value - e, self.value + e) * e, 0.0)
            return inherited + p.rounding(abs(value), inherited, roundings or p.call)

        return follows(value, error, self)

    def clip(self, low: Number, high: Number) -> "Tracked":
        """Between two numbers of which nothing is rounded."""
        value = np.clip(self.value, low, high)
        within = lambda array: abs(np.clip(array, low, high) - value)
        return follows(value, lambda p, e: np.maximum(within(self.value - e), within(self.value + e)), self)

    def off_by(self, more: Callable[[Precision], Any]) -> "Tracked":
        """With more error: what ``more``, a function of the ``Precision``, gives."""
        return follows(self.value, lambda p, e: e + more(p), self)

    def rearranged(self, move: Move) -> "Tracked":
        """The same elements in other places, or fewer of them."""
        return follows(move(self.value), lambda p, e: move(e), self)

    def reshape(self, *shape: int) -> "Tracked":
        return self.rearranged(lambda array: array.reshape(*shape))

    def transpose(self, *axes: int) -> "Tracked":
        return self.rearranged(lambda array: array.transpose(*axes))

    def reference(self, dtype: Optional[str] = None) -> "Analysed":
        return Analysed(self, dtype)


def _any(*errors):
    """Whether one of the errors is not zero everywhere, as those of exact numbers are."""
    return any(np.any(as_one(error)) for error in errors)


def _of_complex(value, roundings):
    """The roundings of a product or a quotient: those where the numbers are complex, else one.

    Of complex numbers |error| <= sqrt(2) gamma_2 |xy| and sqrt(2) gamma_7 |x / y| (Higham 2002, lemma 3.5): within
    gamma_4 and gamma_10.
    """
    return roundings if value.dtype.kind == "c" else 1


def follows(value: Any, error: Callable[..., Any], *operands: Tracked) -> Tracked:
    """The result of an operation; ``error``: a function of the ``Precision`` and the operands' errors."""
    result = Tracked(value, error)
    result._operands = operands
    return result


class Analysed(Reference):
    """The reference of a Tracked.  Its magnitude takes all roundings in, so that one term remains."""

    def __init__(self, tracked: Tracked, dtype: Optional[str] = None) -> None:
        self.tracked = tracked
        super().__init__(tracked.value, self.magnitude_in("float32"), 1, dtype)

    def magnitude_in(self, dtype: str) -> Array:
        return self.tracked.error(dtype) / UNIT_ROUNDOFF[dtype]

    def rearranged(self, move: Move) -> "Analysed":
        result = Analysed(self.tracked.rearranged(move), self.dtype)
        result.carried = None if self.carried is None else self.carried.rearranged(move)
        return result


def track(value: Value) -> Tracked:
    return value if isinstance(value, Tracked) else Tracked(value)


def constant(number: Number) -> Tracked:
    """A setting that an implementation rounds to its precision, unless it is exact there."""

    def error(p):
        held = float(round_to(np.float64(number), p.dtype)) == number
        return 0.0 if held else p.rounding(abs(number), 0.0)

    return Tracked(number, error)


def either(first: Tracked, *others: Tracked) -> Tracked:
    """Ways to spell the same: the value of the first, and the largest error."""
    return follows(first.value, lambda p, *errors: functools.reduce(np.maximum, errors), first, *others)


def minimum(x: Value, y: Value) -> Tracked:
    """The smaller of two: |min(x', y') - min(x, y)| is at most the larger error."""
    x, y = track(x), track(y)
    return follows(np.minimum(x.value, y.value), lambda p, a, b: np.maximum(a, b), x, y)


def maximum(x: Value, y: Value) -> Tracked:
    """The larger of two."""
    return -minimum(-track(x), -track(y))


def moving_average(old: Value, new: Value, momentum: float) -> Tracked:
    """momentum * old + (1 - momentum) * new, or old - (1 - momentum) * (old - new).

    1 - momentum may be made of the rounded momentum.
    """
    old, momentum = track(old), constant(momentum)
    rest = 1 - momentum
    return either(old * momentum + new * rest, old - (old - new) * rest)


def joined(join: Callable[[List[Array]], Array], parts: Iterable[Value]) -> Tracked:
    """``join``, np.stack or np.concatenate with its axis, of all of them."""
    tracked = [track(part) for part in parts]
    return follows(join([one.value for one in tracked]), lambda p, *errors: join(list(errors)), *tracked)


def exp(x: Value) -> Tracked:
    return track(x).through(np.exp, lambda low, high: np.exp(high))


def log(x: Value) -> Tracked:
    return track(x).through(np.log, lambda low, high: np.where(low > 0, 1 / low, np.inf))


def power(x: Value, exponent: float) -> Tracked:
    """Of a positive x. |f'| never turns between two positive numbers."""

    def steepest(low, high):
        slope = lambda v: abs(exponent) * v ** (exponent - 1)
        return np.where(low > 0, np.maximum(slope(low), slope(high)), np.inf)

    return track(x).through(lambda v: v**exponent, steepest)


def rsqrt(x: Value) -> Tracked:
    """1 / sqrt(x): minus infinity at -0, as IEEE 754 has it, and no number below, where a power knows 0 at -inf."""

    def steepest(low, high):
        return np.where(low > 0, 0.5 * low**-1.5, np.inf)

    return track(x).through(lambda v: np.where(v > 0, v**-0.5, 1 / np.sqrt(v)), steepest)


def sqrt(x: Value) -> Tracked:
    """Infinitely steep at 0, but |sqrt(x') - sqrt(x)| <= sqrt|x' - x|."""

    def steepest(low, high):
        radius = (high - low) / 2
        return np.fmin(np.where(low > 0, 0.5 * low**-0.5, np.inf), radius**-0.5)

    return track(x).through(np.sqrt, steepest)


def _nearest_to_zero(low, high):
    return np.maximum(np.maximum(low, -high), 0)


def tanh(x: Value) -> Tracked:
    return track(x).through(np.tanh, lambda low, high: 1 - np.tanh(_nearest_to_zero(low, high)) ** 2)


def sigmoid(x: Value) -> Tracked:
    """1 / (1 + exp(-x)), or 1/2 + tanh(x / 2) / 2: XLA's, and Eigen's in TensorFlow up to 2.6."""

    def steepest(low, high):
        return 0.25 * (1 - np.tanh(_nearest_to_zero(low, high) / 2) ** 2)

    x = track(x)
    return either(x.through(lambda v: 1 / (1 + np.exp(-v)), steepest), 0.5 + tanh(x * 0.5) * 0.5)


def erf(x: Value) -> Tracked:
    return track(x).through(
        np.vectorize(math.erf, otypes=[float]),
        lambda low, high: 2 / math.sqrt(math.pi) * np.exp(-(_nearest_to_zero(low, high) ** 2)),
    )


def softmax(logits: Answer) -> Tracked:
    """exp(logits - max) / sum exp(logits - max), along the last axis; the maximum is exact, a selection.

    By the reciprocal of the sum, as Eigen has it: one ULP from a quotient, which is two roundings.
    """
    powers = exp(_below_greatest(logits))
    total = powers.sum(-1, keepdims=True)
    steepest = lambda low, high: np.where(low > 0, low**-2, np.inf)
    return powers * total.through(lambda v: 1 / v, steepest, roundings=2)


def log_softmax(logits: Answer) -> Tracked:
    """logits - max - log(sum exp(logits - max))."""
    shifted = _below_greatest(logits)
    return shifted - log(exp(shifted).sum(-1, keepdims=True))


def _below_greatest(logits):
    return track(exact(logits)) - exact(logits).max(axis=-1, keepdims=True)


def log1p(x: Value) -> Tracked:
    return track(x).through(np.log1p, lambda low, high: np.where(low > -1, 1 / (1 + low), np.inf))
