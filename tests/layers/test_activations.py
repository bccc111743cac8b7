"""Functions of single values and vectors, and the dense layer."""

import numpy as np
import pytest
from numerics import assert_gradient

from compat import layers

RANDOM = np.random.RandomState(0)
X = RANDOM.standard_normal((4, 5))
DY = RANDOM.standard_normal((4, 5))


@pytest.mark.parametrize("name", ["relu", "elu", "sigmoid", "softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_values_dtypes_and_gradients(name, dtype):
    function, gradient = getattr(layers, name), getattr(layers, name + "_grad")
    expected = {
        "relu": lambda x: np.where(x > 0, x, 0),
        "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
        "log_softmax": lambda x: x - np.log(np.exp(x).sum(axis=-1, keepdims=True)),
    }[name]
    x = X.astype(dtype)
    y = function(x)
    assert y.dtype == gradient(x, y).dtype == dtype
    np.testing.assert_allclose(y, expected(x.astype(float)), rtol=4 * np.finfo(dtype).eps, atol=1e-6)
    if dtype == "float64":
        assert_gradient(function, X, DY, gradient(DY, y))


def test_extreme_values():
    x = np.array([np.nan, -0.0, -np.inf, np.inf, -100, 100], np.float32)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        np.testing.assert_array_equal(layers.relu(x), [np.nan, 0, 0, np.inf, 0, 100])
        np.testing.assert_array_equal(layers.elu(x), [np.nan, 0, -1, np.inf, -1, 100])
        np.testing.assert_allclose(layers.sigmoid(x), [np.nan, 0.5, 0, 1, 0, 1], atol=1e-37)
        huge = np.array([[-np.inf, 1000, 1001]], np.float32)
        np.testing.assert_allclose(layers.softmax(huge), [[0, 0.26894143, 0.7310586]], rtol=1e-6)
        np.testing.assert_allclose(layers.log_softmax(huge), [[-np.inf, -1.3132616, -0.3132617]], rtol=1e-6)
    assert np.isnan(layers.softmax(np.full((1, 2), -np.inf))).all()


def test_nothing_passes_relu_at_zero():
    np.testing.assert_array_equal(
        layers.relu_grad(np.ones(3), layers.relu(np.array([-1.0, 0, 1]))), [0, 0, 1]
    )


def test_dense():
    w, b = RANDOM.standard_normal((5, 3)), RANDOM.standard_normal(3)
    y = layers.dense(X, w, b)
    np.testing.assert_allclose(y, X @ w + b, rtol=1e-12)
    dy = DY[:, :3]
    assert_gradient(lambda x: layers.dense(x, w, b), X, dy, layers.dense_input_grad(dy, w))
    assert_gradient(lambda w: layers.dense(X, w, b), w, dy, layers.dense_filter_grad(X, dy))
    assert_gradient(lambda b: layers.dense(X, w, b), b, dy, layers.bias_grad(dy))
    stacked = np.stack([X, 2 * X])
    assert layers.dense(stacked, w).shape == (2, 4, 3)
    assert layers.dense_filter_grad(stacked, layers.dense(stacked, w)).shape == (5, 3)
    assert layers.dense(X[:0], w, b).shape == (0, 3)
    ones = np.ones((1, 4096), np.float16)
    assert layers.dense(ones, ones.T).item() == 4096


def test_cross_entropy():
    labels = np.array([0, 4, 2, 2])
    loss, gradient = layers.sparse_softmax_cross_entropy(X, labels)
    np.testing.assert_allclose(loss, -np.log(layers.softmax(X)[np.arange(4), labels]).mean())
    assert_gradient(lambda x: layers.sparse_softmax_cross_entropy(x, labels)[0], X, 1.0, gradient)


def test_dropout():
    x = np.ones((100, 100), np.float32)
    y = layers.dropout(x, 0.25, seed=1)
    assert y.dtype == np.float32
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.02
    np.testing.assert_array_equal(y, layers.dropout(x, 0.25, seed=1))
    mask = layers.dropout_mask(x.shape, 0.25, 1)
    np.testing.assert_array_equal(layers.dropout(x, 0.25, mask=mask), y)
    np.testing.assert_array_equal(layers.dropout_grad(x, 0.25, mask), y)
    np.testing.assert_array_equal(layers.dropout(x, 0), x)


def test_flatten():
    images = np.arange(24).reshape(2, 3, 2, 2)
    np.testing.assert_array_equal(layers.flatten(images)[1], np.arange(12, 24))
    assert layers.flatten(images[:0]).shape == (0, 12)


def test_bias_gradients_of_images():
    dy = RANDOM.standard_normal((2, 3, 4, 5))
    np.testing.assert_allclose(layers.bias_grad(dy), dy.sum(axis=(0, 1, 2)))
    np.testing.assert_allclose(layers.bias_grad(dy, "NCHW"), dy.sum(axis=(0, 2, 3)))
    many = np.ones((1, 64, 64, 1), np.float16)
    assert layers.bias_grad(many).tolist() == [4096]
