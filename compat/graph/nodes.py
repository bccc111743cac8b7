"""A computation as nodes: what ran, on which tensors, and what came out.

A Trace has one node for every op that ran, in the order in which tensors flow.  It has no cycles and no branches: of a
conditional there is the branch that was taken, of a loop every iteration, the names of its nodes ending in ``@0``,
``@1`` ..., and in ``@1.0`` in a loop within a loop.  What a handle holds is not among the tensors: what is read through
it takes what was put there.  A variable is the numbers it had: reading it is a node, and an op that assigns has the
new numbers as its output.  Tensors are called as TensorFlow calls them, ``conv1/Relu:0``.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from ..jsons import as_json, from_json
from ..records import Output, check_digest
from ..texts import check_name

#: The array of a digest.
Read = Callable[[str], Array]
#: Keeps an array: (array, name of its dtype) -> Output.
Keep = Callable[[Any, str], Output]

#: Ops whose result is taken as recorded: nothing is computed there.
SOURCES = ("Placeholder", "PlaceholderWithDefault", "Const", "Variable", "IteratorGetNext")


@dataclass
class Node:
    """One op that ran.

    ``inputs``: the tensors it took.  ``outputs``: what it gave, by number; some may be missing, as the outputs of a
    Switch that went the other way.  ``attributes``: as JSON values, dtypes by name and shapes as lists.  ``source``:
    the line of the program that made it, ``file.py:12``, where the framework keeps it.  ``measured``: where no rule
    was known of the op when it ran, what was measured of it alone, as digests by name for each output
    (``compat.record.alone``).
    """

    name: str
    op: str
    inputs: List[str] = field(default_factory=list)
    outputs: Dict[str, Output] = field(default_factory=dict)
    attributes: Dict[str, Any] = field(default_factory=dict)
    source: str = ""
    measured: Optional[Dict[str, Dict[str, str]]] = None

    def check(self) -> None:
        for what in (self.name, self.op, *self.inputs, *self.attributes):
            check_name("the node's", what)
        if not all(number.isdigit() for number in self.outputs):
            raise ValueError(f"{self.name}: outputs have numbers")
        for number, arrays in (self.measured or {}).items():
            if number not in self.outputs:
                raise ValueError(f"{self.name}: something is measured of an output that is not there")
            for digest in arrays.values():
                check_digest(digest)

    def tensor(self, number: int = 0) -> str:
        return f"{self.name}:{number}"


@dataclass
class Trace:
    """``inputs``, ``outputs``: the tensor that stands for each input and output of the sample, by its name.

    ``unseen``: how many ops are not among the nodes, by the reason.  ``variables``: their tensors in the order in
    which they were made; None where that is not known.
    """

    nodes: List[Node] = field(default_factory=list)
    inputs: Dict[str, str] = field(default_factory=dict)
    outputs: Dict[str, str] = field(default_factory=dict)
    unseen: Dict[str, int] = field(default_factory=dict)
    variables: Optional[List[str]] = None

    def check(self) -> None:
        names = [node.name for node in self.nodes]
        if len(set(names)) < len(names):
            raise ValueError("two nodes of one name")
        before: Dict[str, Output] = {}
        for node in self.nodes:
            for name in node.inputs:
                if name not in before:
                    raise ValueError(f"{node.name}: its input {name} does not come before it")
            before.update({f"{node.name}:{number}": output for number, output in node.outputs.items()})
        for name in (*self.inputs.values(), *self.outputs.values(), *(self.variables or ())):
            if name not in before:
                raise ValueError(f"{name} is no tensor of the graph")

    def tensors(self) -> Dict[str, Output]:
        """Every tensor by name, in the order of flow."""
        return {
            f"{node.name}:{number}": output for node in self.nodes for number, output in node.outputs.items()
        }

    def makers(self) -> Dict[str, Node]:
        """Of every tensor the node that made it."""
        return {f"{node.name}:{number}": node for node in self.nodes for number in node.outputs}

    def ancestors(self, tensors: Iterable[str], until: Iterable[str] = ()) -> List[Node]:
        """The nodes that the tensors follow from, in the order of flow; none beyond the tensors ``until``."""
        makers, stop, wanted = self.makers(), set(until), set()
        waiting = [name for name in tensors if name not in stop]
        while waiting:
            node = makers[waiting.pop()]
            if node.name not in wanted:
                wanted.add(node.name)
                waiting += [name for name in node.inputs if name not in stop]
        return [node for node in self.nodes if node.name in wanted]

    def digests(self) -> List[str]:
        """Of every tensor, and of what was measured."""
        measured = [arrays for node in self.nodes for arrays in (node.measured or {}).values()]
        return [
            *(output.digest for output in self.tensors().values()),
            *(digest for arrays in measured for digest in arrays.values()),
        ]

    def array(self) -> Array:
        """The trace as the bytes of its JSON, to be kept beside its tensors."""
        return np.frombuffer(json.dumps(as_json(self), sort_keys=True).encode("utf-8"), np.uint8)


def trace_of(array: Array, where: str) -> Trace:
    """The Trace of what ``Trace.array`` gave.  Raises CompatError, beginning with ``where``, for anything else."""
    try:
        if array.dtype != np.uint8 or array.ndim != 1:
            raise ValueError("it is no text")
        value = json.loads(array.tobytes().decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CompatError(f"{where}: the graph cannot be read ({error}); record it again") from None
    return from_json(Trace, value, where)


def split(tensor: str) -> Tuple[str, int]:
    """(node, number of its output) of a tensor's name."""
    node, _, number = tensor.rpartition(":")
    return node, int(number)
