"""Rows added up by number, and scattered to places.

The traps: a number that no row has, a negative number, several updates of one place.
"""

from compat import Unsupported, fixtures, operation, reference

_ROWS = fixtures.normal("segment_rows_7x3", (7, 3), seed=341)
_SORTED = fixtures.values("segment_sorted", [0, 0, 1, 1, 1, 3, 3], "int32")
_UNSORTED = fixtures.values("segment_unsorted", [4, 0, 4, 1, 0, 4, 1], "int32")
_NEGATIVE = fixtures.values("segment_negative", [4, 0, -1, 1, 0, -1, 1], "int32")


def _combine(np, rows, of):
    if of == "sqrt_n":
        return rows.sum(axis=0) / np.sqrt(np.float32(len(rows)))
    return getattr(rows, of)(axis=0)


def _in_numpy(np, x, numbers, of, count, empty):
    y = np.full((count, *x.shape[1:]), empty, x.dtype)
    for number in set(numbers[numbers >= 0].tolist()):
        y[number] = _combine(np, x[numbers == number], of)
    return y


segment = operation(
    "segment",
    reference=lambda x, numbers, *, of: reference.segment(x, numbers, of=of),
    doc="tf.math.segment_*, of sorted numbers: number 2, which no row has, gives 0, of max and min as well.",
)


@segment.on("numpy")
def _(np, x, numbers, *, of):
    return _in_numpy(np, x, numbers, of, int(numbers.max()) + 1, 0)


@segment.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, numbers, *, of):
    return getattr(tf.math, f"segment_{of}")(x, numbers)


for of in ("sum", "mean", "max", "min"):
    segment.sample(of, x=_ROWS, numbers=_SORTED, of=of)

#: The lowest and the highest float32, which stand for the maximum and the minimum of nothing.
_OF_NOTHING = {"max": -3.4028234663852886e38, "min": 3.4028234663852886e38}

unsorted_segment = operation(
    "unsorted_segment",
    reference=lambda x, numbers, *, of, count: reference.segment(
        x, numbers, of=of, count=count, empty=_OF_NOTHING.get(of, 0.0)
    ),
    doc="""
    tf.math.unsorted_segment_*: the count is given, rows with a negative number are left out, and what is empty
    is 0, but of max the lowest float, of min the highest.
    """,
)


@unsorted_segment.on("numpy")
def _(np, x, numbers, *, of, count):
    return _in_numpy(np, x, numbers, of, count, _OF_NOTHING.get(of, 0))


@unsorted_segment.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, numbers, *, of, count):
    return getattr(tf.math, f"unsorted_segment_{of}")(x, numbers, count)


@unsorted_segment.on("keras3")
def _(keras, x, numbers, *, of, count):
    if of not in ("sum", "max"):
        raise Unsupported("keras.ops has segment_sum and segment_max only")
    return getattr(keras.ops, f"segment_{of}")(x, numbers, num_segments=count)


for of in ("sum", "mean", "sqrt_n", "max", "min"):
    unsorted_segment.sample(of, x=_ROWS, numbers=_UNSORTED, of=of, count=6)
unsorted_segment.sample("negative-sum", x=_ROWS, numbers=_NEGATIVE, of="sum", count=5)
unsorted_segment.sample("negative-max", x=_ROWS, numbers=_NEGATIVE, of="max", count=5)

_TABLE = fixtures.normal("scatter_table_5x3", (5, 3), seed=342)
_UPDATES = fixtures.normal("scatter_updates_4x3", (4, 3), seed=343)
_ONCE = fixtures.values("scatter_once", [[3], [0], [4], [1]], "int32")
_TWICE = fixtures.values("scatter_twice", [[3], [0], [3], [3]], "int32")
_ELEMENTS = fixtures.values("scatter_elements", [[0, 1], [4, 2], [0, 1], [2, 0]], "int32")
_NUMBERS = fixtures.normal("scatter_numbers_4", (4,), seed=344)

scatter = operation(
    "scatter",
    reference=lambda table, indices, updates, *, of: reference.scatter(table, indices, updates, of=of),
    doc="Rows or elements of a table replaced, or added to; several that meet one place are all added.",
)


@scatter.on("numpy")
def _(np, table, indices, updates, *, of):
    y, places = table.copy(), tuple(indices.T)
    if of == "update":
        y[places] = updates
    else:
        {"add": np.add, "sub": np.subtract, "max": np.maximum, "min": np.minimum}[of].at(y, places, updates)
    return y


@scatter.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, table, indices, updates, *, of):
    name = f"tensor_scatter_nd_{of}"
    if not hasattr(tf, name):
        raise Unsupported(f"this TensorFlow has no tf.{name}")
    return getattr(tf, name)(table, indices, updates)


@scatter.on("keras3")
def _(keras, table, indices, updates, *, of):
    if of != "update":
        raise Unsupported("keras.ops.scatter_update only replaces")
    return keras.ops.scatter_update(table, indices, updates)


scatter.sample("update", table=_TABLE, indices=_ONCE, updates=_UPDATES, of="update")
for of in ("add", "sub", "max", "min"):
    scatter.sample(f"{of}-twice", table=_TABLE, indices=_TWICE, updates=_UPDATES, of=of)
scatter.sample("add-elements", table=_TABLE, indices=_ELEMENTS, updates=_NUMBERS, of="add")

scatter_nd = operation(
    "scatter_nd",
    reference=lambda updates, indices, *, shape: reference.scatter(_zeros(shape), indices, updates, of="add"),
    doc="tf.scatter_nd: onto zeros, and what meets is added; np.put and a dict would keep the last.",
)


def _zeros(shape):
    import numpy as np

    return np.zeros(shape, np.float32)


@scatter_nd.on("numpy")
def _(np, updates, indices, *, shape):
    y = np.zeros(shape, updates.dtype)
    np.add.at(y, tuple(indices.T), updates)
    return y


@scatter_nd.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, updates, indices, *, shape):
    return tf.scatter_nd(indices, updates, shape)


@scatter_nd.on("keras3")
def _(keras, updates, indices, *, shape):
    return keras.ops.scatter(indices, updates, shape)


for name, indices in (("once", _ONCE), ("twice", _TWICE)):
    scatter_nd.sample(name, updates=_UPDATES, indices=indices, shape=(5, 3))
