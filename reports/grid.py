"""Runs -> the table that the pages show: pure data, no files and no HTML.

A cell is one sample in one dialect in one environment.  Cells whose outputs have equal digests
share a *result*, named by a letter: ``A`` is what TensorFlow 1 computed (the golden where there is
one), the others follow by how many cells share them.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from compat.errors import CompatError
from compat.judge import SEVERITY
from compat.operation import DIALECT_NAMES
from compat.store import Run

#: Verdicts that a person must look at unless the difference is known.
LOUD = ("suspicious", "differs", "random", "error", "timeout", "crashed", "stale")
#: Dialects that need no TensorFlow: their bits change with NumPy and SciPy.
PLAIN_DIALECTS = ("numpy", "scipy")

Result = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Environment:
    """A column: one run. ``variant``: the TensorFlow of another column, set up otherwise."""

    index: int
    name: str
    label: str
    version: tuple[int, ...]
    variant: bool
    description: dict[str, Any]
    run: Run


@dataclass(slots=True)
class Cell:
    """One sample in one dialect in one environment. ``result``: output name, digest and dtype of each."""

    environment: Environment
    dialect: str
    word: str
    message: str
    case: str
    known: dict[str, str] | None = None
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    reference: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    letter: str = ""

    @property
    def result(self) -> Result | None:
        if not self.outputs or self.word == "stale":
            return None
        return tuple((name, output["digest"], output["dtype"]) for name, output in self.outputs.items())

    @property
    def loud(self) -> bool:
        """A person must look at this."""
        return self.word in LOUD and self.known is None

    @property
    def share(self) -> float | None:
        """The largest share of the rounding allowance among the outputs."""
        return max((n["share"] for n in self.numbers.values() if "share" in n), default=None)


@dataclass
class Group:
    """A distinct result of a sample, and the cells that have it."""

    letter: str
    cells: list[Cell]
    golden: bool

    @property
    def outputs(self) -> dict[str, dict[str, Any]]:
        return self.cells[0].outputs

    @property
    def judged(self) -> Cell:
        """The cell whose numbers speak for the group: all have the same bits."""
        return max(self.cells, key=lambda cell: (bool(cell.numbers), SEVERITY.get(cell.word, 0)))

    def where(self) -> dict[str, list[Environment]]:
        """The environments by dialect."""
        places: dict[str, list[Environment]] = defaultdict(list)
        for cell in self.cells:
            places[cell.dialect].append(cell.environment)
        return dict(places)


@dataclass
class Change:
    """Other bits than in the environment before, in these dialects of those that have both."""

    environment: Environment
    dialects: list[str]
    compared: list[str]

    @property
    def framework(self) -> list[str]:
        """The dialects among them that run TensorFlow."""
        return [dialect for dialect in self.dialects if dialect not in PLAIN_DIALECTS]

    @property
    def everywhere(self) -> bool:
        """Every dialect that runs TensorFlow has other bits."""
        return self.framework == [dialect for dialect in self.compared if dialect not in PLAIN_DIALECTS]


@dataclass
class Row:
    """A sample: ``cells`` by dialect, one an environment, None where nothing is recorded."""

    id: str
    operation: str
    name: str
    description: dict[str, Any]
    cells: dict[str, list[Cell | None]]
    groups: list[Group] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def recorded(self) -> list[Cell]:
        """Every cell there is, dialect by dialect."""
        return [cell for strip in self.cells.values() for cell in strip if cell is not None]

    @property
    def status(self) -> str:
        """``look``, ``known``, ``agrees``, or ``none`` where there is no result at all."""
        cells = self.recorded()
        if any(cell.loud for cell in cells):
            return "look"
        if any(cell.known for cell in cells):
            return "known"
        return "agrees" if self.groups else "none"


@dataclass
class Grid:
    environments: list[Environment]
    dialects: list[str]
    rows: list[Row]

    def cells(self) -> Iterable[Cell]:
        return (cell for row in self.rows for cell in row.recorded())

    def counts(self) -> Counter[str]:
        """Cells by verdict; ``known`` where the difference is explained, ``look`` for all loud ones."""
        counts: Counter[str] = Counter()
        for cell in self.cells():
            counts["known" if cell.known else cell.word] += 1
            counts["look"] += cell.loud
        return counts

    def operations(self) -> dict[str, list[Row]]:
        operations: dict[str, list[Row]] = {}
        for row in self.rows:
            operations.setdefault(row.operation, []).append(row)
        return operations


def natural(text: str) -> list[tuple[int, int, str]]:
    """A key that sorts numbers within text by size: c3 before c32, 2.9 before 2.11."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text)]


def build(runs: Sequence[Run]) -> Grid:
    """The grid of runs. Raises CompatError for a run whose rows are not what a run holds."""
    environments = _environments(runs)
    ids = {sample_id for run in runs for sample_id in run.samples}
    rows = [_row(sample_id, environments) for sample_id in ids]
    rows.sort(key=lambda row: (row.operation != "plus_pattern", natural(row.operation), natural(row.name)))
    used = {cell.dialect for row in rows for cell in row.recorded()}
    return Grid(environments, [dialect for dialect in DIALECT_NAMES if dialect in used], rows)


