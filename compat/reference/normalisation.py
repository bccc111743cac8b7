"""Batch normalisation, local response normalisation and dropout. Channels come last."""

import numpy as np

from .bounds import Reference, exact
from .tracked import MARGIN, Tracked, power, rsqrt, track


def batch_norm(x, mean, variance, beta, gamma, *, epsilon):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with statistics that are given.

    With r the reciprocal root, (x - mean) * (gamma * r) + beta or x * (gamma * r) + (beta - mean * gamma r).
    The second rounds the larger numbers and is the bound; the first has no rounding more.
    """
    return _normalise(
        track(exact(x)), track(exact(mean)), track(exact(variance)), beta, gamma, epsilon
    ).reference()


def batch_norm_training(x, beta, gamma, mean, variance, *, epsilon, momentum, bessel):
    """With the batch's own statistics: ``y``, and the moving averages after one step.

    moving = momentum * moving + (1 - momentum) * statistic of the batch.  y is made with the biased variance
    sum / n; the moving variance takes that (``bessel`` False: tf.nn.moments, Keras 3), or sum / (n - 1)
    (True: the fused kernel).  n is the number of elements a channel.
    """
    batch_mean, batch_variance = moments(x)
    y = _normalise(track(exact(x)), batch_mean, batch_variance, beta, gamma, epsilon)
    n = x.size // x.shape[-1]
    given = batch_variance * (n / (n - 1)) if bessel else batch_variance
    return {
        "y": y.reference(),
        "moving_mean": _moved(mean, batch_mean, momentum).reference(),
        "moving_variance": _moved(variance, given, momentum).reference(),
    }


def moments(x):
    """(mean, biased variance) of every channel, Tracked.

    The variance may be made as mean((x - mean)^2) or as mean(x^2) - mean^2: the second rounds the larger
    numbers, and is the bound; the value is that of the first.
    """
    x = track(exact(x))
    axes = tuple(range(x.value.ndim - 1))
    mean = x.mean(axes)
    difference = (x * x).mean(axes) - mean * mean
    return mean, Tracked(((x.value - mean.value) ** 2).mean(axis=axes), difference.error)


def _moved(moving, batch, momentum):
    """momentum * moving + (1 - momentum) * batch, or moving - (1 - momentum) * (moving - batch).

    1 - momentum is itself a float32: one rounding for it.  The second spelling rounds |moving| + |batch|
    where the first rounds their sum: hence the extra magnitude.
    """
    moving, rest = exact(moving), 1 - momentum
    plain = track(moving) * Tracked(momentum, momentum) + batch * Tracked(rest, 1.0)
    return Tracked(plain.value, plain.error + 2 * (abs(moving) + abs(batch.value)))


def _normalise(x, mean, variance, beta, gamma, epsilon):
    # epsilon as a float32 has one rounding.
    scale = rsqrt(variance + Tracked(epsilon, epsilon)) * exact(gamma)
    return x * scale + (exact(beta) - mean * scale)


def lrn(x, *, depth_radius, bias, alpha, beta):
    """x / (bias + alpha * sum of squares over 2 depth_radius + 1 channels) ** beta.

    Each square and each addition rounds, bias, alpha and beta once each as float32; a rounded exponent
    moves the power by |log| of its base.
    """
    x = track(exact(x))
    squares = x * x
    channels = x.value.shape[-1]
    windows = [squares[..., max(c - depth_radius, 0) : c + depth_radius + 1].sum(-1) for c in range(channels)]
    total = Tracked(*(np.stack([getattr(w, name) for w in windows], -1) for name in ("value", "error")))
    # A running sum over the channels, as TensorFlow's kernel has it, rounds all squares of the pixel.
    pixel = squares.sum(-1, keepdims=True)
    total = Tracked(total.value, total.error + 2 * pixel.error)
    norm = total * Tracked(alpha, alpha) + Tracked(bias, bias)
    root = power(norm, -beta)
    root = Tracked(root.value, root.error + beta * abs(np.log(norm.value)) * root.value)
    return (x * root).reference()


def dropout(x, mask, *, rate):
    """x / (1 - rate) where the mask keeps it, else exactly 0.

    1 - rate, its reciprocal and the product round; rate itself is a float32: four roundings.
    """
    value = exact(x) * exact(mask) / (1 - rate)
    return Reference(value, MARGIN * abs(value), 4)


def dropout_of_ones(count, *, rate):
    """What is left of so many ones: the ``scale`` of the kept, and the share of the ``dropped``."""
    return {
        "scale": dropout(1.0, 1.0, rate=rate),
        "dropped": chance(rate, (rate * (1 - rate)) ** 0.5, count),
    }


def chance(value, deviation, count, dtype="float32"):
    """A mean over ``count`` draws: 6 standard deviations either way, 2e-9 of all seeds beyond.

    ``deviation``: the standard deviation of one draw.
    """
    from ..arrays import UNIT_ROUNDOFF

    allowed = 6 * deviation / np.sqrt(count)
    return Reference(value, allowed / UNIT_ROUNDOFF[dtype], 1, dtype)
