"""Running error analysis: float64 values that carry how far rounding can have taken a float32 or float64.

The rule (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.3): a computed x' has
|x' - x| <= e u, and every operation adds to e what it inherits and what it rounds.  With u the unit
roundoff, to first order,

    x + y       e_x + e_y + |x + y|
    x * y       |x| e_y + |y| e_x + |x y|
    x / y       (e_x + |x / y| e_y) / |y| + |x / y|
    sum of n    sum e_i + (n - 1) sum |x_i|, in any order (section 4.2)
    f(x)        |f'| e_x + CALL |f(x)|

What first order drops is smaller than ``MARGIN`` of the bound while e u stays below a hundredth of the
values, and the products of two errors are kept, because x and y may both be zero.  The bound holds for
fused multiply and add as well, which rounds less.  Not for half precisions.
"""

import numpy as np

from ..arrays import UNIT_ROUNDOFF
from .bounds import Reference, exact

#: Roundings allowed to a call of exp, log, pow, tanh, sigmoid, rsqrt: 4 ULP.  Eigen's vectorised ones are
#: within 2 to 3; TensorFlow 1 computes sqrt(x) from an approximate rsqrt, up to 4 roundings off.
CALL = 8
MARGIN = 1.01
_U = UNIT_ROUNDOFF["float32"]


class Tracked:
    """``value``: float64.  ``error``: how far a computed one may be off, in units of u."""

    # NumPy leaves array + Tracked to Tracked.
    __array_ufunc__ = None

    def __init__(self, value, error=0.0):
        self.value = exact(value)
        self.error = np.broadcast_to(exact(error), self.value.shape)

    def __add__(self, other):
        other = track(other)
        value = self.value + other.value
        return Tracked(value, self.error + other.error + abs(value))

    def __neg__(self):
        return Tracked(-self.value, self.error)

    def __sub__(self, other):
        return self + -track(other)

    def __rsub__(self, other):
        return track(other) - self

    def __mul__(self, other):
        other = track(other)
        value = self.value * other.value
        inherited = abs(self.value) * other.error + abs(other.value) * self.error
        return Tracked(value, inherited + _U * self.error * other.error + abs(value))

    def __truediv__(self, other):
        other = track(other)
        value = self.value / other.value
        return Tracked(value, (self.error + abs(value) * other.error) / abs(other.value) + abs(value))

    def __rtruediv__(self, other):
        return track(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __matmul__(self, other):
        """Sums of n products, in any order."""
        other = track(other)
        a, b = abs(self.value), abs(other.value)
        inherited = self.error @ (b + _U * other.error) + a @ other.error
        return Tracked(self.value @ other.value, inherited + self.value.shape[-1] * (a @ b))

    def __getitem__(self, index):
        return Tracked(self.value[index], self.error[index])

    def sum(self, axis=None, keepdims=False):
        value = self.value.sum(axis=axis, keepdims=keepdims)
        count = self.value.size // max(value.size, 1)
        rounded = (count - 1) * abs(self.value).sum(axis=axis, keepdims=keepdims)
        return Tracked(value, self.error.sum(axis=axis, keepdims=keepdims) + rounded)

    def mean(self, axis=None, keepdims=False):
        """The sum times the reciprocal of the count: two roundings more, where a division has one."""
        total = self.sum(axis, keepdims)
        return total * (1 / Tracked(self.value.size / max(total.value.size, 1)))

    def through(self, function, slope, roundings=CALL):
        """``function`` of it; ``slope``: |f'| as a number that bounds it, or a function of the value."""
        value = function(self.value)
        steep = slope(self.value) if callable(slope) else slope
        return Tracked(value, abs(steep) * self.error + roundings * abs(value))

    def reshape(self, *shape):
        return Tracked(self.value.reshape(*shape), self.error.reshape(*shape))

    def transpose(self, *axes):
        return Tracked(self.value.transpose(*axes), self.error.transpose(*axes))

    def reference(self, dtype=None):
        """As a Reference: the magnitude takes all roundings in, so that one term remains."""
        return Reference(self.value, MARGIN * self.error, 1, dtype)


def track(value):
    return value if isinstance(value, Tracked) else Tracked(value)


def exp(x):
    return track(x).through(np.exp, np.exp)


def log(x):
    return track(x).through(np.log, lambda v: 1 / v)


def rsqrt(x):
    return track(x).through(lambda v: v**-0.5, lambda v: 0.5 * v**-1.5)


def power(x, exponent):
    return track(x).through(lambda v: v**exponent, lambda v: exponent * v ** (exponent - 1))


def tanh(x):
    return track(x).through(np.tanh, 1.0)


def sigmoid(x):
    return track(x).through(lambda v: 1 / (1 + np.exp(-v)), 0.25)
