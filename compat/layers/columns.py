"""Windows laid out as columns, so that convolution becomes one matrix product.

``im2col`` and ``col2im`` are the classic pair over a whole NCHW batch, each the transpose of the other.
``Columns`` does the same piece by piece: a tile of outputs at a time, in memory that stays in cache.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .geometry import pads, pair, rank, window


def im2col(images, filter_h, filter_w, stride=1, pad=0, dilation=1):
    """Lays every window of a batch out as one row of a matrix.

    images: (N, C, H, W), any dtype.  stride, dilation: int or (h, w), in pixels.  pad: int for all four
    sides, 'VALID', 'SAME', 'FULL' or ((top, bottom), (left, right)).
    Returns (N * out_h * out_w, C * filter_h * filter_w): rows in the order image, row, column of the
    output; within a row channel, filter row, filter column.
    Raises ValueError for a wrong rank, size, stride or padding and for a window larger than the image.
    """
    images = np.asarray(images)
    rank("images", images, "NCHW")
    rows, columns = _window(images.shape, (filter_h, filter_w), stride, pad, dilation)
    taps = np.zeros((*images.shape[:2], rows.taps, columns.taps, rows.out, columns.out), images.dtype)
    for i in range(rows.taps):
        for j in range(columns.taps):
            (out_rows, pixel_rows), (out_columns, pixel_columns) = rows.inside(i), columns.inside(j)
            taps[:, :, i, j, out_rows, out_columns] = images[:, :, pixel_rows, pixel_columns]
    windows = taps.transpose(0, 4, 5, 1, 2, 3)
    return windows.reshape(len(images) * rows.out * columns.out, images.shape[1] * rows.taps * columns.taps)


def col2im(columns, input_shape, filter_h, filter_w, stride=1, pad=0, dilation=1):
    """Adds the rows of a matrix back into the windows they came from: the transpose of ``im2col``.

    columns: (N * out_h * out_w, C * filter_h * filter_w).  input_shape: (N, C, H, W) of the images; the
    other arguments as for ``im2col``.  Returns images of the columns' dtype; a pixel in several windows
    gets the sum, so ``np.sum(im2col(x) * y) == np.sum(x * col2im(y))`` up to rounding.
    Raises ValueError as ``im2col`` does, and for columns of another shape.
    """
    columns = np.asarray(columns)
    count, channels, height, width = input_shape
    down, along = _window(input_shape, (filter_h, filter_w), stride, pad, dilation)
    expected = (count * down.out * along.out, channels * down.taps * along.taps)
    if columns.shape != expected:
        raise ValueError(
            f"columns has shape {columns.shape}: expected {expected} for images {tuple(input_shape)}"
        )
    taps = columns.reshape(count, down.out, along.out, channels, down.taps, along.taps)
    images = np.zeros((count, channels, height, width), columns.dtype)
    for i in range(down.taps):
        for j in range(along.taps):
            (out_rows, pixel_rows), (out_columns, pixel_columns) = down.inside(i), along.inside(j)
            tap = taps[:, out_rows, out_columns, :, i, j]
            images[:, :, pixel_rows, pixel_columns] += tap.transpose(0, 3, 1, 2)
    return images


def _window(shape, kernel, stride, pad, dilation):
    kernel = pair("filter_h, filter_w", kernel)
    if not isinstance(pad, str) and np.ndim(pad) == 0:
        pad = ((pad, pad), (pad, pad))
    return window(shape[2:], kernel, stride, pads(pad), dilation)


class Columns:
    """The windows of NHWC images as matrices of (taps, pixels), one tile after the other.

    The taps are in the order of HWIO filters: filter row, filter column, channel.  Two layouts in memory,
    for the copies are what costs:

    - planar: tap by tap, each a run of pixels.  For few channels, whose windows would be tiny runs.
    - otherwise pixel by pixel, each a run of ``columns.taps * channels`` values.

    Either way ``__call__`` gives the same matrix, seen as (taps, pixels).  It is only valid until the next
    call: one buffer serves all tiles.
    """

    def __init__(self, x, rows, columns, dtype, ones=False):
        self.x, self.rows, self.columns, self.dtype = x, rows, columns, dtype
        self.ones = int(ones)  # one more tap of ones, to multiply the bias
        self.channels = x.shape[3]
        self.taps = rows.taps * columns.taps * self.channels
        self.planar = columns.taps * self.channels <= 24 or is_planar(x)
        self.band = self.buffer = np.empty(0, dtype)

    def __call__(self, tile):
        windows = self._windows(tile)  # (n, r, c, kh, kw, C)
        pixels = windows.shape[0] * windows.shape[1] * windows.shape[2]
        taps = self.taps + self.ones
        self.buffer = enough(self.buffer, pixels * taps)
        if self.planar:
            matrix = self.buffer[: taps * pixels].reshape(taps, pixels)
            matrix[self.taps :] = 1
            target = matrix[: self.taps].reshape(windows.shape[3:] + windows.shape[:3])
            np.copyto(target, windows.transpose(3, 4, 5, 0, 1, 2))
            return matrix
        matrix = self.buffer[: taps * pixels].reshape(pixels, taps)
        matrix[:, self.taps :] = 1
        step = matrix.strides[0]
        _, r, c, _, kw, channels = windows.shape
        size = matrix.itemsize
        strides = (r * c * step, c * step, step, kw * channels * size, channels * size, size)
        np.copyto(as_strided(matrix, windows.shape, strides), windows)
        return matrix.T

    def _windows(self, tile):
        """The windows of a tile, as a view of the pixels they touch."""
        images, rows, columns = tile
        top, bottom = self.rows.span(rows.start, rows.stop)
        left, right = self.columns.span(columns.start, columns.stop)
        pixels = self._pixels(images, top, bottom, left, right)
        n, r, c, channel = pixels.strides
        shape = (
            images.stop - images.start,
            rows.stop - rows.start,
            columns.stop - columns.start,
            self.rows.taps,
            self.columns.taps,
            self.channels,
        )
        strides = (
            n,
            r * self.rows.stride,
            c * self.columns.stride,
            r * self.rows.dilation,
            c * self.columns.dilation,
            channel,
        )
        return as_strided(pixels, shape, strides, writeable=False)

    def _pixels(self, images, top, bottom, left, right):
        """Part of the images as (n, r, c, channel), zero outside; a view of them where that is as good."""
        height, width = self.x.shape[1:3]
        inside = top >= 0 and left >= 0 and bottom <= height and right <= width
        if inside and (not self.planar or is_planar(self.x)):
            return self.x[images, top:bottom, left:right, :]
        n, r, c = images.stop - images.start, bottom - top, right - left
        self.band = enough(self.band, n * r * c * self.channels)
        band = self.band[: n * r * c * self.channels]
        if self.planar:
            band = band.reshape(self.channels, n, r, c).transpose(1, 2, 3, 0)
        else:
            band = band.reshape(n, r, c, self.channels)
        if not inside:
            band[...] = 0
        r0, r1 = min(max(top, 0), height), max(min(bottom, height), 0)
        c0, c1 = min(max(left, 0), width), max(min(right, width), 0)
        if r0 < r1 and c0 < c1:
            band[:, r0 - top : r1 - top, c0 - left : c1 - left] = self.x[images, r0:r1, c0:c1]
        return band


def is_planar(x):
    """Whether neighbours along a row of these NHWC images are neighbours in memory."""
    return x.strides[2] == x.itemsize


def enough(buffer, size):
    """The buffer, or a larger one of its dtype."""
    return buffer if buffer.size >= size else np.empty(size, buffer.dtype)
