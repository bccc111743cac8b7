"""What convolution and pooling are, in a few slow lines each.  Read these first.

The fast layers beside this file are tested against them.  Images are NHWC (count, height, width,
channels), filters HWIO (height, width, channels in, channels out), ``pads`` is ((top, bottom), (left,
right)); strides, dilations and kernel sizes are (height, width).  Whatever dtype comes in is used: call
them with float64 for a reference, or with integers for an exact one.
"""

from typing import Any, Callable, Iterator, Sequence, Tuple

import numpy as np

from ..arrays import Array

#: (height, width)
Size = Sequence[int]
#: ((top, bottom), (left, right))
Pads = Sequence[Tuple[int, int]]


def windows(x: Array, kernel: Size, strides: Size, dilations: Size) -> Iterator[Tuple[int, int, Array]]:
    """Every window of an already padded image: yields (row, column, window of shape (N, kh, kw, C))."""
    (kh, kw), (sh, sw), (dh, dw) = kernel, strides, dilations
    for row in range((x.shape[1] - (kh - 1) * dh - 1) // sh + 1):
        for column in range((x.shape[2] - (kw - 1) * dw - 1) // sw + 1):
            top, left = row * sh, column * sw
            yield row, column, x[:, top : top + kh * dh : dh, left : left + kw * dw : dw, :]


def padded(x: Array, pads: Pads, value: float = 0) -> Array:
    """The image with a border of ``value``."""
    return np.pad(x, ((0, 0), *pads, (0, 0)), "constant", constant_values=value)


def same_pads(size: Size, kernel: Size, strides: Size, dilations: Size) -> Pads:
    """The ((top, bottom), (left, right)) that SAME means in TensorFlow: ceil(size / stride) outputs."""
    pads = []
    for n, k, s, d in zip(size, kernel, strides, dilations):
        total = max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def output_size(size: Size, kernel: Size, strides: Size, dilations: Size, pads: Pads) -> Size:
    """(height, width) of the output: (n + before + after - extent) // stride + 1."""
    return tuple(
        (n + sum(p) - (k - 1) * d - 1) // s + 1
        for n, k, s, d, p in zip(size, kernel, strides, dilations, pads)
    )


def conv2d(
    x: Array, w: Array, strides: Size = (1, 1), dilations: Size = (1, 1), pads: Pads = ((0, 0), (0, 0))
) -> Array:
    """Convolution as networks have it (the filter is not flipped): every window times the filter, summed."""
    y = np.zeros(
        (len(x), *output_size(x.shape[1:3], w.shape[:2], strides, dilations, pads), w.shape[3]), x.dtype
    )
    for row, column, window in windows(padded(x, pads), w.shape[:2], strides, dilations):
        y[:, row, column, :] = np.tensordot(window, w, axes=3)
    return y


def conv2d_input_grad(
    dy: Array,
    w: Array,
    input_shape: Sequence[int],
    strides: Size = (1, 1),
    dilations: Size = (1, 1),
    pads: Pads = ((0, 0), (0, 0)),
) -> Array:
    """The transpose of ``conv2d`` in x: every output hands its gradient back to its window."""
    dx = padded(np.zeros(input_shape, dy.dtype), pads)
    for row, column, window in windows(dx, w.shape[:2], strides, dilations):
        window += np.tensordot(dy[:, row, column, :], w, axes=(1, 3))
    (top, bottom), (left, right) = pads
    return dx[:, top : dx.shape[1] - bottom, left : dx.shape[2] - right, :]


def conv2d_filter_grad(
    x: Array,
    dy: Array,
    filter_shape: Sequence[int],
    strides: Size = (1, 1),
    dilations: Size = (1, 1),
    pads: Pads = ((0, 0), (0, 0)),
) -> Array:
    """The transpose of ``conv2d`` in w: every window weighted with the gradient of its output, summed."""
    dw = np.zeros(filter_shape, x.dtype)
    for row, column, window in windows(padded(x, pads), filter_shape[:2], strides, dilations):
        dw += np.tensordot(window, dy[:, row, column, :], axes=(0, 0))
    return dw


def grouped(conv: Callable[..., Array], x: Array, w: Array, **settings: Any) -> Array:
    """``conv2d`` whose channels are cut into x channels / w.shape[2] groups, each with its own filters."""
    groups = x.shape[3] // w.shape[2]
    parts = zip(np.split(x, groups, axis=3), np.split(w, groups, axis=3))
    return np.concatenate([conv(part, filters, **settings) for part, filters in parts], axis=3)


def max_pool2d(
    x: Array, kernel: Size, strides: Size, dilations: Size = (1, 1), pads: Pads = ((0, 0), (0, 0))
) -> Array:
    """The greatest value of every window; padding is never the greatest."""
    y = np.zeros((len(x), *output_size(x.shape[1:3], kernel, strides, dilations, pads), x.shape[3]), x.dtype)
    for row, column, window in windows(padded(x, pads, -np.inf), kernel, strides, dilations):
        y[:, row, column, :] = window.max(axis=(1, 2))
    return y


def max_pool2d_grad(
    x: Array, dy: Array, kernel: Size, strides: Size, dilations: Size = (1, 1), pads: Pads = ((0, 0), (0, 0))
) -> Array:
    """Each gradient goes to the first greatest pixel of its window, row by row from the top left."""
    dx = np.zeros_like(x)
    for image, row, column, channel in np.ndindex(*dy.shape):
        best = None
        for i, j in np.ndindex(*kernel):
            r = row * strides[0] + i * dilations[0] - pads[0][0]
            c = column * strides[1] + j * dilations[1] - pads[1][0]
            real = 0 <= r < x.shape[1] and 0 <= c < x.shape[2]
            if real and (best is None or x[best] < x[image, r, c, channel]):
                best = (image, r, c, channel)
        if best is not None:
            dx[best] += dy[image, row, column, channel]
    return dx


def avg_pool2d(
    x: Array, kernel: Size, strides: Size, pads: Pads = ((0, 0), (0, 0)), count_include_pad: bool = False
) -> Array:
    """The mean of every window, over its real pixels or, ``count_include_pad``, over all."""
    y = np.zeros((len(x), *output_size(x.shape[1:3], kernel, strides, (1, 1), pads), x.shape[3]), x.dtype)
    counted = padded(np.ones_like(x), pads, int(count_include_pad))
    sums, counts = (windows(image, kernel, strides, (1, 1)) for image in (padded(x, pads), counted))
    for (row, column, window), (_, _, count) in zip(sums, counts):
        y[:, row, column, :] = window.sum(axis=(1, 2)) / count.sum(axis=(1, 2))
    return y
