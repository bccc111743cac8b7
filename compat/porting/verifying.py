"""A port judged by the legacy graph, and what there is to say of it in lines."""

import re
from typing import (
    Callable,
    Container,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

import numpy as np

from ..arrays import Array
from ..explain import causes_of_places
from ..graph.pairing import computing, same_numbers
from ..judge.graphs import Place, Side, places, untold
from ..judge.ports import cut_above, untried
from ..records import Output
from .outputs import Outputs, anchored
from .positions import nearer

#: Nodes without a partner that are named.
_MOST = 60
_SECONDS = 15.0
_CAUSES = ("cause", "as well possible")
_RESPELLED = re.compile(
    r"the port has [\w, ]+( \([^)]*\))? where the legacy graph has [\w, ]+( \([^)]*\))?\Z"
)
_CUTTING = ("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "ClipByValue", "Maximum", "Minimum", "Softplus")
#: How the op of a node is called whose inputs a trace does not show.
_UNSEEN = "of what is not visible"


class Judged(NamedTuple):
    """``legacy``, ``port``: with the paired outputs as theirs.  ``more``: what else could not be judged."""

    legacy: Side
    port: Side
    outputs: Outputs
    found: List[Place]
    more: List[str]

    @property
    def wrong(self) -> List[Place]:
        return [place for place in self.found if place.wrong and not _hidden(place)]

    @property
    def unjudged(self) -> List[str]:
        """What nothing can be said of, in lines."""
        lines = list(self.more)
        named = self.outputs.pairs
        for place in self.found:
            if place.numbers is None:
                lines.append(f"{place.pair.name}: {place.why}")
            elif place.wrong and _hidden(place):
                lines.append(
                    f"{place.pair.name}: it follows from a loop, or a function, whose inside is not visible"
                )
            elif place.vague and not place.wrong and place.pair.name in named:
                lines.append(f"{place.pair.name}: its bound allows more than it tells")
        for name in named:
            if all(place.pair.name != name for place in self.found):
                lines.append(f"{name}: it was not compared")
        traces = self.legacy.trace, self.port.trace
        text = untried(*traces) or ("" if self.wrong else _fewer(self) or cut_above(*traces))
        return lines + ([text] if text else [])

    @property
    def holds(self) -> bool:
        """Whether something was compared, and all of it agrees."""
        return bool(self.found) and not self.wrong and not self.unjudged


def judged(
    legacy: Side,
    port: Side,
    outputs: Outputs,
    more: Sequence[str] = (),
    anchors: Optional[Mapping[str, str]] = None,
    progress: Callable[[int, int], None] = untold,
) -> Judged:
    """``legacy``, ``port``: with the paired outputs as their outputs.  ``anchors``: further pairs, told by weights."""
    said = [
        f"the port's output {name} stands for no tensor of the legacy graph that is known: --pair LEGACY={name}"
        for name in outputs.left
    ]
    sides = anchored(legacy, port, anchors or {}, False, outputs.formed)
    wanted = set(legacy.trace.outputs)
    found = Judged(*sides, outputs, _places(*sides, wanted, progress), [*more, *said])
    if found.wrong:
        found = _nearer(found, wanted)
    if found.wrong and anchors:  # where it begins may be where the sizes part
        sides = anchored(legacy, port, anchors, True, outputs.formed)
        if len(sides[0].trace.outputs) > len(found.legacy.trace.outputs):
            closer = Judged(*sides, outputs, _places(*sides, wanted), [*more, *said])
            found = closer if closer.wrong else found
    return found


def _nearer(found: Judged, wanted: Container[str]) -> Judged:
    """With what stands at the same position on the way to the first wrong places, if it begins earlier then."""
    further = nearer(found.wrong)
    if not further:
        return found
    sides = anchored(found.legacy, found.port, further, False)
    closer = Judged(*sides, found.outputs, _places(*sides, wanted), found.more)
    order = {name: number for number, name in enumerate(found.legacy.trace.tensors())}
    first, other = ([order[place.pair.legacy] for place in one.wrong] for one in (found, closer))
    return closer if other and min(other) < min(first) else found


def _places(
    legacy: Side,
    port: Side,
    wanted: Container[str],
    progress: Callable[[int, int], None] = untold,
) -> List[Place]:
    """``wanted``: outputs that are outputs without the anchors as well."""
    tensors = port.trace.tensors()
    given: Dict[str, Output] = {name: tensors[tensor] for name, tensor in port.trace.outputs.items()}
    with np.errstate(all="ignore"):
        return places(legacy, port, given, progress, wanted) if given else []


class Explained(NamedTuple):
    """A wrong place: the ``line`` that is printed, the causes, the likeliest first, and what else was said."""

    place: Place
    line: str
    causes: List[str]
    rest: List[str]


def explained(one: Judged, known: Mapping[str, Array], seconds: float = _SECONDS) -> Iterator[Explained]:
    """Every wrong place, in the order of flow.  ``known``: other tensors, that a result may be instead."""
    for number, place in enumerate(one.wrong):
        word = "also wrong: " if number else "first wrong: "
        said = list(causes_of_places([place], one.port.read, known, seconds / max(1, min(3, len(one.wrong)))))
        where = f" (the port's {_port_place(one, place)})" if place.pair.port else ""
        head = said[0].replace("wrong at ", "on its own input, " if number else "", 1)
        causes, rest = _causes(said[1:])
        told = [f"{_CAUSES[bool(n)]}: {text}" for n, text in enumerate(causes)]
        yield Explained(place, word + "; ".join([head + where, *told, *rest]), causes, rest)


def lines(one: Judged, said: Iterable[Explained]) -> Iterator[str]:
    """From ``paired`` to ``not judged:``."""
    yield _paired(one)
    for name, why in one.outputs.why.items():
        mine, theirs = one.outputs.pairs[name]
        yield f"  the port's {theirs} is judged by {mine}: {why}"
    for place in said:
        yield place.line
    alone = without_partner(one)
    if alone:
        more = f" and {len(alone) - _MOST} more" if len(alone) > _MOST else ""
        yield f"without a partner: {', '.join(alone[:_MOST])}{more}"
    for line in one.unjudged:
        yield f"not judged: {line}"
    if not one.found:
        yield "not judged: nothing of the port could be compared with the legacy graph"


def _causes(said: Sequence[str]) -> Tuple[List[str], List[str]]:
    """(the causes, the rest), those first that name what to write: that two ops are spelled otherwise may be no fault
    at all."""
    sentences = [line.partition(": ")[2] for line in said if line.startswith(_CAUSES)]
    rest = [line for line in said if not line.startswith(_CAUSES)]
    sentences.sort(key=lambda text: bool(_RESPELLED.match(text)))
    return sentences, rest


def _fewer(one: Judged) -> str:
    """What cuts off is there less often in the port than in the legacy graph, and nothing came of it here."""
    counts = [
        sum(node.op in _CUTTING and "@" not in node.name for node in computing(side.trace))
        for side in (one.legacy, one.port)
    ]
    paired = {place.pair.legacy for place in one.found}
    alone = [
        node
        for node in computing(one.legacy.trace)
        if node.op in _CUTTING and "@" not in node.name and node.tensor() not in paired
    ]
    if counts[0] <= counts[1] or not alone:
        return ""
    named = ", ".join(f"{node.name} ({node.source})" if node.source else node.name for node in alone)
    return (
        f"the port has {counts[1]} of {counts[0]} ops that cut off, and these inputs do not show it: {named}"
    )


def counts(one: Judged) -> Tuple[Dict[str, int], int]:
    """(how many tensors paired, by the way; how many the port has)."""
    ways = {"name": 0, "structure": 0, "value": 0}
    mine = one.legacy.trace.tensors()
    met = set()
    for place in one.found:
        met.add(place.pair.port)
        if place.pair.name in one.outputs.pairs:
            way = "name" if one.outputs.why.get(place.pair.name) != "by the same numbers" else "value"
        else:
            expected, result = (
                one.legacy.read(mine[place.pair.legacy].digest),
                place.pair.array(one.port.read),
            )
            same = expected.shape == result.shape and same_numbers(expected, result)
            way = "value" if same else "structure"
        ways[way] += 1
    return ways, len({node.tensor() for node in computing(one.port.trace)} | met)


def _paired(one: Judged) -> str:
    ways, total = counts(one)
    told = ", ".join(f"{count} by {way}" for way, count in ways.items())
    return f"paired {len(one.found)} of the port's {total} tensors: {told}"


def _port_place(one: Judged, place: Place) -> str:
    node = one.port.trace.makers()[place.pair.port]
    return f"{node.name}, {node.source}" if node.source else node.name


def _hidden(place: Place) -> bool:
    """Whether the legacy graph does not say where the tensor comes from: what it was may be otherwise in the port."""
    return any(node.op.endswith(_UNSEEN) for node in place.followed.nodes)


def without_partner(one: Judged) -> List[str]:
    """The legacy nodes whose tensor pairs with none; they are judged on the way to the next one that does.

    What runs in a loop is told once.
    """
    paired = {place.pair.legacy for place in one.found}
    found: Dict[str, str] = {}
    inside: Dict[str, int] = {}
    for node in computing(one.legacy.trace):
        if node.tensor() in paired:
            continue
        name, at, _ = node.name.partition("@")
        if at:
            scope = name.split("/while/")[0] if "/while/" in name else name.rpartition("/")[0]
            inside[scope] = inside.get(scope, 0) + 1
            found[scope] = f"the {inside[scope]} of the loop {scope}"
        else:
            found[name] = f"{name} ({node.op}{', ' + node.source if node.source else ''})"
    return list(found.values())
