"""The Findings of what was judged."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set

import numpy as np

from ..arrays import digest
from ..explain.structure import depending
from ..graph.nodes import Node
from ..graph.replay import Followed, Replay
from ..judge.graphs import Place, Side
from .edits import with_edits
from .findings import Cause, Command, Finding, Findings, Input, Op, Spot, Tensor, Weight
from .sides import Port, Recorded, TracedPort
from .verifying import Explained, Judged, counts, without_partner

#: Numbers of a constant that are kept; nodes of a place.
_FEW, _NODES = 8, 1000


class Origins(NamedTuple):
    """Where the port's ops come from: a live port's; of a file or a run nothing is known."""

    port: Optional[Port] = None
    traced: Optional[TracedPort] = None

    def of(self, node: Node) -> Op:
        op = Op(node.name, node.op, source=node.source)
        if self.port is not None and self.traced is not None:
            op.spots = self.traced.stacks.of(node.name)
            op.layer = self.port.construction.layer_of(node.name)
        return op


def findings_of(
    command: Command, kernels: str, legacy: Recorded, one: Judged, said: Sequence[Explained], weights: "Weights",
    origins: Origins,
) -> Findings:  # fmt: skip
    """All that was said of the two sides."""
    numbers = {id(place): number for number, place in enumerate(one.found)}
    ways, total = counts(one)
    mine, theirs = one.legacy.trace.makers(), one.port.trace.makers()
    wrong = {id(place) for place in one.wrong}
    words = "all agree" if one.holds else ("differs" if one.wrong else "not judged")
    return Findings(
        command,
        words,
        kernels,
        weights=weights.rows,
        unused=weights.unused,
        notes=weights.notes,
        inputs=_inputs(legacy),
        paired=ways,
        tensors_of_port=total,
        outputs={name: list(pair) for name, pair in one.outputs.pairs.items()},
        why=dict(one.outputs.why),
        tensors=[
            _tensor(
                place, mine[place.pair.legacy], _maker(theirs, place.pair.port), id(place) in wrong, origins
            )
            for place in one.found
        ],
        wrong=[_finding(each, numbers[id(each.place)], origins) for each in said],
        not_judged=list(one.unjudged),
        without_partner=without_partner(one),
        whole=None if one.holds or one.wrong else _whole(one.legacy, one.port, origins),
    )


def findings_of_refused(command: Command, legacy: Recorded, why: Any) -> Findings:
    """What there is to say where weights were refused.  ``why``: the NotCarried."""
    return Findings(
        command,
        "not carried",
        "",
        notes=list(why.plan.notes),
        unused=list(why.plan.unused),
        inputs=_inputs(legacy),
        refused=list(why.plan.refused),
        whole=_whole(
            legacy.side, Side(why.traced.traced.trace, why.live.objects.read), Origins(why.live, why.traced)
        ),
    )


def _inputs(legacy: Recorded) -> Dict[str, Input]:
    return {
        name: Input(dtype, list(array.shape), digest(array)) for name, (array, dtype) in legacy.inputs.items()
    }


def _whole(legacy: Side, port: Side, origins: Origins) -> Finding:
    sides = []
    for side, of in ((legacy, Origins()), (port, origins)):
        replay = Replay(side.trace, side.read)
        given = {tensor: replay.recorded(tensor) for tensor in side.trace.inputs.values()}
        makers = side.trace.makers()
        wanted = {node.name for node in side.trace.ancestors(side.trace.outputs.values())}
        nodes = [node for node in side.trace.nodes if node.name in wanted]
        last = nodes[-1].tensor() if nodes and nodes[-1].tensor() in makers else next(iter(makers))
        sides.append(_ops(replay.follow(last, given).through(nodes), of))
    return Finding("", 0, legacy=sides[0], port=sides[1])


class Weights(NamedTuple):
    """The table of what went where."""

    rows: List[Weight]
    unused: List[str]
    notes: List[str]


def _tensor(place: Place, mine: Node, node: Optional[Node], wrong: bool, origins: Origins) -> Tensor:
    theirs = origins.of(node) if node is not None else None
    return Tensor(
        place.pair.name,
        place.pair.legacy,
        place.pair.port,
        mine.op,
        theirs.op if theirs else "",
        place.source,
        _where(theirs) if theirs else "",
        place.numbers,
        place.why,
        place.vague,
        wrong,
    )


def _maker(makers: Dict[str, Node], tensor: str) -> Optional[Node]:
    """What computes a tensor: not what only passes it on as an output."""
    node = makers.get(tensor)
    while node is not None and node.op in ("Identity", "StopGradient") and node.inputs[0] in makers:
        node = makers[node.inputs[0]]
    return node


def _where(op: Op) -> str:
    spot = spot_of(op)
    return spot.text if spot is not None else op.source


def spot_of(op: Op) -> Optional[Spot]:
    """The line of a person's that says how the op is computed: a Keras layer's construction, else the op's own."""
    if op.layer is not None and not op.layer.own and op.layer.made:
        return op.layer.made[0]
    if op.spots:
        return op.spots[0]
    return op.layer.made[0] if op.layer is not None and op.layer.made else None


def _finding(each: Explained, number: int, origins: Origins) -> Finding:
    found = Finding(each.line, number, _causes(each), list(each.rest))
    found.legacy = _ops(each.place.followed, Origins())
    found.port = _ops(each.place.spelled, origins) if each.place.spelled is not None else []
    if each.place.spelled is not None:
        makers = each.place.spelled.trace.makers()
        found.before = [origins.of(makers[tensor]) for tensor in each.place.spelled.given]
    found.causes = with_edits(found.causes, found)
    return found


def _causes(each: Explained) -> List[Cause]:
    return [Cause(text, not number) for number, text in enumerate(each.causes)]


def _ops(side: Followed, origins: Origins) -> List[Op]:
    depends = _varying(side)
    tensors = side.trace.tensors()
    found = []
    for node in side.nodes[-_NODES:]:
        op = origins.of(node)
        op.inputs = list(node.inputs)
        op.attributes = {} if node.op == "Variable" else dict(node.attributes)
        op.shape = list(node.outputs["0"].shape) if "0" in node.outputs else []
        for place, name in enumerate(node.inputs):
            if name not in depends and int(np.prod(tensors[name].shape)) <= _FEW:
                array = side.recorded(name)
                if array.dtype.kind in "fiub":
                    op.constants[str(place)] = array.tolist()
        found.append(op)
    return found


def _varying(side: Followed) -> Set[str]:
    """What follows from a given tensor, or from a variable."""
    found = depending(side)
    for node in side.nodes:
        if node.op == "Variable" or not found.isdisjoint(node.inputs):
            found.update(node.tensor(int(number)) for number in node.outputs)
    return found
