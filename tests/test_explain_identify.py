"""What was computed, where that is linear: the kernel solved for from inputs and outputs, and what it is."""

import numpy as np
import pytest

from compat import layers, reference
from compat.explain import ReferenceOnly, Target, recognise
from compat.explain import causes as _causes
from compat.explain.matching import difference, match
from compat.reference import Reference

RANDOM = np.random.RandomState(9)


def noise(*shape):
    return RANDOM.uniform(-1, 1, shape).astype(np.float32)


X, W, B = noise(2, 9, 8, 3), noise(3, 3, 3, 3), noise(3)
SAME = {"padding": "SAME"}


def target(rule, inputs, result):
    return Target(ReferenceOnly(rule), list(inputs), {}, {"y": (result, result.dtype.name)}, "float32")


def recognised(rule, inputs, result, known=None):
    """The sentences of the causes that are recognised."""
    return [one.sentence for one in recognise(target(rule, inputs, result), known) if one.cause]


def conv(x, w, b):
    return reference.conv2d_bias(x, w, b, strides=2, padding="SAME")


def convolved(w=W, b=B, **changed):
    settings = dict({"strides": 2, "padding": "SAME"}, **changed)
    return layers.conv2d(X, np.ascontiguousarray(w), bias=b, **settings)


def with_tap(value, *index):
    w = W.copy()
    w[index] = value
    return w


KERNELS = {
    "flipped along the width": W[:, ::-1],
    "flipped along the height": W[::-1],
    "flipped along height and width": W[::-1, ::-1],
    "turned over, height and width swapped": W.swapaxes(0, 1),
    "turned over, input and output channels swapped": W.swapaxes(2, 3),
    "taken with its input channels in reverse": W[:, :, ::-1],
    "taken with its output channels in reverse": W[..., ::-1],
    "taken with its input channels in the order 1, 2, 0": W[:, :, [1, 2, 0]],
    "taken with its output channels in the order 2, 0, 1": W[..., [2, 0, 1]],
    "times 0.7": 0.7 * W,
    "times -1": -W,
    "times a number for each of its output channels: 1, 2, 0.3": W * np.array([1, 2, 0.3]),
    "times a number for each of its input channels: 2, 3, 0.3": W * np.array([[2], [3], [0.3]]),
    "flipped along the width and turned over, input and output channels swapped": W[:, ::-1].swapaxes(2, 3),
    "flipped along the height and taken with its input channels in the order 2, 0, 1": W[::-1][
        :, :, [2, 0, 1]
    ],
    "flipped along the width and times 0.7": 0.7 * W[:, ::-1],
}


@pytest.mark.parametrize("words", KERNELS)
def test_a_convolution_with_a_kernel_that_was_changed(words):
    result = convolved(KERNELS[words].astype(np.float32))
    assert recognised(conv, (X, W, B), result) == [
        f"what was computed is a convolution with the kernel {words}"
    ]


@pytest.mark.parametrize(
    ("w", "b", "words"),
    [
        (with_tap(0.31, 1, 0, 2, 1), B, f"another kernel: tap [1, 0, 2, 1] is 0.31 for {W[1, 0, 2, 1]:.6g}"),
        (with_tap(0, 0, 0, 0, 0), B, "another kernel: tap [0, 0, 0, 0] is "),
        (W, B + np.array([0, 0.1, 0], np.float32), "the given kernel, and another bias: channel [1] is "),
        (noise(3, 3, 3, 3), B, "(81 of 81 differ)"),
    ],
)
def test_a_convolution_with_another_kernel(w, b, words):
    (sentence,) = recognised(conv, (X, W, B), convolved(w, b))
    assert sentence.startswith("what was computed is a convolution with ") and words in sentence


