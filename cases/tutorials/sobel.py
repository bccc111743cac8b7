"""A 3x3 filter by hand on one channel (SEED_CASES C): Sobel on a grey photograph."""

from compat import fixtures, layers, operation, reference

VERTICAL = ((1, 2, 1), (0, 0, 0), (-1, -2, -1))
HORIZONTAL = ((1, 0, -1), (2, 0, -2), (1, 0, -1))

sobel = operation(
    "sobel",
    reference=lambda x, w: _refer(x, w),
    doc="""
    c1, c2: the vertical and the horizontal Sobel filter, values above 255 clipped to 255 and those below 0
    left alone, then the edge image, the square root of the sum of the two squares.
    """,
)


def _refer(x, w):
    """Whole numbers up to 255: the responses and their squares are exact in float32, the root rounds.

    TensorFlow 1 takes the root as x * rsqrt(x): the processor's rsqrt is within 1.5 * 2^-12, a step of
    Newton's method leaves 3/2 of the square of that, 3.4 u, and its arithmetic rounds four times more.
    """
    import numpy as np

    responses = np.minimum(reference.conv2d(x, w).value, 255)
    edge = np.sqrt((responses**2).sum(axis=3, keepdims=True))
    return {
        "vertical": reference.Reference(responses[..., :1]),
        "horizontal": reference.Reference(responses[..., 1:]),
        "edge": reference.Reference(edge, edge, 8),
    }


def _outputs(responses, edge):
    return {"vertical": responses[..., :1], "horizontal": responses[..., 1:], "edge": edge}


@sobel.on("numpy")
def _(np, x, w):
    if x.shape[1] > 100:
        responses = layers.conv2d(x, w)
    else:  # as the tutorial has it: two loops over the pixels
        responses = np.zeros((1, x.shape[1] - 2, x.shape[2] - 2, 2), x.dtype)
        for i in range(responses.shape[1]):
            for j in range(responses.shape[2]):
                window = x[0, i : i + 3, j : j + 3]
                responses[0, i, j] = (window * w[:, :, 0]).sum(axis=(0, 1))
    responses = np.minimum(responses, 255)
    return _outputs(responses, np.sqrt((responses**2).sum(axis=3, keepdims=True)))


@sobel.on("scipy")
def _(scipy, x, w):
    import numpy as np

    planes = [scipy.signal.correlate2d(x[0, :, :, 0], w[:, :, 0, i], mode="valid") for i in range(2)]
    responses = np.minimum(np.stack(planes, axis=-1)[None], 255)
    return _outputs(responses, np.sqrt((responses**2).sum(axis=3, keepdims=True)))


@sobel.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    responses = tf.minimum(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID"), 255)
    return _outputs(responses, tf.sqrt(tf.reduce_sum(tf.square(responses), axis=3)[..., None]))


@sobel.on("keras2", "keras3")
def _(keras, x, w):
    layer = keras.layers.Conv2D(2, 3, use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    ops = getattr(keras, "ops", None) or keras.backend
    responses = ops.minimum(layer(x), 255.0)
    return _outputs(responses, ops.sqrt(ops.sum(ops.square(responses), axis=3, keepdims=True)))


def _filters():
    both = [[[[VERTICAL[i][j], HORIZONTAL[i][j]]] for j in range(3)] for i in range(3)]
    return fixtures.values("sobel_filters", both)


sobel.sample("photograph", x=fixtures.photograph_grey().reshape(1, 440, 440, 1), w=_filters())
sobel.sample("crop", x=fixtures.photograph_grey().crop(100, 100, 64).reshape(1, 64, 64, 1), w=_filters())

output_size = operation(
    "output_size",
    reference=lambda x, w, *, padding, strides: _refer_size(x, w, padding, strides),
    doc="""
    c3: (H + 2P - FH) / S + 1 pixels. Where that is no whole number TensorFlow rounds down: the last rows and
    columns take part in no window, without a word.
    """,
)


def _refer_size(x, w, padding, strides):
    size = (x.shape[1] + 2 * padding - w.shape[0]) // strides + 1
    return reference.Reference([1, size, size, 1])


@output_size.on("numpy")
def _(np, x, w, *, padding, strides):
    side = (padding, padding)
    return np.array(layers.conv2d(x, w, strides=strides, padding=(side, side)).shape, x.dtype)


@output_size.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, *, padding, strides):
    side = [padding, padding]
    y = tf.nn.conv2d(
        tf.pad(x, [[0, 0], side, side, [0, 0]]), w, strides=[1, strides, strides, 1], padding="VALID"
    )
    return tf.cast(tf.shape(y), x.dtype)


for name, size, kernel, padding, strides in (
    ("valid", 6, 3, 0, 1),
    ("same-odd-kernel", 6, 3, 1, 1),
    ("even-kernel-p1", 6, 4, 1, 1),
    ("stride2-divides", 7, 3, 0, 2),
    ("stride2-does-not-divide", 8, 3, 0, 2),
    ("stride3-padded-does-not-divide", 9, 3, 1, 3),
):
    total = size + 2 * padding - kernel
    remainder = f"; {total % strides} row and column left over" if total % strides else ""
    output_size.sample(
        name,
        x=fixtures.values(f"zeros_{size}x{size}", [[[[0]] * size] * size]),
        w=fixtures.values(f"zeros_{kernel}x{kernel}_filter", [[[[0]]] * kernel] * kernel),
        padding=padding,
        strides=strides,
        doc=f"({size} + 2 * {padding} - {kernel}) / {strides} + 1 = {total / strides + 1:g}{remainder}.",
    )
