"""The hyper-parameters that a graph holds: attributes of its ops, and numbers that its ops are given alone.

A number has a name where the ops around it say what it is for: what is added to a variance under a root is an epsilon,
what random numbers are compared with is a dropout's rate.
"""

from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..graph.attributes import NAMES_ONLY
from ..graph.nodes import SOURCES, Node, Trace
from ..reference.nodes.sources import DRAWN

Read = Callable[[str], Array]

#: Attributes that say how, not what; ``put`` to ``elements`` are compat's own, of an array that is read.
_ASIDE = (
    *NAMES_ONLY,
    *(
        "keep_dims",
        "shape",
        "element_shape",
        "element_dtype",
        "use_locking",
        "seed",
        "seed2",
        "allowed_devices",
    ),
    *("put", "came", "element", "elements", "dtypes", "Tcomplex", "Treal", "Tcond", "message", "summarize"),
)
#: In the order of the axes.
_OF_AXES = ("strides", "ksize", "dilations")
#: What an op does in which an attribute is not there yet, or no longer.
DEFAULTS: Dict[str, Any] = {
    "dilations": [1, 1, 1, 1],
    "half_pixel_centers": False,
    "align_corners": False,
    "exponential_avg_factor": 1.0,
    "antialias": False,
    "use_nesterov": False,
    "update_slots": True,
}
_PASSING = ("Identity", "ReadVariableOp", "Enter", "RefEnter", "Cast", "Reshape", "Snapshot", "StopGradient")
#: Ops that make an array of a number.
_FILLING = ("Tile", "Fill", "BroadcastTo", "ExpandDims", "Pack")
_ROOTS, _SUMS = ("Rsqrt", "Sqrt"), ("Add", "AddV2", "BiasAdd")
_ELEMENTWISE = (*_SUMS, "Mul", "Sub", "RealDiv", "Maximum", "Minimum", *_PASSING)
#: The numbers that optimisers are given, by their place.
_RATE, _EPSILON = "learning rate", "epsilon"
_OPTIMISERS: Dict[str, Dict[int, str]] = {
    "GradientDescent": {1: _RATE},
    "Momentum": {2: _RATE, 4: "momentum"},
    "KerasMomentum": {2: _RATE, 4: "momentum"},
    "Adagrad": {2: _RATE},
    "AdagradV2": {2: _RATE, 3: _EPSILON},
    "Adadelta": {3: _RATE, 4: "rho", 5: _EPSILON},
    "Adam": {5: _RATE, 6: "beta1", 7: "beta2", 8: _EPSILON},
    "AdamWithAmsgrad": {6: _RATE, 7: "beta1", 8: "beta2", 9: _EPSILON},
    "AdaMax": {4: _RATE, 5: "beta1", 6: "beta2", 7: _EPSILON},
    "RMSProp": {3: _RATE, 4: "rho", 5: "momentum", 6: _EPSILON},
    "CenteredRMSProp": {4: _RATE, 5: "rho", 6: "momentum", 7: _EPSILON},
    "Ftrl": {4: _RATE, 5: "l1", 6: "l2", 7: "learning rate power"},
}


class Held(NamedTuple):
    """``name``: of what.  ``group``: ops that may be compared, whatever their version; of a number that has a name of
    its own nothing.  ``op``: as it is spelled.  ``value``: as text."""

    name: str
    group: str
    op: str
    value: str


def held(trace: Trace, read: Read) -> List[Held]:
    """In the order of flow, each once, however many iterations its loop has.  ``read``: digest -> array."""
    return list(_Reading(trace, read).all())


def computing(trace: Trace) -> Iterator[Node]:
    """The nodes that compute numbers of a precision; of every iteration the first."""
    met: Set[str] = set()
    for node in trace.nodes:
        base = node.name.partition("@")[0]
        floats = any(output.dtype in UNIT_ROUNDOFF for output in node.outputs.values())
        compares = node.op in ("Greater", "GreaterEqual", "Less", "LessEqual")
        if base in met or node.op in SOURCES or not (floats or compares):
            continue
        met.add(base)
        yield node


def spelling(trace: Trace) -> Iterator[str]:
    """The op types that say how a computation is spelled: not what passes on, draws, or puts numbers together."""
    outputs = {tensor.rpartition(":")[0] for tensor in trace.outputs.values()}
    for node in computing(trace):
        large = any(_size(output.shape) > 1 for output in node.outputs.values())
        if (
            not node.op.startswith("Assign")
            and node.op not in (*_PASSING, *DRAWN, *_FILLING)
            and (large or node.name in outputs)
        ):
            yield node.op


def group(op: str) -> str:
    """An op type without its version, and whether it is given a handle."""
    bare = op[len("Resource") :] if op.startswith("ResourceApply") else op
    base = bare.rstrip("0123456789")
    base = base[:-1] if base.endswith("V") and base != bare else bare
    return "Add" if base == "BiasAdd" else base


