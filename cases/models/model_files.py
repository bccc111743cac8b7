"""The files that a trained model is kept in: .h5, .keras, SavedModel, checkpoint, as each dialect has them.

A small network is trained for ten steps, saved, and loaded where nothing is known of it, into zeros or other
random weights: what it predicts must have the same bits.
"""

import os
import re
import tempfile

from compat import Unsupported, fixtures, layers, operation, reference

_IMAGES, _LABELS = fixtures.digits()
_SHAPES = ((3, 3, 1, 8), (512, 10))
_BATCH, _STEPS, _RATE, _SHOWN = 32, 10, 0.01, 64


def _data(np):
    """Images of ten batches, their labels, and images to predict.

    They come from the fixtures: a graph gets placeholders as its inputs, and training needs arrays.
    """
    x, count = _IMAGES.array / np.float32(16), _BATCH * _STEPS
    return x[:count], _LABELS.array[:count], x[-_SHOWN:]


def _weights(np):
    glorot, drawn = layers.glorot_uniform(seed=1), []
    for shape in _SHAPES:
        drawn += [glorot(shape).astype(np.float32), np.zeros(shape[-1], np.float32)]
    return drawn


def _reference(images, labels, *, form):
    import numpy as np

    steps, shown = reference.Steps(), np.eye(10)[np.asarray(labels, int)[-_SHOWN:]]
    # After ten steps the right answer has, on average, more than the 0.1 of a network that guesses.
    steps.step("predictions", lambda: reference.Within(0.0, 1.0, shown.shape), value=shown)
    trust = lambda p: reference.Reference(np.mean(np.sum(p * shown, axis=1)), 1.0, _SHOWN + 10)
    steps.step("trust", trust, "predictions", value=1.0)
    steps.step("learned", lambda: reference.Within(0.25, 1.0), value=0.5)
    steps.step("reloaded", reference.Reference, "predictions", value=shown)
    return steps


def _told(np, predictions, reloaded):
    shown = np.eye(10, dtype=np.float32)[_LABELS.array[-_SHOWN:]]
    trust = np.float32(np.mean(np.sum(predictions * shown, axis=1)))
    return {"predictions": predictions, "trust": trust, "learned": trust, "reloaded": reloaded}


model_files = operation(
    "model_files",
    reference=_reference,
    doc="""
    Conv 8 3x3, relu, Dense 10, softmax, trained on digits for ten steps of Adam, saved in a format, and
    loaded again: the same predictions, bit for bit. A TensorFlow 1 checkpoint comes from tf.train.Saver, one
    of TensorFlow 2 from tf.train.Checkpoint, one of Keras from save_weights.
    """,
)


# -- tf.nn, in a graph and eagerly


def _logits(tf, x, weights):
    w, b, v, c = weights
    x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME"), b))
    return tf.matmul(tf.reshape(x, [-1, 512]), v) + c


def _loss(tf, logits, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))


def _only(form, *forms):
    if form not in forms:
        raise Unsupported(f"{form} is Keras's own format: variables and tf.nn are no Keras model")


