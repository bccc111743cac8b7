"""Files as TensorFlow 1.15 writes them, and the same traced in any TensorFlow: run by its Python.

python files_of_tensorflow_1.py make FOLDER             # in 1.15
python files_of_tensorflow_1.py trace FOLDER NAME       # runs in FOLDER/NAME
"""

import os
import sys

import numpy as np

#: Of each file its inputs, and what is asked for.
FILES = {
    "checkpoint": ("images.npz", "probabilities"),
    "net.pb": ("images.npz", "probabilities"),
    "saved": ("images.npz", ""),
    "net.h5": ("images.npz", ""),
    "cells.h5": ("words.npz", ""),
}
#: The same graph with another slope of its leaky relu.
WRONG = "wrong.pb"


def _net(tf):
    """Unnamed layers of tf.layers and tf.contrib, a switch, a loop."""
    images = tf.placeholder(tf.float32, [None, 12, 12, 3], name="images")
    training = tf.placeholder_with_default(False, [], name="training")
    h = tf.layers.conv2d(images, 8, 3, padding="same", use_bias=False)
    h = tf.nn.relu(tf.layers.batch_normalization(h, training=training, fused=True))
    h = tf.contrib.layers.conv2d(h, 8, 3, stride=2, activation_fn=None)
    h = tf.nn.leaky_relu(tf.contrib.layers.batch_norm(h, is_training=False, scale=True))
    h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    rows = tf.reshape(h, [-1, 3, 24])
    out, _ = tf.nn.dynamic_rnn(tf.nn.rnn_cell.BasicLSTMCell(6), rows, dtype=tf.float32)
    h = tf.concat([out[:, -1], tf.reduce_mean(rows, 1)], 1)
    scores = tf.layers.dense(tf.layers.dropout(h, 0.4, training=training), 5, name="scores")
    return images, tf.nn.softmax(scores, name="probabilities")


def _graph_files(tf, draw):
    from tensorflow.python.framework import graph_util

    images, probabilities = _net(tf)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for variable in tf.global_variables():
            variable.load(_weights(draw, variable.name, variable.shape.as_list()), session)
        os.mkdir("checkpoint")
        tf.train.Saver().save(session, "checkpoint/net.ckpt", global_step=3)
        tf.saved_model.simple_save(session, "saved", {"images": images}, {"probabilities": probabilities})
        frozen = graph_util.convert_variables_to_constants(
            session, session.graph_def, [probabilities.op.name]
        )
    _write("net.pb", frozen)
    for node in frozen.node:
        if node.op == "LeakyRelu":
            node.attr["alpha"].f = 0.21
    _write(WRONG, frozen)


def _write(path, graph):
    with open(path, "wb") as file:
        file.write(graph.SerializeToString())


def _weights(draw, name, shape):
    array = draw.normal(0, 0.4, shape).astype(np.float32)
    return np.abs(array) + 0.5 if "variance" in name else array


def _keras_files(keras, draw):
    layers = keras.layers
    given = keras.Input((12, 12, 3), name="images")
    h = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(given))
    h = layers.LeakyReLU()(h)
    h = layers.Add()([h, layers.SeparableConv2D(8, 3, padding="same", activation="relu")(h)])
    h = layers.Dropout(0.5)(layers.Flatten()(layers.MaxPooling2D()(h)))
    net = keras.Model(given, layers.Dense(5, activation="softmax", name="probabilities")(h))
    given = keras.Input((7,), name="words", dtype="int32")
    h = layers.Embedding(20, 6, mask_zero=True)(given)
    h = layers.Bidirectional(layers.GRU(5, return_sequences=True, reset_after=True))(h)
    h = layers.LSTM(4, recurrent_activation="sigmoid", go_backwards=True)(h)
    cells = keras.Model(given, layers.Dense(3, name="y")(h))
    for model, name in ((net, "net.h5"), (cells, "cells.h5")):
        model.set_weights([_weights(draw, one.name, one.shape.as_list()) for one in model.weights])
        model.save(name)
    net.save_weights("net.weights.h5")


def make():
    import tensorflow as tf

    draw = np.random.RandomState(5)
    words = draw.randint(1, 20, (4, 7)).astype(np.int32)
    words[3, 4:] = 0
    np.savez("images.npz", images=draw.normal(0, 1, (4, 12, 12, 3)).astype(np.float32))
    np.savez("words.npz", words=words)
    _graph_files(tf, draw)
    tf.keras.backend.clear_session()
    _keras_files(tf.keras, draw)


def trace(name):
    """The runs; files that are not read are said on standard error, by compat itself."""
    from compat.cli import main

    for file, (inputs, outputs) in [
        *FILES.items(),
        (WRONG, FILES["net.pb"]),
        ("net.weights.h5", FILES["net.h5"]),
    ]:
        asked = ["--outputs", outputs] if outputs else []
        main(["trace", file, "--inputs", inputs, "--out", os.path.join(name, file), *asked])


if __name__ == "__main__":
    os.chdir(sys.argv[2])
    if sys.argv[1] == "make":
        make()
    else:
        trace(sys.argv[3])
