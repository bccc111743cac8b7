"""Every backward pass against finite differences in float64, on random configurations.

The other tests move one number at a time; here all move at once, along a random direction.
"""

import numpy as np
from drawing import configurations, poolings
from hypothesis import assume, given
from hypothesis import strategies as st
from numerics import assert_slope

from compat import layers

FLOAT64 = {"dtypes": ["float64"]}


def apart(c, shape):
    """Numbers of which no two, and none and 0, are closer than 0.1: no step changes which is greatest."""
    size = int(np.prod(shape))
    return (c.random().permutation(size).reshape(shape) - size // 2 + 0.5) * 0.1


@given(configurations(**FLOAT64))
def test_conv2d(c):
    x, w, dy = c.numbers(c.x_shape, c.w_shape, c.y_shape)
    (b,) = c.numbers(c.w_shape[3:])
    x, dy = c.formatted(x), c.formatted(dy)
    dx = layers.conv2d_input_grad(dy, w, x.shape, **c.window)
    dw = layers.conv2d_filter_grad(x, dy, w.shape, **c.window)
    assert_slope(lambda x: layers.conv2d(x, w, bias=b, **c.window), x, dy, dx)
    assert_slope(lambda w: layers.conv2d(x, w, bias=b, **c.window), w, dy, dw)
    db = layers.bias_grad(dy, c.data_format)
    assert_slope(lambda b: layers.conv2d(x, w, bias=b, **c.window), b, dy, db)


@given(configurations(**FLOAT64))
def test_conv2d_transpose(c):
    x, w, dy = c.numbers(c.y_shape, c.w_shape, c.x_shape)
    (b,) = c.numbers(c.w_shape[2:3])
    assume(c.groups == 1)
    x, dy = c.formatted(x), c.formatted(dy)
    layer = layers.Conv2DTranspose(w, b, output_shape=dy.shape[1:], **c.window)
    y = layer.forward(x)
    dx = layer.backward(dy)

    def transposed(x=x, w=w, b=b):
        return layers.conv2d_transpose(x, w, dy.shape, bias=b, **c.window)

    np.testing.assert_array_equal(transposed(), y)
    assert_slope(transposed, x, dy, dx)
    assert_slope(lambda w: transposed(w=w), w, dy, layer.dw)
    assert_slope(lambda b: transposed(b=b), b, dy, layer.db)


@given(configurations(groups=1, **FLOAT64))
def test_depthwise_conv2d(c):
    multiplied = c.channels * c.outputs
    x, w, dy = c.numbers(c.x_shape, (*c.kernel, c.channels, c.outputs), (*c.y_shape[:3], multiplied))
    x, dy = c.formatted(x), c.formatted(dy)
    dx = layers.depthwise_conv2d_input_grad(dy, w, x.shape, **c.window)
    dw = layers.depthwise_conv2d_filter_grad(x, dy, w.shape, **c.window)
    assert_slope(lambda x: layers.depthwise_conv2d(x, w, **c.window), x, dy, dx)
    assert_slope(lambda w: layers.depthwise_conv2d(x, w, **c.window), w, dy, dw)


@given(poolings(**FLOAT64))
def test_max_pooling(c):
    (dy,) = c.numbers(c.y_shape)
    x, dy = c.formatted(apart(c, c.x_shape)), c.formatted(dy)
    assume(np.isfinite(layers.max_pool2d(x, c.kernel, **c.window)).all())  # no window of mere padding
    dx = layers.max_pool2d_grad(x, dy, c.kernel, **c.window)
    assert_slope(lambda x: layers.max_pool2d(x, c.kernel, **c.window), x, dy, dx)


@given(poolings(dilated=False, **FLOAT64), st.booleans())
def test_average_pooling(c, count_include_pad):
    window = {"strides": c.strides, "padding": c.padding, "data_format": c.data_format}
    window["count_include_pad"] = count_include_pad
    x, dy = map(c.formatted, c.numbers(c.x_shape, c.y_shape))
    dx = layers.avg_pool2d_grad(dy, x.shape, c.kernel, **window)
    assert_slope(lambda x: layers.avg_pool2d(x, c.kernel, **window), x, dy, dx)


@given(configurations(groups=1, **FLOAT64))
def test_global_pooling(c):
    (dy,) = c.numbers((c.count, c.channels))
    x, images = c.formatted(apart(c, c.x_shape)), {"data_format": c.data_format}
    dx = layers.global_avg_pool2d_grad(dy, x.shape, **images)
    assert_slope(lambda x: layers.global_avg_pool2d(x, **images), x, dy, dx)
    dx = layers.global_max_pool2d_grad(x, dy, **images)
    assert_slope(lambda x: layers.global_max_pool2d(x, **images), x, dy, dx)


@given(configurations(groups=1, **FLOAT64), st.integers(0, 5), st.sampled_from([0.5, 0.75, 1.0]))
def test_lrn(c, radius, beta):
    x, dy = map(c.formatted, c.numbers(c.x_shape, c.x_shape))
    settings = {"depth_radius": radius, "bias": 2.0, "alpha": 0.3, "beta": beta, "data_format": c.data_format}
    assert_slope(lambda x: layers.lrn(x, **settings), x, dy, layers.lrn_grad(x, dy, **settings))


@given(configurations(groups=1, **FLOAT64), st.booleans())
def test_batch_normalisation(c, fused):
    x, dy = map(c.formatted, c.numbers(c.x_shape, c.x_shape))
    gamma, beta, mean = c.numbers(*[(c.channels,)] * 3)
    images = {"data_format": c.data_format}

    def normalised(x=x, beta=beta, gamma=gamma):
        if fused:
            return layers.fused_batch_norm(x, beta, gamma, 0.1, **images)[0]
        return layers.batch_norm(x, mean, mean**2, beta, gamma, 0.1, **images)

    if fused:
        dx, dbeta, dgamma = layers.fused_batch_norm_grad(x, dy, gamma, 0.1, **images)
    else:
        dx, dbeta, dgamma = layers.batch_norm_grad(x, dy, mean, mean**2, gamma, 0.1, **images)
    assert_slope(normalised, x, dy, dx)
    assert_slope(lambda beta: normalised(beta=beta), beta, dy, dbeta)
    assert_slope(lambda gamma: normalised(gamma=gamma), gamma, dy, dgamma)


@given(configurations(groups=1, **FLOAT64))
def test_activations(c):
    x, dy = c.numbers(c.x_shape, c.x_shape)
    x = x + np.copysign(0.1, x)  # relu has a corner at 0
    for name in ("relu", "elu", "sigmoid", "softmax", "log_softmax"):
        function, gradient = getattr(layers, name), getattr(layers, name + "_grad")
        assert_slope(function, x, dy, gradient(dy, function(x)))


@given(configurations(groups=1, **FLOAT64), st.floats(0, 0.9))
def test_dense_cross_entropy_and_dropout(c, rate):
    inputs, units = c.channels, c.outputs + 1
    x, w, b = c.numbers((c.count + 1, inputs), (inputs, units), (units,))
    (dy,) = c.numbers((c.count + 1, units))
    assert_slope(lambda x: layers.dense(x, w, b), x, dy, layers.dense_input_grad(dy, w))
    assert_slope(lambda w: layers.dense(x, w, b), w, dy, layers.dense_filter_grad(x, dy))
    assert_slope(lambda b: layers.dense(x, w, b), b, dy, layers.bias_grad(dy))
    labels = c.random().randint(0, units, c.count + 1)
    _, gradient = layers.sparse_softmax_cross_entropy(dy, labels)
    assert_slope(lambda dy: layers.sparse_softmax_cross_entropy(dy, labels)[0], dy, 1.0, gradient)
    mask = layers.dropout_mask(x.shape, rate, c.random())
    assert_slope(lambda y: layers.dropout(y, rate, mask=mask), x, x, layers.dropout_grad(x, rate, mask))
