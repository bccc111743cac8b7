"""``compat diff``: what changed between two runs, sample by sample and dialect by dialect."""

from typing import Any

from ..judge.changes import compare, summary
from ..judge.judging import judge_runs
from ..records import NOT_JUDGED
from ..store import find_one
from .telling import add_cases


def add_arguments(parser: Any) -> None:
    parser.add_argument("run_a", metavar="RUN_A", help="a run's folder, or its name in out/runs")
    parser.add_argument("run_b", metavar="RUN_B")
    add_cases(parser)


def main(arguments: Any) -> int:
    """Print what changed; 1 if a regression is among it, or if anything could not be judged or compared."""
    a, b = judge_runs([find_one(arguments.run_a), find_one(arguments.run_b)], arguments.cases)
    changes = compare(a, b)
    for change in changes:
        if change.word != "identical":
            print(f"{change.word:10} {change.sample} {change.dialect}: {change.text}")
    print(summary(a, b, changes))
    unjudged = [row for one in (a, b) for row in one.rows() if row[2].word in NOT_JUDGED]
    if unjudged:
        print(
            f"{len(unjudged)} could not be judged, the first: {' '.join(unjudged[0][:2])}: {unjudged[0][2].message}"
        )
    words = {change.word for change in changes}
    return 1 if words & {"regression", "stale"} or unjudged or not changes else 0