def _build(tf, weights):
    """A session with the network in a graph of its own, and its tensors."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 8, 8, 1], "images")
        y = tf.placeholder(tf.int32, [None])
        variables = [tf.Variable(weight) for weight in weights]
        logits = _logits(tf, x, variables)
        probabilities, saver = tf.nn.softmax(logits, name="probabilities"), tf.train.Saver(variables)
        train = tf.train.AdamOptimizer(_RATE).minimize(_loss(tf, logits, y))
        session = _session(tf, tf.get_default_graph())
        session.run(tf.global_variables_initializer())
    return session, x, y, train, probabilities, saver


def _session(tf, graph):
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    return tf.Session(graph=graph, config=config)


@model_files.on("tf1.session")
def _(tf, images, labels, *, form):
    import numpy as np

    _only(form, "checkpoint", "savedmodel")
    images, labels, shown = _data(np)
    session, x, y, train, probabilities, saver = _build(tf, _weights(np))
    for start in range(0, len(labels), _BATCH):
        batch = slice(start, start + _BATCH)
        session.run(train, {x: images[batch], y: labels[batch]})
    predictions = session.run(probabilities, {x: shown})
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "saved")
        if form == "checkpoint":
            path = saver.save(session, path)
            fresh, x, _, _, probabilities, saver = _build(tf, [0 * weight for weight in _weights(np)])
            saver.restore(fresh, path)
            reloaded = fresh.run(probabilities, {x: shown})
        else:
            with session.graph.as_default():
                tf.saved_model.simple_save(session, path, {"images": x}, {"probabilities": probabilities})
            fresh = _session(tf, tf.Graph())
            with fresh.graph.as_default():
                tf.saved_model.loader.load(fresh, ["serve"], path)
            reloaded = fresh.run("probabilities:0", {"images:0": shown})
    return {name: tf.constant(array) for name, array in _told(np, predictions, reloaded).items()}


@model_files.on("tf2.eager")
def _(tf, images, labels, *, form):
    import numpy as np

    _only(form, "checkpoint", "savedmodel")
    images, labels, shown = _data(np)
    variables = [tf.Variable(weight) for weight in _weights(np)]
    optimiser = tf.keras.optimizers.Adam(_RATE)
    for start in range(0, len(labels), _BATCH):
        batch = slice(start, start + _BATCH)
        with tf.GradientTape() as tape:
            loss = _loss(tf, _logits(tf, tf.constant(images[batch]), variables), labels[batch])
        optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables))
    predictions = tf.nn.softmax(_logits(tf, tf.constant(shown), variables)).numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "saved")
        if form == "checkpoint":
            named = lambda kept: tf.train.Checkpoint(**{f"v{n}": v for n, v in enumerate(kept)})
            written = named(variables).save(path)
            fresh = [tf.Variable(tf.zeros_like(variable)) for variable in variables]
            checkpoint = named(fresh)  # what is restored knows it by a weak reference
            checkpoint.restore(written).assert_consumed()
            reloaded = tf.nn.softmax(_logits(tf, tf.constant(shown), fresh)).numpy()
        else:
            module = tf.Module()
            module.kept = variables
            module.predict = tf.function(
                lambda x: tf.nn.softmax(_logits(tf, x, variables)),
                [tf.TensorSpec([None, 8, 8, 1], tf.float32)],
                autograph=False,
            )
            tf.saved_model.save(module, path)
            loaded = tf.saved_model.load(path)  # kept: its variables go with it
            reloaded = loaded.predict(tf.constant(shown)).numpy()
    return _told(np, predictions, reloaded)


# -- Keras


def _model(keras):
    model = keras.Sequential(
        [
            keras.layers.Conv2D(8, 3, padding="same", activation="relu", input_shape=(8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(_RATE), loss="sparse_categorical_crossentropy")
    return model


def _generation(keras):
    """(2, 15); the tf.keras of some versions does not say, and is Keras of TensorFlow's own number."""
    import tensorflow as tf

    said = getattr(keras, "__version__", tf.__version__)
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])


def _loaded(keras, model, form, folder):
    """A model that predicts as the file says."""
    generation = _generation(keras)
    path = os.path.join(folder, f"digits.{form}")
    if form == "keras" and generation < (2, 12):
        raise Unsupported("the .keras format begins with Keras 2.12; this is {}.{}".format(*generation))
    if form == "checkpoint":
        path = os.path.join(folder, "digits.weights.h5" if generation >= (3,) else "digits.ckpt")
        model.save_weights(path)
        fresh = _model(keras)
        fresh.load_weights(path)
        return fresh
    if form == "savedmodel" and generation >= (3,):
        model.export(path)
        layer = keras.layers.TFSMLayer(path, call_endpoint="serve")
        return keras.Sequential([keras.Input((8, 8, 1)), layer])
    if form == "savedmodel" and not _executing_eagerly():
        raise Unsupported("Keras loads a SavedModel as a model where TensorFlow 2 executes eagerly")
    model.save(path, **({"save_format": "tf"} if form == "savedmodel" else {}))
    return keras.models.load_model(path)


def _executing_eagerly():
    import tensorflow as tf

    return tf.executing_eagerly()


@model_files.on("keras2", "keras3")
def _(keras, images, labels, *, form):
    import numpy as np
    import tensorflow as tf

    x, y, shown = _data(np)
    model = _model(keras)
    model.set_weights(_weights(np))
    model.fit(x, y, batch_size=_BATCH, epochs=1, shuffle=False, verbose=0)
    predictions = model.predict(shown, verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        reloaded = _loaded(keras, model, form, folder).predict(shown, verbose=0)
    return {name: tf.constant(array) for name, array in _told(np, predictions, reloaded).items()}


for form in ("h5", "keras", "savedmodel", "checkpoint"):
    model_files.sample(form, images=_IMAGES, labels=_LABELS, form=form, slow=True)
