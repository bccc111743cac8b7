"""Ops that take elements by their index, or put them there: gathers, scatters, partitions and stitches."""

from typing import Any, List, Tuple

import numpy as np

from ...arrays import Array
from ..tracked import follows
from .flows import counted, floating, is_exact, moved, numbers, taken_from, tracked, value_of, whole
from .reductions import multiplied
from .registry import Flow, NodeCall, NoRule, rule_of
from .slicing import added
from .whole_numbers import exactly


def _at(array: Array, indices: Array, axis: int, batch: int) -> Array:
    if batch == 0:
        return np.take(array, indices, axis)
    if not len(array):
        raise NoRule("a gather of no batches")
    return np.stack([_at(one, index, axis - 1, batch - 1) for one, index in zip(array, indices)])


def _gathered(table: Flow, indices: Flow, axis: int, batch: int) -> Flow:
    places, rank = np.asarray(whole(indices)), np.ndim(value_of(table))
    axis, batch = axis % max(rank, 1), batch % (places.ndim + 1) if batch < 0 else batch
    return moved(lambda array: _at(array, places, axis, batch), table)


@rule_of("Gather", "ResourceGather", "BatchGather")
def _(call: NodeCall, table: Flow, indices: Flow) -> Flow:
    batch = int(call.get("batch_dims") or 0)
    if call.op == "BatchGather":
        batch = np.ndim(value_of(indices)) - 1
    return _gathered(table, indices, batch, batch)


@rule_of("GatherV2")
def _(call: NodeCall, table: Flow, indices: Flow, axis: Flow) -> Flow:
    batch = int(call.get("batch_dims") or 0)
    if batch < 0:
        batch += np.ndim(value_of(indices))
    return _gathered(table, indices, numbers(axis)[0], batch)


def _split(indices: Flow) -> Tuple[Tuple[Array, ...], Tuple[int, ...]]:
    """(the index of each of the first axes, the shape of what they take)."""
    found = np.asarray(whole(indices))
    return tuple(found[..., axis] for axis in range(found.shape[-1])), found.shape[:-1]


@rule_of("GatherNd", "ResourceGatherNd")
def _(call: NodeCall, table: Flow, indices: Flow) -> Flow:
    if str(call.get("bad_indices_policy") or "DEFAULT") not in ("DEFAULT", "ERROR"):
        raise NoRule("GatherNd that goes on at a wrong index")
    index, shape = _split(indices)
    rest = np.shape(value_of(table))[len(index) :]
    return moved(lambda array: np.broadcast_to(np.asarray(array[index]), shape + rest), table)


def _targets(indices: Flow, shape: Tuple[int, ...], rows: bool) -> Array:
    """Of each element of the updates, its place in the table; ``rows``: an index is one of rows."""
    places = counted(shape)
    if rows:
        return places[np.asarray(whole(indices))]
    index, outer = _split(indices)
    return np.array(np.broadcast_to(np.asarray(places[index]), outer + shape[len(index) :]))


@rule_of("ScatterNd")
def _(call: NodeCall, indices: Flow, updates: Flow, shape: Flow) -> Flow:
    if str(call.get("bad_indices_policy") or "DEFAULT") not in ("DEFAULT", "ERROR"):
        raise NoRule("ScatterNd that goes on at a wrong index")
    extents = tuple(numbers(shape))
    return added(call, updates, _targets(indices, extents, False), extents)


def _negative(flow: Flow) -> Flow:
    return np.negative(flow) if is_exact(flow) else (-tracked(flow)).reference()


def _replaced(table: Flow, updates: Flow, targets: Array) -> Flow:
    places = counted(np.shape(value_of(table)))
    new = np.broadcast_to(np.asarray(value_of(updates)), targets.shape)
    _, first, times = np.unique(targets, return_index=True, return_inverse=True)
    if targets.size and not np.array_equal(new.ravel()[first][times.ravel()], new.ravel()):
        raise NoRule("one place is updated twice: which of the two stays is not defined")
    sources = counted(np.shape(value_of(updates)), places.size)
    places.ravel()[targets.ravel()] = np.broadcast_to(sources, targets.shape).ravel()
    return taken_from([table, updates], places)


