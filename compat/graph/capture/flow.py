"""What runs before what in a TensorFlow 1 graph."""

from typing import Any, Iterable, Set


def with_all_before(ops: Iterable[Any]) -> Set[Any]:
    """The ops, and those that they depend on, also by control edges: what assigns to a variable counts."""
    found: Set[Any] = set()
    waiting = list(ops)
    while waiting:
        op = waiting.pop()
        if op not in found:
            found.add(op)
            waiting += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return found
