"""LeNet-5 with the shapes of 1998 (SEED_CASES f4): trainable subsampling, a partial C3, an RBF output.

LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, Proceedings of the
IEEE 86 (11), 1998, section II.B. What is called LeNet-5 today is mostly another network: max pooling, a C3
that sees every map, softmax.
"""

import types

from compat import fixtures, layers, networks, operation, reference

#: Table I of the paper: the maps of S2 that each of the 16 maps of C3 sees; 60 connections.
_SEEN = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)
_PARAMETERS = 156 + 12 + 1516 + 32 + 48120 + 10164
#: The segments of each digit on a seven-segment display: top, upper left and right, middle, lower, bottom.
_SEGMENTS = ("1110111", "0010010", "1011101", "1011011", "0111010", "1101011", "1101111", "1010010")
_SEGMENTS += ("1111111", "1111011")


def _image():
    """A 0 and a 5 of MNIST amid 32x32, white -0.1 and black 1.175, as the paper has it."""
    import numpy as np

    digits = _ALL.array[[0, 2500]] * np.float32(1.275 / 255) - np.float32(0.1)
    return np.pad(digits, ((0, 0), (2, 2), (2, 2), (0, 0)), "constant", constant_values=np.float32(-0.1))


def _bitmaps():
    """Ten digits of 12 rows and 7 columns in -1 and 1. The paper's are drawn by hand: its figure 3."""
    import numpy as np

    places = (np.s_[0, :], np.s_[:6, 0], np.s_[:6, 6], np.s_[5, :], np.s_[6:, 0], np.s_[6:, 6], np.s_[11, :])
    maps = np.full((10, 12, 7), -1, np.float32)
    for bitmap, lit in zip(maps, _SEGMENTS):
        for place, on in zip(places, lit):
            if on == "1":
                bitmap[place] = 1
    return maps.reshape(10, 84)


_ALL = fixtures.mnist()[0]
_IMAGES = fixtures.Fixture("lenet5_2", _image)


def _small(name, shape, seed, low=-0.1, high=0.1):
    return fixtures.uniform(f"lenet5_{name}", shape, seed=seed, low=low, high=high)


_WEIGHTS = {
    "c1_w": fixtures.weights("lenet5_c1_w", (5, 5, 1, 6), seed=121),
    "c1_b": _small("c1_b", (6,), 122),
    "s2_w": _small("s2_w", (6,), 123, 0.2, 0.6),
    "s2_b": _small("s2_b", (6,), 124),
    "c3_w": _small("c3_w", (5, 5, 60), 125, -0.25, 0.25),
    "c3_b": _small("c3_b", (16,), 126),
    "s4_w": _small("s4_w", (16,), 127, 0.2, 0.6),
    "s4_b": _small("s4_b", (16,), 128),
    "c5_w": fixtures.weights("lenet5_c5_w", (5, 5, 16, 120), seed=129),
    "c5_b": _small("c5_b", (120,), 130),
    "f6_w": fixtures.weights("lenet5_f6_w", (120, 84), seed=131),
    "f6_b": _small("f6_b", (84,), 132),
    "bitmaps": fixtures.Fixture("lenet5_bitmaps", _bitmaps),
}


def _connections():
    """(map of C3, maps of S2 that it sees, where their kernels lie among the 60)."""
    start = 0
    for index, seen in enumerate(_SEEN):
        yield index, list(seen), slice(start, start + len(seen))
        start += len(seen)


def _squashed(x):
    return reference.scaled(reference.tanh(reference.scaled(x, 2 / 3)), 1.7159)


def _subsampled(x, w, b):
    """The four inputs added, times a trainable coefficient, plus a trainable bias."""
    import numpy as np

    mean, none = reference.avg_pool2d(x, ksize=2, strides=2), np.zeros(len(w))
    return reference.batch_norm(mean, none, none + 1, b, 4 * w.astype(np.float64), epsilon=0.0)


def _distances(x, bitmaps):
    """Sums of squared differences: (x - w)^2 rounds three times, 84 of them are added.

    Of an error e of x, d = x - w: (d + e)^2 - d^2 = 2 d e + e^2.
    """
    import numpy as np

    whole = isinstance(x, reference.Reference)
    d = np.asarray(x.value if whole else x, np.float64)[:, None] - bitmaps
    total = (d**2).sum(-1)
    answer = reference.Reference(total, total, d.shape[-1] + 3)
    if whole:
        answer.carried = types.SimpleNamespace(
            worst=lambda dtype: (2 * abs(d) * x.worst(dtype)[:, None] + x.worst(dtype)[:, None] ** 2).sum(-1),
            noise=lambda dtype: np.sqrt(((2 * d * x.typical(dtype)[:, None]) ** 2).sum(-1)),
            drift=(2 * d * x.drift()[:, None]).sum(-1),
            longest=x.longest,
        )
    return answer


