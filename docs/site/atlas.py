"""The atlas: known differences by operation, made of cases/known_differences.toml."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

from compat.atlas.markdown import code, link, text

_HEAD = """# The atlas of differences

What is computed otherwise from one dialect or version of TensorFlow to the next, and is understood: {entries} in
{operations} operations, each found by real runs, with the reason and where it is documented or was reported. Made of
`cases/known_differences.toml`, in which an entry that matches nothing any more fails.

*Differs* is a result that no rounding explains, *error* a version that refuses it; where nothing is said of TensorFlow,
every version does it. Where each is seen, cell by cell, is in [the phrase book](phrase-book.md); since when an
operation has which bits and which numbers is in [the atlas of operations](operations.md).
"""


def page(path: Path) -> str:
    """The page, in Markdown; every text of the file is escaped."""
    entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["difference"]:
        entries[entry["operation"]].append(entry)
    count = sum(map(len, entries.values()))
    parts = [_HEAD.format(entries=count, operations=len(entries))]
    for operation in sorted(entries):
        parts.append(f"\n## {text(operation)}\n")
        parts += [_entry(entry) for entry in entries[operation]]
    return "\n".join(parts)


def _entry(entry: dict[str, Any]) -> str:
    facts = [f"*{text(entry['verdict'])}* in {_listing(entry['dialects'])}"]
    if entry.get("tensorflow"):
        facts.append(f"TensorFlow {code(entry['tensorflow'])}")
    if entry.get("samples"):
        facts.append(f"samples {_listing(entry['samples'])}")
    if entry.get("settings"):
        facts.append(_listing(f"{name}={value}" for name, value in entry["settings"].items()))
    return f"- {text(entry['reason'])}.<br>{', '.join(facts)}. {link('Why', entry['address'])}"


def _listing(texts) -> str:
    return " ".join(map(code, texts))
