"""Normalisation of each example alone: by layer, instance and group; and moments under a mask.

The traps: along which axes, epsilon (1e-3 in Keras, 1e-5 in PyTorch), and means that count what is masked.
"""

from compat import Unsupported, fixtures, operation, reference

_X = fixtures.normal("norm_x_2x3x4x6", (2, 3, 4, 6), seed=301)
_SCALES = {
    "gamma": fixtures.uniform("norm_gamma_6", (6,), seed=302, low=0.5, high=1.5),
    "beta": fixtures.normal("norm_beta_6", (6,), seed=303),
}
#: So small that epsilon decides.
_FLAT = fixtures.normal("norm_flat_2x3x4x6", (2, 3, 4, 6), seed=304, scale=0.01)


def _spelled(x, gamma, beta, mean, rsqrt, axes, epsilon):
    centred = x - mean(x, axes)
    return centred * rsqrt(mean(centred * centred, axes) + epsilon) * gamma + beta


def _in_numpy(np, x, gamma, beta, axes, epsilon):
    return _spelled(
        x,
        gamma,
        beta,
        lambda v, axes: v.mean(axis=axes, keepdims=True),
        lambda v: 1 / np.sqrt(v),
        axes,
        x.dtype.type(epsilon),
    )


def _in_tensorflow(tf, x, gamma, beta, axes, epsilon):
    try:
        mean, variance = tf.nn.moments(x, list(axes), keepdims=True)
    except TypeError:  # TensorFlow 1.13
        mean, variance = tf.nn.moments(x, list(axes), keep_dims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


layer_norm = operation(
    "layer_norm",
    reference=reference.layer_norm,
    doc="Each example by its own mean and biased variance, along the given axes; gamma and beta broadcast.",
)


@layer_norm.on("numpy")
def _(np, x, gamma, beta, *, axis, epsilon):
    return _in_numpy(np, x, gamma, beta, tuple(axis), epsilon)


@layer_norm.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, gamma, beta, *, axis, epsilon):
    return _in_tensorflow(tf, x, gamma, beta, axis, epsilon)


@layer_norm.on("keras2", "keras3")
def _(keras, x, gamma, beta, *, axis, epsilon):
    if not hasattr(keras.layers, "LayerNormalization"):
        raise Unsupported("Keras has LayerNormalization from TensorFlow 1.14 on")
    if len(axis) > 1:
        raise Unsupported("Keras's gamma and beta have all the normalised axes")
    return _layer_of_keras(keras, x, gamma, beta, axis=axis[0], epsilon=epsilon)


def _layer_of_keras(keras, x, gamma, beta, **options):
    layer = keras.layers.LayerNormalization(**options)
    layer.build(x.shape)
    layer.built = True  # that of TensorFlow 1.14 does not say it, and would build new weights
    layer.set_weights([gamma, beta])
    return layer(x)


for name, x, axis, epsilon in (
    ("last", _X, (-1,), 1e-3),
    ("small-variance", _FLAT, (-1,), 1e-5),
    ("all-but-the-batch", _X, (1, 2, 3), 1e-3),
):
    layer_norm.sample(name, x=x, axis=axis, epsilon=epsilon, **_SCALES)

layer_norm_default = operation(
    "layer_norm_default",
    reference=lambda x, gamma, beta: reference.layer_norm(x, gamma, beta, epsilon=1e-5),
    doc="The epsilon that nobody writes: 1e-5 in PyTorch, whose weights are ported here, 1e-3 in Keras.",
)


@layer_norm_default.on("numpy")
def _(np, x, gamma, beta):
    return _in_numpy(np, x, gamma, beta, (3,), 1e-5)


@layer_norm_default.on("keras2", "keras3")
def _(keras, x, gamma, beta):
    if not hasattr(keras.layers, "LayerNormalization"):
        raise Unsupported("Keras has LayerNormalization from TensorFlow 1.14 on")
    return _layer_of_keras(keras, x, gamma, beta)


layer_norm_default.sample("not-written", x=_FLAT, **_SCALES)

