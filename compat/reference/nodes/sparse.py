"""Ops on tensors kept as (indices, values, shape) that move elements: exact, in the order in which they come out."""

from typing import List

import numpy as np

from ...arrays import Array
from .flows import joined, moved, numbers, whole
from .registry import Flow, NodeCall, rule_of


def _places(indices: Flow) -> Array:
    """(count, axes): one row an element."""
    return np.asarray(whole(indices)).astype(np.int64)


def _in_order(places: Array) -> Array:
    """The order in which a dense tensor has these elements; of equal places the first stays the first."""
    return np.lexsort(tuple(places.T[::-1])) if places.shape[1] else np.arange(len(places))


@rule_of("SparseReorder")
def _(call: NodeCall, indices: Flow, values: Flow, shape: Flow) -> List[Flow]:
    places = _places(indices)
    order = _in_order(places)
    return [places[order], moved(lambda array: array[order], values)]


@rule_of("SparseReshape")
def _(call: NodeCall, indices: Flow, shape: Flow, wanted: Flow) -> List[Flow]:
    """One extent may be -1: what is left."""
    old, new = numbers(shape), numbers(wanted)
    rest = int(np.prod([extent for extent in new if extent != -1]))
    new = [int(np.prod(old)) // max(rest, 1) if extent == -1 else extent for extent in new]
    flat = np.ravel_multi_index(tuple(_places(indices).T), old)
    return [np.stack(np.unravel_index(flat, new), axis=-1).astype(np.int64), np.array(new, np.int64)]


@rule_of("SparseSlice")
def _(call: NodeCall, indices: Flow, values: Flow, shape: Flow, start: Flow, size: Flow) -> List[Flow]:
    """What reaches beyond the tensor is left out."""
    places, begin = _places(indices), np.array(numbers(start))
    extent = np.maximum(np.minimum(numbers(size), np.array(numbers(shape)) - begin), 0)
    kept = ((places >= begin) & (places < begin + extent)).all(axis=1)
    return [(places - begin)[kept], moved(lambda array: array[kept], values), extent.astype(np.int64)]


@rule_of("SparseConcat")
def _(call: NodeCall, *inputs: Flow) -> List[Flow]:
    """Of all the indices, all the values and all the shapes."""
    count = len(inputs) // 3
    shapes = [numbers(flow) for flow in inputs[2 * count :]]
    axis = int(call.get("concat_dim", 0)) % len(shapes[0])
    extent, moved_on = np.array(shapes[0], np.int64), []
    extent[axis] = 0
    for flow, shape in zip(inputs[:count], shapes):
        along = np.arange(len(shape)) == axis
        moved_on.append(_places(flow) + np.where(along, extent, 0))
        extent[axis] += shape[axis]
    places = np.concatenate(moved_on)
    order = _in_order(places)
    values = joined(lambda parts: np.concatenate(parts)[order], inputs[count : 2 * count])
    return [places[order], values, extent]


@rule_of("SparseFillEmptyRows")
def _(call: NodeCall, indices: Flow, values: Flow, shape: Flow, fill: Flow) -> List[Flow]:
    """A row without elements gets one, in its first column; which rows these are; where each element stands now."""
    places, rows = _places(indices), numbers(shape)[0]
    empty = ~np.isin(np.arange(rows), places[:, 0])
    more = np.zeros((int(empty.sum()), places.shape[1]), np.int64)
    more[:, 0] = np.flatnonzero(empty)
    every = np.concatenate([places, more])
    order = np.argsort(every[:, 0], kind="stable")
    there = np.argsort(order, kind="stable")[: len(places)]

    def filled(both: List[Array]) -> Array:
        return np.concatenate([both[0], np.repeat(both[1], len(more))])[order]

    return [every[order], joined(filled, [values, fill]), empty, there.astype(np.int64)]
