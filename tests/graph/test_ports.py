"""A port against the legacy graph: what is paired, what is wrong, and why; on graphs made by hand."""

import json

import numpy as np
import pytest
from tracing import Made

from compat.errors import CompatError
from compat.explain import causes_of_places, structure
from compat.graph.idioms import raised
from compat.graph.nodes import Node, trace_of
from compat.graph.pairing import pairs
from compat.graph.replay import Replay
from compat.judge.graphs import places
from compat.judge.judging import Judging
from compat.judge.ports import judge_port, untried, wrong_places
from compat.records import Description, Environment, Record
from compat.store import Run

f32 = np.float32
STATE = np.random.RandomState(3)
X, W, B, W2 = (STATE.normal(size=shape).astype(f32) for shape in ((6, 5), (5, 4), (4,), (4, 3)))
MEAN, VARIANCE, BETA, GAMMA = (STATE.uniform(0.1, 1, 4).astype(f32) for _ in range(4))


def normalised(y, epsilon):
    return (y - MEAN) * (GAMMA / np.sqrt(VARIANCE + f32(epsilon))) + BETA


def network(epsilon=1e-3, times=1.0, order=1, prefix="", relu=True):
    """dense, batch norm in sums and products, relu, dense; ``times``: what the second kernel is off by."""
    made, name = Made(), prefix + "{}"
    x = made.add(name.format("x"), "Placeholder", [], X)
    w, b = (made.add(name.format(n), "Const", [], a) for n, a in (("w", W), ("b", B)))
    product = (X[:, ::order] @ W[::order]).astype(f32)
    h = made.add(name.format("mul"), "MatMul", [x, w], product)
    h = made.add(name.format("dense"), "BiasAdd", [h, b], product + B, source="net.py:3")
    parts = {n: made.add(name.format(n), "Const", [], a) for n, a in (
        ("mean", MEAN), ("variance", VARIANCE), ("beta", BETA), ("gamma", GAMMA))}  # fmt: skip
    e = made.add(name.format("epsilon"), "Const", [], f32(epsilon))
    s = VARIANCE + f32(epsilon)
    a = made.add(name.format("add"), "AddV2", [parts["variance"], e], s, source="net.py:4")
    r = made.add(name.format("rsqrt"), "Rsqrt", [a], 1 / np.sqrt(s))
    scale = GAMMA / np.sqrt(s)
    g = made.add(name.format("scale"), "Mul", [r, parts["gamma"]], scale)
    left = made.add(name.format("left"), "Mul", [h, g], (product + B) * scale)
    off = made.add(name.format("off"), "Mul", [parts["mean"], g], MEAN * scale)
    rest = made.add(name.format("rest"), "Sub", [parts["beta"], off], BETA - MEAN * scale)
    found = (product + B) * scale + (BETA - MEAN * scale)
    y = made.add(name.format("norm"), "AddV2", [left, rest], found, source="net.py:5")
    made.output("norm", y)
    if relu:
        found = np.maximum(found, 0)
        y = made.add(name.format("relu"), "Relu", [y], found, source="net.py:6")
    w2 = made.add(name.format("w2"), "Const", [], W2 * f32(times))
    y = made.add(
        name.format("last"), "MatMul", [y, w2], (found @ (W2 * f32(times))).astype(f32), source="net.py:7"
    )
    return made.output("y", y)


def judged(legacy, port, seen=True):
    from compat.graph.nodes import Trace
    from compat.judge.graphs import Side

    other = port.side if seen else Side(Trace(), port.kept.read)
    return places(legacy.side, other, port.outputs())


def pairs_of(legacy, port):
    """The names of the paired tensors."""
    read = legacy.kept.read, port.kept.read
    return [pair.name for pair in pairs(legacy.trace, port.outputs(), port.trace, *read)]


def wrong(found):
    return [place.pair.name for place in found if place.wrong]


