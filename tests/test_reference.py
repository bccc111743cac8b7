"""The references and the NumPy layers, written apart from each other, agree on whatever Hypothesis draws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat import layers, reference
from compat.judge.compare import compare
from compat.reference.tracked import constant, moving_average, rsqrt, softmax, tanh, track

DTYPES = ("float16", "float32", "float64")


def noise(shape, seed, dtype):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype(dtype)


def check(result, answer, dtype):
    numbers = compare(result, dtype, answer, dtype)
    assert numbers.word == "agrees", numbers


@st.composite
def windows(draw, explicit=True, dilated=True):
    """``(image size, kernel, geometry)`` with at least one output."""
    kernel = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    dilations = (draw(st.integers(1, 3)), draw(st.integers(1, 3))) if dilated else (1, 1)
    size = tuple(draw(st.integers((k - 1) * d + 1, 12)) for k, d in zip(kernel, dilations))
    pads = st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2)
    names = st.sampled_from(["VALID", "SAME", "FULL"] if explicit else ["VALID", "SAME"])
    geometry = {
        "strides": (draw(st.integers(1, 3)), draw(st.integers(1, 3))),
        "padding": draw(st.one_of(names, pads) if explicit else names),
    }
    return size, kernel, dict(geometry, dilations=dilations) if dilated else geometry


seeds = st.integers(0, 2**31)
dtypes = st.sampled_from(DTYPES)


@settings(max_examples=100)
@given(windows(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), dtypes, seeds)
def test_conv2d(window, groups, channels, filters, dtype, seed):
    size, kernel, geometry = window
    x = noise((2, *size, groups * channels), seed, dtype)
    w = noise((*kernel, channels, groups * filters), seed + 1, dtype)
    check(layers.conv2d(x, w, **geometry), reference.conv2d(x, w, **geometry), dtype)
    b = noise((groups * filters,), seed + 2, dtype)
    check(layers.conv2d(x, w, bias=b, **geometry), reference.conv2d_bias(x, w, b, **geometry), dtype)


@settings(max_examples=60)
@given(windows(), st.integers(1, 3), st.integers(1, 3), dtypes, seeds)
def test_conv2d_gradients(window, channels, filters, dtype, seed):
    size, kernel, geometry = window
    x, w = noise((2, *size, channels), seed, dtype), noise((*kernel, channels, filters), seed + 1, dtype)
    dy = noise(layers.conv2d(x, w, **geometry).shape, seed + 2, dtype)
    answers = reference.conv2d_grad(x, w, dy, **geometry)
    check(layers.conv2d_input_grad(dy, w, x.shape, **geometry), answers["dx"], dtype)
    check(layers.conv2d_filter_grad(x, dy, w.shape, **geometry), answers["dw"], dtype)


@settings(max_examples=60)
@given(windows(dilated=False), st.integers(1, 3), st.integers(1, 3), dtypes, seeds)
def test_conv2d_transpose(window, channels, filters, dtype, seed):
    size, kernel, geometry = window
    shape = (2, *size, channels)
    w = noise((*kernel, channels, filters), seed + 1, dtype)
    x = noise(layers.conv2d(np.zeros(shape, dtype), w, **geometry).shape, seed, dtype)
    answer = reference.conv2d_transpose(x, w, output_shape=shape, **geometry)
    check(layers.conv2d_transpose(x, w, shape, **geometry), answer, dtype)


@settings(max_examples=60)
@given(windows(), st.integers(1, 4), st.integers(1, 2), dtypes, seeds)
def test_depthwise_conv2d(window, channels, multiplier, dtype, seed):
    size, kernel, geometry = window
    x, w = noise((2, *size, channels), seed, dtype), noise((*kernel, channels, multiplier), seed + 1, dtype)
    check(layers.depthwise_conv2d(x, w, **geometry), reference.depthwise_conv2d(x, w, **geometry), dtype)


@settings(max_examples=60)
@given(windows(explicit=False, dilated=False), st.integers(1, 3), st.booleans(), dtypes, seeds)
def test_pooling(window, channels, ties, dtype, seed):
    size, ksize, geometry = window
    x = noise((2, *size, channels), seed, dtype)
    if ties:
        x = np.round(x * 2)
    strides, padding = geometry["strides"], geometry["padding"]
    named = {"ksize": ksize, "strides": strides, "padding": padding}
    largest = layers.max_pool2d(x, ksize, strides, padding=padding)
    check(largest, reference.max_pool2d(x, **named), dtype)
    check(layers.avg_pool2d(x, ksize, strides, padding=padding), reference.avg_pool2d(x, **named), dtype)
    dy = noise(largest.shape, seed + 1, dtype)
    check(
        layers.max_pool2d_grad(x, dy, ksize, strides, padding=padding),
        reference.max_pool2d_grad(x, dy, **named)["dx"],
        dtype,
    )
    check(
        layers.avg_pool2d_grad(dy, x.shape, ksize, strides, padding=padding),
        reference.avg_pool2d_grad(x, dy, **named)["dx"],
        dtype,
    )


@settings(max_examples=60)
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from(["full", "same", "valid"]), dtypes, seeds)
def test_convolve(length, taps, mode, dtype, seed):
    x, k = noise(length, seed, dtype), noise(taps, seed + 1, dtype)
    check(np.convolve(x, k, mode), reference.convolve(x, k, mode=mode), dtype)


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("kernel", range(1, 6))
@pytest.mark.parametrize("same_padding", [reference.same_padding, layers.same_padding])
def test_same_padding_is_what_tensorflow_documents(same_padding, size, kernel):
    """The two formulas of the guide, one for sizes that the stride divides, one for the others."""
    for stride in range(1, 5):
        total = max(kernel - stride, 0) if size % stride == 0 else max(kernel - size % stride, 0)
        before, after = same_padding(size, kernel, stride)
        assert (before, after) == (total // 2, total - total // 2)
        assert (size + before + after - kernel) // stride + 1 == -(-size // stride)
        for dilation in (1, 2, 3):
            spread = (kernel - 1) * dilation + 1
            assert same_padding(size, kernel, stride, dilation) == same_padding(size, spread, stride)


STEPS = {
    "add": lambda x, y: x + y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (abs(y) + constant(0.1)),
    "matmul": lambda x, y: x @ y,
    "mean": lambda x, y: x - y.mean(0, keepdims=True),
    "rsqrt": lambda x, y: x * rsqrt(y * y + constant(1e-3)),
    "tanh": lambda x, y: tanh(x) + y,
    "softmax": lambda x, y: y * softmax(x.value),
    "average": lambda x, y: moving_average(x, y, 0.9),
    "clip": lambda x, y: x.clip(-1.0, 1.0) - y,
}


@settings(max_examples=200)
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=6), seeds)
def test_in_units_of_u_a_float32_computation_is_off_by_no_less_than_a_float64_one(steps, seed):
    """So the one bounds the reference's own rounding (``Reference._common``); underflow is allowed for apart.

    Twice, for adding a float64 error to a value in float64 is itself rounded: that one is up to twice as large.
    """
    draw = np.random.RandomState(seed)
    x, y = (track(np.float32(draw.randn(4, 4)).astype(np.float64)) for _ in range(2))
    for step in steps:
        x, y = STEPS[step](x, y), x
    answer = x.reference()
    single, double = (answer.magnitude_in(dtype) for dtype in ("float32", "float64"))
    assert (2 * single >= double).all() and (double > 0).any()


def test_the_reciprocal_of_a_root_beside_zero_and_below():
    with np.errstate(all="ignore"):
        found = rsqrt(np.array([0.0, -0.0, np.inf, -np.inf, -1.0, 4.0])).value
    np.testing.assert_array_equal(found, [np.inf, -np.inf, 0.0, np.nan, np.nan, 0.5])
