"""The "+" pattern (SEED_CASES b2 to b4): a filter shaped like what it looks for."""

from compat import fixtures, layers, operation, reference


def _refer(x, w, *, padding):
    return reference.conv2d(x, w, padding=padding)


plus_pattern = operation(
    "plus_pattern",
    reference=_refer,
    doc="""
    Two 10x10 images of noise in [0, 1) with two "+" drawn into each, and a 3x3 filter of the same "+".
    The response peaks where a "+" was drawn: at (x, y) = (3, 3) and (7, 7) in the first image, (2, 3) and
    (5, 5) in the second. SAME keeps the 10x10 pixels, VALID leaves the 8x8 whose window lies inside.
    """,
)


@plus_pattern.on("numpy")
def _(np, x, w, *, padding):
    return layers.conv2d(x, w, padding=padding)


@plus_pattern.on("scipy")
def _(scipy, x, w, *, padding):
    import numpy as np

    responses = [scipy.signal.correlate2d(image[:, :, 0], w[:, :, 0, 0], mode=padding.lower()) for image in x]
    return np.stack(responses)[..., None]


@plus_pattern.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, *, padding):
    return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding=padding)


@plus_pattern.on("keras2", "keras3")
def _(keras, x, w, *, padding):
    layer = keras.layers.Conv2D(1, 3, padding=padding.lower(), use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


plus_pattern.sample("same", x=fixtures.plus_noise(), w=fixtures.plus_filter(), padding="SAME")
plus_pattern.sample("valid", x=fixtures.plus_noise(), w=fixtures.plus_filter(), padding="VALID")
plus_pattern.sample(
    "shifted",
    x=fixtures.plus_noise_shifted(),
    w=fixtures.plus_filter(),
    padding="SAME",
    doc="The images one pixel down and to the right, around the edges: the response moves with them.",
)
