"""A port that has no float64 reference: the style loss of an image, judged against TensorFlow 1.15.

This is how a user's code enters: it names what it is judged against, and how far rounding may take it is
measured, by moving the inputs by one unit in the last place (``compat.record.repeats``).
Gatys, Ecker and Bethge, A neural algorithm of artistic style, 2015: the distance of two Gram matrices.
"""

from compat import fixtures, layers, operation

style_loss = operation(
    "style_loss",
    against=("tf1.session", "tf1.15"),
    doc="""
    Features relu(conv 3x3), their Gram matrix over the pixels divided by their number, the sum of the squared
    differences to that of another image, and the gradient of it in the image.
    """,
)


def _gram(tf, x, w, divisor):
    features = tf.nn.relu(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME"))
    flat = tf.reshape(features, [-1, 8])
    return tf.matmul(flat, flat, transpose_a=True) / divisor


def _loss(tf, x, style, w, divisor):
    gram = _gram(tf, x, w, divisor)
    return gram, tf.reduce_sum(tf.square(gram - _gram(tf, style, w, divisor)))


#: 24x20 pixels of 8 features.
_PIXELS, _NUMBERS = 480.0, 3840.0


def _divisor(port):
    """The mistake that a port may have: the mean over all numbers of the features, not over the pixels."""
    return _NUMBERS if port == "mean-over-channels" else _PIXELS


@style_loss.on("tf1.session")
def _(tf, x, style, w, *, port):
    gram, loss = _loss(tf, x, style, w, _PIXELS)
    return {"gram": gram, "loss": loss, "gradient": tf.gradients(loss, x)[0]}


@style_loss.on("tf2.eager", "tf2.function")
def _(tf, x, style, w, *, port):
    with tf.GradientTape() as tape:
        tape.watch(x)
        gram, loss = _loss(tf, x, style, w, _divisor(port))
    return {"gram": gram, "loss": loss, "gradient": tape.gradient(loss, x)}


@style_loss.on("keras2", "keras3")
def _(keras, x, style, w, *, port):
    import tensorflow as tf

    layer = keras.layers.Conv2D(8, 3, padding="same", activation="relu", use_bias=False)
    layer.build(x.shape)
    layer.set_weights([w])

    def gram(image):
        flat = tf.reshape(layer(image), [-1, 8])
        return tf.matmul(flat, flat, transpose_a=True) / _divisor(port)

    def loss_of(image):
        found = gram(image)
        return found, tf.reduce_sum(tf.square(found - gram(tf.constant(style))))

    if not tf.executing_eagerly():
        found, loss = loss_of(x)
        return {"gram": found, "loss": loss, "gradient": keras.backend.gradients(loss, [x])[0]}
    with tf.GradientTape() as tape:
        tape.watch(x)
        found, loss = loss_of(x)
    return {"gram": found, "loss": loss, "gradient": tape.gradient(loss, x)}


@style_loss.on("numpy")
def _(np, x, style, w, *, port):
    divisor = np.float32(_divisor(port))

    def features(image):
        return layers.relu(layers.conv2d(image, w, padding="SAME"))

    def gram(image):
        flat = features(image).reshape(-1, 8)
        return flat.T @ flat / divisor

    found = gram(x)
    off = found - gram(style)
    # d/dF of |F'F / n - G|^2 is 4 F (F'F / n - G) / n.
    seen = features(x)
    slope = (4 * (seen.reshape(-1, 8) @ off) / divisor).reshape(seen.shape) * (seen > 0)
    gradient = layers.conv2d_input_grad(slope, w, x.shape, padding="SAME")
    return {"gram": found, "loss": np.square(off).sum(), "gradient": gradient}


_PHOTOGRAPH = fixtures.photograph()
_INPUTS = {
    "x": fixtures.Fixture("style_image", lambda: _PHOTOGRAPH.array[None, 100:124, 60:80] / 255),
    "style": fixtures.Fixture("style_other_image", lambda: _PHOTOGRAPH.array[None, 200:224, 160:180] / 255),
    "w": fixtures.normal("style_filters", (3, 3, 3, 8), seed=271),
}
style_loss.sample("right", **_INPUTS, port="right")
style_loss.sample(
    "mean-over-channels", **_INPUTS, port="mean-over-channels", doc="A port that takes tf.reduce_mean of all."
)
