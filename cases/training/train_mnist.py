"""Real training: MNIST, with curves, evaluation, the images it gets wrong, and a file that keeps it (f2).

Of the 5,000 images in the suite 4,000 train and 1,000 are held out.  The full set is a sample of its own
where the user has it: Keras's cached mnist.npz, or the file that COMPAT_MNIST names.
"""

import os
import sys
import tempfile

from compat import fixtures, layers, operation, reference

_IMAGES, _LABELS = fixtures.mnist()
_BATCH, _RATE = 64, 0.001
_SHAPES = ((5, 5, 1, 32), (2, 2, 32, 64), (3136, 1000), (1000, 10))
#: Rows of the outputs on wrong images: four pages of sixteen; rows that are not needed hold -1.
_MOST_WRONG = 64


def _data(np, images, labels, trained):
    """Train images, their labels, held-out images and theirs; images in 0..1.

    The set of the suite is sorted by label and shuffled here; the full one has an order of its own.  They
    come from the fixtures: a graph gets placeholders as its inputs, and training needs arrays.
    """
    x, y = images.array, labels.array
    if len(y) == 5000:
        order = np.random.RandomState(0).permutation(len(y))
        x, y = x[order], y[order]
    x = x / np.float32(255)
    return x[:trained], y[:trained], x[trained:], y[trained:]


def _weights(np):
    glorot = layers.glorot_uniform(seed=1)
    drawn = []
    for shape in _SHAPES:
        drawn += [glorot(shape).astype(np.float32), np.zeros(shape[-1], np.float32)]
    return drawn


def _slices(count, size):
    return [slice(start, start + size) for start in range(0, count, size)]


def _tell(epoch, epochs, curves):
    """A line on standard error for every epoch; on a terminal one that is written over."""
    last = ", ".join(f"{name} {curve[-1]:.4f}" for name, curve in curves.items() if len(curve))
    end = "\r" if sys.stderr.isatty() and epoch < epochs else "\n"
    sys.stderr.write(f"mnist [{'#' * (20 * epoch // epochs):20}] epoch {epoch} of {epochs}: {last}{end}")
    sys.stderr.flush()


