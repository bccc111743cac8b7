"""Road signs in TensorFlow 1, as it was written in 2018: 24 by 24 pixels, six kinds of signs.

python legacy.py     trains it on signs that it draws, and leaves model/signs.ckpt and signs.pb
"""

import numpy as np
import tensorflow as tf

SIDE, KINDS = 24, 6


class SignNet(object):
    def __init__(self):
        self.images = tf.placeholder(tf.float32, [None, SIDE, SIDE, 3], name="images")
        self.labels = tf.placeholder(tf.int64, [None], name="labels")
        self.is_training = tf.placeholder_with_default(False, [], name="is_training")
        x = self.images / 127.5 - 1.0
        for number, filters in enumerate([8, 16, 16]):
            with tf.variable_scope("block%d" % number):
                x = self.block(x, filters)
        x = tf.reduce_mean(x, axis=[1, 2])
        self.scores = tf.layers.dense(x, KINDS, name="scores")
        self.probabilities = tf.nn.softmax(self.scores, name="probabilities")
        self.loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=self.labels, logits=self.scores)
        )

    def block(self, x, filters):
        x = tf.layers.conv2d(x, filters, 3, padding="same", use_bias=False)
        x = tf.layers.batch_normalization(x, epsilon=1e-5, training=self.is_training)
        x = tf.nn.leaky_relu(x)
        return tf.layers.max_pooling2d(x, 3, 2, padding="same")


def model():
    return SignNet()


def drawn(count, seed):
    """(images of one shape in one colour on noise, their kinds)."""
    state = np.random.RandomState(seed)
    kinds = state.randint(0, KINDS, count)
    images = state.uniform(0, 255, (count, SIDE, SIDE, 3))
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    shapes = [
        np.hypot(rows, columns) < 8,
        abs(rows) + abs(columns) < 9,
        np.maximum(abs(rows), abs(columns)) < 7,
    ]
    for image, kind in zip(images, kinds):
        image[shapes[kind % 3]] = [220, 30, 30] if kind < 3 else [30, 60, 220]
    return np.round(images).astype(np.float32), kinds


def main():
    net = model()
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.AdamOptimizer(0.01).minimize(net.loss)
    saver = tf.train.Saver(tf.global_variables(), write_version=tf.train.SaverDef.V2)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for number in range(200):
            images, kinds = drawn(32, number)
            feed = {net.images: images, net.labels: kinds, net.is_training: True}
            loss, _ = session.run([net.loss, step], feed)
            if number % 20 == 0:
                print("step %3d loss %.3f" % (number, loss))
        saver.save(session, "model/signs.ckpt")
        frozen = tf.graph_util.convert_variables_to_constants(
            session, session.graph_def, [net.probabilities.op.name]
        )
        tf.train.write_graph(frozen, ".", "signs.pb", as_text=False)


if __name__ == "__main__":
    main()
