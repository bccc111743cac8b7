"""Products in blocks and panels: the same numbers, in pieces that are small where that is fast."""

import numpy as np
import pytest

from compat.layers import products

SHAPES = [(0, 3, 4), (1, 1, 1), (10, 300, 7), (33, 70, 100), (50, 9, 130), (64, 30, 64)]


@pytest.fixture(params=[1, 50, 1000, 10**6])
def small_product(request, monkeypatch):
    monkeypatch.setattr(products, "SMALL_KERNELS", True)
    monkeypatch.setattr(products, "SMALL_PRODUCT", request.param)
    return request.param


def whole_numbers(*shape):
    return np.random.RandomState(len(shape)).randint(-3, 4, shape).astype(np.float32)


@pytest.mark.parametrize("rows, taps, outputs", SHAPES)
def test_pieces_make_up_the_product(small_product, rows, taps, outputs):
    matrix, filters = whole_numbers(rows, taps), whole_numbers(taps, outputs)
    for left in (matrix, np.asfortranarray(matrix), np.stack([matrix, matrix + 1])):
        out = np.full((*left.shape[:-1], outputs), np.nan, np.float32)
        products.Filters(filters).multiply(left, out)
        np.testing.assert_array_equal(out, np.matmul(left, filters))


@pytest.mark.parametrize("rows, taps, outputs", SHAPES)
def test_pieces_make_up_the_product_of_columns_and_gradients(small_product, rows, taps, outputs):
    matrix, gradients = whole_numbers(rows, taps), whole_numbers(rows, outputs)
    total = np.ones((taps, outputs), np.float32)
    products.add_product(matrix, gradients, total)
    np.testing.assert_array_equal(total, 1 + matrix.T @ gradients)


@pytest.mark.parametrize(
    "taps, outputs", [(27, 10), (288, 64), (2305, 256), (9213, 61), (8478, 87), (5176, 25), (4608, 512)]
)
def test_every_panel_is_small_with_the_rows_that_it_needs(monkeypatch, taps, outputs):
    """Otherwise BLAS repacks it, for a few rows: three times as slow."""
    monkeypatch.setattr(products, "SMALL_KERNELS", True)
    covered = np.zeros((taps, outputs), int)
    for columns, panels in products.Filters(np.zeros((taps, outputs), np.float32)).panels:
        for rows, panel in panels:
            covered[rows, columns] += 1
            assert panel.flags.c_contiguous
            wanted = 4 if panel.shape[1] % 64 == 0 else 8 if panel.shape[1] % 32 == 0 else 32
            assert products._block(10**6, panel.size) >= wanted
            assert products._block(10**6, panel.size) * panel.size <= 10**6
    assert (covered == 1).all()


def test_without_small_kernels_a_product_is_one_call(monkeypatch):
    monkeypatch.setattr(products, "SMALL_KERNELS", False)
    filters = products.Filters(np.zeros((9000, 300), np.float32))
    assert len(filters.panels) == len(filters.panels[0][1]) == 1
    assert products._block(5000, 9000 * 300) == products._block(5000, 10) == 5000


def test_whoever_asks_for_other_kernels_has_no_small_ones(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert not products.has_small_kernels()
    monkeypatch.setenv("OPENBLAS_CORETYPE", "SkylakeX")
    asked = products.has_small_kernels()
    monkeypatch.delenv("OPENBLAS_CORETYPE")
    assert products.has_small_kernels() == asked
