"""Activations whose slope or default is not the same everywhere."""

from compat import Unsupported, fixtures, layers, operation, reference

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
    return np.clip(x * x.dtype.type(slope) + x.dtype.type(0.5), 0, 1)


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
    return np.where(x < 0, x * x.dtype.type(slope), x)


@leaky_relu.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, slope, written):
    return tf.nn.leaky_relu(x, slope) if written else tf.nn.leaky_relu(x)


@leaky_relu.on("keras2")
def _(keras, x, *, slope, written):
    return (keras.layers.LeakyReLU(slope, dtype=x.dtype.name) if written else keras.layers.LeakyReLU())(x)


@leaky_relu.on("keras3")
def _(keras, x, *, slope, written):
    layer = keras.layers.LeakyReLU
    return (layer(negative_slope=slope, dtype=x.dtype.name) if written else layer())(x)


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
        number = x.dtype.type
        return x / 2 * (1 + np.tanh(number(math.sqrt(2 / math.pi)) * (x + number(0.044715) * x**3)))
    erf = np.array([math.erf(value / math.sqrt(2)) for value in x.ravel()]).reshape(x.shape)
    return x / 2 * (1 + erf.astype(x.dtype))


@gelu.on("tf1.session")
def _(tf, x, *, approximate):
    import math

    if approximate:
        return 0.5 * x * (1 + tf.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + tf.erf(x / math.sqrt(2)))


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

# -- the same everywhere

sigmoid = operation("sigmoid", reference=reference.sigmoid, doc="1 / (1 + exp(-x)).")
tanh = operation("tanh", reference=reference.tanh, doc="The hyperbolic tangent.")
relu = operation("relu", reference=reference.relu, doc="max(x, 0): a selection, exact in every dialect.")
softmax = operation(
    "softmax",
    reference=reference.softmax,
    doc="exp(x) over its sum, along the last axis: of the logits of a row.",
)
log_softmax = operation(
    "log_softmax",
    reference=reference.log_softmax,
    doc="The logarithm of softmax, without the quotient. Keras has it from Keras 3 on.",
)


@sigmoid.on("numpy")
def _(np, x):
    return layers.sigmoid(x)


@sigmoid.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.sigmoid(x)


@sigmoid.on("keras2", "keras3")
def _(keras, x):
    return keras.activations.sigmoid(x)


@tanh.on("numpy")
def _(np, x):
    return np.tanh(x)


@tanh.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.tanh(x)


@tanh.on("keras2", "keras3")
def _(keras, x):
    return keras.activations.tanh(x)


@relu.on("numpy")
def _(np, x):
    return layers.relu(x)


@relu.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.nn.relu(x)


@relu.on("keras2", "keras3")
def _(keras, x):
    return keras.activations.relu(x)


@softmax.on("numpy")
def _(np, x):
    return layers.softmax(x)


@softmax.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.nn.softmax(x)


@softmax.on("keras2", "keras3")
def _(keras, x):
    return keras.activations.softmax(x)


@log_softmax.on("numpy")
def _(np, x):
    return layers.log_softmax(x)


@log_softmax.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.nn.log_softmax(x)


@log_softmax.on("keras3")
def _(keras, x):
    return keras.activations.log_softmax(x)


_LOGITS = fixtures.normal("logits_12x5", (12, 5), seed=61, scale=3.0)
for dtype in ("float16", "bfloat16", "float32", "float64"):
    for function in (sigmoid, tanh, relu):
        function.sample(dtype, x=_X.astype(dtype))
    for function in (softmax, log_softmax):
        function.sample(dtype, x=_LOGITS.astype(dtype))
for dtype in ("float16", "bfloat16", "float64"):
    x = _X.astype(dtype)
    hard_sigmoid.sample(f"{dtype}-keras-2", x=x, slope=0.2)
    hard_sigmoid.sample(f"{dtype}-keras-3", x=x, slope=1 / 6)
    leaky_relu.sample(f"{dtype}-written", x=x, slope=0.2, written=True)
    for approximate in (False, True):
        gelu.sample(f"{dtype}-tanh" if approximate else f"{dtype}-erf", x=x, approximate=approximate)
