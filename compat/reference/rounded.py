"""Arrays as answers: what another implementation computed, with the roundings that went into it.

An array says nothing of how it was made.  Where it is told that every element is a sum of ``terms`` products
whose absolute values add up to ``scale``, the bounds are those of such a sum, see ``bounds``; where nothing is
told, each side is the exact number rounded once.  The array's own roundings come on top of those of what is
judged by it: they are carried, as an input's are.
"""

from typing import Any

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from .bounds import Reference
from .carried import Carried
from .measured import FLUSHED


def rounded_once(value: Any, dtype: str, own: str) -> Reference:
    """Of results of that dtype: each side is the exact number rounded once.  ``own``: the dtype of ``value``."""
    size = _size(np.asarray(value))

    def rounding(dtype: str) -> Array:
        return UNIT_ROUNDOFF[dtype] * size + FLUSHED[dtype]

    def both(dtype: str) -> Array:
        return rounding(dtype) + rounding(own)

    return Reference(value, dtype=dtype, carried=Carried(both, both, np.zeros(size.shape), 1))


def summed(value: Any, terms: Any, scale: Any, dtype: str, own: str) -> Reference:
    """Of results of that dtype: both sides are sums of ``terms`` products, in any order.

    ``scale``: the sum of the absolute products of each element, or None for |value|, which it never is below:
    then nothing is allowed for that cancels.  ``own``: the dtype of ``value``; float64 is exact but for the
    rounding that every Reference allows its answer.
    """
    value = np.asarray(value)
    size = _size(value)
    magnitude = size if scale is None else scale
    kind = Reference if np.shape(magnitude) == value.shape and scale is not None else _Roughly
    answer = kind(value, magnitude, terms, dtype)
    if own in ("float64", "complex128"):
        return answer
    itself = Reference(value, magnitude, terms)
    answer.carried = Carried(
        lambda _: itself.worst(own), lambda _: itself.typical(own), np.zeros(size.shape), answer.longest
    )
    return answer


class _Roughly(Reference):
    """Of a scale that is not each element's own: their roundings are not alike."""

    alike = False


def _size(value: Array) -> Array:
    """|y|, and 0 where that is no number."""
    size = np.abs(value).astype(np.float64)
    return np.where(np.isfinite(size), size, 0.0)
