"""Activations whose slope or default is not the same everywhere."""

from compat import Unsupported, fixtures, operation, reference

#: From -4 to 4 in steps of 1/16: exact in every precision.
_X = fixtures.Fixture("sixteenths_-4_4", lambda: _sixteenths())


def _sixteenths():
    import numpy as np

    return (np.arange(-64, 65) / 16).astype(np.float32)


hard_sigmoid = operation(
    "hard_sigmoid",
    reference=reference.hard_sigmoid,
    doc="clip(slope x + 1/2, 0, 1): the slope is 0.2 in Keras 2, 1/6 in Keras 3.",
)


@hard_sigmoid.on("numpy")
def _(np, x, *, slope):
    return np.clip(x * np.float32(slope) + np.float32(0.5), 0, 1)


@hard_sigmoid.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, slope):
    return tf.clip_by_value(x * slope + 0.5, 0, 1)


@hard_sigmoid.on("keras2", "keras3")
def _(keras, x, *, slope):
    return keras.activations.hard_sigmoid(x)


hard_sigmoid.sample("keras-2", x=_X, slope=0.2)
hard_sigmoid.sample("keras-3", x=_X, slope=1 / 6)

leaky_relu = operation(
    "leaky_relu",
    reference=lambda x, *, slope, written: reference.leaky_relu(x, slope=slope),
    doc="x, or slope x where negative. The slope that nobody writes: 0.2 in tf.nn, 0.3 in Keras's layer.",
)


@leaky_relu.on("numpy")
def _(np, x, *, slope, written):
    return np.where(x < 0, x * np.float32(slope), x)


@leaky_relu.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, slope, written):
    return tf.nn.leaky_relu(x, slope) if written else tf.nn.leaky_relu(x)


@leaky_relu.on("keras2")
def _(keras, x, *, slope, written):
    return (keras.layers.LeakyReLU(slope) if written else keras.layers.LeakyReLU())(x)


@leaky_relu.on("keras3")
def _(keras, x, *, slope, written):
    layer = keras.layers.LeakyReLU
    return (layer(negative_slope=slope) if written else layer())(x)


leaky_relu.sample("written", x=_X, slope=0.2, written=True)
leaky_relu.sample("not-written", x=_X, slope=0.2, written=False)

gelu = operation(
    "gelu",
    reference=reference.gelu,
    doc="""
    x Phi(x), or its approximation by tanh, which the first BERT spelled out by hand. tf.nn.gelu begins with
    2.4, and its default is the exact one.
    """,
)


@gelu.on("numpy")
def _(np, x, *, approximate):
    import math

    if approximate:
        return x / 2 * (1 + np.tanh(np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x**3)))
    erf = np.array([math.erf(value / math.sqrt(2)) for value in x.ravel()]).reshape(x.shape)
    return x / 2 * (1 + erf.astype(x.dtype))


@gelu.on("tf1.session")
def _(tf, x, *, approximate):
    if approximate:
        return 0.5 * x * (1 + tf.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + tf.erf(x / 1.4142135624))


@gelu.on("tf2.eager", "tf2.function")
def _(tf, x, *, approximate):
    if not hasattr(tf.nn, "gelu"):
        raise Unsupported("tf.nn.gelu begins with TensorFlow 2.4")
    return tf.nn.gelu(x, approximate=approximate)


@gelu.on("keras2", "keras3")
def _(keras, x, *, approximate):
    if not hasattr(keras.activations, "gelu"):
        raise Unsupported("keras.activations.gelu begins with TensorFlow 2.4")
    return keras.activations.gelu(x, approximate=approximate)


for approximate in (False, True):
    gelu.sample("tanh" if approximate else "erf", x=_X, approximate=approximate)
