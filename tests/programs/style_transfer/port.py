"""Fast style transfer in Keras 3: a functional model with layers of its own, a loss network, its losses."""

import keras
from keras import layers, ops


class ReflectionPadding(layers.Layer):
    def __init__(self, pad):
        super().__init__()
        self.pad = pad

    def call(self, x):
        p = self.pad
        return ops.pad(x, [[0, 0], [p, p], [p, p], [0, 0]], mode="reflect")


class InstanceNorm(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")
        self.shift = self.add_weight(shape=(shape[-1],), initializer="zeros", name="shift")

    def call(self, x):
        mean, variance = ops.moments(x, axes=[1, 2], keepdims=True)
        return self.scale * (x - mean) / ops.sqrt(variance + 1e-3) + self.shift


def conv(x, filters, size, strides=1, relu=True):
    x = ReflectionPadding(size // 2)(x)
    x = layers.Conv2D(filters, size, strides=strides, padding="valid", use_bias=False)(x)
    x = InstanceNorm()(x)
    return layers.ReLU()(x) if relu else x


def residual(x, filters):
    h = conv(x, filters, 3)
    h = conv(h, filters, 3, relu=False)
    return layers.Add()([x, h])


def transform(content):
    h = layers.Rescaling(1 / 255.0)(content)
    h = conv(h, 6, 5)
    h = conv(h, 8, 3, strides=2)
    h = residual(h, 8)
    h = residual(h, 8)
    h = layers.UpSampling2D(2, interpolation="nearest")(h)
    h = conv(h, 6, 3)
    h = conv(h, 3, 5, relu=False)
    h = layers.Activation("tanh")(h)
    return layers.Rescaling(150.0, offset=127.5, name="image")(h)


def vgg():
    image = keras.Input((16, 16, 3))
    h = image - ops.array([123.68, 116.779, 103.939], "float32")
    conv1 = layers.Conv2D(4, 3, padding="same", activation="relu")(h)
    h = layers.MaxPooling2D(2)(conv1)
    conv2 = layers.Conv2D(6, 3, padding="same", activation="relu")(h)
    return keras.Model(image, [conv1, conv2], name="vgg")


def gram(features):
    _, height, width, channels = features.shape
    flat = ops.reshape(features, (-1, height * width, channels))
    return ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / (height * width * channels)


def model():
    content = keras.Input((16, 16, 3), batch_size=2, name="content")
    style = keras.Input((16, 16, 3), batch_size=2, name="style")
    image = transform(content)
    loss = vgg()
    wanted, painted, seen = loss(content), loss(style), loss(image)
    content_loss = ops.mean(ops.square(seen[1] - wanted[1]))
    style_loss = sum(ops.mean(ops.square(gram(one) - gram(other))) for one, other in zip(seen, painted))
    tv_loss = (
        ops.sum(ops.square(image[:, 1:] - image[:, :-1])) / 2
        + ops.sum(ops.square(image[:, :, 1:] - image[:, :, :-1])) / 2
    )
    outputs = {"image": image, "content_loss": content_loss, "style_loss": style_loss, "tv_loss": tv_loss}
    return keras.Model([content, style], outputs)
