"""The layers against TensorFlow itself, in a session: forward and gradients, on random configurations.

``tox run -e layers-tf1.15,layers-tf2.21,layers-tf2.21-onednn`` runs this in TensorFlow, and
``COMPAT_EXAMPLES`` says how many configurations each test draws (default 200).  A failure prints the smallest
configuration that fails, by the name that reproduces it (drawing.py).  What TensorFlow's CPU kernels lack is
put together from what they have: groups are split and joined again, dilated gradients come from a filter with
zeros in between, NCHW is transposed.  What they do have is compared as well: their own padding, dilations,
groups and, with oneDNN, NCHW.  What they get wrong is in test_tensorflow_faults.py.
"""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from agreement import (
    ONE_DNN,
    VERSION,
    WRONG_BIAS_GRADIENT,
    assert_close,
    formatted,
    on,
    padded,
    padding_of,
    refuses,
    session_run,
    spread,
    tf,
)
from drawing import ANY_SIZE, WIDE, configurations, poolings, sharing
from hypothesis import assume
from hypothesis import strategies as st

from compat import layers

#: TensorFlow 1.15 has explicit padding in conv2d only, and no groups.
NEW = VERSION >= (2, 5)


def by_one_dnn(c):
    """Whether oneDNN surely computes this convolution: other kernels lack NCHW and some gradients."""
    return ONE_DNN and c.dtype == "float32" and isinstance(c.padding, str)


def lost_by_one_dnn(c):
    """What oneDNN gets wrong in TensorFlow 2.21; shown in test_tensorflow_faults.py."""
    one_column = c.output_size[0] > 1 and c.output_size[1] == 1
    strided = c.strides[0] == 1 < c.strides[1]
    possible = ONE_DNN and c.dtype != "float64"
    return possible and (c.count == 0 or (one_column and c.count > 1 and c.channels == 1 and strided))


def grouped_conv2d(x, w, groups, strides, pads):
    """conv2d of each group: x is padded by hand, for explicit padding came late and FULL never."""
    parts = zip(tf.split(padded(x, pads), groups, axis=3), tf.split(w, groups, axis=3))
    strides = [1, *strides, 1]
    return tf.concat([tf.nn.conv2d(a, b, strides=strides, padding="VALID") for a, b in parts], axis=3)


def check_conv2d(c, x, w, dy, y, *gradients):
    """conv2d and, as far as they are given, its gradients in x and w; all of TensorFlow's are NHWC."""
    window = dict(c.window, data_format="NHWC")
    ours = layers.conv2d(c.formatted(x), w, **c.window)
    assert_close(c.nhwc(ours), y, layers.conv2d(abs(x), abs(w), **window))
    for dx in gradients[:1]:
        ours = layers.conv2d_input_grad(c.formatted(dy), w, c.shape(x.shape), **c.window)
        assert_close(c.nhwc(ours), dx, layers.conv2d_input_grad(abs(dy), abs(w), x.shape, **window))
    for dw in gradients[1:]:
        ours = layers.conv2d_filter_grad(c.formatted(x), c.formatted(dy), w.shape, **c.window)
        assert_close(ours, dw, layers.conv2d_filter_grad(abs(x), abs(dy), w.shape, **window))


@on(st.one_of(configurations(), sharing(sizes=WIDE)))
def test_conv2d_and_its_gradients(c):
    assume(not lost_by_one_dnn(c))
    x, w, dy = c.numbers(c.x_shape, c.w_shape, c.y_shape)
    b = c.numbers(c.w_shape[3:])[0]

    def graph(x, w, b, dy):
        y = grouped_conv2d(x, w, c.groups, c.strides, c.pads)
        biased = tf.nn.bias_add(formatted(y, c.data_format), b, data_format=c.data_format)
        return (y, biased, *tf.gradients(biased, [x, w, b], formatted(dy, c.data_format)))

    y, biased, dx, dw, db = session_run(graph, x, spread(w, c.dilations), b, dy)
    check_conv2d(c, x, w, dy, y, dx, dw[:: c.dilations[0], :: c.dilations[1]])
    magnitudes = layers.conv2d(abs(x), abs(w), bias=abs(b), **dict(c.window, data_format="NHWC"))
    ours = layers.conv2d(c.formatted(x), w, bias=b, **c.window)
    assert_close(ours, biased, c.formatted(magnitudes))
    if not (WRONG_BIAS_GRADIENT and c.data_format == "NCHW" and c.output_size == (1, 1)):
        assert_close(layers.bias_grad(c.formatted(dy), c.data_format), db, layers.bias_grad(abs(dy)))


