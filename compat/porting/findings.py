"""What ``compat verify`` said, as data: the file ``verify.json`` in its folder.

In it: both sides (``Command``), the ``kernels`` line, the table of the weights that were carried, how many tensors
paired and by what, every pair in the graph's order with its numbers (``Tensor``), every wrong place in the same order
(``Finding``: both tensors, both ops, where each comes from, the numbers, the causes, and the nodes of both graphs since
the pairs before), what was not judged, the legacy nodes without a partner, and the words at the end.  ``inputs.npz``
beside it holds what both sides were computed on.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from ..files import appearing, folder_names, read_bytes
from ..jsons import as_json, from_json
from ..records import Numbers
from ..texts import check_name

NAME, INPUTS = "verify.json", "inputs.npz"
FORMAT = 1
#: What verify, and those who come after it, write into its folder.
_OURS = (NAME, INPUTS, "index.html", "style.css")


@dataclass
class Spot:
    """A place in a person's file.  ``column``: of a call, in bytes, where Python says it; else -1, as its end is."""

    path: str
    line: int
    function: str = ""
    column: int = -1
    end_line: int = -1
    end_column: int = -1

    def check(self) -> None:
        check_name("the path", self.path)
        if self.line < 1:
            raise ValueError(f"{self.path} has no line {self.line}")

    @property
    def text(self) -> str:
        return f"{os.path.basename(self.path)}:{self.line}"


@dataclass
class Layer:
    """A Keras layer, or operation, of the port: ``kind`` its class, ``own`` whether a person's file defines that.

    ``made``: where it was constructed, the innermost frame first.  ``arguments``: of the constructor, in order.
    ``times``: how many layers were constructed at that place.
    """

    name: str
    kind: str
    own: bool = False
    made: List[Spot] = field(default_factory=list)
    arguments: List[str] = field(default_factory=list)
    times: int = 1


@dataclass
class Op:
    """A node.  ``constants``: by place, the few numbers that it takes and that follow from no tensor of the graph.

    ``source``: the line of the program, as it is printed; ``spots``, of the port's: all its frames there, the
    innermost first.  ``layer``: the innermost that it was called in.
    """

    name: str
    op: str
    inputs: List[str] = field(default_factory=list)
    shape: List[int] = field(default_factory=list)
    attributes: Dict[str, Any] = field(default_factory=dict)
    constants: Dict[str, Any] = field(default_factory=dict)
    source: str = ""
    spots: List[Spot] = field(default_factory=list)
    layer: Optional[Layer] = None


@dataclass
class Edit:
    """One argument of the port that has to have another value: ``argument`` of what made ``node`` is ``wrong``."""

    node: str
    argument: str
    wrong: Optional[Any] = None
    right: Optional[Any] = None


@dataclass
class Cause:
    """``surest``: whether it is told as the cause, or as as well possible.  ``edit``: where it is one argument."""

    text: str
    surest: bool = True
    edit: Optional[Edit] = None


@dataclass
class Tensor:
    """A pair, in the order of the legacy graph.  ``numbers``: None where it could not be judged, and then ``why``.

    ``source``: the line of the legacy program; ``port_source``: of the port, of the layer's construction where a
    layer computes it.
    """

    name: str
    legacy: str
    port: str
    op: str
    port_op: str = ""
    source: str = ""
    port_source: str = ""
    numbers: Optional[Numbers] = None
    why: str = ""
    vague: bool = False
    wrong: bool = False


@dataclass
class Finding:
    """A wrong place.  ``line``: all that was printed of it.  ``tensor``: its number among the Tensors.

    ``legacy``, ``port``: the nodes of either graph since the pairs before it, in the order of flow; the last one of
    each makes the tensor.  ``before``: the port's nodes that make what those take of the pairs before.  ``rest``: what
    its numbers say beside the causes.
    """

    line: str
    tensor: int
    causes: List[Cause] = field(default_factory=list)
    rest: List[str] = field(default_factory=list)
    legacy: List[Op] = field(default_factory=list)
    port: List[Op] = field(default_factory=list)
    before: List[Op] = field(default_factory=list)


@dataclass
class Weight:
    """A row of the table: the port's variable ``port``, of which of the legacy side it was made, how and why."""

    port: str
    legacy: List[str]
    how: str
    why: str


