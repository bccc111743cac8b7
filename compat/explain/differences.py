"""All that a port's nodes do otherwise between two pairs, where no edit of the legacy graph alone explains it.

The port's numbers follow from its own nodes, and these differ from the legacy graph's in nothing else: so the cause is
among what is listed.
"""

import collections
from typing import Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..graph.nodes import Node
from ..judge.compare import compare
from ..judge.graphs import Place
from ..records import PASSING
from .structure import Constants, attributes, blocks, computes, kind
from .wiring import Wires, at

#: Differences beyond which a list of them tells nobody anything.
_LISTED = 4
#: So many are likelier than what numbers alone suggest.
_FEW = 2
#: Ops of more kinds than these are another spelling of something large.
_OPS = 12
#: Ops that broadcast what they take.
_ELEMENTWISE = (
    "Add",
    "AddV2",
    "Sub",
    "Mul",
    "Div",
    "RealDiv",
    "Maximum",
    "Minimum",
    "Pow",
    "SquaredDifference",
)


class Differences(NamedTuple):
    """All that the port's nodes do otherwise, in a ``sentence``, and whether that is ``little``: where it is much, some
    of it may be another spelling of the same.
    """

    sentence: str
    little: bool


def differences(place: Place, result: Array, dtype: str) -> Optional[Differences]:
    """What the port's nodes do otherwise; None where that is nothing, or not what it computed."""
    listed = list(_listed(place))
    little = len(listed) <= _FEW and len(_otherwise(place)) <= _OPS
    if len(listed) > _LISTED:
        listed = list(_of_kinds(place))
    if not listed or place.spelled is None:
        return None
    found = Differences("; and ".join(listed), little)
    try:
        with np.errstate(all="ignore"):
            own = place.spelled.reference()
    except Exception:  # what no rule covers was recorded all the same
        return found
    return found if compare(result, dtype, own, dtype).word in PASSING else None


def _listed(place: Place) -> Iterator[str]:
    """A sentence for each place where the nodes differ, several nodes together."""
    if place.spelled is None:
        return
    constants = Constants(place)
    compared = list(blocks(place))
    aligned = [pair for tag, ls, ps, _ in compared if tag == "equal" for pair in zip(ls, ps)]
    wires = Wires(place, aligned)
    yield from _stopped(place)
    yield from _broadcast(place, aligned)
    for tag, mine, theirs, _ in compared:
        if tag == "equal":
            for legacy, port in zip(mine, theirs):
                yield from (edit.sentence for edit in attributes(legacy, port))
                yield from (edit.sentence for edit in constants.differing(legacy, port))
                yield from (sentence for sentence, _ in wires.differing(legacy, port))
        elif not theirs:
            yield f"{_called(mine)} of the legacy graph is missing in the port"
        elif not mine:
            yield f"the port has {_called(theirs)}, which the legacy graph does not have: leave it out"
        else:
            yield f"the port has {_called(theirs)} where the legacy graph has {_called(mine)}"


def _otherwise(place: Place) -> "set[str]":
    """The ops of which one side has others."""
    if place.spelled is None:
        return set()
    return {
        kind(node) for tag, mine, theirs, _ in blocks(place) if tag != "equal" for node in (*mine, *theirs)
    }


def _stopped(place: Place) -> Iterator[str]:
    """Where gradients stop on one side only: an op that computes nothing, and changes what flows back."""
    assert place.spelled is not None
    mine, theirs = (
        [node for node in side.nodes if node.op in ("StopGradient", "PreventGradient")]
        for side in (place.followed, place.spelled)
    )
    if not any("gradients" in node.name for node in place.followed.nodes):
        return
    if len(mine) > len(theirs):
        yield f"{_called(mine)} of the legacy graph is missing in the port: stop the gradient there"
    elif len(theirs) > len(mine):
        yield f"the port has {_called(theirs)}, which the legacy graph does not have: the gradient stops there"


def _broadcast(place: Place, aligned: Sequence[Tuple[Node, Node]]) -> Iterator[str]:
    """The first op whose inputs have other shapes than those of the legacy graph, and broadcast to more numbers."""
    assert place.spelled is not None
    for legacy, port in aligned:
        mine, theirs = (
            [list(side.recorded(name).shape) for name in node.inputs]
            for side, node in ((place.followed, legacy), (place.spelled, port))
        )
        sizes = [
            int(np.prod(node.outputs["0"].shape)) if "0" in node.outputs else 0 for node in (legacy, port)
        ]
        if (
            legacy.op in _ELEMENTWISE
            and sizes[1] > sizes[0]
            and theirs != mine
            and len(theirs) == len(mine) == 2
        ):
            shapes = " and ".join(map(str, theirs)), " and ".join(map(str, mine))
            yield f"the port's {port.op}{at(port)} broadcasts {shapes[0]}; the legacy graph{at(legacy)} has {shapes[1]}"
            return


def _called(nodes: Sequence[Node]) -> str:
    ops = ", ".join(dict.fromkeys(node.op for node in nodes))
    return f"{ops}{at(nodes[0])}"


def _of_kinds(place: Place) -> Iterator[str]:
    """Of which ops one side has more than the other, where a list of all differences would be long."""
    assert place.spelled is not None
    mine, theirs = (
        collections.Counter(kind(node) for node in side.nodes if computes(node))
        for side in (place.followed, place.spelled)
    )
    more, less = sorted(theirs - mine), sorted(mine - theirs)
    if more and less:
        yield f"the port has {', '.join(more)} where the legacy graph has {', '.join(less)}"
    elif more:
        yield f"the port has {', '.join(more)}, more than the legacy graph has"
    elif less:
        yield f"{', '.join(less)} of the legacy graph is missing in the port"
