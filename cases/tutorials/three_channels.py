"""Three channels (SEED_CASES D): a colour photograph, split, and filtered channel by channel."""

from compat import fixtures, layers, operation, reference

split_channels = operation(
    "split_channels",
    reference=lambda x: _refer_split(x),
    doc="d1: the R, G and B images of a colour photograph, and its grey one.",
)

#: ITU-R BT.601, as TensorFlow's rgb_to_grayscale has it.
GREY = (0.2989, 0.5870, 0.1140)


def _refer_split(x):
    import numpy as np

    weights = np.float32(GREY).astype(np.float64)
    grey = (np.float64(x) * weights).sum(axis=3, keepdims=True)
    channels = {
        name: reference.Reference(x[..., i : i + 1]) for i, name in enumerate(("red", "green", "blue"))
    }
    return dict(channels, grey=reference.Reference(grey, grey, 4))


def _split(x, grey):
    return {"red": x[..., 0:1], "green": x[..., 1:2], "blue": x[..., 2:3], "grey": grey}


@split_channels.on("numpy")
def _(np, x):
    return _split(x, (x * np.float32(GREY)).sum(axis=3, keepdims=True))


@split_channels.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return _split(x, tf.image.rgb_to_grayscale(x))


split_channels.sample("d1", x=fixtures.photograph().reshape(1, 440, 440, 3))

five_filters = operation(
    "five_filters",
    reference=lambda x, w: _refer_five(x, w),
    doc="d2: five 3x3x3 filters on a 440x440x3 photograph, each a sum over the channels; then their sum.",
)


def _refer_five(x, w):
    responses = reference.conv2d(x, w)
    total = responses.value.sum(axis=3, keepdims=True)
    magnitude = responses.magnitude.sum(axis=3, keepdims=True)
    return {
        "responses": responses,
        "sum": reference.Reference(total, magnitude, responses.terms[..., :1] + 5),
    }


@five_filters.on("numpy")
def _(np, x, w):
    responses = layers.conv2d(x, w)
    return {"responses": responses, "sum": responses.sum(axis=3, keepdims=True)}


@five_filters.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w):
    responses = tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID")
    return {"responses": responses, "sum": tf.reduce_sum(responses, axis=3)[..., None]}


@five_filters.on("keras2", "keras3")
def _(keras, x, w):
    layer = keras.layers.Conv2D(w.shape[3], w.shape[:2], use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])
    responses = layer(x)
    ops = getattr(keras, "ops", None) or keras.backend
    return {"responses": responses, "sum": ops.sum(responses, axis=3, keepdims=True)}


five_filters.sample(
    "d2",
    x=fixtures.photograph().reshape(1, 440, 440, 3),
    w=fixtures.normal("filters_3x3x3x5", (3, 3, 3, 5), seed=13),
)
