"""Names of files: distinct also where a file system takes a and A for the same, and harmless."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_LONGEST = 100
#: Operations whose samples have a figure of their own.
PLUS, TOUR, FIELD = "plus_pattern", "layer_tour", "receptive_field"


def slugs_of(ids: Iterable[str]) -> dict[str, str]:
    """A file name for every sample: ``conv2d[same]`` is ``conv2d.same``."""
    return names_of({sample_id: ".".join(parts_of(sample_id)) for sample_id in ids})


def pages_of(ids: Iterable[str]) -> dict[str, str]:
    """A file name for every operation of samples."""
    return names_of({operation: operation for operation, _ in map(parts_of, ids)})


def parts_of(sample_id: str) -> tuple[str, str]:
    """The operation and the name within it."""
    operation, _, name = sample_id.partition("[")
    return operation or sample_id, name.removesuffix("]") or sample_id


def by_operation(ids: Iterable[str]) -> dict[str, list[str]]:
    """Samples by their operation, in their order."""
    found: dict[str, list[str]] = {}
    for sample_id in ids:
        found.setdefault(parts_of(sample_id)[0], []).append(sample_id)
    return found


def names_of(plain: dict[str, str]) -> dict[str, str]:
    """A file name for every key, of the text that it would have."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key, text in plain.items():
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:_LONGEST]
        if name != text or name.lower() in taken or name.startswith("."):
            name = f"{name.lstrip('.')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        taken.add(name.lower())
        names[key] = name
    return names
