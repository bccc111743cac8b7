"""GraphDefs as graphs that can be run: imported, calls of functions in line, variables given values."""

import re
from typing import Any, Callable, Dict, Iterable, List, Mapping

import numpy as np

from ..errors import CompatError
from ..graph.capture.adding import LOOKED_THROUGH, Added
from ..graph.capture.frames import ENTER
from ..graph.capture.lines import line_of
from ..graph.capture.together import batches
from ..graph.capture.unrolling import VARIABLES
from ..record.dialects import DIALECTS
from ..record.versions import version_of
from .program import Program, point_of
from .quiet import quietly
from .versions import hint_for_graph


def tensorflow_1() -> Any:
    """``tensorflow`` in TensorFlow 1, ``tf.compat.v1`` after it.  Raises CompatError where there is none."""
    dialect = DIALECTS["tf1.session"]
    missing = dialect.missing()
    if missing:
        raise CompatError(f"{missing}: pip install tensorflow, or compat trace --env tf2.21 ...")
    with quietly():
        return dialect.module()


def parsed(where: str, message: Any, data: bytes) -> Any:
    """The protocol buffer ``message`` filled from the data.  Raises CompatError where it does not fit."""
    try:
        message.ParseFromString(data)
    except Exception as error:  # DecodeError, of whatever implementation protobuf has here
        raise CompatError(f"{where}: cannot be read ({point_of(error)})") from None
    return message


def imported(where: str, graph_def: Any, producer_ops: Any = None) -> Any:
    """A graph of its own of the GraphDef.  Raises CompatError for ops and attributes that are not known here."""
    tf = tensorflow_1()
    for node in graph_def.node:
        node.device = ""
        node.attr[LOOKED_THROUGH].b = True
        if node.op in ENTER:  # one iteration after the other: only so can they be told apart
            node.attr["parallel_iterations"].i = 1
        if "_output_shapes" in node.attr:  # what one version infers another may contradict
            del node.attr["_output_shapes"]
        if "_class" in node.attr:  # beside what it is placed: a node that may be called otherwise here
            del node.attr["_class"]
    arguments = (
        {"producer_op_list": producer_ops} if producer_ops is not None and len(producer_ops.op) else {}
    )
    with tf.Graph().as_default() as graph:
        try:
            tf.import_graph_def(graph_def, name="", **arguments)
        except Exception as error:
            unknown = re.search(r"Op type not registered '([^']*)'|No op named (\S+) in defined", str(error))
            said = f"cannot read it: {point_of(error)}"
            if unknown:
                said = f"has no op {unknown.group(1) or unknown.group(2)}: a custom op, or one of another version"
            hint = hint_for_graph(graph_def.versions.producer)
            raise CompatError(f"{where}: TensorFlow {version_of('tensorflow')} {said}{hint}") from None
    return graph


def variables_of(graph_def: Any) -> List[str]:
    """The ops that are variables, in the order in which they were made."""
    return [node.name for node in graph_def.node if node.op in VARIABLES]


def giving(tf: Any, graph: Any, values: Mapping[str, Any]) -> Callable[[Any], None]:
    """What gives the variables (ops by name) their values in a session; the graph gets the ops for it."""
    added = Added(tf, graph)
    for name in values:
        op = graph.get_operation_by_name(name)
        dtype = tf.as_dtype(op.get_attr("dtype"))
        feed = added.op("Placeholder", [], {"dtype": dtype})
        if op.type == "VarHandleOp":
            added.op("AssignVariableOp", [op.outputs[0], feed], {"dtype": dtype})
        else:
            added.op("Assign", [op.outputs[0], feed], {"T": dtype, "validate_shape": False})
    ops = added.made()
    given = list(zip(ops[1::2], (op.outputs[0] for op in ops[::2]), values.values()))
    batched = list(batches((one, np.asarray(one[2]).nbytes) for one in given))

    def restore(session: Any) -> None:
        for some in batched:
            session.run([assign for assign, _, _ in some], {feed: value for _, feed, value in some})

    return restore


def copied(live: Any, outputs: Mapping[str, Any], named: Mapping[str, Any], where: str) -> Program:
    """A live graph as a Program: a copy, that the person's own graph, sessions and devices have nothing to do with.

    ``outputs``, ``named``: its tensors by name.  Nothing gives the variables their values yet.
    """
    try:
        graph_def = live.as_graph_def()
    except Exception as error:
        raise CompatError(f"{where}: its graph cannot be written down: {point_of(error)}") from None
    graph = imported(where, graph_def)
    return Program(
        graph,
        outputs=_same(graph, outputs),
        named=_same(graph, named),
        lines=lines_of(live.get_operations()),
        operations=live.get_operations(),
        variables=variables_of(graph_def),
    )


def _same(graph: Any, tensors: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: graph.get_tensor_by_name(tensor.name) for name, tensor in tensors.items()}


def lines_of(operations: Iterable[Any]) -> Dict[str, str]:
    """The line of the program that made each op."""
    return {op.name: line_of(op) for op in operations}
