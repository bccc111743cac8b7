"""What goes wrong with the input: layout, channels, range, uint8."""

import numpy as np

from ..reference.bounds import Reference
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
        lambda x: np.where(np.isfinite(x), x, 0).astype(np.int64).astype(np.uint8),
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
