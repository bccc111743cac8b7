"""Real training on a page: its curves, and the images that it gets wrong, sixteen to a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from . import curves, figures
from .arrays import Arrays
from .disputed import Disputed, disputed
from .drawing import Drawer
from .grid import Cell, Row
from .plots import Series, line_plot
from .wording import number

#: Wrong images of one page.
PAGE = 16
_CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
#: Pixels on the page of one pixel of an image, about.
_ZOOM = 3


@dataclass(frozen=True)
class Wrong:
    """An image that was taken for something else."""

    source: str
    width: int
    height: int
    label: int
    predicted: int


@dataclass(frozen=True)
class Shown:
    """An image about which dialects disagree: its label, and who takes it for what."""

    source: str
    width: int
    height: int
    label: int
    words: str


@dataclass(frozen=True)
class Trained:
    """What a dialect reached, in its newest environment."""

    dialect: str
    environment: str
    words: str
    plots: list[tuple[str, Markup]]
    pages: list[list[Wrong]]


@dataclass(frozen=True)
class Training:
    """``together``: all curves on one plot; ``dialects``: each by itself; ``disputed``: pages of images."""

    together: curves.Together | None
    dialects: list[Trained]
    disputed: list[list[Shown]]


def compose(row: Row, arrays: Arrays, drawer: Drawer) -> Training | None:
    """The training of a sample that has curves; None for any other sample."""
    cells = [cell for strip in row.cells.values() for cell in strip if cell is not None and _has_curves(cell)]
    newest = {cell.dialect: cell for cell in cells}
    outputs = {dialect: _read(cell, arrays) for dialect, cell in newest.items()}
    found = {dialect: arrays_of for dialect, arrays_of in outputs.items() if arrays_of is not None}
    if not found:
        return None
    trained = [_trained(newest[dialect], arrays_of, drawer) for dialect, arrays_of in found.items()]
    images = [_shown(one, found, drawer) for one in disputed(found)]
    return Training(curves.compose(row, cells, arrays, _CURVES), trained, _paged([i for i in images if i]))


def _trained(cell: Cell, outputs: dict[str, np.ndarray], drawer: Drawer) -> Trained:
    label = cell.environment.label
    pages = _paged(_wrong(outputs, drawer))
    words = _words(outputs, sum(map(len, pages)))
    return Trained(cell.dialect, label, words, _plots(outputs, f"{cell.dialect} in {label}"), pages)


def _paged(images: list[Any]) -> list[list[Any]]:
    return [images[start : start + PAGE] for start in range(0, len(images), PAGE)]


def _has_curves(cell: Cell) -> bool:
    shapes = [cell.outputs[name].shape for name in ("loss", "accuracy") if name in cell.outputs]
    return cell.result is not None and len(shapes) == 2 and shapes[0] == shapes[1] and len(shapes[0]) == 1


def _read(cell: Cell, arrays: Arrays) -> dict[str, np.ndarray] | None:
    """The outputs by name; None where the store lacks a curve."""
    read = {name: arrays.read(output.digest) for name, output in cell.outputs.items()}
    found = {name: array for name, array in read.items() if array is not None}
    return found if {"loss", "accuracy"} <= set(found) else None


def _plots(outputs: dict[str, np.ndarray], where: str) -> list[tuple[str, Markup]]:
    """Loss and accuracy along the epochs, from 1; on held-out images as well where that was measured."""
    plots = []
    for name in ("loss", "accuracy"):
        series = [Series("training", outputs[name].astype(float), "line-a", offset=1)]
        if f"val_{name}" in outputs:
            series.append(Series("held out", outputs[f"val_{name}"].astype(float), "line-b", offset=1))
        last = ", ".join(f"{s.label} {number(float(s.values[-1]), 4)}" for s in series if s.values.size)
        plots.append((f"{name} by epoch; at the end {last}", line_plot(series, f"{name} of {where}")))
    return plots


def _wrong(outputs: dict[str, np.ndarray], drawer: Drawer) -> list[Wrong]:
    """The wrong images, as far as they are kept; rows of -1 are empty."""
    names = ("wrong_images", "wrong_labels", "wrong_predictions")
    if not set(names) <= set(outputs):
        return []
    images, labels, predictions = (outputs[name] for name in names)
    if images.ndim != 3 or not len(images) == len(labels) == len(predictions):
        return []
    kept = zip(images, labels.tolist(), predictions.tolist(), strict=True)
    return [Wrong(*_drawn(image, drawer), label, predicted) for image, label, predicted in kept if label >= 0]


def _shown(one: Disputed, outputs: dict[str, dict[str, np.ndarray]], drawer: Drawer) -> Shown | None:
    dialect, row = one.image
    images = outputs[dialect].get("wrong_images")
    if images is None or images.ndim != 3 or row >= len(images):
        return None
    return Shown(*_drawn(images[row], drawer), one.label, one.words)


def _drawn(image: np.ndarray, drawer: Drawer) -> tuple[str, int, int]:
    """The picture of an image of grey values, and its size on the page."""
    pixels = np.repeat(image[..., None].astype(np.float64), 3, axis=-1)
    source = drawer.file(figures.name_of(pixels, None), lambda: figures.picture(pixels))
    return source, image.shape[1] * _ZOOM, image.shape[0] * _ZOOM


def _words(outputs: dict[str, np.ndarray], shown: int) -> str:
    reached = outputs.get("reached")
    if reached is None or reached.size != 1:
        return ""
    words = f"{number(float(reached), 4)} recognised"
    predictions = outputs.get("predictions")
    if predictions is None or not len(predictions) or not shown:
        return words
    count = len(predictions)
    wrong = round((1 - float(reached)) * count)
    return f"{words}: {wrong:,} of {count:,} wrong" + (f", the first {shown} shown" if shown < wrong else "")
