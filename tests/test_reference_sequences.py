"""Attention, CTC and recurrence under masks: against sums over everything, float32 in several orders, and faults."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat import reference
from compat.judge.compare import compare
from compat.reference.exponentials import log_sum_exp, softmax_of
from compat.reference.tracked import Tracked

seeds = st.integers(0, 2**31)
U = 2.0**-24


def noise(seed, *shape, scale=1.0):
    return (np.random.RandomState(seed).normal(size=shape) * scale).astype(np.float32)


def word(result, answer, dtype="float32"):
    return compare(np.asarray(result), dtype, answer, dtype).word


# -- sums of exponentials


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 9), st.sampled_from([0.1, 1.0, 10.0]))
def test_log_sum_exp_of_numbers_that_are_off(seed, count, scale):
    x = noise(seed, 50, count, scale=scale)
    off = 3e-6 * np.random.RandomState(seed).uniform(0, 1, x.shape)
    tracked = log_sum_exp(Tracked(x, off / U))
    right = [math.log(math.fsum(math.exp(float(v)) for v in row)) for row in x]
    np.testing.assert_allclose(tracked.value, right, rtol=1e-12, atol=1e-12)
    for sign in (-1, 1):
        moved = (x + sign * off).astype(np.float32)
        at_once = np.log(np.exp(moved - moved.max(-1, keepdims=True)).sum(-1)) + moved.max(-1)
        by_pairs = moved[:, 0]
        for column in range(1, count):
            by_pairs = np.logaddexp(by_pairs, moved[:, column])
        # That x + off was rounded to float32 is part of what is off.
        rounded = abs(moved - (x + sign * off)).max(-1)
        for found in (at_once, by_pairs):
            assert (abs(found - right) <= tracked.error("float32") + rounded + 1e-12).all()
    # Wherever everything is off by as much the sum is: the bound is not loose.
    all_off = log_sum_exp(Tracked(x, np.full(x.shape, 1e-3 / U)))
    assert (all_off.error("float32") < 1.1e-3).all() and (all_off.error("float32") >= 1e-3).all()


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(2, 9))
def test_softmax_of_numbers_that_are_off(seed, count):
    x = noise(seed, 50, count, scale=3.0)
    kept = np.random.RandomState(seed).uniform(size=x.shape) < 0.7
    kept[:, 0] = True
    off = 1e-3 * np.random.RandomState(seed + 1).uniform(-1, 1, x.shape)
    tracked = softmax_of(Tracked(x, abs(off) / U), kept)
    powers = np.where(kept, np.exp(x.astype(float)), 0)
    np.testing.assert_allclose(tracked.value, powers / powers.sum(-1, keepdims=True), rtol=1e-12)
    moved = np.where(kept, np.exp(x + off), 0)
    found = moved / moved.sum(-1, keepdims=True)
    assert (abs(found - tracked.value) <= tracked.error("float32")).all()
    assert (tracked.error("float32")[~kept] == 0).all()
    assert (tracked.error("float32") <= 2.1e-3 * tracked.value).all()


# -- attention


def attended(query, key, value, kept, scale):
    scores = np.matmul(query, np.swapaxes(key, -1, -2)) * query.dtype.type(scale)
    hidden = np.where(kept, scores, query.dtype.type(-1e9))
    powers = np.exp(hidden - hidden.max(axis=-1, keepdims=True))
    return scores, np.matmul(powers / powers.sum(axis=-1, keepdims=True), value)


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from([0.3, 1.0, 4.0]), st.booleans(), st.booleans())
def test_attention(seed, size, masked, causal):
    query, key, value = (
        noise(seed + i, 2, 5, width, scale=size if i else 1) for i, width in enumerate((8, 8, 3))
    )
    mask = np.random.RandomState(seed).uniform(size=(2, 5)) < 0.6 if masked else np.ones((2, 5), bool)
    mask[:, 0] = True
    kept = np.broadcast_to(mask[:, None, :], (2, 5, 5)) & (np.tril(np.ones((5, 5), bool)) if causal else True)
    answers = reference.attention(query, key, value, mask, causal=causal)
    doubles = [array.astype(float) for array in (query, key, value)]
    _, right = attended(*doubles, kept, 1 / math.sqrt(8))
    np.testing.assert_allclose(answers["y"].value, right, rtol=1e-9, atol=1e-12)
    scores, y = attended(query, key, value, kept, 1 / math.sqrt(8))
    assert word(scores, answers["scores"]) == word(y, answers["y"]) == "agrees"
    backwards = attended(query[..., ::-1], key[:, ::-1, ::-1], value[:, ::-1], kept[..., ::-1], 8**-0.5)[1]
    assert word(backwards, answers["y"]) == "agrees"
    assert word(attended(query, key, value, kept, 1.0)[1], answers["y"]) == "differs"
    if masked and not causal and not mask.all():
        everything = np.ones_like(kept)
        assert word(attended(query, key, value, everything, 8**-0.5)[1], answers["y"]) == "differs"


def test_a_query_that_sees_nothing_has_no_answer():
    with pytest.raises(ValueError, match="sees no key"):
        reference.attention(noise(1, 1, 2, 4), noise(2, 1, 3, 4), noise(3, 1, 3, 2), np.zeros((1, 3)))


def test_masked_keys_weigh_exactly_nothing():
    answers = reference.attention(
        noise(1, 1, 2, 4), noise(2, 1, 3, 4), noise(3, 1, 3, 2), np.array([[1, 1, 0]])
    )
    found = answers["weights"].value.astype(np.float32)
    assert word(found, answers["weights"]) == "agrees"
    found[..., 2] = 1e-30
    assert word(found, answers["weights"]) == "differs"


# -- CTC


def all_alignments(logits, text, blank):
    """-log of the sum over every sequence of classes that becomes the text: repeats merged, blanks taken out."""
    logits = logits.astype(float)
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total = []
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        merged = [c for place, c in enumerate(path) if place == 0 or path[place - 1] != c]
        if [c for c in merged if c != blank] == list(text):
            total.append(np.prod([probabilities[t, c] for t, c in enumerate(path)]))
    return -math.log(math.fsum(total)) if total else math.inf


def in_float32(logits, text, blank):
    """Backwards, two by two."""
    logarithms = logits - logits.max(-1, keepdims=True)
    logarithms = logarithms - np.log(np.exp(logarithms).sum(-1, keepdims=True))
    states = [blank]
    for symbol in text:
        states += [symbol, blank]
    reached = np.full(len(states), -np.inf, np.float32)
    reached[-2:] = logarithms[-1, states[-2:]]
    for frame in range(len(logits) - 2, -1, -1):
        before = reached.copy()
        for place in range(len(states) - 1):
            reached[place] = np.logaddexp(before[place], before[place + 1])
            if place + 2 < len(states) and states[place] not in (blank, states[place + 2]):
                reached[place] = np.logaddexp(reached[place], before[place + 2])
        reached = reached + logarithms[frame, states]
    return -np.logaddexp(reached[0], reached[1])


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from([(1,), (1, 2), (2, 2), (1, 2, 1), (1, 1, 2)]), st.sampled_from([0, -1]))
def test_ctc(seed, text, blank):
    logits = noise(seed, 5, 1, 4, scale=2.0)
    answer = reference.ctc_loss(logits, np.array([text]), blank_index=blank)
    right = all_alignments(logits[:, 0], text, blank % 4)
    np.testing.assert_allclose(answer.value, [right], rtol=1e-10)
    assert word(np.float32([in_float32(logits[:, 0], text, blank % 4)]), answer) == "agrees"
    other = all_alignments(logits[:, 0], text, {0: 3, -1: 0}[blank])
    assert word(np.float32([other]), answer) == "differs"
    assert word(np.float32([right + 1e-3]), answer) == "differs"


def test_long_texts_keep_a_bound_that_is_of_use():
    logits = noise(5, 60, 1, 8)
    text = np.random.RandomState(6).randint(0, 7, 12)
    answer = reference.ctc_loss(logits, text[None])
    found = in_float32(logits[:, 0], text, 7)
    assert word(np.float32([found]), answer) == "agrees"
    assert 0 < answer.worst("float32")[0] < 1e-3 * answer.value[0]


def test_what_no_alignment_fits_is_infinite_and_lengths_count():
    logits = noise(7, 5, 2, 4)
    texts = np.array([[1, 1, 1], [2, 0, 0]])
    answer = reference.ctc_loss(logits, texts, np.array([3, 1]), np.array([4, 3]))
    assert np.isinf(answer.value[0])
    np.testing.assert_allclose(answer.value[1], all_alignments(logits[:3, 1], (2,), 3), rtol=1e-10)


# -- recurrence

UNITS = 3


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def weights(seed):
    return (
        noise(seed, 2, 4 * UNITS, scale=0.5),
        noise(seed + 1, UNITS, 4 * UNITS, scale=0.5),
        noise(seed + 2, 12),
    )


def run_one(x, kernel, recurrent, bias, peepholes=None, zoneout=(0, 0)):
    """All outputs (steps, units) of one sequence, all of which counts; in the precision of x."""
    c = h = np.zeros(UNITS, x.dtype)
    to_i, to_f, to_o = np.zeros((3, UNITS), x.dtype) if peepholes is None else peepholes
    keep_c, keep_h = (x.dtype.type(share) for share in zoneout)
    outputs = []
    for now in x:
        i, f, g, o = np.split(now @ kernel + h @ recurrent + bias, 4)
        new = sigmoid(f + to_f * c) * c + sigmoid(i + to_i * c) * np.tanh(g)
        output = sigmoid(o + to_o * new) * np.tanh(new)
        c, h = keep_c * c + (1 - keep_c) * new, keep_h * h + (1 - keep_h) * output
        outputs.append(h)
    return np.stack(outputs)


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 5))
def test_masked_at_the_end_is_a_shorter_sequence(seed, length):
    x, of = noise(seed, 2, 5, 2), weights(seed + 3)
    mask = np.array([[1] * 5, [1] * length + [0] * (5 - length)])
    shorter = run_one(x[1, :length].astype(float), *of)
    repeated = reference.lstm(x, *of, mask, sequences=True)
    zeros = reference.lstm(x, *of, mask, sequences=True, masked="zeros")
    last = reference.lstm(x, *of, mask)
    np.testing.assert_allclose(last.value[1], shorter[-1], atol=1e-12)
    np.testing.assert_allclose(repeated.value[1, :length], shorter, atol=1e-12)
    assert (repeated.value[1, length:] == repeated.value[1, length - 1]).all()
    assert (zeros.value[1, length:] == 0).all() and (
        zeros.value[1, :length] == repeated.value[1, :length]
    ).all()
    found = np.stack([run_one(x[0], *of)[-1], run_one(x[1, :length], *of)[-1]])
    assert word(found, last) == "agrees"
    if length < 5:
        ignored = np.stack([run_one(row, *of)[-1] for row in x])
        assert word(ignored, last) == "differs"
        assert word(zeros.value[:, -1].astype(np.float32), last) == "differs"


def test_a_hole_in_the_mask_is_a_step_that_is_not_there():
    x, of = noise(1, 1, 5, 2), weights(2)
    mask = np.array([[1, 0, 1, 1, 0]])
    np.testing.assert_allclose(
        reference.lstm(x, *of, mask).value[0], run_one(x[0, [0, 2, 3]].astype(float), *of)[-1], atol=1e-12
    )
    gru = noise(3, 2, 9), noise(4, 3, 9), noise(5, 9)
    np.testing.assert_allclose(
        reference.gru(x, *gru, mask).value, reference.gru(x[:, [0, 2, 3]], *gru).value, atol=1e-12
    )


@pytest.mark.parametrize("merge", ["concat", "sum", "mul", "ave"])
def test_both_directions(merge):
    x, forth, back = noise(1, 1, 5, 2), weights(2), weights(12)
    merged = {
        "concat": lambda a, b: np.concatenate([a, b], -1),
        "sum": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "ave": lambda a, b: (a + b) / 2,
    }[merge]
    for dtype in (np.float64, np.float32):
        first, second = run_one(x[0].astype(dtype), *forth), run_one(x[0, ::-1].astype(dtype), *back)[::-1]
        last = reference.bidirectional(x, *forth, *back, merge=merge)
        everything = reference.bidirectional(x, *forth, *back, merge=merge, sequences=True)
        if dtype is np.float64:
            np.testing.assert_allclose(last.value[0], merged(first[-1], second[0]), atol=1e-12)
            np.testing.assert_allclose(everything.value[0], merged(first, second), atol=1e-12)
        else:
            assert word(merged(first[-1], second[0])[None], last) == "agrees"
            assert word(merged(first, second)[None], everything) == "agrees"
            # What tf.nn.bidirectional_dynamic_rnn has at [:, -1]; and outputs that were not turned back.
            assert word(merged(first[-1], second[-1])[None], last) == "differs"
            assert word(merged(first, second[::-1])[None], everything) == "differs"


def test_peepholes_and_zoneout():
    x, of, eyes = noise(1, 1, 6, 2), weights(2), noise(3, 3, UNITS)
    for settings_, faults in (
        ({"peepholes": eyes}, [{}, {"peepholes": eyes[[1, 0, 2]]}]),
        ({"zoneout": (0.2, 0.1)}, [{}, {"zoneout": (0.1, 0.2)}, {"zoneout": (0.8, 0.9)}]),
    ):
        answer = reference.lstm(x, *of, **settings_)
        np.testing.assert_allclose(
            answer.value[0], run_one(x[0].astype(float), *of, **settings_)[-1], atol=1e-12
        )
        assert word(run_one(x[0], *of, **settings_)[-1:], answer) == "agrees"
        for fault in faults:
            assert word(run_one(x[0], *of, **fault)[-1:], answer) == "differs"
