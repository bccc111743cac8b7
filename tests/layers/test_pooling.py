"""Pooling and its gradients against the slow definition."""

import numpy as np
import pytest
from drawing import TILES, poolings
from hypothesis import given
from hypothesis import strategies as st

from compat import layers
from compat.layers import definition


@given(poolings(), TILES, st.booleans())
def test_max_pooling_is_the_definition_s(tile_sizes, c, tile, infinities):
    x, dy = c.whole_numbers(c.x_shape, c.y_shape)
    if infinities:
        x = np.where(x == -2, x.dtype.type(-np.inf), x)
    with tile_sizes(*tile):
        y = layers.max_pool2d(c.formatted(x), c.kernel, **c.window)
        dx = layers.max_pool2d_grad(c.formatted(x), c.formatted(dy), c.kernel, **c.window)
    assert y.dtype == dx.dtype == c.dtype
    np.testing.assert_array_equal(c.nhwc(y), definition.max_pool2d(x, c.kernel, **c.slow_window))
    np.testing.assert_array_equal(c.nhwc(dx), definition.max_pool2d_grad(x, dy, c.kernel, **c.slow_window))


@given(poolings(), TILES, st.booleans())
def test_average_pooling_is_the_definition_s(tile_sizes, c, tile, count_include_pad):
    c = c._replace(dilations=(1, 1))
    if not c.fits or not isinstance(c.padding, str):
        c = c._replace(padding="SAME")
    (x,) = c.numbers(c.x_shape)
    window = {"strides": c.strides, "padding": c.padding, "data_format": c.data_format}
    with tile_sizes(*tile):
        y = layers.avg_pool2d(c.formatted(x), c.kernel, count_include_pad=count_include_pad, **window)
        (dy,) = c.numbers(c.y_shape)
        dx = layers.avg_pool2d_grad(
            c.formatted(dy), c.shape(x.shape), c.kernel, count_include_pad=count_include_pad, **window
        )
    assert y.dtype == dx.dtype == c.dtype
    exact = definition.avg_pool2d(x.astype(float), c.kernel, c.strides, c.pads, count_include_pad)
    unit = np.finfo(c.dtype).eps
    np.testing.assert_allclose(c.nhwc(y), exact, rtol=unit, atol=20 * unit)
    total = np.sum(exact * dy.astype(float))
    np.testing.assert_allclose(np.sum(x.astype(float) * c.nhwc(dx)), total, rtol=1e-6, atol=400 * unit)


@given(poolings(dtypes=["float32"]))
def test_two_threads_give_the_bits_of_one(tile_sizes, c):
    x, dy = c.numbers(c.x_shape, c.y_shape)
    x, dy = c.formatted(x), c.formatted(dy)
    with tile_sizes(200, 5), pytest.MonkeyPatch.context() as environment:
        results = []
        for threads in "12":
            environment.setenv("COMPAT_THREADS", threads)
            y = layers.max_pool2d(x, c.kernel, **c.window)
            results.append(y.tobytes() + layers.max_pool2d_grad(x, dy, c.kernel, **c.window).tobytes())
    assert results[0] == results[1]


def test_average_pooling_does_not_count_the_padding():
    x = np.ones((1, 2, 2, 1), np.float32)
    assert layers.avg_pool2d(x, 7, 1, padding="SAME").ravel().tolist() == [1, 1, 1, 1]
    counted = layers.avg_pool2d(x, 3, 1, padding="SAME", count_include_pad=True)
    np.testing.assert_allclose(counted, 4 / 9, rtol=1e-6)


def test_of_equal_pixels_the_first_gets_the_gradient():
    x, dy = np.zeros((1, 2, 4, 1)), np.array([5.0, 7]).reshape(1, 1, 2, 1)
    dx = layers.max_pool2d_grad(x, dy, 2)
    np.testing.assert_array_equal(dx[0, ..., 0], [[5, 0, 7, 0], [0, 0, 0, 0]])
    dx = layers.max_pool2d_grad(x, np.ones((1, 1, 2, 1)), 2, padding="SAME")
    np.testing.assert_array_equal(dx[0, ..., 0], [[1, 0, 1, 0], [0, 0, 0, 0]])


def test_not_a_number():
    """As in TensorFlow 1.15 and 2.21: a NaN that comes first keeps the gradient, a later one does not."""
    x = np.array([[np.nan, 1], [2, 3]], np.float32).reshape(1, 2, 2, 1)
    one = np.ones((1, 1, 1, 1), np.float32)
    assert np.isnan(layers.max_pool2d(x, 2)).all()
    np.testing.assert_array_equal(layers.max_pool2d_grad(x, one, 2)[0, ..., 0], [[1, 0], [0, 0]])
    np.testing.assert_array_equal(layers.max_pool2d_grad(x[:, :, ::-1], one, 2)[0, ..., 0], [[0, 0], [1, 0]])


def test_global_pooling():
    x = np.random.RandomState(0).standard_normal((2, 5, 7, 3)).astype(np.float32)
    np.testing.assert_allclose(layers.global_avg_pool2d(x), x.mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(layers.global_max_pool2d(x), x.max(axis=(1, 2)))
    nchw = x.transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(
        layers.global_avg_pool2d(nchw, data_format="NCHW"), layers.global_avg_pool2d(x)
    )
    dy = np.arange(6, dtype=np.float32).reshape(2, 3)
    dx = layers.global_avg_pool2d_grad(dy, x.shape)
    np.testing.assert_allclose(dx.sum(axis=(1, 2)), dy, rtol=1e-6)
    assert len(np.unique(dx[1, ..., 2])) == 1
    dx = layers.global_max_pool2d_grad(x, dy)
    np.testing.assert_array_equal(dx.sum(axis=(1, 2)), dy)
    assert (dx != 0).sum() == 5


def test_global_maximum_shares_among_equals():
    dx = layers.global_max_pool2d_grad(np.ones((1, 2, 2, 1)), np.ones((1, 1)))
    np.testing.assert_array_equal(dx.ravel(), [0.25] * 4)


def test_float16_average_is_added_up_in_float32():
    """65,504 is the greatest float16: the sum of these would be infinite, as it is in TensorFlow."""
    assert layers.avg_pool2d(np.full((1, 9, 9, 1), 1000, np.float16), 9).item() == 1000


def test_a_dilated_window_of_nothing_but_padding():
    x = np.ones((1, 1, 1, 1))
    assert layers.max_pool2d(x, 2, 1, padding="SAME", dilations=2).item() == -np.inf
    assert layers.max_pool2d_grad(x, x, 2, 1, padding="SAME", dilations=2).item() == 0


def test_not_a_number_is_no_reason_to_warn():
    x = np.array([np.nan, 1, 2, np.nan], np.float32).reshape(1, 2, 2, 1)
    with np.errstate(all="raise"):
        layers.max_pool2d(x, 2)
        layers.max_pool2d_grad(x, np.ones((1, 1, 1, 1), np.float32), 2)
