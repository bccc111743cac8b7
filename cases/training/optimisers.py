"""What optimisers make of given gradients: Adadelta, Ftrl, Adagrad's beginning; and gradients that are clipped.

The traps: a global norm against every variable's own, what an accumulator begins with, the rate's default.
"""

from compat import Unsupported, fixtures, operation, reference

_STEPS = 5
_W = fixtures.normal("optimised_w_4x3", (4, 3), seed=391)
_GRADIENTS = fixtures.normal("optimised_gradients_5x4x3", (_STEPS, 4, 3), seed=392, scale=0.3)


def _reference(w, gradients, *, optimiser, rate, settings):
    import numpy as np

    how = dict(settings)
    after, weights = reference.training.weights_after, [w.astype(np.float64)]
    for step in range(len(gradients)):  # without roundings, for the pages
        weights.append(after(weights, gradients[: step + 1], optimiser, rate, **how).value[-1])

    def rule(recorded):
        before = np.concatenate([w[None], recorded[:-1]])
        return after(before, gradients, optimiser, rate, **how).reference()

    return reference.Steps().step("weights", rule, "weights", value=np.stack(weights[1:]))


optimiser_steps = operation(
    "optimiser_steps",
    reference=_reference,
    doc="""
    The weights after each of 5 steps with given gradients, judged from the weights before the step.
    """,
)


@optimiser_steps.on("numpy")
def _(np, w, gradients, *, optimiser, rate, settings):
    given = {name: np.float32(value) for name, value in settings}
    rate, w = np.float32(rate), w.copy()
    first = second = np.zeros_like(w)
    if optimiser in ("adagrad", "ftrl"):
        first = first + given["start"]
    after = []
    for g in gradients:
        if optimiser == "adagrad":
            first = first + g * g
            w = w - rate * g / (np.sqrt(first) + given["epsilon"])
        elif optimiser == "adadelta":
            rho, epsilon = given["decay_of_square"], given["epsilon"]
            first = rho * first + (1 - rho) * g * g
            step = np.sqrt(second + epsilon) / np.sqrt(first + epsilon) * g
            second = rho * second + (1 - rho) * step * step
            w = w - rate * step
        else:
            l1, l2 = given["l1"], given["l2"]
            root, before = np.sqrt(first + g * g), np.sqrt(first)
            first, second = first + g * g, second + g - (root - before) / rate * w
            w = -(second - np.clip(second, -l1, l1)) / (root / rate + 2 * l2)
        after.append(w)
    return {"weights": np.stack(after)}


@optimiser_steps.on("tf1.session")
def _(tf, w, gradients, *, optimiser, rate, settings):
    import numpy as np

    given = dict(settings)
    made = {
        "adagrad": lambda: tf.train.AdagradOptimizer(rate, given["start"]),
        "adadelta": lambda: tf.train.AdadeltaOptimizer(rate, given["decay_of_square"], given["epsilon"]),
        "ftrl": lambda: tf.train.FtrlOptimizer(
            rate,
            initial_accumulator_value=given["start"],
            l1_regularization_strength=given["l1"],
            l2_regularization_strength=given["l2"],
        ),
    }[optimiser]()
    # A graph and a session of its own: training takes many runs, and the suite's session does one.
    with tf.Graph().as_default(), tf.Session() as session:
        variable, gradient = tf.Variable(_W.array), tf.placeholder(tf.float32, _W.array.shape)
        train = made.apply_gradients([(gradient, variable)])
        session.run(tf.global_variables_initializer())
        after = []
        for array in _GRADIENTS.array:
            session.run(train, {gradient: array})
            after.append(session.run(variable))
    return {"weights": tf.constant(np.stack(after))}


def _of_keras(keras, optimiser, rate, settings):
    given = dict(settings)
    if optimiser == "adagrad":
        return keras.optimizers.Adagrad(
            rate, initial_accumulator_value=given["start"], epsilon=given["epsilon"]
        )
    if optimiser == "adadelta":
        return keras.optimizers.Adadelta(rate, rho=given["decay_of_square"], epsilon=given["epsilon"])
    return keras.optimizers.Ftrl(
        rate,
        initial_accumulator_value=given["start"],
        l1_regularization_strength=given["l1"],
        l2_regularization_strength=given["l2"],
    )


@optimiser_steps.on("tf2.eager", "keras2", "keras3")
def _(module, w, gradients, *, optimiser, rate, settings):
    import numpy as np
    import tensorflow as tf

    if not hasattr(tf, "function") or not tf.executing_eagerly():
        raise Unsupported("the optimisers of tf.keras in TensorFlow 1 step only in a model's training")
    made = _of_keras(getattr(module, "keras", module), optimiser, rate, settings)
    variable, after = tf.Variable(_W.array), []
    for array in _GRADIENTS.array:
        made.apply_gradients([(tf.constant(array), variable)])
        after.append(variable.numpy())
    return {"weights": np.stack(after)}


