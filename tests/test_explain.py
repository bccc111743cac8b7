"""The explainer: what was done wrong on purpose is named, alone and in pairs, and nothing is invented."""

import numpy as np
import pytest

from compat import layers, operation, reference
from compat.explain import HYPOTHESES, Target, describe, explain

RANDOM = np.random.RandomState(3)


def noise(*shape):
    return RANDOM.uniform(-1, 1, shape).astype(np.float32)


X, W, B = noise(2, 10, 10, 3), noise(3, 3, 3, 4), noise(4)
conv = operation("conv", reference=reference.conv2d_bias)
SAME = {"strides": 2, "padding": "SAME"}


def convolved(x=X, w=W, b=B, **changed):
    return layers.conv2d(x, w, bias=b, **dict(SAME, **changed))


def names(operation, inputs, parameters, result, seconds=20):
    results = result if isinstance(result, dict) else {"y": result}
    results = {name: (array, array.dtype.name) for name, array in results.items()}
    found = explain(Target(operation, list(inputs), parameters, results, "float32"), seconds)
    return [cause.names for cause in found]


def test_there_are_many_hypotheses_each_with_a_name_and_a_sentence_of_its_own():
    assert len(HYPOTHESES) >= 40
    assert len({hypothesis.name for hypothesis in HYPOTHESES}) == len(HYPOTHESES)
    for hypothesis in HYPOTHESES:
        assert hypothesis.sentence[0].islower() or hypothesis.sentence[0] in "{0"


def test_of_a_right_result_nothing_is_said():
    assert names(conv, (X, W, B), SAME, convolved()) == []


FAULTS = {
    "flipped kernel": lambda: convolved(w=W[::-1, ::-1]),
    "kernel's rows flipped": lambda: convolved(w=W[::-1]),
    "kernel's columns flipped": lambda: convolved(w=W[:, ::-1]),
    "kernel's height and width swapped": lambda: convolved(w=W.swapaxes(0, 1)),
    "kernel in another layout": lambda: convolved(w=W.transpose(3, 2, 0, 1).reshape(W.shape)),
    "one kernel for all channels": lambda: convolved(w=np.repeat(W.sum(axis=2, keepdims=True), 3, axis=2)),
    "RGB for BGR": lambda: convolved(x=X[..., ::-1]),
    "bias forgotten": lambda: convolved(b=0 * B),
    "bias doubled": lambda: convolved(b=2 * B),
    "bias subtracted": lambda: convolved(b=-B),
    "bias in reverse": lambda: convolved(b=B[::-1]),
    "padded evenly": lambda: convolved(padding=((1, 1), (1, 1))),
    "padding VALID": lambda: convolved(padding="VALID"),
    "other strides": lambda: convolved(strides=1),
    "dilation for stride": lambda: convolved(strides=1, dilations=2),
    "NHWC for NCHW": lambda: convolved(x=X.transpose(0, 3, 1, 2).reshape(X.shape)),
    "image transposed": lambda: convolved(x=X.swapaxes(1, 2)),
    "image upside down": lambda: convolved(x=X[:, ::-1]),
    "image mirrored": lambda: convolved(x=X[:, :, ::-1]),
    "0..255 for 0..1": lambda: convolved(x=X * np.float32(255)),
    "0..1 for 0..255": lambda: convolved(x=X / np.float32(255)),
    "relu on top": lambda: np.maximum(convolved(), 0),
    "negated": lambda: -convolved(),
    "doubled": lambda: 2 * convolved(),
    "answer in the other data format": lambda: convolved().transpose(0, 3, 1, 2),
    "channels in reverse": lambda: np.ascontiguousarray(convolved()[..., ::-1]),
    "rounded to less precision": lambda: convolved().astype(np.float16).astype(np.float32),
    "bfloat16 products": lambda: convolved(*(bfloat16(a) for a in (X, W))),
}


