"""What the layers refuse: always a ValueError that names the argument, its value and what was expected."""

import numpy as np
import pytest

from compat import layers

X = np.ones((2, 5, 5, 4), np.float32)
W = np.ones((3, 3, 4, 6), np.float32)
Y = np.ones((2, 3, 3, 6), np.float32)
POOLED = np.ones((2, 2, 2, 4), np.float32)


def refused(function, *arguments, words, **keywords):
    with pytest.raises(ValueError) as error:
        function(*arguments, **keywords)
    message = str(error.value)
    for word in words:
        assert word in message, message


@pytest.mark.parametrize(
    "keywords, words",
    [
        ({"strides": 0}, ["strides=0", "positive integer"]),
        ({"strides": -1}, ["strides=-1", "positive integer"]),
        ({"strides": (1, 0)}, ["strides=(1, 0)", "positive integer"]),
        ({"strides": 1.5}, ["strides=1.5", "positive integer"]),
        ({"strides": (1, 1, 1, 1)}, ["strides=(1, 1, 1, 1)", "two of them"]),
        ({"dilations": 0}, ["dilations=0", "positive integer"]),
        ({"padding": "BANANA"}, ["padding='BANANA'", "'VALID', 'SAME', 'FULL'"]),
        ({"padding": "same"}, ["padding='same'", "'SAME'"]),
        ({"padding": 1}, ["padding=1", "((top, bottom), (left, right))"]),
        ({"padding": ((0, 0), (1, 1), (1, 1), (0, 0))}, ["padding=", "((top, bottom), (left, right))"]),
        ({"padding": ((0, -1), (0, 0))}, ["padding=((0, -1), (0, 0))", "none negative"]),
        ({"dilations": 3}, ["padding='VALID'", "7 rows", "5 rows", "'SAME'"]),
        ({"data_format": "CHWN"}, ["data_format='CHWN'", "'NHWC' or 'NCHW'"]),
    ],
)
def test_windows(keywords, words):
    refused(layers.conv2d, X, W, words=words, **keywords)
    refused(layers.conv2d_input_grad, Y, W, X.shape, words=words, **keywords)
    refused(layers.conv2d_filter_grad, X, Y, W.shape, words=words, **keywords)
    if "dilations" not in keywords:
        refused(layers.avg_pool2d, X, 2, words=words, **keywords)
    if keywords != {"dilations": 3}:
        refused(layers.max_pool2d, X, 2, words=words, **keywords)


@pytest.mark.parametrize(
    "x, w, words",
    [
        (X[0], W, ["x", "(5, 5, 4)", "4 dimensions", "N, H, W, C"]),
        (X, W[0], ["w", "(3, 4, 6)", "4 dimensions", "channels in"]),
        (X, W[:, :, :3], ["x has 4 channels", "(3, 3, 3, 6)", "multiple"]),
        (X, W[:, :, :1, :5], ["w.shape[3]=5", "4 groups"]),
        (X, W[:0], ["w", "(0, 3, 4, 6)", "no size to be 0"]),
        (X[..., :0], W, ["x has 0 channels"]),
        ((X * 255).astype(np.uint8), W, ["x", "uint8", "astype(np.float32)", "divide by 255"]),
        (X.astype(int), W, ["x", "int64", "astype(np.float32)"]),
        (X > 0, W, ["x", "bool", "astype(np.float32)"]),
        (X, W.astype(int), ["w", "int64", "float32"]),
        (X, W.astype(float), ["w", "float64", "expected float32", "like x"]),
        (X.astype(complex), W, ["x", "complex128", "float16, float32 or float64"]),
    ],
)
def test_arrays(x, w, words):
    refused(layers.conv2d, x, w, words=words)


def test_biases():
    refused(layers.conv2d, X, W, bias=np.ones(5, np.float32), words=["bias", "(5,)", "(6,)"])
    refused(layers.conv2d, X, W, bias=np.ones((6, 1), np.float32), words=["bias", "(6, 1)", "(6,)"])
    refused(layers.conv2d, X, W, bias=np.ones(6), words=["bias", "float64", "float32"])


def test_gradients():
    refused(layers.conv2d_input_grad, Y[:, 1:], W, X.shape, words=["dy", "(2, 2, 3, 6)", "(2, 3, 3, 6)"])
    refused(layers.conv2d_filter_grad, X, Y[1:], W.shape, words=["dy", "(1, 3, 3, 6)", "(2, 3, 3, 6)"])
    refused(layers.conv2d_input_grad, Y, W, (2, 5, 5), words=["input_shape=(2, 5, 5)", "four sizes"])
    refused(layers.conv2d_input_grad, Y, W, (2, 5, 5, -4), words=["input_shape=(2, 5, 5, -4)"])
    refused(layers.conv2d_filter_grad, X, Y, (3, 3, 4), words=["filter_shape=(3, 3, 4)", "four positive"])
    refused(layers.conv2d_filter_grad, X, Y, (3, 0, 4, 6), words=["filter_shape=(3, 0, 4, 6)"])
    refused(layers.max_pool2d_grad, X, POOLED[:, 1:], 2, words=["dy", "(2, 1, 2, 4)", "(2, 2, 2, 4)"])
    refused(layers.avg_pool2d_grad, POOLED, (2, 9, 5, 4), 2, words=["dy", "(2, 2, 2, 4)", "(2, 4, 2, 4)"])
    refused(layers.global_avg_pool2d_grad, X[:, 0, 0], (2, 5, 5, 3), words=["dy", "(2, 4)", "(2, 3)"])


