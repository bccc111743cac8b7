"""Faults in gradients and updates: what flows back, what is clipped, what decays, and the order of it."""

import numpy as np

from .kinds import kind

_RATE = 0.1


def _one(draw):
    return {"w": draw.normal(draw.width), "g": 3 * draw.normal(draw.width)}


def _update(rule):
    """Legacy and port of one ``rule(tf, *tensors, wrong)`` that either has by hand."""

    def legacy(tf, *tensors):
        return rule(tf, *tensors, wrong=False)

    return legacy, rule


def _gradient(tf, loss, *variables):
    """The gradients of ``loss(*variables)``, as either version writes it."""
    if hasattr(tf, "placeholder"):
        return tf.gradients(loss(*variables), list(variables))
    with tf.GradientTape() as tape:
        for variable in variables:
            tape.watch(variable)
        found = loss(*variables)
    return tape.gradient(found, list(variables))


@kind("gradient through the target", "StopGradient", "AddN")
def _(draw):
    kernel = draw.normal(draw.width, 3)

    def rule(tf, w, x, wrong=False):
        def loss(w):
            now = tf.matmul(x * w, tf.constant(kernel))
            later = 0.9 * tf.reduce_max(tf.matmul((x + 1.0) * w, tf.constant(kernel)), axis=1, keepdims=True)
            return tf.reduce_mean(tf.square(now - (later if wrong else tf.stop_gradient(later))))

        return _gradient(tf, loss, w)[0]

    given = {"w": draw.normal(draw.width), "x": draw.normal(draw.batch, draw.width)}
    return (*_update(rule), given)


@kind("gradient of one use of a shared weight", "AddN")
def _(draw):
    def rule(tf, w, x, wrong=False):
        def loss(w):
            code = tf.tanh(tf.matmul(x, w))
            again = tf.matmul(code, tf.stop_gradient(w) if wrong else w, transpose_b=True)
            return tf.reduce_mean(tf.square(again - x))

        return _gradient(tf, loss, w)[0]

    given = {"w": draw.normal(draw.width, 4), "x": draw.normal(draw.batch, draw.width)}
    return (*_update(rule), given)


@kind("straight-through gradient clipped", "Minimum", "Maximum")
def _(draw):
    def rule(tf, w, x, wrong=False):
        def loss(w):
            through = tf.clip_by_value(w, -1.0, 1.0) if wrong else w
            sent = through + tf.stop_gradient(tf.round(4.0 * w) / 4.0 - through)
            return tf.reduce_sum(tf.square(sent * x))

        return _gradient(tf, loss, w)[0]

    return (*_update(rule), {"w": 2 * draw.normal(draw.width), "x": draw.normal(draw.width)})


@kind("clipped by value for by norm", "Minimum", "Sum ")
def _(draw):
    def rule(tf, w, g, wrong=False):
        clipped = tf.clip_by_value(g, -1.0, 1.0) if wrong else tf.clip_by_norm(g, 1.0)
        return w - _RATE * clipped

    return (*_update(rule), _one(draw))


@kind("clipped one by one for by the global norm", "L2Loss", "global norm")
def _(draw):
    def rule(tf, a, b, wrong=False):
        if wrong:
            clipped = [tf.clip_by_norm(g, 2.0) for g in (a, b)]
        else:
            clipped, _ = tf.clip_by_global_norm([a, b], 2.0)
        return {"a": 0.5 - _RATE * clipped[0], "b": 0.5 - _RATE * clipped[1]}

    return (*_update(rule), {"a": 3 * draw.normal(draw.width, 4), "b": 2 * draw.normal(draw.width)})


@kind("decay on the bias as well", "has Mul, Add")
def _(draw):
    def rule(tf, w, b, dw, db, wrong=False):
        bias = db + 0.01 * b if wrong else db
        return {"kernel": w - _RATE * (dw + 0.01 * w), "bias": b - _RATE * bias}

    shapes = {"w": (draw.width, 4), "b": (4,), "dw": (draw.width, 4), "db": (4,)}
    return (*_update(rule), {name: draw.normal(*shape) for name, shape in shapes.items()})


