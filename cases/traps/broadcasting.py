"""What is added to what where shapes differ: a column beside a square."""

from compat import fixtures, operation, reference

_SQUARE = fixtures.normal("square_4x4", (4, 4), seed=601)
_TALL = fixtures.normal("tall_4x3", (4, 3), seed=602)
_COLUMN = fixtures.normal("column_4x1", (4, 1), seed=603)

add_column = operation(
    "add_column",
    reference=lambda x, column: reference.added(x, column),
    doc="""
    A column added to a matrix: each of its numbers to a row. Keras 3 on TensorFlow takes a column for a bias where it
    is as long as the matrix is wide, and adds each of its numbers to a column.
    """,
)


@add_column.on("numpy")
def _(np, x, column):
    return x + column


@add_column.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, column):
    return tf.add(x, column)


@add_column.on("keras3")
def _(keras, x, column):
    return keras.ops.add(x, column)


add_column.sample("square", x=_SQUARE, column=_COLUMN)
add_column.sample("tall", x=_TALL, column=_COLUMN)