@on(configurations(groups=3 if NEW else 1, full=False, sizes=ANY_SIZE))
def test_conv2d_s_own_padding_dilations_and_groups(c):
    """As above, with TensorFlow's own; only oneDNN has gradients of dilations and groups, and NCHW."""
    assume(not lost_by_one_dnn(c))
    x, w, dy = c.numbers(c.x_shape, c.w_shape, c.y_shape)
    data_format = c.data_format if by_one_dnn(c) else "NHWC"
    wanted = by_one_dnn(c) or (c.groups == 1 and c.dilations == (1, 1))

    def both(sizes):
        return [1, *sizes, 1] if data_format == "NHWC" else [1, 1, *sizes]

    def graph(x, w, dy):
        y = tf.nn.conv2d(
            formatted(x, data_format),
            w,
            strides=both(c.strides),
            padding=padding_of(c, data_format),
            dilations=both(c.dilations),
            data_format=data_format,
        )
        y = y if data_format == "NHWC" else tf.transpose(y, [0, 2, 3, 1])
        return (y, *(tf.gradients(y, [x, w], dy) if wanted else []))

    check_conv2d(c, x, w, dy, *session_run(graph, x, w, dy))


@on(configurations(groups=1, full=False, explicit=False))
def test_convolution_with_dilation_rate(c):
    """tf.nn.convolution, which has gradients of dilations everywhere: by space_to_batch, before 2.3."""
    c = c._replace(strides=(1, 1) if max(c.dilations) > 1 else c.strides)
    c = c if c.fits else c._replace(padding="SAME")
    assume(not lost_by_one_dnn(c))
    x, w, dy = c.numbers(c.x_shape, c.w_shape, c.y_shape)

    def graph(x, w, dy):
        y = tf.nn.convolution(x, w, c.padding, strides=c.strides, dilation_rate=c.dilations)
        return (y, *tf.gradients(y, [x, w], dy))

    check_conv2d(c, x, w, dy, *session_run(graph, x, w, dy))


@on(configurations(groups=1, full=False, explicit=NEW, dilated=False, sizes=ANY_SIZE))
def test_conv2d_transpose_and_its_gradients(c):
    assume(not lost_by_one_dnn(c))
    w, x, dy = c.numbers(c.w_shape, c.y_shape, c.x_shape)
    b = c.numbers(c.w_shape[2:3])[0]

    def graph(x, w, b, dy):
        y = tf.nn.conv2d_transpose(
            x, w, output_shape=c.x_shape, strides=[1, *c.strides, 1], padding=padding_of(c)
        )
        y = tf.nn.bias_add(y, b)
        return (y, *tf.gradients(y, [x, w], dy))

    y, dx, dw = session_run(graph, x, w, b, dy)
    ours = layers.conv2d_transpose(c.formatted(x), w, c.shape(c.x_shape), bias=b, **c.window)
    window = dict(c.window, data_format="NHWC")
    assert_close(c.nhwc(ours), y, layers.conv2d_transpose(abs(x), abs(w), c.x_shape, bias=abs(b), **window))
    layer = layers.Conv2DTranspose(w, b, output_shape=c.shape(c.x_shape)[1:], **c.window)
    layer.forward(c.formatted(x))
    assert_close(c.nhwc(layer.backward(c.formatted(dy))), dx, layers.conv2d(abs(dy), abs(w), **window))
    assert_close(layer.dw, dw, layers.conv2d_filter_grad(abs(dy), abs(x), w.shape, **window))


