"""Tensors that are the same but for their form: a Conv1D's and those of the Conv2D that stands for it.

The forms differ by axes of one element; and what has rows and columns may have its rows along several axes.
"""

from typing import Dict, List, Mapping, Sequence, Tuple

import numpy as np

from .beside import Beside
from .nodes import Node, Read, Trace

#: Ops that give the same numbers in the same order in another form.
FORMS = ("Reshape", "Squeeze", "ExpandDims", "Identity", "StopGradient")


def squeezed(shape: Sequence[int]) -> Tuple[int, ...]:
    """The extents but for ones."""
    return tuple(extent for extent in shape if extent != 1)


def in_forms(
    trace: Trace, read: Read, wanted: Mapping[str, Sequence[int]]
) -> Tuple[Trace, Read, Dict[str, str]]:
    """The trace with those tensors once more in the ``wanted`` shapes, what reads it, and the names that they have."""
    beside = Beside(read)
    more = {tensor: in_form(trace, tensor, shape, beside) for tensor, shape in wanted.items()}
    names = {tensor: nodes[-1].tensor() for tensor, nodes in more.items()}
    return with_nodes(trace, more), beside.read, names


def in_form(trace: Trace, tensor: str, shape: Sequence[int], beside: Beside) -> List[Node]:
    """The nodes that give a tensor in another form, the last of them its numbers."""
    node, _, number = tensor.rpartition(":")
    name, output = f"{node}/output_{number}_as_{'x'.join(map(str, shape))}", trace.tensors()[tensor]
    form = Node(f"{name}/shape", "Const", [], {"0": beside.keep(np.array(shape, np.int32), "int32")})
    numbers = beside.keep(beside.read(output.digest).reshape(tuple(shape)), output.dtype)
    return [form, Node(name, "Reshape", [tensor, form.tensor()], {"0": numbers})]


def with_nodes(trace: Trace, more: Mapping[str, List[Node]]) -> Trace:
    """The trace with further nodes, each after the tensor that it is told for, but for those that it has."""
    nodes: List[Node] = []
    names = {node.name for node in trace.nodes}
    for node in trace.nodes:
        nodes.append(node)
        for number in node.outputs:
            nodes += [one for one in more.get(node.tensor(int(number)), []) if one.name not in names]
    return Trace(nodes, trace.inputs, trace.outputs, trace.unseen, trace.variables)


def same_but_for_form(makers: Mapping[str, Node], tensor: str) -> List[str]:
    """What the tensor is made of by nothing but changes of its form."""
    found = []
    node = makers.get(tensor)
    while node is not None and node.op in FORMS and node.inputs:
        found.append(node.inputs[0])
        node = makers.get(node.inputs[0])
    return found
