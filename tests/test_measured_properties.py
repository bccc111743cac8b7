"""What holds of every measured verdict, on drawn functions and inputs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.records import PASSING
from compat.scorecard.without_reference import judged

f32 = np.float32
SEEDS = st.integers(0, 2**31 - 1)
SMOOTH = st.sampled_from([np.tanh, np.exp, np.sin, lambda y: y, lambda y: y * y, lambda y: y / (2 + abs(y))])


def _sum(products):
    total = np.zeros_like(products[0])
    for product in products:
        total = total + product
    return total


@given(SEEDS, st.integers(1, 40), SMOOTH)
@settings(max_examples=60)
def test_any_order_of_a_smooth_sum_agrees(seed, count, function):
    random = np.random.RandomState(seed)
    x, w = random.uniform(-1, 1, (5, count)).astype(f32), random.uniform(-1, 1, (count, 4)).astype(f32)
    order = random.permutation(count)
    legacy = lambda x: function(_sum([x[:, i, None] * w[i] for i in range(count)]))
    port = lambda x: function(_sum([x[:, i, None] * w[i] for i in order]))
    verdict = judged(legacy, port, x)
    assert verdict.word in PASSING, verdict.message


@given(SEEDS, st.sampled_from(["uint8", "int32", "int64", "bool"]), st.floats(0.1, 20))
@settings(max_examples=60)
def test_no_difference_of_whole_numbers_is_green(seed, dtype, scale):
    """And what lies beyond all that was seen of the legacy side is no rounding."""
    random = np.random.RandomState(seed)
    x = random.randint(0, 12, (6, 5)).astype(f32) / f32(scale)
    legacy = lambda x: (x * f32(3)).astype(dtype)
    place = random.randint(6), random.randint(5)

    def port(x):
        result = legacy(x)
        result[place] = ~result[place] if dtype == "bool" else result[place] + 2
        return result

    verdict = judged(legacy, port, x)
    assert verdict.word not in PASSING
    assert verdict.word == "differs" or dtype == "bool"


@given(
    SEEDS, st.sampled_from([np.floor, np.ceil, np.trunc, np.rint, np.sign]), st.sampled_from([1, 3, 7, 10])
)
@settings(max_examples=60)
def test_a_step_more_is_never_green(seed, function, tenth):
    x = (np.random.RandomState(seed).randint(-30, 30, 50) / tenth).astype(f32)
    legacy = lambda x: function(x * f32(tenth))
    for port in (lambda x: legacy(x) + f32(1), lambda x: legacy(x) - f32(1)):
        verdict = judged(legacy, port, x)
        assert verdict.word == "differs", verdict.message


@given(SEEDS, st.integers(2, 5))
@settings(max_examples=40)
def test_ties_stay_ties(seed, values):
    x = (np.random.RandomState(seed).randint(0, values, (40, 9)) / f32(7)).astype(f32)
    last = lambda x: 8 - np.argmax(x[:, ::-1], axis=1)
    verdict = judged(lambda x: np.argmax(x, axis=1), last, x)
    assert verdict.word == ("identical" if np.array_equal(np.argmax(x, 1), last(x)) else "differs")


@given(SEEDS, st.floats(2e-4, 1))
@settings(max_examples=40)
def test_a_factor_is_never_green(seed, off):
    x = np.random.RandomState(seed).normal(size=(6, 8)).astype(f32)
    w = np.random.RandomState(seed // 2).normal(size=(8, 3)).astype(f32)
    assert judged(lambda x: np.tanh(x @ w), lambda x: np.tanh(x @ w) * f32(1 + off), x).word == "differs"


@given(SEEDS)
@settings(max_examples=40)
def test_conjugates_and_parts_alone_differ(seed):
    random = np.random.RandomState(seed)
    x = (random.normal(size=(3, 6)) + 1j * random.normal(size=(3, 6))).astype(np.complex64)
    for port in (np.conj, lambda x: x.real.astype(np.complex64), lambda x: x * np.complex64(1j)):
        assert judged(lambda x: 2 * x, lambda x, port=port: 2 * port(x), x).word == "differs"
