"""Nodes that no rule is known of, measured alone, and what that says of a port; on graphs made by hand."""

import json

import numpy as np
import pytest
from test_ports_walked import graph
from tracing import Made, words

from compat import CompatError
from compat.arrays import UNIT_ROUNDOFF, parts, round_to
from compat.graph.capture import alone as capture
from compat.graph.nodes import trace_of
from compat.graph.replay import Replay
from compat.judge import ports
from compat.judge.graphs import places
from compat.judge.nodes import judge_trace
from compat.record import alone
from compat.record.alone import Alone
from compat.records import Record
from compat.reference.nodes import RULES_OF_NODES
from compat.reference.nodes.registry import NoRule

f32 = np.float32
STATE = np.random.RandomState(7)
X = STATE.normal(size=(6, 5)).astype(f32)
W = STATE.normal(size=(5, 4)).astype(f32)


def smooth(x):
    return np.tanh(x * x[:, ::-1] + f32(0.3)).astype(x.dtype)


def stepped(x):
    """Its second number is on a step: half of the roundings take it over."""
    y = smooth(x)
    y[0, 1] += np.floor(x[0, 1] / X[0, 1])
    return y


def amplifying(x):
    """A rounding of x is a turn of the sine."""
    return np.sin(f32(2e7) * x)


def measure(made, function, op="Mystery", dtype="float32"):
    """Every node of that op as if it had been measured when it ran."""
    tensors = made.trace.tensors()
    for node in made.trace.nodes:
        if node.op == op:
            inputs = [(made.kept.read(tensors[name].digest), tensors[name].dtype) for name in node.inputs]
            Alone(made.kept.keep).measure(node, inputs, lambda arrays: {"0": (function(*arrays), dtype)})
    made.trace.check()
    return made


def of(function, result=None, prefix="", x=X):
    """Mystery(x) and what follows from it, measured; ``result``: what came out of it instead."""
    found = function(x) if result is None else result

    def build(add, given):
        inner = add("Mystery", [given], found)
        return add("Mul", [inner, add("Const", [], f32(3))], (f32(3) * found).astype(f32))

    return measure(graph(build, prefix, x=x), function)


def by_name(legacy, port):
    """{name of a pair: its place}."""
    return {place.pair.name: place for place in places(legacy.side, port.side, port.outputs())}


def off(array, roundings, seed=0):
    """Each number that many roundings up or down."""
    sign = np.random.RandomState(seed).choice([-1, 1], array.shape)
    return round_to(array.astype(float) * (1 + roundings * sign * 2.0**-24), "float32")


# -- what is measured


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64"])
def test_a_node_that_no_rule_is_known_of_is_measured_on_its_own_inputs(dtype):
    x = X + np.copysign(1, X)
    made, x = Made(), round_to(x + 1j * x[::-1] if dtype == "complex64" else x, dtype)
    y = round_to(x * x, dtype)
    made.add("x", "Placeholder", [], x, dtype=dtype)
    made.output("y", made.add("m", "Mystery", ["x"], y, dtype=dtype))
    assert words(made.trace, made.kept)["m:0"] == "unruled: Mystery"
    measure(made, lambda given: round_to(given * given, dtype), dtype=dtype)
    node = made.trace.nodes[-1]
    assert node.measured["0"]["result"] == node.outputs["0"].digest
    spread = made.kept.read(node.measured["0"]["spread"])
    # A step of one unit is one or two roundings of the input, and twice as many of its square.
    roundings = np.mean(spread / np.abs(parts(y)).astype(float)) / UNIT_ROUNDOFF[dtype]
    assert spread.shape == parts(y).shape and 1.5 < roundings < (20 if dtype == "complex64" else 5)
    (one,) = [one for one in judge_trace(made.trace, made.kept.read) if one.node is node]
    assert (one.how, one.numbers.word) == ("measured", "agrees")


