"""What goes wrong when people port, beside the traps of the suite: each broken in NumPy, its cause first."""

import time

import numpy as np
import pytest

from compat import layers, operation, reference
from compat.explain import Target, describe, explain
from compat.explain.corner import corner

RANDOM = np.random.RandomState(5)


def noise(*shape, low=-1.0):
    return RANDOM.uniform(low, 1, shape).astype(np.float32)


def first(rule, arrays, result, **settings):
    """(name, sentence) of the first cause of a result, where the rule's answer is expected."""
    results = result if isinstance(result, dict) else {"y": result}
    results = {name: (np.asarray(a), np.asarray(a).dtype.name) for name, a in results.items()}
    target = Target(operation("port", reference=rule), list(arrays), settings, results, "float32")
    found = explain(target, seconds=0)
    assert found, "nothing fits"
    assert len(found[0].names) == 1, found[0].names
    return found[0].names[0], found[0].sentences[0]


def rounded(answers):
    """A reference's answers in float32: what a correct implementation of that computes."""
    if isinstance(answers, dict):
        return {name: rounded(answer) for name, answer in answers.items()}
    return answers.value.astype(np.float32)


X, W, B = noise(2, 12, 12, 4), noise(3, 3, 4, 4), noise(4)


def calls(name):
    """A rule of ``compat.reference`` by name, looked up when it is called, as a case calls it."""
    return lambda *inputs, **settings: getattr(reference, name)(*inputs, **settings)


# -- layouts and products


def test_a_dense_kernel_in_pytorchs_layout():
    x, w, b = noise(5, 6), noise(6, 3), noise(3)
    read = np.ascontiguousarray(w.T).reshape(w.shape)
    name, sentence = first(calls("dense"), (x, w, b), layers.dense(x, read, b))
    assert name == "dense kernel in another layout" and "w.T" in sentence
    square, b = noise(6, 6), noise(6)
    name, _ = first(calls("dense"), (x, square, b), layers.dense(x, square.T, b))
    assert name == "kernel's in and out swapped"


def test_a_dense_layer_without_its_bias():
    x, w, b = noise(5, 6), noise(6, 3), noise(3)
    name, sentence = first(calls("dense"), (x, w, b), layers.dense(x, w, 0 * b))
    assert name == "bias forgotten" and "use_bias=True" in sentence


def test_a_convolution_kernel_that_is_oihw():
    read = np.ascontiguousarray(W.transpose(3, 2, 0, 1)).reshape(W.shape)
    name, sentence = first(calls("conv2d_bias"), (X, W, B), layers.conv2d(X, read, bias=B))
    assert name == "kernel in another layout" and "w.transpose(2, 3, 1, 0)" in sentence


def test_a_depthwise_kernel_whose_channels_and_multiplier_are_swapped():
    w = noise(3, 3, 4, 2)
    read = w.reshape(3, 3, 2, 4).swapaxes(2, 3)
    name, _ = first(calls("depthwise_conv2d"), (X, w), layers.depthwise_conv2d(X, read))
    assert name == "depthwise kernel in another layout"


def tf32(array):
    """11 bits, as the tensor cores of a GPU read a float32."""
    bits = array.view(np.uint32)
    return ((bits + 0x0FFF + ((bits >> np.uint32(13)) & 1)) & np.uint32(0xFFFFE000)).view(np.float32)


def test_products_in_tf32():
    name, sentence = first(calls("conv2d_bias"), (X, W, B), layers.conv2d(tf32(X), tf32(W), bias=B))
    assert name == "TF32 products" and "enable_tensor_float_32_execution(False)" in sentence
    x, w, b = noise(5, 64), noise(64, 8), noise(8)
    assert first(calls("dense"), (x, w, b), layers.dense(tf32(x), tf32(w), b))[0] == "TF32 products"


def test_other_bits_of_the_same_mathematics_have_no_cause():
    """oneDNN: another order of the sums."""
    x, w, b = noise(5, 64), noise(64, 8), noise(8)
    in_reverse = (x[:, ::-1] @ w[::-1] + b).astype(np.float32)
    target = Target(
        operation("dense", reference=reference.dense),
        [x, w, b],
        {},
        {"y": (in_reverse, "float32")},
        "float32",
    )
    assert explain(target, seconds=0) == []


