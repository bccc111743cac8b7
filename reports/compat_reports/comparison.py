"""One output of a sample in all its distinct results: the same panes on one scale, and the differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from markupsafe import Markup

from compat.records import JUDGED, PASSING

from .allowance_map import ShareMaps, share_maps
from .arrays import Arrays
from .deviations import Answer, Deviation
from .drawing import Bar, Drawer, Figure, bar, selection_of
from .error_figures import ErrorFigures, error_figures
from .figures import Scale, shared_scale, symmetric_scale
from .grid import Cell, Group, Row
from .panes import Selection
from .plots import Series, line_plot
from .strips import hue_of
from .wording import answer, judged_by, plural

#: Distinct results beyond these are in the table of numbers only.
MOST_SHOWN = 8


@dataclass(eq=False)
class Distinct:
    """One distinct array of an output, and the results (letters) that share it."""

    output: str
    digest: str
    dtype: str
    groups: list[Group]
    array: np.ndarray | None = None
    selection: Selection | None = None
    why_not: str = ""
    cuts: list[np.ndarray] = field(default_factory=list)
    differences: list[np.ndarray] = field(default_factory=list)
    deviation: Deviation | None = None

    @property
    def letters(self) -> str:
        return ", ".join(group.letter for group in self.groups)

    @property
    def cells(self) -> int:
        return sum(len(group.cells) for group in self.groups)

    @property
    def beyond(self) -> bool:
        """Outside the allowance in this output; it may be another one that differs."""
        cells = [cell for group in self.groups for cell in group.telling]
        words = (c.numbers[self.output].word if self.output in c.numbers else c.word for c in cells)
        return any(word in JUDGED and word not in PASSING for word in words)


@dataclass
class Card:
    """What stands below one heading: the reference, or a distinct result."""

    heading: str
    hue: str
    line: str
    figure: Figure
    difference: Figure | None = None
    share: Figure | None = None
    beyond: bool = False


@dataclass
class Compared:
    """An output on the page."""

    name: str
    shape: str
    dtype: str
    cards: list[Card] = field(default_factory=list)
    plots: list[tuple[str, Markup]] = field(default_factory=list)
    legend: list[tuple[str, str]] = field(default_factory=list)
    scale: Bar | None = None
    difference_scale: Bar | None = None
    beyond_scale: Bar | None = None
    shares: ShareMaps | None = None
    hidden: int = 0
    mark: str = ""
    judged: bool = False
    errors: ErrorFigures | None = None


def distinct_results(row: Row, name: str) -> list[Distinct]:
    """The distinct arrays of an output in the order of the letters."""
    found: dict[tuple[str, str], Distinct] = {}
    for group in row.groups:
        output = group.outputs.get(name)
        if output:
            key = (output.digest, output.dtype)
            found.setdefault(key, Distinct(name, *key, [])).groups.append(group)
    return list(found.values())


def reference_of(row: Row, name: str) -> str:
    """The digest of what an output is judged by, as the newest environment has it; or empty."""
    return next((digest for cell in reversed(row.recorded()) if (digest := _judged_by(cell, name))), "")


def _judged_by(cell: Cell, name: str) -> str:
    return cell.verdict.reference.get(name, "")


class Comparison:
    """Reads an output in all distinct results, then draws it; between the two its scale may be widened."""

    def __init__(self, row: Row, name: str, arrays: Arrays, data_format: str):
        self.name = name
        self.answer, self.judged_by = answer(row), judged_by(row)
        self.results = distinct_results(row, name)
        self.reference = Distinct(name, reference_of(row, name), "", [])
        shown = [self.reference, *self.results[:MOST_SHOWN]]
        for distinct in shown:
            array = arrays.read(distinct.digest) if distinct.digest else None
            distinct.array = array
            distinct.selection, distinct.why_not = selection_of(name, array, data_format)
            if distinct.selection and array is not None:
                distinct.cuts = distinct.selection.cut(array)
        for distinct in self.results:
            distinct.differences = self._differences(distinct, arrays)
        self.shown = [distinct for distinct in shown if distinct.digest]
        self.scale = shared_scale(cut for distinct in self.shown for cut in distinct.cuts)

    def _differences(self, distinct: Distinct, arrays: Arrays) -> list[np.ndarray]:
        """A result minus what it was judged by: against another run, each may have been judged by its own."""
        own = next((digest for g in distinct.groups if (digest := _judged_by(g.judged, self.name))), "")
        array = arrays.read(own or self.reference.digest) if distinct.cuts and self.reference.digest else None
        if array is None or distinct.array is None or array.shape != distinct.array.shape:
            return []
        if distinct.selection is None or distinct.selection != self.reference.selection:
            return []
        with np.errstate(invalid="ignore", over="ignore"):
            return [a - b for a, b in zip(distinct.cuts, distinct.selection.cut(array), strict=True)]

    def _deviate(self, arrays: Arrays) -> None:
        """How far every element of the results is off what each was judged by."""
        answers: dict[str, Answer | None] = {}
        for distinct in self.results[:MOST_SHOWN]:
            verdicts = [group.judged.verdict for group in distinct.groups]
            own = next((d for v in verdicts if (d := v.reference.get(self.name))), self.reference.digest)
            if not own or distinct.array is None or distinct.array.dtype.kind not in "biufc":
                continue
            if own not in answers:
                answers[own] = Answer.of(arrays.read(own))
            bound = next((d for v in verdicts if (d := v.allowance.get(self.name))), "")
            if answer := answers[own]:
                allowance = arrays.read(bound) if bound else None
                hue = hue_of(distinct.groups[0].letter)
                distinct.deviation = answer.deviation(
                    distinct.array, distinct.dtype, allowance, f"{own} {bound}", distinct.letters, hue
                )

    @property
    def series(self) -> bool:
        return any(d.selection is not None and d.selection.kind == "series" for d in self.shown)

    def draw(
        self, drawer: Drawer, sources: Sequence[tuple[str, np.ndarray]], arrays: Arrays | None
    ) -> Compared:
        """The output on the page. ``sources``: one-dimensional inputs, drawn behind a series.

        ``arrays``: where the answers are, to draw the error of every element; None draws none.
        """
        some = next((d.array for d in self.shown if d.array is not None and d is not self.reference), None)
        some = self.reference.array if some is None else some
        shape = " × ".join(map(str, some.shape)) or "a single number" if some is not None else ""
        dtypes = ", ".join(dict.fromkeys(distinct.dtype for distinct in self.results))
        compared = Compared(self.name, shape, dtypes, hidden=max(0, len(self.results) - MOST_SHOWN))
        compared.judged = bool(self.reference.digest)
        inside = [d for d in self.shown if d.differences and not d.beyond]
        beyond = [d for d in self.shown if d.differences and d.beyond]
        scales = [symmetric_scale(cut for d in part for cut in d.differences) for part in (inside, beyond)]
        if self.series:
            _plot(compared, self, sources, inside, beyond)
        else:
            compared.scale = bar(self.scale)
            compared.difference_scale = bar(scales[0]) if inside else None
            compared.beyond_scale = bar(scales[1]) if beyond else None
        compared.cards = [self._card(drawer, d, scales[d in beyond]) for d in self.shown]
        if arrays is not None:
            self._draw_errors(compared, drawer, arrays)
        return compared

    def _draw_errors(self, compared: Compared, drawer: Drawer, arrays: Arrays) -> None:
        self._deviate(arrays)
        deviations = [distinct.deviation for distinct in self.results if distinct.deviation is not None]
        compared.errors = error_figures(self.name, deviations, self.answer)
        compared.shares = share_maps(self.shown, drawer)
        for card, figure in zip(compared.cards, compared.shares.figures, strict=True):
            card.share = figure
        for distinct in self.results:  # several times as large as the arrays
            distinct.deviation = None

    def _card(self, drawer: Drawer, distinct: Distinct, scale: Scale) -> Card:
        reference = distinct is self.reference
        heading = self.answer.removeprefix("the ") if reference else distinct.letters
        line = self.judged_by.partition(":")[0] if reference else plural(distinct.cells, "cell")
        what = self.answer if reference else f"result {distinct.letters}"
        card = Card(
            heading,
            "" if reference else hue_of(distinct.groups[0].letter),
            line,
            Figure(note=distinct.why_not),
        )
        if distinct.selection is None or distinct.selection.kind == "series":
            return card
        card.figure = drawer.array(distinct.selection, distinct.cuts, self.scale, what)
        if reference or not self.reference.digest:
            return card
        card.beyond = distinct.beyond
        if not distinct.differences:
            card.difference = Figure(note=f"another shape than {self.answer}" if self.reference.cuts else "")
        elif scale.high == 0:
            card.difference = Figure(note="no difference in what is shown")
        else:
            card.difference = drawer.array(
                distinct.selection,
                distinct.differences,
                scale,
                f"{what} minus {self.answer}",
                difference=True,
            )
            card.difference.note = ""
        return card


def _plot(
    compared: Compared,
    comparison: Comparison,
    sources: Sequence[tuple[str, np.ndarray]],
    inside: Sequence[Distinct],
    beyond: Sequence[Distinct],
) -> None:
    """Lines of the values, then stems of the differences, pane by pane."""
    drawn = next(d for d in comparison.shown if d.selection is not None and d.selection.kind == "series")
    panes: Any = drawn.selection.panes if drawn.selection else ()
    results = [d for d in comparison.shown if d is not comparison.reference and len(d.cuts) == len(panes)]
    first = [d for d in results if d in beyond or d is results[0]]
    compared.legend = [(f"input {name}", "source") for name, _ in sources]
    if comparison.reference.cuts:
        compared.legend.append((comparison.answer.removeprefix("the "), "reference"))
    visible = [d for d in results if d in first or any(np.any(part) for part in d.differences)]
    compared.legend += [(f"result {d.letters}", f"line-{hue_of(d.groups[0].letter)}") for d in visible]
    for place, pane in enumerate(panes):
        length = drawn.cuts[place].size
        lines = [Series(f"input {name}", v, "source", (length - v.size) / 2) for name, v in sources]
        if len(comparison.reference.cuts) == len(panes):
            lines.append(
                Series(comparison.answer.removeprefix("the "), comparison.reference.cuts[place], "reference")
            )
        lines += [_line(d, d.cuts[place]) for d in first]
        at = f", {pane.title}" if pane.title else ""
        compared.plots.append(
            (f"{comparison.name}{at}", line_plot(lines, f"{comparison.name}{at}: the values"))
        )
        for title, part in (
            (f"minus {comparison.answer}", inside),
            (f"beyond the allowance, minus {comparison.answer}", beyond),
        ):
            stems = [_line(d, d.differences[place], stems=True) for d in part]
            if any(np.any(s.values[np.isfinite(s.values)]) for s in stems):
                text = f"{comparison.name}{at} {title}"
                compared.plots.append((text, line_plot(stems, text)))


def _line(distinct: Distinct, values: np.ndarray, stems: bool = False) -> Series:
    hue = hue_of(distinct.groups[0].letter)
    return Series(f"result {distinct.letters}", values, f"line-{hue}", stems=stems)