@pytest.mark.parametrize("roundings, word", [(1, "agrees"), (300, "differs")])
def test_a_node_that_does_not_give_what_it_gives_alone(roundings, word):
    made = of(smooth, off(smooth(X), roundings))
    (one,) = [one for one in judge_trace(made.trace, made.kept.read) if one.node.op == "Mystery"]
    assert (one.how, one.numbers.word) == ("measured", word)


def random(x):
    return x * f32(STATE.uniform())


def failing(x):
    raise ValueError("no")


@pytest.mark.parametrize(
    "function, x",
    [
        (random, X),
        (failing, X),
        (smooth, np.zeros((6, 5), f32)),
        (lambda x: x.astype(f32), np.arange(6).reshape(2, 3)),
    ],
    ids=["random", "fails", "nothing moves", "no float"],
)
def test_what_cannot_be_measured_is_not(function, x):
    made = Made()
    made.add("x", "Placeholder", [], x)
    made.output("y", made.add("m", "Mystery", ["x"], np.ones(x.shape, f32)))
    measure(made, function)
    assert made.trace.nodes[-1].measured is None
    assert words(made.trace, made.kept)["m:0"] == "unruled: Mystery"


def test_what_gives_whole_numbers_alone_is_not_measured():
    made = Made()
    made.add("x", "Placeholder", [], X)
    made.output("y", made.add("m", "Mystery", ["x"], X.argmax(axis=1)))
    measure(made, lambda x: x.argmax(axis=1), dtype="int64")
    assert made.trace.nodes[-1].measured is None


@pytest.mark.parametrize("limit", ["LARGEST", "ALL"])
def test_large_nodes_are_not_measured(monkeypatch, limit):
    monkeypatch.setattr(capture, limit, 59)  # 30 numbers in, 30 out
    assert of(smooth).trace.nodes[1].measured is None
    monkeypatch.setattr(capture, limit, 60)
    assert of(smooth).trace.nodes[1].measured is not None


def test_no_more_than_so_many_are_measured(monkeypatch):
    made = of(smooth)

    def measured_by(one):
        made.trace.nodes[1].measured = None
        one.measure(made.trace.nodes[1], [(X, "float32")], lambda arrays: {"0": (smooth(*arrays), "float32")})
        return made.trace.nodes[1].measured is not None

    monkeypatch.setattr(alone, "MOST", 2)
    few = Alone(made.kept.keep)
    assert few.wants("Mystery") and measured_by(few) and few.wants("Mystery") and measured_by(few)
    assert not few.wants("Mystery")
    monkeypatch.setattr(capture, "ALL", 119)
    small = Alone(made.kept.keep)
    assert measured_by(small) and not measured_by(small)


def test_only_what_has_no_rule_is_wanted():
    wants = Alone(Made().kept.keep).wants
    assert wants("Mystery") and wants("PyFunc")
    assert not any(wants(op) for op in ("Relu", "Conv2D", "Const", "Placeholder", "RandomUniform"))
    assert "PyFunc" in RULES_OF_NODES  # which says that there is none


def test_single_numbers_keep_their_shape():
    made = Made()
    made.add("x", "Placeholder", [], f32(1.3))
    made.output("y", made.add("m", "Mystery", ["x"], f32(1.3) * f32(1.3)))
    shapes = []

    def square(x):
        shapes.append(x.shape)
        return np.asarray(x * x)

    measure(made, square)
    assert set(shapes) == {()} and made.trace.nodes[-1].measured is not None


# -- what it says of a port


@pytest.mark.parametrize("roundings", [0, 1, 4])
def test_a_port_that_rounds_otherwise_agrees(roundings):
    found = by_name(of(smooth), of(smooth, off(smooth(X), roundings), "port/"))
    assert {name: place.numbers.word for name, place in found.items()} == {
        "Mystery_1": "agrees",
        "y": "agrees",
    }
    assert found["Mystery_1"].followed.hows == {"Mystery_1": "measured"}


