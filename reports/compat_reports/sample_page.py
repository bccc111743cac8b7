"""A row of the grid -> what the page of the sample shows."""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from compat import records
from compat.record.dialects import in_order
from compat.records import PASSING

from . import flow_page, graph_page, training_page, wording
from .along import Line
from .arrays import Arrays
from .comparison import Compared, Comparison
from .drawing import Bar, Drawer, Figure, bar, is_photograph, selection_of
from .figures import Scale, shared_scale
from .grid import Cell, Environment, Group, Row
from .issue import issue
from .names import FIELD, PLUS, TOUR
from .panes import Selection, is_filter
from .plots import Series, line_plot
from .reproducing import Reproduction, reproduction
from .strips import hue_of
from .timeline import Course, timeline
from .wording import brief, group_words, number, percent, ranges

if TYPE_CHECKING:
    from . import plus_figure

#: An input joins the scale of the results where it would still use this part of it.
_LEAST_PART = 0.1
#: Outputs whose errors are drawn element by element.
_MOST_WITH_ERRORS = 3


@dataclass
class Input:
    """An input on the page. ``own``: it needed a scale of its own."""

    name: str
    fixture: str
    dtype: str
    shape: str
    digest: str
    figure: Figure
    plots: list[Markup] = field(default_factory=list)
    own: Bar | None = None


@dataclass
class Numbers:
    """A line of the table of numbers."""

    output: str
    letter: str
    hue: str
    words: str
    cells: int
    passes: bool
    values: dict[str, str]
    message: str
    first: bool
    known: bool


@dataclass
class Trouble:
    """Cells without a result, or with an explained difference, that say the same."""

    word: str
    message: str
    places: list[tuple[str, str]]
    reason: str = ""
    address: str = ""
    loud: bool = False


@dataclass
class Spelling:
    dialects: str
    code: Markup


@dataclass
class SamplePage:
    row: Row
    sentence: str
    inputs: list[Input]
    outputs: list[Compared]
    numbers: list[Numbers]
    groups: list[tuple[Group, str, str, list[tuple[str, str]]]]
    troubles: list[Trouble]
    unsupported: list[Trouble]
    spellings: list[Spelling]
    composed: plus_figure.Composed | None
    training: training_page.Training | None
    flow: flow_page.Flow | None
    graphs: list[graph_page.Graph]
    again: Reproduction | None
    issue: str
    timeline: list[Course]


def view(
    row: Row,
    environments: Sequence[Environment],
    arrays: Arrays,
    drawer: Drawer,
    graph: Callable[[str, Cell], list[Line]] = lambda sample_id, cell: [],
) -> SamplePage:
    """The page of a sample; draws what it shows.  ``graph``: a port along the graph of what it is judged against."""
    data_format = str(row.description.parameters.get("data_format") or "NHWC")
    names = list(dict.fromkeys(name for group in row.groups for name in group.outputs))
    comparisons = [Comparison(row, name, arrays, data_format) for name in names]
    inputs, sources = _inputs(row, arrays, drawer, comparisons, data_format)
    first, mark = flow_page.beginning(row, names)
    chosen = _with_errors(comparisons, first)
    outputs = [one.draw(drawer, sources, arrays if one.name in chosen else None) for one in comparisons]
    for output in outputs:
        output.mark = mark if output.name == first else ""
    trained = training_page.compose(row, arrays, drawer)
    sentence, numbers, again = wording.sentence(row), _numbers(row), reproduction(row)
    places = [(group, _places(row, group.cells, environments)) for group in row.groups]
    return SamplePage(
        row,
        sentence,
        inputs,
        outputs,
        numbers,
        [(group, hue_of(group.letter), group_words(group), where) for group, where in places],
        _troubles(row, environments, row.those(lambda c: c.known or c.loud)),
        _troubles(row, environments, row.those(lambda c: c.word == "unsupported" and not c.known)),
        spellings(row.description.sources),
        _composed(row, environments, arrays, drawer),
        trained,
        flow_page.compose(row, names) if trained is None else None,
        graph_page.compose(row, graph),
        again,
        issue(row, sentence, numbers, places, again) if again else "",
        timeline(row, environments),
    )


