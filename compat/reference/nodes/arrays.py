"""Ops that move elements, and compute nothing: exact, whatever they move."""

from typing import Any, List

import numpy as np

from ..bounds import Reference
from ..tracked import track
from .flows import floating, joined, moved, numbers, tracked, value_of, whole
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
    """The input that came, and which one that was, where the trace says so: the branch decides."""
    return [x, np.int32(call.get("came")) if "came" in call.attributes else None]


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


@rule_of("EnsureShape")
def _(call: NodeCall, x: Flow) -> Flow:
    return x


@rule_of("ShapeN")
def _(call: NodeCall, *inputs: Flow) -> List[Flow]:
    return [np.array(np.shape(value_of(x)), dtype) for x, dtype in zip(inputs, call.outputs)]


@rule_of("VariableShape")
def _(call: NodeCall, x: Flow) -> Flow:
    return np.array(np.shape(value_of(x)), call.dtype)


@rule_of("Size")
def _(call: NodeCall, x: Flow) -> Flow:
    return np.array(np.size(value_of(x)), call.dtype)


@rule_of("Rank")
def _(call: NodeCall, x: Flow) -> Flow:
    return np.array(np.ndim(value_of(x)), call.dtype)


@rule_of("Fill")
def _(call: NodeCall, shape: Flow, x: Flow) -> Flow:
    extents = numbers(shape)
    return moved(lambda array: np.full(extents, array, np.asarray(array).dtype), x)


@rule_of("ZerosLike", "OnesLike")
def _(call: NodeCall, x: Flow) -> Flow:
    dtype = "float32" if call.dtype == "bfloat16" else call.dtype
    fill = np.zeros if call.op == "ZerosLike" else np.ones
    if dtype in ("string", "str", "object"):
        dtype = np.asarray(value_of(x)).dtype.str
    return np.asarray(fill(np.shape(value_of(x)), dtype))


@rule_of("Range")
def _(call: NodeCall, start: Flow, limit: Flow, delta: Flow) -> Flow:
    """start + i delta, or delta added i times."""
    first, last, step = (np.asarray(whole(one)) for one in (start, limit, delta))
    if not floating(call.dtype):
        return np.arange(int(first), int(last), int(step), dtype=call.dtype)
    i = np.arange(int(max(np.ceil((last - first) / step), 0)))  # counted in the dtype itself
    a, d = float(first), float(step)
    return Reference(a + i * d, abs(a) + i * abs(d), np.where(i > 0, i + 1, 0), call.dtype)


@rule_of("LinSpace")
def _(call: NodeCall, start: Flow, stop: Flow, count: Flow) -> Flow:
    n, first, last = numbers(count)[0], tracked(start), tracked(stop)
    if n == 1:
        return moved(lambda array: np.asarray(array).reshape(1), start)
    steps = (last - first) * (1 / track(float(n - 1)))
    return (first + steps * track(np.arange(n))).reference()


def _placed(x: Flow, places: Any, shape: Any) -> Flow:
    """Zeros of that shape, but for the elements of x at their places."""

    def put(array: Any) -> Any:
        result = np.zeros(int(np.prod(shape)), array.dtype)
        result[places] = array.ravel()
        return result.reshape(shape)

    return moved(put, x)


@rule_of("Diag")
def _(call: NodeCall, x: Flow) -> Flow:
    shape = np.shape(value_of(x))
    size = int(np.prod(shape))
    return _placed(x, np.arange(size) * (size + 1), shape + shape)


@rule_of("DiagPart")
def _(call: NodeCall, x: Flow) -> Flow:
    shape = np.shape(value_of(x))[: np.ndim(value_of(x)) // 2]
    size = int(np.prod(shape))
    return moved(lambda array: array.reshape(size, size).diagonal().reshape(shape), x)


@rule_of("MatrixBandPart")
def _(call: NodeCall, x: Flow, lower: Flow, upper: Flow) -> Flow:
    """Diagonals ``lower`` below to ``upper`` above; all of those where it is negative."""
    rows, columns = np.shape(value_of(x))[-2:]
    below, above = numbers(lower)[0], numbers(upper)[0]
    d = np.arange(columns) - np.arange(rows)[:, None]
    kept = ((below < 0) | (-d <= below)) & ((above < 0) | (d <= above))
    return moved(lambda array: np.where(kept, array, np.zeros((), array.dtype)), x)
