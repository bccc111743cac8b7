"""Factors and offsets, of the whole or of each channel, and the constants that they are known for."""

from typing import NamedTuple, Optional, Sequence

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from .constants import SCALES, by_channel, constant, one_constant

#: A gap of this factor between sizes parts a mask's numbers, -1e9 for instance, from those that it leaves.
_GAP = 1e3
#: Numbers that a channel has to have beyond those that are fitted; channels that are told.
_SPARE, _TOLD = 3, 4
#: So many times as far from 1, or 0, as it may be off, it is another number.
_SURE = 4.0


class Fit(NamedTuple):
    """``factor`` and ``offset``: a number of the whole, or arrays by channel; ``axis``: the channels', or None.

    ``words``: what the numbers are known as, or "".  ``off``: how far they may be off.
    """

    factor: Array
    offset: Array
    axis: Optional[int]
    words: str

    def sentence(self) -> str:
        known = f" = {self.words}" if self.words else ""
        if self.axis is None and not self.offset:
            known = "" if self.words == f"{float(self.factor):.4g}" else known
            return (
                f"a factor: {float(self.factor):.4g}{known}: everything that was computed is that many times the "
                "expected number: take it off here, or where it comes from"
            )
        if self.axis is None:
            return (
                f"what was computed is {float(self.factor):.6g} times the answer and {float(self.offset):+.6g}"
                f"{known}: undo the scale, or do it on both sides"
            )
        parts = []
        if np.any(self.factor != 1):
            parts.append(f"a factor for each channel: {_listed(self.factor)}")
        if np.any(self.offset != 0):
            parts.append(
                f"{'an offset' if not parts else 'and an offset'} for each channel: {_listed(self.offset)}"
            )
        return f"{' '.join(parts)}{known} (along axis {self.axis})"


def _listed(numbers):
    more = ", ..." if len(numbers) > _TOLD else ""
    return ", ".join(f"{number:.6g}" for number in numbers[:_TOLD]) + more


def aside(result: Array, expected: Array) -> Array:
    """Where both have the same number of an enormous size, as a mask adds: it says nothing of the rest."""
    size = np.where(np.isfinite(expected), np.abs(expected), 0)
    sizes = np.unique(size[size > 0])
    none = np.zeros(expected.shape, bool)
    if result.shape != expected.shape or sizes.size < 3:
        return none
    gaps = sizes[1:] / sizes[:-1]
    if gaps.max() < _GAP:
        return none
    least = sizes[1 + int(np.argmax(gaps))]
    with np.errstate(all="ignore"):
        same = np.abs(result - expected) <= np.abs(expected) * 1e-5
    enormous = size >= least
    return enormous if same[enormous].all() and not same.all() else none


def fitted(
    result: Array,
    expected: Array,
    allowance: Array,
    dtype: str = "float32",
    shapes: Sequence[Sequence[int]] = (),
) -> Optional[Fit]:
    """The factor, the offset, or both, of the whole or else of each channel, that bring them together.

    float64 arrays; ``allowance``: of the answer, elementwise.  ``shapes``: of the tensors around it, of whose
    sizes a factor may be made.  None where no such fit keeps to the allowance, where it is known to be none
    (1 and 0), or takes a channel away.
    """
    if result.shape != expected.shape or not result.size:
        return None
    use = np.isfinite(result) & np.isfinite(expected) & ~aside(result, expected)
    if not np.array_equal(np.isfinite(result), np.isfinite(expected)):
        return None
    u = UNIT_ROUNDOFF.get(dtype, UNIT_ROUNDOFF["float32"])
    for axis in (None, *_channel_axes(result.shape)):
        for with_factor, with_offset in ((True, False), (False, True), (True, True)):
            if axis is None and not with_factor:
                continue
            parts = list(_parts(result, expected, allowance, use, axis))
            fits = [_line(y, x, allowed, u, with_factor, with_offset) for y, x, allowed in parts]
            if fits and all(fit is not None for fit in fits):
                fit = _named(fits, axis, [*shapes, expected.shape], expected.size, dtype)
                if np.all(fit.factor != 0) and (np.any(fit.factor != 1) or np.any(fit.offset != 0)):
                    return fit
    return None


def _channel_axes(shape):
    """The last axis, and of images the second where that is not the longer one."""
    axes = [len(shape) - 1] + ([1] if len(shape) == 4 and shape[1] <= shape[3] else [])
    return [axis for axis in axes if len(shape) > 1 and 2 <= shape[axis] <= 4096]


