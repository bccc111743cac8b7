"""Constants that factors and offsets are known for: roots, powers, pi, Bessel's correction, preprocessing."""

import math
from typing import Iterator, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array, round_to

#: How far a number may lie from a constant to be it, relative, whatever its own uncertainty.
_NEAREST, _NEAREST_OF_CHANNELS = 1e-5, 1e-3
#: A constant beside 1 has to be so many times as far from 1 as it is uncertain: there are many of them.
_BESIDE_ONE = 100
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
#: (factor, offset) that change one range of images into another.
SCALES = (
    (2.0, -1.0, "0..1 made -1..1"),
    (0.5, 0.5, "-1..1 made 0..1"),
    (1 / 127.5, -1.0, "0..255 made -1..1"),
    (127.5, 127.5, "-1..1 made 0..255"),
)


def constant(
    factor: float, off: float, shapes: Sequence[Sequence[int]] = (), count: int = 0, dtype: str = "float32"
) -> str:
    """What a factor that may be ``off`` by so much is known as, or ""; the simplest first.

    ``shapes``: of the tensors around it, of whose sizes it may be made.  ``count``: of the numbers that it was
    fitted to.  In a half precision the constant itself is rounded, and the roundings of so many numbers are
    taken for independent: else everything would be some constant.
    """
    nearest = min(max(off, 1e-9 * abs(factor)), _NEAREST * abs(factor))
    half = UNIT_ROUNDOFF.get(dtype, 0.0) > 1e-4
    if half:
        nearest = 4 * UNIT_ROUNDOFF[dtype] / math.sqrt(max(count, 16)) * abs(factor)
    for value, words in _constants(shapes):
        rounded = float(round_to(value, dtype)) if half else value
        if min(abs(factor - value), abs(factor - rounded)) <= nearest < abs(value - 1) / _BESIDE_ONE:
            return words
    return ""


def _constants(shapes) -> Iterator[Tuple[float, str]]:
    dimensions = sorted({int(size) for shape in shapes for size in shape if size > 1})
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
    for n in sorted({*dimensions, *_counts(shapes)}):
        if n > 1:
            yield n / (n - 1), f"{n}/{n - 1} (n - 1 for n, as Bessel's correction)"
            yield (n - 1) / n, f"{n - 1}/{n} (n for n - 1, as Bessel's correction)"
            yield math.sqrt(n / (n - 1)), f"sqrt({n}/{n - 1}) (n - 1 for n, as Bessel's correction)"
            yield math.sqrt((n - 1) / n), f"sqrt({n - 1}/{n}) (n for n - 1, as Bessel's correction)"
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


def _counts(shapes):
    """Of how many numbers a mean may be: all of a tensor, those of one channel, of one image's channel."""
    for shape in shapes:
        for part in (shape, shape[:-1], shape[1:-1], shape[1:]):
            yield int(np.prod(part)) if len(part) else 1


def _near(numbers, constants, off):
    if len(numbers) != len(constants):
        return False
    nearest = np.minimum(np.maximum(off, 1e-6 * np.abs(constants)), _NEAREST_OF_CHANNELS * np.abs(constants))
    return bool((np.abs(numbers - constants) <= nearest).all())


def by_channel(numbers: Array, off: Array) -> str:
    """What three numbers, one a channel, that may be ``off`` by so much, are known as, or ""."""
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


def one_constant(numbers: Array, off: Array) -> str:
    """What numbers that are alike are known as: 255, 127.5, 1 and their like; or ""."""
    value: float
    for value in (255.0, 1 / 255, 127.5, 1 / 127.5, 128.0, 1 / 128, 1.0, 0.5, 2.0):
        for sign, mark in ((1, ""), (-1, "-")):
            if _near(numbers, np.full(len(numbers), sign * value), off):
                return mark + (f"{value:g}" if value >= 0.5 else f"1/{1.0 / value:g}")
    return ""
