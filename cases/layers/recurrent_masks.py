"""Recurrent layers over sequences of several lengths, in both directions, with peepholes and zoneout.

The traps: what is after a sequence's end (the output before, or zeros), and whose "last output" it is.
"""

from compat import Unsupported, fixtures, operation, reference

UNITS, INPUTS, STEPS = 4, 3, 5
_X = fixtures.normal("sequence_2x5x3", (2, STEPS, INPUTS), seed=91)
#: The second sequence ends after three steps.
_MASK = fixtures.values("lengths_5_3", [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])


def _weights(suffix="", seed=401):
    scale = {"scale": 0.5}
    return {
        f"kernel{suffix}": fixtures.normal(f"masked_kernel{suffix}", (INPUTS, 4 * UNITS), seed=seed, **scale),
        f"recurrent{suffix}": fixtures.normal(
            f"masked_recurrent{suffix}", (UNITS, 4 * UNITS), seed=seed + 1, **scale
        ),
        f"bias{suffix}": fixtures.normal(f"masked_bias{suffix}", (4 * UNITS,), seed=seed + 2, **scale),
    }


class _Ops:
    """What the written-out cell takes of NumPy or TensorFlow."""

    def __init__(self, module):
        self.matmul, self.tanh, self.where = module.matmul, module.tanh, module.where
        if hasattr(module, "sigmoid"):
            self.sigmoid, self.split = module.sigmoid, lambda sums: module.split(sums, 4, axis=1)
            self.stack, self.concat = module.stack, module.concat
        else:
            self.sigmoid = lambda v: 1 / (1 + module.exp(-v))
            self.split = lambda sums: module.split(sums, 4, axis=1)
            self.stack, self.concat = module.stack, module.concatenate
        self.zeros = lambda: module.zeros((2, UNITS), "float32")


def _run(ops, x, kernel, recurrent, bias, mask=None, peepholes=None, zoneout=(0.0, 0.0), backwards=False):
    """All outputs, in the order of the steps; a masked step's is the one before."""
    output = h = c = ops.zeros()
    outputs = []
    order = range(STEPS)
    for step in reversed(order) if backwards else order:
        i, f, g, o = ops.split(ops.matmul(x[:, step], kernel) + ops.matmul(h, recurrent) + bias)
        if peepholes is not None:
            i, f = i + c * peepholes[0], f + c * peepholes[1]
        new = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        if peepholes is not None:
            o = o + new * peepholes[2]
        now = ops.sigmoid(o) * ops.tanh(new)
        new, now = new * (1 - zoneout[0]) + c * zoneout[0], now * (1 - zoneout[1]) + h * zoneout[1]
        if mask is None:
            c, h, output = new, now, now
        else:
            m = mask[:, step, None]  # 1 or 0: exact
            c, h, output = new * m + c * (1 - m), now * m + h * (1 - m), now * m + output * (1 - m)
        outputs.append(output)
    return outputs[::-1] if backwards else outputs


def _keras_layer(keras, weights, **options):
    layer = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid", unit_forget_bias=False, **options)
    layer.build((2, STEPS, INPUTS))
    layer.set_weights(weights)
    return layer


def _as_mask(mask):
    import tensorflow as tf

    return tf.constant(mask > 0)


# -- masks

lstm_masked = operation(
    "lstm_masked",
    reference=lambda x, kernel, recurrent, bias, mask: {
        "last": reference.lstm(x, kernel, recurrent, bias, mask),
        "all": reference.lstm(x, kernel, recurrent, bias, mask, sequences=True),
    },
    doc="Where the mask is 0 the state stays, and the output before is repeated, as Keras does.",
)


@lstm_masked.on("numpy", "tf2.eager", "tf2.function")
def _(module, x, kernel, recurrent, bias, mask):
    outputs = _run(_Ops(module), x, kernel, recurrent, bias, mask)
    return {"last": outputs[-1], "all": _Ops(module).stack(outputs, 1)}


