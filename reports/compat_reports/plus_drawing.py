"""The composed figure of the "+" pattern, drawn with matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from .figures import Scale, shared_scale, symmetric_scale
from .grid import Cell, Environment
from .strips import hue_of, sign
from .wording import number

#: Inches, and pixels an inch.
SIZE, DPI = (15.2, 5.6), 150
#: Fill and ink by result, as in style.css.
THEMES: dict[str, dict[str, Any]] = {
    "light": {
        "ink": "#1f2933", "faint": "#66727f", "rule": "#c5ccd4", "loud": ("#c21f1f", "#ffffff"),
        "a": ("#dde4ec", "#2d3a48"), "b": ("#a9cdf8", "#0b2f6b"), "c": ("#d3c0f3", "#3d2180"),
        "d": ("#a6dccf", "#08463a"), "e": ("#f0dc8c", "#4d3d00"), "f": ("#f3bdd7", "#6b1746"),
        "g": ("#d3cfc4", "#3b3833"), "z": ("#e8e8e8", "#444444"), "none": ("none", "#8a94a0"),
    },
    "dark": {
        "ink": "#e6ebf0", "faint": "#97a3b0", "rule": "#465260", "loud": ("#e5484d", "#ffffff"),
        "a": ("#33404d", "#c3cfdb"), "b": ("#1d4f8a", "#d3e6ff"), "c": ("#503b96", "#e4daff"),
        "d": ("#15645a", "#c2f3e8"), "e": ("#6b5b15", "#fbecb0"), "f": ("#7a2c5b", "#ffd9eb"),
        "g": ("#55524a", "#e8e4da"), "z": ("#3a3a3a", "#cccccc"), "none": ("none", "#75818d"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """``images``, ``responses``, ``differences``: (count, height, width); ``margin``: what VALID cuts off."""

    images: np.ndarray
    kernel: np.ndarray
    responses: np.ndarray
    differences: np.ndarray | None
    margin: tuple[int, int]
    title: str


def peaks(response: np.ndarray, most: int = 2) -> list[tuple[int, int]]:
    """(x, y) of the highest values that no neighbour exceeds, in reading order of x."""
    padded = np.pad(response, 1, constant_values=-np.inf)
    height, width = response.shape
    around = [padded[i : i + height, j : j + width] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    ys, xs = np.nonzero(response >= np.max(around, axis=0))
    highest = sorted(
        zip(xs.tolist(), ys.tolist(), strict=True), key=lambda place: -response[place[1], place[0]]
    )
    return sorted(highest[:most])


Strips = dict[str, list[Cell | None]]
#: Places in parts of the figure: side of a map, bottom of the first row, distance of the rows, left edges.
_SIDE, _FIRST, _STEP = 0.325, 0.555, 0.44
_WIDE = _SIDE * SIZE[1] / SIZE[0]
_INPUT, _FILTER, _RESPONSE, _DIFFERENCE, _STRIPS = 0.028, 0.186, 0.268, 0.415, 0.643


def draw(parts: Parts, strips: Strips, environments: Sequence[Environment], theme: str) -> bytes:
    """The figure as a PNG without a background."""
    drawing = _Drawing(parts, THEMES[theme])
    for index in range(len(parts.images)):
        drawing.row(index)
    drawing.headings()
    drawing.bars()
    drawing.strips(strips, environments)
    buffer = io.BytesIO()
    drawing.figure.savefig(buffer, format="png", transparent=True, metadata={"Software": None})
    return buffer.getvalue()


class _Drawing:
    def __init__(self, parts: Parts, colours: dict[str, Any]):
        self.parts, self.colours = parts, colours
        self.figure = Figure(figsize=SIZE, dpi=DPI)
        FigureCanvasAgg(self.figure)
        self.values = shared_scale([parts.images, parts.kernel, parts.responses])
        self.errors = None if parts.differences is None else symmetric_scale([parts.differences])

    def row(self, index: int) -> None:
        """An image, the filter, its response and the difference."""
        parts, bottom = self.parts, _FIRST - index * _STEP
        image, response = parts.images[index], parts.responses[index]
        axes = self._map((_INPUT, bottom), image, self.values)
        axes.set_ylabel(f"image {index}", color=self.colours["faint"], fontsize=9)
        self._rings(axes, response, 1.55)
        self._filter((_FILTER, bottom + _SIDE * 0.35))
        axes = self._map((_RESPONSE, bottom), response, self.values, image.shape)
        self._rings(axes, response, 0.75, labelled=True)
        if parts.differences is not None and self.errors is not None:
            self._map((_DIFFERENCE, bottom), parts.differences[index], self.errors, image.shape)
        for x, text in ((_FILTER - 0.014, "∗"), ((_FILTER + _RESPONSE) / 2 + 0.0255, "=")):
            self._text(x, bottom + _SIDE / 2, text, "faint", fontsize=20, ha="center", va="center")

    def _map(
        self,
        place: tuple[float, float],
        values: np.ndarray,
        scale: Scale,
        frame: tuple[int, ...] | None = None,
        part: float = 1.0,
    ) -> Axes:
        """A map. ``frame``: the shape of the image in whose coordinates it lies: VALID leaves a margin."""
        axes = self.figure.add_axes((*place, part * _WIDE, part * _SIDE))
        height, width = values.shape
        dy, dx = self.parts.margin if frame else (0, 0)
        extent = (dx - 0.5, dx + width - 0.5, dy + height - 0.5, dy - 0.5)
        axes.imshow(values, cmap=scale.colours, vmin=scale.low, vmax=scale.high, extent=extent)
        rows, columns = frame or values.shape
        axes.set_xlim(-0.5, columns - 0.5)
        axes.set_ylim(rows - 0.5, -0.5)
        axes.set_xticks(range(0, columns, 2 if columns <= 12 else 10))
        axes.set_yticks(range(0, rows, 2 if rows <= 12 else 10))
        axes.tick_params(colors=self.colours["faint"], labelsize=7.5, length=2, width=0.6)
        axes.patch.set_alpha(0)
        for spine in axes.spines.values():
            spine.set(color=self.colours["rule"], linewidth=0.6)
        return axes

    def _rings(self, axes: Axes, response: np.ndarray, radius: float, labelled: bool = False) -> None:
        for x, y in peaks(response):
            x, y = x + self.parts.margin[1], y + self.parts.margin[0]
            for colour, width in (("black", 2.6), ("white", 1.3)):
                axes.add_patch(Circle((x, y), radius, fill=False, color=colour, linewidth=width))
            if labelled:
                above = y > 1.6
                place, side = (y - 1.0, "bottom") if above else (y + 1.0, "top")
                style: dict[str, Any] = {"color": "white", "fontsize": 9, "fontweight": "bold"}
                text = axes.text(x, place, f"({x}, {y})", ha="center", va=side, **style)
                text.set_bbox({"facecolor": "black", "alpha": 0.55, "edgecolor": "none", "pad": 1.2})

    def _filter(self, place: tuple[float, float]) -> None:
        axes = self._map(place, self.parts.kernel, self.values, part=0.3)
        axes.set_xticks([])
        axes.set_yticks([])
        inks = self.values.css(self.parts.kernel)
        for (y, x), value in np.ndenumerate(self.parts.kernel):
            ink = inks[y][x][1]
            axes.text(x, y, f"{value:g}", color=ink, ha="center", va="center", fontsize=9)

    def _text(self, x: float, y: float, text: str, colour: str, **style: Any) -> None:
        self.figure.text(x, y, text, color=self.colours[colour], **style)

    def headings(self) -> None:
        """A word above each column."""
        words = [
            (_INPUT + _WIDE / 2, "input"),
            (_FILTER + _WIDE * 0.15, "filter"),
            (_RESPONSE + _WIDE / 2, "response, peaks ringed"),
        ]
        if self.errors is not None:
            words.append((_DIFFERENCE + _WIDE / 2, "A − float64 answer"))
        for x, text in words:
            self._text(x, _FIRST + _SIDE + 0.035, text, "ink", fontsize=11, fontweight="bold", ha="center")
        self._text(_STRIPS, 0.915, "same letter: same bits", "ink", fontsize=11, fontweight="bold")

    def bars(self) -> None:
        """One colour bar for all values, one for the differences."""
        self._bar(_INPUT, _RESPONSE + _WIDE - _INPUT, self.values, 5, 3)
        if self.errors is not None:
            self._bar(_DIFFERENCE, _WIDE, self.errors, 3, 2)

    def _bar(self, left: float, width: float, scale: Scale, count: int, digits: int) -> None:
        axes = self.figure.add_axes((left, 0.052, width, 0.018))
        axes.imshow(np.linspace(0, 1, 256)[None], aspect="auto", cmap=scale.colours, extent=(0, 1, 0, 1))
        axes.set_yticks([])
        ticks = np.linspace(0, 1, count)
        texts = [number(float(scale.low + t * (scale.high - scale.low)), digits) for t in ticks]
        axes.set_xticks(ticks, texts)
        labels = axes.get_xticklabels()
        labels[0].set_horizontalalignment("left")
        labels[-1].set_horizontalalignment("right")
        axes.tick_params(colors=self.colours["faint"], labelsize=7.5, length=2, width=0.6)
        for spine in axes.spines.values():
            spine.set_visible(False)

    def strips(self, strips: Strips, environments: Sequence[Environment]) -> None:
        """Dialects by environments, the letter of the result in each."""
        columns, rows = len(environments), len(strips)
        axes = self.figure.add_axes((_STRIPS, 0.115, min(0.352, 0.038 * columns), 0.765))
        axes.set_xlim(0, columns)
        axes.set_ylim(rows + 0.02, -1.6)
        axes.axis("off")
        for index, environment in enumerate(environments):
            style: dict[str, Any] = {"fontsize": 8.5, "color": self.colours["faint"], "rotation": 90}
            axes.text(index + 0.5, -0.12, environment.label, ha="center", va="bottom", **style)
        for row, (dialect, cells) in enumerate(strips.items()):
            style = {"fontsize": 9.5, "color": self.colours["ink"]}
            axes.text(-0.012 * columns, row + 0.5, dialect, ha="right", va="center", **style)
            for index, cell in enumerate(cells):
                _square(axes, index, row, cell, self.colours, min(10.0, 150 / columns))


def _square(axes: Any, x: int, y: int, cell: Cell | None, colours: dict[str, Any], size: float) -> None:
    if cell is None or cell.word == "unsupported":
        fill, ink = colours["none"]
    elif cell.loud:
        fill, ink = colours["loud"]
    else:
        fill, ink = colours[hue_of(cell.letter) if cell.letter else "z"]
    if fill != "none":
        box = FancyBboxPatch(
            (x + 0.06, y + 0.08),
            0.88,
            0.84,
            boxstyle="round,pad=0,rounding_size=0.12",
            linewidth=0,
            facecolor=to_rgb(fill),
        )
        axes.add_patch(box)
    axes.text(x + 0.5, y + 0.52, sign(cell), ha="center", va="center", fontsize=size, color=ink)
