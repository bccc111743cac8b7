"""The weights of a frozen graph, which holds them as constants: a checkpoint's variables under their names."""

import re
from typing import Dict, List, Set, Tuple

from ..graph.nodes import Node, Trace
from .uses import WEIGHTED, uses

#: What freezing leaves where a variable was read: ``tf.graph_util``, ``convert_variables_to_constants_v2``.
_READ = re.compile(r"(/read|ReadVariableOp\w*)(/\w+)?\Z")
_FLOATS = ("float32", "float64", "float16", "bfloat16")


def constants_as_variables(trace: Trace) -> Dict[str, Tuple[int, ...]]:
    """The shapes of the constants that were variables, in the order of flow.

    Those that are read as a variable is; where no read was left (graphs that were folded), those at the place of a
    filter, a bias, a table or one of a batch norm's.
    """
    there = {
        node.name: tuple(node.outputs["0"].shape)
        for node in trace.nodes
        if node.op == "Const" and "0" in node.outputs and _may_be(node)
    }
    read = _read(trace.nodes)
    if not read & set(there):
        read = {
            name
            for use in uses(trace.nodes, there)
            if use.kind in WEIGHTED or use.cell is not None
            for name in use.variables
        }
    return {name: shape for name, shape in there.items() if name in read}


def _may_be(node: Node) -> bool:
    output = node.outputs["0"]
    return output.dtype in _FLOATS and bool(output.shape) and 0 not in output.shape


def _read(nodes: List[Node]) -> Set[str]:
    return {
        node.inputs[0].rpartition(":")[0]
        for node in nodes
        if node.op == "Identity" and node.inputs and _READ.search(node.name)
    }
