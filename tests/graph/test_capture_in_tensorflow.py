"""What is seen of a graph in a real TensorFlow: every tensor, dead branches, loops from inside, variables."""

import numpy as np
import pytest
from tracing import eagerly, in_session, words

from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
X = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_every_tensor_of_a_graph():
    trace, kept = in_session(lambda tf, x: tf.transpose(tf.reshape(x, [3, 4])), x=X)
    last = trace.outputs["y"]
    assert np.array_equal(kept.read(trace.tensors()[last].digest), X.reshape(3, 4).T)
    assert {node.op for node in trace.nodes} == {"Placeholder", "Const", "Reshape", "Transpose"}
    assert words(trace, kept)[last] == "agrees"
    assert trace.nodes[-1].source.startswith("test_capture_in_tensorflow.py:")


def eager_missing():
    return DIALECTS["tf2.eager"].missing() is not None or DIALECTS["tf2.eager"].process != "graph"


def turned(tf, y):
    return tf.reshape(tf.transpose(y), [3, 4])


def test_a_branch_that_is_not_taken_and_a_loop_from_inside():
    def build(tf, x):
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.reshape(x, [3, 4]), lambda: tf.transpose(x))
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, turned(tf, y)), [0, y])[1]

    tf = DIALECTS["tf1.session"].module()
    if hasattr(tf, "disable_control_flow_v2"):
        tf.disable_control_flow_v2()
    try:
        trace, kept = in_session(build, x=X)
    finally:
        if hasattr(tf, "enable_control_flow_v2") and DIALECTS["tf2.eager"].process == "graph":
            tf.enable_control_flow_v2()
    # Every tensor follows from the one before it, of this iteration or the last: none is left without a rule.
    assert set(words(trace, kept).values()) <= {"agrees", "taken"}
    transposes = [node.name for node in trace.nodes if node.op == "Transpose"]
    assert [name[-2:] for name in transposes] == ["@0", "@1", "@2"]
    assert trace.unseen["not computed (branch not taken)"] >= 1
    found = kept.read(trace.tensors()[trace.outputs["y"]].digest)
    expected = X.reshape(3, 4)
    for _ in range(3):
        expected = expected.T.reshape(3, 4)
    assert np.array_equal(found, expected)
    before = trace.makers()[transposes[1] + ":0"].inputs[0]
    assert trace.makers()[before].name.endswith("@1")


def test_a_variable_is_the_numbers_it_had():
    def build(tf, x):
        w = tf.get_variable("w", initializer=X.T)
        with tf.control_dependencies([tf.assign(w, X.T + 1)]):
            return {"read": tf.identity(x), "w": tf.transpose(w)}

    trace, kept = in_session(build, x=X)
    assert "differs" not in words(trace, kept).values()
    assigned = [node for node in trace.nodes if node.op in ("Assign", "AssignVariableOp")]
    assert all(words(trace, kept).get(node.tensor(), "agrees") == "agrees" for node in assigned)


def test_a_read_that_comes_before_the_update():
    def build(tf, x):
        w = tf.get_variable("w", initializer=X.T)
        return tf.identity(tf.assign(w, tf.reshape(tf.transpose(w), [3, 4])))

    trace, kept = in_session(build, x=X)
    assert [node.op for node in trace.nodes if node.op in ("Transpose", "Reshape")] == [
        "Transpose",
        "Reshape",
    ]
    assert "differs" not in words(trace, kept).values()


@pytest.mark.skipif(eager_missing(), reason="eager execution needs a process of its own here")
def test_eager_code_and_what_it_assigns():
    def run(tf, x):
        w = tf.Variable(X)
        w.assign(tf.reshape(tf.transpose(x), [4, 3]))
        return {"w": w + 0, "y": tf.transpose(w)}

    trace, kept = eagerly(run, x=X)
    ops = [node.op for node in trace.nodes]
    assert "AssignVariableOp" in ops and trace.inputs == {"x": "x:0"}
    assert words(trace, kept)[trace.outputs["y"]] == "agrees"
    assert np.array_equal(kept.read(trace.tensors()[trace.outputs["y"]].digest), X.T.reshape(4, 3).T)
