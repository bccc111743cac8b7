"""Batch and local response normalisation against their formulas, and backward against differences."""

import numpy as np
import pytest
from numerics import assert_gradient

from compat import layers

RANDOM = np.random.RandomState(0)
X = RANDOM.standard_normal((3, 4, 5, 6))
DY = RANDOM.standard_normal(X.shape)
MEAN, VARIANCE = RANDOM.standard_normal(6), RANDOM.random_sample(6) + 0.1
BETA, GAMMA = RANDOM.standard_normal(6), RANDOM.standard_normal(6)


def nchw(images):
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def test_batch_norm_is_its_formula():
    y = layers.batch_norm(X, MEAN, VARIANCE, BETA, GAMMA, 1e-3)
    np.testing.assert_allclose(y, GAMMA * (X - MEAN) / np.sqrt(VARIANCE + 1e-3) + BETA, rtol=1e-12)
    np.testing.assert_allclose(
        layers.batch_norm(X, MEAN, VARIANCE, None, None, 1e-3),
        (X - MEAN) / np.sqrt(VARIANCE + 1e-3),
        rtol=1e-12,
    )
    other = layers.batch_norm(nchw(X), MEAN, VARIANCE, BETA, GAMMA, 1e-3, data_format="NCHW")
    np.testing.assert_array_equal(other, nchw(y))
    vectors = layers.batch_norm(X[0, 0], MEAN, VARIANCE, BETA, GAMMA, 1e-3)
    np.testing.assert_array_equal(vectors, y[0, 0])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes_stay(dtype):
    x, mean, variance, beta, gamma = (a.astype(dtype) for a in (X, MEAN, VARIANCE, BETA, GAMMA))
    assert layers.batch_norm(x, mean, variance, beta, gamma, 1e-3).dtype == dtype
    assert {a.dtype.name for a in layers.fused_batch_norm(x, beta, gamma, 1e-3)} == {dtype}
    assert {a.dtype.name for a in layers.fused_batch_norm_grad(x, x, gamma, 1e-3)} == {dtype}
    assert layers.lrn(x).dtype == layers.lrn_grad(x, x).dtype == dtype


def test_the_batch_s_variance_is_given_back_with_bessel_s_correction():
    y, mean, variance = layers.fused_batch_norm(X, BETA, GAMMA, 1e-3)
    np.testing.assert_allclose(mean, X.mean(axis=(0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(variance, X.var(axis=(0, 1, 2), ddof=1), rtol=1e-12)
    biased = X.var(axis=(0, 1, 2))
    np.testing.assert_allclose(
        y, layers.batch_norm(X, mean, biased, BETA, GAMMA, 1e-3), rtol=1e-10, atol=1e-12
    )
    one = X[:1, :1, :1]
    np.testing.assert_array_equal(layers.fused_batch_norm(one, BETA, GAMMA, 1e-3)[2], np.zeros(6))


@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_batch_norm_gradients(data_format):
    shaped = nchw if data_format == "NCHW" else np.array
    keywords = {"data_format": data_format}
    x, dy = shaped(X[:, :2, :2]), shaped(DY[:, :2, :2])

    def trained(x=x, beta=BETA, gamma=GAMMA):
        return layers.fused_batch_norm(x, beta, gamma, 1e-3, **keywords)[0]

    def applied(x=x, beta=BETA, gamma=GAMMA):
        return layers.batch_norm(x, MEAN, VARIANCE, beta, gamma, 1e-3, **keywords)

    trained_grads = layers.fused_batch_norm_grad(x, dy, GAMMA, 1e-3, **keywords)
    applied_grads = layers.batch_norm_grad(x, dy, MEAN, VARIANCE, GAMMA, 1e-3, **keywords)
    for function, (dx, dbeta, dgamma) in ((trained, trained_grads), (applied, applied_grads)):
        assert_gradient(lambda x, function=function: function(x=x), x, dy, dx)
        assert_gradient(lambda beta, function=function: function(beta=beta), BETA, dy, dbeta)
        assert_gradient(lambda gamma, function=function: function(gamma=gamma), GAMMA, dy, dgamma)


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 9])
@pytest.mark.parametrize("beta", [0.5, 0.75, 1.0])
def test_lrn_is_its_formula(radius, beta):
    y = layers.lrn(X, radius, 2.0, 0.3, beta)
    for c in range(6):
        squares = np.sum(X[..., max(0, c - radius) : c + radius + 1] ** 2, axis=-1)
        np.testing.assert_allclose(y[..., c], X[..., c] / (2 + 0.3 * squares) ** beta, rtol=1e-12)
    np.testing.assert_array_equal(layers.lrn(nchw(X), radius, 2.0, 0.3, beta, data_format="NCHW"), nchw(y))
    x, dy = X[:1, :2, :2], DY[:1, :2, :2]
    dx = layers.lrn_grad(x, dy, radius, 2.0, 0.3, beta)
    assert_gradient(lambda x: layers.lrn(x, radius, 2.0, 0.3, beta), x, dy, dx)


def test_lrn_s_defaults_are_tensorflow_s():
    """depth_radius=5, bias=1, alpha=1, beta=0.5; the values are TensorFlow 1.15's for radius 2."""
    y = layers.lrn(np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6), 2)
    seen = [0, 0.2581989, 0.3592106, 0.40089184, 0.5393599, 0.70014006]
    np.testing.assert_allclose(y.ravel(), seen, rtol=1e-6)
    np.testing.assert_array_equal(layers.lrn(X), layers.lrn(X, 5, 1.0, 1.0, 0.5))
