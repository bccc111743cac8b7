"""Convolution and its gradients against the slow definition, and what rounding may do to them."""

import tracemalloc

import numpy as np
import pytest
from drawing import TILES, Configuration, configurations, sharing
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compat import layers
from compat.layers import definition


def test_a_configuration_is_known_by_its_name():
    for padding in ("SAME", ((0, 1), (2, 3))):
        plain = Configuration(2, (5, 4), 1, 3, 2, (3, 2), (1, 2), (2, 1), padding, "NCHW", "float16")
        for configuration in (
            plain,
            plain._replace(layout="sliced", options=(("alpha", 1e-5), ("ties", True))),
        ):
            assert Configuration.parse(str(configuration)) == configuration


@settings(max_examples=300)
@example(Configuration.parse("2x9x9 g1 c1 o2 k3x2 s2x2 d1x1 VALID NHWC float32"), (1, 1, 1))
@given(st.one_of(configurations(), sharing()), TILES)
def test_forward_and_gradients_are_the_definition_s(tile_sizes, c, tile):
    x, w, b, dy = c.whole_numbers(c.x_shape, c.w_shape, c.w_shape[3:], c.y_shape)
    with tile_sizes(*tile):
        y = layers.conv2d(c.formatted(x), w, bias=b, **c.window)
        dx = layers.conv2d_input_grad(c.formatted(dy), w, c.shape(x.shape), **c.window)
        dw = layers.conv2d_filter_grad(c.formatted(x), c.formatted(dy), w.shape, **c.window)
    assert y.dtype == dx.dtype == dw.dtype == c.dtype
    assert y.shape == c.shape(c.y_shape) and dx.shape == c.shape(c.x_shape)
    np.testing.assert_array_equal(c.nhwc(y), definition.grouped(definition.conv2d, x, w, **c.slow_window) + b)
    parts = list(zip(*(np.split(array, c.groups, axis=3) for array in (x, w, dy))))
    np.testing.assert_array_equal(
        c.nhwc(dx),
        np.concatenate(
            [definition.conv2d_input_grad(g, f, part.shape, **c.slow_window) for part, f, g in parts], axis=3
        ),
    )
    np.testing.assert_array_equal(
        dw,
        np.concatenate(
            [definition.conv2d_filter_grad(part, g, f.shape, **c.slow_window) for part, f, g in parts], axis=3
        ),
    )


@given(configurations(groups=1), TILES)
def test_depthwise_is_a_convolution_of_each_channel(tile_sizes, c, tile):
    x, w, b = c.whole_numbers(c.x_shape, (*c.kernel, c.channels, c.outputs), (c.channels * c.outputs,))
    (dy,) = c.whole_numbers((*c.y_shape[:3], c.channels * c.outputs))
    with tile_sizes(*tile):
        y = layers.depthwise_conv2d(c.formatted(x), w, bias=b, **c.window)
        dx = layers.depthwise_conv2d_input_grad(c.formatted(dy), w, c.shape(x.shape), **c.window)
        dw = layers.depthwise_conv2d_filter_grad(c.formatted(x), c.formatted(dy), w.shape, **c.window)
    for channel in range(c.channels):
        one, many = np.s_[..., channel : channel + 1], np.s_[channel * c.outputs : (channel + 1) * c.outputs]
        filters = w[:, :, channel : channel + 1]
        np.testing.assert_array_equal(
            c.nhwc(y)[..., many], definition.conv2d(x[one], filters, **c.slow_window) + b[many]
        )
        gradient = dy[..., many]
        np.testing.assert_array_equal(
            c.nhwc(dx)[one],
            definition.conv2d_input_grad(gradient, filters, x[one].shape, **c.slow_window),
        )
        np.testing.assert_array_equal(
            dw[:, :, channel : channel + 1],
            definition.conv2d_filter_grad(x[one], gradient, filters.shape, **c.slow_window),
        )


