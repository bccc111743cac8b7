"""The variables of a TensorFlow 1 graph as tensors that can be fetched."""

from typing import Any, List

from .adding import Added


def readable(tf: Any, graph: Any, variables: List[Any]) -> List[Any]:
    """A tensor of what each has, given their ops.  A graph in which a variable is a handle gets ops that read it."""
    added = Added(tf, graph)
    for op in variables:
        if op.type == "VarHandleOp":
            added.op("ReadVariableOp", [op.outputs[0]], {"dtype": tf.as_dtype(op.get_attr("dtype"))})
    reads = iter(added.made())
    return [next(reads).outputs[0] if op.type == "VarHandleOp" else op.outputs[0] for op in variables]
