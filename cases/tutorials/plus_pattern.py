"""The "+" pattern (SEED_CASES b2 to b4): a filter shaped like what it looks for."""

from compat import fixtures, layers, operation, reference

plus_pattern = operation(
    "plus_pattern",
    reference=reference.conv2d,
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

plus_pooled = operation(
    "plus_pooled",
    doc="b3: the response of SAME, then the largest of every 3x3 pixels, stride 3, SAME: 4x4 a picture.",
    reference=lambda x, w: _refer_pooled(x, w),
)


def _refer_pooled(x, w):
    """A maximum moves no further than its inputs do: the allowance of the largest in each window."""
    response = reference.conv2d(x, w, padding="SAME")
    windows = {"ksize": 3, "strides": 3, "padding": "SAME"}
    pooled = reference.max_pool2d(response.value, **windows).value
    magnitude = reference.max_pool2d(response.magnitude, **windows).value
    return {"response": response, "pooled": reference.Reference(pooled, magnitude, 9)}


@plus_pooled.on("numpy")
def _(np, x, w):
    response = layers.conv2d(x, w, padding="SAME")
    return {"response": response, "pooled": layers.max_pool2d(response, 3, 3, padding="SAME")}


@plus_pooled.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    response = tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME")
    pooled = tf.nn.max_pool(response, ksize=[1, 3, 3, 1], strides=[1, 3, 3, 1], padding="SAME")
    return {"response": response, "pooled": pooled}


@plus_pooled.on("keras2", "keras3")
def _(keras, x, w):
    layer = keras.layers.Conv2D(1, 3, padding="same", use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    response = layer(x)
    return {"response": response, "pooled": keras.layers.MaxPooling2D(3, 3, "same")(response)}


plus_pooled.sample("b3", x=fixtures.plus_noise(), w=fixtures.plus_filter())

shift_invariance = operation(
    "shift_invariance",
    doc="""
    b4: the response of the shifted image is the shifted response. Both are shown without the border of
    two pixels, where SAME's zeros and the shift around the edges meet.
    """,
    reference=lambda x, w: _refer_shift(x, w),
)


def _refer_shift(x, w):
    import numpy as np

    of_shifted = reference.conv2d(np.roll(x, (1, 1), axis=(1, 2)), w, padding="SAME")
    inside = (slice(None), slice(2, -2), slice(2, -2))
    answer = reference.Reference(
        of_shifted.value[inside], of_shifted.magnitude[inside], of_shifted.terms[inside]
    )
    return {"response_of_shifted": answer, "shifted_response": answer}


def _both_ways(roll, convolve, x, w):
    inside = (slice(None), slice(2, -2), slice(2, -2))
    return {
        "response_of_shifted": convolve(roll(x, (1, 1), (1, 2)), w)[inside],
        "shifted_response": roll(convolve(x, w), (1, 1), (1, 2))[inside],
    }


@shift_invariance.on("numpy")
def _(np, x, w):
    return _both_ways(np.roll, lambda image, f: layers.conv2d(image, f, padding="SAME"), x, w)


@shift_invariance.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    return _both_ways(
        tf.roll, lambda image, f: tf.nn.conv2d(image, f, strides=[1, 1, 1, 1], padding="SAME"), x, w
    )


shift_invariance.sample("b4", x=fixtures.plus_noise(), w=fixtures.plus_filter())

weight_sharing = operation(
    "weight_sharing",
    doc="""
    b4: one filter for every place. Cutting the image into windows and multiplying each by the same nine
    weights gives what the convolution gives.
    """,
    reference=lambda x, w: dict.fromkeys(
        ("convolution", "window_by_window"), reference.conv2d(x, w, padding="VALID")
    ),
)


@weight_sharing.on("numpy")
def _(np, x, w):
    rows, columns = (n - 2 for n in x.shape[1:3])
    windows = np.stack([x[:, i : i + rows, j : j + columns, 0] for i in range(3) for j in range(3)], axis=-1)
    return {"convolution": layers.conv2d(x, w), "window_by_window": windows @ w.reshape(9, 1)}


@weight_sharing.on("tf1.session")
def _(tf, x, w):
    windows = tf.extract_image_patches(x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
    return {
        "convolution": tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID"),
        "window_by_window": tf.tensordot(windows, tf.reshape(w, [9, 1]), 1),
    }


@weight_sharing.on("tf2.eager", "tf2.function")
def _(tf, x, w):
    windows = tf.image.extract_patches(x, [1, 3, 3, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID")
    return {
        "convolution": tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID"),
        "window_by_window": tf.tensordot(windows, tf.reshape(w, [9, 1]), 1),
    }


weight_sharing.sample("b4", x=fixtures.plus_noise(), w=fixtures.plus_filter())