@given(configurations(dtypes=["float64"]))
def test_transpose_is_the_transpose(c):
    x, w, dy = c.numbers(c.x_shape, c.w_shape, c.y_shape)
    y = layers.conv2d(c.formatted(x), w, **c.window)
    back = layers.conv2d_transpose(c.formatted(dy), w, c.shape(c.x_shape), **c.window)
    assert np.isclose(np.sum(y * c.formatted(dy)), np.sum(c.formatted(x) * back), rtol=1e-10, atol=1e-10)


@given(configurations(dtypes=["float16", "float32"]))
def test_no_element_is_further_off_than_rounding_takes_it(c):
    """|error| <= gamma_n * sum |x||w|, element by element, and the rounding of the output itself."""
    x, w = c.numbers(c.x_shape, c.w_shape)
    y = c.nhwc(layers.conv2d(c.formatted(x), w, **c.window))
    exact, magnitudes = (
        definition.grouped(definition.conv2d, a.astype(float), b.astype(float), **c.slow_window)
        for a, b in ((x, w), (abs(x), abs(w)))
    )
    products = w[..., 0].size + 1
    allowance = products * 2.0**-24 / (1 - products * 2.0**-24) * magnitudes
    if c.dtype == "float16":
        allowance = allowance * 1.001 + 2.0**-11 * abs(exact) + 2.0**-24
    assert np.all(abs(y - exact) <= allowance)


@given(configurations(dtypes=["float32"]))
def test_two_threads_give_the_bits_of_one(tile_sizes, c):
    x, w, dy = c.numbers(c.x_shape, c.w_shape, c.y_shape)
    arguments = [
        (layers.conv2d, (c.formatted(x), w)),
        (layers.conv2d_input_grad, (c.formatted(dy), w, c.shape(x.shape))),
        (layers.conv2d_filter_grad, (c.formatted(x), c.formatted(dy), w.shape)),
    ]
    with tile_sizes(200, 5), pytest.MonkeyPatch.context() as environment:
        for function, values in arguments:
            environment.setenv("COMPAT_THREADS", "1")
            one = function(*values, **c.window)
            environment.setenv("COMPAT_THREADS", "2")
            assert function(*values, **c.window).tobytes() == one.tobytes()


@given(configurations())
def test_inputs_may_be_read_only_and_reversed(c):
    x, w = c.whole_numbers(c.x_shape, c.w_shape)
    plain = layers.conv2d(c.formatted(x), w, **c.window)
    strange_x = c.formatted(np.repeat(x, 2, axis=2)[:, ::-1, ::2][:, ::-1])
    strange_w = np.asfortranarray(w)
    for array in (strange_x, strange_w):
        array.flags.writeable = False
    np.testing.assert_array_equal(layers.conv2d(strange_x, strange_w, **c.window), plain)


def test_other_byte_orders_and_lists_are_converted():
    x, w = np.arange(9.0, dtype=">f4").reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1), np.float32)
    y = layers.conv2d(x, w.tolist(), bias=[1])
    assert y.dtype == np.float32 and y.dtype.isnative
    np.testing.assert_array_equal(y.ravel(), [9, 13, 21, 25])


@pytest.mark.parametrize("bad", [np.inf, np.nan])
@pytest.mark.parametrize("channels", [1, 3, 40])
def test_infinity_stays_in_the_windows_that_see_it(bad, channels):
    x, w = np.ones((2, 9, 9, channels), np.float32), np.ones((3, 3, channels, 5), np.float32)
    x[1, 4, 4, 0] = bad
    y = layers.conv2d(x, w, padding="SAME")
    assert np.isfinite(y[0]).all()
    seen = ~np.isfinite(y[1]).all(axis=-1)
    assert seen[3:6, 3:6].all() and seen.sum() == 9


