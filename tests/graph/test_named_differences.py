"""Differences of two graphs that have a name: told where they are, and nothing where not; on graphs made by hand."""

import numpy as np
import pytest
from tracing import Made

from compat.explain import causes_of_places
from compat.explain.steps_of_training import sentence, solved
from compat.graph.nodes import Trace
from compat.judge.graphs import Side, places
from compat.judge.ports import _of_outputs
from compat.records import Record
from compat.reference import Reference

f32 = np.float32
STATE = np.random.RandomState(7)
X = STATE.normal(size=(12, 6)).astype(f32)


def first_cause(legacy, port, result=None):
    """The first cause of the last wrong place of a port, with its graph or, of a ``result`` alone, without."""
    if result is None:
        side, outputs, read = port.side, port.outputs(), port.kept.read
    else:
        made = Made()
        made.output("y", made.add("y", "Const", [], result))
        side, outputs, read = Side(Trace(), made.kept.read), made.outputs(), made.kept.read
    found = [place for place in places(legacy.side, side, outputs) if place.wrong]
    lines = list(causes_of_places(found[-1:], read, {}, 1.0))
    return next((line for line in lines if line.startswith("cause: ")), "")


def graph(build, x=X, name="x"):
    made = Made()
    made.trace.inputs[name] = made.add(name, "Placeholder", [], x)
    return made.output("y", build(made, made.trace.inputs[name], x))


def constant(made, name, value, dtype=f32):
    return made.add(name, "Const", [], np.asarray(value, dtype))


# -- a slope


def clipped(slope):
    def build(made, x, array):
        product = (array * f32(slope)).astype(f32)
        line = product + f32(0.5)
        mul = made.add("mul", "Mul", [x, constant(made, "slope", slope)], product)
        add = made.add("add", "Add", [mul, constant(made, "half", 0.5)], line)
        low = made.add("low", "Minimum", [add, constant(made, "one", 1)], np.minimum(line, 1))
        return made.add("clip", "Maximum", [low, constant(made, "zero", 0)], np.clip(line, 0, 1))

    return build


def of_relu6(made, x, array):
    line = array + f32(3)
    add = made.add("add", "AddV2", [x, constant(made, "three", 3)], line)
    relu = made.add("relu6", "Relu6", [add], np.clip(line, 0, 6))
    six = constant(made, "six", 6)
    return made.add("div", "RealDiv", [relu, six], np.clip(line, 0, 6) / f32(6))


def test_a_hard_sigmoid_of_another_slope_in_other_ops():
    assert "the slope of the hard_sigmoid is 0.1667, expected 0.2" in first_cause(
        graph(clipped(0.2)), graph(of_relu6)
    )


def test_the_same_slope_in_other_ops_is_nothing_wrong():
    legacy, port = graph(clipped(1 / 6)), graph(of_relu6)
    assert not [place for place in places(legacy.side, port.side, port.outputs()) if place.wrong]


# -- dtypes


def product(dtype, through=None):
    def build(made, x, array):
        factor = np.asarray(1 / 3, through or dtype)
        c = constant(made, "third", factor, factor.dtype)
        if through:
            c = made.add("cast", "Cast", [c], factor.astype(dtype), SrcT=through, DstT=dtype)
        return made.add("mul", "Mul", [x, c], array * factor.astype(dtype))

    return build


def test_a_number_of_float32_on_the_way():
    x = X.astype(np.float64)
    cause = first_cause(graph(product("float64"), x), graph(product("float64", "float32"), x))
    assert "goes through float32 on the way (Cast)" in cause


def test_another_dtype_at_the_end():
    x = X.astype(np.float64)
    legacy = graph(product("float64"), x)

    def narrow(made, x, array):
        cast = made.add("cast", "Cast", [x], array.astype(f32), SrcT="float64", DstT="float32")
        third = constant(made, "third", 1 / 3)
        return made.add("mul", "Mul", [cast, third], array.astype(f32) * f32(1 / 3))

    cause = first_cause(legacy, graph(narrow, x))
    assert cause.startswith("cause: the dtype is float32, expected float64: the port casts to it")


# -- orders


def dense(kernel):
    def build(made, x, array):
        return made.add("dense", "MatMul", [x, constant(made, "w", kernel)], array @ kernel)

    return build


KERNEL = STATE.normal(size=(6, 8)).astype(f32)


def test_gates_in_another_order():
    i, f, c, o = np.split(KERNEL, 4, axis=1)
    cause = first_cause(graph(dense(KERNEL)), graph(dense(np.concatenate([i, c, f, o], axis=1))))
    assert "order 0, 1, 4, 5, 2, 3, 6, 7" in cause and "i, c, f, o" in cause


def test_rows_of_the_other_flatten():
    turned = KERNEL.reshape(2, 3, 8).transpose(1, 0, 2).reshape(KERNEL.shape)
    assert "rows in the order of the other Flatten" in first_cause(graph(dense(KERNEL)), graph(dense(turned)))


