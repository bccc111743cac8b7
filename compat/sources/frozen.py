"""Saver checkpoints with their .meta, frozen graphs, and SavedModels: graphs in protocol buffers."""

import os
from typing import Any, Callable, Dict, List, Optional

from ..errors import CompatError
from ..files import is_regular, read_bytes
from .graphs import imported, parsed, tensorflow_1, variables_of
from .inlining import inlined
from .program import Program, Wish, point_of
from .safety import check_graph
from .wire import graph_of, graph_of_meta, graphs_of_saved_model, is_saved_model

#: What protobuf reads at most.
_LARGEST = (1 << 31) - 1
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def read_graph(path: str, wish: Wish) -> Program:
    """A frozen graph."""
    data = _data(path)
    if is_saved_model(data):
        raise CompatError(f"{path}: is of a SavedModel: name its folder")
    _checked(path, graph_of, data, wish.trust)
    from tensorflow.core.framework import graph_pb2

    graph_def = parsed(path, graph_pb2.GraphDef(), data)
    graph = imported(path, graph_def)
    variables = variables_of(graph_def)
    program = Program(graph, variables=variables)
    if variables:
        program.restore = _no_values(path, variables)
    return program


def read_checkpoint(prefix: str, wish: Wish) -> Program:
    """A graph and its variables as a Saver writes them."""
    path = f"{prefix}.meta"
    data = _data(path)
    _checked(path, graph_of_meta, data, wish.trust)
    meta = parsed(path, _meta_graph_def(), data)
    graph = imported(path, meta.graph_def, meta.meta_info_def.stripped_op_list)
    saver = meta.saver_def
    if not saver.restore_op_name:
        raise CompatError(f"{path}: its graph has no Saver, so that nothing says which value is whose")
    program = Program(graph, variables=variables_of(meta.graph_def))
    trained = meta.collection_def["train_op"].node_list.value if "train_op" in meta.collection_def else ()
    program.training = {name.partition(":")[0]: name.partition(":")[0] for name in trained}
    tables = _nodes_in(meta, "table_initializer")
    program.restore = _restoring(graph, saver, prefix, tables)
    return program


def read_saved_model(folder: str, wish: Wish) -> Program:
    """A SavedModel of TensorFlow 1 or 2: the graph of its signature."""
    path = os.path.join(folder, "saved_model.pb")
    data = _data(path)
    _checked(path, graphs_of_saved_model, data, wish.trust)
    from tensorflow.core.protobuf import saved_model_pb2

    meta = _serving(path, parsed(path, saved_model_pb2.SavedModel(), data))
    signature = _signature(path, meta, wish)
    inputs = {name: info.name for name, info in sorted(signature.inputs.items())}
    outputs = {name: info.name for name, info in sorted(signature.outputs.items())}
    graph_def, now = meta.graph_def, {name: name for name in outputs.values()}
    saver, prefix = meta.saver_def, os.path.join(folder, "variables", "variables")
    first = _first_ops(meta)
    try:
        if any(node.op in _CALLS for node in graph_def.node):
            beside = [f"{name}:0" for name in _restoring_names(saver) + first]
            graph_def, now = _in_line(graph_def, list(outputs.values()), [*inputs.values(), *beside])
    except LookupError as error:
        raise CompatError(
            f"{path}: this TensorFlow cannot read it: {point_of(error)}{_written_by(meta)}"
        ) from None
    graph = imported(path, graph_def, meta.meta_info_def.stripped_op_list)
    program = Program(
        graph,
        inputs={name: graph.get_tensor_by_name(tensor) for name, tensor in inputs.items()},
        outputs={name: graph.get_tensor_by_name(now[tensor]) for name, tensor in outputs.items()},
        variables=variables_of(meta.graph_def),
    )
    if program.variables and not is_regular(f"{prefix}.index"):
        raise CompatError(
            f"{prefix}.index: is not there: the values of {len(program.variables)} variables are missing"
        )
    saver = saver if saver.restore_op_name and is_regular(f"{prefix}.index") else None
    program.restore = _restoring(graph, saver, prefix, first, _assets(folder, meta))
    return program


def _data(path: str) -> bytes:
    try:
        size = os.stat(path).st_size
    except (OSError, ValueError):
        raise CompatError(f"{path}: is not there") from None
    if size > _LARGEST:
        raise CompatError(
            f"{path}: has {size / 1e9:.1f} GB, and no graph of 2 GB and more can be read: keep its constants as "
            "variables in a checkpoint"
        )
    return read_bytes(path)


