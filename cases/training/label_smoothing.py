"""Cross-entropy with smoothed labels: what is taken off the true class is shared by all, itself included."""

from compat import fixtures, operation, reference

_LOGITS = fixtures.normal("smoothed_logits_6x5", (6, 5), seed=381, scale=2.0)
_LABELS = fixtures.Fixture("smoothed_labels_6x5", lambda: _one_hot())
_BITS = fixtures.integers("smoothed_bits_6x5", (6, 5), seed=383, low=0, high=2)


def _one_hot():
    import numpy as np

    return np.eye(5, dtype=np.float32)[np.random.RandomState(382).randint(0, 5, 6)]


smoothed_cross_entropy = operation(
    "smoothed_cross_entropy",
    reference=reference.smoothed_cross_entropy,
    doc="Labels (1 - s) + s / classes; some write s / (classes - 1) for the others, which is another loss.",
)


@smoothed_cross_entropy.on("numpy")
def _(np, logits, labels, *, smoothing):
    smooth = labels * np.float32(1 - smoothing) + np.float32(smoothing / labels.shape[1])
    shifted = logits - logits.max(axis=1, keepdims=True)
    return -(smooth * (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))).sum(axis=1)


@smoothed_cross_entropy.on("tf1.session")
def _(tf, logits, labels, *, smoothing):
    none = tf.losses.Reduction.NONE
    return tf.losses.softmax_cross_entropy(labels, logits, label_smoothing=smoothing, reduction=none)


@smoothed_cross_entropy.on("tf2.eager", "tf2.function")
def _(tf, logits, labels, *, smoothing):
    smooth = labels * (1 - smoothing) + smoothing / 5
    return tf.nn.softmax_cross_entropy_with_logits(labels=smooth, logits=logits)


@smoothed_cross_entropy.on("keras2", "keras3")
def _(keras, logits, labels, *, smoothing):
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, reduction="none")
    return loss(labels, logits)


smoothed_binary_cross_entropy = operation(
    "smoothed_binary_cross_entropy",
    reference=reference.sigmoid_cross_entropy,
    doc="Of two classes: labels (1 - s) + s / 2, elementwise.",
)


@smoothed_binary_cross_entropy.on("numpy")
def _(np, logits, labels, *, smoothing):
    z = labels * np.float32(1 - smoothing) + np.float32(smoothing / 2)
    return np.maximum(logits, 0) - logits * z + np.log1p(np.exp(-abs(logits)))


@smoothed_binary_cross_entropy.on("tf1.session")
def _(tf, logits, labels, *, smoothing):
    none = tf.losses.Reduction.NONE
    return tf.losses.sigmoid_cross_entropy(labels, logits, label_smoothing=smoothing, reduction=none)


@smoothed_binary_cross_entropy.on("tf2.eager", "tf2.function")
def _(tf, logits, labels, *, smoothing):
    smooth = labels * (1 - smoothing) + smoothing / 2
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=smooth, logits=logits)


@smoothed_binary_cross_entropy.on("keras2", "keras3")
def _(keras, logits, labels, *, smoothing):
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, reduction="none")
    return loss(labels[..., None], logits[..., None])  # the loss takes a mean over the last axis


for smoothing in (0.0, 0.1, 0.4):
    smoothed_cross_entropy.sample(f"s{smoothing:g}", logits=_LOGITS, labels=_LABELS, smoothing=smoothing)
    smoothed_binary_cross_entropy.sample(f"s{smoothing:g}", logits=_LOGITS, labels=_BITS, smoothing=smoothing)
