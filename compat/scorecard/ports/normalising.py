"""Faults in what normalises: epsilon, Bessel's correction, axes, groups and moving averages."""

import numpy as np

from .kinds import given, kind


def _rows(draw):
    return {"x": draw.normal(draw.batch, draw.length, draw.width) * np.float32(0.05)}


def _images(draw):
    return {"x": draw.normal(draw.batch, 4, draw.length, draw.width) + np.float32(0.5)}


def _layer_norm(tf, x, epsilon, gamma, beta):
    mean, variance = tf.nn.moments(x, [-1], keep_dims=True)
    return (x - mean) * tf.rsqrt(variance + epsilon) * tf.constant(gamma) + tf.constant(beta)


@kind("epsilon outside the root", "added to the root, expected under it")
def _(draw):
    def legacy(tf, x):
        mean, variance = tf.nn.moments(x, [-1], keep_dims=True)
        return (x - mean) / tf.sqrt(variance + 1e-3)

    def port(tf, x, wrong=False):
        mean = tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(tf.square(x - mean), axis=-1, keepdims=True)
        return (x - mean) / (tf.sqrt(variance) + 1e-3 if wrong else tf.sqrt(variance + 1e-3))

    return legacy, port, _rows(draw)


@kind("Bessel's correction in layer norm", "has Mul", "unbiased", "a factor")
def _(draw):
    gamma, beta, n = draw.uniform(draw.width, low=0.5), draw.normal(draw.width), draw.width

    def legacy(tf, x):
        return _layer_norm(tf, x, 1e-5, gamma, beta)

    def port(tf, x, wrong=False):
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        variance = variance * (n / (n - 1)) if wrong else variance
        return (x - mean) * tf.math.rsqrt(variance + 1e-5) * tf.constant(gamma) + tf.constant(beta)

    return legacy, port, _rows(draw)


@kind("layer norm over all axes", "takes [1, 2] where")
def _(draw):
    gamma, beta = draw.uniform(draw.width, low=0.5), draw.normal(draw.width)

    def legacy(tf, x):
        return _layer_norm(tf, x, 1e-5, gamma, beta)

    def port(tf, x, wrong=False):
        mean, variance = tf.nn.moments(x, [1, 2] if wrong else [2], keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + 1e-5) * tf.constant(gamma) + tf.constant(beta)

    return legacy, port, _rows(draw)


@kind("Keras's epsilon in layer norm", "0.001")
def _(draw):
    gamma, beta = draw.uniform(draw.width, low=0.5), draw.normal(draw.width)

    def legacy(tf, x):
        return _layer_norm(tf, x, 1e-6, gamma, beta)

    def port(tf, x, wrong=False):
        epsilon = 1e-3 if wrong else 1e-6
        return tf.keras.layers.LayerNormalization(epsilon=epsilon, **given(gamma=gamma, beta=beta))(x)

    return legacy, port, _rows(draw)


