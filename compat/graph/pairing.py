"""Pairs: a tensor of the legacy graph and the tensor of the port that stands for it.

What both sides name is a pair.  Between those, tensors of one shape are paired that have the same numbers but for
rounding; and then ops of one kind whose inputs follow from the same pairs, where their numbers have to do with each
other: a wrong epsilon leaves them alike, another computation does not.  What pairs is judged by the legacy graph from
the pairs before it, so that a pair too many can raise an alarm; hence order, kind, origin and numbers have all to be
right where the numbers are not the same.
"""

import difflib
from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Set, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..records import Output
from .forms import squeezed
from .nodes import SOURCES, Node, Trace

#: Spellings of one op in the versions.
_SAME = {
    "AddV2": "Add",
    "BiasAdd": "Add",
    "BiasAddV1": "Add",
    "Sub": "Add",
    "Div": "Mul",
    "RealDiv": "Mul",
    "BatchMatMul": "MatMul",
    "BatchMatMulV2": "MatMul",
    "BatchMatMulV3": "MatMul",
    "FusedBatchNorm": "FusedBatchNormV3",
    "FusedBatchNormV2": "FusedBatchNormV3",
    "MaxPoolV2": "MaxPool",
    "Max": "MaxPool",
    "Mean": "AvgPool",
    "LeakyRelu": "Maximum",
    "Relu6": "Relu",
    "Einsum": "MatMul",
}
#: Only what computes is worth a pair: these pass on, or say how.
_ASIDE = (
    *SOURCES,
    *("Identity", "ReadVariableOp", "Enter", "Exit", "Merge", "Switch", "NextIteration", "StopGradient"),
    *("Reshape", "Transpose", "Squeeze", "ExpandDims", "AssignVariableOp", "Assign", "Cast", "Fill"),
    *("StackPush", "StackPushV2", "StackPop", "StackPopV2"),
)
#: The least correlation of two tensors that stand for each other; as a share of the norm, how near is the same.
_ALIKE, _SAME_NUMBERS = 0.9, 1e-3
#: Fewer numbers are alike by accident.
_FEWEST = 4


class Pair(NamedTuple):
    """``name``: of the output that it is, or of the legacy node.  ``legacy``, ``port``: tensors, "" of no graph.

    ``result``: with the legacy tensor's shape where theirs differ by axes of one element, and it is no output.
    """

    name: str
    legacy: str
    port: str
    result: Output

    def array(self, read: Callable[[str], Array]) -> Array:
        """The port's numbers, in the form that the pair is judged in."""
        return read(self.result.digest).reshape(tuple(self.result.shape))


class _Tensor(NamedTuple):
    name: str
    kind: str
    output: Output
    read: Callable[[str], Array]
    norm: float

    @property
    def array(self) -> Array:
        """Read anew each time: of a graph there are more than memory holds."""
        return self.read(self.output.digest)

    @property
    def form(self) -> Tuple[Tuple[int, ...], str]:
        """Axes of one element come and go."""
        return squeezed(self.output.shape), self.output.dtype


def pairs(
    legacy: Trace,
    outputs: Dict[str, Output],
    port: Trace,
    read_legacy: Callable[[str], Array],
    read_port: Callable[[str], Array],
) -> List[Pair]:
    """The pairs in the legacy graph's order of flow.

    ``outputs``: what the port gave by name; ``port``: its graph, or an empty Trace.
    """
    mine, theirs = _computing(legacy, read_legacy), _computing(port, read_port)
    same = _of_same_numbers(mine, theirs)
    named = {tensor: port.outputs[name] for name, tensor in legacy.outputs.items() if name in port.outputs}
    fed = {tensor: port.inputs[name] for name, tensor in legacy.inputs.items() if name in port.inputs}
    alike = _of_one_kind(legacy, port, mine, theirs, {**fed, **same, **named})
    alike = _in_one_order(
        legacy, alike, same, named, *({one.name: one for one in side} for side in (mine, theirs))
    )
    mine_of, theirs_of = legacy.tensors(), port.tensors()
    found = [
        Pair(tensor.rpartition(":")[0], tensor, other, _formed(theirs_of[other], mine_of[tensor]))
        for tensor, other in {**same, **alike}.items()
        if tensor not in legacy.outputs.values() and other not in port.outputs.values()
    ]
    for name, tensor in legacy.outputs.items():
        if name in outputs:
            found.append(Pair(name, tensor, port.outputs.get(name, ""), outputs[name]))
    order = {name: number for number, name in enumerate(mine_of)}
    return sorted(found, key=lambda pair: order[pair.legacy])


