"""Where a sliding window meets the image, tap by tap: not ``compat.layers``, of which this is a witness.

All images are NHWC (n, h, w, c); sizes are in pixels.
"""

from typing import Any, Iterator, Sequence, Tuple, Union

import numpy as np

from ..arrays import Array

#: One size for both directions, or (height, width).
Sizes = Union[int, Sequence[int]]
#: A name, or ((top, bottom), (left, right)).
Padding = Union[str, Sequence[Sequence[int]]]


def pair(value: Any) -> Tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> Tuple[int, int]:
    """TensorFlow's SAME for one axis: ``(before, after)``; the odd one goes after.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _pads(shape, kernel, strides, padding, dilations):
    """``((top, bottom), (left, right))`` of a named or explicit padding."""
    if padding == "SAME":
        return tuple(
            same_padding(*sizes) for sizes in zip(shape[1:3], kernel, pair(strides), pair(dilations))
        )
    if padding == "FULL":
        return tuple(((k - 1) * d, (k - 1) * d) for k, d in zip(kernel, pair(dilations)))
    return ((0, 0), (0, 0)) if padding == "VALID" else tuple(tuple(pair) for pair in padding)


class Taps:
    """The geometry of a sliding window: for every tap, the slice of the padded image it meets."""

    def __init__(
        self, shape: Sequence[int], kernel: Sequence[int], strides: Sizes, padding: Padding, dilations: Sizes
    ) -> None:
        self.kernel, self.strides, self.dilations = tuple(kernel), pair(strides), pair(dilations)
        self.pads = _pads(shape, self.kernel, strides, padding, dilations)
        self.shape = tuple(shape)
        self.padded = tuple(n + sum(pad) for n, pad in zip(shape[1:3], self.pads))
        reach = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations)]
        self.out = tuple(max((n - r) // s + 1, 0) for n, r, s in zip(self.padded, reach, self.strides))

    def pad(self, x: Array, fill: float = 0.0) -> Array:
        return np.pad(x, ((0, 0),) + self.pads + ((0, 0),), mode="constant", constant_values=fill)

    def crop(self, padded: Array) -> Array:
        (top, _), (left, _) = self.pads
        return padded[:, top : top + self.shape[1], left : left + self.shape[2]]

    def summed(self, x: Array, w: Array) -> Array:
        """The sum over taps and channels, float64; groups = channels / w.shape[2]."""
        groups = x.shape[3] // w.shape[2]
        padded = self.pad(x)
        y = np.zeros((x.shape[0],) + self.out + (w.shape[3],))
        for group in range(groups):
            channels = slice(group * w.shape[2], (group + 1) * w.shape[2])
            width = w.shape[3] // groups
            filters = slice(group * width, (group + 1) * width)
            for tap, window in self:
                y[..., filters] += padded[window][..., channels] @ w[tap][:, filters]
        return y

    def __iter__(self) -> Iterator[Tuple[Tuple[int, ...], Tuple[slice, ...]]]:
        """``(tap, slices)``: image rows and columns that the tap (i, j) meets, one an output pixel."""
        for tap in np.ndindex(*self.kernel):
            starts = [t * d for t, d in zip(tap, self.dilations)]
            yield (
                tap,
                (slice(None),)
                + tuple(
                    slice(start, start + (n - 1) * s + 1, s) if n else slice(0, 0)
                    for start, n, s in zip(starts, self.out, self.strides)
                ),
            )
