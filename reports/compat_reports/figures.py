"""Panes -> small palette PNGs, on a scale that several panes share; one pixel a value."""

from __future__ import annotations

import functools
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

VALUES, DIFFERENCES, SHARES = "viridis", "RdBu_r", "cividis"
#: Colours of the palette; after them come minus infinity, plus infinity and NaN (transparent).
_STEPS = 250
_BELOW, _ABOVE, _NAN = 250, 251, 252
_INFINITE_COLOURS = ((120, 0, 200), (255, 0, 160))
#: Of shares of an allowance what is beyond it has the colour of plus infinity.
BEYOND = "#{:02x}{:02x}{:02x}".format(*_INFINITE_COLOURS[1])
#: Another code draws other pictures: it is part of their names.
_CODE = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


@dataclass(frozen=True)
class Scale:
    """From ``low`` to ``high`` along a colour map."""

    low: float
    high: float
    colours: str = VALUES

    def indices(self, values: np.ndarray) -> np.ndarray:
        """The place of each value in the palette; NaN and infinities have places of their own."""
        values = np.asarray(values, dtype=np.float64)
        span = self.high - self.low
        with np.errstate(invalid="ignore", over="ignore"):
            if np.isfinite(span) and span > 0:
                part = (values / 2 - self.low / 2) / (span / 2)
            else:
                part = np.full(values.shape, 0.5)
            if np.isfinite(values).all():
                return np.clip(part * _STEPS, 0, _STEPS - 1).astype(np.uint8)
            part = np.nan_to_num(part, nan=0.5, posinf=1, neginf=0)
            steps = np.clip(part * _STEPS, 0, _STEPS - 1).astype(np.uint8)
        steps[np.isneginf(values)] = _BELOW
        steps[np.isposinf(values)] = _ABOVE
        steps[np.isnan(values)] = _NAN
        return steps

    def css(self, values: np.ndarray) -> list[list[tuple[str, str]]]:
        """The colour of every value of a map, and a text colour readable on it."""
        colours = _css(self.colours)
        return [[colours[step] for step in row] for row in self.indices(values).tolist()]

    def gradient(self) -> str:
        """The scale as a CSS gradient for its colour bar."""
        return _gradient(self.colours)


def shared_scale(panes: Iterable[np.ndarray]) -> Scale:
    """One scale on which all finite values of the panes lie."""
    low, high = _extent(panes)
    return Scale(low, high)


def symmetric_scale(panes: Iterable[np.ndarray]) -> Scale:
    """One scale from -m to m around zero for all panes."""
    low, high = _extent(panes)
    most = max(abs(low), abs(high))
    return Scale(-most, most, DIFFERENCES)


def _extent(panes: Iterable[np.ndarray]) -> tuple[float, float]:
    finite = [pane[np.isfinite(pane)] for pane in panes]
    filled = [values for values in finite if values.size]
    if not filled:
        return 0.0, 0.0
    return float(min(values.min() for values in filled)), float(max(values.max() for values in filled))


@functools.cache
def palette(name: str) -> list[tuple[int, int, int]]:
    """The colours of the map, then those of infinities and NaN."""
    samples = matplotlib.colormaps[name](np.linspace(0, 1, _STEPS))[:, :3]
    colours = [tuple(int(round(255 * part)) for part in colour) for colour in samples]
    return [*colours, *_INFINITE_COLOURS, (128, 128, 128)]  # type: ignore[list-item]


@functools.cache
def _gradient(name: str) -> str:
    stops = [palette(name)[int(step)] for step in np.linspace(0, _STEPS - 1, 13)]
    return ", ".join(f"#{r:02x}{g:02x}{b:02x}" for r, g, b in stops)


@functools.cache
def _css(name: str) -> list[tuple[str, str]]:
    """The palette as CSS, each with white or black text, whichever contrasts more."""
    pairs = []
    for colour in palette(name):
        # relative luminance of WCAG 2: on either side of 0.179 black or white has a contrast of 4.5
        linear = [
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in (c / 255 for c in colour)
        ]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        pairs.append(("#{:02x}{:02x}{:02x}".format(*colour), "#fff" if luminance < 0.179 else "#000"))
    return pairs


def name_of(pane: np.ndarray, scale: Scale | None) -> str:
    """The file's name: of the same contents on the same scale the same."""
    sha = hashlib.sha256(f"{_CODE} {scale} {pane.shape}".encode())
    sha.update(np.ascontiguousarray(pane).tobytes())
    return f"{sha.hexdigest()[:24]}.png"


def png(pane: np.ndarray, scale: Scale) -> bytes:
    """A map as a palette PNG."""
    indices = scale.indices(pane)
    image = Image.frombytes("P", (pane.shape[1], pane.shape[0]), np.ascontiguousarray(indices).tobytes())
    image.putpalette([part for colour in palette(scale.colours) for part in colour])
    return _encoded(image, transparency=_NAN)


def picture(pixels: np.ndarray) -> bytes:
    """Height x width x 3 of 0..255 as a PNG in its own colours."""
    height, width = pixels.shape[:2]
    contents = np.clip(np.nan_to_num(pixels), 0, 255).astype(np.uint8).tobytes()
    return _encoded(Image.frombytes("RGB", (width, height), contents))


def _encoded(image: Image.Image, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=7, **options)
    return buffer.getvalue()
