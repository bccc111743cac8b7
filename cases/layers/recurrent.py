"""LSTM and GRU: the order of the gates, the forget bias, and the two defaults that moved at TensorFlow 2."""

from compat import Unsupported, fixtures, operation, reference

UNITS, INPUTS = 4, 3
_X = fixtures.normal("sequence_2x5x3", (2, 5, INPUTS), seed=91)


def _weights(gates, *bias):
    """Keras's order: kernel (inputs, gates units), recurrent (units, gates units), bias."""
    scale = {"scale": 0.5}
    return {
        "kernel": fixtures.normal(f"kernel_{gates}", (INPUTS, gates * UNITS), seed=92, **scale),
        "recurrent": fixtures.normal(f"recurrent_{gates}", (UNITS, gates * UNITS), seed=93, **scale),
        "bias": fixtures.normal(f"bias_{gates}_{len(bias)}", (*bias, gates * UNITS), seed=94, **scale),
    }


def _steps(x):
    return range(int(x.shape[1]))


def _hard(x, clip):
    return clip(x * 0.2 + 0.5, 0, 1)


# -- LSTM

lstm = operation(
    "lstm",
    reference=reference.lstm,
    doc="""
    The last output, everything written out: the function of the gates, and the 1 that TensorFlow 1's cells
    add to the forget gate. Keras keeps the gates as i, f, c, o; TF1's BasicLSTMCell as i, c, f, o in
    one kernel.
    """,
)


def _lstm(x, kernel, recurrent, bias, forget_bias, gate, tanh, matmul, split, zeros):
    h = c = zeros
    for step in _steps(x):
        i, f, g, o = split(matmul(x[:, step], kernel) + matmul(h, recurrent) + bias)
        c = gate(f + forget_bias) * c + gate(i) * tanh(g)
        h = gate(o) * tanh(c)
    return h


@lstm.on("numpy")
def _(np, x, kernel, recurrent, bias, *, gate, forget_bias):
    gates = {"sigmoid": lambda v: 1 / (1 + np.exp(-v)), "hard_sigmoid": lambda v: _hard(v, np.clip)}
    zeros = np.zeros((len(x), UNITS), x.dtype)
    return _lstm(
        x,
        kernel,
        recurrent,
        bias,
        np.float32(forget_bias),
        gates[gate],
        np.tanh,
        np.matmul,
        lambda sums: np.split(sums, 4, axis=1),
        zeros,
    ).astype(x.dtype)


@lstm.on("tf1.session")
def _(tf, x, kernel, recurrent, bias, *, gate, forget_bias):
    if gate != "sigmoid":
        raise Unsupported("TensorFlow 1's cells have no other gate than sigmoid")
    try:
        cell = tf.nn.rnn_cell.BasicLSTMCell(UNITS, forget_bias=forget_bias, dtype=tf.float32)
    except (AttributeError, ImportError):
        raise Unsupported("from TensorFlow 2.16 the cells are gone with Keras 2") from None
    cell.build((None, INPUTS))
    i, f, c, o = tf.split(tf.concat([kernel, recurrent], 0), 4, axis=1)
    bi, bf, bc, bo = tf.split(bias, 4)
    cell._kernel, cell._bias = tf.concat([i, c, f, o], 1), tf.concat([bi, bc, bf, bo], 0)
    _, state = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    return state.h


@lstm.on("tf2.eager", "tf2.function")
def _(tf, x, kernel, recurrent, bias, *, gate, forget_bias):
    gates = {"sigmoid": tf.sigmoid, "hard_sigmoid": lambda v: _hard(v, tf.clip_by_value)}
    return _lstm(
        x,
        kernel,
        recurrent,
        bias,
        forget_bias,
        gates[gate],
        tf.tanh,
        tf.matmul,
        lambda sums: tf.split(sums, 4, axis=1),
        tf.zeros((2, UNITS)),
    )


@lstm.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias, *, gate, forget_bias):
    import numpy as np

    layer = keras.layers.LSTM(UNITS, recurrent_activation=gate)
    layer.build(x.shape)
    # Keras has the forget bias among the others.
    layer.set_weights([kernel, recurrent, bias + np.repeat(np.float32([0, forget_bias, 0, 0]), UNITS)])
    return layer(x)


for name, gate, forget_bias in (
    ("sigmoid", "sigmoid", 0.0),
    ("forget-bias", "sigmoid", 1.0),
    ("hard-sigmoid", "hard_sigmoid", 0.0),
):
    lstm.sample(name, x=_X, gate=gate, forget_bias=forget_bias, **_weights(4))

lstm_default = operation(
    "lstm_default",
    reference=reference.lstm,
    doc="""
    LSTM(units) and the weights, nothing more. Up to TensorFlow 1.15 recurrent_activation is hard_sigmoid,
    from 2.0 sigmoid; LSTMCell and BasicLSTMCell add a forget bias of 1 that is not among the weights.
    """,
)


@lstm_default.on("numpy")
def _(np, x, kernel, recurrent, bias):
    return lstm.implementations["numpy"](np, x, kernel, recurrent, bias, gate="sigmoid", forget_bias=0.0)


