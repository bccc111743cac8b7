"""The "+" pattern as one figure: images, filter, responses with their peaks, difference, versions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import plus_drawing
from .arrays import Arrays
from .comparison import reference_of
from .drawing import Drawer
from .grid import Environment, Row
from .names import PLUS
from .panes import is_filter
from .plus_drawing import SIZE, THEMES, Parts, Strips, peaks
from .strips import sign
from .wording import judged_by, listing, number, percent, ranges

#: Another code draws another figure: it is part of the file's name.
_CODE = hashlib.sha256(Path(plus_drawing.__file__).read_bytes()).hexdigest()


@dataclass(frozen=True)
class Composed:
    """The figure in both themes, and what it shows in words."""

    light: str
    dark: str
    width: int
    height: int
    alt: str


def compose(row: Row, environments: Sequence[Environment], arrays: Arrays, drawer: Drawer) -> Composed | None:
    """The figure of a sample of the "+" pattern; None for any other sample, or where an array is missing."""
    parts = _parts(row, arrays) if row.operation == PLUS else None
    if parts is None:
        return None
    strips: Strips = {
        dialect: cells
        for dialect, cells in row.cells.items()
        if any(cell is not None and cell.word != "unsupported" for cell in cells)
    }
    sources = {}
    for theme in THEMES:
        name = f"plus-{_digest(parts, strips, environments, theme)}.png"
        sources[theme] = drawer.file(
            name, lambda theme=theme: plus_drawing.draw(parts, strips, environments, theme)
        )
    width, height = (round(inches * 100) for inches in SIZE)
    return Composed(sources["light"], sources["dark"], width, height, _alt(row, environments, parts))


def _parts(row: Row, arrays: Arrays) -> Parts | None:
    named = row.description.inputs
    entries = [named[name] for name in sorted(named, key=is_filter)]
    if not row.groups or len(entries) != 2 or len(row.groups[0].outputs) != 1:
        return None
    ((name, output),) = row.groups[0].outputs.items()
    reference = reference_of(row, name)
    read = [arrays.read(digest) for digest in (entries[0].digest, entries[1].digest, output.digest)]
    if any(array is None or array.ndim != 4 or array.size == 0 for array in read):
        return None
    images, kernel, responses = (np.asarray(array, dtype=np.float64) for array in read)
    exact = arrays.read(reference) if reference else None
    differences = responses - exact if exact is not None and exact.shape == responses.shape else None
    margin = (images.shape[1] - responses.shape[1]) // 2, (images.shape[2] - responses.shape[2]) // 2
    if min(margin) < 0:
        return None
    return Parts(
        images[:2, :, :, 0],
        kernel[:, :, 0, 0],
        responses[:2, :, :, 0],
        None if differences is None else differences[:2, :, :, 0],
        margin,
        f"{row.id}",
    )


def _digest(parts: Parts, strips: Strips, environments: Sequence[Environment], theme: str) -> str:
    sha = hashlib.sha256(f"{_CODE} {theme} {parts.title} {parts.margin}".encode())
    for array in (parts.images, parts.kernel, parts.responses, parts.differences):
        sha.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
    for dialect, cells in strips.items():
        sha.update(f" {dialect} {[(sign(cell), bool(cell and cell.loud)) for cell in cells]}".encode())
    sha.update(repr([environment.label for environment in environments]).encode())
    return sha.hexdigest()[:24]


def _alt(row: Row, environments: Sequence[Environment], parts: Parts) -> str:
    found = []
    for index, response in enumerate(parts.responses):
        places = [f"({x + parts.margin[1]}, {y + parts.margin[0]})" for x, y in peaks(response)]
        found.append(f"{listing(places)} in image {index}")
    results = [
        f"result {g.letter} in "
        + listing([f"{dialect} {ranges(where, environments)}" for dialect, where in g.where().items()])
        for g in row.groups
    ]
    share = max((c.share for c in row.recorded() if c.share is not None), default=None)
    most = (
        ""
        if parts.differences is None
        else (
            f" The difference to {judged_by(row)} is at most {number(_largest(parts.differences))}; "
            f"results use at most {percent(share)} of the rounding allowance."
        )
    )
    return (
        f"Two images of noise with two plus signs each, a 3 by 3 filter of the same, "
        f"and their convolution, which peaks where the signs are: at (x, y) = {listing(found)}.{most} "
        f"Which environments share which bits: {'; '.join(results)}."
    )


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max())
