"""``im2col`` and ``col2im``: the tutorials' pair, each the transpose of the other."""

import numpy as np
import pytest
from drawing import configurations
from hypothesis import given

from compat import layers


@given(configurations(groups=1, dtypes=["float64"]))
def test_each_is_the_transpose_of_the_other(c):
    images = np.ascontiguousarray(c.whole_numbers(c.x_shape)[0].transpose(0, 3, 1, 2))
    columns = layers.im2col(images, *c.kernel, c.strides, c.padding, c.dilations)
    assert columns.shape == (c.count * np.prod(c.output_size), c.channels * np.prod(c.kernel))
    (others,) = c.whole_numbers(columns.shape)
    back = layers.col2im(others, images.shape, *c.kernel, c.strides, c.padding, c.dilations)
    assert np.sum(columns * others) == np.sum(images * back)


@given(configurations(groups=1, dtypes=["float64"]))
def test_columns_times_filters_are_the_convolution(c):
    x, w = c.whole_numbers(c.x_shape, c.w_shape)
    columns = layers.im2col(x.transpose(0, 3, 1, 2), *c.kernel, c.strides, c.padding, c.dilations)
    filters = w.transpose(2, 0, 1, 3).reshape(-1, c.outputs)
    window = dict(c.window, data_format="NHWC")
    np.testing.assert_array_equal((columns @ filters).reshape(c.y_shape), layers.conv2d(x, w, **window))


def test_as_the_tutorial_calls_it():
    images = np.arange(32).reshape(1, 2, 4, 4)
    columns = layers.im2col(images, 3, 3, stride=1, pad=1)
    assert columns.shape == (16, 18) and columns.dtype == images.dtype
    np.testing.assert_array_equal(columns[0].reshape(2, 3, 3)[1], [[0, 0, 0], [0, 16, 17], [0, 20, 21]])
    counts = layers.col2im(np.ones_like(columns), images.shape, 3, 3, stride=1, pad=1)
    np.testing.assert_array_equal(counts[0, 0], np.outer([2, 3, 3, 2], [2, 3, 3, 2]))


def test_mistake_the_filter_s_width_for_its_height():
    """The tutorial calls im2col with the width twice: right for square filters only."""
    images = np.arange(20.0).reshape(1, 1, 4, 5)
    assert layers.im2col(images, 2, 3).shape == (9, 6)
    assert layers.im2col(images, 3, 3).shape == (6, 9)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: layers.im2col(np.ones((3, 3)), 2, 2), ["images", "(3, 3)", "4 dimensions"]),
        (lambda: layers.im2col(np.ones((1, 1, 2, 2)), 3, 3), ["padding", "would be empty"]),
        (lambda: layers.im2col(np.ones((1, 1, 2, 2)), 0, 3), ["filter_h", "(0, 3)", "positive"]),
        (lambda: layers.im2col(np.ones((1, 1, 2, 2)), 1, 1, stride=0), ["strides=0", "positive"]),
        (lambda: layers.im2col(np.ones((1, 1, 2, 2)), 1, 1, pad=-1), ["-1", "none negative"]),
        (lambda: layers.col2im(np.ones((4, 5)), (1, 1, 3, 3), 2, 2), ["columns", "(4, 5)", "(4, 4)"]),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError) as error:
        call()
    for word in words:
        assert word in str(error.value)
