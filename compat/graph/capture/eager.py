"""Every tensor of eager code, from TensorFlow 1.14: the ops are listened to while they run.

TensorFlow calls back for each op that it runs eagerly.  Functions run eagerly as well for that long, so that of a
``tf.function``, a Keras layer or a training step there is every op, with the branch that was taken and every iteration
of a loop.
"""

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from ...arrays import plain
from ...records import Output
from ..nodes import Keep, Node, Trace
from .alone import Room, can_be_repeated, eagerly
from .attributes import of_pairs
from .callbacks import every_op

if TYPE_CHECKING:
    from ...record.alone import Alone

_COMPAT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
#: Ops on a variable that leave it as it is.
_READING = ("ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VarIsInitializedOp", "VariableShape")
#: Ops that are no part of a computation.
_ASIDE = ("VarHandleOp", "DestroyResourceOp", "VarIsInitializedOp", "NoOp", "AnonymousIterator")


@contextlib.contextmanager
def listening(tf: Any, keep: Keep, alone: Optional["Alone"] = None) -> Iterator["Listener"]:
    """Within, every op that runs eagerly is told to the Listener.

    ``alone``: measures the nodes that no rule is known of.
    """
    listener = Listener(tf, keep, alone)
    with every_op(tf, listener.heard):
        yield listener


