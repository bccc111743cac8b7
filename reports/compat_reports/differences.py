"""Known differences over all samples: what one reason comes to, where, and at which versions it begins or ends.

What a version can no longer spell is one of them: its reason is what the implementation said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from compat.record.dialects import in_order

from . import wording
from .grid import Cell, Environment, Row, runs_tensorflow
from .sample_page import safe_address
from .steps import SESSION

#: Worst first: a wrong number that nobody is told of is worse than an error.
_WORST = ("differs", "suspicious", "crashed", "timeout", "error", "unsupported")
MOST_NAMED = 6


class Key(NamedTuple):
    """What makes two known cells one difference."""

    reason: str
    address: str
    edit: str


@dataclass
class Difference:
    """``where``: indices of environments by dialect; ``elsewhere``: those in which its samples do without it.

    ``words``: cells by verdict; ``samples``: how many, the first of them ``named``; ``operations`` in order.
    """

    key: Key
    words: Counter[str] = field(default_factory=Counter)
    samples: int = 0
    named: list[str] = field(default_factory=list)
    operations: dict[str, None] = field(default_factory=dict)
    where: dict[str, set[int]] = field(default_factory=dict)
    elsewhere: dict[str, set[int]] = field(default_factory=dict)

    def merge(self, other: Difference) -> None:
        self.words.update(other.words)
        self.samples += other.samples
        self.named = (self.named + other.named)[:MOST_NAMED]
        self.operations.update(other.operations)
        for mine, its in ((self.where, other.where), (self.elsewhere, other.elsewhere)):
            for dialect, indices in its.items():
                mine.setdefault(dialect, set()).update(indices)

    @property
    def word(self) -> str:
        return min(self.words, key=lambda word: _WORST.index(word) if word in _WORST else len(_WORST))

    def turns(self, environments: Sequence[Environment]) -> list[Turn]:
        """Where it begins and ends, from version to version within a dialect; dialects that do alike together."""
        plain = [e for e in environments if e.version and not e.variant]
        found: dict[tuple[int, int, bool], list[str]] = {}
        for dialect in in_order(self.where):
            has, lacks = self.where[dialect], self.elsewhere.get(dialect, set()) - self.where[dialect]
            seen = [e for e in plain if e.index in has or e.index in lacks]
            for before, after in zip(seen, seen[1:], strict=False):
                if (before.index in has) != (after.index in has):
                    found.setdefault((before.index, after.index, after.index in has), []).append(dialect)
        return [
            Turn(environments[a], environments[b], begins, dialects)
            for (a, b, begins), dialects in sorted(found.items())
        ]

    def is_of_the_port(self) -> bool:
        """Whether TensorFlow 1's session does without it and a dialect that a port is written in meets it."""
        others = any(runs_tensorflow(dialect) and dialect != SESSION for dialect in self.where)
        return others and SESSION in self.elsewhere and SESSION not in self.where


class Turn(NamedTuple):
    """Between two versions a difference begins, or ends."""

    a: Environment
    b: Environment
    begins: bool
    dialects: list[str]


Differences = dict[Key, Difference]


def of_row(row: Row) -> Differences:
    """The known differences of a sample."""
    found: Differences = {}
    cells = row.recorded()
    for cell in cells:
        key = _key(cell, row)
        if key is not None:
            one = found.setdefault(
                key, Difference(key, samples=1, named=[row.id], operations={row.operation: None})
            )
            one.words[cell.word] += 1
            one.where.setdefault(cell.dialect, set()).add(cell.environment.index)
    for one in found.values():
        _elsewhere(one, cells)
    return found


def _key(cell: Cell, row: Row) -> Key | None:
    if cell.known:
        return Key(cell.known.reason, cell.known.address, cell.known.edit)
    if cell.word == "unsupported" and not cell.environment.variant and _was_spelled(cell, row):
        return Key(wording.brief(cell.message) or wording.MEANINGS["unsupported"], "", "")
    return None


def _was_spelled(cell: Cell, row: Row) -> bool:
    before = row.cells[cell.dialect][: cell.environment.index]
    return any(c is not None and c.word != "unsupported" and not c.environment.variant for c in before)


def _elsewhere(one: Difference, cells: Sequence[Cell]) -> None:
    for cell in cells:
        index = cell.environment.index
        if cell.word != "unsupported" and index not in one.where.get(cell.dialect, ()):
            one.elsewhere.setdefault(cell.dialect, set()).add(index)


def merge(found: Differences, others: Differences) -> None:
    for key, other in others.items():
        found.setdefault(key, Difference(key)).merge(other)


@dataclass
class Card:
    """A known difference as it is shown.  ``turns``: the sentence of each, and the labels of its two versions.

    ``port``: see ``Difference.is_of_the_port``; ``now``: the newest version has it.
    """

    word: str
    key: Key
    cells: int
    samples: int
    named: list[str]
    operations: list[str]
    where: list[tuple[str, str]]
    turns: list[tuple[str, str, str]]
    port: bool
    now: bool

    @property
    def changed(self) -> bool:
        """Whether it comes or goes with a version, or with the step from TensorFlow 1 to 2."""
        return bool(self.turns) or self.port

    @property
    def default(self) -> bool:
        """Whether it speaks of a default, by its reason or by the operation that leaves it out."""
        return any("default" in text for text in (self.key.reason, *self.operations))


def cards(found: Mapping[Key, Difference], environments: Sequence[Environment]) -> list[Card]:
    """Worst first: what the newest version still has, of that what is wrong silently, then what most samples meet."""
    made = [_card(one, environments) for one in found.values()]
    rank = {word: place for place, word in enumerate(_WORST)}
    return sorted(made, key=lambda c: (not c.now, rank.get(c.word, len(_WORST)), -c.samples, c.key))


def _words(turn: Turn) -> str:
    since = "since" if turn.begins else "gone in"
    return f"{since} {turn.b.label} in {wording.listing(turn.dialects)}"


def _card(one: Difference, environments: Sequence[Environment]) -> Card:
    newest = max((e.index for e in environments if e.version and not e.variant), default=-1)
    where = [
        (dialect, wording.ranges([environments[i] for i in one.where[dialect]], environments))
        for dialect in in_order(one.where)
    ]
    turns = [(_words(turn), turn.a.label, turn.b.label) for turn in one.turns(environments)]
    return Card(
        one.word,
        one.key._replace(address=safe_address(one.key.address)),
        sum(one.words.values()),
        one.samples,
        one.named,
        list(one.operations),
        where,
        turns,
        one.is_of_the_port(),
        any(newest in indices for indices in one.where.values()),
    )
