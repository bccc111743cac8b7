"""Elements moved about: blocks, turns, patches, frames, borders."""

from typing import Any

import numpy as np

from ...reference.nodes.flows import joined, moved, tracked
from ...reference.nodes.registry import Flow
from ..entries import (
    FLOATS,
    SINGLE,
    WIDE,
    Ask,
    Shape,
    Wanted,
    anything,
    by_node,
    entry,
    image,
    nowhere,
    of_rank,
    parameter,
)
from ..windows import every_axis


def _array(name: str) -> Any:
    return lambda ask, inputs: np.array(ask.parameters[name], np.int32)


# -- blocks


def _block(pick: Any, shape: Shape) -> Any:
    return {"size": 2}, []


def _in_blocks(pick: Any) -> Any:
    shape = (pick.size("n", 1, 2), 2 * pick.size("h", 1, 2), 2 * pick.size("w", 1, 2), pick.size("c", 1, 3))
    return shape, pick.flavour()


def _of_blocks(pick: Any) -> Any:
    shape = (pick.size("n", 1, 2), pick.size("h", 1, 3), pick.size("w", 1, 3), 4 * pick.size("c", 1, 2))
    return shape, pick.flavour()


for _name, _op, _first in (
    ("space_to_depth", "SpaceToDepth", _in_blocks),
    ("depth_to_space", "DepthToSpace", _of_blocks),
):
    entry(
        _name,
        by_node(_op, block_size=2, data_format="NHWC"),
        tf1=f"tf.{_name}({{x}}, {{size}})",
        tf2=f"tf.nn.{_name}({{x}}, {{size}})",
        first=_first,
        takes=nowhere,
        form=_block,
        dtypes=FLOATS,
    )


def _padded_blocks(pick: Any, shape: Shape) -> Any:
    before = [pick.size(f"before{axis}", 0, 1) for axis in (1, 2)]
    return {"block": [2, 2], "paddings": [[n, (shape[axis] + n) % 2] for axis, n in zip((1, 2), before)]}, []


entry(
    "space_to_batch",
    by_node("SpaceToBatchND", _array("block"), _array("paddings")),
    tf1="tf.space_to_batch_nd({x}, {block}, {paddings})",
    tf2="tf.space_to_batch({x}, {block}, {paddings})",
    first=image,
    takes=of_rank(4),
    form=_padded_blocks,
    dtypes=FLOATS,
)


def _crops(pick: Any, shape: Shape) -> Any:
    pairs = [[pick.size(f"low{axis}", 0, 1), 0] for axis in (1, 2)]
    return {"block": [2, 2], "crops": pairs}, []


def _four_batches(pick: Any) -> Any:
    shape, flavour = image(pick)
    return (4 * shape[0], *shape[1:]), flavour


entry(
    "batch_to_space",
    by_node("BatchToSpaceND", _array("block"), _array("crops")),
    tf1="tf.batch_to_space_nd({x}, {block}, {crops})",
    tf2="tf.batch_to_space({x}, {block}, {crops})",
    first=_four_batches,
    takes=nowhere,
    form=_crops,
    dtypes=FLOATS,
)

# -- turned and repeated


def _one_axis(pick: Any, shape: Shape) -> Any:
    return {"axis": [pick.of("axis", *range(-1, len(shape)))]}, []


