"""The rules of CTC against the sum over all paths, one by one."""

import itertools

import numpy as np
import pytest
from test_cells_rules import inexact, word

from compat.reference.nodes import NodeCall, answer
from compat.reference.nodes.registry import NoRule

f32 = np.float32
FRAMES, CLASSES = 5, 4
BLANK = CLASSES - 1


def logits(seed=0, texts=1, scale=1.0):
    return (scale * np.random.RandomState(seed).randn(FRAMES, texts, CLASSES)).astype(f32)


def told(x, texts, lengths=None, **settings):
    places = [(number, place) for number, text in enumerate(texts) for place in range(len(text))]
    symbols = np.array([symbol for text in texts for symbol in text], np.int32)
    lengths = np.array([FRAMES] * len(texts) if lengths is None else lengths, np.int32)
    call = NodeCall("CTCLoss", settings, ("float32", "int64", "int32", "int32"), ("float32", "float32"))
    return answer(call, [x, np.array(places, np.int64).reshape(-1, 2), symbols, lengths])


def text_of(path, merged=True):
    return [s for s, before in zip(path, (None, *path)) if s != BLANK and not (merged and s == before)]


def spelled(x, text, ctc_merge_repeated=True, preprocess_collapse_repeated=False):
    """The loss of one text: over all paths, one class a frame."""
    if preprocess_collapse_repeated:
        text = [symbol for symbol, _ in itertools.groupby(text)]
    x = np.asarray(x, np.float64)
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    total = sum(
        np.prod(p[np.arange(len(p)), list(path)])
        for path in itertools.product(range(CLASSES), repeat=len(p))
        if text_of(path, ctc_merge_repeated) == list(text)
    )
    with np.errstate(divide="ignore"):
        return -np.log(total)


def slope(x, text, **settings):
    grad = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = np.array(x, np.float64)
            moved[index] += step
            ends.append(spelled(moved, text, **settings))
        grad[index] = (ends[0] - ends[1]) / 2e-5
    return grad


SETTINGS = [{}, {"ctc_merge_repeated": False}, {"preprocess_collapse_repeated": True}]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("text", [[0], [1, 0], [1, 1], [0, 0, 2], [2, 1, 0, 1]])
@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_loss_and_gradient(text, settings, scale):
    x = logits(len(text), scale=scale)
    loss, gradient = told(x, [text], **settings)
    right = spelled(x[:, 0], text, **settings)
    assert loss.value[0] == pytest.approx(right, rel=1e-12)
    assert word([right], loss) == "agrees" and word([right * (1 + 2e-4)], loss) == "differs"
    np.testing.assert_allclose(gradient.value[:, 0], slope(x[:, 0], text, **settings), atol=1e-8)
    grad = gradient.value.astype(f32)
    assert word(grad, gradient) == "agrees"
    grad[np.unravel_index(np.argmax(abs(grad)), grad.shape)] *= f32(1.001)
    assert word(grad, gradient) == "differs"


def test_another_setting_is_another_loss():
    x, text = logits(1), [1, 1, 0]
    losses = [told(x, [text], **settings)[0] for settings in SETTINGS]
    rights = [[spelled(x[:, 0], text, **settings)] for settings in SETTINGS]
    found = [[word(right, loss) for right in rights] for loss in losses]
    assert found == [["agrees" if i == j else "differs" for j in range(3)] for i in range(3)]


def test_several_texts_of_several_lengths():
    x, texts, lengths = logits(4, texts=3), [[0, 1], [2], [1, 2, 0]], [5, 3, 4]
    loss, gradient = told(x, texts, lengths)
    for number, (text, length) in enumerate(zip(texts, lengths)):
        assert loss.value[number] == pytest.approx(spelled(x[:length, number], text), rel=1e-12)
        np.testing.assert_allclose(
            gradient.value[:length, number], slope(x[:length, number], text), atol=1e-8
        )
        assert not gradient.value[length:, number].any()
        assert np.all(gradient.worst("float32")[length:, number] < 1e-30)


def test_texts_that_do_not_fit():
    x = logits(5, texts=2)
    loss, gradient = told(x, [[0, 0, 0], [1]], [4, 5])
    assert np.isinf(loss.value[0]) and np.isfinite(loss.value[1])
    p = np.exp(x[:4, 0].astype(float))
    np.testing.assert_allclose(gradient.value[:4, 0], p / p.sum(axis=1, keepdims=True), rtol=1e-12)
    loss, gradient = told(x, [[0, 1, 2], [1]], [2, 0], ignore_longer_outputs_than_inputs=True)
    assert loss.value.tolist() == [0, 0] and not gradient.value.any()
    for text in ([], [BLANK]):
        with pytest.raises(NoRule):
            told(logits(), [text])


def test_logits_that_are_inexact():
    x, text = logits(6), [1, 1]
    loss, gradient = told(inexact(x), [text])
    state = np.random.RandomState(2)
    for _ in range(20):
        other = x[:, 0] * (1 + 50 * 2.0**-24 * state.uniform(-1, 1, x[:, 0].shape))
        assert abs(spelled(other, text) - loss.value[0]) <= loss.worst("float32")[0]
        assert np.all(
            abs(slope(other, text) - gradient.value[:, 0]) <= gradient.worst("float32")[:, 0] + 1e-8
        )
    assert loss.worst("float32")[0] < 1e-3


def test_float32_in_another_order():
    """In the logarithm, forwards, in float32 throughout."""
    x, text = logits(7), [0, 2]
    p = np.exp(x[:, 0] - x[:, 0].max(axis=1, keepdims=True))
    logs = np.log(p / p.sum(axis=1, keepdims=True))
    states = [BLANK, 0, BLANK, 2, BLANK]
    alpha = np.full(5, -np.inf, f32)
    alpha[:2] = logs[0, states[:2]]
    for frame in range(1, FRAMES):
        new = np.full(5, -np.inf, f32)
        for state in range(5):
            total = alpha[state]
            if state > 0:
                total = np.logaddexp(total, alpha[state - 1])
            if state == 3:
                total = np.logaddexp(total, alpha[1])
            new[state] = total + logs[frame, states[state]]
        alpha = new
    assert word([-np.logaddexp(alpha[3], alpha[4])], told(x, [text])[0]) == "agrees"


# -- the best path


def test_the_best_path():
    x = np.random.RandomState(3).randint(-2, 3, (6, 4, 3)).astype(f32)
    lengths = np.array([6, 4, 1, 6], np.int32)
    for merge in (False, True):
        call = NodeCall(
            "CTCGreedyDecoder", {"merge_repeated": merge}, ("float32", "int32"), ("int64",) * 3 + ("float32",)
        )
        indices, values, shape, sums = answer(call, [x, lengths])
        texts = []
        for number, length in enumerate(lengths):
            path = [int(np.argmax(frame)) for frame in x[:length, number]]
            kept = [s for s, before in zip(path, (None, *path)) if s != 2 and not (merge and s == before)]
            texts.append(kept)
            assert sums.value[number, 0] == -sum(float(x[t, number, s]) for t, s in enumerate(path))
        assert values.tolist() == [symbol for text in texts for symbol in text]
        assert indices.tolist() == [[n, k] for n, text in enumerate(texts) for k in range(len(text))]
        assert shape.tolist() == [4, max(map(len, texts))]
    with pytest.raises(NoRule, match="rounded"):
        answer(call, [inexact(x), lengths])
