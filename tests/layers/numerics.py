"""Gradients by finite differences, in float64: of one number at a time, or along a direction."""

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


def assert_slope(function, x, dy, dx, step=1e-5):
    """That dx has the right slope along a random direction of x: all of it in two calls."""
    assert np.shape(dx) == np.shape(x)
    direction = np.random.RandomState(np.size(x)).standard_normal(np.shape(x))
    forth, back = (np.sum(function(x + sign * step * direction) * dy) for sign in (1, -1))
    terms = abs(direction * dx).sum() + np.sum(abs(function(x) * dy))  # what rounding is in proportion to
    np.testing.assert_allclose((forth - back) / (2 * step), np.sum(direction * dx), atol=1e-8 * (1 + terms))
