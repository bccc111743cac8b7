"""The shape of an error that no hypothesis explains: where it is and what it looks like, in sentences."""

import itertools
from typing import List, Mapping, Optional

import numpy as np

from ..arrays import Array
from .constants import constant
from .factors import aside

_AXES = {2: ("row", "column"), 3: ("row", "column", "channel"), 4: ("image", "row", "column", "channel")}
#: How alike two arrays have to be to be said to be the same, relative to the largest.
_ALIKE = 1e-5


def describe(
    result: Array, expected: Array, allowance: Array, known: Optional[Mapping[str, Array]] = None
) -> List[str]:
    """Sentences about ``result - expected``; ``allowance``: what rounding may do, elementwise.

    float64 arrays.  Elements inside the allowance count as right.  ``known``: {name: array} of other tensors,
    that the result may be instead.
    """
    if result.shape != expected.shape:
        sentences = [f"the shape is {result.shape}, expected {expected.shape}"]
        return sentences + _part(result, expected) + _same_numbers(result, expected) + _another(result, known)
    finite = np.isfinite(result) & np.isfinite(expected)
    error = np.where(finite, np.where(finite, result, 0) - np.where(finite, expected, 0), 0)
    wrong = (np.abs(error) > allowance) | (np.isfinite(result) != np.isfinite(expected))
    wrong |= np.isinf(result) & np.isinf(expected) & (result != expected)
    sentences = []
    missing = int((np.isnan(result) & ~np.isnan(expected)).sum())
    if missing:
        sentences.append(f"{missing} of {result.size} elements are NaN where numbers are expected")
    if not wrong.any():
        return sentences + ["no element is outside the allowance: the difference is small and systematic"]
    masked = aside(result, expected)
    if masked.any():
        sentences.append(
            f"{int(masked.sum())} numbers of a mask, {np.abs(expected[masked]).max():.3g}, set aside"
        )
    sentences += _another(result, known) + _same_numbers(result[~masked], expected[~masked])
    wrong &= ~masked
    if wrong.mean() < 1:
        sentences.append(f"{int(wrong.sum())} of {wrong.size} elements are wrong")
    sentences += _places(wrong)
    off, right = error[wrong & finite], expected[wrong & finite]
    if off.size:
        sentences.append(
            f"off by {np.abs(off).max():.3g} at most, where {np.abs(right).max():.3g} is expected at most"
        )
    if off.size > 1:
        sentences += _kind(off, right, allowance[wrong & finite], result.shape)
        sentences += _growth(np.abs(error), wrong)
    return sentences


def _names(dimensions):
    """(one, several) of every axis."""
    known = _AXES.get(dimensions)
    if known:
        return [(name, f"{name}s") for name in known]
    if dimensions == 1:
        return [("place", "places")]
    return [(f"place of axis {axis}", f"places of axis {axis}") for axis in range(dimensions)]


def _places(wrong):
    """Where it is: at the border only, in one index of an axis, in one of every stride, in a block."""
    sentences = []
    for axis, (one, several) in enumerate(_names(wrong.ndim)):
        hit = np.flatnonzero(wrong.any(axis=tuple(a for a in range(wrong.ndim) if a != axis)))
        size = wrong.shape[axis]
        if len(hit) == size or size < 2:
            continue
        if len(hit) == 1:
            sentences.append(f"only in {one} {hit[0]} of {size}")
        elif set(hit) <= {0, size - 1}:
            sentences.append(f"only in the first and the last {one}")
        elif len(set(np.diff(hit))) == 1 and np.diff(hit)[0] > 1:
            sentences.append(f"only in one of every {np.diff(hit)[0]} {several}, from {hit[0]} on")
        elif hit[-1] - hit[0] + 1 == len(hit):
            sentences.append(f"only in {several} {hit[0]} to {hit[-1]} of {size}")
    if wrong.ndim == 4 and min(wrong.shape[1:3]) > 2 and not wrong[:, 1:-1, 1:-1].any():
        sentences.append("at the border only: look at the padding")
    return sentences


