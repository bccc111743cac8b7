"""An operation -> its page: how every dialect spells it, since which version, and all of its samples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compat.record.dialects import in_order

from . import differences, wording
from .differences import Differences
from .grid import Row
from .overview import Line, Overview
from .sample_page import Spelling, highlighted


@dataclass
class Entry:
    """What the samples of an operation say of it.

    ``spelled``: environments by dialect and source; ``missing``: by dialect and why there is none there; ``known``:
    its known differences.
    """

    doc: str = ""
    path: str = ""
    spelled: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    missing: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    known: Differences = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.doc = self.doc or row.description.operation_doc
        self.path = self.path or row.description.path
        differences.merge(self.known, differences.of_row(row))
        for dialect, strip in row.cells.items():
            cells = [cell for cell in strip if cell is not None]
            missing = [cell for cell in cells if cell.word == "unsupported"]
            for cell in missing:
                why = wording.brief(cell.message)
                self.missing.setdefault((dialect, why), set()).add(cell.environment.index)
            if len(missing) < len(cells):
                source = row.description.sources.get(dialect, "")
                spelled = {cell.environment.index for cell in cells if cell.word != "unsupported"}
                self.spelled.setdefault(dialect, {}).setdefault(source, set()).update(spelled)

    def merge(self, other: Entry) -> None:
        self.doc, self.path = self.doc or other.doc, self.path or other.path
        for dialect, sources in other.spelled.items():
            for source, indices in sources.items():
                self.spelled.setdefault(dialect, {}).setdefault(source, set()).update(indices)
        for why, indices in other.missing.items():
            self.missing.setdefault(why, set()).update(indices)
        differences.merge(self.known, other.known)


@dataclass
class Book:
    """The operations by name."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.entries.setdefault(row.operation, Entry()).add(row)

    def known(self) -> Differences:
        """The known differences of all operations."""
        found: Differences = {}
        for entry in self.entries.values():
            differences.merge(found, entry.known)
        return found

    def merge(self, other: Book) -> None:
        for name, entry in other.entries.items():
            self.entries.setdefault(name, Entry()).merge(entry)


def view(entry: Entry, lines: Sequence[Line], overview: Overview) -> dict[str, Any]:
    """All that the template shows."""
    return {
        "entry": entry,
        "name": lines[0].operation,
        "lines": lines,
        "spellings": _spellings(entry, overview),
        "missing": [(d, why, _ranges(found, overview)) for (d, why), found in entry.missing.items()],
        "step": wording.stepped(overview.step(lines)),
        "cards": differences.cards(entry.known, overview.environments),
    }


def _spellings(entry: Entry, overview: Overview) -> list[Spelling]:
    """The sources with the dialects and versions in which they are recorded."""
    alike: dict[str, list[str]] = defaultdict(list)
    for dialect in in_order(entry.spelled):
        for source, indices in entry.spelled[dialect].items():
            alike[source].append(f"{dialect} {_ranges(indices, overview)}")
    return [Spelling("; ".join(places), highlighted(source)) for source, places in alike.items() if source]


def _ranges(indices: set[int], overview: Overview) -> str:
    return wording.ranges([overview.environments[i] for i in sorted(indices)], overview.environments)
