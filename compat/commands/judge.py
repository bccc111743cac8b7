"""``compat judge``: every verdict of stores anew, from what is recorded, without a framework."""

import sys
from typing import Any, Dict

from ..errors import StoreError
from ..judge.judging import judge_runs
from ..store import STORE, find
from .telling import Progress, add_all, add_cases, tell_runs


def add_arguments(parser: Any) -> None:
    parser.add_argument(
        "stores",
        nargs="*",
        metavar="STORE",
        help=f"stores, runs, or names of runs in {STORE} (default: {STORE})",
    )
    add_cases(parser)
    add_all(parser)


def main(arguments: Any) -> int:
    runs = find(arguments.stores or [STORE])
    judged = judge_runs(runs, arguments.cases, progress=Progress("judge"))
    told: Dict[int, Any] = {}
    for one in judged:
        try:
            one.run.write_verdicts(one.verdicts, told)
        except StoreError as error:  # a store that is only read is judged all the same
            print(f"compat judge: {error}: the verdicts are told here only", file=sys.stderr)
    return tell_runs(judged, arguments.all)
