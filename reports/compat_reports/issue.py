"""A sample as an issue, in Markdown: what differs where, with versions, numbers, code, and how to compute it again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from compat.record.dialects import in_order

from . import wording
from .grid import Group, Row
from .markdown_text import code, fenced, prose
from .reproducing import Reproduction

if TYPE_CHECKING:
    from .sample_page import Numbers

#: Lines of a table, and characters of one dialect's code.
_MOST_LINES, _LONGEST_CODE = 12, 6000
_COLUMNS = {
    "max_abs": "max error",
    "ulps": "ULPs",
    "share": "of the allowance",
    "worst": "worst at",
    "found": "found",
    "expected": "expected",
    "beyond": "beyond",
}


def issue(
    row: Row,
    sentence: str,
    numbers: Sequence[Numbers],
    places: Sequence[tuple[Group, Sequence[tuple[str, str]]]],
    again: Reproduction,
) -> str:
    """``places``: of every result the dialects and their environments."""
    parts = [f"### {code(row.id)}", "", prose(sentence) + ".", ""]
    if again.cell.message:
        parts += [fenced(f"{again.cell.dialect} in {again.cell.environment.name}: {again.cell.message}"), ""]
    parts += [*_results(places), "", *_numbers(row, numbers), ""]
    parts += [*_versions(again), *_inputs(row), ""]
    for source, dialects in _sources(row, again).items():
        parts += [f"{', '.join(map(code, dialects))}:", "", fenced(source[:_LONGEST_CODE], "python"), ""]
    parts += ["To reproduce:", ""]
    for step in again.steps:
        parts += [f"in {code(step.environment)}:", "", fenced(step.command, "sh"), ""]
    return "\n".join(parts).rstrip() + "\n"


def _results(places: Sequence[tuple[Group, Sequence[tuple[str, str]]]]) -> list[str]:
    lines = []
    for group, where in places[:_MOST_LINES]:
        said = "; ".join(f"{dialects} {environments}" for dialects, environments in where)
        lines.append(f"- {group.letter}: {prose(wording.group_words(group))} in {prose(said)}")
    return lines


def _numbers(row: Row, numbers: Sequence[Numbers]) -> list[str]:
    if not numbers:
        return []
    several = len({line.output for line in numbers}) > 1
    keys = [key for key in _COLUMNS if any(key in line.values for line in numbers)]
    titles = ["result", *(["output"] if several else []), "verdict", *(_COLUMNS[key] for key in keys)]
    lines = [_line(titles), _line(["---"] * len(titles))]
    shown = sorted(numbers, key=lambda line: line.passes)[:_MOST_LINES]
    for one in shown:
        output = [prose(one.output)] if several else []
        values = [prose(one.values.get(key, "–")) for key in keys]
        lines.append(_line([one.letter, *output, prose(one.words), *values]))
    against = f"Expected is {wording.judged_by(row)}."
    return [*lines, "", prose(against)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _versions(again: Reproduction) -> list[str]:
    described = again.cell.environment.description
    computed = ", ".join(filter(None, [described.system, described.processor.model]))
    settings = " ".join(f"{key}={value}" for key, value in described.settings.items())
    lines = [f"- {code(step.environment)}: {prose(step.versions)}" for step in again.steps if step.versions]
    lines += [f"- {prose(computed)}"] if computed else []
    return lines + ([f"- {code(settings)}"] if settings else [])


def _inputs(row: Row) -> list[str]:
    inputs = [
        f"- input {code(name)}: {code(entry.fixture)}, {prose(entry.dtype)}"
        for name, entry in list(row.description.inputs.items())[:_MOST_LINES]
    ]
    shown: Mapping[str, object] = row.description.parameters
    return inputs + ([f"- parameters: {code(repr(dict(shown)))}"] if shown else [])


def _sources(row: Row, again: Reproduction) -> dict[str, list[str]]:
    """The code of the dialects with other bits than A, and of one that has A; equal code once."""
    letters: dict[str, set[str]] = defaultdict(set)
    for dialect, strip in row.cells.items():
        letters[dialect] |= {cell.letter for cell in strip if cell is not None and cell.letter}
    sources = row.description.sources
    spelled = [dialect for dialect in in_order(sources) if sources[dialect]]
    wanted = [d for d in spelled if d == again.cell.dialect or letters[d] - {"A"}]
    wanted += [d for d in spelled if "A" in letters[d] and d not in wanted][:1]
    found: dict[str, list[str]] = defaultdict(list)
    for dialect in wanted:
        found[sources[dialect]].append(dialect)
    return found
