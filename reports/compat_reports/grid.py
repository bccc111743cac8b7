"""Judged runs -> the rows that the pages show: pure data, no files and no HTML.

A cell is one sample in one dialect in one environment.  Cells whose outputs have equal digests
share a *result*, named by a letter: ``A`` is what TensorFlow 1 computed (the golden where there is
one), the others follow by how many cells share them.
"""

from __future__ import annotations

import functools
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compat import records
from compat.record.dialects import DIALECTS, in_order
from compat.records import (
    SEVERITY,
    Description,
    Known,
    Numbers,
    Output,
    Record,
    Verdict,
    needs_a_person,
)
from compat.store import Run

from .names import PLUS, parts_of

#: Verdicts that a person must look at unless the difference is known.
LOUD = tuple(word for word in SEVERITY if needs_a_person(Verdict(word)))
_OTHER_INPUTS = "recorded with other inputs or parameters than in most runs: record it again"

Result = tuple[tuple[str, str, str], ...]
Verdicts = Callable[[Run], Mapping[str, Verdict]]


def runs_tensorflow(dialect: str) -> bool:
    """Whether its bits may change with TensorFlow; one that only another machine knows may have any framework."""
    return dialect not in DIALECTS or "tensorflow" in DIALECTS[dialect].depends_on


@dataclass(frozen=True)
class Environment:
    """A column: one run. ``variant``: the TensorFlow of another column, set up otherwise."""

    index: int
    name: str
    label: str
    version: tuple[int, ...]
    variant: bool
    run: Run

    @property
    def description(self) -> records.Environment:
        return self.run.environment


@dataclass
class Cell:
    """One sample in one dialect in one environment: its record, which others may share, and the verdict on it.

    ``seconds``: what computing took here.
    ``result``: name, digest and dtype of each output; None where there is none that may be compared.
    What is asked of it many times, and there are millions, is found once.
    """

    environment: Environment
    dialect: str
    record: Record
    verdict: Verdict
    seconds: float = 0.0
    letter: str = ""
    result: Result | None = None

    @property
    def word(self) -> str:
        return self.verdict.word

    @property
    def message(self) -> str:
        return self.verdict.message

    @property
    def known(self) -> Known | None:
        return self.verdict.known

    @property
    def numbers(self) -> dict[str, Numbers]:
        return self.verdict.outputs

    @property
    def outputs(self) -> dict[str, Output]:
        return self.record.outputs

    @property
    def random(self) -> bool:
        """Other bits say nothing."""
        return self.word == "random" or bool(self.record.random)

    @functools.cached_property
    def loud(self) -> bool:
        """A person must look at this."""
        return needs_a_person(self.verdict)

    @functools.cached_property
    def share(self) -> float | None:
        """The largest share of the rounding allowance among the outputs."""
        return max((n.share for n in self.numbers.values() if n.share is not None), default=None)


@dataclass
class Group:
    """A distinct result of a sample, and the cells that have it."""

    letter: str
    cells: list[Cell]
    golden: bool

    @property
    def outputs(self) -> dict[str, Output]:
        return self.cells[0].outputs

    @functools.cached_property
    def judged(self) -> Cell:
        """The cell whose numbers speak for the group: all have the same bits."""
        return max(self.telling, key=lambda cell: (bool(cell.numbers), SEVERITY[cell.word]))

    @functools.cached_property
    def telling(self) -> list[Cell]:
        """A cell for each verdict: most cells share one."""
        return telling(self.cells)

    def where(self) -> dict[str, list[Environment]]:
        """The environments by dialect."""
        places: dict[str, list[Environment]] = defaultdict(list)
        for cell in self.cells:
            places[cell.dialect].append(cell.environment)
        return dict(places)


def telling(cells: Iterable[Cell]) -> list[Cell]:
    """The first cell that has a verdict, for each verdict."""
    first: dict[int, Cell] = {}
    for cell in cells:
        first.setdefault(id(cell.verdict), cell)
    return list(first.values())


@dataclass
class Change:
    """Other bits than in the environment before, in these dialects of those that have both."""

    environment: Environment
    dialects: list[str]
    compared: list[str]

    @property
    def framework(self) -> list[str]:
        """The dialects among them that run TensorFlow."""
        return [dialect for dialect in self.dialects if runs_tensorflow(dialect)]

    @property
    def everywhere(self) -> bool:
        """Every dialect that runs TensorFlow has other bits."""
        return self.framework == [dialect for dialect in self.compared if runs_tensorflow(dialect)]


@dataclass
class Row:
    """A sample: ``cells`` by dialect, one an environment, None where nothing is recorded."""

    id: str
    operation: str
    name: str
    description: Description
    cells: dict[str, list[Cell | None]]
    groups: list[Group] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def recorded(self) -> list[Cell]:
        """Every cell there is, dialect by dialect."""
        return self._recorded

    @functools.cached_property
    def _recorded(self) -> list[Cell]:
        return [cell for strip in self.cells.values() for cell in strip if cell is not None]

    @functools.cached_property
    def telling(self) -> list[Cell]:
        """A cell for each verdict: most cells share one."""
        return telling(self._recorded)

    def those(self, wanted: Callable[[Cell], object]) -> list[Cell]:
        """The cells whose verdict is one that is wanted."""
        verdicts = {id(cell.verdict) for cell in self.telling if wanted(cell)}
        return [cell for cell in self._recorded if id(cell.verdict) in verdicts] if verdicts else []

    @property
    def against(self) -> str:
        """What it is judged against where it has no reference, ``tf1.session in tf1.15``; else empty."""
        dialect, environment = (*(self.description.against or ()), None, None)[:2]
        return f"{dialect} in {environment or 'the same run'}" if self.description.against else ""

    @functools.cached_property
    def status(self) -> str:
        """``look``, ``known``, ``agrees``, or ``none`` where there is no result at all."""
        cells = self.telling
        if any(cell.loud for cell in cells):
            return "look"
        if any(cell.known for cell in cells):
            return "known"
        return "agrees" if self.groups else "none"


