"""Public threads whose two numbers differ by rounding and nothing else: the answer is that both are right.

What was expected of each before anything was run is in threads.toml.
"""

from compat import fixtures, operation, reference

_A = fixtures.normal("thread_a_4x64", (4, 64), seed=601)
_B = fixtures.normal("thread_b_64x4", (64, 4), seed=602)
_ROW = fixtures.normal("thread_row_1x8", (1, 8), seed=603)
_KERNEL = fixtures.normal("thread_kernel_8x5", (8, 5), seed=604)
_BIAS = fixtures.normal("thread_bias_5", (5,), seed=605)


def _product(a, b):
    return (reference.Tracked(a) @ b.astype("float64")).reference()


thread_matmul_numpy = operation(
    "thread_matmul_numpy",
    reference=_product,
    doc="tf.matmul and np.matmul of the same matrices differ in the last digits: the sums are added in other orders.",
)


@thread_matmul_numpy.on("tf1.session")
def _(tf, a, b):
    return tf.matmul(a, b)


@thread_matmul_numpy.on("numpy")
def _(np, a, b):
    return np.matmul(a, b)


thread_matmul_numpy.sample("4x64", a=_A, b=_B)

thread_matmul_rows = operation(
    "thread_matmul_rows",
    reference=lambda a, b: _product(a[:3], b),
    doc="""
    The first rows of a product are not, to the bit, the product of the first rows. The kernel blocks a matrix by
    its shape.
    """,
)


@thread_matmul_rows.on("tf1.session")
def _(tf, a, b):
    return tf.matmul(a, b)[:3]


@thread_matmul_rows.on("tf2.eager", "tf2.function")
def _(tf, a, b):
    return tf.matmul(a[:3], b)


thread_matmul_rows.sample("4x64", a=_A, b=_B)


def _softmax(x, w, b):
    return reference.softmax(reference.dense(x, w, b))


thread_batch_softmax = operation(
    "thread_batch_softmax",
    reference=_softmax,
    doc="The same image alone and in a batch of eight, and other probabilities in the eighth decimal.",
)


@thread_batch_softmax.on("tf1.session")
def _(tf, x, w, b):
    return tf.nn.softmax(tf.matmul(x, w) + b)


@thread_batch_softmax.on("tf2.eager", "tf2.function")
def _(tf, x, w, b):
    return tf.nn.softmax(tf.matmul(tf.tile(x, [8, 1]), w) + b)[:1]


thread_batch_softmax.sample("eight", x=_ROW, w=_KERNEL, b=_BIAS)

thread_batch_dense = operation(
    "thread_batch_dense",
    reference=lambda x, w, b: reference.relu(reference.dense(x, w, b)),
    doc="A dense layer on 128 equal rows against one row, compared to eight decimals: more than float32 has.",
)


@thread_batch_dense.on("tf1.session")
def _(tf, x, w, b):
    return tf.nn.relu(tf.matmul(x, w) + b)


@thread_batch_dense.on("keras2", "keras3")
def _(keras, x, w, b):
    import tensorflow as tf

    layer = keras.layers.Dense(5, activation="relu")
    layer.build((128, 8))
    layer.set_weights([w, b])
    return layer(tf.tile(x, [128, 1]))[:1]


thread_batch_dense.sample("128", x=_ROW, w=_KERNEL, b=_BIAS)

thread_function_eager = operation(
    "thread_function_eager",
    reference=lambda x, w, b: reference.tanh(reference.dense(x, w, b)),
    doc="A model inside tf.function and outside of it: the graph may fuse what eager computes one by one.",
)


@thread_function_eager.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, w, b):
    return tf.tanh(tf.matmul(x, w) + b)


thread_function_eager.sample("tanh", x=_ROW, w=_KERNEL, b=_BIAS)

thread_by_hand = operation(
    "thread_by_hand",
    reference=lambda x, w, b, v: reference.softmax(
        reference.dense(reference.relu(reference.dense(x, w, b)), v, [0.0, 0.0])
    ),
    doc="A prediction of Keras and the same by hand in NumPy: 0.25347748 and 0.25347745.",
)


