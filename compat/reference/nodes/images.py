"""Images: resizing, cropping, colours, patches and boxes."""

from typing import Any, Tuple

import numpy as np

from ... import reference
from ...arrays import Array
from ..geometry import Taps
from ..resize import areas, weights
from ..sliding import gathered
from ..tracked import Tracked, joined
from .colours import COLOURS
from .flows import is_exact, moved, numbers, tracked, value_of
from .layouts import spatial
from .registry import Flow, NodeCall, NoRule, Taken, rule_of

_METHODS = {"ResizeBilinear": "bilinear", "ResizeBicubic": "bicubic"}


def _settings(call):
    return {
        "align_corners": bool(call.get("align_corners", False)),
        "half_pixel_centers": bool(call.get("half_pixel_centers", False)),
    }


@rule_of("ResizeBilinear", "ResizeBicubic")
def _(call: NodeCall, x: Flow, size: Flow) -> Flow:
    method, extents = _METHODS[call.op], numbers(size)
    if is_exact(x):
        return reference.resize(x, size=extents, method=method, **_settings(call))
    rows, columns = _matrices(np.shape(value_of(x)), extents, method, call)
    return _between(rows, x, columns)


def _matrices(shape, size, method, call):
    settings = _settings(call)
    return [
        weights(n, m, method, settings["align_corners"], settings["half_pixel_centers"])
        for n, m in zip(shape[1:3], size)
    ]


def _between(rows: Tracked, images: Flow, columns: Tracked) -> Flow:
    """rows @ image @ columns.T of every image and channel."""
    images = tracked(images).transpose(0, 3, 1, 2)
    return (rows @ images @ columns.transpose(1, 0)).transpose(0, 2, 3, 1).reference()


@rule_of("ResizeArea")
def _(call: NodeCall, x: Flow, size: Flow) -> Flow:
    shape, corners = np.shape(value_of(x)), _settings(call)["align_corners"]
    rows, columns = (areas(n, m, corners) for n, m in zip(shape[1:3], numbers(size)))
    return _between(rows, x, columns)


@rule_of("ResizeBilinearGrad", "ResizeBicubicGrad")
def _(call: NodeCall, dy: Flow, image: Flow) -> Flow:
    """The weights that made a pixel of the output of pixels of the image, the other way."""
    method = _METHODS[call.op[: -len("Grad")]]
    size = np.shape(value_of(dy))[1:3]
    rows, columns = _matrices(np.shape(value_of(image)), size, method, call)
    return _between(rows.transpose(1, 0), dy, columns.transpose(1, 0))


def _nearest(call: NodeCall, n: int, m: int) -> Array:
    """Which of n pixels each of m is taken from, with positions in float32, as the kernels have them."""
    settings, places = _settings(call), np.arange(m, dtype=np.float32)
    corners, centers = settings["align_corners"], settings["half_pixel_centers"]
    one = np.float32
    scale = one(n - 1) / one(m - 1) if corners and m > 1 else one(n) / one(m)
    at = (places + one(0.5)) * scale if centers else places * scale
    whole = np.floor(at + one(0.5)) if corners else np.floor(at)
    return np.clip(whole.astype(np.int64), 0, n - 1)


@rule_of("ResizeNearestNeighbor")
def _(call: NodeCall, x: Flow, size: Flow) -> Flow:
    rows, columns = (_nearest(call, n, m) for n, m in zip(np.shape(value_of(x))[1:3], numbers(size)))
    return moved(lambda array: array[:, rows][:, :, columns], x)


@rule_of("ResizeNearestNeighborGrad")
def _(call: NodeCall, dy: Flow, size: Flow) -> Flow:
    """Every pixel's sum over those that were taken from it."""
    extents, shape = numbers(size), np.shape(value_of(dy))
    rows, columns = (Tracked(np.eye(n)[_nearest(call, n, m)].T) for n, m in zip(extents, shape[1:3]))
    return _between(rows, dy, columns)


@rule_of("ExtractImagePatches")
def _(call: NodeCall, x: Flow) -> Flow:
    """Patches along the last axis, row by row, channels last in each; zeros beyond the border."""
    ksize, strides, rates = (spatial(call, call.get(name)) for name in ("ksizes", "strides", "rates"))
    taps = Taps(np.shape(value_of(x)), ksize, strides, call.get("padding"), rates)
    return moved(lambda array: np.concatenate(list(gathered(taps, array)), axis=-1), x)