def check_depthwise(c, x, w, dy, y, dx, dw):
    window = dict(c.window, data_format="NHWC")
    ours = layers.depthwise_conv2d(c.formatted(x), w, **c.window)
    assert_close(c.nhwc(ours), y, layers.depthwise_conv2d(abs(x), abs(w), **window))
    ours = layers.depthwise_conv2d_input_grad(c.formatted(dy), w, c.shape(x.shape), **c.window)
    assert_close(c.nhwc(ours), dx, layers.depthwise_conv2d_input_grad(abs(dy), abs(w), x.shape, **window))
    ours = layers.depthwise_conv2d_filter_grad(c.formatted(x), c.formatted(dy), w.shape, **c.window)
    if c.count == 0:  # TensorFlow leaves what was there before: shown in test_tensorflow_faults.py
        dw = np.zeros_like(w)
    assert_close(ours, dw, layers.depthwise_conv2d_filter_grad(abs(x), abs(dy), w.shape, **window))


def depthwise_arrays(c):
    """x, w, dy; the configuration's outputs are those of each channel."""
    w_shape = (*c.kernel, c.channels, c.outputs)
    return c.numbers(c.x_shape, w_shape, (*c.y_shape[:3], c.channels * c.outputs))


# TensorFlow's own has equal strides only.
@on(configurations(groups=1, square_strides=True))
def test_depthwise_conv2d_and_its_gradients(c):
    assume(not lost_by_one_dnn(c))
    x, w, dy = depthwise_arrays(c)

    def graph(x, w, dy):
        y = tf.nn.depthwise_conv2d(padded(x, c.pads), w, strides=[1, *c.strides, 1], padding="VALID")
        return (y, *tf.gradients(y, [x, w], dy))

    y, dx, dw = session_run(graph, x, spread(w, c.dilations), dy)
    check_depthwise(c, x, w, dy, y, dx, dw[:: c.dilations[0], :: c.dilations[1]])


@on(configurations(groups=1, full=False, explicit=NEW, square_strides=True))
def test_depthwise_conv2d_s_own_padding_and_rate(c):
    """TensorFlow has a rate with strides of 1 only: what it does with others is shown below."""
    if max(c.dilations) > 1:
        c = c._replace(strides=(1, 1), padding=c.padding if isinstance(c.padding, str) else "SAME")
        c = c if c.fits else c._replace(padding="SAME")
    assume(not lost_by_one_dnn(c))
    x, w, dy = depthwise_arrays(c)

    def graph(x, w, dy):
        strides, rate = [1, *c.strides, 1], c.dilations if max(c.dilations) > 1 else None
        y = tf.nn.depthwise_conv2d(x, w, strides=strides, padding=padding_of(c), rate=rate)
        return (y, *tf.gradients(y, [x, w], dy))

    check_depthwise(c, x, w, dy, *session_run(graph, x, w, dy))


@on(poolings(full=False, explicit=NEW, dilated=False, ties=st.booleans()))
def test_max_pooling_and_its_gradient(c):
    """Bit for bit: nothing is rounded but, where windows overlap, the sums of the gradient."""
    assume(not lost_by_one_dnn(c))
    x, dy = (c.whole_numbers if c.option("ties") else c.numbers)(c.x_shape, c.y_shape)

    def graph(x, dy):
        y = tf.nn.max_pool2d(x, c.kernel, c.strides, padding_of(c))
        return (y, *tf.gradients(y, [x], dy))

    y, dx = session_run(graph, x, dy)
    np.testing.assert_array_equal(c.nhwc(layers.max_pool2d(c.formatted(x), c.kernel, **c.window)), y)
    ours = layers.max_pool2d_grad(c.formatted(x), c.formatted(dy), c.kernel, **c.window)
    np.testing.assert_array_equal(c.nhwc(ours) != 0, dx != 0)
    assert_close(c.nhwc(ours), dx, 10.0)


