"""``compat verify``: a port judged by the legacy graph, its weights carried first."""

from typing import Any, Dict, List, NamedTuple

from ..errors import CompatError
from ..judge.graphs import Side
from ..porting.carrying import Plan, assign, plan
from ..porting.kernels import kernels
from ..porting.mapping import Map, read_map
from ..porting.outputs import as_outputs, paired_outputs
from ..porting.sides import Port, Recorded, legacy_side, live_side, port_side
from ..porting.table import table
from ..porting.verifying import Judged, judged, lines
from ..sources import code
from ..sources.inputs import read_npz
from ..texts import printable


def add_arguments(parser: Any) -> None:
    add = parser.add_argument
    add("legacy", metavar="LEGACY", help="the folder of a traced run, or what compat trace takes")
    add(
        "port",
        metavar="PORT",
        help="FILE.py:FUNCTION, which returns a Keras model, a tf.Module or a function of the inputs; a file; a run",
    )
    add("--inputs", metavar="X.npz", help="compute both on these (default: the inputs of the traced run)")
    add("--pair", action="append", default=[], metavar="A=B", help="a legacy tensor and the port's for it")
    add("--map", metavar="map.toml", help="which weights go where, as compat carry writes it")
    add("--no-carry", action="store_true", help="the port has its own weights")


def main(arguments: Any) -> int:
    arrays = read_npz(arguments.inputs) if arguments.inputs else None
    told = read_map(arguments.map) if arguments.map else Map({}, [])
    legacy = legacy_side(arguments.legacy, arrays, _tell)
    port = _port(arguments, legacy, told)
    _tell(f"kernels {kernels(legacy)}")
    one = _judged(legacy, port, arguments.pair)
    known = {f"the input {name}": array for name, (array, _) in legacy.inputs.items()}
    for line in lines(one, known):
        _tell(line)
    if one.holds:
        _tell("all agree: what differs is rounding")
    return 0 if one.holds else 1


class _Port(NamedTuple):
    """``given``: of each of its inputs the legacy side's.  ``anchors``: pairs that the weights tell (``Plan``)."""

    recorded: Recorded
    given: Dict[str, str]
    anchors: Dict[str, str]


def _port(arguments: Any, legacy: Recorded, told: Map) -> _Port:
    """The port's side, its weights carried first."""
    if code.split(arguments.port) is None:
        return _Port(*port_side(arguments.port, legacy), {})
    live = Port(arguments.port)
    traced = live.traced(legacy.inputs)  # what is not built has no variables before
    if live.has_variables and not arguments.no_carry:
        _carry(plan(legacy, traced, told), live)
        traced = live.traced(legacy.inputs)
    anchors = plan(legacy, traced, told).anchors if live.has_variables else {}
    return _Port(live_side(arguments.port, traced, live.objects.read), traced.given, anchors)


def _carry(found: Plan, live: Port) -> None:
    for line in [*table(found), *found.refused]:
        _tell(line)
    if found.refused:
        raise CompatError(
            f"{len(found.refused)} weights not carried: say in a map what they are, --map map.toml (compat carry "
            "writes one), or --no-carry"
        )
    assign(live, found.rows)


def _judged(legacy: Recorded, port: _Port, told: List[str]) -> Judged:
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
    sides = Side(first, legacy.side.read), Side(second, theirs.side.read)
    return judged(*sides, outputs, more, port.anchors)


def _tell(text: str) -> None:
    print(printable(text), flush=True)