def _fit(np, data, epochs, step, measure):
    """Curves as Keras's history has them.

    ``step`` trains on a batch, ``measure`` does not; both give the mean loss and the right answers.
    """
    curves = {name: [] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
    for epoch in range(epochs):
        for prefix, act, x, y in (("", step, data[0], data[1]), ("val_", measure, data[2], data[3])):
            loss = right = 0.0
            for batch in _slices(len(y), _BATCH):
                mean, count = act(x[batch], y[batch])
                loss, right = loss + float(mean) * len(y[batch]), right + float(count)
            curves[prefix + "loss"].append(loss / len(y))
            curves[prefix + "accuracy"].append(right / len(y))
        _tell(epoch + 1, epochs, curves)
    return curves


def _batched(np, x, predict):
    """Predictions, always in the same batches: kernels round otherwise for other shapes."""
    return np.concatenate([np.asarray(predict(x[batch])) for batch in _slices(len(x), 100)])


def _told(np, curves, predictions, reloaded, evaluation, labels, images):
    """The outputs, those on the wrong images filled up by -1."""
    told = {name: np.asarray(curve, np.float32) for name, curve in curves.items()}
    told["predictions"], told["reloaded"] = predictions, reloaded
    told["evaluation"] = np.asarray(evaluation, np.float32)
    told["reached"] = told["evaluation"][1]
    told.update(_wrong(predictions, labels, images))
    return told


def _wrong(predictions, labels, images):
    import numpy as np

    guesses = predictions.argmax(axis=1)
    places = np.flatnonzero(guesses != labels)[:_MOST_WRONG]
    fill = lambda numbers: np.append(numbers, [-1] * (_MOST_WRONG - len(places))).astype(np.int32)
    shown = np.zeros((_MOST_WRONG, 28, 28), np.uint8)
    shown[: len(places)] = np.rint(images[places, ..., 0] * 255)
    return {
        "wrong": fill(places),
        "wrong_labels": fill(labels[places]),
        "wrong_predictions": fill(guesses[places]),
        "wrong_images": shown,
    }


def _evaluated(predictions, labels):
    """[cross-entropy, accuracy], between what clipping at Keras's 1e-7 and what none may give."""
    import numpy as np

    p = np.asarray(predictions, np.float64)[np.arange(len(labels)), labels]
    accuracy = np.mean(np.argmax(predictions, axis=1) == labels)
    # Evaluation cuts other batches than prediction: 1e-4 of the loss and 1e-5 are far above their roundings.
    losses = [np.mean(-np.log(np.maximum(p, least))) for least in (1e-7, 1e-38)]
    low = np.array([losses[0] * (1 - 1e-4) - 1e-5, accuracy - 1e-6])
    return reference.Within(low, np.array([losses[1] * (1 + 1e-4) + 1e-5, accuracy + 1e-6]), (2,))


def _reference(images, labels, *, trained, epochs, least):
    import numpy as np

    _, _, x, y = _data(np, *(_FULL if len(labels) > 5000 else (_IMAGES, _LABELS)), trained)
    steps = reference.Steps()

    def within(name, low, high, shape=()):
        rule = lambda: reference.Within(low, high, shape)
        steps.step(name, rule, value=rule().value)

    # ln 10 is the loss, 0.1 the accuracy of guessing: half the loss, and accuracies that a network of one
    # layer passes within an epoch.  What is reached is judged more closely, see the sample.
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        low = 0.0 if name.endswith("loss") else 0.7 if name == "accuracy" else 0.85
        within(name, low, np.log(10) / 2 if name.endswith("loss") else 1.0, (epochs,))
    steps.step("predictions", lambda: reference.Within(0.0, 1.0, (len(y), 10)), value=np.eye(10)[y])
    steps.step("reloaded", reference.Reference, "predictions", value=np.eye(10)[y])
    steps.step("evaluation", lambda p: _evaluated(p, y), "predictions", value=[0.0, 1.0])
    within("reached", least, 1.0)
    for name, nothing in _wrong(np.eye(10)[y], y, x).items():
        rule = lambda p, name=name, dtype=nothing.dtype.name: reference.Reference(
            _wrong(p, y, x)[name], dtype=dtype
        )
        steps.step(name, rule, "predictions", value=nothing)
    return steps


mnist_training = operation(
    "mnist_training",
    reference=_reference,
    doc="""
    Conv 32 5x5, max pool 2, Conv 64 2x2, max pool 2, dropout 0.25, Dense 1000, Dense 10: 3,156,098
    parameters, trained by Adam on real MNIST. The model is saved in the format of its time and predicts the
    same after it is loaded: a checkpoint in TensorFlow 1, a SavedModel in 2, .h5 in Keras 2, .keras in 3.
    """,
)


def _source(images, labels, trained):
    """The fixtures that the inputs are of."""
    return _FULL if trained > 4000 else (_IMAGES, _LABELS)


# -- tf.nn, in a graph and eagerly


def _logits(tf, x, weights, drop):
    w1, b1, w2, b2, w3, b3, w4, b4 = weights
    for w, b in ((w1, b1), (w2, b2)):
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME"), b))
        x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    x = tf.reshape(drop(x), [-1, 3136])
    return tf.matmul(tf.nn.relu(tf.matmul(x, w3) + b3), w4) + b4


def _measures(tf, logits, labels):
    """The mean loss and the number of right answers."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    right = tf.equal(tf.argmax(logits, axis=1), tf.cast(labels, tf.int64))
    return tf.reduce_mean(losses), tf.reduce_sum(tf.cast(right, tf.float32))


class _Graph:
    """The network in a session of its own: training takes many runs, the suite's session does one."""

    def __init__(self, tf, weights):
        self.tf, self.weights, self.graph = tf, weights, tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(1)
            self.x = tf.placeholder(tf.float32, [None, 28, 28, 1], "images")
            self.y = tf.placeholder(tf.int32, [None])
            self.rate = tf.placeholder_with_default(0.0, [])
            variables = [tf.Variable(weight) for weight in weights]
            logits = _logits(tf, self.x, variables, lambda x: tf.nn.dropout(x, rate=self.rate))
            self.probabilities = tf.nn.softmax(logits, name="probabilities")
            self.measures = _measures(tf, logits, self.y)
            self.saver = tf.train.Saver(variables)
            self.train = tf.train.AdamOptimizer(_RATE).minimize(self.measures[0])
            initialise = tf.global_variables_initializer()
            self.session = tf.Session(config=_one_thread(tf))
            self.session.run(initialise)

    def step(self, x, y):
        feed = {self.x: x, self.y: y, self.rate: 0.25}
        return self.session.run([self.measures, self.train], feed)[0]

    def measure(self, x, y):
        return self.session.run(self.measures, {self.x: x, self.y: y})

    def predict(self, x):
        return self.session.run(self.probabilities, {self.x: x})

    def saved_and_loaded(self, folder):
        """A function that predicts as the checkpoint says: a new graph, begun with zeros."""
        path = self.saver.save(self.session, os.path.join(folder, "digits.ckpt"))
        fresh = _Graph(self.tf, [0 * weight for weight in self.weights])
        fresh.saver.restore(fresh.session, path)
        return fresh.predict


def _one_thread(tf):
    """Sums split over threads have other bits, and training makes other numbers of them."""
    return tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


class _Eager:
    """The network as variables and two functions."""

    def __init__(self, tf, weights):
        self.tf, self.variables = tf, [tf.Variable(weight) for weight in weights]
        self.optimiser = tf.keras.optimizers.Adam(_RATE)

        @tf.function(autograph=False)
        def gradients(x, y):
            with tf.GradientTape() as tape:
                logits = _logits(tf, x, self.variables, lambda x: tf.nn.dropout(x, 0.25, seed=1))
                measures = _measures(tf, logits, y)
            return measures, tape.gradient(measures[0], self.variables)

        signature = [tf.TensorSpec([None, 28, 28, 1], tf.float32)]
        undropped = lambda x: _logits(tf, x, self.variables, lambda x: x)
        self.gradients = gradients
        self.logits = tf.function(undropped, signature, autograph=False)
        self.probabilities = tf.function(lambda x: tf.nn.softmax(undropped(x)), signature, autograph=False)

    def step(self, x, y):
        measures, slopes = self.gradients(self.tf.constant(x), self.tf.constant(y))
        self.optimiser.apply_gradients(zip(slopes, self.variables))
        return measures

    def measure(self, x, y):
        return _measures(self.tf, self.logits(self.tf.constant(x)), self.tf.constant(y))

    def predict(self, x):
        return self.probabilities(self.tf.constant(x)).numpy()

    def saved_and_loaded(self, folder):
        """A function that predicts as the SavedModel says."""
        tf, module = self.tf, self.tf.Module()
        module.kept, module.predict = self.variables, self.probabilities
        tf.saved_model.save(module, os.path.join(folder, "saved"))
        loaded = tf.saved_model.load(os.path.join(folder, "saved"))
        return lambda x: loaded.predict(tf.constant(x)).numpy()


def _train(np, network, data, epochs):
    """Train, evaluate, save, load; the outputs of mnist_training."""
    curves = _fit(np, data, epochs, network.step, network.measure)
    predictions = _batched(np, data[2], network.predict)
    measured = [
        (network.measure(data[2][b], data[3][b]), len(data[3][b])) for b in _slices(len(data[3]), 100)
    ]
    evaluation = [
        sum(float(loss) * count for (loss, _), count in measured) / len(data[3]),
        sum(float(right) for (_, right), _ in measured) / len(data[3]),
    ]
    with tempfile.TemporaryDirectory() as folder:
        reloaded = _batched(np, data[2], network.saved_and_loaded(folder))
    return _told(np, curves, predictions, reloaded, evaluation, data[3], data[2])


@mnist_training.on("tf1.session")
def _(tf, images, labels, *, trained, epochs, least):
    import numpy as np

    data = _data(np, *_source(images, labels, trained), trained)
    told = _train(np, _Graph(tf, _weights(np)), data, epochs)
    return {name: tf.constant(array) for name, array in told.items()}


@mnist_training.on("tf2.eager")
def _(tf, images, labels, *, trained, epochs, least):
    import numpy as np

    tf.random.set_seed(1)
    data = _data(np, *_source(images, labels, trained), trained)
    return _train(np, _Eager(tf, _weights(np)), data, epochs)


# -- Keras


def _model(keras):
    model = keras.Sequential(
        [
            keras.layers.Conv2D(32, 5, padding="same", activation="relu", input_shape=(28, 28, 1)),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 2, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Dropout(0.25, seed=1),
            keras.layers.Flatten(),
            keras.layers.Dense(1000, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    optimiser = keras.optimizers.Adam(_RATE)
    model.compile(optimiser, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@mnist_training.on("keras2", "keras3")
def _(keras, images, labels, *, trained, epochs, least):
    import numpy as np
    import tensorflow as tf

    x, y, held_out, truth = _data(np, *_source(images, labels, trained), trained)
    model = _model(keras)
    model.set_weights(_weights(np))
    tell = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: _tell(epoch + 1, epochs, {k: [v] for k, v in sorted(logs.items())})
    )
    history = model.fit(
        x,
        y,
        batch_size=_BATCH,
        epochs=epochs,
        shuffle=False,
        validation_data=(held_out, truth),
        verbose=0,
        callbacks=[tell],
    ).history
    curves = {}
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        curves[name] = history[name if name in history else name.replace("accuracy", "acc")]
    evaluation = model.evaluate(held_out, truth, verbose=0)
    predictions = model.predict(held_out, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "digits.keras" if hasattr(keras, "ops") else "digits.h5")
        model.save(path)
        reloaded = keras.models.load_model(path).predict(held_out, verbose=0)
    told = _told(np, curves, predictions, reloaded, evaluation, truth, held_out)
    return {name: tf.constant(array) for name, array in told.items()}


# -- samples


def _full():
    """The 60,000 and 10,000 images where the user has them, as fixtures; or None."""
    cached = os.path.join(os.path.expanduser("~"), ".keras", "datasets", "mnist.npz")
    path = os.environ.get("COMPAT_MNIST") or cached
    if not os.path.exists(path):
        return None

    def read(what):
        import numpy as np

        with np.load(path, allow_pickle=False) as archive:
            return np.concatenate([archive[f"{what}_train"], archive[f"{what}_test"]])

    return (
        fixtures.Fixture("mnist_full", lambda: read("x").astype("float32")[..., None]),
        fixtures.Fixture("mnist_full_labels", lambda: read("y").astype("int32")),
    )


_FULL = _full()

# TensorFlow 1.13 to 2.21 reach 0.949 to 0.962 of 1,000 held-out images, 0.956 on average.  A share
# of 1,000 has a standard error of sqrt(0.956 * 0.044 / 1000) = 0.0065: four of them below is 0.93.
mnist_training.sample("5000", images=_IMAGES, labels=_LABELS, trained=4000, epochs=5, least=0.93, slow=True)
if _FULL:
    mnist_training.sample(
        "full",
        images=_FULL[0],
        labels=_FULL[1],
        trained=60000,
        epochs=1,
        least=0.97,
        slow=True,
        doc="One epoch of the 60,000 images; the test images are the 10,000 that are not among them.",
    )