@rule_of("AdjustContrastv2")
def _(call: NodeCall, x: Flow, factor: Flow) -> Flow:
    """(x - mean) * factor + mean, with the mean of each image and channel; halves are computed in float32."""
    x, factor = tracked(x), tracked(factor)
    mean = x.mean(axis=(-3, -2), keepdims=True)
    return ((x - mean) * factor + mean).reference()


@rule_of("RGBToHSV", "HSVToRGB", "AdjustHue", "AdjustSaturation")
def _(call: NodeCall, x: Flow, *delta: Flow) -> Flow:
    return COLOURS[call.op](x, *delta)


@rule_of("CropAndResize")
def _(call: NodeCall, image: Flow, boxes: Flow, index: Flow, size: Flow) -> Flow:
    """Of each box a crop of that size, its corners at those of the box; beyond the image the extrapolation value."""
    if not is_exact(boxes):
        raise NoRule("boxes that follow from rounded numbers")
    height, width = numbers(size)
    boxes, images = np.asarray(boxes, np.float32), tracked(image)
    outside = float(call.get("extrapolation_value", 0.0))
    nearest = call.get("method", "bilinear") == "nearest"
    crops = []
    for (top, left, bottom, right), one in zip(boxes, numbers(index)):
        rows, seen = _crop_axis(images.value.shape[1], height, top, bottom, nearest)
        columns, seen_across = _crop_axis(images.value.shape[2], width, left, right, nearest)
        part = (rows @ images[one].transpose(2, 0, 1) @ columns.transpose(1, 0)).transpose(1, 2, 0)
        inside = (seen[:, None] & seen_across)[..., None]
        crops.append(part * inside.astype(np.float64) + np.where(inside, 0.0, outside))
    if not crops:
        return np.zeros((0, height, width, images.value.shape[-1]), np.float32)
    return joined(np.stack, crops).reference()


def _crop_axis(n: int, count: int, start: Any, end: Any, nearest: bool) -> Tuple[Tracked, Array]:
    """(the matrix of weights, (count, n); which of the crop's pixels lie inside), in float32 as the kernel has it."""
    one = np.float32
    scale = (end - start) * one(n - 1) / one(count - 1) if count > 1 else one(0)
    places = np.arange(count, dtype=one)
    at = (
        start * one(n - 1) + places * scale
        if count > 1
        else one(0.5) * (start + end) * one(n - 1) + 0 * places
    )
    at = np.asarray(at, np.float32)
    inside = (at >= 0) & (at <= n - 1)
    matrix, at = np.zeros((count, n)), np.where(inside, at, 0).astype(np.float64)
    rows = np.arange(count)
    if nearest:
        matrix[rows, np.floor(at + 0.5).astype(int)] = 1
        return Tracked(matrix), inside
    low, high = np.floor(at).astype(int), np.ceil(at).astype(int)
    np.add.at(matrix, (rows, low), 1 - (at - low))
    np.add.at(matrix, (rows, high), at - low)
    # at is made of 4 roundings of at most 2 n, when its sum is fused or spelled in another order
    met = np.zeros((count, n))
    met[rows, low] = met[rows, high] = 1
    return Tracked(matrix, lambda p: met * (p.gamma(4) * (at[:, None] + 1 + abs(float(start)) * n))), inside


@rule_of(
    "DecodeJpeg",
    "DecodePng",
    "DecodeGif",
    "DecodeBmp",
    "DecodeImage",
    "DecodeAndCropJpeg",
    "DecodeWav",
    "DecodeRaw",
    "DecodePaddedRaw",
    "DecodeCSV",
    "DecodeCompressed",
)
def _(call: NodeCall, *inputs: Flow) -> Flow:
    raise Taken("decoded from bytes")


@rule_of("EncodeJpeg", "EncodePng", "EncodeJpegVariableQuality", "EncodeWav", "ExtractJpegShape")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    raise Taken("encoded by a library")


@rule_of("FractionalMaxPool", "FractionalAvgPool")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    raise Taken("random")
