"""Batch normalisation: with given statistics, with the batch's own, and what the moving averages become.

The traps: epsilon, momentum, Bessel's correction, update ops that never run, a frozen layer.
"""

from compat import Unsupported, fixtures, layers, operation, reference

_X = fixtures.normal("bn_x_2x5x4x3", (2, 5, 4, 3), seed=31)
_STATISTICS = {
    "beta": fixtures.normal("bn_beta_3", (3,), seed=32),
    "gamma": fixtures.uniform("bn_gamma_3", (3,), seed=33, low=0.5, high=1.5),
    "mean": fixtures.normal("bn_mean_3", (3,), seed=34),
    "variance": fixtures.uniform("bn_variance_3", (3,), seed=35, low=0.05, high=1.5),
}


def _statistics(dtype):
    return {name: fixture.astype(dtype) for name, fixture in _STATISTICS.items()}


#: Small enough for epsilon to show.
_SMALL = fixtures.uniform("bn_small_variance_3", (3,), seed=36, low=2e-5, high=1e-4)


def _layer(keras, x, beta, gamma, mean, variance, **options):
    layer = keras.layers.BatchNormalization(dtype=x.dtype.name, **options)
    layer.build(x.shape)
    layer.set_weights([gamma, beta, mean, variance])
    return layer


def _moved(old, new, momentum):
    return old * momentum + new * (1 - momentum)


def _v1():
    """``tf.compat.v1``, which ``tf.compat.v1.compat`` and ``tf.compat.v2.compat`` of old versions lack."""
    import tensorflow

    return tensorflow.compat.v1


# -- inference

batch_norm = operation(
    "batch_norm",
    reference=lambda x, beta, gamma, mean, variance, *, epsilon: reference.batch_norm(
        x, mean, variance, beta, gamma, epsilon=epsilon
    ),
    doc="gamma (x - mean) / sqrt(variance + epsilon) + beta, statistics and epsilon given.",
)


@batch_norm.on("numpy")
def _(np, x, beta, gamma, mean, variance, *, epsilon):
    return layers.batch_norm(x, mean, variance, beta, gamma, epsilon)


@batch_norm.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, beta, gamma, mean, variance, *, epsilon):
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


@batch_norm.on("keras2", "keras3")
def _(keras, x, beta, gamma, mean, variance, *, epsilon):
    return _layer(keras, x, beta, gamma, mean, variance, epsilon=epsilon)(x, training=False)


for epsilon in (1e-3, 1e-5):
    batch_norm.sample(f"epsilon-{epsilon:g}", x=_X, epsilon=epsilon, **_STATISTICS)
for dtype in ("float16", "bfloat16", "float64"):
    batch_norm.sample(dtype, x=_X.astype(dtype), epsilon=1e-3, **_statistics(dtype))

batch_norm_default_epsilon = operation(
    "batch_norm_default_epsilon",
    reference=lambda x, beta, gamma, mean, variance: reference.batch_norm(
        x, mean, variance, beta, gamma, epsilon=1e-5
    ),
    doc="""
    The epsilon that nobody writes: 1e-5 in PyTorch, whose weights are ported here, 1e-3 in tf.layers, Keras
    and tf.nn.fused_batch_norm.
    """,
)


@batch_norm_default_epsilon.on("numpy")
def _(np, x, beta, gamma, mean, variance):
    return layers.batch_norm(x, mean, variance, beta, gamma, 1e-5)


@batch_norm_default_epsilon.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, beta, gamma, mean, variance):
    return _v1().nn.fused_batch_norm(x, gamma, beta, mean, variance, is_training=False)[0]


@batch_norm_default_epsilon.on("keras2", "keras3")
def _(keras, x, beta, gamma, mean, variance):
    return _layer(keras, x, beta, gamma, mean, variance)(x, training=False)


batch_norm_default_epsilon.sample("not-written", x=_X, **_STATISTICS)

