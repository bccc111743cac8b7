"""Two-dimensional convolution, its gradients, and its relatives: transposed, grouped and depthwise.

What does not fit is refused here; ``correlation.py`` computes one group of channels at a time.
What convolution means is in ``definition.py``, and the tests hold both files to it.
"""

from typing import Any, Dict, Optional

import numpy as np

from ..arrays import Array
from . import correlation, depthwise
from .geometry import (
    Padding,
    Pair,
    Shape,
    four_sizes,
    image_shape,
    images,
    new_images,
    rank,
    same_dtype,
    to_nhwc,
    window,
)


def conv2d(
    x: Array,
    w: Array,
    *,
    strides: Pair = 1,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
    bias: Optional[Array] = None,
) -> Array:
    """Convolution of images with filters, as ``tf.nn.conv2d``: the filters are not flipped.

    x: (N, H, W, C), or (N, C, H, W) with data_format="NCHW".  w: (kh, kw, C / groups, out); the number of
    groups is C / w.shape[2], as in TensorFlow.  bias: (out,) or None.  strides, dilations: pixels, int or
    (h, w).  padding: "VALID", "SAME" (ceil(size / stride) outputs), "FULL" or ((top, bottom), (left,
    right)).  Returns (N, out_h, out_w, out) in x's dtype and format; float16 is added up in float32.
    Raises ValueError for arrays of integers, ranks, channels, strides and paddings that do not fit, and
    for a window that is larger than the padded image.
    """
    x = images("x", x, data_format)
    w = _filters(w, "x", x)
    groups = _groups("x", x.shape[3], w.shape)
    rows, columns = window(x.shape[1:3], w.shape[:2], strides, padding, dilations)
    bias = _bias(bias, w.shape[3], x)
    y, out = new_images((len(x), rows.out, columns.out, w.shape[3]), x.dtype, data_format)
    if _is_depthwise(groups, w.shape):
        for m, weights, target in _multiples(w, x.shape[3], out):
            depthwise.correlate([(x, weights)], rows, columns, target, None if bias is None else bias[m])
        return y
    for inputs, outputs in _channel_groups(groups, x.shape[3], w.shape[3]):
        group_bias = None if bias is None else bias[outputs]
        correlation.correlate(x[..., inputs], w[..., outputs], rows, columns, out[..., outputs], group_bias)
    return y


def conv2d_input_grad(
    dy: Array,
    w: Array,
    input_shape: Shape,
    *,
    strides: Pair = 1,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
    bias: Optional[Array] = None,
) -> Array:
    """The gradient of ``conv2d`` in x, as ``tf.nn.conv2d_backprop_input``.

    dy: gradient of the output, in its shape.  w: the filters.  input_shape: shape of x, in data_format.
    The rest as in the forward call; bias is accepted so that the same keywords will do, and has no part.
    Returns an array of input_shape in dy's dtype.  Raises ValueError as ``conv2d``, and where dy has not
    the shape of the output.
    """
    dy = images("dy", dy, data_format)
    w = _filters(w, "dy", dy)
    shape = image_shape("input_shape", input_shape, data_format)
    groups = _groups("input_shape", shape[3], w.shape)
    rows, columns = window(shape[1:3], w.shape[:2], strides, padding, dilations)
    _expect_output("dy", dy, (shape[0], rows.out, columns.out, w.shape[3]))
    dx, out = new_images(shape, dy.dtype, data_format)
    if _is_depthwise(groups, w.shape):
        correlation.transposed(
            [(gradients, weights) for _, weights, gradients in _multiples(w, shape[3], dy)],
            rows,
            columns,
            out,
        )
        return dx
    for inputs, outputs in _channel_groups(groups, shape[3], w.shape[3]):
        correlation.correlate_transposed(dy[..., outputs], w[..., outputs], rows, columns, out[..., inputs])
    return dx


