"""Where the largest are: argmax, argmin, top_k.  Of equals the first, everywhere; whole numbers are exact."""

from compat import fixtures, operation, reference

_PLAIN = fixtures.normal("chosen_4x7", (4, 7), seed=331)
#: Thirds with many equals, and both zeros.
_TIES = fixtures.values(
    "chosen_ties",
    [
        [1, 3, 3, 0, 3, 2, 1],
        [0, -0.0, 0, -0.0, -1, 0, -1],
        [2, 2, 2, 2, 2, 2, 2],
        [-1, -3, -1, -3, -2, -3, -1],
    ],
)


def _arg(of):
    made = operation(
        f"arg{of}",
        reference=lambda x, *, axis: reference.arg_extreme(x, of=of, axis=axis),
        doc=f"The place of the {of}imum, int64; the first of several. -0 equals 0.",
    )

    @made.on("numpy")
    def _(np, x, *, axis):
        return getattr(np, f"arg{of}")(x, axis=axis)

    @made.on("tf1.session", "tf2.eager", "tf2.function")
    def _(tf, x, *, axis):
        return getattr(tf, f"arg{of}")(x, axis=axis)

    @made.on("keras2", "keras3")
    def _(keras, x, *, axis):
        import tensorflow as tf

        ops = getattr(keras, "ops", None) or keras.backend
        return tf.cast(getattr(ops, f"arg{of}")(x, axis=axis), tf.int64)  # int32 in Keras 3

    made.sample("plain", x=_PLAIN, axis=1)
    made.sample("columns", x=_PLAIN, axis=0)
    made.sample("ties", x=_TIES, axis=1)
    made.sample("ties-columns", x=_TIES, axis=0)
    return made


argmax, argmin = _arg("max"), _arg("min")

top_k = operation(
    "top_k",
    reference=lambda x, *, k: reference.top_k(x, k=k),
    doc="The k largest of every row in falling order, and their places; of equals the lower place first.",
)


@top_k.on("numpy")
def _(np, x, *, k):
    order = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return {"values": np.take_along_axis(x, order, axis=-1), "indices": order.astype(np.int32)}


@top_k.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, *, k):
    found = tf.nn.top_k(x, k)
    return {"values": found.values, "indices": found.indices}


@top_k.on("keras3")
def _(keras, x, *, k):
    values, indices = keras.ops.top_k(x, k)
    return {"values": values, "indices": indices}


for name, x in (("plain", _PLAIN), ("ties", _TIES)):
    for k in (1, 4, 7):
        top_k.sample(f"{name}-{k}", x=x, k=k)
