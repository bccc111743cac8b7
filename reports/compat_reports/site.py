"""A grid -> the pages, in a folder."""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from pygments.formatters import HtmlFormatter

from compat.records import SEVERITY

from . import plus_figure, sample_page, strips, wording
from .arrays import Arrays
from .drawing import Drawer
from .folder import Folder
from .grid import LOUD, Cell, Environment, Grid, Row

INDEX, ENVIRONMENTS, STYLE, SCRIPT = "index.html", "environments.html", "style.css", "report.js"
_TEMPLATES = Path(__file__).parent / "templates"
#: More troubles than these are left to the grid.
_MOST_TROUBLES = 24
_MOST_NAMED = 6


@dataclass
class Attention:
    """Loud cells that say the same."""

    word: str
    message: str
    cells: int
    rows: list[Row]
    where: list[tuple[str, str]]


@dataclass
class OperationView:
    name: str
    rows: list[Row]
    counts: Counter[str]
    strips: dict[str, list[strips.Stretch]]


def write(
    grid: Grid, folder: Folder, progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """All pages of a grid; ``progress`` is told how many samples are done of how many."""
    environment = templates()
    slugs = slugs_of(grid.rows)
    environment.globals.update(grid=grid, slugs=slugs, word=wording, columns=strips.columns(grid))
    arrays, drawer = Arrays([e.run for e in grid.environments]), Drawer(folder)
    folder.put(STYLE, style())
    folder.put(SCRIPT, (_TEMPLATES / SCRIPT).read_bytes())
    featured = None
    for place, row in enumerate(grid.rows):
        page = sample_page.view(row, grid, arrays, drawer)
        plus = page.composed is not None and row.operation == plus_figure.OPERATION
        if plus and (featured is None or row.name == "same"):
            featured = page
        before = grid.rows[place - 1] if place else None
        after = grid.rows[place + 1] if place + 1 < len(grid.rows) else None
        html = environment.get_template("sample.html").render(
            page=page,
            row=row,
            before=before,
            after=after,
            root="../",
            here="sample",
            parameters=sample_page.parameters(row),
            answer=wording.answer(row),
            judged_by=wording.judged_by(row),
        )
        folder.put(f"samples/{slugs[row.id]}.html", html)
        progress(place + 1, len(grid.rows))
    folder.put(
        INDEX,
        environment.get_template("index.html").render(
            root="", here="index", featured=featured, **_index(grid)
        ),
    )
    seconds = _seconds(grid)
    folder.put(
        ENVIRONMENTS,
        environment.get_template("environments.html").render(root="", here="environments", seconds=seconds),
    )


def style() -> str:
    """The style of all pages."""
    return (_TEMPLATES / STYLE).read_text(encoding="utf-8") + _code_style()


def templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        strip=strips.strip,
        style=strips.style,
        sign=strips.sign,
        title=strips.title,
        hue=strips.hue_of,
        LOUD=LOUD,
    )
    environment.filters["summary"] = wording.group_summary
    return environment


def _code_style() -> str:
    """Highlighting in both themes."""
    light = HtmlFormatter(style="default").get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    own = ".code { background: var(--sunk) }"
    return f"\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{own}\n"


def slugs_of(rows: Sequence[Row]) -> dict[str, str]:
    """A file name for every sample, also where a file system takes a and A for the same."""
    slugs: dict[str, str] = {}
    taken: set[str] = set()
    for row in rows:
        plain = f"{row.operation}.{row.name}"
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", plain)[:100]
        if slug != plain or slug.lower() in taken or slug.startswith("."):
            slug = f"{slug.lstrip('.')}-{hashlib.sha256(row.id.encode()).hexdigest()[:8]}"
        taken.add(slug.lower())
        slugs[row.id] = slug
    return slugs


def _index(grid: Grid) -> dict[str, Any]:
    columns = strips.columns(grid)
    operations = [
        OperationView(
            name,
            rows,
            Counter(row.status for row in rows),
            {
                dialect: strips.summary(rows, dialect, environments)
                for dialect, environments in columns.items()
            },
        )
        for name, rows in grid.operations().items()
    ]
    troubles = attention(grid)
    return {
        "counts": grid.counts(),
        "statuses": Counter(row.status for row in grid.rows),
        "operations": operations,
        "troubles": troubles[:_MOST_TROUBLES],
        "more_troubles": max(0, len(troubles) - _MOST_TROUBLES),
        "most_named": _MOST_NAMED,
        "changes": changes(grid),
        "queries": {row.id: _query(row) for row in grid.rows},
        "unspelled": [dialect for dialect in grid.dialects if dialect not in columns],
        "many": len(grid.rows) > 120,
    }


def attention(grid: Grid) -> list[Attention]:
    """What needs a look, worst first; cells with the same message together."""
    alike: dict[tuple[str, str], list[tuple[Row, Cell]]] = defaultdict(list)
    for row in grid.rows:
        for cell in row.recorded():
            if cell.loud:
                alike[cell.word, wording.brief(cell.message)].append((row, cell))
    found = []
    for (word, message), places in alike.items():
        where: dict[str, list[Environment]] = defaultdict(list)
        for _, cell in places:
            where[cell.dialect].append(cell.environment)
        named = [(d, wording.ranges(where[d], grid.environments)) for d in grid.dialects if d in where]
        rows = list({row.id: row for row, _ in places}.values())
        found.append(Attention(word, message, len(places), rows, named))
    return sorted(found, key=lambda a: (a.word == "stale", -SEVERITY[a.word], -a.cells))


def changes(grid: Grid) -> list[tuple[Environment, int]]:
    """For every environment after the first: in how many samples TensorFlow's bits changed there."""
    counts = Counter(
        change.environment.index for row in grid.rows for change in row.changes if change.framework
    )
    return [(e, counts[e.index]) for e in grid.environments[1:]]


def _query(row: Row) -> str:
    """What the filter box of the index looks in, beside the name."""
    labels = [f"changed:{change.environment.label}" for change in row.changes if change.framework]
    words = {cell.word for cell in row.recorded() if cell.loud or cell.known}
    return " ".join([row.status, *(["changed"] if labels else []), *labels, *sorted(words)])


def _seconds(grid: Grid) -> dict[int, float]:
    seconds: dict[int, float] = defaultdict(float)
    for cell in grid.cells():
        seconds[cell.environment.index] += cell.record.seconds
    return seconds