def _extreme(table: Flow, updates: Flow, targets: Array, pick: Any) -> Flow:
    """The larger, or smaller, of what there is and what comes; off by the largest error among these."""
    new = np.broadcast_to(np.asarray(value_of(updates)), targets.shape)
    result = np.array(value_of(table))
    pick.at(result.reshape(-1), targets.ravel(), new.ravel())
    if is_exact(table) and is_exact(updates):
        return result

    def error(p: Any, e: Array, f: Array) -> Array:
        most = np.array(e)
        np.maximum.at(most.reshape(-1), targets.ravel(), np.broadcast_to(f, targets.shape).ravel())
        return most

    return follows(result, error, tracked(table), tracked(updates)).reference()


def _scatter(call: NodeCall, table: Flow, indices: Flow, updates: Flow, rows: bool, verb: str) -> Flow:
    shape = np.shape(value_of(table))
    targets = _targets(indices, shape, rows)
    if verb == "Update":
        return _replaced(table, updates, targets)
    if verb in ("Min", "Max"):
        return _extreme(table, updates, targets, np.minimum if verb == "Min" else np.maximum)
    new = _negative(updates) if verb == "Sub" else updates
    new = moved(lambda array: np.broadcast_to(array, targets.shape), new)
    size = int(np.prod(shape))
    both = taken_from([table, new], np.arange(size + targets.size))
    return added(call, both, np.concatenate([np.arange(size), targets.ravel()]), shape)


def _of_scatters(op: str, rows: bool, verb: str) -> None:
    @rule_of(op)
    def _(call: NodeCall, table: Flow, indices: Flow, updates: Flow) -> Flow:
        return _scatter(call, table, indices, updates, rows, verb)


for _verb in ("Add", "Sub", "Update", "Min", "Max"):
    for _op in (f"Scatter{_verb}", f"ResourceScatter{_verb}"):
        _of_scatters(_op, True, _verb)
    for _op in (f"ScatterNd{_verb}", f"ResourceScatterNd{_verb}", f"TensorScatter{_verb}"):
        _of_scatters(_op, False, _verb)
_of_scatters("ScatterNdNonAliasingAdd", False, "Add")


@rule_of("DynamicPartition")
def _(call: NodeCall, x: Flow, partitions: Flow) -> List[Flow]:
    number = np.asarray(whole(partitions))
    return [
        moved(lambda array, n=n: array[number == n], x)  # type: ignore[misc]
        for n in range(int(call.get("num_partitions")))
    ]


@rule_of("DynamicStitch", "ParallelDynamicStitch")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    """Of an index given twice the last one stays; in parallel, none is known to."""
    half = len(inputs) // 2
    indices, data = [np.asarray(whole(one)) for one in inputs[:half]], inputs[half:]
    order: Any = np.concatenate([one.ravel() for one in indices]).astype(np.int64)
    rest = np.shape(value_of(data[0]))[indices[0].ndim :]
    count = int(order.max()) + 1 if order.size else 0
    if len(np.unique(order)) < count:
        raise NoRule("a stitch with gaps, which are not defined")
    if call.op != "DynamicStitch" and len(order) > count:
        raise NoRule("one place is stitched twice: which of the two stays is not defined")
    rows = counted((len(order),) + rest)
    places = np.zeros((count,) + rest, np.int64)
    for number, row in zip(order, rows):
        places[number] = row
    return taken_from(data, places)