@on(poolings(full=False, explicit=False))
def test_dilated_max_pooling(c):
    """tf.nn.pool, which has a dilation_rate with VALID only and strides of 1."""
    c = c._replace(strides=(1, 1), padding="VALID")
    assume(c.fits and not lost_by_one_dnn(c))
    x, dy = c.numbers(c.x_shape, c.y_shape)

    def graph(x, dy):
        y = tf.nn.pool(x, c.kernel, "MAX", "VALID", dilation_rate=c.dilations)
        return (y, *tf.gradients(y, [x], dy))

    y, dx = session_run(graph, x, dy)
    np.testing.assert_array_equal(c.nhwc(layers.max_pool2d(c.formatted(x), c.kernel, **c.window)), y)
    ours = layers.max_pool2d_grad(c.formatted(x), c.formatted(dy), c.kernel, **c.window)
    assert_close(c.nhwc(ours), dx, 10.0)


@on(poolings(full=False, explicit=False, dilated=False))
def test_average_pooling_and_its_gradient(c):
    assume(not lost_by_one_dnn(c))
    x, dy = c.numbers(c.x_shape, c.y_shape)

    def graph(x, dy):
        y = tf.nn.avg_pool2d(x, c.kernel, c.strides, c.padding)
        return (y, *tf.gradients(y, [x], dy))

    y, dx = session_run(graph, x, dy)
    window = {"strides": c.strides, "padding": c.padding, "data_format": c.data_format}
    assert_close(c.nhwc(layers.avg_pool2d(c.formatted(x), c.kernel, **window)), y, 4.0)
    ours = layers.avg_pool2d_grad(c.formatted(dy), c.shape(x.shape), c.kernel, **window)
    assert_close(c.nhwc(ours), dx, 10.0)


@on(configurations(groups=1, ties=st.booleans()))
def test_global_pooling_and_its_gradients(c):
    """tf.reduce_mean and tf.reduce_max over the pixels."""
    (x,) = (c.whole_numbers if c.option("ties") else c.numbers)(c.x_shape)
    (dy,) = c.numbers((c.count, c.channels))

    def graph(x, dy):
        means, maxima = (reduce(x, axis=[1, 2]) for reduce in (tf.reduce_mean, tf.reduce_max))
        return (means, maxima, *tf.gradients(means, [x], dy), *tf.gradients(maxima, [x], dy))

    means, maxima, of_means, of_maxima = session_run(graph, x, dy)
    images = {"data_format": c.data_format}
    # TensorFlow adds up float16 in float16.
    assert_close(layers.global_avg_pool2d(c.formatted(x), **images), means, 4.0)
    ours = layers.global_avg_pool2d_grad(dy, c.shape(x.shape), **images)
    assert_close(c.nhwc(ours), of_means, 4.0)
    np.testing.assert_array_equal(layers.global_max_pool2d(c.formatted(x), **images), maxima)
    assert_close(c.nhwc(layers.global_max_pool2d_grad(c.formatted(x), dy, **images)), of_maxima, 4.0)


@on(
    configurations(
        groups=1,
        dtypes=["float32", "float16"],
        radius=st.integers(0, 5),
        bias=st.floats(0.5, 2),
        alpha=st.floats(0, 2),
        beta=st.sampled_from([0.5, 0.75, 1.0]),
    )
)
def test_lrn_and_its_gradient(c):
    """depth_radius, bias, alpha, beta."""
    settings = [c.option(name) for name in ("radius", "bias", "alpha", "beta")]
    x, dy = c.numbers(c.x_shape, c.x_shape)

    def graph(x, dy):
        y = tf.nn.lrn(x, *settings)
        return (y, *tf.gradients(y, [x], dy))

    y, dx = session_run(graph, x, dy)
    assert_close(c.nhwc(layers.lrn(c.formatted(x), *settings, data_format=c.data_format)), y, 4.0)
    ours = layers.lrn_grad(c.formatted(x), c.formatted(dy), *settings, data_format=c.data_format)
    assert_close(c.nhwc(ours), dx, 100.0)


