"""Convolution's engine room: windows become the columns of a matrix, a tile of outputs at a time.

Multiplying is what BLAS does at full speed; laying the windows out for it is what costs.  So the tiles are
small enough for their columns to stay in cache, and the columns are laid out so that the copies are long
runs of memory:

- planar, tap by tap, each a run of pixels.  For few channels, where a window's own runs would be tiny.
- by pixels, each a run of kernel width * channels values.  For many channels.

Either way a tile's columns are one matrix of (pixels, taps) times the filters as (taps, out), and the taps
are in the order of HWIO filters: row, column, channel.
"""

from typing import Iterator, Optional, Tuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..arrays import Array
from .geometry import Axis, Shape
from .products import Filters, for_blas

#: Of outputs: images, rows, columns.
Tile = Tuple[slice, slice, slice]

PLANAR_RUN = 24  # up to so many values to a kernel row, planar columns are faster


class Tiling:
    """(count, rows, columns) of outputs cut into tiles of about ``pixels``.

    A tile is some whole images, or some whole rows of one image, or a piece of one row, whichever is the
    largest that fits; ``shape`` is that of the largest tile.  Iterating gives tuples of three slices.
    Cut is into an even number of parts of about the same size, which two threads can share.
    """

    def __init__(self, total: Shape, pixels: int) -> None:
        count, rows, columns = total
        # Two threads are to share what is worth it.
        half = -(-count * rows * columns // 2) + columns
        pixels = max(1, min(pixels, max(pixels // 2, half)))
        self.total = (count, rows, columns)
        self.shape = (
            _even_step(count, max(1, pixels // max(1, rows * columns))),
            _even_step(rows, max(1, pixels // max(1, columns))),
            _even_step(columns, pixels),
        )

    def __iter__(self) -> Iterator[Tile]:
        if 0 in self.total:
            return
        images, rows, columns = (
            [slice(start, min(start + step, total)) for start in range(0, total, step)]
            for total, step in zip(self.total, self.shape)
        )
        for image in images:
            for row in rows:
                for column in columns:
                    yield image, row, column


class Band:
    """The pixels that a tile's windows touch, zero outside the image; laid out channel by channel if planar.

    Where that is how the images lie in memory and no window leaves them, nothing is copied (``direct``),
    unless ``copied`` asks for it.
    ``origin`` is an array of NHWC pixels, the first of them under the first tap of the first of ``outputs``.
    """

    def __init__(
        self,
        x: Array,
        rows: Axis,
        columns: Axis,
        tiling: Tiling,
        dtype: np.dtype,
        planar: bool,
        copied: bool = False,
    ) -> None:
        self.x, self.rows, self.columns = x, rows, columns
        self.edges: Optional[Tuple[int, ...]] = None  # of the tile before
        inside = rows.before <= 0 and columns.before <= 0 and _ends_inside(rows) and _ends_inside(columns)
        self.direct = inside and (is_planar(x) or not planar) and not copied
        if self.direct:
            self.outputs = (x.shape[0], rows.out, columns.out)
            self.origin = x[:, -rows.before :, -columns.before :]
            return
        self.outputs = n, r, c = tiling.shape
        height, width = ((s - 1) * a.stride + a.extent for s, a in ((r, rows), (c, columns)))
        if planar:
            self.origin = np.zeros((x.shape[3], n, height, width), dtype).transpose(1, 2, 3, 0)
        else:
            self.origin = np.zeros((n, height, width, x.shape[3]), dtype)

    def __call__(self, tile: Tile) -> Array:
        """The pixels of a tile, (n, height, width, channels) from its first tap on; valid until the next."""
        images, rows, columns = tile
        if self.direct:
            down, along = rows.start * self.rows.stride, columns.start * self.columns.stride
            return self.origin[images, down:, along:]
        (top, bottom), (left, right) = (
            self.rows.span(rows.start, rows.stop),
            self.columns.span(columns.start, columns.stop),
        )
        height, width = self.x.shape[1:3]
        r0, r1 = max(top, 0), min(bottom, height)
        c0, c1 = max(left, 0), min(right, width)
        edges = (r0 - top, r1 - top, c0 - left, c1 - left)
        if edges != self.edges:  # otherwise the zeros of the tile before are in the right places
            self.origin[...] = 0
            self.edges = edges
        if r0 < r1 and c0 < c1:
            n = images.stop - images.start
            self.origin[:n, edges[0] : edges[1], edges[2] : edges[3]] = self.x[images, r0:r1, c0:c1]
        return self.origin


class Columns:
    """The windows of NHWC images as a matrix, tile by tile.

    Called with a tile it gives (pixels, taps), valid until the next call: one buffer serves all tiles.
    ``ones`` adds a last column of ones, which multiplies the bias.
    """

    def __init__(
        self, x: Array, rows: Axis, columns: Axis, tiling: Tiling, dtype: np.dtype, ones: bool = False
    ) -> None:
        self.x, self.rows, self.columns = x, rows, columns
        self.channels = x.shape[3]
        self.taps = rows.taps * columns.taps * self.channels
        self.width = self.taps + ones
        few = columns.taps * self.channels <= PLANAR_RUN and rows.taps * columns.taps > 1
        self.planar = few or is_planar(x)
        self.dtype = dtype
        n, r, c = tiling.shape
        self.buffer = np.empty(n * r * c * self.width, dtype)
        self.layout: Optional[Tuple[int, int, int]] = None  # of the tile before
        self.band = Band(x, rows, columns, tiling, dtype, self.planar)
        pixels = self.band.origin
        # A kernel row of a window is then one item, which NumPy copies faster than its numbers one by one.
        adjoining = columns.dilation == 1 and pixels.flags.c_contiguous and pixels.dtype == dtype
        self.by_run = adjoining and not self.planar and 0 not in pixels.shape
        self.windows = self._windows(pixels, *self.band.outputs)

    def __call__(self, tile: Tile) -> Array:
        images, rows, columns = tile
        n, r, c = images.stop - images.start, rows.stop - rows.start, columns.stop - columns.start
        if self.band.direct:
            windows = self.windows[images, rows, columns]
            if self.width == self.channels and self.band.origin.dtype == self.dtype:  # 1 x 1: as they lie
                down, along = (
                    slice(a.start * s.stride, (a.stop - 1) * s.stride + 1, s.stride)
                    for a, s in ((rows, self.rows), (columns, self.columns))
                )
                matrix = as_matrix(self.band.origin[images, down, along])
                if matrix is not None:
                    return for_blas(matrix)
        else:
            self.band(tile)
            windows = self.windows[:n, :r, :c]
        if (n, r, c) != self.layout:
            self.layout = (n, r, c)
            self.target, self.matrix = self._layout(n, r, c)
        self.target[...] = windows
        return self.matrix

    def _windows(self, pixels, n, r, c):
        """Every window of ``pixels`` as one view: (n, r, c, kernel row, kernel column, channel)."""
        image, row, column, channel = pixels.strides
        down, along = self.rows, self.columns
        if self.by_run:
            strides = (image, row * down.stride, column * along.stride, row * down.dilation)
            return np.ndarray((n, r, c, down.taps), self._run(), pixels, 0, strides)
        return as_strided(
            pixels,
            (n, r, c, down.taps, along.taps, self.channels),
            (
                image,
                row * down.stride,
                column * along.stride,
                row * down.dilation,
                column * along.dilation,
                channel,
            ),
            writeable=False,
        )

    def _run(self):
        return np.dtype((np.void, self.columns.taps * self.channels * self.dtype.itemsize))

    def _layout(self, n, r, c):
        """The buffer for a tile of that shape, as windows and as matrix."""
        pixels, kernel = n * r * c, (self.rows.taps, self.columns.taps, self.channels)
        values = self.buffer[: pixels * self.width]
        if self.planar:
            planes = values.reshape(self.width, pixels)
            planes[self.taps :] = 1
            return planes[: self.taps].reshape(*kernel, n, r, c).transpose(3, 4, 5, 0, 1, 2), planes.T
        matrix = values.reshape(pixels, self.width)
        matrix[:, self.taps :] = 1
        steps = (r * c * self.width, c * self.width, self.width, kernel[1] * kernel[2], kernel[2], 1)
        strides = [step * self.buffer.itemsize for step in steps]
        if self.by_run:
            return np.ndarray((n, r, c, kernel[0]), self._run(), self.buffer, 0, strides[:4]), matrix
        return as_strided(self.buffer, (n, r, c, *kernel), strides), matrix


class Scatter:
    """The transpose of planar ``Columns``: gradients of the columns added up into the images, tile by tile.

    A tile here is of pixels.  It gathers what every output that touches it hands back, so neighbouring
    tiles do not wait for each other; the outputs at their seam are worked out twice.
    """

    def __init__(
        self,
        dy: Array,
        filters: Filters,
        rows: Axis,
        columns: Axis,
        dx: Array,
        tiling: Tiling,
        dtype: np.dtype,
    ) -> None:
        self.dy, self.filters, self.rows, self.columns, self.dx = dy, filters, rows, columns, dx
        images, height, _ = tiling.shape
        outputs = min(rows.out, (height + rows.extent - 2) // rows.stride + 1)
        self.width = (columns.out - 1) * columns.stride + columns.extent
        # Where columns are as wide as the band, with zeros between their rows, all rows of a tap are one
        # long run in both.
        self.flat = images == rows.stride == columns.stride == 1
        self.pitch = self.width if self.flat else columns.out
        self.planes = np.zeros(filters.shape[1] * images * outputs * self.pitch, dtype)
        self.band = np.empty(
            dx.shape[3] * images * ((outputs - 1) * rows.stride + rows.extent) * self.width, dtype
        )

    def __call__(self, tile: Tile) -> None:
        images, pixels, _ = tile
        down, along, target = self.rows, self.columns, self.dx[tile]
        first = max(0, -(-(pixels.start + down.before - down.extent + 1) // down.stride))
        last = min(down.out, (pixels.stop - 1 + down.before) // down.stride + 1)
        if first >= last:
            target[...] = 0
            return
        band = self._band(self.dy[images, first:last].astype(self.band.dtype, copy=False))
        (top, bottom), (left, right) = down.span(first, last), along.span(0, along.out)
        r0, r1 = max(top, pixels.start), min(bottom, pixels.stop)
        c0, c1 = max(left, 0), min(right, along.size)
        if (r0, r1, c0, c1) != (pixels.start, pixels.stop, 0, along.size):
            target[...] = 0
        if r0 < r1 and c0 < c1:
            inside = target[:, r0 - pixels.start : r1 - pixels.start, c0:c1]
            for channel, plane in enumerate(band[:, :, r0 - top : r1 - top, c0 - left : c1 - left]):
                inside[..., channel] = plane

    def _band(self, dy):
        """The pixels that a tile's dy has to do with: (channels, images, rows, columns), padding included."""
        n, r, c, channels = dy.shape
        down, along = self.rows, self.columns
        taps = (down.taps, along.taps, self.dx.shape[3])
        planes = self.planes[: self.filters.shape[1] * n * r * self.pitch]
        shape = (taps[2], n, (r - 1) * down.stride + down.extent, self.width)
        band = self.band[: int(np.prod(shape))]
        band[...] = 0
        if self.flat:
            products = planes.reshape(-1, r, self.pitch)[:, :, :c].transpose(1, 2, 0)
            self.filters.multiply(for_blas(dy[0]), products)
            planes, flat_band = planes.reshape(*taps, -1), band.reshape(taps[2], -1)
            run = r * self.pitch - along.extent + 1  # up to the last gradient: only zeros follow
            for i, j in np.ndindex(*taps[:2]):
                shift = i * down.dilation * self.width + j * along.dilation
                flat_band[:, shift : shift + run] += planes[i, j, :, :run]
            return band.reshape(shape)
        self.filters.multiply(for_blas(dy.reshape(-1, channels)), planes.reshape(-1, n * r * c).T)
        planes, band = planes.reshape(*taps, n, r, c), band.reshape(shape)
        for i, j in np.ndindex(*taps[:2]):
            row, column = i * down.dilation, j * along.dilation
            rows = slice(row, row + (r - 1) * down.stride + 1, down.stride)
            columns = slice(column, column + (c - 1) * along.stride + 1, along.stride)
            band[:, :, rows, columns] += planes[i, j]
        return band


def as_matrix(images: Array) -> Optional[Array]:
    """NHWC images as (pixels, channels) without a copy, or None where their memory does not allow it."""
    pixels, unit = 1, None
    for size, stride in zip(images.shape[2::-1], images.strides[2::-1]):
        if size != 1:
            if unit is not None and stride != pixels * unit:
                return None
            unit = stride if unit is None else unit
            pixels *= size
    return images.reshape(pixels, images.shape[3])


def is_planar(x: Array) -> bool:
    """Whether neighbours along a row of these NHWC images are neighbours in memory."""
    return x.strides[2] == x.itemsize


def _even_step(total, most):
    """The step, of at most ``most``, that cuts ``total`` not at all or into an even number of parts."""
    parts = -(-total // most)
    return total if parts <= 1 else -(-total // (parts + parts % 2))


def _ends_inside(axis):
    return axis.span(0, axis.out)[1] <= axis.size
