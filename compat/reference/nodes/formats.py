"""Axes and sizes of images, told for another order of the axes: NHWC for NCHW."""

from typing import Tuple

import numpy as np

from .flows import moved, whole
from .registry import Flow, NodeCall, rule_of


def _formats(call: NodeCall) -> Tuple[str, str]:
    return str(call.get("src_format") or "NHWC"), str(call.get("dst_format") or "NCHW")


@rule_of("DataFormatDimMap")
def _(call: NodeCall, axes: Flow) -> Flow:
    """Of axes of the one order those of the other; negative ones count from the end."""
    before, after = _formats(call)
    places = np.array([after.index(axis) for axis in before])
    axes = np.asarray(whole(axes))
    return places[axes].astype(axes.dtype)


@rule_of("DataFormatVecPermute")
def _(call: NodeCall, sizes: Flow) -> Flow:
    """One row an axis; where there are two fewer, of the directions alone."""
    before, after = _formats(call)
    if np.shape(whole(sizes))[0] == len(before) - 2:
        before, after = ("".join(axis for axis in order if axis not in "NC") for order in (before, after))
    places = [before.index(axis) for axis in after]
    return moved(lambda array: array[places], sizes)
