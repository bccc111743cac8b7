"""TensorFlow 1 programs that are trained; run in 1.15, or as tf.compat.v1 in the port's process."""

import tensorflow as tf

if hasattr(tf, "compat") and hasattr(tf.compat, "v1"):
    tf = tf.compat.v1


def _weight(name, shape, seed, scale=0.3):
    return tf.get_variable(name, shape, initializer=tf.random_normal_initializer(0.0, scale, seed=seed))


def _norm(x, training):
    """Batch norm as it was written by hand, with its moving statistics in UPDATE_OPS."""
    units = x.shape.as_list()[-1]
    gamma, beta = (
        tf.get_variable(name, [units], initializer=tf.constant_initializer(value))
        for name, value in (("gamma", 1.2), ("beta", 0.1))
    )
    mean, variance = (
        tf.get_variable(name, [units], initializer=tf.constant_initializer(value), trainable=False)
        for name, value in (("moving_mean", 0.2), ("moving_variance", 1.5))
    )
    found = tf.nn.moments(x, list(range(len(x.shape.as_list()) - 1)))
    for old, new in ((mean, found[0]), (variance, found[1])):
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_sub(old, (old - new) * (1 - 0.9)))
    used = tf.cond(training, lambda: found, lambda: (tf.identity(mean), tf.identity(variance)))
    return tf.nn.batch_normalization(x, used[0], used[1], beta, gamma, 1e-3)


class Classifier:
    """Convolution, batch norm, dense: the loss is the mean cross entropy, and L2 of the weights where it is said."""

    def __init__(self, optimiser, l2=0.0, clip=None, smoothing=0.0, statistics=True, sum_of=False):
        self.images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
        self.labels = tf.placeholder(tf.int32, [None], name="labels")
        self.is_training = tf.placeholder(tf.bool, [], name="is_training")
        w = _weight("conv/w", [3, 3, 3, 6], 1)
        h = tf.nn.conv2d(self.images, w, strides=[1, 2, 2, 1], padding="SAME")
        with tf.variable_scope("bn"):
            h = tf.nn.relu(_norm(h, self.is_training))
        h = tf.reshape(h, [-1, 4 * 4 * 6])
        kernel, bias = _weight("fc/w", [96, 5], 2), _weight("fc/b", [5], 3)
        self.logits = tf.nn.xw_plus_b(h, kernel, bias, name="logits")
        targets = tf.one_hot(self.labels, 5)
        if smoothing:
            targets = targets * (1 - smoothing) + smoothing / 5
        losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=targets, logits=self.logits)
        self.loss = tf.reduce_sum(losses) if sum_of else tf.reduce_mean(losses)
        if l2:
            self.loss = self.loss + l2 * (tf.nn.l2_loss(w) + tf.nn.l2_loss(kernel))
        pairs = optimiser.compute_gradients(self.loss)
        if clip:
            clipped, _ = tf.clip_by_global_norm([g for g, _ in pairs], clip)
            pairs = [(g, v) for g, (_, v) in zip(clipped, pairs)]
        steps = tf.train.get_or_create_global_step()
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS) if statistics else []
        with tf.control_dependencies(updates):
            self.train_op = optimiser.apply_gradients(pairs, global_step=steps)


def sgd():
    return Classifier(tf.train.GradientDescentOptimizer(0.1))


def momentum():
    return Classifier(tf.train.MomentumOptimizer(0.1, 0.9))


def nesterov():
    return Classifier(tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True))


def adam():
    return Classifier(tf.train.AdamOptimizer(0.01))


def rmsprop():
    return Classifier(tf.train.RMSPropOptimizer(0.01, 0.9, epsilon=1e-7))


def regularised():
    return Classifier(tf.train.MomentumOptimizer(0.1, 0.9), l2=0.01)


def clipped():
    return Classifier(tf.train.GradientDescentOptimizer(0.1), clip=0.5)


def smoothed():
    return Classifier(tf.train.GradientDescentOptimizer(0.1), smoothing=0.1)


def summed():
    return Classifier(tf.train.GradientDescentOptimizer(0.1), sum_of=True)


def still():
    return Classifier(tf.train.GradientDescentOptimizer(0.1), statistics=False)


def decaying():
    steps = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, steps, 1, 0.5)
    return Classifier(tf.train.GradientDescentOptimizer(rate))


def lstm():
    """BasicLSTMCell's formula, unrolled: gates i, c, f, o, and a forget bias of 1."""
    words = tf.placeholder(tf.float32, [None, 5, 4], name="words")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    with tf.variable_scope("", initializer=tf.random_uniform_initializer(-0.4, 0.4, seed=1)):
        outputs = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(6), words, dtype=tf.float32)[0]
    logits = tf.nn.xw_plus_b(
        outputs[:, -1], _weight("fc/w", [6, 3], 2), _weight("fc/b", [3], 3), name="logits"
    )
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(losses, name="loss")
    return {"logits": logits, "train_op": tf.train.AdamOptimizer(0.01).minimize(loss)}


def layers():
    """What most wrote: tf.layers, a fused batch norm, dropout; the train op waits for UPDATE_OPS, made beneath them."""
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    labels = tf.placeholder(tf.float32, [None, 5], name="labels")
    training = tf.placeholder(tf.bool, [], name="is_training")
    keep = tf.placeholder_with_default(1.0, [], name="keep_prob")
    h = tf.layers.conv2d(
        images, 6, 3, 2, "same", kernel_initializer=tf.random_normal_initializer(0, 0.3, seed=1)
    )
    h = tf.nn.relu(tf.layers.batch_normalization(h, momentum=0.9, training=training))
    h = tf.nn.dropout(tf.layers.flatten(h), keep)
    logits = tf.layers.dense(h, 5, kernel_initializer=tf.random_normal_initializer(0, 0.3, seed=2), name="fc")
    loss = tf.losses.softmax_cross_entropy(labels, logits)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.AdamOptimizer(0.01).minimize(loss)
    return logits


def decaying_later():
    """Nothing of it shows in the first steps."""
    steps = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, steps, 1000, 0.5, staircase=True)
    return Classifier(tf.train.GradientDescentOptimizer(rate))
