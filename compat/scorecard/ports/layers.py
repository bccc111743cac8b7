"""Faults in layers and in what stands between them: orders, indices, functions, scales."""

import numpy as np

from .kinds import given, kind


def _images(draw, width=None):
    return {"x": draw.normal(draw.batch, 4, 6, width or draw.width)}


@kind("channels shuffled the other way", "in the order", "Reshape", "Transpose")
def _(draw):
    w, kernel = draw.width, draw.normal(1, 1, draw.width, 3)

    def shuffled(tf, x, groups):
        parts = tf.transpose(tf.reshape(x, [-1, 4, 6, groups, w // groups]), [0, 1, 2, 4, 3])
        return tf.nn.conv2d(tf.reshape(parts, [-1, 4, 6, w]), tf.constant(kernel), [1, 1, 1, 1], "SAME")

    def legacy(tf, x):
        return shuffled(tf, x, 2)

    def port(tf, x, wrong=False):
        return shuffled(tf, x, w // 2 if wrong else 2)

    return legacy, port, _images(draw)


@kind("pixel shuffle with the channels first", "Transpose")
def _(draw):
    w = draw.width

    def legacy(tf, x):
        return tf.tanh(tf.depth_to_space(x, 2))

    def port(tf, x, wrong=False):
        if wrong:
            x = tf.reshape(tf.transpose(tf.reshape(x, [-1, 4, 6, w // 4, 4]), [0, 1, 2, 4, 3]), [-1, 4, 6, w])
        return tf.math.tanh(tf.nn.depth_to_space(x, 2))

    return legacy, port, _images(draw)


@kind("tanh's gelu for erf's", "Erf", "gelu")
def _(draw):
    def legacy(tf, x):
        return 0.5 * x * (1.0 + tf.erf(x / np.float32(np.sqrt(2))))

    def port(tf, x, wrong=False):
        if wrong:
            return 0.5 * x * (1.0 + tf.math.tanh(np.float32(np.sqrt(2 / np.pi)) * (x + 0.044715 * x**3)))
        return 0.5 * x * (1.0 + tf.math.erf(x / np.float32(np.sqrt(2))))

    return legacy, port, {"x": draw.normal(draw.batch, draw.width)}


@kind("hard sigmoid of the other slope", "write 0.2")
def _(draw):
    def legacy(tf, x):
        return tf.clip_by_value(0.2 * x + 0.5, 0.0, 1.0)

    def port(tf, x, wrong=False):
        return tf.clip_by_value((1 / 6 if wrong else 0.2) * x + 0.5, 0.0, 1.0)

    return legacy, port, {"x": draw.normal(draw.batch, draw.width)}


@kind("padding row of the embedding in use", "takes other numbers of shape")
def _(draw):
    table = draw.normal(6, draw.width)
    without = np.concatenate([0 * table[:1], table[1:]])

    def legacy(tf, tokens):
        return 2.0 * tf.nn.embedding_lookup(tf.constant(without), tokens)

    def port(tf, tokens, wrong=False):
        return 2.0 * tf.nn.embedding_lookup(tf.constant(table if wrong else without), tokens)

    tokens = draw.whole(6, draw.batch, draw.length)
    tokens[:, -1] = 0
    return legacy, port, {"tokens": tokens}


@kind("labels from one", "Sub ")
def _(draw):
    def legacy(tf, tokens, x):
        return tf.one_hot(tokens - 1, draw.width) * tf.exp(x)

    def port(tf, tokens, x, wrong=False):
        return tf.one_hot(tokens if wrong else tokens - 1, draw.width) * tf.exp(x)

    tokens = draw.whole(draw.width + 1, 4 * draw.batch, low=1)
    return legacy, port, {"tokens": tokens, "x": draw.normal(4 * draw.batch, draw.width)}


@kind("concatenated in the other order", "Concat")
def _(draw):
    kernel = draw.normal(2 * draw.width, 3)

    def legacy(tf, a, b):
        return tf.matmul(tf.concat([a, b], 1), tf.constant(kernel))

    def port(tf, a, b, wrong=False):
        return tf.concat([b, a] if wrong else [a, b], 1) @ tf.constant(kernel)

    return legacy, port, {name: draw.normal(draw.batch, draw.width) for name in "ab"}


@kind("shortcut after the activation", "Relu")
def _(draw):
    kernel = draw.normal(draw.width, draw.width)

    def legacy(tf, x):
        return tf.nn.relu(x + tf.matmul(x, tf.constant(kernel)))

    def port(tf, x, wrong=False):
        inner = tf.matmul(x, tf.constant(kernel))
        return x + tf.nn.relu(inner) if wrong else tf.nn.relu(x + inner)

    return legacy, port, {"x": draw.normal(draw.batch, draw.width)}


@kind("shortcut from before the normalisation", "takes x where")
def _(draw):
    kernel = draw.normal(draw.width, draw.width)

    def legacy(tf, x):
        h = tf.tanh(x)
        return h + tf.matmul(h, tf.constant(kernel))

    def port(tf, x, wrong=False):
        h = tf.math.tanh(x)
        return (x if wrong else h) + h @ tf.constant(kernel)

    return legacy, port, {"x": draw.normal(draw.batch, draw.width)}


@kind("maximum for mean over the pixels", "has Max")
def _(draw):
    def legacy(tf, x):
        return tf.reduce_mean(x, [1, 2])

    def port(tf, x, wrong=False):
        pool = tf.keras.layers.GlobalMaxPooling2D if wrong else tf.keras.layers.GlobalAveragePooling2D
        return pool()(x)

    return legacy, port, _images(draw)


@kind("padding counted in a mean", "Pad", "count_include_pad")
def _(draw):
    def legacy(tf, x):
        return tf.nn.avg_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME")

    def port(tf, x, wrong=False):
        if wrong:
            return tf.nn.avg_pool2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 1, "VALID")
        return tf.nn.avg_pool2d(x, 3, 1, "SAME")

    return legacy, port, _images(draw)


@kind("nearest for bilinear upsampling", "ResizeNearestNeighbor")
def _(draw):
    def legacy(tf, x):
        return tf.image.resize_bilinear(x, [8, 12], half_pixel_centers=True)

    def port(tf, x, wrong=False):
        return tf.image.resize(x, [8, 12], "nearest" if wrong else "bilinear")

    return legacy, port, _images(draw)


@kind("half pixel centres", "half_pixel")
def _(draw):
    def legacy(tf, x):
        return tf.image.resize_bilinear(x, [7, 11])

    def port(tf, x, wrong=False):
        if wrong:
            return tf.image.resize(x, [7, 11])
        return tf.compat.v1.image.resize_bilinear(x, [7, 11])

    return legacy, port, _images(draw)


@kind("crop one pixel off", "StridedSlice")
def _(draw):
    def legacy(tf, x):
        return tf.square(x[:, 1:3, 1:5])

    def port(tf, x, wrong=False):
        return tf.square(x[:, 2:4, 1:5] if wrong else x[:, 1:3, 1:5])

    return legacy, port, _images(draw)


@kind("mean of BGR taken from RGB", "write [103.939")
def _(draw):
    mean = np.array([103.939, 116.779, 123.68], np.float32)

    def legacy(tf, x):
        return tf.reverse(x, [-1]) - tf.constant(mean)

    def port(tf, x, wrong=False):
        return tf.reverse(x, [-1]) - tf.constant(mean[::-1].copy() if wrong else mean)

    return legacy, port, {"x": 255 * draw.uniform(draw.batch, 4, 6, 3)}


@kind("scaled to -1..1 for 0..1", "write 255", "-1..1")
def _(draw):
    kernel = draw.normal(3, 3, 3, 5)

    def legacy(tf, x):
        return tf.nn.conv2d(x / 255.0, tf.constant(kernel), [1, 1, 1, 1], "VALID")

    def port(tf, x, wrong=False):
        x = x / 127.5 - 1.0 if wrong else x / 255.0
        return tf.nn.conv2d(x, tf.constant(kernel), 1, "VALID")

    return legacy, port, {"x": 255 * draw.uniform(draw.batch, 4, 6, 3)}


@kind("dropout's scale at inference", "has Mul", "a factor")
def _(draw):
    kernel = draw.normal(draw.width, 4)

    def legacy(tf, x):
        return tf.matmul(tf.nn.relu(x), tf.constant(kernel))

    def port(tf, x, wrong=False):
        h = tf.nn.relu(x)
        return (h * 0.8 if wrong else h) @ tf.constant(kernel)

    return legacy, port, {"x": draw.normal(draw.batch, draw.width)}


@kind("logarithm without the one", "Log1p")
def _(draw):
    def legacy(tf, x):
        return tf.log1p(x)

    def port(tf, x, wrong=False):
        return tf.math.log(x) if wrong else tf.math.log1p(x)

    return legacy, port, {"x": draw.uniform(draw.batch, draw.width, low=0.1, high=5)}


@kind("dense kernel not transposed", "MatMul", "transpose it")
def _(draw):
    kernel, bias = draw.normal(draw.width, draw.width), draw.normal(draw.width)

    def legacy(tf, x):
        return tf.nn.xw_plus_b(x, tf.constant(kernel), tf.constant(bias))

    def port(tf, x, wrong=False):
        numbers = given(kernel=kernel.T if wrong else kernel, bias=bias)
        return tf.keras.layers.Dense(draw.width, **numbers)(x)

    return legacy, port, {"x": draw.normal(draw.batch, draw.width)}
