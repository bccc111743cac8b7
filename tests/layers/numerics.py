"""Gradients by finite differences, in float64."""

import numpy as np


def gradient_of(function, x, dy, step=1e-5):
    """The gradient of sum(function(x) * dy) in x: central differences, one element at a time."""
    x = np.array(x, dtype=float)
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        value = x[index]
        results = []
        for moved in (value + step, value - step):
            x[index] = moved
            results.append(np.sum(function(x) * dy))
        x[index] = value
        gradient[index] = (results[0] - results[1]) / (2 * step)
    return gradient


def assert_gradient(function, x, dy, dx):
    """That dx is that gradient, up to what the differences themselves are good for."""
    assert np.shape(dx) == np.shape(x)
    np.testing.assert_allclose(dx, gradient_of(function, x, dy), rtol=1e-6, atol=1e-7)
