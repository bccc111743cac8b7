"""Pooling and its gradients: the greatest value or the mean of every window.

A window's maximum is the maximum along its rows, then along its columns (sums likewise): kh + kw steps
instead of kh * kw, each over long runs of memory.  Padding is never read, it is stepped around.
What pooling means is in ``definition.py``, and the tests hold this file to it.
"""

import numpy as np

from .geometry import (
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
from .tiling import Tiling, is_planar

BAND_BYTES = 1 << 19  # of input rows worked on at a time


def max_pool2d(x, ksize, strides=None, *, padding="VALID", dilations=1, data_format="NHWC"):
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
        windows = Windows(np.maximum, -np.inf, x, rows, columns, tiling, x.dtype)
        return lambda tile: windows(tile, out[tile])

    each(tiling, new_worker)
    return y


def avg_pool2d(x, ksize, strides=None, *, padding="VALID", count_include_pad=False, data_format="NHWC"):
    """The mean of every window, as ``tf.nn.avg_pool2d``: over its real pixels, not the padding.

    Arguments as for ``max_pool2d``.  count_include_pad=True divides by kh * kw instead (Caffe, PyTorch).
    Returns (N, out_h, out_w, C) in x's dtype and format; float16 is added up in float32.
    Raises ValueError as ``max_pool2d``.
    """
    x = images("x", x, data_format)
    rows, columns = _window(x.shape[1:3], ksize, strides, padding)
    dtype = sum_dtype(x.dtype)
    counts = _counts(rows, columns, count_include_pad, dtype)
    y, out = new_images((len(x), rows.out, columns.out, x.shape[3]), x.dtype, data_format)

    tiling = _bands(x, out.shape)

    def new_worker():
        windows = Windows(np.add, 0, x, rows, columns, tiling, dtype)
        sums = _new_buffer((*tiling.shape, x.shape[3]), dtype, windows.planar)

        def worker(tile):
            part = sums[: tile[0].stop - tile[0].start, : tile[1].stop - tile[1].start]
            windows(tile, part)
            np.divide(
                part, counts[tile[1:]] if np.ndim(counts) else counts, out=out[tile], casting="same_kind"
            )

        return worker

    each(tiling, new_worker)
    return y


def max_pool2d_grad(x, dy, ksize, strides=None, *, padding="VALID", dilations=1, data_format="NHWC"):
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
    taps = [(i, j) for i in range(rows.taps) for j in range(columns.taps)]
    number = np.min_scalar_type(len(taps))

    def new_worker():
        def worker(tile):
            images_, out_rows, _ = tile
            gradient = dy[tile]
            best, winner = _first_real(x[images_], rows, columns, out_rows, number)
            for k, (i, j) in enumerate(taps):
                (r, pixel_r), (c, pixel_c) = rows.inside(i, out_rows.start, out_rows.stop), columns.inside(j)
                values, leader = x[images_, pixel_r, pixel_c], best[:, r, c]
                better = leader < values
                np.copyto(leader, values, where=better)
                np.copyto(winner[:, r, c], number.type(k), where=better)
            for k, (i, j) in enumerate(taps):
                (r, pixel_r), (c, pixel_c) = rows.inside(i, out_rows.start, out_rows.stop), columns.inside(j)
                share = out_[images_, pixel_r, pixel_c]
                np.add(share, gradient[:, r, c], out=share, where=winner[:, r, c] == k)

        return worker

    with sums_into(out) as out_:
        _each_image(x, dy.shape, new_worker)
    return dx


def avg_pool2d_grad(
    dy, input_shape, ksize, strides=None, *, padding="VALID", count_include_pad=False, data_format="NHWC"
):
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
    counts = _counts(rows, columns, count_include_pad, sum_dtype(dy.dtype))

    def new_worker():
        def worker(tile):
            images_, out_rows, _ = tile
            shares = dy[tile] / (counts[tile[1:]] if np.ndim(counts) else counts)
            wide = np.zeros((*shares.shape[:2], shape[2], shape[3]), shares.dtype)
            for j in range(columns.taps):
                c, pixel_c = columns.inside(j)
                wide[:, :, pixel_c] += shares[:, :, c]
            for i in range(rows.taps):
                r, pixel_r = rows.inside(i, out_rows.start, out_rows.stop)
                out_[images_, pixel_r] += wide[:, r]

        return worker

    with sums_into(out) as out_:
        _each_image(out, dy.shape, new_worker)
    return dx


def global_avg_pool2d(x, *, data_format="NHWC"):
    """The mean of every channel of every image: (N, C), as ``tf.reduce_mean`` over the pixels."""
    x = _not_empty(images("x", x, data_format))
    total = x.sum(axis=1, dtype=sum_dtype(x.dtype)).sum(axis=1)
    return (total / total.dtype.type(x.shape[1] * x.shape[2])).astype(x.dtype, copy=False)


def global_max_pool2d(x, *, data_format="NHWC"):
    """The greatest value of every channel of every image: (N, C), as ``tf.reduce_max`` over the pixels."""
    return _not_empty(images("x", x, data_format)).max(axis=1).max(axis=1)


def global_avg_pool2d_grad(dy, input_shape, *, data_format="NHWC"):
    """The gradient of ``global_avg_pool2d`` in x.  dy: (N, C).  input_shape: shape of x, in data_format."""
    shape = image_shape("input_shape", input_shape, data_format)
    dy = floating("dy", dy)
    _expect_output(dy, (shape[0], shape[3]))
    dx, out = new_images(shape, dy.dtype, data_format)
    out[...] = (dy / sum_dtype(dy.dtype).type(shape[1] * shape[2]))[:, None, None, :]
    return dx


def global_max_pool2d_grad(x, dy, *, data_format="NHWC"):
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


class Windows:
    """``combine`` (maximum or sum) over the windows of a tile: down the rows, then along the columns."""

    def __init__(self, combine, neutral, x, rows, columns, tiling, dtype):
        self.combine, self.neutral, self.x, self.rows, self.columns = combine, neutral, x, rows, columns
        self.planar = is_planar(x) and x.shape[3] > 1
        left, right = columns.span(0, columns.out)
        self.pixels = slice(max(0, left), min(right, columns.size))
        self.inside = slice(max(0, -left), min(right, columns.size) - left)
        n, r, _ = tiling.shape
        self.down = _new_buffer((n, r, right - left, x.shape[3]), dtype, self.planar)
        self.down[...] = neutral  # and the padding on the left and right stays so
        # Of few channels every column is combined, in one long run, and then the right ones are picked.
        self.step = 1 if self.planar else x.shape[3]  # from a pixel to the next along the row
        self.flat = self.step < 32 and columns.stride <= 2
        self.along = np.empty_like(self.down) if self.flat else None

    def __call__(self, tile, result):
        """Writes (n, r, c, C) of the tile into ``result``."""
        images_, rows, _ = tile
        n, r = result.shape[:2]
        down = self.down[:n, :r]
        self._combine_down(self.x[images_, :, self.pixels], down[:, :, self.inside], rows.start, rows.stop)
        stride = self.columns.stride
        taps = range(0, self.columns.extent, self.columns.dilation)
        picked = slice(0, (self.columns.out - 1) * stride + 1, stride)
        if not self.flat:
            self._combine_taps([down[:, :, tap:][:, :, picked] for tap in taps], result)
            return
        values, combined = _in_memory(self.down), _in_memory(self.along)
        run = values.size - (self.columns.extent - 1) * self.step
        self._combine_taps([values[tap * self.step :][:run] for tap in taps], combined[:run])
        along = self.along[:n, :r]
        if result.flags.c_contiguous and along.flags.c_contiguous and result.size:
            pixel = np.dtype((np.void, result.shape[3] * result.itemsize))
            result, along = result.view(pixel), along.view(pixel)  # copied a pixel at a time
        result[...] = along[:, :, picked]

    def _combine_down(self, pixels, result, start, stop):
        taps = [self.rows.inside(tap, start, stop) for tap in range(self.rows.taps)]
        if all(outputs == slice(0, stop - start) for outputs, _ in taps):
            self._combine_taps([pixels[:, rows] for _, rows in taps], result)
            return
        result[...] = self.neutral
        for outputs, rows in taps:
            self.combine(result[:, outputs], pixels[:, rows], out=result[:, outputs])

    def _combine_taps(self, taps, result):
        if len(taps) == 1:
            result[...] = taps[0]
            return
        self.combine(taps[0], taps[1], out=result, dtype=result.dtype)
        for tap in taps[2:]:
            self.combine(result, tap, out=result)


def _new_buffer(shape, dtype, planar):
    """Memory for (n, r, c, C), channels first if planar."""
    if not planar:
        return np.empty(shape, dtype)
    return np.empty((shape[0], shape[3], shape[1], shape[2]), dtype).transpose(0, 2, 3, 1)


def _in_memory(buffer):
    """All values of a ``_new_buffer`` in the order of its memory."""
    return (buffer if buffer.flags.c_contiguous else buffer.transpose(0, 3, 1, 2)).reshape(-1)


def _first_real(x, rows, columns, out_rows, number):
    """For a band of outputs, the value and the tap number of each window's first pixel that is not padding.

    A window of nothing but padding gets NaN and the number after the last tap: no pixel is greater.
    """
    row_pixel, row_tap, row_real = _first_taps(rows, out_rows.start, out_rows.stop)
    column_pixel, column_tap, column_real = _first_taps(columns, 0, columns.out)
    real = row_real[:, None] & column_real
    tap = np.where(real, row_tap[:, None] * columns.taps + column_tap, rows.taps * columns.taps)
    best = x[:, row_pixel[:, None], column_pixel, :]
    if not real.all():
        best[:, ~real] = np.nan
    winner = np.empty(best.shape, number)
    winner[...] = tap[:, :, None]
    return best, winner


def _first_taps(axis, start, stop):
    """The first tap of each output that is not padding: (its pixel, its number, whether there is one)."""
    corner = np.arange(start, stop) * axis.stride - axis.before
    tap = np.maximum(0, -(corner // axis.dilation))
    pixel = corner + tap * axis.dilation
    real = (tap < axis.taps) & (pixel < axis.size)
    return np.where(real, pixel, 0), tap, real


class sums_into:
    """An array to add gradients to, zero at first; float16 is added up in float32 and rounded at the end."""

    def __init__(self, out):
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
    return Tiling(*out_shape[:3], max(BAND_BYTES * outputs // input_bytes, out_shape[2]))


def _each_image(x, out_shape, new_worker):
    """Bands of one image overlap in the gradient: they stay in one thread, one after the other."""
    images_of = {}
    for tile in _bands(x, out_shape):
        images_of.setdefault(tile[0].start, []).append(tile)

    def new_image_worker():
        worker = new_worker()

        def image_worker(bands):
            for tile in bands:
                worker(tile)

        return image_worker

    each(images_of.values(), new_image_worker)


def _counts(rows, columns, count_include_pad, dtype):
    """How many pixels each window's mean is over: (out_h, out_w, 1), or one number if it is the same."""
    down, along = rows.count(), columns.count()
    if count_include_pad or (np.all(down == rows.taps) and np.all(along == columns.taps)):
        return dtype.type(rows.taps * columns.taps)
    return (down[:, None, None] * along[None, :, None]).astype(dtype)


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
