"""Colours: RGB to HSV and back, hue and saturation moved, in float32 as TensorFlow's kernels do.

Of an RGB pixel with largest v, smallest m and c = v - m: saturation c / v, hue a sixth of (g - b) / c, of
2 + (b - r) / c or of 4 + (r - g) / c, after which of r, g and b is the largest, modulo 1.
Source: tensorflow/core/kernels/image/colorspace_op.h, adjust_hue_op.cc, adjust_saturation_op.cc
"""

from typing import Any, Callable, Dict

import numpy as np

from ..bounds import Reference
from ..tracked import Tracked, follows, joined
from .flows import is_exact, tracked
from .registry import Flow, NoRule


def _needs_exact(x: Flow) -> Any:
    if not is_exact(x):
        raise NoRule("colours of rounded pixels, where the hue may jump")
    return np.asarray(x)


def to_hsv(x: Flow) -> Reference:
    """Each quotient is that of exact differences, but for their own rounding: 5 roundings, of at most 1."""
    rgb = _needs_exact(x).astype(np.float64)
    r, g, b = (rgb[..., k] for k in range(3))
    v, m = rgb.max(axis=-1), rgb.min(axis=-1)
    c = v - m
    s = np.where(v > 0, c / np.where(v > 0, v, 1), 0.0)
    safe = np.where(c > 0, c, 1)
    hue = np.where(r == v, (g - b) / safe, np.where(g == v, (b - r) / safe + 2, (r - g) / safe + 4)) / 6
    hue = np.where(c > 0, hue, 0.0)
    hue = np.where(hue < 0, hue + 1, hue)
    values = np.stack([hue, s, v], axis=-1)
    sizes = np.stack([np.ones_like(hue), np.ones_like(s) * (s > 0), np.zeros_like(v)], axis=-1)
    # A hue of 1 - tiny rounds to 1, which is hue 0: both are said, the same colour.
    return Reference(values, sizes, 8)


def _dh(h: Any, k: int) -> Any:
    """How much of colour k a hue has, 0 to 1: a piecewise linear function, never steeper than 6."""
    h = h * 6
    return np.clip({0: abs(h - 3) - 1, 1: 2 - abs(h - 2), 2: 2 - abs(h - 4)}[k], 0, 1)


def from_hsv(h: Tracked, s: Tracked, v: Tracked) -> Tracked:
    """((1 - s) + s d_k(h)) v for each of the three colours."""
    parts = []
    for k in range(3):
        share = lambda hue, k=k: _dh(np.mod(hue, 1.0), k)
        d = follows(share(h.value), lambda p, e: np.minimum(6 * e + p.gamma(4) * 8, 1.0), h)
        parts.append(((1 - s) + s * d) * v)
    return joined(lambda arrays: np.stack(arrays, axis=-1), parts)


def to_rgb(x: Flow) -> Flow:
    hsv = tracked(x)
    return from_hsv(hsv[..., 0], hsv[..., 1], hsv[..., 2]).reference()


def _parts(x):
    """(hue, saturation, value) of RGB, Tracked."""
    hsv = to_hsv(x)
    whole = Tracked(hsv.value, lambda p: hsv.worst(p.dtype))
    return whole[..., 0], whole[..., 1], whole[..., 2]


def adjust_hue(x: Flow, delta: Flow) -> Flow:
    """The hue turned by ``delta``, in turns."""
    h, s, v = _parts(x)
    return from_hsv(h + tracked(delta), s, v).reference()


def adjust_saturation(x: Flow, scale: Flow) -> Flow:
    h, s, v = _parts(x)
    return from_hsv(h, (s * tracked(scale)).clip(0, 1), v).reference()


COLOURS: Dict[str, Callable[..., Flow]] = {
    "RGBToHSV": to_hsv,
    "HSVToRGB": to_rgb,
    "AdjustHue": adjust_hue,
    "AdjustSaturation": adjust_saturation,
}
