"""Embedding: rows of a table by number, and the gradient that adds what one row got several times."""

from compat import fixtures, operation, reference

_NUMBERS = fixtures.values("embedding_numbers", [[3, 0, 3], [6, 3, 1]], "int32")
_TABLE = fixtures.uniform("embedding_table", (7, 4), seed=261, low=-1.0)
_GRADIENT = fixtures.uniform("embedding_gradient", (2, 3, 4), seed=262, low=-1.0)


def _added(dy, numbers, rows):
    """Every dy to its row of the table; a row that is not asked for gets 0."""
    import numpy as np

    total = np.zeros((rows, dy.shape[-1]), dy.dtype)
    np.add.at(total, numbers.ravel(), dy.reshape(-1, dy.shape[-1]))
    return total


def _reference(numbers, table, dy):
    import numpy as np

    exact, times = dy.astype(np.float64), np.bincount(numbers.ravel(), minlength=len(table))
    return {
        "rows": reference.Reference(table[numbers], dtype="float32"),
        "gradient": reference.Reference(
            _added(exact, numbers, len(table)),
            _added(abs(exact), numbers, len(table)),
            np.maximum(times - 1, 0)[:, None],
            dtype="float32",
        ),
    }


embedding = operation(
    "embedding",
    reference=_reference,
    doc="""
    Row 3 is asked for three times: its gradient is the sum of three. TensorFlow gives the gradient as
    IndexedSlices, which repeat the row; an optimiser or convert_to_tensor adds them.
    """,
)


@embedding.on("numpy")
def _(np, numbers, table, dy):
    return {"rows": table[numbers], "gradient": _added(dy, numbers, len(table))}


@embedding.on("tf1.session")
def _(tf, numbers, table, dy):
    rows = tf.nn.embedding_lookup(table, numbers)
    (slices,) = tf.gradients(rows, table, dy)
    return {"rows": rows, "gradient": tf.convert_to_tensor(slices)}


@embedding.on("tf2.eager", "tf2.function")
def _(tf, numbers, table, dy):
    with tf.GradientTape() as tape:
        tape.watch(table)
        rows = tf.nn.embedding_lookup(table, numbers)
    return {"rows": rows, "gradient": tf.convert_to_tensor(tape.gradient(rows, table, dy))}


@embedding.on("keras2", "keras3")
def _(keras, numbers, table, dy):
    import tensorflow as tf

    layer = keras.layers.Embedding(*table.shape)
    layer.build((None, None))
    layer.set_weights([table])
    (held,) = layer.trainable_weights
    if not tf.executing_eagerly():
        rows = layer(numbers)
        slices = tf.gradients(rows, held, tf.constant(dy))[0]
    else:
        with tf.GradientTape() as tape:
            rows = layer(numbers)
        slices = tape.gradient(rows, held, dy)
    return {"rows": rows, "gradient": tf.convert_to_tensor(slices)}


embedding.sample("repeated", numbers=_NUMBERS, table=_TABLE, dy=_GRADIENT)
