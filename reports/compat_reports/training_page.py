"""Real training on a page: its curves, and the images it gets wrong, sixteen to a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from . import figures
from .arrays import Arrays
from .drawing import Drawer
from .grid import Cell, Row
from .plots import Series, line_plot
from .wording import number

#: Wrong images of one page.
PAGE = 16
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
class Trained:
    """What a dialect reached, in its newest environment."""

    dialect: str
    environment: str
    words: str
    plots: list[tuple[str, Markup]]
    pages: list[list[Wrong]]


def compose(row: Row, arrays: Arrays, drawer: Drawer) -> list[Trained] | None:
    """The training of a sample that has curves, dialect by dialect; None for any other sample."""
    trained = []
    for dialect in row.cells:
        cells = [cell for cell in row.cells.get(dialect, ()) if cell is not None and _has_curves(cell)]
        outputs = _read(cells[-1], arrays) if cells else None
        if outputs is not None:
            plots = _plots(outputs, f"{dialect} in {cells[-1].environment.label}")
            pages = _pages(outputs, drawer)
            shown = sum(map(len, pages))
            words = _words(outputs, shown)
            trained.append(Trained(dialect, cells[-1].environment.label, words, plots, pages))
    return trained or None


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


def _pages(outputs: dict[str, np.ndarray], drawer: Drawer) -> list[list[Wrong]]:
    """The wrong images, as far as they are kept; rows of -1 are empty."""
    names = ("wrong_images", "wrong_labels", "wrong_predictions")
    if not set(names) <= set(outputs):
        return []
    images, labels, predictions = (outputs[name] for name in names)
    if images.ndim != 3 or not len(images) == len(labels) == len(predictions):
        return []
    wrong = []
    for image, label, predicted in zip(images, labels.tolist(), predictions.tolist(), strict=True):
        if label < 0:
            continue
        pixels = np.repeat(image[..., None].astype(np.float64), 3, axis=-1)
        source = drawer.file(figures.name_of(pixels, None), lambda pixels=pixels: figures.picture(pixels))
        height, width = image.shape
        wrong.append(Wrong(source, width * _ZOOM, height * _ZOOM, label, predicted))
    return [wrong[start : start + PAGE] for start in range(0, len(wrong), PAGE)]


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
