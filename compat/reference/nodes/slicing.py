"""Ops that cut, pad, repeat, join and turn arrays: exact, but for the gradients that add up what was repeated."""

from typing import Any, List, Sequence, Tuple

import numpy as np

from ...arrays import PART, Array
from .flows import counted, floating, joined, moved, numbers, taken_from, value_of, whole
from .reductions import summed
from .registry import Flow, NodeCall, NoRule, rule_of
from .whole_numbers import exactly


def added(call: NodeCall, x: Flow, places: Array, shape: Sequence[int]) -> Flow:
    """Zeros of that shape, to which each element of x is added at its place, in any order; none at -1."""
    used = places >= 0

    def add(array: Array) -> Array:
        total = np.zeros(int(np.prod(shape, dtype=np.int64)), array.dtype)
        np.add.at(total, places[used], array[used])
        return total.reshape(shape)

    if not (floating(call.dtype) or call.dtype in PART):
        return exactly(call, add, x)
    return summed(x, add, np.maximum(add(np.ones(places.shape)) - 1, 0))


@rule_of("Slice")
def _(call: NodeCall, x: Flow, begin: Flow, size: Flow) -> Flow:
    """A size of -1: up to the end."""
    pairs = zip(numbers(begin), numbers(size))
    index = tuple(slice(start, None if count == -1 else start + count) for start, count in pairs)
    return moved(lambda array: array[index], x)


def strided(call: NodeCall, begin: Flow, end: Flow, strides: Flow) -> Tuple[Any, ...]:
    """The index as NumPy writes it.  An ellipsis counts before a new axis, and that before a shrunk one."""

    def masked(name: str, place: int) -> bool:
        return bool(int(call.get(f"{name}_mask") or 0) >> place & 1)

    index: List[Any] = []
    for place, (start, stop, step) in enumerate(zip(numbers(begin), numbers(end), numbers(strides))):
        if masked("ellipsis", place):
            index.append(Ellipsis)
        elif masked("new_axis", place):
            index.append(None)
        elif masked("shrink_axis", place):
            index.append(start)
        else:
            first = None if masked("begin", place) else start
            index.append(slice(first, None if masked("end", place) else stop, step))
    return tuple(index)


@rule_of("StridedSlice")
def _(call: NodeCall, x: Flow, begin: Flow, end: Flow, strides: Flow) -> Flow:
    index = strided(call, begin, end, strides)
    return moved(lambda array: np.asarray(array[index]), x)


@rule_of("StridedSliceGrad")
def _(call: NodeCall, shape: Flow, begin: Flow, end: Flow, strides: Flow, gradient: Flow) -> Flow:
    index, extents = strided(call, begin, end, strides), numbers(shape)

    def back(array: Array) -> Array:
        whole_one = np.zeros(extents, array.dtype)
        whole_one[index] = array
        return whole_one

    return moved(back, gradient)


@rule_of("TensorStridedSliceUpdate", "ResourceStridedSliceAssign", "StridedSliceAssign")
def _(call: NodeCall, x: Flow, begin: Flow, end: Flow, strides: Flow, value: Flow) -> Flow:
    places = counted(np.shape(value_of(x)))
    new = counted(np.shape(value_of(value)), places.size)
    places[strided(call, begin, end, strides)] = new
    return taken_from([x, value], places)


def _pairs(paddings: Flow) -> List[Tuple[int, int]]:
    flat = numbers(paddings)
    return list(zip(flat[::2], flat[1::2]))


@rule_of("Pad", "PadV2")
def _(call: NodeCall, x: Flow, paddings: Flow, *fill: Flow) -> Flow:
    pairs = _pairs(paddings)
    if not pairs:
        return x
    places = np.pad(counted(np.shape(value_of(x)), 1), pairs, "constant")
    zero = np.zeros((), np.asarray(value_of(x)).dtype)
    return taken_from([fill[0] if fill else zero, x], places)


def _mirrored(call: NodeCall, shape: Sequence[int], paddings: Flow) -> Array:
    mode = {"REFLECT": "reflect", "SYMMETRIC": "symmetric"}[str(call.get("mode"))]
    places = counted(shape)
    for axis, pair in enumerate(_pairs(paddings)):
        if any(pair):  # NumPy 1.16 reflects no axis of one element
            places = np.pad(places, [pair if a == axis else (0, 0) for a in range(places.ndim)], mode)
    return places


