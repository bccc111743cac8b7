"""Sums of products under a sliding window: convolutions of one and two dimensions, and their gradients.

Spelled tap by tap, not by ``compat.layers``, so that the two are witnesses of each other.
"""

from typing import Dict, Optional, Sequence

import numpy as np

from ..arrays import Array
from . import carried
from .bounds import Answer, Reference, exact
from .calls import rule
from .geometry import Padding, Sizes, Taps, pair
from .products import Products
from .sliding import filter_grad, input_grad, summed, summed_with_magnitude


@rule
def conv2d(
    x: Answer, w: Array, *, strides: Sizes = 1, padding: Padding = "VALID", dilations: Sizes = 1
) -> Reference:
    """Cross-correlation as ``tf.nn.conv2d``: x (n, h, w, c), filters (kh, kw, c / groups, m)."""
    source, x, w = x, exact(x), exact(w)
    taps = Taps(x.shape, w.shape[:2], strides, padding, dilations)
    value, magnitude = summed_with_magnitude(taps, x, w)
    return Reference(
        value,
        magnitude,
        int(np.prod(w.shape[:3])),
        carried=carried.linear(source, lambda x, w: summed(taps, x, w), w),
        products=Products(
            w,
            lambda power, r: filter_grad(taps, _power(x, power, r), r, w.shape[2]),
            lambda: summed(taps, x**2, w**2),
            (taps, x, w) if taps.strides == taps.dilations == (1, 1) else None,
            value.size // w.shape[3] if w.shape[3] else None,
        ),
    )


@rule
def conv2d_bias(
    x: Answer, w: Array, b: Array, *, strides: Sizes = 1, padding: Padding = "VALID", dilations: Sizes = 1
) -> Reference:
    """``conv2d`` plus one number a filter: one more term in every sum."""
    plain = conv2d(x, w, strides=strides, padding=padding, dilations=dilations)
    b = exact(b)
    return Reference(
        plain.value + b,
        plain.magnitude + abs(b),
        plain.terms + 1,
        carried=plain.carried,
        products=plain.products,
    )


@rule
def depthwise_conv2d(
    x: Answer, w: Array, *, strides: Sizes = 1, padding: Padding = "VALID", dilations: Sizes = 1
) -> Reference:
    """As ``tf.nn.depthwise_conv2d``: filters (kh, kw, c, m) -> channels c * m, one channel a sum."""
    kh, kw, channels, multiplier = w.shape
    grouped = np.reshape(w, (kh, kw, 1, channels * multiplier))
    return conv2d(x, grouped, strides=strides, padding=padding, dilations=dilations)


@rule
def conv2d_grad(
    x: Answer, w: Array, dy: Array, *, strides: Sizes = 1, padding: Padding = "VALID", dilations: Sizes = 1
) -> Dict[str, Reference]:
    """The gradients of sum(conv2d(x, w) * dy) as ``dx`` and ``dw``."""
    x, w, dy = exact(x), exact(w), exact(dy)
    taps = Taps(x.shape, w.shape[:2], strides, padding, dilations)
    return {
        "dx": Reference(
            input_grad(taps, dy, w),
            input_grad(taps, abs(dy), abs(w)),
            int(np.prod(w.shape[:2])) * w.shape[3],
            products=Products(
                w,
                lambda power, r: filter_grad(taps, r, _power(dy, power, r), w.shape[2]),
                lambda: input_grad(taps, dy**2, w**2),
            ),
        ),
        "dw": Reference(
            filter_grad(taps, x, dy), filter_grad(taps, abs(x), abs(dy)), int(np.prod(dy.shape[:3]))
        ),
    }


def _power(x, power, r):
    """x^power in the precision of r."""
    return (x**power).astype(r.dtype, copy=False)


def _transposed_size(n, kernel, stride, more, padding):
    valid = padding == "VALID"
    if more is None:
        return n * stride + (max(kernel - stride, 0) if valid else 0)
    return (n - 1) * stride + kernel + more - (0 if valid else 2 * (kernel // 2))


@rule
def conv2d_transpose(
    x: Answer,
    w: Array,
    *,
    output_shape: Optional[Sequence[int]] = None,
    strides: Sizes = 1,
    padding: Padding = "VALID",
    dilations: Sizes = 1,
    output_padding: Optional[Sizes] = None,
) -> Reference:
    """As ``tf.nn.conv2d_transpose``: the input gradient of a conv2d; filters (kh, kw, out / groups, in).

    Without ``output_shape`` (and groups, and dilations) the size is Keras's.  With ``output_padding``, by a named
    padding, of n pixels (n - 1) stride + kernel + output_padding for VALID, and 2 (kernel // 2) less for SAME;
    without, the size from which a convolution gives n pixels: n stride + max(kernel - stride, 0) for VALID, n
    stride for SAME.  Source: keras/utils/conv_utils.py of Keras 2.15, deconv_output_length
    """
    source, x, w = x, exact(x), exact(w)
    if output_shape is None:
        more = (None, None) if output_padding is None else pair(output_padding)
        sizes = map(_transposed_size, x.shape[1:3], w.shape[:2], pair(strides), more, (padding,) * 2)
        output_shape = (len(x), *sizes, w.shape[2])
    taps = Taps(output_shape, w.shape[:2], strides, padding, dilations)
    return Reference(
        input_grad(taps, x, w),
        input_grad(taps, abs(x), abs(w)),
        int(np.prod(w.shape[:2])) * w.shape[3] * w.shape[2] // taps.shape[-1],
        carried=carried.linear(source, lambda x, w: input_grad(taps, x, w), w),
        products=Products(
            w,
            lambda power, r: filter_grad(taps, r, _power(x, power, r), w.shape[2]),
            lambda: input_grad(taps, x**2, w**2),
        ),
    )


@rule
def conv1d(x: Array, w: Array, *, strides: int = 1, padding: Padding = "VALID") -> Reference:
    """As ``tf.nn.conv1d``: x (n, width, c), filters (k, c, m)."""
    flat = conv2d(x[:, None], w[None], strides=(1, strides), padding=padding)
    return Reference(flat.value[:, 0], flat.magnitude[:, 0], flat.terms[:, 0])


@rule
def convolve(x: Answer, k: Array, *, mode: str = "full") -> Reference:
    """``np.convolve``: the kernel is flipped. ``same`` keeps max(M, N) values, centred."""
    x, k = exact(x), exact(k)
    full = [np.convolve(a, b, "full") for a, b in ((x, k), (abs(x), abs(k)))]
    longer, shorter = max(len(x), len(k)), min(len(x), len(k))
    start, length = {
        "full": (0, longer + shorter - 1),
        "same": ((shorter - 1) // 2, longer),
        "valid": (shorter - 1, longer - shorter + 1),
    }[mode]
    value, magnitude = (sums[start : start + length] for sums in full)
    return Reference(value, magnitude, shorter)
