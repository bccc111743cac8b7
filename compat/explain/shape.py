"""The shape of an error that no hypothesis explains: where it is and what it looks like, in sentences."""

import numpy as np

_AXES = {2: ("row", "column"), 3: ("row", "column", "channel"), 4: ("image", "row", "column", "channel")}


def describe(result, expected, allowance):
    """Sentences about ``result - expected``; ``allowance``: what rounding may do, elementwise.

    Two arrays of one shape, float64.  Elements inside the allowance count as right.
    """
    if result.shape != expected.shape:
        return [f"the shape is {result.shape}, expected {expected.shape}"]
    finite = np.isfinite(result) & np.isfinite(expected)
    error = np.where(finite, np.where(finite, result, 0) - np.where(finite, expected, 0), 0)
    wrong = (np.abs(error) > allowance) | (np.isfinite(result) != np.isfinite(expected))
    sentences = []
    missing = int((np.isnan(result) & ~np.isnan(expected)).sum())
    if missing:
        sentences.append(f"{missing} of {result.size} elements are NaN where numbers are expected")
    if not wrong.any():
        return sentences + ["no element is outside the allowance: the difference is small and systematic"]
    share = wrong.mean()
    if share < 1:
        sentences.append(f"{int(wrong.sum())} of {wrong.size} elements are wrong")
    sentences += _places(wrong)
    off, right = error[wrong & finite], expected[wrong & finite]
    if off.size:
        sentences.append(
            f"off by {np.abs(off).max():.3g} at most, where {np.abs(right).max():.3g} is expected at most"
        )
    if off.size > 1:
        sentences += _kind(off, right)
        sentences += _growth(np.abs(error), wrong)
    return sentences


def _places(wrong):
    """Where it is: at the border only, in one index of an axis, in one of every stride, in a block."""
    sentences = []
    names = _AXES.get(wrong.ndim, tuple(f"axis {axis}" for axis in range(wrong.ndim)))
    for axis in range(wrong.ndim):
        others = tuple(a for a in range(wrong.ndim) if a != axis)
        hit = np.flatnonzero(wrong.any(axis=others))
        size = wrong.shape[axis]
        if len(hit) == size or size < 2:
            continue
        if len(hit) == 1:
            sentences.append(f"only in {names[axis]} {hit[0]} of {size}")
        elif set(hit) <= {0, size - 1}:
            sentences.append(f"only in the first and the last {names[axis]}")
        elif len(set(np.diff(hit))) == 1 and np.diff(hit)[0] > 1:
            sentences.append(f"only in every {np.diff(hit)[0]}th {names[axis]}, from {hit[0]} on")
        elif hit[-1] - hit[0] + 1 == len(hit):
            sentences.append(f"only in {names[axis]}s {hit[0]} to {hit[-1]} of {size}")
    if wrong.ndim == 4 and min(wrong.shape[1:3]) > 2 and not wrong[:, 1:-1, 1:-1].any():
        sentences.append("at the border only: look at the padding")
    return sentences


def _kind(off, right):
    """What it looks like: constant, a factor, another sign, correlated with the answer, or like noise."""
    if np.ptp(off) <= 1e-3 * np.abs(off).max():
        return [f"a constant: every wrong element is off by {off.mean():.6g}"]
    energy = float(right @ right)
    if not energy:
        return ["where 0 is expected"]
    factor = 1 + float(off @ right) / energy
    rest = off - (factor - 1) * right
    if float(rest @ rest) <= 1e-6 * float(off @ off):
        return [f"a factor: every wrong element is {factor:.6g} times the expected one"]
    sentences = []
    if (off > 0).all() or (off < 0).all():
        sentences.append("always " + ("too large" if off[0] > 0 else "too small"))
    spread = float(np.std(off) * np.std(right))
    if spread and off.size > 8:
        correlation = float(np.mean((off - off.mean()) * (right - right.mean())) / spread)
        if abs(correlation) > 0.5:
            sentences.append(f"in step with the answer (correlation {correlation:.2f})")
        else:
            sentences.append(f"not in step with the answer (correlation {correlation:.2f})")
    return sentences


def _growth(size, wrong):
    """Whether it grows along an axis."""
    names = _AXES.get(wrong.ndim, tuple(f"axis {axis}" for axis in range(wrong.ndim)))
    for axis in range(wrong.ndim):
        others = tuple(a for a in range(wrong.ndim) if a != axis)
        profile = size.mean(axis=others) if others else size
        if len(profile) < 4 or not profile.std():
            continue
        steps = np.arange(len(profile))
        if np.corrcoef(steps, profile)[0, 1] > 0.9:
            return [f"growing along the {names[axis]}s"]
    return []
