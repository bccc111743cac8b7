"""Diagonals of matrices, taken and set; and what stands at listed places of a dense array."""

from typing import Any, List, Sequence, Tuple

import numpy as np

from ...arrays import Array
from .flows import counted, numbers, taken_from, value_of, whole
from .registry import Flow, NodeCall, NoRule, rule_of


def _band(call: NodeCall, k: Sequence[int], rows: int, columns: int) -> Array:
    """(diagonals, longest): the place in the matrix of each element, the highest diagonal first; -1: padding.

    ``align``: where the shorter ones stand, those above and those below; both on the left before version 3.
    """
    low, high = k[0], k[-1]
    above, below = str(call.get("align") or ("RIGHT_LEFT" if call.op.endswith("V3") else "LEFT_LEFT")).split(
        "_"
    )
    lengths = [min(rows + min(d, 0), columns - max(d, 0)) for d in range(high, low - 1, -1)]
    longest = max(lengths)
    places = np.full((len(lengths), longest), -1)
    for line, length, d in zip(places, lengths, range(high, low - 1, -1)):
        left = (d >= 0 and above == "LEFT") or (d <= 0 and below == "LEFT")
        first = 0 if left else longest - length
        along = np.arange(length)
        line[first : first + length] = (along + max(-d, 0)) * columns + along + max(d, 0)
    return places


def _diagonals(k: Tuple[Flow, ...]) -> List[int]:
    found = numbers(k[0]) if k else [0]
    if found[0] > found[-1]:
        raise NoRule("diagonals in falling order")
    return found


def _zero(x: Flow) -> Array:
    return np.zeros(1, np.asarray(value_of(x)).dtype)


@rule_of("MatrixDiagPart", "MatrixDiagPartV2", "MatrixDiagPartV3")
def _(call: NodeCall, x: Flow, *settings: Flow) -> Flow:
    k, shape = _diagonals(settings[:1]), np.shape(value_of(x))
    band = _band(call, k, *shape[-2:])
    band = band[0] if k[0] == k[-1] else band
    matrices = counted(shape, 1).reshape(shape[:-2] + (-1,))
    return taken_from([settings[1] if settings else _zero(x), x], np.where(band < 0, 0, matrices[..., band]))


def _set(matrices: Array, diagonal: Flow, band: Array, first: int) -> Array:
    """The places of the matrices' elements, but on the band those of the diagonals, counted from ``first``."""
    shape = matrices.shape
    flat = matrices.reshape(shape[:-2] + (-1,))
    new = counted(np.shape(value_of(diagonal)), first).reshape(shape[:-2] + (-1,))
    flat[..., band[band >= 0]] = new[..., band.ravel() >= 0]
    return flat.reshape(shape)


@rule_of("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3")
def _(call: NodeCall, x: Flow, diagonal: Flow, *settings: Flow) -> Flow:
    places = counted(np.shape(value_of(x)))
    band = _band(call, _diagonals(settings[:1]), *places.shape[-2:])
    return taken_from([x, diagonal], _set(places, diagonal, band, places.size))


@rule_of("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3")
def _(call: NodeCall, diagonal: Flow, *settings: Flow) -> Flow:
    """Without a number of rows and columns the smallest square; without one of them as few as there must be."""
    k, shape = _diagonals(settings[:1]), np.shape(value_of(diagonal))
    rows, columns = (numbers(settings[1])[0], numbers(settings[2])[0]) if settings else (-1, -1)
    least = shape[-1] - min(k[-1], 0), shape[-1] + max(k[0], 0)
    if rows == columns == -1:
        rows = columns = max(least)
    rows, columns = least[0] if rows == -1 else rows, least[1] if columns == -1 else columns
    outer = shape[:-1] if k[0] == k[-1] else shape[:-2]
    places = np.zeros(outer + (rows, columns), np.int64)
    fill: Any = settings[3] if settings else _zero(diagonal)
    return taken_from([fill, diagonal], _set(places, diagonal, _band(call, k, rows, columns), 1))


@rule_of("SparseToDense")
def _(call: NodeCall, indices: Flow, shape: Flow, values: Flow, default: Flow) -> Flow:
    extents, found = numbers(shape), np.asarray(whole(indices))
    found = found.reshape(-1, len(extents)) if found.ndim < 2 else found
    places = np.zeros(extents, np.int64)
    places[tuple(found.T)] = np.broadcast_to(counted(np.shape(value_of(values)), 1), (len(found),))
    return taken_from([default, values], places)