@thread_by_hand.on("numpy")
def _(np, x, w, b, v):
    logits = np.maximum(x @ w + b, 0) @ v
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


@thread_by_hand.on("tf1.session")
def _(tf, x, w, b, v):
    return tf.nn.softmax(tf.matmul(tf.nn.relu(tf.matmul(x, w) + b), v))


@thread_by_hand.on("keras2", "keras3")
def _(keras, x, w, b, v):
    hidden = keras.layers.Dense(5, activation="relu")
    hidden.build((1, 8))
    hidden.set_weights([w, b])
    last = keras.layers.Dense(2, activation="softmax", use_bias=False)
    last.build((1, 5))
    last.set_weights([v])
    return last(hidden(x))


thread_by_hand.sample(
    "8-5-2", x=_ROW, w=_KERNEL, b=_BIAS, v=fixtures.normal("thread_kernel_5x2", (5, 2), seed=606)
)


def _running_sums(x):
    import numpy as np

    x = x.astype(np.float64)
    return reference.Reference(np.cumsum(x), np.cumsum(abs(x)), np.arange(len(x)))


thread_cumsum = operation(
    "thread_cumsum",
    reference=_running_sums,
    doc="""
    A cumulative sum in float32 is 4.6 off the one in float64, and TensorFlow's equals NumPy's. At sums of 50,000
    that is what a thousand roundings do.
    """,
)


@thread_cumsum.on("tf1.session")
def _(tf, x):
    return tf.cumsum(x)


@thread_cumsum.on("numpy")
def _(np, x):
    return np.cumsum(x)


thread_cumsum.sample("1000", x=fixtures.values("tenths_1000", [n / 10 for n in range(1000)]))


def _constant_rate(w, g):
    w, g = reference.Tracked(w), reference.Tracked(g)
    w = w - g * 0.1
    return (w - (g * 0.9 + g) * 0.1).off_by(lambda p: 4 * p.u).reference()


thread_momentum_constant = operation(
    "thread_momentum_constant",
    reference=_constant_rate,
    doc="Momentum with the rate within the velocity or outside of it: as long as the rate stays, the same.",
)


@thread_momentum_constant.on("tf1.session")
def _(tf, w, g):
    velocity = 0.0 * g
    for _ in range(2):
        velocity = 0.9 * velocity + g
        w = w - 0.1 * velocity
    return w


@thread_momentum_constant.on("tf2.eager", "tf2.function")
def _(tf, w, g):
    velocity = 0.0 * g
    for _ in range(2):
        velocity = 0.9 * velocity - 0.1 * g
        w = w + velocity
    return w


thread_momentum_constant.sample(
    "two-steps", w=fixtures.values("two_weights", [0, 1]), g=fixtures.values("one_and_minus_two", [1, -2])
)

thread_round_even = operation(
    "thread_round_even",
    reference=lambda x: reference.Reference([-2.0, 0.0, 0.0, 2.0, 2.0]),
    doc="Do np.round and tf.round round halves alike? Both to the even number, in every version since 1.0.",
)


@thread_round_even.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x):
    return tf.round(x)


@thread_round_even.on("numpy")
def _(np, x):
    return np.round(x)


thread_round_even.sample(
    "halves", x=fixtures.values("five_halves", [-1.5, -0.5, 0.5, 1.5, 2.5]), expected=[-2, 0, 0, 2, 2]
)

thread_cosine = operation(
    "thread_cosine",
    reference=lambda x, y: reference.Reference([1.0], [1.0], 16),
    doc="The cosine of opposite vectors is 0.99999994 in size, where 1 was expected: one rounding below 1.",
)


@thread_cosine.on("tf1.session")
def _(tf, x, y):
    return -tf.reduce_sum(tf.nn.l2_normalize(x, 1) * tf.nn.l2_normalize(y, 1), 1)


@thread_cosine.on("numpy")
def _(np, x, y):
    return -(x * y).sum(1) / (np.sqrt((x * x).sum(1)) * np.sqrt((y * y).sum(1)))


thread_cosine.sample(
    "opposite",
    x=fixtures.values("ones_row", [[1, 1]]),
    y=fixtures.values("minus_ones_row", [[-1, -1]]),
    expected=[1],
)
