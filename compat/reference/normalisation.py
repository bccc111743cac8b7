"""Batch normalisation, local response normalisation and dropout. Channels come last."""

from typing import Any, Dict, Tuple

import numpy as np

from ..arrays import Array
from .bounds import Answer, Reference, exact
from .calls import rule
from .tracked import Tracked, constant, either, exp, joined, log, moving_average, rsqrt, track


def batch_norm(x: Answer, mean: Any, variance: Any, beta: Any, gamma: Any, *, epsilon: float) -> Reference:
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with statistics that are given.

    With r the reciprocal root, x * (gamma * r) + (beta - mean * gamma r), (x - mean) * (gamma * r) + beta, or
    (x - mean) * r * gamma + beta: the bound allows for them all.
    """
    return _normalise(
        track(exact(x)), track(exact(mean)), track(exact(variance)), beta, gamma, epsilon
    ).reference()


@rule
def batch_norm_training(
    x: Array,
    beta: Array,
    gamma: Array,
    mean: Array,
    variance: Array,
    *,
    epsilon: float,
    momentum: float,
    bessel: bool,
) -> Dict[str, Reference]:
    """With the batch's own statistics: ``y``, and the moving averages after one step.

    moving = momentum * moving + (1 - momentum) * statistic of the batch.  y is made with the biased variance
    sum / n; the moving variance takes that (``bessel`` False: tf.nn.moments, Keras 3), or sum / (n - 1)
    (True: the fused kernel).  n is the number of elements a channel.
    """
    batch_mean, batch_variance = moments(x)
    y = _normalise(track(exact(x)), batch_mean, batch_variance, beta, gamma, epsilon)
    n = x.size // x.shape[-1]
    given = batch_variance * (constant(n) / constant(n - 1)) if bessel else batch_variance
    return {
        "y": y.reference(),
        "moving_mean": moving_average(mean, batch_mean, momentum).reference(),
        "moving_variance": moving_average(variance, given, momentum).reference(),
    }


def moments(x: Array) -> Tuple[Tracked, Tracked]:
    """(mean, biased variance) of every channel, Tracked.

    The variance may be made as mean((x - mean)^2) or as mean(x^2) - mean^2: the bound allows for both, the
    value is that of the first.  There a mean that is off by e adds e^2, and no more: the sum of x - mean
    is 0.  Each of n squares has n + 5 roundings: its difference (twice), its own, those of the sum, of the
    count and its reciprocal, and of their product.
    """
    x = track(exact(x))
    axes = tuple(range(x.value.ndim - 1))
    mean = x.mean(axes)
    distance = abs(x.value - mean.value)

    def error(p):
        off = mean.error(p.dtype)
        sizes = ((distance + off) ** 2).mean(axis=axes)
        return off**2 + p.summing(sizes, x.value.size // sizes.size + 5, 3)

    centred = Tracked((distance**2).mean(axis=axes), error)
    return mean, either(centred, (x * x).mean(axes) - mean * mean)


def _normalise(x, mean, variance, beta, gamma, epsilon):
    root, gamma, beta = rsqrt(variance + constant(epsilon)), exact(gamma), exact(beta)
    scale, centred = root * gamma, x - mean
    return either(x * scale + (beta - mean * scale), centred * scale + beta, centred * root * gamma + beta)


def lrn(x: Answer, *, depth_radius: int, bias: float, alpha: float, beta: float) -> Reference:
    """x / (bias + alpha * sum of squares over 2 depth_radius + 1 channels) ** beta.

    The sums may be those of a running sum over the channels, as TensorFlow's kernel has it, which rounds all
    squares of the pixel. The power is exp(-beta log); one call of pow rounds less.
    """
    x = track(exact(x))
    squares = x * x
    channels = x.value.shape[-1]
    windows = [squares[..., max(c - depth_radius, 0) : c + depth_radius + 1].sum(-1) for c in range(channels)]
    pixel = squares.sum(-1, keepdims=True)
    total = joined(lambda parts: np.stack(parts, axis=-1), windows)
    total = total.off_by(lambda p: 2 * pixel.error(p.dtype))
    norm = total * constant(alpha) + constant(bias)
    return (x * exp(log(norm) * constant(-beta))).reference()


@rule
def dropout(x: Any, mask: Any, *, rate: float) -> Reference:
    """x / (1 - rate) where the mask keeps it, else exactly 0.

    rate, 1 - rate, its reciprocal and the product round.
    """
    return (track(exact(x) * exact(mask)) * (1 / (1 - constant(rate)))).reference()


@rule
def dropout_of_ones(count: int, *, rate: float) -> Dict[str, Reference]:
    """What is left of so many ones: the ``scale`` of the kept, and the share of the ``dropped``."""
    return {
        "scale": dropout(1.0, 1.0, rate=rate),
        "dropped": chance(rate, (rate * (1 - rate)) ** 0.5, count),
    }


@rule
def chance(value: float, deviation: float, count: int, dtype: str = "float32") -> Reference:
    """A mean over ``count`` draws: 6 standard deviations either way, 2e-9 of all seeds beyond.

    ``deviation``: the standard deviation of one draw.
    """
    from ..arrays import UNIT_ROUNDOFF

    allowed = 6 * deviation / np.sqrt(count)
    return Reference(value, allowed / UNIT_ROUNDOFF[dtype], 1, dtype)
