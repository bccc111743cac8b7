"""Ops that pass on, copy or change what is in memory, and rules that follow from those of other ops."""

from typing import Any, List

import numpy as np

from ...arrays import Array
from .flows import floating, joined, moved, numbers, tracked, value_of, whole
from .registry import RULES_OF_NODES, Flow, NodeCall, NoRule, Taken, rule_of


@rule_of("RefIdentity", "RefExit", "RefNextIteration", "Copy", "CopyHost", "DebugIdentity", "DebugIdentityV2")
def _(call: NodeCall, x: Flow) -> Flow:
    return x


@rule_of("ParallelConcat")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    return joined(np.concatenate, inputs)


@rule_of("Empty")
def _(call: NodeCall, shape: Flow) -> Flow:
    """Zeros, where they are asked for; else what was in memory."""
    if call.dtype == "string":
        return np.zeros(numbers(shape), "S1")
    if not call.get("init"):
        raise Taken("what was in memory")
    return np.zeros(numbers(shape), "float32" if call.dtype == "bfloat16" else call.dtype)


@rule_of("UnravelIndex")
def _(call: NodeCall, indices: Flow, shape: Flow) -> Flow:
    return np.array(np.unravel_index(np.asarray(whole(indices)), numbers(shape))).astype(call.dtype)


def _once(indices: Flow) -> Array:
    """The rows, one axis.  Raises NoRule where one is given twice."""
    rows = np.asarray(whole(indices)).astype(np.int64).reshape(-1)
    if len(np.unique(rows)) < len(rows):
        raise NoRule("a row that is changed twice")
    return rows


def _with_rows(table: Flow, rows: Array, new: Flow) -> Flow:
    def put(both: List[Array]) -> Array:
        result = np.array(both[0])
        result[rows] = both[1]
        return result

    return joined(put, [table, new])


@rule_of("InplaceUpdate")
def _(call: NodeCall, x: Flow, indices: Flow, rows: Flow) -> Flow:
    return _with_rows(x, _once(indices), rows)


@rule_of("InplaceAdd", "InplaceSub")
def _(call: NodeCall, x: Flow, indices: Flow, rows: Flow) -> Flow:
    raise NoRule(f"{call.op}: it writes over what it takes, which may have been seen before or after")


@rule_of("ScatterMul", "ScatterDiv", "ResourceScatterMul", "ResourceScatterDiv")
def _(call: NodeCall, table: Flow, indices: Flow, updates: Flow) -> Flow:
    """Whole rows times, or over, rows or a single number."""
    if not floating(call.dtype):
        raise NoRule(f"{call.op} of {call.dtype}")
    rows, rest = _once(indices), np.shape(value_of(table))[1:]
    outer = np.shape(value_of(indices))
    spread = moved(lambda array: np.broadcast_to(array, outer + rest).reshape((-1,) + rest), updates)
    there, by = tracked(moved(lambda array: array[rows], table)), tracked(spread)
    return _with_rows(table, rows, (there * by if call.op.endswith("Mul") else there / by).reference())


@rule_of("SegmentMaxV2", "SegmentMinV2", "SegmentProdV2")
def _(call: NodeCall, x: Flow, segments: Flow, count: Flow) -> Any:
    """As of segments in no order."""
    op = "Unsorted" + call.op[: -len("V2")]
    return RULES_OF_NODES[op](call._replace(op=op), x, segments, count)
