"""Softmax and sigmoid cross-entropy: logits or probabilities, and where the gradients go."""

from compat import fixtures, layers, operation, reference

_LOGITS = fixtures.normal("logits_12x5", (12, 5), seed=61, scale=3.0)
_ONE_HOT = fixtures.Fixture("one_hot_12x5", lambda: _one_hot())
_SOFT = fixtures.Fixture("soft_labels_12x5", lambda: _soft())


def _classes():
    import numpy as np

    return np.random.RandomState(62).randint(0, 5, 12)


def _one_hot():
    import numpy as np

    return np.eye(5, dtype=np.float32)[_classes()]


def _soft():
    """Eighths: 5 labels of 1/8 and 3/8 more to one, exact sums of 1."""
    return (_one_hot() * 3 + 1) / 8


def _without(answer, *names):
    return {name: answer[name] for name in answer if name not in names}


def _v1():
    """``tf.compat.v1``, which ``tf.compat.v1.compat`` and ``tf.compat.v2.compat`` of old versions lack."""
    import tensorflow

    return tensorflow.compat.v1


softmax_cross_entropy = operation(
    "softmax_cross_entropy",
    reference=lambda logits, labels, *, version: _without(
        reference.softmax_cross_entropy(logits, labels), "dlabels"
    ),
    doc="The loss of every row from its logits, and its gradient in them: the same in v1 and v2.",
)
softmax_cross_entropy_labels = operation(
    "softmax_cross_entropy_labels",
    reference=lambda logits, labels, *, version: _without(
        reference.softmax_cross_entropy(logits, labels), "loss", "dlogits"
    ),
    doc="""
    The gradient in the labels, -log_softmax(logits): v1 has none (0 here), v2 has, and in TensorFlow 2 the
    name without _v2 is v2. It matters where labels are computed: write tf.stop_gradient(labels).
    """,
)


def _numpy_softmax_cross_entropy(np, logits, labels):
    logarithms = layers.log_softmax(logits)
    return {
        "loss": -(labels * logarithms).sum(axis=-1),
        "dlogits": np.exp(logarithms) - labels,
        "dlabels": -logarithms,
    }


def _function(tf, version):
    if version == "no name":
        return tf.nn.softmax_cross_entropy_with_logits
    v1 = _v1().nn
    return (
        v1.softmax_cross_entropy_with_logits_v2 if version == "v2" else v1.softmax_cross_entropy_with_logits
    )


def _spell(cross_entropy, *dropped):
    @cross_entropy.on("numpy")
    def _(np, logits, labels, *, version):
        return _without(_numpy_softmax_cross_entropy(np, logits, labels), *dropped)

    @cross_entropy.on("tf1.session")
    def _(tf, logits, labels, *, version):
        loss = _function(tf, version)(labels=labels, logits=logits)
        dlogits, dlabels = tf.gradients(loss, [logits, labels])
        dlabels = tf.zeros_like(labels) if dlabels is None else dlabels
        return _without({"loss": loss, "dlogits": dlogits, "dlabels": dlabels}, *dropped)

    @cross_entropy.on("tf2.eager", "tf2.function")
    def _(tf, logits, labels, *, version):
        with tf.GradientTape() as tape:
            tape.watch([logits, labels])
            loss = _function(tf, version)(labels=labels, logits=logits)
        dlogits, dlabels = tape.gradient(loss, [logits, labels])
        dlabels = tf.zeros_like(labels) if dlabels is None else dlabels
        return _without({"loss": loss, "dlogits": dlogits, "dlabels": dlabels}, *dropped)


_spell(softmax_cross_entropy, "dlabels")
_spell(softmax_cross_entropy_labels, "loss", "dlogits")

for name, labels in (("one-hot", _ONE_HOT), ("soft", _SOFT)):
    for version in ("v1", "v2"):
        softmax_cross_entropy.sample(f"{name}-{version}", logits=_LOGITS, labels=labels, version=version)
for dtype in ("float16", "bfloat16", "float64"):
    softmax_cross_entropy.sample(
        f"{dtype}-v2", logits=_LOGITS.astype(dtype), labels=_SOFT.astype(dtype), version="v2"
    )
for version in ("v1", "v2", "no name"):
    softmax_cross_entropy_labels.sample(
        version.replace(" ", "-"), logits=_LOGITS, labels=_SOFT, version=version
    )

crossentropy = operation(
    "crossentropy",
    reference=lambda x, labels, *, logits, says: reference.crossentropy(x, labels, from_logits=logits),
    doc="""
    Keras's crossentropy takes probabilities unless from_logits=True. Logits fed without it, or probabilities
    fed with it, give a number all the same, and training goes on.
    """,
)


@crossentropy.on("numpy")
def _(np, x, labels, *, logits, says):
    logarithms = layers.log_softmax(x) if logits else np.log(x / x.sum(axis=-1, keepdims=True))
    return -(labels * logarithms).sum(axis=-1)


@crossentropy.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, labels, *, logits, says):
    if says:
        return tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=x)
    return -tf.reduce_sum(labels * tf.math.log(x), axis=-1)


@crossentropy.on("keras2", "keras3")
def _(keras, x, labels, *, logits, says):
    import tensorflow as tf

    return keras.losses.categorical_crossentropy(tf.cast(labels, x.dtype), x, from_logits=says)


def _probabilities():
    """Rows of 1/32 to 16/32 in another order each: exact, and their sums are 1."""
    import numpy as np

    row = np.array([1, 2, 4, 9, 16], np.float32) / 32
    return np.stack([np.random.RandomState(i).permutation(row) for i in range(12)])


_PROBABILITIES = fixtures.Fixture("probabilities_12x5", _probabilities)
for name, x, logits, says in (
    ("logits", _LOGITS, True, True),
    ("logits-unsaid", _LOGITS, True, False),
    ("probabilities", _PROBABILITIES, False, False),
    ("probabilities-as-logits", _PROBABILITIES, False, True),
):
    crossentropy.sample(name, x=x, labels=_ONE_HOT, logits=logits, says=says)
    for dtype in ("float16", "bfloat16", "float64") if logits == says else ():
        crossentropy.sample(
            f"{dtype}-{name}", x=x.astype(dtype), labels=_ONE_HOT.astype(dtype), logits=logits, says=says
        )

sigmoid_cross_entropy = operation(
    "sigmoid_cross_entropy",
    reference=reference.sigmoid_cross_entropy,
    doc="max(x, 0) - x z + log(1 + exp(-|x|)), elementwise; Keras takes the mean over a last axis of one.",
)


@sigmoid_cross_entropy.on("numpy")
def _(np, logits, labels):
    return np.maximum(logits, 0) - logits * labels + np.log1p(np.exp(-abs(logits)))


@sigmoid_cross_entropy.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, logits, labels):
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)


@sigmoid_cross_entropy.on("keras2", "keras3")
def _(keras, logits, labels):
    import tensorflow as tf

    target = tf.cast(labels, logits.dtype)[..., None]
    return keras.losses.binary_crossentropy(target, logits[..., None], from_logits=True)


sigmoid_cross_entropy.sample("soft", logits=_LOGITS, labels=_SOFT)
for dtype in ("float16", "bfloat16", "float64"):
    sigmoid_cross_entropy.sample(dtype, logits=_LOGITS.astype(dtype), labels=_SOFT.astype(dtype))
