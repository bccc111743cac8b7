"""Normalisation of batches and of neighbouring channels, and their gradients."""

from typing import Any, List

import numpy as np

from ... import reference
from ..normalisation import moments
from ..tracked import Tracked, constant, either, exp, follows, log, moving_average, rsqrt
from .flows import is_exact, tracked, value_of
from .layouts import from_last, to_last
from .registry import Flow, NodeCall, rule_of


def _normalised(
    x: Tracked, mean: Tracked, variance: Tracked, scale: Tracked, offset: Tracked, *, epsilon: float
):
    """In every spelling of ``reference.batch_norm``, for statistics that are off as well."""
    root, centred = rsqrt(variance + constant(epsilon)), x - mean
    factor = root * scale
    return either(
        x * factor + (offset - mean * factor), centred * factor + offset, centred * root * scale + offset
    )


def _channelwise(flows: Any) -> List[Tracked]:
    return [tracked(flow) for flow in flows]


@rule_of("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def _(call: NodeCall, x: Flow, scale: Flow, offset: Flow, mean: Flow, variance: Flow) -> List[Any]:
    """y, the mean and the variance with Bessel's correction (or moving averages of them), and the mean and the
    variance without it, for the gradient; of the third reserve nothing is told.

    Epsilon is the attribute's: it was tf.nn.fused_batch_norm, in Python, that raised it to 1.001e-5 at least.
    """
    x, epsilon = to_last(call, x), float(call.get("epsilon", 1e-4))
    if call.get("is_training", True):
        return _training(call, x, scale, offset, mean, variance, epsilon)
    given = (mean, variance, offset, scale)
    if all(map(is_exact, given)):
        y: Flow = reference.batch_norm(x, *given, epsilon=epsilon)
    else:
        y = _normalised(
            tracked(x), *_channelwise((mean, variance, scale, offset)), epsilon=epsilon
        ).reference()
    # The others are scratch: 1.15 leaves whatever was in memory there, later versions copy or do not.
    return [from_last(call, y), None, None, None, None, None]


def _training(call, x, scale, offset, mean, variance, epsilon):
    x = tracked(x)
    batch_mean, biased = moments_of(x)
    n = x.value.size // max(batch_mean.value.size, 1)
    given = biased * (constant(n) / constant(max(n - 1, 1)))
    y = _normalised(x, batch_mean, biased, tracked(scale), tracked(offset), epsilon=epsilon)
    new_mean, new_variance = batch_mean, given
    factor = float(call.get("exponential_avg_factor", 1.0))
    if factor != 1:
        new_mean = moving_average(tracked(mean), batch_mean, 1 - factor)
        new_variance = moving_average(tracked(variance), given, 1 - factor)
    outputs = [tracked_one.reference() for tracked_one in (y, new_mean, new_variance, batch_mean, biased)]
    return [from_last(call, outputs[0]), *outputs[1:], None]


def moments_of(x: Tracked) -> Any:
    """``moments``, of an image that is off by e: the mean is off by the mean of e, and so are the squares."""
    mean, variance = moments(x.value)
    axes = tuple(range(x.value.ndim - 1))
    distance = abs(x.value - mean.value)

    def error(p, own, e):
        far = e + e.mean(axis=axes)
        return own + (2 * distance * far + far**2).mean(axis=axes) * (1 + p.gamma(x.value.size))

    return (
        follows(mean.value, lambda p, own, e: own + e.mean(axis=axes) * (1 + p.gamma(x.value.size)), mean, x),
        follows(variance.value, error, variance, x),
    )


@rule_of("FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3")
def _(call: NodeCall, dy: Flow, x: Flow, scale: Flow, mean: Flow, variance: Flow, *more: Flow) -> List[Any]:
    """With r = 1 / sqrt(variance + epsilon) and c = x - mean: the gradients of scale, sum(dy c) r, of offset, sum(dy),
    and of x, scale r dy, in training scale r (dy - mean(dy) - c r^2 mean(dy c)).

    In training mean and variance are those of the batch, which the forward op kept for it.
    """
    dy, x = tracked(to_last(call, dy)), tracked(to_last(call, x))
    scale_, mean_, variance_ = _channelwise((scale, mean, variance))
    axes = tuple(range(x.value.ndim - 1))
    root, centred = rsqrt(variance_ + constant(float(call.get("epsilon", 1e-4)))), x - mean_
    products = dy * centred
    of_scale = either(
        products.sum(axes) * root, (products * root).sum(axes), (dy * (centred * root)).sum(axes)
    )
    factor = scale_ * root
    if call.get("is_training", True):
        along = root * root * products.mean(axes)
        of_x = either(
            factor * (dy - dy.mean(axes) - centred * along),
            factor * dy - (factor * dy.mean(axes) + centred * (factor * along)),
        )
    else:
        of_x = either(dy * factor, dy * root * scale_)
    return [from_last(call, of_x.reference()), of_scale.reference(), dy.sum(axes).reference(), None, None]


@rule_of("BatchNormWithGlobalNormalization")
def _(call: NodeCall, x: Flow, mean: Flow, variance: Flow, beta: Flow, gamma: Flow) -> Flow:
    scaled = call.get("scale_after_normalization", True)
    ones = np.ones(np.shape(value_of(gamma)))
    given = _channelwise((mean, variance, gamma if scaled else ones, beta))
    return _normalised(tracked(x), *given, epsilon=float(call.attributes["variance_epsilon"])).reference()


def _lrn_settings(call):
    return {
        "depth_radius": int(call.get("depth_radius", 5)),
        "bias": float(call.get("bias", 1.0)),
        "alpha": float(call.get("alpha", 1.0)),
        "beta": float(call.get("beta", 0.5)),
    }


@rule_of("LRN")
def _(call: NodeCall, x: Flow) -> Flow:
    return reference.lrn(x, **_lrn_settings(call))


@rule_of("LRNGrad")
def _(call: NodeCall, dy: Flow, x: Flow, y: Flow) -> Flow:
    """Of x_k n_k^-beta, n_k = bias + alpha * sum of x_j^2 near k: dy_k n_k^-beta - 2 alpha beta x_k sum of
    dy_j y_j / n_j near k, with the y that is given.
    """
    settings = _lrn_settings(call)
    dy_, x_, y_ = tracked(dy), tracked(x), tracked(y)
    channels, radius = x_.value.shape[-1], settings["depth_radius"]
    places = np.arange(channels)
    near = (abs(places[:, None] - places) <= radius).astype(np.float64)
    norm = (x_ * x_) @ near * constant(settings["alpha"]) + constant(settings["bias"])
    straight = dy_ * exp(log(norm) * constant(-settings["beta"]))
    across = (dy_ * y_ / norm) @ near
    factor = constant(settings["alpha"]) * constant(settings["beta"]) * -2.0
    return (straight + x_ * across * factor).reference()