def _checked(path: str, read: Callable[[bytes], Any], data: bytes, trust: bool) -> None:
    """Raises CompatError for what is no graph, or one that would do what nobody may do unasked."""
    try:
        found = read(data)
    except (ValueError, RecursionError) as error:
        said = "truncated" if "truncated" in str(error) else str(error)
        raise CompatError(f"{path}: is no graph as TensorFlow writes them, or damaged ({said})") from None
    for graph in found if isinstance(found, list) else [found]:
        check_graph(path, graph, trust)
    tensorflow_1()  # quietly, and with one line where there is none


def _meta_graph_def() -> Any:
    from tensorflow.core.protobuf import meta_graph_pb2

    return meta_graph_pb2.MetaGraphDef()


def _no_values(path: str, variables: List[str]) -> Callable[[Any], None]:
    def restore(session: Any) -> None:
        raise CompatError(
            f"{path}: is not frozen: `{variables[0]}` and {len(variables) - 1} more variables have no values; trace "
            "the checkpoint with its .meta"
        )

    return restore


def _nodes_in(meta: Any, collection: str) -> List[str]:
    return list(meta.collection_def[collection].node_list.value) if collection in meta.collection_def else []


def _restoring(
    graph: Any, saver: Any, prefix: str, first: List[str], assets: Optional[Dict[str, str]] = None
) -> Callable[[Any], None]:
    """Runs the Saver's own op, then what fills tables."""

    def restore(session: Any) -> None:
        tf = tensorflow_1()
        if saver is not None:
            try:
                session.run(saver.restore_op_name, {saver.filename_tensor_name: os.path.abspath(prefix)})
            except tf.errors.OpError as error:
                raise CompatError(f"{prefix}: its values cannot be read: {_why(error)}") from None
        for name in first:
            session.run(graph.get_operation_by_name(name.lstrip("^").partition(":")[0]), assets or {})

    return restore


def _why(error: Any) -> str:
    text = point_of(error)
    return "truncated, or damaged" if type(error).__name__ in ("DataLossError", "OutOfRangeError") else text


def _serving(path: str, saved: Any) -> Any:
    """The graph for serving, or the only one."""
    by_tags = {tuple(sorted(meta.meta_info_def.tags)): meta for meta in saved.meta_graphs}
    if len(saved.meta_graphs) == 1:
        return saved.meta_graphs[0]
    if ("serve",) in by_tags:
        return by_tags["serve",]
    raise CompatError(
        f"{path}: holds graphs for {', '.join('+'.join(tags) for tags in by_tags)}, and none to serve"
    )


def _signature(path: str, meta: Any, wish: Wish) -> Any:
    usable = {
        name: signature
        for name, signature in sorted(meta.signature_def.items())
        if signature.outputs and not name.startswith("__")
    }
    if not usable:
        raise CompatError(f"{path}: has no signature: save the model with one, or trace FILE.py:FUNCTION")
    for signature in usable.values():
        if wish.outputs and all(one in signature.outputs for one in wish.outputs):
            return signature
    return usable.get("serving_default") or next(iter(usable.values()))


def _restoring_names(saver: Any) -> List[str]:
    names = (saver.restore_op_name, saver.filename_tensor_name)
    return [name.partition(":")[0] for name in names if name]


def _in_line(graph_def: Any, outputs: List[str], beside: List[str]) -> Any:
    """The graph with the outputs' calls in line; what is ``beside`` them stays as it is."""
    mine, now = inlined(graph_def, outputs)
    there = {node.name for node in mine.node}
    nodes = {node.name: node for node in graph_def.node}
    waiting = [name.partition(":")[0] for name in beside]
    while waiting:
        name = waiting.pop()
        if name not in there and name in nodes:
            there.add(name)
            mine.node.add().CopyFrom(nodes[name])
            waiting += [one.lstrip("^").partition(":")[0] for one in nodes[name].input]
    return mine, now


def _first_ops(meta: Any) -> List[str]:
    """What a SavedModel has run when it is loaded."""
    found = [name for key in ("saved_model_main_op", "legacy_init_op") for name in _nodes_in(meta, key)]
    if "__saved_model_init_op" in meta.signature_def:
        found += [info.name for info in meta.signature_def["__saved_model_init_op"].outputs.values()]
    names = [name.partition(":")[0] for name in found]
    return names


def _assets(folder: str, meta: Any) -> Dict[str, str]:
    """The files that tables are filled from, by the tensor that takes the path."""
    found = {}
    for asset in meta.asset_file_def:
        name = os.path.basename(asset.filename)
        found[asset.tensor_info.name] = os.path.abspath(os.path.join(folder, "assets", name))
    return found


def _written_by(meta: Any) -> str:
    version = ".".join(meta.meta_info_def.tensorflow_version.split(".")[:2])
    return f"; it was written by TensorFlow {version}: compat trace --env tf{version} ..." if version else ""
