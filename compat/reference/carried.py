"""What the error of a layer's input does to its output: the allowances of a network, layer by layer.

The input x is a Reference: the computed x' = x + e has |e| <= W (``worst``), a root mean square of at most s
(``typical``), and a drift d (``drift``): a part of e that has a direction.  A layer f adds its own roundings,
see ``bounds``, to f(x + e) - f(x), and that is bounded three times over:

``worst``   for whatever e.  A linear layer with weights w: |sum w e| <= sum |w| W.  A function of single
            values that never falls: the ends of the interval [x - W, x + W].  Always true, and soon useless:
            every layer multiplies it by sum |w|, as if all errors conspired.
``noise``   roundings are independent with mean zero: variances add up, sum w^2 s^2.  A smooth function
            passes on f'(x) s.
``drift``   where roundings are alike, all of x is off by one share of itself, and sum w x by the same
            share: the drift goes through the weights with its signs, as x does.  It is part of s as well,
            because the shares of different channels are alike only within the channel.

Noise is carried as if the errors of different inputs had nothing to do with each other.  Those of
neighbours share the roundings of the layers before; their common part comes with weights of either sign in
a network, and where all weights have one sign the drift is larger.
"""

import functools
from typing import Any, Callable, Optional

import numpy as np

from ..arrays import Array
from .bounds import Answer, Move, Reference, exact
from .logsums import softmax_off


class Carried:
    """``worst(dtype)``, ``noise(dtype)``: arrays like the output's.  ``drift``: in units of u, signed.

    ``longest``: the most roundings in one sum of the layers before.
    """

    def __init__(
        self, worst: Callable[[str], Array], noise: Callable[[str], Array], drift: Array, longest: float
    ) -> None:
        self.worst = functools.lru_cache(maxsize=None)(worst)
        self.noise = functools.lru_cache(maxsize=None)(noise)
        self.drift = drift
        self.longest = longest

    def rearranged(self, move: Move) -> "Carried":
        return Carried(
            lambda dtype: move(self.worst(dtype)),
            lambda dtype: move(self.noise(dtype)),
            move(self.drift),
            self.longest,
        )


def linear(x: Answer, forward: Callable[[Array, Any], Array], w: Any) -> Optional[Carried]:
    """Through y = forward(x, w), linear in both, plus what does not depend on x."""
    if not isinstance(x, Reference):
        return None
    return Carried(
        lambda dtype: forward(x.worst(dtype), np.abs(w)),
        lambda dtype: np.sqrt(forward(x.typical(dtype) ** 2, w**2)),
        forward(x.drift(), w),
        x.longest,
    )


def largest(x: Answer, pick: Move) -> Optional[Carried]:
    """Through a maximum: |max(x + e) - max(x)| <= max |e|, the largest of the window, ``pick``."""
    if not isinstance(x, Reference):
        return None
    high, low = pick(x.drift()), -pick(-x.drift())
    return Carried(
        lambda dtype: pick(x.worst(dtype)),
        lambda dtype: pick(x.typical(dtype)),
        np.where(high > -low, high, low),
        x.longest,
    )


def _ends(f, value, radius):
    """The farthest that a function which never falls gets from f(value) within the radius."""
    return np.maximum(f(value + radius) - f(value), f(value) - f(value - radius))


def monotone(x: Answer, f: Move, slope: Move) -> Optional[Carried]:
    """Through a function of single values that never falls; ``slope``: its derivative."""
    if not isinstance(x, Reference):
        return None
    return Carried(
        lambda dtype: _ends(f, x.value, x.worst(dtype)),
        lambda dtype: np.maximum(_ends(f, x.value, x.typical(dtype)), slope(x.value) * x.typical(dtype)),
        slope(x.value) * x.drift(),
        x.longest,
    )


def rectified(x: Answer) -> Optional[Carried]:
    """Through max(x, 0): what is positive passes, and what is far below zero does not.

    Of a noise e below x = -a, E max(e - a, 0)^2 <= E e^4 / a^2 <= 3 s^4 / a^2: e^4 is at most 3 s^4 on the
    average for noise with tails like the normal one's.
    """
    if not isinstance(x, Reference):
        return None

    def noise(dtype):
        s = x.typical(dtype)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(x.value >= 0, s, np.fmin(s, np.sqrt(3) * s * (s / np.abs(x.value))))

    return Carried(
        lambda dtype: _ends(lambda v: np.maximum(v, 0), x.value, x.worst(dtype)),
        noise,
        np.where(x.value > 0, x.drift(), 0.0),
        x.longest,
    )


def softmax(x: Answer, y: Array) -> Optional[Carried]:
    """Through y_i = exp(x_i) / sum exp(x_j).

    The worst case by ``logsums.softmax_off``.  Noise and drift go by dy_i = y_i (e_i - sum y_j e_j).
    """
    if not isinstance(x, Reference):
        return None

    def worst(dtype):
        return softmax_off(x.value, x.worst(dtype))

    def noise(dtype):
        s = (x.typical(dtype)) ** 2
        others = (y**2 * s).sum(axis=-1, keepdims=True) - y**2 * s
        return y * np.sqrt((1 - y) ** 2 * s + np.maximum(others, 0))

    d = x.drift()
    return Carried(worst, noise, y * (d - (y * d).sum(axis=-1, keepdims=True)), x.longest)


def lrn(x: Answer, depth_radius: int, bias: float, alpha: float, beta: float) -> Optional[Carried]:
    """Through y_c = x_c n_c^-beta, n_c = bias + alpha * sum of x_k^2 over the channels near c.

    dy_c / dx_k = n^-beta [c = k] - 2 alpha beta x_c x_k n^(-beta - 1).  The worst case takes the largest
    |x| and the smallest n of the interval (the mean value theorem), noise and drift take x itself.
    """
    if not isinstance(x, Reference):
        return None
    value, channels = x.value, x.value.shape[-1]

    def near(values):
        parts = [values[..., max(c - depth_radius, 0) : c + depth_radius + 1] for c in range(channels)]
        return np.stack([part.sum(axis=-1) for part in parts], axis=-1)

    norm = bias + alpha * near(value**2)
    straight, across = norm**-beta, 2 * alpha * beta * value * norm ** (-beta - 1)

    def worst(dtype):
        w = x.worst(dtype)
        least = bias + alpha * near(np.maximum(np.abs(value) - w, 0) ** 2)
        most = np.abs(value) + w
        return least**-beta * w + 2 * alpha * beta * most * least ** (-beta - 1) * near(most * w)

    def noise(dtype):
        s = x.typical(dtype) ** 2
        others = np.maximum(near(value**2 * s) - value**2 * s, 0)
        return np.sqrt((straight - across * value) ** 2 * s + across**2 * others)

    return Carried(worst, noise, straight * x.drift() - across * near(value * x.drift()), x.longest)


def carrying(
    rule: Callable[..., Reference], carry: Callable[..., Optional[Carried]]
) -> Callable[..., Reference]:
    """``rule`` for an input that is a Reference as well: ``carry``, with the same arguments, says what comes
    with it."""

    @functools.wraps(rule)
    def layer(x, *arguments, **settings):
        own = rule(exact(x), *arguments, **settings)
        if isinstance(x, Reference):
            own.carried = carry(x, *arguments, **settings)
        return own

    return layer
