"""Ops on what a graph holds behind a handle: stacks, arrays, lists and maps of tensors.

Those on a TensorArray or a stack of TensorFlow 1 take what was put there, where the trace knows it
(``compat.graph.capture.held``): in pairs the tensors and where each was put, and last what is asked for; the attribute
``put`` says how each was.  What comes out otherwise was put in by another node, which the handle does not tell: it is
taken as recorded.  A node whose handle is no tensor that can be seen is captured as ``TensorArrayReadV3 of what is not
visible``.
"""

import functools
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from .flows import floating, is_exact, joined, moved, numbers, tracked, value_of
from .registry import RULES_OF_NODES, Flow, NodeCall, NoRule, Taken, rule_of

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


def _versions(*ops: str) -> List[str]:
    return [op + version for op in ops for version in ("", "V2", "V3")]


@rule_of(*_versions("TensorArray"))
def _(call: NodeCall, size: Flow) -> Any:
    """A handle, and the flow: a zero that orders what is done to the array."""
    return [None, np.zeros((), np.float32)]


@rule_of(*_versions("TensorArrayGrad"))
def _(call: NodeCall, flow: Flow) -> Any:
    return [None, flow]


@rule_of(*_versions("TensorArrayWrite", "TensorArrayScatter", "TensorArraySplit"))
def _(call: NodeCall, where: Flow, value: Flow, flow: Flow) -> Flow:
    return flow


@rule_of("StackPush", "StackPushV2", "StackPop", "StackPopV2")
def _(call: NodeCall, x: Flow) -> Flow:
    return x


@rule_of(*_versions("TensorArrayRead"))
def _(call: NodeCall, *flows: Flow) -> Flow:
    *puts, index = _known(call, flows)
    return _Elements(call, puts).at(numbers(index)[0])


@rule_of(*_versions("TensorArrayGather"))
def _(call: NodeCall, *flows: Flow) -> Flow:
    *puts, indices = _known(call, flows)
    elements = _Elements(call, puts)
    return joined(np.stack, [elements.at(index) for index in numbers(indices)])


@rule_of(*_versions("TensorArrayConcat"))
def _(call: NodeCall, *flows: Flow) -> Any:
    """One behind the other, and how long each is."""
    elements = _Elements(call, _known(call, flows))
    found = [elements.at(index) for index in range(call.get("elements", 0))]
    lengths = [len(value_of(element)) for element in found]
    return [joined(np.concatenate, found), np.array(lengths, np.int64)]


@rule_of(*_versions("TensorArraySize"))
def _(call: NodeCall, *flows: Flow) -> Flow:
    """As it was made, or more where it has grown."""
    *puts, size = _known(call, flows)
    return np.array(
        max([numbers(size)[0], *(1 + index for index in _Elements(call, puts).indices)]), np.int32
    )


def _known(call: NodeCall, flows: Sequence[Flow]) -> Sequence[Flow]:
    if "put" not in call.attributes:
        raise Taken("read from a list of tensors")
    return flows


class _Elements:
    """``indices``: where something was put, and what: of which tensor which part."""

    def __init__(self, call: NodeCall, puts: Sequence[Flow]) -> None:
        self._call = call
        self._puts = list(zip(call.get("put"), puts[::2], map(numbers, puts[1::2])))
        self.indices: Dict[int, List[Tuple[int, int]]] = {}
        for number, (how, _, where) in enumerate(self._puts):
            for place, index in enumerate(range(len(where)) if how == "Split" else where):
                self.indices.setdefault(index, []).append((number, place))

    def at(self, index: int) -> Flow:
        """What was put there, added up; zeros where nothing was and the trace says so."""
        call, found = self._call, [self._part(*where) for where in self.indices.get(index, ())]
        if found:
            return functools.reduce(functools.partial(_sum, call), found)
        if "element" not in call.attributes:
            raise NoRule("an element that was not put where it is read")
        return np.zeros(call.get("element"), "float32" if call.dtype == "bfloat16" else call.dtype)

    def _part(self, number: int, place: int) -> Flow:
        how, value, where = self._puts[number]
        if how == "Write":
            return value
        if how == "Scatter":
            return moved(lambda array: array[place], value)
        first = sum(where[:place])
        return moved(lambda array: array[first : first + where[place]], value)


def _sum(call: NodeCall, a: Flow, b: Flow) -> Flow:
    if floating(call.dtype):
        return (tracked(a) + tracked(b)).reference()
    if not (is_exact(a) and is_exact(b)):
        raise NoRule(f"a sum of {call.dtype} that follow from rounded numbers")
    return np.add(value_of(a), value_of(b))


def _taken(call: NodeCall, *inputs: Flow) -> Any:
    raise Taken("read from a list of tensors")


for _op in HANDLED:
    for _name in (_op, f"{_op} of what is not visible"):
        if _name not in RULES_OF_NODES:
            rule_of(_name)(_taken)
