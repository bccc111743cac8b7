"""From one version to another: what the same sample says in both.

A sample *behaves otherwise* where a dialect of TensorFlow says something else than before: a result that agrees no
longer, another known difference, an error, or nothing at all.  A dialect that the older version lacks is held against
its session: that is the step that a port makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from .grid import Environment, runs_tensorflow
from .strips import MANY, Stretch

SESSION = "tf1.session"
#: What samples do between two versions, worst first.
SAME, ALIKE, OTHERWISE, LOOK = "same", "alike", "otherwise", "look"
_RANK = (LOOK, OTHERWISE, ALIKE, SAME)


class HasSquares(Protocol):
    """A line of the overview."""

    @property
    def squares(self) -> Mapping[str, Sequence[Stretch]]: ...


class Moved(NamedTuple):
    """A dialect from one version to another.  ``against``: the dialect before, where it is another."""

    dialect: str
    against: str
    before: Stretch
    after: Stretch

    @property
    def bits(self) -> bool:
        """Whether both have bits that say something, and other ones."""
        both = self.before.has_bits and self.after.has_bits
        return both and self.before.text != self.after.text

    @property
    def how(self) -> str:
        before, after = self.before, self.after
        if after.loud:
            return LOOK
        if before.has_bits and before.text == after.text != MANY and before.said == after.said:
            return SAME
        if before.said != after.said:
            return OTHERWISE
        return ALIKE if after.said else SAME


def moves(squares: Mapping[str, Sequence[Stretch]], a: int, b: int) -> list[Moved]:
    """The dialects of a sample that can be compared between the environments of these indices."""
    session = squares[SESSION][a] if SESSION in squares else None
    found = []
    for dialect, places in squares.items():
        before, after, against = places[a], places[b], dialect
        if not before.spelled and session is not None:
            before, against = session, SESSION
        gone = against == dialect and not after.spelled  # what was never there is not gone
        if runs_tensorflow(dialect) and before.spelled and after.recorded and (gone or after.spelled):
            found.append(Moved(dialect, against, before, after))
    return found


def of_sample(squares: Mapping[str, Sequence[Stretch]], a: int, b: int) -> str:
    """What a sample does, the worst of its dialects; empty where nothing can be compared."""
    found = {moved.how for moved in moves(squares, a, b)}
    return next((how for how in _RANK if how in found), "")


@dataclass
class Step:
    """Between two environments: samples by what they do."""

    a: Environment
    b: Environment
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_RANK, 0))

    @property
    def compared(self) -> int:
        return sum(self.counts.values())


def between(lines: Iterable[HasSquares], a: Environment, b: Environment) -> Step:
    """What all samples do between two environments."""
    step = Step(a, b)
    for line in lines:
        how = of_sample(line.squares, a.index, b.index)
        if how:
            step.counts[how] += 1
    return step


def ends_of(environments: Sequence[Environment]) -> tuple[Environment, Environment] | None:
    """The step of a port: from the newest TensorFlow 1, or the oldest there is, to the newest; None without one."""
    plain = [e for e in environments if e.version and not e.variant]
    if not plain:
        return None
    first = next((e for e in reversed(plain) if e.version[0] == 1), plain[0])
    return (first, plain[-1]) if first is not plain[-1] else None
