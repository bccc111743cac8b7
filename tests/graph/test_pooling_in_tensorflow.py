"""Pooling and its gradients as a real TensorFlow computes them, node by node; ties included."""

import numpy as np
import pytest
from nets import op

from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
WINDOWS = [(3, 2, "SAME"), (2, 2, "VALID"), (3, 1, "SAME")]


def few(*shape, dtype="float32", seed=3):
    """Few different numbers, so that windows have ties."""
    return np.random.RandomState(seed).randint(-3, 4, shape).astype(dtype)


def noise(*shape, dtype="float32"):
    return np.random.RandomState(7).randn(*shape).astype(dtype)


def sizes(ksize, strides, axes=2):
    return {"ksize": [1, *[ksize] * axes, 1], "strides": [1, *[strides] * axes, 1]}


def shape_of(trace):
    return trace.tensors()[trace.outputs["y"]].shape


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("ksize, strides, padding", WINDOWS)
def test_two_dimensions(ksize, strides, padding, dtype):
    x, window = few(2, 7, 6, 3, dtype=dtype), dict(sizes(ksize, strides), padding=padding)
    pooled = op("MaxPool", input=x, **window)
    op("MaxPoolV2", input=x, **{k: np.array(v, np.int32) if k != "padding" else v for k, v in window.items()})
    op("AvgPool", value=noise(2, 7, 6, 3, dtype=dtype), **window)
    dy = noise(*shape_of(pooled), dtype=dtype)
    y = pooled_by_hand(x, ksize, strides, padding)
    op("MaxPoolGrad", orig_input=x, orig_output=y, grad=dy, **window)
    op("MaxPoolGradGrad", orig_input=x, orig_output=y, grad=noise(*x.shape, dtype=dtype), **window)
    op("AvgPoolGrad", orig_input_shape=np.array(x.shape, np.int32), grad=dy, **window)


def pooled_by_hand(x, ksize, strides, padding):
    from compat import reference

    return reference.max_pool2d(x, ksize=ksize, strides=strides, padding=padding).value.astype(x.dtype)


@pytest.mark.parametrize("batch", [False, True])
def test_with_places(batch):
    x, window = few(2, 6, 6, 2), dict(sizes(2, 2), padding="SAME")
    more = {"include_batch_in_index": True} if batch else {}
    trace = op("MaxPoolWithArgmax", input=x, **window, **more)
    shape = trace.tensors()[trace.outputs["output"]].shape
    from compat.reference.nodes import NodeCall, answer

    call = NodeCall("MaxPoolWithArgmax", dict(window, **more), ("float32",), ("float32", "int64"))
    where = answer(call, [x])[1]
    op("MaxPoolGradWithArgmax", input=x, grad=noise(*shape), argmax=where, **window, **more)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("ksize, strides, padding", WINDOWS)
def test_three_dimensions(ksize, strides, padding, dtype):
    x, window = few(2, 5, 4, 6, 2, dtype=dtype), dict(sizes(ksize, strides, 3), padding=padding)
    half = dtype != "float32"
    pooled = op("MaxPool3D", optional=half, input=x, **window)
    op("AvgPool3D", optional=half, input=noise(*x.shape, dtype=dtype), **window)
    if pooled is None:
        return
    dy = noise(*shape_of(pooled), dtype=dtype)
    op("AvgPool3DGrad", optional=half, orig_input_shape=np.array(x.shape, np.int32), grad=dy, **window)
    from compat.reference.pooling import max_pool

    y = max_pool(x, ksize, strides, padding).value.astype(dtype)
    if half:  # of halves 1.15 passes on to some of the largest only, as later versions do not
        return
    op("MaxPool3DGrad", orig_input=x, orig_output=y, grad=dy, **window)
    op("MaxPool3DGradGrad", True, orig_input=x, orig_output=y, grad=noise(*x.shape, dtype=dtype), **window)


def test_over_channels_and_of_whole_numbers():
    op("MaxPool", input=few(2, 3, 3, 6), ksize=[1, 1, 1, 2], strides=[1, 1, 1, 2], padding="VALID")
    x = few(2, 5, 5, 2).astype(np.int32)
    op("MaxPool", True, input=x, padding="SAME", **sizes(3, 2))
