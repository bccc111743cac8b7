"""Along a graph: what the judge says of each tensor in the order of flow, and a plot of the error as it grows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from compat.records import PASSING, Numbers

from . import wording
from .plots import Marks, Note, Series, line_plot

if TYPE_CHECKING:
    from compat.judge.judging import Place

#: Lines that stand open; more are folded.
OPEN = 80
#: Powers of ten of the allowance that are told apart; what is beyond them lies at the ends.
_LEAST, _MOST = -6, 12
#: Decades between two marks of the scale, so that there are some five of them.
_STEPS = 5
#: Texts above each other that have room.
_APART = 10
#: Names that have room below the plot.
_NAMED = 24


@dataclass(frozen=True)
class Line:
    """A tensor in the order of flow.  ``state``: look, known, agrees or none, as the shapes of the style have it.

    ``share``: of the allowance, None where it was not judged.
    """

    name: str
    op: str
    source: str
    state: str
    words: str
    share: float | None = None


def line(
    name: str,
    op: str,
    source: str,
    numbers: Numbers | None,
    why: str = "",
    wrong: bool = False,
    vague: bool = False,
) -> Line:
    """``wrong``: also where there are no numbers; ``vague``: the allowance is wide there."""
    share = numbers.share if numbers is not None else None
    if wrong or (numbers is not None and numbers.word not in PASSING):
        return Line(name, op, source, "look", (numbers.message if numbers else why) or "differs", share)
    if numbers is None:
        return Line(name, op, source, "none", why or "not judged")
    words = f"{wording.percent(share)} of the allowance" if share is not None else "agrees"
    return Line(name, op, source, "agrees", words + (", which is wide here" if vague else ""), share)


def of_place(place: Place) -> Line:
    """A pair of a port's tensor with one of the legacy graph."""
    node = place.followed.nodes[-1] if place.followed.nodes else None
    op = node.op if node is not None else ""
    return line(place.pair.name, op, place.source, place.numbers, place.why, place.wrong, place.vague)


def plot_of(lines: Sequence[Line], title: str) -> Markup | None:
    """The error along these, and where the first is wrong."""
    begins = next((place for place, one in enumerate(lines) if one.state in ("look", "known")), None)
    curve = Curve("error", [one.share for one in lines], "line-b")
    return plot([curve], title, [one.name for one in lines], begins)


@dataclass(frozen=True)
class Curve:
    """Shares of the allowance along the graph, None where there is none.

    ``style``: the CSS class of its line; ``told``: what stands where it is largest.
    """

    label: str
    shares: Sequence[float | None]
    style: str
    told: str = ""


def plot(
    curves: Sequence[Curve], title: str, names: Sequence[str] = (), begins: int | None = None
) -> Markup | None:
    """The error along a graph on a logarithmic scale, with the allowance as a line; None for a single point.

    ``names``: of the tensors, below them where they have room; ``begins``: the place that is marked.
    """
    count = max((len(curve.shares) for curve in curves), default=0)
    if not any(sum(share is not None for share in curve.shares) > 1 for curve in curves):
        return None
    scale = _Scale.of([share for curve in curves for share in curve.shares if share is not None])
    series = [Series("the allowance", np.zeros(count), "allowance", offset=1)]
    series += [
        Series(c.label, np.array([scale.place(s) for s in c.shares]), c.style, offset=1) for c in curves
    ]
    columns = {1.0 + place: name for place, name in enumerate(names)} if 0 < len(names) <= _NAMED else None
    marks = Marks(
        scale.marks(), columns, None if begins is None else begins + 1, _notes(curves, series[1:], scale)
    )
    return line_plot(series, title, marks)


def _notes(curves: Sequence[Curve], drawn: Sequence[Series], scale: _Scale) -> list[Note]:
    """What curves are called where they are largest; those of about one place together, and all of them not at all."""
    told: dict[tuple[float, int], list[tuple[float, Curve]]] = {}
    for curve, series in zip(curves, drawn, strict=True):
        if curve.told and np.isfinite(series.values).any():
            place = int(np.nanargmax(series.values))
            value = float(series.values[place])
            near = round(_APART * (value - scale.low) / (scale.high - scale.low))
            told.setdefault((1.0 + place, near), []).append((value, curve))
    if len(told) == 1 and len(curves) > 1 and all(curve.told or "thin" in curve.style for curve in curves):
        return []
    return [
        Note(
            place,
            max(value for value, _ in here),
            ", ".join(c.told for _, c in here),
            here[0][1].style.split()[0],
        )
        for (place, _), here in told.items()
    ]


@dataclass(frozen=True)
class _Scale:
    """Powers of ten from ``low`` to ``high``; ``least``, ``most``: the names of ends that hold the rest."""

    low: int
    high: int
    least: str = ""
    most: str = ""

    @classmethod
    def of(cls, shares: Sequence[float]) -> _Scale:
        powers = [math.log10(share) for share in shares if 10.0**_LEAST <= share <= 10.0**_MOST]
        small = [share for share in shares if share < 10.0**_LEAST]
        least = ("less" if any(small) else "exact") if small else ""
        most = "∞" if any(not share <= 10.0**_MOST for share in shares) else ""
        low, high = math.floor(min(powers, default=0)), math.ceil(max(powers, default=0))
        return cls(min(low, -1) - bool(least), max(high, 1) + bool(most), least, most)

    def place(self, share: float | None) -> float:
        if share is None:
            return math.nan
        if share < 10.0**_LEAST:
            return self.low
        return math.log10(share) if share <= 10.0**_MOST else self.high

    def marks(self) -> dict[float, str]:
        """Powers of ten in words; the ends say what lies on them."""
        step = -(-(self.high - self.low) // _STEPS)
        powers = [p for p in range(self.low, self.high + 1) if p % step == 0]
        marks = {float(self.low): "", float(self.high): ""} | {float(p): _power(p) for p in powers}
        for end, text in ((self.low, self.least), (self.high, self.most)):
            if not text:
                continue
            marks = {
                place: name for place, name in marks.items() if abs(place - end) >= step / 2 or place == 0
            }
            marks[float(end)] = text
        return dict(sorted(marks.items()))


def _power(power: int) -> str:
    """``1 %`` of the allowance, ``10 times`` it."""
    if power < 0:
        return f"{wording.number(10.0 ** (power + 2))} %"
    return "allowance" if power == 0 else f"{wording.number(10.0**power)} times"
