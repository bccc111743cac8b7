"""What is given on along the flow of a port's judgement, and what its graph does otherwise; on graphs made by hand."""

import numpy as np
import pytest
from tracing import Made

from compat.explain import differences, structure
from compat.graph.pairing import pairs
from compat.judge.graphs import places
from compat.judge.ports import cut_above

f32 = np.float32
STATE = np.random.RandomState(5)
X, Z = (STATE.normal(size=(6, 5)).astype(f32) for _ in range(2))
W = STATE.normal(size=(5, 4)).astype(f32)


def graph(build, prefix="", **inputs):
    """A Made of ``build(add, *tensors)``, which gives the tensor y; ``add(op, inputs, array)`` names the nodes."""
    made, counts = Made(), {}

    def add(op, names, array, **attributes):
        counts[op] = counts.get(op, 0) + 1
        name = f"{prefix}{op}_{counts[op]}"
        return made.add(name, op, names, np.asarray(array), source=f"{prefix or 'net'}.py:1", **attributes)

    given = inputs or {"x": X}
    for name, array in given.items():
        made.trace.inputs[name] = made.add(name, "Placeholder", [], array)
    return made.output("y", build(add, *made.trace.inputs.values()))


def judged(legacy, port):
    return places(legacy.side, port.side, port.outputs())


def last(legacy, port):
    """(its place, the port's result) of the output y."""
    place = judged(legacy, port)[-1]
    assert place.pair.legacy == legacy.trace.outputs["y"]
    return place, port.kept.read(place.pair.result.digest)


# -- what is given on


def unruled(off):
    inner = (2 * X + f32(off) * Z).astype(f32)

    def build(add, x):
        tanh = add("Tanh", [add("Mystery", [x], inner)], np.tanh(inner))
        return add("Mul", [tanh, add("Const", [], f32(3))], 3 * np.tanh(inner))

    return build


def test_what_no_rule_judges_is_not_given_on_as_right():
    """The inner pair may hide a fault: the output is not right because it follows from that."""
    found = judged(graph(unruled(0)), graph(unruled(1e-2), "port/"))
    assert [place.pair.name for place in found][-2:] == ["Tanh_1", "y"]
    assert all(place.numbers is None for place in found)


def test_what_no_rule_covers_and_follows_from_an_input_is_not_taken_as_recorded():
    place, _ = last(*(graph(lambda add, x: add("Mystery", [x], 2 * X), prefix) for prefix in ("", "port/")))
    assert place.numbers is None and "Mystery" in place.why


SCALE = np.array([0.9, 1.3, 1.1, 0.8], f32)


def scaled(add, x):
    product = add("MatMul", [x, add("Const", [], W)], X @ W)
    return add("Mul", [product, add("Const", [], SCALE)], (X @ W) * SCALE)


def folded(off=1.0):
    def build(add, x):
        product = (X @ (W * SCALE)).astype(f32)
        found = add("MatMul", [x, add("Const", [], W * SCALE)], product)
        return add(
            "Identity",
            [add("Mul", [found, add("Const", [], f32(off))], product * f32(off))],
            product * f32(off),
        )

    return build


def test_a_scale_that_is_folded_into_the_kernel_is_no_fault():
    legacy, port = graph(scaled), graph(folded(), "port/")
    paired = pairs(legacy.trace, port.outputs(), port.trace, legacy.kept.read, port.kept.read)
    assert "MatMul_1" in [
        pair.name for pair in paired
    ]  # its numbers go together: else there is nothing to see
    found = judged(legacy, port)
    assert [place.pair.name for place in found] == ["y"] and not found[0].wrong


@pytest.mark.parametrize("off", [1 + 1e-5, 1.001, 2.0])
def test_folded_and_wrong_stays_wrong(off):
    assert any(place.wrong for place in judged(graph(scaled), graph(folded(off), "port/")))