def test_a_one_dimensional_window_that_is_padded_evenly():
    x, w = noise(2, 12, 3), noise(3, 3, 2)
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)), mode="constant")
    y = layers.conv2d(padded[:, None], w[None], strides=(1, 2))[:, 0]
    name, sentence = first(calls("conv1d"), (x, w), y, strides=2, padding="SAME")
    assert name == "padded evenly" and "((0, 0), (1, 1)), where SAME pads ((0, 0), (0, 1))" in sentence


def test_a_kernel_of_the_other_flatten_after_nchw():
    x, w, b = noise(5, 4 * 4 * 3), noise(4 * 4 * 3, 6), noise(6)
    nchw = w.reshape(4, 4, 3, 6).transpose(2, 0, 1, 3).reshape(w.shape)
    assert (
        first(calls("dense"), (x, w, b), layers.dense(x, nchw, b))[0] == "dense kernel of the other Flatten"
    )


# -- activations and losses


@pytest.mark.parametrize(
    ("expected", "taken", "settings"),
    [
        ("relu", "relu6", {}),
        ("relu6", "relu", {}),
        ("relu", "leaky_relu", {"slope": 0.2}),
        ("relu", "leaky_relu", {"slope": 0.3}),
        ("sigmoid", "hard_sigmoid", {"slope": 0.2}),
        ("sigmoid", "hard_sigmoid", {"slope": 1 / 6}),
        ("relu", "gelu", {"approximate": False}),
        ("softmax", "sigmoid", {}),
    ],
)
def test_another_activation(expected, taken, settings):
    x = 8 * noise(20, 10)
    name, sentence = first(calls(expected), (x,), rounded(getattr(reference, taken)(x, **settings)))
    assert name == "another activation"
    assert sentence.startswith(f"the activation is {taken}, expected {expected}: ")


def test_probabilities_that_are_softmaxed_again():
    logits, labels = 3 * noise(6, 5), np.eye(5, dtype=np.float32)[RANDOM.randint(0, 5, 6)]
    twice = rounded(reference.crossentropy(rounded(reference.softmax(logits)), labels, from_logits=True))
    name, sentence = first(calls("crossentropy"), (logits, labels), twice, from_logits=True)
    assert name == "probabilities as logits" and "from_logits=False" in sentence


@pytest.mark.parametrize("constant", [False, True])
def test_gradients_into_the_labels(constant):
    logits, labels = noise(6, 5), np.eye(5, dtype=np.float32)[RANDOM.randint(0, 5, 6)]
    wrong = rounded(reference.softmax_cross_entropy(logits, labels, labels_constant=not constant))
    name, sentence = first(calls("softmax_cross_entropy"), (logits, labels), wrong, labels_constant=constant)
    assert name == "no gradient into the labels"
    assert ("tf.stop_gradient(labels)" in sentence) == constant


@pytest.mark.parametrize("expected", ["sum", "sum_by_nonzero_weights", "sum_over_batch_size", "mean"])
@pytest.mark.parametrize("taken", ["sum", "sum_by_nonzero_weights", "sum_over_batch_size", "mean"])
def test_reductions_under_masks(expected, taken):
    prediction, target = noise(10, 1), noise(10, 1)
    weights = np.float32([[0], [1], [2], [0], [1], [1.5], [0], [1], [1], [0]])
    inputs = (prediction, target, weights)
    if taken != expected:
        name, sentence = first(
            calls("weighted_mse"),
            inputs,
            rounded(reference.weighted_mse(*inputs, reduction=taken)),
            reduction=expected,
        )
        assert name == "another reduction" and f"by {taken}, expected {expected}" in sentence


# -- normalisation, recurrent layers, random numbers


STATISTICS = (noise(4), noise(4) + 2, noise(4), noise(4, low=0.1))


@pytest.mark.parametrize(
    ("cause", "changed"),
    [
        ("another epsilon", {"epsilon": 1e-5}),
        ("momentum for 1 - momentum", {"momentum": 0.01}),
        ("another momentum", {"momentum": 0.9}),
        ("Bessel's correction", {"bessel": False}),
        ("statistics never updated", {"momentum": 1.0}),
    ],
)
def test_batch_normalisation_in_training(cause, changed):
    settings = {"epsilon": 1e-3, "momentum": 0.99, "bessel": True}
    wrong = rounded(reference.batch_norm_training(X, *STATISTICS, **dict(settings, **changed)))
    assert first(calls("batch_norm_training"), (X, *STATISTICS), wrong, **settings)[0] == cause


