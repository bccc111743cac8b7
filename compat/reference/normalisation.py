"""Normalisation by a batch, a layer, a group, the channels near by; moments; dropout. Channels come last."""

from typing import Any, Dict, Optional, Sequence, Tuple, Union

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
    """(mean, biased variance) of every channel, Tracked."""
    x = track(exact(x))
    mean, variance = moments_along(x, tuple(range(x.value.ndim - 1)))
    return mean.reshape(-1), variance.reshape(-1)


def moments_along(
    x: Tracked, axes: Tuple[int, ...], weights: Optional[Array] = None
) -> Tuple[Tracked, Tracked]:
    """(mean, biased variance) along those axes, which keep a length of 1; ``x`` is exact, Tracked.

    The variance may be made as mean((x - mean)^2) or as mean(x^2) - mean^2: the bound allows for both, the
    value is that of the first.  There a mean that is off by e adds e^2, and no more: the sum of x - mean
    is 0.  Each of n squares has n + 5 roundings: its difference (twice), its own, those of the sum, of the
    count and its reciprocal, and of their product.  With ``weights`` (exact, broadcast) n + 6 and the n - 1 of
    the sum of weights.
    """
    if weights is None:
        mean = x.mean(axes, keepdims=True)
        shares: Any = np.array(mean.value.size / x.value.size)
        raw = (x * x).mean(axes, keepdims=True)
    else:
        given = np.broadcast_to(exact(weights), x.value.shape)
        whole = track(given).sum(axes, keepdims=True)
        mean = (x * given).sum(axes, keepdims=True) * (1 / whole)
        shares = given / whole.value
        raw = (x * x * given).sum(axes, keepdims=True) * (1 / whole)
    distance = abs(x.value - mean.value)
    n = x.value.size // mean.value.size

    def error(p):
        off = mean.error(p.dtype)
        sizes = (shares * (distance + off) ** 2).sum(axis=axes, keepdims=True)
        if weights is None:
            return off**2 + p.summing(sizes, n + 5, 3)
        return off**2 + p.summing(sizes, 2 * n + 5, 3 * n / whole.value + 2)

    centred = Tracked((shares * distance**2).sum(axis=axes, keepdims=True), error)
    return mean, either(centred, raw - mean * mean)


#: Of an array: one axis, or several.
Axes = Union[int, Sequence[int]]


def _axes(axis, dimensions):
    return tuple(a % dimensions for a in (axis if isinstance(axis, (tuple, list)) else (axis,)))


@rule
def weighted_moments(x: Array, weights: Array, *, axis: Axes) -> Dict[str, Reference]:
    """``mean`` = sum(w x) / sum(w) and ``variance`` = sum(w (x - mean)^2) / sum(w): a mask where w is 0 or 1.

    weights broadcast against x.  Source: tensorflow/python/ops/nn_impl.py, weighted_moments.
    """
    axes = _axes(axis, np.ndim(x))
    mean, variance = moments_along(track(exact(x)), axes, exact(weights))
    squeeze = lambda array: np.squeeze(array, axis=axes)
    return {
        "mean": mean.rearranged(squeeze).reference(),
        "variance": variance.rearranged(squeeze).reference(),
    }


@rule
def layer_norm(x: Array, gamma: Array, beta: Array, *, axis: Axes = -1, epsilon: float = 1e-3) -> Reference:
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, mean and biased variance of each example along ``axis``.

    gamma and beta broadcast against x: Keras has them for the normalised axes, tf.contrib for the last.
    Source: Ba, Kiros and Hinton, Layer normalization, 2016.  epsilon is 1e-3 in Keras, 1e-12 in tf.contrib, 1e-5
    in PyTorch.
    """
    x = track(exact(x))
    mean, variance = moments_along(x, _axes(axis, x.value.ndim))
    return _normalise(x, mean, variance, beta, gamma, epsilon).reference()


@rule
def instance_norm(x: Array, gamma: Array, beta: Array, *, epsilon: float = 1e-5) -> Reference:
    """``layer_norm`` of every channel of every image alone: along all axes but the first and the last.

    Source: Ulyanov, Vedaldi and Lempitsky, Instance normalization, 2016.
    """
    return layer_norm(x, gamma, beta, axis=tuple(range(1, np.ndim(x) - 1)), epsilon=epsilon)


@rule
def group_norm(x: Array, gamma: Array, beta: Array, *, groups: int, epsilon: float = 1e-3) -> Reference:
    """Mean and biased variance of each example over places and the channels of one of ``groups`` groups.

    Channels k channels / groups and on are group k; gamma and beta have one number a channel.
    Source: Wu and He, Group normalization, 2018, whose epsilon is 1e-5; Keras's is 1e-3.
    """
    x = exact(x)
    apart = x.reshape(x.shape[:-1] + (groups, -1))
    mean, variance = moments_along(track(apart), tuple(range(1, x.ndim - 1)) + (x.ndim,))
    scale, offset = (exact(array).reshape(groups, -1) for array in (gamma, beta))
    return _normalise(track(apart), mean, variance, offset, scale, epsilon).reshape(*x.shape).reference()


def _normalise(x, mean, variance, beta, gamma, epsilon):
    root, gamma, beta = rsqrt(variance + constant(epsilon)), exact(gamma), exact(beta)
    scale, centred = root * gamma, x - mean
    return either(_unfolded(x, mean, scale, beta), centred * scale + beta, centred * root * gamma + beta)


def _unfolded(x: Tracked, mean: Tracked, scale: Tracked, beta: Array) -> Tracked:
    """x * scale + (beta - mean * scale), where it is one scale and one mean that are off.

    A scale that is off by e takes the result off by (x - mean) e, not by (|x| + |mean|) e, and the three products
    and sums of that e round.
    """
    taken = Tracked(scale.value)
    sizes = abs(x.value) + abs(mean.value)

    def inherited(p):
        off, of_mean, of_x = scale.error(p.dtype), mean.error(p.dtype), x.error(p.dtype)
        return off * (abs(x.value - mean.value) + of_mean + of_x + p.gamma(3) * (sizes + of_mean + of_x))

    return (x * taken + (beta - mean * taken)).off_by(inherited)


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