def test_float16_is_added_up_in_float32():
    """In float16 the sum would stop at 2048, where adding 1 no longer changes it."""
    x, w = np.ones((1, 64, 64, 1), np.float16), np.ones((64, 64, 1, 1), np.float16)
    assert layers.conv2d(x, w).item() == 4096
    assert layers.conv2d_filter_grad(x, x, (1, 1, 1, 1)).item() == 4096
    assert layers.conv2d_input_grad(x, w, (1, 127, 127, 1))[0, 63, 63, 0] == 4096


def test_one_pixel_and_kernels_larger_than_the_image():
    x, w = np.full((1, 1, 1, 1), 3.0), np.arange(25.0).reshape(5, 5, 1, 1)
    assert layers.conv2d(x, w, padding="SAME").ravel() == [36]
    np.testing.assert_array_equal(layers.conv2d(x, w, padding="FULL")[0, ..., 0], 3 * w[::-1, ::-1, 0, 0])


def test_same_pads_the_far_end_first():
    """ceil(size / stride) outputs; of an odd number of padding pixels the extra one is at the end."""
    x, w = np.arange(1.0, 5).reshape(1, 1, 4, 1), np.ones((1, 2, 1, 1))
    np.testing.assert_array_equal(layers.conv2d(x, w, padding="SAME").ravel(), [3, 5, 7, 4])
    np.testing.assert_array_equal(layers.conv2d(x, w, padding="SAME", strides=3).ravel(), [3, 4])
    x = np.arange(1.0, 7).reshape(1, 1, 6, 1)
    w = np.array([1.0, 10, 100]).reshape(1, 3, 1, 1)
    np.testing.assert_array_equal(layers.conv2d(x, w, padding="SAME", strides=2).ravel(), [321, 543, 65])


def test_groups_are_taken_from_the_filter_s_shape():
    x, w = np.ones((1, 2, 2, 4)), np.ones((2, 2, 2, 2))
    np.testing.assert_array_equal(layers.conv2d(x, w).ravel(), [8, 8])


@pytest.mark.parametrize("count", [2, 20])
def test_extra_memory_does_not_grow_with_the_batch(count):
    x, w = np.zeros((count, 220, 220, 3), np.float32), np.zeros((3, 3, 3, 10), np.float32)
    dy = np.zeros((count, 218, 218, 10), np.float32)
    for function, arguments in (
        (layers.conv2d, (x, w)),
        (layers.conv2d_input_grad, (dy, w, x.shape)),
        (layers.conv2d_filter_grad, (x, dy, w.shape)),
        (layers.max_pool2d, (dy, 2)),
        (layers.avg_pool2d, (dy, 2)),
        (layers.max_pool2d_grad, (dy, dy[:, ::2, ::2], 2)),
    ):
        tracemalloc.start()
        result = function(*arguments)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak - result.nbytes < 16e6, function.__name__


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("channels", [2, 40])
def test_any_memory_layout(kernel, channels):
    """Reversed, repeated and sliced arrays, which BLAS cannot read, are as good as their copies."""
    random = np.random.RandomState(0)
    images = random.randint(-3, 4, (4, 9, 9, 2 * channels)).astype(np.float32)
    w = random.randint(-3, 4, (kernel, kernel, channels, 3)).astype(np.float32)
    for x in (
        images[::-1, ::-1, ::-1, ::-2],
        np.broadcast_to(images[:1, :1, :, :channels], (4, 9, 9, channels)),
        np.asfortranarray(images)[..., ::2],
    ):
        y = layers.conv2d(x, w)
        np.testing.assert_array_equal(y, definition.conv2d(x.copy(), w))
        dy = np.broadcast_to(y[:1, :, :1, ::-1], y.shape)
        dx = layers.conv2d_input_grad(dy, w, x.shape)
        np.testing.assert_array_equal(dx, definition.conv2d_input_grad(dy.copy(), w, x.shape))
        dw = layers.conv2d_filter_grad(x, dy, w.shape)
        np.testing.assert_array_equal(dw, definition.conv2d_filter_grad(x.copy(), dy.copy(), w.shape))
