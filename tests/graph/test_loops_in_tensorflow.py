"""Loops and branches of a graph in a real TensorFlow: every tensor follows from others, in whatever order it came."""

import re

import numpy as np
import pytest
from tracing import in_session, words

from compat.record.dialects import DIALECTS
from compat.record.dialects.tensorflow import frames

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
X = np.random.RandomState(7).randn(2, 5, 3).astype(np.float32)
UNITS = 4


def seen(build, **inputs):
    """(Trace, Kept): every tensor of it follows from the others by a rule, and agrees."""
    with frames(DIALECTS["tf1.session"].module()):
        trace, kept = in_session(build, **inputs)
    sources = ("Const", "Placeholder", "Variable", "VariableV2", "VarHandleOp")
    found = words(trace, kept)
    left = {
        node.tensor(int(number)): (node.op, found[node.tensor(int(number))])
        for node in trace.nodes
        for number in node.outputs
        if node.op not in sources and found[node.tensor(int(number))] != "agrees"
    }
    assert left == {}
    assert set(trace.unseen) <= {"not computed (branch not taken)"}
    return trace, kept


def value(trace, kept, name="y"):
    return kept.read(trace.tensors()[trace.outputs[name]].digest)


def ops(trace, pattern):
    return [node for node in trace.nodes if re.match(pattern, node.op)]


def reaches(trace, output="y", given="x"):
    """Whether the output follows from the input."""
    return trace.inputs[given] in {node.tensor() for node in trace.ancestors([trace.outputs[output]])}


def rnn_cells(tf):
    try:
        return tf.nn.rnn_cell.LSTMCell(UNITS), tf.nn.rnn_cell.GRUCell(UNITS)
    except (AttributeError, ImportError):
        pytest.skip("from TensorFlow 2.16 the cells are gone with Keras 2")


@pytest.mark.parametrize("lengths", [None, [5, 2]], ids=["whole", "lengths"])
@pytest.mark.parametrize("which", [0, 1], ids=["lstm", "gru"])
def test_dynamic_rnn(which, lengths):
    def build(tf, x):
        outputs, state = tf.nn.dynamic_rnn(rnn_cells(tf)[which], x, lengths, dtype=tf.float32)
        return {"y": outputs, "h": state if which else state.h}

    trace, kept = seen(build, x=X)
    assert reaches(trace) and reaches(trace, "h")
    assert len(ops(trace, "TensorArrayRead")) == 5
    if lengths:
        assert not value(trace, kept)[1, 2:].any()


def test_its_gradients():
    def build(tf, x):
        outputs, _ = tf.nn.dynamic_rnn(rnn_cells(tf)[0], x, [5, 2], dtype=tf.float32)
        loss = tf.reduce_sum(outputs * outputs)
        found = tf.gradients(loss, [x, *tf.trainable_variables()])
        return dict(zip(("x", "kernel", "bias"), found))

    trace, _ = seen(build, x=X)
    for name in ("x", "kernel", "bias"):
        assert reaches(trace, name)
    assert ops(trace, "StackPop") and ops(trace, "TensorArrayGrad")
    pushed = {node.inputs[0] for node in ops(trace, "StackPush")}
    assert all(node.inputs[0] in pushed for node in ops(trace, "StackPop"))


def test_the_last_read_is_the_first_gradient():
    """What a loop put on the stack comes off it backwards: step 4 of the way back takes what step 0 computed."""

    def build(tf, x):
        y = tf.while_loop(lambda t, y: t < 4, lambda t, y: (t + 1, tf.tanh(y * x)), [0, x])[1]
        return tf.gradients(y, x)[0]

    trace, _ = seen(build, x=X[0])
    pops = [node for node in ops(trace, "StackPop") if node.outputs["0"].dtype == "float32"]
    first = [split_iteration(node.inputs[0]) for node in pops if node.name.endswith("@0")]
    last = [split_iteration(node.inputs[0]) for node in pops if node.name.endswith("@3")]
    assert set(first) == {3} and set(last) == {0}


def split_iteration(tensor):
    return int(tensor.rpartition(":")[0].rpartition("@")[2])


def test_an_element_that_is_read_twice_adds_up_its_gradients():
    def build(tf, x):
        steps = tf.TensorArray(tf.float32, 5, clear_after_read=False, element_shape=[2, 3])
        steps = steps.unstack(tf.transpose(x, [1, 0, 2]))
        y = steps.read(0) * 3.0 + steps.read(2) * steps.read(0)
        return tf.gradients(y, x)[0]

    trace, kept = seen(build, x=X)
    expected = np.zeros_like(X)
    expected[:, 0], expected[:, 2] = 3 + X[:, 2], X[:, 0]
    assert np.array_equal(value(trace, kept), expected)
    assert reaches(trace)


