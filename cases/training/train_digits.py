"""Real training: scikit-learn's 1,797 digits, to at least 0.99 of the training images (SEED_CASES f1).

Every dialect begins with the same weights and takes the images in the same order.  Training amplifies
roundings until no two of them say anything of each other: what is judged is what was reached, and that
everything that is told of it follows from the predictions.
"""

import sys

from compat import fixtures, layers, operation, reference

_IMAGES, _LABELS = fixtures.digits()
_BATCH, _RATE = 32, 0.001
#: Filters of two convolutions, then the classifier, without functions between: the pooling bends it.
_SHAPES = ((3, 3, 1, 32), (3, 3, 32, 64), (256, 10))


def _data(np):
    """Images and labels shuffled once.  A graph gets placeholders, training needs arrays: the fixtures'."""
    order = np.random.RandomState(0).permutation(len(_LABELS.array))
    return _IMAGES.array[order], _LABELS.array[order]


def _weights(np):
    """Keras's initial ones, the same in every dialect: a matrix and a bias of zeros a layer."""
    glorot = layers.glorot_uniform(seed=1)
    drawn = []
    for shape in _SHAPES:
        drawn += [glorot(shape).astype(np.float32), np.zeros(shape[-1], np.float32)]
    return drawn


def _batches(count):
    return [slice(start, start + _BATCH) for start in range(0, count, _BATCH)]


def _tell(epoch, epochs, loss, accuracy):
    """A line on standard error for every epoch; on a terminal one that is written over."""
    bar = "#" * (20 * epoch // epochs)
    end = "\r" if sys.stderr.isatty() and epoch < epochs else "\n"
    sys.stderr.write(f"digits [{bar:20}] epoch {epoch} of {epochs}: loss {loss:.4f}, {accuracy:.4f}{end}")
    sys.stderr.flush()


def _epochs(np, epochs, step):
    """Train by ``step(images, labels) -> loss, right answers``; the curves, as Keras's history tells them."""
    images, labels = _data(np)
    loss, accuracy = [], []
    for epoch in range(epochs):
        sums = np.zeros(2)
        for batch in _batches(len(labels)):
            mean, right = step(images[batch], labels[batch])
            sums += float(mean) * len(labels[batch]), float(right)
        loss.append(sums[0] / len(labels))
        accuracy.append(sums[1] / len(labels))
        _tell(epoch + 1, epochs, loss[-1], accuracy[-1])
    return {"loss": loss, "accuracy": accuracy}


def _told(np, curves, predictions, evaluation):
    """The outputs: curves, the predictions in the fixture's order, and what the dialect evaluated."""
    order = np.random.RandomState(0).permutation(len(_LABELS.array))
    told = {name: np.asarray(curve, np.float32) for name, curve in curves.items()}
    told["predictions"] = np.empty_like(predictions)
    told["predictions"][order] = predictions
    told["evaluation"] = np.asarray(evaluation, np.float32)
    told["reached"] = told["evaluation"][1]
    return told


def _evaluated(probabilities, labels):
    """[cross-entropy, accuracy] in float64, between what clipping at Keras's 1e-7 and none may give."""
    import numpy as np

    p = np.asarray(probabilities, np.float64)
    right = p[np.arange(len(labels)), labels]
    accuracy = np.mean(p.argmax(axis=1) == labels)
    # Logarithms near 1 are off by 2 u absolutely, and a float32 sum of n by n u of itself at most; evaluation
    # may cut other batches than prediction, whose kernels round differently: 1e-5 covers all three.
    losses = [np.mean(-np.log(np.maximum(right, least))) for least in (1e-7, 1e-38)]
    low = np.array([losses[0] * (1 - 1e-4) - 1e-5, accuracy - 1e-6])
    high = np.array([losses[1] * (1 + 1e-4) + 1e-5, accuracy + 1e-6])
    return reference.Within(low, high, (2,))


def _reference(images, labels, *, epochs):
    import numpy as np

    steps = reference.Steps()

    def within(name, low, high, shape=()):
        rule = lambda: reference.Within(low, high, shape)
        steps.step(name, rule, value=rule().value)

    # The first epoch begins with values of 0..16 and no idea, and TensorFlow 1's RMSprop begins slowly (its
    # mean square starts at 1): 0.2 is 14 standard errors above guessing.  From then on the loss is below that
    # of guessing, ln 10, and the last epoch is near the 0.99 that the weights at its end have to reach.
    first, last = np.arange(epochs) == 0, np.arange(epochs) == epochs - 1
    within("loss", 0.0, np.where(first, 10.0, np.where(last, 0.15, np.log(10))), (epochs,))
    within("accuracy", np.where(first, 0.2, np.where(last, 0.97, 0.5)), 1.0, (epochs,))
    chances = lambda: reference.Within(0.0, 1.0, (len(labels), 10))
    steps.step("predictions", chances, value=np.eye(10)[labels])
    rule = lambda predictions: _evaluated(predictions, labels)
    steps.step("evaluation", rule, "predictions", value=[0.0, 1.0])
    within("reached", 0.99, 1.0)
    return steps


digits_training = operation(
    "digits_training",
    reference=_reference,
    doc="""
    Conv 32 3x3, max pool 2, Conv 64 3x3, max pool 2, Dense 10, softmax: 21,386 parameters, trained by RMSprop
    on scikit-learn's digits until at least 0.99 of them are recognised. Same initial weights, same order.
    """,
)


@digits_training.on("numpy")
def _(np, images, labels, *, epochs):
    w1, b1, w2, b2, w3, b3 = _weights(np)
    model = layers.Sequential(
        [
            layers.Conv2D(w1, b1, padding="SAME"),
            layers.Pooling2D(2, padding="SAME"),
            layers.Conv2D(w2, b2, padding="SAME"),
            layers.Pooling2D(2, padding="SAME"),
            layers.Flatten(),
            layers.Dense(w3, b3),
        ]
    )
    optimiser = layers.RMSProp(_RATE)

    def step(x, y):
        logits = model.forward(x)
        probabilities, truth = layers.softmax(logits), np.eye(10, dtype=np.float32)[y]
        model.backward((probabilities - truth) / np.float32(len(y)))
        optimiser(model.parameters(), model.gradients())
        losses = -layers.log_softmax(logits)[truth == 1]
        return losses.mean(), (logits.argmax(axis=1) == y).sum()

    curves = _epochs(np, epochs, step)
    x, y = _data(np)
    logits = model.forward(x)
    loss = -layers.log_softmax(logits)[np.arange(len(y)), y].mean()
    return _told(np, curves, layers.softmax(logits), [loss, (logits.argmax(axis=1) == y).mean()])


def _logits(tf, x, weights):
    """The network in the operations of tf.nn, of TensorFlow 1 and 2 alike."""
    w1, b1, w2, b2, w3, b3 = weights
    for w, b in ((w1, b1), (w2, b2)):
        x = tf.nn.bias_add(tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="SAME"), b)
        x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    return tf.matmul(tf.reshape(x, [-1, 256]), w3) + b3