@rule_of("MirrorPad")
def _(call: NodeCall, x: Flow, paddings: Flow) -> Flow:
    return taken_from([x], _mirrored(call, np.shape(value_of(x)), paddings))


@rule_of("MirrorPadGrad")
def _(call: NodeCall, gradient: Flow, paddings: Flow) -> Flow:
    shape = [n - sum(pair) for n, pair in zip(np.shape(value_of(gradient)), _pairs(paddings))]
    return added(call, gradient, _mirrored(call, shape, paddings), shape)


@rule_of("Tile")
def _(call: NodeCall, x: Flow, multiples: Flow) -> Flow:
    times = numbers(multiples)
    return moved(lambda array: np.tile(array, times) if times else array, x)


@rule_of("Pack")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    return joined(lambda parts: np.stack(parts, int(call.get("axis") or 0)), inputs)


@rule_of("Unpack")
def _(call: NodeCall, x: Flow) -> List[Flow]:
    axis = int(call.get("axis") or 0)
    return [
        moved(lambda array, n=n: np.asarray(np.moveaxis(array, axis, 0)[n]), x)  # type: ignore[misc]
        for n in range(np.shape(value_of(x))[axis])
    ]


def _cut(x: Flow, sizes: Sequence[int], axis: int) -> List[Flow]:
    ends = np.cumsum([0, *sizes])
    take = lambda low, high: moved(lambda array: np.take(array, range(low, high), axis), x)
    return [take(low, high) for low, high in zip(ends[:-1], ends[1:])]