def test_a_kernel_that_is_turned_over_and_columns_in_turn_are_no_gates():
    square = STATE.normal(size=(6, 6)).astype(f32)
    cause = first_cause(graph(dense(square)), graph(dense(np.ascontiguousarray(square.T))))
    assert "turned over" in cause and cause.endswith("transpose it") and "gates" not in cause
    in_turn = KERNEL[:, [0, 4, 1, 5, 2, 6, 3, 7]]
    cause = first_cause(graph(dense(KERNEL)), graph(dense(in_turn)))
    assert cause.endswith("put it in that order") and "gates" not in cause


def test_another_kernel_is_in_no_other_order():
    other = KERNEL + STATE.normal(size=KERNEL.shape).astype(f32)
    assert "order" not in first_cause(graph(dense(KERNEL)), graph(dense(other)))


# -- settings


def divided(made, x, array):
    """The sum over the number of those that are not 0."""
    total, zero = array.sum(dtype=f32), constant(made, "zero", 0)
    axes = constant(made, "axes", [0, 1], np.int32)
    counted = (array != 0).astype(f32)
    differs = made.add("differs", "NotEqual", [x, zero], array != 0)
    ones = made.add("ones", "Cast", [differs], counted, SrcT="bool", DstT="float32")
    count = made.add("count", "Sum", [ones, axes], counted.sum(dtype=f32))
    summed = made.add("sum", "Sum", [x, axes], total)
    return made.add("mean", "DivNoNan", [summed, count], total / counted.sum(dtype=f32))


def test_a_sum_that_is_divided_by_the_rows():
    x = np.abs(X) * (STATE.uniform(size=X.shape) > 0.3)
    legacy = graph(divided, x.astype(f32))
    for count, said in ((72, "the sum is divided by 72"), (12, "the sum is divided by 12")):
        assert said in first_cause(legacy, None, np.asarray(x.sum() / count, f32))
    assert "is divided by" not in first_cause(legacy, None, np.asarray(x.sum() / 31.5, f32))


OLD, NEW = STATE.normal(size=(2, 9)).astype(f32)


def moved(weight):
    def build(made, x, array):
        off = array - NEW
        sub = made.add("sub", "Sub", [x, constant(made, "new", NEW)], off)
        step = made.add("step", "Mul", [sub, constant(made, "weight", weight)], off * f32(weight))
        return made.add("moved", "Sub", [x, step], array - off * f32(weight))

    return build


@pytest.mark.parametrize("weight, wrong", [(0.1, 0.9), (0.9, 0.1)])
def test_momentum_for_one_less(weight, wrong):
    result = OLD - (OLD - NEW) * f32(wrong)
    cause = first_cause(graph(moved(weight), OLD), None, result)
    assert f"the weight of the new value is {wrong}, expected {weight}" in cause


def test_another_momentum_is_not_one_less():
    assert "1 - momentum" not in first_cause(graph(moved(0.1), OLD), None, OLD - (OLD - NEW) * f32(0.3))


# -- results


def test_nothing_flows():
    assert "nothing flows" in first_cause(graph(dense(KERNEL)), None, np.zeros((12, 8), f32))


def test_a_cast_that_wraps():
    x = np.array([[-3.5, 4.0, 300.0, 255.0]], f32)

    def build(made, x, array):
        low = made.add("low", "Maximum", [x, constant(made, "zero", 0)], np.maximum(array, 0))
        high = made.add("high", "Minimum", [low, constant(made, "most", 255)], np.clip(array, 0, 255))
        clipped = np.clip(array, 0, 255).astype(np.uint8)
        return made.add("cast", "Cast", [high], clipped, SrcT="float32", DstT="uint8")

    wrapped = np.array([[253, 4, 44, 255]], np.uint8)
    assert "wraps around beyond 0..255" in first_cause(graph(build, x), None, wrapped)
    assert "wraps around" not in first_cause(graph(build, x), None, wrapped + 1)


def test_a_node_that_is_left_out_of_a_port_without_a_graph():
    def build(made, x, array):
        padded = np.pad(array, [(0, 0), (1, 1)], mode="constant")
        pad = made.add(
            "pad", "Pad", [x, constant(made, "pads", [[0, 0], [1, 1]], np.int32)], padded, source="a.py:3"
        )
        return made.add("square", "Square", [pad], padded**2)

    assert (
        first_cause(graph(build), None, X**2)
        == "cause: Pad (a.py:3) of the legacy graph is missing in the port"
    )


# -- the steps of a training


def trained(step, steps=8):
    """(weights after, gradients) of every step of ``step(number, weights, gradient, state) -> weights``."""
    state, now, weights, gradients = {}, STATE.normal(size=5), [], []
    for number in range(steps):
        gradient = STATE.normal(size=5).astype(f32)
        now = step(number, now, gradient, state).astype(f32)
        weights.append(now)
        gradients.append(gradient)
    return np.array(weights, f32), np.array(gradients, f32)


def adam(epsilon):
    def step(number, w, g, state):
        g = g * 1e-5
        state["m"] = 0.9 * state.get("m", 0) + 0.1 * g
        state["v"] = 0.999 * state.get("v", 0) + 0.001 * g.astype(np.float64) ** 2
        t = number + 1
        return w - 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * state["m"] / (np.sqrt(state["v"]) + epsilon)

    return step