@pytest.mark.parametrize(
    ("pads", "words"),
    [
        (((0, 2), (1, 1)), "moved by 1 down"),
        (((2, 0), (1, 1)), "moved by 1 up"),
        (((2, 0), (0, 2)), "moved by 1 up and 1 to the right"),
    ],
)
def test_a_kernel_that_lies_one_tap_further(pads, words):
    rule = lambda x, w, b: reference.conv2d_bias(x, w, b, padding="SAME")
    result = layers.conv2d(X, np.ascontiguousarray(W[:, :, [1, 2, 0]]), bias=B, padding=pads)
    (sentence,) = recognised(rule, (X, W, B), result)
    assert sentence.endswith(f"the kernel {words} and taken with its input channels in the order 1, 2, 0")


def test_relu_after_the_convolution_leaves_enough_to_tell():
    rectified = lambda x, w, b: reference.relu(conv(x, w, b))
    x = noise(6, 16, 16, 3)
    w = W[:, ::-1][..., [1, 2, 0]]
    y = layers.conv2d(x, np.ascontiguousarray(w), bias=B, strides=2, padding="SAME")
    (sentence,) = recognised(rectified, (x, W, B), np.maximum(y, 0))
    assert (
        "the kernel flipped along the width and taken with its output channels in the order 1, 2, 0"
        in sentence
    )


DENSE = noise(40, 8), noise(8, 5), noise(5)
TRANSPOSED = noise(3, 3, 4, 3)
GROUPED = noise(2, 9, 8, 6), noise(3, 3, 3, 4)

