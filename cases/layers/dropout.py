"""Dropout: keep_prob is not rate. Random numbers are nobody's promise: a fixed mask, and what it scales."""

from compat import fixtures, layers, operation, reference

_X = fixtures.normal("dropout_x_8x16", (8, 16), seed=41)
_ONES = fixtures.Fixture("ones_100x100", lambda: _ones())


def _ones():
    import numpy as np

    return np.ones((100, 100), np.float32)


dropout_mask = operation(
    "dropout_mask",
    reference=reference.dropout,
    doc="x / (1 - rate) where the mask keeps it, else 0: what a port compares without its random numbers.",
)


@dropout_mask.on("numpy")
def _(np, x, mask, *, rate):
    return layers.dropout(x, rate, mask=mask)


@dropout_mask.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, mask, *, rate):
    return x / (1 - rate) * mask


@dropout_mask.on("keras2", "keras3")
def _(keras, x, mask, *, rate):
    return keras.layers.Lambda(lambda y: y * (1 / (1 - rate)) * mask)(x)


for rate in (0.5, 0.1):
    dropout_mask.sample(
        f"rate-{rate}", x=_X, mask=fixtures.integers("mask_8x16", (8, 16), seed=42, low=0, high=2), rate=rate
    )


def _seen(np, y):
    return {"scale": y.max(), "dropped": np.mean(y == 0).astype(np.float32)}


def _seen_tf(tf, y):
    dropped = tf.cast(tf.equal(y, 0), tf.float32)
    return {"scale": tf.reduce_max(y), "dropped": tf.reduce_mean(dropped)}


dropout_scale = operation(
    "dropout_scale",
    reference=lambda x, *, rate: reference.dropout_of_ones(x.size, rate=rate),
    doc="""
    Dropout of ones, the share to drop written by name: keep_prob = 1 - rate in TensorFlow 1, rate after it.
    The kept become 1 / (1 - rate); their number is a matter of chance, within 6 standard deviations.
    """,
)


@dropout_scale.on("numpy")
def _(np, x, *, rate):
    return _seen(np, layers.dropout(x, rate, seed=1))


@dropout_scale.on("tf1.session")
def _(tf, x, *, rate):
    return _seen_tf(tf, tf.nn.dropout(x, keep_prob=1 - rate, seed=1))


@dropout_scale.on("tf2.eager", "tf2.function")
def _(tf, x, *, rate):
    return _seen_tf(tf, tf.nn.dropout(x, rate=rate, seed=1))


@dropout_scale.on("keras2", "keras3")
def _(keras, x, *, rate):
    import tensorflow as tf

    return _seen_tf(tf, keras.layers.Dropout(rate, seed=1)(x, training=True))


for rate in (0.5, 0.1):
    dropout_scale.sample(f"rate-{rate}", x=_ONES, rate=rate)

dropout_positional = operation(
    "dropout_positional",
    reference=lambda x, *, keep_prob: reference.dropout_of_ones(x.size, rate=1 - keep_prob),
    doc="""
    tf.nn.dropout(x, 0.9): TensorFlow 1 keeps 90 %, TensorFlow 2 drops 90 %, and the same line runs in both.
    So does Keras's Dropout(0.9).
    """,
)


@dropout_positional.on("numpy")
def _(np, x, *, keep_prob):
    return _seen(np, layers.dropout(x, 1 - keep_prob, seed=1))


@dropout_positional.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, keep_prob):
    return _seen_tf(tf, tf.nn.dropout(x, keep_prob, seed=1))


@dropout_positional.on("keras2", "keras3")
def _(keras, x, *, keep_prob):
    import tensorflow as tf

    return _seen_tf(tf, keras.layers.Dropout(keep_prob, seed=1)(x, training=True))


dropout_positional.sample("keep-0.9", x=_ONES, keep_prob=0.9)
