"""Padding and cropping: pixels moved and never computed, so that every one of them has to be exact."""

from compat import Unsupported, fixtures, operation, reference

_IMAGE = fixtures.integers("padding_image", (2, 4, 5, 3), seed=251, low=-9, high=10)


def _around(pixels):
    """Of the rows and the columns only."""
    return [(0, 0), *map(tuple, pixels), (0, 0)]


def _padded(x, pixels, mode):
    import numpy as np

    return np.pad(x, _around(pixels), mode)


pad = operation(
    "pad",
    reference=lambda x, *, pixels, mode: reference.rearranged(x, lambda x: _padded(x, pixels, mode)),
    doc="""
    Rows and columns added before and after. "reflect" leaves the edge out (3 2 | 1 2 3), "symmetric" repeats
    it (2 1 | 1 2 3). Keras 2 has a layer for zeros alone.
    """,
)


@pad.on("numpy")
def _(np, x, pixels, mode):
    return np.pad(x, _around(pixels), mode)


@pad.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, pixels, mode):
    return tf.pad(x, _around(pixels), mode=mode.upper())


@pad.on("keras2")
def _(keras, x, pixels, mode):
    if mode != "constant":
        raise Unsupported("Keras 2 pads with zeros only; tf.pad in a Lambda does the rest")
    return keras.layers.ZeroPadding2D(pixels)(x)


@pad.on("keras3")
def _(keras, x, pixels, mode):
    return (
        keras.layers.ZeroPadding2D(pixels)(x)
        if mode == "constant"
        else keras.ops.pad(x, _around(pixels), mode)
    )


for name, pixels in (("even", ((1, 1), (2, 2))), ("uneven", ((0, 2), (3, 1)))):
    for mode in ("constant", "reflect", "symmetric"):
        pad.sample(f"{mode}-{name}", x=_IMAGE, pixels=pixels, mode=mode)


def _window(x, pixels):
    (top, bottom), (left, right) = pixels
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


crop = operation(
    "crop",
    reference=lambda x, *, pixels: reference.rearranged(x, lambda x: _window(x, pixels)),
    doc="Rows and columns taken off; tf.image asks for the size of what is left, Keras for what is cut.",
)


@crop.on("numpy")
def _(np, x, pixels):
    return _window(x, pixels)


@crop.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, pixels):
    (top, bottom), (left, right) = pixels
    height, width = int(x.shape[1]) - top - bottom, int(x.shape[2]) - left - right
    return tf.image.crop_to_bounding_box(x, top, left, height, width)


@crop.on("keras2", "keras3")
def _(keras, x, pixels):
    return keras.layers.Cropping2D(pixels)(x)


crop.sample("even", x=_IMAGE, pixels=((1, 1), (2, 2)))
crop.sample("uneven", x=_IMAGE, pixels=((0, 1), (3, 0)))
