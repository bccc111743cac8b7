"""Columns that neighbouring rows of outputs share: the fast path for few channels and wide images.

The window of an output and that of the output below it have all but one of their rows in common.  So every
row of pixels is laid out once, as its kernel width * channels shifted copies, one below the other; the
columns of an output row are then kernel height * that many neighbouring copies, where they lie.  This is
kernel height times less to copy than a matrix of all windows (``Columns`` in ``tiling.py``).
"""

from typing import Optional

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..arrays import Array
from .geometry import Axis, Shape
from .tiling import PLANAR_RUN, Band, Tile, Tiling

LEAST_WIDTH = 48  # of the output: each of its rows is a matrix, and BLAS wants them large
TILE_BYTES = 1 << 20  # of shifted copies: most of the level-2 cache, for the rows at a seam are copied twice


def fits(x: Array, rows: Axis, columns: Axis) -> bool:
    """Whether rows of outputs share enough for this path: tall windows, few channels, wide images."""
    few = columns.taps * x.shape[3] <= PLANAR_RUN
    return few and rows.dilation == 1 and rows.taps > rows.stride and columns.out >= LEAST_WIDTH


class Planes:
    """The columns of every row of outputs, tile by tile.

    Called with a tile it gives (images, rows, pixels, taps), valid until the next call.  The taps are in
    the order of HWIO filters; ``ones`` adds a one after the taps of each kernel row.
    """

    def __init__(
        self, x: Array, rows: Axis, columns: Axis, tiling: Tiling, dtype: np.dtype, ones: bool = False
    ) -> None:
        self.rows, self.columns, self.channels = rows, columns, x.shape[3]
        self.run = columns.taps * self.channels  # shifted copies of a row of pixels
        n, r, c = tiling.shape
        height = (r - 1) * rows.stride + rows.taps
        self.copies = np.empty((n, height, self.run + ones, c), dtype)
        self.copies[:, :, self.run :] = 1
        self.band = Band(x, rows, columns, tiling, dtype, planar=True)

    def __call__(self, tile: Tile) -> Array:
        images, down, along = tile
        n, r, c = images.stop - images.start, down.stop - down.start, along.stop - along.start
        pixels = self.band(tile)
        height = (r - 1) * self.rows.stride + self.rows.taps
        image, row, column, channel = pixels.strides
        shifted = as_strided(
            pixels,
            (n, height, self.columns.taps, self.channels, c),
            (image, row, column * self.columns.dilation, channel, column * self.columns.stride),
            writeable=False,
        )
        copies = self.copies[:n, :height, :, :c]
        image, row, tap, pixel = copies.strides
        steps = (image, row, tap * self.channels, tap, pixel)
        as_strided(copies, shifted.shape, steps)[...] = shifted
        taps = self.rows.taps * self.copies.shape[2]
        return as_strided(
            copies, (n, r, c, taps), (image, row * self.rows.stride, pixel, tap), writeable=False
        )


def with_bias(w: Array, bias: Optional[Array], dtype: np.dtype) -> Array:
    """The filters (kh, kw, C, out) as a matrix for such columns; the bias multiplies the first row's one."""
    run = w.shape[1] * w.shape[2]
    filters = np.zeros((w.shape[0], run + (bias is not None), w.shape[3]), dtype)
    filters[:, :run] = w.reshape(w.shape[0], run, w.shape[3])
    if bias is not None:
        filters[0, run] = bias
    return filters.reshape(-1, w.shape[3])


def tiles(out_shape: Shape, run: int, dtype: np.dtype) -> Tiling:
    """Whole rows of outputs whose pixels' shifted copies, ``run`` to a pixel, make up ``TILE_BYTES``."""
    return Tiling(out_shape[:3], max(TILE_BYTES // (run * dtype.itemsize), out_shape[2]))
