"""Twenty steps of training, step by step: the loss, every gradient and every weight (SEED_CASES f1, small).

Same weights, same batches, no dropout.  A small digits network without kinks: Conv 4 3x3 by 2 "same",
sigmoid, Flatten, Dense 10, softmax cross-entropy; 690 parameters.  What is compared is the optimisers, as
every dialect has them by default, and with the settings that make them agree.
"""

from compat import fixtures, layers, operation, reference

_STEPS, _BATCH = 20, 32
_ALL, _ALL_LABELS = fixtures.digits()
_IMAGES = fixtures.Fixture("digits_640_of_16ths", lambda: _ALL.array[: _STEPS * _BATCH] / 16)
_LABELS = fixtures.Fixture("digits_labels_640", lambda: _ALL_LABELS.array[: _STEPS * _BATCH])
_WEIGHTS = {
    "w1": fixtures.uniform("training_parity_w1", (3, 3, 1, 4), seed=241, low=-0.7, high=0.7),
    "b1": fixtures.uniform("training_parity_b1", (4,), seed=242, low=-0.1, high=0.1),
    "w2": fixtures.uniform("training_parity_w2", (64, 10), seed=243, low=-0.3, high=0.3),
    "b2": fixtures.uniform("training_parity_b2", (10,), seed=244, low=-0.1, high=0.1),
}
#: What TensorFlow 1's ``tf.train`` has where nothing is said: the reference of "defaults".
_TF1 = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "rmsprop": {"decay_of_square": 0.9, "epsilon": 1e-10, "start": 1},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
}


def _initial():
    """A graph gets placeholders, training needs arrays: the fixtures'."""
    return [fixture.array for fixture in _WEIGHTS.values()]


def _batches():
    """Images and labels of each step."""
    for step in range(_STEPS):
        batch = slice(step * _BATCH, (step + 1) * _BATCH)
        yield _IMAGES.array[batch], _LABELS.array[batch]


def _outputs(np, steps):
    """From (loss, gradients, weights after) of each step: the loss, then gradient and weights by name."""
    losses, gradients, weights = zip(*steps)
    outputs = {"loss": np.array(losses, np.float32)}
    for place, name in enumerate(_WEIGHTS):
        outputs[f"{name}_gradient"] = np.stack([np.asarray(of_step[place]) for of_step in gradients])
        outputs[name] = np.stack([np.asarray(of_step[place]) for of_step in weights])
    return outputs


def _reference(images, labels, w1, b1, w2, b2, *, optimiser, rate, settings, decay):
    import numpy as np

    initial = dict(zip(_WEIGHTS, (w1, b1, w2, b2)))
    settings = dict(_TF1[optimiser], **dict(settings))
    training = reference.training
    batches = [(images[i : i + _BATCH], labels[i : i + _BATCH]) for i in range(0, len(images), _BATCH)]

    def before(name, recorded):
        return np.concatenate([initial[name][None], recorded[:-1]])

    def flow(*recorded):
        started = [before(name, array) for name, array in zip(initial, recorded)]
        steps = [training.conv_dense_step(*batch, *now) for batch, now in zip(batches, zip(*started))]
        return {key: training.stacked([step[key] for step in steps]) for key in steps[0]}

    def after(name):
        def rule(gradient, recorded):
            moved = training.weights_after(
                before(name, recorded), gradient, optimiser, rate, decay=decay, **settings
            )
            return moved.reference()

        return rule

    shown = _in_float64(initial, batches, optimiser, rate, settings, decay)
    steps = reference.Steps()
    for key in ("loss", *initial):
        name = key if key == "loss" else f"{key}_gradient"
        steps.step(name, lambda *w, key=key: flow(*w)[key].reference(), *initial, value=shown[name])
        if key != "loss":
            steps.step(key, after(key), f"{key}_gradient", key, value=shown[key])
    return steps


