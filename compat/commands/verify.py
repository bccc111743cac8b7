"""``compat verify``: a port judged by the legacy graph, its weights carried first."""

import hashlib
import os
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional

from ..errors import CompatError
from ..files import read_bytes
from ..judge.graphs import Side
from ..porting import findings
from ..porting.carrying import Plan, assign, plan
from ..porting.findings import Command, Weight
from ..porting.kernels import kernels
from ..porting.mapping import Map, read_map
from ..porting.outputs import as_outputs, paired_outputs
from ..porting.results import Origins, Weights, findings_of
from ..porting.sides import Port, Recorded, legacy_side, live_side, port_side
from ..porting.table import table
from ..porting.verifying import Explained, Judged, explained, judged, lines
from ..record.versions import version_of
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
    add("--out", metavar="FOLDER", help=f"write what was found, as {findings.NAME}, for compat mend")


def main(arguments: Any) -> int:
    if arguments.out is not None:
        findings.check_folder(arguments.out)
    arrays = read_npz(arguments.inputs) if arguments.inputs else None
    told = read_map(arguments.map) if arguments.map else Map({}, [])
    legacy = legacy_side(arguments.legacy, arrays, _tell)
    port = _port(arguments, legacy, told)
    command = _command(arguments, legacy, port)
    said_of_kernels = kernels(legacy)
    _tell(f"kernels {said_of_kernels}")
    one = _judged(legacy, port, arguments.pair)
    known = {f"the input {name}": array for name, (array, _) in legacy.inputs.items()}
    said: List[Explained] = []
    for line in lines(one, _kept(said, explained(one, known))):
        _tell(line)
    if one.holds:
        _tell("all agree: what differs is rounding")
    if arguments.out is not None:
        found = findings_of(command, said_of_kernels, legacy, one, said, port.weights, port.origins)
        findings.write(arguments.out, found, {name: array for name, (array, _) in legacy.inputs.items()})
        _tell(f"wrote {os.path.join(arguments.out, findings.NAME)}")
    return 0 if one.holds else 1


def _kept(said: List[Explained], places: Iterable[Explained]) -> Iterator[Explained]:
    for place in places:
        said.append(place)
        yield place


class _Port(NamedTuple):
    """``given``: of each of its inputs the legacy side's.  ``anchors``: pairs that the weights tell (``Plan``)."""

    recorded: Recorded
    given: Dict[str, str]
    anchors: Dict[str, str]
    weights: Weights = Weights([], [], [])
    origins: Origins = Origins()


def _port(arguments: Any, legacy: Recorded, told: Map) -> _Port:
    """The port's side, its weights carried first."""
    if code.split(arguments.port) is None:
        return _Port(*port_side(arguments.port, legacy), {})
    live = Port(arguments.port)
    weights = Weights([], [], [])
    if live.has_variables and not arguments.no_carry:
        weights = _carry(plan(legacy, live.traced(legacy.inputs), told), live)
    traced = live.traced(legacy.inputs)
    anchors = plan(legacy, traced, told).anchors if live.has_variables else {}
    side = live_side(arguments.port, traced, live.objects.read)
    return _Port(side, traced.given, anchors, weights, Origins(live, traced))


def _carry(found: Plan, live: Port) -> Weights:
    for line in [*table(found), *found.refused]:
        _tell(line)
    if found.refused:
        raise CompatError(
            f"{len(found.refused)} weights not carried: say in a map what they are, --map map.toml (compat carry "
            "writes one), or --no-carry"
        )
    assign(live, found.rows)
    rows = [Weight(row.port, list(row.legacy), row.how, row.why) for row in found.rows]
    return Weights(rows, list(found.unused), list(found.notes))


def _command(arguments: Any, legacy: Recorded, port: _Port) -> Command:
    """To be asked before the legacy program is run again: it imports files as well."""
    live: Optional[Port] = port.origins.port
    return Command(
        arguments.legacy,
        arguments.port,
        os.getcwd(),
        legacy.source,
        legacy.environment,
        arguments.map or "",
        list(arguments.pair),
        not arguments.no_carry,
        {name: version_of(name) or "" for name in ("tensorflow", "keras", "numpy")},
        {path: hashlib.sha256(read_bytes(path)).hexdigest() for path in (live.files if live else [])},
    )


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