def _reference(x, c1_w, c1_b, s2_w, s2_b, c3_w, c3_b, s4_w, s4_b, c5_w, c5_b, f6_w, f6_b, bitmaps):
    import numpy as np

    whole = np.zeros((5, 5, 6, 16), np.float32)
    for index, seen, place in _connections():
        whole[:, :, seen, index] = c3_w[:, :, place]
    network = reference.Network(x)

    def layer(name, rule):
        network.step(f"{name}_sums", rule)
        network.step(name, _squashed)

    layer("c1", lambda x: reference.conv2d_bias(x, c1_w, c1_b, strides=1, padding="VALID"))
    layer("s2", lambda x: _subsampled(x, s2_w, s2_b))
    layer("c3", lambda x: reference.conv2d_bias(x, whole, c3_b, strides=1, padding="VALID"))
    layer("s4", lambda x: _subsampled(x, s4_w, s4_b))
    layer("c5", lambda x: reference.conv2d_bias(x, c5_w, c5_b, strides=1, padding="VALID"))
    network.step("flat", reference.flatten)
    layer("f6", lambda x: reference.dense(x, f6_w, f6_b))
    network.step("rbf", lambda x: _distances(x, bitmaps))
    # Of the image nothing but that it is there: the number of parameters follows from no tensor.
    network.step("parameters", lambda x: reference.Reference(_PARAMETERS, dtype="int32"), None)
    return network


lenet5 = operation(
    "lenet5",
    reference=_reference,
    doc="""
    C1 6@28x28, S2 6@14x14, C3 16@10x10, S4 16@5x5, C5 120, F6 84, each 1.7159 tanh(2x/3), then ten squared
    distances to bitmaps of 7x12. 60,000 trained parameters, the 840 of the bitmaps fixed. C3 is spelled as 16
    convolutions of the maps that the paper's table connects.
    """,
)


@lenet5.on("numpy")
def _(np, x, *weights):
    c1_w, c1_b, s2_w, s2_b, c3_w, c3_b, s4_w, s4_b, c5_w, c5_b, f6_w, f6_b, bitmaps = weights
    tensors = {}

    def layer(name, sums):
        tensors[f"{name}_sums"] = sums
        tensors[name] = np.float32(1.7159) * np.tanh(np.float32(2 / 3) * sums)
        return tensors[name]

    x = layer("c1", layers.conv2d(x, c1_w, bias=c1_b))
    x = layer("s2", 4 * layers.avg_pool2d(x, 2) * s2_w + s2_b)
    maps = [layers.conv2d(x[..., seen], c3_w[:, :, place, None]) for _, seen, place in _connections()]
    x = layer("c3", np.concatenate(maps, axis=3) + c3_b)
    x = layer("s4", 4 * layers.avg_pool2d(x, 2) * s4_w + s4_b)
    x = layer("c5", layers.conv2d(x, c5_w, bias=c5_b))
    x = tensors["flat"] = layers.flatten(x)
    x = layer("f6", layers.dense(x, f6_w, f6_b))
    tensors["rbf"] = ((x[:, None] - bitmaps) ** 2).sum(axis=-1)
    tensors["parameters"] = np.int32(sum(weight.size for weight in weights[:-1]))
    return tensors


def _tensorflow(tf, x, bitmaps, c1_w, c1_b, s2_w, s2_b, c3_w, c3_b, s4_w, s4_b, c5_w, c5_b, f6_w, f6_b):
    """What sessions, eager calls and functions spell alike; how they hold the weights is what differs."""
    tensors = {}

    def layer(name, sums):
        tensors[f"{name}_sums"] = sums
        tensors[name] = 1.7159 * tf.tanh(2 / 3 * sums)
        return tensors[name]

    def convolved(x, w):
        return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID")

    def added(x):
        return 4 * tf.nn.avg_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")

    x = layer("c1", convolved(x, c1_w) + c1_b)
    x = layer("s2", added(x) * s2_w + s2_b)
    maps = [
        convolved(tf.gather(x, seen, axis=3), c3_w[:, :, place, None]) for _, seen, place in _connections()
    ]
    x = layer("c3", tf.concat(maps, 3) + c3_b)
    x = layer("s4", added(x) * s4_w + s4_b)
    x = layer("c5", convolved(x, c5_w) + c5_b)
    x = tensors["flat"] = tf.reshape(x, [-1, 120])
    x = layer("f6", tf.matmul(x, f6_w) + f6_b)
    tensors["rbf"] = tf.reduce_sum(tf.square(x[:, None] - bitmaps), axis=-1)
    return tensors


