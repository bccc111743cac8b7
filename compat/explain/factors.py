"""Factors and offsets, of the whole or of each channel, and the constants that they are known for."""

import math
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array, round_to

#: A gap of this factor between sizes parts a mask's numbers, -1e9 for instance, from those that it leaves.
_GAP = 1e3
#: How far a number may lie from a constant to be it, relative, whatever its own uncertainty.
_NEAREST, _NEAREST_OF_CHANNELS = 1e-5, 1e-3
#: Numbers that a channel has to have beyond those that are fitted; channels that are told.
_SPARE, _TOLD = 3, 4
#: Constants of preprocessing by channel: (whose, their numbers, what may have been done to them).
_CHANNELS = (
    ("ImageNet's deviations", (0.229, 0.224, 0.225)),
    ("ImageNet's means", (0.485, 0.456, 0.406)),
    ("ImageNet's deviations of 0..255", (58.395, 57.12, 57.375)),
    ("ImageNet's means of 0..255", (123.675, 116.28, 103.53)),
    ("Caffe's means, BGR", (103.939, 116.779, 123.68)),
    ("ImageNet's means over their deviations", (0.485 / 0.229, 0.456 / 0.224, 0.406 / 0.225)),
)
_FORMS = (
    ("{}", lambda v: v),
    ("1/{}", lambda v: 1 / v),
    ("sqrt({})", np.sqrt),
    ("1/sqrt({})", lambda v: 1 / np.sqrt(v)),
    ("-{}", lambda v: -v),
)


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
    result: Array, expected: Array, allowance: Array, dtype: str = "float32", sizes: Sequence[int] = ()
) -> Optional[Fit]:
    """The factor, the offset, or both, of the whole or else of each channel, that bring them together.

    float64 arrays; ``allowance``: of the answer, elementwise.  ``sizes``: of axes, of which a factor may be
    the root.  None where no such fit keeps to the allowance.
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
                return _named(fits, axis, sizes, expected, dtype)
    return None


def _channel_axes(shape):
    """The last axis, and of images the second."""
    axes = [len(shape) - 1] + ([1] if len(shape) == 4 else [])
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
    if not (np.abs(factor * x + offset - y) <= allowed).all():
        return None
    uncertain = np.sqrt((inverse**2).sum(axis=1)) * np.sqrt((allowed**2).sum())  # Cauchy and Schwarz
    return factor, offset, (uncertain[0] if with_factor else 0.0), (uncertain[-1] if with_offset else 0.0)


def _named(fits, axis, sizes, expected, dtype):
    factor, offset, off_factor, off_offset = (np.array(column) for column in zip(*fits))
    if axis is None:
        words = _whole(factor[0], offset[0], off_factor[0], sizes, expected, dtype)
        return Fit(factor[0], offset[0], None, words)
    words = []
    if np.any(factor != 1):
        words.append(_by_channel(factor, off_factor) or _one_constant(factor, off_factor))
    if np.any(offset != 0):
        words.append(_by_channel(offset, off_offset) or _one_constant(offset, off_offset))
    return Fit(factor, offset, axis, " and ".join(words) if all(words) else "")


def _whole(factor, offset, off, sizes, expected, dtype):
    if offset:
        for a, b, words in _SCALES:
            if abs(factor - a) <= 1e-5 * abs(a) and abs(offset - b) <= 1e-4 * max(abs(b), 1e-3):
                return words
        return ""
    return constant(float(factor), float(off), [*sizes, *expected.shape], expected.size, dtype)


#: (factor, offset) that change one range of images into another.
_SCALES = (
    (2.0, -1.0, "0..1 made -1..1"),
    (0.5, 0.5, "-1..1 made 0..1"),
    (1 / 127.5, -1.0, "0..255 made -1..1"),
    (127.5, 127.5, "-1..1 made 0..255"),
)


def constant(
    factor: float, off: float, sizes: Sequence[int] = (), count: int = 0, dtype: str = "float32"
) -> str:
    """What a factor that may be ``off`` by so much is known as, or ""; the simplest first.

    ``count``: of the numbers that it was fitted to.  In a half precision the constant itself is rounded, and
    the roundings of so many numbers are taken for independent: else everything would be some constant.
    """
    nearest = min(max(off, 1e-9 * abs(factor)), _NEAREST * abs(factor))
    half = UNIT_ROUNDOFF.get(dtype, 0.0) > 1e-4
    if half:
        nearest = 4 * UNIT_ROUNDOFF[dtype] / math.sqrt(max(count, 16)) * abs(factor)
    for value, words in _constants(sizes, count):
        rounded = float(round_to(value, dtype)) if half else value
        if min(abs(factor - value), abs(factor - rounded)) <= nearest:
            return words
    return ""


def _constants(sizes, count) -> Iterator[Tuple[float, str]]:
    dimensions = sorted({int(size) for size in sizes if size > 1})
    yield -1.0, "-1"
    for whole in (255, 127.5, 256, *range(2, 17)):
        yield whole, f"{whole:g}"
        yield 1 / whole, f"1/{whole:g}"
    for size in dimensions:
        for value, words in (
            (math.sqrt(size), f"sqrt({size})"),
            (float(size), f"{size}, the size of an axis"),
        ):
            yield value, words
            yield 1 / value, f"1/{words}"
    for n in [*dimensions, *_products(dimensions), count]:
        if n > 1:
            yield n / (n - 1), f"{n}/{n - 1} (Bessel's correction: n - 1 for n)"
            yield (n - 1) / n, f"{n - 1}/{n} (Bessel's correction: n for n - 1)"
            yield math.sqrt(n / (n - 1)), f"sqrt({n}/{n - 1}) (Bessel's correction: n - 1 for n)"
            yield math.sqrt((n - 1) / n), f"sqrt({n - 1}/{n}) (Bessel's correction: n for n - 1)"
    for power in range(5, 25):
        yield 2.0**power, f"2^{power}"
        yield 2.0**-power, f"2^-{power}"
    for n in (*range(2, 129), 256, 512, 1024, 2048):
        yield math.sqrt(n), f"sqrt({n})"
        yield 1 / math.sqrt(n), f"1/sqrt({n})"
    named = {"pi": math.pi, "2 pi": 2 * math.pi, "ln 2": math.log(2), "ln 10": math.log(10), "e": math.e}
    for words, value in named.items():
        yield value, words
        yield 1 / value, {"ln 2": "log2 e = 1/ln 2", "ln 10": "log10 e = 1/ln 10"}.get(words, f"1/({words})")
    yield from ((256 / 255, "256/255"), (255 / 256, "255/256"), (180 / math.pi, "180/pi"))
    yield from ((math.pi / 180, "pi/180"), (math.sqrt(2 / math.pi), "sqrt(2/pi)"), (1.702, "1.702"))
    for keep in (0.9, 0.8, 0.75, 0.7, 0.6):
        yield 1 / keep, f"1/{keep:g} (a dropout of {1 - keep:.2g} scales by that)"
        yield keep, f"{keep:g} (what a dropout of {1 - keep:.2g} keeps)"


def _products(dimensions) -> List[int]:
    return sorted({a * b for i, a in enumerate(dimensions) for b in dimensions[i:]})


def _near(numbers, constants, off):
    nearest = np.minimum(np.maximum(off, 1e-6 * np.abs(constants)), _NEAREST_OF_CHANNELS * np.abs(constants))
    return len(numbers) == len(constants) and bool((np.abs(numbers - constants) <= nearest).all())


def _by_channel(numbers, off):
    """What three numbers, one a channel, are known as."""
    for whose, given in _CHANNELS:
        for form, change in _FORMS:
            values = change(np.array(given))
            said = ", ".join(form.format(f"{number:.6g}") for number in given)
            if _near(numbers, values, off):
                return f"{said} ({whose})"
            if _near(numbers, values[::-1], off):
                said = ", ".join(form.format(f"{number:.6g}") for number in given[::-1])
                return f"{said} ({whose}, the channels in reverse)"
    return ""


def _one_constant(numbers, off):
    """Of numbers that are alike: 255, 127.5, 1 and their like."""
    for value in (255.0, 1 / 255, 127.5, 1 / 127.5, 128.0, 1 / 128, 1.0, 0.5, 2.0):
        for sign, mark in ((1, ""), (-1, "-")):
            if _near(numbers, np.full(len(numbers), sign * value), off):
                return mark + (f"{value:g}" if value >= 0.5 else f"1/{1 / value:g}")
    return ""


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
    count = np.maximum(use.sum(axis=-1, keepdims=True), 1)
    x, y = (np.where(use, array - array.sum(axis=-1, keepdims=True) / count, 0) for array in logarithms)
    if use.sum() < 2 * count.size + _SPARE or not (x**2).sum():
        return ""
    factor = float((x * y).sum() / (x**2).sum())
    powers = np.where(expected > 0, expected, 0) ** factor if factor > 0 else np.zeros(expected.shape)
    predicted = powers / np.maximum(powers.sum(axis=-1, keepdims=True), 1e-300)
    u = UNIT_ROUNDOFF.get(dtype, UNIT_ROUNDOFF["float32"])
    slack = 16 * u * (1 + abs(factor)) * predicted * (1 - np.where(use, logarithms[0], 0))
    if factor == 1 or not (np.abs(predicted - result) <= (1 + abs(factor)) * allowance + slack).all():
        return ""
    words = constant(factor, 1e-5 * abs(factor), expected.shape, int(use.sum()), dtype)
    return words and (
        f"a factor: {factor:.4g} = {words}: the logits of the softmax are that many times the expected ones"
    )
