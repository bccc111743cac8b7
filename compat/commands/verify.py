"""``compat verify``: a port judged by the legacy graph, its weights carried first."""

import hashlib
import os
from typing import Any, Iterable, Iterator, List, Optional

from ..errors import CompatError
from ..files import read_bytes
from ..porting import findings
from ..porting.comparing import NotCarried, compared, judged_sides
from ..porting.findings import Command
from ..porting.kernels import kernels
from ..porting.mapping import Map, read_map
from ..porting.results import findings_of, findings_of_refused
from ..porting.sides import Port, Recorded, legacy_side
from ..porting.training import compared_training, lines_of_training, said_of, with_steps
from ..porting.verifying import Explained, explained, lines
from ..record.versions import version_of
from ..sources.inputs import read_npz
from ..texts import printable
from . import elsewhere
from .telling import Progress


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
    add(
        "--training",
        action="store_true",
        help="a step of training: loss, gradients, moving statistics, optimiser (compat trace --training)",
    )
    add("--out", metavar="FOLDER", help=f"write what was found: a page, and {findings.NAME} for compat mend")


def main(arguments: Any) -> int:
    if arguments.out is not None:
        findings.check_folder(arguments.out)
    arrays = read_npz(arguments.inputs) if arguments.inputs else None
    told = read_map(arguments.map) if arguments.map else Map({}, [])
    legacy = legacy_side(arguments.legacy, arrays, _tell, arguments.training)
    if arguments.training:
        return _training(arguments, legacy, told)
    try:
        port = compared(arguments.port, legacy, told, not arguments.no_carry, _tell, _waiting)
    except NotCarried as error:
        if arguments.out is not None:
            _write(
                arguments.out,
                legacy,
                findings_of_refused(_command(arguments, legacy, error.live), legacy, error),
            )
        raise
    command = _command(arguments, legacy, port.origins.port)
    said_of_kernels = kernels(legacy, _waiting)
    _tell(f"kernels {said_of_kernels}")
    one = judged_sides(legacy, port, arguments.pair, Progress("verify", unit="pairs"))
    known = {f"the input {name}": array for name, (array, _) in legacy.inputs.items()}
    said: List[Explained] = []
    for line in lines(one, _kept(said, explained(one, known))):
        _tell(line)
    if one.holds:
        _tell("all agree: what differs is rounding")
    if arguments.out is not None:
        _write(
            arguments.out, legacy,
            findings_of(command, said_of_kernels, legacy, one, said, port.weights, port.origins),
        )  # fmt: skip
    return 0 if one.holds else 1


def _write(folder: str, legacy: Recorded, found: findings.Findings) -> None:
    findings.write(folder, found, {name: array for name, (array, _) in legacy.inputs.items()})
    _tell(f"wrote {os.path.join(folder, findings.NAME)}")
    pages = elsewhere.commands().get("report")
    try:
        if pages is None:
            raise CompatError("the pages are not installed: pip install 'compat[report]'")
        elsewhere.run(pages, [folder])
    except CompatError as error:
        _tell(f"no page: {error}; then compat report {folder}, in any Python, makes it")


def _training(arguments: Any, legacy: Recorded, told: Map) -> int:
    """A step of training judged; the network is computed as in training."""
    taken = compared_training(arguments.port, legacy, told, arguments.pair, not arguments.no_carry, _tell)
    one = taken.training
    command = _command(arguments, legacy, taken.origins.port)
    said_of_kernels = kernels(legacy, _waiting)
    _tell(f"kernels {said_of_kernels}")
    _tell(said_of(one))
    known = {f"the input {name}": array for name, (array, _) in legacy.inputs.items()}
    said: List[Explained] = []
    for line in lines(one.network, _kept(said, explained(one.network, known))):
        _tell(line)
    for line in lines_of_training(one, bool(one.network.wrong)):
        _tell(line)
    if one.holds:
        _tell("all agree: what differs is rounding")
    if arguments.out is not None:
        found = findings_of(command, said_of_kernels, legacy, one.network, said, taken.weights, taken.origins)
        _write(arguments.out, legacy, with_steps(found, one))
    return 0 if one.holds else 1


def _waiting(what: str, unit: str) -> Progress:
    return Progress(f"verify: {what}", unit=unit)


def _kept(said: List[Explained], places: Iterable[Explained]) -> Iterator[Explained]:
    for place in places:
        said.append(place)
        yield place


def _command(arguments: Any, legacy: Recorded, live: Optional[Port]) -> Command:
    """To be asked before the legacy program is run again: it imports files as well."""
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


def _tell(text: str) -> None:
    print(printable(text), flush=True)
