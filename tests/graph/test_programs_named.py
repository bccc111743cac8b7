"""What people do otherwise when they port a program, on graphs made by hand: told by name, and nothing where not."""

import numpy as np
from test_named_differences import constant, f32, first_cause, graph

from compat.explain.kept import without_dropout
from compat.explain.patience import over, patience
from compat.graph.forms import in_forms, same_but_for_form
from compat.graph.pairing import Pair, pairs
from compat.graph.replay import Replay
from compat.judge.graphs import places
from compat.porting.outputs import same_rows
from compat.porting.positions import positions

X = np.random.RandomState(3).normal(size=(6, 5, 1, 4)).astype(f32)


def wrong(legacy, port):
    return [place for place in places(legacy.side, port.side, port.outputs()) if place.wrong]


# -- forms


def relu_and_sum(op, function, flat):
    """In the form of a Conv2D, or of a Conv1D: without the axis of one element."""

    def build(made, x, array):
        if flat:
            array = array.reshape(6, 5, 4)
            shape = constant(made, "shape", [6, 5, 4], np.int32)
            x = made.add("flat", "Reshape", [x, shape], array)
        inner = function(array)
        h = made.add("inner", op, [x], inner)
        axes = constant(made, "axes", [1], np.int32)
        return made.add("y", "Sum", [h, axes], inner.sum(1).reshape(6, 4), keep_dims=False)

    def squeezed(made, x, array):
        inner = function(array)
        h = made.add("inner", op, [x], inner)
        axes = constant(made, "axes", [1, 2], np.int32)
        return made.add("y", "Sum", [h, axes], inner.sum((1, 2)), keep_dims=False)

    return graph(build if flat else squeezed, X)


def relu(array):
    return np.maximum(array, 0)


def test_tensors_pair_that_differ_by_an_axis_of_one_element_and_are_judged_in_the_legacy_form():
    legacy, port = relu_and_sum("Relu", relu, False), relu_and_sum("Relu", relu, True)
    found = pairs(legacy.side.trace, port.outputs(), port.side.trace, legacy.side.read, port.side.read)
    (inner,) = [pair for pair in found if pair.name == "inner"]
    assert isinstance(inner, Pair) and inner.result.shape == [6, 5, 1, 4]
    assert inner.array(port.side.read).shape == (6, 5, 1, 4)
    assert not wrong(legacy, port)


def test_another_function_there_is_wrong_and_stands_at_the_same_position():
    legacy, port = relu_and_sum("Relu", relu, False), relu_and_sum("Tanh", np.tanh, True)
    (place,) = wrong(legacy, port)
    assert place.pair.name == "y"
    assert positions(place) == {"inner:0": "inner:0"}


def test_a_tensor_gets_another_form_and_is_known_to_be_the_same():
    port = relu_and_sum("Relu", relu, True)
    trace, read, names = in_forms(port.side.trace, port.side.read, {"inner:0": [6, 5, 1, 4]})
    trace.check()
    name = names["inner:0"]
    assert read(trace.tensors()[name].digest).shape == (6, 5, 1, 4)
    assert same_but_for_form(trace.makers(), name) == ["inner:0"]


def test_rows_in_another_form():
    assert same_rows([4, 6, 20], [24, 20]) and not same_rows([4, 6, 20], [20, 24])
    assert not same_rows([24], [4, 6]) and not same_rows([4, 6, 20], [23, 20])


# -- dropout that keeps everything


def dropped(keep):
    def build(made, x, array):
        mask = (np.arange(array.size).reshape(array.shape) % 3 < (3 if keep else 2)).astype(f32)
        drawn = made.add("drawn", "RandomUniform", [constant(made, "shape", X.shape, np.int32)], mask)
        kept = made.add("kept", "Mul", [x, constant(made, "one", 1)], array)
        mul = made.add("dropped", "Mul", [kept, drawn], array * mask)
        return made.add("y", "Relu", [mul], np.maximum(array * mask, 0))

    return graph(build, X)


