"""A source as a TensorFlow 1 graph that can be run: every kind of source becomes one."""

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from ..errors import CompatError
from ..graph.capture.flow import with_all_before


class Wish(NamedTuple):
    """What was asked for on the command line.

    ``arrays``: the inputs by name, or None where they are to be made.  ``outputs``: their names; none: to be chosen.
    ``path``: folders for ``sys.path``.  ``trust``: whether what it holds may run.  ``training``: a step of it as well,
    of the op ``train_op`` where that is named.
    """

    arrays: Optional[Dict[str, Any]] = None
    inputs_path: str = "x.npz"
    outputs: List[str] = []
    path: List[str] = []
    trust: bool = False
    training: bool = False
    train_op: str = ""


def _nothing(session: Any) -> None:
    """There are no variables."""


@dataclass
class Program:
    """``inputs``, ``outputs``: tensors of the graph by name; without outputs they are to be chosen.

    ``restore``: gives the variables their values, in a session.  ``dialect``: in which the source is spelled.
    ``lines``: of an op's name the line that made it.  ``variables``: ops, in the order in which they were made.
    ``named``: further names of tensors.  ``notes``: what is to be said of it.  ``operations``: of the live graph that
    this one is a copy of, whose tracebacks say where they were made.  ``training``: ops that may be the train op, by
    what they are called.
    """

    graph: Any
    inputs: Dict[str, Any] = field(default_factory=dict)
    outputs: Dict[str, Any] = field(default_factory=dict)
    restore: Callable[[Any], None] = _nothing
    dialect: str = "tf1.session"
    lines: Dict[str, str] = field(default_factory=dict)
    variables: List[str] = field(default_factory=list)
    named: Dict[str, Any] = field(default_factory=dict)
    notes: List[str] = field(default_factory=list)
    operations: List[Any] = field(default_factory=list)
    training: Dict[str, str] = field(default_factory=dict)


PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
#: How lines begin that say where, and not what.
_HEADINGS = (
    "Traceback", "File ", "in user code", "Graph execution error", "Detected at", "Exception encountered"
)  # fmt: skip
#: The line of the node that failed, after which it is said how; and that there are several.
_NODE, _SEVERAL = re.compile(r"Node: '[^']*'\Z"), re.compile(r"\d+ root error\(s\) found")


def point_of(error: BaseException) -> str:
    """The line of a framework's message that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    nodes = [number for number, line in enumerate(lines) if _NODE.match(line)]
    after = lines[nodes[-1] + 1 :] if nodes else []  # before it stands a person's code
    said = [line for line in after or lines if not line.startswith(_HEADINGS) and not _SEVERAL.match(line)]
    point = (said[0] if said else type(error).__name__)[:300]
    if "does not have value" in point:
        return "an output is on a branch that is not taken: name others with --outputs"
    return point


def placeholders(tensors: Any) -> List[Any]:
    """The tensors of the placeholders that the tensors depend on, in the order of the graph."""
    found = [op for op in ancestors(tensors) if op.type in PLACEHOLDERS]
    return [op.outputs[0] for op in found]


def ancestors(tensors: Any) -> List[Any]:
    """The ops that the tensors depend on, also by control edges, in the order of the graph."""
    met = with_all_before(tensor.op for tensor in tensors)
    return [op for op in next(iter(met)).graph.get_operations() if op in met] if met else []


def shape_text(tensor: Any) -> str:
    """``float32 [?, 28, 28]``."""
    dims = shape_of(tensor)
    text = (
        "of any rank"
        if dims is None
        else "[{}]".format(", ".join("?" if d is None else str(d) for d in dims))
    )
    return f"{tensor.dtype.base_dtype.name} {text}"


def shape_of(tensor: Any) -> Optional[List[Optional[int]]]:
    """The extents, None for one that is not known; None for an unknown rank."""
    shape = tensor.shape
    return None if shape.ndims is None else [None if d is None else int(d) for d in shape.as_list()]


def find_tensor(program: Program, name: str) -> Any:
    """The tensor of that name: of a tensor, an op, an output of the signature, or the one that ends so.

    Raises CompatError where there is none, or more than one.
    """
    for table in (program.outputs, program.named):
        if name in table:
            return table[name]
    node, _, number = name.partition(":")
    operations = program.graph.get_operations()
    ops = [op for op in operations if op.name == node] or [
        op for op in operations if op.name.endswith("/" + node)
    ]
    ops = [op for op in ops if op.outputs]
    if len(ops) == 1:
        place = int(number) if number.isdigit() else 0
        if place < len(ops[0].outputs):
            return ops[0].outputs[place]
    known = ", ".join(op.name for op in ops[:4])
    raise CompatError(
        f"--outputs {name}: {f'there are {known}: name one' if known else 'the graph has no tensor of that name'}"
    )
