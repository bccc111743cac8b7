"""``compat bisect``: the last change of a result, down to neighbouring versions, which tox runs as they are needed."""

import argparse

from ..judge import since
from ..record.dialects import dialect as find_dialect
from ..store import STORE
from .since import add_what, points_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_what(parser)
    parser.add_argument(
        "--by", choices=("word", "bits"), default="word", help="what has to change (default: the verdict)"
    )
    parser.set_defaults(runs=[STORE], cases=None)  # where tox.ini writes


def main(arguments: argparse.Namespace) -> int:
    find_dialect(arguments.dialect)
    points_of(arguments)
    variant = "-onednn" if arguments.onednn else ""
    names = since.environments("tox.ini", variant)
    compute = since.run_by_tox("tox.ini", arguments.sample, arguments.dialect)
    found = since.bisect(STORE, arguments.sample, arguments.dialect, arguments.by, names, compute)
    if found is None:
        print(f"{arguments.sample} {arguments.dialect}: no stored version differs from another")
        return 0
    before, after = found
    print(f"{arguments.sample} {arguments.dialect}: since {after.name} (before: {before.name})")
    print(f"  {before.name}: {before.word}\n  {after.name}: {after.word} {after.message}".rstrip())
    return 1
