"""Pairs: a tensor of the legacy graph and the tensor of the port that stands for it.

What both sides name is a pair.  Between those, ops of one kind that give tensors of one shape, in one order, are
paired where their numbers have to do with each other: a wrong epsilon leaves them alike, another computation does not.
What pairs is judged by the legacy graph from the pairs before it, so that a pair too many can raise an alarm; hence
the order, the kind and the numbers have all to be right.
"""

import difflib
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..records import Output
from .nodes import SOURCES, Node, Trace

#: Spellings of one op in the versions.
_SAME = {
    "AddV2": "Add",
    "BiasAdd": "Add",
    "BiasAddV1": "Add",
    "Sub": "Add",
    "Div": "Mul",
    "RealDiv": "Mul",
    "BatchMatMul": "MatMul",
    "BatchMatMulV2": "MatMul",
    "BatchMatMulV3": "MatMul",
    "FusedBatchNorm": "FusedBatchNormV3",
    "FusedBatchNormV2": "FusedBatchNormV3",
    "MaxPoolV2": "MaxPool",
    "DepthwiseConv2dNative": "Conv2D",
    "Relu6": "Relu",
    "Einsum": "MatMul",
}
#: Only what computes is worth a pair: these pass on, or say how.
_ASIDE = (
    *SOURCES,
    *("Identity", "ReadVariableOp", "Enter", "Exit", "Merge", "Switch", "NextIteration", "StopGradient"),
    *("Reshape", "Transpose", "Squeeze", "ExpandDims", "AssignVariableOp", "Assign", "Cast", "Fill"),
)
#: The least correlation of two tensors that stand for each other.
_ALIKE = 0.9
#: Fewer numbers correlate by accident.
_FEWEST = 4


class Pair(NamedTuple):
    """``name``: of the output that it is, or of the legacy node.  ``legacy``, ``port``: tensors, "" of no graph."""

    name: str
    legacy: str
    port: str
    result: Output


def pairs(
    legacy: Trace,
    outputs: Dict[str, Output],
    port: Trace,
    read_legacy: Callable[[str], Array],
    read_port: Callable[[str], Array],
) -> List[Pair]:
    """The pairs in the legacy graph's order of flow.

    ``outputs``: what the port gave by name; ``port``: its graph, or an empty Trace.
    """
    found: List[Pair] = []
    named, taken = set(legacy.outputs.values()), set(port.outputs.values())
    for mine, theirs in _aligned(legacy, port):
        before, result = legacy.tensors()[mine], port.tensors()[theirs]
        if mine in named or theirs in taken:
            continue
        if _related(read_legacy(before.digest), read_port(result.digest)):
            found.append(Pair(mine.rpartition(":")[0], mine, theirs, result))
    for name, tensor in legacy.outputs.items():
        if name in outputs:
            found.append(Pair(name, tensor, port.outputs.get(name, ""), outputs[name]))
    order = {name: number for number, name in enumerate(legacy.tensors())}
    return sorted(found, key=lambda pair: order[pair.legacy])


def _aligned(legacy: Trace, port: Trace) -> List[Tuple[str, str]]:
    """(legacy tensor, port tensor) of ops of one kind and shape, in one order."""
    mine, theirs = _computing(legacy), _computing(port)
    matcher = difflib.SequenceMatcher(
        None, [key for key, _ in mine], [key for key, _ in theirs], autojunk=False
    )
    found = []
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            found.append((mine[block.a + step][1], theirs[block.b + step][1]))
    return found


def _computing(trace: Trace) -> Sequence[Tuple[Tuple[str, Tuple[int, ...], str], str]]:
    """((kind, shape, dtype), tensor) of what is worth a pair."""
    wanted = trace.ancestors(trace.outputs.values())
    return [
        ((_kind(node), tuple(node.outputs["0"].shape), node.outputs["0"].dtype), node.tensor())
        for node in wanted
        if node.op not in _ASIDE and _worth(node)
    ]


def _kind(node: Node) -> str:
    return _SAME.get(node.op, node.op)


def _worth(node: Node) -> bool:
    output = node.outputs.get("0")
    return output is not None and output.dtype in UNIT_ROUNDOFF and int(np.prod(output.shape)) >= _FEWEST


def _related(mine: Array, theirs: Array) -> bool:
    """Whether two tensors of one shape stand for each other: their numbers go together."""
    if np.array_equal(mine, theirs):
        return True
    a, b = (
        np.abs(x) if x.dtype.kind == "c" else x.astype(np.float64) for x in (mine.ravel(), theirs.ravel())
    )
    finite = np.isfinite(a) & np.isfinite(b)
    a, b = a[finite], b[finite]
    if a.size < _FEWEST:
        return False
    with np.errstate(all="ignore"):
        near = np.linalg.norm(a - b) <= 0.5 * min(np.linalg.norm(a), np.linalg.norm(b))
        correlation = np.corrcoef(a, b)[0, 1] if a.std() and b.std() else 0.0
    return bool(near or correlation >= _ALIKE)