def test_map_fn_and_scan():
    def build(tf, x):
        mapped = tf.map_fn(lambda row: tf.tanh(row) + tf.reduce_sum(row), x)
        summed = tf.scan(
            lambda before, row: before * 0.5 + row, x, initializer=tf.zeros([5, 3]), reverse=True
        )
        return {"mapped": mapped, "summed": summed}

    trace, kept = seen(build, x=X)
    assert reaches(trace, "mapped") and reaches(trace, "summed")
    assert np.allclose(value(trace, kept, "summed")[0], X[0] + 0.5 * X[1])


def test_pieces_of_several_lengths():
    def build(tf, x):
        pieces = tf.TensorArray(tf.float32, 3, infer_shape=False, clear_after_read=False).split(x, [2, 0, 3])
        return {"y": pieces.concat(), "size": pieces.size(), "last": pieces.read(2)}

    if not hasattr(DIALECTS["tf1.session"].module().TensorArray, "split"):
        pytest.skip("no split here")
    trace, kept = seen(build, x=X[0])
    assert np.array_equal(value(trace, kept), X[0]) and value(trace, kept, "size") == 3
    assert np.array_equal(value(trace, kept, "last"), X[0][2:])
    assert reaches(trace)


def test_an_array_that_grows():
    def build(tf, x):
        def step(t, kept):
            return t + 1, kept.write(t, x[t] * 2.0)

        kept = tf.TensorArray(tf.float32, 0, dynamic_size=True)
        kept = tf.while_loop(lambda t, kept: t < 4, step, [0, kept])[1]
        return {"y": kept.stack(), "size": kept.size()}

    trace, kept = seen(build, x=X[0])
    assert np.array_equal(value(trace, kept), 2 * X[0][:4]) and value(trace, kept, "size") == 4


def test_a_loop_in_a_loop():
    def build(tf, x):
        def outer(i, y):
            inner = lambda j, z: (j + 1, tf.tanh(z) + tf.cast(i, tf.float32))
            return i + 1, tf.while_loop(lambda j, z: j < i, inner, [0, y])[1] * 0.5

        return tf.while_loop(lambda i, y: i < 4, outer, [0, x])[1]

    trace, kept = seen(build, x=X)
    expected = X.astype(np.float64)
    for i in range(4):
        for _ in range(i):
            expected = np.tanh(expected) + i
        expected = expected * 0.5
    assert np.allclose(value(trace, kept), expected, atol=1e-5)
    tanhs = [node.name.rpartition("@")[2] for node in ops(trace, "Tanh")]
    assert tanhs == ["1.0", "2.0", "2.1", "3.0", "3.1", "3.2"]
    assert reaches(trace)


def test_a_loop_in_a_loop_with_arrays_and_its_gradients():
    def build(tf, x):
        def row(one):
            return tf.scan(lambda before, step: tf.tanh(before + step), one, initializer=tf.zeros([3]))

        y = tf.map_fn(row, x)
        return {"y": y, "gradient": tf.gradients(tf.reduce_sum(y * y), x)[0]}

    trace, _ = seen(build, x=X)
    assert reaches(trace) and reaches(trace, "gradient")


def test_a_branch_in_a_loop():
    def build(tf, x):
        def step(i, y):
            return i + 1, tf.cond(tf.equal(i % 3, 1), lambda: tf.tanh(y), lambda: y * 2.0 + 1.0)

        return tf.while_loop(lambda i, y: i < 5, step, [0, x])[1]

    trace, kept = seen(build, x=X)
    assert [node.name.rpartition("@")[2] for node in ops(trace, "Tanh")] == ["1", "4"]
    expected = X.astype(np.float64)
    for i in range(5):
        expected = np.tanh(expected) if i % 3 == 1 else expected * 2 + 1
    assert np.allclose(value(trace, kept), expected, atol=1e-5)
    assert reaches(trace)


def test_a_branch_in_a_loop_in_a_loop_on_a_branch_and_its_gradients():
    def build(tf, x):
        def inner(j, z):
            return j + 1, tf.cond(tf.equal(j, 1), lambda: tf.tanh(z), lambda: z * 1.5)

        def outer(i, y):
            there = lambda: tf.while_loop(lambda j, z: j < 3, inner, [0, y])[1]
            return i + 1, tf.cond(i < 2, there, lambda: y * 0.25)

        loops = lambda: tf.while_loop(lambda i, y: i < 3, outer, [0, x])[1]
        y = tf.cond(tf.reduce_sum(x * x) > 0.0, loops, lambda: x)
        return {"y": y, "gradient": tf.gradients(y, x)[0]}

    trace, _ = seen(build, x=X)
    assert [node.name.rpartition("@")[2] for node in ops(trace, "Tanh$")] == ["0.1", "1.1"]
    assert reaches(trace) and reaches(trace, "gradient")