def _kind(off, right, allowed, shape):
    """What it looks like: a sign, constant, a factor, in step with the answer, or like noise."""
    if (np.abs(off + 2 * right) <= 2 * allowed).all() and right.any():
        return ["a sign: every wrong element is minus the expected one"]
    if np.ptp(off) <= 1e-3 * np.abs(off).max():
        return [f"a constant: every wrong element is off by {off.mean():.6g}"]
    energy = float(right @ right)
    if not energy:
        return ["where 0 is expected"]
    factor = 1 + float(off @ right) / energy
    rest = off - (factor - 1) * right
    if float(rest @ rest) <= 1e-6 * float(off @ off):
        known = constant(factor, 1e-6 * abs(factor), [shape], right.size)
        known = f" = {known}," if known else ""
        return [f"a factor: every wrong element is {factor:.6g}{known} times the expected one"]
    sentences = []
    if (off > 0).all() or (off < 0).all():
        sentences.append("always " + ("too large" if off[0] > 0 else "too small"))
    correlation = _correlation(off, right)
    if correlation is not None:
        step = "in step" if abs(correlation) > 0.5 else "not in step"
        sentences.append(f"{step} with the answer (correlation {correlation:.2f})")
    return sentences


def _correlation(a, b):
    """Between two flat arrays, or None where they are too few or one does not vary."""
    spread = float(np.std(a) * np.std(b))
    if not spread or a.size <= 8:
        return None
    return float(np.mean((a - a.mean()) * (b - b.mean())) / spread)


def _growth(size, wrong):
    """Whether it grows along an axis."""
    for axis, (_, several) in enumerate(_names(wrong.ndim)):
        others = tuple(a for a in range(wrong.ndim) if a != axis)
        profile = size.mean(axis=others) if others else size
        if len(profile) < 4 or not profile.std():
            continue
        steps = np.arange(len(profile))
        if np.corrcoef(steps, profile)[0, 1] > 0.9:
            return [f"growing along the {several}"]
    return []


def _close(a, b):
    """Whether two arrays of one shape are the same but for rounding."""
    if not a.size or not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return False
    finite = np.isfinite(a)
    return bool((np.abs(a - b)[finite] <= _ALIKE * max(np.abs(b[finite]).max(initial=0.0), 1e-300)).all())


def _part(result, expected):
    """Where the result is a block of the expected one, or has it as a block."""
    for small, large, words in (
        (result, expected, "it is the expected one from {} on: its ends are missing"),
        (expected, result, "the expected one is in it from {} on: it has ends too many"),
    ):
        spare = [n - m for n, m in zip(large.shape, small.shape)]
        if small.ndim != large.ndim or min(spare, default=0) < 0 or np.prod([n + 1 for n in spare]) > 400:
            continue
        for starts in itertools.product(*(range(n + 1) for n in spare)):
            block = tuple(slice(start, start + size) for start, size in zip(starts, small.shape))
            if small.size and _close(small, large[block]):
                return [words.format(list(starts))]
    return []


def _same_numbers(result, expected):
    """Whether it has the expected numbers elsewhere."""
    if result.size != expected.size or result.size < 2 or not np.ptp(expected):
        return []
    if result.shape == expected.shape and _close(result, expected):
        return []
    if _close(np.sort(result, axis=None), np.sort(expected, axis=None)):
        return [
            "the expected numbers, in other places: look for a transpose, a reshape, a flip, another order"
        ]
    return []


def copied(result: Array, known: Optional[Mapping[str, Array]]) -> Optional[str]:
    """The name of another tensor that the result is, but for rounding and its shape; or None."""
    for name, array in (known or {}).items():
        array = np.asarray(array)
        numbers = array.size == result.size > 1 and array.dtype.kind in "fiu" and np.ptp(array) > 0
        if numbers and _close(result.ravel(), array.astype(np.float64).ravel()):
            return name
    return None


def _another(result, known):
    """Whether it is, or follows, another tensor."""
    name = copied(result, known)
    if name is not None:
        return [f"it is {name}: look for a step that is not done"]
    for name, array in (known or {}).items():
        array = np.asarray(array)
        if array.size != result.size or array.size < 2 or array.dtype.kind not in "fiu":
            continue
        flat, other = result.ravel(), array.astype(np.float64).ravel()
        if not np.ptp(other) or not np.isfinite(flat).all() or not np.isfinite(other).all():
            continue
        correlation = _correlation(flat, other)
        if correlation is not None and abs(correlation) > 0.999:
            factor = float(flat @ other) / float(other @ other)
            if _close(flat, factor * other):
                return [f"it is {factor:.6g} times {name}"]
            return [f"it follows {name} (correlation {correlation:.4f})"]
    return []
