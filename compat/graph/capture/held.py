"""What a handle of a TensorFlow 1 graph holds: a TensorArray or a stack, and which tensors were put there.

A read takes, as a node, what was put where it looks: the tensor with the index that it was written at, and the index
that is read.  What is on the way, handle and flow, is no part of it.  A gradient's TensorArray adds up what is put at
one index.
"""

import collections
import re
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from ...arrays import Array

#: Versions of an op differ in their handles alone.
_OP = re.compile(r"(TensorArray|Stack)(\w*?)(?:V2|V3)?$")


class Value(NamedTuple):
    """What flows along an edge.

    ``name``: the tensor of the trace; None where it is not visible.  ``array``: its numbers, where they say which way
    or which element.  ``held``: what it is the handle of.  ``came``: to a Merge, as which of its inputs.
    """

    name: Optional[str] = None
    array: Optional[Array] = None
    held: Optional["Held"] = None
    came: Optional[int] = None


class Put(NamedTuple):
    """``how``: Write, Scatter or Split.  ``at``: the index, the indices, or the lengths of the pieces."""

    how: str
    value: str
    at: str


class Held:
    """A TensorArray or a stack.  ``lost``: something was put there by who knows whom."""

    def __init__(self, size: Value, least: int = 0) -> None:
        self.size, self.least = size, least
        self.lost = False
        self._elements: Dict[int, List[Put]] = collections.defaultdict(list)
        self._gradients: Dict[str, Held] = {}
        self._stack: List[Value] = []

    def gradient(self, source: str) -> "Held":
        if source not in self._gradients:
            self._gradients[source] = Held(self.size, self.length())
            self._gradients[source].lost = self.lost
        return self._gradients[source]

    def put(self, index: int, put: Put) -> None:
        self._elements[index].append(put)

    def push(self, value: Value) -> None:
        self._stack.append(value)

    def pop(self) -> Optional[Value]:
        return self._stack.pop() if self._stack else None

    def at(self, indices: Any) -> List[Put]:
        """What was put at these, each tensor once."""
        return list(dict.fromkeys(put for index in indices for put in self._elements.get(int(index), ())))

    def is_empty(self, index: int) -> bool:
        return index not in self._elements

    def length(self) -> int:
        size = 0 if self.size.array is None else int(self.size.array)
        return max([size, self.least] + [1 + index for index in self._elements])

    def puts(self) -> List[Put]:
        return self.at(sorted(self._elements))


class Link(NamedTuple):
    """An op on a handle as a node: what it takes, and what more is to be said; ``held``: of its first output."""

    inputs: List[str]
    attributes: Dict[str, Any] = {}
    held: Optional[Held] = None


def is_on_handle(op: Any) -> bool:
    return bool(_OP.match(op.type))


def says_where(op: Any) -> List[int]:
    """The inputs of the op whose numbers say which element."""
    kind = _OP.match(op.type)
    if kind is None or kind.group(1) == "Stack":
        return []
    return [{"": 0, "Split": 2}.get(kind.group(2), 1)]


def linked(op: Any, given: List[Value], shape: List[int]) -> Optional[Link]:
    """An op on a handle; None where what it depends on is not visible.

    ``given``: of its inputs; ``shape``: of its result.
    """
    kind = _OP.match(op.type)
    assert kind is not None
    what, does = kind.groups()
    if not does:
        size = given[0] if given else Value()
        return Link([size.name] if size.name else [], {}, Held(size))
    held = given[0].held
    if held is None:
        return None
    link = None if held.lost else _LINKS.get(what + does, _nothing)(op, held, given[1:], shape)
    held.lost |= link is None
    return link


def _nothing(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    return None


def _gradient(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    source = op.get_attr("source").decode("utf-8")
    return Link(_names(given) or [], {}, held.gradient(source))


def _put(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    names, how = _names(given), _OP.match(op.type).group(2)  # type: ignore[union-attr]
    at, value = (1, 0) if how == "Split" else (0, 1)
    array = given[at].array
    if names is None or array is None:
        return None
    indices = range(len(array)) if how == "Split" else np.asarray(array).ravel()
    for index in indices:
        held.put(int(index), Put(how, names[value], names[at]))
    return Link(names)


def _get(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    where = given[0]
    if where.name is None or where.array is None:
        return None
    indices = [int(index) for index in np.asarray(where.array).ravel()]
    link = _of_puts(held.at(indices), [where.name])
    if any(held.is_empty(index) for index in indices):
        link.attributes["element"] = list(shape[np.ndim(where.array) :])
    return link


def _concat(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    length = held.length()
    if any(held.is_empty(index) for index in range(length)):
        return None
    link = _of_puts(held.puts(), [])
    link.attributes["elements"] = length
    return link


def _size(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    if held.size.name is None or held.least:
        return None
    return _of_puts(held.puts(), [held.size.name])


def _push(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    held.push(given[0])
    return _passed(given[0])


def _pop(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    return _passed(held.pop())


def _passed(value: Optional[Value]) -> Optional[Link]:
    """A tensor or, of a loop within a loop, the handle of another array."""
    if value is None or (value.name is None and value.held is None):
        return None
    return Link([value.name] if value.name else [], {}, value.held)


def _close(op: Any, held: Held, given: List[Value], shape: List[int]) -> Optional[Link]:
    return Link([])


def _of_puts(puts: List[Put], more: List[str]) -> Link:
    inputs = [name for put in puts for name in (put.value, put.at)]
    return Link([*inputs, *more], {"put": [put.how for put in puts]})


def _names(given: List[Value]) -> Optional[List[str]]:
    names = [value.name for value in given]
    return None if None in names else names  # type: ignore[return-value]


_LINKS = {
    "TensorArrayGrad": _gradient,
    "TensorArrayWrite": _put,
    "TensorArrayScatter": _put,
    "TensorArraySplit": _put,
    "TensorArrayRead": _get,
    "TensorArrayGather": _get,
    "TensorArrayConcat": _concat,
    "TensorArraySize": _size,
    "TensorArrayClose": _close,
    "StackPush": _push,
    "StackPop": _pop,
    "StackClose": _close,
}
