"""Tensors that are the same but for their form: a Conv1D's and those of the Conv2D that stands for it.

The forms differ by axes of one element; and what has rows and columns may have its rows along several axes.
"""

from typing import Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..records import Output
from .nodes import Node, Trace

#: Ops that give the same numbers in the same order in another form.
FORMS = ("Reshape", "Squeeze", "ExpandDims", "Identity", "StopGradient")
Read = Callable[[str], Array]


def squeezed(shape: Sequence[int]) -> Tuple[int, ...]:
    """The extents but for ones."""
    return tuple(extent for extent in shape if extent != 1)


def in_forms(
    trace: Trace, read: Read, wanted: Mapping[str, Sequence[int]]
) -> Tuple[Trace, Read, Dict[str, str]]:
    """The trace with those tensors once more in the ``wanted`` shapes, what reads it, and the names that they have."""
    made: Dict[str, Array] = {}
    names: Dict[str, str] = {}
    more: Dict[str, List[Node]] = {}
    tensors = trace.tensors()
    for tensor, shape in wanted.items():
        node, _, number = tensor.rpartition(":")
        name, output = f"{node}/in_the_legacy_form_{number}", tensors[tensor]
        form = Node(f"{name}/shape", "Const", [], {"0": Output(f"form {name}", "int32", [len(shape)])})
        made[form.outputs["0"].digest] = np.array(shape, np.int32)
        digest = f"numbers {name}"
        made[digest] = read(output.digest).reshape(tuple(shape))
        other = Node(
            name, "Reshape", [tensor, form.tensor()], {"0": Output(digest, output.dtype, list(shape))}
        )
        more[tensor] = [form, other]
        names[tensor] = other.tensor()
    if not names:
        return trace, read, names
    nodes: List[Node] = []
    for node in trace.nodes:
        nodes.append(node)
        for number in node.outputs:
            nodes += more.get(node.tensor(int(number)), [])
    formed = Trace(nodes, trace.inputs, trace.outputs, trace.unseen, trace.variables)
    return formed, lambda digest: made[digest] if digest in made else read(digest), names


def same_but_for_form(makers: Mapping[str, Node], tensor: str) -> List[str]:
    """What the tensor is made of by nothing but changes of its form."""
    found = []
    node = makers.get(tensor)
    while node is not None and node.op in FORMS and node.inputs:
        found.append(node.inputs[0])
        node = makers.get(node.inputs[0])
    return found