@pytest.mark.parametrize("by", [2e-4, 0.1])
def test_a_port_that_does_something_else_differs_there_and_nowhere_else(by):
    found = by_name(of(smooth), of(smooth, smooth(X) + f32(by) * X[::-1], "port/"))
    assert {name: place.numbers.word for name, place in found.items()} == {
        "Mystery_1": "differs",
        "y": "agrees",
    }


def test_what_was_not_measured_says_nothing():
    legacy, port = of(smooth), of(smooth, smooth(X) + f32(0.1), "port/")
    for node in legacy.trace.nodes:
        node.measured = None
    assert by_name(legacy, port)["Mystery_1"].numbers is None


def test_a_step_is_not_hidden_and_never_green():
    legacy = of(stepped)
    over = stepped(X)
    over[0, 1] -= 1
    place = by_name(legacy, of(stepped, over, "port/"))["Mystery_1"]
    assert place.numbers.word == "suspicious" and "on a step" in place.numbers.message
    over[0, 1] -= f32(0.01)
    assert by_name(legacy, of(stepped, over, "port/"))["Mystery_1"].numbers.word == "differs"


def test_nothing_follows_from_what_is_on_a_step():
    """Mul(Mystery(x)) without a tensor of the port in between: the port may be on the other side."""
    place = Replay(of(stepped).trace, of(stepped).kept.read)
    with pytest.raises(NoRule, match="step"):
        place.follow("Mul_1:0", {"x:0": X}).reference()
    made = of(smooth)
    answer = Replay(made.trace, made.kept.read).follow("Mul_1:0", {"x:0": X}).reference()
    spread = made.kept.read(made.trace.nodes[1].measured["0"]["spread"])
    assert np.all(answer.worst("float32") >= 3 * 128 * spread) and np.all(answer.worst("float32") < 1e-3)


def test_where_rounding_is_all_there_is_nothing_agrees():
    legacy = of(amplifying)
    place = by_name(legacy, of(amplifying, amplifying(X) + f32(1e-3), "port/"))["Mystery_1"]
    assert place.numbers.word == "suspicious" and "rounding alone" in place.numbers.message
    with pytest.raises(NoRule, match="nothing but rounding"):
        Replay(legacy.trace, legacy.kept.read).follow("Mul_1:0", {"x:0": X}).reference()


# -- inputs that are not those that it was measured on


def through(function, relu, result=None, prefix=""):
    """Mystery(Relu(x) + 1): what comes into it is a pair of tensors."""
    found = function(relu) if result is None else result

    def build(add, x):
        one = add("AddV2", [add("Relu", [x], np.maximum(X, 0)), add("Const", [], f32(1))], relu)
        return add("Tanh", [add("Mystery", [one], found)], np.tanh(found))

    return measure(graph(build, prefix), function)


RELU = np.maximum(X, 0) + f32(1)


def test_on_inputs_that_are_close_it_speaks_for_a_result():
    near = off(RELU, 2)
    place = by_name(through(smooth, RELU), through(smooth, near, prefix="port/"))["Mystery_1"]
    assert place.numbers.word == "agrees" and place.followed.close


@pytest.mark.parametrize("by", [3e-4, 0.1])
def test_and_not_against_one(by):
    """The change of the inputs may be what is seen: that is for the measured spread of the whole to say."""
    near = off(RELU, 2)
    port = through(smooth, near, smooth(near) + f32(by), "port/")
    place = by_name(through(smooth, RELU), port)["Mystery_1"]
    assert place.numbers is None and "close" in place.why


@pytest.mark.parametrize("roundings", [40, 5000])
def test_inputs_that_are_not_close_are_not_what_was_measured(roundings):
    far = off(RELU, roundings)
    place = by_name(through(smooth, RELU), through(smooth, far, smooth(RELU), "port/"))["Mystery_1"]
    assert place.numbers is None and "Mystery" in place.why