def scaled(pair):
    return pair[0], (pair[1] * 1e-5).astype(f32)


def test_the_optimiser_of_steps_is_solved_for():
    assert solved(*trained(lambda t, w, g, s: w - 0.1 * g)).said() == "gradient descent"
    falling = solved(*trained(lambda t, w, g, s: w - 0.1 / (1 + 0.5 * t) * g))
    assert falling.rate is None and falling.decay == pytest.approx(0.5, rel=1e-3)
    for epsilon in (1e-8, 1e-7):
        assert solved(*scaled(trained(adam(epsilon)))).settings == {"epsilon": epsilon}
    assert solved(*trained(lambda t, w, g, s: w + STATE.normal(size=5))) is None


def trajectories(weights, gradients):
    made = Made()
    for name, array in (("w", weights), ("dw", gradients)):
        made.trace.inputs[name] = made.add(name, "Placeholder", [], array)
        made.output(name, made.add(f"{name}_", "Identity", [f"{name}:0"], array))
    return made


def test_the_optimisers_of_both_sides_are_compared():
    legacy = trajectories(*trained(lambda t, w, g, s: w - 0.1 / (1 + 0.5 * t) * g))
    port = trajectories(*trained(lambda t, w, g, s: w - 0.1 * g))
    found = places(legacy.side, port.side, port.outputs())
    assert sentence(found, port.kept.read).startswith(
        "the rate is 0.1 at every step, expected 0.1 / (1 + 0.5 t) at step t"
    )
    again = places(legacy.side, legacy.side, legacy.outputs())
    assert sentence(again, legacy.kept.read) is None


# -- gates, dropout, what stayed


def gated(function):
    def build(made, x, array):
        parts = np.split(array, 2, axis=1)
        names = [f"split:{n}" for n in range(2)]
        made.add("split", "Split", [constant(made, "axis", 1, np.int32), x], *parts, num_split=2)
        gates = [made.add(f"gate{n}", "Sigmoid", [names[n]], function(n, parts[n])) for n in range(2)]
        return made.add("y", "Mul", gates, function(0, parts[0]) * function(1, parts[1]))

    return build


def sigmoid(x):
    return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(f32)


def test_a_forget_bias():
    legacy = graph(gated(lambda n, x: sigmoid(x)))
    first, second = (part.astype(np.float64) for part in np.split(X, 2, axis=1))
    result = (sigmoid(first) * sigmoid(second + 1)).astype(f32)
    assert "1 is added to the forget gate, expected 0" in first_cause(legacy, None, result)


def test_gates_that_are_hard_sigmoids():
    legacy = graph(gated(lambda n, x: sigmoid(x)))
    first, second = (np.clip(f32(0.2) * part + f32(0.5), 0, 1) for part in np.split(X, 2, axis=1))
    cause = first_cause(legacy, None, first * second)
    assert "the gates are hard_sigmoid of slope 0.2, Keras 2's" in cause


def test_what_stayed_as_it_was():
    cause = first_cause(graph(moved(0.1), OLD), None, OLD.copy())
    assert "the answer is x, which stayed what it was" in cause


def test_keep_prob_for_rate():
    cause = first_cause(graph(product_by(1 / 0.9)), graph(product_by(1 / 0.1)))
    assert cause.startswith("cause: keep_prob and rate are taken for each other, 0.1 for 0.9")


def product_by(number):
    def build(made, x, array):
        return made.add("mul", "Mul", [x, constant(made, "scale", number)], array * f32(number))

    return build


# -- the judge, where only the port's own spelling allows too much


class Allowing(Reference):
    """An answer that allows as much for every element."""

    def __init__(self, value, much):
        super().__init__(value)
        self.much = much

    def worst(self, dtype):
        return np.full(self.value.shape, self.much)


def test_a_spelling_that_allows_anything_is_no_evidence():
    made = graph(dense(KERNEL))
    place = places(made.side, made.side, made.outputs())[-1]
    outputs = {"y": place.pair.result}
    record = Record("ok", "case", "float32", outputs=outputs)
    measured = {"y": Allowing(place.answer.value + 1, 1e-5)}
    allowing = place._replace(allowed=Allowing(place.answer.value, np.inf))
    for one, word, by_spread in ((place, "agrees", []), (allowing, "differs", ["y"])):
        numbers, spread = _of_outputs(record, made.kept.read, [one], measured)
        assert (numbers["y"].word, spread) == (word, by_spread)


# -- a column for a bias


@pytest.mark.parametrize("wide, named", [(12, True), (6, False)])
def test_a_column_that_is_added_as_a_bias(wide, named):
    square, column = STATE.normal(size=(12, wide)).astype(f32), X[:, :1]

    def build(made, x, array):
        return made.add("add", "AddV2", [x, constant(made, "column", column)], array + column)

    legacy = graph(build, square)
    wrong = square + (column[:, 0] if named else 2 * column)
    assert ("added as a bias" in first_cause(legacy, None, wrong)) == named
