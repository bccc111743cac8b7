"""A port on its page: the graph of what it is judged against, node by node, in each distinct result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from markupsafe import Markup

from compat.records import JUDGED

from . import along
from .flow_page import is_known, shown
from .grid import Cell, Row
from .strips import hue_of
from .wording import plural


@dataclass(frozen=True)
class Graph:
    """``where``: the dialect and environment whose tensors these are; ``words``: what there is to say of all."""

    letter: str
    hue: str
    where: str
    words: str
    lines: list[along.Line]
    plot: Markup | None

    @property
    def wrong(self) -> bool:
        return any(line.state in ("look", "known") for line in self.lines)


def compose(row: Row, graph: Callable[[str, Cell], list[along.Line]]) -> list[Graph]:
    """The graphs of the results of a port, those that differ first; none for a sample with a reference."""
    if not row.against:
        return []
    found = []
    for group in shown(row.groups):
        cell = group.judged
        lines = graph(row.id, cell) if cell.word in JUDGED else []
        if is_known(group):
            lines = [replace(line, state="known") if line.state == "look" else line for line in lines]
        if lines:
            where = f"{cell.dialect} in {cell.environment.label}"
            plot = along.plot_of(lines, f"The error along the graph, {where}")
            found.append(Graph(group.letter, hue_of(group.letter), where, _words(lines), lines, plot))
    return sorted(found, key=lambda one: not one.wrong)


def _words(lines: list[along.Line]) -> str:
    """``38 of 40 nodes agree, 1 not judged; begins at conv2``."""
    agree, missing = (sum(line.state == state for line in lines) for state in ("agrees", "none"))
    parts = [f"{agree:,} of {plural(len(lines), 'node')} agree"]
    parts += [f"{missing:,} not judged"] if missing else []
    begins = next((line.name for line in lines if line.state in ("look", "known")), "")
    return ", ".join(parts) + (f"; begins at {begins}" if begins else "")
