"""Cells -> strips: text of one character a cell, in stretches of the same look.

The letter of a result is the character of a cell; where there is no result a sign stands for why.
How a stretch looks is in its class, and its ``title`` says it in words.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup, escape

from compat.records import PASSING

from .grid import Cell, Environment, Row
from .wording import brief

#: Signs where there is no result, or none whose bits say anything.
SIGNS = {"unsupported": "·", "error": "×", "timeout": "…", "crashed": "†", "stale": "~", "random": "?"}
ABSENT, ABSENT_STYLE, UNSUPPORTED, KNOWN = "\u00a0", "n", "unsupported", "known "
#: For the letters after Z: which of them it is cannot be seen.
MANY = "+"
#: Results with a look of their own; later ones share the last.
_HUES = "abcdefg"
_LEVELS = "▁▂▃▄▅▆▇█"


class Stretch(NamedTuple):
    """Characters of one look. ``apart``: the first of the variants, set apart from the versions.

    ``said``: the verdict with the reason of a known difference, empty where the cell agrees or is not there.
    """

    style: str
    text: str
    title: str = ""
    apart: bool = False
    word: str = ""
    said: str = ""

    @property
    def recorded(self) -> bool:
        return self.style != ABSENT_STYLE

    @property
    def spelled(self) -> bool:
        """Whether there is a record of more than that it cannot be spelled."""
        return self.recorded and self.said != UNSUPPORTED

    @property
    def has_bits(self) -> bool:
        return self.text.isalpha() or self.text == MANY

    @property
    def loud(self) -> bool:
        return bool(self.said) and self.said != UNSUPPORTED and not self.said.startswith(KNOWN)


NOTHING = Stretch(ABSENT_STYLE, ABSENT)


def style(cell: Cell | None) -> str:
    """The CSS classes of a cell."""
    if cell is None:
        return ABSENT_STYLE
    if cell.word == UNSUPPORTED:
        return "u"
    hue = hue_of(cell.letter) if cell.letter else "z"
    if cell.known:
        return f"k {hue}"
    if cell.loud:
        return {"suspicious": "s", "stale": "o", "unjudged": "o", "random": "o"}.get(cell.word, "x")
    return hue


def hue_of(letter: str) -> str:
    """The class of a result's colour."""
    return _HUES[min(ord(letter) - ord("A"), len(_HUES) - 1)] if len(letter) == 1 else _HUES[-1]


def sign(cell: Cell | None) -> str:
    """The one character of a cell."""
    if cell is None:
        return ABSENT
    if cell.letter and cell.word != "random":
        return cell.letter if len(cell.letter) == 1 else MANY
    return SIGNS.get(cell.word, "?")


def title(cell: Cell | None) -> str:
    """What a cell says beside its letter: nothing where it simply agrees."""
    if cell is None or cell.word in ("identical", "agrees"):
        return ""
    message = brief(cell.message)
    text = f"{cell.word}: {message}" if message else cell.word
    return f"known, {text} — {cell.known.told}" if cell.known else text


def said(cell: Cell | None) -> str:
    """What a cell says but for its numbers: equal where two versions behave alike."""
    if cell is None or cell.word in PASSING:
        return ""
    if cell.word == UNSUPPORTED:
        return UNSUPPORTED
    return f"{KNOWN}{cell.word}: {cell.known.reason}" if cell.known else cell.word


def strip(row: Row, dialect: str, environments: Sequence[Environment]) -> list[Stretch]:
    """A sample in one dialect, one character an environment."""
    places = squares(row, dialect, environments)
    return joined([places[environment.index] for environment in environments], environments)


def squares(row: Row, dialect: str, environments: Sequence[Environment]) -> tuple[Stretch, ...]:
    """The cells of a sample in one dialect, each by itself, by the index of the environment."""
    cells = row.cells.get(dialect) or [None] * (1 + max(e.index for e in environments))
    return tuple(_squares_of(cells))