for name, optimiser, rate, settings in (
    ("adagrad-from-tenth", "adagrad", 0.5, {"start": 0.1, "epsilon": 1e-7}),
    ("adadelta", "adadelta", 1.0, {"decay_of_square": 0.95, "epsilon": 1e-6}),
    ("adadelta-small-rate", "adadelta", 0.001, {"decay_of_square": 0.95, "epsilon": 1e-7}),
    ("ftrl", "ftrl", 0.5, {"start": 0.1, "l1": 0.0, "l2": 0.0}),
    ("ftrl-l1-l2", "ftrl", 0.5, {"start": 0.1, "l1": 0.2, "l2": 0.05}),
):
    optimiser_steps.sample(
        name, w=_W, gradients=_GRADIENTS, optimiser=optimiser, rate=rate, settings=tuple(settings.items())
    )

# -- clipping

_SMALL = fixtures.normal("clipped_small_3", (3,), seed=393, scale=0.05)
_B = fixtures.normal("clipped_b_3", (3,), seed=394)
_LARGE = fixtures.normal("clipped_large_4x3", (4, 3), seed=395, scale=2.0)


def _clipped(w, b, dw, db, *, by, limit, rate):
    answers = reference.clipped_step((w, b), (dw, db), by=by, limit=limit, rate=rate)
    return {
        "w_gradient": answers["gradient_0"],
        "b_gradient": answers["gradient_1"],
        "w": answers["weights_0"],
        "b": answers["weights_1"],
    }


clipped_step = operation(
    "clipped_step",
    reference=_clipped,
    doc="""
    One step of gradient descent of two variables, the gradients clipped: all by their norm together
    (tf.clip_by_global_norm, Keras's global_clipnorm), each by its own (tf.clip_by_norm, clipnorm), or every number
    (tf.clip_by_value, clipvalue).
    """,
)


def _step(w, b, clipped, rate):
    dw, db = clipped
    return {"w_gradient": dw, "b_gradient": db, "w": w - rate * dw, "b": b - rate * db}


@clipped_step.on("numpy")
def _(np, w, b, dw, db, *, by, limit, rate):
    limit = np.float32(limit)
    if by == "value":
        clipped = [np.clip(g, -limit, limit) for g in (dw, db)]
    else:
        squares = [(g * g).sum() for g in (dw, db)]
        norms = [np.sqrt(sum(squares))] * 2 if by == "global norm" else np.sqrt(squares)
        clipped = [g * (limit / np.maximum(norm, limit)) for g, norm in zip((dw, db), norms)]
    return _step(w, b, clipped, np.float32(rate))


@clipped_step.on("tf1.session", "tf2.eager", "tf2.function")
def _(tf, w, b, dw, db, *, by, limit, rate):
    if by == "global norm":
        clipped = tf.clip_by_global_norm([dw, db], limit)[0]
    elif by == "norm":
        clipped = [tf.clip_by_norm(g, limit) for g in (dw, db)]
    else:
        clipped = [tf.clip_by_value(g, -limit, limit) for g in (dw, db)]
    return _step(w, b, clipped, rate)


clipped_step_of_keras = operation(
    "clipped_step_of_keras",
    reference=lambda *inputs, **settings: {
        name: answer for name, answer in _clipped(*inputs, **settings).items() if name in ("w", "b")
    },
    doc="The arguments of Keras's optimisers: clipnorm is not tf.clip_by_global_norm, global_clipnorm is.",
)


@clipped_step_of_keras.on("numpy")
def _(np, w, b, dw, db, **how):
    stepped = clipped_step.implementations["numpy"](np, w, b, dw, db, **how)
    return {name: stepped[name] for name in ("w", "b")}


@clipped_step_of_keras.on("keras2", "keras3")
def _(keras, w, b, dw, db, *, by, limit, rate):
    import tensorflow as tf

    if not hasattr(tf, "function") or not tf.executing_eagerly():
        raise Unsupported("the optimisers of tf.keras in TensorFlow 1 step only in a model's training")
    argument = {"global norm": "global_clipnorm", "norm": "clipnorm", "value": "clipvalue"}[by]
    try:
        made = keras.optimizers.SGD(rate, **{argument: limit})
    except TypeError:
        raise Unsupported(f"the optimisers of this Keras have no {argument}") from None
    variables = [tf.Variable(array) for array in (w, b)]
    made.apply_gradients(zip([tf.constant(dw), tf.constant(db)], variables))
    return dict(zip("wb", variables))


for by, limit in (("global norm", 1.0), ("norm", 1.0), ("value", 0.5), ("global norm", 100.0)):
    name = by.replace(" ", "-") + ("-not-reached" if limit == 100 else "")
    for made in (clipped_step, clipped_step_of_keras):
        made.sample(name, w=_W, b=_B, dw=_LARGE, db=_SMALL, by=by, limit=limit, rate=0.1)