def _parts(result, expected, allowance, use, axis):
    if axis is None:
        yield result[use], expected[use], allowance[use]
        return
    for channel in range(result.shape[axis]):
        at = (slice(None),) * axis + (channel,)
        kept = use[at]
        yield result[at][kept], expected[at][kept], allowance[at][kept]


def _line(y, x, allowance, u, with_factor, with_offset):
    """(factor, offset, how far either may be off) by least squares, or None where that does not fit."""
    columns = [x] * with_factor + [np.ones_like(x)] * with_offset
    if x.size < len(columns) + _SPARE or (with_factor and not np.ptp(np.append(x, 0.0))):
        return None
    a = np.stack(columns, axis=1)
    if np.linalg.matrix_rank(a) < a.shape[1]:
        return None
    inverse = np.linalg.pinv(a)
    solved = inverse @ (y if with_factor else y - x)
    factor = solved[0] if with_factor else 1.0
    offset = solved[-1] if with_offset else 0.0
    allowed = max(abs(factor), 1e-300) * allowance + 4 * u * (np.abs(y) + np.abs(factor * x) + abs(offset))
    # How far roundings may have taken the fit itself: Cauchy and Schwarz.
    off = np.sqrt((inverse**2).sum(axis=1)) * np.sqrt((allowed**2).sum())
    if not (np.abs(factor * x + offset - y) <= allowed + np.abs(a) @ off).all():
        return None
    return factor, offset, (off[0] if with_factor else 0.0), (off[-1] if with_offset else 0.0)


def _named(fits, axis, shapes, count, dtype):
    factor, offset, off_factor, off_offset = (np.array(column) for column in zip(*fits))
    factor = np.where(np.abs(factor - 1) <= _SURE * off_factor, 1, factor)
    factor = np.where(np.abs(factor) <= off_factor, 0, factor)
    offset = np.where(np.abs(offset) <= _SURE * off_offset, 0, offset)
    if axis is None:
        words = _whole(factor[0], offset[0], off_factor[0], shapes, count, dtype)
        return Fit(factor[0], offset[0], None, words)
    words = []
    if np.any(factor != 1):
        words.append(by_channel(factor, off_factor) or one_constant(factor, off_factor))
    if np.any(offset != 0):
        words.append(by_channel(offset, off_offset) or one_constant(offset, off_offset))
    return Fit(factor, offset, axis, " and ".join(words) if all(words) else "")


def _whole(factor, offset, off, shapes, count, dtype):
    if offset:
        for a, b, words in SCALES:
            if abs(factor - a) <= 1e-5 * abs(a) and abs(offset - b) <= 1e-4 * max(abs(b), 1e-3):
                return words
        return ""
    return constant(float(factor), float(off), shapes, count, dtype)


def temperature(result: Array, expected: Array, allowance: Array, dtype: str = "float32") -> str:
    """What the logits of a softmax along the last axis were multiplied by, in a sentence, or "".

    softmax(c s) is the power c of softmax(s) over its sum.  float64 arrays; only of a constant that is known.
    """
    if result.shape != expected.shape or result.ndim < 1 or result.shape[-1] < 3 or result.min() < 0:
        return ""
    if max(np.abs(array.sum(axis=-1) - 1).max() for array in (result, expected)) > 1e-3 or expected.min() < 0:
        return ""
    use = (expected > 1e-6) & (result > 1e-6)
    logarithms = [np.where(use, np.log(np.where(use, array, 1)), 0) for array in (expected, result)]
    count = np.maximum(np.sum(use, axis=-1, keepdims=True, dtype=np.float64), 1.0)
    x, y = (np.where(use, array - array.sum(axis=-1, keepdims=True) / count, 0) for array in logarithms)
    if use.sum() < 2 * count.size + _SPARE or not (x**2).sum():
        return ""
    factor = float(np.sum(x * y)) / float(np.sum(x**2))
    powers = np.where(expected > 0, expected, 0) ** factor if factor > 0 else np.zeros(expected.shape)
    predicted = powers / np.maximum(powers.sum(axis=-1, keepdims=True), 1e-300)
    u = UNIT_ROUNDOFF.get(dtype, UNIT_ROUNDOFF["float32"])
    slack = 16 * u * (1 + abs(factor)) * predicted * (1 - np.where(use, logarithms[0], 0))
    if factor == 1 or not (np.abs(predicted - result) <= (1 + abs(factor)) * allowance + slack).all():
        return ""
    words = constant(factor, 1e-5 * abs(factor), [expected.shape], int(use.sum()), dtype)
    return words and (
        f"a factor: {factor:.4g} = {words}: the logits of the softmax are that many times the expected ones"
    )
