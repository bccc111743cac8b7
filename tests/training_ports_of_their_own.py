"""Ports of ``training_programs`` that Keras 3's fit does not train: Keras 2, a train_step of their own, a tf.Module."""

import tensorflow as tf

keras = tf.keras
try:
    import tf_keras as keras2
except ImportError:
    keras2 = tf.keras


def _network(of, l2=0.0):
    L = of.layers
    regularizer = of.regularizers.l2(l2) if l2 else None
    # The fused kernel of Keras 2 has Bessel's correction in its moving variance, which the programs have not.
    norm = L.BatchNormalization(momentum=0.9, name="bn", **({"fused": False} if of is keras2 else {}))
    images = of.Input((8, 8, 3), name="images")
    h = L.Conv2D(6, 3, 2, padding="same", use_bias=False, kernel_regularizer=regularizer, name="conv")(images)
    h = L.Flatten()(L.ReLU()(norm(h)))
    return images, L.Dense(5, kernel_regularizer=regularizer, name="fc")(h)


def _of_keras_2(optimizer, l2=0.0):
    model = keras2.Model(*_network(keras2, l2))
    model.compile(
        optimizer, keras2.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    return model


def keras2_momentum():
    return _of_keras_2(keras2.optimizers.SGD(0.1, momentum=0.9))


def keras2_adam():
    return _of_keras_2(keras2.optimizers.Adam(0.01, epsilon=1e-8))


def keras2_regularised():
    return _of_keras_2(keras2.optimizers.SGD(0.1, momentum=0.9), l2=0.005)


def keras2_decaying():
    return _of_keras_2(keras2.optimizers.SGD(keras2.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)))


def keras2_clipped():
    return _of_keras_2(keras2.optimizers.SGD(0.1, global_clipnorm=0.5))


def keras2_lstm():
    words = keras2.Input((5, 4), name="words")
    model = keras2.Model(words, keras2.layers.Dense(3, name="fc")(keras2.layers.LSTM(6, name="lstm")(words)))
    loss = keras2.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras2.optimizers.Adam(0.01, epsilon=1e-8), loss)
    return model


def _stepping_of(of):
    class Stepping(of.Model):
        clip, l2 = None, 0.0

        @tf.function
        def _gradients(self, x, y):
            with tf.GradientTape() as tape:
                logits = self(x, training=True)
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(tf.reshape(y, [-1]), logits)
                )
                if self.l2:
                    loss += self.l2 * sum(
                        tf.nn.l2_loss(w) for w in self.trainable_variables if len(w.shape) > 1
                    )
            return loss, tape.gradient(loss, self.trainable_variables)

        def train_step(self, data):
            x, y = data
            loss, gradients = self._gradients(x, y)
            if self.clip:
                gradients, _ = tf.clip_by_global_norm(gradients, self.clip)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
            return {"loss": loss}

    return Stepping


def _own(of, rate=0.1, momentum=0.0, **settings):
    model = _stepping_of(of)(*_network(of))
    for name, value in settings.items():
        setattr(model, name, value)
    model.compile(of.optimizers.SGD(rate, momentum=momentum))
    return model


def own_clipped():
    return _own(keras, clip=0.5)


def own_regularised():
    return _own(keras, momentum=0.9, l2=0.01)


def own_keras2_clipped():
    return _own(keras2, clip=0.5)


