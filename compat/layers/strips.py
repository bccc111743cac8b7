"""Convolution by strips of pixels: rows of windows that overlap in memory, so that less is laid out.

The windows of an output and of the one below it have all but one of their rows in common.  So for every
strip of ``size`` neighbouring outputs of a row, the pixels that it touches are laid out once for each row of
pixels, one below the other.  The windows of an output row are then rows of a matrix as they lie, kernel height
* that long and ``pitch`` apart: kernel height times less to copy than a matrix of all windows (Cho and Brandt,
MEC: Memory-efficient Convolution for Deep Neural Network, 2017, whose strips are of one output).

The filters of a strip are a Toeplitz matrix: those of each output are moved along by a stride, and zero where
its window does not reach.  More is multiplied so, but a few filters by a few channels, which fill no register
of the processor, become many.  Zero times infinity is not a number: what is not finite has strips of one.
"""

import itertools
from typing import Dict, Optional, Tuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..arrays import Array
from .geometry import Axis, Shape, sum_dtype
from .parallel import each
from .products import Filters
from .tiling import Band, Tile, Tiling

TILE_BYTES = 1 << 20  # of laid out pixels: about the level-2 cache


def correlate(
    x: Array, w: Array, rows: Axis, columns: Axis, out: Array, bias: Optional[Array], size: int
) -> None:
    """Convolution of one group, NHWC and HWIO, into ``out``, by strips of ``size`` outputs."""
    dtype = sum_dtype(x.dtype)
    filters = StripFilters(w, bias, columns, size, dtype)
    tiling = tiles(out.shape, filters, rows, dtype)

    def new_worker():
        by_strips = Strips(x, filters, rows, columns, tiling, dtype)

        def worker(tile):
            target = out[tile]
            fitting = out.dtype == dtype and is_row_of_strips(target)
            result = target if fitting else np.empty(target.shape, dtype)
            if not by_strips(tile, result):
                plain = StripFilters(w, bias, columns, 1, dtype)
                Strips(x, plain, rows, columns, tiling, dtype)(tile, result)
            if not fitting:
                target[...] = result

        return worker

    each(tiling, new_worker)


class StripFilters:
    """The filters (kh, kw, C, out), and their bias, for strips of ``size`` outputs."""

    def __init__(self, w: Array, bias: Optional[Array], columns: Axis, size: int, dtype: np.dtype) -> None:
        kh, kw, channels, outputs = w.shape
        self.size, self.span = size, (size - 1) * columns.stride + kw
        self.finite = bool(
            np.isfinite(w).all()
        )  # padding times infinity is not a number, and must be multiplied
        # (kernel row, pixels of the strip * channels and a one for the bias, outputs of the strip)
        self.toeplitz = np.zeros((kh, self.span * channels + (bias is not None), size, outputs), dtype)
        pixels = self.toeplitz[:, : self.span * channels].reshape(kh, self.span, channels, size, outputs)
        for output in range(size):
            pixels[:, output * columns.stride :][:, :kw, :, output] = w
        self.bias = None if bias is None else np.tile(bias.astype(dtype), size)
        self.run = self.toeplitz.shape[1]
        self.of_rows: Dict[Tuple[int, int], Filters] = {}

    def __getitem__(self, kernel_rows: Tuple[int, int]) -> Filters:
        """Those of the kernel rows first to last, the bias with the first."""
        if kernel_rows not in self.of_rows:
            first, last = kernel_rows
            filters = self.toeplitz[first:last].reshape(last - first, self.run, -1).copy()
            if self.bias is not None:
                filters[:, -1] = 0
                filters[0, -1] = self.bias
            self.of_rows[kernel_rows] = Filters(filters.reshape(-1, filters.shape[2]))
        return self.of_rows[kernel_rows]