@lstm_default.on("tf1.session")
def _(tf, x, kernel, recurrent, bias):
    # forget_bias=1.0 is the default of the cell.
    spelled = lstm.implementations["tf1.session"]
    return spelled(tf, x, kernel, recurrent, bias, gate="sigmoid", forget_bias=1.0)


@lstm_default.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias):
    layer = keras.layers.LSTM(UNITS)
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, bias])
    return layer(x)


lstm_default.sample("not-written", x=_X, **_weights(4))

lstm_gate_order = operation(
    "lstm_gate_order",
    reference=lambda x, kernel, recurrent, bias, *, order: reference.lstm(x, kernel, recurrent, bias),
    doc="""
    Weights of a TF1 cell set as they are: its gates are i, c, f, o, Keras's i, f, c, o. The shapes are the
    same, so nothing complains. The input gate comes first in both.
    """,
)


@lstm_gate_order.on("numpy")
def _(np, x, kernel, recurrent, bias, *, order):
    return lstm.implementations["numpy"](np, x, kernel, recurrent, bias, gate="sigmoid", forget_bias=0.0)


@lstm_gate_order.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias, *, order):
    import numpy as np

    def as_tf1(weights):
        i, f, c, o = np.split(weights, 4, axis=-1)
        return np.concatenate([i, c, f, o] if order == "i c f o" else [i, f, c, o], axis=-1)

    layer = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid")
    layer.build(x.shape)
    layer.set_weights([as_tf1(weights) for weights in (kernel, recurrent, bias)])
    return layer(x)


for order in ("i f c o", "i c f o"):
    lstm_gate_order.sample(order.replace(" ", "-"), x=_X, order=order, **_weights(4))

# -- GRU

gru = operation(
    "gru",
    reference=reference.gru,
    doc="""
    The last output, everything written out. reset_after: the reset gate works on the product with the
    recurrent kernel, which has a bias of its own (cuDNN's way), instead of on the state before it.
    """,
)


def _gru(x, kernel, recurrent, bias, reset_after, gate, tanh, matmul, split, zeros):
    inner, outer = (bias[0], bias[1]) if reset_after else (bias, bias * 0)
    rz, rr, rh = split(recurrent)
    oz, orr, oh = split(outer)
    h = zeros
    for step in _steps(x):
        xz, xr, xh = split(matmul(x[:, step], kernel) + inner)
        z, r = gate(xz + matmul(h, rz) + oz), gate(xr + matmul(h, rr) + orr)
        h = z * h + (1 - z) * tanh(xh + (r * (matmul(h, rh) + oh) if reset_after else matmul(r * h, rh)))
    return h


@gru.on("numpy")
def _(np, x, kernel, recurrent, bias, *, gate, reset_after):
    gates = {"sigmoid": lambda v: 1 / (1 + np.exp(-v)), "hard_sigmoid": lambda v: _hard(v, np.clip)}
    return _gru(
        x,
        kernel,
        recurrent,
        bias,
        reset_after,
        gates[gate],
        np.tanh,
        np.matmul,
        lambda sums: np.split(sums, 3, axis=-1),
        np.zeros((len(x), UNITS), x.dtype),
    ).astype(x.dtype)


@gru.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, x, kernel, recurrent, bias, *, gate, reset_after):
    gates = {"sigmoid": tf.sigmoid, "hard_sigmoid": lambda v: _hard(v, tf.clip_by_value)}
    return _gru(
        x,
        kernel,
        recurrent,
        bias,
        reset_after,
        gates[gate],
        tf.tanh,
        tf.matmul,
        lambda sums: tf.split(sums, 3, axis=-1),
        tf.zeros((2, UNITS)),
    )


@gru.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias, *, gate, reset_after):
    layer = keras.layers.GRU(UNITS, recurrent_activation=gate, reset_after=reset_after)
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, bias])
    return layer(x)


for name, gate, reset_after in (
    ("reset-before", "sigmoid", False),
    ("reset-after", "sigmoid", True),
    ("hard-sigmoid", "hard_sigmoid", False),
):
    gru.sample(name, x=_X, gate=gate, reset_after=reset_after, **_weights(3, *((2,) if reset_after else ())))

gru_default = operation(
    "gru_default",
    reference=lambda x, kernel, recurrent, bias: reference.gru(
        x, kernel, recurrent, bias, gate="hard_sigmoid", reset_after=False
    ),
    doc="""
    GRU(units) and the weights of a TensorFlow 1 model: hard_sigmoid, and reset before. From 2.0 reset_after
    is True, the bias has the shape (2, 3 units), and the weights no longer fit.
    """,
)


@gru_default.on("numpy")
def _(np, x, kernel, recurrent, bias):
    spelled = gru.implementations["numpy"]
    return spelled(np, x, kernel, recurrent, bias, gate="hard_sigmoid", reset_after=False)


@gru_default.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias):
    layer = keras.layers.GRU(UNITS)
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, bias])
    return layer(x)


gru_default.sample("weights-of-tf1", x=_X, **_weights(3))
