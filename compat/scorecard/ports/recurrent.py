"""Faults in recurrent cells and in what goes along time."""

import numpy as np

from .kinds import given, kind


def _cell(draw):
    """(kernel, bias, state) of an LSTM cell of some units, and its inputs."""
    units = 4
    kernel = draw.normal(draw.width + units, 4 * units) / np.float32(3)
    return kernel, draw.normal(4 * units), draw.normal(draw.batch, 2, units)


def _step(tf, x, state, kernel, bias, order, forget=1.0, act="sigmoid"):
    """One step of an LSTM whose gates come in that order; the new h."""
    c, h = state[:, 0], state[:, 1]
    z = tf.matmul(tf.concat([x, h], 1), tf.constant(kernel)) + tf.constant(bias)
    gates = dict(zip(order, tf.split(z, 4, axis=1)))
    sigmoid = tf.sigmoid if act == "sigmoid" else lambda v: tf.clip_by_value(0.2 * v + 0.5, 0.0, 1.0)
    f = gates["f"] + forget if forget else gates["f"]
    c = c * sigmoid(f) + sigmoid(gates["i"]) * tf.tanh(gates["j"])
    return tf.tanh(c) * sigmoid(gates["o"])


def _lstm(draw, right, faulty):
    kernel, bias, state = _cell(draw)

    def legacy(tf, x, state):
        return _step(tf, x, state, kernel, bias, **right)

    def port(tf, x, state, wrong=False):
        return _step(tf, x, state, kernel, bias, **(faulty if wrong else right))

    return legacy, port, {"x": draw.normal(draw.batch, draw.width), "state": state}


@kind("order of the gates", "takes split")
def _(draw):
    return _lstm(draw, {"order": "ijfo"}, {"order": "ifjo"})


@kind("forget bias left out", "Add")
def _(draw):
    return _lstm(draw, {"order": "ijfo"}, {"order": "ijfo", "forget": 0.0})


@kind("hard sigmoid in the gates", "hard_sigmoid", "Minimum")
def _(draw):
    return _lstm(draw, {"order": "ijfo"}, {"order": "ijfo", "act": "hard"})


@kind("c for h in the state", "ReverseV2", "takes strided_slice")
def _(draw):
    kernel, bias, state = _cell(draw)

    def legacy(tf, x, state):
        return _step(tf, x, state, kernel, bias, "ijfo")

    def port(tf, x, state, wrong=False):
        return _step(tf, x, tf.reverse(state, [1]) if wrong else state, kernel, bias, "ijfo")

    return legacy, port, {"x": draw.normal(draw.batch, draw.width), "state": state}


@kind("gates not reordered for Keras", "takes split")
def _(draw):
    units, (kernel, bias, _) = 4, _cell(draw)
    i, j, f, o = (range(n * units, (n + 1) * units) for n in range(4))
    of_keras = [*i, *f, *j, *o]

    def legacy(tf, x):
        c = h = tf.zeros([draw.batch, units])
        for t in range(3):
            z = tf.matmul(tf.concat([x[:, t], h], 1), tf.constant(kernel)) + tf.constant(bias)
            i, j, f, o = tf.split(z, 4, axis=1)
            c = c * tf.sigmoid(f) + tf.sigmoid(i) * tf.tanh(j)
            h = tf.tanh(c) * tf.sigmoid(o)
        return h

    def port(tf, x, wrong=False):
        order = slice(None) if wrong else of_keras
        w, u = kernel[:, order][: draw.width], kernel[:, order][draw.width :]
        numbers = given(kernel=w, recurrent=u, bias=bias[order])
        settings = {"recurrent_activation": "sigmoid", "unit_forget_bias": False, "unroll": True}
        return tf.keras.layers.LSTM(units, **settings, **numbers)(x)

    return legacy, port, {"x": draw.normal(draw.batch, 3, draw.width)}


