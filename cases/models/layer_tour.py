"""What one digit becomes, layer by layer (SEED_CASES f7): its pictures are on the sample's page."""

from compat import fixtures, layers, networks, operation, reference

_WEIGHTS = {
    "kernel": fixtures.weights("layer_tour_kernel", (3, 3, 1, 3), seed=221),
    "bias": fixtures.uniform("layer_tour_bias", (3,), seed=222, low=-0.1, high=0.1),
    "dense_kernel": fixtures.weights("layer_tour_dense_kernel", (14 * 14 * 3, 32), seed=223),
    "dense_bias": fixtures.uniform("layer_tour_dense_bias", (32,), seed=224, low=-0.1, high=0.1),
}
_ALL = fixtures.mnist()[0]
#: The images are sorted by label, 500 of each: a 5.
_DIGIT = fixtures.Fixture("mnist_one_5_of_255ths", lambda: _ALL.array[2500:2501] / 255)
_PARAMETERS = 27 + 3 + 588 * 32 + 32


def _reference(x, kernel, bias, dense_kernel, dense_bias):
    network = reference.Network(x)
    network.step("conv", lambda x: reference.conv2d_bias(x, kernel, bias, padding="SAME"))
    network.step("relu", reference.relu)
    network.step("pool", lambda x: reference.max_pool2d(x, ksize=2, strides=2, padding="SAME"))
    network.step("flat", reference.flatten)
    network.step("dense", lambda x: reference.dense(x, dense_kernel, dense_bias))
    network.step("dense_relu", reference.relu)
    # Of the image nothing but that it is there: the number of parameters follows from no tensor.
    network.step("parameters", lambda x: reference.Reference(_PARAMETERS, dtype="int32"), None)
    return network


layer_tour = operation(
    "layer_tour",
    reference=_reference,
    doc="""
    Conv 3 filters 3x3 "same", ReLU, MaxPool 2x2 "same", Flatten, Dense 32 relu on one digit of 28x28:
    weights 3x3x1x3 and 3, then 588x32 and 32.
    """,
)


@layer_tour.on("numpy")
def _(np, x, *weights):
    kernel, bias, dense_kernel, dense_bias = weights
    tensors = {"conv": layers.conv2d(x, kernel, padding="SAME", bias=bias)}
    tensors["relu"] = layers.relu(tensors["conv"])
    tensors["pool"] = layers.max_pool2d(tensors["relu"], 2, padding="SAME")
    tensors["flat"] = layers.flatten(tensors["pool"])
    tensors["dense"] = layers.dense(tensors["flat"], dense_kernel, dense_bias)
    tensors["dense_relu"] = layers.relu(tensors["dense"])
    tensors["parameters"] = np.int32(sum(weight.size for weight in weights))
    return tensors


def _tensorflow(tf, x, kernel, bias, dense_kernel, dense_bias):
    """What sessions, eager calls and functions spell alike; how they hold the weights is what differs."""
    twos = [1, 2, 2, 1]
    tensors = {"conv": tf.nn.conv2d(x, kernel, strides=[1, 1, 1, 1], padding="SAME") + bias}
    tensors["relu"] = tf.nn.relu(tensors["conv"])
    tensors["pool"] = tf.nn.max_pool(tensors["relu"], ksize=twos, strides=twos, padding="SAME")
    tensors["flat"] = tf.reshape(tensors["pool"], [-1, 588])
    tensors["dense"] = tf.matmul(tensors["flat"], dense_kernel) + dense_bias
    tensors["dense_relu"] = tf.nn.relu(tensors["dense"])
    return tensors


@layer_tour.on("tf1.session")
def _(tf, x, *weights):
    variables = networks.held(tf, weights)
    return networks.counted(tf, _tensorflow(tf, x, *variables), tf.trainable_variables())


@layer_tour.on("tf2.eager")
def _(tf, x, *weights):
    network = networks.module(tf, _tensorflow, weights)
    return networks.counted(tf, network(x), network.trainable_variables)


@layer_tour.on("tf2.function")
def _(tf, x, *weights):
    return networks.counted(tf, _tensorflow(tf, x, *weights), weights)


@layer_tour.on("keras2", "keras3")
def _(keras, x, *weights):
    image = flow = keras.Input(shape=(28, 28, 1))
    tensors = {}
    for name, layer in (
        ("conv", keras.layers.Conv2D(3, 3, padding="same")),
        ("relu", keras.layers.Activation("relu")),
        ("pool", keras.layers.MaxPooling2D(2, padding="same")),
        ("flat", keras.layers.Flatten()),
        ("dense", keras.layers.Dense(32)),
        ("dense_relu", keras.layers.Activation("relu")),
    ):
        flow = tensors[name] = layer(flow)
    model = keras.Model(image, list(tensors.values()))
    model.set_weights(weights)
    return networks.counted_by_keras(keras, dict(zip(tensors, model(x))), model)


layer_tour.sample("f7", x=_DIGIT, **_WEIGHTS)