@on(configurations(groups=1, epsilon=st.floats(1e-3, 0.1)))
def test_batch_normalisation(c):
    """With given moments."""
    x, dy = c.numbers(c.x_shape, c.x_shape)
    gamma, beta, mean = c.numbers(*[(c.channels,)] * 3)
    variance = abs(c.numbers((c.channels,))[0])
    epsilon = c.option("epsilon")

    def graph(x, gamma, beta, mean, variance, dy):
        y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)
        return (y, *tf.gradients(y, [x, beta, gamma], dy))

    theirs = session_run(graph, x, gamma, beta, mean, variance, dy)
    images = {"data_format": c.data_format}
    y = layers.batch_norm(c.formatted(x), mean, variance, beta, gamma, epsilon, **images)
    grads = layers.batch_norm_grad(c.formatted(x), c.formatted(dy), mean, variance, gamma, epsilon, **images)
    for ours, value in zip((y, *grads), theirs):
        ours = c.nhwc(ours) if ours.ndim == 4 else ours
        # One over the root of a variance may be as much as 30, and they are 3 of 100 in size.
        assert_close(ours, value, 30 * 4.0 * max(10, x[..., 0].size))


@on(configurations(groups=1, dtypes=["float32"], epsilon=st.floats(1e-3, 0.1)))
def test_fused_batch_normalisation(c):
    """By the batch's own moments (which tf.nn.moments gives as well), and with given ones."""
    x, dy = c.numbers(c.x_shape, c.x_shape)
    assume(x[..., 0].size > 3)
    gamma, beta, mean = c.numbers(*[(c.channels,)] * 3)
    variance = abs(c.numbers((c.channels,))[0])
    epsilon = c.option("epsilon")

    def graph(x, gamma, beta, mean, variance, dy):
        fused, *batch = tf.nn.fused_batch_norm(x, gamma, beta, epsilon=epsilon)
        given, *_ = tf.nn.fused_batch_norm(x, gamma, beta, mean, variance, epsilon, is_training=False)
        grads = [tf.gradients(y, [x, beta, gamma], dy) for y in (fused, given)]
        return [fused, *batch, *tf.nn.moments(x, [0, 1, 2]), given, *grads[0], *grads[1]]

    theirs = session_run(graph, x, gamma, beta, mean, variance, dy)
    images = {"data_format": c.data_format}
    x, dy = c.formatted(x), c.formatted(dy)
    ours = [
        *layers.fused_batch_norm(x, beta, gamma, epsilon, **images),
        *layers.moments(x, **images),
        layers.batch_norm(x, mean, variance, beta, gamma, epsilon, **images),
        *layers.fused_batch_norm_grad(x, dy, gamma, epsilon, **images),
        *layers.batch_norm_grad(x, dy, mean, variance, gamma, epsilon, **images),
    ]
    assert len(ours) == len(theirs) == 12
    for result, value in zip(ours, theirs):
        result = c.nhwc(result) if result.ndim == 4 else result
        # One over the root of a variance may be large: the batch's own can be that of four equal pixels.
        np.testing.assert_allclose(result, value, rtol=2e-4, atol=2e-5 * max(1, abs(value).max()))


@on(configurations(groups=1))
def test_activations(c):
    x, dy = c.numbers(c.x_shape, c.x_shape)
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


@on(configurations(groups=1))
def test_flatten_dense_and_their_gradients(c):
    """Flattened images times weights, as at the end of every network."""
    (x,) = c.numbers(c.x_shape)
    inputs = c.size[0] * c.size[1] * c.channels
    w, b, dy = c.numbers((inputs, c.outputs), (c.outputs,), (c.count, c.outputs))

    def graph(x, w, b, dy):
        y = tf.nn.bias_add(tf.matmul(tf.reshape(x, [c.count, inputs]), w), b)
        return (y, *tf.gradients(y, [x, w, b], dy))

    y, dx, dw, db = session_run(graph, c.formatted(x), w, b, dy)
    flat = layers.flatten(c.formatted(x))
    assert_close(layers.dense(flat, w, b), y, layers.dense(abs(flat), abs(w), abs(b)))
    ours = layers.dense_input_grad(dy, w).reshape(dx.shape)
    assert_close(ours, dx, layers.dense_input_grad(abs(dy), abs(w)).reshape(dx.shape))
    assert_close(layers.dense_filter_grad(flat, dy), dw, layers.dense_filter_grad(abs(flat), abs(dy)))
    assert_close(layers.bias_grad(dy), db, layers.bias_grad(abs(dy)))