def bfloat16(array):
    return (array.view(np.uint32) + 0x8000 & np.uint32(0xFFFF0000)).view(np.float32)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_cause_comes_first(fault):
    found = names(conv, (X, W, B), SAME, FAULTS[fault]())
    assert found and found[0] == (fault,)


PAIRS = {
    ("flipped kernel", "padded evenly"): lambda: convolved(w=W[::-1, ::-1], padding=((1, 1), (1, 1))),
    ("bias forgotten", "relu on top"): lambda: np.maximum(convolved(b=0 * B), 0),
    ("flipped kernel", "bias forgotten"): lambda: convolved(w=W[::-1, ::-1], b=0 * B),
    ("kernel's height and width swapped", "0..1 for 0..255"): lambda: convolved(
        X / np.float32(255), W.swapaxes(0, 1)
    ),
}


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_two_causes_are_found_together(pair):
    assert names(conv, (X, W, B), SAME, PAIRS[pair](), seconds=600) == [pair]


# -- what changes nothing explains nothing


def off_by(share):
    """A convolution's answer, two of its elements off by so many of their allowances; positive, below 1."""
    x, w = abs(noise(1, 5, 5, 3)), abs(noise(2, 2, 3, 4)) / np.float32(20)
    answer = reference.conv2d(x, w)
    y = answer.value.copy()
    y.flat[7:9] += (share * answer.worst("float32")).flat[7:9] * [1, -1]
    target = Target(plain, [x, w], {}, {"y": (y.astype(np.float32), "float32")}, "float32")
    return [cause.names for cause in explain(target, 60)]


plain = operation("plain", reference=reference.conv2d)


@pytest.mark.parametrize("share", (1.05, 1.2, 1.3))
def test_two_that_undo_each_other_are_no_cause(share):
    # Every step rounds, so that the allowance of both together is a little larger.
    assert off_by(share) == []


def test_one_that_changes_nothing_is_no_cause():
    # Nothing is beyond 0..255, and one that clips is allowed a rounding more.
    x = np.full((1, 1, 1, 1), 3, np.float32)
    result = np.nextafter(np.full(x.shape, 9, np.float32), np.float32(10))
    assert names(plain, (x, x), {}, result) == []


def test_a_double_that_is_off_by_more_than_its_roundings_is_not_rounded_to_less():
    x, w = noise(1, 4, 4, 2).astype(np.float64), noise(1, 1, 2, 3).astype(np.float64)
    result = reference.conv2d(x, w).value * (1 + RANDOM.uniform(-1e-3, 1e-3, (1, 4, 4, 3)))
    target = Target(plain, [x, w], {}, {"y": (result, "float64")}, "float64")
    assert explain(target, 60) == []


def test_the_same_numbers():
    answer = reference.Reference(np.full(4, 3.0), 3.0, 1)
    target = Target(None, [], {}, {"y": (np.ones(4), "float64")}, "float64")

    def same(value, **how):
        return target.same({"y": answer}, {"y": reference.Reference(value)}, **how)

    assert same(answer.value) and same(answer.value * (1 + 4e-16)) and not same(answer.value * (1 + 1e-13))
    assert same(answer.value * (1 + 4e-16), roundings=4) and not same(answer.value[:3])
    assert not target.same({"y": answer}, {"z": answer})


GAMMA, BETA, MEAN = noise(3) + 2, noise(3), noise(3)
VARIANCE = abs(noise(3)) + np.float32(0.1)
norm = operation("norm", reference=reference.batch_norm)
NORM = (X, MEAN, VARIANCE, BETA, GAMMA)


