"""Faults in attention: masks, scales, axes, heads and positions."""

import numpy as np

from .kinds import kind

_FAR = np.float32(-1e9)


def _queries(draw):
    return {name: draw.normal(draw.batch, draw.length, draw.width) for name in "qkv"}


def _attention(legacy_scores, port_scores):
    """softmax(scores) times the values, the scores spelled on either side."""

    def legacy(tf, q, k, v):
        return tf.matmul(tf.nn.softmax(legacy_scores(tf, q, k)), v)

    def port(tf, q, k, v, wrong=False):
        return tf.matmul(tf.nn.softmax(port_scores(tf, q, k, wrong)), v)

    return legacy, port


@kind("causal mask off by one", "takes other numbers of shape", "mask")
def _(draw):
    n = draw.length
    strict, loose = np.tri(n, k=0, dtype=np.float32), np.tri(n, k=1, dtype=np.float32)

    def scores(tf, q, k):
        return tf.matmul(q, k, transpose_b=True) / 4.0 + (1.0 - tf.constant(strict)) * _FAR

    def ported(tf, q, k, wrong):
        keep = tf.constant(loose if wrong else strict)
        return tf.matmul(q, k, transpose_b=True) / 4.0 + (1.0 - keep) * _FAR

    return (*_attention(scores, ported), _queries(draw))


@kind("1/sqrt(d) left out", "RealDiv", "a factor")
def _(draw):
    root = float(np.sqrt(draw.width))

    def scores(tf, q, k):
        return tf.matmul(q, k, transpose_b=True) / root

    def ported(tf, q, k, wrong):
        found = tf.linalg.matmul(q, k, transpose_b=True)
        return found if wrong else found / root

    return (*_attention(scores, ported), _queries(draw))


@kind("1/d for 1/sqrt(d)", "write 0.", "a factor")
def _(draw):
    root = float(np.sqrt(draw.width))

    def scores(tf, q, k):
        return tf.matmul(q, k, transpose_b=True) * (1 / root)

    def ported(tf, q, k, wrong):
        return tf.linalg.matmul(q, k, transpose_b=True) * (1 / draw.width if wrong else 1 / root)

    return (*_attention(scores, ported), _queries(draw))


@kind("softmax over the queries", "along axis 1 in the port, expected along the last one")
def _(draw):
    def legacy(tf, q, k, v):
        return tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True)), v)

    def port(tf, q, k, v, wrong=False):
        return tf.nn.softmax(tf.matmul(q, k, transpose_b=True), axis=1 if wrong else -1) @ v

    return legacy, port, _queries(draw)


@kind("mask of 1 and 0 added to the scores", "Mul ")
def _(draw):
    keep = np.tri(draw.length, dtype=np.float32)

    def scores(tf, q, k):
        return tf.matmul(q, k, transpose_b=True) + (1.0 - tf.constant(keep)) * _FAR

    def ported(tf, q, k, wrong):
        off = 1.0 - tf.constant(keep)
        return tf.matmul(q, k, transpose_b=True) + (off if wrong else off * _FAR)

    return (*_attention(scores, ported), _queries(draw))


@kind("padding mask inverted", "Sub ")
def _(draw):
    keep = (np.arange(draw.length) < draw.length - 2).astype(np.float32)

    def scores(tf, q, k):
        return tf.matmul(q, k, transpose_b=True) + (1.0 - tf.constant(keep)) * _FAR

    def ported(tf, q, k, wrong):
        off = tf.constant(keep) if wrong else 1.0 - tf.constant(keep)
        return tf.matmul(q, k, transpose_b=True) + off * _FAR

    return (*_attention(scores, ported), _queries(draw))


