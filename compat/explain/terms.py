"""A term that counts several times, or not at all.

The result is affine in what one node gives, so its factor is solved for.
It is told where it is a constant that people forget: a half, a size, the number of what a mean is taken of.
"""

from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..graph.nodes import Node
from ..judge.graphs import Place
from ..reference.nodes.flows import tracked
from .constants import constant
from .patience import over
from .structure import Edit, Fits, computes
from .wiring import at

#: Nodes that are asked; fewer numbers than these are some constant by accident, but for the simplest.
_NODES, _FEW = 60, 8
_SIMPLEST = {
    0.0: "0",
    2.0: "2",
    0.5: "1/2",
    -1.0: "-1",
    4.0: "4",
    0.25: "1/4",
    3.0: "3",
    1 / 3: "1/3",
    255.0: "255",
}
#: Roundings that the result may be off by.
_ROUNDINGS = 16.0


def causes(place: Place, result: Array, dtype: str) -> List[str]:
    """The sentence of the first node whose factor makes the port's numbers."""
    if dtype not in UNIT_ROUNDOFF or result.dtype.kind != "f":
        return []
    try:
        with np.errstate(all="ignore"):
            answer = place.followed.reference().value
    except Exception:  # no rule
        return []
    if answer.shape != result.shape or not np.isfinite(answer).all() or not np.isfinite(result).all():
        return []
    fits = Fits(place, result, dtype)
    for node in _asked(place):
        if over():
            break
        found = _factor(place, node, answer, result, dtype)
        if found and fits([_times(node, found[0])]):
            return [_sentence(place, node, *found)]
    return []


def _asked(place: Place) -> List[Node]:
    nodes = [node for node in place.followed.nodes if computes(node) and "0" in node.outputs]
    return [node for node in nodes if node.outputs["0"].dtype in UNIT_ROUNDOFF][:_NODES]


def _times(node: Node, factor: float) -> Edit:
    def after(call: Any, flows: Any) -> Any:
        return [(tracked(flows[0]) * factor).reference(), *flows[1:]]

    return Edit("", node.name, after=after)


def _factor(
    place: Place, node: Node, answer: Array, result: Array, dtype: str
) -> Optional[Tuple[float, str]]:
    """(factor, what it is known as), or None."""
    edit = _times(node, 2.0)
    assert edit.after is not None
    try:
        with np.errstate(all="ignore"):
            twice = place.followed.but({node.name: _after(edit)}).reference().value
    except Exception:  # a wrong graph may fail in every way there is
        return None
    way, went = (np.asarray(array - answer, np.float64).ravel() for array in (twice, result))
    size = float(way @ way)
    if not np.isfinite(size) or size == 0:
        return None
    factor = 1 + float(went @ way) / size
    off = _ROUNDINGS * UNIT_ROUNDOFF[dtype] * float(np.linalg.norm(result.ravel())) / np.sqrt(size)
    if off > 1e-3 or abs(factor - 1) < 1e-3:
        return None
    counts = _sizes(place, node)
    known = {**_SIMPLEST, **{float(n): str(n) for n in counts}, **{1.0 / n: f"1/{n}" for n in counts}}
    for value, words in known.items():
        if abs(factor - value) <= max(off, 1e-6 * abs(value)):
            return value, words
    shapes = [place.followed.recorded(name).shape for name in node.inputs]
    words = constant(factor, off, shapes, result.size, dtype) if result.size >= _FEW else ""
    return (factor, words) if words else None


def _after(edit: Edit) -> Any:
    from ..reference.nodes import answer

    return lambda call, inputs: edit.after(call, answer(call, inputs)) if edit.after else None


def _sizes(place: Place, node: Node) -> List[int]:
    """What a sum over the node's tensors may be divided by."""
    found = set()
    for name in (*node.inputs, node.tensor()):
        shape: Sequence[int] = place.followed.recorded(name).shape
        for first in range(len(shape)):
            for last in range(first + 1, len(shape) + 1):
                found.add(int(np.prod(shape[first:last])))
    return sorted(n for n in found if n > 1)


def _sentence(place: Place, node: Node, factor: float, words: str) -> str:
    what = f"{node.op} {node.name}{at(node)}"
    if factor == 0:
        return f"what {what} of the legacy graph gives is missing in the port: add it"
    source = place.followed.recorded(node.inputs[0]) if node.inputs else np.zeros(())
    count = source.size // max(1, place.followed.recorded(node.tensor()).size)
    if node.op == "Mean" and abs(factor - count) < 1e-6 * factor:
        return f"the sum is taken where the legacy graph takes the mean, {what}: divide by {count}, or take the mean"
    said = f"{factor:.6g}" if words == f"{factor:g}" or not words else f"{factor:.6g} = {words}"
    return (
        f"the port has {said} times what {what} of the legacy graph gives: a factor is missing or too much there, take "
        f"it times {1 / factor:.6g}"
    )
