"""The layers as objects: backward against finite differences, and small networks that learn."""

import numpy as np
import pytest
from numerics import assert_gradient

from compat import layers

RANDOM = np.random.RandomState(0)
F64 = {"dtype": np.float64}


def nchw(shape):
    return shape[0], shape[3], shape[1], shape[2]


CASES = {
    "conv": (lambda: layers.Conv2D.create(3, 4, 3, strides=2, padding="SAME", **F64), (2, 5, 4, 3)),
    "conv-nchw": (
        lambda: layers.Conv2D.create(2, 3, (2, 3), padding="FULL", data_format="NCHW", **F64),
        (1, 2, 4, 3),
    ),
    "conv-groups": (
        lambda: layers.Conv2D(RANDOM.standard_normal((2, 2, 2, 4)), np.zeros(4), dilations=2),
        (1, 4, 4, 4),
    ),
    "conv-without-bias": (lambda: layers.Conv2D(RANDOM.standard_normal((2, 2, 1, 2))), (1, 3, 3, 1)),
    "depthwise": (lambda: layers.DepthwiseConv2D.create(3, 2, 2, padding="SAME", **F64), (2, 3, 3, 3)),
    "transpose": (
        lambda: layers.Conv2DTranspose.create(
            2, 3, 3, output_shape=(6, 5, 3), strides=2, padding="SAME", **F64
        ),
        (2, 3, 3, 2),
    ),
    "dense": (lambda: layers.Dense.create(4, 3, **F64), (2, 4)),
    "max-pool": (lambda: layers.Pooling2D(3, 2, padding="SAME"), (2, 5, 4, 3)),
    "average-pool": (lambda: layers.Pooling2D(2, 1, kind="avg", padding="SAME"), (2, 4, 4, 3)),
    "global-average": (lambda: layers.GlobalPooling2D(), (2, 3, 4, 3)),
    "global-max": (lambda: layers.GlobalPooling2D(kind="max"), (2, 3, 4, 3)),
    "elu": (lambda: layers.Activation("elu"), (2, 5)),
    "softmax": (lambda: layers.Activation("softmax"), (2, 5)),
    "flatten": (lambda: layers.Flatten(), (2, 3, 2, 2)),
    "lrn": (lambda: layers.LocalResponseNorm(1), (1, 2, 2, 4)),
    "batch-norm": (lambda: layers.BatchNorm(3, **F64), (2, 3, 2, 3)),
    "batch-norm-training": (lambda: layers.BatchNorm(3, momentum=1, **F64).train(), (2, 3, 2, 3)),
    "dropout-resting": (lambda: layers.Dropout(0.5), (2, 3)),
    "sequence": (
        lambda: layers.Sequential(
            [
                layers.Conv2D.create(1, 3, 3, padding="SAME", **F64),
                layers.Activation("elu"),
                layers.Pooling2D(2),
                layers.Flatten(),
                layers.Dense.create(12, 2, **F64),
            ]
        ),
        (2, 4, 4, 1),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_backward_is_the_gradient(name):
    make, shape = CASES[name]
    layer = make()
    x = RANDOM.standard_normal(shape)
    y = layer.forward(x)
    dy = RANDOM.standard_normal(y.shape)
    dx = layer.backward(dy)
    gradients = {key: np.array(value) for key, value in layer.gradients().items()}
    assert_gradient(layer.forward, x, dy, dx)
    for key, parameter in layer.parameters().items():
        start = parameter.copy()

        def with_parameter(value, parameter=parameter):
            parameter[...] = value
            return layer.forward(x)

        assert_gradient(with_parameter, start, dy, gradients[key])
        parameter[...] = start


def test_gradients_are_where_the_tutorial_has_them():
    conv, dense = (
        layers.Conv2D(np.ones((2, 2, 1, 3)), np.zeros(3)),
        layers.Dense(np.ones((12, 2)), np.zeros(2)),
    )
    assert conv.dw is conv.db is dense.dw is None
    network = layers.Sequential([conv, layers.Flatten(), dense])
    network.forward(np.ones((1, 3, 3, 1)))
    network.backward(np.ones((1, 2)))
    assert conv.dw.shape == conv.w.shape and conv.db.tolist() == [8, 8, 8]
    assert dense.dw.shape == dense.w.shape and dense.db.tolist() == [1, 1]
    assert list(network.parameters()) == list(network.gradients()) == ["0.w", "0.b", "2.w", "2.b"]
    assert network.parameters()["0.w"] is conv.w


def test_a_layer_s_parameters_are_its_own():
    w = np.ones((1, 1, 1, 1))
    layer = layers.Conv2D(w)
    layer.w += 1
    assert w.item() == 1
    assert layer.parameters().keys() == {"w"}


def test_moving_averages():
    layer = layers.BatchNorm(2, momentum=0.9, dtype=np.float64).train()
    x = RANDOM.standard_normal((4, 3, 3, 2)) * 3 + 1
    for _ in range(2):
        layer.forward(x)
    np.testing.assert_allclose(layer.moving_mean, 0.19 * x.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(layer.moving_variance, 0.81 + 0.19 * x.var(axis=(0, 1, 2), ddof=1))
    layer.train(False)
    y = layer.forward(x)
    np.testing.assert_allclose(y, (x - layer.moving_mean) / np.sqrt(layer.moving_variance + 1e-3))


def test_dropout_remembers_its_mask():
    layer = layers.Dropout(0.5, seed=3).train()
    x = np.ones((10, 10), np.float32)
    y = layer.forward(x)
    np.testing.assert_array_equal(layer.backward(x), y)
    assert not np.array_equal(layer.forward(x), y)
    assert layers.Sequential([layer]).train(False).forward(x) is x


def digits_network(seed=0):
    """Model f1: two convolutions with pooling, 21,386 parameters."""
    return layers.Sequential(
        [
            layers.Conv2D.create(1, 32, 3, padding="SAME", initial=layers.glorot_uniform(seed)),
            layers.Pooling2D(2, padding="SAME"),
            layers.Conv2D.create(32, 64, 3, padding="SAME", initial=layers.glorot_uniform(seed + 1)),
            layers.Pooling2D(2, padding="SAME"),
            layers.Flatten(),
            layers.Dense.create(256, 10, initial=layers.glorot_uniform(seed + 2)),
        ]
    )


def made_digits(count):
    """Ten noisy patterns of 8x8 and their labels: something to learn that needs no file."""
    random = np.random.RandomState(7)
    patterns = random.randint(0, 17, (10, 8, 8, 1))
    labels = random.randint(0, 10, count)
    noise = random.normal(0, 2, (count, 8, 8, 1))
    return (patterns[labels] - 8 + noise).astype(np.float32), labels


def test_the_digits_network_has_the_right_size():
    parameters = digits_network().parameters()
    assert [parameters[name].size for name in parameters] == [288, 32, 18432, 64, 2560, 10]
    assert sum(value.size for value in parameters.values()) == 21386


@pytest.mark.parametrize(
    "optimiser, learning_rate",
    [
        (layers.GradientDescent, 0.01),
        (layers.Momentum, 0.002),
        (layers.RMSProp, 0.005),
        (layers.Adam, 0.001),
    ],
)
def test_it_learns(optimiser, learning_rate):
    network, step = digits_network().train(), optimiser(learning_rate)
    x, labels = made_digits(320)
    losses = []
    for _ in range(3):
        for batch in range(0, 320, 32):
            rows = slice(batch, batch + 32)
            loss, gradient = layers.sparse_softmax_cross_entropy(network.forward(x[rows]), labels[rows])
            network.backward(gradient)
            step(network.parameters(), network.gradients())
            losses.append(loss)
    network.train(False)
    assert np.mean(losses[-5:]) < 0.2 * losses[0]
    assert np.mean(network.forward(x).argmax(axis=1) == labels) > 0.95
