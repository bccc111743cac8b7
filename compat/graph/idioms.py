"""What several nodes are together: a batch norm that is spelled in sums and products, a convolution with its bias.

The hypotheses of ``compat.explain`` speak of such calls.  An idiom is a pattern of ops, with names for what it is made
of; where it fits, its nodes become one, whose rule is the call.
"""

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .nodes import Node

#: (op, pattern of each input) or the name of what stands there.
Pattern = Any

_ADD = ("Add", "AddV2", "BiasAdd")
_SWAPS = ("Add", "AddV2", "Mul")
_PASS = ("Identity", "ReadVariableOp", "StopGradient")


class Idiom(NamedTuple):
    """``op``: the op type of the rule (``compat.reference.nodes.idioms``); ``inputs``: names in its order."""

    op: str
    pattern: Pattern
    inputs: Tuple[str, ...]


def _any(*ops: str) -> Tuple[str, ...]:
    return ops


_SCALE = (_any("Mul"), (_any("Rsqrt"), (_ADD, "variance", "epsilon")), "gamma")
IDIOMS = [
    Idiom(
        "compat.batch_norm",
        (_ADD, (_any("Mul"), "x", _SCALE), (_any("Sub"), "beta", (_any("Mul"), "mean", _SCALE))),
        ("x", "mean", "variance", "beta", "gamma", "epsilon"),
    ),
    Idiom("compat.conv2d_bias", (_ADD, (_any("Conv2D"), "x", "w"), "b"), ("x", "w", "b")),
    Idiom("compat.dense", (_ADD, (_any("MatMul"), "x", "w"), "b"), ("x", "w", "b")),
]


def raised(nodes: Sequence[Node]) -> List[Node]:
    """The nodes with every idiom as one node, which is called as its last one was."""
    makers = {node.tensor(): node for node in nodes}
    uses: Dict[str, int] = {}
    for node in nodes:
        for name in node.inputs:
            uses[name] = uses.get(name, 0) + 1
    gone = set()
    became: Dict[str, Node] = {}
    for node in reversed(list(nodes)):
        if node.name in gone:
            continue
        found = _fitting(node, makers, uses)
        if found is not None:
            became[node.name], inner = found
            gone.update(inner)
    return [became.get(node.name, node) for node in nodes if node.name not in gone]


def _fitting(
    node: Node, makers: Mapping[str, Node], uses: Mapping[str, int]
) -> Optional[Tuple[Node, List[str]]]:
    for idiom in IDIOMS:
        bound: Dict[str, str] = {}
        inner: List[Node] = []
        if not _fits(idiom.pattern, node.tensor(), makers, bound, inner):
            continue
        within = {one.name for one in inner if one.name != node.name}
        used: Dict[str, int] = {}
        for one in {one.name: one for one in inner}.values():
            for name in one.inputs:
                used[name] = used.get(name, 0) + 1
        # What somebody else needs as well stays, and the idiom is none.
        if any(
            uses.get(makers_name, 0) != used.get(makers_name, 0) for makers_name in _tensors(within, makers)
        ):
            continue
        attributes = dict(next((one.attributes for one in inner if one.op == "Conv2D"), {}))
        inputs = [bound[name] for name in idiom.inputs]
        made = Node(node.name, idiom.op, inputs, node.outputs, attributes, node.source)
        return made, sorted(within)
    return None


def _tensors(names: "set[str]", makers: Mapping[str, Node]) -> List[str]:
    return [tensor for tensor, node in makers.items() if node.name in names]


def _fits(
    pattern: Pattern, tensor: str, makers: Mapping[str, Node], bound: Dict[str, str], inner: List[Node]
) -> bool:
    """Whether the tensor is made as the pattern says; ``bound`` gets what its names stand for."""
    if isinstance(pattern, str):
        return bound.setdefault(pattern, tensor) == tensor
    ops, parts = pattern[0], list(pattern[1:])
    node = makers.get(tensor)
    if node is None or node.op not in ops or len(node.inputs) != len(parts):
        return False
    orders = [parts, parts[::-1]] if node.op in _SWAPS else [parts]
    for order in orders:
        names, found = dict(bound), list(inner)
        if all(_fits(part, name, makers, names, found) for part, name in zip(order, node.inputs)):
            bound.update(names)
            inner[:] = [*found, node]
            return True
    return False