instance_norm = operation(
    "instance_norm",
    reference=reference.instance_norm,
    doc="Every channel of every image by its own mean and variance; Keras spells it as groups of one channel.",
)


@instance_norm.on("numpy")
def _(np, x, gamma, beta, *, epsilon):
    return _in_numpy(np, x, gamma, beta, (1, 2), epsilon)


@instance_norm.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, gamma, beta, *, epsilon):
    return _in_tensorflow(tf, x, gamma, beta, (1, 2), epsilon)


def _groups_of_keras(keras, x, gamma, beta, groups, epsilon):
    if not hasattr(keras.layers, "GroupNormalization"):
        raise Unsupported("Keras has GroupNormalization from TensorFlow 2.11 on")
    layer = keras.layers.GroupNormalization(groups=groups, epsilon=epsilon)
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    return layer(x)


@instance_norm.on("keras2", "keras3")
def _(keras, x, gamma, beta, *, epsilon):
    return _groups_of_keras(keras, x, gamma, beta, int(x.shape[-1]), epsilon)


for name, x, epsilon in (("plain", _X, 1e-5), ("small-variance", _FLAT, 1e-3)):
    instance_norm.sample(name, x=x, epsilon=epsilon, **_SCALES)

group_norm = operation(
    "group_norm",
    reference=reference.group_norm,
    doc="Channels in groups of neighbours: 6 channels in 2 groups are 0, 1, 2 and 3, 4, 5.",
)


def _grouped(ops, x, gamma, beta, groups, epsilon, normalise):
    n, h, w, c = (int(size) for size in x.shape)
    apart = ops.reshape(x, (n, h, w, groups, c // groups))
    gamma, beta = (ops.reshape(array, (groups, c // groups)) for array in (gamma, beta))
    return ops.reshape(normalise(ops, apart, gamma, beta, (1, 2, 4), epsilon), (n, h, w, c))


@group_norm.on("numpy")
def _(np, x, gamma, beta, *, groups, epsilon):
    return _grouped(np, x, gamma, beta, groups, epsilon, _in_numpy)


@group_norm.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, gamma, beta, *, groups, epsilon):
    return _grouped(tf, x, gamma, beta, groups, epsilon, _in_tensorflow)


@group_norm.on("keras2", "keras3")
def _(keras, x, gamma, beta, *, groups, epsilon):
    return _groups_of_keras(keras, x, gamma, beta, groups, epsilon)


for groups, epsilon in ((1, 1e-3), (2, 1e-3), (3, 1e-5)):
    group_norm.sample(f"groups-{groups}", x=_X, groups=groups, epsilon=epsilon, **_SCALES)

weighted_moments = operation(
    "weighted_moments",
    reference=reference.weighted_moments,
    doc="""
    Mean and biased variance of what the mask keeps: tf.nn.weighted_moments. Multiplied by the mask first, the
    zeros would count.
    """,
)


@weighted_moments.on("numpy")
def _(np, x, weights, *, axis):
    weights = np.broadcast_to(weights, x.shape)
    total = weights.sum(axis=axis, keepdims=True)
    mean = (x * weights).sum(axis=axis, keepdims=True) / total
    variance = (weights * (x - mean) ** 2).sum(axis=axis, keepdims=True) / total
    return {"mean": mean.squeeze(axis), "variance": variance.squeeze(axis)}


@weighted_moments.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, weights, *, axis):
    mean, variance = tf.nn.weighted_moments(x, [axis], weights)
    return {"mean": mean, "variance": variance}


_LENGTHS = fixtures.values("mask_of_4_2_3", [[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]])
_SEQUENCE = fixtures.normal("moments_x_3x4x5", (3, 4, 5), seed=305)
weighted_moments.sample("masked-end", x=_SEQUENCE, weights=_LENGTHS.reshape(3, 4, 1), axis=1)
weighted_moments.sample(
    "weights",
    x=_SEQUENCE,
    weights=fixtures.uniform("moments_weights", (3, 4, 5), seed=306, low=0.25, high=2.0),
    axis=1,
)
