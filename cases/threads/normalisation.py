"""Public threads about normalisation: which variance, which epsilon, whose momentum, and what frozen means.

What was expected of each before anything was run is in threads.toml.
"""

from compat import Unsupported, fixtures, operation, reference


def _trained(layer, x, what):
    """What a step in training leaves in the layer; in a graph the updates are operations of their own."""
    import tensorflow as tf

    layer(x, training=True)
    updates = [] if tf.executing_eagerly() else layer.updates
    with tf.control_dependencies(updates):
        return tf.identity(getattr(layer, what))


def _variance(x):
    x = reference.Tracked(x.reshape(-1, x.shape[-1]))
    mean = x.mean(0)
    return (x * x).mean(0) - mean * mean


thread_moving_variance = operation(
    "thread_moving_variance",
    reference=lambda x, moving: _variance(x).reference(),
    doc="""
    After one step with momentum 0 the moving variance of 1, 2, 3, 4 should be 1.25, and is 1.6667. The fused kernel
    keeps sum / (n - 1), the documentation says the variance of the batch.
    """,
)


@thread_moving_variance.on("tf1.session")
def _(tf, x, moving):
    _, variance = tf.nn.moments(x, [0, 1, 2])
    return moving - (moving - variance) * 1.0


@thread_moving_variance.on("keras2")
def _(keras, x, moving):
    layer = keras.layers.BatchNormalization(momentum=0.0, fused=True)
    layer.build(x.shape)
    return _trained(layer, x, "moving_variance")


thread_moving_variance.sample(
    "four",
    x=fixtures.values("four_pixels", [[[[1]]], [[[2]]], [[[3]]], [[[4]]]]),
    moving=fixtures.values("one", [1]),
    expected=[1.25],
)

thread_momentum_meaning = operation(
    "thread_momentum_meaning",
    reference=lambda x, moving: reference.batch_norm_training(
        x, [0.0] * 3, [1.0] * 3, moving, [1.0] * 3, epsilon=1e-3, momentum=0.9, bessel=False
    )["moving_mean"],
    doc="""
    momentum=0.1 was copied from PyTorch, and the statistics follow every batch. There it is the weight of the new
    value, in Keras that of the old one.
    """,
)


@thread_momentum_meaning.on("tf1.session")
def _(tf, x, moving):
    mean, _ = tf.nn.moments(x, [0])
    return moving * (1 - 0.1) + mean * 0.1


@thread_momentum_meaning.on("keras2")
def _(keras, x, moving):
    layer = keras.layers.BatchNormalization(momentum=0.1)
    layer.build(x.shape)
    return _trained(layer, x, "moving_mean")


thread_momentum_meaning.sample(
    "tenth",
    x=fixtures.values("nine_and_eleven", [[9, 1, -4], [11, 5, -8]]),
    moving=fixtures.values("zeros", [0, 0, 0]),
)

thread_darknet_epsilon = operation(
    "thread_darknet_epsilon",
    reference=lambda x, mean, variance: reference.batch_norm(x, mean, variance, [0.0], [1.0], epsilon=1e-5),
    doc="""
    Darknet's weights in a Keras model are a few percent off where the variance is small: Darknet and PyTorch add
    1e-5 to it, Keras 1e-3.
    """,
)


@thread_darknet_epsilon.on("tf1.session")
def _(tf, x, mean, variance):
    return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-5)


@thread_darknet_epsilon.on("keras2", "keras3")
def _(keras, x, mean, variance):
    import numpy as np

    layer = keras.layers.BatchNormalization()
    layer.build(x.shape)
    layer.set_weights([np.ones(1, np.float32), np.zeros(1, np.float32), mean, variance])
    return layer(x, training=False)


thread_darknet_epsilon.sample(
    "small-variance",
    x=fixtures.values("half", [[0.5]]),
    mean=fixtures.values("three_tenths", [0.3]),
    variance=fixtures.values("hundredth", [0.01]),
)

thread_frozen_layer = operation(
    "thread_frozen_layer",
    reference=lambda x: reference.batch_norm(x, [0.0], [1.0], [0.0], [1.0], epsilon=1e-3),
    doc="""
    A layer with trainable = False, called in training: in TensorFlow 1 it went on with the statistics of the batch,
    in TensorFlow 2 it infers with the moving ones, as its documentation says.
    """,
)


@thread_frozen_layer.on("tf1.session")
def _(tf, x):
    mean, variance = tf.nn.moments(x, [0])
    return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)


@thread_frozen_layer.on("keras2", "keras3")
def _(keras, x):
    layer = keras.layers.BatchNormalization()
    layer.build(x.shape)
    layer.trainable = False
    return layer(x, training=True)


thread_frozen_layer.sample("0-and-2", x=fixtures.values("zero_and_two", [[0], [2]]))

thread_layer_norm_epsilon = operation(
    "thread_layer_norm_epsilon",
    reference=lambda x: reference.layer_norm(x, [1.0, 1.0], [0.0, 0.0], epsilon=1e-5),
    doc="""
    Two close numbers should become -1 and 1 by a layer normalisation, and Keras gives 0.74. It adds 1e-3 to a
    variance of 0.0012, PyTorch and the textbooks 1e-5 or less.
    """,
)


@thread_layer_norm_epsilon.on("tf1.session")
def _(tf, x):
    mean, variance = tf.nn.moments(x, [1], keep_dims=True)
    return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-5)


@thread_layer_norm_epsilon.on("keras2", "keras3")
def _(keras, x):
    if not hasattr(keras.layers, "LayerNormalization"):
        raise Unsupported("keras.layers.LayerNormalization begins with TensorFlow 1.14")
    return keras.layers.LayerNormalization()(x)


thread_layer_norm_epsilon.sample("two", x=fixtures.values("two_close", [[0.09484422, 0.16441762]]))

thread_lrn_alpha = operation(
    "thread_lrn_alpha",
    reference=lambda x: reference.lrn(x, depth_radius=2, bias=1.0, alpha=0.1 / 5, beta=0.75),
    doc="""
    The prototxt says alpha 1e-4, the converted network 2e-5: who is wrong? Neither. Caffe divides alpha by the size
    of the window (5), TensorFlow does not; here is what comes of copying it.
    """,
)


@thread_lrn_alpha.on("tf1.session")
def _(tf, x):
    return tf.nn.local_response_normalization(x, 2, 1.0, 0.1 / 5, 0.75)


@thread_lrn_alpha.on("tf2.eager")
def _(tf, x):
    return tf.nn.local_response_normalization(x, 2, 1.0, 0.1, 0.75)


thread_lrn_alpha.sample("five", x=fixtures.values("five_channels", [[[[1, 2, 3, 4, 5]]]]))