@lenet5.on("tf1.session")
def _(tf, x, *weights):
    variables = networks.held(tf, weights[:-1])
    bitmaps = tf.get_variable("bitmaps", initializer=weights[-1], trainable=False)
    return networks.counted(tf, _tensorflow(tf, x, bitmaps, *variables), tf.trainable_variables())


@lenet5.on("tf2.eager")
def _(tf, x, *weights):
    class LeNet5(tf.Module):
        def __init__(self):
            super().__init__()
            self.held = [tf.Variable(w) for w in weights[:-1]]
            self.bitmaps = tf.Variable(weights[-1], trainable=False)

        def __call__(self, x):
            return _tensorflow(tf, x, self.bitmaps, *self.held)

    network = LeNet5()
    return networks.counted(tf, network(x), network.trainable_variables)


@lenet5.on("tf2.function")
def _(tf, x, *weights):
    return networks.counted(tf, _tensorflow(tf, x, weights[-1], *weights[:-1]), weights[:-1])


@lenet5.on("keras2", "keras3")
def _(keras, x, *weights):
    c1_w, c1_b, s2_w, s2_b, c3_w, c3_b, s4_w, s4_b, c5_w, c5_b, f6_w, f6_b, bitmaps = weights
    ops = getattr(keras, "ops", None)
    tanh, added_up = (ops.tanh, ops.sum) if ops else (keras.backend.tanh, keras.backend.sum)

    class Scaled(keras.layers.Layer):
        """A trainable coefficient and bias for each channel."""

        def build(self, shape):
            self.coefficient = self.add_weight(name="w", shape=(shape[-1],), initializer="ones")
            self.bias = self.add_weight(name="b", shape=(shape[-1],), initializer="zeros")
            super().build(shape)

        def call(self, x):
            return 4 * x * self.coefficient + self.bias

    class Distances(keras.layers.Layer):
        """Squared distances to ten bitmaps that are not trained."""

        def build(self, shape):
            self.bitmaps = self.add_weight(name="m", shape=(10, 84), initializer="zeros", trainable=False)
            super().build(shape)

        def call(self, x):
            return added_up((x[:, None] - self.bitmaps) ** 2, axis=-1)

        def compute_output_shape(self, shape):
            return (shape[0], 10)

    def with_weights(layer, x, *values):
        y = layer(x)
        layer.set_weights(values)
        return y

    tensors = {}

    def squash(name, sums):
        tensors[f"{name}_sums"] = sums
        squashed = keras.layers.Lambda(lambda x: 1.7159 * tanh(2 / 3 * x))
        tensors[name] = squashed(sums)
        return tensors[name]

    def only(seen, flow):
        first, *others = (keras.layers.Lambda(lambda x, c=c: x[..., c : c + 1])(flow) for c in seen)
        return keras.layers.Concatenate()([first, *others])

    image = keras.Input(shape=(32, 32, 1))
    flow = squash("c1", with_weights(keras.layers.Conv2D(6, 5), image, c1_w, c1_b))
    flow = squash("s2", with_weights(Scaled(), keras.layers.AveragePooling2D(2)(flow), s2_w, s2_b))
    maps = [
        with_weights(
            keras.layers.Conv2D(1, 5), only(seen, flow), c3_w[:, :, place, None], c3_b[index : index + 1]
        )
        for index, seen, place in _connections()
    ]
    flow = squash("c3", keras.layers.Concatenate()(maps))
    flow = squash("s4", with_weights(Scaled(), keras.layers.AveragePooling2D(2)(flow), s4_w, s4_b))
    flow = squash("c5", with_weights(keras.layers.Conv2D(120, 5), flow, c5_w, c5_b))
    flow = tensors["flat"] = keras.layers.Flatten()(flow)
    flow = squash("f6", with_weights(keras.layers.Dense(84), flow, f6_w, f6_b))
    tensors["rbf"] = with_weights(Distances(), flow, bitmaps)
    model = keras.Model(image, list(tensors.values()))
    return networks.counted_by_keras(keras, dict(zip(tensors, model(x))), model, fixed=bitmaps.size)


lenet5.sample("f4", x=_IMAGES, **_WEIGHTS)