@dataclass
class Command:
    """What was compared.  ``legacy``, ``port``: as they were given, ``folder``: where that was.

    ``source``: what the legacy run was traced from; ``environment``: where, or "" for here.  ``versions``: of this
    process.  ``files``: SHA-256 of each file of a person's port that was imported, by its path.
    """

    legacy: str
    port: str
    folder: str
    source: str = ""
    environment: str = ""
    map: str = ""
    pairs: List[str] = field(default_factory=list)
    carried: bool = True
    versions: Dict[str, str] = field(default_factory=dict)
    files: Dict[str, str] = field(default_factory=dict)


@dataclass
class Input:
    dtype: str
    shape: List[int]
    digest: str


@dataclass
class Findings:
    """``words``: "all agree", "differs", "not judged" or "not carried".  ``paired``: tensors by the way.

    ``outputs``: of each paired output (legacy tensor, the port's); ``why`` of those whose names did not say it.
    ``tensors_of_port``: how many it has.  ``refused``: weights that were not carried, and then nothing else was
    found.  ``whole``: where nothing is wrong at a place, all nodes of both graphs.  ``training``: of a step of training
    what was compared; ``steps``: what is wrong in it and is at no place of the graph.
    """

    command: Command
    words: str
    kernels: str
    format: int = FORMAT
    weights: List[Weight] = field(default_factory=list)
    unused: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    inputs: Dict[str, Input] = field(default_factory=dict)
    paired: Dict[str, int] = field(default_factory=dict)
    tensors_of_port: int = 0
    outputs: Dict[str, List[str]] = field(default_factory=dict)
    why: Dict[str, str] = field(default_factory=dict)
    tensors: List[Tensor] = field(default_factory=list)
    wrong: List[Finding] = field(default_factory=list)
    not_judged: List[str] = field(default_factory=list)
    without_partner: List[str] = field(default_factory=list)
    refused: List[str] = field(default_factory=list)
    whole: Optional[Finding] = None
    training: str = ""
    steps: List[str] = field(default_factory=list)

    def check(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"its format is {self.format}, and this compat reads {FORMAT}")
        if any(not 0 <= one.tensor < len(self.tensors) for one in self.wrong):
            raise ValueError("a wrong place is no tensor of it")

    @property
    def holds(self) -> bool:
        return self.words == "all agree"


def check_folder(folder: str) -> None:
    """Raises CompatError where ``--out`` names what is no folder of verify's own."""
    if not folder:
        raise CompatError("--out is empty; name a folder")
    if os.path.islink(folder.rstrip("/")):
        raise CompatError(f"{folder}: is a link: name the folder itself")
    if not os.path.lexists(folder):
        return
    if not os.path.isdir(folder):
        raise CompatError(f"{folder}: is a file; --out names a folder")
    there = folder_names(folder)
    if NAME in there:
        read(folder)
    foreign = [name for name in there if name not in _OURS and not name.startswith(".tmp-")]
    if foreign and NAME not in there:
        raise CompatError(f"{folder}: is no folder of verify's, and not empty; choose another --out")


def write(folder: str, findings: Findings, inputs: Mapping[str, Array]) -> None:
    """Both files, each appearing when it is complete; ``verify.json`` last."""
    check_folder(folder)
    with appearing(os.path.join(folder, INPUTS), "wb") as file:
        np.savez(file, **{name: np.asarray(array) for name, array in inputs.items()})  # type: ignore[arg-type]
    text = json.dumps(finite(as_json(findings)), indent=1, sort_keys=True, allow_nan=False)
    with appearing(os.path.join(folder, NAME), "w") as file:
        file.write(text + "\n")


def finite(value: Any) -> Any:
    """JSON has no infinity: what is none is said in words, or left out where a number is expected."""
    if isinstance(value, dict):
        kept = {name: finite(entry) for name, entry in value.items()}
        return {name: entry for name, entry in kept.items() if entry is not None}
    if isinstance(value, list):
        return [finite(entry) for entry in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def read(folder: str) -> Findings:
    """What verify left there.  Raises CompatError for what it never wrote."""
    path = os.path.join(folder, NAME)
    if not os.path.lexists(path):
        raise CompatError(f"{folder}: has no {NAME}: compat verify LEGACY PORT --out {folder} writes it")
    try:
        value = json.loads(read_bytes(path).decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise CompatError(f"{path}: cannot be read ({error}); run compat verify again") from None
    return from_json(Findings, value, path)


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")
