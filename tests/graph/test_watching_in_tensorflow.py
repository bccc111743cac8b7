"""A graph is looked at while it runs: in what order, when it is written down, and what TensorFlow is told of it."""

import numpy as np
import pytest
from tracing import Kept

pytest.importorskip("tensorflow")

from compat.graph.capture.adding import LOOKED_THROUGH, Added
from compat.graph.capture.session import Watched
from compat.record.dialects import DIALECTS
from compat.sources.graphs import imported


@pytest.fixture
def tf():
    return DIALECTS["tf1.session"].module()


def chain(tf, happened, length=12):
    """A chain of functions of Python's, each of which says when it ran; the last is the output."""

    def step(number):
        def run(x):
            happened.append(f"ran {number}")
            return x + np.float32(1)

        return run

    x = tf.placeholder(tf.float32, [2], name="x")
    h = x
    for number in range(length):
        h = tf.py_func(step(number), [tf.reshape(h, [2], name=f"h{number}")], tf.float32)
    return x, tf.identity(h, name="y")


def test_what_takes_a_tensor_waits_until_it_is_written_down(tf):
    """Else a tensor is held for as long as others come first: all of them at the end."""
    happened, kept = [], Kept()
    with tf.Graph().as_default() as graph:
        x, y = chain(tf, happened)

        def keep(array, dtype):
            if dtype == "float32":
                happened.append(f"written {array[0]:g}")
            return kept.keep(array, dtype)

        watched = Watched(tf, graph, {"y": y}, keep)
        watched.let_wait()
        with tf.Session(graph=graph) as session:
            trace = watched.run(session, {x: np.zeros(2, np.float32)}, {"x": x}, lambda op: "")
    trace.check()
    for number in range(12):  # the placeholder and what is reshaped, each written before the next step runs
        before = happened[: happened.index(f"ran {number}")]
        assert before.count(f"written {number:g}") == 2, happened
    assert not trace.unseen


def test_nothing_is_written_down_before_the_run_that_is_recorded(tf):
    kept, x_array = [], np.ones(2, np.float32)
    with tf.Graph().as_default() as graph:
        x, y = chain(tf, [], 3)

        def keep(array, dtype):
            kept.append(array)
            return Kept().keep(array, dtype)

        watched = Watched(tf, graph, {"y": y}, keep)
        watched.let_wait()
        with tf.Session(graph=graph) as session:
            (found,) = watched.results(session, {x: x_array}, [y])
            assert not kept and np.array_equal(found, [4, 4])
            trace = watched.run(session, {x: x_array}, {"x": x}, lambda op: "", [y])
    assert len(kept) == len(trace.tensors()) and not trace.unseen


def test_a_copy_of_a_graph_is_not_looked_through_for_what_xla_could_compile(tf):
    """The time for that grows with the square of the graph: 40 of 50 seconds for 5,000 nodes in TensorFlow 1.15."""
    with tf.Graph().as_default() as graph:
        chain(tf, [], 2)
        definition = graph.as_graph_def()
    assert all(op.get_attr(LOOKED_THROUGH) for op in imported("here", definition).get_operations())


def test_ops_that_are_added_leave_the_graph_as_old_as_it_is(tf):
    """A definition of no version would make it one of the first: kernels read that."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [2])
        before = graph.graph_def_versions.producer
        added = Added(tf, graph)
        added.op("Cast", [x], {"SrcT": tf.float32, "DstT": tf.float64})
        added.op("Neg", ["op0"], {"T": tf.float64})
        first, second = added.made()
    assert before > 0 and graph.graph_def_versions.producer == before
    with tf.Session(graph=graph) as session:
        assert np.array_equal(session.run(second.outputs[0], {x: [1, 2]}), [-1, -2])
    assert first.get_attr(LOOKED_THROUGH)
