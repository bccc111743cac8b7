"""How far softmax and log sum exp can be off: no error that is allowed goes beyond, and a mask makes nothing vague."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat.reference import logsums


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@given(
    seed=st.integers(0, 10**6), size=st.integers(1, 9), scale=st.sampled_from([1e-9, 1e-4, 0.1, 2.0, 30.0])
)
def test_nothing_that_is_off_by_so_much_goes_beyond(seed, size, scale):
    state = np.random.RandomState(seed)
    x = 4 * state.normal(size=(3, size))
    w = scale * state.uniform(size=(3, size))
    signs = state.choice([-1.0, 1.0], size=(3, size)) if seed % 2 else state.uniform(-1, 1, (3, size))
    moved = x + signs * w
    room = 1 + 1e-9
    assert (abs(softmax(moved) - softmax(x)) <= logsums.softmax_off(x, w) * room + 1e-15).all()
    grows, falls = logsums.log_sum_off(x, w)
    change = logsums.log_sum_exp(moved) - logsums.log_sum_exp(x)
    assert (change <= grows + 1e-13).all() and (-change <= falls + 1e-13).all()
    logarithm = abs((moved - x) - change)
    assert (logarithm <= logsums.log_softmax_off(x, w) + 1e-13).all()


@given(seed=st.integers(0, 10**6))
def test_no_looser_than_by_the_largest_error_alone(seed):
    state = np.random.RandomState(seed)
    x, w = state.normal(size=(2, 6)), 0.1 * state.uniform(size=(2, 6))
    both = w + w.max(axis=-1, keepdims=True)
    assert (logsums.softmax_off(x, w) <= softmax(x) * np.expm1(both) * (1 + 1e-9)).all()
    assert (logsums.log_softmax_off(x, w) <= both * (1 + 1e-9)).all()


@pytest.mark.parametrize("mask, off", [(-1e9, 60.0), (-1e30, 1e23), (-np.inf, np.inf), (-3.4e38, 2e31)])
def test_what_is_masked_makes_nothing_vague_beside_it(mask, off):
    x, w = np.array([[0.5, mask, 1.0, mask]]), np.array([[1e-6, off, 1e-6, off]])
    found = logsums.softmax_off(x, w)
    assert (found[0, [0, 2]] < 2e-6).all() and (found[0, [1, 3]] == 0).all()
    assert (logsums.log_softmax_off(x, w)[0, [0, 2]] < 3e-6).all()


def test_no_number_is_off_by_more_than_all():
    x, w = np.array([[0.0, 1.0]]), np.array([[np.inf, 1e-6]])
    assert (logsums.softmax_off(x, w) <= 1).all() and logsums.softmax_off(x, w)[0, 0] > 0.5
