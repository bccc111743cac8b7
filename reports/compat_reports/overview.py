"""What the rows of a store come to: made row by row, since there may be more of them than memory holds.

Parts that were made apart are merged in the order of their rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from compat.record.dialects import in_order
from compat.records import JUDGED, SEVERITY

from . import steps, strips, wording
from .grid import Environment, Row
from .steps import Step
from .strips import Stretch, Sum

#: Of the samples that say the same, so many are named.
MOST_NAMED = 6


@dataclass(frozen=True)
class Line:
    """A sample in the overview.  ``results``: (letter, words, share of the allowance, largest error) of each.

    ``squares``: its cells by dialect, one an environment.  ``changed``: the indices of environments in which
    TensorFlow's bits are others than before.
    """

    id: str
    operation: str
    name: str
    status: str
    sentence: str
    words: tuple[str, ...]
    results: tuple[tuple[str, str, str, str], ...]
    squares: dict[str, tuple[Stretch, ...]]
    changed: tuple[int, ...]


@dataclass
class Trouble:
    """Loud cells that say the same.  ``where``: indices of environments by dialect."""

    word: str
    message: str
    cells: int = 0
    samples: list[str] = field(default_factory=list)
    where: dict[str, set[int]] = field(default_factory=dict)

    def add(self, sample: str, dialect: str, index: int) -> None:
        self.cells += 1
        if self.samples[-1:] != [sample]:
            self.samples.append(sample)
        self.where.setdefault(dialect, set()).add(index)

    def merge(self, other: Trouble) -> None:
        self.cells += other.cells
        self.samples += other.samples
        for dialect, indices in other.where.items():
            self.where.setdefault(dialect, set()).update(indices)


@dataclass
class Overview:
    """``counts``: cells by verdict, ``known`` where the difference is explained, ``look`` all that are loud."""

    environments: list[Environment]
    lines: list[Line] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    judged: bool = False
    troubles: dict[tuple[str, str], Trouble] = field(default_factory=dict)
    sums: dict[tuple[str, str], list[Sum]] = field(default_factory=dict)
    _judged_in: set[int] = field(default_factory=set)
    _spelled: dict[str, set[int]] = field(default_factory=dict)
    _recorded: dict[str, set[int]] = field(default_factory=dict)

    def add(self, row: Row, sentence: str) -> None:
        """``sentence``: what ``wording.sentence`` says of the row."""
        told = {id(c.verdict): (c.word, c.known is not None, c.loud) for c in row.telling}
        counts: Counter[str] = Counter()
        for dialect in row.cells:
            sums = self._sums(row.operation, dialect)
            spelled, recorded = (of.setdefault(dialect, set()) for of in (self._spelled, self._recorded))
            for cell in filter(None, row.cells[dialect]):
                index = cell.environment.index
                word, known, loud = told[id(cell.verdict)]
                counts["known" if known else word] += 1
                self.seconds[index] += cell.seconds
                sums[index].add(cell.letter, loud, known)
                recorded.add(index)
                if word != "unsupported":
                    spelled.add(index)
                if loud:
                    counts["look"] += 1
                    self._trouble(word, wording.brief(cell.message)).add(row.id, dialect, index)
            self._judged_in |= spelled
        self.judged |= any(known or word in JUDGED for word, known, _ in told.values())
        self.counts.update(counts)
        self.lines.append(_line(row, sentence, self.environments))

    def merge(self, other: Overview) -> None:
        """Add another part, whose rows come after these."""
        self.lines += other.lines
        self.counts.update(other.counts)
        for index, seconds in other.seconds.items():
            self.seconds[index] += seconds
        self.judged |= other.judged
        self._judged_in |= other._judged_in
        for mine, its in ((self._spelled, other._spelled), (self._recorded, other._recorded)):
            for dialect, indices in its.items():
                mine.setdefault(dialect, set()).update(indices)
        for (operation, dialect), sums in other.sums.items():
            for mine, its in zip(self._sums(operation, dialect), sums, strict=True):
                mine.merge(its)
        for (word, message), trouble in other.troubles.items():
            self._trouble(word, message).merge(trouble)

    def _sums(self, operation: str, dialect: str) -> list[Sum]:
        if (operation, dialect) not in self.sums:
            self.sums[operation, dialect] = [Sum() for _ in self.environments]
        return self.sums[operation, dialect]

    def _trouble(self, word: str, message: str) -> Trouble:
        return self.troubles.setdefault((word, message), Trouble(word, message))

    @property
    def dialects(self) -> list[str]:
        return in_order(self._spelled)

    def columns(self) -> dict[str, list[Environment]]:
        """The environments of each dialect's strip: those in which it can be spelled at all."""
        return {
            dialect: [e for e in self.environments if e.index in self._spelled[dialect]]
            for dialect in self.dialects
            if self._spelled[dialect]
        }

    def lacking(self, dialect: str) -> list[int]:
        """The indices of environments in which no sample can be spelled in a dialect, though it was asked for."""
        return sorted(self._recorded[dialect] - self._spelled[dialect])

    def empty(self) -> list[Environment]:
        """Where nothing could be judged: nothing is recorded, or every sample is unsupported."""
        return [environment for environment in self.environments if environment.index not in self._judged_in]

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look: also where nothing could be judged."""
        return not self.judged or bool(self.empty()) or self.counts["look"] > 0

    def operations(self) -> dict[str, list[Line]]:
        operations: dict[str, list[Line]] = {}
        for line in self.lines:
            operations.setdefault(line.operation, []).append(line)
        return operations

    def summary(self, operation: str, dialect: str, environments: Sequence[Environment]) -> list[Stretch]:
        """All samples of an operation in one strip."""
        sums = self.sums.get((operation, dialect))
        found = [sums[e.index] if sums else Sum() for e in environments]
        return strips.joined([one.square for one in found], environments)

    def attention(self) -> list[Trouble]:
        """What needs a look, worst first; cells with the same message together."""
        return sorted(self.troubles.values(), key=lambda t: (t.word == "stale", -SEVERITY[t.word], -t.cells))

    def step(self, lines: Sequence[Line] | None = None) -> Step | None:
        """What these samples, or all, do from TensorFlow 1 to the newest version; None where there are no two."""
        ends = steps.ends_of(self.environments)
        return steps.between(self.lines if lines is None else lines, *ends) if ends else None

    def changes(self) -> list[tuple[Environment, int]]:
        """For every environment after the first: in how many samples TensorFlow's bits changed there."""
        counts = Counter(index for line in self.lines for index in line.changed)
        return [(environment, counts[environment.index]) for environment in self.environments[1:]]


def _line(row: Row, sentence: str, environments: Sequence[Environment]) -> Line:
    labels = [f"changed:{change.environment.label}" for change in row.changes if change.framework]
    words = sorted({cell.word for cell in row.telling if cell.loud or cell.known})
    return Line(
        row.id,
        row.operation,
        row.name,
        row.status,
        sentence,
        (row.status, *(["changed"] if labels else []), *labels, *words),
        tuple((group.letter, *wording.result(group)) for group in row.groups),
        {dialect: strips.squares(row, dialect, environments) for dialect in row.cells},
        tuple(change.environment.index for change in row.changes if change.framework),
    )
