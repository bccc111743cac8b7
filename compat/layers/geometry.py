"""Where a window falls: padding, output sizes, and the checks of every argument.

Everything here is separable: a window over an image is an ``Axis`` down the rows and an ``Axis`` along
the columns.  Sizes are counted in pixels, positions from 0.
"""

import operator
from typing import Any, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ..arrays import Array

#: One size for both directions, or (height, width).
Pair = Union[int, Sequence[int]]
#: ((top, bottom), (left, right)).
Pads = Tuple[Tuple[int, int], Tuple[int, int]]
Padding = Union[str, Pads]
Shape = Sequence[int]

FLOATS = ("float16", "float32", "float64")
DATA_FORMATS = ("NHWC", "NCHW")
PADDINGS = ("VALID", "SAME", "FULL")


class Axis(NamedTuple):
    """One direction of a window that slides over an image.

    Output ``o`` and tap ``i`` meet at the pixel ``o * stride + i * dilation - before``; what lies outside
    ``range(size)`` is padding.
    """

    size: int
    taps: int
    stride: int
    dilation: int
    before: int
    out: int

    @property
    def extent(self) -> int:
        """Pixels from the first tap to the last, both included."""
        return (self.taps - 1) * self.dilation + 1

    def inside(self, tap: int, start: int = 0, stop: Optional[int] = None) -> Tuple[slice, slice]:
        """Two slices, outputs and pixels: where ``tap`` meets the image for outputs in start..stop.

        The slice of outputs counts from ``start``.
        """
        stop = self.out if stop is None else stop
        shift = tap * self.dilation - self.before
        first = max(start, -(shift // self.stride))  # the least o with o * stride + shift >= 0
        last = min(stop, (self.size - 1 - shift) // self.stride + 1)
        if last <= first:
            return slice(0, 0), slice(0, 0)
        pixel = first * self.stride + shift
        return (
            slice(first - start, last - start),
            slice(pixel, pixel + (last - first - 1) * self.stride + 1, self.stride),
        )

    def span(self, start: int, stop: int) -> Tuple[int, int]:
        """The pixels, as (first, one past the last), that outputs start..stop touch; may lie outside."""
        first = start * self.stride - self.before
        return first, first + (stop - start - 1) * self.stride + self.extent

    def count(self) -> Array:  # type: ignore[override]  # a tuple's own, which nobody asks of an Axis
        """For every output, how many taps meet the image (not the padding)."""
        pixels = np.arange(self.out)[:, None] * self.stride - self.before
        pixels = pixels + np.arange(self.taps) * self.dilation
        return ((pixels >= 0) & (pixels < self.size)).sum(axis=1)


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> Tuple[int, int]:
    """SAME along one axis, ``(before, after)`` in pixels: ceil(size / stride) outputs, the odd one after."""
    total = max(0, (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return total // 2, total - total // 2


def axis(
    direction: str, size: int, taps: int, stride: int, dilation: int, padding: Union[str, Tuple[int, int]]
) -> Axis:
    """The ``Axis`` for a checked padding: a name, or (before, after) in pixels.

    VALID and explicit padding: out = (size + before + after - extent) // stride + 1.
    SAME: out = ceil(size / stride), the padding that this needs split in two, the larger half after.
    FULL: every position where the window touches the image at all.
    (TensorFlow, ``tensorflow/core/framework/common_shape_fns.cc``, GetWindowedOutputSizeVerbose; FULL is
    ours, after ``np.convolve``.)
    """
    extent = (taps - 1) * dilation + 1
    if padding == "SAME":
        before, after = same_padding(size, taps, stride, dilation)
        return Axis(size, taps, stride, dilation, before, -(-size // stride))
    if not isinstance(padding, str):
        before, after = padding
    elif padding == "VALID":
        before, after = 0, 0
    else:
        before, after = extent - 1, extent - 1
    if size + before + after < extent:
        raise ValueError(
            f"padding={padding!r}: a window of {extent} {direction} (kernel {taps}, dilation {dilation}) "
            f"does not fit into {size + before + after} {direction} of padded image, the output would be "
            "empty; expected a smaller kernel, a larger image or padding='SAME'"
        )
    return Axis(size, taps, stride, dilation, before, (size + before + after - extent) // stride + 1)


def window(size: Shape, kernel: Shape, strides: Pair, padding: Padding, dilations: Pair) -> Tuple[Axis, Axis]:
    """The two ``Axis`` of a window: arguments as the public functions take them, sizes as (h, w)."""
    strides, dilations = pair("strides", strides), pair("dilations", dilations)
    padding = pads(padding)
    if isinstance(padding, str):
        padding = (padding, padding)
    rows, columns = (
        axis(*arguments) for arguments in zip(("rows", "columns"), size, kernel, strides, dilations, padding)
    )
    return rows, columns


def pair(name: str, value: Pair) -> Tuple[int, int]:
    """(h, w) of an argument that is one positive integer or two."""
    values = value if isinstance(value, (tuple, list, np.ndarray)) else (value, value)
    try:
        numbers = tuple(operator.index(number) for number in values)
    except TypeError:
        numbers = ()
    if len(numbers) != 2 or min(numbers) < 1:
        raise ValueError(f"{name}={value!r}: expected a positive integer, or two of them for (height, width)")
    return numbers


def pads(padding: Padding) -> Padding:
    """The padding checked: one of its names, or ((top, bottom), (left, right)) in integers."""
    if isinstance(padding, str):
        if padding in PADDINGS:
            return padding
    else:
        try:
            (top, bottom), (left, right) = padding
            top, bottom, left, right = (operator.index(number) for number in (top, bottom, left, right))
            if min(top, bottom, left, right) >= 0:
                return (top, bottom), (left, right)
        except (TypeError, ValueError):
            pass
    raise ValueError(
        f"padding={padding!r}: expected 'VALID', 'SAME', 'FULL' or ((top, bottom), (left, right)) "
        "with numbers of pixels, none negative"
    )


def floating(name: str, value: Any) -> Array:
    """``value`` as an array of float16, float32 or float64 in the machine's byte order."""
    array = np.asarray(value)
    if array.dtype.kind in "iub":
        raise ValueError(
            f"{name} is an array of {array.dtype}: expected float16, float32 or float64; convert it first, "
            f"{name}.astype(np.float32), and divide by 255 if the model was trained on 0..1 (integers would "
            "wrap around or be cut off in the sums)"
        )
    if array.dtype.name not in FLOATS:
        raise ValueError(f"{name} is an array of {array.dtype}: expected float16, float32 or float64")
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def same_dtype(name: str, value: Any, x_name: str, x: Array) -> Array:
    """``value`` as an array of x's dtype: lists and numbers are converted, other arrays refused."""
    if not isinstance(value, np.ndarray) and not isinstance(value, np.generic):
        return np.asarray(value, dtype=x.dtype)
    array = floating(name, value)
    if array.dtype != x.dtype:
        raise ValueError(
            f"{name} is an array of {array.dtype}: expected {x.dtype} like {x_name}; convert one of the two"
        )
    return array


def rank(name: str, array: Array, dimensions: Sequence[str]) -> None:
    """Refuses an array that has not one dimension for each letter or word of ``dimensions``."""
    if array.ndim != len(dimensions):
        raise ValueError(
            f"{name} has shape {array.shape}: expected {len(dimensions)} dimensions, "
            f"({', '.join(dimensions)})"
        )


def data_format_of(data_format: str) -> str:
    """Refuses a data format other than NHWC and NCHW."""
    if data_format not in DATA_FORMATS:
        raise ValueError(f"data_format={data_format!r}: expected 'NHWC' or 'NCHW'")
    return data_format


def images(name: str, value: Any, data_format: str) -> Array:
    """A batch of images, seen as (count, height, width, channels) without a copy."""
    data_format_of(data_format)
    array = floating(name, value)
    rank(name, array, data_format)
    return to_nhwc(array, data_format)


def four_sizes(
    name: str, shape: Shape, dimensions: Sequence[str], least: int = 0
) -> Tuple[int, int, int, int]:
    """A shape as a tuple of four integers, none below ``least``; ``dimensions`` says what they are."""
    try:
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError:
        sizes = ()
    if len(sizes) != 4 or min(sizes) < least:
        raise ValueError(
            f"{name}={shape!r}: expected four {'positive ' if least else ''}sizes, ({', '.join(dimensions)})"
        )
    return sizes


def image_shape(name: str, shape: Shape, data_format: str) -> Tuple[int, int, int, int]:
    """A shape of images in ``data_format``, given back as (N, H, W, C)."""
    sizes = four_sizes(name, shape, data_format_of(data_format))
    return sizes if data_format == "NHWC" else (sizes[0], sizes[2], sizes[3], sizes[1])


def to_nhwc(array: Array, data_format: str) -> Array:
    """The same memory, seen as NHWC."""
    return array if data_format == "NHWC" else array.transpose(0, 2, 3, 1)


def new_images(shape: Shape, dtype: np.dtype, data_format: str) -> Tuple[Array, Array]:
    """(array, its NHWC view): uninitialised memory for images of an NHWC ``shape``, in ``data_format``."""
    count, height, width, channels = shape
    if data_format == "NHWC":
        array = np.empty(shape, dtype)
        return array, array
    array = np.empty((count, channels, height, width), dtype)
    return array, array.transpose(0, 2, 3, 1)


def sum_dtype(dtype: np.dtype) -> np.dtype:
    """The dtype to add up in: float32 for float16, otherwise the same."""
    return np.dtype(np.float32) if dtype == np.float16 else np.dtype(dtype)
