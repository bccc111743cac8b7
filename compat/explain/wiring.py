"""Which tensors the nodes of two graphs take: inputs in another order, or from another place."""

from typing import Dict, Iterator, Optional, Sequence, Tuple, Union

import numpy as np

from ..arrays import Array
from ..graph.forms import squeezed
from ..graph.nodes import Node
from ..graph.replay import Followed
from ..judge.graphs import Place

#: Ops that pass on what they take.
PASSING_ON = (
    *(
        "Identity",
        "ReadVariableOp",
        "Enter",
        "Exit",
        "Merge",
        "Switch",
        "NextIteration",
        "StopGradient",
        "Reshape",
    ),
    *("Squeeze", "ExpandDims", "Shape", "Pack", "AssignVariableOp"),
    *("StackPush", "StackPushV2", "StackPop", "StackPopV2"),
)
#: Ops that say the same whatever the order of what they take.
_COMMUTE = ("Add", "AddV2", "Mul", "Maximum", "Minimum", "AddN", "SquaredDifference")
#: A tensor of the legacy graph by its name, or the numbers of another one.
Source = Union[str, Array]


def at(node: Node) -> str:
    return f" ({node.source})" if node.source else ""


class Wires:
    """``aligned``: (legacy node, port node) that do the same."""

    def __init__(self, place: Place, aligned: Sequence[Tuple[Node, Node]]) -> None:
        assert place.spelled is not None
        self._legacy, self._port = place.followed, place.spelled
        self._makers = [{n.tensor(): n for n in side.nodes} for side in (self._legacy, self._port)]
        self._mine = dict(same_given(self._legacy, self._port))
        for legacy, port in aligned:
            for number in port.outputs:
                self._mine[port.tensor(int(number))] = legacy.tensor(int(number))

    def _origin(self, side: int, tensor: str) -> str:
        """The tensor, or what it only passes on."""
        node = self._makers[side].get(tensor)
        while node is not None and node.op in PASSING_ON and node.inputs:
            tensor = node.inputs[0]
            node = self._makers[side].get(tensor)
        return tensor

    def differing(self, legacy: Node, port: Node) -> Iterator[Tuple[str, Dict[int, Source]]]:
        """(sentence, {place: what the port takes there}), where that is another tensor."""
        if len(legacy.inputs) != len(port.inputs):
            return
        mine = [self._origin(0, name) for name in legacy.inputs]
        theirs = [self._source(name) for name in port.inputs]
        changed: Dict[int, Source] = {
            number: new
            for number, (old, new) in enumerate(zip(mine, theirs))
            if new is not None and (not isinstance(new, str) or new != old)
        }
        names = [new for new in changed.values() if isinstance(new, str)]
        same = sorted(mine[number] for number in changed) == sorted(names)
        if not changed or (legacy.op in _COMMUTE and same):
            return
        here, there = f"the port's {port.op}{at(port)}", f"the legacy graph{at(legacy)}"
        taken = {
            number: legacy.inputs[mine.index(new)] if isinstance(new, str) and new in mine else new
            for number, new in changed.items()
        }
        if same:
            order = ", ".join(self._called(mine[number]) for number in sorted(changed))
            yield f"{here} takes its inputs in another order, swapped: {there} takes {order}", taken
            return
        for number, new in changed.items():
            other = self._called(new) if isinstance(new, str) else bare(port.inputs[number])
            said = f"{here} takes {other} where {there} takes {self._called(mine[number])}"
            mixed = isinstance(new, str) and self._parts_of_one(mine[number], new)
            why = ": the parts of one split come in another order" if mixed else ""
            yield f"{said} as its input {number}{why}", {number: taken[number]}

    def _parts_of_one(self, one: str, other: str) -> bool:
        """Whether both are outputs of the same Split, as the gates of a cell are."""
        (name, _, number), (same, _, _) = one.rpartition(":"), other.rpartition(":")
        node = self._makers[0].get(f"{name}:0")
        return name == same and bool(number) and node is not None and node.op in ("Split", "SplitV", "Unpack")

    def _source(self, tensor: str) -> Optional[Source]:
        """The legacy tensor that the port's stands for; of a given one that stands for none its numbers."""
        origin = self._origin(1, tensor)
        if origin in self._mine:
            return self._mine[origin]
        return self._port.given.get(origin) if origin == tensor else None

    def _called(self, tensor: str) -> str:
        node = self._makers[0].get(tensor)
        return f"the result of {node.op}{at(node)}" if node is not None else bare(tensor)


def bare(tensor: str) -> str:
    """As the program has it: the number of an output where it is not the first."""
    return tensor[:-2] if tensor.endswith(":0") else tensor


def same_given(legacy: Followed, port: Followed) -> Iterator[Tuple[str, str]]:
    """(the port's given tensor, the legacy one that it stands for)."""
    for theirs, array in port.given.items():
        for mine, other in legacy.given.items():
            same: Optional[bool] = other is array or (
                squeezed(other.shape) == squeezed(array.shape)
                and other.dtype == array.dtype
                and bool(np.array_equal(other.ravel(), array.ravel()))
            )
            if same:
                yield theirs, mine
                break