def _in_float64(initial, batches, optimiser, rate, settings, decay):
    """What training without roundings would do: for the pages."""
    import numpy as np

    training, steps = reference.training, []
    weights, gradients = {name: [array] for name, array in initial.items()}, {name: [] for name in initial}
    for batch in batches:
        found = training.conv_dense_step(*batch, *[weights[name][-1] for name in initial])
        for name in initial:
            gradients[name].append(found[name].value)
            moved = training.weights_after(
                weights[name], gradients[name], optimiser, rate, decay=decay, **settings
            )
            weights[name].append(moved.value[-1])
        steps.append(
            (found["loss"].value, [gradients[n][-1] for n in initial], [weights[n][-1] for n in initial])
        )
    return _outputs(np, steps)


training_steps = operation(
    "training_steps",
    reference=_reference,
    doc="""
    20 steps in batches of 32: loss, gradients, weights. Each is judged from the weights and gradients that
    the dialect itself had before, so that the first step that goes another way has the blame. With no
    settings, TensorFlow 1's defaults are the answer, and Keras's others are known differences.
    """,
)


@training_steps.on("numpy")
def _(np, images, labels, *weights, optimiser, rate, settings, decay):
    w1, b1, w2, b2 = (array.copy() for array in _initial())
    model = layers.Sequential(
        [
            layers.Conv2D(w1, b1, strides=2, padding="SAME"),
            layers.Activation("sigmoid"),
            layers.Flatten(),
            layers.Dense(w2, b2),
        ]
    )
    given = dict(settings)
    update = {
        "sgd": lambda: layers.GradientDescent(rate),
        "momentum": lambda: layers.Momentum(rate, **given),
        "rmsprop": lambda: layers.RMSProp(
            rate, **{{"decay_of_square": "decay"}.get(k, k): v for k, v in given.items() if k != "start"}
        ),
        "adam": lambda: layers.Adam(rate, **given),
    }[optimiser]()
    if "start" in given:
        update.initial = {"mean_square": given["start"], "step": 0}

    def step(number, x, y):
        update.learning_rate = rate / (1 + decay * number)
        logits = model.forward(x)
        truth = np.eye(10, dtype=np.float32)[y]
        model.backward((layers.softmax(logits) - truth) / np.float32(len(y)))
        gradients = [np.array(array) for array in model.gradients().values()]
        update(model.parameters(), model.gradients())
        loss = -layers.log_softmax(logits)[truth == 1].mean()
        return loss, gradients, [np.array(array) for array in model.parameters().values()]

    return _outputs(np, [step(number, x, y) for number, (x, y) in enumerate(_batches())])


def _mean_loss(tf, x, y, w1, b1, w2, b2):
    """The network in the operations of tf.nn, of TensorFlow 1 and 2 alike."""
    x = tf.sigmoid(tf.nn.conv2d(x, w1, strides=[1, 2, 2, 1], padding="SAME") + b1)
    logits = tf.matmul(tf.reshape(x, [-1, 64]), w2) + b2
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))


