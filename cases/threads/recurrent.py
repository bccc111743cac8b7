"""Public threads about recurrent layers: gates, their order, and which way a sequence comes back.

The old side is spelled step by step as a TensorFlow 1 graph: its cells are gone from 2.16 on.  What was expected
before anything was run is in threads.toml.
"""

from compat import fixtures, operation, reference

thread_lstm_gate = operation(
    "thread_lstm_gate",
    reference=lambda x, kernel, recurrent, bias: reference.lstm(
        x, kernel, recurrent, bias, gate="hard_sigmoid"
    ),
    doc="""
    An LSTM that was trained in TensorFlow 1.15 predicts something else in 2.4, with the same weights.
    recurrent_activation was hard_sigmoid and is sigmoid; a trained model needs the one it was trained with.
    """,
)


@thread_lstm_gate.on("tf1.session")
def _(tf, x, kernel, recurrent, bias):
    h = c = tf.zeros([1, 1])
    gate = lambda v: tf.clip_by_value(0.2 * v + 0.5, 0.0, 1.0)
    i, f, g, o = tf.split(tf.matmul(x[:, 0], kernel) + tf.matmul(h, recurrent) + bias, 4, axis=1)
    c = gate(f) * c + gate(i) * tf.tanh(g)
    return gate(o) * tf.tanh(c)


@thread_lstm_gate.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias):
    layer = keras.layers.LSTM(1)
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, bias])
    return layer(x)


thread_lstm_gate.sample(
    "one-step",
    x=fixtures.values("one_and_two", [[[1, 2]]]),
    kernel=fixtures.values("halves_2x4", [[0.5] * 4] * 2),
    recurrent=fixtures.values("zeros_1x4", [[0] * 4]),
    bias=fixtures.values("zeros_4", [0] * 4),
)

thread_gru_reset = operation(
    "thread_gru_reset",
    reference=lambda x, kernel, recurrent, bias: reference.gru(x, kernel, recurrent, bias, reset_after=False),
    doc="""
    GRU has 165 parameters in TensorFlow 2 where it had 150, and other outputs. reset_after became True: the reset
    gate multiplies the product with the state, and before it multiplied the state.
    """,
)


@thread_gru_reset.on("tf1.session")
def _(tf, x, kernel, recurrent, bias):
    h = tf.zeros([1, 2])
    for step in range(2):
        of_x = tf.matmul(x[:, step], kernel) + bias
        z = tf.sigmoid(of_x[:, :2] + tf.matmul(h, recurrent[:, :2]))
        r = tf.sigmoid(of_x[:, 2:4] + tf.matmul(h, recurrent[:, 2:4]))
        candidate = tf.tanh(of_x[:, 4:] + tf.matmul(r * h, recurrent[:, 4:]))
        h = z * h + (1.0 - z) * candidate
    return h


@thread_gru_reset.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias):
    import numpy as np

    layer = keras.layers.GRU(2, reset_after=True, recurrent_activation="sigmoid")
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, np.stack([bias, 0 * bias])])
    return layer(x)


thread_gru_reset.sample(
    "two-steps",
    x=fixtures.values("one_then_two", [[[1], [2]]]),
    kernel=fixtures.values("gru_kernel", [[0.5, -0.3, 0.6, 0.2, 0.7, -0.4]]),
    recurrent=fixtures.values(
        "gru_recurrent", [[0.1, 0.4, 0.2, -0.5, 0.9, 0.3], [0.3, 0.2, -0.6, 0.7, -0.8, 0.5]]
    ),
    bias=fixtures.values("gru_bias", [0.1, 0, -0.2, 0.1, 0.3, -0.1]),
)


def _in_order(x, *weights):
    import numpy as np

    ordered = [np.concatenate([w[..., k : k + 1] for k in (0, 2, 1, 3)], -1) for w in weights]
    return reference.lstm(x, *ordered, forget_bias=1.0)


thread_cell_gates = operation(
    "thread_cell_gates",
    reference=_in_order,
    doc="""
    The weights of an LSTMCell fit into a Keras LSTM, and the outputs are others. The cell keeps its gates as i, j,
    f, o and Keras as i, f, c, o; the 1 that the cell adds to the forget gate was taken along.
    """,
)


@thread_cell_gates.on("tf1.session")
def _(tf, x, kernel, recurrent, bias):
    h = c = tf.zeros([1, 1])
    for step in range(2):
        i, j, f, o = tf.split(tf.matmul(x[:, step], kernel) + tf.matmul(h, recurrent) + bias, 4, axis=1)
        c = tf.sigmoid(f + 1.0) * c + tf.sigmoid(i) * tf.tanh(j)
        h = tf.sigmoid(o) * tf.tanh(c)
    return h


@thread_cell_gates.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias):
    import numpy as np

    layer = keras.layers.LSTM(1, recurrent_activation="sigmoid")
    layer.build(x.shape)
    layer.set_weights([kernel, recurrent, bias + np.float32([0, 1, 0, 0])])
    return layer(x)


thread_cell_gates.sample(
    "two-steps",
    x=fixtures.values("one_then_two", [[[1], [2]]]),
    kernel=fixtures.values("tenths", [[0.1, 0.2, 0.3, 0.4]]),
    recurrent=fixtures.values("more_tenths", [[0.5, 0.6, 0.7, 0.8]]),
    bias=fixtures.values("zeros_4", [0] * 4),
)


def _both_ways(x):
    import numpy as np

    x = x.astype(np.float64)
    return reference.Reference(np.cumsum(x, 1) + np.cumsum(x[:, ::-1], 1)[:, ::-1], 2 * np.sum(abs(x)), 4)


thread_go_backwards = operation(
    "thread_go_backwards",
    reference=_both_ways,
    doc="""
    Two layers, one with go_backwards=True, and their outputs added: the model learns badly. What comes back from
    the backward one is in reversed order, and has to be turned around before it meets the other.
    """,
)


@thread_go_backwards.on("tf1.session")
def _(tf, x):
    forward, backward = [x[:, 0]], [x[:, 2]]
    for step in (1, 2):
        forward.append(x[:, step] + forward[-1])
        backward.append(x[:, 2 - step] + backward[-1])
    return tf.stack(forward, 1) + tf.reverse(tf.stack(backward, 1), [1])


@thread_go_backwards.on("keras2", "keras3")
def _(keras, x):
    outputs = []
    for backwards in (False, True):
        layer = keras.layers.SimpleRNN(
            1,
            activation="linear",
            use_bias=False,
            return_sequences=True,
            go_backwards=backwards,
            kernel_initializer="ones",
            recurrent_initializer="ones",
        )
        outputs.append(layer(x))
    return outputs[0] + outputs[1]


thread_go_backwards.sample(
    "three-steps", x=fixtures.values("three_steps", [[[1], [2], [3]]]), expected=[7, 8, 9]
)
