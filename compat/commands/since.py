"""``compat since``: at which versions a result changed, of those that were run."""

import argparse
from typing import List

from ..errors import CompatError
from ..judge import since
from ..judge.judging import judge_runs
from ..judge.since import Point
from ..store import STORE, find
from .telling import add_cases


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_what(parser)
    parser.add_argument(
        "--runs",
        nargs="+",
        default=[STORE],
        metavar="RUN",
        help=f"stores, runs, or their names (default: {STORE})",
    )
    add_cases(parser)


def add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sample", metavar="SAMPLE", help="its id: conv2d[b1]")
    parser.add_argument("dialect", metavar="DIALECT", help="e.g. tf1.session")
    parser.add_argument("--onednn", action="store_true", help="among the environments with oneDNN")


def main(arguments: argparse.Namespace) -> int:
    """Every change, by bits and by verdict."""
    points = points_of(arguments)
    ends = f"{points[0].name} to {points[-1].name}"
    print(f"{arguments.sample} {arguments.dialect}: {len(points)} versions, {ends}")
    for by, what in (("bits", "other bits"), ("word", "another verdict")):
        found = since.changes(points, by)
        if not found:
            print(f"  the same {'bits' if by == 'bits' else 'verdict, ' + points[-1].word} in all of them")
        for before, after in found:
            text = f": {before.word} -> {after.word}" if by == "word" else ""
            message = f" ({after.message})" if by == "word" and after.message else ""
            print(f"  {what} since {after.name} (before: {before.name}){text}{message}")
    return 0


def points_of(arguments: argparse.Namespace) -> List[Point]:
    runs = [since.only(run, arguments.sample) for run in find(arguments.runs)]
    judged = judge_runs(runs, arguments.cases)
    points = since.history(judged, arguments.sample, arguments.dialect, "-onednn" if arguments.onednn else "")
    if len(points) < 2:
        raise CompatError(
            f"{', '.join(arguments.runs)}: {len(points)} environments have a record of {arguments.sample} in "
            f"{arguments.dialect}; two are needed: tox runs more"
        )
    return points
