"""Ops on images as a real TensorFlow computes them, node by node."""

import numpy as np
import pytest
from nets import checked, op

from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
R = np.random.RandomState(11)
WHERE = [{}, {"align_corners": True}, {"half_pixel_centers": True}]


def image(*shape, dtype="float32"):
    return R.rand(*shape).astype(dtype)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("size", [(7, 9), (3, 2), (10, 6), (1, 5)])
def test_resizing(size, where):
    x, sizes = image(2, 5, 6, 3), np.array(size, np.int32)
    whole = R.randint(0, 256, (1, 5, 6, 2)).astype(np.uint8)
    dy = image(2, *size, 3) - np.float32(0.5)
    for name in ("ResizeBilinear", "ResizeBicubic", "ResizeNearestNeighbor"):
        op(name, images=x, size=sizes, **where)
        op(name, images=whole, size=sizes, **where)
    op("ResizeBilinearGrad", grads=dy, original_image=x, **where)
    op("ResizeBicubicGrad", grads=dy, original_image=x, **where)
    op("ResizeNearestNeighborGrad", grads=dy, size=np.array([5, 6], np.int32), **where)
    if "half_pixel_centers" not in where:
        op("ResizeArea", images=x, size=sizes, **where)
        op("ResizeArea", images=whole, size=sizes, **where)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_patches(padding):
    for x in (image(2, 7, 8, 3), R.randint(0, 9, (2, 7, 8, 3)).astype(np.int32)):
        sizes = {"ksizes": [1, 3, 2, 1], "strides": [1, 2, 1, 1], "rates": [1, 1, 2, 1]}
        op("ExtractImagePatches", images=x, padding=padding, **sizes)


def test_colours():
    x = np.concatenate([image(1, 6, 6, 3), R.randint(0, 3, (1, 6, 6, 3)).astype("float32") / 2])
    op("RGBToHSV", images=x)
    op("HSVToRGB", images=image(2, 6, 6, 3))
    op("RGBToHSV", images=x.astype("float64"))
    op("HSVToRGB", images=image(2, 6, 6, 3).astype("float64"))
    for amount in (0.25, -0.4, 0.01):
        op("AdjustHue", images=x, delta=np.array(amount, np.float32))
    for amount in (0.5, 1.7):
        op("AdjustSaturation", images=x, scale=np.array(amount, np.float32))
        op("AdjustContrastv2", images=x, contrast_factor=np.array(amount, np.float32))


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(3, 4), (1, 1), (7, 2)])
def test_crops(size, method):
    boxes = np.array([[0, 0, 1, 1], [0.13, 0.2, 0.71, 1.3], [0.9, 0.1, 0.2, 0.7]], np.float32)
    arguments = {
        "boxes": boxes,
        "box_ind": np.array([0, 1, 1], np.int32),
        "crop_size": np.array(size, np.int32),
    }
    op("CropAndResize", image=image(2, 6, 5, 3), method=method, extrapolation_value=0.5, **arguments)


def test_what_is_taken_as_recorded():
    def build(tf, x):
        png = tf.image.encode_png(x)
        return {"png": png, "image": tf.image.decode_png(png, channels=3)}

    assert checked("EncodePng", build, taken=(0,), x=R.randint(0, 256, (4, 5, 3)).astype(np.uint8))


@pytest.mark.parametrize("version", ["V3", "V4", ""])
def test_suppression_of_boxes(version):
    corners = R.rand(30, 2).astype("float32")
    boxes = np.concatenate([corners, corners + R.rand(30, 2).astype("float32")], axis=1)
    scores = R.permutation(30).astype("float32") / 30
    more = {}
    if version:
        more = {"iou_threshold": np.array(0.4, np.float32), "score_threshold": np.array(0.2, np.float32)}
    else:
        more = {"iou_threshold": 0.4}
    op(
        "NonMaxSuppression" + version,
        boxes=boxes,
        scores=scores,
        max_output_size=np.array(12, np.int32),
        **more,
    )
