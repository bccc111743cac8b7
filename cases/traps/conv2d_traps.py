"""Spellings of ``tf.nn.conv2d`` that a port trips over: what is expected to differ, and does.

Every difference here is explained in known_differences.toml.
"""

from compat import fixtures, layers, operation, reference

_X = fixtures.normal("noise_2x10x10x3", (2, 10, 10, 3), seed=2)
_W = fixtures.normal("filters_3x3x3x4", (3, 3, 3, 4), seed=3)

conv2d_default_strides = operation(
    "conv2d_default_strides",
    reference=reference.conv2d,
    doc="""
    tf.nn.conv2d(x, filter, padding=...) without strides: an error in TensorFlow 1.13, allowed in 1.14 and
    1.15, an error again in TensorFlow 2, where tf.compat.v1.nn.conv2d still allows it.
    """,
)


@conv2d_default_strides.on("tf1.session")
def _(tf, x, w, *, padding):
    return tf.nn.conv2d(x, w, padding=padding)


@conv2d_default_strides.on("tf2.eager", "tf2.function")
def _(tf, x, w, *, padding):
    return tf.nn.conv2d(x, w, padding=padding)


@conv2d_default_strides.on("keras2", "keras3")
def _(keras, x, w, *, padding):
    layer = keras.layers.Conv2D(w.shape[3], w.shape[:2], padding=padding.lower(), use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


@conv2d_default_strides.on("numpy")
def _(np, x, w, *, padding):
    return layers.conv2d(x, w, padding=padding)


conv2d_default_strides.sample(
    "b1",
    x=fixtures.values("one_to_six", [[[[1], [2], [3]], [[4], [5], [6]]]]),
    w=fixtures.values("one_to_four", [[[[1]], [[2]]], [[[3]], [[4]]]]),
    padding="VALID",
    expected=[[[[37], [47]]]],
)

conv2d_lower_case = operation(
    "conv2d_lower_case",
    reference=lambda x, w: reference.conv2d(x, w, padding="SAME"),
    doc="Keras writes 'same', tf.nn writes 'SAME': lower case is an error in tf.nn, in all versions.",
)


@conv2d_lower_case.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="same")


@conv2d_lower_case.on("keras2", "keras3")
def _(keras, x, w):
    layer = keras.layers.Conv2D(w.shape[3], w.shape[:2], padding="same", use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    return layer(x)


conv2d_lower_case.sample("same", x=_X, w=_W)

conv2d_kernel_too_large = operation(
    "conv2d_kernel_too_large",
    reference=reference.conv2d,
    doc="""
    VALID with a filter larger than the image has no window to compute. A graph refuses it; an eager call
    gives an empty result where the filter is one pixel too large, and refuses a larger one, in all versions.
    """,
)


@conv2d_kernel_too_large.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID")


for kernel in (4, 5):
    conv2d_kernel_too_large.sample(
        f"k{kernel}-n3",
        x=fixtures.normal("noise_1x3x3x1", (1, 3, 3, 1), seed=2),
        w=fixtures.normal(f"filters_{kernel}x{kernel}x1x1", (kernel, kernel, 1, 1), seed=3),
    )

conv2d_padded_evenly = operation(
    "conv2d_padded_evenly",
    reference=lambda x, w, *, strides: reference.conv2d(x, w, strides=strides, padding="SAME"),
    doc="""
    SAME spelled by hand: (k - 1) // 2 zeros on every side, as other frameworks pad. With stride 1 and an odd
    filter that is SAME; with stride 2 on an even size TensorFlow pads only the end, and every window moves
    by one pixel.
    """,
)


@conv2d_padded_evenly.on("numpy")
def _(np, x, w, *, strides):
    side = ((w.shape[0] - 1) // 2,) * 2
    return layers.conv2d(x, w, strides=strides, padding=(side, side))


@conv2d_padded_evenly.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, *, strides):
    side = [(int(w.shape[0]) - 1) // 2] * 2
    padded = tf.pad(x, [[0, 0], side, side, [0, 0]])
    return tf.nn.conv2d(padded, w, strides=[1, strides, strides, 1], padding="VALID")


@conv2d_padded_evenly.on("keras2", "keras3")
def _(keras, x, w, *, strides):
    padded = keras.layers.ZeroPadding2D((w.shape[0] - 1) // 2)(x)
    layer = keras.layers.Conv2D(w.shape[3], w.shape[:2], strides=strides, use_bias=False)
    layer.build(padded.shape)
    layer.set_weights([w])
    return layer(padded)


for strides in (1, 2):
    conv2d_padded_evenly.sample(f"s{strides}", x=_X, w=_W, strides=strides)
conv2d_padded_evenly.sample(
    "s2-odd-size",
    x=fixtures.normal("noise_2x9x11x3", (2, 9, 11, 3), seed=2),
    w=_W,
    strides=2,
    doc="On odd sizes TensorFlow's SAME is even as well: the port agrees, until the image grows by a pixel.",
)

conv2d_padding_ignored = operation(
    "conv2d_padding_ignored",
    reference=lambda x, w: reference.conv2d(x, w, padding=((1, 1), (1, 1))),
    doc="A tutorial's mistake (D): the padded image is computed and then not used, so the border is missing.",
)


@conv2d_padding_ignored.on("numpy")
def _(np, x, w):
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="constant")  # noqa: F841  the mistake
    return layers.conv2d(x, w)


@conv2d_padding_ignored.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME")


conv2d_padding_ignored.sample("same", x=_X, w=_W)

conv2d_one_kernel_for_all = operation(
    "conv2d_one_kernel_for_all",
    reference=reference.conv2d,
    doc="""
    A tutorial's mistake (D): the kernel is not indexed by channel, so every channel meets the sum of the
    whole 3-D kernel instead of its own plane.
    """,
)


@conv2d_one_kernel_for_all.on("numpy")
def _(np, x, w):
    summed = np.repeat(w.sum(axis=2, keepdims=True), x.shape[3], axis=2)
    return layers.conv2d(x, summed)


@conv2d_one_kernel_for_all.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID")


conv2d_one_kernel_for_all.sample("three-channels", x=_X, w=_W)

cast_to_uint8 = operation(
    "cast_to_uint8",
    reference=lambda x: reference.saturated(x, low=0, high=255, dtype="uint8"),
    doc="""
    A response outside 0..255 made a picture. Clipping is right; NumPy's astype(uint8) wraps around (256
    becomes 0, -1 becomes 255), and tf.cast of an out-of-range float is undefined, so TensorFlow's
    spelling is tf.saturate_cast.
    """,
)


@cast_to_uint8.on("numpy")
def _(np, x):
    return x.astype(np.int64).astype(np.uint8)


@cast_to_uint8.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.saturate_cast(x, tf.uint8)


cast_to_uint8.sample("inside", x=fixtures.integers("bytes", (8, 8), seed=12, low=0, high=256))
cast_to_uint8.sample("beyond", x=fixtures.integers("beyond_bytes", (8, 8), seed=12, low=-300, high=600))
