"""Series -> a line plot as SVG, which takes its colours from the page's style."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 640, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 10, 24
#: Series with more points are drawn without markers.
_MOST_MARKERS = 48
#: Longer series are reduced to the smallest and largest value of each stretch.
_MOST_POINTS = 800
#: Of longer names below a plot the end is shown: scopes begin alike.
_LONGEST_NAME = 14


@dataclass(frozen=True)
class Series:
    """A line. ``style``: its CSS class; ``offset``: where it begins; ``stems``: bars from zero."""

    label: str
    values: np.ndarray
    style: str
    offset: float = 0.0
    stems: bool = False


@dataclass(frozen=True)
class Note:
    """A text above a point, of the colour of a line's ``style``."""

    place: float
    value: float
    text: str
    style: str


@dataclass(frozen=True)
class Marks:
    """What stands at the axes instead of numbers: texts of ``rows`` and of ``columns`` by their place.

    A row without a text is where the axis ends; columns that are None are numbered.  ``begins``: the column where
    something begins.
    """

    rows: Mapping[float, str]
    columns: Mapping[float, str] | None
    begins: float | None = None
    notes: Sequence[Note] = ()


def line_plot(series: Sequence[Series], title: str, marks: Marks | None = None) -> Markup:
    """All series on the same axes."""
    finite = [s.values[np.isfinite(s.values)] for s in series]
    values = np.concatenate([f for f in finite if f.size] or [np.zeros(1)])
    low, high = float(values.min()), float(values.max())
    if any(s.stems for s in series):
        low, high = min(low, 0.0), max(high, 0.0)
    if marks is not None:
        low, high = min(low, *marks.rows), max(high, *marks.rows)
    if not high > low:
        low, high = low - 1, high + 1
    first = min(s.offset for s in series)
    last = max(s.offset + s.values.size - 1 for s in series)
    axes = _Axes(first, max(last, first + 1), low, high)
    parts = [axes.ticks() if marks is None else axes.marked(marks)]
    parts += [axes.draw(s) for s in series]
    parts += [axes.note(note) for note in marks.notes] if marks is not None else []
    height = _HEIGHT + (_below(marks.columns) if marks and marks.columns else 0)
    return svg(_WIDTH, height, title, Markup("").join(parts))


def svg(width: int, height: int, label: str, contents: Markup, style: str = "plot") -> Markup:
    """A picture of ours.  ``label``: for readers who do not see it; ``style``: its classes."""
    return Markup(
        f'<svg class="{style}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f"{contents}</svg>"
    )


