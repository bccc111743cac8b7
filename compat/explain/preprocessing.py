"""Images prepared in one way where another is expected: every way is a factor and an offset by channel.

The ways of ``keras.applications``: of their ``preprocess_input`` with mode= "tf", "torch" and "caffe".
Source: https://github.com/keras-team/keras/blob/v3.3.3/keras/src/applications/imagenet_utils.py
"""

from typing import Iterator, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array

#: Roundings of a result and its answer, each of some steps.
_ROUNDINGS = 16
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of RGB in 0..1
_MEAN_OF_BGR = (103.939, 116.779, 123.68)  # of 0..255


class _Way(NamedTuple):
    """``scale`` * x + ``offset`` of x in RGB, 0..255, by the channels that come out."""

    words: str
    scale: Array
    offset: Array
    reverse: bool = False


def _ways() -> Iterator[_Way]:
    one, none = np.ones(3), np.zeros(3)
    mean, deviation = np.array(_MEAN), np.array(_DEVIATION)
    yield _Way("0..255 as they are", one, none)
    yield _Way("0..1 (x / 255)", one / 255, none)
    yield _Way("mode 'tf' (-1..1, x / 127.5 - 1)", one / 127.5, -one)
    yield _Way("mode 'torch' ((x / 255 - mean) / deviation)", 1 / (255 * deviation), -mean / deviation)
    yield _Way("mode 'caffe' (BGR, means off)", one, -np.array(_MEAN_OF_BGR), reverse=True)
    yield _Way("0..255 in BGR", one, none, reverse=True)
    yield _Way("mode 'caffe' without its BGR (means off)", one, -np.array(_MEAN_OF_BGR)[::-1])
    yield _Way("means off and no deviation (x / 255 - mean)", one / 255, -mean)
    yield _Way("deviations and no mean (x / 255 / deviation)", 1 / (255 * deviation), none)


def preprocessed(result: Array, expected: Array, dtype: str = "float32") -> Optional[str]:
    """Which way was taken for which, in a sentence; None where no two ways turn the answer into the result."""
    if result.shape != expected.shape or result.ndim < 2:
        return None
    if result.shape[-1] != 3 and (result.ndim < 3 or result.shape[-3] != 3):
        return None
    axis = -1 if result.shape[-1] == 3 else -3
    found, wanted = (np.moveaxis(array, axis, -1).reshape(-1, 3) for array in (result, expected))
    if len(found) < 8 or not np.isfinite(found).all() or np.ptp(wanted, axis=0).min() == 0:
        return None
    u = UNIT_ROUNDOFF.get(dtype, UNIT_ROUNDOFF["float32"])
    for wrong, right in _pairs():
        factor, offset = _between(wrong, right)
        given = wanted[:, ::-1] if wrong.reverse != right.reverse else wanted
        product = factor * given
        steps = np.abs(product) + np.abs(factor * _turned(right.offset, wrong, right)) + np.abs(wrong.offset)
        if (np.abs(product + offset - found) <= _ROUNDINGS * u * (steps + np.abs(found))).all():
            return (
                f"the images are prepared as {wrong.words}, expected {right.words}: take its preprocess_input "
                f"(by channel a factor of {_listed(factor)} and an offset of {_listed(offset)})"
            )
    return None


def _listed(numbers):
    return ", ".join(f"{number:.6g}" for number in numbers)


def _pairs() -> Iterator[Tuple[_Way, _Way]]:
    """Two ways that are more apart than a factor, an offset or the order of the channels: others say those better."""
    for wrong in _ways():
        for right in _ways():
            factor, offset = _between(wrong, right)
            apart = (np.abs(offset) > 1e-9).any(), (factor != 1).any(), wrong.reverse != right.reverse
            if sum(apart) > 1:
                yield wrong, right


def _turned(array, wrong, right):
    return array[::-1] if wrong.reverse != right.reverse else array


def _between(wrong, right):
    """(factor, offset) that make the wrong way of the right one, by the channels of the wrong one."""
    factor = wrong.scale / _turned(right.scale, wrong, right)
    return factor, wrong.offset - factor * _turned(right.offset, wrong, right)
