"""Weights in another layout compute the same: gates, forget bias, one kernel for two, by references in NumPy."""

import numpy as np
import pytest

from compat.porting import layouts
from compat.reference import gru, lstm

INPUTS, UNITS = 3, 4


def _random(*shape):
    return np.random.RandomState(sum(shape)).normal(size=shape)


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _basic_lstm_cell(x, kernel, bias, forget):
    """tf.nn.rnn_cell.BasicLSTMCell, as its call() is written: i, j, f, o."""
    c = h = np.zeros((len(x), UNITS))
    for step in range(x.shape[1]):
        i, j, f, o = np.split(np.concatenate([x[:, step], h], 1) @ kernel + bias, 4, axis=1)
        c = c * _sigmoid(f + forget) + _sigmoid(i) * np.tanh(j)
        h = np.tanh(c) * _sigmoid(o)
    return h


def _gru_cell(x, gates, gates_bias, candidate, candidate_bias):
    """tf.nn.rnn_cell.GRUCell, as its call() is written: r, u."""
    h = np.zeros((len(x), UNITS))
    for step in range(x.shape[1]):
        r, u = np.split(_sigmoid(np.concatenate([x[:, step], h], 1) @ gates + gates_bias), 2, axis=1)
        c = np.tanh(np.concatenate([x[:, step], r * h], 1) @ candidate + candidate_bias)
        h = u * h + (1 - u) * c
    return h


@pytest.mark.parametrize("forget", [0.0, 1.0, 2.5])
def test_an_lstm_cell_becomes_keras_lstm(forget):
    x, kernel, bias = _random(2, 5, INPUTS), _random(INPUTS + UNITS, 4 * UNITS), _random(4 * UNITS)
    made = layouts.lstm_of_cell(kernel, bias, forget)
    found = lstm(x, made["kernel"], made["recurrent_kernel"], made["bias"])
    np.testing.assert_allclose(found.value, _basic_lstm_cell(x, kernel, bias, forget), rtol=1e-12)
    back = layouts.cell_of_lstm(made["kernel"], made["recurrent_kernel"], made["bias"], forget)
    np.testing.assert_allclose(back["kernel"], kernel)
    np.testing.assert_allclose(back["bias"], bias, atol=1e-15)


def test_a_gru_cell_becomes_keras_gru():
    x = _random(2, 5, INPUTS)
    gates, gates_bias = _random(INPUTS + UNITS, 2 * UNITS), _random(2 * UNITS)
    candidate, candidate_bias = _random(INPUTS + UNITS, UNITS), _random(UNITS)
    made = layouts.gru_of_cell(gates, gates_bias, candidate, candidate_bias, False)
    found = gru(x, made["kernel"], made["recurrent_kernel"], made["bias"])
    expected = _gru_cell(x, gates, gates_bias, candidate, candidate_bias)
    np.testing.assert_allclose(found.value, expected, rtol=1e-12)
    after = layouts.gru_of_cell(gates, gates_bias, candidate, candidate_bias, True)
    assert after["bias"].shape == (2, 3 * UNITS) and not after["bias"][1].any()
    other = gru(x, after["kernel"], after["recurrent_kernel"], after["bias"], reset_after=True)
    assert np.abs(other.value - expected).max() > 1e-3  # another function: nobody may take it for the same


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1), (3, 2, 1, 0)])
def test_gates_in_any_other_order_compute_something_else(order, monkeypatch):
    x, kernel, bias = _random(2, 5, INPUTS), _random(INPUTS + UNITS, 4 * UNITS), _random(4 * UNITS)
    gates = layouts._gates
    monkeypatch.setattr(layouts, "_gates", lambda array, _: gates(array, order))
    made = layouts.lstm_of_cell(kernel, bias, 1.0)
    found = lstm(x, made["kernel"], made["recurrent_kernel"], made["bias"])
    assert np.abs(found.value - _basic_lstm_cell(x, kernel, bias, 1.0)).max() > 1e-3


def test_cudnn_has_two_biases():
    kernel, recurrent, bias = _random(INPUTS, 4 * UNITS), _random(UNITS, 4 * UNITS), _random(8 * UNITS)
    made = layouts.lstm_of_cudnn(kernel, recurrent, bias)
    np.testing.assert_array_equal(made["bias"], bias[: 4 * UNITS] + bias[4 * UNITS :])
    np.testing.assert_array_equal(made["recurrent_kernel"][:, :UNITS], recurrent[:, :UNITS].T)
    gates = layouts.gru_of_cudnn(_random(INPUTS, 3 * UNITS), _random(UNITS, 3 * UNITS), _random(6 * UNITS))
    assert gates["bias"].shape == (2, 3 * UNITS)


@pytest.mark.parametrize(
    "shape, flipped, wanted, how",
    [
        ((3, 5), False, (3, 5), "as it is"),
        ((3, 5), True, (5, 3), "transposed"),
        ((4, 4), True, (4, 4), "transposed"),
        ((3, 6, 1, 4), False, (3, 6, 4), "reshaped"),
        ((7, 7, 8, 10), False, (392, 10), "reshaped"),
        ((3, 5), False, (5, 3), ""),
        ((6, 4), False, (8, 3), ""),
    ],
)
def test_how_one_shape_becomes_another(shape, flipped, wanted, how):
    assert layouts.fitting(shape, flipped, wanted, False) == how
    if how:
        array = np.arange(np.prod(shape)).reshape(shape)
        made = layouts.fitted(array, how, wanted)
        assert made.shape == wanted
        assert np.array_equal(made.ravel(), (array.T if how == "transposed" else array).ravel())