class Module(tf.Module):
    """By hand, statistics and momentum as well."""

    def __init__(self, rate=0.1, momentum=0.9, l2=0.0, moves=True):
        super().__init__()
        self.w = tf.Variable(tf.zeros([3, 3, 3, 6]))
        self.gamma, self.beta = tf.Variable(tf.ones([6])), tf.Variable(tf.zeros([6]))
        self.moving_mean = tf.Variable(tf.zeros([6]), trainable=False)
        self.moving_variance = tf.Variable(tf.ones([6]), trainable=False)
        self.kernel, self.bias = tf.Variable(tf.zeros([96, 5])), tf.Variable(tf.zeros([5]))
        self.rate, self.momentum, self.l2, self.moves = rate, momentum, l2, moves
        self.velocities = [
            tf.Variable(tf.zeros_like(one), trainable=False) for one in self.trainable_variables
        ]

    def __call__(self, images, training=False):
        h = tf.nn.conv2d(images, self.w, 2, "SAME")
        mean, variance = self.moving_mean, self.moving_variance
        if training:
            mean, variance = tf.nn.moments(h, [0, 1, 2])
        if training and self.moves:
            self.moving_mean.assign_sub((self.moving_mean - mean) * 0.1)
            self.moving_variance.assign(self.moving_variance * 0.9 + variance * 0.1)
        h = tf.nn.relu(tf.nn.batch_normalization(h, mean, variance, self.beta, self.gamma, 1e-3))
        return tf.matmul(tf.reshape(h, [-1, 96]), self.kernel) + self.bias

    @tf.function
    def train_step(self, images, labels):
        with tf.GradientTape() as tape:
            logits = self(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
            loss += self.l2 * (tf.nn.l2_loss(self.w) + tf.nn.l2_loss(self.kernel))
        variables = self.trainable_variables
        for variable, velocity, g in zip(variables, self.velocities, tape.gradient(loss, variables)):
            velocity.assign(self.momentum * velocity + g)
            variable.assign_sub(self.rate * velocity)
        return loss


def module_momentum():
    return Module()


def module_sgd():
    return Module(momentum=0.0)


def module_regularised():
    return Module(l2=0.01)


RIGHT = {
    "keras2_momentum": "momentum", "keras2_adam": "adam", "keras2_regularised": "regularised",
    "keras2_decaying": "decaying", "keras2_clipped": "clipped", "own_clipped": "clipped",
    "own_regularised": "regularised", "own_keras2_clipped": "clipped", "module_momentum": "momentum",
    "module_regularised": "regularised",
}  # fmt: skip


# -- with one mistake: (program, cause)

WRONG = {
    "keras2_rate": ("adam", "the rate is 0.001, expected 0.01"),
    "keras2_no_l2": ("regularised", "L2"),
    "keras2_not_clipped": ("clipped", "not clipped, expected clipped to a global norm of 0.5"),
    "keras2_statistics": ("sgd", "takes 0.01 where the legacy graph (training_programs.py:26) takes 0.1"),
    "keras2_no_schedule": ("decaying", "the rate at step 1: 0.1, expected 0.05"),
    "own_rate": ("regularised", "the rate is 0.2, expected 0.1"),
    "own_not_clipped": ("clipped", "not clipped, expected clipped to a global norm of 0.5"),
    "own_no_l2": ("regularised", "L2"),
    "own_keras2_not_clipped": ("clipped", "not clipped, expected clipped to a global norm of 0.5"),
    "module_rate": ("momentum", "the rate is 0.05, expected 0.1"),
    "module_no_l2": ("regularised", "L2"),
    "module_still": ("momentum", "the port leaves it as it is"),
}


def keras2_rate():
    return _of_keras_2(keras2.optimizers.Adam(epsilon=1e-8))


def keras2_no_l2():
    return keras2_momentum()


def keras2_not_clipped():
    return _of_keras_2(keras2.optimizers.SGD(0.1))


def keras2_statistics():
    model = _of_keras_2(keras2.optimizers.SGD(0.1))
    model.get_layer("bn").momentum = 0.99
    return model


def keras2_no_schedule():
    return keras2_not_clipped()


def own_rate():
    return _own(keras, rate=0.2, momentum=0.9, l2=0.01)


def own_not_clipped():
    return _own(keras)


def own_no_l2():
    return _own(keras, momentum=0.9)


def own_keras2_not_clipped():
    return _own(keras2)


def module_rate():
    return Module(rate=0.05)


def module_no_l2():
    return module_momentum()


def module_still():
    return Module(moves=False)


# -- refused, or not judged


class Two(Module):
    def train_step(self, images, labels):
        for scale in (1.0, 2.0):
            with tf.GradientTape() as tape:
                loss = scale * tf.reduce_mean(self(images))
            tape.gradient(loss, self.trainable_variables)


def module_of_two_losses():
    return Two()


class Failing(Module):
    def train_step(self, images, labels):
        raise ValueError("no such thing")


def module_that_fails():
    return Failing()


class Forward(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.zeros([3, 3, 3, 6]))

    def __call__(self, images):
        return tf.nn.conv2d(images, self.w, 2, "SAME")


def module_without_a_step():
    return Forward()
