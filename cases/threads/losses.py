"""Public threads about losses and metrics: clipping, reductions, broadcasting, and which metric a name means.

What was expected of each before anything was run is in threads.toml.
"""

from compat import fixtures, operation, reference


def _log(x):
    import numpy as np

    return x.through(np.log, lambda low, high: np.where(low > 0, 1 / low, np.inf))


thread_clipped_crossentropy = operation(
    "thread_clipped_crossentropy",
    reference=lambda logits, labels: reference.softmax_cross_entropy(logits, labels)["loss"],
    doc="""
    The loss of a sure and wrong prediction is 16.118 in Keras and 300 in tf.nn. Keras gets probabilities and clips
    them at 1e-7, of which the logarithm is -16.118.
    """,
)


@thread_clipped_crossentropy.on("tf1.session")
def _(tf, logits, labels):
    return tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)


@thread_clipped_crossentropy.on("tf2.eager")
def _(tf, logits, labels):
    return tf.keras.losses.categorical_crossentropy(labels, tf.nn.softmax(logits))


thread_clipped_crossentropy.sample(
    "two-rows",
    logits=fixtures.values("sure_logits", [[300, 100, 100], [-100, 200, 500]]),
    labels=fixtures.values("first_and_second", [[1, 0, 0], [0, 1, 0]]),
)


def _binary(p, y):
    p = reference.Tracked(p)
    y = y.astype("float64")
    return -(_log(p) * y + _log(1 - p) * (1 - y))


thread_binary_epsilon = operation(
    "thread_binary_epsilon",
    reference=lambda p, y: _binary(p, y)[:, 0].reference(),
    doc="""
    binary_crossentropy gives 15.33 where the formula gives 15.94. Keras 2 clips the probabilities and then adds
    1e-7 once more within the logarithm.
    """,
)


@thread_binary_epsilon.on("tf1.session")
def _(tf, p, y):
    return -tf.reduce_mean(y * tf.log(p) + (1.0 - y) * tf.log(1.0 - p), -1)


@thread_binary_epsilon.on("keras2")
def _(keras, p, y):
    return keras.losses.binary_crossentropy(y, p)


thread_binary_epsilon.sample(
    "three",
    p=fixtures.values("sure_probabilities", [[0.9999999], [0.9999999], [0.0000001]]),
    y=fixtures.values("zero_one_zero", [[0], [1], [0]]),
)

thread_smoothing_axis = operation(
    "thread_smoothing_axis",
    reference=lambda p, y: (
        -(_log(reference.Tracked(p)) * (reference.Tracked(y) * 0.9 + 0.1 / 3)).sum(-1)
    ).reference(),
    doc="""
    label_smoothing on labels of rank 3 smooths too much: TensorFlow 1.14 and 2.0 took the number of classes from
    axis 1, which is the sequence, and not from the last axis. Both rules are written out here.
    """,
)


def _smoothed(tf, p, y, classes):
    smoothed = y * (1.0 - 0.1) + 0.1 / tf.cast(classes, tf.float32)
    return -tf.reduce_sum(smoothed * tf.math.log(p), -1)


@thread_smoothing_axis.on("tf1.session")
def _(tf, p, y):
    return _smoothed(tf, p, y, tf.shape(y)[-1])


@thread_smoothing_axis.on("tf2.eager")
def _(tf, p, y):
    return _smoothed(tf, p, y, tf.shape(y)[1])


thread_smoothing_axis.sample(
    "1x2x3",
    p=fixtures.values("probabilities_of_two", [[[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]]]),
    y=fixtures.values("second_twice", [[[0, 1, 0], [0, 1, 0]]]),
)

thread_zero_weights = operation(
    "thread_zero_weights",
    reference=lambda x, y, w: reference.weighted_mse(x, y, w, reduction="sum_by_nonzero_weights"),
    doc="""
    The same sample weights with a zero among them, and two losses: 0.2 and 0.1333. One divides by the number of
    weights that are not 0, tf.keras by the number of rows.
    """,
)


@thread_zero_weights.on("tf1.session")
def _(tf, x, y, w):
    return tf.losses.mean_squared_error(y, x, w)


@thread_zero_weights.on("keras2", "keras3")
def _(keras, x, y, w):
    import tensorflow as tf

    return keras.losses.MeanSquaredError()(tf.constant(y), x, sample_weight=tf.constant(w))


thread_zero_weights.sample(
    "three",
    x=fixtures.values("one_two_three_rows", [[1], [2], [3]]),
    y=fixtures.values("one_four_five_rows", [[1], [4], [5]]),
    w=fixtures.values("tenth_none_tenth", [[0.1], [0], [0.1]]),
)


