"""Digits, scikit-learn's 8x8 images: two convolutions, two poolings, one classifier (SEED_CASES f1).

Every dialect gets the same weights and returns every tensor, so that the judge names the first wrong layer.
"""

from compat import fixtures, layers, networks, operation, reference

_WEIGHTS = {
    "w1": fixtures.weights("digits_w1", (3, 3, 1, 32), seed=101),
    "b1": fixtures.uniform("digits_b1", (32,), seed=102, low=-0.5, high=0.5),
    "w2": fixtures.weights("digits_w2", (3, 3, 32, 64), seed=103),
    "b2": fixtures.uniform("digits_b2", (64,), seed=104, low=-0.5, high=0.5),
    "w3": fixtures.uniform("digits_w3", (256, 10), seed=105, low=-0.05, high=0.05),
    "b3": fixtures.uniform("digits_b3", (10,), seed=106, low=-0.5, high=0.5),
}
_ALL = fixtures.digits()[0]
_IMAGES = fixtures.Fixture("digits_first_4", lambda: _ALL.array[:4])
_PARAMETERS = 320 + 18496 + 2570


def _reference(x, w1, b1, w2, b2, w3, b3, *, activation):
    network = reference.Network(x)
    for block, w, b in ((1, w1, b1), (2, w2, b2)):
        convolution = lambda x, w=w, b=b: reference.conv2d_bias(x, w, b, strides=1, padding="SAME")
        network.step(f"conv{block}", convolution)
        if activation:
            network.step(f"relu{block}", reference.relu)
        network.step(f"pool{block}", lambda x: reference.max_pool2d(x, ksize=2, strides=2, padding="SAME"))
    network.step("flat", reference.flatten)
    network.step("logits", lambda x: reference.dense(x, w3, b3))
    network.step("softmax", reference.softmax)
    # Of the image nothing but that it is there: the number of parameters follows from no tensor.
    network.step("parameters", lambda x: reference.Reference(_PARAMETERS, dtype="int32"), None)
    return network


def _numpy(np, x, w1, b1, w2, b2, w3, b3, activation):
    tensors = {}
    for block, w, b in ((1, w1, b1), (2, w2, b2)):
        x = tensors[f"conv{block}"] = layers.conv2d(x, w, padding="SAME", bias=b)
        if activation:
            x = tensors[f"relu{block}"] = layers.relu(x)
        x = tensors[f"pool{block}"] = layers.max_pool2d(x, 2, padding="SAME")
    x = tensors["flat"] = layers.flatten(x)
    x = tensors["logits"] = layers.dense(x, w3, b3)
    tensors["softmax"] = layers.softmax(x)
    tensors["parameters"] = np.int32(sum(weight.size for weight in (w1, b1, w2, b2, w3, b3)))
    return tensors


def _tensorflow(tf, x, w1, b1, w2, b2, w3, b3, activation):
    """What sessions, eager calls and functions spell alike; how they hold the weights is what differs."""
    tensors = {}
    for block, w, b in ((1, w1, b1), (2, w2, b2)):
        x = tensors[f"conv{block}"] = tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME") + b
        if activation:
            x = tensors[f"relu{block}"] = tf.nn.relu(x)
        x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        tensors[f"pool{block}"] = x
    x = tensors["flat"] = tf.reshape(x, [-1, 256])
    x = tensors["logits"] = tf.matmul(x, w3) + b3
    tensors["softmax"] = tf.nn.softmax(x)
    return tensors


def _session(tf, x, *weights, activation):
    variables = networks.held(tf, weights)
    return networks.counted(tf, _tensorflow(tf, x, *variables, activation), tf.trainable_variables())


def _eager(tf, x, *weights, activation):
    class Digits(tf.Module):
        def __init__(self):
            super().__init__()
            self.held = [tf.Variable(w) for w in weights]

        def __call__(self, x):
            return _tensorflow(tf, x, *self.held, activation)

    network = Digits()
    return networks.counted(tf, network(x), network.trainable_variables)


def _function(tf, x, *weights, activation):
    return networks.counted(tf, _tensorflow(tf, x, *weights, activation), weights)