@rule_of("OneHot")
def _(call: NodeCall, indices: Flow, depth: Flow, on: Flow, off: Flow) -> Flow:
    number, axis = np.asarray(whole(indices)), int(call.get("axis", -1))
    hot = number[..., None] == np.arange(numbers(depth)[0])
    return taken_from([off, on], (hot if axis == -1 else np.moveaxis(hot, -1, axis)).astype(np.int64))


@rule_of("Unique", "UniqueWithCounts", "UniqueV2", "UniqueWithCountsV2")
def _(call: NodeCall, x: Flow, *axis: Flow) -> List[Flow]:
    """In the order of their first appearance; each one's number; and how often it is there.  V2: of slices."""
    found = np.asarray(whole(x))
    if found.dtype.kind in "fc" and np.isnan(found).any():
        raise NoRule(f"{call.op} of NaN")
    along = numbers(axis[0])[0] if axis and numbers(axis[0]) else 0
    slices = np.moveaxis(found, along, 0)
    by = None if found.ndim == 1 else 0
    _, first, place, count = np.unique(slices, True, True, True, axis=by)
    order = np.argsort(first)
    rank = np.argsort(order)
    told: List[Flow] = [np.take(found, first[order], along), rank[place.ravel()].astype(call.outputs[1])]
    return told + [count[order].astype(call.outputs[2])] if len(call.outputs) > 2 else told


@rule_of("Bincount", "DenseBincount")
def _(call: NodeCall, x: Flow, size: Flow, weights: Flow) -> Flow:
    """How often each number below ``size`` is there, or the sum of its weights; of a matrix row by row."""
    number, count = np.asarray(whole(x)), numbers(size)[0]
    rows = number.shape[0] if call.op == "DenseBincount" and number.ndim == 2 else 1
    place = number.reshape(rows, -1).astype(np.int64)
    cells = np.where((place >= 0) & (place < count), place + count * np.arange(rows)[:, None], -1)
    shape = (rows, count) if call.op == "DenseBincount" and number.ndim == 2 else (count,)
    if call.get("binary_output") or not np.size(value_of(weights)):
        times = np.bincount(cells[cells >= 0], minlength=rows * count).reshape(shape)
        times = times > 0 if call.get("binary_output") else times
        return times.astype("float32" if call.dtype == "bfloat16" else call.dtype)
    return added(call, moved(lambda array: array.reshape(cells.shape), weights), cells, shape)


@rule_of("Where")
def _(call: NodeCall, x: Flow) -> Flow:
    return np.argwhere(np.asarray(whole(x))).astype(np.int64)


@rule_of("InvertPermutation")
def _(call: NodeCall, x: Flow) -> Flow:
    return exactly(call, np.argsort, x)


def _segments(call: NodeCall, x: Flow, ids: Flow, count: int) -> Tuple[Array, List[int], Array]:
    """(the place of each element, the shape of what comes, how many rows each segment has)."""
    number = np.asarray(whole(ids)).astype(np.int64)
    rest = np.shape(value_of(x))[number.ndim :]
    shape = [count, *rest]
    outer = number.reshape(number.shape + (1,) * len(rest))
    size = int(np.prod(rest, dtype=np.int64))
    places = np.where(outer >= 0, outer * size + counted(rest), -1)
    return places, shape, np.bincount(number[number >= 0].ravel(), minlength=count)


@rule_of("SegmentSum", "UnsortedSegmentSum", "SegmentSumV2")
def _(call: NodeCall, x: Flow, ids: Flow, *count: Flow) -> Flow:
    places, shape, _ = _segments(call, x, ids, _count(ids, count))
    return added(call, x, places, shape)


def _count(ids: Flow, count: Tuple[Flow, ...]) -> int:
    last = np.asarray(whole(ids))
    return numbers(count[0])[0] if count else int(last.max()) + 1 if last.size else 0


