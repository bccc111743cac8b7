"""Where TensorFlow refuses, is wrong, or leaves open what the result is: each shown on few numbers.

The tests on random configurations step around these.
"""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from agreement import ONE_DNN, VERSION, WRONG_BIAS_GRADIENT, refuses, session_run, tf

from compat import layers

DIVIDES_BY_0 = pytest.mark.skipif(VERSION < (2, 5), reason="1.15 divides by 0, and the process ends")


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


@pytest.mark.parametrize(
    "x, w, changed",
    [
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6), {"strides": (0, 1)}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6), {"strides": (1, -1)}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6), {"dilations": (0, 1)}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6), {"padding": "BANANA"}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6), {"padding": "same"}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6), {"padding": ((0, 0), (-1, 0))}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6), {"padding": ((0, 0),)}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6), {"data_format": "CHWN"}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 3, 6), {}),
        (zeros(2, 5, 5, 4), zeros(3, 4, 6), {}),
        (zeros(5, 5, 4), zeros(3, 3, 4, 6), {}),
        (zeros(2, 5, 5, 4), zeros(3, 3, 4, 6, dtype=np.float64), {}),
        (zeros(2, 5, 5, 4, dtype=np.uint8), zeros(3, 3, 4, 6, dtype=np.uint8), {}),
        pytest.param(zeros(2, 5, 5, 4), zeros(0, 3, 4, 6), {}, marks=DIVIDES_BY_0),
        pytest.param(zeros(2, 5, 5, 4), zeros(3, 3, 0, 6), {}, marks=DIVIDES_BY_0),
    ],
)
def test_wrong_arguments_are_refused_by_both(x, w, changed):
    c = dict({"strides": (1, 1), "dilations": (1, 1), "padding": "SAME", "data_format": "NHWC"}, **changed)
    explicit = not isinstance(c["padding"], str)

    def graph(x, w):
        return tf.nn.conv2d(
            x,
            w,
            strides=[1, *c["strides"], 1],
            padding=[[0, 0], *map(list, c["padding"]), [0, 0]] if explicit else c["padding"],
            dilations=[1, *c["dilations"], 1],
            data_format=c["data_format"],
        )

    assert refuses(session_run, graph, x, w)
    with pytest.raises(ValueError):
        layers.conv2d(x, w, **c)


@pytest.mark.skipif(ONE_DNN, reason="shown below")
def test_an_empty_output_is_refused_only_where_the_shapes_are_known():
    """With unknown shapes TensorFlow returns nothing, if the window is no further out than a stride."""
    x, w = np.ones((1, 2, 2, 1), np.float32), np.ones((3, 3, 1, 1), np.float32)

    def graph(x, w):
        return tf.nn.conv2d(x, w, strides=[1, 1, 1, 1], padding="VALID")

    assert refuses(session_run, graph, x, w)
    assert refuses(layers.conv2d, x, w)
    assert session_run(graph, x, w, known_shapes=False).shape == (1, 0, 0, 1)


def test_a_depthwise_stride_with_a_rate_is_not_refused_and_comes_out_smaller():
    """Its documentation says that one of the two must be 1.  7 pixels by 2 are 4, here they are 3."""
    x, w = np.ones((1, 7, 7, 1), np.float32), np.ones((3, 3, 1, 1), np.float32)
    y = session_run(lambda x, w: tf.nn.depthwise_conv2d(x, w, [1, 2, 2, 1], "SAME", rate=[2, 3]), x, w)
    assert y.shape == (1, 3, 4, 1)
    assert layers.depthwise_conv2d(x, w, strides=2, dilations=(2, 3), padding="SAME").shape == (1, 4, 4, 1)


@pytest.mark.xfail(WRONG_BIAS_GRADIENT, strict=True, reason="TensorFlow 1.14 to 2.6")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_bias_gradient_of_one_pixel(dtype):
    """The first channel gets the sum of all, the others what was in memory: [10, 0] for [4, 6]."""
    dy = np.array([[1, 2], [3, 4]], dtype).reshape(2, 2, 1, 1)

    def graph(dy):
        b = tf.zeros([2], dtype)
        return tf.gradients(tf.nn.bias_add(dy, b, data_format="NCHW"), [b], dy)[0]

    assert layers.bias_grad(dy, "NCHW").tolist() == [4, 6]
    assert session_run(graph, dy).tolist() == [4, 6]


