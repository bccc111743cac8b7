"""The curves of all trainings of a sample on one plot: ports that train alike lie on each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup

from .arrays import Arrays
from .grid import Cell, Environment, Row
from .plots import Marks, Series, line_plot
from .strips import hue_of
from .wording import plural, ranges

#: Distinct curves that are drawn, and the classes of dialects' lines.
_MOST, _LETTERS = 60, "ABCDEFG"
#: From this ratio on a logarithmic scale says more; from that one on its powers of ten are marks enough.
_LOGARITHMIC, _POWERS = 10.0, 500.0


@dataclass
class Together:
    """``plots`` with their captions; ``legend``: the dialects with the styles of their lines; ``hidden``: how many."""

    plots: list[tuple[str, Markup]]
    legend: list[tuple[str, str]]
    hidden: int = 0


@dataclass
class _Line:
    """Curves of the same bits, and where they were computed; of the first dialect is the line's style."""

    style: str
    curves: dict[str, np.ndarray]
    where: dict[str, list[Environment]] = field(default_factory=dict)
    loud: bool = False

    def told(self, row: Row) -> str:
        environments = [
            cell.environment for strip in row.cells.values() for cell in strip if cell is not None
        ]
        columns = sorted({e.index: e for e in environments}.values(), key=lambda e: e.index)
        return "; ".join(f"{dialect} {ranges(found, columns)}" for dialect, found in self.where.items())

    @property
    def newest(self) -> int:
        return max(e.index for found in self.where.values() for e in found)


def compose(row: Row, cells: Sequence[Cell], arrays: Arrays, names: Sequence[str]) -> Together | None:
    """The curves of these names in these cells; None for a single line."""
    lines = _lines(row, cells, arrays, names)
    if len(lines) < 2:
        return None
    shown = sorted(lines, key=lambda line: (not line.loud, -line.newest))[:_MOST]
    shown = [line for line in lines if any(line is one for one in shown)]
    plots = []
    for name in names:
        drawn = [(line, line.curves[name]) for line in shown if name in line.curves]
        if drawn:
            plots.append((f"{name.replace('val_', 'held-out ')} by epoch", _plot(name, drawn, row)))
    legend = []
    for dialect in dict.fromkeys(dialect for line in shown for dialect in line.where):
        its = [line for line in shown if dialect in line.where]
        leads = next((line for line in its if next(iter(line.where)) == dialect and not line.loud), its[0])
        legend.append((f"{dialect}, {plural(len(its), 'curve')}", leads.style))
    legend += [("to look at", "islook")] if any(line.loud for line in shown) else []
    return Together(plots, legend, len(lines) - len(shown))


def _lines(row: Row, cells: Sequence[Cell], arrays: Arrays, names: Sequence[str]) -> list[_Line]:
    """Distinct ones, dialect by dialect."""
    styles = {
        dialect: f"line-{hue_of(_LETTERS[min(place, len(_LETTERS) - 1)])}"
        for place, dialect in enumerate(dict.fromkeys(cell.dialect for cell in cells))
    }
    found: dict[tuple[str, ...], _Line] = {}
    for cell in cells:
        digests = {name: cell.outputs[name].digest for name in names if name in cell.outputs}
        key = (*digests.values(), str(cell.loud))
        if key not in found:
            read = {name: arrays.read(digest) for name, digest in digests.items()}
            curves = {
                n: a.astype(np.float64) for n, a in read.items() if a is not None and a.ndim == 1 and a.size
            }
            if not curves:
                continue
            found[key] = _Line("islook" if cell.loud else styles[cell.dialect], curves, loud=cell.loud)
        found[key].where.setdefault(cell.dialect, []).append(cell.environment)
    return list(found.values())


def _plot(name: str, drawn: Sequence[tuple[_Line, np.ndarray]], row: Row) -> Markup:
    """On a logarithmic scale where all values are positive and far from each other."""
    values = np.concatenate([curve[np.isfinite(curve)] for _, curve in drawn] or [np.zeros(0)])
    logarithmic = bool(values.size) and values.min() > 0 and values.max() / values.min() >= _LOGARITHMIC
    if logarithmic:
        with np.errstate(divide="ignore", invalid="ignore"):
            series = [Series(line.told(row), np.log10(curve), line.style, offset=1) for line, curve in drawn]
        marks = Marks(_rows(float(values.min()), float(values.max())), None)
    else:
        series, marks = [Series(line.told(row), curve, line.style, offset=1) for line, curve in drawn], None
    return line_plot(series, f"{name} by epoch, all dialects", marks)


def _rows(low: float, high: float) -> dict[float, str]:
    """Round numbers on a logarithmic scale."""
    factors = (1,) if high / low >= _POWERS else (1, 2, 5)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    round_ones = [factor * 10.0**power for power in powers for factor in factors]
    return {math.log10(value): f"{value:g}" for value in round_ones if low <= value <= high}