@kind("GRU: reset after the product", "MatMul")
def _(draw):
    kernels = [draw.normal(draw.width, 4) / np.float32(3) for _ in range(3)]
    inner = [draw.normal(4, 4) / np.float32(2) for _ in range(3)]

    def gru(tf, x, h, after):
        (wz, wr, wh), (uz, ur, uh) = ([tf.constant(w) for w in group] for group in (kernels, inner))
        z = tf.sigmoid(tf.matmul(x, wz) + tf.matmul(h, uz))
        r = tf.sigmoid(tf.matmul(x, wr) + tf.matmul(h, ur))
        past = r * tf.matmul(h, uh) if after else tf.matmul(r * h, uh)
        return z * h + (1.0 - z) * tf.tanh(tf.matmul(x, wh) + past)

    def legacy(tf, x, h):
        return gru(tf, x, h, False)

    def port(tf, x, h, wrong=False):
        return gru(tf, x, h, wrong)

    return legacy, port, {"x": draw.normal(draw.batch, draw.width), "h": draw.normal(draw.batch, 4)}


@kind("GRU: update gate the other way", "takes sub", "swapped")
def _(draw):
    w, u = draw.normal(draw.width, 4), draw.normal(4, 4)

    def gru(tf, x, h, other):
        z = tf.sigmoid(tf.matmul(x, tf.constant(w)) + tf.matmul(h, tf.constant(u)))
        new = tf.tanh(tf.matmul(h, tf.constant(u)))
        return (1.0 - z) * h + z * new if other else z * h + (1.0 - z) * new

    def legacy(tf, x, h):
        return gru(tf, x, h, False)

    def port(tf, x, h, wrong=False):
        return gru(tf, x, h, wrong)

    return legacy, port, {"x": draw.normal(draw.batch, draw.width), "h": draw.normal(draw.batch, 4)}


@kind("sequences reversed with their padding", "ReverseSequence")
def _(draw):
    lengths = np.maximum(1, draw.length - np.arange(draw.batch)).astype(np.int32)

    def legacy(tf, x):
        return tf.tanh(tf.reverse_sequence(x, tf.constant(lengths), seq_axis=1, batch_axis=0))

    def port(tf, x, wrong=False):
        if wrong:
            return tf.math.tanh(tf.reverse(x, [1]))
        return tf.math.tanh(tf.reverse_sequence(x, tf.constant(lengths), seq_axis=1, batch_axis=0))

    return legacy, port, {"x": draw.normal(draw.batch, draw.length, draw.width)}


@kind("last step for the last that is no padding", "GatherNd")
def _(draw):
    lengths = np.maximum(1, draw.length - 1 - np.arange(draw.batch)).astype(np.int32)
    places = np.stack([np.arange(draw.batch), lengths - 1], 1).astype(np.int32)
    last = np.stack([np.arange(draw.batch), 0 * lengths + draw.length - 1], 1).astype(np.int32)

    def legacy(tf, x):
        return tf.gather_nd(tf.tanh(x), tf.constant(places))

    def port(tf, x, wrong=False):
        return tf.gather_nd(tf.math.tanh(x), tf.constant(last if wrong else places))

    return legacy, port, {"x": draw.normal(draw.batch, draw.length, draw.width)}


@kind("mean over time with the padding", "has Mean")
def _(draw):
    keep = (np.arange(draw.length)[None] < draw.length - np.arange(draw.batch)[:, None]).astype(np.float32)

    def legacy(tf, x, keep):
        kept = tf.reduce_sum(x * tf.expand_dims(keep, 2), axis=1)
        return kept / tf.reduce_sum(keep, axis=1, keepdims=True)

    def port(tf, x, keep, wrong=False):
        kept = x * keep[:, :, None]
        if wrong:
            return tf.reduce_mean(kept, axis=1)
        return tf.reduce_sum(kept, axis=1) / tf.reduce_sum(keep, axis=1, keepdims=True)

    return legacy, port, {"x": draw.normal(draw.batch, draw.length, draw.width), "keep": keep}


@kind("inclusive for exclusive running sum", "exclusive")
def _(draw):
    def legacy(tf, x):
        return tf.exp(tf.cumsum(x, axis=1, exclusive=True))

    def port(tf, x, wrong=False):
        return tf.exp(tf.cumsum(x, axis=1, exclusive=not wrong))

    return legacy, port, {"x": 0.1 * draw.normal(draw.batch, draw.length)}
