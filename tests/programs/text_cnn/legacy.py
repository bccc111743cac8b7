"""A CNN that classifies sentences (Kim 2014), for TensorFlow 1: a class, its own placeholders, name scopes."""

import numpy as np
import tensorflow as tf


class TextCNN:
    """An embedding, convolutions of several sizes with max over time, dropout, a softmax layer with L2 loss."""

    def __init__(self, length, classes, words, size, filter_sizes, filters, l2_lambda=0.0):
        self.input_x = tf.placeholder(tf.int32, [None, length], name="input_x")
        self.input_y = tf.placeholder(tf.float32, [None, classes], name="input_y")
        self.dropout_keep_prob = tf.placeholder(tf.float32, name="dropout_keep_prob")
        l2_loss = tf.constant(0.0)

        with tf.device("/cpu:0"), tf.name_scope("embedding"):
            table = tf.Variable(tf.random_uniform([words, size], -1.0, 1.0), name="W")
            chars = tf.nn.embedding_lookup(table, self.input_x) * np.sqrt(size).astype(np.float32)
            chars = tf.expand_dims(chars, -1)

        pooled = []
        for filter_size in filter_sizes:
            with tf.name_scope(f"conv-maxpool-{filter_size}"):
                W = tf.Variable(tf.truncated_normal([filter_size, size, 1, filters], stddev=0.1), name="W")
                b = tf.Variable(tf.constant(0.1, shape=[filters]), name="b")
                conv = tf.nn.conv2d(chars, W, strides=[1, 1, 1, 1], padding="VALID", name="conv")
                h = tf.nn.relu(tf.nn.bias_add(conv, b), name="relu")
                pooled.append(
                    tf.nn.max_pool(
                        h,
                        ksize=[1, length - filter_size + 1, 1, 1],
                        strides=[1, 1, 1, 1],
                        padding="VALID",
                        name="pool",
                    )
                )
        total = filters * len(filter_sizes)
        flat = tf.reshape(tf.concat(pooled, 3), [-1, total])

        with tf.name_scope("dropout"):
            dropped = tf.nn.dropout(flat, self.dropout_keep_prob)

        with tf.name_scope("output"):
            W = tf.get_variable("W", [total, classes], initializer=tf.contrib.layers.xavier_initializer())
            b = tf.Variable(tf.constant(0.1, shape=[classes]), name="b")
            l2_loss += tf.nn.l2_loss(W)
            l2_loss += tf.nn.l2_loss(b)
            self.scores = tf.nn.xw_plus_b(dropped, W, b, name="scores")
            self.predictions = tf.argmax(self.scores, 1, name="predictions")

        with tf.name_scope("loss"):
            losses = tf.nn.softmax_cross_entropy_with_logits(logits=self.scores, labels=self.input_y)
            self.loss = tf.reduce_mean(losses) + l2_lambda * l2_loss

        with tf.name_scope("accuracy"):
            correct = tf.equal(self.predictions, tf.argmax(self.input_y, 1))
            self.accuracy = tf.reduce_mean(tf.cast(correct, "float"), name="accuracy")


def batch(seed, length=14, words=40, classes=3, count=8):
    """Sentences whose class is told by their smallest word."""
    draw = np.random.RandomState(seed)
    x = draw.randint(0, words, (count, length)).astype(np.int32)
    return x, np.eye(classes, dtype=np.float32)[x.min(axis=1) % classes]


def train(steps=30):
    """The model and a session in which it was trained, as the program's train.py had it."""
    tf.set_random_seed(7)
    cnn = TextCNN(14, 3, 40, 8, [3, 4, 5], 6, l2_lambda=0.1)
    global_step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(1e-2)
    train_op = optimizer.apply_gradients(optimizer.compute_gradients(cnn.loss), global_step=global_step)
    tf.summary.scalar("loss", cnn.loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    for step in range(steps):
        x, y = batch(step)
        session.run(train_op, {cnn.input_x: x, cnn.input_y: y, cnn.dropout_keep_prob: 0.5})
    return cnn, session


def save(prefix):
    _, session = train()
    with session.graph.as_default():
        tf.train.Saver(tf.global_variables()).save(session, prefix)