entry(
    "reverse",
    by_node("ReverseV2", _array("axis")),
    tf="tf.reverse({x}, {axis})",
    keras2="keras.backend.reverse({x}, {axis})",
    keras3="keras.ops.flip({x}, {axis}[0])",
    form=_one_axis,
    dtypes=FLOATS,
)
entry(
    "roll",
    by_node("Roll", _array("shift"), _array("axis")),
    tf="tf.roll({x}, {shift}, {axis})",
    keras3="keras.ops.roll({x}, {shift}[0], {axis}[0])",
    form=lambda pick, shape: ({**_one_axis(pick, shape)[0], "shift": [pick.of("shift", 1, -1, 2, 5)]}, []),
    dtypes=FLOATS,
)
entry(
    "tile",
    by_node("Tile", _array("multiples")),
    tf="tf.tile({x}, {multiples})",
    keras2="keras.backend.tile({x}, {multiples})",
    keras3="keras.ops.tile({x}, {multiples})",
    form=lambda pick, shape: ({"multiples": [pick.size(f"m{i}", 1, 2) for i in range(len(shape))]}, []),
    dtypes=FLOATS,
)
entry(
    "repeat",
    lambda ask, x: moved(
        lambda array: np.repeat(array, ask.parameters["repeats"], ask.parameters["axis"]), x
    ),
    tf="tf.repeat({x}, {repeats}, axis={axis})",
    keras2="keras.backend.repeat_elements({x}, {repeats}, {axis})",
    keras3="keras.ops.repeat({x}, {repeats}, axis={axis})",
    form=lambda pick, shape: (
        {"repeats": pick.size("repeats", 1, 3), "axis": pick.of("axis", *range(len(shape)))},
        [],
    ),
    dtypes=FLOATS,
)
entry(
    "stack",
    lambda ask, x, y: joined(lambda parts: np.stack(parts, ask.parameters["axis"] or 0), [x, y]),
    tf="tf.stack([{x}, {y}]<, axis={axis}>)",
    keras2="keras.backend.stack([{x}, tf.convert_to_tensor({y})]<, axis={axis}>)",
    keras3="keras.ops.stack([{x}, {y}]<, axis={axis}>)",
    takes=of_rank(1, 2, 3),
    form=lambda pick, shape: ({"axis": pick.of("axis", None, -1, 1)}, [Wanted(shape)]),
    dtypes=FLOATS,
)

# -- images


for _name, _axis in (("flip_left_right", 2), ("flip_up_down", 1)):
    entry(
        _name,
        lambda ask, x, axis=_axis: moved(lambda array: np.flip(array, axis), x),
        tf=f"tf.image.{_name}({{x}})",
        first=image,
        takes=of_rank(4),
        dtypes=FLOATS,
    )
entry(
    "rot90",
    lambda ask, x: moved(lambda array: np.rot90(array, parameter("k", 1)(ask), (1, 2)), x),
    tf="tf.image.rot90({x}<, k={k}>)",
    first=image,
    takes=of_rank(4),
    form=lambda pick, shape: ({"k": pick.of("k", None, 2, 3)}, []),
    dtypes=FLOATS,
)


def _central(ask: Ask, x: Flow) -> Flow:
    def cut(array: Any) -> Any:
        for axis in (1, 2):
            n = array.shape[axis]
            start = int((n - n * ask.parameters["fraction"]) / 2)
            array = np.take(array, range(start, n - start), axis)
        return array

    return moved(cut, x)


entry(
    "central_crop",
    _central,
    tf="tf.image.central_crop({x}, {fraction})",
    first=image,
    takes=of_rank(4),
    form=lambda pick, shape: ({"fraction": pick.of("fraction", 0.5, 0.75, 0.875, 1.0)}, []),
    dtypes=FLOATS,
)


