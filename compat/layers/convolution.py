"""Two-dimensional convolution, its gradients, and its relatives: transposed, grouped and depthwise.

All of it is one routine, ``_correlate``: a tile of windows becomes a matrix (``Columns``) and is
multiplied by the filters, straight into its place in the output.  The gradient in x is again such a
convolution, of dy with the filters turned around; the gradient in w multiplies the same columns by dy.
What convolution means is in ``definition.py``, and the tests hold this file to it.
"""

from typing import Any, Dict, Optional

import numpy as np

from ..arrays import Array
from . import costs, depthwise, planes, strips
from .geometry import (
    Axis,
    Padding,
    Pair,
    Shape,
    four_sizes,
    image_shape,
    images,
    new_images,
    rank,
    same_dtype,
    sum_dtype,
    to_nhwc,
    window,
)
from .parallel import each, in_order
from .products import Filters, add_product, for_blas
from .tiling import PLANAR_RUN, Columns, Scatter, Tiling, as_matrix, is_planar

TILE_BYTES = 1 << 20  # of columns: they stay in the level-2 cache with what they are multiplied by
TILE_PIXELS = 448  # but so many outputs at least, up to LARGEST_TILE, for large filters are costly to reread
LARGEST_TILE = 1 << 23
PARTIAL_SUMS = 8  # filter gradients are added up in so many parts, whatever the number of threads


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
        _correlate(x[..., inputs], w[..., outputs], rows, columns, out[..., outputs], group_bias)
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
        _transposed(
            [(gradients, weights) for _, weights, gradients in _multiples(w, shape[3], dy)],
            rows,
            columns,
            out,
        )
        return dx
    for inputs, outputs in _channel_groups(groups, shape[3], w.shape[3]):
        _correlate_transposed(dy[..., outputs], w[..., outputs], rows, columns, out[..., inputs])
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
        dw[..., outputs] = _filter_grad(x[..., inputs], dy[..., outputs], rows, columns)
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


