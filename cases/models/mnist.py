"""MNIST: two rectified convolutions, two poolings, dropout, two dense layers (SEED_CASES f2), in inference.

Every dialect gets the same weights and returns every tensor, so that the judge names the first wrong layer.
"""

from compat import fixtures, layers, networks, operation, reference

_WEIGHTS = {
    "w1": fixtures.weights("mnist_w1", (5, 5, 1, 32), seed=111),
    "b1": fixtures.uniform("mnist_b1", (32,), seed=112, low=-0.1, high=0.1),
    "w2": fixtures.weights("mnist_w2", (2, 2, 32, 64), seed=113),
    "b2": fixtures.uniform("mnist_b2", (64,), seed=114, low=-0.1, high=0.1),
    "w3": fixtures.weights("mnist_w3", (3136, 1000), seed=115),
    "b3": fixtures.uniform("mnist_b3", (1000,), seed=116, low=-0.1, high=0.1),
    "w4": fixtures.weights("mnist_w4", (1000, 10), seed=117),
    "b4": fixtures.uniform("mnist_b4", (10,), seed=118, low=-0.1, high=0.1),
}
_ALL = fixtures.mnist()[0]
#: A 0 and a 5: the images are sorted by label, 500 of each.
_IMAGES = fixtures.Fixture("mnist_2_of_255ths", lambda: _ALL.array[[0, 2500]] / 255)
_PARAMETERS = 832 + 8256 + 3137000 + 10010
_RATE = 0.25


def _reference(x, w1, b1, w2, b2, w3, b3, w4, b4):
    network = reference.Network(x)
    for block, w, b in ((1, w1, b1), (2, w2, b2)):
        convolution = lambda x, w=w, b=b: reference.conv2d_bias(x, w, b, strides=1, padding="SAME")
        network.step(f"conv{block}", convolution)
        network.step(f"relu{block}", reference.relu)
        network.step(f"pool{block}", lambda x: reference.max_pool2d(x, ksize=2, strides=2))
    network.step("dropout", lambda x: reference.rearranged(x, lambda array: array))
    network.step("flat", reference.flatten)
    network.step("dense", lambda x: reference.dense(x, w3, b3))
    network.step("relu3", reference.relu)
    network.step("logits", lambda x: reference.dense(x, w4, b4))
    network.step("softmax", reference.softmax)
    # Of the image nothing but that it is there: the number of parameters follows from no tensor.
    network.step("parameters", lambda x: reference.Reference(_PARAMETERS, dtype="int32"), None)
    return network


mnist_network = operation(
    "mnist_network",
    reference=_reference,
    doc="""
    Conv 32 5x5 relu, MaxPool 2, Conv 64 2x2 relu, MaxPool 2, Dropout 0.25, Flatten, Dense 1000 relu, Dense
    10, softmax; convolutions "same". Dropout is called and must do nothing: this is inference. 3,156,098
    parameters, of which Dense 1000 has 3,137,000.
    """,
)


@mnist_network.on("numpy")
def _(np, x, w1, b1, w2, b2, w3, b3, w4, b4):
    tensors = {}
    for block, w, b in ((1, w1, b1), (2, w2, b2)):
        x = tensors[f"conv{block}"] = layers.conv2d(x, w, padding="SAME", bias=b)
        x = tensors[f"relu{block}"] = layers.relu(x)
        x = tensors[f"pool{block}"] = layers.max_pool2d(x, 2)
    x = tensors["dropout"] = layers.dropout(x, 0.0)  # has no inference mode: its caller says a rate of 0
    x = tensors["flat"] = layers.flatten(x)
    x = tensors["dense"] = layers.dense(x, w3, b3)
    x = tensors["relu3"] = layers.relu(x)
    x = tensors["logits"] = layers.dense(x, w4, b4)
    tensors["softmax"] = layers.softmax(x)
    weights = (w1, b1, w2, b2, w3, b3, w4, b4)
    tensors["parameters"] = np.int32(sum(weight.size for weight in weights))
    return tensors


def _tensorflow(tf, dropout, x, w1, b1, w2, b2, w3, b3, w4, b4):
    """What sessions, eager calls and functions spell alike; how they hold the weights is what differs."""
    tensors = {}
    for block, w, b in ((1, w1, b1), (2, w2, b2)):
        x = tensors[f"conv{block}"] = tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME") + b
        x = tensors[f"relu{block}"] = tf.nn.relu(x)
        x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        tensors[f"pool{block}"] = x
    x = tensors["dropout"] = dropout(x)
    x = tensors["flat"] = tf.reshape(x, [-1, 3136])
    x = tensors["dense"] = tf.matmul(x, w3) + b3
    x = tensors["relu3"] = tf.nn.relu(x)
    x = tensors["logits"] = tf.matmul(x, w4) + b4
    tensors["softmax"] = tf.nn.softmax(x)
    return tensors


@mnist_network.on("tf1.session")
def _(tf, x, *weights):
    variables = networks.held(tf, weights)
    keep_prob = tf.placeholder_with_default(1.0, [])  # the TensorFlow 1 way: fed with 0.75 in training
    tensors = _tensorflow(tf, lambda x: tf.nn.dropout(x, keep_prob=keep_prob), x, *variables)
    return networks.counted(tf, tensors, tf.trainable_variables())


@mnist_network.on("tf2.eager")
def _(tf, x, *weights):
    class Mnist(tf.Module):
        def __init__(self):
            super().__init__()
            self.held = [tf.Variable(w) for w in weights]

        def __call__(self, x, training):
            dropout = lambda x: tf.nn.dropout(x, rate=_RATE if training else 0.0)
            return _tensorflow(tf, dropout, x, *self.held)

    network = Mnist()
    return networks.counted(tf, network(x, training=False), network.trainable_variables)


@mnist_network.on("tf2.function")
def _(tf, x, *weights):
    return networks.counted(tf, _tensorflow(tf, lambda x: tf.nn.dropout(x, rate=0.0), x, *weights), weights)


@mnist_network.on("keras2", "keras3")
def _(keras, x, *weights):
    image = flow = keras.Input(shape=(28, 28, 1))
    tensors = {}

    def then(name, layer):
        nonlocal flow
        flow = tensors[name] = layer(flow)

    for block, filters, size in ((1, 32, 5), (2, 64, 2)):
        then(f"conv{block}", keras.layers.Conv2D(filters, size, padding="same"))
        then(f"relu{block}", keras.layers.Activation("relu"))
        then(f"pool{block}", keras.layers.MaxPooling2D(2))
    then("dropout", keras.layers.Dropout(_RATE))
    then("flat", keras.layers.Flatten())
    then("dense", keras.layers.Dense(1000))
    then("relu3", keras.layers.Activation("relu"))
    then("logits", keras.layers.Dense(10))
    then("softmax", keras.layers.Activation("softmax"))
    model = keras.Model(image, list(tensors.values()))
    model.set_weights(weights)
    return networks.counted_by_keras(keras, dict(zip(tensors, model(x, training=False))), model)


mnist_network.sample("f2", x=_IMAGES, **_WEIGHTS)