class Strips:
    """Convolution of NHWC images tile by tile: called with a tile and the array for its outputs."""

    def __init__(
        self, x: Array, filters: StripFilters, rows: Axis, columns: Axis, tiling: Tiling, dtype: np.dtype
    ) -> None:
        self.filters, self.rows = filters, rows
        self.kernel_rows = [self._kernel_rows(row) for row in range(rows.out)]
        self.band = Band(x, rows, columns, tiling, dtype, planar=False, copied=True)
        n, height, width, channels = self.band.origin.shape
        self.whole, rest = divmod(columns.out, filters.size)
        self.lines = np.empty((n, self.whole + bool(rest), height, filters.run), dtype)
        self.lines[..., filters.span * channels :] = 1
        # Each run of pixels is one item, which NumPy copies twice as fast as its numbers one by one.
        pixel = channels * dtype.itemsize
        run = np.dtype((np.void, filters.span * pixel))
        image, row = height * width * pixel, width * pixel
        step = filters.size * columns.stride * pixel
        shape = (n, self.whole, height)
        self.copies = [
            (
                np.ndarray(shape, run, self.lines, 0, self.lines.strides[:3]),
                np.ndarray(shape, run, self.band.origin, 0, (image, step, row)),
            )
        ]
        if rest:  # strips that do not fit beside each other: the last one begins earlier
            skipped = (columns.out - filters.size) * columns.stride * pixel
            shape = (n, height)
            strides = (self.lines.strides[0], self.lines.strides[2])
            self.copies.append(
                (
                    np.ndarray(shape, run, self.lines, self.whole * self.lines.strides[1], strides),
                    np.ndarray(shape, run, self.band.origin, skipped, (image, row)),
                )
            )

    def __call__(self, tile: Tile, out: Array) -> bool:
        """Whether it could: not where a strip would carry what is not finite from one output to the next."""
        images, rows, _ = tile
        n = images.stop - images.start
        pixels = self.band(tile)[:n].reshape(-1)
        if self.filters.size > 1 and not _surely_finite(pixels):
            return False
        for lines, pixels in self.copies:
            lines[:n] = pixels[:n]
        start = 0
        for taps, same in itertools.groupby(self.kernel_rows[rows]):
            stop = start + len(list(same))
            self._multiply(n, start, stop, taps, out[:, start:stop])
            start = stop
        return True

    def _kernel_rows(self, row):
        """The kernel rows that meet the image, not the padding, as (first, one past the last)."""
        if not self.filters.finite:
            return 0, self.rows.taps
        top = row * self.rows.stride - self.rows.before
        return max(0, -top), min(self.rows.taps, self.rows.size - top)

    def _multiply(self, n, start, stop, taps, out):
        first, last = taps
        if first >= last:
            out[...] = 0 if self.filters.bias is None else self.filters.bias[: out.shape[3]]
            return
        size = self.filters.size
        lines = self.lines[:n, :, start * self.rows.stride + first :]
        image, strip, row, value = lines.strides
        shape = (n, stop - start, lines.shape[1], (last - first) * self.filters.run)
        windows = as_strided(lines, shape, (image, row * self.rows.stride, strip, value), writeable=False)
        filters = self.filters[taps]
        filters.multiply(windows[:, :, : self.whole], side_by_side(out[:, :, : self.whole * size], size))
        if self.whole < lines.shape[1]:
            last_strips = side_by_side(out[:, :, -size:], size)[:, :, 0]
            filters.multiply(np.ascontiguousarray(windows[:, :, -1]), last_strips)


def _surely_finite(values):
    """Whether all are finite: so is then the sum of their squares, unless it overflows, the quickest to know."""
    with np.errstate(all="ignore"):
        return np.isfinite(np.dot(values, values))


def side_by_side(images: Array, size: int) -> Array:
    """NHWC images as (n, rows, strips, size * channels), without a copy."""
    n, r, c, channels = images.shape
    image, row, column, channel = images.strides
    assert size == 1 or column == channels * channel
    return as_strided(images, (n, r, c // size, size * channels), (image, row, size * column, channel))


def is_row_of_strips(images: Array) -> bool:
    """Whether neighbours along a row of these NHWC images, of all channels, are neighbours in memory."""
    return images.strides[2:] == (images.shape[3] * images.itemsize, images.itemsize)


def tiles(out_shape: Shape, filters: StripFilters, rows: Axis, dtype: np.dtype) -> Tiling:
    """Whole rows of outputs whose lines make up ``TILE_BYTES``."""
    numbers = TILE_BYTES // dtype.itemsize
    return Tiling(out_shape[:3], max(numbers * filters.size // (filters.run * rows.stride), out_shape[2]))