@rule_of("Split")
def _(call: NodeCall, axis: Flow, x: Flow) -> List[Flow]:
    along, count = numbers(axis)[0], int(call.get("num_split"))
    return _cut(x, [np.shape(value_of(x))[along] // count] * count, along)


@rule_of("SplitV")
def _(call: NodeCall, x: Flow, sizes: Flow, axis: Flow) -> List[Flow]:
    """A size of -1: what is left."""
    along, found = numbers(axis)[0], numbers(sizes)
    left = np.shape(value_of(x))[along] - sum(size for size in found if size >= 0)
    return _cut(x, [left if size == -1 else size for size in found], along)


@rule_of("Concat")
def _(call: NodeCall, axis: Flow, *inputs: Flow) -> Flow:
    along = numbers(axis)[0]
    return joined(lambda parts: np.concatenate(parts, along), inputs)


@rule_of("ConcatOffset")
def _(call: NodeCall, axis: Flow, *shapes: Flow) -> List[Flow]:
    along, before, offsets = numbers(axis)[0], 0, []
    for shape in shapes:
        offset = np.zeros_like(whole(shape))
        offset[along] = before
        before += numbers(shape)[along]
        offsets.append(offset)
    return list(offsets)


@rule_of("ReverseV2", "Reverse")
def _(call: NodeCall, x: Flow, axes: Flow) -> Flow:
    """Reverse of TensorFlow 1 has a truth value for each axis."""
    found = numbers(axes)
    turned = [n for n, yes in enumerate(found) if yes] if call.op == "Reverse" else found

    def move(array: Array) -> Array:
        for axis in turned:
            array = np.flip(array, axis)
        return array

    return moved(move, x)


@rule_of("ReverseSequence")
def _(call: NodeCall, x: Flow, lengths: Flow) -> Flow:
    batch, along = int(call.get("batch_dim") or 0), int(call.get("seq_dim") or 0)
    places = counted(np.shape(value_of(x)))
    turned = np.moveaxis(places, (batch, along), (0, 1))  # a view
    for number, length in enumerate(numbers(lengths)):
        turned[number, :length] = turned[number, :length][::-1].copy()
    return taken_from([x], places)


@rule_of("Roll")
def _(call: NodeCall, x: Flow, shift: Flow, axis: Flow) -> Flow:
    shifts, axes = tuple(numbers(shift)), tuple(numbers(axis))
    return moved(lambda array: np.roll(array, shifts, axes), x)


@rule_of("BroadcastTo")
def _(call: NodeCall, x: Flow, shape: Flow) -> Flow:
    extents = numbers(shape)
    return moved(lambda array: np.broadcast_to(array, extents), x)


@rule_of("BroadcastArgs")
def _(call: NodeCall, first: Flow, second: Flow) -> Flow:
    shapes = [np.empty(numbers(one) + [0]) for one in (first, second)]
    return np.array(np.broadcast(*shapes).shape[:-1], call.dtype)


@rule_of("BroadcastGradientArgs")
def _(call: NodeCall, first: Flow, second: Flow) -> List[Flow]:
    """The axes along which each was repeated: those of 1, of both where both are 1, and those that it lacks."""
    a, b = numbers(first), numbers(second)
    if a == b:
        return [np.zeros(0, dtype) for dtype in call.outputs]
    rank = max(len(a), len(b))
    a, b = [1] * (rank - len(a)) + a, [1] * (rank - len(b)) + b
    return [
        np.array([axis for axis in range(rank) if one[axis] == 1], dtype)
        for one, dtype in zip((a, b), call.outputs)
    ]


def _blocks(x: Array, block: Sequence[int], depth_last: bool) -> Array:
    """Axes 1, 2, ... taken apart into blocks, whose places go to the front, or before the last axis."""
    n = len(block)
    shape = [x.shape[0]]
    for extent, size in zip(x.shape[1:], block):
        shape += [extent // size, size]
    x = x.reshape(shape + list(x.shape[n + 1 :]))
    insides, outsides = [2 * k + 2 for k in range(n)], [2 * k + 1 for k in range(n)]
    rest = list(range(2 * n + 1, x.ndim))
    order = [0, *outsides, *insides, *rest] if depth_last else [*insides, 0, *outsides, *rest]
    return x.transpose(order)


def _to_batch(x: Flow, block: Sequence[int], pads: Sequence[Tuple[int, int]]) -> Flow:
    shape = np.shape(value_of(x))
    n = len(block)

    def move(array: Array) -> Array:
        array = np.pad(array, [(0, 0), *pads, *[(0, 0)] * (array.ndim - 1 - n)], "constant")
        apart = _blocks(array, block, False)
        return apart.reshape((-1,) + apart.shape[n + 1 :])

    return moved(move, x) if len(shape) > n else x


def _from_batch(x: Flow, block: Sequence[int], crops: Sequence[Tuple[int, int]]) -> Flow:
    n = len(block)

    def move(array: Array) -> Array:
        batch = array.shape[0] // int(np.prod(block))
        apart = array.reshape([*block, batch, *array.shape[1:]])
        order = [n] + [axis for k in range(n) for axis in (n + 1 + k, k)]
        apart = apart.transpose(order + list(range(2 * n + 1, apart.ndim)))
        extents = [extent * size for extent, size in zip(array.shape[1:], block)]
        together = apart.reshape([batch, *extents, *array.shape[n + 1 :]])
        cut = [slice(low, extent - high) for (low, high), extent in zip(crops, extents)]
        return together[(slice(None), *cut)]

    return moved(move, x)


@rule_of("SpaceToBatch", "SpaceToBatchND")
def _(call: NodeCall, x: Flow, *settings: Flow) -> Flow:
    block = [int(call.get("block_size"))] * 2 if call.op == "SpaceToBatch" else numbers(settings[0])
    return _to_batch(x, block, _pairs(settings[-1]))


@rule_of("BatchToSpace", "BatchToSpaceND")
def _(call: NodeCall, x: Flow, *settings: Flow) -> Flow:
    block = [int(call.get("block_size"))] * 2 if call.op == "BatchToSpace" else numbers(settings[0])
    return _from_batch(x, block, _pairs(settings[-1]))


@rule_of("SpaceToDepth", "DepthToSpace")
def _(call: NodeCall, x: Flow) -> Flow:
    size = int(call.get("block_size"))
    layout = str(call.get("data_format") or "NHWC")
    if layout not in ("NHWC", "NCHW"):
        raise NoRule(f"{call.op} of {layout}")

    def apart(a: Array) -> Array:
        a = _blocks(a, (size, size), True)
        return a.reshape(a.shape[:3] + (-1,))

    def together(a: Array) -> Array:
        n, h, w, c = a.shape
        a = a.reshape(n, h, w, size, size, c // size**2).transpose(0, 1, 3, 2, 4, 5)
        return a.reshape(n, h * size, w * size, -1)

    turn = apart if call.op == "SpaceToDepth" else together
    if layout == "NHWC":
        return moved(turn, x)
    return moved(lambda a: np.moveaxis(turn(np.moveaxis(a, 1, -1)), -1, 1), x)
