"""A legacy graph with edits, and whether the port's numbers follow from it then."""

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..graph.nodes import Node
from ..graph.replay import Followed, Other
from ..judge.compare import compare
from ..judge.graphs import Place, of_both
from ..records import PASSING
from ..reference.bounds import Reference
from ..reference.nodes import answer
from .patience import over
from .quick import numbers, plain

#: What an edit may leave of the difference that it explains: a bound that is wide must not make everything fit.
_LEFT = 1e-2
#: Nodes beyond which the numbers are computed first, without their bounds.
_LONG = 60
#: Roundings of the result, in the mean, that are nothing: in a half precision they are more than that.
_ROUNDINGS = 2.0


class Edit(NamedTuple):
    """What the port does otherwise: a sentence, and what that makes of a ``node`` of the legacy graph.

    ``before``: of what the node takes, its call and its inputs; ``instead``: of the inputs, what it gives; ``after``:
    of what it gives.  ``inputs``: by place the tensors of the legacy graph that it takes.
    """

    sentence: str
    node: str
    before: Optional[Callable[..., Any]] = None
    instead: Optional[Callable[..., Any]] = None
    after: Optional[Callable[..., Any]] = None
    inputs: Optional[Dict[int, str]] = None


class Fits:
    """Whether the port's numbers follow from the legacy graph with edits."""

    def __init__(self, place: Place, result: Array, dtype: str) -> None:
        self._followed, self._own, self._result, self._dtype = place.followed, place.spelled, result, dtype
        self._off = np.inf
        try:
            with np.errstate(all="ignore"):
                self._off = self._distance(place.followed.reference())
        except Exception:  # no rule: nothing fits
            pass

    def _distance(self, reference: Reference) -> float:
        if reference.value.shape != self._result.shape or reference.value.dtype.kind not in "fc":
            return float(np.inf)
        return self._between(reference.value)

    def _between(self, value: Array) -> float:
        off = (self._result - value).ravel()
        return float(np.linalg.norm(off[np.isfinite(off)]))

    def __call__(self, edits: Sequence[Edit]) -> bool:
        if over():
            return False
        try:
            with np.errstate(all="ignore"):
                edited = _edited(self._followed, edits)
                if len(edited.nodes) > _LONG and not self._near(_quickly(edited, edits)):
                    return False
                reference = edited.reference()
                left = self._distance(reference)
        except Exception:  # a wrong graph may fail in every way there is
            return False
        if not self._little(left):
            return False
        return any(
            compare(self._result, self._dtype, answer, self._dtype).word in PASSING
            for answer in self._spelled(reference, edited)
        )

    def _little(self, left: float) -> bool:
        size = self._result.ravel()
        roundings = (
            _ROUNDINGS * UNIT_ROUNDOFF.get(self._dtype, 0.0) * float(np.linalg.norm(size[np.isfinite(size)]))
        )
        return not np.isfinite(self._off) or left <= max(_LEFT * self._off, roundings)

    def _near(self, numbers: Array) -> bool:
        """Whether the numbers alone leave little of the difference."""
        return numbers.shape == self._result.shape and self._little(self._between(numbers))

    def _spelled(self, reference: Reference, edited: Followed) -> Iterator[Reference]:
        """The answer, and with what rounding does to the port's own spelling on top."""
        yield reference
        known = self._own is not None and np.isfinite(self._off)
        both = of_both(reference, edited, self._own) if known and self._own is not None else None
        if both is not None:
            yield both


def _edited(followed: Followed, edits: Sequence[Edit]) -> Followed:
    by_node: Dict[str, List[Edit]] = {}
    for edit in edits:
        by_node.setdefault(edit.node, []).append(edit)
    other = followed.but({name: _other(of_node) for name, of_node in by_node.items()})
    taken = {
        name: dict(p for e in of_node for p in (e.inputs or {}).items()) for name, of_node in by_node.items()
    }
    nodes = [_taking(node, taken.get(node.name)) for node in other.nodes]
    return other.through(_in_order(nodes) if any(taken.values()) else nodes)


def _in_order(nodes: List[Node]) -> List[Node]:
    """In the order of flow, as before where that is one.  Raises ValueError for a cycle."""
    names = {node.name for node in nodes}
    found: List[Node] = []
    there: Set[str] = set()
    waiting = list(nodes)
    while waiting:
        later = []
        for node in waiting:
            if any(name.rpartition(":")[0] in names - there for name in node.inputs):
                later.append(node)
            else:
                found.append(node)
                there.add(node.name)
        if len(later) == len(waiting):
            raise ValueError("a cycle")
        waiting = later
    return found


def _taking(node: Node, inputs: Optional[Dict[int, str]]) -> Node:
    if not inputs:
        return node
    names = [inputs.get(number, name) for number, name in enumerate(node.inputs)]
    names += [inputs[number] for number in sorted(inputs) if number >= len(names)]
    return Node(node.name, node.op, names, node.outputs, node.attributes, node.source)


def _quickly(edited: Followed, edits: Sequence[Edit]) -> Array:
    by_node: Dict[str, List[Edit]] = {}
    for edit in edits:
        by_node.setdefault(edit.node, []).append(edit)
    changed = {name: _other(of_node, plain) for name, of_node in by_node.items()}
    return numbers(edited, edited.nodes, changed)


def _other(edits: Sequence[Edit], answer: Other = answer) -> Other:
    def changed(call, inputs):
        for edit in edits:
            if edit.before:
                call, inputs = edit.before(call, inputs)
        instead = next((edit.instead for edit in edits if edit.instead), None)
        flows = instead(inputs) if instead else answer(call, inputs)
        for edit in edits:
            if edit.after:
                flows = edit.after(call, flows)
        return flows

    return changed