def test_a_trace_is_read_as_it_was_written():
    trace = network().trace
    assert trace_of(trace.array(), "here") == trace


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t["nodes"][3]["inputs"].append("nowhere:0"),
        lambda t: t["nodes"].reverse(),
        lambda t: t["nodes"].append(t["nodes"][0]),
        lambda t: t["outputs"].update(z="none:0"),
        lambda t: t["nodes"][0].update(outputs={"x": t["nodes"][0]["outputs"]["0"]}),
        lambda t: t["nodes"][0].update(op=3),
    ],
)
def test_a_trace_of_another_form_is_refused(change):
    text = json.loads(network().trace.array().tobytes())
    change(text)
    with pytest.raises(CompatError, match="here"):
        trace_of(np.frombuffer(json.dumps(text).encode(), np.uint8), "here")
    with pytest.raises(CompatError, match="here"):
        trace_of(np.zeros(3), "here")


@pytest.mark.parametrize("seen", [True, False])
def test_a_right_port_is_right(seen):
    found = judged(network(), network(prefix="port/", order=-1), seen)
    assert [place.pair.name for place in found if place.pair.name in ("norm", "y")] == ["norm", "y"]
    assert all(place.numbers for place in found) and not wrong(found)


@pytest.mark.parametrize("seen", [True, False])
def test_all_wrong_places_and_not_only_the_first(seen):
    found = judged(network(), network(epsilon=2e-3, times=1.001, prefix="port/"), seen)
    assert wrong(found)[0] in ("norm", "add") and wrong(found)[-1] == "y"
    assert not wrong(judged(network(), network(epsilon=1e-3, prefix="port/"), seen))


def test_an_early_difference_hides_no_later_one_and_makes_none():
    early = judged(network(), network(epsilon=2e-3, prefix="port/"))
    assert "y" not in wrong(early) and "last" not in wrong(early)


def test_pairs_keep_to_order_kind_and_numbers():
    legacy, port = network(), network(prefix="port/")
    found = pairs(legacy.trace, port.outputs(), port.trace, legacy.kept.read, port.kept.read)
    assert all(pair.port == "port/" + pair.legacy for pair in found)
    assert {"mul", "dense", "relu"} <= {pair.name for pair in found}
    other = network(prefix="port/", order=-1)
    assert [
        p.name for p in pairs(legacy.trace, other.outputs(), other.trace, legacy.kept.read, other.kept.read)
    ]


def gates(order, taken=(0, 1, 2), told=()):
    """Three gates of one product, kept in the ``order``; ``taken``: those that the split's parts are taken for.

    Two gates are nearly the same, so that their order can hardly be told from the numbers.
    """
    made = Made()
    x = made.add("x", "Placeholder", [], X)
    near = np.hstack([W[:, :2], W[:, :2] + f32(0.05), W[:, 2:4]])
    columns = np.concatenate([np.arange(2 * k, 2 * k + 2) for k in order])
    w = made.add("w", "Const", [], near[:, columns])
    product = X @ near[:, columns]
    z = made.add("z", "MatMul", [x, w], product)
    parts = {}
    for number, k in enumerate(order):
        part = product[:, 2 * number : 2 * number + 2]
        at, size = (made.add(f"{n}{k}", "Const", [], np.array(v, np.int32)) for n, v in (
            ("at", [0, 2 * number]), ("size", [-1, 2])))  # fmt: skip
        parts[k] = part, made.add(f"part{k}", "Slice", [z, at, size], part)
    (a, a_name), (b, b_name), (c, c_name) = (parts[k] for k in taken)
    m = made.add("m", "Mul", [a_name, b_name], a * b)
    s = made.add("s", "Tanh", [c_name], np.tanh(c))
    if told:
        made.output("told", made.add("told", "Neg", [z], -product[:, told]))
    return made.output("y", made.add("y", "Sub", [m, s], a * b - np.tanh(c)))


def test_columns_in_another_order_are_no_fault_where_nothing_comes_of_it():
    assert "z" not in pairs_of(gates((0, 1, 2)), gates((1, 0, 2)))
    assert not wrong(judged(gates((0, 1, 2)), gates((1, 0, 2))))
    exchanged = judged(gates((0, 1, 2)), gates((1, 0, 2), taken=(1, 2, 0)))
    assert wrong(exchanged)