@training_steps.on("tf1.session")
def _(tf, images, labels, *weights, optimiser, rate, settings, decay):
    import numpy as np

    given = dict(settings)
    start = given.pop("start", None)
    if "decay_of_square" in given:
        given["decay"] = given.pop("decay_of_square")
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    # A graph and a session of its own: training takes many runs, and the suite's session does one.
    with tf.Graph().as_default(), tf.Session(config=config) as session:
        x, y = tf.placeholder(tf.float32, [None, 8, 8, 1]), tf.placeholder(tf.int32, [None])
        variables = [tf.Variable(w) for w in _initial()]
        loss = _mean_loss(tf, x, y, *variables)
        step = tf.train.get_or_create_global_step()
        rate = tf.train.inverse_time_decay(rate, step, 1, decay) if decay else rate
        update = {
            "sgd": tf.train.GradientDescentOptimizer,
            "momentum": lambda rate, momentum=0.9: tf.train.MomentumOptimizer(rate, momentum),
            "rmsprop": tf.train.RMSPropOptimizer,
            "adam": tf.train.AdamOptimizer,
        }[optimiser](rate, **given)
        pairs = update.compute_gradients(loss, variables)
        train = update.apply_gradients(pairs, global_step=step)
        session.run(tf.global_variables_initializer())
        if start is not None:  # the mean square begins with 1, and no argument says otherwise
            squares = [update.get_slot(v, "rms") for v in variables]
            session.run([tf.assign(square, tf.fill(square.shape, float(start))) for square in squares])

        def taken(batch):
            feed = dict(zip((x, y), batch))
            of_step = session.run([loss, [gradient for gradient, _ in pairs], train], feed)[:2]
            return (*of_step, session.run(variables))

        outputs = _outputs(np, [taken(batch) for batch in _batches()])
    return {name: tf.constant(array) for name, array in outputs.items()}


def _keras_optimiser(keras, optimiser, rate, settings, decay, written):
    """As Keras 2 and 3 spell it; what is not given stays Keras's own default.

    ``written``: how a decay is, "schedule" (where there are any) or "argument", decay=.
    """
    given = dict(settings)
    names = {"decay_of_square": "rho", "beta1": "beta_1", "beta2": "beta_2"}
    given = {names.get(key, key): value for key, value in given.items() if key != "start"}
    if optimiser == "momentum":
        given.setdefault("momentum", 0.9)
    if decay:
        if written == "schedule" and hasattr(keras.optimizers, "schedules"):
            rate = keras.optimizers.schedules.InverseTimeDecay(rate, 1, decay)
        else:
            given["decay"] = decay
    made = {"rmsprop": "RMSprop", "adam": "Adam"}.get(optimiser, "SGD")
    return getattr(keras.optimizers, made)(rate, **given)


def _tape_steps(tf, variables, loss, update):
    """The steps with a gradient tape, as TensorFlow 2 and Keras on it train by hand."""
    for x, y in _batches():
        with tf.GradientTape() as tape:
            value = loss(tf.constant(x), tf.constant(y))
        gradients = tape.gradient(value, variables)
        update.apply_gradients(zip(gradients, variables))
        yield float(value), [g.numpy() for g in gradients], [v.numpy() for v in variables]


@training_steps.on("tf2.eager")
def _(tf, images, labels, *weights, **how):
    return _eager_steps(tf, written="schedule", **how)


def _eager_steps(tf, **how):
    import numpy as np

    variables = [tf.Variable(w) for w in _initial()]
    update = _keras_optimiser(tf.keras, **how)
    loss = lambda x, y: _mean_loss(tf, x, y, *variables)
    return _outputs(np, _tape_steps(tf, variables, loss, update))


