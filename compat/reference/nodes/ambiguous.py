"""Answers of which there may be several, because what they were made of is inexact and reaches a step."""

from typing import Any, Optional, Tuple

import numpy as np

from ...arrays import Array
from ..bounds import Move
from .whole import Whole


class _Several(Whole):
    """What ``unequal`` says is no answer differs, however near it is to one."""

    def reconsider(self, result: Array, error: Array, precision: str, word: str, why: str) -> Tuple[str, str]:
        return ("differs", "it is none of the possible answers") if (error > 0).any() else ("agrees", "")


class Interval(_Several):
    """Numbers from ``low`` to ``high``, both included: a floor of 2.9999999 that may be 3 and may not be 1."""

    def __init__(self, value: Any, low: Any, high: Any, dtype: Optional[str] = None) -> None:
        value = np.asarray(value)
        self.low, self.high = (
            np.broadcast_to(np.asarray(end, np.float64), value.shape) for end in (low, high)
        )
        size = value.astype(np.float64)
        with np.errstate(invalid="ignore"):
            radius = np.where(self.low == self.high, 0.0, np.maximum(self.high - size, size - self.low))
        super().__init__(value, radius, dtype)

    def unequal(self, result: Array) -> Optional[Array]:
        """Where there is one answer, whole numbers of 64 bits are told apart exactly."""
        other = np.asarray(result != self.whole)
        with np.errstate(invalid="ignore"):
            size = result.astype(np.float64)
            within = (self.low < self.high) & (size >= self.low) & (size <= self.high)
        if self.whole.dtype.kind == "f":
            within |= np.isnan(size) & np.isnan(self.value)
        return other & ~within

    def rearranged(self, move: Move) -> "Interval":
        return Interval(move(self.whole), move(np.array(self.low)), move(np.array(self.high)), self.dtype)


class OneOf(_Several):
    """Indices below n.  ``allowed``: truth values with one axis of n more at the end: whether that index may be it."""

    def __init__(self, value: Any, allowed: Any, dtype: Optional[str] = None) -> None:
        value = np.asarray(value)
        own = value[..., None] == np.arange(np.shape(allowed)[-1])
        self.allowed = np.asarray(allowed) | own
        indices = np.arange(self.allowed.shape[-1])
        distance = np.where(self.allowed, abs(indices - value[..., None]), 0)
        super().__init__(value, distance.max(axis=-1), dtype)

    def unequal(self, result: Array) -> Optional[Array]:
        n = self.allowed.shape[-1]
        place = np.clip(result, 0, n - 1).astype(np.int64)
        found = np.take_along_axis(self.allowed, place[..., None], axis=-1)[..., 0]
        return np.asarray((result < 0) | (result >= n) | ~found)

    def rearranged(self, move: Move) -> "OneOf":
        allowed = [move(self.allowed[..., index]) for index in range(self.allowed.shape[-1])]
        return OneOf(move(self.whole), np.stack(allowed, axis=-1), self.dtype)


class Either(_Several):
    """What ``first`` allows; and what ``second`` does, where that allows the answer of the first as well."""

    def __init__(self, first: Whole, second: Whole) -> None:
        super().__init__(first.whole, np.maximum(first.radius, second.radius), first.dtype)
        self.first, self.second = first, second

    def unequal(self, result: Array) -> Optional[Array]:
        excused = ~np.asarray(self.second.unequal(result)) & ~np.asarray(self.second.unequal(self.whole))
        return np.asarray(self.first.unequal(result)) & ~excused

    def rearranged(self, move: Move) -> "Either":
        return Either(self.first.rearranged(move), self.second.rearranged(move))