@dataclass(frozen=True)
class _Axes:
    first: float
    last: float
    low: float
    high: float

    def x(self, place: float) -> float:
        return round(_LEFT + (place - self.first) / (self.last - self.first) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        part = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return round(_HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM), 1)

    def ticks(self) -> Markup:
        return self._rows() + self._columns()

    def _rows(self) -> Markup:
        parts: list[str] = []
        for value in nice(self.low, self.high, 5):
            style = "zero" if value == 0 else "rule"
            y = self.y(value)
            parts.append(f'<path class="{style}" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>')
            parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{_tick(value)}</text>')
        return Markup("".join(parts))  # numbers all

    def _columns(self) -> Markup:
        parts: list[str] = []
        for value in nice(self.first, self.last, 8):
            if value == int(value):
                x = self.x(value)
                parts.append(f'<text x="{x}" y="{_HEIGHT - 8}" text-anchor="middle">{int(value)}</text>')
        return Markup("".join(parts))

    def marked(self, marks: Marks) -> Markup:
        """Texts at the axes; names below the columns lean, so that each has room."""
        parts: list[str] = []
        for value, text in marks.rows.items():
            if not text:
                continue
            y = self.y(value)
            parts.append(f'<path class="rule" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>')
            parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{escape(text)}</text>')
        if marks.begins is not None:
            parts.append(f'<path class="begins" d="M{self.x(marks.begins)} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        for value, text in (marks.columns or {}).items():
            x, y = self.x(value) + 3, _HEIGHT - _BOTTOM + 12
            name = escape(text if len(text) <= _LONGEST_NAME else f"…{text[1 - _LONGEST_NAME :]}")
            style = ' class="at"' if value == marks.begins else ""
            place = f'text-anchor="end" transform="translate({x} {y})rotate(-40)"'
            parts.append(f"<text{style} {place}>{name}</text>")
        return Markup("".join(parts)) + (self._columns() if marks.columns is None else "")

    def note(self, note: Note) -> Markup:
        text = '<text class="told {}" x="{}" y="{}" text-anchor="middle">{}</text>'
        y = max(self.y(note.value) - 7, 9)
        return Markup(text).format(note.style, self.x(note.place), y, note.text)

    def draw(self, series: Series) -> Markup:
        places = _places(series.values)
        points = self._points(series, places)
        texts = [f"{x} {y}" for x, y in points]
        if series.stems:
            zero = self.y(0)
            path = "".join([f"M{x} {zero}V{y}" for x, y in points])
        else:
            path = _path(series.values.size, places, texts)
        style = escape(series.style)
        text = f'<path class="line {style}" d="{path}"><title>{escape(series.label)}</title></path>'
        if len(points) <= _MOST_MARKERS:
            dots = "M" + "h0M".join(texts) + "h0" if texts else ""
            text += f'<path class="dots {style}" d="{dots}"/>'
        return Markup(text)

    def _points(self, series: Series, places: list[int]) -> list[tuple[float, float]]:
        """``x`` and ``y`` of them all."""
        wide = (_WIDTH - _LEFT - _RIGHT) / (self.last - self.first)
        high = (_HEIGHT - _TOP - _BOTTOM) / (self.high / 2 - self.low / 2)
        left = _LEFT + (series.offset - self.first) * wide
        half, bottom = self.low / 2, _HEIGHT - _BOTTOM
        values = series.values[places].tolist()
        return [
            (round(left + place * wide, 1), round(bottom - (value / 2 - half) * high, 1))
            for place, value in zip(places, values, strict=True)
        ]


def _below(names: Mapping[float, str]) -> int:
    """The height that leaning names take more than numbers do."""
    longest = max(map(len, names.values()), default=0)
    return round(max(0.0, 0.64 * 5.8 * min(longest, _LONGEST_NAME) - 6))


def _places(values: np.ndarray) -> list[int]:
    """The places of finite values to draw, in order."""
    places = np.flatnonzero(np.isfinite(values))
    if places.size <= _MOST_POINTS:
        return places.tolist()
    kept = set()
    for stretch in np.array_split(places, _MOST_POINTS // 2):
        kept |= {int(stretch[np.argmin(values[stretch])]), int(stretch[np.argmax(values[stretch])])}
    return sorted(kept)


def _path(count: int, places: list[int], points: list[str]) -> str:
    """A line through the points of so many values, interrupted where one is not finite."""
    gaps = len(places) < count and len(points) <= _MOST_POINTS
    if not gaps:
        return "M" + "L".join(points) if points else ""
    text, before = "", None
    for place, point in zip(places, points, strict=True):
        begins = before is None or place != before + 1
        text += f"{'M' if begins else 'L'}{point}"
        before = place
    return text


def nice(low: float, high: float, count: int) -> list[float]:
    """Round numbers between low and high, about that many."""
    span = high / 2 - low / 2
    if not math.isfinite(span) or span <= 0 or not math.isfinite(2 * span):
        return [low, high] if math.isfinite(low) and math.isfinite(high) else []
    raw = 2 * span / count
    power = 10.0 ** math.floor(math.log10(raw))
    if power == 0:
        return [low, high]
    step = next((factor * power for factor in (1, 2, 5) if factor * power >= raw), 10 * power)
    start = math.ceil(low / step - 1e-9)
    return [index * step for index in range(start, start + 3 * count) if index * step <= high + 1e-9 * step]


def _tick(value: float) -> Markup:
    text = f"{value:.6g}"
    mantissa, _, exponent = text.partition("e")
    if exponent:
        text = f"{mantissa}e{int(exponent)}"
    return escape(text.replace("-", "\u2212"))
