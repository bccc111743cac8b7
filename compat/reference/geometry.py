"""Where a sliding window meets the image, tap by tap: not ``compat.layers``, of which this is a witness.

Images are NHWC (n, h, w, c); of three dimensions NDHWC, as the kernel says.  Sizes are in pixels.
"""

from typing import Any, Iterator, Sequence, Tuple, Union

import numpy as np

from ..arrays import Array

#: One size for all directions, or (height, width), (depth, height, width).
Sizes = Union[int, Sequence[int]]
#: A name, or ((top, bottom), (left, right)), one pair a direction.
Padding = Union[str, Sequence[Sequence[int]]]


def pair(value: Any) -> Tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def each(value: Any, axes: int) -> Tuple[Any, ...]:
    """One size for each direction."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * axes


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> Tuple[int, int]:
    """TensorFlow's SAME for one axis: ``(before, after)``; the odd one goes after.

    Source: https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
    """
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def _pads(shape, kernel, strides, padding, dilations):
    """``((top, bottom), (left, right))`` of a named or explicit padding."""
    if padding == "SAME":
        return tuple(same_padding(*sizes) for sizes in zip(shape[1:-1], kernel, strides, dilations))
    if padding == "FULL":
        return tuple(((k - 1) * d, (k - 1) * d) for k, d in zip(kernel, dilations))
    return ((0, 0),) * len(kernel) if padding == "VALID" else tuple(tuple(pair) for pair in padding)


class Taps:
    """The geometry of a sliding window: for every tap, the slice of the padded image it meets."""

    def __init__(
        self, shape: Sequence[int], kernel: Sequence[int], strides: Sizes, padding: Padding, dilations: Sizes
    ) -> None:
        self.kernel = tuple(kernel)
        if len(shape) != len(self.kernel) + 2:
            raise IndexError(
                f"an image of shape {tuple(shape)} under a window of {len(self.kernel)} dimensions"
            )
        self.strides, self.dilations = (each(sizes, len(self.kernel)) for sizes in (strides, dilations))
        self.pads = _pads(shape, self.kernel, self.strides, padding, self.dilations)
        self.shape = tuple(shape)
        self.padded = tuple(n + sum(pad) for n, pad in zip(shape[1:-1], self.pads))
        reach = [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations)]
        self.out = tuple(max((n - r) // s + 1, 0) for n, r, s in zip(self.padded, reach, self.strides))

    def pad(self, x: Array, fill: float = 0.0) -> Array:
        if not np.any(self.pads):
            return x
        return np.pad(x, ((0, 0),) + self.pads + ((0, 0),), mode="constant", constant_values=fill)

    def crop(self, padded: Array) -> Array:
        inside = [slice(before, before + size) for (before, _), size in zip(self.pads, self.shape[1:-1])]
        return padded[(slice(None), *inside)]

    def __iter__(self) -> Iterator[Tuple[Tuple[int, ...], Tuple[slice, ...]]]:
        """``(tap, slices)``: the rows and columns of the image that the tap meets, one an output pixel."""
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