def test_a_tensor_that_follows_by_rules_is_not_the_one_that_was_measured():
    """Of a port without a graph nobody knows what came into the node."""
    legacy = through(smooth, RELU)
    with pytest.raises(NoRule, match="Mystery"):
        Replay(legacy.trace, legacy.kept.read).follow("Mystery_1:0", {"x:0": X}).reference()
    again = Replay(legacy.trace, legacy.kept.read).follow("Mystery_1:0", {"AddV2_1:0": RELU})
    np.testing.assert_array_equal(again.reference().value, smooth(RELU))


@pytest.mark.parametrize("units, near", [(1000, True), (1100, False)])
def test_no_number_is_farther_away_than_the_longer_stride(units, near):
    """However few they are: one of 40,000 here."""
    x = np.random.RandomState(2).uniform(1, 2, size=(200, 200)).astype(f32)
    legacy, given = of(smooth, x=x), x.copy()
    given[3, 4] += f32(units * 2.0**-23)
    followed = Replay(legacy.trace, legacy.kept.read).follow("Mystery_1:0", {"x:0": given})
    if near:
        assert followed.reference() is not None and followed.close
    else:
        with pytest.raises(NoRule):
            followed.reference()


def test_zeros_whole_numbers_and_what_is_no_number_are_not_close():
    legacy = of(smooth)
    replay = Replay(legacy.trace, legacy.kept.read)
    for index, value in (((0, 0), np.nan), ((1, 1), 0.0), ((2, 2), np.inf)):
        given = X.copy()
        given[index] = value
        with pytest.raises(NoRule):
            replay.follow("Mystery_1:0", {"x:0": given}).reference()
    with pytest.raises(NoRule):
        replay.follow("Mystery_1:0", {"x:0": X.astype(np.float64)}).reference()


def test_what_the_ports_own_nodes_measured_allows_it_nothing():
    """The port's op, of which no rule is known, is moved by 1e-3 by rounding: that excuses no fault of 1e-3."""

    def legacy(add, x):
        return add("Mul", [x, add("Const", [], f32(3))], f32(3) * X)

    place = by_name(graph(legacy, x=X), measure(graph(one(rough), "port/", x=X), rough))["y"]
    assert place.numbers.word == "differs" and place.spelled.hows == {"port/Mystery_1": "measured"}


def test_but_where_the_legacy_side_is_measured_as_well_both_count():
    legacy = measure(graph(one(lambda x: f32(3) * x), x=X), lambda x: f32(3) * x)
    place = by_name(legacy, measure(graph(one(rough), "port/", x=X), rough))["y"]
    assert place.numbers.word == "agrees"
    wrong = measure(graph(one(lambda x: rough(x) + f32(1e-2) * x), "port/", x=X), rough)
    assert by_name(legacy, wrong)["y"].numbers.word == "differs"


def far(away, factor=3, off=0):
    """(factor x + away) - away, by rules."""

    def build(add, x):
        near, there = f32(factor) * X, f32(factor) * X + f32(away)
        away_ = add("Const", [], f32(away))
        product = add("Mul", [x, add("Const", [], f32(factor))], near)
        return add("Sub", [add("AddV2", [product, away_], there), away_], there - f32(away) + f32(off))

    return graph(build, "port/", x=X)


def test_a_port_that_spells_it_less_exactly_agrees():
    legacy = measure(graph(one(lambda x: f32(3) * x), x=X), lambda x: f32(3) * x)
    assert by_name(legacy, far(3e3))["y"].numbers.word == "agrees"
    assert by_name(legacy, far(3e3, off=1e-2))["y"].numbers.word == "differs"


def test_another_spelling_excuses_nothing_where_rounding_is_all_there_is():
    legacy = measure(graph(one(amplifying), x=X), amplifying)
    assert by_name(legacy, far(2e8, 0.5))["y"].numbers.word == "suspicious"


def rough(x):
    """3 x, and a rounding of x changes it by two hundred times as much."""
    return (f32(3) * x + f32(1e-4) * np.sin(f32(2e6) * x)).astype(f32)


