"""Convolution by strips: the definition's numbers for strips of any size, and taken where it is to pay."""

import numpy as np
import pytest
from drawing import TILES, sharing
from hypothesis import given, settings
from hypothesis import strategies as st

from compat import layers
from compat.layers import costs, definition, products, strips
from compat.layers.geometry import window


def forced(size):
    """``with forced(3):`` every convolution that can be is by strips of so many outputs."""
    patch = pytest.MonkeyPatch()

    def best_size(count, w_shape, rows, columns, bias, planar):
        possible = count and rows.out and rows.dilation == columns.dilation == 1
        return min(size, columns.out) if possible else 0

    patch.setattr(costs, "best_size", best_size)
    return _Undone(patch)


class _Undone:
    def __init__(self, patch):
        self.patch = patch

    def __enter__(self):
        return self.patch

    def __exit__(self, *failure):
        self.patch.undo()


SIZES = st.sampled_from([1, 2, 3, 5])


@settings(max_examples=300)
@given(sharing(dilated=False), TILES, SIZES)
def test_strips_are_the_definition_s(tile_sizes, c, tile, size):
    x, w, b = c.whole_numbers(c.x_shape, c.w_shape, c.w_shape[3:])
    expected = definition.conv2d(x, w, **c.slow_window)
    with tile_sizes(*tile), forced(size):
        y = layers.conv2d(c.formatted(x), w, **c.window)
        with_bias = layers.conv2d(c.formatted(x), w, bias=b, **c.window)
    assert y.dtype == c.dtype
    np.testing.assert_array_equal(c.nhwc(y), expected)
    np.testing.assert_array_equal(c.nhwc(with_bias), expected + b)


@given(sharing(dilated=False, dtypes=["float32"]), SIZES)
def test_no_element_is_further_off_than_rounding_takes_it(c, size):
    x, w = c.numbers(c.x_shape, c.w_shape)
    with forced(size):
        y = c.nhwc(layers.conv2d(c.formatted(x), w, **c.window))
    exact, magnitudes = (
        definition.conv2d(a.astype(float), b.astype(float), **c.slow_window)
        for a, b in ((x, w), (abs(x), abs(w)))
    )
    n = w[..., 0].size + 1
    assert np.all(abs(y - exact) <= n * 2.0**-24 / (1 - n * 2.0**-24) * magnitudes)


@given(sharing(dilated=False, dtypes=["float32"]), SIZES)
def test_two_threads_give_the_bits_of_one(tile_sizes, c, size):
    x, w = c.numbers(c.x_shape, c.w_shape)
    with tile_sizes(200, 5), forced(size) as patch:
        patch.setenv("COMPAT_THREADS", "1")
        one = layers.conv2d(c.formatted(x), w, **c.window)
        patch.setenv("COMPAT_THREADS", "2")
        assert layers.conv2d(c.formatted(x), w, **c.window).tobytes() == one.tobytes()


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("bad", [np.inf, np.nan, 1e30])
def test_what_is_not_finite_stays_in_the_windows_that_see_it(bad, size):
    x, w = np.ones((2, 9, 9, 3), np.float32), np.ones((3, 3, 3, 5), np.float32)
    x[1, 4, 4, 0] = bad
    with forced(size):
        y = layers.conv2d(x, w, padding="SAME")
    np.testing.assert_array_equal(y[0], layers.conv2d(x[:1], w, padding="SAME")[0])
    seen = (~np.isfinite(y[1]) | (y[1] > 1e29)).all(axis=-1)
    assert seen[3:6, 3:6].all() and seen.sum() == 9


@pytest.mark.parametrize("size", [1, 3])
def test_an_infinite_filter_meets_the_padding_too(size):
    x, w = np.ones((1, 7, 9, 1), np.float32), np.ones((3, 3, 1, 2), np.float32)
    w[0, 1, 0, 0] = np.inf
    with forced(size), np.errstate(invalid="ignore"):
        y = layers.conv2d(x, w, padding="SAME")
        np.testing.assert_array_equal(y, definition.conv2d(x, w, pads=((1, 1), (1, 1))))
    assert np.isnan(y[0, 0, :, 0]).all()


def size_for(images, filters, strides=1, dilations=1, planar=False):
    rows, columns = window(images[1:3], filters[:2], strides, "SAME", dilations)
    return costs.best_size(images[0], filters, rows, columns, True, planar)


def test_strips_are_taken_where_they_pay(monkeypatch):
    monkeypatch.setattr(products, "SMALL_KERNELS", True)
    assert size_for((15, 440, 440, 3), (3, 3, 3, 10)) > 1  # few filters fill no register
    assert size_for((39, 7, 71, 10), (7, 7, 10, 55)) == 1  # seven rows share what is laid out
    assert size_for((1, 56, 56, 256), (3, 3, 256, 256)) == 0  # multiplying is all that costs
    assert size_for((44, 60, 7, 173), (7, 7, 173, 87)) == 0  # rows of seven outputs
    assert size_for((8, 56, 56, 64), (1, 1, 64, 256)) == 0  # nothing is shared
    assert size_for((15, 440, 440, 3), (3, 3, 3, 10), dilations=2) == 0
    assert size_for((15, 440, 440, 3), (3, 3, 3, 10), planar=True) == 0
    assert size_for((1, 9, 30000, 16), (7, 7, 16, 8)) == 0  # a row of outputs is more than memory should hold
    assert size_for((0, 440, 440, 3), (3, 3, 3, 10)) == 0
    monkeypatch.setattr(products, "SMALL_KERNELS", False)
    assert size_for((15, 440, 440, 3), (3, 3, 3, 10)) == 0


def test_a_convolution_goes_where_the_model_says(monkeypatch):
    monkeypatch.setattr(products, "SMALL_KERNELS", True)
    used = []
    multiply = strips.Strips._multiply
    monkeypatch.setattr(
        strips.Strips,
        "_multiply",
        lambda self, *rest: (used.append(self.filters.size), multiply(self, *rest)),
    )
    x, w = np.ones((6, 200, 200, 3), np.float32), np.ones((3, 3, 3, 10), np.float32)
    assert layers.conv2d(x, w)[0, 0, 0, 0] == 27
    assert set(used) == {size_for(x.shape, w.shape)} and used[0] > 1
    used.clear()
    layers.conv2d(x[:, :20, :20].repeat(30, axis=3), w.repeat(30, axis=2))
    assert not used