def _mean_of_squares(p, y):
    difference = reference.Tracked(y[:, None]) - p.astype("float64")
    return (difference * difference).mean().reference()


thread_broadcast_mse = operation(
    "thread_broadcast_mse",
    reference=_mean_of_squares,
    doc="""
    A mean squared error by hand is far too large. Targets of shape (3,) against predictions of (3, 1) broadcast to
    all nine pairs, without a word.
    """,
)


@thread_broadcast_mse.on("tf1.session")
def _(tf, p, y):
    return tf.reduce_mean(tf.square(tf.expand_dims(y, 1) - p))


@thread_broadcast_mse.on("tf2.eager")
def _(tf, p, y):
    return tf.reduce_mean(tf.square(y - p))


thread_broadcast_mse.sample(
    "three",
    p=fixtures.values("one_two_four_rows", [[1], [2], [4]]),
    y=fixtures.values("one_two_three", [1, 2, 3]),
)

thread_accuracy_class = operation(
    "thread_accuracy_class",
    reference=lambda p, y: reference.Reference(((p > 0.5) == y).mean(), 1.0, 6),
    doc="""
    metrics=["accuracy"] shows 0.75 and metrics=[Accuracy()] 0. The name becomes BinaryAccuracy, with a threshold of
    0.5; the class Accuracy asks whether prediction and label are the same number.
    """,
)


@thread_accuracy_class.on("tf1.session")
def _(tf, p, y):
    return tf.reduce_mean(tf.cast(tf.equal(tf.cast(tf.greater(p, 0.5), tf.float32), y), tf.float32))


@thread_accuracy_class.on("tf2.eager")
def _(tf, p, y):
    metric = tf.keras.metrics.Accuracy()
    metric.update_state(y, p)
    return metric.result()


thread_accuracy_class.sample(
    "four",
    p=fixtures.values("four_probabilities", [[0.1], [0.9], [0.8], [0.6]]),
    y=fixtures.values("four_labels", [[0], [1], [1], [0]]),
    expected=0.75,
)

thread_auc_thresholds = operation(
    "thread_auc_thresholds",
    reference=lambda scores, labels: reference.Reference(
        (scores[labels == 1][:, None] > scores[labels == 0]).mean(), 1.0, 6
    ),
    doc="""
    scikit-learn says 0.75 and TensorFlow 0.5 of the same scores. TensorFlow approximates the area on 200
    thresholds, and all these scores lie between two of them.
    """,
)


@thread_auc_thresholds.on("tf1.session")
def _(tf, scores, labels):
    above = tf.cast(tf.expand_dims(scores, 1) > tf.expand_dims(scores, 0), tf.float32)
    pairs = tf.expand_dims(labels, 1) * tf.expand_dims(1.0 - labels, 0)
    return tf.reduce_sum(above * pairs) / tf.reduce_sum(pairs)


@thread_auc_thresholds.on("tf2.eager")
def _(tf, scores, labels):
    metric = tf.keras.metrics.AUC()
    metric.update_state(labels, scores)
    return metric.result()


thread_auc_thresholds.sample(
    "four",
    scores=fixtures.values("close_scores", [0.5001, 0.5002, 0.5003, 0.5004]),
    labels=fixtures.values("every_second", [0, 1, 0, 1]),
    expected=0.75,
)

thread_ctc_blank = operation(
    "thread_ctc_blank",
    reference=lambda *inputs: reference.ctc_loss(*inputs, blank_index=-1),
    doc="""
    tf.nn.ctc_loss of TensorFlow 2 gives another loss than that of TensorFlow 1. The blank was the last class and is
    the first one.
    """,
)


@thread_ctc_blank.on("tf1.session")
def _(tf, logits, labels, label_length, logit_length):
    sparse = tf.SparseTensor(tf.constant([[0, 0]], tf.int64), tf.reshape(labels, [1]), [1, 1])
    return tf.nn.ctc_loss(sparse, logits, logit_length)


@thread_ctc_blank.on("tf2.eager")
def _(tf, logits, labels, label_length, logit_length):
    return tf.nn.ctc_loss(labels, logits, label_length, logit_length)


thread_ctc_blank.sample(
    "two-frames",
    logits=fixtures.values("two_frames", [[[0, 1, 2]], [[1, 0, 3]]]),
    labels=fixtures.values("label_one", [[1]], "int32"),
    label_length=fixtures.values("length_one", [1], "int32"),
    logit_length=fixtures.values("length_two", [2], "int32"),
)
