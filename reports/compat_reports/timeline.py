"""A sample along the versions of TensorFlow: since when a dialect has its bits and its verdict, in words and drawn."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from compat.records import PASSING

from .grid import Cell, Environment, Row
from .plots import svg
from .wording import listing, percent

_WIDTH, _HEIGHT, _EDGE = 220, 34, 6
#: Shares are drawn from this power of ten to that one; smaller and larger ones at the edge.
_LOWEST, _HIGHEST = -4, 1
_MOST_NAMED = 4


class Point(NamedTuple):
    """A cell, as far as it counts here: cells that are alike in this make one course."""

    place: int
    said: str
    letter: str
    share: float | None


@dataclass(frozen=True)
class Course:
    """Dialects that took the same course; ``plot``: the shares, or nothing where none is known."""

    dialects: tuple[str, ...]
    sentence: str
    plot: Markup
    first: str
    last: str


def timeline(row: Row, environments: Sequence[Environment]) -> list[Course]:
    """The courses of a row; none where there are no two versions to compare."""
    versions = [e for e in environments if not e.variant]
    if len(versions) < 2:
        return []
    told: dict[int, tuple[str, float | None]] = {}
    same: dict[tuple[object, ...], tuple[Point, ...]] = {}
    alike: dict[tuple[Point, ...], list[str]] = defaultdict(list)
    for dialect, strip in row.cells.items():
        cells = [cell for cell in strip if cell is not None]
        # Cells that share a verdict say the same: most dialects do, in all versions.
        course = tuple([(c.environment.index, c.letter, id(c.verdict), not c.record.random) for c in cells])
        points = same.get(course)
        if points is None:
            points = same[course] = tuple(_point(cell, told) for cell in cells)
        if any(point.letter for point in points):
            alike[points].append(dialect)
    ends = versions[0].label, versions[-1].label
    return [
        Course(tuple(dialects), _sentence(points, environments), _plot(points, environments), *ends)
        for points, dialects in alike.items()
    ]


def _point(cell: Cell, told: dict[int, tuple[str, float | None]]) -> Point:
    place = id(cell.verdict)
    if place not in told:  # cells of the same bits share a verdict
        told[place] = _said(cell), cell.share
    said, share = told[place]
    return Point(cell.environment.index, said, "" if cell.random else cell.letter, share)


def _said(cell: Cell) -> str:
    if cell.word in PASSING:
        return "agrees"
    word = "cannot be spelled" if cell.word == "unsupported" else cell.word
    return f"{word}, known" if cell.known else word


def _sentence(points: Sequence[Point], environments: Sequence[Environment]) -> str:
    """``bits changed in 2.9; agrees throughout``."""
    along = [point for point in points if not environments[point.place].variant]
    parts = [_bits(along, environments), _others(points, environments), _verdicts(along, environments)]
    return "; ".join(filter(None, parts))


def _bits(along: Sequence[Point], environments: Sequence[Environment]) -> str:
    lettered = [point for point in along if point.letter]
    changes = [
        f"{environments[after.place].label} ({before.letter} → {after.letter})"
        for before, after in zip(lettered, lettered[1:], strict=False)
        if before.letter != after.letter
    ]
    if len(changes) > _MOST_NAMED:
        changes = [*changes[: _MOST_NAMED - 1], f"{len(changes) - _MOST_NAMED + 1} more versions"]
    if changes:
        return f"bits changed in {listing(changes)}"
    return "the same bits throughout" if len(lettered) > 1 else ""


def _others(points: Sequence[Point], environments: Sequence[Environment]) -> str:
    """Where a version that is set up otherwise has other bits than as it comes."""
    own = {environments[p.place].version: p.letter for p in points if not environments[p.place].variant}
    others = [
        environments[p.place].label
        for p in points
        if environments[p.place].variant
        and p.letter
        and own.get(environments[p.place].version, "") not in ("", p.letter)
    ]
    return f"others in {listing(others[:_MOST_NAMED])}{' …' * (len(others) > _MOST_NAMED)}" if others else ""


def _verdicts(along: Sequence[Point], environments: Sequence[Environment]) -> str:
    stretches: list[list[Point]] = []
    for point in along:
        if stretches and stretches[-1][0].said == point.said:
            stretches[-1].append(point)
        else:
            stretches.append([point])
    if len(stretches) == 1:
        return f"{stretches[0][0].said} throughout"
    parts = []
    for place, stretch in enumerate(stretches):
        first, last = (environments[stretch[end].place].label for end in (0, -1))
        when = first if first == last else f"{first} – {last}"
        if place == 0 and first != last:
            when = f"up to {last}"
        elif place == len(stretches) - 1:
            when = f"since {first}"
        else:
            when = f"in {when}"
        parts.append(f"{stretch[0].said} {when}")
    return ", ".join(parts)


def _plot(points: Sequence[Point], environments: Sequence[Environment]) -> Markup:
    """A dot a version, a cross beyond the allowance; the line is all of it."""
    known = [point for point in points if point.share is not None]
    if not known:
        return Markup()
    step = (_WIDTH - 2 * _EDGE) / max(len(environments) - 1, 1)
    dots = crosses = ""
    for point in known:
        x, y = round(_EDGE + point.place * step), round(_height(point.share or 0.0))
        if (point.share or 0.0) > 1:
            crosses += f"M{x - 3} {y - 3}l6 6m0-6l-6 6"
        else:
            dots += f"M{x} {y}h0"
    least, most = (percent(end(p.share or 0.0 for p in known)) for end in (min, max))
    told = f"share of the allowance: {most if least == most else f'{least} to {most}'}"
    paths = f'<path class="zero" d="M0 {_height(1):.0f}H{_WIDTH}"/>'
    paths += f'<path class="line few" d="{dots}"/>' if dots else ""
    paths += f'<path class="crosses" d="{crosses}"/>' if crosses else ""
    return svg(_WIDTH, _HEIGHT, told, Markup(paths))


def _height(share: float) -> float:
    power = math.log10(share) if share > 0 else _LOWEST
    part = (min(max(power, _LOWEST), _HIGHEST) - _LOWEST) / (_HIGHEST - _LOWEST)
    return _HEIGHT - _EDGE - part * (_HEIGHT - 2 * _EDGE)
