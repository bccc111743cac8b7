"""The largest and the mean of each window, and their gradients; the helpers without a rule are of any dimension."""

import functools
from typing import Dict, Iterable, Sequence

import numpy as np

from ..arrays import Array
from . import carried
from .bounds import Answer, Reference, exact
from .calls import rule
from .geometry import Padding, Sizes, Taps, each
from .sliding import gathered


@rule
def max_pool2d(x: Answer, *, ksize: Sizes, strides: Sizes, padding: Padding = "VALID") -> Reference:
    """The largest of each window; the padding never wins. A selection: exact."""
    return max_pool(x, ksize, strides, padding)


def max_pool(x: Answer, ksize: Sizes, strides: Sizes, padding: Padding) -> Reference:
    taps = _taps(np.shape(exact(x)), ksize, strides, padding)

    def pick(image):
        return functools.reduce(np.maximum, gathered(taps, image, -np.inf))

    return Reference(pick(exact(x)), carried=carried.largest(x, pick))


def _taps(shape, ksize, strides, padding):
    return Taps(shape, each(ksize, len(shape) - 2), strides, padding, 1)


@rule
def avg_pool2d(x: Answer, *, ksize: Sizes, strides: Sizes, padding: Padding = "VALID") -> Reference:
    """The mean of the pixels of each window that lie inside the image, as TensorFlow has it."""
    return avg_pool(x, ksize, strides, padding)


def avg_pool(x: Answer, ksize: Sizes, strides: Sizes, padding: Padding) -> Reference:
    source, x = x, exact(x)
    taps = _taps(x.shape, ksize, strides, padding)
    count = counted(taps)
    total = functools.partial(_total, taps)
    return Reference(
        total(x) / count,
        total(abs(x)) / count,
        count + 1,
        carried=carried.linear(source, lambda x, share: total(x) * share, 1 / count),
    )


def _total(taps, image):
    total = np.zeros((image.shape[0],) + taps.out + (image.shape[-1],))
    for part in gathered(taps, image):
        total += part
    return total


def counted(taps: Taps) -> Array:
    """How many pixels of each window lie inside the image, (1, *output, 1)."""
    return _total(taps, np.ones((1,) + taps.shape[1:-1] + (1,)))


@rule
def max_pool2d_grad(
    x: Answer, dy: Answer, *, ksize: Sizes, strides: Sizes, padding: Padding = "VALID", ties: str = "first"
) -> Dict[str, Reference]:
    """Where each window's maximum stands gets the window's ``dy``.

    ``ties``: of equals the "first" or the "last", row by row, gets it, each an equal "share", or "all" of it.
    """
    return {"dx": max_pool_grad(x, dy, ksize, strides, padding, ties)}


def max_pool_grad(
    x: Answer, dy: Answer, ksize: Sizes, strides: Sizes, padding: Padding, ties: str
) -> Reference:
    x, dy = exact(x), exact(dy)
    taps = _taps(x.shape, ksize, strides, padding)
    windows = np.stack(list(gathered(taps, x, -np.inf)))
    parts = _of_equals(windows == windows.max(axis=0), ties)
    sums = [spread(taps, (part * amount for part in parts)) for amount in (dy, abs(dy))]
    return Reference(sums[0], sums[1], len(parts) + (ties == "share"))


def spread(taps: Taps, amounts: Iterable[Array]) -> Array:
    """Every pixel's sum of what the taps give it: one (n, *output, channels) a tap."""
    dx = np.zeros(taps.shape[:1] + taps.padded + taps.shape[-1:])
    for (_, window), amount in zip(taps, amounts):
        dx[window] += amount
    return taps.crop(dx)


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
    return {"dx": avg_pool_grad(x.shape, dy, ksize, strides, padding)}


def avg_pool_grad(
    shape: Sequence[int], dy: Answer, ksize: Sizes, strides: Sizes, padding: Padding
) -> Reference:
    """Of an image of that shape."""
    source, dy = dy, exact(dy)
    taps = _taps(tuple(shape), ksize, strides, padding)
    terms = int(np.prod(taps.kernel))

    def shared(amount, share):
        part = amount * share
        return spread(taps, (part for _ in range(terms)))

    share = 1 / counted(taps)
    return Reference(
        shared(dy, share),
        shared(abs(dy), share),
        terms + 1,
        carried=carried.linear(source, shared, share),
    )