def _composed(
    row: Row, environments: Sequence[Environment], arrays: Arrays, drawer: Drawer
) -> plus_figure.Composed | None:
    """The sample as one figure, for those operations that have one."""
    if row.operation not in (PLUS, TOUR, FIELD):
        return None
    from . import network_figure, plus_figure  # matplotlib's axes take a second to import

    if row.operation == PLUS:
        return plus_figure.compose(row, environments, arrays, drawer)
    return network_figure.compose(row, arrays, drawer)


def _inputs(
    row: Row, arrays: Arrays, drawer: Drawer, comparisons: Sequence[Comparison], data_format: str
) -> tuple[list[Input], list[tuple[str, np.ndarray]]]:
    """The inputs, and those of them that are lines."""
    views, sources = [], []
    described = row.description.inputs
    series = any(comparison.series for comparison in comparisons)
    read: list[tuple[str, records.Input, np.ndarray | None, Selection | None, str]] = []
    for name in sorted(described, key=is_filter):  # filters after what they are laid over
        entry = described[name]
        array = arrays.read(entry.digest)
        read.append((name, entry, array, *selection_of(name, array, data_format)))
    cuts = {name: s.cut(a) for name, _, a, s, _ in read if s is not None and a is not None}
    own = _join(comparisons, {n: c for n, c in cuts.items() if not is_photograph(n, _array(read, n))})
    for name, entry, array, selection, why_not in read:
        figure, plots = Figure(note=why_not), []
        scale = own.get(name) or (comparisons[0].scale if comparisons else Scale(0, 0))
        if array is not None and selection is not None:
            if is_photograph(name, array):
                figure = drawer.photograph(array[(0,) * (array.ndim - 3)], f"input {name}")
            elif selection.kind == "series":
                if series and not is_filter(name):
                    sources.append((name, cuts[name][0]))
                plots = [line_plot([Series(name, cut, "line-a")], f"input {name}") for cut in cuts[name]]
            else:
                figure = drawer.array(selection, cuts[name], scale, f"input {name}")
        shape = " × ".join(map(str, array.shape)) if array is not None else ""
        views.append(
            Input(
                name,
                entry.fixture,
                entry.dtype,
                shape,
                entry.digest[:8],
                figure,
                plots,
            )
        )
        views[-1].own = (
            bar(own.get(name)) if figure.panes and not is_photograph(name, _array(read, name)) else None
        )
    return views, sources


def _array(read: Sequence[tuple[str, Any, np.ndarray | None, Any, str]], name: str) -> np.ndarray:
    array = next(array for other, _, array, _, _ in read if other == name)
    return np.zeros(0) if array is None else array


def _join(comparisons: Sequence[Comparison], inputs: dict[str, list[np.ndarray]]) -> dict[str, Scale]:
    """Widen the scale of a single output to its inputs where both stay readable; scales of the others."""
    own = {}
    for name, cuts in inputs.items():
        scale = shared_scale(cuts)
        if len(comparisons) == 1 and comparisons[0].scale.high > comparisons[0].scale.low:
            results = comparisons[0].scale
            both = Scale(min(scale.low, results.low), max(scale.high, results.high))
            parts = [(s.high / 2 - s.low / 2) / (both.high / 2 - both.low / 2) for s in (scale, results)]
            if parts[0] >= _LEAST_PART and parts[1] >= 0.2:
                comparisons[0].scale = both
                continue
        own[name] = scale
    return own


def _with_errors(comparisons: Sequence[Comparison], first: str) -> set[str]:
    """The few outputs whose errors are drawn: where it begins, others that disagree, and the last."""
    order = list(comparisons)[::-1]
    order.sort(key=lambda one: (one.name != first, not any(d.beyond for d in one.results)))
    return {one.name for one in order[:_MOST_WITH_ERRORS]}