def conv2d_filter_grad(
    x: Array,
    dy: Array,
    filter_shape: Shape,
    *,
    strides: Pair = 1,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
    bias: Optional[Array] = None,
) -> Array:
    """The gradient of ``conv2d`` in w, as ``tf.nn.conv2d_backprop_filter``.

    x, dy: input and gradient of the output.  filter_shape: (kh, kw, C / groups, out).  The rest as in the
    forward call; bias is accepted so that the same keywords will do, and has no part.  Returns an array of
    filter_shape in x's dtype.  Raises ValueError as ``conv2d``, and where dy has not the output's shape.
    """
    x = images("x", x, data_format)
    dy = to_nhwc(_image_like("dy", dy, x, data_format), data_format)
    shape = four_sizes("filter_shape", filter_shape, ("kh", "kw", "in", "out"), least=1)
    groups = _groups("x", x.shape[3], shape)
    rows, columns = window(x.shape[1:3], shape[:2], strides, padding, dilations)
    _expect_output("dy", dy, (len(x), rows.out, columns.out, shape[3]))
    if _is_depthwise(groups, shape):
        multiples = dy.reshape(*dy.shape[:3], groups, shape[3] // groups)
        dw = depthwise.filter_grad(x, multiples, rows, columns)
        return dw.reshape(shape).astype(x.dtype, copy=False)
    dw = np.empty(shape, x.dtype)
    for inputs, outputs in _channel_groups(groups, x.shape[3], shape[3]):
        dw[..., outputs] = correlation.filter_grad(x[..., inputs], dy[..., outputs], rows, columns)
    return dw


def conv2d_transpose(
    x: Array,
    w: Array,
    output_shape: Shape,
    *,
    strides: Pair = 1,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
    bias: Optional[Array] = None,
) -> Array:
    """The transpose of ``conv2d`` (once called deconvolution), as ``tf.nn.conv2d_transpose``.

    x: (N, h, w, in).  w: (kh, kw, out, in), the two channels the other way round than in ``conv2d``.
    output_shape: shape of the result in data_format; a ``conv2d`` of it with the same strides, padding and
    dilations has x's shape.  bias: (out,) or None, added to the result.  Returns output_shape in x's dtype.
    Raises ValueError as ``conv2d``, and where the shapes do not match.
    """
    x_images = images("x", x, data_format)
    w = _filters(w, "x", x_images)
    shape = image_shape("output_shape", output_shape, data_format)
    if w.shape[3] != x_images.shape[3]:
        raise ValueError(
            f"w has shape {w.shape}: expected (kh, kw, out, in) with in={x_images.shape[3]}, the channels "
            "of x"
        )
    _groups("output_shape", shape[3], w.shape)
    same: Dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "dilations": dilations,
        "data_format": data_format,
    }
    rows, columns = window(shape[1:3], w.shape[:2], strides, padding, dilations)
    expected = (shape[0], rows.out, columns.out)
    if x_images.shape[:3] != expected:
        raise ValueError(
            f"output_shape={tuple(output_shape)!r}: a convolution of it has (count, height, width) "
            f"{expected}, expected that of x, {x_images.shape[:3]}"
        )
    y = conv2d_input_grad(x, w, output_shape, **same)
    if bias is not None:
        y_images = to_nhwc(y, data_format)
        y_images += _bias(bias, shape[3], x_images)
    return y


def depthwise_conv2d(
    x: Array,
    w: Array,
    *,
    strides: Pair = 1,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
    bias: Optional[Array] = None,
) -> Array:
    """Each channel with filters of its own, as ``tf.nn.depthwise_conv2d``.

    x: as in ``conv2d``.  w: (kh, kw, C, multiplier).  Returns C * multiplier channels, those of channel c
    at c * multiplier onwards.  bias: (C * multiplier,) or None.  Raises ValueError as ``conv2d``.
    """
    x_images = images("x", x, data_format)
    w = _filters(w, "x", x_images)
    _depthwise_channels("x", x_images.shape[3], w.shape)
    return conv2d(
        x,
        _as_groups(w),
        strides=strides,
        padding=padding,
        dilations=dilations,
        data_format=data_format,
        bias=bias,
    )


