"""Convolution of each channel on its own: too few products for a matrix, so tap by tap.

Each tap multiplies a shifted image by its row of weights and adds; a tile at a time, so that what is added
to stays in cache.  Images are NHWC views, filters (kh, kw, C, multiplier).
"""

from typing import Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from .combining import new_buffer
from .geometry import Axis, sum_dtype
from .parallel import each, in_order
from .tiling import Tiling, is_planar

TILE_BYTES = 1 << 18  # of outputs


def correlate(
    terms: Sequence[Tuple[Array, Array]], rows: Axis, columns: Axis, out: Array, bias: Optional[Array] = None
) -> None:
    """Into ``out`` the sum over ``terms`` of x, tap by tap, times its weights.

    terms: pairs of images (N, H, W, C) and filters (kh, kw, C).  bias: (C,) or None.
    """
    dtype = sum_dtype(out.dtype)
    tiling = Tiling(out.shape[:3], TILE_BYTES // (max(1, out.shape[3]) * dtype.itemsize))
    images = [x for x, _ in terms]
    weights = [_rows_of_weights(x, w.astype(dtype), columns.out) for x, w in terms]

    def new_worker():
        shape = (*tiling.shape, out.shape[3])
        totals, products = (new_buffer(shape, dtype, is_planar(out)) for _ in range(2))

        def worker(tile):
            n, height, width, _ = out[tile].shape
            total = totals[:n, :height, :width]
            total[...] = 0 if bias is None else bias
            for x, w in zip(images, weights):
                for i, j in np.ndindex(rows.taps, columns.taps):
                    (r, pixel_r), (c, pixel_c) = _inside(rows, columns, i, j, tile)
                    product = products[:n, r, c]
                    np.multiply(x[tile[0], pixel_r, pixel_c], w[i, j, : product.shape[2]], out=product)
                    total[:, r, c] += product
            out[tile] = total

        return worker

    each(tiling, new_worker)


def filter_grad(x: Array, dy: Array, rows: Axis, columns: Axis) -> Array:
    """The gradient of the weights, (kh, kw, C, multiplier), from dy seen as (N, h, w, C, multiplier)."""
    dtype = sum_dtype(x.dtype)
    multiplier = dy.shape[4]
    tiling = Tiling(dy.shape[:3], TILE_BYTES // (max(1, x.shape[3]) * dtype.itemsize))

    def partial_sum(tile):
        total = np.zeros((rows.taps, columns.taps, x.shape[3], multiplier), dtype)
        for i, j in np.ndindex(rows.taps, columns.taps):
            (r, pixel_r), (c, pixel_c) = _inside(rows, columns, i, j, tile)
            pixels = x[tile[0], pixel_r, pixel_c].astype(dtype, copy=False)
            for m in range(multiplier):
                products = pixels * dy[tile][:, r, c, :, m]
                total[i, j, :, m] = products.sum(axis=(0, 1)).sum(axis=0)
        return total

    total = np.zeros((rows.taps, columns.taps, x.shape[3], multiplier), dtype)
    for part in in_order(tiling, partial_sum):
        total += part
    return total


def _inside(rows, columns, i, j, tile):
    _, down, along = tile
    return rows.inside(i, down.start, down.stop), columns.inside(j, along.start, along.stop)


def _rows_of_weights(x, w, width):
    """w as (kh, kw, width or 1, C): repeated along the row where that makes one long run of it."""
    kh, kw, channels = w.shape
    repeated = np.empty((kh, kw, 1 if is_planar(x) else width, channels), w.dtype)
    repeated[...] = w[:, :, None, :]
    return np.broadcast_to(repeated, (kh, kw, width, channels))
