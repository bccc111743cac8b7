"""Sums of products under a sliding window, in float64, for images of one, two or three dimensions.

Laid out for speed, as whole networks go through them: the pixels that the windows meet are rows of a matrix, a few
megabytes of it at a time, and the filters its columns; one channel a sum is one pass of einsum.  Not by
``compat.layers``, so that the two are witnesses of each other.
"""

from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..arrays import Array
from .geometry import Taps

#: Numbers in the part of the matrix that is laid out at once.
_TILE = 1 << 19


def windows(taps: Taps, padded: Array) -> Array:
    """What the windows meet of a padded image: (n, *output, *kernel, channels), a view."""
    batch, *axes, channel = padded.strides
    shape = (padded.shape[0],) + taps.out + taps.kernel + padded.shape[-1:]
    steps = [stride * step for stride, step in zip(axes, taps.strides)]
    holes = [stride * step for stride, step in zip(axes, taps.dilations)]
    return as_strided(padded, shape, (batch, *steps, *holes, channel), writeable=False)


def summed(taps: Taps, x: Array, w: Array) -> Array:
    """The sum over taps and channels; groups = channels / w.shape[-2]."""
    return _summed(taps, x, (w,))[0]


def summed_with_magnitude(taps: Taps, x: Array, w: Array) -> Tuple[Array, Array]:
    """``summed(x, w)`` and ``summed(|x|, |w|)``."""
    value, magnitude = _summed(taps, x, (w, abs(w)))
    return value, magnitude


def _summed(taps: Taps, x: Array, filters: Sequence[Array]) -> List[Array]:
    """With filters of one; with two, the second of |x|."""
    padded, width, outputs = taps.pad(x), filters[0].shape[-2], filters[0].shape[-1]
    sums = [np.zeros((x.shape[0],) + taps.out + (outputs,)) for _ in filters]
    groups = max(x.shape[-1] // max(width, 1), 1)
    sources: Tuple[Callable[[Array], Array], ...] = (lambda array: array, np.abs)
    if width == 1 and groups > 1:
        for total, w, source in zip(sums, filters, sources):
            _one_channel_a_sum(windows(taps, source(padded)), w, total)
        return sums
    for group in range(groups):
        channels = slice(group * width, (group + 1) * width)
        own = slice(group * (outputs // groups), (group + 1) * (outputs // groups))
        matrices = [w[..., own].reshape(-1, outputs // groups) for w in filters]
        for where, columns in _tiles(windows(taps, padded[..., channels])):
            for total, matrix, source in zip(sums, matrices, sources):
                part = total[where]
                part[..., own] = (source(columns) @ matrix).reshape(part.shape[:-1] + (-1,))
    return sums


def _letters(view):
    """(output axes, kernel axes) of a view of windows, for einsum."""
    axes = (view.ndim - 2) // 2
    return "opq"[:axes], "ijk"[:axes]


def _one_channel_a_sum(view, w, total):
    channels, (out, kernel) = view.shape[-1], _letters(view)
    split = w.reshape(w.shape[:-2] + (channels, -1))
    apart = total.reshape(total.shape[:-1] + (channels, -1))
    for m in range(split.shape[-1]):
        spelled = f"n{out}{kernel}c,{kernel}c->n{out}c"
        apart[..., m] = np.einsum(spelled, view, np.ascontiguousarray(split[..., m]))


def _tiles(view: Array) -> Iterator[Tuple[Tuple[slice, ...], Array]]:
    """(where of the output, the windows there as rows of a matrix), a few images or a few rows at a time."""
    axes = (view.ndim - 2) // 2
    width = int(np.prod(view.shape[1 + axes :]))
    row = max(int(np.prod(view.shape[2 : 1 + axes])) * width, 1)
    rows = min(max(_TILE // row, 1), max(view.shape[1], 1))
    images = max(_TILE // (row * max(view.shape[1], 1)), 1)
    for first in range(0, view.shape[0], images):
        for top in range(0, view.shape[1], rows):
            where = (slice(first, first + images), slice(top, top + rows))
            yield where, view[where].reshape(-1, width)


def input_grad(taps: Taps, dy: Array, w: Array) -> Array:
    """What every pixel gets: the sum over the windows that meet it, and over their filters."""
    channels = taps.shape[-1]
    groups, outputs = channels // w.shape[-2], dy.shape[-1]
    dx = np.zeros((dy.shape[0],) + taps.padded + (channels,))
    if w.shape[-2] == 1 and groups > 1:
        apart = dy.reshape(dy.shape[:-1] + (channels, -1))
        for tap, window in taps:
            dx[window] += np.einsum("...cm,cm->...c", apart, w[tap].reshape(channels, -1))
        return taps.crop(dx)
    for group in range(groups):
        own = slice(group * (outputs // groups), (group + 1) * (outputs // groups))
        into = slice(group * w.shape[-2], (group + 1) * w.shape[-2])
        flat = np.ascontiguousarray(dy[..., own]).reshape(-1, outputs // groups)
        for tap, window in taps:
            part = dx[window][..., into]
            part += (flat @ w[tap][:, own].T).reshape(part.shape)
    return taps.crop(dx)


def filter_grad(taps: Taps, x: Array, dy: Array, width: Optional[int] = None) -> Array:
    """What every weight gets: the sum over all windows.  ``width``: the channels of a group; by default all."""
    channels, outputs = x.shape[-1], dy.shape[-1]
    width = width or channels
    groups, padded = channels // width, taps.pad(x)
    dw = np.zeros(taps.kernel + (width, outputs))
    if width == 1 and groups > 1:
        view, apart = windows(taps, padded), np.reshape(dy, (*dy.shape[:-1], channels, -1))
        into = dw.reshape(taps.kernel + (channels, -1))
        out, kernel = _letters(view)
        for m in range(apart.shape[-1]):
            one = np.ascontiguousarray(apart[..., m])
            into[..., m] = np.einsum(f"n{out}{kernel}c,n{out}c->{kernel}c", view, one)
        return dw
    for group in range(groups):
        seen = slice(group * width, (group + 1) * width)
        own = slice(group * (outputs // groups), (group + 1) * (outputs // groups))
        for where, columns in _tiles(windows(taps, padded[..., seen])):
            part = np.ascontiguousarray(dy[where][..., own]).reshape(-1, outputs // groups)
            dw[..., own] += (columns.T @ part).reshape(taps.kernel + (width, -1))
    return dw


def gathered(taps: Taps, x: Array, fill: Any = 0) -> Iterator[Array]:
    """What each tap meets, one (n, *output, channels) after the other, of an array of any dtype."""
    padded = taps.pad(x, fill)
    for _, window in taps:
        yield padded[window]
