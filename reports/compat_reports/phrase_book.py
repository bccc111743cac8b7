"""The phrase book: TensorFlow 1's names, the operations that spell them, and what changed for each.

The names stand in the sources of the implementations for ``tf1.session``; these are parsed, and never executed.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compat.record.dialects import in_order

from . import differences, steps, wording
from .differences import Card, Differences
from .names import names_of
from .operation_page import Book, Entry
from .overview import Overview
from .sample_page import Spelling, highlighted
from .steps import SESSION

#: No function or class that has to be ported.
_TYPES = {
    "bfloat16",
    "bool",
    "string",
    "resource",
    *(f"{kind}{bits}" for kind in ("float", "int", "uint", "complex") for bits in (8, 16, 32, 64, 128)),
}
#: The dialects that a port is written in, the first that spells it is shown beside TensorFlow 1's.
_MODERN = ("tf2.eager", "tf2.function", "keras3", "keras2")


@functools.lru_cache(maxsize=4096)
def names_in(source: str) -> tuple[str, ...]:
    """``tf.nn.conv2d`` and its like in the text of an implementation; none where it cannot be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found = _Names(tree)
    return tuple(sorted({*found.names, *filter(None, map(_function_of, found.names))}))


class _Names(ast.NodeVisitor):
    """Dotted names that begin with the module that the implementation is given, or with ``tf.compat.v1``."""

    def __init__(self, tree: ast.Module):
        self.names: set[str] = set()
        self._known = {"tf": "tf"}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.args.args and node in tree.body:
                self._known[node.args.args[0].arg] = "tf"
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Assign)
                and len(node.targets) == 1
                and isinstance(node.targets[0], ast.Name)
            ):
                name = self._dotted(node.value)
                if name is not None:
                    self._known.setdefault(node.targets[0].id, name)
        self.visit(tree)
        self.names -= {name for name in self.names if any(o.startswith(name + ".") for o in self.names)}

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._dotted(node)
        if name is None:
            self.generic_visit(node)
            return
        name = re.sub(r"^tf\.compat\.v1\.", "tf.", name)
        if name.rpartition(".")[2] not in _TYPES:
            self.names.add(name)

    def _dotted(self, node: ast.AST) -> str | None:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and not node.args
            and "v1" in node.func.id
        ):
            root: str | None = "tf"  # a case's own way to tf.compat.v1
        else:
            root = self._known.get(node.id) if isinstance(node, ast.Name) else None
        return ".".join([root, *reversed(parts)]) if root else None


def _function_of(name: str) -> str:
    """``tf.layers.batch_normalization`` of ``tf.layers.BatchNormalization``: each of these classes has its function."""
    module, _, last = name.rpartition(".")
    if module != "tf.layers" or not last[:1].isupper():
        return ""
    return f"{module}.{re.sub(r'(?<!^)(?=[A-Z][a-z])', '_', last).lower()}"


@dataclass
class Name:
    """A name of TensorFlow 1: the ``operations`` that spell it, their differences, and what its samples do."""

    name: str
    slug: str = ""
    operations: list[str] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    sentence: str = ""
    samples: int = 0

    @property
    def changed(self) -> list[Card]:
        return [card for card in self.cards if card.changed]

    @property
    def constant(self) -> list[Card]:
        return [card for card in self.cards if not card.changed]


class PhraseBook:
    """The ``names`` by TensorFlow 1's spelling, and those ``of`` an operation."""

    def __init__(self, book: Book, overview: Overview):
        self._book, self._overview, self._lines = book, overview, overview.operations()
        self.of = {operation: _names_of_entry(entry) for operation, entry in book.entries.items()}
        spelled: dict[str, list[str]] = {}
        for operation in self._lines:
            for name in self.of.get(operation, ()):
                spelled.setdefault(name, []).append(operation)
        slugs = names_of({name: name for name in sorted(spelled)})
        self.names = {name: self._name(name, slugs[name], spelled[name]) for name in sorted(spelled)}

    def _name(self, name: str, slug: str, operations: list[str]) -> Name:
        found: Differences = {}
        for operation in operations:
            differences.merge(found, self._book.entries[operation].known)
        lines = [line for operation in operations for line in self._lines[operation]]
        return Name(
            name,
            slug,
            operations,
            differences.cards(found, self._overview.environments),
            wording.stepped(self._overview.step(lines)),
            len(lines),
        )

    def index(self) -> dict[str, Any]:
        """All that the index shows: the names by their module."""
        modules: dict[str, list[Name]] = {}
        for name in self.names.values():
            modules.setdefault(name.name.rpartition(".")[0], []).append(name)
        unnamed = [operation for operation in self._lines if not self.of.get(operation)]
        return {"modules": modules, "unnamed": unnamed, "names": len(self.names)}

    def page(self, name: Name) -> dict[str, Any]:
        """All that the page of a name shows."""
        entries = self._book.entries
        paths = {entries[operation].path for operation in name.operations} - {""}
        near = [o for o in self._lines if o not in name.operations and entries[o].path in paths]
        return {
            "name": name,
            "phrases": [self._phrase(operation) for operation in name.operations],
            "moved": self._moved(name),
            "near": [(o, differences.cards(entries[o].known, self._overview.environments)) for o in near],
            "paths": sorted(paths),
            "ends": steps.ends_of(self._overview.environments),
        }

    def _phrase(self, operation: str) -> tuple[str, str, list[Spelling]]:
        """An operation, what it is, and its newest spelling in TensorFlow 1 and in what a port is written in."""
        entry = self._book.entries[operation]
        spelled: dict[str, list[str]] = {}
        for dialect in in_order(d for d in entry.spelled if d == SESSION or d in _MODERN):
            source = max(entry.spelled[dialect], key=lambda text: max(entry.spelled[dialect][text]))
            spelled.setdefault(source, []).append(dialect)
        return operation, entry.doc, [Spelling(", ".join(d), highlighted(s)) for s, d in spelled.items() if s]

    def _moved(self, name: Name) -> list[tuple[str, int]]:
        """In how many of its samples TensorFlow's bits changed, by environment."""
        counts = Counter(i for o in name.operations for line in self._lines[o] for i in line.changed)
        return [(self._overview.environments[i].label, counts[i]) for i in sorted(counts)]


def _names_of_entry(entry: Entry) -> tuple[str, ...]:
    sources: Mapping[str, set[int]] = entry.spelled.get(SESSION, {})
    return tuple(sorted({name for source in sources for name in names_in(source)}))
