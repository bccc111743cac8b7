"""Ops on what a graph holds behind a handle: stacks, arrays, lists and maps of tensors.

What comes out was put in by another node, which the handle does not tell: it is taken as recorded.  A node whose handle
is no tensor that can be seen is captured as ``TensorArrayReadV3 of what is not visible``.
"""

from typing import Any

from .registry import Flow, NodeCall, Taken, rule_of

_OF_ARRAYS = (
    "",
    "Read",
    "Write",
    "Gather",
    "Scatter",
    "Size",
    "Concat",
    "Split",
    "Grad",
    "Close",
    "Pack",
    "Unpack",
)
_OF_STACKS = ("", "Push", "Pop", "Close")
_OF_LISTS = (
    "Reserve", "PushBack", "PushBackBatch", "PopBack", "Length", "Resize", "GetItem", "SetItem", "Stack",
    "FromTensor", "Concat", "ConcatV2", "ConcatLists", "Gather", "Scatter", "ScatterV2",
    "ScatterIntoExistingList", "Split", "ElementShape",
)  # fmt: skip
_OF_MAPS = ("Erase", "HasKey", "Insert", "Lookup", "Size", "StackKeys")

HANDLED = (
    *[f"TensorArray{of}{version}" for of in _OF_ARRAYS for version in ("", "V2", "V3")],
    "TensorArrayGradWithShape",
    *[f"Stack{of}{version}" for of in _OF_STACKS for version in ("", "V2")],
    "EmptyTensorList",
    *[f"TensorList{of}" for of in _OF_LISTS],
    "EmptyTensorMap",
    *[f"TensorMap{of}" for of in _OF_MAPS],
    *(
        "AccumulatorTakeGradient",
        "ResourceAccumulatorTakeGradient",
        "BarrierTakeMany",
        "MapPeek",
        "MapUnstage",
    ),
    *("OrderedMapPeek", "OrderedMapUnstage"),
)


def _taken(call: NodeCall, *inputs: Flow) -> Any:
    raise Taken("read from a list of tensors")


for _op in HANDLED:
    rule_of(_op, f"{_op} of what is not visible")(_taken)