def test_a_dropout_that_keeps_everything_is_taken_out_and_no_other():
    for keep, expected in ((True, ["y"]), (False, ["shape", "drawn", "dropped", "y"])):
        side = dropped(keep).side
        replay = Replay(side.trace, side.read)
        found = without_dropout(replay.follow("y:0", {"x:0": replay.recorded("x:0")}))
        assert [node.name for node in found.nodes if node.op != "Const" or node.name == "shape"] == expected
        np.testing.assert_allclose(found.reference().value, replay.recorded("y:0"), rtol=1e-6)


# -- terms, slopes, roots


def loss(times):
    def build(made, x, array):
        square = made.add("square", "L2Loss", [x], np.asarray((array.astype(float) ** 2).sum() / 2, f32))
        value = np.asarray((array.astype(float) ** 2).sum() / 2 * times, f32)
        there = made.add("penalty", "Mul", [square, constant(made, "lambda", times)], value)
        axes = constant(made, "axes", [0, 1, 2, 3], np.int32)
        mean = np.asarray(array.astype(float).mean(), f32)
        other = made.add("mean", "Mean", [x, axes], mean, keep_dims=False)
        return made.add("y", "AddV2", [other, there], (mean + value).astype(f32))

    return graph(build, X)


def test_a_term_that_counts_twice_is_told_with_its_factor():
    result = np.asarray(X.astype(float).mean() + 0.2 * (X.astype(float) ** 2).sum() / 2, f32)
    told = first_cause(loss(0.1), None, result)
    assert "the port has 2 times what L2Loss square of the legacy graph gives" in told, told


def leaky(slope, fused):
    def build(made, x, array):
        y = np.where(array > 0, array, f32(slope) * array)
        if fused:
            return made.add("y", "LeakyRelu", [x], y, alpha=slope)
        mul = made.add("mul", "Mul", [constant(made, "slope", slope), x], f32(slope) * array)
        return made.add("y", "Maximum", [x, mul], y)

    return graph(build, X)


def test_the_slope_of_a_leaky_relu_in_other_ops():
    assert "the slope of the leaky relu is 0.3, expected 0.2" in first_cause(
        leaky(0.2, False), leaky(0.3, True)
    )
    assert not wrong(leaky(0.2, False), leaky(0.2, True))


def root(outside):
    def build(made, x, array):
        positive = np.abs(array)
        x = made.add("abs", "Abs", [x], positive)
        e = constant(made, "e", 1e-3)
        if outside:
            h = made.add("sqrt", "Sqrt", [x], np.sqrt(positive))
            return made.add("y", "AddV2", [h, e], np.sqrt(positive) + f32(1e-3))
        h = made.add("add", "AddV2", [x, e], positive + f32(1e-3))
        return made.add("y", "Sqrt", [h], np.sqrt(positive + f32(1e-3)))

    return graph(build, X)


def test_an_epsilon_beside_the_root():
    assert "epsilon is added to the root, expected under it" in first_cause(root(False), root(True))
    assert "epsilon is added under the root, expected outside" in first_cause(root(True), root(False))


def softmax(axis):
    def build(made, x, array):
        turned = np.swapaxes(array, axis, -1)
        e = np.exp(turned) / np.exp(turned).sum(-1, keepdims=True)
        return made.add("y", "Softmax", [x], np.swapaxes(e, axis, -1).astype(f32))

    return graph(build, X)


def test_a_softmax_along_another_axis():
    told = first_cause(softmax(3), None, softmax(0).side.read(softmax(0).outputs()["y"].digest))
    assert "softmax is taken along axis 0 in the port, expected along the last one" in told, told


# -- time


def test_patience_ends_and_comes_back():
    with patience(1000.0):
        assert not over()
        with patience(-1.0):
            assert over()
        assert not over()
    assert not over()