def test_columns_in_another_order_are_a_fault_where_an_output_has_them():
    columns = list(range(6))
    sides = gates((0, 1, 2), told=columns), gates((1, 0, 2), told=columns)
    assert "z" in pairs_of(*sides)
    assert wrong(judged(*sides)) == ["told"]


def test_what_the_graph_does_otherwise_is_the_cause():
    port = network(epsilon=2e-3, prefix="port/")
    place = next(place for place in judged(network(), port) if place.wrong)
    result = port.kept.read(place.pair.result.digest)
    (sentence,) = structure.causes(place, result, "float32")
    assert "0.002" in sentence and "write 0.001" in sentence and "net.py:4" in sentence


def test_a_relu_that_is_missing():
    port = network(relu=False, prefix="port/")
    found = [place for place in judged(network(), port) if place.wrong]
    assert [place.pair.name for place in found] == ["y"]
    result = port.kept.read(found[0].pair.result.digest)
    (sentence,) = structure.causes(found[0], result, "float32")
    assert sentence == "Relu (net.py:6) of the legacy graph is missing in the port"


def test_two_outputs_that_are_one_tensor():
    legacy, port = network(), network(times=1.01, prefix="port/")
    legacy.output("again", legacy.trace.outputs["y"])
    port.output("again", port.trace.outputs["y"])
    assert {"y", "again"} <= set(wrong(judged(legacy, port)))


def test_idioms():
    nodes = raised(network().trace.nodes)
    ops = [node.op for node in nodes if node.op not in ("Const", "Placeholder")]
    assert ops == ["compat.dense", "compat.batch_norm", "Relu", "MatMul"]
    norm = next(node for node in nodes if node.op == "compat.batch_norm")
    assert norm.inputs == ["dense:0", "mean:0", "variance:0", "beta:0", "gamma:0", "epsilon:0"]


def test_an_idiom_of_which_a_part_is_needed_elsewhere_is_none():
    made = network()
    made.add("more", "Neg", ["scale"], np.zeros(4, f32))
    assert "compat.batch_norm" not in {node.op for node in raised(made.trace.nodes)}


def test_what_the_inputs_do_not_try_is_told():
    legacy, port = (network(relu=relu, prefix=prefix) for relu, prefix in ((True, ""), (False, "port/")))
    assert untried(legacy.trace, port.trace) == ""  # there the relu does something
    idle = next(node for node in legacy.trace.nodes if node.op == "Relu")
    idle.outputs["0"] = legacy.trace.tensors()[idle.inputs[0]]
    assert "Relu (net.py:6)" in untried(legacy.trace, port.trace)
    assert untried(legacy.trace, legacy.trace) == ""


def recorded(made, name, result):
    """A Record of that result of ``name`` beside the graph, its arrays in ``made``."""
    output = made.kept.keep(result, "float32")
    trace = made.kept.keep(made.trace.array(), "uint8").digest
    outputs = dict(made.outputs(), **{name: output})
    return Record("ok", "case", "float32", outputs=outputs, trace=trace)


def test_a_graph_that_does_not_give_what_was_recorded_is_no_specification():
    legacy, port = network(), network(epsilon=2e-3, prefix="port/")
    right = legacy.kept.read(legacy.outputs()["y"].digest)
    read = {**legacy.kept.arrays, **port.kept.arrays}
    for result, whose in ((right, "by its graph"), (right + 1, "by the measured spread")):
        base = recorded(legacy, "y", result)
        read.update(legacy.kept.arrays)
        record = recorded(port, "y", port.kept.read(port.outputs()["y"].digest))
        read.update(port.kept.arrays)
        verdict = judge_port(record, read.__getitem__, base, read.__getitem__, "the port", "the legacy side")
        assert verdict.word == "differs" and whose in verdict.message