def test_transposed():
    w = np.ones((3, 3, 2, 6), np.float32)
    assert layers.conv2d_transpose(Y, w, (2, 5, 5, 2)).shape == (2, 5, 5, 2)
    refused(layers.conv2d_transpose, Y, w, (2, 6, 5, 2), words=["output_shape=(2, 6, 5, 2)", "(2, 4, 3)"])
    refused(
        layers.conv2d_transpose, Y, W, (2, 5, 5, 3), words=["output_shape has 3 channels", "w.shape[2]=4"]
    )
    refused(layers.conv2d_transpose, X, w, (2, 7, 7, 2), words=["w", "(3, 3, 2, 6)", "in=4"])


def test_depthwise():
    refused(layers.depthwise_conv2d, X, W[:, :, :3], words=["w", "(3, 3, 3, 6)", "channels=4"])
    shape = (2, 5, 5, 3)
    refused(layers.depthwise_conv2d_input_grad, Y, W, shape, words=["w", "(3, 3, 4, 6)", "channels=3"])


def test_pooling():
    refused(layers.max_pool2d, X, 0, words=["ksize=0", "positive integer"])
    refused(layers.max_pool2d, X, 6, words=["padding='VALID'", "6 rows", "would be empty"])
    refused(
        layers.avg_pool2d, X, 2, padding=((0, 2), (0, 0)), words=["padding=((0, 2)", "less than the window"]
    )
    refused(layers.max_pool2d, X.astype(np.uint8), 2, words=["x", "uint8", "divide by 255"])
    refused(layers.global_avg_pool2d, X[:, :0], words=["x", "(2, 0, 5, 4)", "at least one pixel"])
    refused(layers.Pooling2D, 2, kind="median", words=["kind='median'", "'max' or 'avg'"])


def test_the_rest():
    refused(layers.dense, X[0, 0], W[0, 0, 1:], words=["x", "(5, 4)", "w's first"])
    refused(layers.dense, X[0, 0], W, words=["w", "(3, 3, 4, 6)", "2 dimensions"])
    refused(layers.dense, X[0, 0], W[0, 0], np.ones(5, np.float32), words=["bias", "(5,)", "(6,)"])
    refused(layers.dropout, X, 1.0, words=["rate=1.0", "[0, 1)", "keep_prob"])
    refused(layers.dropout, X, 0.5, mask=[True], words=["mask", "(1,)", "(2, 5, 5, 4)"])
    refused(layers.lrn, X, depth_radius=-1, words=["depth_radius=-1", "not negative"])
    refused(layers.lrn, X[0], words=["x", "(5, 5, 4)", "4 dimensions"])
    refused(
        layers.batch_norm, X, np.ones(3), np.ones(4), None, None, 1e-3, words=["mean", "(3,)", "broadcasts"]
    )
    refused(
        layers.batch_norm, X, np.ones(4), np.ones(4), None, None, -1, words=["epsilon=-1", "not negative"]
    )
    refused(layers.sparse_softmax_cross_entropy, X[0, 0], np.arange(5), words=["labels", "0..4", "0..3"])
    refused(layers.relu, np.ones(3, int), words=["x", "int64", "float32"])
    refused(layers.Activation, "tanh", words=["name='tanh'", "relu"])
    refused(layers.Adam, -1, words=["learning_rate=-1"])


def test_backward_before_forward():
    refused(layers.Flatten().backward, X, words=["Flatten", "forward first"])


@pytest.mark.parametrize("threads", ["0", "two", "-1", ""])
def test_threads(monkeypatch, threads):
    monkeypatch.setenv("COMPAT_THREADS", threads)
    refused(layers.conv2d, X, W, words=[f"COMPAT_THREADS={threads!r}", "positive integer"])


def test_filter_shapes():
    words = ["filter_shape=(3, 3, 4)", "four positive", "multiplier"]
    refused(layers.depthwise_conv2d_filter_grad, X, Y, (3, 3, 4), words=words)
    refused(layers.conv2d_filter_grad, X, Y, (3, 3, None, 6), words=["filter_shape=(3, 3, None, 6)"])
