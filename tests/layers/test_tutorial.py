"""Section E of the seed cases: the tutorial's layers, NCHW, with their shapes and their mistakes.

A few outputs of each are worked out by hand from the window; that every output is right is what
test_convolution.py shows on smaller images.
"""

import numpy as np
import pytest
from numerics import assert_gradient

from compat import layers

RANDOM = np.random.RandomState(0)
NCHW = {"data_format": "NCHW"}


def photograph(count, channels):
    return RANDOM.randint(0, 256, (count, channels, 440, 440)).astype(np.float32)


def filters(number, channels, size):
    """(FN, C, FH, FW) as the tutorial has them, normal with standard deviation 0.01, as HWIO."""
    fn_c_fh_fw = RANDOM.normal(0, 0.01, (number, channels, size, size)).astype(np.float32)
    return fn_c_fh_fw.transpose(2, 3, 1, 0)


def assert_some_outputs(x, w, stride, y):
    for _ in range(20):
        n, o, row, column = (RANDOM.randint(size) for size in y.shape)
        top, left = row * stride, column * stride
        window = x[n, :, top : top + w.shape[0], left : left + w.shape[1]].astype(float)
        exact = np.sum(window * w[..., o].transpose(2, 0, 1))
        np.testing.assert_allclose(y[n, o, row, column], exact, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    "shape, number, size, stride, output",
    [
        pytest.param((1, 1), 1, 3, 1, (1, 1, 438, 438), id="e1"),
        pytest.param((1, 1), 1, 3, 2, (1, 1, 219, 219), id="e2"),
        pytest.param((1, 3), 10, 3, 1, (1, 10, 438, 438), id="e3"),
        pytest.param((15, 1), 10, 3, 1, (15, 10, 438, 438), id="e4"),
        pytest.param((1, 3), 32, 3, 3, (1, 32, 146, 146), id="e5"),
        pytest.param((15, 3), 64, 5, 1, (15, 64, 436, 436), id="e6"),
    ],
)
def test_convolutions(shape, number, size, stride, output):
    x, w = photograph(*shape), filters(number, shape[1], size)
    y = layers.conv2d(x, w, strides=stride, bias=np.zeros(number, np.float32), **NCHW)
    assert y.shape == output
    assert_some_outputs(x, w, stride, y)


def test_e7_convolution_and_pooling():
    x, w = photograph(1, 1), filters(8, 1, 3)
    y = layers.Conv2D(w, np.zeros(8, np.float32), **NCHW).forward(x)
    pooled = layers.Pooling2D(2, 2, **NCHW).forward(y)
    assert y.shape == (1, 8, 438, 438) and pooled.shape == (1, 8, 219, 219)
    np.testing.assert_array_equal(pooled, y.reshape(1, 8, 219, 2, 219, 2).max(axis=(3, 5)))


def test_e8_two_of_each():
    network = [
        layers.Conv2D(filters(10, 3, 3), np.zeros(10, np.float32), **NCHW),
        layers.Pooling2D(2, **NCHW),
        layers.Conv2D(filters(30, 10, 3), np.zeros(30, np.float32), **NCHW),
        layers.Pooling2D(2, **NCHW),
    ]
    x, shapes = photograph(15, 3), []
    for layer in network:
        x = layer.forward(x)
        shapes.append(x.shape)
    assert shapes == [(15, 10, 438, 438), (15, 10, 219, 219), (15, 30, 217, 217), (15, 30, 108, 108)]


def test_e9_backward_passes_run_and_are_right():
    """The tutorial's do not: misspelt names, a comparison for a comma, a product that is never assigned."""
    x, w, b = (RANDOM.standard_normal(shape) for shape in ((2, 3, 6, 5), (3, 2, 3, 4), (4,)))
    conv, pool = layers.Conv2D(w, b, strides=(1, 2), **NCHW), layers.Pooling2D(2, **NCHW)
    y = pool.forward(conv.forward(x))
    dy = RANDOM.standard_normal(y.shape)
    dx = conv.backward(pool.backward(dy))

    def network(x=x, w=w, b=b):
        return layers.max_pool2d(layers.conv2d(x, w, strides=(1, 2), bias=b, **NCHW), 2, **NCHW)

    assert_gradient(lambda x: network(x=x), x, dy, dx)
    assert_gradient(lambda w: network(w=w), w, dy, conv.dw)
    assert_gradient(lambda b: network(b=b), b, dy, conv.db)


def test_e10_average_and_global_average():
    x = photograph(2, 3)
    y = layers.Pooling2D(2, kind="avg", **NCHW).forward(x)
    np.testing.assert_array_equal(y, x.reshape(2, 3, 220, 2, 220, 2).mean(axis=(3, 5)))
    mean = layers.GlobalPooling2D(**NCHW).forward(x)
    np.testing.assert_allclose(mean, x.astype(float).mean(axis=(2, 3)), rtol=1e-6)


def test_mistake_the_filter_s_width_for_its_height():
    """With im2col called with the width twice, filters that are not square go wrong; here they do not."""
    x, w = RANDOM.standard_normal((1, 2, 6, 6)), RANDOM.standard_normal((2, 4, 2, 3))
    y = layers.conv2d(x, w, **NCHW)
    assert y.shape == (1, 3, 5, 3)
    np.testing.assert_allclose(y[0, 1, 2, 0], np.sum(x[0, :, 2:4, 0:4] * w[..., 1].transpose(2, 0, 1)))


def test_mistake_pooling_without_its_padding():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    y = layers.max_pool2d(x, 2, padding=((1, 1), (1, 1)), **NCHW)
    np.testing.assert_array_equal(y[0, 0], [[0, 2, 3], [8, 10, 11], [12, 14, 15]])


def test_mistake_undefined_ties():
    """argmax of equal values: here the first, row by row, as in TensorFlow."""
    dx = layers.max_pool2d_grad(np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 1)), 2, **NCHW)
    np.testing.assert_array_equal(dx[0, 0], [[1, 0], [0, 0]])