def test_all_places_of_a_port_in_a_run(tmp_path):
    legacy, port = network(), network(epsilon=2e-3, prefix="port/")
    run = Run(str(tmp_path / "tf2.21"), Environment("tf2.21"))
    run.samples["port[a]"] = Description("port", "a", "case", "port.py", against=["tf1.session", None])
    for made, dialect in ((legacy, "tf1.session"), (port, "keras3")):
        record = recorded(made, "y", made.kept.read(made.outputs()["y"].digest))
        for array in made.kept.arrays.values():
            run.objects.add(array)
        run.add("port[a]", dialect, record)
    run.save()
    run, judging = Run.open(run.folder), Judging([])
    found = judging.all_places(run, "port[a]", run.record("port[a]", "keras3"))
    names = [place.pair.name for place in found]
    assert names.index("dense") < names.index("norm") < names.index("y")
    assert wrong(found) == wrong(judged(legacy, port)) and wrong(found)
    assert judging.all_places(run, "port[a]", run.record("port[a]", "tf1.session")) == []
    run.samples["port[a]"].against = None
    assert judging.all_places(run, "port[a]", run.record("port[a]", "keras3")) == []


def test_a_result_that_is_not_what_its_own_graph_gives():
    legacy, port = network(), network(order=-1, prefix="port/")
    base = recorded(legacy, "y", legacy.kept.read(legacy.outputs()["y"].digest))
    record = recorded(port, "y", port.kept.read(port.outputs()["y"].digest) + 1)
    read = {**legacy.kept.arrays, **port.kept.arrays}
    verdict = judge_port(record, read.__getitem__, base, read.__getitem__, "the port", "the legacy side")
    assert verdict.word == "differs" and "it is not what its own graph gives" in verdict.message


@pytest.mark.parametrize("found, cause", [([1, 0], True), ([2, 0], False)])
def test_an_argmax_before_which_the_optimiser_left_a_function_out(found, cause):
    x = np.array([[-2, -1, -3], [3, 2, 1]], f32)

    def made(prefix):
        graph = Made()
        given = graph.add(prefix + "x", "Placeholder", [], x)
        flat = graph.add(prefix + "relu", "Relu", [given], np.maximum(x, 0))
        axis = graph.add(prefix + "axis", "Const", [], np.int32(1))
        place = graph.add(prefix + "arg", "ArgMax", [flat, axis], np.array([0, 0]), dtype="int64")
        cast = graph.add(prefix + "cast", "Cast", [place], np.zeros(2, f32))
        return graph.output("y", cast)

    legacy, port = made(""), made("port/")
    base = recorded(legacy, "y", np.zeros(2, f32))
    record = recorded(port, "y", np.array(found, f32))
    read = {**legacy.kept.arrays, **port.kept.arrays}.__getitem__
    (place,) = wrong_places(record, read, base, read)
    assert "not what its own graph gives" in place.numbers.message
    lines = list(causes_of_places([place], read, {}, 1.0))
    assert any("takes argmax(relu(x)) for argmax(x)" in line for line in lines) == cause


def test_a_node_that_no_op_could_be_has_no_rule():
    made = network()
    made.trace.nodes.append(Node("odd", "MatMul", ["x:0"], {"0": made.outputs()["y"]}, {}))
    replay = Replay(made.trace, made.kept.read)
    step = replay.alone(made.trace.nodes[-1])
    assert step.how == "unruled" and "MatMul of this form" in step.why


@pytest.mark.parametrize("legacy, port", [(1e-5, 1e-3), (1e-3, 1e-5), (1e-6, 1e-5)])
def test_two_epsilons_are_known_by_their_difference(legacy, port):
    found = structure._epsilons(VARIANCE + f32(legacy), VARIANCE + f32(port))
    assert found == (legacy, port)
    assert structure._epsilons(VARIANCE, VARIANCE + f32(2e-3)) is None
    assert structure._epsilons(VARIANCE, VARIANCE * f32(1.001)) is None
    assert structure._epsilons(VARIANCE, VARIANCE) is None
