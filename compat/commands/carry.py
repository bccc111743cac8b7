"""``compat carry``: the legacy side's weights into a port, matched by where the two graphs use them."""

import os
from typing import Any

from ..errors import CompatError
from ..porting.carrying import assign, plan
from ..porting.mapping import Map, read_map, write_map
from ..porting.sides import Port, legacy_side
from ..porting.table import table
from ..porting.weights import write_weights
from ..texts import printable

_MAP = "map.toml"


def add_arguments(parser: Any) -> None:
    add = parser.add_argument
    add("legacy", metavar="LEGACY", help="the folder of a traced run, or a Saver checkpoint")
    add("port", metavar="PORT", help="FILE.py:FUNCTION, which returns a Keras model or a tf.Module")
    add(
        "--map",
        metavar="map.toml",
        help=f"what a person says of it; without it {_MAP} is written, with what was found",
    )
    add(
        "--out",
        metavar="WEIGHTS",
        help="write what the port loads: .weights.h5 of Keras 3, .h5 of Keras 2, .npz, or a checkpoint of a tf.Module",
    )


def main(arguments: Any) -> int:
    told = read_map(arguments.map) if arguments.map else Map({}, [])
    legacy = legacy_side(arguments.legacy, None, _tell)
    port = Port(arguments.port)
    if not hasattr(port.made, "variables"):
        raise CompatError(
            f"{arguments.port}: returned a function without variables; expected a Keras model or a tf.Module"
        )
    found = plan(legacy, port.traced(legacy.inputs), told)
    for line in table(found):
        _tell(line)
    if not arguments.map:
        if os.path.lexists(_MAP):
            _tell(f"{_MAP} is there and stays as it is: --map {_MAP} takes it")
        else:
            rows = [(row.port, row.legacy, row.why) for row in found.rows]
            write_map(_MAP, rows, found.unused, found.refused)
            _tell(f"wrote {_MAP}")
    if found.refused:
        for line in found.refused:
            _tell(line)
        raise CompatError(
            f"{len(found.refused)} not carried: say in the map what they are, and give it with --map"
        )
    if not found.rows:
        raise CompatError("there is nothing to carry: the legacy side has no variables")
    assign(port, found.rows)
    if legacy.random:
        _tell(
            f"note: {', '.join(legacy.random)} of the legacy side is random: other bits when it was run again"
        )
    _tell(f"carried {len(found.rows)} variables; shapes and dtypes are equal")
    if arguments.out:
        _tell(f"wrote {arguments.out}: {write_weights(port, arguments.out)}")
    return 0


def _tell(text: str) -> None:
    print(printable(text), flush=True)
