"""A DCGAN (Radford et al. 2016) for TensorFlow 1: variable scopes that are used again, update ops, two optimisers."""

import numpy as np
import tensorflow as tf

slim = tf.contrib.slim


def lrelu(x, leak=0.2):
    return tf.maximum(x, leak * x)


def batch_norm(x, is_training, name):
    return tf.layers.batch_normalization(x, momentum=0.9, epsilon=1e-5, training=is_training, name=name)


def generator(z, is_training, reuse=False):
    with tf.variable_scope("generator", reuse=reuse):
        h = tf.layers.dense(z, 4 * 4 * 16, name="project")
        h = tf.reshape(h, [-1, 4, 4, 16])
        h = tf.nn.relu(batch_norm(h, is_training, "bn0"))
        h = tf.layers.conv2d_transpose(h, 8, 5, strides=2, padding="same", name="deconv1")
        h = tf.nn.relu(batch_norm(h, is_training, "bn1"))
        h = tf.layers.conv2d_transpose(h, 3, 5, strides=2, padding="same", name="deconv2")
        return tf.nn.tanh(h)


def discriminator(images, is_training, reuse=False):
    with tf.variable_scope("discriminator", reuse=reuse):
        norm = {"is_training": is_training, "decay": 0.9, "epsilon": 1e-5, "scale": True}
        with slim.arg_scope([slim.conv2d], kernel_size=5, stride=2, padding="SAME", activation_fn=lrelu):
            h = slim.conv2d(images, 8, scope="conv0")
            h = slim.conv2d(h, 16, normalizer_fn=slim.batch_norm, normalizer_params=norm, scope="conv1")
        h = slim.flatten(h)
        return tf.contrib.layers.fully_connected(h, 1, activation_fn=None, scope="logits")


class DCGAN:
    def __init__(self):
        self.z = tf.placeholder(tf.float32, [None, 10], name="z")
        self.images = tf.placeholder(tf.float32, [None, 16, 16, 3], name="images")
        self.is_training = tf.placeholder(tf.bool, name="is_training")
        self.samples = generator(self.z, self.is_training)
        self.real = discriminator(self.images, self.is_training)
        self.fake = discriminator(self.samples, self.is_training, reuse=True)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits
        self.d_loss = tf.reduce_mean(
            entropy(logits=self.real, labels=tf.ones_like(self.real))
        ) + tf.reduce_mean(entropy(logits=self.fake, labels=tf.zeros_like(self.fake)))
        self.g_loss = tf.reduce_mean(entropy(logits=self.fake, labels=tf.ones_like(self.fake)))
        variables = tf.trainable_variables()
        update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(update_ops):
            self.d_step = tf.train.AdamOptimizer(2e-3, beta1=0.5).minimize(
                self.d_loss, var_list=[v for v in variables if v.name.startswith("discriminator")]
            )
            self.g_step = tf.train.AdamOptimizer(2e-3, beta1=0.5).minimize(
                self.g_loss, var_list=[v for v in variables if v.name.startswith("generator")]
            )


def train(steps=12):
    """The model and a session in which it was trained for a moment."""
    tf.set_random_seed(3)
    gan = DCGAN()
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    draw = np.random.RandomState(0)
    for _ in range(steps):
        feed = {
            gan.z: draw.uniform(-1, 1, (16, 10)),
            gan.images: np.tanh(draw.normal(0.2, 0.7, (16, 16, 16, 3))),
            gan.is_training: True,
        }
        session.run(gan.d_step, feed)
        session.run(gan.g_step, feed)
    return gan, session
