"""Cats and dogs at 180x180: five rectified convolutions, four poolings, one classifier (SEED_CASES f3).

The plain network with given weights; its training on JPEG files is train_photos.py.  What is kept is the
tensor after each block, not each convolution: that of the first alone has 4 MB an image.
"""

from compat import fixtures, layers, networks, operation, reference

_FILTERS = (32, 64, 128, 256, 256)
_PARAMETERS = 896 + 18496 + 73856 + 295168 + 590080 + 12545


def _weights():
    channels = 3
    for number, filters in enumerate(_FILTERS, 1):
        shape = (3, 3, channels, filters)
        yield f"w{number}", fixtures.weights(f"cats_dogs_w{number}", shape, seed=180 + number)
        yield f"b{number}", fixtures.uniform(f"cats_dogs_b{number}", (filters,), 190 + number, -0.1, 0.1)
        channels = filters
    yield "w6", fixtures.weights("cats_dogs_w6", (7 * 7 * 256, 1), seed=186)
    yield "b6", fixtures.uniform("cats_dogs_b6", (1,), seed=196, low=-0.1, high=0.1)


_PHOTOGRAPH = fixtures.photograph()
_IMAGE = fixtures.Fixture("photograph_180", lambda: _PHOTOGRAPH.array[None, 130:310, 130:310])


def _reference(x, *weights):
    network = reference.Network(x)
    network.step("rescaled", lambda x: reference.scaled(x, 1 / 255))
    for number, (w, b) in enumerate(zip(weights[:10:2], weights[1:10:2]), 1):
        name, pooled = ("block5", False) if number == 5 else (f"block{number}", True)

        def block(x, w=w, b=b, pooled=pooled):
            x = reference.relu(reference.conv2d_bias(x, w, b, padding="VALID"))
            return reference.max_pool2d(x, ksize=2, strides=2) if pooled else x

        network.step(name, block)
    network.step("flat", reference.flatten)
    network.step("logit", lambda x: reference.dense(x, *weights[10:]))
    network.step("sigmoid", reference.sigmoid)
    # Of the image nothing but that it is there: the number of parameters follows from no tensor.
    network.step("parameters", lambda x: reference.Reference(_PARAMETERS, dtype="int32"), None)
    return network


cats_dogs = operation(
    "cats_dogs",
    reference=_reference,
    doc="""
    Rescaling 1/255, five 3x3 convolutions 32 64 128 256 256 (VALID) each rectified, max pooling 2 between
    them, Flatten of 7x7x256, Dense 1, sigmoid. 991,041 parameters.
    """,
)


@cats_dogs.on("numpy")
def _(np, x, *weights):
    tensors = {"rescaled": x * np.float32(1 / 255)}
    x = tensors["rescaled"]
    for number, (w, b) in enumerate(zip(weights[:10:2], weights[1:10:2]), 1):
        x = layers.relu(layers.conv2d(x, w, bias=b))
        x = tensors[f"block{number}"] = layers.max_pool2d(x, 2) if number < 5 else x
    x = tensors["flat"] = layers.flatten(x)
    x = tensors["logit"] = layers.dense(x, *weights[10:])
    tensors["sigmoid"] = layers.sigmoid(x)
    tensors["parameters"] = np.int32(sum(weight.size for weight in weights))
    return tensors


def _tensorflow(tf, x, *weights):
    """What sessions, eager calls and functions spell alike; how they hold the weights is what differs."""
    tensors = {"rescaled": x * (1 / 255)}
    x = tensors["rescaled"]
    for number, (w, b) in enumerate(zip(weights[:10:2], weights[1:10:2]), 1):
        x = tf.nn.relu(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID") + b)
        if number < 5:
            x = tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
        tensors[f"block{number}"] = x
    x = tensors["flat"] = tf.reshape(x, [-1, 7 * 7 * 256])
    x = tensors["logit"] = tf.matmul(x, weights[10]) + weights[11]
    tensors["sigmoid"] = tf.sigmoid(x)
    return tensors


@cats_dogs.on("tf1.session")
def _(tf, x, *weights):
    variables = networks.held(tf, weights)
    return networks.counted(tf, _tensorflow(tf, x, *variables), tf.trainable_variables())


@cats_dogs.on("tf2.eager")
def _(tf, x, *weights):
    network = networks.module(tf, _tensorflow, weights)
    return networks.counted(tf, network(x), network.trainable_variables)


@cats_dogs.on("tf2.function")
def _(tf, x, *weights):
    return networks.counted(tf, _tensorflow(tf, x, *weights), weights)


@cats_dogs.on("keras2", "keras3")
def _(keras, x, *weights):
    image = keras.Input(shape=(180, 180, 3))
    # Rescaling is a layer from 2.3 (experimental) and 2.6 on: a Lambda has served since 1.13.
    flow = keras.layers.Lambda(lambda x: x * (1 / 255))(image)
    tensors = {"rescaled": flow}
    for number, filters in enumerate(_FILTERS, 1):
        flow = keras.layers.Conv2D(filters, 3, activation="relu")(flow)
        if number < 5:
            flow = keras.layers.MaxPooling2D(2)(flow)
        tensors[f"block{number}"] = flow
    flow = tensors["flat"] = keras.layers.Flatten()(flow)
    flow = tensors["logit"] = keras.layers.Dense(1)(flow)
    tensors["sigmoid"] = keras.layers.Activation("sigmoid")(flow)
    model = keras.Model(image, list(tensors.values()))
    model.set_weights(weights)
    return networks.counted_by_keras(keras, dict(zip(tensors, model(x))), model)


cats_dogs.sample("f3", x=_IMAGE, **dict(_weights()))