class Listener:
    """What was heard, as a Trace."""

    def __init__(self, tf: Any, keep: Keep, alone: Optional["Alone"] = None) -> None:
        self._tf = tf
        self._keep = keep
        self._alone = alone
        #: Of nodes that may be measured: inputs and attributes as TensorFlow has them, by the name of the node.
        self._to_measure: Dict[str, Tuple[List[Any], Any]] = {}
        self._room = Room()
        self._trace = Trace()
        self._counts: Dict[str, int] = {}
        self._busy = False
        #: The tensor's name by the number that TensorFlow gives each eager tensor; of a variable's handle the last
        #: numbers that it had.
        self._names: Dict[int, str] = {}
        self._variables: Dict[int, str] = {}
        self._handles: Dict[int, str] = {}
        self._definitions: Dict[str, Any] = {}
        #: What a variable has now, by its digest and dtype: in some versions it is read without a word.
        self._by_value: Dict[Tuple[str, str], str] = {}

    def input(self, name: str, tensor: Any, dtype: Optional[str] = None) -> None:
        """The tensor, or the array of that dtype, stands for an input of the sample."""
        self._trace.inputs[name] = self._source("Placeholder", name, tensor)
        output = self._trace.nodes[-1].outputs["0"]
        output.dtype = dtype or output.dtype
        if not hasattr(tensor, "_id"):  # it may come back as a tensor, or as a part of a layer
            self._by_value[output.digest, output.dtype] = self._trace.inputs[name]

    def trace(self, outputs: Mapping[str, Any]) -> Trace:
        """The Trace of what the outputs, tensors by name, depend on."""
        for name, tensor in outputs.items():
            known = self._names.get(getattr(tensor, "_id", -1))
            if known is None and hasattr(tensor, "handle"):
                known = self._variables.get(tensor.handle._id)
            self._trace.outputs[name] = (
                known or self._of_that_value(tensor) or self._source("Const", name, tensor)
            )
        kept = self._trace.ancestors(self._trace.outputs.values())
        self._trace.nodes = kept
        there = {node.name for node in kept}
        self._busy = True
        for node in kept:
            if node.name in self._to_measure:
                self._measure(node)
        self._busy = False
        self._trace.inputs = {
            name: tensor for name, tensor in self._trace.inputs.items() if tensor.rpartition(":")[0] in there
        }
        return self._trace

    def heard(
        self, op_type: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None
    ) -> None:
        """As TensorFlow calls it, after the op has run."""
        if self._busy:  # reading a variable runs an op as well
            return
        self._busy = True
        try:
            self._hear(op_type, inputs, attrs, outputs, op_name, graph)
        finally:
            self._busy = False

    def _hear(self, op_type: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any, graph: Any) -> None:
        op = op_type.decode() if isinstance(op_type, bytes) else str(op_type)
        if graph is not None:
            self._trace.unseen["in a graph of its own"] = (
                self._trace.unseen.get("in a graph of its own", 0) + 1
            )
            return
        if op == "VarHandleOp":
            named = dict(zip(attrs[::2], attrs[1::2]))
            self._handles[outputs[0]._id] = str(
                named.get("debug_name") or named.get("shared_name") or "Variable"
            )
        if op in _ASIDE:
            return
        definition = self._definition(op)
        kinds = {attr.name: attr.type for attr in definition.attr} if definition is not None else {}
        node = Node(self._name(op, op_name), op)
        handles = []
        for tensor in inputs:
            if _is_handle(tensor):
                handles.append(tensor)
                if op not in ("AssignVariableOp",):
                    node.inputs.append(self._variable(tensor))
            else:
                node.inputs.append(self._tensor(tensor))
        node.attributes = of_pairs(attrs, kinds, self._dtype)
        for number, tensor in enumerate(outputs):
            if not _is_handle(tensor):
                node.outputs[str(number)] = self._output(tensor)
                self._names[tensor._id] = node.tensor(number)
        if handles and op not in _READING:
            self._assigned(node, handles, len(outputs))
        node.source = _line()
        if node.outputs:
            self._trace.nodes.append(node)
            if self._alone is not None and self._alone.wants(op) and definition is not None:
                self._remember(node, definition, list(inputs), attrs, list(outputs))

    def _remember(
        self, node: Node, definition: Any, inputs: List[Any], attributes: Any, outputs: List[Any]
    ) -> None:
        """What a node is run with once more, when the trace is complete."""
        if can_be_repeated(definition, [*inputs, *outputs]):
            sizes = [int(np.prod(tensor.shape.as_list(), dtype=np.int64)) for tensor in inputs]
            if self._room.takes(sum(sizes)):
                self._to_measure[node.name] = inputs, attributes

    def _measure(self, node: Node) -> None:
        inputs, attributes = self._to_measure[node.name]
        arrays = [plain(np.asarray(tensor.numpy())) for tensor in inputs]
        assert self._alone is not None
        self._alone.measure(
            node,
            arrays,
            lambda given: eagerly(self._tf, node.op, attributes, inputs, len(node.outputs), given),
        )

    def _of_that_value(self, tensor: Any) -> Optional[str]:
        """The last tensor of the same bits: what ``predict`` gives was a tensor once."""
        output = self._output(tensor) if hasattr(tensor, "numpy") else self._keep(*plain(tensor))
        found = None
        for name, other in self._trace.tensors().items():
            found = name if (other.digest, other.dtype) == (output.digest, output.dtype) else found
        return found

    # -- tensors

    def _name(self, op: str, given: Any) -> str:
        base = str(given).strip("/") if given else op
        number = self._counts.get(base, 0)
        self._counts[base] = number + 1
        return f"{base}_{number}" if number else base

    def _output(self, tensor: Any) -> Output:
        array, dtype = plain(np.asarray(tensor.numpy()))
        return self._keep(array, dtype)

    def _source(self, op: str, name: str, tensor: Any) -> str:
        node = Node(self._name(name, None), op)
        node.outputs["0"] = self._output(tensor) if hasattr(tensor, "numpy") else self._keep(*plain(tensor))
        self._trace.nodes.append(node)
        if hasattr(tensor, "_id"):
            self._names[tensor._id] = node.tensor()
        return node.tensor()

    def _tensor(self, tensor: Any) -> str:
        known = self._names.get(tensor._id)
        if known is None:
            output = self._output(tensor)
            known = self._by_value.get((output.digest, output.dtype))
            if known is None:
                known = self._source("Const", "Const", tensor)
            self._names[tensor._id] = known
        return known

    def _variable(self, handle: Any) -> str:
        known = self._variables.get(handle._id)
        if known is None:
            value = self._value(handle)
            name = str(self._handles.get(handle._id) or "Variable").strip("/")
            known = (
                self._source("Variable", name, value) if value is not None else self._source("Const", name, 0)
            )
            self._has(handle, known, self._trace.nodes[-1].outputs["0"])
        return known

    def _has(self, handle: Any, name: str, output: Output) -> None:
        """The variable is, from now on, the tensor of that name."""
        self._variables[handle._id] = name
        if output.shape:  # a number alone may be anything's
            self._by_value[output.digest, output.dtype] = name

    def _assigned(self, node: Node, handles: List[Any], number: int) -> None:
        """What the op made of each variable that it was given is an output of its own, after the others."""
        for handle in handles:
            value = self._value(handle)
            if value is not None:
                node.outputs[str(number)] = self._output(value)
                self._has(handle, node.tensor(number), node.outputs[str(number)])
                number += 1

    def _value(self, handle: Any) -> Optional[Any]:
        data = getattr(handle, "_handle_data", None)
        shapes = getattr(data, "shape_and_type", None)
        if not shapes:
            return None
        dtype = self._tf.as_dtype(shapes[0].dtype)
        return self._tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)

    # -- attributes

    def _definition(self, op: str) -> Any:
        """Its OpDef; None where there is none."""
        if op not in self._definitions:
            from tensorflow.python.framework import op_def_registry

            get = getattr(op_def_registry, "get", None)
            self._definitions[op] = get(op) if get else op_def_registry.get_registered_ops().get(op)
        return self._definitions[op]

    def _dtype(self, value: Any) -> str:
        return str(self._tf.as_dtype(value).name)


def _is_handle(tensor: Any) -> bool:
    return tensor.dtype.name in ("resource", "variant")


def _line() -> str:
    """The line of the program that runs the op: the innermost that is neither the framework's nor compat's."""
    frame = sys._getframe(3)
    while frame is not None:
        path = frame.f_code.co_filename
        if "site-packages" not in path and not path.startswith((_COMPAT, "<")) and "/lib/python" not in path:
            return f"{os.path.basename(path)}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""