def _formed(output: Output, wanted: Output) -> Output:
    return Output(output.digest, output.dtype, list(wanted.shape))


def computing(trace: Trace) -> List[Node]:
    """The nodes whose tensor is worth a pair, in the order of flow."""
    return [
        node for node in trace.ancestors(trace.outputs.values()) if node.op not in _ASIDE and _worth(node)
    ]


def kind_of(op: str) -> str:
    """An op's name, the same for all spellings of it."""
    return _SAME.get(op, op)


def _computing(trace: Trace, read: Callable[[str], Array]) -> List[_Tensor]:
    found = []
    for node in computing(trace):
        array = read(node.outputs["0"].digest)
        with np.errstate(all="ignore"):
            norm = float(np.linalg.norm(array.ravel()))
        found.append(_Tensor(node.tensor(), kind_of(node.op), node.outputs["0"], read, norm))
    return found


def _worth(node: Node) -> bool:
    output = node.outputs.get("0")
    return output is not None and output.dtype in UNIT_ROUNDOFF and int(np.prod(output.shape)) >= _FEWEST


def _of_same_numbers(mine: List[_Tensor], theirs: List[_Tensor]) -> Dict[str, str]:
    """Tensors with the same numbers but for rounding, each the other's only one, or one after the other."""
    forms: Dict[Tuple[Tuple[int, ...], str], List[_Tensor]] = {}
    for tensor in theirs:
        forms.setdefault(tensor.form, []).append(tensor)
    found: Dict[str, str] = {}
    for tensor in mine:
        for number, other in enumerate(forms.get(tensor.form, ())):
            # What differs by so much in its norm differs by more: most are told apart without being compared.
            near = abs(tensor.norm - other.norm) <= 2 * _SAME_NUMBERS * tensor.norm
            if near and same_numbers(tensor.array, other.array.reshape(tensor.array.shape)):
                found[tensor.name] = other.name
                # What has the same numbers again, as a relu of what is positive, pairs with the next.
                del forms[tensor.form][number]
                break
    return found


def same_numbers(a: Array, b: Array) -> bool:
    """Whether two arrays of one shape are the same but for rounding, and are no constant."""
    with np.errstate(all="ignore"):
        distance, size = np.linalg.norm((a - b).ravel()), np.linalg.norm(a.ravel())
        varied = a.size > 0 and bool(np.any(a != a.ravel()[0]))
        return bool(varied and np.isfinite(size) and distance <= _SAME_NUMBERS * size)


def _of_one_kind(
    legacy: Trace, port: Trace, mine: List[_Tensor], theirs: List[_Tensor], known: Dict[str, str]
) -> Dict[str, str]:
    """Tensors of one kind, shape and order between the known pairs, of the same origin, with related numbers."""
    back = {other: tensor for tensor, other in known.items()}

    def keys(tensors: Iterable[_Tensor], pairs_of: Dict[str, str], own: bool) -> List[object]:
        return [
            ("pair", t.name if own else pairs_of[t.name]) if t.name in pairs_of else (t.kind, t.form)
            for t in tensors
        ]

    first, second = keys(mine, known, True), keys(theirs, back, False)
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    before, after = _Origins(legacy, set(known)), _Origins(port, set(back))
    found: Dict[str, str] = {}
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            one, other = mine[block.a + step], theirs[block.b + step]
            if one.name in known or other.name in back:
                continue
            same_origin = {known[name] for name in before.of(one.name)} == after.of(other.name)
            if same_origin and _related(one.array, other.array):
                found[one.name] = other.name
                before.add(one.name)
                after.add(other.name)
                known[one.name], back[other.name] = other.name, one.name
    return found


