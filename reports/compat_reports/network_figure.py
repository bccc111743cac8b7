"""One figure of a network: the layer tour of a digit, and the effective receptive field."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .arrays import Arrays
from .drawing import Drawer
from .figures import symmetric_scale
from .grid import Row
from .names import FIELD, TOUR
from .plus_drawing import DPI, THEMES
from .plus_figure import Composed
from .wording import number

#: Another code draws another figure: it is part of the file's name.
_CODE = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
#: The range of the histograms, and how many bars it has.
_RANGE, _BARS = (-2.0, 2.0), 40
_Named = dict[str, np.ndarray]


def compose(row: Row, arrays: Arrays, drawer: Drawer) -> Composed | None:
    """The figure of a sample of these two; None for any other, or where an array is missing."""
    if row.operation not in (TOUR, FIELD) or not row.groups:
        return None
    digests = {name: entry.digest for name, entry in row.description.inputs.items()}
    digests |= {name: output.digest for name, output in row.groups[0].outputs.items()}
    read = {name: arrays.read(digest) for name, digest in digests.items()}
    found = {name: np.asarray(array, np.float64) for name, array in read.items() if array is not None}
    if row.operation == TOUR:
        return _composed(row, found, drawer, _tour, _tour_words(found)) if _is_tour(found) else None
    return _composed(row, found, drawer, _field, _field_words(found)) if _is_field(found) else None


def _is_tour(named: _Named) -> bool:
    ranks = {"x": 4, "kernel": 4, "conv": 4, "relu": 4, "pool": 4, "dense_relu": 2}
    return all(name in named and named[name].ndim == rank for name, rank in ranks.items())


def _is_field(named: _Named) -> bool:
    return "gradient" in named and named["gradient"].ndim == 4 and bool(np.abs(named["gradient"]).sum())


def _composed(row: Row, named: _Named, drawer: Drawer, draw: Any, words: str) -> Composed:
    sha = hashlib.sha256(f"{_CODE} {row.id}".encode())
    for name, array in named.items():
        sha.update(name.encode() + np.ascontiguousarray(array).tobytes())
    size, sources = _size(named), {}
    for theme, colours in THEMES.items():
        name = f"network-{sha.hexdigest()[:24]}-{theme}.png"
        sources[theme] = drawer.file(name, lambda colours=colours: _png(draw(named, colours)))
    return Composed(sources["light"], sources["dark"], round(size[0] * 100), round(size[1] * 100), words)


def _size(named: _Named) -> tuple[float, float]:
    """Inches: a row for each filter of the tour and one more, or two panes."""
    return (14.4, 2.6 * (named["kernel"].shape[-1] + 1)) if "kernel" in named else (11.0, 4.2)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", transparent=True, metadata={"Software": None})
    return buffer.getvalue()


def _plain(axes: Axes, colours: dict[str, Any], title: str) -> Axes:
    axes.set_title(title, color=colours["ink"], fontsize=9.5)
    axes.tick_params(colors=colours["faint"], labelsize=7.5, length=2, width=0.6)
    axes.patch.set_alpha(0)
    for spine in axes.spines.values():
        spine.set(color=colours["rule"], linewidth=0.6)
    return axes


def _picture(axes: Axes, values: np.ndarray, colours: dict[str, Any], title: str, scale: Any = None) -> None:
    """A map with its colour bar; around 0 where ``scale`` is that of signed values."""
    style = {} if scale is None else {"cmap": scale.colours, "vmin": scale.low, "vmax": scale.high}
    shown = _plain(axes, colours, title).imshow(values, **style)
    bar = axes.figure.colorbar(shown, ax=axes, fraction=0.046, pad=0.03)
    bar.ax.tick_params(colors=colours["faint"], labelsize=7, length=2, width=0.6)
    bar.outline.set_visible(False)  # type: ignore[operator]


def _histogram(axes: Axes, values: np.ndarray, colours: dict[str, Any], name: str) -> None:
    inside = ((values >= _RANGE[0]) & (values <= _RANGE[1])).mean()
    title = f"{name}: {inside:.0%} of {values.size:,} in [-2, 2]"
    _plain(axes, colours, title).hist(values.ravel(), _BARS, range=_RANGE, color="#5b8def")
    axes.set_yscale("symlog")


def _tour(named: _Named, colours: dict[str, Any]) -> Figure:
    """A row for each filter: kernel, feature map, rectified, pooled; then histograms and the dense layer."""
    filters = named["kernel"].shape[-1]
    figure = Figure(figsize=_size(named), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(filters + 1, 5)
    kernels, maps = symmetric_scale([named["kernel"]]), symmetric_scale([named["conv"]])
    for f in range(filters):
        _picture(axes[f, 0], named["x"][0, :, :, 0], colours, "input")
        _picture(axes[f, 1], named["kernel"][:, :, 0, f], colours, f"kernel {f}", kernels)
        _picture(axes[f, 2], named["conv"][0, :, :, f], colours, f"conv, map {f}", maps)
        _picture(axes[f, 3], named["relu"][0, :, :, f], colours, f"relu, map {f}")
        _picture(axes[f, 4], named["pool"][0, :, :, f], colours, f"pool, map {f}")
    for place, name in enumerate(("conv", "relu", "pool", "dense")):
        _histogram(axes[filters, place], named.get(name, named["dense_relu"]), colours, name)
    units = named["dense_relu"][0]
    _plain(axes[filters, 4], colours, f"dense, relu: {np.count_nonzero(units)} of {units.size} units")
    axes[filters, 4].bar(range(units.size), units, color="#5b8def")
    return figure


def _tour_words(named: _Named) -> str:
    shapes = ", ".join(f"{name} {'x'.join(map(str, named[name].shape[1:]))}" for name in ("conv", "pool"))
    return (
        f"One digit through {named['kernel'].shape[-1]} filters: its kernel, its map, rectified and pooled "
        f"({shapes}), histograms of the tensors from -2 to 2, and the {named['dense_relu'].shape[-1]} units "
        "of the dense layer."
    )


def width_of(gradient: np.ndarray) -> tuple[float, int]:
    """(four standard deviations of |gradient| along the rows, rows that are not 0): effective, theoretical.

    95 % of a normal distribution lie within four of its standard deviations: Luo and others 2016 measure so.
    """
    rows = np.abs(gradient).sum(axis=1)
    places = np.arange(len(rows), dtype=float)
    mean = (rows * places).sum() / rows.sum()
    deviation = np.sqrt((rows * (places - mean) ** 2).sum() / rows.sum())
    extent = np.flatnonzero(rows)
    return float(4 * deviation), int(extent[-1] - extent[0] + 1)


def _field(named: _Named, colours: dict[str, Any]) -> Figure:
    """The gradient as a map, and its profile with both fields."""
    gradient = named["gradient"][0, :, :, 0]
    effective, theoretical = width_of(gradient)
    figure = Figure(figsize=_size(named), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _picture(left, gradient, colours, "d output[centre] / d input", symmetric_scale([gradient]))
    profile = np.abs(gradient).sum(axis=1)
    _plain(right, colours, "its size, row by row").plot(profile, color="#5b8def", marker=".")
    middle = (len(profile) - 1) / 2
    for width, colour, label in (
        (effective, "#d9730d", f"effective: 4 deviations, {number(effective, 3)} pixels"),
        (theoretical, colours["faint"], f"theoretical: {theoretical} pixels"),
    ):
        right.axvspan(middle - width / 2, middle + width / 2, color=colour, alpha=0.15, label=label)
    right.set_ylim(0, 1.25 * profile.max())  # room for the legend
    legend = right.legend(fontsize=8, frameon=False, loc="upper left")
    for text in legend.get_texts():
        text.set_color(colours["ink"])
    return figure


def _field_words(named: _Named) -> str:
    effective, theoretical = width_of(named["gradient"][0, :, :, 0])
    return (
        f"The gradient of the centre output with respect to the input: its size falls from the middle, four "
        f"standard deviations are {number(effective, 3)} pixels, the theoretical field has {theoretical}."
    )
