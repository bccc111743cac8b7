"""Where two graphs do something else: their nodes between two pairs compared, and the numbers asked which it is.

A port's op that the legacy graph does not have, one that is missing, another attribute, another constant, inputs in
another order: each is done to the legacy graph, and is the cause if the port's numbers follow then.
"""

import difflib
import itertools
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..graph.attributes import NAMES_ONLY
from ..graph.nodes import SOURCES, Node
from ..graph.replay import Followed
from ..judge.graphs import Place
from ..reference.nodes import answer
from .edited import Edit, Fits
from .wiring import PASSING_ON, Source, Wires, at

#: Constants of more numbers are named, and not shown.
_SHOWN = 6
#: Ops under which a variance and an epsilon stand; what epsilon usually is.
_ROOTS = ("Rsqrt", "Sqrt")
#: Ops that are told an axis.
_AXES = ("ConcatV2", "Sum", "Mean", "Max", "Min", "Prod", "ArgMax", "GatherV2", "Softmax")
#: Ops that tell the shape of what they take.
_OF_SHAPES = ("Shape", "ShapeN", "Size", "Rank")
EPSILONS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)


def causes(place: Place, result: Array, dtype: str) -> List[str]:
    """The sentences of the edits, alone or all together, with which the port's numbers follow from the legacy graph."""
    found = list(edits(place))
    fits = Fits(place, result, dtype)
    for edit in found:
        if fits([edit]):
            return [edit.sentence]
    for group in _repeated(found):
        if fits(group):
            return [group[0].sentence]
    if len(found) > 1 and fits(found):
        return ["; and ".join(dict.fromkeys(edit.sentence for edit in found))]
    return []


def _repeated(found: Sequence[Edit]) -> Iterator[List[Edit]]:
    """What the port does otherwise in several places in the same way: one line of a function that is called twice."""
    groups: Dict[Tuple[str, int], List[Edit]] = {}
    met: Dict[Tuple[str, str], int] = {}
    for edit in found:
        key = edit.sentence, edit.node
        met[key] = met.get(key, -1) + 1
        groups.setdefault((edit.sentence, met[key]), []).append(edit)
    return (group for group in groups.values() if len(group) > 1)


def left_out(place: Place, result: Array, dtype: str) -> List[str]:
    """The sentence of the node of the legacy graph without which the numbers follow: of a port without a graph."""
    fits = Fits(place, result, dtype)
    for node in _compared(place.followed):
        for edit in _missing(node):
            if fits([edit]):
                return [edit.sentence]
    return []


# -- what is otherwise


