"""What goes wrong with the input: layout, channels, range, uint8."""

from typing import List, Union

import numpy as np

from ...arrays import Array, round_to
from ...reference.bounds import Reference
from .hypothesis import Catalogue

CATALOGUE = Catalogue()


def _input(change, dimensions=None):
    """A hypothesis function: the first input is ``change(input)``, of the same shape."""

    def function(call):
        x = call.get("x")
        if x is None or isinstance(x, Reference) or np.ndim(x) == 0:
            return
        x = np.asarray(x)
        if dimensions is not None and x.ndim != dimensions:
            return
        changed = change(x)
        for array in changed if isinstance(changed, list) else [changed]:
            if array.shape == x.shape:
                yield call.but(x=array.astype(x.dtype))

    return function


def wrapped(values: Array) -> Union[Array, List[Array]]:
    """As astype(uint8) leaves them; nothing where all of them fit, which only cuts them to whole numbers."""
    whole = np.trunc(np.where(np.isfinite(values), values, 0))
    return whole % 256 if whole.size and (whole.min() < 0 or whole.max() > 255) else []


def _moved(x):
    """By one pixel: around the end, or with zeros where nothing comes in."""
    moved = []
    for axis in (1, 2):
        for by in (1, -1):
            rolled = np.roll(x, by, axis)
            emptied = rolled.copy()
            emptied[(slice(None),) * axis + (0 if by > 0 else -1,)] = 0
            moved += [rolled, emptied]
    return moved


def _other_format(x):
    n, h, w, c = x.shape
    return [x.transpose(0, 3, 1, 2).reshape(x.shape), x.reshape(n, c, h, w).transpose(0, 2, 3, 1)]


CATALOGUE.call(
    "NHWC for NCHW",
    "the images' numbers are taken for those of the other data format: transpose, x.transpose(0, 2, 3, 1) "
    "or (0, 3, 1, 2), do not reshape",
)(_input(_other_format, 4))
CATALOGUE.call(
    "BGR for RGB",
    "the input's channels come in reverse, BGR for RGB: turn them around, x[..., ::-1]",
)(_input(lambda x: x[..., ::-1], 4))
CATALOGUE.call("image transposed", "the images' height and width are swapped: x.transpose(0, 2, 1, 3)")(
    _input(lambda x: x.swapaxes(1, 2), 4)
)
CATALOGUE.call("image upside down", "the images' rows come in reverse: x[:, ::-1]")(
    _input(lambda x: x[:, ::-1], 4)
)
CATALOGUE.call("image mirrored", "the images' columns come in reverse: x[:, :, ::-1]")(
    _input(lambda x: x[:, :, ::-1], 4)
)

CATALOGUE.call(
    "image moved by a pixel",
    "the images lie one row or column off: look for a np.roll, a crop or a padding before this",
)(_input(_moved, 4))

for name, sentence, change in (
    ("0..255 for 0..1", "the input is 255 times too large: divide it by 255", lambda x: x * 255.0),
    ("0..1 for 0..255", "the input is divided by 255, and should not be", lambda x: x / 255.0),
    ("-1..1 for 0..255", "the input is scaled to -1..1, and should not be", lambda x: x / 127.5 - 1),
    ("-1..1 for 0..1", "the input is scaled from 0..1 to -1..1, and should not be", lambda x: 2 * x - 1),
    (
        "0..256 for 0..255",
        "the input is divided by 256 for 255, or the other way round",
        lambda x: x * (255 / 256),
    ),
    (
        "uint8 input that wraps",
        "the input went through astype(uint8) and wrapped: clip it first, np.clip(x, 0, 255)",
        lambda x: wrapped(x),
    ),
    ("input cut to whole numbers", "the input is cut to whole numbers: keep it floating", np.trunc),
    ("input rounded to whole numbers", "the input is rounded to whole numbers: keep it floating", np.rint),
    (
        "input standardised",
        "the input is standardised ((x - mean) / deviation), and should not be, or the other way round",
        lambda x: (x - x.mean()) / max(float(x.std()), 1e-30),
    ),
):
    CATALOGUE.call(name, sentence)(_input(change))


@CATALOGUE.call(
    "two inputs swapped", "the inputs {first} and {second}, of one shape, are swapped: swap them back"
)
def _(call):
    arrays = [
        (name, value)
        for name, value in call.arguments.items()
        if isinstance(value, np.ndarray) and value.ndim and value.size > 1
    ]
    for i, (first, a) in enumerate(arrays):
        for second, b in arrays[i + 1 :]:
            if a.shape == b.shape:
                yield call.but(**{first: b, second: a}), {"first": first, "second": second}


@CATALOGUE.call(
    "one input rounded",
    "{name} is rounded to {dtype}, and it alone: a cast, or a half-precision file that it was loaded from",
)
def _(call):
    for name, value in call.arguments.items():
        if isinstance(value, np.ndarray) and value.dtype == np.float32 and value.size > 1:
            for dtype in ("float16", "bfloat16"):
                rounded = round_to(value, dtype).astype(np.float32)
                yield call.but(**{name: rounded}), {"name": name, "dtype": dtype}
