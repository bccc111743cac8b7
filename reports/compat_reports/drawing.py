"""Panes -> what a template shows: pictures in the folder, numbers in cells, colour bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from . import figures
from .figures import Scale
from .folder import Folder
from .panes import Pane, Selection, reduced, select
from .wording import number

FIGURES = "figures"
#: Pixels on the page of the longer side of a map, by how many stand beside each other.
_SIDE = {1: 200, 2: 160, 3: 132, 4: 132}


@dataclass(frozen=True)
class Square:
    """A number in its colour."""

    text: str
    colour: str
    ink: str


@dataclass(frozen=True)
class Drawn:
    """One pane on a page: a picture at ``source``, or ``rows`` of squares."""

    title: str
    source: str = ""
    width: int = 0
    height: int = 0
    alt: str = ""
    rows: tuple[tuple[Square, ...], ...] = ()


@dataclass
class Figure:
    """An array on a page: its panes, a note about what is left out, or why there is nothing."""

    panes: list[Drawn] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Bar:
    """A colour bar: a CSS gradient and the numbers below it."""

    gradient: str
    low: str
    middle: str
    high: str


def bar(scale: Scale | None) -> Bar | None:
    """The colour bar of a scale; None where all values are equal and colour says nothing."""
    if scale is None or not scale.high > scale.low:
        return None
    return Bar(
        scale.gradient(), number(scale.low), number(scale.low / 2 + scale.high / 2), number(scale.high)
    )


class Drawer:
    """Draws into a folder; what the folder has already is not drawn again."""

    def __init__(self, folder: Folder):
        self._folder = folder

    def array(
        self,
        selection: Selection,
        cuts: Sequence[np.ndarray],
        scale: Scale,
        what: str,
        difference: bool = False,
    ) -> Figure:
        """An array's panes on a scale. ``what``: for readers who do not see them."""
        panes = []
        for pane, cut in zip(selection.panes, cuts, strict=True):
            if selection.kind == "table":
                panes.append(Drawn(pane.title, rows=squares(cut, scale, 2 if difference else 4), alt=what))
            else:
                panes.append(self._map(pane, reduced(cut, difference), cut.shape, scale, what, len(cuts)))
        return Figure(panes, selection.note)

    def _map(
        self, pane: Pane, shown: np.ndarray, shape: tuple[int, ...], scale: Scale, what: str, beside: int
    ) -> Drawn:
        source = f"{FIGURES}/{figures.name_of(shown, scale)}"
        self._keep(source, lambda: figures.png(shown, scale))
        width, height = sizes(shown.shape, _SIDE.get(beside, 120))
        finite = shown[np.isfinite(shown)]
        extent = (
            f"from {number(float(finite.min()))} to {number(float(finite.max()))}"
            if finite.size
            else "no finite value"
        )
        alt = f"{what}{', ' + pane.title if pane.title else ''}: {shape[0]} by {shape[1]} values {extent}"
        return Drawn(pane.title, source, width, height, alt)

    def photograph(self, array: np.ndarray, what: str) -> Figure:
        """Height x width x 3 in its own colours."""
        factor = -(-max(array.shape[:2]) // 240)
        pixels = np.stack([reduced(array[..., channel].astype(np.float64)) for channel in range(3)], axis=-1)
        source = f"{FIGURES}/{figures.name_of(pixels, None)}"
        self._keep(source, lambda: figures.picture(pixels))
        width, height = sizes(pixels.shape[:2], 200)
        note = "in its own colours" + (f", 1 of {factor} pixels a side" if factor > 1 else "")
        return Figure([Drawn("", source, width, height, f"{what}: a colour photograph")], note)

    def _keep(self, name: str, make) -> None:  # type: ignore[no-untyped-def]
        if self._folder.has(name):
            self._folder.keep(name)
        else:
            self._folder.put(name, make())

    def file(self, name: str, make) -> str:  # type: ignore[no-untyped-def]
        """A picture made by ``make`` unless it is there; its place in the folder."""
        source = f"{FIGURES}/{name}"
        self._keep(source, make)
        return source


def squares(cut: np.ndarray, scale: Scale, digits: int) -> tuple[tuple[Square, ...], ...]:
    """Numbers in cells of their colours."""
    return tuple(
        tuple(Square(number(value, digits), *colours) for value, colours in zip(values, row, strict=True))
        for values, row in zip(cut.tolist(), scale.css(cut), strict=True)
    )


def sizes(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Width and height on the page: whole multiples of small maps, large ones as they are or smaller."""
    height, width = shape[:2]
    longest = max(height, width)
    zoom = side // longest if longest <= side else side / longest
    return max(1, round(width * zoom)), max(1, round(height * zoom))


def is_photograph(name: str, array: np.ndarray) -> bool:
    """A colour image of 0..255, to be shown in its own colours."""
    shape = array.shape[-3:]
    if array.ndim not in (3, 4) or shape[-1] != 3 or min(shape[:2]) < 32 or array.dtype.kind not in "uif":
        return False
    first = array[(0,) * (array.ndim - 3)]
    return float(np.min(first)) >= 0 and 1.5 < float(np.max(first)) <= 255


def selection_of(name: str, array: np.ndarray | None, data_format: str) -> tuple[Selection | None, str]:
    """The panes of an array, or None and why."""
    if array is None:
        return None, "the store does not keep this array"
    shape = " × ".join(map(str, array.shape))
    if array.dtype.kind not in "biufc":
        return None, f"{array.dtype} values, nothing to draw"
    selection = select(name, array.shape, data_format)
    return selection, "" if selection else f"empty: {shape}"
