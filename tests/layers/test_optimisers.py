"""TF1's optimisers, step by step against their formulas written out."""

import numpy as np
import pytest

from compat import layers

RANDOM = np.random.RandomState(0)
GRADIENTS = RANDOM.standard_normal((5, 3))


def gradient_descent(value, gradients):
    for g in gradients:
        value = value - 0.1 * g
    return value


def momentum(value, gradients, nesterov=False):
    accumulator = 0
    for g in gradients:
        accumulator = 0.9 * accumulator + g
        value = value - 0.1 * ((g + 0.9 * accumulator) if nesterov else accumulator)
    return value


def rmsprop(value, gradients):
    mean_square, step = 1, 0
    for g in gradients:
        mean_square = 0.9 * mean_square + 0.1 * g**2
        step = 0.5 * step + 0.1 * g / np.sqrt(mean_square + 1e-10)
        value = value - step
    return value


def adam(value, gradients):
    m = v = 0
    for t, g in enumerate(gradients, 1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        value = value - 0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-8)
    return value


@pytest.mark.parametrize(
    "optimiser, formula",
    [
        (layers.GradientDescent(0.1), gradient_descent),
        (layers.Momentum(0.1), momentum),
        (layers.Momentum(0.1, nesterov=True), lambda value, gradients: momentum(value, gradients, True)),
        (layers.RMSProp(0.1, momentum=0.5), rmsprop),
        (layers.Adam(0.1), adam),
    ],
)
def test_formulas(optimiser, formula):
    start = np.array([1.0, 2.0, 3.0])
    value, other = start.copy(), np.ones(2)
    for g in GRADIENTS:
        optimiser({"w": value, "other": other}, {"w": g, "other": np.zeros(2)})
    np.testing.assert_allclose(value, formula(start, GRADIENTS), rtol=1e-12)
    np.testing.assert_array_equal(other, [1, 1])


def test_float32_stays():
    value = np.ones(3, np.float32)
    optimiser = layers.Adam()
    optimiser({"w": value}, {"w": GRADIENTS[0].astype(np.float32)})
    assert value.dtype == np.float32 and value[0] != 1
    assert {slot.dtype.name for slot in optimiser.slots["w"].values()} == {"float32"}


def test_parameters_and_gradients_must_match():
    with pytest.raises(ValueError, match="backward"):
        layers.Adam()({"w": np.ones(3)}, {"w": None})
    with pytest.raises(ValueError, match="expected those of"):
        layers.Adam()({"w": np.ones(3)}, {"b": np.ones(3)})
