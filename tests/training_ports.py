"""Ports of ``training_programs``: right ones, and with one mistake of training each."""

import tensorflow as tf
from tensorflow import keras

L = keras.layers
optimizers = keras.optimizers


def _sparse(**options):
    return keras.losses.SparseCategoricalCrossentropy(**dict({"from_logits": True}, **options))


def classifier(
    optimizer, loss=None, momentum=0.9, l2=0.0, epsilon=1e-3, stop=False, frozen=(), norm=None, softmax=False
):
    regularizer = keras.regularizers.L2(l2) if l2 else None
    images = keras.Input((8, 8, 3), name="images")
    h = L.Conv2D(6, 3, 2, padding="same", use_bias=False, kernel_regularizer=regularizer, name="conv")(images)
    h = (norm or L.BatchNormalization)(momentum=momentum, epsilon=epsilon, name="bn")(h)
    h = L.Flatten()(L.ReLU()(h))
    if stop:
        h = L.Lambda(tf.stop_gradient)(h)
    logits = L.Dense(5, kernel_regularizer=regularizer, activation="softmax" if softmax else None, name="fc")(
        h
    )
    model = keras.Model(images, logits)
    for name in frozen:
        model.get_layer(name).trainable = False
    model.compile(optimizer=optimizer, loss=loss or _sparse())
    return model


def sgd():
    return classifier(optimizers.SGD(0.1))


def momentum():
    return classifier(optimizers.SGD(0.1, momentum=0.9))


def nesterov():
    return classifier(optimizers.SGD(0.1, momentum=0.9, nesterov=True))


def adam():
    return classifier(optimizers.Adam(0.01, epsilon=1e-8))


class FromOne(optimizers.RMSprop):
    """tf.train's mean square begins with 1."""

    def build(self, variables):
        super().build(variables)
        for square in self._velocities:
            square.assign(tf.ones_like(square))


def rmsprop():
    return classifier(FromOne(0.01, rho=0.9, epsilon=1e-7))


def regularised():
    return classifier(optimizers.SGD(0.1, momentum=0.9), l2=0.005)


def clipped():
    return classifier(optimizers.SGD(0.1, global_clipnorm=0.5))


def decaying():
    return classifier(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)))


def still():
    return classifier(optimizers.SGD(0.1), momentum=1.0)


def smoothed():
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    return classifier(optimizers.SGD(0.1), loss)


def summed():
    return classifier(optimizers.SGD(0.1), _sparse(reduction="sum"))


def lstm(optimizer=None):
    words = keras.Input((5, 4), name="words")
    model = keras.Model(words, L.Dense(3, name="fc")(L.LSTM(6, name="lstm")(words)))
    model.compile(optimizer=optimizer or optimizers.Adam(0.01, epsilon=1e-8), loss=_sparse())
    return model


# -- with one mistake: (program, cause)

WRONG = {
    "adam_epsilon": ("adam", "epsilon is 1e-07, expected 1e-08"),
    "adam_rate": ("adam", "the rate is 0.001, expected 0.01"),
    "adam_beta": ("adam", "beta1 is 0.5, expected 0.9"),
    "adam_weight_decay": ("adam", "weight_decay"),
    "statistics_of_keras": ("sgd", "the weight of the new value is 0.01, expected 0.1"),
    "sum_for_mean": ("sgd", "6 times as large"),
    "no_logits": ("sgd", "from_logits"),
    "no_l2": ("regularised", "L2"),
    "l2_of_keras": ("regularised", "L2"),
    "not_clipped": ("clipped", "not clipped, expected clipped to a global norm of 0.5"),
    "clipped_alone": ("clipped", "to a norm of 0.5 for each variable, expected"),
    "stopped": ("sgd", "no gradient"),
    "frozen": ("sgd", "trainable=True"),
    "no_nesterov": ("nesterov", "nesterov is False, expected True"),
    "no_momentum": ("momentum", "momentum is 0, expected 0.9"),
    "less_momentum": ("momentum", "momentum is 0.5, expected 0.9"),
    "rmsprop_of_keras": ("rmsprop", "the mean square begins with 0, expected 1"),
    "not_smoothed": ("smoothed", "smoothing"),
    "no_schedule": ("decaying", "the rate at step 1: 0.1, expected 0.05"),
    "no_later_schedule": ("decaying_later", "the rate at step 1000: 0.1, expected 0.05"),
    "schedule_alone": ("sgd", "the rate at step 1000: 0.05, expected 0.1"),
    "moved": ("still", "UPDATE_OPS"),
    "other_epsilon": ("sgd", "epsilon is 0.01, expected 0.001"),
    "lstm_rate": ("lstm", "the rate is 0.1, expected 0.01"),
}


def adam_epsilon():
    return classifier(optimizers.Adam(0.01))


def adam_rate():
    return classifier(optimizers.Adam(epsilon=1e-8))


def adam_beta():
    return classifier(optimizers.Adam(0.01, beta_1=0.5, epsilon=1e-8))


def adam_weight_decay():
    return classifier(optimizers.AdamW(0.01, weight_decay=0.004, epsilon=1e-8))


def statistics_of_keras():
    return classifier(optimizers.SGD(0.1), momentum=0.99)


def sum_for_mean():
    return summed()


def no_logits():
    return classifier(optimizers.SGD(0.1), "sparse_categorical_crossentropy")


def no_l2():
    return momentum()


def l2_of_keras():
    return classifier(optimizers.SGD(0.1, momentum=0.9), l2=0.01)


def not_clipped():
    return sgd()


def clipped_alone():
    return classifier(optimizers.SGD(0.1, clipnorm=0.5))


def stopped():
    return classifier(optimizers.SGD(0.1), stop=True)


def frozen():
    return classifier(optimizers.SGD(0.1), frozen=("conv",))


def no_nesterov():
    return momentum()


def no_momentum():
    return sgd()


def less_momentum():
    return classifier(optimizers.SGD(0.1, momentum=0.5))


def rmsprop_of_keras():
    return classifier(optimizers.RMSprop(0.01, rho=0.9, epsilon=1e-7))


def not_smoothed():
    return sgd()


def no_schedule():
    return sgd()


def moved():
    return sgd()


def other_epsilon():
    return classifier(optimizers.SGD(0.1), epsilon=1e-2)


def lstm_rate():
    return lstm(optimizers.Adam(0.1, epsilon=1e-8))


def layers(rate=0.0):
    images = keras.Input((8, 8, 3), name="images")
    h = L.Conv2D(6, 3, 2, padding="same", name="conv")(images)
    h = L.ReLU()(L.BatchNormalization(momentum=0.9, name="bn")(h))
    model = keras.Model(images, L.Dense(5, name="fc")(L.Dropout(rate)(L.Flatten()(h))))
    model.compile(optimizers.Adam(0.01, epsilon=1e-8), keras.losses.CategoricalCrossentropy(from_logits=True))
    return model


def layers_dropout():
    return layers(0.5)


def not_compiled():
    return keras.Sequential([keras.Input((8, 8, 3), name="images"), L.Flatten(), L.Dense(5)])


def decaying_later():
    return classifier(optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 1000, 0.5, staircase=True)))


def no_later_schedule():
    return sgd()


def schedule_alone():
    return decaying_later()


def amsgrad():
    return classifier(optimizers.Adam(0.01, epsilon=1e-8, amsgrad=True))
