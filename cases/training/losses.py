"""How losses are reduced: by what the sum is divided, above all where weights mask."""

from compat import Unsupported, fixtures, operation, reference

_PREDICTION = fixtures.normal("prediction_16x1", (16, 1), seed=71)
_TARGET = fixtures.normal("target_16x1", (16, 1), seed=72)
#: A mask with weights: 0, 1/2, 1, 3/2; some rows are 0.
_WEIGHTS = fixtures.Fixture("halves_16x1", lambda: _halves())


def _halves():
    import numpy as np

    return (np.random.RandomState(73).randint(0, 4, (16, 1)) / 2).astype(np.float32)


weighted_mse = operation(
    "weighted_mse",
    reference=reference.weighted_mse,
    doc="The squared error with a weight for each row: TensorFlow 1's reductions, and how others spell them.",
)


def _reduce(ops, losses, weights, reduction):
    if reduction == "none":
        return losses
    if reduction == "sum_over_batch_size":
        return ops.reduce_mean(losses)
    total = ops.reduce_sum(losses)
    if reduction == "sum":
        return total
    if reduction == "sum_by_nonzero_weights":
        return total / ops.reduce_sum(ops.cast(ops.not_equal(weights, 0), losses.dtype))
    return total / ops.reduce_sum(weights)


def _computing_in(loss, prediction):
    """Losses of Keras 3 compute in float32 whatever comes in; from 3.5 on ``dtype`` says otherwise."""
    import inspect

    told = "dtype" in inspect.signature(loss.__init__).parameters
    return {"dtype": prediction.dtype.name} if told else {}


@weighted_mse.on("numpy")
def _(np, prediction, target, weights, *, reduction):
    losses = (prediction - target) ** 2 * weights
    if reduction == "none":
        return losses
    count = {
        "sum": 1,
        "sum_by_nonzero_weights": np.count_nonzero(weights),
        "sum_over_batch_size": weights.size,
        "mean": weights.sum(),
    }[reduction]
    return losses.sum() / prediction.dtype.type(count)


@weighted_mse.on("tf1.session")
def _(tf, prediction, target, weights, *, reduction):
    named = getattr(tf.losses.Reduction, reduction.upper())
    return tf.losses.mean_squared_error(target, prediction, weights, reduction=named)


@weighted_mse.on("tf2.eager", "tf2.function")
def _(tf, prediction, target, weights, *, reduction):
    return _reduce(
        tf,
        tf.math.squared_difference(prediction, target) * weights,
        weights,
        reduction,
    )


@weighted_mse.on("keras2", "keras3")
def _(keras, prediction, target, weights, *, reduction):
    import tensorflow as tf

    target, weights = (tf.cast(array, prediction.dtype) for array in (target, weights))
    if reduction in ("sum", "sum_over_batch_size"):
        loss = keras.losses.MeanSquaredError
        loss = loss(reduction=reduction, **_computing_in(loss, prediction))
        return loss(target, prediction, sample_weight=weights)
    losses = keras.losses.mean_squared_error(target, prediction)[:, None] * weights
    return _reduce(tf, losses, weights, reduction)


for reduction in ("none", "sum", "sum_by_nonzero_weights", "sum_over_batch_size", "mean"):
    weighted_mse.sample(
        reduction, prediction=_PREDICTION, target=_TARGET, weights=_WEIGHTS, reduction=reduction
    )
    for dtype in ("float16", "bfloat16", "float64"):
        weighted_mse.sample(
            f"{dtype}-{reduction}",
            prediction=_PREDICTION.astype(dtype),
            target=_TARGET.astype(dtype),
            weights=_WEIGHTS.astype(dtype),
            reduction=reduction,
        )

weighted_mse_default = operation(
    "weighted_mse_default",
    reference=lambda prediction, target, weights: reference.weighted_mse(
        prediction, target, weights, reduction="sum_by_nonzero_weights"
    ),
    doc="""
    The reduction that nobody writes: tf.losses divides by the number of weights that are not 0, a Keras loss
    by the number of rows, masked or not.
    """,
)


@weighted_mse_default.on("numpy")
def _(np, prediction, target, weights):
    return ((prediction - target) ** 2 * weights).sum() / prediction.dtype.type(np.count_nonzero(weights))


@weighted_mse_default.on("tf1.session")
def _(tf, prediction, target, weights):
    return tf.losses.mean_squared_error(target, prediction, weights)


@weighted_mse_default.on("tf2.eager", "tf2.function")
def _(tf, prediction, target, weights):
    return tf.keras.losses.MeanSquaredError()(target, prediction, sample_weight=weights)


@weighted_mse_default.on("keras2", "keras3")
def _(keras, prediction, target, weights):
    import tensorflow as tf

    loss = keras.losses.MeanSquaredError()
    return loss(tf.constant(target), prediction, sample_weight=tf.constant(weights))


weighted_mse_default.sample("masked", prediction=_PREDICTION, target=_TARGET, weights=_WEIGHTS)
weighted_mse_default.sample(
    "no-zeros",
    prediction=_PREDICTION,
    target=_TARGET,
    weights=fixtures.uniform("positive_16x1", (16, 1), seed=74, low=0.5, high=1.5),
    doc="Without a 0 among the weights the two are the same: the port agrees until something is masked.",
)

huber = operation(
    "huber",
    reference=reference.huber,
    doc="The Huber loss, the mean of all: one default everywhere, delta = 1.",
)


@huber.on("numpy")
def _(np, prediction, target, *, delta):
    size = abs(prediction - target)
    quadratic = np.minimum(size, prediction.dtype.type(delta))
    return (quadratic * quadratic / 2 + prediction.dtype.type(delta) * (size - quadratic)).mean()


@huber.on("tf1.session")
def _(tf, prediction, target, *, delta):
    return tf.losses.huber_loss(target, prediction, delta=delta)


@huber.on("tf2.eager", "tf2.function")
def _(tf, prediction, target, *, delta):
    return tf.keras.losses.Huber(delta)(target, prediction)


@huber.on("keras2", "keras3")
def _(keras, prediction, target, *, delta):
    import tensorflow as tf

    if not hasattr(keras.losses, "Huber"):
        raise Unsupported("keras.losses.Huber begins with TensorFlow 1.14")
    loss = keras.losses.Huber
    return loss(delta, **_computing_in(loss, prediction))(tf.cast(target, prediction.dtype), prediction)


for delta in (1.0, 0.5):
    huber.sample(f"delta-{delta}", prediction=_PREDICTION, target=_TARGET, delta=delta)
for dtype in ("float16", "bfloat16", "float64"):
    huber.sample(dtype, prediction=_PREDICTION.astype(dtype), target=_TARGET.astype(dtype), delta=1.0)