class _Reading:
    def __init__(self, trace: Trace, read: Read) -> None:
        self._trace, self._read = trace, read
        self._makers, self._tensors = trace.makers(), trace.tensors()
        self._users: Dict[str, List[Node]] = {}
        for node in trace.nodes:
            for name in node.inputs:
                self._users.setdefault(name, []).append(node)
        self._drawn = self._following_drawn()

    def all(self) -> Iterator[Held]:
        for node in computing(self._trace):
            yield from _attributes(node)
            yield from self._numbers(node)

    def _following_drawn(self) -> Set[str]:
        """The tensors that are random numbers, or these moved and scaled."""
        found: Set[str] = set()
        for node in self._trace.nodes:
            moved = node.op in _ELEMENTWISE and any(name in found for name in node.inputs)
            if node.op in DRAWN or moved:
                found.update(node.tensor(int(number)) for number in node.outputs)
        return found

    def _numbers(self, node: Node) -> Iterator[Held]:
        named = _OPTIMISERS.get(group(node.op).partition("Apply")[2].replace("Sparse", ""))
        if named is not None:
            for place, name in named.items():
                value = self._number(node.inputs[place]) if place < len(node.inputs) else None
                if value is not None:
                    yield Held(name, group(node.op), node.op, _shown(value))
            return
        output = node.outputs.get("0")
        if output is None or _size(output.shape) <= 1 or node.op in _FILLING:  # put together of numbers
            return
        for place, tensor in enumerate(node.inputs):
            if self._is_given(tensor):
                value = self._number(tensor)
                called = None if value is None else self._called(node, place, value)
                if called is not None:
                    yield called

    def _called(self, node: Node, place: int, value: float) -> Optional[Held]:
        """The number with the name that the ops around it give it."""
        others = [name for number, name in enumerate(node.inputs) if number != place]
        users = {user.op for user in self._users_beyond(node.tensor())}
        if node.op in (*_SUMS, "Maximum"):
            if users & set(_ROOTS):
                return Held("epsilon", "", f"{node.op} under a root", _shown(value))
            if "Log" in users:
                return Held("epsilon in a logarithm", "", f"{node.op} under Log", _shown(value))
            if any(self._maker(name).op == "Sqrt" for name in others):
                return Held("epsilon beside a root", "", f"{node.op} beside Sqrt", _shown(value))
        if self._drawn.intersection(others):
            return self._of_drawn(node, value, users)
        return Held("constants", group(node.op), node.op, _shown(value))

    @staticmethod
    def _of_drawn(node: Node, value: float, users: Set[str]) -> Optional[Held]:
        """A dropout keeps what is not below the rate, or the floor of the random number and the share that is kept."""
        if node.op in ("GreaterEqual", "Greater"):
            return Held("dropout rate", "", "", _shown(value))
        if node.op == "Less" or (node.op in _SUMS and "Floor" in users):
            return Held("dropout rate", "", "", _shown(float(f"{1 - value:.6g}")))
        return None

    def _users_beyond(self, tensor: str) -> List[Node]:
        """Those that compute with a tensor, also where it is passed on first."""
        found: List[Node] = []
        waiting = [tensor]
        while waiting:
            for user in self._users.get(waiting.pop(), ()):
                if user.op in _PASSING[:3]:
                    waiting.append(user.tensor())
                else:
                    found.append(user)
        return found

    def _maker(self, tensor: str) -> Node:
        node = self._makers[tensor]
        while node.op in _PASSING and node.inputs:
            node = self._makers[node.inputs[0]]
        return node

    def _is_given(self, tensor: str) -> bool:
        return self._maker(tensor).op in ("Const", "Variable")

    def _number(self, tensor: str) -> Optional[float]:
        output = self._tensors[tensor]
        if output.dtype not in UNIT_ROUNDOFF or _size(output.shape) != 1:
            return None
        array = np.asarray(self._read(output.digest))
        return float(array.ravel()[0]) if array.size == 1 and array.dtype.kind == "f" else None


def _attributes(node: Node) -> Iterator[Held]:
    if node.op.startswith(("TensorArray", "Stack")) or node.op in (*_PASSING, *DRAWN):
        return
    channels_first = str(node.attributes.get("data_format", "")).startswith("NC")
    for name, value in node.attributes.items():
        if name in _ASIDE or name.startswith("T") and len(name) > 1 and name[1:].islower():
            continue
        if name in _OF_AXES and channels_first and isinstance(value, list) and len(value) > 2:
            value = [value[0], *value[2:], value[1]]
        if name == "epsilon":
            yield Held("epsilon", "", node.op, _shown(value))
        else:
            yield Held(name, group(node.op), node.op, _shown(value))


def _size(shape: List[int]) -> int:
    return int(np.prod(shape, dtype=np.int64)) if shape else 1


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value)


def default(name: str) -> Optional[str]:
    """The value of an attribute where it is not there, if that is known."""
    return _shown(DEFAULTS[name]) if name in DEFAULTS else None


def random_ops(trace: Trace) -> List[Tuple[str, Any]]:
    """(op type, seed, or None where the attribute is not there) of the random ops that the outputs follow from."""
    kept = {node.name for node in trace.ancestors(trace.outputs.values())}
    met: Dict[str, Tuple[str, Any]] = {}
    for node in trace.nodes:
        if node.op in DRAWN and node.name in kept:
            seeds = [node.attributes[name] for name in ("seed", "seed2") if name in node.attributes]
            met.setdefault(node.name.partition("@")[0], (node.op, tuple(seeds) or None))
    return list(met.values())