@pytest.mark.xfail(strict=False, reason="TensorFlow 1.15 and 2.21 do not write to the result")
def test_the_depthwise_filter_gradient_of_no_images():
    """It is a sum of nothing, 0; TensorFlow gives memory as it was before, here what the sum is made of."""
    x, dy = np.zeros((0, 5, 5, 64), np.float32), np.zeros((0, 3, 3, 64), np.float32)
    seven = np.full((3, 3, 64, 1), 7, np.float32)

    def graph(x, dy, w):
        strides = [1, 1, 1, 1]
        with tf.control_dependencies([w * 2 + 1]):
            dw = tf.nn.depthwise_conv2d_backprop_filter(x, w.shape, dy, strides, "VALID")
        return tf.identity(dw)

    assert not layers.depthwise_conv2d_filter_grad(x, dy, seven.shape).any()
    assert not any(session_run(graph, x, dy, seven).any() for _ in range(20))


@pytest.mark.xfail(
    ONE_DNN, strict=False, reason="oneDNN 3, brg_conv_fwd:avx512_core, TensorFlow 2.18 to 2.21"
)
def test_a_strided_column_of_two_images():
    """Found by these tests: every row but the first comes out 0 ([21, 0, 87, 0]).

    One channel in, two images or more, an output one column wide, strided along the row and not down.
    Right with ``TF_ENABLE_ONEDNN_OPTS=0``, with ``ONEDNN_MAX_CPU_ISA=AVX2``, and in 2.9 and 2.15.
    """
    x = np.arange(1, 13, dtype=np.float32).reshape(2, 2, 3, 1)
    w = np.array([1, 10], np.float32).reshape(1, 2, 1, 1)
    y = session_run(lambda x, w: tf.nn.conv2d(x, w, strides=[1, 1, 2, 1], padding="VALID"), x, w)
    np.testing.assert_array_equal(layers.conv2d(x, w, strides=(1, 2)), y)
    assert y.ravel().tolist() == [21, 54, 87, 120]


NOTHING = """
import numpy as np, tensorflow
tf = tensorflow.compat.v1
with tf.Graph().as_default(), tf.Session() as session:
    x = tf.placeholder(tf.float32, [None] * 4)
    print(session.run({}, {{x: np.ones({}, np.float32)}}).shape)
"""


@pytest.mark.xfail(ONE_DNN, strict=False, reason="oneDNN in TensorFlow 2.21")
@pytest.mark.parametrize(
    "expression, shape, expected",
    [
        # The shape of x comes out: (0, 5, 5, 4), and (1, 2, 2, 1) of no values that mean anything.
        ("tf.nn.conv2d(x, np.ones((3, 3, 4, 6), np.float32), 1, 'SAME')", (0, 5, 5, 4), (0, 5, 5, 6)),
        ("tf.nn.conv2d(x, np.ones((3, 3, 1, 1), np.float32), 1, 'VALID')", (1, 2, 2, 1), (1, 0, 0, 1)),
        # The process ends: "Check failed: dtype() == expected_dtype", and a division by 0.
        ("tf.gradients(tf.nn.max_pool2d(x, 2, 1, 'SAME'), x)[0]", (0, 5, 5, 4), (0, 5, 5, 4)),
        ("tf.nn.max_pool2d(x, 3, 1, 'VALID')", (1, 2, 2, 1), (1, 0, 0, 1)),
    ],
)
def test_no_images_or_no_output(expression, shape, expected):
    """Right with ``TF_ENABLE_ONEDNN_OPTS=0``; in a process of its own, for some do not survive it."""
    command = [sys.executable, "-c", NOTHING.format(expression, shape)]
    result = subprocess.run(command, stdout=subprocess.PIPE)
    assert (result.returncode, result.stdout.decode().strip()) == (0, str(expected))
