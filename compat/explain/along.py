"""What was computed, where every number is a weighted sum along an axis of an input: the weights are solved for.

A mean, a sum, a product with a matrix, a resize along an axis, a roll: y = x M along that axis.  Both M, that of
the answer and that of the result, follow by least squares where there are more rows than weights, and each is
believed where it reproduces all of its numbers.
"""

from typing import Iterator, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from .matching import match

#: Weights of one sum at most; rows that there have to be for so many: this share more, and some.
_WEIGHTS, _MORE, _SPARE = 512, 1.25, 4
#: A weight that is known no better than to this share of the largest is not known.
_UNKNOWN = 0.02
_TOLD = 3


class _Weights(NamedTuple):
    """``matrix`` (inputs, outputs); ``off``: how far each may be off."""

    matrix: Array
    off: Array


def along_an_axis(
    result: Array, expected: Array, allowance: Array, known: Mapping[str, Array], dtype: str = "float32"
) -> Optional[str]:
    """The weights with which the result and the answer follow from one of the ``known`` arrays, in a sentence.

    None where one of the two does not follow along any axis, where too few numbers tell, or both are the same.
    """
    if result.shape != expected.shape or not np.isfinite(result).all() or not np.isfinite(expected).all():
        return None
    u = UNIT_ROUNDOFF.get(dtype, UNIT_ROUNDOFF["float32"])
    for name, x, axis in _axes(known, expected.shape):
        rows = np.moveaxis(np.asarray(x, np.float64), axis, -1).reshape(-1, x.shape[axis])
        if len(rows) < _MORE * rows.shape[1] + _SPARE or not np.isfinite(rows).all():
            continue
        if np.linalg.matrix_rank(rows) < rows.shape[1]:
            continue
        laid = lambda array, x=x, axis=axis: _laid(array, x.ndim, axis)
        inverse = np.linalg.pinv(rows)
        right = _solved(rows, inverse, laid(expected), laid(allowance), u)
        wrong = _solved(rows, inverse, laid(result), laid(allowance), u) if right else None
        if right is None or wrong is None:
            continue
        if (np.abs(wrong.matrix - right.matrix) <= wrong.off + right.off).all():
            return None
        return _sentence(name, axis, wrong, right)
    return None


def _axes(known, shape) -> Iterator[Tuple[str, Array, int]]:
    """The arrays and axes of which something of that shape may be a weighted sum."""
    for name, x in known.items():
        x = np.asarray(x)
        if x.dtype.kind not in "fiu":
            continue
        for axis in range(x.ndim):
            reduced = x.shape[:axis] + x.shape[axis + 1 :]
            along = len(shape) == x.ndim and shape[:axis] + shape[axis + 1 :] == reduced
            if 1 < x.shape[axis] <= _WEIGHTS and (along or shape == reduced):
                yield name, x, axis


def _laid(array, dimensions, axis):
    return (np.moveaxis(array, axis, -1) if array.ndim == dimensions else array[..., None]).reshape(
        -1, array.shape[axis] if array.ndim == dimensions else 1
    )


def _solved(rows, inverse, y, allowance, u):
    matrix = inverse @ y
    rounding = (rows.shape[1] + 4) * u * (np.abs(rows) @ np.abs(matrix))
    allowed = np.maximum(allowance, rounding)
    if not (np.abs(rows @ matrix - y) <= allowed).all():
        return None
    off = np.sqrt((inverse**2).sum(axis=1))[:, None] * np.sqrt((allowed**2).sum(axis=0))
    return _Weights(matrix, off) if off.max() <= _UNKNOWN * np.abs(matrix).max() else None


def _sentence(name, axis, wrong, right):
    off = wrong.off + right.off
    where = f"along axis {axis} of {name}"
    if wrong.matrix.shape[1] == 1:
        return f"{where} what was computed is {_said(wrong)}, expected {_said(right)}"
    words = match(wrong.matrix, right.matrix, off, 0, (1,))
    if words:
        return f"{where} what was computed is a product with the matrix {' and '.join(words)}"
    places = np.flatnonzero((np.abs(wrong.matrix - right.matrix) > off).any(axis=0))
    told = [f"place {p} is {_sum(wrong, p)}, expected {_sum(right, p)}" for p in places[:_TOLD]]
    return f"{where} {len(places)} of {wrong.matrix.shape[1]} places are other sums: " + "; ".join(told)


def _said(weights):
    """One weighted sum: a mean, a sum, one element, or its weights."""
    w, off = weights.matrix[:, 0], weights.off[:, 0]
    n = len(w)
    for value, words in (
        (1 / n, "the mean"),
        (1.0, "the sum"),
        (1 / (n - 1), f"the sum over {n - 1}, for {n}"),
    ):
        if (np.abs(w - value) <= off).all():
            return words
    largest = int(np.argmax(np.abs(w)))
    others = np.arange(n) != largest
    if (np.abs(w[others]) <= off[others]).all() and abs(w[largest] - 1) <= off[largest]:
        return f"element {largest}"
    used = np.abs(w) > off
    mean = 1 / max(1, int(used.sum()))
    if (np.abs(w[used] - mean) <= off[used]).all() and not used.all():
        return f"the mean of {int(used.sum())} of {n} elements ({_listed(np.flatnonzero(used))})"
    return f"a sum with the weights {_listed(w)}"


def _listed(numbers):
    return ", ".join(f"{number:.4g}" for number in numbers[:6]) + (", ..." if len(numbers) > 6 else "")


def _sum(weights, place):
    w, off = weights.matrix[:, place], weights.off[:, place]
    used = np.flatnonzero(np.abs(w) > off)
    terms = [f"{w[i]:.4g} x[{i}]" for i in used[:4]]
    return (" + ".join(terms) if terms else "0") + (" + ..." if len(used) > 4 else "")
