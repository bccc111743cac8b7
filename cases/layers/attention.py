"""Attention: scores, their mask and softmax, the weighted values; what Keras's layers make of them.

The traps: the scale 1 / sqrt(d), which Keras's Attention leaves out, and on which side of it the mask comes.
"""

from compat import Unsupported, fixtures, operation, reference

_INPUTS = {
    "query": fixtures.normal("attention_query_2x3x8", (2, 3, 8), seed=311),
    "key": fixtures.normal("attention_key_2x5x8", (2, 5, 8), seed=312),
    "value": fixtures.normal("attention_value_2x5x4", (2, 5, 4), seed=313),
}
_ALL = fixtures.values("attention_all_2x5", [[1] * 5] * 2)
#: The end of the second example is padding.
_LENGTHS = fixtures.values("attention_mask_5_3", [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
#: Keys far apart, and equal ones.
_FAR = dict(_INPUTS, key=fixtures.normal("attention_far_2x5x8", (2, 5, 8), seed=314, scale=6.0))

attention = operation(
    "attention",
    reference=lambda query, key, value, mask, *, scale: reference.attention(
        query, key, value, mask, scale=scale
    ),
    doc="""
    softmax(scale query key^T) value, masked scores moved by -1e9. scale None: 1 / sqrt(d). The scores are shown
    without the mask.
    """,
)


@attention.on("numpy")
def _(np, query, key, value, mask, *, scale):
    scale = np.float32(query.shape[-1] ** -0.5 if scale is None else scale)
    scores = np.matmul(query, key.transpose(0, 2, 1)) * scale
    hidden = scores - np.float32(1e9) * (1 - mask[:, None, :])
    powers = np.exp(hidden - hidden.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return {"scores": scores, "weights": weights, "y": np.matmul(weights, value)}


@attention.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, query, key, value, mask, *, scale):
    scores = tf.matmul(query, key, transpose_b=True)
    scores = scores / tf.sqrt(8.0) if scale is None else scores * scale
    weights = tf.nn.softmax(scores - 1e9 * (1 - mask[:, None, :]))
    return {"scores": scores, "weights": weights, "y": tf.matmul(weights, value)}


for name, inputs, mask, scale in (
    ("scaled", _INPUTS, _ALL, None),
    ("unscaled", _INPUTS, _ALL, 1.0),
    ("masked-end", _INPUTS, _LENGTHS, None),
    ("far-apart", _FAR, _LENGTHS, None),
):
    attention.sample(name, **inputs, mask=mask, scale=scale)

attention_layer = operation(
    "attention_layer",
    reference=lambda query, key, value, mask, *, causal: reference.attention(
        query, key, value, mask, scale=1.0, causal=causal
    )["y"],
    doc="keras.layers.Attention has no 1 / sqrt(d): a port of scaled attention has to divide the query itself.",
)


@attention_layer.on("numpy")
def _(np, query, key, value, mask, *, causal):
    hidden = np.matmul(query, key.transpose(0, 2, 1))
    kept = mask[:, None, :] * (np.tril(np.ones(hidden.shape[-2:], np.float32)) if causal else 1)
    hidden = hidden - np.float32(1e9) * (1 - kept)
    powers = np.exp(hidden - hidden.max(axis=-1, keepdims=True))
    return np.matmul(powers / powers.sum(axis=-1, keepdims=True), value).astype(np.float32)


@attention_layer.on("keras2", "keras3")
def _(keras, query, key, value, mask, *, causal):
    import tensorflow as tf

    if not hasattr(keras.layers, "Attention"):
        raise Unsupported("Keras has Attention from TensorFlow 1.14 on")
    layer, options = keras.layers.Attention(), {}
    if causal:
        try:
            layer = keras.layers.Attention(causal=True)
        except (TypeError, ValueError):  # from TensorFlow 2.10 on it is an argument of the call
            options = {"use_causal_mask": True}
    # Keras 3 up to 3.3 takes no None beside a mask: one that keeps every query changes nothing.
    every = tf.ones(query.shape[:2], tf.bool)
    try:
        return layer([query, value, key], mask=[every, tf.constant(mask > 0)], **options)
    except tf.errors.InvalidArgumentError as error:
        if "Incompatible shapes" not in str(error):
            raise
        raise Unsupported("Attention of Keras 3.3 does not broadcast its mask of keys") from None


for name, mask, causal in (("plain", _ALL, False), ("masked-end", _LENGTHS, False), ("causal", _ALL, True)):
    attention_layer.sample(name, **_INPUTS, mask=mask, causal=causal)
