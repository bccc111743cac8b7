"""The share of the allowance that every element takes, as a map beside the difference: on one scale for all results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .drawing import Bar, Drawer, Drawn, Figure, Square
from .figures import BEYOND, SHARES, Scale
from .panes import Selection
from .wording import number, percent

if TYPE_CHECKING:
    from .comparison import Distinct

#: Panes of a result, where no element of any is beyond its allowance.
_MOST_INSIDE = 2


@dataclass(frozen=True)
class ShareMaps:
    """A figure for every result that has one; ``beyond``: the colour of what is beyond, where anything is."""

    figures: tuple[Figure | None, ...]
    bar: Bar | None = None
    beyond: str = ""


def share_maps(results: Sequence[Distinct], drawer: Drawer) -> ShareMaps:
    cuts = [_cuts(one) for one in results]
    shares = [share for of in cuts for share in of]
    inside = [float(share.max(initial=0, where=share <= 1)) for share in shares]
    beyond = any(bool((share > 1).any()) for share in shares)
    scale = Scale(0.0, 1.0 if beyond else max(inside, default=0.0), SHARES)
    if not scale.high > 0:
        return ShareMaps((None,) * len(results))
    most = None if beyond else _MOST_INSIDE
    figures = [
        _figure(one, of[:most], scale, drawer) if of else None for one, of in zip(results, cuts, strict=True)
    ]
    bar = Bar(scale.gradient(), "0 %", percent(scale.high / 2), percent(scale.high))
    return ShareMaps(tuple(figures), bar, BEYOND if beyond else "")


def _cuts(one: Distinct) -> list[np.ndarray]:
    if one.deviation is None or one.selection is None or one.selection.kind == "series" or one.array is None:
        return []
    share = one.deviation.share_at(one.array.ndim)
    return [] if share is None else one.selection.cut(share)


def _figure(one: Distinct, cuts: Sequence[np.ndarray], scale: Scale, drawer: Drawer) -> Figure:
    assert one.selection is not None
    selection = one.selection
    if len(cuts) < len(selection.panes):
        note = f"{len(cuts)} of the {len(selection.panes)} above"
        selection = Selection(selection.kind, selection.panes[: len(cuts)], note)
    coloured = [np.where(cut > 1, np.inf, cut) for cut in cuts]
    what = f"result {one.letters}, share of the allowance"
    if selection.kind == "map":
        return drawer.array(selection, coloured, scale, what, difference=True)
    panes = []
    for pane, cut, colours in zip(selection.panes, cuts, coloured, strict=True):
        rows = zip(cut.tolist(), scale.css(colours), strict=True)
        squares = tuple(
            tuple(Square(number(v, 2), *css) for v, css in zip(values, row, strict=True))
            for values, row in rows
        )
        panes.append(Drawn(pane.title, rows=squares, alt=what))
    return Figure(panes, selection.note)
