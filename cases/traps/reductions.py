"""What reductions and comparisons mean: NaN in a maximum, and == between tensors."""

from compat import fixtures, operation, reference

_PLAIN = fixtures.normal("reduced_4x6", (4, 6), seed=101)
_HOLES = fixtures.Fixture("reduced_4x6_with_nan", lambda: _holes())


def _holes():
    """NaN at the beginning, in the middle, at the end of a row; the last row has none."""
    import numpy as np

    x = np.array(_PLAIN.array)
    x[[0, 1, 2], [0, 3, 5]] = np.nan
    return x


def _reduction(of, tf_name):
    made = operation(
        tf_name,
        reference=lambda x: reference.extreme(x, of=of, axis=1, nan="skipped"),
        doc=f"""
        The {of}imum of every row. TensorFlow on the CPU skipped NaN as C's comparisons do, and passes it on
        since: what was a number becomes NaN after the port. NumPy has both, np.f{of} and np.{of}.
        """,
    )

    @made.on("numpy")
    def _(np, x):
        return getattr(np, f"f{of}").reduce(x, axis=1)

    @made.on("tf1.session", "tf2.eager", "tf2.function")
    def _(tf, x):
        return getattr(tf, tf_name)(x, axis=1)

    @made.on("keras2", "keras3")
    def _(keras, x):
        ops = getattr(keras, "ops", None) or keras.backend
        return getattr(ops, of)(x, axis=1)

    made.sample("numbers", x=_PLAIN)
    made.sample("nan", x=_HOLES)
    return made


reduce_max = _reduction("max", "reduce_max")
reduce_min = _reduction("min", "reduce_min")

equal_sign = operation(
    "equal_sign",
    reference=lambda x, y: reference.equal(x, y),
    doc="""
    x == y, as 0 and 1. Arrays and the tensors of TensorFlow 2 compare their elements; in TensorFlow 1 two
    tensors are equal if they are the same object, and a mask made by == is False as a whole.
    """,
)


@equal_sign.on("numpy")
def _(np, x, y):
    return (x == y).astype(np.float32)


@equal_sign.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, y):
    return tf.cast(x == y, tf.float32)


equal_sign.sample(
    "labels",
    x=fixtures.values("labels_0_1_2_1", (0, 1, 2, 1)),
    y=fixtures.values("predicted_0_2_2_1", (0, 2, 2, 1)),
)

equal_elements = operation(
    "equal_elements",
    reference=lambda x, y: reference.equal(x, y),
    doc="tf.equal(x, y) compares elements in every version: what to write for x == y.",
)


@equal_elements.on("numpy")
def _(np, x, y):
    return np.equal(x, y).astype(np.float32)


@equal_elements.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, y):
    return tf.cast(tf.equal(x, y), tf.float32)


equal_elements.sample(
    "labels",
    x=fixtures.values("labels_0_1_2_1", (0, 1, 2, 1)),
    y=fixtures.values("predicted_0_2_2_1", (0, 2, 2, 1)),
)
