"""Max pooling's way back: which pixel of its window each output came from."""

from typing import Iterator, Tuple

import numpy as np

from ..arrays import Array
from .combining import Combined, by_pixel, new_buffer
from .geometry import Axis
from .tiling import Tile, Tiling


class Winners:
    """For the windows of a tile, the number of the tap that max pooling took: row by row from the top left.

    The taken one is TensorFlow's (``maxpooling_op.cc``, SpatialMaxPoolWithArgMaxHelper): the first pixel that
    is not padding leads, and a later one takes over if it is greater.  Unless a NaN is about, that is the
    first that equals the maximum, which is quicker to find.
    """

    def __init__(self, x: Array, rows: Axis, columns: Axis, tiling: Tiling) -> None:
        self.x, self.rows, self.columns = x, rows, columns
        self.number = np.min_scalar_type(rows.taps * columns.taps)
        self.nobody = np.iinfo(self.number).max  # where a window is nothing but padding
        self.maxima = Combined(np.maximum, -np.inf, x, rows, columns, tiling, x.dtype)

    def taps(self, tile: Tile) -> Iterator[Tuple[Tuple[slice, ...], Tuple[slice, ...]]]:
        """For each tap in order two indices: the outputs of the tile where it is inside, and the pixels."""
        images, rows, _ = tile
        for i in range(self.rows.taps):
            r, pixel_r = self.rows.inside(i, rows.start, rows.stop)
            for j in range(self.columns.taps):
                c, pixel_c = self.columns.inside(j)
                yield (slice(None), r, c), (images, pixel_r, pixel_c)

    def __call__(self, tile: Tile) -> Array:
        sizes = [part.stop - part.start for part in tile]
        maximum = new_buffer((*sizes, self.x.shape[3]), self.x.dtype, self.maxima.planar)
        self.maxima(tile, maximum)
        winner = np.full_like(maximum, self.nobody, self.number)
        for k, (outputs, pixels) in enumerate(self.taps(tile)):
            loses = (self._values(pixels) != maximum[outputs]).astype(self.number)
            np.negative(loses, out=loses)  # 0 or all bits, which no number is greater than
            np.minimum(winner[outputs], loses | self.number.type(k), out=winner[outputs])
        if (winner == self.nobody).any():
            return self._one_by_one(tile, maximum, winner)
        return winner

    def _values(self, pixels):
        """Those pixels of x; short runs of channels laid out behind each other first."""
        values = self.x[pixels]
        if values.shape[3] >= 32 or values.flags.c_contiguous:
            return values
        copy = np.empty(values.shape, values.dtype)
        x, target = by_pixel(self.x, copy)
        target[...] = x[pixels]
        return copy

    def _one_by_one(self, tile, best, winner):
        """The rule itself, for any values."""
        winner[...] = self.nobody
        with np.errstate(invalid="ignore"):  # older NumPy warns where NaN is compared
            for k, (outputs, pixels) in enumerate(self.taps(tile)):
                values, leader, number = self.x[pixels], best[outputs], winner[outputs]
                better = (number == self.nobody) | (leader < values)
                np.copyto(leader, values, where=better)
                np.copyto(number, number.dtype.type(k), where=better)
        return winner


def keep_where(condition: Array, values: Array) -> Array:
    """The values where the condition holds, else 0: by their bits, for a branch on each would cost more."""
    integer = np.dtype(f"i{values.itemsize}")
    bits = np.negative(condition.view(np.int8)).astype(integer)  # none or all of them
    bits &= values.view(integer)
    return bits.view(values.dtype)
