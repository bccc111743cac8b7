"""Batch normalisation and local response normalisation, forward and backward."""

from typing import Optional, Tuple

import numpy as np

from ..arrays import Array
from .geometry import data_format_of, floating, images, same_dtype, sum_dtype, to_nhwc


def batch_norm(
    x: Array,
    mean: Array,
    variance: Array,
    beta: Optional[Array],
    gamma: Optional[Array],
    epsilon: float,
    *,
    data_format: str = "NHWC",
) -> Array:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, as ``tf.nn.batch_normalization``.

    x: any shape with the channels last, or NCHW images.  mean, variance: (channels,) or what broadcasts
    against x.  beta (TensorFlow's offset) and gamma (its scale) likewise, or None.  epsilon: Keras and
    ``tf.layers`` have 1e-3.  Returns x's shape and dtype.
    Raises ValueError for an epsilon below 0, integers, and shapes that do not broadcast.
    """
    x = floating("x", x)
    data_format_of(data_format)
    if not epsilon >= 0:
        raise ValueError(f"epsilon={epsilon!r}: expected a number that is not negative")
    dtype = sum_dtype(x.dtype)
    mean, variance, beta, gamma = (
        _channels(name, value, x, data_format, dtype)
        for name, value in (("mean", mean), ("variance", variance), ("beta", beta), ("gamma", gamma))
    )
    # In TensorFlow's order: everything for a channel first, then one product and one sum for a pixel.
    scale = 1 / np.sqrt(variance + dtype.type(epsilon))
    if gamma is not None:
        scale = scale * gamma
    offset = -mean * scale if beta is None else beta - mean * scale
    y = np.multiply(x, scale, dtype=dtype)
    y += offset
    return y.astype(x.dtype, copy=False)


def fused_batch_norm(
    x: Array, beta: Optional[Array], gamma: Optional[Array], epsilon: float, *, data_format: str = "NHWC"
) -> Tuple[Array, Array, Array]:
    """Training's batch normalisation, by the mean and variance of the batch itself.

    x: images.  beta, gamma: (channels,).  Returns (y, mean, variance) as ``tf.nn.fused_batch_norm``
    (scale=gamma, offset=beta, is_training=True): y is made with the biased variance, sum / n; the variance
    given back, for the moving average, has Bessel's correction, sum / (n - 1), with n pixels a channel.
    (TensorFlow raises epsilon to 1.001e-5 at least; this does not.)
    Raises ValueError as ``batch_norm``.
    """
    pixels = images("x", x, data_format)
    n = pixels.shape[0] * pixels.shape[1] * pixels.shape[2]
    mean, variance = moments(x, data_format=data_format)
    dtype = floating("x", x).dtype
    y = batch_norm(x, mean, variance, beta, gamma, epsilon, data_format=data_format)
    variance = variance * mean.dtype.type(n / max(1, n - 1))
    return y, mean.astype(dtype, copy=False), variance.astype(dtype, copy=False)


def moments(x: Array, *, data_format: str = "NHWC") -> Tuple[Array, Array]:
    """(mean, biased variance) of every channel of a batch of images, in float32 or float64."""
    x = images("x", x, data_format)
    n = x.shape[0] * x.shape[1] * x.shape[2]
    with np.errstate(invalid="ignore"):  # no pixels: NaN
        mean = sum_by_channel(x) / np.float32(n)
        variance = sum_by_channel((x - mean) ** 2) / np.float32(n)
    return mean, variance


def batch_norm_grad(
    x: Array,
    dy: Array,
    mean: Array,
    variance: Array,
    gamma: Optional[Array],
    epsilon: float,
    *,
    data_format: str = "NHWC",
) -> Tuple[Array, Array, Array]:
    """The gradient of ``batch_norm`` with given mean and variance, of images: (dx, dbeta, dgamma)."""
    x, dy, mean, scale, gamma = _grad_arguments(x, dy, mean, variance, gamma, epsilon, data_format)
    dbeta, dgamma = sum_by_channel(dy), sum_by_channel(dy * ((x - mean) * scale))
    return _grads(dy * (scale * gamma), dbeta, dgamma, x.dtype, data_format)


def fused_batch_norm_grad(
    x: Array, dy: Array, gamma: Optional[Array], epsilon: float, *, data_format: str = "NHWC"
) -> Tuple[Array, Array, Array]:
    """The gradient of ``fused_batch_norm``'s y, through the batch's own moments: (dx, dbeta, dgamma).

    dx = gamma / sqrt(variance + epsilon) * (dy - mean(dy) - xhat * mean(dy * xhat)), with xhat the
    normalised x (Ioffe and Szegedy 2015, section 3).
    """
    mean, variance = moments(x, data_format=data_format)
    x, dy, mean, scale, gamma = _grad_arguments(x, dy, mean, variance, gamma, epsilon, data_format)
    n = mean.dtype.type(max(1, x.shape[0] * x.shape[1] * x.shape[2]))
    normal = (x - mean) * scale
    dbeta, dgamma = sum_by_channel(dy), sum_by_channel(dy * normal)
    dx = (dy - dbeta / n - normal * (dgamma / n)) * (scale * gamma)
    return _grads(dx, dbeta, dgamma, x.dtype, data_format)


def lrn(
    x: Array,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
    *,
    data_format: str = "NHWC",
) -> Array:
    """x / (bias + alpha * sum of squares over channels c - depth_radius .. c + depth_radius) ** beta.

    As ``tf.nn.local_response_normalization``: depth_radius counts the channels on each side (AlexNet's
    n = 5 is depth_radius=2), and alpha is not divided by their number, as Caffe and PyTorch do.
    x: images.  Returns x's shape, dtype and format.
    Raises ValueError for a rank other than 4, integers, and a depth_radius that is no integer from 0.
    """
    pixels = images("x", x, data_format)
    norm = _lrn_norm(pixels, depth_radius, bias, alpha)
    return _restore(pixels * _power(norm, -beta), pixels.dtype, data_format)


def lrn_grad(
    x: Array,
    dy: Array,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
    *,
    data_format: str = "NHWC",
) -> Array:
    """The gradient of ``lrn`` in x.

    With n the bracket above: dx = dy / n**beta - 2 alpha beta x * window sum of dy * x / n**(beta + 1).
    """
    pixels = images("x", x, data_format)
    dy = to_nhwc(same_dtype("dy", dy, "x", pixels), data_format)
    norm = _lrn_norm(pixels, depth_radius, bias, alpha)
    power = _power(norm, -beta)
    through = _channel_window_sum(dy * pixels * power / norm, depth_radius)
    dx = dy * power - norm.dtype.type(2 * alpha * beta) * pixels * through
    return _restore(dx, pixels.dtype, data_format)


def sum_by_channel(x: Array) -> Array:
    """The sum of NHWC images over all pixels, one dimension at a time (shorter sums round less)."""
    return x.sum(axis=1, dtype=sum_dtype(x.dtype)).sum(axis=1).sum(axis=0)


def _lrn_norm(x, depth_radius, bias, alpha):
    if isinstance(depth_radius, bool) or int(depth_radius) != depth_radius or depth_radius < 0:
        raise ValueError(f"depth_radius={depth_radius!r}: expected an integer that is not negative")
    dtype = sum_dtype(x.dtype)
    squares = np.square(x, dtype=dtype)
    return dtype.type(bias) + dtype.type(alpha) * _channel_window_sum(squares, depth_radius)


def _channel_window_sum(values, radius):
    """For every channel the sum over itself and ``radius`` channels on each side, as far as there are any."""
    channels = values.shape[3]
    total = values.copy()
    for shift in range(1, min(int(radius), channels - 1) + 1):
        total[..., shift:] += values[..., : channels - shift]
        total[..., : channels - shift] += values[..., shift:]
    return total


def _power(norm, exponent):
    if exponent == -0.5:
        return 1 / np.sqrt(norm)
    return np.power(norm, norm.dtype.type(exponent))


def _channels(name, value, x, data_format, dtype):
    """A value for each channel, so shaped that it broadcasts against x."""
    if value is None:
        return None
    value = floating(name, value if isinstance(value, np.ndarray) else np.asarray(value, dtype))
    if data_format == "NCHW" and value.ndim == 1 and x.ndim > 1:
        value = value.reshape((-1,) + (1,) * (x.ndim - 2))
    try:
        broadcasts = np.broadcast(x, value).shape == x.shape
    except ValueError:
        broadcasts = False
    if not broadcasts:
        raise ValueError(f"{name} has shape {value.shape}: expected one that broadcasts against x, {x.shape}")
    return value.astype(dtype, copy=False)


def _grad_arguments(x, dy, mean, variance, gamma, epsilon, data_format):
    x = images("x", x, data_format)
    dy = to_nhwc(same_dtype("dy", dy, "x", x), data_format)
    if dy.shape != x.shape:
        raise ValueError(f"dy has shape {dy.shape} (seen as NHWC): expected that of x, {x.shape}")
    dtype = sum_dtype(x.dtype)
    mean, variance = (np.asarray(value).astype(dtype, copy=False) for value in (mean, variance))
    gamma = dtype.type(1) if gamma is None else np.asarray(gamma).astype(dtype, copy=False)
    return x, dy, mean, 1 / np.sqrt(variance + dtype.type(epsilon)), gamma


def _grads(dx, dbeta, dgamma, dtype, data_format):
    return _restore(dx, dtype, data_format), dbeta.astype(dtype, copy=False), dgamma.astype(dtype, copy=False)


def _restore(pixels, dtype, data_format):
    """NHWC results in the caller's dtype and format, contiguous."""
    if data_format == "NCHW":
        pixels = pixels.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(pixels, dtype=dtype)
