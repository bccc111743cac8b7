"""Initialisers: which distribution each name means, and whether one seed gives one set of weights.

The numbers are random, so that their mean, deviation and largest are judged: within five standard errors
of the distribution's for 60,000 numbers.
"""

from compat import Unsupported, fixtures, layers, operation, reference

_INPUTS, _UNITS, _SEED = 200, 300, 3
_SHAPE = (_INPUTS, _UNITS)
#: The standard deviation of a normal distribution that is cut off at two of its standard deviations.
_CUT = 0.87962566103423978
#: name -> (standard deviation, the largest magnitude that there can be)
_DISTRIBUTIONS = {
    # Uniform in +-sqrt(6 / (inputs + units)): Glorot and Bengio 2010.
    "glorot_uniform": ((2 / 500) ** 0.5, (6 / 500) ** 0.5),
    # Normal with variance 2 / inputs, cut off, and widened so that the variance stays: He and others 2015.
    "he_normal": (0.1, 2 * 0.1 / _CUT),
    # Normal with deviation 0.1, cut off, and not widened: what comes is narrower than what was asked for.
    "truncated_normal": (0.1 * _CUT, 0.2),
}


def _reference(x, *, kind):
    deviation, largest = _DISTRIBUTIONS[kind]
    count = _INPUTS * _UNITS
    five = 5 * deviation / count**0.5
    return {
        "mean": reference.Within(-five, five),
        # The deviation's own error is at most deviation / sqrt(2 count): none of these has heavy tails.
        "deviation": reference.Within(deviation - five, deviation + five),
        "largest": reference.Within(0.99 * largest, largest),
        "one_seed_repeats": reference.Reference(1.0),
    }


initialiser = operation(
    "initialiser",
    reference=_reference,
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
