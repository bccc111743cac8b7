"""Which output of the port stands for which tensor of the legacy graph."""

from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..errors import CompatError
from ..graph.beside import Beside
from ..graph.forms import FORMS, in_form, squeezed, with_nodes
from ..graph.nodes import Node, Trace
from ..graph.pairing import kind_of, same_numbers
from ..judge.graphs import Side


class Outputs(NamedTuple):
    """``pairs``: by name (tensor of the legacy graph, of the port).  ``why``: of those whose names say nothing.
    ``left``: outputs of the port that stand for nothing that is known.  ``formed``: pairs with the same rows in
    another form: (batch, time, words) for (batch * time, words)."""

    pairs: Dict[str, Tuple[str, str]]
    why: Dict[str, str]
    left: List[str]
    formed: Tuple[str, ...] = ()


def paired_outputs(legacy: Side, port: Side, told: Sequence[str] = ()) -> Outputs:
    """By what a person says (``legacy=port``), by name, by the same numbers, by the op that makes them.

    Raises CompatError for a pair that names what is not there, or of other shapes.
    """
    found: Dict[str, Tuple[str, str]] = {}
    why: Dict[str, str] = {}
    for text in told:
        first, equals, second = text.partition("=")
        if not equals:
            raise CompatError(f"--pair {text}: expected LEGACY=PORT, the names of two tensors")
        mine = tensor_of(legacy.trace, first.strip(), f"--pair {text}: the legacy graph")
        theirs = tensor_of(port.trace, second.strip(), f"--pair {text}: the port")
        found[mine.rpartition(":")[0]] = mine, theirs
        why[mine.rpartition(":")[0]] = "as --pair says"
    left, formed = [], []
    for name, tensor in port.trace.outputs.items():
        if tensor in {theirs for _, theirs in found.values()}:
            continue
        mine, reason = _partner(legacy, port, name, tensor, {mine for mine, _ in found.values()})
        if mine is None:
            left.append(name)
        else:
            key = name if name in legacy.trace.outputs else _output_name(legacy.trace, mine)
            found[key] = mine, tensor
            if reason:
                why[key] = reason
            shapes = [side.tensors()[one].shape for side, one in ((legacy.trace, mine), (port.trace, tensor))]
            if reason and shapes[0] != shapes[1] and same_rows(*shapes):
                formed.append(key)
                why[key] += f", in another form, {shapes[1]} for {shapes[0]}"
    return Outputs(found, why, left, tuple(formed))


def same_rows(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether both are rows of one length, as many of them."""
    return len(one) > 1 < len(other) and one[-1] == other[-1] and np.prod(one) == np.prod(other)


def as_outputs(trace: Trace, tensors: Dict[str, str], inputs: Optional[Dict[str, str]] = None) -> Trace:
    """The trace with these outputs (tensors by name), its inputs renamed as ``inputs`` says."""
    named = {(inputs or {}).get(name, name): tensor for name, tensor in trace.inputs.items()}
    return Trace(trace.nodes, named, dict(tensors), trace.unseen, trace.variables)


def anchored(
    legacy: Side,
    port: Side,
    anchors: Mapping[str, str],
    of_any_size: bool = False,
    formed: Sequence[str] = (),
) -> Tuple[Side, Side]:
    """Both sides with further pairs as outputs: tensors of the legacy graph and of the port that stand for each other.

    The port's gets the legacy's form where that differs by axes of one element: a Conv1D's and that of a Conv2D.
    ``of_any_size``: also what has not as many numbers,
    which is no fault where the port cuts off later what the legacy graph cuts off before.  ``formed``: outputs of the
    port that get the legacy's form as well (``Outputs``).
    """
    beside = Beside(port.read)
    mine, theirs = legacy.trace.tensors(), port.trace.tensors()
    taken = set(legacy.trace.outputs.values()), set(port.trace.outputs.values())
    first, second = dict(legacy.trace.outputs), dict(port.trace.outputs)
    more: Dict[str, List[Node]] = {}
    for name in formed:
        tensor, shape = second[name], mine[first[name]].shape
        if theirs[tensor].shape != shape:
            more[tensor] = in_form(port.trace, tensor, shape, beside)
            second[name] = more[tensor][-1].tensor()
    for one, other in anchors.items():
        shapes = mine[one].shape, theirs[other].shape
        if one in taken[0] or other in taken[1] or mine[one].dtype != theirs[other].dtype:
            continue
        fits = squeezed(shapes[0]) == squeezed(shapes[1])
        if not fits and not (of_any_size and np.prod(shapes[0]) != np.prod(shapes[1])):
            continue
        name = one.rpartition(":")[0]
        first[name], second[name] = one, other
        if fits and shapes[0] != shapes[1]:
            more[other] = in_form(port.trace, other, shapes[0], beside)
            second[name] = more[other][-1].tensor()
    return Side(as_outputs(legacy.trace, first), legacy.read), Side(
        as_outputs(with_nodes(port.trace, more), second), beside.read
    )


def tensor_of(trace: Trace, name: str, where: str) -> str:
    """The tensor of that name: of an output, a tensor, a node, or the one that ends so."""
    if name in trace.outputs:
        return trace.outputs[name]
    tensors = trace.tensors()
    for fits in (
        [one for one in tensors if one in (name, f"{name}:0")],
        [one for one in tensors if one.endswith((f"/{name}", f"/{name}:0"))],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise CompatError(f"{where} has {', '.join(fits[:4])}: name one")
    near = [one for one in tensors if name.lower() in one.lower()]
    raise CompatError(
        f"{where} has no tensor {name}" + (f"; there are {', '.join(near[:4])}" if near else "")
    )


def _output_name(trace: Trace, tensor: str) -> str:
    return next((name for name, one in trace.outputs.items() if one == tensor), tensor.rpartition(":")[0])


def _partner(
    legacy: Side, port: Side, name: str, tensor: str, taken: "set[str]"
) -> Tuple[Optional[str], str]:
    mine, output = legacy.trace.tensors(), port.trace.tensors()[tensor]
    outputs = legacy.trace.outputs
    if name in outputs and outputs[name] not in taken:
        return outputs[name], ""
    alike = [one for one, other in mine.items() if other.shape == output.shape and one not in taken]
    alike = alike or [
        one for one, other in mine.items() if same_rows(other.shape, output.shape) and one not in taken
    ]
    array = port.read(output.digest)
    if array.dtype.kind in "fc":
        same = [
            one
            for one in alike
            if mine[one].dtype == output.dtype
            and same_numbers(legacy.read(mine[one].digest), array.reshape(mine[one].shape))
        ]
        wanted = [one for one in same if one in outputs.values()] or same
        if wanted:
            return wanted[-1], "by the same numbers"
    kind = kind_of(_maker(port.trace, tensor).op)
    makers = legacy.trace.makers()
    of_kind = [one for one in alike if kind_of(makers[one].op) == kind]
    ends = [one for one in of_kind if one in outputs.values()]
    if ends or of_kind:
        return (ends or of_kind)[-1], f"both are made by {kind}"
    ends = [one for one in alike if one in outputs.values()]
    if len(ends) == 1:
        return ends[0], "the only output of that shape"
    ends = [one for one in outputs.values() if one not in taken]
    if len(ends) == 1 and len(port.trace.outputs) == 1:
        return ends[0], "the only output"
    return None, ""


def _maker(trace: Trace, tensor: str) -> Node:
    makers = trace.makers()
    node = makers[tensor]
    while node.op in FORMS and node.inputs and node.inputs[0] in makers:
        node = makers[node.inputs[0]]
    return node