def one(function):
    """The op Mystery of x, and nothing else."""
    return lambda add, x: add("Mystery", [x], function(X))


# -- the verdict


def recorded(made):
    return Record(
        "ok",
        "case",
        "float32",
        outputs=made.outputs(),
        trace=made.kept.keep(made.trace.array(), "uint8").digest,
    )


def verdict(legacy, port):
    return ports.judge_port(
        recorded(port), port.kept.read, recorded(legacy), legacy.kept.read, "port", "legacy"
    )


def test_the_verdict_counts_what_was_bounded_measured_and_taken():
    found = verdict(of(smooth), of(smooth, smooth(X) + f32(0.1) * X[::-1], "port/"))
    assert found.word == "differs" and found.message.startswith("first differs at Mystery_1")
    assert found.message.endswith("by its graph: 1 nodes bounded, 1 measured, 1 taken as recorded")
    legacy = of(smooth)
    legacy.trace.nodes[1].measured = None
    found = verdict(legacy, of(smooth, smooth(X) + f32(0.1) * X[::-1], "port/"))
    assert found.message.endswith("by its graph: 0 nodes bounded, 1 taken as recorded, 2 without a rule")


def test_a_node_that_does_not_give_alone_what_it_gave_is_no_specification():
    legacy = of(smooth, smooth(X) + f32(0.1))
    assert by_name(legacy, of(smooth, prefix="port/"))["Mystery_1"].numbers is None


# -- what is written down


def test_what_was_measured_is_written_and_read():
    made = of(smooth)
    again = trace_of(made.trace.array(), "here")
    assert again == made.trace
    assert {made.trace.nodes[1].measured["0"]["spread"]} < set(again.digests())
    before = json.loads(made.trace.array().tobytes().decode())
    assert all(("measured" in node) == (node["op"] == "Mystery") for node in before["nodes"])


@pytest.mark.parametrize(
    "measured",
    [{"0": {"spread": "no digest"}}, {"1": {}}, {"0": ["spread"]}, {"0": {"spread": 3}}, [], "measured"],
)
def test_traces_that_no_computation_leaves(measured):
    made = of(smooth)
    value = json.loads(made.trace.array().tobytes().decode())
    value["nodes"][1]["measured"] = measured
    array = np.frombuffer(json.dumps(value).encode(), np.uint8)
    with pytest.raises(CompatError, match="the graph"):
        trace_of(array, "the graph")


@pytest.mark.parametrize(
    "name, array",
    [
        ("spread", np.zeros((2, 2), f32)),
        ("lowest", np.zeros(3, f32)),
        ("highest", np.zeros((6, 5), "S3")),
        ("spread", np.zeros((6, 5), "S3")),
        ("inputs", np.zeros(2, np.int64)),
        ("inputs", np.array(["a"] * 5)),
        ("flushed", np.zeros((6, 5), "S3")),
        ("result", np.zeros((6, 5), "S3")),
        ("result", np.zeros((3, 5), f32)),
        ("stretched", np.full((6, 5), np.nan, f32)),
    ],
)
def test_a_store_may_say_anything_of_what_was_measured(name, array):
    legacy, port = of(smooth), of(smooth, smooth(X) + f32(0.1), "port/")
    legacy.trace.nodes[1].measured["0"][name] = legacy.kept.keep(array, array.dtype.name).digest
    found = words(legacy.trace, legacy.kept)["Mystery_1:0"]
    assert found.startswith(("unruled", "agrees", "differs"))
    place = by_name(legacy, port)["Mystery_1"]
    assert place.numbers is None or place.numbers.word != "agrees"


def test_what_was_measured_and_is_not_there_leaves_no_graph():
    made = of(smooth)
    record = recorded(made)

    def read(name):
        if name == made.trace.nodes[1].measured["0"]["spread"]:
            raise CompatError("it is not there")
        return made.kept.read(name)

    assert ports.side(record, made.kept.read) is not None
    assert ports.side(record, read) is None
