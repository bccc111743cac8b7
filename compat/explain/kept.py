"""Dropout that keeps everything: its nodes do nothing, and are taken out before two graphs are compared."""

from typing import Dict, List, Optional

import numpy as np

from ..graph.nodes import Node
from ..graph.replay import Followed


def without_dropout(side: Followed) -> Followed:
    """The same without nodes that draw, where what comes out is, bit for bit, what went in."""
    if not any(node.op.startswith("Random") for node in side.nodes):
        return side
    instead: Dict[str, str] = {}
    nodes: List[Node] = []
    drawn: Dict[str, bool] = {}
    for node in side.nodes:
        names = [instead.get(name, name) for name in node.inputs]
        drawn[node.tensor()] = node.op.startswith("Random") or any(drawn.get(name) for name in node.inputs)
        if drawn[node.tensor()] and "0" in node.outputs:
            same = next((name for name in _before(side, node, names, drawn) if _same(side, name, node)), None)
            if same is not None:
                instead[node.tensor()], drawn[node.tensor()] = same, False
                continue
        scaled = _times_one(side, node, names)
        if scaled is not None:
            instead[node.tensor()] = scaled
            continue
        nodes.append(
            Node(node.name, node.op, names, node.outputs, node.attributes, node.source, node.measured)
        )
    return side.through(_needed(nodes, side.tensor)) if instead else side


def _times_one(side: Followed, node: Node, names: List[str]) -> Optional[str]:
    """What the node multiplies by the number one: 1 / keep_prob."""
    if node.op not in ("Mul", "RealDiv") or len(names) != 2:
        return None
    by, what = names[1], names[0]
    number = side.recorded(by)
    return what if number.size == 1 and number.ravel()[0] == 1 and _same(side, what, node) else None


def _before(side: Followed, node: Node, names: List[str], drawn: Dict[str, bool]) -> List[str]:
    """What was there before anything was drawn, that the node follows from."""
    makers = {one.tensor(): one for one in side.nodes}
    found, waiting, met = [], list(names), set()
    while waiting:
        name = waiting.pop()
        if name in met:
            continue
        met.add(name)
        if not drawn.get(name):
            found.append(name)
        elif name in makers:
            waiting += makers[name].inputs
    return found


def _same(side: Followed, name: str, node: Node) -> bool:
    one, other = side.recorded(name), side.recorded(node.tensor())
    return (
        one.size > 1 and one.shape == other.shape and one.dtype == other.dtype and np.array_equal(one, other)
    )


def _needed(nodes: List[Node], tensor: str) -> List[Node]:
    wanted, kept = {tensor}, []
    for node in reversed(nodes):
        if any(node.tensor(int(number)) in wanted for number in node.outputs):
            wanted.update(node.inputs)
            kept.append(node)
    return kept[::-1]