def _correlate(x, w, rows, columns, out, bias=None):
    """Convolution of one group, NHWC and HWIO, into ``out``."""
    dtype = sum_dtype(x.dtype)
    size = costs.best_size(len(x), w.shape, rows, columns, bias is not None, is_planar(x))
    if size:
        strips.correlate(x, w, rows, columns, out, bias, size)
        return
    shared = planes.fits(x, rows, columns)
    if shared:
        filters = Filters(planes.with_bias(w, bias, dtype))
        tiling = planes.tiles(out.shape, filters.shape[0] // rows.taps, dtype)
    else:
        filters = Filters(_with_bias(w, bias, dtype))
        tiling = _tiling(out.shape, filters.shape[0], dtype)

    def new_worker():
        kind = planes.Planes if shared else Columns
        columns_of = kind(x, rows, columns, tiling, dtype, ones=bias is not None)

        def worker(tile):
            target = out[tile]
            fitting = out.dtype == dtype and (shared or as_matrix(target) is not None)
            result = target if fitting else np.empty(target.shape, dtype)
            if shared:
                filters.multiply(columns_of(tile), result)
            else:
                matrix = as_matrix(result)
                assert matrix is not None  # it is fitting, or new
                filters.multiply(columns_of(tile), matrix)
            if not fitting:
                target[...] = result

        return worker

    each(tiling, new_worker)


def _with_bias(w, bias, dtype):
    """A row of the filters for each tap, and one for the bias, which multiplies a column of ones."""
    filters = np.empty((w[..., 0].size + (bias is not None), w.shape[3]), dtype)
    filters[: w[..., 0].size] = w.reshape(-1, w.shape[3])
    if bias is not None:
        filters[-1] = bias
    return filters


def _correlate_transposed(dy, w, rows, columns, dx):
    """The transpose of ``_correlate`` in x, of one group, into ``dx``.

    For few channels, dy times the filters gives the gradients of the columns, added up where they belong.
    For many, it is a convolution again (``_transposed``).
    """
    few = w.shape[2] * columns.taps <= PLANAR_RUN
    row_bytes = w[..., 0].size * columns.out * sum_dtype(dy.dtype).itemsize
    if not few or row_bytes > LARGEST_TILE or 0 in dy.shape or 0 in dx.shape:
        _transposed([(dy, w)], rows, columns, dx)
        return
    dtype = sum_dtype(dy.dtype)
    filters = Filters(w.reshape(-1, w.shape[3]).T.astype(dtype, copy=False))
    outputs = 2 * TILE_BYTES // (filters.shape[1] * dtype.itemsize)
    pixel_rows = max(1, outputs * rows.stride * columns.stride // columns.size)
    tiling = Tiling((len(dx), rows.size, columns.size), pixel_rows * columns.size)
    each(tiling, lambda: Scatter(dy, filters, rows, columns, dx, tiling, dtype))


def _transposed(terms, rows, columns, dx):
    """The transpose in x as convolutions of dy: ``terms`` is one (dy, w), or several to add if depthwise.

    Pixels p with the same p % stride meet the same taps, so they are a convolution of dy with some of the
    taps, the last one first, of stride 1 whatever the stride was.
    """
    for row_phase in range(min(rows.stride, rows.size)):
        down, row_taps = _phase(rows, row_phase)
        for column_phase in range(min(columns.stride, columns.size)):
            along, column_taps = _phase(columns, column_phase)
            target = dx[:, row_phase :: rows.stride, column_phase :: columns.stride, :]
            if not row_taps or not column_taps:
                target[...] = 0
                continue
            turned = [(dy, w[row_taps][:, column_taps]) for dy, w in terms]
            if turned[0][1].ndim == 3:
                depthwise.correlate(turned, down, along, target)
            else:
                ((dy, w),) = turned
                _correlate(dy, w.transpose(0, 1, 3, 2), down, along, target)


def _phase(axis, phase):
    """Pixels phase, phase + stride, ... as a convolution of the outputs: (its Axis, its taps in order)."""
    taps = [i for i in range(axis.taps) if (phase + axis.before - i * axis.dilation) % axis.stride == 0]
    if not taps:
        return None, taps
    taps.reverse()
    dilation = (taps[0] - taps[-1]) * axis.dilation // axis.stride // max(1, len(taps) - 1)
    before = (taps[0] * axis.dilation - phase - axis.before) // axis.stride
    pixels = len(range(phase, axis.size, axis.stride))
    return Axis(axis.out, len(taps), 1, max(1, dilation), before, pixels), taps


def _filter_grad(x, dy, rows, columns):
    """Columns times dy, summed over all tiles, of one group: (kh, kw, C, out)."""
    dtype = sum_dtype(x.dtype)
    shape = (rows.taps * columns.taps * x.shape[3], dy.shape[3])
    shared = planes.fits(x, rows, columns)
    strip = columns.taps * x.shape[3]
    tiling = planes.tiles(dy.shape, strip, dtype) if shared else _tiling(dy.shape, shape[0], dtype)
    tiles = list(tiling)
    parts = max(1, min(PARTIAL_SUMS, LARGEST_TILE // (shape[0] * shape[1] * dtype.itemsize)))
    step = -(-len(tiles) // parts) or 1

    def partial_sum(some_tiles):
        columns_of = (planes.Planes if shared else Columns)(x, rows, columns, tiling, dtype)
        total = np.zeros(shape, dtype)
        for tile in some_tiles:
            gradients = for_blas(dy[tile].astype(dtype, copy=False))
            if shared:
                total += np.matmul(columns_of(tile).transpose(0, 1, 3, 2), gradients).sum(axis=(0, 1))
            else:
                add_product(columns_of(tile), for_blas(gradients.reshape(-1, dy.shape[3])), total)
        return total

    total = np.zeros(shape, dtype)
    for part in in_order([tiles[i : i + step] for i in range(0, len(tiles), step)], partial_sum):
        total += part
    return total.reshape(rows.taps, columns.taps, x.shape[3], dy.shape[3])


def _tiling(out_shape, taps, dtype):
    pixel = taps * dtype.itemsize
    return Tiling(out_shape[:3], max(TILE_BYTES // pixel, min(TILE_PIXELS, LARGEST_TILE // pixel)))


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
