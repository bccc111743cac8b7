"""Functions of single values, and the dense layer."""

import math

import numpy as np

from .bounds import Reference, exact
from .products import Products
from .tracked import CALL, Tracked, track


def dense(x, w, b):
    """x @ w + b over the last axis of x, whatever its rank: n products and a bias."""
    x, w, b = exact(x), exact(w), exact(b)
    rows = lambda array: array.reshape(-1, array.shape[-1])
    return Reference(
        x @ w + b,
        abs(x) @ abs(w) + abs(b),
        w.shape[0] + 1,
        products=Products(w, lambda power, r: rows(x**power).T @ rows(r), lambda: x**2 @ w**2 + b**2),
    )


def hard_sigmoid(x, *, slope):
    """clip(slope x + 1/2, 0, 1): 0.2 in Keras 2, 1/6 in Keras 3 (and in PyTorch).

    The slope's rounding, the product's and the sum's; Keras 3 divides relu6(x + 3) by 6, which rounds
    |x| + 3 instead.
    """
    x = exact(x)
    inside = track(x) * Tracked(slope, slope) + 0.5
    value = np.clip(inside.value, 0, 1)
    near = abs(x) <= 0.51 / slope
    return Tracked(value, near * (inside.error + slope * (abs(x) + 3)) + value).reference()


def leaky_relu(x, *, slope):
    """x, or slope * x where negative: the slope's rounding and the product's."""
    x = exact(x)
    return Reference(np.where(x < 0, slope * x, x), abs(x) * np.where(x < 0, slope, 1), 2)


def gelu(x, *, approximate):
    """x Phi(x), or its approximation x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).

    1 + erf and 1 + tanh cancel for negative x: what the call rounds, at most CALL u of its value near 1,
    is multiplied by |x| / 2.  The argument of tanh has 6 roundings of its terms, that of erf 2, and
    neither function is steeper than 2 / sqrt(pi).
    """
    x = exact(x)
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        curve, inner_error, slope = np.tanh(inner), 6 * abs(inner), 1 - np.tanh(inner) ** 2
    else:
        inner = x / math.sqrt(2)
        curve = np.vectorize(math.erf, otypes=[float])(inner)
        inner_error, slope = 2 * abs(inner), 2 / math.sqrt(math.pi) * np.exp(-(inner**2))
    bracket = Tracked(1 + curve, slope * inner_error + CALL * abs(curve) + abs(1 + curve))
    return (bracket * track(x) * 0.5).reference()