def depthwise_conv2d_input_grad(
    dy: Array,
    w: Array,
    input_shape: Shape,
    *,
    strides: Pair = 1,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
    bias: Optional[Array] = None,
) -> Array:
    """The gradient of ``depthwise_conv2d`` in x; arguments as for ``conv2d_input_grad``."""
    dy_images = images("dy", dy, data_format)
    w = _filters(w, "dy", dy_images)
    _depthwise_channels("input_shape", image_shape("input_shape", input_shape, data_format)[3], w.shape)
    same: Dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "dilations": dilations,
        "data_format": data_format,
    }
    return conv2d_input_grad(dy, _as_groups(w), input_shape, **same)


def depthwise_conv2d_filter_grad(
    x: Array,
    dy: Array,
    filter_shape: Shape,
    *,
    strides: Pair = 1,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
    bias: Optional[Array] = None,
) -> Array:
    """The gradient of ``depthwise_conv2d`` in w; arguments as for ``conv2d_filter_grad``."""
    shape = four_sizes("filter_shape", filter_shape, ("kh", "kw", "channels", "multiplier"), least=1)
    kh, kw, channels, multiplier = shape
    _depthwise_channels("x", images("x", x, data_format).shape[3], shape)
    same: Dict[str, Any] = {
        "strides": strides,
        "padding": padding,
        "dilations": dilations,
        "data_format": data_format,
    }
    dw = conv2d_filter_grad(x, dy, (kh, kw, 1, channels * multiplier), **same)
    return dw.reshape(shape)


def _is_depthwise(groups, filter_shape):
    return groups > 1 and filter_shape[2] == 1


def _multiples(w, channels, outputs):
    """Depthwise filters (kh, kw, 1, channels * multiplier), one for each channel at a time.

    Yields (which output channels, their weights (kh, kw, channels), those channels of ``outputs``).
    """
    multiplier = w.shape[3] // channels
    for m in range(multiplier):
        which = slice(m, None, multiplier)
        yield which, w[:, :, 0, which], outputs[..., which]


def _channel_groups(groups, inputs, outputs):
    """The slices of input and of output channels of each group."""
    for g in range(groups):
        yield tuple(slice(g * n // groups, (g + 1) * n // groups) for n in (inputs, outputs))


def _filters(w, x_name, x):
    w = same_dtype("w", w, x_name, x)
    rank("w", w, ("height", "width", "channels in", "channels out"))
    if 0 in w.shape:
        raise ValueError(f"w has shape {w.shape}: expected no size to be 0")
    return w


def _groups(name, channels, shape):
    """The number of groups; ValueError where the channels of x or of w do not divide."""
    if channels == 0 or channels % shape[2]:
        raise ValueError(
            f"{name} has {channels} channels and w has shape {shape}: expected the channels to be "
            f"w.shape[2]={shape[2]}, or a multiple of it for groups"
        )
    groups = channels // shape[2]
    if shape[3] % groups:
        raise ValueError(
            f"w has shape {shape}: expected w.shape[3]={shape[3]} output channels to divide into "
            f"{groups} groups ({channels} channels / w.shape[2]={shape[2]})"
        )
    return groups


def _bias(bias, channels, x):
    if bias is None:
        return None
    bias = same_dtype("bias", bias, "x", x)
    if bias.shape != (channels,):
        raise ValueError(f"bias has shape {bias.shape}: expected ({channels},), one for each output channel")
    return bias


def _expect_output(name, dy, expected):
    if dy.shape != expected:
        raise ValueError(
            f"{name} has shape {dy.shape} (seen as NHWC): expected {expected}, the shape of the output"
        )


def _image_like(name, value, x, data_format):
    value = same_dtype(name, value, "x", x)
    rank(name, value, data_format)
    return value


def _as_groups(w):
    """Depthwise filters as filters of a convolution with a group for each channel."""
    return w.reshape(w.shape[0], w.shape[1], 1, w.shape[2] * w.shape[3])


def _depthwise_channels(name, channels, filter_shape):
    if len(filter_shape) != 4 or channels != filter_shape[2]:
        raise ValueError(
            f"w has shape {tuple(filter_shape)}: expected (kh, kw, channels, multiplier) with channels="
            f"{channels}, those of {name}"
        )