def _values(numbers: records.Numbers) -> dict[str, str]:
    """The columns of the table by name; what was not measured is left out."""
    errors = {key: getattr(numbers, key) for key in ("max_abs", "max_rel", "ulps")}
    shares = {key: getattr(numbers, key) for key in ("share", "share_expected", "share_rms")}
    values = {key: number(value) for key, value in errors.items() if value is not None}
    values |= {key: percent(value) for key, value in shares.items() if value is not None}
    if numbers.worst_index is not None:
        values["worst"] = f"[{', '.join(map(str, numbers.worst_index))}]"
    if numbers.found is not None and numbers.expected is not None:
        values["found"], values["expected"] = number(numbers.found, 9), number(numbers.expected, 9)
    if numbers.beyond is not None and numbers.count is not None:
        values["beyond"] = f"{numbers.beyond:,} of {numbers.count:,}"
    for key, pair in (("nan", numbers.nan), ("inf", numbers.inf)):
        found, expected = pair or (0, 0)
        values[key] = str(found) if found == expected else f"{found}, expected {expected}"
    return values


def _numbers(row: Row) -> list[Numbers]:
    lines = []
    for group in row.groups:
        judged = group.judged
        first = False
        for name, numbers in judged.numbers.items():
            values = _values(numbers)
            passes = numbers.word in PASSING
            begins = not passes and not first and len(judged.numbers) > 1
            first = first or begins
            words = group_words(group) if len(judged.numbers) == 1 else numbers.word
            lines.append(
                Numbers(
                    name,
                    group.letter,
                    hue_of(group.letter),
                    words,
                    len(group.cells),
                    passes,
                    values,
                    numbers.message,
                    begins,
                    all(cell.known for cell in group.cells),
                )
            )
    return lines


def _places(row: Row, cells: Sequence[Cell], environments: Sequence[Environment]) -> list[tuple[str, str]]:
    """Dialects and their environments, as ranges of those in which the sample can be spelled there."""
    where: dict[str, list[Environment]] = defaultdict(list)
    for cell in cells:
        where[cell.dialect].append(cell.environment)
    alike: dict[str, list[str]] = defaultdict(list)
    for dialect in row.cells:
        if dialect in where:
            columns = [c.environment for c in row.cells[dialect] if c is not None and c.word != "unsupported"]
            alike[ranges(where[dialect], columns or environments)].append(dialect)
    return [(", ".join(dialects), text) for text, dialects in alike.items()]


def _troubles(row: Row, environments: Sequence[Environment], cells: Sequence[Cell]) -> list[Trouble]:
    alike: dict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in cells:
        known = (cell.known.reason, cell.known.address) if cell.known else ("", "")
        key = (cell.loud, cell.word, brief(cell.message), *known)
        alike[key].append(cell)
    troubles = []
    for (loud, word, message, reason, address), same in alike.items():
        if word == "unsupported":
            where: dict[str, list[Environment]] = defaultdict(list)
            for cell in same:
                where[cell.dialect].append(cell.environment)
            places = [(dialect, ranges(found, environments)) for dialect, found in where.items()]
        else:
            places = _places(row, same, environments)
        troubles.append(Trouble(word, message, places, reason, safe_address(address), loud))
    return sorted(troubles, key=lambda trouble: not trouble.loud)


def safe_address(address: str) -> str:
    """An address that may become a link: http and https only; anything else is shown as text by nobody."""
    return address if re.match(r"https?://[^\s\"'<>]+\Z", address) else ""


def parameters(row: Row) -> list[tuple[str, str]]:
    """The parameters as they would be written in Python's JSON."""
    found = row.description.parameters
    return [(key, json.dumps(value, ensure_ascii=False)) for key, value in found.items()]


def spellings(sources: dict[str, str]) -> list[Spelling]:
    """The sources, highlighted; dialects of equal source together."""
    merged: dict[str, list[str]] = defaultdict(list)
    for dialect in in_order(sources):
        if sources[dialect]:
            merged[sources[dialect]].append(dialect)
    return [Spelling(", ".join(dialects), highlighted(source)) for source, dialects in merged.items()]


@functools.lru_cache(maxsize=256)
def highlighted(source: str) -> Markup:
    """Python as HTML; the samples of an operation share it."""
    return Markup(highlight(source, PythonLexer(), HtmlFormatter(cssclass="code")))
