"""Ports of ``porting_programs``: the right ones, and with one mistake each."""

import tensorflow as tf
from tensorflow import keras

L = keras.layers


def text_cnn(activation="relu", pooling=True, names=("a", "b", "c"), padding="valid", order=(3, 4, 5)):
    x = keras.Input((12,), dtype="int32", name="input_x")
    h = L.Embedding(20, 6, name="words")(x)
    convs = {size: L.Conv1D(4, size, activation=activation, padding=padding) for size in (5, 3, 4)}
    pool = L.GlobalMaxPooling1D() if pooling else L.GlobalAveragePooling1D()
    h = L.Concatenate()([pool(convs[size](h)) for size in order])
    return keras.Model(x, L.Dense(3, name="scores")(L.Dropout(0.5)(h)))


def text_cnn_no_relu():
    return text_cnn(activation=None)


def text_cnn_mean():
    return text_cnn(pooling=False)


def text_cnn_same():
    return text_cnn(padding="same")


def text_cnn_order():
    return text_cnn(order=(5, 4, 3))


def conv_net(epsilon=1e-3, relu=True, padding="same", activation="relu"):
    x = keras.Input((8, 8, 3), name="images")
    norm = lambda h, e=1e-3: L.BatchNormalization(epsilon=e)(h)
    h = L.Activation("relu")(norm(L.Conv2D(6, 3, 2, padding="same", use_bias=False)(x)))
    h = L.DepthwiseConv2D(3, padding="same", use_bias=False)(h)
    for e in (1e-3, epsilon):
        inner = norm(L.Conv2D(6, 3, padding="same", use_bias=False)(h), e)
        last = e != 1e-3 or not relu
        inner = inner if not relu and last else L.Activation(activation)(inner)
        h = L.Add()([h, inner])
    return keras.Model(x, L.Dense(5, name="logits")(L.GlobalAveragePooling2D()(h)))


def conv_net_epsilon():
    return conv_net(epsilon=1e-2)


def conv_net_no_relu():
    return conv_net(relu=False)


def conv_net_elu():
    return conv_net(activation="elu")


class Padded(tf.Module):
    """A tf.Module with everything by hand; pads at the end, as the legacy graph does, or on both sides."""

    def __init__(self, both_sides=False, swapped=False):
        super().__init__()
        self.both_sides = both_sides
        zeros = lambda *shape: tf.Variable(tf.zeros(shape))
        self.stem, self.depth = zeros(3, 3, 3, 6), zeros(3, 3, 6, 1)
        self.norms = [[zeros(6) for _ in range(4)] for _ in range(3)]
        self.kernels = [zeros(3, 3, 6, 6) for _ in range(2)]
        self.w, self.b = zeros(5, 6), zeros(5)

    def norm(self, x, number):
        mean, variance, gamma, beta = self.norms[number]
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)

    def __call__(self, images):
        if self.both_sides:
            h = tf.nn.conv2d(
                tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])[:, :-1, :-1], self.stem, 2, "VALID"
            )
        else:
            h = tf.nn.conv2d(images, self.stem, 2, "SAME")
        h = tf.nn.relu(self.norm(h, 0))
        h = tf.nn.depthwise_conv2d(h, self.depth, [1, 1, 1, 1], "SAME")
        for number in range(2):
            h = h + tf.nn.relu(self.norm(tf.nn.conv2d(h, self.kernels[number], 1, "SAME"), number + 1))
        return {"logits": tf.matmul(tf.reduce_mean(h, [1, 2]), self.w, transpose_b=True) + self.b}


def module():
    return Padded()


def module_both_sides():
    return Padded(both_sides=True)


def _recurrent(layer):
    x = keras.Input((5, 3), name="x")
    return keras.Model(x, L.Dense(2, use_bias=False, name="y")(layer(x)))


def lstm():
    return _recurrent(L.LSTM(4))


def lstm_relu():
    return _recurrent(L.LSTM(4, activation="relu"))


def gru():
    return _recurrent(L.GRU(4, reset_after=False))


def gru_reset_after():
    return _recurrent(L.GRU(4, reset_after=True))


def twins():
    x = keras.Input((4,), name="x")
    return keras.Model(x, L.Add()([L.Dense(4, "tanh", use_bias=False)(x) for _ in range(2)]))


def twins_named():
    x = keras.Input((4,), name="x")
    h = [L.Dense(4, "tanh", use_bias=False, name=name)(x) for name in ("right", "left")]
    return keras.Model(x, L.Add()(h))


def no_bias():
    x = keras.Input((8, 8, 3), name="images")
    return keras.Model(x, L.Dense(5, use_bias=False, name="logits")(L.GlobalAveragePooling2D()(x)))
