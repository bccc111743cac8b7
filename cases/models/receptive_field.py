"""The effective receptive field: what the centre of the output takes from the input (SEED_CASES f8).

Luo, Li, Urtasun and Zemel, Understanding the effective receptive field in deep convolutional neural
networks, 2016: the gradient of the centre output with respect to the input is bell-shaped.  It is the
filters convolved with each other, so that its width grows with the square root of the depth, and the
theoretical field, 2 depth + 1 pixels for 3x3 filters, with the depth itself.
"""

from compat import fixtures, layers, operation, reference

_SIZE = 33
_CHANNELS = 4
_DEEPEST = 15


def _filters(kind, depth):
    """``depth`` filters 3x3 from one channel over four to one."""
    for number in range(depth):
        inputs = 1 if number == 0 else _CHANNELS
        outputs = 1 if number == depth - 1 else _CHANNELS
        shape, name = (3, 3, inputs, outputs), f"receptive_field_{kind}_{depth}_w{number}"
        if kind == "uniform":
            yield f"w{number}", fixtures.Fixture(name, lambda shape=shape: _even(shape))
        else:
            yield f"w{number}", fixtures.uniform(name, shape, seed=230 + number, low=-0.5, high=1.0)


def _even(shape):
    import numpy as np

    return np.full(shape, 1 / (9 * shape[2]), np.float32)


def _reference(x, *filters):
    """Back through the layers, from a 1 at the centre: each is a convolution with the filter turned about."""
    import numpy as np

    gradient = np.zeros(x.shape[:3] + (1,))
    gradient[:, _SIZE // 2, _SIZE // 2] = 1
    for w in filters[::-1]:
        gradient = reference.conv2d(gradient, w[::-1, ::-1].transpose(0, 1, 3, 2), padding="SAME")
    return {"gradient": gradient}


receptive_field = operation(
    "receptive_field",
    reference=_reference,
    doc="""
    The gradient of the centre output of a stack of linear 3x3 convolutions with respect to its input of
    33x33. Everything outside of 2 depth + 1 pixels is 0, and most of what is inside is small.
    """,
)


@receptive_field.on("numpy")
def _(np, x, *filters):
    gradient = np.zeros(x.shape[:3] + (1,), x.dtype)
    gradient[:, _SIZE // 2, _SIZE // 2] = 1
    for w in filters[::-1]:
        shape = x.shape[:3] + (w.shape[2],)
        gradient = layers.conv2d_input_grad(gradient, w, shape, padding="SAME")
    return {"gradient": gradient}


def _centre(tf, x, filters):
    for w in filters:
        x = tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME")
    return x[:, _SIZE // 2, _SIZE // 2, 0]


@receptive_field.on("tf1.session")
def _(tf, x, *filters):
    return {"gradient": tf.gradients(_centre(tf, x, filters), x)[0]}


@receptive_field.on("tf2.eager", "tf2.function")
def _(tf, x, *filters):
    with tf.GradientTape() as tape:
        tape.watch(x)
        centre = _centre(tf, x, filters)
    return {"gradient": tape.gradient(centre, x)}


@receptive_field.on("keras2", "keras3")
def _(keras, x, *filters):
    import tensorflow as tf

    model = keras.Sequential(
        [keras.layers.Conv2D(w.shape[3], 3, padding="same", use_bias=False) for w in filters]
    )
    model.build((None, _SIZE, _SIZE, 1))
    model.set_weights(filters)
    if not tf.executing_eagerly():
        return {"gradient": keras.backend.gradients(model(x)[:, _SIZE // 2, _SIZE // 2, 0], [x])[0]}
    with tf.GradientTape() as tape:
        tape.watch(x)
        centre = model(x)[:, _SIZE // 2, _SIZE // 2, 0]
    return {"gradient": tape.gradient(centre, x)}


_IMAGE = fixtures.uniform("receptive_field_image", (1, _SIZE, _SIZE, 1), seed=229)
for depth in (3, _DEEPEST):
    for kind in ("uniform", "random"):
        receptive_field.sample(f"{kind}-{depth}", x=_IMAGE, **dict(_filters(kind, depth)))