@on(configurations(groups=1, scale=st.sampled_from([1, 30])))
def test_softmax_cross_entropy(c):
    """The mean of the sparse one, and with scale=30 logits as far apart as a trained network's."""
    assume(c.count)
    classes = 1 + c.channels
    (logits,) = c.numbers((c.count, classes))
    logits = logits * logits.dtype.type(c.option("scale"))
    labels = c.random().randint(0, classes, c.count)

    def graph(logits, labels):
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        loss = tf.reduce_mean(entropy)
        return (loss, *tf.gradients(loss, [logits]))

    loss, gradient = session_run(graph, logits, labels)
    ours = layers.sparse_softmax_cross_entropy(logits, labels)
    assert_close(ours[0], loss, 10.0 * c.option("scale"))
    assert_close(ours[1], gradient, 10.0)


@on(configurations(groups=1, rate=st.floats(0.01, 0.95)))
def test_dropout_and_its_gradient(c):
    """With TensorFlow's own mask: what it left of ones."""
    x, dy = c.numbers(c.x_shape, c.x_shape)
    rate = c.option("rate")

    def graph(x, dy):
        y = tf.nn.dropout(x, rate=rate, seed=1)
        return (y, *tf.gradients(y, [x], dy))

    y, dx = session_run(graph, x, dy)
    mask = (y != 0) | (x == 0)
    scale = 1 / (1 - rate)
    assert_close(layers.dropout(x, rate, mask=mask), y, 4.0 * scale)
    assert_close(np.where(x == 0, dx, layers.dropout_grad(dy, rate, mask)), dx, 4.0 * scale)


@on(configurations(groups=1, full=False, square_strides=True, misfits=True))
def test_convolutions_refuse_what_tensorflow_refuses(c):
    """A window larger than the padded image; and nothing else."""
    x, w = np.zeros(c.x_shape, c.dtype), np.zeros(c.w_shape, c.dtype)
    images = c.formatted(x)
    strides, dilations = [1, *c.strides, 1], [1, *c.dilations, 1]

    def conv2d(x, w):
        return tf.nn.conv2d(x, w, strides=strides, padding=padding_of(c), dilations=dilations)

    def depthwise(x, w):
        return tf.nn.depthwise_conv2d(padded(x, c.pads), w, strides=strides, padding="VALID")

    assert refuses(built, conv2d, x, w) == refuses(lambda: layers.conv2d(images, w, **c.window))
    theirs = refuses(built, depthwise, x, spread(w, c.dilations))
    assert theirs == refuses(lambda: layers.depthwise_conv2d(images, w, **c.window))
    assert theirs == (not c.fits)


@on(configurations(groups=1, full=False, explicit=False, dilated=False, misfits=True))
def test_poolings_refuse_what_tensorflow_refuses(c):
    x = np.zeros(c.x_shape, c.dtype)
    images = c.formatted(x)
    ours = {"strides": c.strides, "padding": c.padding, "data_format": c.data_format}
    for theirs, function in ((tf.nn.max_pool2d, layers.max_pool2d), (tf.nn.avg_pool2d, layers.avg_pool2d)):
        refused = refuses(built, lambda x, pool=theirs: pool(x, c.kernel, c.strides, c.padding), x)
        assert refused == refuses(lambda pool=function: pool(images, c.kernel, **ours)) == (not c.fits)


def built(graph_of, *arrays):
    """Only the graph: TensorFlow refuses there."""
    with tf.Graph().as_default():
        graph_of(*(tf.placeholder(array.dtype, array.shape) for array in arrays))


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
