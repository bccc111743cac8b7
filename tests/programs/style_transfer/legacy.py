"""Fast style transfer (Johnson et al. 2016) for TensorFlow 1: a transformer by hand, a loss network by slim."""

import tensorflow as tf

slim = tf.contrib.slim
MEAN_PIXEL = [123.68, 116.779, 103.939]


def conv(x, filters, size, stride, scope, relu=True):
    with tf.variable_scope(scope):
        channels = x.get_shape().as_list()[3]
        w = tf.get_variable(
            "w", [size, size, channels, filters], initializer=tf.truncated_normal_initializer(stddev=0.1)
        )
        pad = size // 2
        x = tf.pad(x, [[0, 0], [pad, pad], [pad, pad], [0, 0]], mode="REFLECT")
        x = tf.nn.conv2d(x, w, [1, stride, stride, 1], padding="VALID")
        x = instance_norm(x)
        return tf.nn.relu(x) if relu else x


def instance_norm(x):
    channels = x.get_shape().as_list()[3]
    mean, variance = tf.nn.moments(x, [1, 2], keep_dims=True)
    # as if it had been trained: neither 0 nor 1
    shift = tf.get_variable("shift", [channels], initializer=tf.random_uniform_initializer(-0.3, 0.3))
    scale = tf.get_variable("scale", [channels], initializer=tf.random_uniform_initializer(0.7, 1.3))
    epsilon = 1e-3
    return scale * (x - mean) / (variance + epsilon) ** 0.5 + shift


def residual(x, filters, scope):
    with tf.variable_scope(scope):
        return x + conv(conv(x, filters, 3, 1, "a"), filters, 3, 1, "b", relu=False)


def upsampled(x, filters, scope):
    height, width = x.get_shape().as_list()[1:3]
    x = tf.image.resize_nearest_neighbor(x, [2 * height, 2 * width])
    return conv(x, filters, 3, 1, scope)


def transform(image):
    with tf.variable_scope("transform"):
        h = conv(image / 255.0, 6, 5, 1, "conv1")
        h = conv(h, 8, 3, 2, "conv2")
        h = residual(h, 8, "res1")
        h = residual(h, 8, "res2")
        h = upsampled(h, 6, "up1")
        h = conv(h, 3, 5, 1, "out", relu=False)
        return tf.nn.tanh(h) * 150 + 255.0 / 2


def vgg(image, reuse):
    with tf.variable_scope("vgg", reuse=reuse), slim.arg_scope(
        [slim.conv2d], kernel_size=3, biases_initializer=tf.random_uniform_initializer(-0.5, 0.5)
    ):
        h = image - tf.constant(MEAN_PIXEL)
        conv1 = slim.conv2d(h, 4, scope="conv1")
        h = slim.max_pool2d(conv1, 2, scope="pool1")
        conv2 = slim.conv2d(h, 6, scope="conv2")
        return conv1, conv2


def gram(features):
    _, height, width, channels = features.get_shape().as_list()
    flat = tf.reshape(features, [-1, height * width, channels])
    return tf.matmul(flat, flat, transpose_a=True) / (height * width * channels)


def build():
    tf.set_random_seed(11)
    content = tf.placeholder(tf.float32, [2, 16, 16, 3], name="content")
    style = tf.placeholder(tf.float32, [2, 16, 16, 3], name="style")
    image = transform(content)
    wanted = vgg(content, False)
    painted = vgg(style, True)
    seen = vgg(image, True)
    content_loss = 2 * tf.nn.l2_loss(seen[1] - wanted[1]) / tf.cast(tf.size(seen[1]), tf.float32)
    style_loss = 0.0
    for one, other in zip(seen, painted):
        style_loss += 2 * tf.nn.l2_loss(gram(one) - gram(other)) / tf.cast(tf.size(gram(one)), tf.float32)
    tv = tf.nn.l2_loss(image[:, 1:] - image[:, :-1]) + tf.nn.l2_loss(image[:, :, 1:] - image[:, :, :-1])
    return {"image": image, "content_loss": content_loss, "style_loss": style_loss, "tv_loss": tv}