batch_norm_fused_epsilon = operation(
    "batch_norm_fused_epsilon",
    reference=lambda x, beta, gamma, mean, variance, *, epsilon: reference.batch_norm(
        x, mean, variance, beta, gamma, epsilon=epsilon
    ),
    doc="""
    tf.nn.fused_batch_norm raises an epsilon below 1.001e-5 to that, as cuDNN asks, on every device; so do the
    layers that call it. It shows where the variance is small.
    """,
)


@batch_norm_fused_epsilon.on("numpy")
def _(np, x, beta, gamma, mean, variance, *, epsilon):
    return layers.batch_norm(x, mean, variance, beta, gamma, epsilon)


@batch_norm_fused_epsilon.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, beta, gamma, mean, variance, *, epsilon):
    fused = _v1().nn.fused_batch_norm
    return fused(x, gamma, beta, mean, variance, epsilon=epsilon, is_training=False)[0]


@batch_norm_fused_epsilon.on("keras2", "keras3")
def _(keras, x, beta, gamma, mean, variance, *, epsilon):
    return _layer(keras, x, beta, gamma, mean, variance, epsilon=epsilon)(x, training=False)


for epsilon in (2e-5, 1e-6):
    batch_norm_fused_epsilon.sample(
        f"epsilon-{epsilon:g}", x=_X, epsilon=epsilon, **dict(_STATISTICS, variance=_SMALL)
    )

# -- training

batch_norm_training = operation(
    "batch_norm_training",
    reference=lambda x, beta, gamma, mean, variance, *, momentum, fused: reference.batch_norm_training(
        x, beta, gamma, mean, variance, epsilon=1e-3, momentum=momentum, bessel=fused
    ),
    doc="""
    One step: y from the batch's own mean and variance, sum / n, and the moving averages after it. The fused
    kernel (images of rank 4) moves the variance towards sum / (n - 1); Keras 3 always takes sum / n.
    """,
)


@batch_norm_training.on("numpy")
def _(np, x, beta, gamma, mean, variance, *, momentum, fused):
    y, batch_mean, batch_variance = layers.fused_batch_norm(x, beta, gamma, 1e-3)
    if not fused:
        batch_mean, batch_variance = layers.moments(x)
    momentum = batch_mean.dtype.type(momentum)
    return {
        "y": y,
        "moving_mean": _moved(mean, batch_mean, momentum).astype(x.dtype),
        "moving_variance": _moved(variance, batch_variance, momentum).astype(x.dtype),
    }


@batch_norm_training.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, beta, gamma, mean, variance, *, momentum, fused):
    if fused:  # the kernel wants all but x in float32
        gamma, beta, mean, variance = (tf.cast(t, tf.float32) for t in (gamma, beta, mean, variance))
        y, batch_mean, batch_variance = _v1().nn.fused_batch_norm(x, gamma, beta, epsilon=1e-3)
    else:
        batch_mean, batch_variance = tf.nn.moments(x, [0, 1, 2])
        y = tf.nn.batch_normalization(x, batch_mean, batch_variance, beta, gamma, 1e-3)
    return {
        "y": y,
        "moving_mean": tf.cast(_moved(mean, batch_mean, momentum), x.dtype),
        "moving_variance": tf.cast(_moved(variance, batch_variance, momentum), x.dtype),
    }


@batch_norm_training.on("keras2")
def _(keras, x, beta, gamma, mean, variance, *, momentum, fused):
    return _trained(_layer(keras, x, beta, gamma, mean, variance, momentum=momentum, fused=fused), x)


@batch_norm_training.on("keras3")
def _(keras, x, beta, gamma, mean, variance, *, momentum, fused):
    return _trained(_layer(keras, x, beta, gamma, mean, variance, momentum=momentum), x)


def _trained(layer, x):
    """What a training step leaves; in a graph the updates are operations of their own."""
    import tensorflow as tf

    y = layer(x, training=True)
    updates = [] if tf.executing_eagerly() else layer.updates
    with tf.control_dependencies(updates):
        return {
            "y": y,
            "moving_mean": tf.cast(tf.identity(layer.moving_mean), x.dtype),
            "moving_variance": tf.cast(tf.identity(layer.moving_variance), x.dtype),
        }


