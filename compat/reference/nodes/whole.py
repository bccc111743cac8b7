"""Answers that are no sums: whole numbers, truth values and texts."""

from typing import Any, Optional

import numpy as np

from ...arrays import Array
from ..bounds import Move, Reference


class Whole(Reference):
    """Whole numbers, truth values or texts, which are what they are and nothing near it.

    ``radius``: how far a number may be off, where what it was made of reaches a step: a floor of 2.9999999 may be 3
    if the input's allowance reaches 3.
    """

    alike = False
    convicts = False

    def __init__(self, value: Any, radius: Any = 0, dtype: Optional[str] = None) -> None:
        self.whole = np.asarray(value)
        numbers = self.whole.dtype.kind in "biuf"
        super().__init__(self.whole if numbers else np.zeros(self.whole.shape), dtype=dtype)
        if not numbers:
            self.value = self.whole
        self.radius = np.broadcast_to(np.asarray(radius, np.float64), self.whole.shape)

    def worst(self, dtype: str) -> Array:
        return self.radius

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        return self.radius

    def typical(self, dtype: str) -> Array:
        return self.radius

    def unequal(self, result: Array) -> Optional[Array]:
        """Beyond the radius; whole numbers of 64 bits are told apart exactly."""
        other = np.asarray(result != self.whole)
        if not self.radius.any():
            return other
        with np.errstate(invalid="ignore"):
            return other & (np.abs(result.astype(np.float64) - self.value) > self.radius)

    def rearranged(self, move: Move) -> "Whole":
        return Whole(move(self.whole), move(np.array(self.radius)), self.dtype)
