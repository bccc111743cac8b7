"""Windows laid out as columns, so that convolution becomes one matrix product.

``im2col`` and ``col2im`` are the classic pair over a whole NCHW batch, each the transpose of the other.
``tiling.Columns`` does the same piece by piece: a tile of outputs at a time, in memory that stays in cache.
"""

from typing import Union

import numpy as np

from ..arrays import Array
from .geometry import Padding, Pair, Shape, pads, pair, rank, window


def im2col(
    images: Array,
    filter_h: int,
    filter_w: int,
    stride: Pair = 1,
    pad: Union[int, Padding] = 0,
    dilation: Pair = 1,
) -> Array:
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


def col2im(
    columns: Array,
    input_shape: Shape,
    filter_h: int,
    filter_w: int,
    stride: Pair = 1,
    pad: Union[int, Padding] = 0,
    dilation: Pair = 1,
) -> Array:
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
