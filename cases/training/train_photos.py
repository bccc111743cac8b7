"""Real training: JPEG files in class folders through each dialect's own loader (SEED_CASES f3).

The suite draws a "+" or an "x" into noise, writes real JPEG files, and reads them as photographs are read:
decoded, resized to 180x180, in batches.  COMPAT_PHOTOS names a folder of your own, with ``train`` and
``validation`` below it and two class folders in each: a sample of its own.
"""

import glob
import os
import sys
import tempfile

from compat import Unsupported, fixtures, layers, operation, reference

_SIDE, _BATCH, _RATE = 180, 8, 0.001
#: Per class; the first quarter validates.
_COUNT = 40
_FILTERS = (32, 64, 128, 256, 256)
_OWN = os.environ.get("COMPAT_PHOTOS")


def _draw():
    """Two classes of 60x80 pictures.  Rotation takes a "+" near an "x": the colour, warm or cool, helps."""
    import numpy as np

    random = np.random.RandomState(7)
    pictures = random.uniform(0, 120, (2, _COUNT, 60, 80, 3))
    for kind, pictures_of in enumerate(pictures):
        for picture in pictures_of:
            y, x, arm = random.randint(18, 42), random.randint(18, 62), random.randint(8, 17)
            colour = random.uniform(100, 255, 3)
            colour[2 if kind == 0 else 0] /= 4
            for step in range(-arm, arm + 1):
                ends = ((step, step), (step, -step)) if kind else ((step, 0), (0, step))
                for dy, dx in ends:
                    picture[y + dy - 1 : y + dy + 2, x + dx - 1 : x + dx + 2] = colour
    return np.rint(pictures).astype(np.float32)


_PICTURES = fixtures.Fixture("plus_and_x_pictures", _draw)
_CLASSES = ("plus", "x")


class _Folders:
    """The folders with ``train`` and ``validation``: written here, or the user's own."""

    def __init__(self, tf, own):
        self.tf, self.own, self.kept = tf, own, None

    def __enter__(self):
        if self.own:
            return _OWN
        self.kept = tempfile.TemporaryDirectory()
        import numpy as np

        files = []
        for kind, name in enumerate(_CLASSES):
            for number, picture in enumerate(_PICTURES.array[kind]):
                part = "validation" if number < _COUNT // 4 else "train"
                path = os.path.join(self.kept.name, part, name, f"{number:03}.jpg")
                files.append((path, picture.astype(np.uint8)))
        for (path, _), data in zip(files, _encoded(self.tf, [picture for _, picture in files])):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        return self.kept.name

    def __exit__(self, *_):
        if self.kept:
            self.kept.cleanup()


def _encoded(tf, pictures):
    """Each picture as the bytes of a JPEG file; Pillow is missing in most environments."""
    if tf.executing_eagerly():
        return [tf.io.encode_jpeg(picture, quality=90).numpy() for picture in pictures]
    with tf.Graph().as_default(), tf.Session() as session:
        pixels = tf.placeholder(tf.uint8, [None, None, 3])
        jpeg = tf.image.encode_jpeg(pixels, quality=90)
        return [session.run(jpeg, {pixels: picture}) for picture in pictures]


def _listed(folder):
    """Paths and labels, class by class, in the order of the names: as Keras lists them."""
    paths, labels = [], []
    for label, name in enumerate(sorted(os.listdir(folder))):
        found = sorted(glob.glob(os.path.join(folder, name, "*.jp*g")))
        paths, labels = paths + found, labels + [float(label)] * len(found)
    return paths, labels


def _tell(epoch, epochs, logs):
    """A line on standard error for every epoch; on a terminal one that is written over."""
    last = ", ".join(f"{name} {number:.4f}" for name, number in sorted(logs.items()))
    end = "\r" if sys.stderr.isatty() and epoch < epochs else "\n"
    sys.stderr.write(f"photos [{'#' * (20 * epoch // epochs):20}] epoch {epoch} of {epochs}: {last}{end}")
    sys.stderr.flush()


_CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


def _told(np, history, validated, reloaded):
    """The outputs.  ``validated``: what was predicted after each epoch."""
    told = {name: np.asarray(history[name], np.float32) for name in _CURVES}
    told["validated"] = np.asarray(validated, np.float32).reshape(len(validated), -1)
    told["best"] = np.asarray(np.argmin(told["val_loss"]), np.int32)
    told["reloaded"] = np.asarray(reloaded, np.float32).ravel()
    told["reached"] = told["val_accuracy"][told["best"]]
    return told


