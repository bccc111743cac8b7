"""Where within a wrong stretch it begins: tensors that stand at the same position on the way from one pair to the next.

From a pair on, what all ways go through next on either side stands for each other, as far as the forms are the same.
That is no proof, and is asked only where it is known already that something on the way is wrong.
"""

from typing import Dict, FrozenSet, List, Optional, Sequence, Set, Tuple

from ..explain.structure import computes, depending
from ..explain.wiring import same_given
from ..graph.forms import squeezed
from ..graph.nodes import Node
from ..graph.pairing import kind_of
from ..graph.replay import Followed
from ..judge.graphs import Place

#: Steps along one way that are looked at.
_MOST = 24


def positions(place: Place) -> Dict[str, str]:
    """Tensors of the legacy graph and of the port at the same position on the way to a wrong place."""
    if place.spelled is None or not place.spelled.nodes:
        return {}
    if any("Random" in node.op for node in place.spelled.nodes):  # nothing is to be learned of what was drawn
        return {}
    mine, theirs = _Way(place.followed), _Way(place.spelled)
    found: Dict[str, str] = {}
    pairs = {legacy: port for port, legacy in same_given(place.followed, place.spelled)}
    joined = _joining(place, pairs)
    found.update({mine: other for mine, other in joined.items() if mine != place.followed.tensor})
    waiting = [*pairs.items(), *found.items()]
    while waiting and len(found) < _MOST:
        legacy, port = waiting.pop(0)
        one, other = mine.next(legacy), theirs.next(port)
        if one is None or other is None or one.tensor() in (place.followed.tensor, *found):
            continue
        if other.tensor() == place.spelled.tensor or not _alike(one, other):
            continue
        if kind_of(one.op) != kind_of(other.op) and not _in_its_place(mine, theirs, one, other):
            continue
        found[one.tensor()] = other.tensor()
        waiting.append((one.tensor(), other.tensor()))
    return found


def _in_its_place(mine: "_Way", theirs: "_Way", one: Node, other: Node) -> bool:
    """Whether one function of one tensor stands where another one does, and neither is the next on the other side."""
    if not (mine.is_of_one(one) and theirs.is_of_one(other)):
        return False
    if {one.op, other.op} == {"Mean", "Sum"}:  # the division may come later
        return False
    after = mine.next(one.tensor()), theirs.next(other.tensor())
    return not (
        after[0] is not None
        and kind_of(after[0].op) == kind_of(other.op)
        or after[1] is not None
        and kind_of(after[1].op) == kind_of(one.op)
    )


def _joining(place: Place, pairs: Dict[str, str]) -> Dict[str, str]:
    """Ops of one kind and form that follow from the same pairs, the only ones of that kind on either side."""
    keys: List[Dict[Tuple[object, ...], List[str]]] = []
    for side, of in (
        (place.followed, {name: name for name in pairs}),
        (place.spelled, {v: k for k, v in pairs.items()}),
    ):
        assert side is not None
        origins: Dict[str, FrozenSet[str]] = {name: frozenset([legacy]) for name, legacy in of.items()}
        found: Dict[Tuple[object, ...], List[str]] = {}
        for node in side.nodes:
            of_node = frozenset().union(*(origins.get(name, frozenset()) for name in node.inputs))
            if not of_node or "0" not in node.outputs:
                continue
            for number in node.outputs:
                origins[node.tensor(int(number))] = of_node
            output = node.outputs["0"]
            if computes(node) and len(of_node) > 1 and _whole(node):
                key = kind_of(node.op), squeezed(output.shape), output.dtype, of_node
                found.setdefault(key, []).append(node.tensor())
        keys.append(found)
    return {
        names[0]: keys[1][key][0]
        for key, names in keys[0].items()
        if len(names) == 1 and len(keys[1].get(key, ())) == 1
    }


def _alike(one: Node, other: Node) -> bool:
    mine, theirs = one.outputs["0"], other.outputs["0"]
    return squeezed(mine.shape) == squeezed(theirs.shape) and mine.dtype == theirs.dtype


class _Way:
    def __init__(self, side: Followed) -> None:
        self._depends = depending(side)
        self._nodes = [node for node in side.nodes if "0" in node.outputs]
        self._users: Dict[str, List[Node]] = {}
        for node in self._nodes:
            for name in dict.fromkeys(node.inputs):
                self._users.setdefault(name, []).append(node)

    def is_of_one(self, node: Node) -> bool:
        """Whether it is a function of one tensor that follows, whatever it is told besides."""
        return len(self._depends.intersection(node.inputs)) == 1

    def next(self, tensor: str) -> Optional[Node]:
        """The next node that computes, and that all that is made of the tensor goes through; None without one."""
        node = self._through(tensor)
        while node is not None and not computes(node):
            node = self._through(node.tensor())
        return node

    def _through(self, tensor: str) -> Optional[Node]:
        open_: Set[str] = {tensor}
        left = {tensor: len(self._users.get(tensor, ()))}
        for node in self._nodes:
            taken = open_.intersection(node.inputs)
            if not taken:
                continue
            for name in taken:
                left[name] -= 1
                if not left[name]:
                    open_.discard(name)
            if not open_ and _whole(node):
                return node
            open_.add(node.tensor())
            left[node.tensor()] = len(self._users.get(node.tensor(), ()))
        return None


def _whole(node: Node) -> bool:
    return node.outputs["0"].dtype not in ("int32", "int64", "bool")


def nearer(places: Sequence[Place], most: int = 3) -> Dict[str, str]:
    """Positions on the way to the first wrong places."""
    found: Dict[str, str] = {}
    for place in places[:most]:
        found.update(positions(place))
    return found
