"""Rules of network nodes, without a framework: another spelling agrees, whatever the order, and a fault differs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat import layers
from compat.judge.compare import compare
from compat.reference.bounds import Reference
from compat.reference.nodes import NodeCall, answer
from compat.reference.nodes.registry import NoRule, Taken, as_reference
from compat.reference.nodes.whole import Whole
from compat.reference.tracked import Tracked

FEW = settings(max_examples=25, deadline=None)


def ask(op, inputs, attributes, dtype="float32", outputs=1):
    names = tuple(getattr(one, "dtype", np.dtype(dtype)) for one in inputs)
    names = tuple(dtype if isinstance(name, str) or name is None else name.name for name in names)
    return answer(NodeCall(op, attributes, names, (dtype,) * outputs), inputs)


def word(found, flow, dtype="float32"):
    return compare(np.asarray(found), dtype, as_reference(flow, dtype), dtype).word


def off(x, radius=1e-3):
    """As an answer of which every element may be off by so much, in whatever precision."""
    return Tracked(np.asarray(x, np.float64), lambda p: np.full(np.shape(x), radius)).reference()


@st.composite
def convolutions(draw):
    size = st.integers(1, 3)
    kernel = (draw(size), draw(size))
    extent = st.integers(5, 8)
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    shape = (draw(st.integers(1, 2)), draw(extent), draw(extent), groups * draw(st.integers(1, 2)))
    filters = kernel + (shape[3] // groups, groups * draw(st.integers(1, 3)))
    padding = draw(st.sampled_from(["SAME", "VALID", ((1, 0), (2, 1))]))
    strides, dilations = (draw(size), draw(size)), (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
    return shape, filters, padding, strides, dilations


def attributes_of(padding, strides, dilations, first=False):
    around = (lambda pair: [1, 1, *pair]) if first else (lambda pair: [1, *pair, 1])
    found = {"strides": around(strides), "dilations": around(dilations)}
    found["data_format"] = "NCHW" if first else "NHWC"
    if isinstance(padding, str):
        return dict(found, padding=padding)
    pads = [0, 0, 0, 0, *padding[0], *padding[1]] if first else [0, 0, *padding[0], *padding[1], 0, 0]
    return dict(found, padding="EXPLICIT", explicit_paddings=pads)


@FEW
@given(convolutions(), st.sampled_from(["float32", "float64", "float16"]), st.booleans(), st.integers(0, 99))
def test_convolutions_and_gradients_agree_with_the_layers(geometry, dtype, first, seed):
    shape, filters, padding, strides, dilations = geometry
    random = np.random.RandomState(seed)
    x, w = random.randn(*shape).astype(dtype), random.randn(*filters).astype(dtype)
    same = {"strides": strides, "padding": padding, "dilations": dilations}
    expected = layers.conv2d(x, w, **same)
    if not expected.size:
        return
    dy = random.randn(*expected.shape).astype(dtype)
    attributes = attributes_of(padding, strides, dilations, first)
    turn = (lambda a: np.moveaxis(a, -1, 1)) if first else (lambda a: a)
    extents = np.array(turn(x).shape, np.int32)
    for op, inputs, result in (
        ("Conv2D", (turn(x), w), turn(expected)),
        ("Conv2DBackpropInput", (extents, w, turn(dy)), turn(layers.conv2d_input_grad(dy, w, shape, **same))),
        (
            "Conv2DBackpropFilter",
            (turn(x), np.array(filters, np.int32), turn(dy)),
            layers.conv2d_filter_grad(x, dy, filters, **same),
        ),
    ):
        flow = ask(op, inputs, attributes, dtype)[0]
        assert word(result, flow, dtype) == "agrees", op
        broken = np.array(result)
        broken.flat[0] += max(np.abs(broken).max(), 1)
        assert word(broken, flow, dtype) == "differs", op


@FEW
@given(st.integers(0, 99), st.sampled_from([(1, 1), (2, 1)]), st.sampled_from(["SAME", "VALID"]))
def test_depthwise_convolutions_sum_one_channel(seed, strides, padding):
    random = np.random.RandomState(seed)
    x, w = random.randn(2, 6, 5, 3).astype("f"), random.randn(2, 3, 3, 2).astype("f")
    attributes = attributes_of(padding, strides, (1, 1))
    expected = layers.depthwise_conv2d(x, w, strides=strides, padding=padding)
    flow = ask("DepthwiseConv2dNative", (x, w), attributes)[0]
    assert word(expected, flow) == "agrees"
    assert word(expected[..., ::-1], flow) == "differs"
    dy = random.randn(*expected.shape).astype("f")
    # <conv(x, w), dy> is linear in both: the gradients' products with x and w are the same number
    scalar = float((expected.astype(np.float64) * dy).sum())
    dx = ask("DepthwiseConv2dNativeBackpropInput", (np.array(x.shape), w, dy), attributes)[0]
    dw = ask("DepthwiseConv2dNativeBackpropFilter", (x, np.array(w.shape), dy), attributes)[0]
    np.testing.assert_allclose([(dx.value * x).sum(), (dw.value * w).sum()], scalar, rtol=1e-4, atol=1e-3)


def test_three_dimensions_are_two_where_the_third_is_one():
    random = np.random.RandomState(0)
    x, w = random.randn(2, 6, 5, 3).astype("f"), random.randn(2, 3, 3, 4).astype("f")
    two = ask("Conv2D", (x, w), {"strides": [1, 2, 1, 1], "padding": "SAME"})[0]
    flat = {"strides": [1, 1, 2, 1, 1], "padding": "SAME", "data_format": "NDHWC"}
    three = ask("Conv3D", (x[:, None], w[None]), flat)[0]
    np.testing.assert_allclose(three.value[:, 0], two.value, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(three.terms.max(), two.terms.max())


@pytest.mark.parametrize("which", ["x", "w", "both"])
def test_inexact_factors_are_allowed_for_and_no_more(which):
    random = np.random.RandomState(1)
    x, w = random.randn(1, 6, 5, 3), random.randn(3, 3, 3, 2)
    attributes = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    flows = (off(x) if which != "w" else x, off(w) if which != "x" else w)
    flow = ask("Conv2D", flows, attributes)[0]
    move = lambda array, size: array + size * np.sign(random.randn(*array.shape))
    for size, expected in ((0.9e-3, {"agrees", "suspicious"}), (0.5, {"differs"})):
        moved = (move(x, size) if which != "w" else x, move(w, size) if which != "x" else w)
        result = ask("Conv2D", moved, attributes)[0].value.astype("f")
        assert word(result, flow) in expected


def test_whole_numbers_are_exact():
    random = np.random.RandomState(2)
    x, w = (
        random.randint(-9, 9, (1, 5, 5, 2)).astype(np.int32),
        random.randint(-9, 9, (2, 2, 2, 3)).astype(np.int32),
    )
    flow = ask("Conv2D", (x, w), {"strides": [1, 1, 1, 1], "padding": "VALID"}, "int32")[0]
    assert flow.dtype == np.int32
    by_hand = sum(
        np.tensordot(x[:, i : i + 4, j : j + 4], w[i, j], axes=1) for i in range(2) for j in range(2)
    )
    np.testing.assert_array_equal(flow, by_hand)
    with pytest.raises(NoRule):
        ask("Conv2D", (Whole(x, 1), w), {"strides": [1, 1, 1, 1], "padding": "VALID"}, "int32")


POOL = {"ksize": [1, 2, 2, 1], "strides": [1, 2, 2, 1], "padding": "VALID"}


def test_the_first_of_equals_gets_the_gradient_and_in_three_dimensions_all():
    x, dy = np.ones((1, 2, 2, 1), np.float32), np.full((1, 1, 1, 1), 3, np.float32)
    first = ask("MaxPoolGrad", (x, dy, dy), POOL)[0]
    assert first.value.ravel().tolist() == [3, 0, 0, 0]
    solid = {"ksize": [1, 1, 2, 2, 1], "strides": [1, 1, 2, 2, 1], "padding": "VALID", "data_format": "NDHWC"}
    every = ask("MaxPool3DGrad", (x[:, None], dy[:, None], dy[:, None]), solid)[0]
    assert every.value.ravel().tolist() == [3, 3, 3, 3]


def test_a_choice_within_the_allowance_may_fall_to_another_pixel_and_only_there():
    x = np.array([5.0, 4.9999, 1, 0, 7, 1, 1, 1]).reshape(1, 2, 4, 1)
    dy = np.array([[2.0, 3.0]]).reshape(1, 1, 2, 1)
    flow = ask("MaxPoolGrad", (off(x), dy, dy), POOL)[0]
    sure = ask("MaxPoolGrad", (x, dy, dy), POOL)[0].value
    worst = flow.worst("float32")
    assert word(sure.astype("f"), flow) == "agrees"
    unsure = worst > 1
    windows = ask("MaxPool", (x,), POOL)[0].value
    for i in range(2):
        window = x[0, :, 2 * i : 2 * i + 2, 0]
        close = window >= windows[0, 0, i, 0] - 2.1e-3
        expected = close & (close.sum() > 1)
        np.testing.assert_array_equal(unsure[0, :, 2 * i : 2 * i + 2, 0], expected)


@FEW
@given(st.integers(0, 99), st.sampled_from(["SAME", "VALID"]), st.integers(1, 3), st.integers(1, 2))
def test_pooling_agrees_with_the_layers(seed, padding, ksize, strides):
    random = np.random.RandomState(seed)
    x = random.randint(-3, 4, (2, 6, 5, 2)).astype("f")
    attributes = {"ksize": [1, ksize, ksize, 1], "strides": [1, strides, strides, 1], "padding": padding}
    same = {"strides": strides, "padding": padding}
    largest, mean = layers.max_pool2d(x, ksize, **same), layers.avg_pool2d(x, ksize, **same)
    assert word(largest, ask("MaxPool", (x,), attributes)[0]) == "agrees"
    assert word(largest + 1e-6, ask("MaxPool", (x,), attributes)[0]) == "differs"
    assert word(mean, ask("AvgPool", (x,), attributes)[0]) == "agrees"
    assert word(mean * 1.001 + 1e-3, ask("AvgPool", (x,), attributes)[0]) == "differs"
    whole = ask("MaxPool", (x.astype(np.int32),), attributes, "int32")[0]
    np.testing.assert_array_equal(whole, largest.astype(np.int32))
    dy = random.randn(*largest.shape).astype("f")
    found = ask("MaxPoolGrad", (x, largest, dy), attributes)[0]
    assert word(layers.max_pool2d_grad(x, dy, ksize, **same), found) == "agrees"
    shared = ask("AvgPoolGrad", (np.array(x.shape), dy), attributes)[0]
    assert word(layers.avg_pool2d_grad(dy, x.shape, ksize, **same), shared) == "agrees"
    places = dict(attributes, include_batch_in_index=True)
    top, where = answer(NodeCall("MaxPoolWithArgmax", places, ("float32",), ("float32", "int64")), [x])
    np.testing.assert_array_equal(x.ravel()[where], top.value)
    back = ask("MaxPoolGradWithArgmax", (x, dy, where), places)[0]
    np.testing.assert_allclose(back.value, found.value, atol=1e-12)


def normalised(x, scale, offset, mean, variance, epsilon):
    return scale * (x - mean) / np.sqrt(variance + epsilon) + offset


@pytest.mark.parametrize("form", ["NHWC", "NCHW"])
def test_batch_norm_in_training_and_after(form):
    random = np.random.RandomState(3)
    x, (scale, offset, mean, variance) = (
        random.randn(3, 4, 5, 2).astype("f"),
        random.rand(4, 2).astype("f") + 0.5,
    )
    turn = (lambda a: np.moveaxis(a, -1, 1)) if form == "NCHW" else (lambda a: a)
    plain = {"epsilon": 1e-3, "data_format": form}
    given_ = (turn(x), scale, offset, mean, variance)
    y = ask("FusedBatchNormV3", given_, dict(plain, is_training=False), outputs=6)[0]
    assert word(turn(normalised(x, scale, offset, mean, variance, np.float32(1e-3))), y) == "agrees"
    assert word(turn(normalised(x, scale, offset, mean, variance, np.float32(2e-3))), y) == "differs"
    axes = (0, 1, 2)
    of_batch = x.astype(np.float64).mean(axes), x.astype(np.float64).var(axes)
    outputs = ask(
        "FusedBatchNormV3", given_, dict(plain, is_training=True, exponential_avg_factor=0.25), outputs=6
    )
    bessel = of_batch[1] * 60 / 59
    for flow, expected in zip(
        outputs,
        (
            turn(normalised(x, scale, offset, *of_batch, 1e-3)),
            0.75 * mean + 0.25 * of_batch[0],
            0.75 * variance + 0.25 * bessel,
            *of_batch,
        ),
    ):
        assert word(np.asarray(expected, "f"), flow) == "agrees"
        assert word(np.asarray(expected * 1.001 + 1e-3, "f"), flow) == "differs"


def test_the_gradient_of_batch_norm_is_that_of_its_formula():
    random = np.random.RandomState(4)
    x, dy = random.randn(2, 3, 3, 2), random.randn(2, 3, 3, 2)
    scale = random.rand(2) + 0.5
    axes, epsilon = (0, 1, 2), 1e-3

    def loss(x, scale):
        return (normalised(x, scale, 0, x.mean(axes), x.var(axes), epsilon) * dy).sum()

    inputs = (dy, x, scale, x.mean(axes), x.var(axes))
    of_x, of_scale, of_offset, *_ = ask("FusedBatchNormGrad", inputs, {"epsilon": epsilon}, "float64", 5)
    step = 1e-6
    for index in [(0, 0, 0, 0), (1, 2, 1, 1)]:
        moved = np.zeros_like(x)
        moved[index] = step
        slope = (loss(x + moved, scale) - loss(x - moved, scale)) / (2 * step)
        assert abs(slope - of_x.value[index]) < 1e-6
    for channel in range(2):
        moved = np.eye(2)[channel] * step
        slope = (loss(x, scale + moved) - loss(x, scale - moved)) / (2 * step)
        assert abs(slope - of_scale.value[channel]) < 1e-6
    np.testing.assert_allclose(of_offset.value, dy.sum(axes))


def test_suppression_of_boxes_is_greedy_and_says_where_it_cannot_tell():
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 0.9], [0, 2, 1, 3], [1, 3, 0, 2]], np.float32)
    scores = np.array([0.5, 0.9, 0.3, 0.4], np.float32)
    inputs = (boxes, scores, np.array(4), np.float32(0.5), np.float32(0.0))
    assert ask("NonMaxSuppressionV3", inputs, {}, "int32")[0].tolist() == [1, 3]
    padded = ask("NonMaxSuppressionV4", inputs, {"pad_to_max_output_size": True}, "int32", 2)
    assert padded[0].tolist() == [1, 3, 0, 0] and padded[1] == 2
    with pytest.raises(Taken):
        ask("NonMaxSuppressionV3", (boxes, np.ones(4, np.float32), *inputs[2:]), {}, "int32")
    with pytest.raises(Taken):
        ask("NonMaxSuppressionV3", (*inputs[:3], np.float32(0.9), inputs[4]), {}, "int32")


def test_what_is_not_covered_is_said():
    x = np.zeros((1, 4, 4, 4), np.float32)
    with pytest.raises(NoRule, match="NCHW_VECT_C"):
        ask("MaxPool", (x,), dict(POOL, data_format="NCHW_VECT_C"))
    with pytest.raises(NoRule, match="rounded"):
        ask("RGBToHSV", (Reference(x[..., :3], 1.0, 1),), {})
    with pytest.raises(Taken, match="random"):
        ask("FractionalMaxPool", (x,), {})