def test_batch_normalisation_that_is_frozen():
    beta, gamma, mean, variance = STATISTICS
    frozen = layers.batch_norm(X, mean, variance, beta, gamma, 1e-3)
    wrong = {"y": frozen, "moving_mean": mean, "moving_variance": variance}
    settings = {"epsilon": 1e-3, "momentum": 0.99, "bessel": True}
    name, sentence = first(calls("batch_norm_training"), (X, *STATISTICS), wrong, **settings)
    assert name == "moving statistics in training" and "trainable=True" in sentence


def test_a_gru_whose_reset_gate_is_on_the_other_side():
    x, kernel, recurrent, bias = noise(2, 5, 3), noise(3, 12), noise(4, 12), noise(12)
    both = np.stack([bias, 0 * bias])
    wrong = rounded(reference.gru(x, kernel, recurrent, both, reset_after=True))
    name, sentence = first(calls("gru"), (x, kernel, recurrent, bias), wrong, reset_after=False)
    assert name == "reset gate on the other side" and "reset_after is True, expected False" in sentence


@pytest.mark.parametrize("taken", ["sigmoid", "hard_sigmoid", "hard_sigmoid_sixth"])
@pytest.mark.parametrize("rule", ["lstm", "gru"])
def test_the_function_of_the_gates(rule, taken):
    gates = {"lstm": 4, "gru": 3}[rule]
    inputs = noise(2, 5, 3), noise(3, 4 * gates), noise(4, 4 * gates), noise(4 * gates)
    for expected in {"sigmoid", "hard_sigmoid", "hard_sigmoid_sixth"} - {taken}:
        wrong = rounded(getattr(reference, rule)(*inputs, gate=taken))
        assert first(calls(rule), inputs, wrong, gate=expected)[0] == "hard sigmoid gates"


@pytest.mark.parametrize("rate", [0.1, 0.25])
def test_keep_prob_for_rate(rate):
    x, mask = noise(8, 8), RANDOM.randint(0, 2, (8, 8)).astype(np.float32)
    wrong = x * mask / np.float32(rate)
    name, sentence = first(calls("dropout"), (x, mask), wrong, rate=rate)
    assert name == "keep_prob for rate" and sentence.endswith(f"write rate={rate:g}")


def drawn(values):
    """What the case of the initialisers shows of weights."""
    return {
        "mean": values.mean(),
        "deviation": values.std(),
        "largest": abs(values).max(),
        "one_seed_repeats": np.float32(1),
    }


def truncated(deviation):
    values = RANDOM.normal(0, 1, 200000)
    return (deviation * values[abs(values) < 2][:60000]).astype(np.float32)


@pytest.mark.parametrize(
    ("expected", "taken", "values"),
    [
        ("truncated_normal 0.1", "glorot_uniform", lambda: RANDOM.uniform(-1, 1, 60000) * (6 / 500) ** 0.5),
        ("glorot_uniform", "truncated_normal 0.1", lambda: truncated(0.1)),
        ("glorot_uniform", "PyTorch's", lambda: RANDOM.uniform(-1, 1, 60000) / 200**0.5),
        ("glorot_uniform", "random_normal 0.05", lambda: RANDOM.normal(0, 0.05, 60000)),
        ("glorot_uniform", "he_normal", lambda: truncated(0.1 / 0.87962566103423978)),
        ("glorot_uniform", "zeros", lambda: np.zeros(60000)),
    ],
)
def test_another_initialiser(expected, taken, values):
    result = drawn(values().astype(np.float32))
    name, sentence = first(calls("drawn"), (), result, distribution=expected, inputs=200, units=300)
    assert name == "another initialiser" and f"those of {taken} (" in sentence


# -- images, extremes, comparisons


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("RGB for BGR", lambda x: x[..., ::-1]),
        ("0..255 for 0..1", lambda x: x * np.float32(255)),
        ("0..1 for 0..255", lambda x: x / np.float32(255)),
        ("-1..1 for 0..1", lambda x: 2 * x - 1),
    ],
)
def test_the_range_and_the_order_of_images(cause, change):
    x = noise(2, 9, 9, 4, low=0)
    assert first(calls("conv2d_bias"), (x, W, B), layers.conv2d(change(x), W, bias=B))[0] == cause


def test_an_image_that_wraps_in_uint8():
    x = RANDOM.randint(0, 400, (1, 9, 9, 4)).astype(np.float32)
    wrapped = x.astype(np.int64).astype(np.uint8).astype(np.float32)
    assert (
        first(calls("conv2d_bias"), (x, W, B), layers.conv2d(wrapped, W, bias=B))[0]
        == "uint8 input that wraps"
    )


