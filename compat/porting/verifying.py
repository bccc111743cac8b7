"""A port judged by the legacy graph, and what there is to say of it in lines."""

from typing import Dict, Iterator, List, Mapping, NamedTuple, Sequence

import numpy as np

from ..arrays import Array
from ..explain import causes_of_places
from ..graph.pairing import computing, same_numbers
from ..judge.graphs import Place, Side, places
from ..judge.ports import untried
from ..records import Output
from .outputs import Outputs

#: Nodes without a partner that are named.
_MOST = 12
_SECONDS = 15.0


class Judged(NamedTuple):
    """``legacy``, ``port``: with the paired outputs as theirs.  ``more``: what else could not be judged."""

    legacy: Side
    port: Side
    outputs: Outputs
    found: List[Place]
    more: List[str]

    @property
    def wrong(self) -> List[Place]:
        return [place for place in self.found if place.wrong]

    @property
    def unjudged(self) -> List[str]:
        """What nothing can be said of, in lines."""
        lines = list(self.more)
        named = self.outputs.pairs
        for place in self.found:
            if place.numbers is None:
                lines.append(f"{place.pair.name}: {place.why}")
            elif place.vague and not place.wrong and place.pair.name in named:
                lines.append(f"{place.pair.name}: its bound allows more than it tells")
        for name in named:
            if all(place.pair.name != name for place in self.found):
                lines.append(f"{name}: it was not compared")
        text = untried(self.legacy.trace, self.port.trace)
        return lines + ([text] if text else [])

    @property
    def holds(self) -> bool:
        """Whether something was compared, and all of it agrees."""
        return bool(self.found) and not self.wrong and not self.unjudged


def judged(legacy: Side, port: Side, outputs: Outputs, more: Sequence[str] = ()) -> Judged:
    """``legacy``, ``port``: with the paired outputs as their outputs."""
    tensors = port.trace.tensors()
    given: Dict[str, Output] = {name: tensors[theirs] for name, (_, theirs) in outputs.pairs.items()}
    with np.errstate(all="ignore"):
        found = places(legacy, port, given) if given else []
    said = [
        f"the port's output {name} stands for no tensor of the legacy graph that is known: --pair LEGACY={name}"
        for name in outputs.left
    ]
    return Judged(legacy, port, outputs, found, [*more, *said])


def lines(one: Judged, known: Mapping[str, Array], seconds: float = _SECONDS) -> Iterator[str]:
    """From ``paired`` to ``not judged:``.  ``known``: other tensors, that a result may be instead."""
    yield _paired(one)
    for name, why in one.outputs.why.items():
        mine, theirs = one.outputs.pairs[name]
        yield f"  the port's {theirs} is judged by {mine}: {why}"
    for number, place in enumerate(one.wrong):
        word = "also wrong: " if number else "first wrong: "
        said = list(causes_of_places([place], one.port.read, known, seconds / max(1, min(3, len(one.wrong)))))
        where = f" (the port's {_port_place(one, place)})" if place.pair.port else ""
        head = said[0].replace("wrong at ", "", 1) if said else place.pair.name
        yield f"{word}{'; '.join([head + where, *said[1:]])}{', on its own input' if number else ''}"
    alone = without_partner(one)
    if alone:
        more = f" and {len(alone) - _MOST} more" if len(alone) > _MOST else ""
        yield f"without a partner: {', '.join(alone[:_MOST])}{more}"
    for line in one.unjudged:
        yield f"not judged: {line}"
    if not one.found:
        yield "not judged: nothing of the port could be compared with the legacy graph"


def _paired(one: Judged) -> str:
    ways = {"name": 0, "structure": 0, "value": 0}
    mine = one.legacy.trace.tensors()
    met = set()
    for place in one.found:
        met.add(place.pair.port)
        if place.pair.name in one.outputs.pairs:
            way = "name" if one.outputs.why.get(place.pair.name) != "by the same numbers" else "value"
        else:
            expected = one.legacy.read(mine[place.pair.legacy].digest)
            way = "value" if same_numbers(expected, one.port.read(place.pair.result.digest)) else "structure"
        ways[way] += 1
    total = len({node.tensor() for node in computing(one.port.trace)} | met)
    counts = ", ".join(f"{count} by {way}" for way, count in ways.items())
    return f"paired {len(one.found)} of the port's {total} tensors: {counts}"


def _port_place(one: Judged, place: Place) -> str:
    node = one.port.trace.makers()[place.pair.port]
    return f"{node.name}, {node.source}" if node.source else node.name


def without_partner(one: Judged) -> List[str]:
    """The legacy nodes whose tensor pairs with none; they are judged on the way to the next one that does."""
    paired = {place.pair.legacy for place in one.found}
    return [
        f"{node.name} ({node.op}{', ' + node.source if node.source else ''})"
        for node in computing(one.legacy.trace)
        if node.tensor() not in paired
    ]
