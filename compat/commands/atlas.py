"""``compat atlas``: a page for every operation that the campaign knows: since when which bits, and which numbers."""

import argparse
import os
from typing import List, Optional, Sequence

from ..atlas import making, pages
from ..atlas.kept import FILE, Atlas, Operation, read, write
from ..errors import CompatError
from ..fuzz.catalogue import ENTRIES
from ..fuzz.judging import Known
from ..fuzz.pool import Pool, found_in
from ..records import Environment
from . import operations
from .scorecard import tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    operations.add_arguments(parser)
    parser.add_argument(
        "--out",
        default=os.path.join("out", "atlas"),
        metavar="FOLDER",
        help=f"where {FILE} and its pages go; operations that are there and not asked for stay (default: %(default)s)",
    )
    parser.add_argument(
        "--pages-only", action="store_true", help=f"write the pages of {FILE} again, and run nothing"
    )


def main(arguments: argparse.Namespace) -> int:
    path = os.path.join(arguments.out, FILE)
    names = operations.operations(arguments.operations)
    before = read(path) if arguments.pages_only or os.path.lexists(path) else None
    if arguments.pages_only and before is not None:
        return _show(arguments.out, before)
    known = operations.known(arguments.known)
    bits = {}
    with Pool(found_in(arguments.environments, arguments.versions)) as pool:
        kept = _kept(before, making.environments(pool), path)
        for done, name in enumerate(names, 1):
            bits[name] = making.run_once(name, pool)
            tell("operations, once", done, len(names))
    with Pool(found_in(arguments.environments, arguments.versions)) as pool:
        atlas = Atlas(making.environments(pool), kept)
        judged = Known(known, pool.environments())
        for done, name in enumerate(names, 1):
            atlas.put(making.operation(name, pool, judged, bits[name]))
            write(path, atlas)  # who stops it keeps what is done
            tell("operations, again", done, len(names))
    return _show(arguments.out, atlas)


def _kept(before: Optional[Atlas], environments: Sequence[Environment], path: str) -> List[Operation]:
    """What stays of the atlas that is there: letters stand for these environments only."""
    if before is None:
        return []
    if before.environments != list(environments):
        there = ", ".join(one.name for one in before.environments)
        raise CompatError(f"{path}: was made in other environments ({there}); choose another --out")
    return [one for one in before.operations if one.name in ENTRIES]


def _show(folder: str, atlas: Atlas) -> int:
    pages.write(folder, atlas)
    where = os.path.join(folder, pages.INDEX)
    print(f"{len(atlas.operations)} operations in {len(atlas.environments)} environments: {where}")
    return 0
