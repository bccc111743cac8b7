"""Error against magnitude: every element of an output's distinct results, and how far each may be off, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from .deviations import Deviation
from .plots import svg
from .wording import REFERENCE, listing, number

_WIDTH, _HEIGHT = 640, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 10, 40
#: Room before an axis for what is 0 and has no logarithm.
_ZERO = 24
#: Pixels of a column in which the allowances are drawn together.
_COLUMN = 24
#: Marks of all results together, and of one result at least; and of what is beyond the allowance.
_MOST_MARKS, _FEWEST_MARKS, _MOST_BEYOND = 150, 30, 60
#: What is smaller than the largest by more decades stands at the edge.
_MOST_DECADES = 24
#: A mark for this part of the elements is larger.
_MANY = 1 / 50


@dataclass(frozen=True)
class MagnitudePlot:
    """``legend``: (text, style of the line) of every result."""

    svg: Markup
    legend: tuple[tuple[str, str], ...]
    caption: str


def magnitude_plot(deviations: Sequence[Deviation], name: str, answer: str) -> MagnitudePlot:
    """The results on the same axes.  ``name``: of the output."""
    axes = _Axes(deviations)
    bounds = {d.bound: d for d in deviations if d.allowance is not None}
    parts = [axes.frame()]
    drawn = banded = False
    for one in bounds.values():
        lines, band = axes.bound(one)
        parts.append(lines)
        drawn |= bool(lines)
        banded |= band
    most = max(_FEWEST_MARKS, _MOST_MARKS // len(deviations))
    for place, one in enumerate(deviations):  # a little beside each other: results often share their errors
        parts.append(axes.marks(one, most, 3 * place - 3 * (len(deviations) - 1) // 2))
    parts += [axes.beyond(one) for one in deviations if one.beyond.size]
    text = f"{name}: the error of every element against the magnitude of {answer}. {_told(deviations)}"
    picture = svg(_WIDTH, _HEIGHT, text, Markup("".join(parts)), "plot magnitudes")  # numbers all
    legend = tuple((f"result {d.letters}", f"line-{d.hue}") for d in deviations)
    return MagnitudePlot(picture, legend, _caption(drawn, banded, deviations, answer))


def _told(deviations: Sequence[Deviation]) -> str:
    said = [f"{d.letters} at most {number(float(d.error.max(initial=0)))}" for d in deviations]
    return listing(said)


def _caption(drawn: bool, banded: bool, deviations: Sequence[Deviation], answer: str) -> str:
    text = "|error| against |expected|, both logarithmic; large dots are many elements. "
    if banded:
        text += "Line: the lowest allowance in each column, shaded up to the highest. "
    elif drawn:
        text += "Line: the allowance. "
    elif any(d.allowance is not None for d in deviations):
        text += "No line: any error is allowed. "
    unknown = [d.letters for d in deviations if d.allowance is None]
    if unknown and answer == REFERENCE:
        text += f"How far an element of {listing(unknown)} may be off is not known here. "
    elif unknown:
        text += f"No line for {listing(unknown)}: judged by the graph, step by step, not by this difference. "
    beyond = [f"{d.beyond.size:,} of {d.error.size:,} in {d.letters}" for d in deviations if d.beyond.size]
    if beyond:
        text += f"Crosses are beyond their own allowance: {listing(beyond)}. "
    lost = [f"{d.lost:,} in {d.letters}" for d in deviations if d.lost]
    if lost:
        text += f"Not drawn, for they are not finite on both sides, nor the same: {listing(lost)}. "
    return text.rstrip()


class _Axis:
    """Decimal logarithms between two places; 0 has a place of its own before them."""

    def __init__(self, low: float, high: float, start: float, end: float, zero: float):
        self.low, self.high = math.floor(max(low, high - _MOST_DECADES)), math.ceil(high)
        if self.low == self.high:
            self.low, self.high = self.low - 1, self.high + 1
        self._start, self.zero = start, zero
        self._scale = (end - start) / (self.high - self.low)

    def at(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            decades = np.log10(values)
        places = np.minimum(np.maximum(decades, self.low), self.high)
        places -= self.low
        places *= self._scale
        places += self._start
        places[values == 0] = self.zero
        return places

    def ticks(self, most: int) -> list[tuple[float, str]]:
        step = -(-(self.high - self.low) // most)
        first = -(-self.low // step) * step
        return [
            (
                round(self._start + (k - self.low) * self._scale, 1),
                number(10.0**k) if abs(k) < 3 else f"1e{k}".replace("-", "−"),
            )
            for k in range(first, self.high + 1, step)
        ]


def _extent(arrays: Sequence[np.ndarray]) -> tuple[float, float, bool]:
    """The logarithms of the smallest and the largest number above 0, and whether there is a 0."""
    lows, highs, zero = [], [], False
    for array in arrays:
        low, high = float(array.min()), float(array.max())
        if low == 0 or high == math.inf:
            zero |= low == 0
            array = array[(array > 0) & (array < np.inf)]
            if not array.size:
                continue
            low, high = float(array.min()), float(array.max())
        lows.append(low)
        highs.append(high)
    return (math.log10(min(lows)), math.log10(max(highs)), zero) if lows else (0.0, 0.0, zero)


class _Axes:
    def __init__(self, deviations: Sequence[Deviation]):
        sizes = list({id(d.size): d.size for d in deviations}.values())
        allowances = list({d.bound: d.allowance for d in deviations if d.allowance is not None}.values())
        errors = [d.error for d in deviations]
        bottom, left = _HEIGHT - _BOTTOM, _LEFT
        low, high, zero = _extent(sizes)
        self.x = _Axis(low, high, left + _ZERO * zero, _WIDTH - _RIGHT, left + _ZERO / 2)
        low, high, nothing = _extent([*errors, *allowances])
        self.y = _Axis(low, high, bottom - _ZERO * nothing, _TOP, bottom - _ZERO / 2)
        self._zeros = zero, nothing
        self._places: dict[int, np.ndarray] = {}

    def _across(self, one: Deviation) -> np.ndarray:
        """The places of the elements; results that are held against the same share them."""
        if id(one.size) not in self._places:
            self._places[id(one.size)] = self.x.at(one.size)
        return self._places[id(one.size)]

    def frame(self) -> str:
        right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        marks = [(y, text, "rule") for y, text in self.y.ticks(5)]
        marks += [(self.y.zero, "0", "zero")] * self._zeros[1]
        text = "".join(
            f'<path class="{style}" d="M{_LEFT} {y}H{right}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{label}</text>'
            for y, label, style in marks
        )
        along = [*self.x.ticks(8), *([(self.x.zero, "0")] * self._zeros[0])]
        text += "".join(f'<text x="{x}" y="{bottom + 15}" text-anchor="middle">{t}</text>' for x, t in along)
        return text + f'<text x="{right}" y="{_HEIGHT - 6}" text-anchor="end">|expected|</text>'

    def bound(self, one: Deviation) -> tuple[str, bool]:
        """The lowest allowance of every column as a line, the band up to the highest; and whether there is a band."""
        assert one.allowance is not None
        columns = ((self._across(one) - _LEFT) / _COLUMN).astype(np.intp)
        count = (_WIDTH - _LEFT) // _COLUMN + 1
        low, high = np.full(count, np.inf), np.zeros(count)
        np.minimum.at(low, columns, one.allowance)
        np.maximum.at(high, columns, one.allowance)
        filled = np.flatnonzero(np.bincount(columns, minlength=count) * (low < np.inf))
        if not filled.size:
            return "", False
        lows, highs = self.y.at(low[filled]).tolist(), self.y.at(high[filled]).tolist()
        line = band = ""
        before = -2
        banded = False
        for column, y, top in zip(filled.tolist(), lows, highs, strict=True):
            x, end = _LEFT + column * _COLUMN, min(_LEFT + (column + 1) * _COLUMN, _WIDTH - _RIGHT)
            line += f"V{y:.0f}H{end}" if column == before + 1 else f"M{x} {y:.0f}H{end}"
            if y - top >= 1.5:
                band += f"M{x} {y:.0f}H{end}V{top:.0f}H{x}Z"
                banded = True
            before = column
        text = f'<path class="band" d="{band}"/>' if banded else ""
        return text + f'<path class="bound" d="{line}"/>', banded

    def marks(self, one: Deviation, most: int, aside: int) -> str:
        places, counts = _binned(self._across(one), self.y.at(one.error), most)
        many = counts >= max(2, one.error.size * _MANY)
        text = ""
        for chosen, style in ((~many, "few"), (many, "many")):
            path = _dots(places[chosen].tolist(), aside)
            text += f'<path class="line line-{one.hue} {style}" d="{path}"/>' if path else ""
        return text

    def beyond(self, one: Deviation) -> str:
        """A cross for what is beyond its allowance; of one among a million as well."""
        places, _ = _binned(self._across(one)[one.beyond], self.y.at(one.error[one.beyond]), _MOST_BEYOND)
        path = "".join(f"M{x - 3} {y - 3}l6 6m0-6l-6 6" for x, y in places.tolist())
        return f'<path class="crosses" d="{path}"/>'


def _dots(places: Sequence[Sequence[int]], aside: int) -> str:
    """A path of dots, row by row, each told from the one before: pages with much in common pack well."""
    text, before = "", (-1, -1)
    for x, y in places:
        x = min(x + aside, _WIDTH - 4)
        text += f"m{x - before[0]} 0h0" if y == before[1] else f"M{x} {y}h0"
        before = x, y
    return text


def _binned(x: np.ndarray, y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The middles of the squares that hold elements, no more than so many, and how many each holds."""
    size = 8
    while True:
        across = _WIDTH // size + 1
        codes = (y / size).astype(np.intp) * across + (x / size).astype(np.intp)
        if codes.size <= 4096:
            found, counts = np.unique(codes, return_counts=True)
        else:
            every = np.bincount(codes)
            found = np.flatnonzero(every)
            counts = every[found]
        if found.size <= most or size > 64:
            middles = np.stack([found % across, found // across], axis=1) * size + size // 2
            return middles, counts
        size += 4
