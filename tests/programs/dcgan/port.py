"""The DCGAN's two networks as Keras 3 models, one Sequential, one functional."""

import keras
from keras import layers


def generator():
    return keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(4 * 4 * 16),
            layers.Reshape((4, 4, 16)),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
            layers.ReLU(),
            layers.Conv2DTranspose(8, 5, strides=2, padding="same"),
            layers.BatchNormalization(momentum=0.9, epsilon=1.0e-5),
            layers.Activation("relu"),
            layers.Conv2DTranspose(3, 5, strides=2, padding="same", activation="tanh"),
        ],
        name="generator",
    )


def discriminator():
    images = keras.Input((16, 16, 3))
    h = layers.Conv2D(8, 5, strides=2, padding="same")(images)
    h = layers.LeakyReLU(negative_slope=0.2)(h)
    h = layers.Conv2D(16, 5, strides=2, padding="same", use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(h)
    h = layers.LeakyReLU(negative_slope=0.20)(h)
    h = layers.Flatten()(h)
    return keras.Model(images, layers.Dense(1)(h), name="discriminator")


def model():
    z, images = keras.Input((10,), name="z"), keras.Input((16, 16, 3), name="images")
    g, d = generator(), discriminator()
    samples = g(z)
    return keras.Model([z, images], {"samples": samples, "real": d(images), "fake": d(samples)})