def _shared(total: Flow, rows: Array, root: bool) -> Flow:
    """The sums over n, or over its root: by a reciprocal, which rounds as often as a division or more."""
    sums = tracked(total)
    n = np.maximum(rows, 1).astype(np.float64).reshape((-1,) + (1,) * (sums.value.ndim - 1))
    n = np.sqrt(n) if root else n
    value = sums.value / n
    roundings = 3 if root else 2

    def error(p: Any, e: Array) -> Array:
        alone = p.rounding(abs(value), e / n, roundings)
        return e / n + np.where(n == 1, 0.0, alone)

    return follows(value, error, sums).reference()


@rule_of("SegmentMean")
def _(call: NodeCall, x: Flow, ids: Flow) -> Flow:
    if not floating(call.dtype):
        raise NoRule(f"SegmentMean of {call.dtype}")
    places, shape, rows = _segments(call, x, ids, _count(ids, ()))
    return _shared(added(call, x, places, shape), rows, False)


def _of_sparse(op: str, root: bool, divides: bool) -> None:
    @rule_of(op, f"{op}WithNumSegments")
    def _(call: NodeCall, x: Flow, indices: Flow, ids: Flow, *count: Flow) -> Flow:
        rows = _gathered(x, indices, 0, 0)
        places, shape, times = _segments(call, rows, ids, _count(ids, count))
        total = added(call, rows, places, shape)
        return _shared(total, times, root) if divides else total

    @rule_of(f"{op}Grad")
    def _(call: NodeCall, gradient: Flow, indices: Flow, ids: Flow, count: Flow) -> Flow:
        if divides:
            times = np.bincount(numbers(ids), minlength=np.shape(value_of(gradient))[0])
            gradient = _shared(gradient, times, root)
        rows = _gathered(gradient, ids, 0, 0)
        places, shape, _ = _segments(call, rows, indices, numbers(count)[0])
        return added(call, rows, places, shape)


_of_sparse("SparseSegmentSum", False, False)
_of_sparse("SparseSegmentMean", False, True)
_of_sparse("SparseSegmentSqrtN", True, True)


def _lowest(dtype: str, sign: int) -> float:
    if dtype == "bfloat16":
        return -sign * float(2.0**127 * (2 - 2.0**-7))
    limits: Any = np.finfo(dtype) if floating(dtype) else np.iinfo(dtype)
    return limits.min if sign > 0 else limits.max


def _of_extremes(op: str, pick: Any, sign: int) -> None:
    @rule_of(f"Segment{op}", f"UnsortedSegment{op}")
    def _(call: NodeCall, x: Flow, ids: Flow, *count: Flow) -> Flow:
        """Of no rows: 0, and of the unsorted the lowest number, or highest."""
        places, shape, rows = _segments(call, x, ids, _count(ids, count))
        start = np.full(shape, _lowest(call.dtype, sign), np.asarray(value_of(x)).dtype)
        found = _extreme(start, moved(lambda array: array[places >= 0], x), places[places >= 0], pick)
        empty = (rows == 0).reshape((-1,) + (1,) * (len(shape) - 1)) & np.ones(shape, bool)
        if call.op.startswith("Unsorted") or not empty.any():
            return found
        return moved(lambda array: np.where(empty, np.zeros((), array.dtype), array), found)


@rule_of("SegmentProd", "UnsortedSegmentProd")
def _(call: NodeCall, x: Flow, ids: Flow, *count: Flow) -> Flow:
    """Of no rows: 1."""
    places, shape, rows = _segments(call, x, ids, _count(ids, count))
    used = places >= 0

    def multiply(array: Array) -> Array:
        result = np.ones(int(np.prod(shape)), array.dtype)
        np.multiply.at(result, places[used], array[used])
        return result.reshape(shape)

    if floating(call.dtype):
        return multiplied(x, multiply, max(int(rows.max()) - 1, 0) if rows.size else 0)
    if call.dtype.startswith("complex"):
        raise NoRule("a product of complex numbers")
    return exactly(call, multiply, x)


_of_extremes("Max", np.maximum, 1)
_of_extremes("Min", np.minimum, -1)
