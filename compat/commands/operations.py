"""What ``compat fuzz`` and ``compat atlas`` are asked alike: which operations, in which environments, what is known."""

import argparse
import os
from typing import List, Optional, Sequence

from ..errors import CompatError
from ..fuzz.catalogue import ENTRIES
from ..judge.known import KnownDifference, read

KNOWN = os.path.join("cases", "known_differences.toml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--operations", nargs="+", default=[], metavar="NAME", help="which (default: all)")
    parser.add_argument(
        "--versions",
        nargs="+",
        default=[],
        metavar="NAME",
        help="environments, as tf1.15 (default: all there are)",
    )
    parser.add_argument(
        "--environments", default=".tox", metavar="FOLDER", help="where they are (default: %(default)s)"
    )
    parser.add_argument(
        "--known", metavar="FILE", help=f"the differences that are understood (default: {KNOWN})"
    )


def operations(asked: Sequence[str]) -> List[str]:
    """Names of the catalogue, sorted; all where none are asked for.  Raises CompatError for one that is not there."""
    names = [part for name in asked for part in name.split(",") if part]
    unknown = [name for name in names if name not in ENTRIES]
    if unknown:
        raise CompatError(f"no operation {unknown[0]!r} is drawn; there are {', '.join(sorted(ENTRIES))}")
    return sorted(set(names)) or sorted(ENTRIES)


def known(path: Optional[str]) -> List[KnownDifference]:
    """Those of the file, or of the checkout where there is one.  Raises CompatError."""
    if path is None and not os.path.isfile(KNOWN):
        return []
    return read(path or KNOWN)
