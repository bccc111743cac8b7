"""``compat accept``: make a run the golden, and say what changed."""

import os
from typing import Any

from ..judge.accepting import Changes, accept
from ..judge.judging import judge_runs
from ..store import find_one
from .telling import add_cases


def add_arguments(parser: Any) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's folder, or its name in out/runs")
    parser.add_argument(
        "--golden", default=os.path.join("cases", "golden"), metavar="FOLDER", help="default: %(default)s"
    )
    parser.add_argument(
        "--replace", action="store_true", help="remove the samples that the run does not hold"
    )
    add_cases(parser)


def main(arguments: Any) -> int:
    (judged,) = judge_runs([find_one(arguments.run)], arguments.cases)
    changes = accept(judged, arguments.golden, arguments.replace, _tell)
    told = ", ".join(
        f"{len(getattr(changes, what))} {what}" for what in ("added", "removed", "changed", "kept")
    )
    left = (
        f"; {len(changes.left)} that the run does not hold stay (--replace removes them)"
        if changes.left
        else ""
    )
    print(told + left)
    return 0


def _tell(changes: Changes) -> None:
    for what in ("added", "removed", "changed"):
        for sample_id in getattr(changes, what):
            print(f"{what}  {sample_id}", flush=True)