def _losses(validated, labels):
    """The cross-entropy of each epoch, between clipping at Keras's 1e-7 and no clipping."""
    import numpy as np

    p = np.where(labels == 1, validated, 1 - np.asarray(validated, np.float64))
    # A float32 near 1 is 6e-8 from the next, and so is 1 - p: a loss made of the logit itself does not know.
    ends = ((2.0**-24, 1e-7), (-(2.0**-24), 1e-38))
    clipped, whole = (-np.log(np.maximum(p + off, least)).mean(axis=1) for off, least in ends)
    # 1e-3 and 1e-4 are far above what else rounds, and far below what epochs differ by.
    return reference.Within(clipped * (1 - 1e-3) - 1e-4, whole * (1 + 1e-3) + 1e-4, clipped.shape)


def _right(validated, labels):
    """The accuracy of each epoch, and a float32's rounding around it."""
    import numpy as np

    accuracy = np.mean((np.asarray(validated) > 0.5) == (labels == 1), axis=1)
    return reference.Within(accuracy - 1e-6, accuracy + 1e-6, accuracy.shape)


def _reference(pictures, *, epochs, augmented, own):
    import numpy as np

    labels = np.repeat([0.0, 1.0], _COUNT // 4)
    if own:
        labels = np.array(_listed(os.path.join(_OWN, "validation"))[1])
    steps, shown = reference.Steps(), np.tile(labels, (epochs, 1))

    def within(name, low, high, shape=()):
        rule = lambda: reference.Within(low, high, shape)
        steps.step(name, rule, value=rule().value)

    # ln 2 = 0.69 is the loss, 0.5 the accuracy of guessing.  Few pictures and RMSprop make curves that jump:
    # an epoch may be several times worse than guessing; the best has to be right where it matters.
    within("loss", 0.0, 5.0, (epochs,))
    within("accuracy", 0.3, 1.0, (epochs,))
    steps.step("val_loss", lambda p: _losses(p, labels), "validated", value=np.zeros(epochs))
    steps.step("val_accuracy", lambda p: _right(p, labels), "validated", value=np.ones(epochs))
    steps.step("validated", lambda: reference.Within(0.0, 1.0, shown.shape), value=shown)
    best = lambda losses: reference.Reference(np.argmin(losses), dtype="int32")
    steps.step("best", best, "val_loss", value=0)
    reloaded = lambda validated, best: reference.Reference(validated[best])
    steps.step("reloaded", reloaded, "validated", "best", value=labels)
    # Guessing reaches 0.85 of 20 pictures once in 780 times: sum of binomials(20, 17 to 20) / 2^20.
    within("reached", 0.5 if own else 0.85, 1.0)
    return steps


photo_training = operation(
    "photo_training",
    reference=_reference,
    doc="""
    Rescaling, five 3x3 convolutions of 32 to 256 filters with max pooling between, Dense 1, sigmoid, trained
    by RMSprop on JPEG files read by the dialect's loader. The weights of the epoch with the least validation
    loss are kept in a file; a new network that loads them predicts what that epoch predicted, bit for bit.
    """,
)


# -- tf.data and tf.nn, in a graph and eagerly


def _decoded(tf, paths):
    """The dataset of the pictures: read, decoded, resized, in batches."""

    def read(path):
        resize = tf.image.resize_images if hasattr(tf.image, "resize_images") else tf.image.resize
        return resize(tf.image.decode_jpeg(tf.io.read_file(path), channels=3), [_SIDE, _SIDE])

    return tf.data.Dataset.from_tensor_slices(paths).map(read).batch(_BATCH)


def _augment(tf, x):
    """Mirrored and up to 0.2 nearer; TensorFlow itself has no rotation, as Keras's layers do."""
    x = tf.image.random_flip_left_right(x, seed=1)
    near = tf.random.uniform([tf.shape(x)[0], 1], 0.0, 0.1, seed=2)
    boxes = tf.concat([near, near, 1 - near, 1 - near], axis=1)
    return tf.image.crop_and_resize(x, boxes, tf.range(tf.shape(x)[0]), [_SIDE, _SIDE])


def _logits(tf, x, weights, augmented):
    """``augmented``: whether it trains with augmentation and dropout."""
    if augmented:
        x = _augment(tf, x)
    x = x / 255.0
    for layer in range(len(_FILTERS)):
        if layer:
            x = tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
        x = tf.nn.conv2d(x, weights[2 * layer], strides=[1, 1, 1, 1], padding="VALID")
        x = tf.nn.relu(tf.nn.bias_add(x, weights[2 * layer + 1]))
    x = tf.reshape(x, [-1, 7 * 7 * _FILTERS[-1]])
    if augmented:
        x = tf.nn.dropout(x, rate=0.5, seed=3)
    return tf.reshape(tf.matmul(x, weights[-2]) + weights[-1], [-1])


def _measures(tf, logits, labels):
    """The mean loss and the number of right answers."""
    right = tf.equal(logits > 0, labels > 0.5)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    return tf.reduce_mean(losses), tf.reduce_sum(tf.cast(right, tf.float32))


def _weights(np):
    glorot, drawn, channels = layers.glorot_uniform(seed=1), [], 3
    for filters in _FILTERS:
        drawn += [glorot((3, 3, channels, filters)).astype(np.float32), np.zeros(filters, np.float32)]
        channels = filters
    return drawn + [glorot((7 * 7 * channels, 1)).astype(np.float32), np.zeros(1, np.float32)]


def _epochs(np, network, folder, epochs):
    """Train, keep the best in a file, load it into a new network; the outputs."""
    train, held_out = (_listed(os.path.join(folder, part)) for part in ("train", "validation"))
    x, y = network.read(train[0]), np.array(train[1], np.float32)
    shown, truth = network.read(held_out[0]), np.array(held_out[1], np.float32)
    random, history, validated = np.random.RandomState(0), {name: [] for name in _CURVES}, []
    for epoch in range(epochs):
        order, sums, held = random.permutation(len(y)), np.zeros(2), np.zeros(2)
        for start in range(0, len(y), _BATCH):
            batch = order[start : start + _BATCH]
            mean, right = network.step(x[batch], y[batch])
            sums += float(mean) * len(batch), float(right)
        for start in range(0, len(truth), _BATCH):
            batch = slice(start, start + _BATCH)
            mean, right = network.measure(shown[batch], truth[batch])
            held += float(mean) * len(truth[batch]), float(right)
        numbers = dict(zip(_CURVES, [*sums / len(y), *held / len(truth)]))
        for name, number in numbers.items():
            history[name].append(number)
        validated.append(_predicted(np, network, shown))
        if numbers["val_loss"] == min(history["val_loss"]):
            kept = network.save(os.path.join(folder, "best"))
        _tell(epoch + 1, epochs, numbers)
    return _told(np, history, validated, _predicted(np, network.load(kept), shown))


def _predicted(np, network, x):
    return np.concatenate([network.predict(x[start : start + _BATCH]) for start in range(0, len(x), _BATCH)])


def _slots(optimiser, variables):
    return [optimiser.get_slot(variable, "rms") for variable in variables]


class _Graph:
    """The network in a session of its own: training takes many runs, the suite's session does one."""

    def __init__(self, tf, weights, augmented):
        self.tf, self.arguments = tf, ([0 * weight for weight in weights], augmented)
        config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.Graph().as_default():
            tf.set_random_seed(1)
            self.x = tf.placeholder(tf.float32, [None, _SIDE, _SIDE, 3])
            self.y = tf.placeholder(tf.float32, [None])
            variables = [tf.Variable(weight) for weight in weights]
            trained = _measures(tf, _logits(tf, self.x, variables, augmented), self.y)
            optimiser = tf.train.RMSPropOptimizer(_RATE, epsilon=1e-14)  # Keras adds 1e-7, after the root
            self.train = trained, optimiser.minimize(trained[0])
            # Keras's mean squares begin with 0, these with 1: then the few steps here would all be tiny.
            begin = [tf.assign(slot, tf.zeros_like(slot)) for slot in _slots(optimiser, variables)]
            logits = _logits(tf, self.x, variables, False)
            self.measures, self.probabilities = _measures(tf, logits, self.y), tf.sigmoid(logits)
            self.saver = tf.train.Saver(variables)
            self.session = tf.Session(config=config)
            self.session.run(tf.global_variables_initializer())
            self.session.run(begin)

    def read(self, paths):
        import numpy as np

        with self.tf.Graph().as_default(), self.tf.Session() as session:
            batch = self.tf.data.make_one_shot_iterator(_decoded(self.tf, paths)).get_next()
            return np.concatenate([session.run(batch) for _ in range(0, len(paths), _BATCH)])

    def step(self, x, y):
        return self.session.run(self.train, {self.x: x, self.y: y})[0]

    def measure(self, x, y):
        return self.session.run(self.measures, {self.x: x, self.y: y})

    def predict(self, x):
        return self.session.run(self.probabilities, {self.x: x})

    def save(self, path):
        return self.saver.save(self.session, path)

    def load(self, path):
        fresh = _Graph(self.tf, *self.arguments)
        fresh.saver.restore(fresh.session, path)
        return fresh


class _Eager:
    """The network as variables and functions."""

    def __init__(self, tf, weights, augmented):
        self.tf, self.arguments = tf, ([0 * weight for weight in weights], augmented)
        self.variables = [tf.Variable(weight) for weight in weights]
        self.optimiser = tf.keras.optimizers.RMSprop(_RATE)

        def slopes(x, y):
            with tf.GradientTape() as tape:
                measures = _measures(tf, _logits(tf, x, self.variables, augmented), y)
            return measures, tape.gradient(measures[0], self.variables)

        self.slopes = tf.function(slopes, autograph=False)
        self.logits = tf.function(lambda x: _logits(tf, x, self.variables, False), autograph=False)
        self.checkpoint = tf.train.Checkpoint(**{f"v{n}": v for n, v in enumerate(self.variables)})

    def read(self, paths):
        import numpy as np

        return np.concatenate([batch.numpy() for batch in _decoded(self.tf, paths)])

    def step(self, x, y):
        measures, slopes = self.slopes(self.tf.constant(x), self.tf.constant(y))
        self.optimiser.apply_gradients(zip(slopes, self.variables))
        return measures

    def measure(self, x, y):
        return _measures(self.tf, self.logits(self.tf.constant(x)), self.tf.constant(y))

    def predict(self, x):
        return self.tf.sigmoid(self.logits(self.tf.constant(x))).numpy()

    def save(self, path):
        return self.checkpoint.save(path)

    def load(self, path):
        fresh = _Eager(self.tf, *self.arguments)
        fresh.checkpoint.restore(path).assert_consumed()
        return fresh


@photo_training.on("tf1.session")
def _(tf, pictures, *, epochs, augmented, own):
    import numpy as np

    with _Folders(tf, own) as folder:
        told = _epochs(np, _Graph(tf, _weights(np), augmented), folder, epochs)
    return {name: tf.constant(array) for name, array in told.items()}


@photo_training.on("tf2.eager")
def _(tf, pictures, *, epochs, augmented, own):
    import numpy as np

    tf.random.set_seed(1)
    with _Folders(tf, own) as folder:
        return _epochs(np, _Eager(tf, _weights(np), augmented), folder, epochs)


# -- Keras


def _loader(keras):
    """``image_dataset_from_directory``, where it is."""
    for place in ("utils", "preprocessing"):
        if hasattr(getattr(keras, place), "image_dataset_from_directory"):
            return getattr(keras, place).image_dataset_from_directory
    raise Unsupported("image_dataset_from_directory begins with TensorFlow 2.3")


def _model(keras, augmented):
    new = keras.layers if hasattr(keras.layers, "Rescaling") else keras.layers.experimental.preprocessing
    stack = [keras.layers.InputLayer((_SIDE, _SIDE, 3))]
    if augmented:
        stack += [new.RandomFlip("horizontal", seed=1), new.RandomRotation(0.1, seed=2)]
        stack += [new.RandomZoom(0.2, seed=3)]
    stack += [new.Rescaling(1 / 255)]
    for filters in _FILTERS:
        stack += [keras.layers.Conv2D(filters, 3, activation="relu"), keras.layers.MaxPooling2D(2)]
    stack[-1] = keras.layers.Flatten()  # after the last convolution no pooling
    stack += [keras.layers.Dropout(0.5, seed=4)] if augmented else []
    model = keras.Sequential([*stack, keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.RMSprop(_RATE), loss="binary_crossentropy", metrics=["accuracy"])
    return model


@photo_training.on("keras2", "keras3")
def _(keras, pictures, *, epochs, augmented, own):
    import numpy as np
    import tensorflow as tf

    load, model = _loader(keras), _model(keras, augmented)
    trainable = iter(_weights(np))
    for layer in model.layers:
        if layer.trainable_weights:
            layer.set_weights([next(trainable), next(trainable)])
    with _Folders(tf, own) as folder:
        options = {"label_mode": "binary", "image_size": (_SIDE, _SIDE), "batch_size": _BATCH}
        train = load(os.path.join(folder, "train"), seed=1, **options)
        held_out = load(os.path.join(folder, "validation"), shuffle=False, **options)
        path, validated = os.path.join(folder, "best.weights.h5"), []

        def tell(epoch, logs):
            validated.append(model.predict(held_out, verbose=0))
            _tell(epoch + 1, epochs, logs)

        keep = keras.callbacks.ModelCheckpoint(
            path, monitor="val_loss", save_best_only=True, save_weights_only=True
        )
        callbacks = [keep, keras.callbacks.LambdaCallback(on_epoch_end=tell)]
        history = model.fit(
            train, validation_data=held_out, epochs=epochs, verbose=0, callbacks=callbacks
        ).history
        fresh = _model(keras, augmented)
        fresh.load_weights(path)
        reloaded = fresh.predict(held_out, verbose=0)
    return _told(np, history, validated, reloaded)


photo_training.sample("plain", pictures=_PICTURES, epochs=8, augmented=False, own=False, slow=True)
photo_training.sample("augmented", pictures=_PICTURES, epochs=8, augmented=True, own=False, slow=True)
if _OWN:
    _NAMES = sorted(glob.glob(os.path.join(_OWN, "*", "*", "*")))
    _SIZES = fixtures.values("own_photographs", [os.path.getsize(name) for name in _NAMES])
    photo_training.sample("own", pictures=_SIZES, epochs=5, augmented=True, own=True, slow=True)