def _squares_of(cells: Sequence[Cell | None]) -> list[Stretch]:
    """Most of them share a verdict and a letter."""
    met: dict[tuple[int, str], Stretch] = {}
    found = []
    for cell in cells:
        key = (id(cell.verdict), cell.letter) if cell else (0, "")
        if key not in met:
            met[key] = square(cell)
        found.append(met[key])
    return found


def square(cell: Cell | None) -> Stretch:
    """A cell by itself."""
    if cell is None:
        return NOTHING
    verdict = cell.verdict
    known = verdict.known.told if verdict.known else None
    key = verdict.word, verdict.message, known, cell.letter
    if key not in _squares:
        if len(_squares) >= _MOST_SQUARES:
            _squares.clear()
        _squares[key] = Stretch(style(cell), sign(cell), title(cell), word=cell.word, said=said(cell))
    return _squares[key]


#: One for all cells that look alike: there are millions of cells, and few that are different.
_squares: dict[tuple[object, ...], Stretch] = {}
_MOST_SQUARES = 1 << 16


def joined(stretches: Iterable[Stretch], environments: Sequence[Environment]) -> list[Stretch]:
    """Neighbours of one look as one stretch; the first of the variants begins another, set apart."""
    found: list[Stretch] = []
    variants = False
    before, texts, apart = None, [], False

    def end() -> None:
        if before is not None:
            found.append(before._replace(text="".join(texts), apart=apart))

    for stretch, environment in zip(stretches, environments, strict=True):
        begins = environment.variant and not variants and before is not None
        variants = environment.variant
        if before is not None and not begins and (stretch is before or _alike(stretch, before)):
            texts.append(stretch.text)
            before = stretch
            continue
        end()
        before, texts, apart = stretch, [stretch.text], begins
    end()
    return found


def _alike(a: Stretch, b: Stretch) -> bool:
    return (a.style, a.title, a.said) == (b.style, b.title, b.said)


def table_cells(cells: Sequence[Cell | None]) -> Markup:
    """A sample in one dialect as cells of a table."""
    told = zip(cells, _squares_of(cells), strict=True)
    return Markup("".join([_table_cell(c.environment.name, s) if c else "<td></td>" for c, s in told]))


@functools.lru_cache(maxsize=1 << 14)
def _table_cell(environment: str, square: Stretch) -> str:
    title = escape(f"{environment}: {square.title or square.word}")
    return f'<td><i class="{square.style}" title="{title}">{escape(square.text)}</i></td>'


def of_line(
    squares: Mapping[str, tuple[Stretch, ...]], dialect: str, environments: Sequence[Environment]
) -> list[Stretch]:
    """The squares of a sample in one dialect, in stretches."""
    found = squares.get(dialect)
    places = [found[e.index] if found else NOTHING for e in environments]
    return joined(places, environments)


@dataclass
class Sum:
    """Cells of many samples in one dialect and environment."""

    cells: int = 0
    loud: int = 0
    known: int = 0
    results: int = 0
    other: int = 0

    def add(self, letter: str, loud: bool, known: bool) -> None:
        self.cells += 1
        self.loud += loud
        self.known += known
        if letter:
            self.results += 1
            self.other += letter != "A"

    def merge(self, other: Sum) -> None:
        for name in ("cells", "loud", "known", "results", "other"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def square(self) -> Stretch:
        """How many have other bits than A, and whether any needs a look."""
        if self.loud:
            return Stretch("x", "!", f"{self.loud} of {self.cells} samples to look at")
        mark = "k " if self.known else ""
        words = f"{self.known} known; " if self.known else ""
        if not self.results:
            return (
                Stretch("k z", "×", f"{self.known} known")
                if self.known
                else Stretch("u", SIGNS["unsupported"])
            )
        if not self.other:
            return Stretch(mark + "a", "A", words.rstrip("; "))
        level = _LEVELS[min(len(_LEVELS) * self.other // self.results, len(_LEVELS) - 1)]
        return Stretch(
            mark + "p", level, f"{words}{self.other} of {self.results} samples have other bits than A"
        )
