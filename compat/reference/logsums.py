"""log sum exp and softmax of numbers that are off: an error counts by the weight of its number.

A score that is masked by -1e9 is off by 60, and its weight is 0: by the largest error alone every weight beside it
could be anything.
"""

from typing import Tuple

import numpy as np

from ..arrays import Array


def log_sum_exp(x: Array) -> Array:
    """log sum exp(x) along the last axis, which is kept."""
    greatest = x.max(axis=-1, keepdims=True)
    greatest = np.where(np.isfinite(greatest), greatest, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        return np.log(np.exp(x - greatest).sum(axis=-1, keepdims=True)) + greatest


def log_sum_off(x: Array, w: Array) -> Tuple[Array, Array]:
    """How much log sum exp(x) can grow and how much fall, where each x_i is off by at most w_i.

    It never falls in any x_i: the ends are log sum y_i exp(+-w_i), with y = softmax(x).
    """
    logarithms = _log_softmax(x)
    w = np.where(np.isneginf(logarithms), 0.0, w)
    return np.maximum(log_sum_exp(logarithms + w), 0), np.maximum(-log_sum_exp(logarithms - w), 0)


def log_softmax_off(x: Array, w: Array) -> Array:
    """How far x_i - log sum exp(x) can be off."""
    return w + np.maximum(*log_sum_off(x, w))


def softmax_off(x: Array, w: Array) -> Array:
    """How far exp(x_i) / sum exp(x) can be off: y_i exp(+-w_i) over the ends of the sum, and no further than 1 or 0."""
    logarithms = _log_softmax(x)
    grows, falls = log_sum_off(x, w)
    w = np.where(np.isneginf(logarithms), 0.0, w)
    y, up, down = np.exp(logarithms), w + falls, w + grows
    far = np.exp(np.minimum(logarithms + up, 0.0)) - y
    near = y * np.expm1(np.minimum(up, 1.0))  # where the difference would cancel
    return np.maximum(np.where(up < 1, near, far), -y * np.expm1(-down))


def _log_softmax(x: Array) -> Array:
    x = np.asarray(x, np.float64)
    return x - log_sum_exp(x)
