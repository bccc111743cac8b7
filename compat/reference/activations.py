"""Functions of single values, and the dense layer."""

import math

import numpy as np

from ..arrays import Array
from .bounds import Answer, Reference, exact
from .calls import rule
from .matrices import multiplied_with_magnitude
from .products import Products
from .tracked import Tracked, constant, either, erf, tanh, track


def dense(x: Answer, w: Array, b: Array) -> Reference:
    """x @ w + b over the last axis of x, whatever its rank: n products and a bias."""
    x, w, b = exact(x), np.asarray(w), exact(b)
    rows = lambda array: array.reshape(-1, array.shape[-1])
    value, magnitude = multiplied_with_magnitude(x, w)
    return Reference(
        value + b,
        magnitude + abs(b),
        w.shape[0] + 1,
        products=Products(
            w,
            lambda power, r: rows((x**power).astype(r.dtype, copy=False)).T @ rows(r),
            lambda: x**2 @ exact(w) ** 2 + b**2,
            taken=len(rows(x)),
        ),
    )


@rule
def hard_sigmoid(x: Answer, *, slope: float) -> Reference:
    """clip(slope x + 1/2, 0, 1): 0.2 in Keras 2, 1/6 in Keras 3 (and in PyTorch).

    Or, as Keras 3 spells it, relu6(x + 3) / 6, which rounds x + 3 instead.
    """
    x, slope = track(exact(x)), constant(slope)
    half = 0.5 / slope.value
    upper = (x + constant(half)).clip(0, 2 * half) * slope
    return either((x * slope + 0.5).clip(0, 1), upper).reference()


@rule
def leaky_relu(x: Answer, *, slope: float) -> Reference:
    """x, or slope * x where negative: the slope's rounding and the product's."""
    x = exact(x)
    return Reference(np.where(x < 0, slope * x, x), abs(x) * np.where(x < 0, slope, 1), 2)


@rule
def gelu(x: Answer, *, approximate: bool) -> Reference:
    """x Phi(x), or its approximation x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).

    1 + erf and 1 + tanh cancel for negative x: what the call rounds of its value near 1 is multiplied by
    |x| / 2.  The cube is one call of pow; two products round less.
    """
    x = track(exact(x))
    if approximate:
        cube = Tracked(x.value**3, lambda p: p.rounding(abs(x.value) ** 3, 0.0, p.call))
        curve = tanh((x + cube * constant(0.044715)) * constant(math.sqrt(2 / math.pi)))
    else:
        curve = erf(x * constant(1 / math.sqrt(2)))
    return ((1 + curve) * x * 0.5).reference()