def _in_one_order(
    legacy: Trace,
    alike: Dict[str, str],
    same: Dict[str, str],
    named: Dict[str, str],
    mine: Dict[str, _Tensor],
    theirs: Dict[str, _Tensor],
) -> Dict[str, str]:
    """Without the pairs whose columns stand in another order, of which nothing came: a recurrent cell's gates are
    i, c, f, o here and i, f, c, o there, both with the kernel that belongs to it.
    """
    found = {}
    for name, other in alike.items():
        if _exchanged(mine[name].array, theirs[other].array):
            after = _next(legacy, name, {**same, **alike, **named})
            if after and after <= set(same):
                continue
        found[name] = other
    return found


def _exchanged(mine: Array, theirs: Array) -> bool:
    """Whether one is the other with its columns, along the last axis, in another order."""
    if mine.shape != theirs.shape or mine.ndim < 2:
        return False
    left = list(theirs.reshape(-1, theirs.shape[-1]).T)
    moved = 0
    for column in mine.reshape(-1, mine.shape[-1]).T:
        place = next((k for k, other in enumerate(left) if same_numbers(column, other)), None)
        if place is None:
            return False
        del left[place]
        moved += place > 0
    return moved > 0


def _next(trace: Trace, tensor: str, paired: Mapping[str, str]) -> Set[str]:
    """The nearest paired tensors that follow from one."""
    users: Dict[str, List[Node]] = {}
    for node in trace.nodes:
        for name in node.inputs:
            users.setdefault(name, []).append(node)
    found: Set[str] = set()
    seen, waiting = {tensor}, [tensor]
    while waiting:
        for node in users.get(waiting.pop(), ()):
            for name in {f"{node.name}:{number}" for number in node.outputs} - seen:
                seen.add(name)
                (found.add if name in paired else waiting.append)(name)
    return found


class _Origins:
    """Of every tensor the paired tensors that it follows from, the nearest ones."""

    def __init__(self, trace: Trace, paired: "set[str]") -> None:
        self._makers = trace.makers()
        self._paired = paired

    def add(self, name: str) -> None:
        self._paired.add(name)

    def of(self, tensor: str) -> FrozenSet[str]:
        found, seen, waiting = set(), set(), list(self._makers[tensor].inputs)
        while waiting:
            name = waiting.pop()
            if name in self._paired:
                found.add(name)
            elif name not in seen:
                seen.add(name)
                waiting += self._makers[name].inputs
        return frozenset(found)


def _related(mine: Array, theirs: Array) -> bool:
    """Whether two tensors of one shape stand for each other: their numbers go together."""
    if np.array_equal(mine.ravel(), theirs.ravel()):
        return True
    a, b = (
        np.abs(x) if x.dtype.kind == "c" else x.astype(np.float64) for x in (mine.ravel(), theirs.ravel())
    )
    finite = np.isfinite(a) & np.isfinite(b)
    a, b = a[finite], b[finite]
    if a.size < _FEWEST:
        return False
    with np.errstate(all="ignore"):
        near = np.linalg.norm(a - b) <= 0.5 * min(np.linalg.norm(a), np.linalg.norm(b))
        correlation = np.corrcoef(a, b)[0, 1] if a.std() and b.std() else 0.0
    return bool(near or (correlation >= _ALIKE and not _scaled_and_moved(a, b)))


def _scaled_and_moved(a: Array, b: Array) -> bool:
    """Whether one is the other times a number and one added: x / 6 + 1 / 2 and x + 3 are two ways to one end."""
    factor, offset = np.polyfit(a, b, 1)
    off = np.abs(factor * a + offset - b).max()
    scaled = abs(np.log2(abs(factor) or 1e-300)) > 1
    return bool(off <= _SAME_NUMBERS * b.std() and scaled and abs(offset) > _SAME_NUMBERS * b.std())
