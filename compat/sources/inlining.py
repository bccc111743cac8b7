"""Calls of functions put in line, so that what they compute is ops of the graph: TensorFlow 2 saves models as calls.

A function's nodes are named as within it where the name is free, so that ``model/dense/MatMul`` is called so.
"""

from typing import Any, Dict, List, Optional, Set, Tuple

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def inlined(graph_def: Any, wanted: List[str]) -> Tuple[Any, Dict[str, str]]:
    """(the GraphDef of what the tensors ``wanted`` depend on, {tensor wanted: what it is called there}).

    Ops that assign, save and restore stay out unless they are wanted.
    """
    return _Inlining(graph_def).of(wanted)


class _Inlining:
    def __init__(self, graph_def: Any) -> None:
        self._graph_def = type(graph_def)()
        self._graph_def.CopyFrom(graph_def)
        self._library = {function.signature.name: function for function in graph_def.library.function}
        self._nodes: Dict[str, Any] = {node.name: node for node in self._graph_def.node}
        self._order: List[str] = list(self._nodes)
        #: Of a tensor of a call what stands for it; of ``^call`` the nodes that have run when it has.
        self._now: Dict[str, str] = {}
        self._after: Dict[str, List[str]] = {}

    def of(self, wanted: List[str]) -> Tuple[Any, Dict[str, str]]:
        while True:
            kept = self._ancestors([self._resolved(name) for name in wanted])
            calls = [self._nodes[name] for name in self._order if name in kept and self._function(name)]
            if not calls:
                break
            for call in calls:
                self._put_in_line(call)
        result = type(self._graph_def)()
        result.versions.CopyFrom(self._graph_def.versions)
        result.library.CopyFrom(self._graph_def.library)
        for name in self._order:
            if name in kept:
                node = result.node.add()
                node.CopyFrom(self._nodes[name])
                del node.input[:]
                node.input.extend(self._inputs(self._nodes[name]))
        return result, {name: self._resolved(name) for name in wanted}

    def _function(self, name: str) -> Optional[Any]:
        node = self._nodes[name]
        if node.op in _CALLS:
            return self._library.get(node.attr["f"].func.name)
        return self._library.get(node.op)

    def _resolved(self, tensor: str) -> str:
        tensor = tensor if ":" in tensor else f"{tensor}:0"
        while tensor in self._now:
            tensor = self._now[tensor]
        return tensor

    def _inputs(self, node: Any) -> List[str]:
        """As they are now; control inputs come last."""
        data = [self._resolved(name) for name in node.input if not name.startswith("^")]
        control: Dict[str, None] = {}
        waiting = [name[1:] for name in node.input if name.startswith("^")]
        while waiting:
            name = waiting.pop(0)
            if name in self._after:
                waiting += self._after[name]
            else:
                control[f"^{name}"] = None
        return data + list(control)

    def _ancestors(self, tensors: List[str]) -> Set[str]:
        met: Set[str] = set()
        waiting = [tensor.partition(":")[0] for tensor in tensors]
        while waiting:
            name = waiting.pop()
            if name not in met:
                met.add(name)
                waiting += [one.lstrip("^").partition(":")[0] for one in self._inputs(self._nodes[name])]
        return met

    def _put_in_line(self, call: Any) -> None:
        function = self._function(call.name)
        assert function is not None
        inputs = self._inputs(call)
        data = [name for name in inputs if not name.startswith("^")]
        control = [name for name in inputs if name.startswith("^")]
        tensors = {arg.name: name for arg, name in zip(function.signature.input_arg, data)}
        names = {node.name: self._free(node.name, call.name) for node in function.node_def}
        for node in function.node_def:
            for nested, number in _outputs(node, self._library):
                tensors[nested] = f"{names[node.name]}:{number}"
        for node in function.node_def:
            mine = self._graph_def.node.add()
            mine.CopyFrom(node)
            mine.name, mine.device = names[node.name], ""
            del mine.input[:]
            for name in node.input:
                if not name.startswith("^"):
                    mine.input.append(tensors[name])
                elif name[1:] in names:  # an argument has always run
                    mine.input.append(f"^{names[name[1:]]}")
            if not node.input:
                mine.input.extend(control)
            self._nodes[mine.name] = mine
        place = self._order.index(call.name)
        self._order[place:place] = [names[node.name] for node in function.node_def]
        for number, arg in enumerate(function.signature.output_arg):
            self._now[f"{call.name}:{number}"] = tensors[function.ret[arg.name]]
        done = [names[name] for name in function.control_ret.values() if name in names]
        self._after[call.name] = done or [name[1:] for name in control]

    def _free(self, name: str, call: str) -> str:
        while name in self._nodes:
            name = f"{call}/{name}"
        return name


def _outputs(node: Any, library: Dict[str, Any]) -> List[Tuple[str, int]]:
    """Of each output as functions name it, ``node:argument:0``, the number that graphs give it."""
    definition = library[node.op].signature if node.op in library else _op_def(node.op)
    found, number = [], 0
    for arg in definition.output_arg:
        count = 1
        if arg.number_attr:
            count = node.attr[arg.number_attr].i
        elif arg.type_list_attr:
            count = len(node.attr[arg.type_list_attr].list.type)
        for place in range(count):
            found.append((f"{node.name}:{arg.name}:{place}", number))
            number += 1
    return found


def _op_def(op: str) -> Any:
    from tensorflow.python.framework import op_def_registry

    registered = op_def_registry if hasattr(op_def_registry, "get") else op_def_registry.get_registered_ops()
    found = registered.get(op)
    if found is None:
        raise LookupError(f"Op type not registered '{op}'")
    return found
