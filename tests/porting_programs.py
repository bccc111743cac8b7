"""TensorFlow 1 programs in the ways that people wrote them; run in 1.15, or as tf.compat.v1 in the port's process."""

import tensorflow as tf

if hasattr(tf, "compat") and hasattr(tf.compat, "v1"):
    tf = tf.compat.v1


def _weight(name, shape, seed):
    return tf.get_variable(name, shape, initializer=tf.random_normal_initializer(0.0, 0.3, seed=seed))


class TextCNN:
    """Kim 2014, in the style of the well-known program: scopes, its own placeholders, filters of several sizes."""

    def __init__(self):
        self.input_x = tf.placeholder(tf.int32, [None, 12], name="input_x")
        self.dropout_keep_prob = tf.placeholder(tf.float32, name="dropout_keep_prob")
        with tf.name_scope("embedding"):
            table = tf.Variable(tf.random_uniform([20, 6], -1.0, 1.0, seed=1), name="W")
            words = tf.expand_dims(tf.nn.embedding_lookup(table, self.input_x), -1)
        pooled = []
        for number, size in enumerate((3, 4, 5)):
            with tf.name_scope(f"conv-maxpool-{size}"):
                w = tf.Variable(tf.truncated_normal([size, 6, 1, 4], stddev=0.3, seed=2 + number), name="W")
                b = tf.Variable(tf.random_uniform([4], -0.2, 0.2, seed=12 + number), name="b")
                conv = tf.nn.conv2d(words, w, strides=[1, 1, 1, 1], padding="VALID", name="conv")
                h = tf.nn.relu(tf.nn.bias_add(conv, b), name="relu")
                pooled.append(tf.nn.max_pool(h, [1, 13 - size, 1, 1], [1, 1, 1, 1], "VALID", name="pool"))
        flat = tf.reshape(tf.concat(pooled, 3), [-1, 12])
        drop = tf.nn.dropout(flat, self.dropout_keep_prob)
        with tf.name_scope("output"):
            w = tf.Variable(tf.random_normal([12, 3], stddev=0.5, seed=31), name="W")
            b = tf.Variable(tf.random_uniform([3], -0.5, 0.5, seed=32), name="b")
            self.scores = tf.nn.xw_plus_b(drop, w, b, name="scores")
            self.predictions = tf.argmax(self.scores, 1, name="predictions")


def text_cnn():
    return TextCNN()


def _batch_norm(x, scope, channels, seed):
    with tf.variable_scope(scope):
        beta, gamma = (_weight(name, [channels], seed + n) for n, name in enumerate(("beta", "gamma")))
        mean = _weight("moving_mean", [channels], seed + 2)
        variance = tf.get_variable(
            "moving_variance",
            [channels],
            initializer=tf.random_uniform_initializer(0.5, 1.5, seed=seed + 3),
        )
        return tf.nn.fused_batch_norm(x, gamma, beta, mean, variance, epsilon=1e-3, is_training=False)[0]


def conv_net():
    """Batch norm in tf.contrib's order, a depthwise convolution, two blocks of one shape, a residual sum."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    with tf.variable_scope("net"):
        h = tf.nn.conv2d(x, _weight("stem", [3, 3, 3, 6], 1), [1, 2, 2, 1], "SAME")
        h = tf.nn.relu(_batch_norm(h, "bn0", 6, 2))
        h = tf.nn.depthwise_conv2d(h, _weight("depthwise", [3, 3, 6, 1], 7), [1, 1, 1, 1], "SAME")
        for block in ("one", "two"):
            with tf.variable_scope(block):
                inner = tf.nn.conv2d(
                    h, _weight("w", [3, 3, 6, 6], 8 + len(block) + ord(block[0])), [1, 1, 1, 1], "SAME"
                )
                h = h + tf.nn.relu(_batch_norm(inner, "bn", 6, 40 + ord(block[0])))
        h = tf.reduce_mean(h, [1, 2])
        logits = tf.matmul(h, _weight("fc/w", [6, 5], 90)) + _weight("fc/b", [5], 91)
    return {"logits": logits}


def lstm():
    x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
    with tf.variable_scope("rnn_scope", initializer=tf.random_normal_initializer(0, 0.4, seed=4)):
        outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(4), x, dtype=tf.float32)
        return {"y": tf.matmul(outputs[:, -1], _weight("w", [4, 2], 5))}


def gru():
    x = tf.placeholder(tf.float32, [None, 5, 3], name="x")
    with tf.variable_scope("rnn_scope", initializer=tf.random_normal_initializer(0, 0.4, seed=4)):
        outputs, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.GRUCell(4), x, dtype=tf.float32)
        return {"y": tf.matmul(outputs[:, -1], _weight("w", [4, 2], 5))}


def twins():
    """Two branches that no one can tell apart by where they stand."""
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    left = tf.nn.tanh(tf.matmul(x, _weight("left", [4, 4], 1)))
    right = tf.nn.tanh(tf.matmul(x, _weight("right", [4, 4], 2)))
    return {"y": left + right}
