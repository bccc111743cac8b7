"""An overview -> what the index shows: the sentence, what needs a look, and the rows as data for the script."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup

from . import differences, steps, wording
from .grid import Environment, runs_tensorflow
from .operation_page import Book
from .overview import MOST_NAMED, Line, Overview, Trouble
from .phrase_book import PhraseBook
from .strips import Stretch, joined

#: More troubles than these are left to the grid.
_MOST_TROUBLES = 24
#: So many rows are open at first; of more, only those that need a look.
_OPEN = 120


@dataclass
class OperationView:
    name: str
    samples: int
    counts: Counter[str]
    strips: dict[str, list[Stretch]]


@dataclass
class TroubleView:
    """Loud cells that say the same; ``named``: some of their samples, ``more`` of them are not."""

    word: str
    message: str
    cells: int
    where: list[tuple[str, str]]
    named: list[str]
    more: int


def view(overview: Overview, book: Book, phrases: PhraseBook, slugs: Mapping[str, str]) -> dict[str, Any]:
    """All that the template shows."""
    columns = overview.columns()
    operations = [
        OperationView(
            name,
            len(lines),
            Counter(line.status for line in lines),
            {d: overview.summary(name, d, environments) for d, environments in columns.items()},
        )
        for name, lines in overview.operations().items()
    ]
    troubles = [_trouble(overview, one) for one in overview.attention()]
    cards = differences.cards(book.known(), overview.environments)
    return {
        "step": wording.stepped(overview.step()),
        "ends": steps.ends_of(overview.environments),
        "changed": [card for card in cards if card.changed],
        "constant": [card for card in cards if not card.changed],
        "counts": overview.counts,
        "statuses": Counter(line.status for line in overview.lines),
        "operations": operations,
        "troubles": troubles[:_MOST_TROUBLES],
        "more_troubles": max(0, len(troubles) - _MOST_TROUBLES),
        "changes": overview.changes(),
        "unspelled": [dialect for dialect in overview.dialects if dialect not in columns],
        "data": data(overview, columns, slugs, phrases.of),
    }


def _trouble(overview: Overview, one: Trouble) -> TroubleView:
    where = []
    for dialect in overview.dialects:
        if dialect in one.where:
            found = [overview.environments[index] for index in sorted(one.where[dialect])]
            where.append((dialect, wording.ranges(found, overview.environments)))
    named = one.samples[:MOST_NAMED]
    return TroubleView(one.word, one.message, one.cells, where, named, len(one.samples) - len(named))


def data(
    overview: Overview,
    columns: Mapping[str, Sequence[Environment]],
    slugs: Mapping[str, str],
    names: Mapping[str, Sequence[str]],
) -> Markup:
    """The rows as JSON that may stand in a page: what many of them say stands in it once.

    ``texts``, ``strips`` (lists of [classes, text, title, place of what was said in ``texts``]), and ``rows`` by
    operation with TensorFlow 1's names for it: name, file, and places in ``texts`` of status, sentence, words and
    results (``letter|verdict|share of the allowance|error;...``), and in ``strips`` of every dialect's.
    ``environments`` by index; of every column the environments that it ``shows``, those that it ``lacks`` because no
    sample can be spelled there, and whether its bits come from ``tensorflow``.
    """
    texts, strips = _Places(), _Places()
    rows = []
    for operation, lines in overview.operations().items():
        found_rows = [_row(line, columns, slugs, texts, strips) for line in lines]
        rows.append([operation, found_rows, " ".join(names.get(operation, ()))])
    found = {
        "texts": texts.list,
        "strips": strips.list,
        "rows": rows,
        "open": len(overview.lines) <= _OPEN,
        "environments": [e.label for e in overview.environments],
        "shows": [[e.index for e in shown] for shown in columns.values()],
        "lacks": [overview.lacking(dialect) for dialect in columns],
        "tensorflow": [runs_tensorflow(dialect) for dialect in columns],
    }
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


class _Places:
    """Each value once, known by its place."""

    def __init__(self) -> None:
        self.list: list[Any] = []
        self._places: dict[Any, int] = {}

    def of(self, key: Any, value: Callable[[], Any] | None = None) -> int:
        """The place of the key, or of the ``value`` that it stands for."""
        place = self._places.get(key)
        if place is None:
            found = key if value is None else value()
            place = self._places[key] = len(self.list)
            self.list.append(found)
        return place


def _row(
    line: Line,
    columns: Mapping[str, Sequence[Environment]],
    slugs: Mapping[str, str],
    texts: _Places,
    strips: _Places,
) -> list[Any]:
    slug = slugs[line.id]
    results = ";".join("|".join(result) for result in line.results)
    places = [texts.of(text) for text in (line.status, line.sentence, " ".join(line.words), results)]
    for dialect, environments in columns.items():
        squares = line.squares.get(dialect)
        found = (
            [squares[e.index] for e in environments]
            if squares
            else [Stretch("n", "\u00a0")] * len(environments)
        )
        key = (tuple(found), tuple([e.index for e in environments]))
        places.append(strips.of(key, partial(_strip, found, environments, texts)))
    return [line.name, "" if slug == f"{line.operation}.{line.name}" else slug, *places]


def _strip(
    squares: Sequence[Stretch], environments: Sequence[Environment], texts: _Places
) -> list[list[Any]]:
    """``classes, text, title, said`` of each, without what is empty."""
    return [
        [s.style + (" v" if s.apart else ""), s.text, *([s.title, texts.of(s.said)] if s.title else [])]
        for s in joined(squares, environments)
    ]
