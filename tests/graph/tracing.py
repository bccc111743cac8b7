"""Traces for the tests: of a function that builds a graph in a real TensorFlow, and of nodes made here."""

import numpy as np

from compat.arrays import digest
from compat.graph.nodes import Node, Trace
from compat.judge.graphs import Side
from compat.judge.nodes import judge_trace
from compat.record.alone import Alone
from compat.record.dialects import DIALECTS
from compat.records import Output


class Kept:
    """Arrays in memory, as a store keeps them."""

    def __init__(self):
        self.arrays = {}

    def keep(self, array, dtype):
        name = digest(array)
        self.arrays[name] = array
        return Output(name, dtype, list(array.shape))

    def read(self, name):
        return self.arrays[name]


def in_session(build, **inputs):
    """(Trace, Kept) of what ``build(tf, **placeholders)`` gives in a session: a tensor, or tensors by name."""
    from compat.graph.capture.session import one_by_one, traced

    tf, kept = DIALECTS["tf1.session"].module(), Kept()
    with tf.Graph().as_default() as graph:
        fed = {name: tf.placeholder(array.dtype, array.shape, name=name) for name, array in inputs.items()}
        with one_by_one(tf, graph):
            outputs = build(tf, **fed)
        outputs = outputs if isinstance(outputs, dict) else {"y": outputs}
        with tf.Session(graph=graph) as session:
            if tf.global_variables():
                session.run(tf.global_variables_initializer())
            feed = {fed[name]: array for name, array in inputs.items()}
            trace = traced(tf, session, outputs, feed, kept.keep, fed, Alone(kept.keep))
    trace.check()
    return trace, kept


def eagerly(build, **inputs):
    """(Trace, Kept) of ``build(tf, **tensors)`` run eagerly."""
    from compat.graph.capture.eager import listening

    tf, kept = DIALECTS["tf2.eager"].module(), Kept()
    with listening(tf, kept.keep, Alone(kept.keep)) as listener:
        tensors = {name: tf.constant(array) for name, array in inputs.items()}
        for name, tensor in tensors.items():
            listener.input(name, tensor)
        outputs = build(tf, **tensors)
        trace = listener.trace(outputs if isinstance(outputs, dict) else {"y": outputs})
    trace.check()
    return trace, kept


def words(trace, kept):
    """{tensor: the judge's word, "taken", or "unruled: why"} of every tensor."""
    return {
        one.tensor: one.numbers.word
        if one.numbers
        else one.how + (f": {one.why}" if one.how == "unruled" else "")
        for one in judge_trace(trace, kept.read)
    }


class Made:
    """A trace made by hand: ``add`` a node with what came of it."""

    def __init__(self):
        self.trace, self.kept = Trace(), Kept()

    def add(self, name, op, inputs, *arrays, source="", dtype=None, **attributes):
        outputs = {
            str(number): self.kept.keep(np.asarray(array), dtype or np.asarray(array).dtype.name)
            for number, array in enumerate(arrays)
        }
        names = [name if ":" in name else f"{name}:0" for name in inputs]
        self.trace.nodes.append(Node(name, op, names, outputs, attributes, source))
        return f"{name}:0"

    def output(self, name, tensor):
        self.trace.outputs[name] = tensor
        self.trace.check()
        return self

    @property
    def side(self):
        return Side(self.trace, self.kept.read)

    def outputs(self):
        """{name: Output} as a record has them."""
        tensors = self.trace.tensors()
        return {name: tensors[tensor] for name, tensor in self.trace.outputs.items()}