def _measures(tf, logits, labels):
    """The mean loss and the number of right answers."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    right = tf.equal(tf.argmax(logits, axis=1), tf.cast(labels, tf.int64))
    return tf.reduce_mean(losses), tf.reduce_sum(tf.cast(right, tf.float32))


@digits_training.on("tf1.session")
def _(tf, images, labels, *, epochs):
    import numpy as np

    # A graph and a session of its own: training takes many runs, and the suite's session does one.
    with tf.Graph().as_default(), tf.Session(config=_one_thread(tf)) as session:
        x = tf.placeholder(tf.float32, [None, 8, 8, 1])
        y = tf.placeholder(tf.int32, [None])
        variables = [tf.Variable(w) for w in _weights(np)]
        logits = _logits(tf, x, variables)
        loss, right = _measures(tf, logits, y)
        train = tf.train.RMSPropOptimizer(_RATE).minimize(loss)
        session.run(tf.global_variables_initializer())
        step = lambda a, b: session.run([loss, right, train], {x: a, y: b})[:2]
        curves = _epochs(np, epochs, step)
        shuffled = dict(zip((x, y), _data(np)))
        mean, count, predictions = session.run([loss, right, tf.nn.softmax(logits)], shuffled)
        told = _told(np, curves, predictions, [mean, count / len(predictions)])
    return {name: tf.constant(array) for name, array in told.items()}


def _one_thread(tf):
    """Sums split over threads have other bits, and training makes other numbers of them."""
    return tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


@digits_training.on("tf2.eager")
def _(tf, images, labels, *, epochs):
    import numpy as np

    variables = [tf.Variable(w) for w in _weights(np)]
    optimiser = tf.keras.optimizers.RMSprop(_RATE)

    @tf.function(autograph=False)
    def gradients(x, y):
        with tf.GradientTape() as tape:
            loss, right = _measures(tf, _logits(tf, x, variables), y)
        return (loss, right), tape.gradient(loss, variables)

    def step(x, y):
        measures, slopes = gradients(tf.constant(x), tf.constant(y))
        optimiser.apply_gradients(zip(slopes, variables))
        return measures

    curves = _epochs(np, epochs, step)
    x, y = _data(np)
    logits = _logits(tf, tf.constant(x), variables)
    mean, count = _measures(tf, logits, tf.constant(y))
    return _told(np, curves, tf.nn.softmax(logits).numpy(), [float(mean), float(count) / len(y)])


@digits_training.on("keras2", "keras3")
def _(keras, images, labels, *, epochs):
    import numpy as np
    import tensorflow as tf

    model = keras.Sequential(
        [
            keras.layers.Conv2D(32, 3, padding="same", input_shape=(8, 8, 1)),
            keras.layers.MaxPooling2D(2, padding="same"),
            keras.layers.Conv2D(64, 3, padding="same"),
            keras.layers.MaxPooling2D(2, padding="same"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.set_weights(_weights(np))
    model.compile(
        keras.optimizers.RMSprop(_RATE), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    x, y = _data(np)

    def tell(epoch, logs):
        _tell(epoch + 1, epochs, logs["loss"], logs.get("accuracy", logs.get("acc", 0)))

    history = model.fit(
        x,
        y,
        batch_size=_BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=tell)],
    ).history
    curves = {"loss": history["loss"], "accuracy": history.get("accuracy") or history["acc"]}
    evaluation = model.evaluate(x, y, verbose=0)
    told = _told(np, curves, model.predict(x, verbose=0), evaluation)
    return {name: tf.constant(array) for name, array in told.items()}


digits_training.sample("digits", images=_IMAGES, labels=_LABELS, epochs=10, slow=True)
