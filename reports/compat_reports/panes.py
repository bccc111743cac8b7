"""Which part of an array is shown, and how: an array of any shape -> a few panes of one or two dimensions.

A pane is a map (two dimensions, pixels), a table (few enough numbers to print in the cells), or a
series (one dimension, a line).  Whatever is left out is said in the pane's note.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

#: How many maps of one array, and how many lines of one series, are shown.
MOST_PANES = 4
MOST_LINES = 2
#: A map of at most this many cells shows its numbers.
MOST_NUMBERS = 36
#: Longer sides are reduced by a whole factor.
LONGEST_SIDE = 240
_LONGEST_ROW = 14


@dataclass(frozen=True)
class Pane:
    """``index``: where in the array it lies, to be used as ``array[index]``; ``title``: the same in words."""

    index: tuple[Any, ...]
    title: str


@dataclass(frozen=True)
class Selection:
    """``kind``: ``map``, ``table`` or ``series``; ``note``: how many are shown of how many, or empty."""

    kind: str
    panes: tuple[Pane, ...]
    note: str = ""

    def cut(self, array: np.ndarray) -> list[np.ndarray]:
        """The panes of an array of that shape, as float64 of one or two dimensions."""
        cuts = [as_real(np.asarray(array[pane.index])) for pane in self.panes]
        return [np.atleast_2d(cut) if self.kind != "series" else cut for cut in cuts]


def as_real(array: np.ndarray) -> np.ndarray:
    """float64; of complex numbers the magnitude. Raises ValueError for texts."""
    if array.dtype.kind == "c":
        array = np.abs(array)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{array.dtype} is no number")
    return array.astype(np.float64)


def is_filter(name: str) -> bool:
    """Whether an input or output is a filter (or its gradient), by the name the case gives it."""
    last = name.lower().rpartition("_")[2]  # conv1_w
    return last.lstrip("d").rstrip("0123456789") in (
        "w",
        "k",
        "filter",
        "filters",
        "kernel",
        "weights",
    )


@functools.lru_cache(maxsize=1024)  # samples of an operation have the same shapes
def select(name: str, shape: tuple[int, ...], data_format: str = "NHWC") -> Selection | None:
    """The panes of an array of that shape; None where there is nothing to draw."""
    if 0 in shape:
        return None
    if int(np.prod(shape)) == 1:
        return Selection("table", (Pane((0,) * len(shape) + (None,), ""),))
    long = [axis for axis, size in enumerate(shape) if size > 1]
    if len(long) == 1:
        index = tuple(slice(None) if axis in long else 0 for axis in range(len(shape)))
        return Selection("table" if shape[long[0]] <= _LONGEST_ROW else "series", (Pane(index, ""),))
    if len(shape) == 2:
        return _chosen(shape, (0, 1), [], [])
    if is_filter(name) and len(shape) >= 3:
        spatial = len(shape) - 2
        if spatial == 1 and max(shape[1:]) > 1:  # conv1d: length, in, out
            return _chosen(shape, (0, 1), [2], ["out"])
        rows = (spatial - 2, spatial - 1)
        return _chosen(
            shape,
            rows,
            [a for a in range(len(shape)) if a not in rows],
            _names("depth", spatial - 2, "in", "out"),
        )
    if len(shape) == 3:
        if shape[2] in (1, 3, 4) and min(shape[:2]) >= 8:
            return _chosen(shape, (0, 1), [2], ["channel"])
        return _series(shape)
    if data_format == "NCHW" and len(shape) == 4:
        return _chosen(shape, (2, 3), [0, 1], ["image", "channel"])
    spatial = len(shape) - 2
    rows = (spatial - 1, spatial)
    return _chosen(
        shape,
        rows,
        [a for a in range(len(shape)) if a not in rows],
        _names("image", 1, *["depth"] * (spatial - 2), "channel"),
    )


def _names(first: str, count: int, *others: str) -> list[str]:
    return [first] * count + list(others)


def _series(shape: tuple[int, ...]) -> Selection:
    """(images, length, channels) as lines."""
    indices = list(np.ndindex(shape[0], shape[2]))
    panes = tuple(
        Pane((i, slice(None), c), _title([("image", i, shape[0]), ("channel", c, shape[2])]))
        for i, c in indices[:MOST_LINES]
    )
    if shape[1] <= _LONGEST_ROW and len(indices) == 1:
        return Selection("table", panes)
    return Selection("series", panes, _note(len(panes), len(indices), "lines"))


def _chosen(shape: tuple[int, ...], rows: tuple[int, int], others: list[int], names: list[str]) -> Selection:
    """Maps over two axes; of the others the first few: images and channels by turns."""
    counts = [shape[axis] for axis in others]
    total = int(np.prod(counts)) if counts else 1
    panes = []
    for position in _first(counts):
        index: list[Any] = [slice(None)] * len(shape)
        for axis, place in zip(others, position, strict=True):
            index[axis] = place
        panes.append(Pane(tuple(index), _title(list(zip(names, position, counts, strict=True)))))
    size = shape[rows[0]] * shape[rows[1]]
    kind = (
        "table"
        if size * len(panes) <= 2 * MOST_NUMBERS and size <= MOST_NUMBERS and shape[rows[1]] <= 8
        else "map"
    )
    return Selection(kind, tuple(panes), _note(len(panes), total, "maps"))


def _first(counts: list[int]) -> list[tuple[int, ...]]:
    """At most MOST_PANES positions: two along each of the last two axes where both are long."""
    limits = list(counts)
    while int(np.prod(limits)) > MOST_PANES:
        longest = max(range(len(limits)), key=lambda axis: (limits[axis] > 2, limits[axis] > 1, axis))
        others = int(np.prod(limits)) // limits[longest]
        limits[longest] = max(MOST_PANES // others, 2 if limits[longest] > 2 else 1)
    return list(np.ndindex(*limits)) if limits else [()]


def _title(parts: list[tuple[str, int, int]]) -> str:
    return ", ".join(f"{name} {position}" for name, position, count in parts if count > 1)


def _note(shown: int, total: int, what: str) -> str:
    return f"{shown} of {total:,} {what} shown" if shown < total else ""


def reduced(pane: np.ndarray, signed_extreme: bool = False) -> np.ndarray:
    """A map no longer than LONGEST_SIDE: block means, or of each block the value furthest from zero."""
    factor = -(-max(pane.shape) // LONGEST_SIDE)
    if factor == 1 or min(pane.shape) < factor:
        return pane
    height, width = (size // factor for size in pane.shape)
    cut = pane[: height * factor, : width * factor].reshape(height, factor, width, factor)
    blocks = cut.transpose(0, 2, 1, 3).reshape(height, width, factor * factor)
    if not signed_extreme:
        with np.errstate(invalid="ignore", over="ignore"):
            return blocks.mean(axis=2)
    furthest = np.argmax(np.where(np.isnan(blocks), np.inf, np.abs(blocks)), axis=2)
    return np.take_along_axis(blocks, furthest[..., None], axis=2)[..., 0]