def test_a_bound_that_is_vague_is_not_given_on():
    """(x + 20000) - 20000 may be off by 1e-3: what is off by 5e-4 there is not known to be right."""

    def legacy(add, x):
        far = add("Const", [], f32(2e4))
        there = (X + f32(2e4)).astype(f32)
        back = add("Sub", [add("AddV2", [x, far], there), far], there - f32(2e4))
        return add("Mul", [back, add("Const", [], f32(3))], 3 * (there - f32(2e4)))

    def port(add, x):
        near = (X + f32(5e-4)).astype(f32)
        return add(
            "Mul", [add("AddV2", [x, add("Const", [], f32(5e-4))], near), add("Const", [], f32(3))], 3 * near
        )

    made = graph(legacy), graph(port, "port/")
    place, _ = last(*made)
    assert "Sub_1" in [one.pair.name for one in judged(*made)]
    assert place.vague and list(place.followed.given) == ["x:0"]


@pytest.mark.parametrize("factor, word", [(3, "agrees"), (3.0003, "differs")])
def test_what_comes_after_a_vague_bound_is_judged_from_the_port_itself(factor, word):
    """From x on a thousandth would be allowed: what (x + 20000) - 20000 gave is the port's own affair."""
    there = (X + f32(2e4)).astype(f32)
    back, times = there - f32(2e4), f32(factor) * (there - f32(2e4))

    def legacy(add, x):
        far = add("Const", [], f32(2e4))
        found = add("Sub", [add("AddV2", [x, far], there), far], back)
        return add("Mul", [found, add("Const", [], f32(3))], 3 * back)

    def port(add, x):
        found = add("AddV2", [x, add("Const", [], back - X)], back)
        return add("Mul", [found, add("Const", [], f32(factor))], times)

    place, _ = last(graph(legacy), graph(port, "port/"))
    assert place.numbers.word == word
    assert list(place.followed.given) == ["Sub_1:0" if word == "differs" else "x:0"]


#: The largest two are one after a softmax in float32, and so are the smallest two, the first and the last.
NEAR = np.array([[-1, 0, 1, 2 - 2.0**-23, 2, -1 + 2.0**-24]], f32)


def chosen(op, of_softmax, prefix=""):
    soft = np.exp(NEAR.astype(float)) / np.exp(NEAR.astype(float)).sum()
    soft[0, 3], soft[0, 5] = soft[0, 4], soft[0, 0]
    numbers = soft.astype(f32) if of_softmax else NEAR
    choose = np.argmax if op == "ArgMax" else np.argmin

    def build(add, x):
        source = add("Softmax", [x], numbers) if of_softmax else x
        return add(op, [source, add("Const", [], np.int32(1))], choose(numbers, axis=1))

    return graph(build, prefix, x=NEAR)


def test_a_choice_between_what_rounding_made_equal_is_the_ports():
    place, result = last(chosen("ArgMax", False), chosen("ArgMax", True, "port/"))
    assert list(result) == [3] and list(np.argmax(NEAR, axis=1)) == [4] and not place.wrong


def test_a_choice_of_something_else_is_wrong_however_near_it_is():
    """The smallest are five apart, and one of them is no farther than that from the largest."""
    place, result = last(chosen("ArgMax", False), chosen("ArgMin", True, "port/"))
    assert list(result) == [0] and place.numbers.word == "differs"


# -- what the graph does otherwise


def test_inputs_in_another_order():
    legacy = graph(lambda add, x, z: add("Sub", [x, z], X - Z), x=X, z=Z)
    port = graph(lambda add, x, z: add("Sub", [z, x], Z - X), "port/", x=X, z=Z)
    (sentence,) = structure.causes(*last(legacy, port), "float32")
    assert sentence == (
        "the port's Sub (port/.py:1) takes its inputs in another order, swapped: "
        "the legacy graph (net.py:1) takes x, z"
    )


def test_a_shortcut_from_another_place():
    h = np.tanh(X)
    kernel = STATE.normal(size=(5, 5)).astype(f32)

    def build(shortcut):
        def built(add, x):
            tanh = add("Tanh", [x], h)
            product = add("MatMul", [tanh, add("Const", [], kernel)], h @ kernel)
            return add("AddV2", [tanh if shortcut is h else x, product], shortcut + h @ kernel)

        return built

    (sentence,) = structure.causes(*last(graph(build(h)), graph(build(X), "port/")), "float32")
    assert "AddV2 (port/.py:1) takes x where the legacy graph (net.py:1) takes" in sentence