def natural(text: str) -> list[tuple[int, int, str]]:
    """A key that sorts numbers within text by size: c3 before c32, 2.9 before 2.11."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text)]


def environments_of(runs: Sequence[Run]) -> list[Environment]:
    """The columns of runs: the versions in their order, then the other set-ups of them."""
    names = Counter(run.name for run in runs)
    found = []
    for run in runs:
        name = run.name
        if names[name] > 1:  # the same name in two stores
            name = f"{os.path.basename(run.store)}/{name}"
        version = tuple(int(part) for part in re.findall(r"\d+", run.environment.tensorflow or "")[:2])
        found.append((version, len(name), natural(name), name, run))
    found.sort(key=lambda entry: entry[:4])
    firsts = {version: name for version, _, _, name, _ in reversed(found)}
    found.sort(key=lambda entry: bool(entry[0]) and firsts[entry[0]] != entry[3])
    environments: list[Environment] = []
    for index, (version, _, _, name, run) in enumerate(found):
        variant = bool(version) and firsts[version] != name
        label = name[2:] if re.match(r"tf\d", name) else name
        environments.append(Environment(index, name, label, version, variant, run))
    return environments


def order(sample_id: str) -> tuple[Any, ...]:
    """A key that puts samples in the order of the pages."""
    operation, name = parts_of(sample_id)
    return operation != PLUS, natural(operation), natural(name)


def row_of(sample_id: str, environments: Sequence[Environment], verdicts: Verdicts) -> Row:
    """The row of a sample.  ``verdicts``: on its records in a run, by dialect."""
    strips: dict[str, list[Cell | None]] = {}
    for place, environment in enumerate(environments):
        found = verdicts(environment.run)
        for dialect, record, seconds in environment.run.shared(sample_id):
            verdict = found.get(dialect) or Verdict("unjudged")
            strip = strips.setdefault(dialect, [None] * len(environments))
            strip[place] = Cell(environment, dialect, record, verdict, seconds)
    cells = {dialect: strips[dialect] for dialect in in_order(strips)}
    recorded = [cell for strip in cells.values() for cell in strip if cell is not None]
    case = _current_case(recorded)
    for cell in recorded:
        if cell.record.case != case and cell.word != "stale":
            cell.verdict = Verdict("stale", _OTHER_INPUTS)  # nothing has been asked of it yet
    description = _description(sample_id, case, environments)
    row = Row(sample_id, *parts_of(sample_id), description, cells)
    row.groups = _groups(row)
    row.changes = _changes(row)
    return row


def _description(sample_id: str, case: str, environments: Sequence[Environment]) -> Description:
    """What the newest run says of the sample, if it has the case; a run may lack it altogether."""
    newest = None
    for environment in reversed(environments):
        described = environment.run.samples.get(sample_id)
        if described is not None and described.case == case:
            return described
        newest = newest or described
    return newest or Description(*parts_of(sample_id), case, "")


def _current_case(cells: Sequence[Cell]) -> str:
    """The case of what is not stale: where the judge could not tell, the one that most records are of.

    Among equals the run written last has it.
    """
    cases = {cell.record.case for cell in cells}
    if len(cases) == 1:
        return cases.pop()
    votes: Counter[str] = Counter()
    newest: dict[str, float] = {}
    for cell in [cell for cell in cells if cell.word != "stale"] or cells:
        case = cell.record.case
        votes[case] += cell.word != "unsupported"
        newest[case] = max(newest.get(case, 0.0), _written(cell.environment.run))
    return max(newest, key=lambda case: (votes[case], newest[case]), default="")


def _written(run: Run) -> float:
    try:
        return os.path.getmtime(os.path.join(run.folder, "run.json"))
    except OSError:
        return 0.0


def _groups(row: Row) -> list[Group]:
    """The distinct results with their letters; also writes the letters into the cells."""
    members: dict[Result, list[Cell]] = defaultdict(list)
    results: dict[int, Result] = {}
    golden: set[Result | None] = set()
    for cell in row.recorded():
        if cell.outputs and cell.word != "stale":
            place = id(cell.outputs)  # records that say the same share theirs
            if place not in results:
                results[place] = cell.record.bits
            cell.result = results[place]
            members[cell.result].append(cell)
            if cell.word == "identical" and not row.against:
                golden.add(cell.result)
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
    """Where the bits are others than in the version before, or a variant's others than its own version's.

    What is random has other bits every time, and is left out.
    """
    changed: dict[int, list[str]] = defaultdict(list)
    compared: dict[int, list[str]] = defaultdict(list)
    by_index: dict[int, Environment] = {}
    for dialect, strip in row.cells.items():
        letters_of: dict[tuple[int, ...], str] = {}
        before = ""
        for cell in strip:
            if cell is None or not cell.letter or cell.random:
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
