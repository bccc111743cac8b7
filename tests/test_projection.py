"""The projection of residuals onto weights: one weight off below the noise is named, no order is flagged."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat import fixtures, layers, reference
from compat.arrays import UNIT_ROUNDOFF
from compat.judge.compare import compare
from compat.judge.projection import _copies, project
from compat.reference import Taps

RANDOM = np.random.RandomState(11)
PLACE = (1, 2, 100, 3)


def noise(*shape, low=-1.0, scale=1.0):
    return (scale * RANDOM.uniform(low, 1, shape)).astype(np.float32)


#: The convolution of which rtol=1e-3 passes a weight that is off by 1e-5: 3x3 over 256 channels.
X, W = noise(1, 28, 28, 256), noise(3, 3, 256, 8, scale=0.05)
ANSWER = reference.conv2d(X, W, padding="SAME")


def windows(x, w):
    """(positions, products) and (products, filters): what each output multiplies."""
    taps = Taps(x.shape, w.shape[:2], 1, "SAME", 1)
    padded = taps.pad(x)
    seen = np.stack([padded[window] for _, window in taps], axis=3)
    return seen.reshape(-1, w[..., 0].size), w.reshape(-1, w.shape[3])


SEEN, FILTERS = windows(X, W)


def one_by_one(order, seen=SEEN, filters=FILTERS):
    total = np.zeros((len(seen), filters.shape[1]), np.float32)
    for i in order:
        total += seen[:, i, None] * filters[i]
    return total


def in_blocks(order, size):
    parts = [one_by_one(order[start : start + size]) for start in range(0, len(order), size)]
    while len(parts) > 1:
        parts = [sum(pair[1:], pair[0]) for pair in (parts[i : i + 2] for i in range(0, len(parts), 2))]
    return parts[0]


def fused(order):
    """The product is not rounded, only the sum."""
    total = np.zeros((len(SEEN), FILTERS.shape[1]), np.float32)
    for i in order:
        total = (total + SEEN[:, i, None].astype(np.float64) * FILTERS[i]).astype(np.float32)
    return total


def judged(result, answer=ANSWER):
    return compare(result.reshape(answer.value.shape), "float32", answer, "float32")


def nudged(w, share, place=PLACE):
    w = w.copy()
    w[place] *= np.float32(1 + share)
    return w


def test_one_part_in_100000_in_one_tap_is_caught_and_named():
    right = layers.conv2d(X, W, padding="SAME")
    faulty = layers.conv2d(X, nudged(W, 1e-5), padding="SAME")
    np.testing.assert_allclose(faulty, right, rtol=1e-3, atol=1e-5)  # what people write lets it pass
    numbers = judged(faulty)
    assert numbers.word == "differs"
    assert max(numbers.share, numbers.share_rms, numbers.share_expected) < 1
    assert numbers.weight.index == list(PLACE)
    assert numbers.weight.off / W[PLACE] == pytest.approx(1e-5, rel=0.3)
    assert "the weight [1, 2, 100, 3] is off by" in numbers.message
    assert judged(right).word == "agrees" and judged(right).share_weight < 0.8


@pytest.mark.parametrize("share", [1e-4, -1e-4, 1e-2])
def test_larger_faults_are_named_at_the_same_weight(share):
    numbers = judged(layers.conv2d(X, nudged(W, share), padding="SAME"))
    assert numbers.word == "differs" and numbers.weight.index == list(PLACE)
    assert numbers.weight.off / W[PLACE] == pytest.approx(share, rel=0.05)


ORDERS = {
    "in order": lambda n: one_by_one(range(n)),
    "in reverse": lambda n: one_by_one(range(n - 1, -1, -1)),
    "in blocks of 8": lambda n: in_blocks(range(n), 8),
    "in blocks of 64": lambda n: in_blocks(range(n), 64),
    "fused": lambda n: fused(range(n)),
    "through float64": lambda n: (SEEN.astype(float) @ FILTERS).astype(np.float32),
}


@pytest.mark.parametrize("order", ORDERS)
def test_no_order_of_the_sum_is_flagged(order):
    numbers = judged(ORDERS[order](len(FILTERS)))
    assert numbers.word == "agrees" and numbers.share_weight < 0.8


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([1, 4, 16, 100]))
def test_no_shuffled_or_blocked_sum_is_flagged(seed, size):
    order = np.random.RandomState(seed).permutation(len(FILTERS))
    assert judged(in_blocks(order, size)).word == "agrees"


def _photograph():
    return fixtures.photograph().array[None, 100:180, 100:180]


#: Inputs whose rounding has a sign in common: positive, of few values, repeated, constant.
INPUTS = {
    "a photograph": _photograph,
    "a photograph in 0..1": lambda: _photograph() / np.float32(255),
    "black and white": lambda: (_photograph() > 120).astype(np.float32),
    "four shades of grey": lambda: np.float32(0.1) * np.floor(_photograph() / 64),
    "tiles": lambda: np.tile(_photograph()[:, :10, :10], (1, 8, 8, 1)),
    "one grey": lambda: np.full((1, 80, 80, 3), np.float32(0.3)),
    "stripes": lambda: np.tile(np.float32([0.1, 0.7])[:, None], (1, 40, 80, 3)).reshape(1, 80, 80, 3),
    "one pixel": lambda: np.pad(
        np.full((1, 1, 1, 3), np.float32(0.3)), ((0, 0), (40, 39), (40, 39), (0, 0)), "constant"
    ),
}
KERNELS = {
    "noise": noise(3, 3, 3, 4),
    "positive": noise(3, 3, 3, 4, low=0),
    "a mean": np.full((3, 3, 3, 4), np.float32(1 / 27)),
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("image", INPUTS)
def test_no_input_is_taken_for_a_wrong_weight(image, kernel):
    x, w = INPUTS[image](), KERNELS[kernel]
    answer = reference.conv2d(x, w, padding="SAME")
    seen, filters = windows(x, w)
    results = [
        layers.conv2d(x, w, padding="SAME"),
        one_by_one(range(27), seen, filters),
        one_by_one(range(26, -1, -1), seen, filters),
    ]
    for result in results:
        numbers = judged(result, answer)
        assert numbers.word == "agrees", numbers


def dense_case():
    x, w, b = noise(600, 300), noise(300, 5), noise(5)
    return (
        reference.dense(x, w, b),
        lambda w: layers.dense(x, w, b),
        w,
        (17, 2),
    )


def grouped_case():
    x, w = noise(1, 40, 40, 64), noise(3, 3, 32, 4)
    return reference.conv2d(x, w), lambda w: layers.conv2d(x, w), w, (0, 1, 20, 3)


def depthwise_case():
    x, w = noise(2, 40, 40, 3), noise(7, 7, 3, 2)
    return (
        reference.depthwise_conv2d(x, w, padding="SAME"),
        lambda w: layers.depthwise_conv2d(x, w, padding="SAME"),
        w,
        (2, 3, 1, 1),
    )


def transposed_case():
    x, w, settings = noise(2, 30, 30, 64), noise(3, 3, 4, 64), {"strides": 1, "padding": "SAME"}
    shape = (2, 30, 30, 4)
    return (
        reference.conv2d_transpose(x, w, output_shape=shape, **settings),
        lambda w: layers.conv2d_transpose(x, w, shape, **settings),
        w,
        (1, 0, 2, 40),
    )


def input_gradient_case():
    x, w, dy = noise(2, 30, 30, 4), noise(3, 3, 4, 64), noise(2, 30, 30, 64)
    return (
        reference.conv2d_grad(x, w, dy, padding="SAME")["dx"],
        lambda w: layers.conv2d_input_grad(dy, w, x.shape, padding="SAME"),
        w,
        (1, 0, 2, 40),
    )


@pytest.mark.parametrize(
    "case", [dense_case, grouped_case, depthwise_case, transposed_case, input_gradient_case]
)
def test_a_wrong_weight_is_named_in_every_operation_that_has_weights(case):
    answer, compute, w, place = case()
    assert judged(compute(w), answer).word == "agrees"
    numbers = judged(compute(nudged(w, 1e-5 if case is depthwise_case else 3e-5, place)), answer)
    named = tuple(numbers.weight.index)
    assert numbers.word == "differs"
    if case is depthwise_case:  # as a grouped kernel of one input channel
        named = named[:2] + divmod(named[3], w.shape[3])
    assert named == place


def test_without_noise_there_is_nothing_to_say():
    x, w = np.ones((1, 9, 9, 2), np.float32), np.ones((3, 3, 2, 3), np.float32)
    answer = reference.conv2d(x, w)
    assert judged(layers.conv2d(x, w), answer).share_weight == 0
    empty = reference.conv2d(x[:0], w)
    assert compare(layers.conv2d(x[:0], w), "float32", empty, "float32").word == "agrees"


@pytest.mark.parametrize("rows", [1, 20])
def test_few_outputs_convict_no_weight_and_are_not_asked(rows):
    """Whatever is left, a weight in so few sums stays below the limit."""
    state = np.random.RandomState(rows)
    x, w = state.normal(size=(rows, 30)), state.normal(size=(30, 7))
    answer = reference.dense(x, w, 0)
    residual = np.outer(x[:, 3], np.eye(7)[2])  # all of it speaks against one weight
    assert answer.products.taken == rows
    assert project(residual, answer.value, answer.products, 0.0) is None
    answer.products.taken = None
    found = project(residual, answer.value, answer.products, 0.0)
    assert found is None or found.share <= 1


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("dead", [False, True])
def test_float32_tells_what_float64_does(scale, dead):
    """The share of the noise does not depend on the size of the numbers, nor on a channel that is zero."""
    x, w = X.astype(np.float64) * scale, W.copy()
    if dead:
        x[..., :7], w[..., 2] = 0, 0
    answer = reference.conv2d(x, w, padding="SAME")
    residual = RANDOM.normal(size=answer.value.shape) * 1e-7 * np.std(answer.value)
    roughly, exactly = (
        project(residual, answer.value, answer.products, few * UNIT_ROUNDOFF[dtype])
        for few, dtype in ((answer.few, "float32"), (answer.few, "float64"))
    )
    assert 0.3 < exactly.share < 1 and roughly.share == pytest.approx(exactly.share, rel=1e-3)


def test_what_float32_does_not_tell_float64_does(monkeypatch):
    """A share near the limit, or a number that float32 cannot square, is left to float64."""
    asked = []
    plain = ANSWER.products.projected
    monkeypatch.setattr(ANSWER.products, "projected", lambda p, r: asked.append(r.dtype.name) or plain(p, r))
    assert judged(layers.conv2d(X, nudged(W, 1e-5), padding="SAME")).word == "differs"
    assert set(asked) == {"float32", "float64"}
    del asked[:]
    assert judged(layers.conv2d(X, W, padding="SAME")).word == "agrees"
    assert set(asked) == {"float32"}
    monkeypatch.setattr(
        ANSWER.products, "projected", lambda p, r: plain(p, r) * (np.nan if r.itemsize == 4 else 1)
    )
    assert judged(layers.conv2d(X, nudged(W, 1e-5), padding="SAME")).weight.index == list(PLACE)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, 1e-9, 0.1, 0.3]), min_size=1, max_size=40))
def test_equal_errors_are_counted(numbers):
    residual = np.array(numbers)
    assert _copies(residual).tolist() == [(residual == number).sum() for number in residual]


def test_equal_errors_are_counted_among_many():
    residual = np.concatenate([RANDOM.normal(size=200000), np.full(70, 0.25), np.full(3, -0.5)])
    counts = _copies(residual.reshape(-1, 1)).ravel()
    assert (counts[:200000] == 1).all() and (counts[200000:-3] == 70).all() and (counts[-3:] == 3).all()


def test_a_channel_that_is_right_to_the_bit_is_left_to_no_longer_way(monkeypatch):
    residual = RANDOM.normal(size=ANSWER.value.shape) * 1e-7
    residual[..., 3] = 0
    plain = ANSWER.products.projected
    asked = []
    monkeypatch.setattr(ANSWER.products, "projected", lambda p, r: asked.append(r.dtype.name) or plain(p, r))
    value = ANSWER.value.copy()
    value[..., 3] = 0
    assert project(residual, value, ANSWER.products, 8 * UNIT_ROUNDOFF["float32"]).share < 1
    assert asked == ["float32", "float32"]