def _keras_model(keras):
    model = keras.Sequential(
        [
            keras.layers.Conv2D(4, 3, 2, padding="same", activation="sigmoid"),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.build((None, 8, 8, 1))
    model.set_weights(_initial())
    return model


@training_steps.on("keras2", "keras3")
def _(keras, images, labels, *weights, **how):
    return _keras_steps(keras, written="schedule", **how)


def _keras_steps(keras, **how):
    import numpy as np
    import tensorflow as tf

    model = _keras_model(keras)
    update = _keras_optimiser(keras, **how)
    if tf.executing_eagerly():
        cost = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        loss = lambda x, y: cost(y, model(x))
        return _outputs(np, _tape_steps(tf, model.trainable_variables, loss, update))
    backend = keras.backend
    x, y = backend.placeholder((None, 8, 8, 1)), backend.placeholder((None,), dtype="int32")
    loss = backend.mean(backend.sparse_categorical_crossentropy(y, model(x), from_logits=True))
    variables = model.trainable_weights
    look = backend.function([x, y], [loss, *backend.gradients(loss, variables)])
    train = backend.function([x, y], [loss], updates=update.get_updates(loss, variables))

    def taken(batch):
        value, *gradients = look(list(batch))
        train(list(batch))
        return value, gradients, backend.batch_get_value(variables)

    outputs = _outputs(np, [taken(batch) for batch in _batches()])
    return {name: backend.constant(array) for name, array in outputs.items()}


decay_argument = operation(
    "decay_argument",
    reference=_reference,
    doc="""
    The same steps with the rate decayed by Keras's own argument, decay=: step t has rate / (1 + decay t).
    Keras 2 took it up to 2.10 and refuses it from 2.11 on; Keras 3 accepts and ignores it. TensorFlow 1
    has no such argument, and spells the decay as tf.train.inverse_time_decay.
    """,
)

for dialect in ("numpy", "tf1.session"):
    decay_argument.on(dialect)(training_steps.implementations[dialect])


@decay_argument.on("tf2.eager")
def _(tf, images, labels, *weights, **how):
    return _eager_steps(tf, written="argument", **how)


@decay_argument.on("keras2", "keras3")
def _(keras, images, labels, *weights, **how):
    return _keras_steps(keras, written="argument", **how)


def _sample(name, optimiser, rate, doc, decay=0.0, operation=training_steps, **settings):
    settings = tuple(sorted(settings.items()))
    operation.sample(
        name,
        images=_IMAGES,
        labels=_LABELS,
        **_WEIGHTS,
        optimiser=optimiser,
        rate=rate,
        settings=settings,
        decay=decay,
        doc=doc,
    )


_sample("sgd", "sgd", 0.5, "Nothing to disagree about.")
_sample(
    "sgd-decay",
    "sgd",
    0.5,
    "rate / (1 + 0.1 t): inverse_time_decay of TensorFlow 1, decay= of Keras 2, a schedule.",
    decay=0.1,
)
_sample(
    "momentum", "momentum", 0.1, "Keras keeps the velocity -rate * accumulator: while the rate stays, alike."
)
_sample(
    "rmsprop-defaults", "rmsprop", 0.01, "The mean square begins with 1 in TensorFlow 1, with 0 in Keras."
)
_sample(
    "rmsprop-agreeing",
    "rmsprop",
    0.01,
    """
    The mean square begins with 0 everywhere, and epsilon is too small to matter where it stands: inside the
    root in TensorFlow 1 and from Keras 2.11, outside of it before.
    """,
    epsilon=1e-30,
    start=0,
)
_sample("adam-defaults", "adam", 0.01, "epsilon is 1e-8 in TensorFlow 1 and 1e-7 in Keras.")
_sample("adam-agreeing", "adam", 0.01, "epsilon 1e-7 in every dialect.", epsilon=1e-7)
_sample(
    "adam-epsilon-hat",
    "adam",
    0.01,
    "An epsilon that matters: every dialect adds it to the root of v without its correction.",
    epsilon=0.1,
)
_sample(
    "momentum-decay",
    "momentum",
    0.1,
    """
    Under a rate that falls: TensorFlow 1's accumulator holds gradients, and all of it moves by the rate of
    now; Keras's velocity holds each gradient times the rate of its own step.
    """,
    decay=0.1,
)
_sample(
    "rmsprop-epsilon",
    "rmsprop",
    0.01,
    """
    An epsilon that matters, the mean square beginning with 0 everywhere: g / sqrt(mean square + epsilon) in
    TensorFlow 1, g / (sqrt(mean square) + epsilon) in Keras before 2.11.
    """,
    epsilon=1e-3,
    start=0,
)
_sample("sgd", "sgd", 0.5, "SGD(rate, decay=0.1).", decay=0.1, operation=decay_argument)
_sample(
    "adam",
    "adam",
    0.01,
    "Adam(rate, decay=0.1), the other settings alike.",
    decay=0.1,
    operation=decay_argument,
    epsilon=1e-7,
)