@lstm_masked.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias, mask):
    weights = [kernel, recurrent, bias]
    return {
        "last": _keras_layer(keras, weights)(x, mask=_as_mask(mask)),
        "all": _keras_layer(keras, weights, return_sequences=True)(x, mask=_as_mask(mask)),
    }


lstm_masked.sample("end", x=_X, **_weights(), mask=_MASK)
lstm_masked.sample(
    "middle", x=_X, **_weights(), mask=fixtures.values("holes", [[1, 0, 1, 1, 0], [0, 1, 1, 0, 1]])
)

lstm_lengths = operation(
    "lstm_lengths",
    reference=lambda x, kernel, recurrent, bias, mask: {
        "state": reference.lstm(x, kernel, recurrent, bias, mask),
        "all": reference.lstm(x, kernel, recurrent, bias, mask, masked="zeros", sequences=True),
    },
    doc="""
    tf.nn.dynamic_rnn with sequence_length: zeros past the end, so that outputs[:, -1] of a short sequence is 0
    and the state is the last output. Keras says zero_output_for_mask=True for the zeros.
    """,
)


@lstm_lengths.on("numpy", "tf2.eager", "tf2.function")
def _(module, x, kernel, recurrent, bias, mask):
    outputs = _run(_Ops(module), x, kernel, recurrent, bias, mask)
    shown = [output * mask[:, step, None] for step, output in enumerate(outputs)]
    return {"state": outputs[-1], "all": _Ops(module).stack(shown, 1)}


def _cell(tf, kernel, recurrent, bias, **options):
    """TensorFlow 1's, with Keras's weights in its own order i, j, f, o."""
    try:
        cell = tf.nn.rnn_cell.LSTMCell(UNITS, forget_bias=0.0, dtype=tf.float32, **options)
    except (AttributeError, ImportError):
        raise Unsupported("from TensorFlow 2.16 the cells are gone with Keras 2") from None
    cell.build((None, INPUTS))
    i, f, c, o = tf.split(tf.concat([kernel, recurrent], 0), 4, axis=1)
    bi, bf, bc, bo = tf.split(bias, 4)
    cell._kernel, cell._bias = tf.concat([i, c, f, o], 1), tf.concat([bi, bc, bf, bo], 0)
    return cell


@lstm_lengths.on("tf1.session")
def _(tf, x, kernel, recurrent, bias, mask):
    lengths = tf.cast(tf.reduce_sum(mask, 1), tf.int32)
    cell = _cell(tf, kernel, recurrent, bias)
    outputs, state = tf.nn.dynamic_rnn(cell, x, lengths, dtype=tf.float32)
    return {"state": state.h, "all": outputs}


@lstm_lengths.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias, mask):
    weights, options = [kernel, recurrent, bias], {"return_sequences": True, "return_state": True}
    try:
        layer = _keras_layer(keras, weights, zero_output_for_mask=True, **options)
    except (TypeError, ValueError):
        raise Unsupported("this Keras has no zero_output_for_mask") from None
    outputs, state, _ = layer(x, mask=_as_mask(mask))
    return {"state": state, "all": outputs}


lstm_lengths.sample("end", x=_X, **_weights(), mask=_MASK)

# -- both directions

_BOTH = dict(_weights(), **_weights("_back", seed=411))


def _bidirectional(*inputs, merge):
    return {
        "last": reference.bidirectional(*inputs, merge=merge),
        "all": reference.bidirectional(*inputs, merge=merge, masked="zeros", sequences=True),
    }


bidirectional_lstm = operation(
    "bidirectional_lstm",
    reference=_bidirectional,
    doc="""
    Keras's Bidirectional, of sequences that are masked at the end. Its last output has the backward layer's of
    the first step, which outputs[:, -1] of tf.nn.bidirectional_dynamic_rnn has not. Unlike a layer alone it gives
    zeros at masked steps, as zero_output_for_mask=True.
    """,
)


def _merged(ops, forth, back, merge):
    if merge == "concat":
        return ops.concat([forth, back], -1)
    return {"sum": forth + back, "mul": forth * back, "ave": (forth + back) / 2}[merge]


