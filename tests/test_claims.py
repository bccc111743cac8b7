"""Claims: Winograd, Fourier and TF32 stay within the bounds of what they claim, and faults do not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import CASES, record_of

from compat import CompatError, layers, operation, reference
from compat.arrays import round_to
from compat.case.files import Case
from compat.judge.compare import compare
from compat.judge.verdicts import Judge, judge
from compat.reference.claims import CLAIMS, under

OPERATIONS = {sample.operation.name: sample.operation for sample in Case(
    str(CASES / "convolution" / "conv2d_algorithms.py")
).samples()}  # fmt: skip
ALGORITHMS = {
    "winograd-2x2": OPERATIONS["conv2d_winograd_2x2"],
    "winograd-4x4": OPERATIONS["conv2d_winograd_4x4"],
    "fft": OPERATIONS["conv2d_fourier"],
    "tf32-products": OPERATIONS["conv2d_tf32"],
}


def computed(claim, x, w):
    return ALGORITHMS[claim].implementations["numpy"](np, x, w)


def images(seed, shape, kind):
    """Noise, positive, sparse, or with one pixel a million times the others: what transforms mix."""
    random = np.random.RandomState(seed)
    x = random.uniform(-1, 1, shape)
    if kind == "positive":
        x = abs(x)
    if kind == "sparse":
        x *= random.uniform(size=shape) < 0.1
    if kind == "one large":
        x[:, shape[1] // 2, shape[2] // 2] *= 1e6
    return x.astype(np.float32)


KINDS = st.sampled_from(["noise", "positive", "sparse", "one large"])


@pytest.mark.parametrize("claim", ALGORITHMS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), kind=KINDS, height=st.integers(1, 13), width=st.integers(1, 13),
       channels=st.sampled_from([1, 3, 40]))  # fmt: skip
def test_what_claims_it_stays_within_its_bounds(claim, seed, kind, height, width, channels):
    x = images(seed, (2, height, width, channels), kind)
    w = np.random.RandomState(seed).normal(0, 0.1, (3, 3, channels, 3)).astype(np.float32)
    answer = under(reference.conv2d(x, w, padding="SAME"), claim)
    numbers = compare(computed(claim, x, w), "float32", answer, "float32")
    assert numbers.word == "agrees", numbers


@pytest.mark.parametrize("down, along", [(0, 0), (1, 0), (1, 1), (3, 2)])
def test_tiles_may_begin_anywhere(down, along):
    """The same convolution with tiles at other places: cut out of a larger one."""
    x, w = images(1, (1, 12, 12, 3), "one large"), images(2, (3, 3, 3, 4), "noise")
    answer = reference.conv2d(x, w, padding="SAME")
    larger = np.pad(x, ((0, 0), (down, 0), (along, 0), (0, 0)), mode="constant")
    for claim in ("winograd-2x2", "winograd-4x4"):
        result = computed(claim, larger, w)[:, down:, along:]
        assert compare(result, "float32", under(answer, claim), "float32").word == "agrees"


def test_without_the_claim_four_by_four_tiles_are_beyond_a_plain_sum():
    x, w = images(3, (1, 18, 18, 3), "noise"), images(4, (3, 3, 3, 8), "noise")
    answer = reference.conv2d(x, w, padding="SAME")
    for claim in ("winograd-4x4", "tf32-products"):
        result = computed(claim, x, w)
        assert compare(result, "float32", answer, "float32").word == "differs"
        assert compare(result, "float32", under(answer, claim), "float32").word == "agrees"


FAULTS = {
    "flipped": lambda x, w: (x, w[::-1, ::-1]),
    "one tap forgotten": lambda x, w: (x, w * (np.arange(9).reshape(3, 3, 1, 1) != 4)),
    "moved": lambda x, w: (np.roll(x, 1, 1), w),
    "one weight off by a tenth": lambda x, w: (x, w + 0.1 * w * (np.arange(w.size).reshape(w.shape) == 40)),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("claim", ALGORITHMS)
def test_a_claim_excuses_no_fault(claim, fault):
    x, w = images(5, (1, 18, 18, 3), "noise"), images(6, (3, 3, 3, 8), "noise")
    answer = under(reference.conv2d(x, w, padding="SAME"), claim)
    wrong = computed(claim, *(np.asarray(a, np.float32) for a in FAULTS[fault](x, w)))
    assert compare(wrong, "float32", answer, "float32").word == "differs"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sums_in_float32_are_held_to_it(dtype):
    """Half precisions added in float32 and rounded once pass; added in half they are told."""
    x, w = (
        round_to(images(seed, shape, "noise"), dtype)
        for seed, shape in ((7, (1, 20, 20, 60)), (8, (3, 3, 60, 4)))
    )
    answer = under(reference.conv2d(x, w), "float32-sums")
    right = round_to(layers.conv2d(x.astype(np.float32), w.astype(np.float32)), dtype)
    assert compare(right, dtype, answer, dtype).word == "agrees"
    total = np.zeros(right.shape, np.float32)
    for i, j, c in np.ndindex(3, 3, 60):
        product = x[:, i : i + 18, j : j + 18, c, None].astype(np.float32) * w[i, j, c].astype(np.float32)
        total = round_to(total + round_to(product, dtype).astype(np.float32), dtype).astype(np.float32)
    assert compare(round_to(total, dtype), dtype, reference.conv2d(x, w), dtype).word == "agrees"
    assert compare(round_to(total, dtype), dtype, answer, dtype).word == "differs"
    for other in ("float32", "float64"):  # there it says nothing
        plain = reference.conv2d(x, w)
        np.testing.assert_array_equal(answer.worst(other), plain.worst(other))


def record(result, claim):
    return record_of({"y": result}, claim=claim)


def test_the_judge_takes_the_claim_from_the_record():
    x, w = images(3, (1, 18, 18, 3), "noise"), images(4, (3, 3, 3, 8), "noise")
    answer, result = {"y": reference.conv2d(x, w, padding="SAME")}, computed("winograd-4x4", x, w)
    judged = Judge(answer, lambda digest: result)
    for claim, word in ((None, "differs"), ("winograd-4x4", "agrees"), (None, "differs")):
        assert judged(record(result, claim)).word == word
        assert judge(record(result, claim), answer, lambda digest: result).word == word
    network = reference.Network(x)
    network.step("y", lambda x: reference.conv2d(x, w, padding="SAME"))
    assert judge(record(result, None), network, lambda digest: result).word == "differs"
    assert judge(record(result, "winograd-4x4"), network, lambda digest: result).word == "agrees"


def test_other_kernels_are_plain_sums_under_winograd():
    x, w = images(1, (1, 9, 9, 3), "noise"), images(2, (5, 5, 3, 4), "noise")
    strided = reference.conv2d(x, images(2, (3, 3, 3, 4), "noise"), strides=2)
    for answer in (reference.conv2d(x, w), strided, reference.relu(x)):
        assert under(answer, "winograd-2x2") is answer


def test_an_unknown_claim_is_refused():
    with pytest.raises(CompatError, match="nobody knows the claim 'magic'; there are float32-sums"):
        operation("x").on("numpy", claims="magic")
    assert set(ALGORITHMS) < set(CLAIMS)
