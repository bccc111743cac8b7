"""Every verdict as one JSON document; its schema is ``verdicts.schema.json`` beside this file.

Cells of a dialect that say the same are one entry, with their environments.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from compat.files import appearing
from compat.jsons import as_json

from . import wording
from .grid import Cell, Row
from .overview import Overview

#: The version of the format.
VERSION = 1
BEGINNING = '{"format": "compat verdicts"'


def sample(row: Row) -> str:
    """The entry of a sample, as text."""
    entry: dict[str, Any] = {
        "id": row.id,
        "operation": row.operation,
        "name": row.name,
        "status": row.status,
        "sentence": wording.sentence(row),
        "reference": wording.judged_by(row),
        "inputs": {name: one.digest for name, one in row.description.inputs.items()},
        "verdicts": _verdicts(row),
    }
    return json.dumps(entry, allow_nan=False)


def _verdicts(row: Row) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for cell in row.recorded():
        entry = _entry(cell)
        key = json.dumps(entry, allow_nan=False)
        found.setdefault(key, {"dialect": cell.dialect, "environments": [], **entry})
        found[key]["environments"].append(cell.environment.name)
    return list(found.values())


def _entry(cell: Cell) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "dialect": cell.dialect,
        "verdict": cell.word,
        "needs_a_person": cell.loud,
        "message": cell.message,
    }
    if cell.known is not None:
        entry["known"] = as_json(cell.known)
    if cell.result is not None:
        entry["result"] = cell.letter
        entry["outputs"] = as_json(cell.outputs)
    if cell.numbers:
        entry["numbers"] = as_json(cell.numbers)
    return entry


def write(path: str, overview: Overview, counts: Mapping[int, Counter[str]], samples: Sequence[str]) -> None:
    """``counts``: cells by verdict of each environment; ``samples``: their entries.  Raises StoreError."""
    head = {
        "version": VERSION,
        "headline": wording.headline(overview),
        "needs_a_person": bool(overview.needs_a_person),
        "environments": [
            {**as_json(e.description), "name": e.name, "cells": _counted(counts.get(e.index, Counter()))}
            for e in overview.environments
        ],
        "cells": _counted(overview.counts),
    }
    with appearing(path, "w") as file:
        file.write(f'{BEGINNING}, {json.dumps(head, allow_nan=False)[1:-1]}, "samples": [\n')
        file.write(",\n".join(samples))
        file.write("\n]}\n")


def _counted(counts: Counter[str]) -> dict[str, int]:
    return {word: count for word, count in sorted(counts.items()) if count}
