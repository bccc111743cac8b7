"""Moments and the normalisations made of them: float64 by hand, float32 in several orders, and faults."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat import reference
from compat.judge.compare import compare

seeds = st.integers(0, 2**31)


def noise(seed, *shape, low=-1.0, high=1.0):
    return np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32)


def word(result, answer, dtype="float32"):
    return compare(np.asarray(result), dtype, answer, dtype).word


def by_hand(x, gamma, beta, axes, epsilon):
    x = x.astype(np.float64)
    mean = x.mean(axis=axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def one_by_one(x, axes):
    """The mean along axes, in x's precision, an addition after the other, backwards."""
    moved = np.moveaxis(x, axes, range(len(axes)))
    moved = moved.reshape((-1,) + moved.shape[len(axes) :])
    total = np.zeros_like(moved[0])
    for part in moved[::-1]:
        total = total + part
    kept = [1 if axis in {a % x.ndim for a in axes} else n for axis, n in enumerate(x.shape)]
    return (total / x.dtype.type(len(moved))).reshape(kept)


def spelled(x, gamma, beta, axes, epsilon, mean_of, squares):
    mean = mean_of(x, axes)
    variance = mean_of(x * x, axes) - mean * mean if squares else mean_of((x - mean) ** 2, axes)
    root = 1 / np.sqrt(variance + x.dtype.type(epsilon))
    if squares:
        return x * (gamma * root) + (beta - mean * (gamma * root))
    return (x - mean) * root * gamma + beta


ORDERS = list(
    itertools.product((lambda x, axes: x.mean(axis=axes, keepdims=True), one_by_one), (False, True))
)


@settings(max_examples=25, deadline=None)
@given(
    seeds,
    st.sampled_from([(-1,), (1, 2, 3), (1, 2)]),
    st.sampled_from([1e-3, 1e-5]),
    st.sampled_from(["float16", "float32", "float64"]),
)
def test_layers_in_any_order_agree_and_other_epsilons_differ(seed, axes, epsilon, dtype):
    x = noise(seed, 2, 3, 4, 6).astype(dtype)
    gamma, beta = noise(seed + 1, 6, low=0.5, high=1.5).astype(dtype), noise(seed + 2, 6).astype(dtype)
    answer = reference.layer_norm(x, gamma, beta, axis=axes, epsilon=epsilon)
    right = by_hand(x, gamma.astype(float), beta.astype(float), axes, epsilon)
    np.testing.assert_allclose(answer.value, right, rtol=1e-9, atol=1e-9)
    for mean_of, squares in ORDERS:
        result = spelled(x, gamma, beta, axes, epsilon, mean_of, squares)
        assert result.dtype == dtype and word(result, answer, dtype) == "agrees"
    if dtype != "float16":
        other = 1e-3 if epsilon == 1e-5 else 1e-5
        assert word(by_hand(x, gamma, beta, axes, other).astype(dtype), answer, dtype) == "differs"


def test_epsilon_outside_the_root_and_bessels_correction_differ():
    x = noise(1, 2, 5, 6)
    gamma, beta = np.ones(6, np.float32), np.zeros(6, np.float32)
    answer = reference.layer_norm(x, gamma, beta, epsilon=1e-3)
    centred = x - x.mean(axis=-1, keepdims=True)
    outside = centred / (x.std(axis=-1, keepdims=True) + 1e-3)
    unbiased = centred / np.sqrt(x.var(axis=-1, ddof=1, keepdims=True) + 1e-3)
    for fault in (outside, unbiased):
        assert word(fault.astype(np.float32), answer) == "differs"


def test_instances_and_groups_are_layers_of_fewer_numbers():
    x, gamma, beta = noise(3, 2, 3, 4, 6), noise(4, 6), noise(5, 6)
    each = [by_hand(x[..., [c]], gamma[c], beta[c], (1, 2, 3), 1e-5) for c in range(6)]
    np.testing.assert_allclose(
        reference.instance_norm(x, gamma, beta).value, np.concatenate(each, -1), rtol=1e-10
    )
    halves = [
        by_hand(x[..., part], gamma[part], beta[part], (1, 2, 3), 1e-3) for part in (slice(0, 3), slice(3, 6))
    ]
    group = reference.group_norm(x, gamma, beta, groups=2)
    np.testing.assert_allclose(group.value, np.concatenate(halves, -1), rtol=1e-10)
    strided = [
        by_hand(x[..., k::2], gamma[k::2], beta[k::2], (1, 2, 3), 1e-3).astype(np.float32) for k in (0, 1)
    ]
    wrong = np.empty_like(x)
    wrong[..., 0::2], wrong[..., 1::2] = strided
    assert word(wrong, group) == "differs"


@settings(max_examples=25, deadline=None)
@given(seeds, st.booleans())
def test_weighted_moments(seed, masks):
    x = noise(seed, 3, 5, 4)
    w = noise(seed + 1, 3, 5, 1, low=0.25, high=2)
    w = (w > 1).astype(np.float32) if masks else w
    w[:, 0] = 1
    answers = reference.weighted_moments(x, w, axis=1)
    mean = np.average(x.astype(float), axis=1, weights=np.broadcast_to(w, x.shape))
    variance = np.average((x - mean[:, None]) ** 2, axis=1, weights=np.broadcast_to(w, x.shape))
    np.testing.assert_allclose(answers["mean"].value, mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(answers["variance"].value, variance, rtol=1e-9, atol=1e-12)
    for order in (slice(None), slice(None, None, -1)):
        y, v = x[:, order], w[:, order]
        found = (y * v).sum(axis=1) / v.sum(axis=1)
        assert word(found, answers["mean"]) == "agrees"
        of_squares = (y * y * v).sum(axis=1) / v.sum(axis=1) - found**2
        centred = ((y - found[:, None]) ** 2 * v).sum(axis=1) / v.sum(axis=1)
        assert {word(found, answers["variance"]) for found in (of_squares, centred)} == {"agrees"}


def test_zeros_that_count_differ():
    x, w = noise(7, 3, 5, 4), np.ones((3, 5, 1), np.float32)
    w[1:, 3:] = 0
    answers = reference.weighted_moments(x, w, axis=1)
    assert word((x * w).mean(axis=1), answers["mean"]) == "differs"
    assert word((x * w).var(axis=1), answers["variance"]) == "differs"


@pytest.mark.parametrize("offset", [0.0, 10.0])
def test_a_large_mean_costs_digits_but_not_two_percent(offset):
    """The variance of x + 10 by mean(x^2) - mean^2 loses digits, 0.2 % of the result here. No more."""
    x = noise(9, 2, 64) + np.float32(offset)
    gamma, beta = np.ones(64, np.float32), np.zeros(64, np.float32)
    answer = reference.layer_norm(x, gamma, beta, epsilon=1e-3)
    for mean_of, squares in ORDERS:
        assert word(spelled(x, gamma, beta, (1,), 1e-3, mean_of, squares), answer) == "agrees"
    off = by_hand(x, 1, 0, (1,), 1e-3) * 1.02
    assert word(off.astype(np.float32), answer) == "differs"
