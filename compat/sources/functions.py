"""A function, a tf.Module or a Keras model of TensorFlow 2 as a graph with its variables."""

from typing import Any, Callable, Dict, List

from ..errors import CompatError
from .graphs import giving, imported, lines_of, tensorflow_1, variables_of
from .inlining import inlined
from .program import Program, point_of


def program_of(
    where: str,
    tf: Any,
    call: Callable[..., Any],
    specs: Dict[str, Any],
    dialect: str,
    named: Callable[[], Dict[str, Any]],
) -> Program:
    """The Program of ``call(*specs)``.  ``specs``: a tf.TensorSpec for each input by name.

    ``call`` returns a tensor, or tensors in a dict or list.  ``named()``: variables by better names than their
    own, in the order in which they were made, asked for after the first call, which makes those of many models.
    Raises CompatError for what cannot become a graph.
    """
    try:
        concrete = tf.function(call).get_concrete_function(*specs.values())
    except Exception as error:
        raise CompatError(f"{where}: cannot be run as a graph: {point_of(error)}") from None
    outputs = _named(concrete.structured_outputs, concrete)
    graph_def = concrete.graph.as_graph_def()
    renamed, values = _captured(where, tf, concrete, graph_def, named())
    fed = {name: tensor.name for name, tensor in zip(specs, concrete.inputs)}
    graph_def, now = inlined(graph_def, [*outputs.values(), *fed.values()])
    graph = imported(where, graph_def)
    kept = variables_of(graph_def)
    program = Program(
        graph,
        inputs={name: graph.get_tensor_by_name(tensor) for name, tensor in fed.items()},
        outputs={name: graph.get_tensor_by_name(now[tensor]) for name, tensor in outputs.items()},
        restore=giving(tensorflow_1(), graph, {name: values[name] for name in kept}),
        dialect=dialect,
        lines=lines_of(concrete.graph.get_operations()),
        operations=concrete.graph.get_operations(),
        variables=[name for name in renamed if name in kept],
    )
    return program


def _named(outputs: Any, concrete: Any) -> Dict[str, str]:
    """Names of the tensors of the graph by the names of the outputs."""
    if isinstance(outputs, dict):
        named = {str(name): tensor for name, tensor in outputs.items()}
    elif isinstance(outputs, (list, tuple)):
        named = {str(number): tensor for number, tensor in enumerate(outputs)}
    else:
        named = {"y": outputs}
    flat = [tensor.name for tensor in concrete.outputs]
    if len(flat) != len(named):  # nested: as TensorFlow flattens it
        return {f"y{number}" if len(flat) > 1 else "y": name for number, name in enumerate(flat)}
    if isinstance(outputs, dict):  # flattened in the order of the keys
        return dict(zip(sorted(named), flat))
    return dict(zip(named, flat))


def _captured(where: str, tf: Any, concrete: Any, graph_def: Any, named: Dict[str, Any]) -> Any:
    """(variables in the order in which they were made, their values): each becomes a variable of the GraphDef itself.

    What else the function holds on to becomes a constant.
    """
    better = {number_of(variable): name for name, variable in named.items()}
    by_handle = {
        number_of(variable): variable for variable in (*_in_order(concrete.graph.variables), *named.values())
    }
    nodes = {node.name: node for node in graph_def.node}
    new: Dict[str, str] = {}
    names: Dict[int, str] = {}
    values: Dict[str, Any] = {}
    taken = set(nodes)
    for external, internal in _pairs(concrete.graph.captures):
        node = nodes[internal.op.name]
        number = number_of(external)
        variable = by_handle.get(number)
        if variable is not None:
            name = _free(better.get(number) or _plain_name(variable), taken)
            taken.add(name)
            _as_variable(node, name, variable)
            new[internal.op.name], values[name], names[number] = name, variable.numpy(), name
        elif external.dtype.name in ("resource", "variant"):
            raise CompatError(
                f"{where}: it holds a table or an iterator, which no copy of its graph can hold"
            )
        else:
            _as_constant(tf, node, external.numpy())
    for node in graph_def.node:
        for place, given in enumerate(node.input):
            base, colon, number = given.lstrip("^").partition(":")
            if base in new:
                node.input[place] = ("^" if given.startswith("^") else "") + new[base] + colon + number
    first = [number for number in better if number in names]
    return [
        names[number] for number in [*first, *(n for n in by_handle if n in names and n not in better)]
    ], values


def number_of(variable: Any) -> int:
    """TensorFlow numbers what it makes: a variable is known by the number of its handle."""
    return int(getattr(getattr(variable, "handle", variable), "_id", -1))


def _in_order(variables: Any) -> List[Any]:
    """As they were made."""
    return sorted(variables, key=number_of)


def _pairs(captures: Any) -> List[Any]:
    return list(captures.items() if hasattr(captures, "items") else captures)


def _plain_name(variable: Any) -> str:
    return str(variable.name).partition(":")[0].strip("/") or "Variable"


def _free(name: str, taken: Any) -> str:
    found, number = name, 0
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _as_variable(node: Any, name: str, variable: Any) -> None:
    node.name, node.op = name, "VarHandleOp"
    node.attr.clear()
    node.attr["dtype"].type = variable.dtype.base_dtype.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(variable.shape.as_proto())
    node.attr["shared_name"].s = name.encode("utf-8")


def _as_constant(tf: Any, node: Any, value: Any) -> None:
    dtype = node.attr["dtype"].type
    node.op = "Const"
    node.attr.clear()
    node.attr["dtype"].type = dtype
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
