"""What an op's attributes say of its images: where the channels stand, and how the window slides."""

from typing import Any, NamedTuple, Tuple

import numpy as np

from ..geometry import Padding
from .flows import moved
from .registry import Flow, NodeCall, NoRule


class Window(NamedTuple):
    """One size a direction: (height, width), or (depth, height, width)."""

    strides: Tuple[int, ...]
    dilations: Tuple[int, ...]
    padding: Padding


def channels_first(call: NodeCall) -> bool:
    """Raises NoRule for what is neither channels first nor last."""
    name = str(call.get("data_format") or "NHWC")
    if name not in ("NHWC", "NCHW", "NDHWC", "NCDHW"):
        raise NoRule(f"images of the data format {name}")
    return name.startswith("NC")


def to_last(call: NodeCall, images: Flow) -> Flow:
    """The images with their channels last, as all references have them."""
    return moved(lambda array: np.moveaxis(array, 1, -1), images) if channels_first(call) else images


def from_last(call: NodeCall, images: Flow) -> Flow:
    return moved(lambda array: np.moveaxis(array, -1, 1), images) if channels_first(call) else images


def shape_to_last(call: NodeCall, shape: Any) -> Tuple[int, ...]:
    shape = tuple(shape)
    return shape[:1] + shape[2:] + shape[1:2] if channels_first(call) else shape


def spatial(call: NodeCall, sizes: Any) -> Tuple[int, ...]:
    """Of sizes for all axes those of the directions.  Raises NoRule where another axis has one."""
    sizes = shape_to_last(call, [int(size) for size in sizes])
    if sizes[0] != 1 or sizes[-1] != 1:
        raise NoRule("windows over images or channels")
    return sizes[1:-1]


def padding_of(call: NodeCall) -> Padding:
    """A name, or of EXPLICIT the pairs of the directions."""
    name = str(call.get("padding"))
    if name != "EXPLICIT":
        return name
    flat = [int(size) for size in call.get("explicit_paddings") or ()]
    pairs = list(zip(flat[::2], flat[1::2]))
    return tuple(pairs[2:] if channels_first(call) else pairs[1:-1])


def window_of(call: NodeCall) -> Window:
    strides = spatial(call, call.get("strides"))
    dilations = call.get("dilations") or [1] * (len(strides) + 2)
    return Window(strides, spatial(call, dilations), padding_of(call))
