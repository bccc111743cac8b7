"""Pooling and its gradients: the greatest value or the mean of every window.

The windows are combined in ``combining.py``.  What pooling means is in ``definition.py``, and the tests
hold this file to it.
"""

from typing import Dict, List, Optional

import numpy as np

from ..arrays import Array
from .combining import Combined, by_pixel, new_buffer
from .geometry import (
    Padding,
    Pair,
    Shape,
    floating,
    image_shape,
    images,
    new_images,
    pair,
    rank,
    same_dtype,
    sum_dtype,
    to_nhwc,
    window,
)
from .parallel import each
from .routing import Winners, keep_where
from .tiling import Tile, Tiling

BAND_BYTES = 1 << 21  # of input rows worked on at a time


def max_pool2d(
    x: Array,
    ksize: Pair,
    strides: Optional[Pair] = None,
    *,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
) -> Array:
    """The greatest value of every window, as ``tf.nn.max_pool2d``; padding is never the greatest.

    x: (N, H, W, C), or (N, C, H, W) with data_format="NCHW".  ksize, strides, dilations: pixels, int or
    (h, w); strides=None means ksize.  padding: "VALID", "SAME", "FULL" or ((top, bottom), (left, right)).
    Returns (N, out_h, out_w, C) in x's dtype and format.  A NaN in a window comes out as NaN, where
    TensorFlow's kernel drops some; a dilated window that meets nothing but padding gives -inf.
    Raises ValueError for wrong ranks, integers, sizes, and windows that do not fit or would be all padding.
    """
    x = images("x", x, data_format)
    rows, columns = _window(x.shape[1:3], ksize, strides, padding, dilations)
    y, out = new_images((len(x), rows.out, columns.out, x.shape[3]), x.dtype, data_format)
    tiling = _bands(x, out.shape)

    def new_worker():
        windows = Combined(np.maximum, -np.inf, x, rows, columns, tiling, x.dtype)
        return lambda tile: windows(tile, out[tile])

    each(tiling, new_worker)
    return y


def avg_pool2d(
    x: Array,
    ksize: Pair,
    strides: Optional[Pair] = None,
    *,
    padding: Padding = "VALID",
    count_include_pad: bool = False,
    data_format: str = "NHWC",
) -> Array:
    """The mean of every window, as ``tf.nn.avg_pool2d``: over its real pixels, not the padding.

    Arguments as for ``max_pool2d``.  count_include_pad=True divides by kh * kw instead (Caffe, PyTorch).
    Returns (N, out_h, out_w, C) in x's dtype and format; float16 is added up in float32.
    Raises ValueError as ``max_pool2d``.
    """
    x = images("x", x, data_format)
    rows, columns = _window(x.shape[1:3], ksize, strides, padding)
    dtype = sum_dtype(x.dtype)
    counts_of = _counts(rows, columns, count_include_pad, dtype)
    y, out = new_images((len(x), rows.out, columns.out, x.shape[3]), x.dtype, data_format)

    tiling = _bands(x, out.shape)

    def new_worker():
        windows = Combined(np.add, 0, x, rows, columns, tiling, dtype)
        sums = new_buffer((*tiling.shape, x.shape[3]), dtype, windows.planar)

        def worker(tile):
            part = sums[: tile[0].stop - tile[0].start, : tile[1].stop - tile[1].start]
            windows(tile, part)
            np.divide(part, counts_of(tile), out=out[tile], casting="same_kind")

        return worker

    each(tiling, new_worker)
    return y


