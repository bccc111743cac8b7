"""How to compute a sample again: the command for the cell of a row that one looks at first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from compat import records
from compat.records import PASSING, SEVERITY

from .grid import Cell, Row

_STORE = "out/reproduced"
#: Environment variables that a command names: a store may come from anywhere.
_SETTING = re.compile(r"(TF|XLA|KERAS|OMP|MKL|ONEDNN|DNNL|OPENBLAS|NPY)_[A-Z0-9_]+\Z")
#: There is nothing to be had again.
_NO_RESULT = ("unsupported", "stale")


@dataclass(frozen=True)
class Step:
    """A command, and the environment to give it in: its name and what it is."""

    environment: str
    versions: str
    command: str


@dataclass(frozen=True)
class Reproduction:
    """The last step computes ``cell``; one before it what it is judged against elsewhere."""

    cell: Cell
    steps: tuple[Step, ...]


def reproduction(row: Row) -> Reproduction | None:
    """None where no result is there to be had again."""
    cell = _first_to_look_at(row)
    if cell is None or not row.description.path:
        return None
    dialects = [cell.dialect]
    steps = []
    base, where = (*(row.description.against or ()), None, None)[:2]
    if base and where and where != cell.environment.run.name:
        steps.append(_elsewhere(row, base, where))
    elif base and base != cell.dialect:
        dialects.insert(0, base)
    explained = cell.word in ("differs", "suspicious")
    described = cell.environment.description
    steps.append(Step(cell.environment.name, versions(described), _command(row, dialects, cell, explained)))
    return Reproduction(cell, tuple(steps))


def _first_to_look_at(row: Row) -> Cell | None:
    """The worst cell; where all are fine the newest that has other bits than A, else the newest at all."""
    worst = max(map(_badness, row.telling), default=None)
    cells = row.those(lambda cell: cell.word not in _NO_RESULT and _badness(cell) == worst)
    return max(cells, key=lambda cell: (cell.letter not in ("", "A"), cell.environment.index), default=None)


def _badness(cell: Cell) -> tuple[bool, bool, int]:
    if cell.word in _NO_RESULT:
        return False, False, -1
    return cell.loud, bool(cell.known), SEVERITY[cell.word] if cell.word not in PASSING else 0


def _elsewhere(row: Row, dialect: str, name: str) -> Step:
    """What the sample is judged against, where that is another environment."""
    cells = row.cells.get(dialect, [])
    there = next((cell.environment for cell in cells if cell and cell.environment.run.name == name), None)
    text = versions(there.description) if there else ""
    settings = there.description.settings if there else {}
    return Step(name, text, _run(row, [dialect], name, settings) + " --record-only")


def _command(row: Row, dialects: list[str], cell: Cell, explained: bool) -> str:
    run = cell.environment.run
    text = _run(row, dialects, run.name, cell.environment.description.settings)
    if explained:
        text += f"; compat explain {_words([f'{_STORE}/{run.name}', row.id, cell.dialect])}"
    return text


def _run(row: Row, dialects: Iterable[str], name: str, settings: dict[str, str]) -> str:
    chosen = ["--sample", row.id]
    for dialect in dialects:
        chosen += ["--dialect", dialect]
    prefix = "".join(f"{key}={shlex.quote(value)} " for key, value in settings.items() if _SETTING.match(key))
    path = row.description.path
    path = f"./{path}" if path.startswith("-") else path
    return f"{prefix}compat run {_words([path, *chosen, '--out', f'{_STORE}/{name}'])}"


def _words(words: list[str]) -> str:
    return " ".join(map(shlex.quote, words))


def versions(described: records.Environment) -> str:
    """``Python 3.11.7, tensorflow 2.15.1, numpy 1.26.4``; what a computation depends on first."""
    named = [
        name for name in ("tensorflow", "keras", "tf_keras", "numpy", "scipy") if described.versions.get(name)
    ]
    found = [f"{name} {described.versions[name]}" for name in named]
    return ", ".join([f"Python {described.python}", *found] if described.python else found)
