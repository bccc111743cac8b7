"""AlexNet with its groups, local response normalisation and dropout (SEED_CASES f5), in inference.

Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, 2012,
section 3.  The second, fourth and fifth convolution ran on two cards and see half of the channels each: two
groups.  The paper's input of 224 does not give its 55x55 maps; 227 does.
"""

from compat import fixtures, layers, networks, operation, reference

#: Of each convolution: kernel, channels a group, filters, stride, padding, normalised, pooled.
_CONVOLUTIONS = (
    (11, 3, 96, 4, "VALID", True, True),
    (5, 48, 256, 1, "SAME", True, True),
    (3, 256, 384, 1, "SAME", False, False),
    (3, 192, 384, 1, "SAME", False, False),
    (3, 192, 256, 1, "SAME", False, True),
)
_UNITS = ((9216, 4096), (4096, 4096), (4096, 1000))
#: 34,944 + 307,456 + 885,120 + 663,936 + 442,624 and 37,752,832 + 16,781,312 + 4,097,000.
_PARAMETERS = 60965224
#: n = 5 neighbours, k = 2, alpha and beta of section 3.3.
_LRN = {"depth_radius": 2, "bias": 2.0, "alpha": 1e-4, "beta": 0.75}


def _weights():
    shapes = [(size, size, channels, filters) for size, channels, filters, *_ in _CONVOLUTIONS]
    for number, shape in enumerate((*shapes, *_UNITS), 1):
        yield f"w{number}", fixtures.weights(f"alexnet_w{number}", shape, seed=200 + number)
        yield f"b{number}", fixtures.uniform(f"alexnet_b{number}", shape[-1:], 210 + number, -0.1, 0.1)


def _image():
    import numpy as np

    return (_PHOTOGRAPH.array[None, 106:333, 106:333] - np.float32(118)) / np.float32(64)


_PHOTOGRAPH = fixtures.photograph()
_IMAGE = fixtures.Fixture("photograph_227_less_mean", _image)


def _flow(x, weights, conv, relu, lrn, pool, dropout, flatten, dense, softmax):
    """The network in whatever terms it is given: ``(name, tensor)`` in the order of flow."""
    for number, (_, _, _, stride, padding, normalised, pooled) in enumerate(_CONVOLUTIONS, 1):
        x = relu(conv(x, weights[2 * number - 2], weights[2 * number - 1], stride, padding))
        yield f"conv{number}", x
        if normalised:
            x = lrn(x)
            yield f"lrn{number}", x
        if pooled:
            x = pool(x)
            yield f"pool{number}", x
    x = flatten(x)
    yield "flat", x
    for number in (6, 7):
        x = dropout(relu(dense(x, weights[2 * number - 2], weights[2 * number - 1])))
        yield f"fc{number}", x
    x = dense(x, *weights[-2:])
    yield "logits", x
    yield "softmax", softmax(x)


def _reference(x, *weights):
    network = reference.Network(x)

    def rectified(rule):
        return lambda x: reference.relu(rule(x))

    for number, (_, _, _, stride, padding, normalised, pooled) in enumerate(_CONVOLUTIONS, 1):
        w, b = weights[2 * number - 2 : 2 * number]
        settings = {"strides": stride, "padding": padding}
        convolution = lambda x, w=w, b=b, settings=settings: reference.conv2d_bias(x, w, b, **settings)
        network.step(f"conv{number}", rectified(convolution))
        if normalised:
            network.step(f"lrn{number}", lambda x: reference.lrn(x, **_LRN))
        if pooled:
            network.step(f"pool{number}", lambda x: reference.max_pool2d(x, ksize=3, strides=2))
    network.step("flat", reference.flatten)
    for number in (6, 7):
        w, b = weights[2 * number - 2 : 2 * number]
        network.step(f"fc{number}", rectified(lambda x, w=w, b=b: reference.dense(x, w, b)))
    network.step("logits", lambda x: reference.dense(x, *weights[-2:]))
    network.step("softmax", reference.softmax)
    # Of the image nothing but that it is there: the number of parameters follows from no tensor.
    network.step("parameters", lambda x: reference.Reference(_PARAMETERS, dtype="int32"), None)
    return network


alexnet = operation(
    "alexnet",
    reference=_reference,
    doc="""
    Five convolutions (96 of 11x11 by 4, 256 of 5x5 in two groups, 384, 384 and 256 of 3x3, the last two in
    two groups), LRN after the first two, overlapping pooling 3 by 2, dense 4096, 4096, 1000, dropout that
    must do nothing. Groups are spelled as TensorFlow 1 had to: split, convolve, concatenate. 60,965,224
    parameters.
    """,
)


