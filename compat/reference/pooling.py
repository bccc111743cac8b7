"""The largest and the mean of each window, and their gradients."""

from typing import Dict

import numpy as np

from ..arrays import Array
from . import carried
from .bounds import Answer, Reference, exact
from .calls import rule
from .geometry import Padding, Sizes, Taps, pair


@rule
def max_pool2d(x: Answer, *, ksize: Sizes, strides: Sizes, padding: Padding = "VALID") -> Reference:
    """The largest of each window; the padding never wins. A selection: exact."""
    taps = Taps(exact(x).shape, pair(ksize), strides, padding, 1)

    def pick(image):
        padded = taps.pad(image, fill=-np.inf)
        return np.max([padded[window] for _, window in taps], axis=0)

    return Reference(pick(exact(x)), carried=carried.largest(x, pick))


@rule
def avg_pool2d(x: Answer, *, ksize: Sizes, strides: Sizes, padding: Padding = "VALID") -> Reference:
    """The mean of the pixels of each window that lie inside the image, as TensorFlow has it."""
    source, x = x, exact(x)
    taps = Taps(x.shape, pair(ksize), strides, padding, 1)

    def total(image):
        padded = taps.pad(image)
        return sum(padded[window] for _, window in taps)

    count = total(np.ones_like(x))
    return Reference(
        total(x) / count,
        total(abs(x)) / count,
        count + 1,
        carried=carried.linear(source, lambda x, share: total(x) * share, 1 / count),
    )


@rule
def max_pool2d_grad(
    x: Answer, dy: Array, *, ksize: Sizes, strides: Sizes, padding: Padding = "VALID", ties: str = "first"
) -> Dict[str, Reference]:
    """Where each window's maximum stands gets the window's ``dy``.

    ``ties``: of equals the "first" or the "last", row by row, gets it, each an equal "share", or "all" of it.
    """
    x, dy = exact(x), exact(dy)
    taps = Taps(x.shape, pair(ksize), strides, padding, 1)
    padded = taps.pad(x, fill=-np.inf)
    windows = np.stack([padded[window] for _, window in taps])
    parts = _of_equals(windows == windows.max(axis=0), ties)
    sums = []
    for amount in (dy, abs(dy)):
        dx = np.zeros_like(padded)
        for index, (_, window) in enumerate(taps):
            dx[window] += parts[index] * amount
        sums.append(taps.crop(dx))
    return {"dx": Reference(sums[0], sums[1], int(np.prod(pair(ksize))) + (ties == "share"))}


def _of_equals(largest, ties):
    """What each pixel of a window gets, (pixels, ...); ``largest``: whether it is one of the largest."""
    if ties == "share":
        return largest / largest.sum(axis=0)
    if ties == "all":
        return largest
    if ties == "last":
        return _of_equals(largest[::-1], "first")[::-1]
    return largest & (np.cumsum(largest, axis=0) == 1)


@rule
def avg_pool2d_grad(
    x: Array, dy: Array, *, ksize: Sizes, strides: Sizes, padding: Padding = "VALID"
) -> Dict[str, Reference]:
    """Every pixel inside the image gets its share of each window's ``dy``. Only x's shape matters."""
    dy = exact(dy)
    taps = Taps(x.shape, pair(ksize), strides, padding, 1)
    inside = taps.pad(np.ones(x.shape))
    share = dy / sum(inside[window] for _, window in taps)
    sums = []
    for amount in (share, abs(share)):
        dx = np.zeros_like(inside)
        for _, window in taps:
            dx[window] += amount
        sums.append(taps.crop(dx))
    return {"dx": Reference(sums[0], sums[1], int(np.prod(pair(ksize))) + 1)}
