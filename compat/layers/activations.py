"""Functions of single values or single vectors, their gradients, and the dense layer.

Gradients take dy and whatever of x and y their formula needs.  Inputs may have any shape; they come out
in their dtype, float16 having been computed in float32.
"""

from typing import Any, Optional, Tuple, Union

import numpy as np

from ..arrays import Array
from .geometry import Shape, floating, same_dtype, sum_dtype

Seed = Union[int, np.random.RandomState, None]


def relu(x: Array) -> Array:
    """max(x, 0); NaN stays NaN."""
    x = floating("x", x)
    return np.maximum(x, x.dtype.type(0))


def relu_grad(dy: Array, y: Array) -> Array:
    """dy where relu's y is positive, else 0: nothing passes at 0 itself, as in TensorFlow."""
    y = floating("y", y)
    return np.where(y > 0, same_dtype("dy", dy, "y", y), y.dtype.type(0))


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x where positive, else alpha * (exp(x) - 1)."""
    x = floating("x", x)
    wide = x.astype(sum_dtype(x.dtype), copy=False)
    with np.errstate(invalid="ignore"):  # older NumPy warns where NaN is compared
        negative = wide.dtype.type(alpha) * np.expm1(np.minimum(wide, 0))
        return np.where(wide > 0, wide, negative).astype(x.dtype, copy=False)


def elu_grad(dy: Array, y: Array, alpha: float = 1.0) -> Array:
    """dy where elu's y is positive, else dy * (y + alpha)."""
    y = floating("y", y)
    dy = same_dtype("dy", dy, "y", y)
    return np.where(y > 0, dy, dy * (y + y.dtype.type(alpha)))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    x = floating("x", x)
    wide = x.astype(sum_dtype(x.dtype), copy=False)
    with np.errstate(over="ignore"):  # exp(-x) may be infinite, and its reciprocal is then 0
        return (1 / (1 + np.exp(-wide))).astype(x.dtype, copy=False)


def sigmoid_grad(dy: Array, y: Array) -> Array:
    """dy * y * (1 - y), for y = sigmoid(x)."""
    y = floating("y", y)
    return same_dtype("dy", dy, "y", y) * y * (1 - y)


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) over its sum along ``axis``, the greatest x taken off first so that nothing overflows."""
    x = floating("x", x)
    with np.errstate(invalid="ignore"):  # a vector of infinities has no softmax: NaN
        powers = np.exp(_below_greatest(x, axis))
        return (powers / powers.sum(axis=axis, keepdims=True)).astype(x.dtype, copy=False)


def softmax_grad(dy: Array, y: Array, axis: int = -1) -> Array:
    """y * (dy - sum(dy * y)), for y = softmax(x)."""
    y = floating("y", y)
    dy = same_dtype("dy", dy, "y", y)
    total = (dy * y).sum(axis=axis, keepdims=True, dtype=sum_dtype(y.dtype))
    return (y * (dy - total)).astype(y.dtype, copy=False)


def log_softmax(x: Array, axis: int = -1) -> Array:
    """The logarithm of ``softmax``, without taking exp and log of the same number."""
    x = floating("x", x)
    with np.errstate(invalid="ignore"):
        shifted = _below_greatest(x, axis)
        total = np.exp(shifted).sum(axis=axis, keepdims=True)
        return (shifted - np.log(total)).astype(x.dtype, copy=False)


def log_softmax_grad(dy: Array, y: Array, axis: int = -1) -> Array:
    """dy - softmax(x) * sum(dy), for y = log_softmax(x)."""
    y = floating("y", y)
    dy = same_dtype("dy", dy, "y", y)
    total = dy.sum(axis=axis, keepdims=True, dtype=sum_dtype(y.dtype))
    return (dy - np.exp(y) * total).astype(y.dtype, copy=False)


def sparse_softmax_cross_entropy(logits: Array, labels: Array) -> Tuple[Any, Array]:
    """The loss of a classifier: (mean of -log_softmax(logits)[label], its gradient in logits).

    logits: (N, classes).  labels: (N,) integers from 0.  As the mean of
    ``tf.nn.sparse_softmax_cross_entropy_with_logits``.
    Raises ValueError for labels that are not N integers in range(classes), and for an empty batch.
    """
    logits = floating("logits", logits)
    labels = np.asarray(labels)
    if logits.ndim != 2 or len(logits) == 0:
        raise ValueError(f"logits has shape {logits.shape}: expected (count, classes), count at least 1")
    if labels.shape != logits.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels is an array of {labels.dtype} of shape {labels.shape}: expected integers of shape "
            f"{logits.shape[:1]}"
        )
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(
            f"labels are in {labels.min()}..{labels.max()}: expected 0..{logits.shape[1] - 1}, the classes"
        )
    each_image = np.arange(len(logits))
    logarithms = log_softmax(logits)
    gradient = np.exp(logarithms)
    gradient[each_image, labels] -= 1
    return -logarithms[each_image, labels].mean(), gradient / logits.dtype.type(len(logits))


def dropout(x: Array, rate: float, *, seed: Optional[Seed] = None, mask: Optional[Array] = None) -> Array:
    """x / (1 - rate) where the mask keeps it, else 0, as ``tf.nn.dropout`` with ``rate``.

    rate: the share to drop, in [0, 1); TF1's keep_prob is 1 - rate.  mask: True where kept, of x's shape;
    without one it is drawn with ``dropout_mask(x.shape, rate, seed)``.
    Raises ValueError for another rate or shape of mask.
    """
    x = floating("x", x)
    mask = dropout_mask(x.shape, rate, seed) if mask is None else np.asarray(mask, dtype=bool)
    if mask.shape != x.shape:
        raise ValueError(f"mask has shape {mask.shape}: expected that of x, {x.shape}")
    scale = sum_dtype(x.dtype).type(1 / (1 - _rate(rate)))
    return np.where(mask, x * scale, 0).astype(x.dtype, copy=False)


def dropout_grad(dy: Array, rate: float, mask: Array) -> Array:
    """dropout's gradient: the same mask and scale on dy."""
    return dropout(dy, rate, mask=mask)