OTHERS = {
    "dense": (
        reference.dense,
        DENSE,
        lambda: layers.dense(DENSE[0], DENSE[1][[1, 0, 3, 2, 5, 4, 7, 6]], DENSE[2]),
        "a product with the kernel taken with its input channels in the order 1, 0, 3, 2, 5, 4, 7, 6",
    ),
    "depthwise": (
        lambda x, w: reference.depthwise_conv2d(x, w, strides=2, padding="SAME"),
        (X, W[..., :2]),
        lambda: layers.depthwise_conv2d(X, W[:, ::-1, [1, 2, 0], :2], strides=2, padding="SAME"),
        "the kernel flipped along the width and taken with its channels in the order 1, 2, 0",
    ),
    "transposed": (
        lambda x, w: reference.conv2d_transpose(x, w, output_shape=(2, 18, 16, 4), strides=2, padding="SAME"),
        (X, TRANSPOSED),
        lambda: layers.conv2d_transpose(
            X, np.ascontiguousarray(TRANSPOSED[:, :, :, [1, 2, 0]]), (2, 18, 16, 4), strides=2, padding="SAME"
        ),
        "a transposed convolution with the kernel taken with its input channels in the order 1, 2, 0",
    ),
    "grouped": (
        lambda x, w: reference.conv2d(x, w, padding="SAME"),
        GROUPED,
        lambda: layers.conv2d(GROUPED[0], GROUPED[1][:, :, [1, 2, 0]], padding="SAME"),
        "the kernel taken with its input channels in the order 1, 2, 0",
    ),
    "conv1d": (
        reference.conv1d,
        (noise(3, 20, 2), noise(3, 2, 4)),
        lambda: None,
        "the kernel flipped along the length and taken with its output channels in the order 1, 0, 3, 2",
    ),
    "convolve": (
        reference.convolve,
        (noise(60), noise(5)),
        lambda: None,
        "the kernel times 1.4",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_linear_operations(name):
    rule, inputs, computed, words = OTHERS[name]
    if name == "conv1d":
        result = rule(inputs[0], inputs[1][::-1][..., [1, 0, 3, 2]]).value.astype(np.float32)
    elif name == "convolve":
        result = np.convolve(inputs[0], np.float32(1.4) * inputs[1])
    else:
        result = computed()
    (sentence,) = recognised(rule, inputs, result)
    assert words in sentence


def test_of_too_few_outputs_nothing_is_said():
    x, w, b = noise(4, 12), noise(12, 3), noise(3)
    assert recognised(reference.dense, (x, w, b), layers.dense(x, w[::-1], b)) == []


def test_of_an_input_that_does_not_determine_the_kernel_nothing_is_said():
    x = np.repeat(noise(40, 1), 8, axis=1)
    assert recognised(reference.dense, (x, *DENSE[1:]), layers.dense(x, noise(8, 5), DENSE[2])) == []


def test_what_is_not_linear_is_not_identified():
    assert recognised(conv, (X, W, B), np.tanh(convolved(W[..., ::-1]))) == []
    assert recognised(conv, (X, W, B), convolved() + noise(2, 5, 4, 3)) == []


def test_a_right_result_is_nothing():
    assert recognise(target(conv, (X, W, B), convolved())) == []


def test_it_is_said_before_the_shape():
    lines = list(_causes(target(conv, (X, W, B), convolved(W[..., [2, 0, 1]])), {}, 3))
    assert lines == [
        "cause: what was computed is a convolution with the kernel taken with its output channels in the order 2, 0, 1"
    ]


# -- along an axis


def along(result, expected, **known):
    answer = Reference(expected, 1.0, 8, "float32")
    found = recognise(target(lambda: answer, [], result.astype(np.float32)), known)
    return [one.sentence for one in found if one.cause]


@pytest.mark.parametrize(
    ("result", "expected", "words"),
    [
        (
            X[:, :-1].mean(1),
            X.mean(1),
            "the mean of 8 of 9 elements (0, 1, 2, 3, 4, 5, ...), expected the mean",
        ),
        (X[:, 0], X.mean(1), "element 0, expected the mean"),
        (X[:, ::2].mean(1), X.sum(1), "the mean of 5 of 9 elements (0, 2, 4, 6, 8), expected the sum"),
    ],
)
def test_weights_along_an_axis(result, expected, words):
    assert along(result, expected, x=X) == [f"along axis 1 of x what was computed is {words}"]


def test_a_product_of_which_the_answer_alone_is_known():
    x, w, _ = DENSE
    assert along(x @ w[:, [1, 2, 0, 4, 3]], x @ w, x=x) == [
        "along axis 1 of x what was computed is a product with the matrix taken with its output channels in the order "
        "1, 2, 0, 4, 3"
    ]


def test_a_resize_along_an_axis():
    def resized(positions):
        low = np.floor(positions).astype(int).clip(0, 8)
        part = (positions - low)[:, None, None]
        return X[:, low] * (1 - part) + X[:, np.minimum(low + 1, 8)] * part

    whole, half = np.arange(18) / 2, (np.arange(18) / 2 - 0.25).clip(0, 8)
    (sentence,) = along(resized(whole), resized(half), x=X)
    assert sentence.startswith(
        "along axis 1 of x 16 of 18 places are other sums: place 1 is 0.5 x[0] + 0.5 x[1], "
    )
    assert "expected 0.75 x[0] + 0.25 x[1]" in sentence


def test_what_follows_along_no_axis_is_not_said():
    assert along(X[:, :-1].mean(1) ** 2, X.mean(1), x=X) == []
    assert along(X.mean(1), X.mean(1), x=X) == []
    assert along(X[:, 0], X.mean(1), x=X[..., 0]) == []


# -- comparing kernels


def test_kernels_that_have_nothing_in_common_do_not_match():
    off = np.full(W.shape, 1e-6)
    assert match(W.astype(np.float64), W.astype(np.float64), off, 2, (3,)) == []
    assert match(noise(3, 3, 3, 3), W.astype(np.float64), off, 2, (3,)) is None
    near = W[::-1].astype(np.float64)
    near[0, 0, 0, 0] += 1e-4
    assert match(near, W.astype(np.float64), off, 2, (3,)) is None


def test_the_largest_differences_are_told_first():
    given = np.zeros((2, 2))
    found = np.array([[0.5, 0], [1e-9, -2]])
    assert difference(found, given, np.full((2, 2), 1e-6), "tap") == (
        "tap [1, 1] is -2 for 0, tap [0, 0] is 0.5 for 0 (2 of 4 differ)"
    )
