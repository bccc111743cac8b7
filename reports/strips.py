"""Cells -> strips: text of one character a cell, in stretches of the same look.

The letter of a result is the character of a cell; where there is no result a sign stands for why.
How a stretch looks is in its class, and its ``title`` says it in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .grid import Cell, Environment, Grid, Row
from .wording import brief

#: Signs where there is no result.
SIGNS = {"unsupported": "·", "error": "×", "timeout": "…", "crashed": "†", "stale": "~"}
ABSENT = "\u00a0"
#: Results with a look of their own; later ones share the last.
_HUES = "abcdefg"
_LEVELS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Stretch:
    """Characters of one look. ``apart``: the first of the variants, set apart from the versions."""

    style: str
    text: str
    title: str = ""
    apart: bool = False


def style(cell: Cell | None) -> str:
    """The CSS classes of a cell."""
    if cell is None:
        return "n"
    if cell.word in ("unsupported", "stale"):
        return {"unsupported": "u", "stale": "o"}[cell.word]
    hue = hue_of(cell.letter) if cell.letter else "z"
    if cell.known:
        return f"k {hue}"
    if cell.loud:
        return "s" if cell.word in ("suspicious", "random") else "x"
    return f"q {hue}" if cell.word == "unjudged" else hue


def hue_of(letter: str) -> str:
    """The class of a result's colour."""
    return _HUES[min(ord(letter) - ord("A"), len(_HUES) - 1)] if len(letter) == 1 else _HUES[-1]


def sign(cell: Cell | None) -> str:
    """The one character of a cell."""
    if cell is None:
        return ABSENT
    if cell.letter:
        return cell.letter if len(cell.letter) == 1 else "+"
    return SIGNS.get(cell.word, "?")


def title(cell: Cell | None) -> str:
    """What a cell says beside its letter: nothing where it simply agrees."""
    if cell is None or cell.word in ("identical", "agrees"):
        return ""
    message = brief(cell.message)
    text = f"{cell.word}: {message}" if message else cell.word
    return f"known, {text} — {cell.known.get('reason', '')}" if cell.known else text


def strip(row: Row, dialect: str, environments: Sequence[Environment]) -> list[Stretch]:
    """A sample in one dialect, one character an environment."""
    cells = row.cells.get(dialect)
    places = [cells[environment.index] if cells else None for environment in environments]
    return _joined((Stretch(style(cell), sign(cell), title(cell)) for cell in places), environments)


def _joined(stretches: Iterable[Stretch], environments: Sequence[Environment]) -> list[Stretch]:
    joined: list[Stretch] = []
    variants = False
    for stretch, environment in zip(stretches, environments, strict=True):
        apart = environment.variant and not variants and bool(joined)
        variants = environment.variant
        alike = joined and (joined[-1].style, joined[-1].title) == (stretch.style, stretch.title)
        if alike and not apart:
            joined[-1] = replace(joined[-1], text=joined[-1].text + stretch.text)
        else:
            joined.append(replace(stretch, apart=apart))
    return joined


def columns(grid: Grid) -> dict[str, list[Environment]]:
    """The environments of each dialect's strip: those in which it can be spelled at all."""
    spelled: dict[str, set[int]] = {dialect: set() for dialect in grid.dialects}
    for cell in grid.cells():
        if cell.word != "unsupported":
            spelled[cell.dialect].add(cell.environment.index)
    return {
        dialect: [environment for environment in grid.environments if environment.index in indices]
        for dialect, indices in spelled.items()
        if indices
    }


def summary(rows: Sequence[Row], dialect: str, environments: Sequence[Environment]) -> list[Stretch]:
    """Many samples in one strip: how many have other bits than A, and whether any needs a look."""
    strips = [row.cells[dialect] for row in rows if dialect in row.cells]
    columns = ([c for c in (s[environment.index] for s in strips) if c] for environment in environments)
    return _joined(map(_summed, columns), environments)


def _summed(cells: list[Cell]) -> Stretch:
    results = [cell for cell in cells if cell.letter]
    loud = sum(cell.loud for cell in cells)
    if loud:
        return Stretch("x", "!", f"{loud} of {len(cells)} samples to look at")
    known = sum(cell.known is not None for cell in cells)
    mark = "k " if known else ""
    words = f"{known} known; " if known else ""
    if not results:
        return Stretch("k z", "×", f"{known} known") if known else Stretch("u", SIGNS["unsupported"])
    other = sum(cell.letter != "A" for cell in results)
    if not other:
        return Stretch(mark + "a", "A", words.rstrip("; "))
    level = _LEVELS[min(len(_LEVELS) * other // len(results), len(_LEVELS) - 1)]
    return Stretch(mark + "p", level, f"{words}{other} of {len(results)} samples have other bits than A")
