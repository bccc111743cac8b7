"""How far a distinct result of an output is from what it was judged by, element by element."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

#: Elements beyond which nothing is drawn of single errors; the judge keeps no allowance of more, either.
MOST_ELEMENTS = 1 << 22
#: Unit roundoff and smallest normal number by the name of a dtype, of complex numbers those of their parts.
_PRECISIONS = {"bfloat16": (2.0**-8, 2.0**-126)}
for _name, _part in (
    *((name, name) for name in ("float16", "float32", "float64")),
    ("complex64", "float32"),
    ("complex128", "float64"),
):
    _PRECISIONS[_name] = float(np.finfo(_part).eps) / 2, float(np.finfo(_part).tiny)
_LARGEST = float(np.finfo(np.float64).max)


@dataclass(eq=False)
class Deviation:
    """``error`` and ``size``: |found - expected| and |expected| of every element where both are finite.

    ``allowance``: how far each of these may be off, or None where that is not known; ``bound``: its digest.
    ``shape``: of the output, of complex numbers with their parts along an axis at the end; ``among``: where in it these
    elements are, or None for everywhere.  ``lost``: how many of the others are not the same on both sides.
    """

    letters: str
    hue: str
    dtype: str
    shape: tuple[int, ...]
    among: np.ndarray | None
    error: np.ndarray
    size: np.ndarray
    allowance: np.ndarray | None
    bound: str
    lost: int

    @functools.cached_property
    def beyond(self) -> np.ndarray:
        """Where an element is farther off than allowed: nowhere where that is not known."""
        if self.allowance is None:
            return np.zeros(0, int)
        return np.flatnonzero(self.error > self.allowance)

    @functools.cached_property
    def share(self) -> np.ndarray | None:
        """Of the allowance, elementwise; infinite where none is allowed."""
        if self.allowance is None:
            return None
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            share = self.error / self.allowance
        share[self.error == 0] = 0
        return share

    def share_at(self, rank: int) -> np.ndarray | None:
        """The share in the places of an output of so many axes, NaN where there is none; of two parts the larger."""
        if self.share is None:
            return None
        if self.among is None:
            share = self.share.reshape(self.shape)
        else:
            share = np.full(self.shape, np.nan)
            share[self.among] = self.share
        return share if share.ndim == rank else share.max(axis=-1)

    @functools.cached_property
    def ulps(self) -> np.ndarray | None:
        """In units in the last place of the expected value, rounded to whole ones; None of whole numbers."""
        if self.dtype not in _PRECISIONS:
            return None
        roundoff, smallest = _PRECISIONS[self.dtype]
        _, exponent = np.frexp(np.maximum(self.size, smallest))
        with np.errstate(over="ignore"):
            return np.rint(np.ldexp(self.error / roundoff, -exponent))


class Answer:
    """What results are held against: one array for all of them, read and looked into once."""

    def __init__(self, array: np.ndarray):
        self._array = array
        self._value = _real(array)
        self._finite = np.isfinite(self._value)
        self._all = bool(self._finite.all())
        self._size = np.abs(self._value).ravel() if self._all else np.abs(self._value[self._finite])

    @classmethod
    def of(cls, array: np.ndarray | None) -> Answer | None:
        """None where there are no numbers, or too many."""
        if array is None or not 0 < array.size <= MOST_ELEMENTS or array.dtype.kind not in "biufc":
            return None
        return cls(array)

    def deviation(
        self, array: np.ndarray, dtype: str, allowance: np.ndarray | None, bound: str, letters: str, hue: str
    ) -> Deviation | None:
        """How far a result is from it; None where it is the same, or of another kind."""
        if array.shape != self._array.shape or (array.dtype.kind == "c") != (self._array.dtype.kind == "c"):
            return None
        found = _real(array)
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.minimum(np.abs(found - self._value), _LARGEST)
        finite = np.isfinite(found)
        whole = self._all and bool(finite.all())
        lost = 0
        if not whole:
            finite &= self._finite
            alike = (found == self._value) | (np.isnan(found) & np.isnan(self._value))
            lost = int(np.count_nonzero(~finite & ~alike))
        if not lost and not error[finite].any():
            return None
        allowed = _broadcast(allowance, array, self._value)
        among = None if whole else finite
        size, of = (self._size, ...) if among is None else (np.abs(self._value[among]), among)
        allowed = None if allowed is None else allowed[of].ravel()
        return Deviation(
            letters, hue, dtype, error.shape, among, error[of].ravel(), size, allowed, bound, lost
        )


def _real(array: np.ndarray) -> np.ndarray:
    """As float64, of complex numbers both parts along an axis at the end."""
    parts = np.stack([array.real, array.imag], axis=-1) if array.dtype.kind == "c" else array
    return parts.astype(np.float64)


def _broadcast(allowance: np.ndarray | None, array: np.ndarray, value: np.ndarray) -> np.ndarray | None:
    """The allowance of every element; None for one of another shape: a store may hold anything."""
    if allowance is None or allowance.dtype.kind != "f" or allowance.shape not in ((), array.shape):
        return None
    allowance = allowance.astype(np.float64)
    if allowance.shape and value.ndim > array.ndim:  # both parts of a complex number have the same
        allowance = allowance[..., None]
    return np.nan_to_num(np.broadcast_to(allowance, value.shape), nan=0.0, posinf=np.inf)
