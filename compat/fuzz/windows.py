"""How what has windows is drawn and asked: strides and padding, kernels, pooling; and layers that are given weights."""

from typing import Any, Callable, Dict, List

import numpy as np

from ..reference.nodes.flows import value_of
from ..reference.nodes.registry import Flow, NoRule
from .entries import Ask, Shape, parameter


def strides_and_padding(pick: Any) -> Dict[str, Any]:
    return {"strides": pick.of("strides", 1, 2), "padding": pick.of("padding", "SAME", "VALID")}


def kernel_sizes(pick: Any, shape: Shape, axes: int = 2, most: int = 3) -> List[int]:
    """Sizes along the axes of an array with a batch before and channels behind, none wider than the array.

    A list, drawn when this returns: Python 3.7 asks a generator in a tuple after what follows it.
    """
    return [pick.size(f"k{axis}", 1, min(most, shape[axis])) for axis in range(1, 1 + axes)]


def pooling(axes: int) -> Any:
    """The form of a pooling along so many axes."""

    def form(pick: Any, shape: Shape) -> Any:
        return {"ksize": pick.size("ksize", 1, min(3, *shape[1 : 1 + axes])), **strides_and_padding(pick)}, []

    return form


def every_axis(name: str, axes: int = 2, default: Any = None) -> Callable[[Ask], List[Any]]:
    """A parameter as a graph has it: for the batch, each axis and the channels."""
    return lambda ask: [1, *[parameter(name, default)(ask)] * axes, 1]


def no_lowest(x: Flow) -> None:
    """Raises NoRule where it matters what a maximum begins with."""
    value = np.asarray(value_of(x))
    if (np.isneginf(value) | np.isnan(value)).any():
        raise NoRule("the largest of nothing but -inf, or of NaN, is the lowest number in some kernels")


def of_layer(called: str, settings: str = "") -> str:
    """The spelling of a layer without a bias on the weights {y}; ``settings``: more of them, with a comma before."""
    return f"""
settings = dict(use_bias=False, dtype={{dtype}}{settings})
layer = keras.layers.{called}
layer.build({{x}}.shape)
layer.set_weights([{{y}}])
layer({{x}})
"""
