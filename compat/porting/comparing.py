"""A port beside the legacy side: its weights carried, traced on the same inputs, and judged."""

from typing import Callable, Dict, List, NamedTuple

from ..errors import CompatError
from ..judge.graphs import Side, untold
from ..sources import code
from .carrying import Plan, assign, plan
from .findings import Weight
from .mapping import Map
from .outputs import as_outputs, paired_outputs
from .results import Origins, Weights
from .sides import Port, Recorded, TracedPort, live_side, port_side
from .table import table
from .verifying import Judged, judged

Tell = Callable[[str], None]
#: (what is done, of what) -> what is told how many of them are done, of how many.
Waiting = Callable[[str, str], Callable[[int, int], None]]


def unwaited(what: str, unit: str) -> Callable[[int, int], None]:
    """Nobody waits."""
    return untold


class NotCarried(CompatError):
    """Weights were refused.  ``plan``: what of them, ``live``, ``traced``: the port as it is."""

    def __init__(self, found: Plan, live: Port, traced: TracedPort) -> None:
        super().__init__(
            f"{len(found.refused)} weights not carried: say in a map what they are, --map map.toml (compat carry "
            "writes one), or --no-carry"
        )
        self.plan, self.live, self.traced = found, live, traced


class Compared(NamedTuple):
    """``given``: of each of its inputs the legacy side's.  ``anchors``: pairs that the weights tell (``Plan``)."""

    recorded: Recorded
    given: Dict[str, str]
    anchors: Dict[str, str]
    weights: Weights = Weights([], [], [])
    origins: Origins = Origins()


def compared(
    text: str, legacy: Recorded, told: Map, carry: bool, tell: Tell, waiting: Waiting = unwaited
) -> Compared:
    """The port's side, its weights carried first.  Raises NotCarried."""
    if code.split(text) is None:
        return Compared(*port_side(text, legacy), {})
    live = Port(text)
    weights = Weights([], [], [])
    traced = live.traced(
        legacy.inputs, waiting("the port traced", "tensors")
    )  # what is not built has no variables before
    if live.has_variables and carry:
        weights = carried(_planned(legacy, traced, told, waiting), live, traced, tell)
    return on_inputs(live, legacy, told, weights, waiting)


def _planned(legacy: Recorded, traced: TracedPort, told: Map, waiting: Waiting) -> Plan:
    return plan(legacy, traced, told, progress=waiting("weights matched", "places that use them"))


def on_inputs(
    live: Port, legacy: Recorded, told: Map, weights: Weights, waiting: Waiting = unwaited
) -> Compared:
    """The port as it is, computed on the legacy side's inputs."""
    traced = live.traced(legacy.inputs, waiting("the port traced with these weights", "tensors"))
    anchors = _planned(legacy, traced, told, waiting).anchors if live.has_variables else {}
    side = live_side(live.text, traced, live.objects.read)
    return Compared(side, traced.given, anchors, weights, Origins(live, traced))


def carried(found: Plan, live: Port, traced: TracedPort, tell: Tell) -> Weights:
    for line in [*table(found), *found.refused]:
        tell(line)
    if found.refused:
        raise NotCarried(found, live, traced)
    assign(live, found.rows)
    rows = [Weight(row.port, list(row.legacy), row.how, row.why) for row in found.rows]
    return Weights(rows, list(found.unused), list(found.notes))


def judged_sides(
    legacy: Recorded, port: Compared, told: List[str], progress: Callable[[int, int], None] = untold
) -> Judged:
    """``told``: pairs as ``--pair`` names them.  ``progress(done, total)`` is told of every pair judged."""
    theirs = port.recorded
    outputs = paired_outputs(legacy.side, theirs.side, told)
    first = as_outputs(legacy.side.trace, {name: pair[0] for name, pair in outputs.pairs.items()})
    second = as_outputs(
        theirs.side.trace, {name: pair[1] for name, pair in outputs.pairs.items()}, port.given
    )
    more = [
        f"{who} is random: {', '.join(side.random)} had other bits when it was run again"
        for who, side in (("the legacy side", legacy), ("the port", theirs))
        if side.random
    ]
    mine = Side(first, legacy.side.read)
    return judged(mine, Side(second, theirs.side.read), outputs, more, port.anchors, progress)