@pytest.mark.parametrize(
    "fault, changed",
    [
        ("another epsilon", {"epsilon": 1e-5}),
        ("gamma left out", {"gamma": np.ones(3, np.float32)}),
        ("beta left out", {"beta": np.zeros(3, np.float32)}),
        ("deviation for variance", {"variance": np.sqrt(VARIANCE)}),
        ("variance squared", {"variance": VARIANCE**2}),
        ("statistics of the batch", dict(zip(("mean", "variance"), layers.moments(X)))),
    ],
)
def test_normalisation(fault, changed):
    arguments = {"mean": MEAN, "variance": VARIANCE, "beta": BETA, "gamma": GAMMA, "epsilon": 1e-3}
    result = layers.batch_norm(X, **dict(arguments, **changed))
    assert names(norm, NORM, {"epsilon": 1e-3}, result)[0] == (fault,)


def test_the_sentence_has_the_numbers_and_the_edit():
    result = layers.batch_norm(*NORM, 1e-5)
    target = Target(norm, list(NORM), {"epsilon": 1e-3}, {"y": (result, "float32")}, "float32")
    (sentence,) = explain(target)[0].sentences
    assert sentence.startswith("epsilon is 1e-05, expected 0.001 ") and "write epsilon=0.001" in sentence


def test_average_pooling_that_counts_the_padding():
    pool = operation("pool", reference=reference.avg_pool2d)
    window = {"ksize": 3, "strides": 2, "padding": "SAME"}
    result = layers.avg_pool2d(X, 3, 2, padding="SAME", count_include_pad=True)
    assert names(pool, (X,), window, result)[0] == ("padding counted in the mean",)
    largest = layers.max_pool2d(X, 3, 2, padding="SAME")
    assert names(pool, (X,), window, largest)[0] == ("maximum for mean",)


def test_a_dense_kernel_of_the_other_flatten():
    x, w, b = noise(5, 4 * 4 * 3), noise(4 * 4 * 3, 6), noise(6)
    dense = operation("dense", reference=reference.dense)
    nchw = w.reshape(4, 4, 3, 6).transpose(2, 0, 1, 3).reshape(w.shape)
    assert names(dense, (x, w, b), {}, layers.dense(x, nchw, b))[0] == ("dense kernel of the other Flatten",)


# -- what no hypothesis explains


def described(change):
    y = convolved()
    changed = y.astype(np.float64)
    change(changed)
    return " / ".join(describe(changed, y.astype(np.float64), 1e-6 * np.ones(y.shape)))


def put(index, function):
    def change(y):
        y[index] = function(y[index])

    return change


@pytest.mark.parametrize(
    "change, words",
    [
        (put((0, 2, 3, 1), lambda v: v + 1), "1 of 200 elements are wrong"),
        (put((Ellipsis, 2), lambda v: v + 1), "only in channel 2 of 4"),
        (put((Ellipsis, 2), lambda v: v + 1), "a constant: every wrong element is off by 1"),
        (put(Ellipsis, lambda v: 1.5 * v), "a factor: every wrong element is 1.5 times the expected one"),
        (put((slice(None), slice(None, None, 2)), lambda v: v + 1), "only in one of every 2 rows, from 0 on"),
        (put((slice(None), 0), lambda v: v * v), "at the border only: look at the padding"),
        (put((slice(None), slice(None), slice(3, None)), lambda v: v * v), "only in columns 3 to 4 of 5"),
        (put((0, 0, 0, 0), lambda v: np.nan), "1 of 200 elements are NaN where numbers are expected"),
        (
            put(Ellipsis, lambda v: v + np.arange(5.0)[:, np.newaxis, np.newaxis] ** 2),
            "growing along the rows",
        ),
        (put(Ellipsis, lambda v: v + abs(v) * v), "in step with the answer"),
        (put(Ellipsis, lambda v: v + 1 + v * v), "always too large"),
    ],
)
def test_the_shape_of_an_error(change, words):
    assert words in described(change)


def test_noise_is_no_cause():
    result = convolved() + RANDOM.normal(0, 0.01, convolved().shape).astype(np.float32)
    assert names(conv, (X, W, B), SAME, result, seconds=2) == []
    assert "not in step with the answer" in described(lambda y: y.__iadd__(RANDOM.normal(0, 0.01, y.shape)))