def test_a_column_against_a_row_broadcasts():
    column, row = X[:, :1], Z[:, 0]

    def legacy(add, x, z):
        off = add("Sub", [add("Squeeze", [x], column[:, 0], squeeze_dims=[1]), z], column[:, 0] - row)
        return add(
            "Mean", [off, add("Const", [], np.int32([0]))], (column[:, 0] - row).mean(), keep_dims=False
        )

    def port(add, x, z):
        off = add("Sub", [x, z], column - row)
        return add(
            "Mean", [off, add("Const", [], np.int32([0, 1]))], (column - row).mean() + f32(1), keep_dims=False
        )

    made = graph(legacy, x=column, z=row), graph(port, "port/", x=column, z=row)
    place = judged(*made)[-1]
    assert differences.differences(place, made[1].kept.read(place.pair.result.digest), "float32") is None
    assert next(iter(differences._listed(place))).startswith(
        "the port's Sub (port/.py:1) broadcasts [6, 1] and [6]"
    )


def clipped(add, x):
    low = add("Maximum", [x, add("Const", [], f32(-1))], np.maximum(X, -1))
    return add("Minimum", [low, add("Const", [], f32(1))], np.clip(X, -1, 1))


def normed(add, x):
    squares = add(
        "Sum", [add("Square", [x], X**2), add("Const", [], np.int32([0, 1]))], (X**2).sum(), keep_dims=False
    )
    return add("RealDiv", [x, add("Sqrt", [squares], np.sqrt((X**2).sum()))], X / np.sqrt((X**2).sum()))


def test_other_ops_altogether_are_listed():
    place, result = last(graph(normed), graph(clipped, "port/"))
    assert structure.causes(place, result, "float32") == []
    found = differences.differences(place, result, "float32")
    assert found.little and found.sentence == (
        "the port has Maximum, Minimum (port/.py:1) where the legacy graph has Square, Sum, Sqrt, RealDiv (net.py:1)"
    )


def test_what_does_not_follow_from_the_ports_own_nodes_is_not_listed():
    def odd(add, x):
        low = add("Maximum", [x, add("Const", [], f32(-1))], np.maximum(X, -1))
        return add("Minimum", [low, add("Const", [], f32(1))], np.clip(X, -1, 1) + f32(0.1))

    place, result = last(graph(normed), graph(odd, "port/"))
    assert place.wrong and differences.differences(place, result, "float32") is None


# -- a tensor of another shape


def squared(rows=6, wrong=()):
    """y = (4 x x)^2 of the first rows, in three named steps; ``wrong``: those that are a tenth off."""

    def off(name, array):
        return (array * f32(1.1 if name in wrong else 1)).astype(f32)

    made = Made()
    made.trace.inputs["x"] = made.add("x", "Placeholder", [], X)
    half = off("first", (X * X)[:rows])
    made.output("first", made.add("first", "Mul", ["x:0", "x:0"], half))
    double = off("second", half + half)
    made.output("second", made.add("second", "Add", ["first:0", "first:0"], double))
    made.output("y", made.add("y", "Mul", ["second:0", "second:0"], off("y", double * double)))
    return made


@pytest.mark.parametrize("wrong", [[], ["second"], ["y"], ["second", "y"]])
def test_what_comes_after_a_tensor_of_another_shape_is_judged_on_it(wrong):
    found = judged(squared(), squared(rows=4, wrong=wrong))
    assert [place.pair.name for place in found if place.wrong] == ["first", *wrong]
    assert "shape" in found[0].numbers.message
    assert all("shape" not in place.numbers.message for place in found[1:])


# -- a relu6 beside a relu, of small numbers


def bounded(op, times=1):
    def build(add, x):
        for _ in range(times):
            x = add(op, [x], np.clip(X, 0, None))
        return x

    return build


@pytest.mark.parametrize(
    "legacy, port, whose",
    [
        ("Relu6", "Relu", "of the legacy graph"),
        ("Relu", "Relu6", "of the port"),
        ("Relu6", "Relu6", ""),
        ("Relu", "Relu", ""),
        ("Relu6", "ClipByValue", ""),
    ],
)
def test_a_relu6_that_these_inputs_do_not_show_is_said(legacy, port, whose):
    assert X.max() < 6
    said = cut_above(graph(bounded(legacy)).trace, graph(bounded(port), "port/").trace)
    assert whose in said and bool(whose) == bool(said)