def dropout_mask(shape: Shape, rate: float, seed: Optional[Seed] = None) -> Array:
    """True with probability 1 - rate.  seed: an integer, None, or a ``np.random.RandomState`` to go on with.

    The numbers are NumPy's, not TensorFlow's: pass the mask of one to the other to compare.
    """
    random = seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)
    return random.random_sample(shape) >= _rate(rate)


def dense(x: Array, w: Array, bias: Optional[Array] = None) -> Array:
    """x @ w + bias.  x: (..., inputs).  w: (inputs, units).  bias: (units,) or None.

    Returns (..., units) in x's dtype; float16 is added up in float32.
    Raises ValueError for shapes that do not match and for arrays of integers.
    """
    x, w = _dense_arguments(x, w)
    bias = None if bias is None else same_dtype("bias", bias, "x", x)
    if bias is not None and bias.shape != (w.shape[1],):
        raise ValueError(f"bias has shape {bias.shape}: expected ({w.shape[1]},), one for each unit")
    dtype = sum_dtype(x.dtype)
    y = np.matmul(x.astype(dtype, copy=False), w.astype(dtype, copy=False))
    if bias is not None:
        y += bias
    return y.astype(x.dtype, copy=False)


def dense_input_grad(dy: Array, w: Array) -> Array:
    """dy @ w.T, the gradient of ``dense`` in x."""
    w = floating("w", w)
    return dense(same_dtype("dy", dy, "w", w), w.T)


def dense_filter_grad(x: Array, dy: Array) -> Array:
    """x.T @ dy over all leading dimensions: the gradient of ``dense`` in w, (inputs, units)."""
    x = floating("x", x)
    dy = same_dtype("dy", dy, "x", x)
    if x.shape[:-1] != dy.shape[:-1]:
        raise ValueError(f"dy has shape {dy.shape}: expected {x.shape[:-1]} and then the units, like x")
    rows = int(np.prod(x.shape[:-1]))
    return dense(x.reshape(rows, x.shape[-1]).T, dy.reshape(rows, dy.shape[-1]))


def bias_grad(dy: Array, data_format: str = "NHWC") -> Array:
    """The sum of dy over everything but the channels: the gradient of a bias, (channels,)."""
    dy = floating("dy", dy)
    if dy.ndim == 4 and data_format == "NCHW":
        dy = dy.transpose(0, 2, 3, 1)
    total = dy.astype(sum_dtype(dy.dtype), copy=False)
    while total.ndim > 1:  # one dimension at a time: shorter sums round less
        total = total.sum(axis=-2)
    return total.astype(dy.dtype, copy=False)


def flatten(x: Array) -> Array:
    """(N, everything else), in the order of x's dimensions: NHWC and NCHW images flatten differently."""
    x = np.asarray(x)
    return x.reshape(x.shape[0], int(np.prod(x.shape[1:])))


def _below_greatest(x, axis):
    wide = x.astype(sum_dtype(x.dtype), copy=False)
    return wide - wide.max(axis=axis, keepdims=True)


def _rate(rate):
    if not 0 <= rate < 1:
        raise ValueError(f"rate={rate!r}: expected a share to drop in [0, 1); TF1's keep_prob is 1 - rate")
    return rate


def _dense_arguments(x, w):
    x = floating("x", x)
    w = same_dtype("w", w, "x", x)
    if w.ndim != 2:
        raise ValueError(f"w has shape {w.shape}: expected 2 dimensions, (inputs, units)")
    if x.ndim < 2 or x.shape[-1] != w.shape[0]:
        raise ValueError(
            f"x has shape {x.shape}: expected at least 2 dimensions, the last {w.shape[0]} like w's first"
        )
    return x, w
