"""VGG-16 at 224x224 with all its 138,357,544 parameters (SEED_CASES f6), in inference.

Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition, 2014, table 1,
column D: 3x3 convolutions only, 2x2 max pooling, filters that double.  The tensors after each pooling are
kept and not all 13 convolutions': they would be 54 MB a result.
"""

from compat import fixtures, layers, networks, operation, reference

#: Of each block: the filters, and how many convolutions.
_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
_UNITS = (4096, 4096, 1000)
_PARAMETERS = 138357544
#: What the paper takes off every pixel: the mean of red, green and blue over the training images.
_MEAN = (123.68, 116.779, 103.939)


def _shapes():
    """The kernels of 13 convolutions and three dense layers."""
    channels = 3
    for filters, count in _BLOCKS:
        for _ in range(count):
            yield (3, 3, channels, filters)
            channels = filters
    inputs = 7 * 7 * channels
    for units in _UNITS:
        yield (inputs, units)
        inputs = units


def _weights():
    for number, shape in enumerate(_shapes()):
        yield f"w{number}", fixtures.weights(f"vgg16_w{number}", shape, seed=140 + number)
        yield (
            f"b{number}",
            fixtures.uniform(f"vgg16_b{number}", shape[-1:], seed=160 + number, low=-0.1, high=0.1),
        )


def _image():
    import numpy as np

    return (_PHOTOGRAPH.array[None, 108:332, 108:332] - np.array(_MEAN, np.float32)) / np.float32(64)


_PHOTOGRAPH = fixtures.photograph()
_IMAGE = fixtures.Fixture("photograph_224_less_mean", _image)


def _flow(x, weights, convolution, pool, flatten, dense, relu, softmax):
    """The network in whatever terms it is given: ``(name, tensor)`` of what is kept, in the order of flow."""
    pairs = iter(zip(weights[::2], weights[1::2]))
    for block, (_, count) in enumerate(_BLOCKS, 1):
        for _ in range(count):
            x = relu(convolution(x, *next(pairs)))
        x = pool(x)
        yield f"pool{block}", x
    x = flatten(x)
    for name in ("fc6", "fc7"):
        x = relu(dense(x, *next(pairs)))
        yield name, x
    x = dense(x, *next(pairs))
    yield "logits", x
    yield "softmax", softmax(x)


def _reference(x, *weights):
    network, pairs = reference.Network(x), iter(zip(weights[::2], weights[1::2]))

    def block(x, pairs):
        for w, b in pairs:
            x = reference.relu(reference.conv2d_bias(x, w, b, padding="SAME"))
        return reference.max_pool2d(x, ksize=2, strides=2)

    def flat(x):
        return reference.flatten(x) if getattr(x, "value", x).ndim == 4 else x

    for number, (_, count) in enumerate(_BLOCKS, 1):
        own = [next(pairs) for _ in range(count)]
        network.step(f"pool{number}", lambda x, own=own: block(x, own))
    for name, (w, b) in zip(("fc6", "fc7"), (next(pairs), next(pairs))):
        network.step(name, lambda x, w=w, b=b: reference.relu(reference.dense(flat(x), w, b)))
    w8, b8 = next(pairs)
    network.step("logits", lambda x: reference.dense(x, w8, b8))
    network.step("softmax", reference.softmax)
    # Of the image nothing but that it is there: the number of parameters follows from no tensor.
    network.step("parameters", lambda x: reference.Reference(_PARAMETERS, dtype="int32"), None)
    return network


vgg16 = operation(
    "vgg16",
    reference=_reference,
    doc="""
    Thirteen 3x3 convolutions in five blocks, each rectified, max pooling after a block, dense 4096, 4096 and
    1000, softmax. 138,357,544 parameters, 102,764,544 of them in the first dense layer.
    """,
)


@vgg16.on("numpy")
def _(np, x, *weights):
    tensors = dict(
        _flow(
            x,
            weights,
            convolution=lambda x, w, b: layers.conv2d(x, w, padding="SAME", bias=b),
            pool=lambda x: layers.max_pool2d(x, 2),
            flatten=layers.flatten,
            dense=layers.dense,
            relu=layers.relu,
            softmax=layers.softmax,
        )
    )
    tensors["parameters"] = np.int32(sum(weight.size for weight in weights))
    return tensors


def _tensorflow(tf, x, *weights):
    ones, twos = [1, 1, 1, 1], [1, 2, 2, 1]
    return dict(
        _flow(
            x,
            weights,
            convolution=lambda x, w, b: tf.nn.bias_add(tf.nn.conv2d(x, w, strides=ones, padding="SAME"), b),
            pool=lambda x: tf.nn.max_pool(x, ksize=twos, strides=twos, padding="VALID"),
            flatten=lambda x: tf.reshape(x, [-1, 7 * 7 * 512]),
            dense=lambda x, w, b: tf.matmul(x, w) + b,
            relu=tf.nn.relu,
            softmax=tf.nn.softmax,
        )
    )


@vgg16.on("tf1.session")
def _(tf, x, *weights):
    variables = networks.held(tf, weights)
    return networks.counted(tf, _tensorflow(tf, x, *variables), tf.trainable_variables())


@vgg16.on("tf2.eager")
def _(tf, x, *weights):
    network = networks.module(tf, _tensorflow, weights)
    return networks.counted(tf, network(x), network.trainable_variables)


@vgg16.on("tf2.function")
def _(tf, x, *weights):
    return networks.counted(tf, _tensorflow(tf, x, *weights), weights)


@vgg16.on("keras2", "keras3")
def _(keras, x, *weights):
    image = flow = keras.Input(shape=(224, 224, 3))
    tensors = {}
    for block, (filters, count) in enumerate(_BLOCKS, 1):
        for _ in range(count):
            flow = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(flow)
        flow = tensors[f"pool{block}"] = keras.layers.MaxPooling2D(2)(flow)
    flow = keras.layers.Flatten()(flow)
    for name, units in (("fc6", 4096), ("fc7", 4096)):
        flow = tensors[name] = keras.layers.Dense(units, activation="relu")(flow)
    flow = tensors["logits"] = keras.layers.Dense(1000)(flow)
    tensors["softmax"] = keras.layers.Activation("softmax")(flow)
    model = keras.Model(image, list(tensors.values()))
    model.set_weights(weights)
    return networks.counted_by_keras(keras, dict(zip(tensors, model(x))), model)


vgg16.sample("f6", x=_IMAGE, **dict(_weights()), slow=True)