def blocks(place: Place) -> Iterator[Tuple[str, List[Node], List[Node], Optional[Node]]]:
    """(what, legacy nodes, the port's, the legacy node before them) where the ops of both sides are compared."""
    assert place.spelled is not None
    mine, theirs = map(_compared, (place.followed, place.spelled))
    kinds = [[kind(node) for node in side] for side in (mine, theirs)]
    matcher = difflib.SequenceMatcher(None, kinds[0], kinds[1], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        yield tag, mine[i1:i2], theirs[j1:j2], mine[i1 - 1] if i1 else None


def kind(node: Node) -> str:
    return {"AddV2": "Add", "BiasAdd": "Add"}.get(node.op, node.op)


def edits(place: Place) -> Iterator[Edit]:
    """What the port's nodes do otherwise, in the order of flow."""
    if place.spelled is None:
        return
    constants = Constants(place)
    compared = list(blocks(place))
    wires = Wires(place, [pair for tag, ls, ps, _ in compared if tag == "equal" for pair in zip(ls, ps)])
    for tag, mine, theirs, before in compared:
        if tag == "equal":
            for legacy, port in zip(mine, theirs):
                yield from attributes(legacy, port)
                yield from constants.differing(legacy, port)
                for sentence, inputs in wires.differing(legacy, port):
                    yield _rewired(sentence, legacy, inputs)
            continue
        if len(mine) == len(theirs):
            for legacy, port in zip(mine, theirs):
                yield _another(legacy, port)
            continue
        for legacy in mine:
            yield from _missing(legacy)
        for port in theirs:
            if before is not None:
                yield _more(before, port, constants)


def _rewired(sentence: str, legacy: Node, inputs: Dict[int, Source]) -> Edit:
    names = {number: new for number, new in inputs.items() if isinstance(new, str)}

    def before(call, flows):
        return call, [flow if n not in inputs or n in names else inputs[n] for n, flow in enumerate(flows)]

    return Edit(sentence, legacy.name, before, inputs=names)


def computes(node: Node) -> bool:
    return node.op not in SOURCES and node.op not in PASSING_ON


def _compared(side: Followed) -> List[Node]:
    depends = depending(side)
    return [node for node in side.nodes if computes(node) and not _plumbing(node, depends)]


def _plumbing(node: Node, depends: "set[str]") -> bool:
    """Whether it makes shapes, axes and orders: whole numbers that follow from no given tensor."""
    output = node.outputs.get("0")
    whole = output is not None and output.dtype in ("int32", "int64", "bool")
    return whole and node.tensor() not in depends


def _missing(legacy: Node) -> Iterator[Edit]:
    """Of several inputs any may be the one that the port goes on with."""
    for number in range(len(legacy.inputs)):
        yield Edit(
            f"{legacy.op}{at(legacy)} of the legacy graph is missing in the port",
            legacy.name,
            instead=lambda inputs, number=number: [inputs[number]],
        )


def attributes(legacy: Node, port: Node) -> Iterator[Edit]:
    for name in sorted(set(legacy.attributes) & set(port.attributes)):
        old, new = legacy.attributes[name], port.attributes[name]
        if name in NAMES_ONLY or old == new:
            continue

        def before(call, inputs, name=name, new=new):
            return call._replace(attributes=dict(call.attributes, **{name: new})), inputs

        sentence = (
            f"{name} of {port.op}{at(port)} is {_shown(new)}; the legacy graph{at(legacy)} has {_shown(old)}"
        )
        yield Edit(f"{sentence}: write {name}={_shown(old)}", legacy.name, before)


def _another(legacy: Node, port: Node) -> Edit:
    def before(call, inputs):
        return call._replace(op=port.op, attributes=dict(call.attributes, **port.attributes)), inputs

    return Edit(
        f"the port has {port.op}{at(port)} where the legacy graph has {legacy.op}{at(legacy)}",
        legacy.name,
        before,
    )


def _more(before: Node, port: Node, constants: "Constants") -> Edit:
    """An op of the port on top of what a legacy node gives."""

    def after(call, flows):
        others = [constants.of_port(name) for name in port.inputs]
        place = next((number for number, other in enumerate(others) if other is None), 0)
        given: List[Any] = [flows[0] if number == place else other for number, other in enumerate(others)]
        more = call._replace(op=port.op, attributes=port.attributes, inputs=(call.dtype,) * len(given))
        return answer(more, given)

    sentence = f"the port has {port.op}{at(port)}, which the legacy graph does not have: leave it out"
    return Edit(sentence, before.name, after=after)


class Constants:
    """What follows from no given tensor, on either side."""

    def __init__(self, place: Place) -> None:
        assert place.spelled is not None
        self._legacy, self._port = place.followed, place.spelled
        self._depends = [depending(side) for side in (self._legacy, self._port)]

    def of_port(self, tensor: str) -> Optional[Array]:
        return None if tensor in self._depends[1] else self._port.recorded(tensor)

    def differing(self, legacy: Node, port: Node) -> Iterator[Edit]:
        for number, (mine, theirs) in enumerate(zip(legacy.inputs, port.inputs)):
            new = self.of_port(theirs)
            if mine in self._depends[0] or new is None:
                continue
            old = self._legacy.recorded(mine)
            if not _alike(old, new) and not self._one_axis(legacy, port, old, new):
                yield self._edit(number, old, new, legacy, port)

    def _one_axis(self, legacy: Node, port: Node, old: Array, new: Array) -> bool:
        """Whether they say the same axis, counted from the first or the last one."""
        if legacy.op not in _AXES or old.size != 1 or new.size != 1:
            return False
        axes = int(old.ravel()[0]), int(new.ravel()[0])
        ranks = [
            side.recorded(node.inputs[0]).ndim for side, node in ((self._legacy, legacy), (self._port, port))
        ]
        first, last = (
            [axis % rank - back for axis, rank, back in zip(axes, ranks, away)] for away in ((0, 0), ranks)
        )
        return ranks[0] == ranks[1] and first[0] == first[1] or last[0] == last[1]

    def _edit(self, number: int, old: Array, new: Array, legacy: Node, port: Node) -> Edit:
        def before(call, inputs):
            return call, [new if n == number else given for n, given in enumerate(inputs)]

        here, there = f"the port's {port.op}{at(port)}", f"the legacy graph{at(legacy)}"
        epsilons = _epsilons(old, new) if legacy.op in _ROOTS else None
        if epsilons:
            said = f"epsilon under the root is {epsilons[1]:g} in {here} where {there} has {epsilons[0]:g}"
            return Edit(f"{said}: write epsilon={epsilons[0]:g}", legacy.name, before)
        said = f"{here} takes {_numbers(new)} where {there} takes {_numbers(old)}"
        rates = _rates(old, new, any(node.op.startswith("Random") for node in self._legacy.trace.nodes))
        if rates:
            return Edit(f"keep_prob and rate are taken for each other, {rates}: {said}", legacy.name, before)
        return Edit(f"{said}: write {_numbers(old)}" if old.size <= _SHOWN else said, legacy.name, before)


def _epsilons(old: Array, new: Array) -> Optional[Tuple[float, float]]:
    """(the legacy one, the port's) where what is under a root is off by the difference of two usual epsilons."""
    off = (new.astype(np.float64) - old).ravel()
    rounding = 4 * UNIT_ROUNDOFF["float32"] * float(np.abs(new).max())
    for first, second in itertools.permutations(EPSILONS, 2):
        if np.all(np.abs(off - (second - first)) <= rounding + 1e-9 * abs(second - first)):
            return (first, second) if abs(second - first) > 8 * rounding else None
    return None


def _rates(old: Array, new: Array, drawn: bool) -> str:
    """What dropout keeps and drops, where both shares, or the scales 1 / keep_prob of both, are 1 together."""
    if old.size != 1 or new.size != 1 or old.dtype.kind != "f" or min(old.min(), new.min()) <= 0:
        return ""
    wrong, right = float(new.ravel()[0]), float(old.ravel()[0])
    if min(wrong, right) > 1:
        wrong, right = 1 / wrong, 1 / right
    elif not drawn:
        return ""
    if abs(wrong + right - 1) > 1e-5 or abs(wrong - right) < 1e-5:
        return ""
    return f"{wrong:.3g} for {right:.3g} (TensorFlow 1's keep_prob is 1 - rate)"


def depending(side: Followed) -> "set[str]":
    """The tensors that follow from a given one, and those.  Of its shape alone, whatever it holds, nothing follows."""
    found = set(side.given)
    for node in side.nodes:
        if node.op not in _OF_SHAPES and not found.isdisjoint(node.inputs):
            found.update(node.tensor(int(number)) for number in node.outputs)
    return found


def _alike(old: Array, new: Array) -> bool:
    """The same numbers, in whatever dtype and shape of one axis."""
    if old.size != new.size or old.ndim and new.ndim and old.squeeze().shape != new.squeeze().shape:
        return False
    return bool(np.array_equal(old.ravel(), new.ravel()))


def _shown(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _numbers(array: Array) -> str:
    if array.size > _SHOWN:
        return f"other numbers of shape {list(array.shape)}"
    said = [f"{item:.7g}" if isinstance(item, float) else str(item) for item in array.ravel().tolist()]
    return said[0] if array.size == 1 else f"[{', '.join(said)}]"
