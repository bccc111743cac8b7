"""Ports of ``training_programs``: right ones, and with one mistake of training each."""

import tensorflow as tf
from tensorflow import keras

L, O = keras.layers, keras.optimizers


def _sparse(**options):
    return keras.losses.SparseCategoricalCrossentropy(**dict({"from_logits": True}, **options))


def classifier(optimizer, loss=None, momentum=0.9, l2=0.0, epsilon=1e-3, stop=False, frozen=(), norm=None, softmax=False):
    regularizer = keras.regularizers.L2(l2) if l2 else None
    images = keras.Input((8, 8, 3), name="images")
    h = L.Conv2D(6, 3, 2, padding="same", use_bias=False, kernel_regularizer=regularizer, name="conv")(images)
    h = (norm or L.BatchNormalization)(momentum=momentum, epsilon=epsilon, name="bn")(h)
    h = L.Flatten()(L.ReLU()(h))
    if stop:
        h = L.Lambda(tf.stop_gradient)(h)
    logits = L.Dense(5, kernel_regularizer=regularizer, activation="softmax" if softmax else None, name="fc")(h)
    model = keras.Model(images, logits)
    for name in frozen:
        model.get_layer(name).trainable = False
    model.compile(optimizer=optimizer, loss=loss or _sparse())
    return model


def sgd():
    return classifier(O.SGD(0.1))


def momentum():
    return classifier(O.SGD(0.1, momentum=0.9))


def nesterov():
    return classifier(O.SGD(0.1, momentum=0.9, nesterov=True))


def adam():
    return classifier(O.Adam(0.01, epsilon=1e-8))


class FromOne(O.RMSprop):
    """tf.train's mean square begins with 1."""

    def build(self, variables):
        super().build(variables)
        for square in self._velocities:
            square.assign(tf.ones_like(square))


def rmsprop():
    return classifier(FromOne(0.01, rho=0.9, epsilon=1e-7))


def regularised():
    return classifier(O.SGD(0.1, momentum=0.9), l2=0.005)


def clipped():
    return classifier(O.SGD(0.1, global_clipnorm=0.5))


def decaying():
    return classifier(O.SGD(O.schedules.ExponentialDecay(0.1, 1, 0.5)))
