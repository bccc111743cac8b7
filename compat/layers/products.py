"""Matrix products in the sizes that BLAS multiplies fastest.

BLAS first repacks the matrices that it multiplies, and reads the copy.  OpenBLAS has kernels for AVX-512 that
read small matrices where they lie: on AMD Zen 4 they reach 110 GFLOP/s of one core's 115 in float32, with
only four rows to a product, where repacked ones reach 90 to 100.  So a large product is cut into small ones:
rows into blocks, and filters, once for all tiles, into panels.  Everywhere else a product is one call.
"""

import os
from typing import Any, List, Tuple

import numpy as np

from ..arrays import Array

SMALL_PRODUCT = 10**6  # rows * taps * outputs that OpenBLAS takes for small (its *_small_kernel_permit)
LEAST_ROWS = 4  # that its small kernels work on at a time
AVX512_CORES = (
    "",
    "skylakex",
    "cooperlake",
    "sapphirerapids",
)  # as OPENBLAS_CORETYPE has them, or does not ask
PANEL_OUTPUTS = 64  # four registers of float32: as many outputs as they work on at a time


def has_small_kernels() -> bool:
    """Whether NumPy's BLAS is an OpenBLAS with kernels for small matrices, on a processor they are made for.

    NumPy says which BLAS it has since 1.26, and its OpenBLAS has them by then; that of NumPy 1.19 has not.
    """
    config: Any = getattr(np.__config__, "CONFIG", {})
    blas = config.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    umath = getattr(np, "_core", None) or np.core
    features = getattr(umath._multiarray_umath, "__cpu_features__", {})
    asked = os.environ.get("OPENBLAS_CORETYPE", "").lower()
    return "openblas" in blas and bool(features.get("AVX512_SKX")) and asked in AVX512_CORES


SMALL_KERNELS = has_small_kernels()


class Filters:
    """The right factor of many products, (taps, outputs), cut into panels that make small products."""

    def __init__(self, filters: Array) -> None:
        self.shape = taps, outputs = filters.shape
        self.panels: List[Tuple[slice, List[Tuple[slice, Array]]]] = []
        width = outputs if taps * outputs * _least_rows(outputs) <= SMALL_PRODUCT else PANEL_OUTPUTS
        for left in range(0, outputs, width if SMALL_KERNELS else outputs):
            columns = slice(left, min(left + width, outputs) if SMALL_KERNELS else outputs)
            height = _height(taps, columns.stop - left)
            rows = [slice(top, top + height) for top in range(0, taps, height)]
            self.panels.append((columns, [(r, np.ascontiguousarray(filters[r, columns])) for r in rows]))

    def multiply(self, matrix: Array, out: Array) -> None:
        """``np.matmul(matrix, filters, out=out)``; matrix: (..., rows, taps), out: (..., rows, outputs)."""
        for columns, (first, *others) in self.panels:
            target = out[..., columns]
            _in_blocks(matrix[..., first[0]], first[1], target)
            if others:
                product = np.empty(target.shape, target.dtype)
            for rows, panel in others:
                _in_blocks(matrix[..., rows], panel, product)
                target += product


def add_product(matrix: Array, gradients: Array, total: Array) -> None:
    """``total += matrix.T @ gradients``, in blocks of rows whose products are then added up."""
    rows, inner = matrix.shape
    block = _block(rows, inner * gradients.shape[1], least=48)  # fewer, and the additions cost more
    whole = rows // block * block
    if block < rows:
        blocks = matrix[:whole].reshape(-1, block, inner).transpose(0, 2, 1)
        total += np.matmul(blocks, gradients[:whole].reshape(-1, block, gradients.shape[1])).sum(axis=0)
        matrix, gradients = matrix[whole:], gradients[whole:]
    if len(matrix):
        total += np.matmul(matrix.T, gradients)


def for_blas(matrices: Array) -> Array:
    """The matrix (or a stack of them), copied where its memory is not what BLAS can read."""
    rows, columns = matrices.strides[-2:]
    long_rows, long_columns = (size * matrices.itemsize for size in matrices.shape[-1:-3:-1])
    if (
        columns == matrices.itemsize
        and rows >= long_rows
        or rows == matrices.itemsize
        and columns >= long_columns
    ):
        return matrices
    return np.ascontiguousarray(matrices)


def _least_rows(outputs):
    """The rows that a small product of so many outputs needs to be fast: few where registers are full."""
    return LEAST_ROWS * (1 if outputs % PANEL_OUTPUTS == 0 else 2 if outputs % PANEL_OUTPUTS == 32 else 8)


def _height(taps, outputs):
    """The taps of a panel of so many outputs."""
    if not SMALL_KERNELS:
        return taps
    return _even(taps, max(1, SMALL_PRODUCT // (outputs * _least_rows(outputs))))


def _in_blocks(matrix, panel, out):
    """The product, in blocks of rows that are small with that panel."""
    rows = matrix.shape[-2]
    block = _block(rows, panel.size)
    whole = rows // block * block
    if block < rows:
        blocks, targets = (
            array[..., :whole, :].reshape(*array.shape[:-2], -1, block, array.shape[-1])
            for array in (matrix, out)
        )
        np.matmul(blocks, panel, out=targets)
        matrix, out = matrix[..., whole:, :], out[..., whole:, :]
    if matrix.shape[-2]:
        np.matmul(matrix, panel, out=out)


def _block(rows, products, least=LEAST_ROWS):
    """The rows of a block, ``products`` to each row: about the same for all, and whole kernels' worth."""
    most = SMALL_PRODUCT // max(1, products) // LEAST_ROWS * LEAST_ROWS
    if not SMALL_KERNELS or most < least:
        return max(1, rows)
    return min(most, _even(rows, most, unit=LEAST_ROWS))


def _even(total, most, unit=1):
    """The size, a multiple of ``unit``, that cuts ``total`` into parts of about the same size."""
    parts = -(-total // most)
    return max(1, -(-total // max(1, parts * unit)) * unit) if parts > 1 else max(1, total)