@alexnet.on("numpy")
def _(np, x, *weights):
    tensors = dict(
        _flow(
            x,
            weights,
            conv=lambda x, w, b, s, padding: layers.conv2d(x, w, strides=s, padding=padding, bias=b),
            relu=layers.relu,
            lrn=lambda x: layers.lrn(x, **_LRN),
            pool=lambda x: layers.max_pool2d(x, 3, 2),
            dropout=lambda x: layers.dropout(x, 0.0),
            flatten=layers.flatten,
            dense=layers.dense,
            softmax=layers.softmax,
        )
    )
    tensors["parameters"] = np.int32(sum(weight.size for weight in weights))
    return tensors


def _grouped(tf, x, w, b, stride, padding):
    strides = [1, stride, stride, 1]
    groups = x.shape[-1] // w.shape[-2]
    if int(groups) == 1:
        return tf.nn.conv2d(x, w, strides=strides, padding=padding) + b
    halves = zip(tf.split(x, 2, axis=3), tf.split(w, 2, axis=3))
    return tf.concat([tf.nn.conv2d(x, w, strides=strides, padding=padding) for x, w in halves], axis=3) + b


def _tensorflow(dropout):
    """What sessions, eager calls and functions spell alike; dropout is not."""

    def build(tf, x, *weights):
        return dict(
            _flow(
                x,
                weights,
                conv=lambda *arguments: _grouped(tf, *arguments),
                relu=tf.nn.relu,
                lrn=lambda x: tf.nn.local_response_normalization(x, **_LRN),
                pool=lambda x: tf.nn.max_pool(x, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="VALID"),
                dropout=dropout,
                flatten=lambda x: tf.reshape(x, [-1, 9216]),
                dense=lambda x, w, b: tf.matmul(x, w) + b,
                softmax=tf.nn.softmax,
            )
        )

    return build


@alexnet.on("tf1.session")
def _(tf, x, *weights):
    variables = networks.held(tf, weights)
    keep_prob = tf.placeholder_with_default(1.0, [])  # the TensorFlow 1 way: fed with 0.5 in training
    build = _tensorflow(lambda x: tf.nn.dropout(x, keep_prob=keep_prob))
    return networks.counted(tf, build(tf, x, *variables), tf.trainable_variables())


@alexnet.on("tf2.eager")
def _(tf, x, *weights):
    network = networks.module(tf, _tensorflow(lambda x: tf.nn.dropout(x, rate=0.0)), weights)
    return networks.counted(tf, network(x), network.trainable_variables)


@alexnet.on("tf2.function")
def _(tf, x, *weights):
    build = _tensorflow(lambda x: tf.nn.dropout(x, rate=0.0))
    return networks.counted(tf, build(tf, x, *weights), weights)


@alexnet.on("keras2", "keras3")
def _(keras, x, *weights):
    import tensorflow as tf

    given = {}

    def layer(made, *own):
        given[made] = own
        return made

    def conv(x, w, b, stride, padding):
        settings = {"strides": stride, "padding": padding.lower()}
        if x.shape[-1] == w.shape[2]:
            return layer(keras.layers.Conv2D(w.shape[3], w.shape[0], **settings), w, b)(x)
        half, middle = w.shape[2], w.shape[3] // 2
        parts = []
        for part in (0, 1):
            cut = keras.layers.Lambda(lambda x, start=part * half: x[..., start : start + half])
            filters = slice(part * middle, (part + 1) * middle)
            made = layer(keras.layers.Conv2D(middle, w.shape[0], **settings), w[..., filters], b[filters])
            parts.append(made(cut(x)))
        return keras.layers.Concatenate()(parts)

    image = keras.Input(shape=(227, 227, 3))
    tensors = dict(
        _flow(
            image,
            weights,
            conv=conv,
            relu=lambda x: keras.layers.Activation("relu")(x),
            lrn=lambda x: keras.layers.Lambda(lambda x: tf.nn.local_response_normalization(x, **_LRN))(x),
            pool=lambda x: keras.layers.MaxPooling2D(3, 2)(x),
            dropout=lambda x: keras.layers.Dropout(0.5)(x),
            flatten=lambda x: keras.layers.Flatten()(x),
            dense=lambda x, w, b: layer(keras.layers.Dense(w.shape[1]), w, b)(x),
            softmax=lambda x: keras.layers.Activation("softmax")(x),
        )
    )
    model = keras.Model(image, list(tensors.values()))
    for made, own in given.items():
        made.set_weights(own)
    return networks.counted_by_keras(keras, dict(zip(tensors, model(x))), model)


alexnet.sample("f5", x=_IMAGE, **dict(_weights()))
