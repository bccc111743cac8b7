"""``compat verify``: a port judged by the legacy graph, its weights carried first."""

import os
from typing import Any, List, Optional, Tuple

from ..errors import CompatError
from ..judge.graphs import Side
from ..porting.carrying import assign, plan
from ..porting.kernels import kernels
from ..porting.mapping import Map, read_map
from ..porting.outputs import as_outputs, paired_outputs
from ..porting.sides import Port, Recorded, legacy_side, port_side
from ..porting.table import table
from ..porting.verifying import Judged, judged, lines
from ..sources.inputs import read_npz
from ..store import Run
from ..texts import printable


def add_arguments(parser: Any) -> None:
    add = parser.add_argument
    add("legacy", metavar="LEGACY", help="the folder of a traced run, or what compat trace takes")
    add(
        "port",
        metavar="PORT",
        help="FILE.py:FUNCTION, which returns a Keras model, a tf.Module or a function of the inputs; a file; a traced run",
    )
    add("--inputs", metavar="X.npz", help="compute both on these (default: the inputs of the traced run)")
    add("--pair", action="append", default=[], metavar="A=B", help="a legacy tensor and the port's for it")
    add("--map", metavar="map.toml", help="which weights go where, as compat carry writes it")
    add("--no-carry", action="store_true", help="the port has its own weights")


def main(arguments: Any) -> int:
    arrays = read_npz(arguments.inputs) if arguments.inputs else None
    told = read_map(arguments.map) if arguments.map else Map({}, [])
    legacy = legacy_side(arguments.legacy, arrays, _tell)
    port, given = _port(arguments, legacy, told)
    _tell(f"kernels {kernels(legacy, _tell)}")
    one = _judged(legacy, port, given, arguments.pair)
    known = {f"the input {name}": array for name, (array, _) in legacy.inputs.items()}
    for line in lines(one, known):
        _tell(line)
    if one.holds:
        _tell("all agree: what differs is rounding")
    return 0 if one.holds else 1


def _port(arguments: Any, legacy: Recorded, told: Map) -> Tuple[Recorded, "dict[str, str]"]:
    """The port's side, and of each of its inputs the legacy side's; its weights carried first."""
    live: Optional[Port] = None
    if not (os.path.isdir(arguments.port) and Run.exists(arguments.port)) and ".py:" in arguments.port:
        live = Port(arguments.port)
    if live is None or not live.has_variables:
        return port_side(arguments.port, legacy, live)
    if not arguments.no_carry:
        found = plan(legacy, live.traced(legacy.inputs), told)
        for line in [*table(found), *found.refused]:
            _tell(line)
        if found.refused:
            raise CompatError(
                f"{len(found.refused)} weights not carried: say in a map what they are, --map map.toml (compat carry writes "
                "one), or --no-carry"
            )
        assign(live, found.rows)
    return port_side(arguments.port, legacy, live)


def _judged(legacy: Recorded, port: Recorded, given: "dict[str, str]", told: List[str]) -> Judged:
    outputs = paired_outputs(legacy.side, port.side, told)
    mine = as_outputs(legacy.side.trace, {name: pair[0] for name, pair in outputs.pairs.items()})
    theirs = as_outputs(port.side.trace, {name: pair[1] for name, pair in outputs.pairs.items()}, given)
    more = [
        f"{who} is random: {', '.join(side.random)} had other bits when it was run again"
        for who, side in (("the legacy side", legacy), ("the port", port))
        if side.random
    ]
    return judged(Side(mine, legacy.side.read), Side(theirs, port.side.read), outputs, more)


def _tell(text: str) -> None:
    print(printable(text), flush=True)