@kind("mask after the softmax", "Add")
def _(draw):
    keep = np.tri(draw.length, dtype=np.float32)

    def legacy(tf, q, k, v):
        scores = tf.matmul(q, k, transpose_b=True) + (1.0 - tf.constant(keep)) * _FAR
        return tf.matmul(tf.nn.softmax(scores), v)

    def port(tf, q, k, v, wrong=False):
        scores = tf.matmul(q, k, transpose_b=True)
        if wrong:
            return tf.matmul(tf.nn.softmax(scores) * tf.constant(keep), v)
        return tf.matmul(tf.nn.softmax(scores + (1.0 - tf.constant(keep)) * _FAR), v)

    return legacy, port, _queries(draw)


@kind("heads split the other way", "Transpose")
def _(draw):
    heads, n, w = 4, draw.length, draw.width

    def legacy(tf, x):
        return tf.nn.softmax(tf.transpose(tf.reshape(x, [-1, n, heads, w // heads]), [0, 2, 1, 3]))

    def port(tf, x, wrong=False):
        if wrong:
            return tf.nn.softmax(tf.reshape(x, [-1, heads, n, w // heads]))
        return tf.nn.softmax(tf.transpose(tf.reshape(x, [-1, n, heads, w // heads]), [0, 2, 1, 3]))

    return legacy, port, {"x": draw.normal(draw.batch, n, w)}


@kind("heads joined without a transpose", "Transpose")
def _(draw):
    heads, n, w = 4, draw.length, draw.width
    kernel = draw.normal(w, 3)

    def legacy(tf, x):
        joined = tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [-1, w])
        return tf.matmul(joined, tf.constant(kernel))

    def port(tf, x, wrong=False):
        joined = tf.reshape(x if wrong else tf.transpose(x, [0, 2, 1, 3]), [-1, w])
        return joined @ tf.constant(kernel)

    return legacy, port, {"x": draw.normal(draw.batch, heads, n, w // heads)}


def _angles(positions, width):
    rates = 1 / 10000 ** (np.arange(width // 2) / (width // 2))
    return np.outer(positions, rates)


@kind("sines and cosines interleaved", "takes other numbers of shape", "in the order 0,")
def _(draw):
    angles = _angles(np.arange(draw.length), draw.width)
    sides = np.concatenate([np.sin(angles), np.cos(angles)], -1).astype(np.float32)
    mixed = np.stack([np.sin(angles), np.cos(angles)], -1).reshape(sides.shape).astype(np.float32)
    root = float(np.sqrt(draw.width))

    def legacy(tf, x):
        return x * root + tf.constant(sides)

    def port(tf, x, wrong=False):
        return x * root + tf.constant(mixed if wrong else sides)

    return legacy, port, {"x": draw.normal(draw.batch, draw.length, draw.width)}


@kind("positions from one", "takes other numbers of shape", "takes [1, 2")
def _(draw):
    rates = (1 / 10000 ** (np.arange(draw.width) / draw.width)).astype(np.float32)
    first, second = (np.arange(draw.length, dtype=np.float32) + start for start in (0, 1))

    def legacy(tf, x):
        return x + tf.sin(tf.expand_dims(tf.constant(first), 1) * tf.constant(rates))

    def port(tf, x, wrong=False):
        positions = tf.constant(second if wrong else first)
        return x + tf.math.sin(positions[:, None] * tf.constant(rates))

    return legacy, port, {"x": draw.normal(draw.batch, draw.length, draw.width)}


@kind("temperature multiplied", "has Mul")
def _(draw):
    def legacy(tf, x):
        return tf.nn.softmax(x / 0.7)

    def port(tf, x, wrong=False):
        return tf.nn.softmax(x * 0.7 if wrong else x / 0.7)

    return legacy, port, {"x": draw.normal(draw.batch, draw.width)}


@kind("relative positions rolled the other way", "Roll")
def _(draw):
    def legacy(tf, x):
        return tf.tanh(tf.roll(x, shift=1, axis=1))

    def port(tf, x, wrong=False):
        return tf.math.tanh(tf.roll(x, shift=-1 if wrong else 1, axis=1))

    return legacy, port, {"x": draw.normal(draw.batch, draw.length, draw.width)}