def _environments(runs: Sequence[Run]) -> list[Environment]:
    names = Counter(run.name for run in runs)
    found = []
    for run in runs:
        name = run.name
        if names[name] > 1:  # the same name in two stores
            name = f"{os.path.basename(os.path.dirname(run.folder))}/{name}"
        if not isinstance(run.environment, dict):
            raise CompatError(f"{run.folder}: does not say which environment it is; run it again")
        text = (run.environment.get("versions") or {}).get("tensorflow") or ""
        version = tuple(int(part) for part in re.findall(r"\d+", str(text))[:2])
        found.append((version, len(name), natural(name), name, run))
    found.sort(key=lambda entry: entry[:4])
    firsts = {version: name for version, _, _, name, _ in reversed(found)}
    # The versions in their order, then the other set-ups of them.
    found.sort(key=lambda entry: bool(entry[0]) and firsts[entry[0]] != entry[3])
    environments: list[Environment] = []
    for index, (version, _, _, name, run) in enumerate(found):
        variant = bool(version) and firsts[version] != name
        label = name[2:] if re.match(r"tf\d", name) else name
        environments.append(Environment(index, name, label, version, variant, run.environment, run))
    return environments


def _row(sample_id: str, environments: Sequence[Environment]) -> Row:
    cells: dict[str, list[Cell | None]] = {}
    for dialect in DIALECT_NAMES:
        strip = [_cell(sample_id, dialect, environment) for environment in environments]
        if any(strip):
            cells[dialect] = strip
    case = _current_case(sample_id, environments)
    for strip in cells.values():
        for cell in strip:
            if cell is not None and cell.case != case:
                cell.word, cell.message = (
                    "stale",
                    "computed from another version of this sample: run it again",
                )
                cell.known, cell.numbers = None, {}
    described = [e.run.samples[sample_id] for e in environments if sample_id in e.run.samples]
    description = next((d for d in reversed(described) if d.get("case") == case), described[-1])
    operation = str(description.get("operation") or sample_id.partition("[")[0])
    row = Row(sample_id, operation, str(description.get("name") or sample_id), description, cells)
    row.groups = _groups(row)
    row.changes = _changes(row)
    return row


def _cell(sample_id: str, dialect: str, environment: Environment) -> Cell | None:
    run = environment.run
    record, verdict = run.record(sample_id, dialect), run.verdict(sample_id, dialect)
    if record is None:
        return None
    try:
        word = verdict["word"] if verdict else "unjudged" if record["status"] == "ok" else record["status"]
        if word not in SEVERITY:
            raise ValueError(word)
        cell = Cell(environment, dialect, word, str(record["message"] or ""), record["case"])
        cell.outputs, cell.seconds = _mapping(record["outputs"]), float(record["seconds"])
        if verdict:
            cell.message = str(verdict["message"] or cell.message)
            cell.known = _mapping(verdict["known"]) if verdict["known"] else None
            cell.numbers, cell.reference = _mapping(verdict["outputs"]), _mapping(verdict["reference"])
        return cell
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CompatError(
            f"{run.folder}: the row of {sample_id!r} in {dialect} cannot be read ({error!r}); run it again"
        ) from None


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no mapping")
    return value


def _current_case(sample_id: str, environments: Sequence[Environment]) -> str:
    """The case most environments hold; among equals the run written last has it."""
    votes: Counter[str] = Counter()
    newest: dict[str, float] = {}
    for environment in environments:
        for record in environment.run.records.get(sample_id, {}).values():
            case = record.get("case")
            if record.get("status") != "unsupported":
                votes[case] += 1
            newest[case] = max(newest.get(case, 0.0), _written(environment.run))
    return max(newest, key=lambda case: (votes[case], newest[case]), default="")


def _written(run: Run) -> float:
    try:
        return os.path.getmtime(os.path.join(run.folder, "run.json"))
    except OSError:
        return 0.0


def _groups(row: Row) -> list[Group]:
    """The distinct results with their letters; also writes the letters into the cells."""
    members: dict[Result, list[Cell]] = defaultdict(list)
    for cell in row.recorded():
        if cell.result is not None:
            members[cell.result].append(cell)
    golden = {cell.result for cell in row.recorded() if cell.word == "identical"}
    base = _tensorflow1(row)
    order = sorted(members, key=lambda result: (result not in golden, result != base, -len(members[result])))
    groups = []
    for index, result in enumerate(order):
        group = Group(letters(index), members[result], result in golden)
        for cell in group.cells:
            cell.letter = group.letter
        groups.append(group)
    return groups


def _tensorflow1(row: Row) -> Result | None:
    """The result of a session in the newest TensorFlow 1."""
    cells = [
        c for c in row.cells.get("tf1.session", []) if c is not None and c.environment.version[:1] == (1,)
    ]
    return next((cell.result for cell in reversed(cells) if cell.result), None)


def letters(index: int) -> str:
    """A, B ... Z, then AA, AB ..."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _changes(row: Row) -> list[Change]:
    """Where the bits are others than in the version before, or a variant's others than its own version's."""
    changed: dict[int, list[str]] = defaultdict(list)
    compared: dict[int, list[str]] = defaultdict(list)
    by_index: dict[int, Environment] = {}
    for dialect, strip in row.cells.items():
        letters_of: dict[tuple[int, ...], str] = {}
        before = ""
        for cell in strip:
            if cell is None or not cell.letter:
                continue
            environment = cell.environment
            if environment.variant:
                before = letters_of.get(environment.version, "")
            if before:
                by_index[environment.index] = environment
                compared[environment.index].append(dialect)
                if cell.letter != before:
                    changed[environment.index].append(dialect)
            if not environment.variant:
                before = letters_of[environment.version] = cell.letter
    return [Change(by_index[index], changed[index], compared[index]) for index in sorted(changed)]
