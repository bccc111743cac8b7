"""Pooling's engine room: the maximum, or the sum, over every window, a tile of outputs at a time.

That over a window is that down its columns and then along its row: kh + kw steps instead of kh * kw, each
over long runs of memory.  Padding is stepped around, or holds what changes nothing (minus infinity, or 0).
"""

from typing import Sequence

import numpy as np

from ..arrays import Array
from .geometry import Axis, Shape
from .tiling import Tile, Tiling, is_planar


class Combined:
    """``combine`` (maximum or sum) over the windows of a tile: down the rows, then along the columns."""

    def __init__(
        self,
        combine: np.ufunc,
        neutral: float,
        x: Array,
        rows: Axis,
        columns: Axis,
        tiling: Tiling,
        dtype: np.dtype,
    ) -> None:
        self.combine, self.neutral, self.x, self.rows, self.columns = combine, neutral, x, rows, columns
        self.planar = is_planar(x) and x.shape[3] > 1
        left, right = columns.span(0, columns.out)
        self.pixels = slice(max(0, left), min(right, columns.size))
        self.inside = slice(max(0, -left), min(right, columns.size) - left)
        n, r, _ = tiling.shape
        self.down = new_buffer((n, r, right - left, x.shape[3]), dtype, self.planar)
        self.down[...] = neutral  # and the padding on the left and right stays so
        # Of few channels every column is combined, in one long run, and then the right ones are picked.
        self.step = 1 if self.planar else x.shape[3]  # from a pixel to the next along the row
        self.flat = self.step < 32 and columns.stride <= 2
        self.along = np.empty_like(self.down) if self.flat else None

    def __call__(self, tile: Tile, result: Array) -> None:
        """Writes (n, r, c, C) of the tile into ``result``."""
        images_, rows, _ = tile
        n, r = result.shape[:2]
        down = self.down[:n, :r]
        self._combine_down(self.x[images_, :, self.pixels], down[:, :, self.inside], rows.start, rows.stop)
        stride = self.columns.stride
        taps = range(0, self.columns.extent, self.columns.dilation)
        picked = slice(0, (self.columns.out - 1) * stride + 1, stride)
        if self.along is None:
            self._combine_taps([down[:, :, tap:][:, :, picked] for tap in taps], result)
            return
        values, combined = _in_memory(self.down), _in_memory(self.along)
        run = values.size - (self.columns.extent - 1) * self.step
        self._combine_taps([values[tap * self.step :][:run] for tap in taps], combined[:run])
        along = self.along[:n, :r]
        result, along = by_pixel(result, along)
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


def new_buffer(shape: Shape, dtype: np.dtype, planar: bool) -> Array:
    """Memory for (n, r, c, C), channels first if planar."""
    if not planar:
        return np.empty(shape, dtype)
    return np.empty((shape[0], shape[3], shape[1], shape[2]), dtype).transpose(0, 2, 3, 1)


def _in_memory(buffer):
    """All values of a ``_new_buffer`` in the order of its memory."""
    return (buffer if buffer.flags.c_contiguous else buffer.transpose(0, 3, 1, 2)).reshape(-1)


def by_pixel(*images: Array) -> Sequence[Array]:
    """NHWC images with each pixel one item, to be copied as such, if the memory of all allows it."""
    if not all(array.flags.c_contiguous and array.size for array in images):
        return images
    if len({array.dtype for array in images}) > 1:
        return images
    return [array.view(np.dtype((np.void, array.shape[3] * array.itemsize))) for array in images]
