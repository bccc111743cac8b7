"""An epsilon under a root, or added to what comes out of it."""

from typing import Any, Iterator, List, Optional, Tuple

import numpy as np

from ...arrays import Array
from ...graph.nodes import Node
from ...graph.replay import Followed
from ...judge.graphs import Place
from ...reference.nodes.flows import tracked
from ..structure import EPSILONS, Edit, Fits
from ..wiring import at
from .ways import way

_ROOTS = ("Sqrt", "Rsqrt", "Pow")


@way
def _epsilon_outside(place: Place, result: Array, dtype: str) -> Optional[str]:
    fits = Fits(place, result, dtype)
    for add, root, kept, epsilon in _under(place.followed):
        edits = [_without(add, kept), Edit("", root.name, after=_more(root, epsilon))]
        if fits(edits):
            return f"epsilon is added to the root, expected under it{at(add)}: write sqrt(variance + {epsilon:g})"
    for root, add, kept, epsilon in _beside(place.followed):
        edits = [
            Edit("", root.name, before=lambda call, inputs, e=epsilon: (call, _sum(inputs, e))),
            _without(add, kept),
        ]
        if fits(edits):
            return f"epsilon is added under the root, expected outside{at(add)}: write sqrt(variance) + {epsilon:g}"
    return None


def _without(add: Node, kept: int) -> Edit:
    return Edit("", add.name, instead=lambda inputs: [inputs[kept]])


def _sum(inputs: List[Any], epsilon: float) -> List[Any]:
    return [(tracked(inputs[0]) + epsilon).reference(), *inputs[1:]]


def _more(root: Node, epsilon: float) -> Any:
    def after(call: Any, flows: Any) -> Any:
        flow = tracked(flows[0])
        if root.op == "Rsqrt":
            return [(1.0 / (1.0 / flow + epsilon)).reference()]
        return [(flow + epsilon).reference()]

    return after


def _adding(side: Followed) -> Iterator[Tuple[Node, int, float]]:
    """(node, place of what it takes besides, the epsilon that it adds)."""
    for node in side.nodes:
        if node.op in ("Add", "AddV2"):
            for place, name in enumerate(node.inputs):
                number = side.recorded(name)
                if number.size == 1 and any(abs(float(number.ravel()[0]) - e) <= 1e-5 * e for e in EPSILONS):
                    yield node, 1 - place, float(number.ravel()[0])


def _under(side: Followed) -> Iterator[Tuple[Node, Node, int, float]]:
    for add, kept, epsilon in _adding(side):
        for node in side.nodes:
            if node.op in _ROOTS and node.inputs[0] == add.tensor() and _is_root(side, node):
                yield add, node, kept, epsilon


def _beside(side: Followed) -> Iterator[Tuple[Node, Node, int, float]]:
    makers = {node.tensor(): node for node in side.nodes}
    for add, kept, epsilon in _adding(side):
        root = makers.get(add.inputs[kept])
        if root is not None and root.op in ("Sqrt", "Pow") and _is_root(side, root):
            yield root, add, kept, epsilon


def _is_root(side: Followed, node: Node) -> bool:
    return node.op != "Pow" or bool(np.all(side.recorded(node.inputs[1]) == 0.5))