def max_pool2d_grad(
    x: Array,
    dy: Array,
    ksize: Pair,
    strides: Optional[Pair] = None,
    *,
    padding: Padding = "VALID",
    dilations: Pair = 1,
    data_format: str = "NHWC",
) -> Array:
    """The gradient of ``max_pool2d`` in x: each value of dy goes to the greatest pixel of its window.

    Of several equal ones the first gets all, row by row from the top left, as in TensorFlow's kernel for
    the CPU (``maxpooling_op.cc``, SpatialMaxPoolWithArgMaxHelper).  That kernel looks for a pixel greater
    than the best so far, beginning with the first that is not padding; so does this, NaN included.
    x, dy: input and gradient of the output.  Returns x's shape, dtype and format.
    Raises ValueError as ``max_pool2d``, and where dy has not the shape of the output.
    """
    x = images("x", x, data_format)
    rows, columns = _window(x.shape[1:3], ksize, strides, padding, dilations)
    dy = _output_like(dy, x, (len(x), rows.out, columns.out, x.shape[3]), data_format)
    dx, out = new_images(x.shape, x.dtype, data_format)
    tiling = _bands(x, dy.shape)
    apart = rows.stride >= rows.extent and columns.stride >= columns.extent  # no pixel in two windows

    def new_worker():
        winners = Winners(x, rows, columns, tiling)

        def worker(tile):
            winner, gradient = winners(tile), dy[tile]
            for k, (outputs, pixels) in enumerate(winners.taps(tile)):
                share = keep_where(winner[outputs] == k, gradient[outputs]).astype(sums.dtype, copy=False)
                if apart:
                    target, share = by_pixel(sums, share)
                    target[pixels] = share
                else:
                    sums[pixels] += share

        return worker

    with sums_into(out) as sums:
        _each_image(tiling, new_worker)
    return dx


def avg_pool2d_grad(
    dy: Array,
    input_shape: Shape,
    ksize: Pair,
    strides: Optional[Pair] = None,
    *,
    padding: Padding = "VALID",
    count_include_pad: bool = False,
    data_format: str = "NHWC",
) -> Array:
    """The gradient of ``avg_pool2d`` in x: each value of dy is shared equally by the pixels of its window.

    dy: gradient of the output.  input_shape: shape of x, in data_format.  The rest as in the forward call.
    Returns an array of input_shape in dy's dtype.
    Raises ValueError as ``max_pool2d``, and where dy has not the shape of the output.
    """
    dy = images("dy", dy, data_format)
    shape = image_shape("input_shape", input_shape, data_format)
    rows, columns = _window(shape[1:3], ksize, strides, padding)
    _expect_output(dy, (shape[0], rows.out, columns.out, shape[3]))
    dx, out = new_images(shape, dy.dtype, data_format)
    counts_of = _counts(rows, columns, count_include_pad, sum_dtype(dy.dtype))

    def new_worker():
        def worker(tile):
            images_, out_rows, _ = tile
            shares = dy[tile] / counts_of(tile)
            wide = np.zeros((*shares.shape[:2], shape[2], shape[3]), shares.dtype)
            for j in range(columns.taps):
                c, pixel_c = columns.inside(j)
                wide[:, :, pixel_c] += shares[:, :, c]
            for i in range(rows.taps):
                r, pixel_r = rows.inside(i, out_rows.start, out_rows.stop)
                sums[images_, pixel_r] += wide[:, r]

        return worker

    with sums_into(out) as sums:
        _each_image(_bands(out, dy.shape), new_worker)
    return dx


def global_avg_pool2d(x: Array, *, data_format: str = "NHWC") -> Array:
    """The mean of every channel of every image: (N, C), as ``tf.reduce_mean`` over the pixels."""
    x = _not_empty(images("x", x, data_format))
    total = x.sum(axis=1, dtype=sum_dtype(x.dtype)).sum(axis=1)
    return (total / total.dtype.type(x.shape[1] * x.shape[2])).astype(x.dtype, copy=False)


def global_max_pool2d(x: Array, *, data_format: str = "NHWC") -> Array:
    """The greatest value of every channel of every image: (N, C), as ``tf.reduce_max`` over the pixels."""
    return _not_empty(images("x", x, data_format)).max(axis=1).max(axis=1)


def global_avg_pool2d_grad(dy: Array, input_shape: Shape, *, data_format: str = "NHWC") -> Array:
    """The gradient of ``global_avg_pool2d`` in x.  dy: (N, C).  input_shape: shape of x, in data_format."""
    shape = image_shape("input_shape", input_shape, data_format)
    dy = floating("dy", dy)
    _expect_output(dy, (shape[0], shape[3]))
    dx, out = new_images(shape, dy.dtype, data_format)
    out[...] = (dy / sum_dtype(dy.dtype).type(shape[1] * shape[2]))[:, None, None, :]
    return dx


