"""How many elements of each distinct result are off by how many units in the last place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .deviations import Deviation

#: The largest error in ULPs of each line, then "more".
_UPTO = (0, 1, 2, *(2**k for k in range(2, 11)))


@dataclass(frozen=True)
class Column:
    """A result: its counts by line, and the same as parts of a hundred for the bars."""

    letters: str
    hue: str
    counts: tuple[int, ...]
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Histogram:
    """``lines``: what errors each stands for; as far as one is of any."""

    lines: tuple[str, ...]
    columns: tuple[Column, ...]


def ulp_histogram(deviations: Sequence[Deviation]) -> Histogram | None:
    """None where there are no floating-point numbers."""
    found = [(d, counts) for d in deviations if (counts := _counts(d)) is not None]
    if not found:
        return None
    last = max(int(np.flatnonzero(counts)[-1]) if counts.any() else 0 for _, counts in found)
    columns = []
    for one, counts in found:
        shown = counts[: last + 1].tolist()
        total = max(sum(shown), 1)
        columns.append(
            Column(one.letters, one.hue, tuple(shown), tuple(-(-100 * count // total) for count in shown))
        )
    return Histogram(_LINES[: last + 1], tuple(columns))


def _counts(one: Deviation) -> np.ndarray | None:
    ulps = one.ulps
    if ulps is None:
        return None
    # 0, 1 and 2 as they are; 3 and 4, 5 to 8 ... by the exponent of what is one less
    _, exponent = np.frexp(np.minimum(ulps, 1e9) - 1)
    lines = np.where(ulps <= 2, ulps, 2 + exponent - 1)
    counts = np.bincount(np.minimum(lines, len(_UPTO)).astype(np.intp), minlength=len(_UPTO) + 1)
    counts[-1] += one.lost
    return counts


def _named(place: int) -> str:
    if place == len(_UPTO):
        return "more"
    before = _UPTO[place - 1] + 1 if place else 0
    return f"{before:,} – {_UPTO[place]:,}" if before < _UPTO[place] else f"{before:,}"


_LINES = tuple(map(_named, range(len(_UPTO) + 1)))
