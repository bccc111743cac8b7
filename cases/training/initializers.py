"""Initialisers: which distribution each name means, and whether one seed gives one set of weights.

The numbers are random, so that their mean, deviation and largest are judged: within five standard errors
of the distribution's for 60,000 numbers.
"""

from compat import Unsupported, fixtures, layers, operation, reference

_INPUTS, _UNITS, _SEED = 200, 300, 3
_SHAPE = (_INPUTS, _UNITS)
#: The names of the cases -> those of the distributions.
_DISTRIBUTIONS = {
    "glorot_uniform": "glorot_uniform",
    "he_normal": "he_normal",
    "truncated_normal": "truncated_normal 0.1",
}

initialiser = operation(
    "initialiser",
    reference=lambda x, *, kind: reference.drawn(
        distribution=_DISTRIBUTIONS[kind], inputs=_INPUTS, units=_UNITS
    ),
    doc="""
    200x300 weights. truncated_normal(stddev) gives 0.88 of the deviation that it is asked for; he_normal and
    the other scaled ones make up for it. Two initialisers of one seed repeat each other in TensorFlow 1.
    """,
)


@initialiser.on("numpy")
def _(np, x, kind):
    if kind != "glorot_uniform":
        raise Unsupported(f"compat.layers has no {kind}")
    first, again = (layers.glorot_uniform(_SEED)(_SHAPE).astype(np.float32) for _ in range(2))
    return {
        "mean": first.mean(),
        "deviation": first.std(),
        "largest": abs(first).max(),
        "one_seed_repeats": np.float32(np.array_equal(first, again)),
    }


def _told(tf, first, again):
    mean = tf.reduce_mean(first)
    return {
        "mean": mean,
        "deviation": tf.sqrt(tf.reduce_mean(tf.square(first - mean))),
        "largest": tf.reduce_max(tf.abs(first)),
        "one_seed_repeats": tf.cast(tf.reduce_all(tf.equal(first, again)), tf.float32),
    }


@initialiser.on("tf1.session")
def _(tf, x, kind):
    settings = {"stddev": 0.1} if kind == "truncated_normal" else {}
    make = lambda: getattr(tf.initializers, kind)(seed=_SEED, **settings)
    return _told(tf, make()(_SHAPE), make()(_SHAPE))


def _of_keras(tf, keras, kind):
    if kind == "truncated_normal":
        make = lambda: keras.initializers.TruncatedNormal(stddev=0.1, seed=_SEED)
    else:
        make = lambda: getattr(keras.initializers, kind)(seed=_SEED)
    return _told(tf, make()(_SHAPE), make()(_SHAPE))


@initialiser.on("tf2.eager", "tf2.function")
def _(tf, x, kind):
    return _of_keras(tf, tf.keras, kind)


@initialiser.on("keras2", "keras3")
def _(keras, x, kind):
    import tensorflow as tf

    return _of_keras(tf, keras, kind)


for kind in _DISTRIBUTIONS:
    initialiser.sample(kind, x=fixtures.values("initialiser_nothing", [0.0]), kind=kind)
