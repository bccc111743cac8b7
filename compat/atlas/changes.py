"""Results compared: from one version to the next, and between dialects.  Places of versions are those of the atlas.

Two results that agree with the float64 answer are the same numbers up to rounding.  Where one agrees and the other does
not, the numbers are others.  Where none agrees, or no rule tells, other bits are other bits, and nothing more is said.
"""

from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .kept import DIGITS, LETTERS, NOTHING, Operation, Result

SAME, ZEROS, ROUNDING = "same", "zeros", "rounding"
LEFT, CAME, NEITHER, UNTOLD = "left", "came", "neither", "untold"
#: What says that the numbers are others: the answer was left, or come to.
NUMBERS = (LEFT, CAME)


class Cell(NamedTuple):
    """A result in a version.  ``reason``: the place of the known difference that explains it, -1 where none does."""

    result: Result
    reason: int


#: A cell, or nothing.
Place = Optional[Cell]
#: Of each sample, by its place in the operation: what there is in each version.
Table = Dict[int, List[Place]]


class Change(NamedTuple):
    """Of these samples, between two versions that follow each other where both compute them."""

    before: int
    after: int
    kind: str
    samples: List[int]


class Group(NamedTuple):
    """Samples of which the same, ``key``, holds in the same versions."""

    key: int
    versions: Tuple[int, ...]
    samples: List[int]


def table(operation: Operation, dialect: str, samples: Sequence[int]) -> Table:
    """``samples``: by their places."""
    found: Table = {}
    for number in samples:
        sample = operation.samples[number]
        letters, known = sample.row(dialect)
        found[number] = [
            None if letter == NOTHING else Cell(sample.results[LETTERS.index(letter)], DIGITS.find(digit))
            for letter, digit in zip(letters, known)
        ]
    return found


def kind(before: Result, after: Result) -> str:
    """How the later of two computed results differs from the earlier."""
    if before.bits == after.bits and not before.random:
        return SAME
    if before.agrees and after.wrong:
        return LEFT
    if before.wrong and after.agrees:
        return CAME
    if before.evened == after.evened and not before.random:
        return ZEROS
    if before.agrees and after.agrees:
        return ROUNDING
    return NEITHER if before.wrong and after.wrong else UNTOLD


def _compared(cell: Place) -> bool:
    """Bits that are random are no bits to compare; that they are wrong is told of all."""
    return cell is not None and cell.result.computed and (cell.result.wrong or not cell.result.random)


def changes(of: Table) -> List[Change]:
    """From version to version, the oldest first; what is refused lies between and is no change."""
    found: Dict[Tuple[int, int, str], List[int]] = {}
    for number, row in of.items():
        compared = [(place, cell.result) for place, cell in enumerate(row) if cell and _compared(cell)]
        for (before, one), (after, other) in zip(compared, compared[1:]):
            if kind(one, other) != SAME:
                found.setdefault((before, after, kind(one, other)), []).append(number)
    order = sorted(found, key=lambda key: (key[1], key[0], key[2]))
    return [Change(before, after, what, found[before, after, what]) for before, after, what in order]


def groups(of: Table, key: Callable[[Cell], Optional[int]]) -> List[Group]:
    """Cells by what ``key`` says of them, where that is not None: samples of the same versions together."""
    places: Dict[Tuple[int, int], List[int]] = {}
    for number, row in of.items():
        for place, cell in enumerate(row):
            said = key(cell) if cell else None
            if said is not None:
                places.setdefault((said, number), []).append(place)
    found: Dict[Tuple[int, Tuple[int, ...]], List[int]] = {}
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


def _kinds(one: Sequence[Place], other: Sequence[Place]) -> Iterator[str]:
    for a, b in zip(one, other):
        if a and b and _compared(a) and _compared(b):
            yield kind(a.result, b.result)