def _adam(tf, w, g, m, v, step, decay=0.0, decoupled=False, hat=True):
    """One step of Adam; ``hat``: as Kingma and Ba write it, else TensorFlow's epsilon hat."""
    g = g + decay * w if decay and not decoupled else g
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * tf.square(g)
    c1, c2 = 1 - 0.9**step, 1 - 0.999**step
    move = (m / c1) / (tf.sqrt(v / c2) + 1e-4) if hat else m * (c2**0.5 / c1) / (tf.sqrt(v) + 1e-4)
    return w - 0.01 * (move + decay * w if decay and decoupled else move)


def _moments(draw):
    given = {name: draw.normal(draw.width) for name in "wgm"}
    return dict(given, v=0.01 * draw.uniform(draw.width, low=0.1))


@kind("decay in the gradient for decoupled decay", "has AddV2", "has Mul, AddV2")
def _(draw):
    def rule(tf, w, g, m, v, wrong=False):
        return _adam(tf, w, g, m, v, 5, decay=0.05, decoupled=not wrong)

    return (*_update(rule), _moments(draw))


@kind("Adam's epsilon on the corrected moment", "epsilon", "Sqrt")
def _(draw):
    def rule(tf, w, g, m, v, wrong=False):
        return _adam(tf, w, g, m, v, 2, hat=wrong)

    return (*_update(rule), _moments(draw))


@kind("Adam's step counted from zero", "write 0.")
def _(draw):
    def rule(tf, w, g, m, v, wrong=False):
        return _adam(tf, w, g, m, v, 6 if wrong else 5)

    return (*_update(rule), _moments(draw))


@kind("bias correction left out", "RealDiv", "a factor")
def _(draw):
    def rule(tf, w, m, v, wrong=False):
        m = m if wrong else m / (1 - 0.9**3)
        return w - 0.01 * m / (tf.sqrt(v) + 1e-7)

    given = _moments(draw)
    return (*_update(rule), {name: given[name] for name in "wmv"})


@kind("accumulated gradients summed, not averaged", "RealDiv", "a factor")
def _(draw):
    def rule(tf, w, a, b, wrong=False):
        total = a + b
        return w - _RATE * (total if wrong else total / 2.0)

    return (*_update(rule), {name: draw.normal(draw.width) for name in "wab"})


@kind("decay of the rate in steps", "Floor")
def _(draw):
    def rule(tf, w, g, step, wrong=False):
        turns = step / 4.0
        rate = _RATE * tf.pow(0.5, tf.floor(turns) if wrong else turns)
        return w - rate * g

    return (*_update(rule), dict(_one(draw), step=np.array([draw.length], np.float32)))


@kind("Nesterov's momentum", "has Mul, AddV2", "Nesterov")
def _(draw):
    def rule(tf, w, g, m, wrong=False):
        m = 0.9 * m + g
        return w - _RATE * (g + 0.9 * m if wrong else m)

    return (*_update(rule), {name: draw.normal(draw.width) for name in "wgm"})


@kind("warm-up one step ahead", "has AddV2")
def _(draw):
    def rule(tf, w, g, step, wrong=False):
        done = step + 1.0 if wrong else step
        return w - _RATE * tf.minimum(1.0, done / 100.0) * g

    return (*_update(rule), dict(_one(draw), step=np.array([draw.length], np.float32)))


@kind("RMSprop: epsilon outside the root", "added to the root, expected under it")
def _(draw):
    def rule(tf, w, g, v, wrong=False):
        v = 0.9 * v + 0.1 * tf.square(g)
        return w - _RATE * g / (tf.sqrt(v) + 1e-3 if wrong else tf.sqrt(v + 1e-3))

    given = {"w": draw.normal(draw.width), "g": 0.1 * draw.normal(draw.width)}
    return (*_update(rule), dict(given, v=0.01 * draw.uniform(draw.width, low=0.1)))
