"""Parts of images, cut out by boxes and resized."""

import math
from typing import Sequence

import numpy as np

from ..arrays import Array
from .bounds import Reference, exact
from .calls import rule
from .tracked import Tracked, follows, joined, track


@rule
def crop_and_resize(
    image: Array,
    boxes: Array,
    numbers: Array,
    *,
    crop_size: Sequence[int],
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
) -> Reference:
    """As ``tf.image.crop_and_resize``: boxes (count, 4) are y1, x1, y2, x2, of the images ``numbers`` (count,).

    Coordinates are in shares of height - 1 and width - 1: 0 and 1 are the centres of the pixels at the border, as
    with align_corners, and a box from 1 to 0 turns the image over.  Along an axis of n pixels the crop's pixel i of
    m is at y1 (n - 1) + i (y2 - y1) (n - 1) / (m - 1); a crop of one pixel takes the middle of its box.  Outside of
    0 ... n - 1 is ``extrapolation_value``.  ``nearest``: of two equally near the one away from 0.
    Source: tensorflow/core/kernels/image/crop_and_resize_op.cc

    The result is float32, and so are the positions: 6 roundings of the sum of the sizes of their terms.  Weights
    are continuous in the position and none is steeper than 1 a pixel.  Where float32 puts a position on the other
    side of the border, or of the middle between two pixels, either answer is right: what lies between is allowed.
    """
    image, boxes = exact(image), exact(boxes)
    crops = []
    for (y1, x1, y2, x2), number in zip(boxes, np.asarray(numbers).astype(int)):
        rows = _Axis(y1, y2, image.shape[1], crop_size[0], method)
        columns = _Axis(x1, x2, image.shape[2], crop_size[1], method)
        pixels = track(image[number].transpose(2, 0, 1))
        inside = rows.inside[:, None] & columns.inside[None]
        doubtful = rows.doubtful[:, None] | columns.doubtful[None]
        if method == "nearest":
            crop = pixels[:, rows.nearest][:, :, columns.nearest]
        else:
            crop = rows.weights @ pixels @ columns.weights.transpose(1, 0)
        crops.append(_bordered(crop, inside, doubtful, extrapolation_value, np.ptp(image[number])))
    answer = joined(np.stack, crops).transpose(0, 2, 3, 1)
    exactly = method == "nearest" and not answer.error("float32").any()
    return Reference(answer.value, dtype="float32") if exactly else answer.reference("float32")


def _bordered(crop: Tracked, inside: Array, doubtful: Array, outside: float, range_: float) -> Tracked:
    """``outside`` where a crop is not ``inside``; where that is ``doubtful`` either, or any pixel's value."""
    value = np.where(inside, crop.value, outside)
    either_way = abs(crop.value - outside) + range_
    return follows(
        value,
        lambda p, e: np.where(inside | doubtful, e, 0.0) + np.where(doubtful, either_way, 0.0),
        crop,
    )


class _Axis:
    """Where the crop's pixels lie along one axis.

    ``inside``, ``doubtful``: (m,) booleans; ``nearest``: (m,) indices; ``weights``: Tracked (m, n).
    """

    def __init__(self, start: float, end: float, n: int, m: int, method: str) -> None:
        positions = _positions(start, end, n, m, np.float64)
        rounded = _positions(start, end, n, m, np.float32)
        self.inside = (positions >= 0) & (positions <= n - 1)
        self.doubtful = self.inside != ((rounded >= 0) & (rounded <= n - 1))
        self.nearest = np.clip(np.floor(positions + 0.5), 0, n - 1).astype(int)
        if method == "nearest":
            self.doubtful |= self.inside & (self.nearest != np.clip(np.floor(rounded + 0.5), 0, n - 1))
        at = np.clip(positions, 0, n - 1)
        value = np.zeros((m, n))
        for i, position in enumerate(at):
            low = math.floor(position)
            value[i, low] += 1 - (position - low)
            value[i, min(low + 1, n - 1)] += position - low
        sizes = (abs(start) + np.arange(m) * (abs(start) + abs(end)) / max(m - 1, 1) + abs(end)) * (n - 1)

        def error(p):
            far = p.gamma(6) * sizes
            near = np.zeros((m, n))
            for i, position in enumerate(at):
                ends = max(position - far[i], 0), min(position + far[i], n - 1)
                # left + (right - left) * share: three roundings, two of them of the difference.
                near[i, math.floor(ends[0]) : math.floor(ends[1]) + 2] = far[i] + p.gamma(4)
            return near

        self.weights = Tracked(value, error)


def _positions(start, end, n, m, dtype):
    start, end, n = (dtype(number) for number in (start, end, n - 1))
    if m == 1:
        return np.array([dtype(0.5) * (start + end) * n])
    scale = (end - start) * n / dtype(m - 1)
    return start * n + np.arange(m).astype(dtype) * scale