for name, momentum, fused in (("fused", 0.99, True), ("fused-0.9", 0.9, True), ("moments", 0.9, False)):
    batch_norm_training.sample(name, x=_X, momentum=momentum, fused=fused, **_STATISTICS)
for dtype, kernel in (
    ("float16", "fused"),
    ("bfloat16", "fused"),
    ("float16", "moments"),
    ("bfloat16", "moments"),
    ("float64", "moments"),
):
    batch_norm_training.sample(
        f"{dtype}-{kernel}",
        x=_X.astype(dtype),
        momentum=0.9,
        fused=kernel == "fused",
        **_statistics(dtype),
    )

batch_norm_momentum = operation(
    "batch_norm_momentum",
    reference=lambda x, beta, gamma, mean, variance, *, momentum, port: reference.batch_norm_training(
        x, beta, gamma, mean, variance, epsilon=1e-3, momentum=1 - momentum, bessel=True
    )["moving_mean"],
    doc="""
    momentum as PyTorch has it: the weight of the new value (0.1). In tf.layers and Keras it is the weight of
    the old one: write 1 - momentum.
    """,
)


@batch_norm_momentum.on("numpy")
def _(np, x, beta, gamma, mean, variance, *, momentum, port):
    return _moved(mean, layers.moments(x)[0], np.float32(1 - momentum))


@batch_norm_momentum.on("keras2", "keras3")
def _(keras, x, beta, gamma, mean, variance, *, momentum, port):
    ported = 1 - momentum if port == "one less" else momentum
    return _trained(_layer(keras, x, beta, gamma, mean, variance, momentum=ported), x)["moving_mean"]


for port in ("as it is", "one less"):
    batch_norm_momentum.sample(port.replace(" ", "-"), x=_X, momentum=0.1, port=port, **_STATISTICS)

batch_norm_update_ops = operation(
    "batch_norm_update_ops",
    reference=lambda x, beta, gamma, mean, variance, *, port: reference.batch_norm_training(
        x, beta, gamma, mean, variance, epsilon=1e-3, momentum=0.99, bessel=True
    )["moving_mean"],
    doc="""
    tf.layers.batch_normalization makes its updates as operations in the collection UPDATE_OPS. Who does not
    run them trains well and infers with the initial statistics.
    """,
)


@batch_norm_update_ops.on("numpy")
def _(np, x, beta, gamma, mean, variance, *, port):
    return _moved(mean, layers.moments(x)[0], np.float32(0.99))


@batch_norm_update_ops.on("tf1.session")
def _(tf, x, beta, gamma, mean, variance, *, port):
    try:
        layer = tf.layers.BatchNormalization(moving_mean_initializer=lambda *_, **__: mean)
    except (AttributeError, ImportError):
        raise Unsupported("from TensorFlow 2.16 tf.layers is gone with Keras 2") from None
    y = layer.apply(x, training=True)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS) or layer.updates
    with tf.control_dependencies([y] + (updates if port == "run" else [])):
        return tf.identity(layer.moving_mean)


for port in ("run", "forgotten"):
    batch_norm_update_ops.sample(port, x=_X, port=port, **_STATISTICS)

batch_norm_frozen = operation(
    "batch_norm_frozen",
    reference=lambda x, beta, gamma, mean, variance: reference.batch_norm(
        x, mean, variance, beta, gamma, epsilon=1e-3
    ),
    doc="""
    trainable=False: from TensorFlow 2 the layer infers with its moving statistics even where training=True;
    in TensorFlow 1 it went on with those of the batch.
    """,
)


@batch_norm_frozen.on("numpy")
def _(np, x, beta, gamma, mean, variance):
    return layers.batch_norm(x, mean, variance, beta, gamma, 1e-3)


@batch_norm_frozen.on("keras2", "keras3")
def _(keras, x, beta, gamma, mean, variance):
    layer = _layer(keras, x, beta, gamma, mean, variance)
    layer.trainable = False
    return layer(x, training=True)


batch_norm_frozen.sample("trainable-false", x=_X, **_STATISTICS)
