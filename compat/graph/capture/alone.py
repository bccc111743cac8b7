"""One op run once more, by itself, on other inputs: in a graph of its own, or eagerly.

Only what is without state can be run again without a trace of it in what comes after; a function of Python's was run
again before, when the computation was repeated.
"""

import functools
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ...arrays import UNIT_ROUNDOFF, Array, plain
from ..nodes import Trace

if TYPE_CHECKING:
    from ...record.alone import Alone

#: Numbers that go into and come out of a node that is measured; and those of all such nodes of a trace.
LARGEST, ALL = 1 << 20, 1 << 24
_OF_PYTHON = ("PyFunc", "PyFuncStateless")
_INVISIBLE = ("resource", "variant")
Results = Dict[str, Tuple[Array, str]]


class Room:
    """For so many numbers, of which none come too many at once."""

    def __init__(self) -> None:
        self._left = ALL

    def takes(self, count: int) -> bool:
        """Whether that many more are taken."""
        fits = count <= min(LARGEST, self._left)
        self._left -= count if fits else 0
        return fits


def can_be_repeated(definition: Any, tensors: List[Any]) -> bool:
    """Of an op by its OpDef: without state, references to variables, functions of a graph's; ``tensors``: what goes in
    and comes out, none of them a handle.
    """
    return (
        (not definition.is_stateful or definition.name in _OF_PYTHON)
        and not any(argument.is_ref for argument in (*definition.input_arg, *definition.output_arg))
        and not any("func" in attribute.type for attribute in definition.attr)
        and not any(tensor.dtype.name in _INVISIBLE for tensor in tensors)
    )


def inputs_measured(ops: Iterable[Any], alone: Optional["Alone"]) -> Set[str]:
    """The tensors that go into what has to be measured."""
    return {tensor.name for op in ops if alone and alone.wants(op.type) for tensor in op.inputs}


def of_session(tf: Any, session: Any, trace: Trace, held: Mapping[str, Array], alone: "Alone") -> None:
    """Measure the nodes of a session's trace, those of every iteration as well.  ``held``: arrays by their digest."""
    tensors, copies = trace.tensors(), _Copies(tf, session)
    try:
        for node in trace.nodes:
            if not alone.wants(node.op) or not all(tensors[name].digest in held for name in node.inputs):
                continue
            op = session.graph.get_operation_by_name(node.name.partition("@")[0])
            whole = node.op == op.type and len(node.inputs) == len(op.inputs)
            if whole and can_be_repeated(op.op_def, [*op.inputs, *op.outputs]):
                inputs = [(held[tensors[name].digest], tensors[name].dtype) for name in node.inputs]
                alone.measure(node, inputs, functools.partial(copies.run, op))
    finally:
        copies.close()


class _Copies:
    """Ops of a session's graph, each in a graph of its own: nothing else runs with it."""

    def __init__(self, tf: Any, session: Any) -> None:
        self._tf = tf
        self._config = session._config
        self._made: Dict[str, Tuple[Any, List[Any], List[Any]]] = {}

    def run(self, op: Any, arrays: List[Array]) -> Results:
        if op.name not in self._made:
            self._made[op.name] = self._copy(op)
        session, fed, outputs = self._made[op.name]
        found = session.run(outputs, dict(zip(fed, arrays)))
        return _results(found, op.outputs)

    def close(self) -> None:
        for session, _, _ in self._made.values():
            session.close()

    def _copy(self, op: Any) -> Tuple[Any, List[Any], List[Any]]:
        """(session, what is fed, what is fetched): bfloat16, which NumPy lacks, as float32."""
        tf = self._tf
        definition = tf.GraphDef()
        definition.versions.CopyFrom(op.graph.graph_def_versions)
        node = definition.node.add()
        node.CopyFrom(op.node_def)
        node.name, node.device = "alone", ""
        del node.input[:]
        node.input.extend(f"given{number}" for number in range(len(op.inputs)))
        for name in [name for name in node.attr if name.startswith("_")]:
            del node.attr[name]
        with tf.Graph().as_default() as graph:
            dtypes = [tensor.dtype for tensor in op.inputs]
            fed = [tf.placeholder(tf.float32 if dtype == tf.bfloat16 else dtype) for dtype in dtypes]
            given = [tf.cast(one, dtype) for one, dtype in zip(fed, dtypes)]
            names = [f"alone:{number}" for number in range(len(op.outputs))]
            places = {f"given{number}:0": tensor for number, tensor in enumerate(given)}
            made = tf.import_graph_def(definition, places, names, name="")
            outputs = [tf.cast(one, tf.float32) if one.dtype == tf.bfloat16 else one for one in made]
        return tf.Session(graph=graph, config=self._config), fed, outputs


def eagerly(tf: Any, op: str, attributes: Any, inputs: List[Any], count: int, arrays: List[Array]) -> Results:
    """What an eager op gives on other arrays.  ``attributes``: name, value, name, value, as TensorFlow calls back with
    them.  ``inputs``: the tensors that it took; those that are no numbers of a precision are taken again.
    """
    from tensorflow.python.eager import context, execute

    given = [
        tf.cast(tf.constant(array), tensor.dtype) if tensor.dtype.name in UNIT_ROUNDOFF else tensor
        for array, tensor in zip(arrays, inputs)
    ]
    found = execute.quick_execute(op, count, given, attributes, context.context())
    return _results([tensor.numpy() for tensor in found], found)


def _results(found: List[Any], outputs: List[Any]) -> Results:
    """By number.  ``outputs``: tensors that know their dtype."""
    results = {}
    for number, (value, tensor) in enumerate(zip(found, outputs)):
        array, dtype = plain(value)
        name = tensor.dtype.base_dtype.name
        results[str(number)] = array, name if name == "bfloat16" else dtype
    return results
