"""The layers against TensorFlow itself, in a session: forward and gradients, on random configurations.

``COMPAT_EXAMPLES`` says how many (default 200).  A failure prints the smallest configuration that fails, by
the name that reproduces it (drawing.py).  What TensorFlow's CPU kernels lack is put together from what they
have: groups are split and joined again, dilated gradients come from a filter with zeros in between, NCHW is
transposed.
"""

import os

import numpy as np
import pytest
from drawing import configurations, poolings
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from compat import layers

tensorflow = pytest.importorskip("tensorflow")
tf = tensorflow.compat.v1

EXAMPLES = settings(
    max_examples=int(os.environ.get("COMPAT_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

#: How far apart, in units of the sum of magnitudes: some roundings of TensorFlow and some of ours.
SHARE = {"float16": 4e-3, "float32": 4e-6, "float64": 1e-14}


#: Whether this TensorFlow may use oneDNN: it is on by default since 2.9.
ONE_DNN = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "1") != "0"


def lost_by_one_dnn(c):
    """TensorFlow 2.18 to 2.21 with oneDNN 3 and AVX-512 leave rows of such a convolution at 0 (below)."""
    one_column = c.output_size[0] > 1 and c.output_size[1] == 1
    return ONE_DNN and one_column and c.count > 1 and c.channels == 1 and c.strides[0] == 1 < c.strides[1]


def session_run(graph_of, *arrays):
    """The values of ``graph_of(*tensors)`` in a graph and session of its own."""
    with tf.Graph().as_default():
        tensors = [tf.placeholder(array.dtype, array.shape) for array in arrays]
        fetches = graph_of(*tensors)
        config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.Session(config=config) as session:
            return session.run(fetches, dict(zip(tensors, arrays)))


def assert_close(ours, theirs, magnitudes):
    """Equal up to rounding, element by element, in units of what was added up (at least 1)."""
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    allowance = SHARE[ours.dtype.name] * np.maximum(1, magnitudes)
    difference = np.abs(ours.astype(float) - theirs.astype(float))
    assert np.all(difference <= allowance), (difference / allowance).max()


def tf_padding(padding):
    return padding if isinstance(padding, str) else [[0, 0], *map(list, padding), [0, 0]]


def spread(w, dilations):
    """The filters with zeros between their taps, which need no dilation."""
    kh, kw, channels, outputs = w.shape
    (dh, dw) = dilations
    wide = np.zeros(((kh - 1) * dh + 1, (kw - 1) * dw + 1, channels, outputs), w.dtype)
    wide[::dh, ::dw] = w
    return wide


def padded(tensor, pads):
    return tf.pad(tensor, [[0, 0], *map(list, pads), [0, 0]])


def grouped_conv2d(x, w, groups, strides, pads):
    """conv2d of each group: x is padded by hand, for explicit padding came late and FULL never."""
    parts = zip(tf.split(padded(x, pads), groups, axis=3), tf.split(w, groups, axis=3))
    strides = [1, *strides, 1]
    return tf.concat([tf.nn.conv2d(a, b, strides=strides, padding="VALID") for a, b in parts], axis=3)


@EXAMPLES
@given(configurations())
def test_conv2d_and_its_gradients(c):
    x, w, dy = c.numbers(c.x_shape, c.w_shape, c.y_shape)
    b = c.numbers(c.w_shape[3:])[0]
    # Empty arrays have crashed oneDNN; what they give is checked in test_convolution.py.
    assume(c.count > 0 and not lost_by_one_dnn(c))

    def graph(x, w, b, dy):
        y = grouped_conv2d(x, w, c.groups, c.strides, c.pads) + b
        return (y, *tf.gradients(y, [x, w, b], dy))

    y, dx, dw, db = session_run(graph, x, spread(w, c.dilations), b, dy)
    dw = dw[:: c.dilations[0], :: c.dilations[1]]
    ours = layers.conv2d(c.formatted(x), w, bias=b, **c.window)
    assert_close(c.nhwc(ours), y, layers.conv2d(abs(x), abs(w), **dict(c.window, data_format="NHWC")))
    ours = layers.conv2d_input_grad(c.formatted(dy), w, c.shape(x.shape), **c.window)
    window = dict(c.window, data_format="NHWC")
    assert_close(c.nhwc(ours), dx, layers.conv2d_input_grad(abs(dy), abs(w), x.shape, **window))
    ours = layers.conv2d_filter_grad(c.formatted(x), c.formatted(dy), w.shape, **c.window)
    assert_close(ours, dw, layers.conv2d_filter_grad(abs(x), abs(dy), w.shape, **window))
    ours = layers.bias_grad(c.formatted(dy), c.data_format)
    assert_close(ours, db, layers.bias_grad(abs(dy)))


@EXAMPLES
@given(configurations(groups=1, full=False))
def test_conv2d_s_own_padding_and_dilations(c):
    """As above, with TensorFlow's own SAME, VALID, explicit padding and dilations."""
    assume(c.count > 0 and not lost_by_one_dnn(c))
    x, w = c.numbers(c.x_shape, c.w_shape)
    padding = tf_padding(c.padding)
    y = session_run(
        lambda x, w: tf.nn.conv2d(
            x, w, strides=[1, *c.strides, 1], padding=padding, dilations=[1, *c.dilations, 1]
        ),
        x,
        w,
    )
    ours = layers.conv2d(c.formatted(x), w, **c.window)
    assert_close(c.nhwc(ours), y, layers.conv2d(abs(x), abs(w), **dict(c.window, data_format="NHWC")))


@pytest.mark.xfail(strict=False, reason="oneDNN 3, brg_conv_fwd:avx512_core, in TensorFlow 2.18 to 2.21")
def test_a_strided_column_of_two_images():
    """Found by the test above: every row but the first comes out 0 ([21, 0, 87, 0]).

    One channel in, two images or more, an output one column wide, strided along the row and not down.
    Right with ``TF_ENABLE_ONEDNN_OPTS=0``, with ``ONEDNN_MAX_CPU_ISA=AVX2``, and in 2.9 and 2.15.
    """
    x = np.arange(1, 13, dtype=np.float32).reshape(2, 2, 3, 1)
    w = np.array([1, 10], np.float32).reshape(1, 2, 1, 1)
    y = session_run(lambda x, w: tf.nn.conv2d(x, w, strides=[1, 1, 2, 1], padding="VALID"), x, w)
    np.testing.assert_array_equal(layers.conv2d(x, w, strides=(1, 2)), y)
    assert y.ravel().tolist() == [21, 54, 87, 120]


@EXAMPLES
@given(configurations(groups=1, full=False))
def test_conv2d_transpose(c):
    c = c._replace(dilations=(1, 1), padding=c.padding if isinstance(c.padding, str) else "SAME")
    assume(c.count > 0 and c.fits)
    w, dy = c.numbers(c.w_shape, c.y_shape)
    theirs = session_run(
        lambda dy, w: tf.nn.conv2d_transpose(
            dy, w, output_shape=c.x_shape, strides=[1, *c.strides, 1], padding=c.padding
        ),
        dy,
        w,
    )
    ours = layers.conv2d_transpose(c.formatted(dy), w, c.shape(c.x_shape), **c.window)
    magnitudes = layers.conv2d_transpose(abs(dy), abs(w), c.x_shape, **dict(c.window, data_format="NHWC"))
    assert_close(c.nhwc(ours), theirs, magnitudes)


@EXAMPLES
@given(configurations(groups=1, full=False))
def test_depthwise_conv2d_and_its_gradients(c):
    # TensorFlow has it with equal strides only.
    c = c._replace(strides=c.strides[:1] * 2, padding=c.padding if isinstance(c.padding, str) else "SAME")
    assume(c.count > 0 and c.fits)
    w_shape = (*c.kernel, c.channels, c.outputs)
    y_shape = (*c.y_shape[:3], c.channels * c.outputs)
    x, w, dy = c.numbers(c.x_shape, w_shape, y_shape)

    def graph(x, w, dy):
        strides = [1, *c.strides, 1]
        y = tf.nn.depthwise_conv2d(padded(x, c.pads), w, strides=strides, padding="VALID")
        return (y, *tf.gradients(y, [x, w], dy))

    y, dx, dw = session_run(graph, x, spread(w, c.dilations), dy)
    dw = dw[:: c.dilations[0], :: c.dilations[1]]
    window = dict(c.window, data_format="NHWC")
    ours = layers.depthwise_conv2d(c.formatted(x), w, **c.window)
    assert_close(c.nhwc(ours), y, layers.depthwise_conv2d(abs(x), abs(w), **window))
    ours = layers.depthwise_conv2d_input_grad(c.formatted(dy), w, c.shape(x.shape), **c.window)
    assert_close(c.nhwc(ours), dx, layers.depthwise_conv2d_input_grad(abs(dy), abs(w), x.shape, **window))
    ours = layers.depthwise_conv2d_filter_grad(c.formatted(x), c.formatted(dy), w.shape, **c.window)
    assert_close(ours, dw, layers.depthwise_conv2d_filter_grad(abs(x), abs(dy), w.shape, **window))


@EXAMPLES
@given(poolings(full=False), st.booleans())
def test_max_pooling_and_its_gradient(c, many_ties):
    """Bit for bit: nothing is rounded but, where windows overlap, the sums of the gradient."""
    c = c._replace(dilations=(1, 1), padding=c.padding if isinstance(c.padding, str) else "SAME")
    assume(c.count > 0 and c.fits)
    x, dy = (c.whole_numbers if many_ties else c.numbers)(c.x_shape, c.y_shape)

    def graph(x, dy):
        y = tf.nn.max_pool(x, [1, *c.kernel, 1], [1, *c.strides, 1], c.padding)
        return (y, *tf.gradients(y, [x], dy))

    y, dx = session_run(graph, x, dy)
    np.testing.assert_array_equal(c.nhwc(layers.max_pool2d(c.formatted(x), c.kernel, **c.window)), y)
    ours = layers.max_pool2d_grad(c.formatted(x), c.formatted(dy), c.kernel, **c.window)
    np.testing.assert_array_equal(c.nhwc(ours) != 0, dx != 0)
    assert_close(c.nhwc(ours), dx, 10.0)


@EXAMPLES
@given(poolings(full=False))
def test_average_pooling_and_its_gradient(c):
    c = c._replace(dilations=(1, 1), padding=c.padding if isinstance(c.padding, str) else "SAME")
    assume(c.count > 0 and c.fits)
    x, dy = c.numbers(c.x_shape, c.y_shape)

    def graph(x, dy):
        y = tf.nn.avg_pool(x, [1, *c.kernel, 1], [1, *c.strides, 1], c.padding)
        return (y, *tf.gradients(y, [x], dy))

    y, dx = session_run(graph, x, dy)
    window = {"strides": c.strides, "padding": c.padding, "data_format": c.data_format}
    assert_close(c.nhwc(layers.avg_pool2d(c.formatted(x), c.kernel, **window)), y, 4.0)
    ours = layers.avg_pool2d_grad(c.formatted(dy), c.shape(x.shape), c.kernel, **window)
    assert_close(c.nhwc(ours), dx, 10.0)


@EXAMPLES
@given(
    configurations(groups=1, dtypes=["float32"]),
    st.integers(0, 5),
    st.floats(0.5, 2),
    st.floats(0, 2),
    st.sampled_from([0.5, 0.75, 1.0]),
)
def test_lrn_and_its_gradient(c, radius, bias, alpha, beta):
    assume(c.count > 0)
    x, dy = c.numbers(c.x_shape, c.x_shape)

    def graph(x, dy):
        y = tf.nn.lrn(x, radius, bias, alpha, beta)
        return (y, *tf.gradients(y, [x], dy))

    y, dx = session_run(graph, x, dy)
    ours = layers.lrn(c.formatted(x), radius, bias, alpha, beta, data_format=c.data_format)
    assert_close(c.nhwc(ours), y, 4.0)
    ours = layers.lrn_grad(
        c.formatted(x), c.formatted(dy), radius, bias, alpha, beta, data_format=c.data_format
    )
    assert_close(c.nhwc(ours), dx, 100.0)


@EXAMPLES
@given(configurations(groups=1, dtypes=["float32"]), st.floats(1e-4, 0.1))
def test_batch_normalisation(c, epsilon):
    assume(c.count > 0)
    x, dy = c.numbers(c.x_shape, c.x_shape)
    assume(x[..., 0].size > 3)
    gamma, beta, mean = c.numbers(*[(c.channels,)] * 3)
    variance = abs(c.numbers((c.channels,))[0])

    def graph(x, gamma, beta, mean, variance, dy):
        y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
        fused, batch_mean, batch_variance = tf.nn.fused_batch_norm(x, gamma, beta, epsilon=epsilon)
        grads = tf.gradients(y, [x, beta, gamma], dy) + tf.gradients(fused, [x, beta, gamma], dy)
        return (y, fused, batch_mean, batch_variance, *grads)

    theirs = session_run(graph, x, gamma, beta, mean, variance, dy)
    images = {"data_format": c.data_format}
    y = layers.batch_norm(c.formatted(x), mean, variance, beta, gamma, epsilon, **images)
    fused, *moments = layers.fused_batch_norm(c.formatted(x), beta, gamma, epsilon, **images)
    grads = layers.batch_norm_grad(
        c.formatted(x), c.formatted(dy), mean, variance, gamma, epsilon, **images
    ) + layers.fused_batch_norm_grad(c.formatted(x), c.formatted(dy), gamma, epsilon, **images)
    for ours, value in zip((y, fused, *moments, *grads), theirs):
        if ours.ndim == 4:
            ours = c.nhwc(ours)
        # One over the root of a variance may be large: the batch's own can be that of four equal pixels.
        np.testing.assert_allclose(ours, value, rtol=2e-3, atol=2e-4 * max(1, abs(value).max()))


@EXAMPLES
@given(configurations(groups=1))
def test_activations(c):
    x, dy = c.numbers(c.x_shape, c.x_shape)
    assume(c.count > 0)
    names = ["relu", "elu", "sigmoid", "softmax", "log_softmax"]

    def graph(x, dy):
        results = []
        for name in names:
            y = getattr(tf.nn, name)(x)
            results += [y, *tf.gradients(y, [x], dy)]
        return results

    theirs = iter(session_run(graph, x, dy))
    for name in names:
        y = getattr(layers, name)(x)
        assert_close(y, next(theirs), 4.0)
        assert_close(getattr(layers, name + "_grad")(dy, y), next(theirs), 40.0)


def test_optimisers():
    """Five steps of each on three numbers."""
    gradients = np.random.RandomState(0).standard_normal((5, 3)).astype(np.float32)
    pairs = [
        (lambda: tf.train.GradientDescentOptimizer(0.1), layers.GradientDescent(0.1)),
        (lambda: tf.train.MomentumOptimizer(0.1, 0.9), layers.Momentum(0.1, 0.9)),
        (
            lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
            layers.Momentum(0.1, 0.9, nesterov=True),
        ),
        (lambda: tf.train.RMSPropOptimizer(0.1, momentum=0.5), layers.RMSProp(0.1, momentum=0.5)),
        (lambda: tf.train.AdamOptimizer(0.1), layers.Adam(0.1)),
    ]
    for theirs, ours in pairs:
        with tf.Graph().as_default():
            variable = tf.get_variable("w", initializer=np.ones(3, np.float32), use_resource=True)
            gradient = tf.placeholder(tf.float32, [3])
            step = theirs().apply_gradients([(gradient, variable)])
            value = np.ones(3, np.float32)
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                for g in gradients:
                    session.run(step, {gradient: g})
                    ours({"w": value}, {"w": g})
                np.testing.assert_allclose(value, session.run(variable), rtol=2e-6, atol=1e-6)
