"""Graphs as protocol buffers, read without TensorFlow: what a file is, and what it would do, is known before that.

The numbers of the fields are those of TensorFlow's graph.proto, node_def.proto, function.proto, tensor.proto,
meta_graph.proto and saved_model.proto; the encoding is https://protobuf.dev/programming-guides/encoding.
"""

from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Tuple, Union

Value = Union[int, memoryview]
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
#: Bytes of an element by the number of its DataType; of those that are not here one is taken.
_ITEM_BYTES = {1: 4, 2: 8, 3: 4, 5: 2, 8: 8, 9: 8, 14: 2, 17: 2, 18: 16, 19: 2, 22: 4, 23: 8}


@dataclass
class NodeDef:
    """``inputs``: as the file has them, ``node``, ``node:1`` or ``^node``.  ``constant_bytes``: unpacked."""

    name: str
    op: str
    inputs: List[str] = field(default_factory=list)
    constant_bytes: int = 0


@dataclass
class GraphDef:
    """``functions``: the nodes of each function of its library, by the function's name."""

    nodes: List[NodeDef] = field(default_factory=list)
    functions: Dict[str, List[NodeDef]] = field(default_factory=dict)

    def every_node(self) -> Iterator[NodeDef]:
        yield from self.nodes
        for nodes in self.functions.values():
            yield from nodes


def graph_of(data: Union[bytes, memoryview]) -> GraphDef:
    """The graph of a serialised GraphDef.  Raises ValueError for anything else."""
    graph = GraphDef()
    for number, value in fields(memoryview(data)):
        if number == 1:
            graph.nodes.append(_node(_bytes(value)))
        elif number == 2:
            for inner, function in fields(_bytes(value)):
                if inner == 1:
                    name, nodes = _function(_bytes(function))
                    graph.functions[name] = nodes
        elif number not in (3, 4, 5):
            raise ValueError(f"a graph has no field {number}")
    if not graph.nodes:
        raise ValueError("it holds no node")
    return graph


def graph_of_meta(data: Union[bytes, memoryview]) -> GraphDef:
    """The graph of a serialised MetaGraphDef, as a .meta holds it.  Raises ValueError for anything else."""
    for number, value in fields(memoryview(data)):
        if number == 2:
            return graph_of(_bytes(value))
    raise ValueError("it holds no graph")


def graphs_of_saved_model(data: Union[bytes, memoryview]) -> List[GraphDef]:
    """The graphs of a serialised SavedModel.  Raises ValueError for anything else."""
    found = [graph_of_meta(_bytes(value)) for number, value in fields(memoryview(data)) if number == 2]
    if not found:
        raise ValueError("it holds no graph")
    return found


def is_saved_model(data: Union[bytes, memoryview]) -> bool:
    """Whether it begins as a SavedModel does, with the number of its schema."""
    return bytes(memoryview(data)[:1]) == b"\x08"


def fields(data: memoryview) -> Iterator[Tuple[int, Value]]:
    """(number, value) of the fields of a message.  Raises ValueError where it is truncated, or no message."""
    place, end = 0, len(data)
    while place < end:
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ValueError("no field has the number 0")
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield number, value
            continue
        if kind == _BYTES:
            size, place = _varint(data, place)
        elif kind in (_EIGHT, _FOUR):
            size = 8 if kind == _EIGHT else 4
        else:
            raise ValueError("no field is of that kind")
        if place + size > end:
            raise ValueError("truncated")
        yield number, data[place : place + size]
        place += size


def _varint(data: memoryview, place: int) -> Tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise ValueError("truncated")
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


def _bytes(value: Value) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message should be")
    return value


def _text(value: Value) -> str:
    return bytes(_bytes(value)).decode("utf-8")


def _node(data: memoryview) -> NodeDef:
    node = NodeDef("", "")
    for number, value in fields(data):
        if number == 1:
            node.name = _text(value)
        elif number == 2:
            node.op = _text(value)
        elif number == 3:
            node.inputs.append(_text(value))
        elif number == 5:
            node.constant_bytes = max(node.constant_bytes, _constant_bytes(_bytes(value)))
        elif number not in (4, 6, 7):
            raise ValueError(f"a node has no field {number}")
    if not node.name or not node.op:
        raise ValueError("a node has no name, or no op")
    return node


def _function(data: memoryview) -> Tuple[str, List[NodeDef]]:
    name, nodes = "", []
    for number, value in fields(data):
        if number == 1:
            name = next((_text(inner) for n, inner in fields(_bytes(value)) if n == 1), "")
        elif number == 3:
            nodes.append(_node(_bytes(value)))
    return name, nodes


def _constant_bytes(attribute: memoryview) -> int:
    """What the tensor in an attribute takes when it is unpacked: a small file may say that it is huge."""
    for number, value in fields(attribute):
        if number != 2:
            continue
        for inner, tensor in fields(_bytes(value)):
            if inner == 8:
                return _tensor_bytes(_bytes(tensor))
    return 0


def _tensor_bytes(data: memoryview) -> int:
    count, size = 1, 1
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            size = _ITEM_BYTES.get(value, 1)
        elif number == 2:
            for inner, axis in fields(_bytes(value)):
                if inner == 2:
                    sizes = [extent for n, extent in fields(_bytes(axis)) if n == 1]
                    count *= sizes[-1] if sizes and isinstance(sizes[-1], int) else 0
    return count * size
