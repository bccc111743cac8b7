"""The road signs in Keras 3: a first port, which runs, loads every weight, and is wrong in three places."""

import keras
from keras import layers

SIDE, KINDS = 24, 6


def block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.LeakyReLU()(x)
    return layers.MaxPooling2D(3, 2)(x)


def model():
    images = keras.Input([SIDE, SIDE, 3], name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(images)
    for filters in [8, 16, 16]:
        x = block(x, filters)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(KINDS, activation="softmax")(x))
