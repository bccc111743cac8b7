"""Nodes measured alone in a real TensorFlow, in a session and eagerly; rules are taken away to have nodes without."""

import contextlib

import numpy as np
import pytest
import tracing
from tracing import words

from compat.judge.graphs import Side, places
from compat.judge.nodes import judge_trace
from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version
from compat.reference.nodes import RULES_OF_NODES

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not here"
)

STATE = np.random.RandomState(11)
X = STATE.normal(size=(4, 6)).astype(np.float32)
TF2 = (tensorflow_version() or (0,)) >= (2,)
WAYS = [
    "in_session",
    pytest.param("eagerly", marks=pytest.mark.skipif(not TF2, reason="a process of its own")),
]


@pytest.fixture
def without_rule(monkeypatch):
    """Takes away the rules of some op types."""
    return lambda *ops: [monkeypatch.delitem(RULES_OF_NODES, op) for op in ops]


def ran(way, build, **inputs):
    return getattr(tracing, way)(build, **(inputs or {"x": X}))


def node_of(trace, op):
    (node,) = [node for node in trace.nodes if node.op == op]
    return node


def judged(trace, kept, op):
    return [
        (one.how, one.numbers and one.numbers.word)
        for one in judge_trace(trace, kept.read)
        if one.node.op == op
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_node_is_measured_on_its_own_inputs(way, dtype, without_rule):
    without_rule("Softplus")
    trace, kept = ran(way, lambda tf, x: tf.cast(tf.nn.softplus(tf.cast(2 * x, dtype)), tf.float32))
    node = node_of(trace, "Softplus")
    assert node.outputs["0"].dtype == dtype
    assert node.measured["0"]["result"] == node.outputs["0"].digest
    spread = kept.read(node.measured["0"]["spread"])
    assert spread.shape == X.shape and spread.any()
    assert judged(trace, kept, "Softplus") == [("measured", "agrees")]
    assert all(other.measured is None for other in trace.nodes if other is not node)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("roundings, word", [(1, "agrees"), (1000, "differs")])
def test_a_recorded_tensor_that_is_disturbed(way, roundings, word, without_rule):
    without_rule("Softplus")
    trace, kept = ran(way, lambda tf, x: tf.nn.softplus(x))
    node = node_of(trace, "Softplus")
    result = kept.read(node.outputs["0"].digest)
    node.outputs["0"] = kept.keep(result * np.float32(1 + roundings * 2.0**-23), "float32")
    assert judged(trace, kept, "Softplus") == [("measured", word)]


@pytest.mark.parametrize("way", WAYS)
def test_lists_of_inputs_and_of_outputs_of_several_dtypes(way, without_rule):
    without_rule("AddN", "TopKV2", "Unpack")

    def build(tf, x):
        values, indices = tf.nn.top_k(tf.add_n([x, 2 * x, x]), 3)
        first, *_ = tf.unstack(values)
        return {"values": first, "indices": indices}

    trace, kept = ran(way, build)
    for op, numbers in (("AddN", "0"), ("TopKV2", "01"), ("Unpack", "0123")):
        node = node_of(trace, op)
        assert sorted(node.measured) == list(numbers)
        assert all(node.measured[n]["result"] == node.outputs[n].digest for n in numbers)
    assert set(words(trace, kept).values()) <= {"agrees", "taken"}


@pytest.mark.parametrize("way", WAYS)
def test_whole_numbers_among_the_inputs_are_what_they_were(way, without_rule):
    without_rule("Sum")
    trace, kept = ran(way, lambda tf, x: tf.reduce_sum(x, axis=1))
    assert judged(trace, kept, "Sum") == [("measured", "agrees")]


def test_every_iteration_of_a_loop_is_measured(without_rule):
    without_rule("Softplus")

    def build(tf, x):
        return tf.while_loop(
            lambda n, y: n < 3, lambda n, y: (n + 1, tf.nn.softplus(y)), (tf.constant(0), x)
        )[1]

    with _frames():
        trace, kept = ran("in_session", build)
    nodes = [node for node in trace.nodes if node.op == "Softplus"]
    assert len(nodes) == 3
    assert all(node.measured["0"]["result"] == node.outputs["0"].digest for node in nodes)
    assert len({node.measured["0"]["spread"] for node in nodes}) == 3


@contextlib.contextmanager
def _frames():
    from compat.record.dialects.tensorflow import frames

    with frames(DIALECTS["tf1.session"].module()):
        yield


def test_a_function_of_pythons():
    def build(tf, x):
        y = tf.py_func(lambda a: np.tanh(a) * a, [x], tf.float32)
        y.set_shape(x.shape)
        return 3 * y

    trace, kept = ran("in_session", build)
    assert judged(trace, kept, "PyFunc") == [("measured", "agrees")]


def test_nothing_else_runs_with_a_node(without_rule):
    """What has to run before it in the graph counts: it would count again."""
    without_rule("Softplus")
    counted = []

    def build(tf, x):
        count = tf.py_func(lambda a: counted.append(1) or np.int64(1), [x], tf.int64)
        with tf.control_dependencies([count]):
            return tf.nn.softplus(x)

    trace, kept = ran("in_session", build)
    assert judged(trace, kept, "Softplus") == [("measured", "agrees")] and counted == [1]


@pytest.mark.parametrize("way", WAYS)
def test_what_has_a_state_is_not_run_again(way, without_rule):
    without_rule("RandomStandardNormal", "Multinomial")

    def build(tf, x):
        return x + tf.random.normal([4, 6]) + tf.cast(tf.random.categorical(x, 6), tf.float32)

    trace, kept = ran(way, build)
    assert judged(trace, kept, "Multinomial") == [("unruled", None)]
    assert judged(trace, kept, "RandomStandardNormal") == [("unruled", None)]


def test_variables_are_not_assigned_to_again(without_rule):
    without_rule("AssignAdd", "AssignAddVariableOp")

    def build(tf, x):
        return tf.assign_add(tf.get_variable("v", initializer=X, use_resource=False), x)

    trace, kept = ran("in_session", build)
    assert judged(trace, kept, "AssignAdd")[0][0] != "measured"


# -- ports


def side(way, build, **inputs):
    trace, kept = ran(way, build, **inputs)
    return Side(trace, kept.read)


def softplus(off=0.0, spelled=False):
    def build(tf, x):
        y = tf.math.log(1 + tf.exp(x)) if spelled else tf.nn.softplus(x)
        return {"inner": y + off * tf.sin(40 * x) if off else y, "y": 2 * y}

    return build


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "port, word", [(softplus(), "agrees"), (softplus(spelled=True), "agrees"), (softplus(1e-4), "differs")]
)
def test_a_port_of_what_was_measured(way, port, word, without_rule):
    without_rule("Softplus")
    legacy, port = side(way, softplus()), side(way, port)
    tensors = port.trace.tensors()
    found = places(legacy, port, {name: tensors[tensor] for name, tensor in port.trace.outputs.items()})
    by_name = {place.pair.name: place for place in found}
    assert by_name["inner"].numbers.word == word
    assert "measured" in by_name["inner"].followed.hows.values()