def global_max_pool2d_grad(x: Array, dy: Array, *, data_format: str = "NHWC") -> Array:
    """The gradient of ``global_max_pool2d`` in x; equal greatest pixels share it, as in ``tf.reduce_max``.

    (``max_pool2d_grad`` gives it all to the first: so does TensorFlow, in each case.)
    """
    x = _not_empty(images("x", x, data_format))
    dy = same_dtype("dy", dy, "x", x)
    _expect_output(dy, (len(x), x.shape[3]))
    greatest = x == x.max(axis=1).max(axis=1)[:, None, None, :]
    dx, out = new_images(x.shape, x.dtype, data_format)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = dy.astype(sum_dtype(x.dtype), copy=False) / greatest.sum(axis=(1, 2))
    out[...] = np.where(greatest, share[:, None, None, :], 0)
    return dx


class sums_into:
    """An array to add gradients to, zero at first; float16 is added up in float32 and rounded at the end."""

    def __init__(self, out: Array) -> None:
        self.out = out
        self.sums = out
        if out.dtype != sum_dtype(out.dtype):
            self.sums = np.empty(out.shape, sum_dtype(out.dtype))

    def __enter__(self):
        self.sums[...] = 0
        return self.sums

    def __exit__(self, *failure):
        if self.sums is not self.out:
            self.out[...] = self.sums


def _bands(x, out_shape):
    """Tiles of whole rows: outputs whose input rows make up about ``BAND_BYTES``."""
    input_bytes = max(1, x.shape[1] * x.shape[2] * x.shape[3] * x.itemsize)
    outputs = max(1, out_shape[1] * out_shape[2])
    return Tiling(out_shape[:3], max(BAND_BYTES * outputs // input_bytes, out_shape[2]))


def _each_image(tiling, new_worker):
    """Bands of one image overlap in the gradient: they stay in one thread, one after the other."""
    images_of: Dict[int, List[Tile]] = {}
    for tile in tiling:
        images_of.setdefault(tile[0].start, []).append(tile)

    def new_image_worker():
        worker = new_worker()

        def image_worker(bands):
            for tile in bands:
                worker(tile)

        return image_worker

    each(images_of.values(), new_image_worker)


def _counts(rows, columns, count_include_pad, dtype):
    """How many pixels the windows' means are over: a function of a tile, (r, c, 1) or one number for all."""
    down, along = rows.count(), columns.count()
    if count_include_pad or (np.all(down == rows.taps) and np.all(along == columns.taps)):
        number = dtype.type(rows.taps * columns.taps)
        return lambda tile: number
    counts = (down[:, None, None] * along[None, :, None]).astype(dtype)
    return lambda tile: counts[tile[1:]]


def _window(size, ksize, strides, padding, dilations=1):
    kernel = pair("ksize", ksize)
    rows, columns = window(size, kernel, kernel if strides is None else strides, padding, dilations)
    if not isinstance(padding, str):
        for (before, after), axis in zip(padding, (rows, columns)):
            if max(before, after) >= axis.extent:
                raise ValueError(
                    f"padding={padding!r}: expected less than the window of {axis.extent} pixels on every "
                    "side, otherwise a window would hold nothing but padding"
                )
    return rows, columns


def _output_like(dy, x, expected, data_format):
    dy = same_dtype("dy", dy, "x", x)
    rank("dy", dy, data_format)
    dy = to_nhwc(dy, data_format)
    _expect_output(dy, expected)
    return dy


def _expect_output(dy, expected):
    if dy.shape != expected:
        raise ValueError(
            f"dy has shape {dy.shape} (seen as NHWC): expected {expected}, the shape of the output"
        )


def _not_empty(x):
    if x.shape[1] * x.shape[2] == 0:
        raise ValueError(f"x has shape {x.shape} (seen as NHWC): expected at least one pixel to pool over")
    return x
