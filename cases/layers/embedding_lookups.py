"""Rows of a table that is kept in parts, and the rows of one example combined.

The traps: "mod" is TensorFlow 1's default strategy, "div" the only one of TensorFlow 2; the combiner.
"""

from compat import fixtures, operation, reference

_TABLES = fixtures.uniform("lookup_tables_2x4x3", (2, 4, 3), seed=351, low=-1.0)
_NUMBERS = fixtures.values("lookup_numbers", [[0, 5, 2], [7, 1, 6]], "int32")


def _lookup(name, strategy, doc):
    return operation(
        name,
        reference=lambda tables, numbers: reference.embedding_lookup(tables, numbers, strategy=strategy),
        doc=doc,
    )


embedding_lookup_mod = _lookup(
    "embedding_lookup_mod",
    "mod",
    """
    The default of tf.nn.embedding_lookup in TensorFlow 1: number i is in part i % 2. The same call in TensorFlow
    2 takes the parts one after another, and gives other rows without a word.
    """,
)
embedding_lookup_div = _lookup("embedding_lookup_div", "div", "The parts follow one another.")


@embedding_lookup_mod.on("numpy")
def _(np, tables, numbers):
    return tables[numbers % len(tables), numbers // len(tables)]


@embedding_lookup_mod.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, tables, numbers):
    return tf.nn.embedding_lookup([tables[0], tables[1]], numbers)


@embedding_lookup_div.on("numpy")
def _(np, tables, numbers):
    return tables.reshape(-1, tables.shape[-1])[numbers]


@embedding_lookup_div.on("tf1.session")
def _(tf, tables, numbers):
    return tf.nn.embedding_lookup([tables[0], tables[1]], numbers, partition_strategy="div")


@embedding_lookup_div.on("tf2.eager", "tf2.function")
def _(tf, tables, numbers):
    return tf.nn.embedding_lookup([tables[0], tables[1]], numbers)


for made in (embedding_lookup_mod, embedding_lookup_div):
    made.sample("two-parts", tables=_TABLES, numbers=_NUMBERS)

embedding_lookup_sparse = operation(
    "embedding_lookup_sparse",
    reference=lambda table, examples, numbers, weights, *, combiner: reference.embedding_lookup_sparse(
        table, examples, numbers, weights, combiner=combiner
    ),
    doc="""
    The rows of each example's numbers, weighted: their sum, that over the sum of weights (mean), or over the
    root of the sum of their squares (sqrtn).
    """,
)


@embedding_lookup_sparse.on("numpy")
def _(np, table, examples, numbers, weights, *, combiner):
    y = np.zeros((int(examples.max()) + 1, table.shape[1]), table.dtype)
    for example in set(examples.tolist()):
        places = examples == example
        w = weights[places]
        over = {"sum": np.float32(1), "mean": w.sum(), "sqrtn": np.sqrt((w**2).sum())}[combiner]
        y[example] = (table[numbers[places]] * w[:, None]).sum(axis=0) / over
    return y


@embedding_lookup_sparse.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, table, examples, numbers, weights, *, combiner):
    rows = tf.cast(examples, tf.int64)
    # Columns only have to rise within a row.
    indices = tf.stack([rows, tf.range(7, dtype=tf.int64)], axis=1)
    ids = tf.SparseTensor(indices, tf.cast(numbers, tf.int64), [3, 7])
    return tf.nn.embedding_lookup_sparse(
        table, ids, tf.SparseTensor(indices, weights, [3, 7]), combiner=combiner
    )


for name, weights in (
    ("ones", fixtures.values("sparse_ones", [1] * 7)),
    ("weights", fixtures.values("sparse_weights", [0.5, 2, 1, 0.25, 3, 1, 0.125])),
):
    for combiner in ("sum", "mean", "sqrtn"):
        embedding_lookup_sparse.sample(
            f"{combiner}-{name}",
            table=fixtures.uniform("sparse_table_6x4", (6, 4), seed=352, low=-1.0),
            examples=fixtures.values("sparse_examples", [0, 0, 0, 1, 2, 2, 2], "int32"),
            numbers=fixtures.values("sparse_numbers", [1, 4, 1, 5, 0, 2, 3], "int32"),
            weights=weights,
            combiner=combiner,
        )

embedding_lookup_sparse_empty = operation(
    "embedding_lookup_sparse_empty",
    reference=lambda table, examples, numbers, *, combiner: reference.embedding_lookup_sparse(
        table, examples, numbers, combiner=combiner
    ),
    doc="The second example has no number: its row is 0, whatever the combiner.",
)


@embedding_lookup_sparse_empty.on("numpy")
def _(np, table, examples, numbers, *, combiner):
    ones = np.ones(len(numbers), table.dtype)
    spelled = embedding_lookup_sparse.implementations["numpy"]
    return spelled(np, table, examples, numbers, ones, combiner=combiner)


@embedding_lookup_sparse_empty.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, table, examples, numbers, *, combiner):
    indices = tf.stack([tf.cast(examples, tf.int64), tf.range(5, dtype=tf.int64)], axis=1)
    ids = tf.SparseTensor(indices, tf.cast(numbers, tf.int64), [3, 5])
    return tf.nn.embedding_lookup_sparse(table, ids, None, combiner=combiner)


for combiner in ("sum", "mean", "sqrtn"):
    embedding_lookup_sparse_empty.sample(
        combiner,
        table=fixtures.uniform("sparse_table_6x4", (6, 4), seed=352, low=-1.0),
        examples=fixtures.values("sparse_gap", [0, 0, 2, 2, 2], "int32"),
        numbers=fixtures.values("sparse_gap_numbers", [1, 4, 5, 0, 5], "int32"),
        combiner=combiner,
    )
