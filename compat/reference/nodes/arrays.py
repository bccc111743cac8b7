"""Ops that move elements, and compute nothing: exact, whatever they move."""

from typing import Any, List

import numpy as np

from .flows import joined, moved, numbers, value_of, whole
from .registry import Flow, NodeCall, rule_of


@rule_of(
    "Identity",
    "ReadVariableOp",
    "AssignVariableOp",
    "Enter",
    "Exit",
    "NextIteration",
    "RefEnter",
    "StopGradient",
    "PreventGradient",
    "Snapshot",
    "CheckNumerics",
    "PlaceholderWithDefault",
    "LoopCond",
    "DeepCopy",
)
def _(call: NodeCall, x: Flow, *others: Flow) -> Flow:
    return x


@rule_of("IdentityN")
def _(call: NodeCall, *inputs: Flow) -> List[Flow]:
    return list(inputs)


@rule_of("Assign")
def _(call: NodeCall, variable: Flow, value: Flow) -> Flow:
    return value


@rule_of("Switch", "RefSwitch")
def _(call: NodeCall, x: Flow, taken: Flow) -> List[Flow]:
    """To output 1 where the condition holds, else to output 0; the other one is dead."""
    return [x, x]


@rule_of("Merge", "RefMerge")
def _(call: NodeCall, x: Flow) -> List[Any]:
    """The input that came; which one that was is told by nobody but the branch."""
    return [x, None]


@rule_of("Reshape")
def _(call: NodeCall, x: Flow, shape: Flow) -> Flow:
    extents = numbers(shape)
    return moved(lambda array: array.reshape(extents), x)


@rule_of("Squeeze")
def _(call: NodeCall, x: Flow) -> Flow:
    axes = call.get("squeeze_dims") or call.get("axis")
    return moved(lambda array: array.squeeze(tuple(axes) if axes else None), x)


@rule_of("ExpandDims")
def _(call: NodeCall, x: Flow, axis: Flow) -> Flow:
    return moved(lambda array: np.expand_dims(array, numbers(axis)[0]), x)


@rule_of("Transpose", "ConjugateTranspose")
def _(call: NodeCall, x: Flow, order: Flow) -> Flow:
    turned = moved(lambda array: array.transpose(numbers(order)), x)
    return turned if call.op == "Transpose" else moved(np.conj, turned)


@rule_of("Shape")
def _(call: NodeCall, x: Flow) -> Flow:
    return np.array(np.shape(value_of(x)), call.dtype)


@rule_of("ConcatV2")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    axis = int(whole(inputs[-1]))
    return joined(lambda parts: np.concatenate(parts, axis), inputs[:-1])
