"""Faults in losses: directions, what is counted, what is averaged, which constants."""

import numpy as np

from .kinds import kind


def _classes(draw):
    """Logits, and labels that are no other than those."""
    n = 4 * draw.batch
    labels = np.eye(draw.width, dtype=np.float32)[draw.whole(draw.width, n)]
    return {"labels": labels, "logits": 2 * draw.normal(n, draw.width)}


@kind("label smoothing the other way", "write 0.9")
def _(draw):
    k = draw.width

    def legacy(tf, labels, logits):
        soft = labels * 0.9 + 0.1 / k
        return tf.nn.softmax_cross_entropy_with_logits_v2(labels=soft, logits=logits)

    def port(tf, labels, logits, wrong=False):
        keep, rest = (0.1, 0.9) if wrong else (0.9, 0.1)
        return tf.nn.softmax_cross_entropy_with_logits(labels * keep + rest / k, logits)

    return legacy, port, _classes(draw)


@kind("label smoothing not over the classes", "takes 0.1 where")
def _(draw):
    k = draw.width

    def legacy(tf, labels, logits):
        logs = tf.nn.log_softmax(logits)
        return -tf.reduce_sum((labels * 0.9 + 0.1 / k) * logs, axis=1)

    def port(tf, labels, logits, wrong=False):
        soft = labels * 0.9 + (0.1 if wrong else 0.1 / k)
        return -tf.reduce_sum(soft * tf.nn.log_softmax(logits), axis=1)

    return legacy, port, _classes(draw)


@kind("softmax twice", "has Softmax", "softmax")
def _(draw):
    def legacy(tf, labels, logits):
        return tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)

    def port(tf, labels, logits, wrong=False):
        given = tf.nn.softmax(logits) if wrong else logits
        return tf.nn.softmax_cross_entropy_with_logits(labels, given)

    return legacy, port, _classes(draw)


@kind("mean over all for mean over the weighted", "the sum is divided by")
def _(draw):
    def legacy(tf, labels, logits, weights):
        each = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
        return tf.reduce_sum(each * weights) / tf.reduce_sum(weights)

    def port(tf, labels, logits, weights, wrong=False):
        each = tf.nn.softmax_cross_entropy_with_logits(labels, logits) * weights
        return tf.reduce_mean(each) if wrong else tf.reduce_sum(each) / tf.reduce_sum(weights)

    given = _classes(draw)
    weights = (np.arange(len(given["labels"])) % 3 != 0).astype(np.float32)
    return legacy, port, dict(given, weights=weights)


@kind("padding counted in the loss", "Mul ")
def _(draw):
    tokens = draw.whole(draw.width, draw.batch, draw.length, low=1)
    tokens[:, draw.length - 2 :] = 0

    def legacy(tf, logits, tokens):
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tokens, logits=logits)
        return each * tf.cast(tf.not_equal(tokens, 0), tf.float32)

    def port(tf, logits, tokens, wrong=False):
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tokens, logits=logits)
        return each if wrong else each * tf.cast(tf.not_equal(tokens, 0), tf.float32)

    return legacy, port, {"logits": draw.normal(draw.batch, draw.length, draw.width), "tokens": tokens}


@kind("another padding index", "NotEqual")
def _(draw):
    def legacy(tf, each, tokens):
        return tf.exp(each) * tf.cast(tf.not_equal(tokens, 0), tf.float32)

    def port(tf, each, tokens, wrong=False):
        return tf.exp(each) * tf.cast(tf.not_equal(tokens, 1 if wrong else 0), tf.float32)

    tokens = draw.whole(3, draw.batch, draw.length)
    tokens[0, :3] = 0, 1, 2
    return legacy, port, {"each": draw.normal(draw.batch, draw.length), "tokens": tokens}


@kind("l2 loss without the half", "L2Loss", "doubled")
def _(draw):
    def legacy(tf, w):
        return 0.01 * tf.nn.l2_loss(w)

    def port(tf, w, wrong=False):
        total = tf.reduce_sum(tf.square(w))
        return 0.01 * (total if wrong else total / 2)

    return legacy, port, {"w": draw.normal(draw.length, draw.width)}