@pytest.mark.parametrize("of", ["max", "min"])
@pytest.mark.parametrize("expected", ["skipped", "passed on"])
def test_a_nan_in_a_maximum(of, expected):
    x = noise(4, 6)
    x[1, 2] = np.nan
    other = {"skipped": f"np.{of}imum", "passed on": f"np.f{of}"}[expected]
    wrong = getattr(np, other[3:]).reduce(x, axis=1)
    name, sentence = first(calls("extreme"), (x,), wrong, of=of, axis=1, nan=expected)
    assert name == "NaN in a maximum" and f"expected {expected}" in sentence


def test_equality_of_objects():
    x, y = np.float32([0, 1, 2]), np.float32([0, 2, 2])
    assert first(calls("equal"), (x, y), np.float32(0))[0] == "== of objects"


# -- where nothing fits, the shape


def words(result, expected, known=None, allowed=1e-6):
    return " / ".join(describe(result, expected, np.full(expected.shape, allowed), known))


def test_only_the_sign_is_wrong():
    y = noise(4, 5).astype(np.float64)
    wrong = y.copy()
    wrong[1:3] *= -1
    assert "a sign: every wrong element is minus the expected one" in words(wrong, y)


def test_the_result_is_another_tensor():
    y, x = noise(4, 5).astype(np.float64), noise(4, 5)
    assert "it is the input x: look for a step that is not done" in words(
        x.astype(np.float64), y, {"the input x": x}
    )
    assert "it is 3 times the tensor conv1" in words(3.0 * x, y, {"the tensor conv1": x})
    assert "it follows the input x (correlation " in words(x + 0.02 * y, y, {"the input x": x})
    assert "input" not in words(y + 1, y, {"the input x": x})


def test_the_expected_numbers_are_elsewhere():
    y = noise(4, 4).astype(np.float64)
    assert "the expected numbers, in other places" in words(y.T, y)
    assert "the expected numbers, in other places" in words(y.reshape(2, 8), y)


def test_a_part_of_what_is_expected():
    y = noise(1, 6, 6, 2).astype(np.float64)
    assert "it is the expected one from [0, 1, 1, 0] on" in words(y[:, 1:-1, 1:-1], y)
    padded = np.pad(y, ((0, 0), (2, 1), (2, 1), (0, 0)), mode="constant")
    assert "the expected one is in it from [0, 2, 2, 0] on" in words(padded, y)


# -- large targets


def test_a_corner_says_what_the_whole_would():
    x, w, b = noise(3, 120, 110, 3), noise(3, 3, 3, 8), noise(8)
    settings = {"strides": 2, "padding": "SAME"}
    y = layers.conv2d(x, w, bias=b, strides=2, padding=((1, 1), (1, 1)))
    target = Target(
        operation("conv", reference=reference.conv2d_bias),
        [x, w, b],
        settings,
        {"y": (y, "float32")},
        "float32",
    )
    small = corner(target)
    assert small.inputs[0].shape == (1, 64, 64, 3)
    shape = small.results["y"][0].shape
    assert shape[0] == 1 and 20 <= shape[1] <= 32 and shape[3] == 8
    assert small.baseline()[1]["y"].value.shape == shape
    assert explain(target, seconds=0)[0].names == ("padded evenly",)


def test_what_looks_at_the_whole_image_has_no_corner():
    x = noise(2, 60, 60, 3)
    mean = lambda x: reference.avg_pool2d(x, ksize=60, strides=60)
    y = x.mean(axis=(1, 2), keepdims=True)
    assert (
        corner(Target(operation("mean", reference=mean), [x], {}, {"y": (y, "float32")}, "float32")) is None
    )


def test_the_search_ends_at_its_limit():
    x, w, b = noise(2, 64, 64, 8), noise(5, 5, 8, 16), noise(16)
    y = layers.conv2d(x, w, bias=b, padding="SAME") + RANDOM.normal(0, 0.01, (2, 64, 64, 16)).astype(
        np.float32
    )
    target = Target(
        operation("conv", reference=reference.conv2d_bias),
        [x, w, b],
        {"padding": "SAME"},
        {"y": (y, "float32")},
        "float32",
    )
    tried, started = [], time.monotonic()
    assert explain(target, seconds=60, limit=1.0, progress=tried.append) == []
    assert time.monotonic() - started < 10
    assert tried == list(range(1, len(tried) + 1))