def test_a_loop_that_never_runs():
    def build(tf, x):
        return tf.while_loop(lambda i, y: i < 0, lambda i, y: (i + 1, tf.tanh(y)), [0, x])[1]

    trace, kept = seen(build, x=X)
    assert np.array_equal(value(trace, kept), X) and not ops(trace, "Tanh")
    assert trace.unseen["not computed (branch not taken)"] >= 1


def test_a_variable_that_is_read_and_assigned_in_a_loop():
    def build(tf, x):
        held = tf.get_variable("held", initializer=np.ones(3, np.float32), use_resource=True)
        read = tf.get_variable("read", initializer=np.full(3, 2, np.float32), use_resource=True)

        def step(i, y):
            with tf.control_dependencies([held.assign_add(read.read_value())]):
                return i + 1, y * held.read_value()

        return tf.while_loop(lambda i, y: i < 3, step, [0, x])[1]

    trace, kept = seen(build, x=X)
    assert np.allclose(value(trace, kept), X * 3 * 5 * 7)
    assert reaches(trace)


def test_iterations_side_by_side_are_not_told_apart():
    """Nothing is said of a loop that was built before anybody could say that its iterations come one by one."""

    def build(tf, x):
        graph = tf.get_default_graph()
        here, graph._create_op_helper = graph._create_op_helper, type(graph)._create_op_helper.__get__(graph)
        kept = tf.TensorArray(tf.float32, 3)
        step = lambda i, kept: (i + 1, kept.write(i, x[i] * 2.0))
        kept = tf.while_loop(lambda i, kept: i < 3, step, [0, kept])[1]
        graph._create_op_helper = here
        return kept.stack()

    with frames(DIALECTS["tf1.session"].module()):
        trace, kept = in_session(build, x=X[0])
    assert trace.unseen["in a loop whose iterations run side by side"] > 5
    (gather,) = ops(trace, "TensorArrayGather")
    assert gather.op.endswith("of what is not visible")
    assert words(trace, kept)[gather.tensor()] == "taken"


def test_another_element_than_was_put_there_is_seen_through():
    def build(tf, x):
        steps = tf.TensorArray(tf.float32, 5).unstack(tf.transpose(x, [1, 0, 2]))
        body = lambda t, kept: (t + 1, kept.write(t, steps.read(t) * 2.0))
        kept = tf.while_loop(lambda t, kept: t < 5, body, [0, tf.TensorArray(tf.float32, 5)])[1]
        y = kept.stack()
        return {"y": y, "gradient": tf.gradients(y, x)[0]}

    trace, kept = seen(build, x=X)
    reads = ops(trace, "TensorArrayRead")[:5]
    one, other = reads[1].outputs["0"], reads[2].outputs["0"]
    reads[1].outputs["0"], reads[2].outputs["0"] = other, one
    found = words(trace, kept)
    assert [found[read.tensor()] for read in reads] == ["agrees", "differs", "differs", "agrees", "agrees"]
    reads[1].outputs["0"], reads[2].outputs["0"] = one, other
    (gather,) = (node for node in ops(trace, "TensorArrayGather") if node.tensor() == trace.outputs["y"])
    gather.outputs["0"] = kept.keep(kept.read(gather.outputs["0"].digest)[::-1], "float32")
    assert words(trace, kept)[gather.tensor()] == "differs"


def test_the_functions_of_a_loop_of_tensorflow_2_are_said_to_be_unseen():
    tf = DIALECTS["tf1.session"].module()
    if not hasattr(tf, "enable_control_flow_v2") or DIALECTS["tf2.eager"].missing() is not None:
        pytest.skip("loops are frames here")

    def build(tf, x):
        was = tf.control_flow_v2_enabled()
        tf.enable_control_flow_v2()
        try:
            return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y)), [0, x])[1] * 2.0
        finally:
            was or tf.disable_control_flow_v2()

    with frames(tf):
        trace, kept = in_session(build, x=X)
    assert any(
        count >= 2 for why, count in trace.unseen.items() if re.match(r"in a function \(.*While\)", why)
    )
    found = words(trace, kept)
    assert found[trace.outputs["y"]] == "agrees"
    assert [word for word in found.values() if word.startswith("unruled")]
