"""``compat setup-diff``: before any number, what two runs were made with, and whether it can matter."""

from typing import Any

from ..setup.lines import counted
from ..setup.runs import compared, why_no_graphs
from ..store import Run, find_one
from ..texts import in_a_line


def add_arguments(parser: Any) -> None:
    add = parser.add_argument
    add("run_a", metavar="RUN_A", help="a run's folder, or its name in out/runs: traced, or of compat run")
    add("run_b", metavar="RUN_B")


def main(arguments: Any) -> int:
    """A line for everything that differs, what can change the numbers first; 0 when both could be read."""
    a, b = find_one(arguments.run_a), find_one(arguments.run_b)
    found = compared(a, b)
    _tell(f"a: {_called(a)}")
    _tell(f"b: {_called(b)}")
    if len(found.graphs) == 1:
        _tell(f"graphs: {found.graphs[0][0]} in a, {found.graphs[0][1]} in b")
    elif found.graphs:
        _tell(f"graphs: {len(found.graphs)} of each, by sample and dialect")
    else:
        _tell(f"graphs: {why_no_graphs(a, b)}")
    for line in found.lines:
        _tell(str(line))
    if found.alike:
        _tell(f"the same: {found.alike}")
    _tell(counted(found.lines) or "nothing differs of what is recorded")
    return 0


def _called(run: Run) -> str:
    here = run.environment
    frameworks = [
        f"{name} {here.versions[name]}" for name in ("tensorflow", "keras") if name in here.versions
    ]
    return f"{run.name}, " + ", ".join([*frameworks, f"Python {here.python or 'not recorded'}"])


def _tell(text: str) -> None:
    print(in_a_line(text), flush=True)
