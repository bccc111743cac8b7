"""A recorded graph as a Program: its nodes are ops again, in whatever TensorFlow this is, and need nobody's code.

What no op of its own can stand for here, as a variable, what draws, a branch, a loop or a contrib's op, is taken as it
was recorded.
"""

import re
from typing import Any, Callable, Dict, NamedTuple, Optional, Set, Tuple

from ..arrays import Array
from ..graph.nodes import SOURCES, Node, Trace
from .graphs import imported, tensorflow_1
from .program import Program

#: An op's name; a node of a step of a loop has another.
_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*\Z")
_READ = "ReadVariableOp"
#: Flow, which is of the whole graph and not of a node.
_SPLITTING, _JOINING = ("Switch", "RefSwitch"), ("Merge", "RefMerge")
_FLOW = (*_SPLITTING, *_JOINING, "Enter", "Exit", "NextIteration", "LoopCond")
#: Constants up to so many bytes are constants again.
_SMALL = 1 << 16


class Rebuilt(NamedTuple):
    """``arrays``: what is fed, by name.  ``taken``: nodes that compute something and were taken as recorded."""

    program: Program
    arrays: Dict[str, Array]
    taken: Set[str]


def rebuilt(trace: Trace, read: Callable[[str], Array]) -> Rebuilt:
    """Raises CompatError where the graph cannot be built here."""
    return _Rebuilding(trace, read).result()


class _Rebuilding:
    def __init__(self, trace: Trace, read: Callable[[str], Array]) -> None:
        self._trace, self._read = trace, read
        self._tf = tensorflow_1()
        self._graph_def = self._tf.GraphDef()
        #: Of a recorded tensor the one that stands for it.
        self._now: Dict[str, str] = {}
        self._fed: Dict[str, Array] = {}
        self._taken: Set[str] = set()

    def result(self) -> Rebuilt:
        for node in self._trace.nodes:
            if node.op in SOURCES or not (self._passed(node) or self._again(node)):
                self._as_recorded(node)
                if node.op not in SOURCES and node.inputs:
                    self._taken.add(node.name)
        graph = imported("the recorded graph", self._graph_def)
        wanted = {name: self._now[tensor] for name, tensor in self._trace.outputs.items()}
        for node in self._trace.nodes:  # what goes into a node that was not computed again is wanted as well
            if node.name in self._taken:
                wanted.update((name, name) for name in node.inputs if self._now.get(name) == name)
        fed = {f"{name}:0" for name in self._fed}
        outputs = {
            name: graph.get_tensor_by_name(tensor) for name, tensor in wanted.items() if tensor not in fed
        }
        inputs = {name: graph.get_tensor_by_name(f"{name}:0") for name in self._fed}
        return Rebuilt(Program(graph, inputs=inputs, outputs=outputs), self._fed, self._taken)

    def _passed(self, node: Node) -> bool:
        """A branch that was taken: what goes into a Switch or a Merge comes out of it."""
        live = [tensor for tensor in node.inputs if tensor in self._now]
        if node.op in _SPLITTING and live and live[0] == node.inputs[0] and len(node.outputs) == 1:
            self._now.update((node.tensor(int(number)), self._now[live[0]]) for number in node.outputs)
            return True
        if node.op in _JOINING and len(live) == 1 and _NAME.match(node.name):
            return self._again(Node(node.name, "Identity", live, {"0": node.outputs["0"]}, node.attributes))
        return False

    def _as_recorded(self, node: Node) -> None:
        for number, output in node.outputs.items():
            array = self._read(output.digest)
            first = number == "0" and _NAME.match(node.name)
            new = self._graph_def.node.add()
            new.name = node.name if first else f"recorded/{len(self._graph_def.node)}"
            self._now[node.tensor(int(number))] = f"{new.name}:0"
            dtype = self._tf.as_dtype(output.dtype)
            new.attr["dtype"].type = dtype.as_datatype_enum
            if node.op == "Const" and array.nbytes <= _SMALL and output.dtype != "string":
                new.op = "Const"
                new.attr["value"].tensor.CopyFrom(self._tf.make_tensor_proto(array, dtype, array.shape))
                continue
            new.op = "Placeholder"
            new.attr["shape"].shape.CopyFrom(self._tf.TensorShape(output.shape).as_proto())
            self._fed[new.name] = array

    def _again(self, node: Node) -> bool:
        """Whether the node is an op again."""
        op = "Identity" if node.op == _READ else node.op
        known = _definition(op)
        if known is None or known.is_stateful or op in _FLOW or not node.inputs or not _NAME.match(node.name):
            return False
        if any(tensor not in self._now for tensor in node.inputs):
            return False
        attributes = (
            dict(node.attributes, T=node.attributes.get("dtype")) if node.op == _READ else node.attributes
        )
        found = {}
        for attribute in known.attr:
            value = self._value(attribute.type, attributes.get(attribute.name))
            if value is not None:
                found[attribute.name] = value
            elif not attribute.HasField("default_value"):
                return False
        new = self._graph_def.node.add()
        new.name, new.op = node.name, op
        new.input.extend(self._now[tensor] for tensor in node.inputs)
        for name, value in found.items():
            new.attr[name].CopyFrom(value)
        self._now.update((node.tensor(int(number)),) * 2 for number in node.outputs)
        return True

    def _value(self, kind: str, value: Any) -> Optional[Any]:
        """As an attribute of a NodeDef; None where there is none, or it is of no kind that was recorded as it is."""
        if value is None:
            return None
        found = self._tf.AttrValue()
        if kind.startswith("list("):
            kind, values = kind[5:-1], value
            into: Any = found.list
            into.SetInParent()
        else:
            values, into = [value], None
        for one in values:
            if not self._put(kind, one, found, into):
                return None
        return found

    def _put(self, kind: str, value: Any, found: Any, into: Any) -> bool:
        plain: Dict[str, Tuple[str, Callable[[Any], Any]]] = {
            "int": ("i", int), "float": ("f", float), "bool": ("b", bool), "string": ("s", lambda text: text.encode()),
            "type": ("type", lambda name: self._tf.as_dtype(name).as_datatype_enum),
        }  # fmt: skip
        if kind == "shape":
            shape = self._tf.TensorShape(value).as_proto()
            (into.shape.add() if into is not None else found.shape).CopyFrom(shape)
            return True
        if kind not in plain:
            return False
        field, convert = plain[kind]
        if into is not None:
            getattr(into, field).append(convert(value))
        else:
            setattr(found, field, convert(value))
        return True


def _definition(op: str) -> Any:
    from tensorflow.python.framework import op_def_registry

    get = getattr(op_def_registry, "get", None)
    return get(op) if get is not None else op_def_registry.get_registered_ops().get(op)
