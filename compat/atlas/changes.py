"""Results compared: from one version to the next, and between dialects.  Places of versions are those of the atlas.

Two results that agree with the float64 answer are the same numbers up to rounding.  Where one agrees and the other does
not, the numbers are others.  Where none agrees, or no rule tells, other bits are other bits, and nothing more is said.
"""

from typing import Callable, Dict, Hashable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .kept import COMPUTED, DIGITS, LETTERS, NOTHING, Operation, Result

SAME, ROUNDING, LEFT, CAME, UNTOLD = "same", "rounding", "left", "came", "untold"
#: What says that the numbers are others: the answer was left, or come to.
NUMBERS = (LEFT, CAME)


class Cell(NamedTuple):
    """A result in a version.  ``reason``: the place of the known difference that explains it, -1 where none does."""

    result: Result
    reason: int

    @property
    def computed(self) -> bool:
        return self.result.status == COMPUTED


#: Of each sample, by its place in the operation: a cell for each version, None where there is nothing.
Table = Dict[int, List[Optional[Cell]]]


class Change(NamedTuple):
    """Of these samples, between two versions that follow each other where both compute them."""

    before: int
    after: int
    kind: str
    samples: List[int]


class Group(NamedTuple):
    """Samples of which the same holds in the same versions."""

    key: Hashable
    versions: Tuple[int, ...]
    samples: List[int]


def table(operation: Operation, dialect: str, samples: Sequence[int]) -> Table:
    """``samples``: by their places."""
    found: Table = {}
    for number in samples:
        sample = operation.samples[number]
        row = sample.row(dialect)
        known = row.known or NOTHING * len(row.results)
        found[number] = [
            None
            if letter == NOTHING
            else Cell(
                sample.results[LETTERS.index(letter)],
                DIGITS.find(digit),
            )
            for letter, digit in zip(row.results, known)
        ]
    return found


def kind(before: Result, after: Result) -> str:
    """How the later of two computed results differs from the earlier."""
    if before.bits == after.bits:
        return SAME
    if before.agrees and after.agrees:
        return ROUNDING
    if before.agrees and after.wrong:
        return LEFT
    if before.wrong and after.agrees:
        return CAME
    return UNTOLD


def changes(of: Table) -> List[Change]:
    """From version to version, the oldest first; what is refused lies between and is no change."""
    found: Dict[Tuple[int, int, str], List[int]] = {}
    for number, cells in of.items():
        computed = [(place, cell.result) for place, cell in enumerate(cells) if cell and cell.computed]
        for (before, one), (after, other) in zip(computed, computed[1:]):
            if kind(one, other) != SAME:
                found.setdefault((before, after, kind(one, other)), []).append(number)
    order = sorted(found, key=lambda key: (key[1], key[0], key[2]))
    return [Change(before, after, what, found[before, after, what]) for before, after, what in order]


def groups(of: Table, key: Callable[[Cell], Optional[Hashable]]) -> List[Group]:
    """Cells by what ``key`` says of them, where that is not None: samples of the same versions together."""
    places: Dict[Tuple[Hashable, int], List[int]] = {}
    for number, cells in of.items():
        for place, cell in enumerate(cells):
            said = key(cell) if cell else None
            if said is not None:
                places.setdefault((said, number), []).append(place)
    found: Dict[Tuple[Hashable, Tuple[int, ...]], List[int]] = {}
    for (said, number), versions in places.items():
        found.setdefault((said, tuple(versions)), []).append(number)
    return [Group(said, versions, samples) for (said, versions), samples in found.items()]


def beside(one: Table, other: Table) -> Dict[str, List[int]]:
    """How two dialects differ in the same version: the samples of each kind, in whatever version.

    SAME are those that no version has otherwise.
    """
    found: Dict[str, List[int]] = {}
    for number in one:
        kinds = set(_kinds(one[number], other[number]))
        for what in kinds - {SAME} or kinds:
            found.setdefault(what, []).append(number)
    return found


def _kinds(one: Sequence[Optional[Cell]], other: Sequence[Optional[Cell]]) -> Iterator[str]:
    for a, b in zip(one, other):
        if a and b and a.computed and b.computed:
            yield kind(a.result, b.result)