def _keras(keras, x, *weights, activation):
    image = flow = keras.Input(shape=(8, 8, 1))
    tensors = {}

    def then(name, layer):
        nonlocal flow
        flow = tensors[name] = layer(flow)

    for block, filters in ((1, 32), (2, 64)):
        then(f"conv{block}", keras.layers.Conv2D(filters, 3, padding="same"))
        if activation:
            then(f"relu{block}", keras.layers.Activation("relu"))
        then(f"pool{block}", keras.layers.MaxPooling2D(2, padding="same"))
    then("flat", keras.layers.Flatten())
    then("logits", keras.layers.Dense(10))
    then("softmax", keras.layers.Activation("softmax"))
    model = keras.Model(image, list(tensors.values()))
    model.set_weights(weights)
    return networks.counted_by_keras(keras, dict(zip(tensors, model(x))), model)


digits_network = operation(
    "digits_network",
    reference=_reference,
    doc="""
    Conv 32 3x3, MaxPool 2, Conv 64 3x3, MaxPool 2, Flatten, Dense 10, softmax; everything "same". The source
    writes no activation: the convolutions are linear, and only the pooling bends. 21,386 parameters.
    """,
)


@digits_network.on("numpy")
def _(np, x, *weights, activation):
    return _numpy(np, x, *weights, activation)


digits_network.on("tf1.session")(_session)
digits_network.on("tf2.eager")(_eager)
digits_network.on("tf2.function")(_function)
digits_network.on("keras2", "keras3")(_keras)

digits_network.sample("f1", x=_IMAGES, **_WEIGHTS, activation=None)
digits_network.sample("relu", x=_IMAGES, **_WEIGHTS, activation="relu", doc="With rectifiers, as is usual.")


# -- a mistake: the classifier of a network that flattened (channels, rows, columns)


def _rows_moved(w):
    """The rows of a kernel after an NCHW Flatten, in the order of an NHWC one: 64 channels of 2x2."""
    return w.reshape(64, 2, 2, 10).transpose(1, 2, 0, 3).reshape(256, 10)


def _moved(w3, rows):
    """``w3`` as the port takes it, of arrays; of tensors ``_moved_tensor``."""
    return _rows_moved(w3) if rows == "moved" else w3


digits_from_nchw = operation(
    "digits_from_nchw",
    reference=lambda x, w1, b1, w2, b2, w3, b3, *, rows: _reference(
        x, w1, b1, w2, b2, _rows_moved(w3), b3, activation=None
    ),
    doc="""
    Weights of an NCHW model in an NHWC one. The filters are HWIO in both; the classifier's kernel is not
    alike: its rows follow Flatten, which goes channel by channel there and pixel by pixel here. The shapes
    fit, nothing is refused: rows "as-they-are" is the mistake, "moved" is the port.
    """,
)


@digits_from_nchw.on("numpy")
def _(np, x, w1, b1, w2, b2, w3, b3, *, rows):
    return _numpy(np, x, w1, b1, w2, b2, _moved(w3, rows), b3, None)


def _moved_tensor(tf, w3, rows):
    if rows != "moved":
        return w3
    return tf.reshape(tf.transpose(tf.reshape(w3, [64, 2, 2, 10]), [1, 2, 0, 3]), [256, 10])


@digits_from_nchw.on("tf1.session")
def _(tf, x, w1, b1, w2, b2, w3, b3, *, rows):
    return _session(tf, x, w1, b1, w2, b2, _moved_tensor(tf, w3, rows), b3, activation=None)


@digits_from_nchw.on("tf2.eager")
def _(tf, x, w1, b1, w2, b2, w3, b3, *, rows):
    return _eager(tf, x, w1, b1, w2, b2, _moved_tensor(tf, w3, rows), b3, activation=None)


@digits_from_nchw.on("tf2.function")
def _(tf, x, w1, b1, w2, b2, w3, b3, *, rows):
    return _function(tf, x, w1, b1, w2, b2, _moved_tensor(tf, w3, rows), b3, activation=None)


@digits_from_nchw.on("keras2", "keras3")
def _(keras, x, w1, b1, w2, b2, w3, b3, *, rows):
    return _keras(keras, x, w1, b1, w2, b2, _moved(w3, rows), b3, activation=None)


for rows in ("as-they-are", "moved"):
    digits_from_nchw.sample(rows, x=_IMAGES, **_WEIGHTS, rows=rows)