@kind("positive weight on the negatives", "pos_weight", "takes 3", "swapped")
def _(draw):
    def legacy(tf, labels, logits):
        return tf.nn.weighted_cross_entropy_with_logits(labels, logits, 3.0)

    def port(tf, labels, logits, wrong=False):
        up = tf.nn.softplus(-logits) * labels
        down = tf.nn.softplus(logits) * (1.0 - labels)
        return up + 3.0 * down if wrong else 3.0 * up + down

    labels = draw.whole(2, draw.batch, draw.width).astype(np.float32)
    return legacy, port, {"labels": labels, "logits": draw.normal(draw.batch, draw.width)}


@kind("another delta in Huber's loss", "write 0.5")
def _(draw):
    def huber(tf, labels, predictions, delta):
        error = tf.abs(predictions - labels)
        small = tf.minimum(error, delta)
        return 0.5 * small * small + delta * (error - small)

    def legacy(tf, labels, predictions):
        return huber(tf, labels, predictions, 0.5)

    def port(tf, labels, predictions, wrong=False):
        return huber(tf, labels, predictions, 1.0 if wrong else 0.5)

    shape = draw.batch, draw.width
    return legacy, port, {"labels": draw.normal(*shape), "predictions": draw.normal(*shape)}


@kind("Kullback-Leibler divergence with its arguments swapped", "swapped")
def _(draw):
    def divergence(tf, p, q):
        return tf.reduce_sum(p * (tf.math.log(p) - tf.math.log(q)), axis=-1)

    def legacy(tf, p, q):
        return divergence(tf, tf.nn.softmax(p), tf.nn.softmax(q))

    def port(tf, p, q, wrong=False):
        p, q = tf.nn.softmax(p), tf.nn.softmax(q)
        return divergence(tf, q, p) if wrong else divergence(tf, p, q)

    return legacy, port, {name: draw.normal(draw.batch, draw.width) for name in "pq"}


@kind("focal factor of p for 1 - p", "Sub ")
def _(draw):
    def legacy(tf, labels, logits):
        p = tf.nn.sigmoid(logits)
        return -labels * tf.square(1.0 - p) * tf.log(p)

    def port(tf, labels, logits, wrong=False):
        p = tf.math.sigmoid(logits)
        return -labels * tf.square(p if wrong else 1.0 - p) * tf.math.log(p)

    return legacy, port, _classes(draw)


@kind("smoothing of Dice's loss in one place only", "Add")
def _(draw):
    def legacy(tf, a, b):
        both = 2.0 * tf.reduce_sum(a * b, axis=1) + 1.0
        return both / (tf.reduce_sum(a, axis=1) + tf.reduce_sum(b, axis=1) + 1.0)

    def port(tf, a, b, wrong=False):
        both = 2.0 * tf.reduce_sum(a * b, axis=1)
        both = both if wrong else both + 1.0
        return both / (tf.reduce_sum(a, axis=1) + tf.reduce_sum(b, axis=1) + 1.0)

    return legacy, port, {name: draw.uniform(draw.batch, draw.width) for name in "ab"}


@kind("distances not squared in a triplet loss", "Sqrt")
def _(draw):
    def legacy(tf, a, p, n):
        near, far = (tf.reduce_sum(tf.square(a - x), axis=1) for x in (p, n))
        return tf.nn.relu(near - far + 20.0)

    def port(tf, a, p, n, wrong=False):
        near, far = (tf.reduce_sum(tf.square(a - x), axis=1) for x in (p, n))
        return tf.nn.relu(tf.sqrt(near) - tf.sqrt(far) + 20.0 if wrong else near - far + 20.0)

    return legacy, port, {name: draw.normal(2 * draw.batch, draw.width) for name in "apn"}


@kind("a column against a row", "broadcasts")
def _(draw):
    def legacy(tf, y, found):
        return tf.reduce_mean(tf.square(tf.squeeze(found, 1) - y))

    def port(tf, y, found, wrong=False):
        return tf.reduce_mean(tf.square((found if wrong else tf.squeeze(found, 1)) - y))

    n = 4 * draw.batch
    return legacy, port, {"y": draw.normal(n), "found": draw.normal(n, 1)}


@kind("Gram matrix not over its positions", "RealDiv", "a factor")
def _(draw):
    n = 4 * draw.length

    def legacy(tf, x):
        rows = tf.reshape(x, [-1, n, draw.width])
        return tf.matmul(rows, rows, transpose_a=True) / float(n)

    def port(tf, x, wrong=False):
        found = tf.einsum("bijc,bijd->bcd", x, x)
        return found if wrong else found / float(n)

    return legacy, port, {"x": draw.normal(draw.batch, 4, draw.length, draw.width)}
