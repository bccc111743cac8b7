"""How a convolution of one group of channels is computed, and its gradients.

All of it is one routine, ``correlate``: a tile of windows becomes a matrix (``Columns``) and is
multiplied by the filters, straight into its place in the output.  The gradient in x is again such a
convolution, of dy with the filters turned around; the gradient in w multiplies the same columns by dy.
Images are NHWC and filters (kh, kw, in, out); what does not fit was refused before (``convolution.py``).
"""

from typing import Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from . import costs, depthwise, planes, strips
from .geometry import Axis, sum_dtype
from .parallel import each, in_order
from .products import Filters, add_product, for_blas
from .tiling import PLANAR_RUN, Columns, Scatter, Tiling, as_matrix, is_planar

TILE_BYTES = 1 << 20  # of columns: they stay in the level-2 cache with what they are multiplied by
TILE_PIXELS = 448  # but so many outputs at least, up to LARGEST_TILE, for large filters are costly to reread
LARGEST_TILE = 1 << 23
PARTIAL_SUMS = 8  # filter gradients are added up in so many parts, whatever the number of threads


def correlate(
    x: Array, w: Array, rows: Axis, columns: Axis, out: Array, bias: Optional[Array] = None
) -> None:
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


def correlate_transposed(dy: Array, w: Array, rows: Axis, columns: Axis, dx: Array) -> None:
    """The transpose of ``correlate`` in x, of one group, into ``dx``.

    For few channels, dy times the filters gives the gradients of the columns, added up where they belong.
    For many, it is a convolution again (``transposed``).
    """
    few = w.shape[2] * columns.taps <= PLANAR_RUN
    row_bytes = w[..., 0].size * columns.out * sum_dtype(dy.dtype).itemsize
    if not few or row_bytes > LARGEST_TILE or 0 in dy.shape or 0 in dx.shape:
        transposed([(dy, w)], rows, columns, dx)
        return
    dtype = sum_dtype(dy.dtype)
    filters = Filters(w.reshape(-1, w.shape[3]).T.astype(dtype, copy=False))
    outputs = 2 * TILE_BYTES // (filters.shape[1] * dtype.itemsize)
    pixel_rows = max(1, outputs * rows.stride * columns.stride // columns.size)
    tiling = Tiling((len(dx), rows.size, columns.size), pixel_rows * columns.size)
    each(tiling, lambda: Scatter(dy, filters, rows, columns, dx, tiling, dtype))


def transposed(terms: Sequence[Tuple[Array, Array]], rows: Axis, columns: Axis, dx: Array) -> None:
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
                correlate(dy, w.transpose(0, 1, 3, 2), down, along, target)


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


def filter_grad(x: Array, dy: Array, rows: Axis, columns: Axis) -> Array:
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
