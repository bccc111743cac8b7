"""Resizing of images, NHWC: every output row is a weighted sum of input rows, every column of columns.

Where the output pixel i lies in an input of n pixels that becomes m:

    legacy (TF1's default)       i n / m
    align_corners                i (n - 1) / (m - 1)
    half_pixel_centers (TF2)     (i + 1/2) n / m - 1/2

The position is made of a rounded ratio, a product and up to two sums: 4 roundings of at most position + 1.
The weights are continuous in it, and none is steeper than 2 a pixel; they have at most 12 roundings more.
"""

import math
from typing import Sequence

import numpy as np

from .bounds import Answer, Reference, exact
from .calls import rule
from .tracked import Tracked, track


@rule
def resize(
    x: Answer,
    *,
    size: Sequence[int],
    method: str,
    align_corners: bool = False,
    half_pixel_centers: bool = False,
    antialias: bool = False,
) -> Reference:
    """As TensorFlow's CPU kernels: method ``bilinear``, ``nearest`` or ``bicubic``; see the module.

    Bicubic: Keys's kernel with a = -0.75 (legacy, align_corners) or -0.5 (half pixels, where taps outside
    are left out and the rest is scaled to 1; else they repeat the border).  TensorFlow takes its weights from
    a table of 1024 steps a pixel, and so does this.
    Source: tensorflow/core/kernels/image/resize_bicubic_op.cc
    antialias (bilinear, half pixels): the triangle is as wide as an output pixel where the image shrinks.
    Source: tensorflow/core/kernels/image/scale_and_translate_op.cc
    """
    x = exact(x)
    axes = [
        _weights(n, m, method, align_corners, half_pixel_centers, antialias)
        for n, m in zip(x.shape[1:3], size)
    ]
    if method == "nearest":
        rows, columns = axes
        return Reference(x[:, rows][:, :, columns])
    rows, columns = axes
    tall = _apply(rows, track(x).transpose(0, 3, 1, 2), columns)
    return tall.transpose(0, 2, 3, 1).reference()


def _apply(rows, images, columns):
    """rows @ images @ columns.T, in either order, with the errors of both."""
    return rows @ images @ columns.transpose(1, 0)


def _position(i, n, m, align_corners, half_pixel_centers):
    if align_corners and m > 1:
        return i * (n - 1) / (m - 1)
    return (i + 0.5) * n / m - 0.5 if half_pixel_centers else i * n / m


def weights(n: int, m: int, method: str, align_corners: bool, half_pixel_centers: bool) -> Tracked:
    """The (m, n) matrix of ``bilinear`` or ``bicubic`` that makes m pixels of n."""
    return _weights(n, m, method, align_corners, half_pixel_centers, False)


def areas(n: int, m: int, align_corners: bool) -> Tracked:
    """The (m, n) matrix of means over areas: output i covers the input from i n / m to (i + 1) n / m.

    The ends of an area are 4 roundings off, and so are the shares of the pixels there; the mean is a product with
    the reciprocal of the area, 4 roundings more.  Pixels beyond the border repeat it.
    Source: tensorflow/core/kernels/image/resize_area_op.cc
    """
    scale = (n - 1) / (m - 1) if align_corners and m > 1 else n / m
    value, moved = np.zeros((m, n)), np.zeros((m, n))
    for i in range(m):
        low, high = i * scale, (i + 1) * scale
        for j in range(math.floor(low), math.ceil(high)):
            value[i, min(max(j, 0), n - 1)] += (min(j + 1, high) - max(j, low)) / scale
        # a border that rounding moves over a pixel's edge gives that pixel no more than it moves
        around = slice(max(math.floor(low) - 1, 0), min(math.ceil(high) + 1, n))
        moved[i, around] = (high + 1) / scale
    return Tracked(value, lambda p: p.gamma(4) * moved + p.gamma(6) * value)


def _weights(n, m, method, align_corners, half_pixel_centers, antialias):
    """Nearest: the indices.  Else the (m, n) matrix, Tracked."""
    positions = [_position(i, n, m, align_corners, half_pixel_centers) for i in range(m)]
    if method == "nearest":
        if half_pixel_centers:
            nearest = [math.floor(p + 0.5) for p in positions]
        else:  # of two equally near the corner-aligned takes the later, away from 0
            nearest = [math.floor(p + 0.5 if align_corners else p) for p in positions]
        return np.clip(nearest, 0, n - 1)
    taps = _antialiased if antialias else _TAPS[method]
    value = np.zeros((m, n))
    for i, position in enumerate(positions):
        for j, weight in taps(position, half_pixel_centers, n, m):
            value[i, j] += weight

    def error(p):
        moved, largest = np.zeros((m, n)), abs(value)
        for i, position in enumerate(positions):
            far = float(p.gamma(4)) * (abs(position) + 1)
            ends = np.clip([position - far, position + far], -0.5, n - 0.5)
            taken = [j for end in ends for j, _ in taps(end, half_pixel_centers, n, m)]
            if method == "bicubic":  # only the entry of the table depends on the position
                far = np.ptp(np.rint(ends * _STEPS)) / _STEPS
            between = slice(min(taken), max(taken) + 1)
            moved[i, between] = 2 * far
            largest[i, between] += 2 * far + (method == "bicubic")
        return moved + p.gamma(12) * largest

    return Tracked(value, error)


def _linear(position, _, n, m):
    """The upper neighbour is never beyond the border, the lower never before it."""
    low = math.floor(position)
    fraction = position - low
    return [(min(max(low, 0), n - 1), 1 - fraction), (min(max(low + 1, 0), n - 1), fraction)]


def _cubic(position, half_pixel_centers, n, m):
    low = math.floor(position)
    fraction = np.rint((position - low) * _STEPS) / _STEPS
    a = -0.5 if half_pixel_centers else -0.75
    taps = [(low + k, _keys(abs(fraction - k), a)) for k in (-1, 0, 1, 2)]
    if not half_pixel_centers:
        return [(min(max(j, 0), n - 1), weight) for j, weight in taps]
    inside = [(j, weight) for j, weight in taps if 0 <= j < n]
    total = sum(weight for _, weight in inside)
    return [(j, weight / total) for j, weight in inside]


def _keys(t, a):
    """Keys, Cubic convolution interpolation for digital image processing, 1981, equation 4."""
    if t <= 1:
        return ((a + 2) * t - (a + 3)) * t * t + 1
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a if t < 2 else 0.0


def _antialiased(position, _, n, m):
    width = max(n / m, 1.0)
    centre = position + 0.5
    weights = [max(0.0, 1 - abs(j + 0.5 - centre) / width) for j in range(n)]
    total = sum(weights)
    return [(j, weight / total) for j, weight in enumerate(weights) if weight]


#: Entries a pixel in the table of bicubic weights.
_STEPS = 1024
_TAPS = {"bilinear": _linear, "bicubic": _cubic}
