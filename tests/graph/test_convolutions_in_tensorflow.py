"""Convolutions and their gradients as a real TensorFlow computes them, node by node."""

import numpy as np
import pytest
from nets import checked, raw

from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)


def noise(*shape, dtype="float32"):
    return np.random.RandomState(7).randn(*shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(
    "attributes",
    [
        {"strides": [1, 1, 1, 1], "padding": "SAME"},
        {"strides": [1, 2, 1, 1], "padding": "VALID"},
        {"strides": [1, 1, 1, 1], "padding": "SAME", "dilations": [1, 2, 3, 1]},
        {"strides": [1, 2, 2, 1], "padding": "EXPLICIT", "explicit_paddings": [0, 0, 2, 1, 0, 1, 0, 0]},
    ],
)
def test_conv2d_and_its_gradients(attributes, dtype):
    x, w = noise(2, 9, 8, 3, dtype=dtype), noise(3, 2, 3, 4, dtype=dtype)
    trace = checked("Conv2D", lambda tf, x, w: raw(tf, "Conv2D", input=x, filter=w, **attributes), x=x, w=w)
    dilated = "dilations" in attributes  # no gradients of those on some CPUs
    dy = noise(*trace.tensors()[trace.outputs["y"]].shape, dtype=dtype)
    sizes = np.array(x.shape, np.int32), np.array(w.shape, np.int32)
    checked(
        "Conv2DBackpropInput",
        lambda tf, w, dy: raw(
            tf, "Conv2DBackpropInput", input_sizes=sizes[0], filter=w, out_backprop=dy, **attributes
        ),
        w=w,
        dy=dy,
        optional=dilated,
    )
    checked(
        "Conv2DBackpropFilter",
        lambda tf, x, dy: raw(
            tf, "Conv2DBackpropFilter", input=x, filter_sizes=sizes[1], out_backprop=dy, **attributes
        ),
        x=x,
        dy=dy,
        optional=dilated,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("strides, padding", [(1, "SAME"), (2, "VALID")])
def test_depthwise_and_its_gradients(strides, padding, dtype):
    x, w = noise(2, 9, 8, 3, dtype=dtype), noise(3, 2, 3, 2, dtype=dtype)
    attributes = {"strides": [1, strides, strides, 1], "padding": padding}
    op = "DepthwiseConv2dNative"
    trace = checked(op, lambda tf, x, w: raw(tf, op, input=x, filter=w, **attributes), x=x, w=w)
    dy = noise(*trace.tensors()[trace.outputs["y"]].shape, dtype=dtype)
    to_input = {"input_sizes": np.array(x.shape, np.int32)}
    to_filter = {"filter_sizes": np.array(w.shape, np.int32)}
    checked(
        op + "BackpropInput",
        lambda tf, w, dy: raw(tf, op + "BackpropInput", filter=w, out_backprop=dy, **to_input, **attributes),
        w=w,
        dy=dy,
    )
    checked(
        op + "BackpropFilter",
        lambda tf, x, dy: raw(tf, op + "BackpropFilter", input=x, out_backprop=dy, **to_filter, **attributes),
        x=x,
        dy=dy,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("strides, padding", [(1, "SAME"), (2, "VALID")])
def test_conv3d_and_its_gradients(strides, padding, dtype):
    x, w = noise(2, 5, 6, 4, 3, dtype=dtype), noise(2, 3, 2, 3, 2, dtype=dtype)
    attributes = {
        "strides": [1, strides, 1, strides, 1] if strides == 1 else [1, 2, 2, 2, 1],
        "padding": padding,
    }
    trace = checked("Conv3D", lambda tf, x, w: raw(tf, "Conv3D", input=x, filter=w, **attributes), x=x, w=w)
    dy = noise(*trace.tensors()[trace.outputs["y"]].shape, dtype=dtype)
    to_input = {"input_sizes": np.array(x.shape, np.int32)}
    to_filter = {"filter_sizes": np.array(w.shape, np.int32)}
    checked(
        "Conv3DBackpropInputV2",
        lambda tf, w, dy: raw(
            tf, "Conv3DBackpropInputV2", filter=w, out_backprop=dy, **to_input, **attributes
        ),
        w=w,
        dy=dy,
    )
    checked(
        "Conv3DBackpropFilterV2",
        lambda tf, x, dy: raw(
            tf, "Conv3DBackpropFilterV2", input=x, out_backprop=dy, **to_filter, **attributes
        ),
        x=x,
        dy=dy,
    )


def test_groups_whole_numbers_and_images_with_channels_first():
    plain = {"strides": [1, 1, 1, 1], "padding": "SAME"}
    for x, w, more in (
        (noise(2, 6, 5, 4), noise(3, 3, 2, 6), {}),
        (noise(2, 6, 5, 2).astype(np.int32), noise(3, 3, 2, 6).astype(np.int32), {}),
        (noise(2, 3, 6, 5), noise(3, 3, 3, 4), {"data_format": "NCHW"}),
    ):
        make = lambda tf, x, w, more=more: raw(tf, "Conv2D", input=x, filter=w, **dict(plain, **more))
        checked("Conv2D", make, x=x, w=w, optional=True)