@bidirectional_lstm.on("numpy", "tf2.eager", "tf2.function")
def _(module, x, kernel, recurrent, bias, kernel_back, recurrent_back, bias_back, mask, *, merge):
    ops = _Ops(module)
    forth = _run(ops, x, kernel, recurrent, bias, mask)
    back = _run(ops, x, kernel_back, recurrent_back, bias_back, mask, backwards=True)
    steps = [_merged(ops, f, b, merge) * mask[:, k, None] for k, (f, b) in enumerate(zip(forth, back))]
    return {"last": _merged(ops, forth[-1], back[0], merge), "all": ops.stack(steps, 1)}


@bidirectional_lstm.on("tf1.session")
def _(tf, x, kernel, recurrent, bias, kernel_back, recurrent_back, bias_back, mask, *, merge):
    cells = _cell(tf, kernel, recurrent, bias), _cell(tf, kernel_back, recurrent_back, bias_back)
    lengths = tf.cast(tf.reduce_sum(mask, 1), tf.int32)
    outputs, states = tf.nn.bidirectional_dynamic_rnn(*cells, x, lengths, dtype=tf.float32)
    return {
        "last": _merged(_Ops(tf), states[0].h, states[1].h, merge),
        "all": _merged(_Ops(tf), outputs[0], outputs[1], merge),
    }


@bidirectional_lstm.on("keras2", "keras3")
def _(keras, x, kernel, recurrent, bias, kernel_back, recurrent_back, bias_back, mask, *, merge):
    results = {}
    for name, sequences in (("last", False), ("all", True)):
        inner = keras.layers.LSTM(UNITS, recurrent_activation="sigmoid", return_sequences=sequences)
        layer = keras.layers.Bidirectional(inner, merge_mode=merge)
        layer.build((2, STEPS, INPUTS))
        layer.set_weights([kernel, recurrent, bias, kernel_back, recurrent_back, bias_back])
        results[name] = layer(x, mask=_as_mask(mask))
    return results


for merge in ("concat", "sum", "mul", "ave"):
    bidirectional_lstm.sample(merge, x=_X, **_BOTH, mask=_MASK, merge=merge)

# -- cells that Keras has not

lstm_peepholes = operation(
    "lstm_peepholes",
    reference=lambda x, kernel, recurrent, bias, peepholes: reference.lstm(
        x, kernel, recurrent, bias, None, peepholes
    ),
    doc="LSTMCell(use_peepholes=True): i and f see the old cell, o the new one. Keras has no such cell.",
)


@lstm_peepholes.on("numpy", "tf2.eager", "tf2.function")
def _(module, x, kernel, recurrent, bias, peepholes):
    return _run(_Ops(module), x, kernel, recurrent, bias, peepholes=peepholes)[-1]


@lstm_peepholes.on("tf1.session")
def _(tf, x, kernel, recurrent, bias, peepholes):
    cell = _cell(tf, kernel, recurrent, bias, use_peepholes=True)
    cell._w_i_diag, cell._w_f_diag, cell._w_o_diag = tf.unstack(peepholes)
    return tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)[1].h


lstm_peepholes.sample(
    "plain", x=_X, **_weights(), peepholes=fixtures.normal("peepholes_3x4", (3, UNITS), seed=421)
)

lstm_zoneout = operation(
    "lstm_zoneout",
    reference=lambda x, kernel, recurrent, bias, *, zoneout: reference.lstm(
        x, kernel, recurrent, bias, zoneout=zoneout
    ),
    doc="""
    Zoneout when nothing is drawn: each step keeps a share of the old cell and of the old output. TensorFlow has
    no such cell; every port writes its own.
    """,
)


@lstm_zoneout.on("numpy", "tf1.session", "tf2.eager", "tf2.function")
def _(module, x, kernel, recurrent, bias, *, zoneout):
    return _run(_Ops(module), x, kernel, recurrent, bias, zoneout=zoneout)[-1]


for name, zoneout in (("both", (0.25, 0.1)), ("cell-only", (0.5, 0.0))):
    lstm_zoneout.sample(name, x=_X, **_weights(), zoneout=zoneout)
