"""How much speaks for a cause that fits: of one number nearly everything can be made by accident."""

from typing import Any

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array, parts
from .target import Target

#: Bits of one element at most; of a 0 or a 1, which many faults give; of NaN and infinity where they are due.
_MOST, _COMMON, _NO_NUMBER = 24.0, 8.0, 12.0
#: Of so many elements more is known than anybody asks for.
_ENOUGH = 4096
#: Roundings that need no cause, where there are no more than ``_FEW`` numbers.
_ROUNDINGS, _FEW = 4, 4


def bits(result: Array, before: Array, allowance: Any) -> float:
    """How many bits the result has in common with what a cause predicts, beyond what it had ``before``.

    An element that was off by 2^k times what is ``allowance`` now would agree by accident once in 2^k.  The
    same number in place of the same number counts once.
    """
    if result.dtype.kind == "c":
        result, before = parts(result), parts(before)
        allowance = np.broadcast_to(np.asarray(allowance)[..., None], result.shape)
    moved = result.shape == before.shape
    before = before if moved else np.arange(float(result.size))  # nothing was there, at so many places
    pairs = np.stack([np.asarray(a, np.float64).ravel() for a in (result, before)], axis=1)
    wrong = (
        ~(pairs[:, 0] == pairs[:, 1]) & ~np.isnan(pairs).all(axis=1) if moved else np.ones(len(pairs), bool)
    )
    if not wrong.any():
        return 0.0
    allowed = np.broadcast_to(allowance, result.shape).ravel()[wrong][:_ENOUGH]
    found, first = np.unique(pairs[wrong][:_ENOUGH], axis=0, return_index=True)
    value, was = found[:, 0], found[:, 1]
    with np.errstate(all="ignore"):
        off = np.where(np.isfinite(was) & moved, np.abs(value - was), np.abs(value))
        most = np.maximum(allowed[first], UNIT_ROUNDOFF["float32"] * np.abs(value))
        each = np.clip(np.log2(off / most), 0, _MOST)
    each = np.where(np.isin(value, (0, 1, -1)), np.minimum(each, _COMMON), each)
    each = np.where(np.isfinite(value), np.where(np.isnan(each), 0, each), _NO_NUMBER)
    return float(each.sum())


def roundings(result: Array, expected: Array, dtype: str) -> float:
    """How many units in the last place of the larger one two arrays are apart, at most; infinite if unlike."""
    if result.shape != expected.shape or dtype not in UNIT_ROUNDOFF or not result.size:
        return np.inf
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(result), np.abs(expected))
        unit = 2 * UNIT_ROUNDOFF[dtype] * 2.0 ** np.floor(np.log2(np.where(size > 0, size, 1)))
        off = np.where(result == expected, 0, np.abs(result - expected) / unit)
    return float(off.max()) if np.isfinite(off).all() else np.inf


def few_roundings(target: Target) -> bool:
    """Whether all that is wrong are a few numbers off by a few roundings: that needs no cause."""
    _, references, _ = target.baseline()
    return set(references or ()) == set(target.results) and all(
        result.size <= _FEW
        and dtype == (references[name].dtype or target.dtype)
        and roundings(result, references[name].value, dtype) <= _ROUNDINGS
        for name, (result, dtype) in target.results.items()
        if references
    )