def _fitted(ask: Ask, x: Flow) -> Flow:
    """Cut, or padded with zeros, on both sides; what is odd is cut before, and padded after."""

    def fit(array: Any) -> Any:
        for axis, size in zip((1, 2), ask.parameters["size"]):
            n = array.shape[axis]
            array = np.take(
                array, range(max((n - size) // 2, 0), max((n - size) // 2, 0) + min(size, n)), axis
            )
            pads = [(0, 0)] * 4
            before = max((size - n) // 2, 0)
            pads[axis] = (before, max(size - n, 0) - before)
            array = np.pad(array, pads, "constant")
        return array

    return moved(fit, x)


entry(
    "resize_with_crop_or_pad",
    _fitted,
    tf1="tf.image.resize_image_with_crop_or_pad({x}, {size}[0], {size}[1])",
    tf2="tf.image.resize_with_crop_or_pad({x}, {size}[0], {size}[1])",
    first=image,
    takes=of_rank(4),
    form=lambda pick, shape: ({"size": [pick.size("rows", 1, 6), pick.size("columns", 1, 6)]}, []),
    dtypes=FLOATS,
)


def _patches(pick: Any, shape: Shape) -> Any:
    """Not with a stride and a rate: Keras refuses both."""
    size, stride = pick.size("size", 1, min(3, *shape[1:3])), pick.of("stride", 1, 2)
    return {
        "size": size,
        "stride": stride,
        "rate": pick.of("rate", 1, 2) if stride == 1 and 2 * size - 1 <= min(shape[1:3]) else 1,
        "padding": pick.of("padding", "VALID", "SAME"),
    }, []


_LISTS = "[1, {size}, {size}, 1], [1, {stride}, {stride}, 1], [1, {rate}, {rate}, 1], {padding}"
entry(
    "extract_patches",
    by_node(
        "ExtractImagePatches",
        ksizes=every_axis("size"),
        strides=every_axis("stride"),
        rates=every_axis("rate"),
        padding=parameter("padding"),
    ),
    tf1="tf.image.extract_image_patches({x}, " + _LISTS + ")",
    tf2="tf.image.extract_patches({x}, " + _LISTS + ")",
    keras3="keras.ops.image.extract_patches({x}, {size}, {stride}, {rate}, {padding}.lower())",
    first=image,
    takes=of_rank(4),
    form=_patches,
    dtypes=WIDE,
)

# -- signals


def _frames(pick: Any, shape: Shape) -> Any:
    return {
        "length": pick.size("length", 1, shape[-1]),
        "step": pick.of("step", 1, 2, 3),
        "pad_end": pick.of("pad_end", None, True),
    }, []


def _framed(ask: Ask, x: Flow) -> Flow:
    """Frames along the last axis; with ``pad_end`` zeros complete the last ones, one for each step."""
    length, step = ask.parameters["length"], ask.parameters["step"]

    def frame(array: Any) -> Any:
        n = array.shape[-1]
        count = -(-n // step) if ask.parameters["pad_end"] else 1 + (n - length) // step
        pads = [(0, 0)] * (array.ndim - 1) + [(0, length)]
        whole = np.pad(array, pads, "constant")
        return np.stack([whole[..., k * step : k * step + length] for k in range(count)], axis=-2)

    return moved(frame, x)


entry(
    "frame",
    _framed,
    tf="tf.signal.frame({x}, {length}, {step}<, pad_end={pad_end}>)",
    first=lambda pick: ((*pick.shape(1, 1), pick.size("t", 1, 8)), pick.flavour()),
    takes=of_rank(1, 2, 3),
    form=_frames,
    dtypes=FLOATS,
)


def _overlapping(ask: Ask, x: Flow) -> Flow:
    x, step = tracked(x), ask.parameters["step"]
    count, length = x.value.shape[-2:]
    total = (count - 1) * step + length
    spread = [
        x[..., k, :].rearranged(
            lambda array, k=k: np.pad(  # type: ignore[misc]
                array,
                [(0, 0)] * (array.ndim - 1) + [(k * step, total - length - k * step)],
                "constant",
            )
        )
        for k in range(count)
    ]
    from ...reference.nodes.elementwise import added

    return added(*spread).reference()


entry(
    "overlap_and_add",
    _overlapping,
    tf="tf.signal.overlap_and_add({x}, {step})",
    first=lambda pick: (pick.shape(2, 3), pick.flavour()),
    takes=of_rank(2, 3),
    form=lambda pick, shape: ({"step": pick.size("step", 1, shape[-1])}, []),
    dtypes=SINGLE,
)

# -- borders


def _borders(most: Any) -> Any:
    def form(pick: Any, shape: Shape) -> Any:
        sides = [[pick.size(f"{side}{axis}", 0, most(shape[axis])) for side in "lh"] for axis in (1, 2)]
        return {"sides": sides}, []

    return form


entry(
    "zero_padding_layer",
    lambda ask, x: moved(
        lambda array: np.pad(array, [(0, 0), *map(tuple, ask.parameters["sides"]), (0, 0)], "constant"), x
    ),
    keras="keras.layers.ZeroPadding2D({sides}, dtype={dtype})({x})",
    first=image,
    takes=of_rank(4),
    form=_borders(lambda n: 2),
    dtypes=WIDE,
)
entry(
    "cropping_layer",
    lambda ask, x: moved(
        lambda array: array[
            (
                slice(None),
                *[slice(low, n - high) for (low, high), n in zip(ask.parameters["sides"], array.shape[1:3])],
            )
        ],
        x,
    ),
    keras="keras.layers.Cropping2D({sides}, dtype={dtype})({x})",
    first=image,
    takes=of_rank(4),
    form=_borders(lambda n: (n - 1) // 2),
    dtypes=WIDE,
)
entry(
    "repeat_vector_layer",
    lambda ask, x: moved(lambda array: np.repeat(array[:, None], ask.parameters["n"], 1), x),
    keras="keras.layers.RepeatVector({n}, dtype={dtype})({x})",
    first=lambda pick: (pick.shape(2, 2), anything(pick)[1]),
    takes=of_rank(2),
    form=lambda pick, shape: ({"n": pick.size("n", 1, 3)}, []),
    dtypes=WIDE,
)