@kind("groups taken in turn", "takes [1, 2, 3] where")
def _(draw):
    groups, w = 4, draw.width

    def grouped(tf, x, keep, last):
        mean, variance = tf.nn.moments(x, [1, 2, 4 if last else 3], **{keep: True})
        return (x - mean) / tf.sqrt(variance + 1e-3)

    def legacy(tf, x):
        parts = tf.reshape(x, [-1, 4, draw.length, groups, w // groups])
        return tf.reshape(grouped(tf, parts, "keep_dims", True), tf.shape(x))

    def port(tf, x, wrong=False):
        shape = [w // groups, groups] if wrong else [groups, w // groups]
        parts = tf.reshape(x, [-1, 4, draw.length, *shape])
        return tf.reshape(grouped(tf, parts, "keepdims", not wrong), tf.shape(x))

    return legacy, port, _images(draw)


@kind("instance norm over the batch", "takes [0, 1, 2] where")
def _(draw):
    def legacy(tf, x):
        mean, variance = tf.nn.moments(x, [1, 2], keep_dims=True)
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)

    def port(tf, x, wrong=False):
        mean, variance = tf.nn.moments(x, [0, 1, 2] if wrong else [1, 2], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)

    return legacy, port, _images(draw)


@kind("momentum for one minus momentum", "write 0.9", "momentum")
def _(draw):
    moving = draw.normal(draw.width)

    def legacy(tf, x):
        return tf.constant(moving) * 0.9 + tf.reduce_mean(x, [0, 1, 2]) * 0.1

    def port(tf, x, wrong=False):
        old, new = (0.1, 0.9) if wrong else (0.9, 0.1)
        return tf.constant(moving) * old + tf.reduce_mean(x, [0, 1, 2]) * new

    return legacy, port, _images(draw)


@kind("moving variance without Bessel's correction", "Mul ", "biased")
def _(draw):
    count = draw.batch * 4 * draw.length

    def legacy(tf, x):
        _, variance = tf.nn.moments(x, [0, 1, 2])
        return 0.99 + 0.01 * (variance * (count / (count - 1.0)))

    def port(tf, x, wrong=False):
        _, variance = tf.nn.moments(x, [0, 1, 2])
        return 0.99 + 0.01 * (variance if wrong else variance * (count / (count - 1.0)))

    return legacy, port, _images(draw)


@kind("epsilon added in l2 normalisation", "Maximum")
def _(draw):
    def legacy(tf, x):
        return tf.nn.l2_normalize(x, -1, epsilon=1e-3)

    def port(tf, x, wrong=False):
        total = tf.reduce_sum(tf.square(x), -1, keepdims=True)
        return x * tf.math.rsqrt(total + 1e-3 if wrong else tf.maximum(total, 1e-3))

    return legacy, port, _rows(draw)


@kind("RMS norm for layer norm", "Sub ")
def _(draw):
    def legacy(tf, x):
        centred = x - tf.reduce_mean(x, -1, keepdims=True)
        return centred / tf.sqrt(tf.reduce_mean(tf.square(centred), -1, keepdims=True) + 1e-5)

    def port(tf, x, wrong=False):
        centred = x if wrong else x - tf.reduce_mean(x, -1, keepdims=True)
        return centred / tf.sqrt(tf.reduce_mean(tf.square(centred), -1, keepdims=True) + 1e-5)

    return legacy, port, _rows(draw)


@kind("gamma for one plus gamma", "Add")
def _(draw):
    gamma = draw.normal(draw.width) * np.float32(0.1)

    def legacy(tf, x):
        mean, variance = tf.nn.moments(x, [-1], keep_dims=True)
        return (x - mean) / tf.sqrt(variance + 1e-5) * (1.0 + tf.constant(gamma))

    def port(tf, x, wrong=False):
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        scale = tf.constant(gamma)
        return (x - mean) / tf.sqrt(variance + 1e-5) * (scale if wrong else 1.0 + scale)

    return legacy, port, _rows(draw)


@kind("weights standardised over the filters", "takes [0, 1, 3] where")
def _(draw):
    kernel = draw.normal(3, 3, draw.width, 6)

    def standardised(tf, w, axes, keep):
        mean, variance = tf.nn.moments(w, axes, **{keep: True})
        return (w - mean) / tf.sqrt(variance + 1e-5)

    def legacy(tf, x):
        w = standardised(tf, tf.constant(kernel), [0, 1, 2], "keep_dims")
        return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME")

    def port(tf, x, wrong=False):
        w = standardised(tf, tf.constant(kernel), [0, 1, 3] if wrong else [0, 1, 2], "keepdims")
        return tf.nn.conv2d(x, w, strides=1, padding="SAME")

    return legacy, port, _images(draw)


@kind("batch norm in training mode", "has Mean", "statistics of the batch")
def _(draw):
    names = "mean", "variance", "gamma", "beta"
    values = {name: draw.uniform(draw.width, low=0.2) for name in names}

    def legacy(tf, x):
        m, v, g, b = (tf.constant(values[name]) for name in names)
        return tf.nn.batch_normalization(x, m, v, b, g, 1e-3)

    def port(tf, x, wrong=False):
        m, v, g, b = (tf.constant(values[name]) for name in names)
        m, v = tf.nn.moments(x, [0, 1, 2]) if wrong else (m, v)
        return tf.nn.batch_normalization(x, m, v, b, g, 1e-3)

    return legacy, port, _images(draw)
