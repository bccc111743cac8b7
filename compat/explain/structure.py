"""Where two graphs do something else: their nodes between two pairs compared, and the numbers asked which it is.

A port's op that the legacy graph does not have, one that is missing, another attribute, another constant: each is done
to the legacy graph, and is the cause if the port's numbers follow then.
"""

import difflib
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional

import numpy as np

from ..arrays import Array
from ..graph.nodes import SOURCES, Node
from ..graph.replay import Followed, Other
from ..judge.compare import compare
from ..judge.graphs import Place, Read
from ..records import PASSING
from ..reference.nodes import answer

#: Ops that pass on what they take, and attributes that are no part of the mathematics.
_PASSING_ON = (
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
)
_NAMES_ONLY = (
    "T",
    "Tidx",
    "Tshape",
    "dtype",
    "N",
    "frame_name",
    "parallel_iterations",
    "is_constant",
    "Tperm",
    "U",
)
#: Constants of more numbers are named, and not shown.
_SHOWN = 6


class Edit(NamedTuple):
    """What the port does otherwise: a sentence, and what that makes of nodes of the legacy graph."""

    sentence: str
    changed: Mapping[str, Other]


def causes(place: Place, result: Array, dtype: str, read_port: Read) -> List[str]:
    """The sentences of the edits, alone or all together, with which the port's numbers follow from the legacy graph."""
    found = list(edits(place, read_port))
    fitting = [edit.sentence for edit in found if _fits(place.followed, edit.changed, result, dtype)]
    if fitting or len(found) < 2:
        return fitting[:1]
    together: Dict[str, Other] = {}
    for edit in found:
        together.update(edit.changed)
    return (
        ["; and ".join(edit.sentence for edit in found)]
        if _fits(place.followed, together, result, dtype)
        else []
    )


def _fits(followed: Followed, changed: Mapping[str, Other], result: Array, dtype: str) -> bool:
    try:
        with np.errstate(all="ignore"):
            reference = followed.but(changed).reference()
    except Exception:  # a wrong graph may fail in every way there is
        return False
    return compare(result, dtype, reference, dtype).word in PASSING


def edits(place: Place, read_port: Read) -> Iterator[Edit]:
    """What the port's nodes do otherwise, in the order of flow."""
    if place.spelled is None:
        return
    mine = [node for node in place.followed.nodes if _computes(node)]
    theirs = [node for node in place.spelled.nodes if _computes(node)]
    constants = _Constants(place, read_port)
    matcher = difflib.SequenceMatcher(None, [n.op for n in mine], [n.op for n in theirs], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for legacy, port in zip(mine[i1:i2], theirs[j1:j2]):
                yield from _attributes(legacy, port)
                yield from constants.differing(legacy, port)
            continue
        if i2 - i1 == j2 - j1:
            for legacy, port in zip(mine[i1:i2], theirs[j1:j2]):
                yield _another(legacy, port)
            continue
        for legacy in mine[i1:i2]:
            yield Edit(
                f"{legacy.op}{_at(legacy)} of the legacy graph is missing in the port",
                {legacy.name: _bypassed},
            )
        before = mine[i1 - 1] if i1 else None
        for port in theirs[j1:j2]:
            if before is not None:
                yield _more(before, port, constants)


def _computes(node: Node) -> bool:
    return node.op not in SOURCES and node.op not in _PASSING_ON


def _at(node: Node) -> str:
    return f" ({node.source})" if node.source else ""


def _bypassed(call: Any, inputs: Any) -> Any:
    return [inputs[0]]


def _attributes(legacy: Node, port: Node) -> Iterator[Edit]:
    for name in sorted(set(legacy.attributes) & set(port.attributes)):
        old, new = legacy.attributes[name], port.attributes[name]
        if name in _NAMES_ONLY or old == new:
            continue

        def changed(call, inputs, name=name, new=new):
            return answer(call._replace(attributes=dict(call.attributes, **{name: new})), inputs)

        sentence = f"{name} of {port.op}{_at(port)} is {_shown(new)}; the legacy graph{_at(legacy)} has {_shown(old)}"
        yield Edit(f"{sentence}: write {name}={_shown(old)}", {legacy.name: changed})


def _another(legacy: Node, port: Node) -> Edit:
    def changed(call, inputs):
        return answer(call._replace(op=port.op, attributes=dict(call.attributes, **port.attributes)), inputs)

    return Edit(
        f"the port has {port.op}{_at(port)} where the legacy graph has {legacy.op}{_at(legacy)}",
        {legacy.name: changed},
    )


def _more(before: Node, port: Node, constants: "_Constants") -> Edit:
    """An op of the port on top of what a legacy node gives."""

    def changed(call, inputs):
        flows = answer(call, inputs)
        others = [constants.of_port(name) for name in port.inputs]
        place = next((number for number, other in enumerate(others) if other is None), 0)
        given: List[Any] = [flows[0] if number == place else other for number, other in enumerate(others)]
        more = call._replace(op=port.op, attributes=port.attributes, inputs=(call.dtype,) * len(given))
        return answer(more, given)

    sentence = f"the port has {port.op}{_at(port)}, which the legacy graph does not have: leave it out"
    return Edit(sentence, {before.name: changed})


class _Constants:
    """What is constant on either side, through what only passes it on."""

    def __init__(self, place: Place, read_port: Read) -> None:
        assert place.spelled is not None
        self._mine = {node.tensor(): node for node in place.followed.nodes}
        self._theirs = {node.tensor(): node for node in place.spelled.nodes}
        self._legacy = place.followed
        self._read_port = read_port

    @staticmethod
    def _source(nodes: Mapping[str, Node], tensor: str) -> Optional[Node]:
        node = nodes.get(tensor)
        while node is not None and node.op in _PASSING_ON and node.inputs:
            node = nodes.get(node.inputs[0])
        return node if node is not None and node.op in ("Const", "Variable") else None

    def of_port(self, tensor: str) -> Optional[Array]:
        node = self._source(self._theirs, tensor)
        return None if node is None else self._read_port(node.outputs["0"].digest)

    def differing(self, legacy: Node, port: Node) -> Iterator[Edit]:
        for mine, theirs in zip(legacy.inputs, port.inputs):
            source, new = self._source(self._mine, mine), self.of_port(theirs)
            if source is None or new is None:
                continue
            old = self._legacy.recorded(source.tensor())
            if old.shape != new.shape or old.dtype != new.dtype or np.array_equal(old, new):
                continue
            yield self._edit(source, old, new, legacy, port)

    def _edit(self, source: Node, old: Array, new: Array, legacy: Node, port: Node) -> Edit:
        def changed(call, inputs, new=new):
            return [new]

        here, there = f"the port's {port.op}{_at(port)}", f"the legacy graph{_at(legacy)}"
        said = f"{here} takes {_numbers(new)} where {there} takes {_numbers(old)}"
        return Edit(f"{said}: write {_numbers(old)}" if old.size <= _SHOWN else said, {source.name: changed})


def _shown(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def _numbers(array: Array) -> str:
    if array.size > _SHOWN:
        return f"other numbers of shape {list(array.shape)}"
    said = [f"{item:.7g}" if isinstance(item, float) else str(item) for item in array.ravel().tolist()]
    return said[0] if array.size == 1 else f"[{', '.join(said)}]"
