"""Where a graph uses its variables: the filter of a convolution, the four of a batch norm, the cell of a loop.

A use is an op that takes variables and something that follows from the inputs.  It is known by its kind, by what part
each variable plays, and by the uses right before it; names do not count.
"""

import re
from typing import Any, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..graph.nodes import Node
from .cells import Cell, cells, tensors_of

#: What passes a variable on as it is, but for its form.
_PASS = ("Identity", "ReadVariableOp", "Enter", "Reshape", "ExpandDims", "Squeeze", "Cast", "Transpose", "StopGradient",
         "Switch", "Merge")  # fmt: skip
_CONSTANT = ("Const",)
_SWITCHES = ("Switch", "RefSwitch")
_READS = re.compile(r"(ReadVariableOp|/read)(_\d+)?\Z")
_KERNEL = {
    **dict.fromkeys(("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum"), "kernel"),
    **dict.fromkeys(("Conv1D", "Conv2D", "Conv3D"), "kernel"),
    **dict.fromkeys(("Conv2DBackpropInput", "Conv3DBackpropInputV2"), "transposed kernel"),
    **dict.fromkeys(("DepthwiseConv2dNative", "DepthwiseConv2d"), "depthwise kernel"),
}
_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_NORM_PARTS = ("gamma", "beta", "mean", "variance")
_ADDS = ("Add", "AddV2", "BiasAdd", "BiasAddV1")
_TABLES = ("GatherV2", "Gather", "ResourceGather")
#: The kinds of uses whose variables are weights, whatever else of the graph is constant.
WEIGHTED = ("batch norm", "bias", "embedding", *sorted(set(_KERNEL.values())), *_KERNEL)
#: Consumers for which the place of what they take matters.
_ORDERED = ("ConcatV2", "Concat", "Pack")


class Part(NamedTuple):
    """A variable in a use.  ``shape``: its own; ``flipped``: whether its two axes are taken the other way round."""

    variable: str
    shape: Tuple[int, ...]
    flipped: bool = False


class Use(NamedTuple):
    """``before``: the uses (by number) right before it, in the flow; ``slots``: where in a concat it ends up."""

    number: int
    kind: str
    parts: Dict[str, Part]
    node: str
    before: FrozenSet[int]
    slots: FrozenSet[int] = frozenset()
    cell: Optional[Cell] = None

    @property
    def variables(self) -> List[str]:
        return [part.variable for part in self.parts.values()]

    def part_of(self, variable: str) -> str:
        return next(name for name, part in self.parts.items() if part.variable == variable)


def once(nodes: Sequence[Node]) -> List[Node]:
    """The nodes with every loop gone through once: what comes later in it uses the same."""
    return [node for node in nodes if not re.search(r"@.*[1-9]", node.name)]


def uses(nodes: Sequence[Node], variables: Mapping[str, Tuple[int, ...]], number: Any = None) -> List[Use]:
    """The uses in the order of flow.  ``variables``: their shapes by the name of the op.

    ``number(tensor)``: the value of a constant that is one number, or None.
    """
    walk = _Walk(once(nodes), variables, number or (lambda tensor: None))
    walk.walk()
    return walk.found()


class _Walk:
    def __init__(self, nodes: List[Node], variables: Mapping[str, Tuple[int, ...]], number: Any) -> None:
        self._nodes, self._shapes = nodes, variables
        self._makers = {name: node for node in nodes for name in tensors_of(node)}
        #: Of a tensor that is one variable, but for its form: (variable, flipped).
        self._plain: Dict[str, Tuple[str, bool]] = {}
        #: Of a tensor that follows from variables alone, which.
        self._derived: Dict[str, Set[str]] = {}
        self._constant: Set[str] = set()
        self._last: Dict[str, FrozenSet[int]] = {}
        self._uses: List[Use] = []
        self._slots: Dict[int, Set[int]] = {}
        self._met: Set[Tuple[str, FrozenSet[str]]] = set()
        self._cells = cells(nodes, variables, self._variable_of, number)
        self._in_cells = {name: cell for cell in self._cells for name in cell.variables}
        self._cell_uses: Dict[str, int] = {}

    def _variable_of(self, tensor: str) -> Optional[str]:
        """The variable that a tensor is, looked up backwards."""
        for _ in range(20):
            node = self._makers.get(tensor)
            if node is None:
                return None
            if node.name in self._shapes:
                return node.name
            if node.op not in _PASS and not _READS.search(node.name):
                return None
            if not node.inputs:
                return None
            tensor = node.inputs[0]
        return None

    def found(self) -> List[Use]:
        return [use._replace(slots=frozenset(self._slots.get(use.number, ()))) for use in self._uses]

    def walk(self) -> None:
        for node in self._nodes:
            self._meet(node)

    def _meet(self, node: Node) -> None:
        outputs = tensors_of(node)
        if node.name in self._shapes:
            for name in outputs:
                self._plain[name], self._derived[name] = (node.name, False), {node.name}
            return
        # Which branch is taken is how it is computed, and no part of what.
        inputs = list(node.inputs[:1] if node.op in _SWITCHES else node.inputs)
        data = [t for t in inputs if t not in self._derived and t not in self._constant]
        weights = [t for t in inputs if t in self._derived]
        if not data and not weights and (node.op in _CONSTANT or inputs):
            self._constant.update(outputs)
            return
        if weights and not data:
            of = set().union(*(self._derived[t] for t in weights))
            for name in outputs:
                self._derived[name] = of
            if node.op in _PASS and inputs[0] in self._plain:
                variable, flipped = self._plain[inputs[0]]
                flips = node.op == "Transpose" and len(self._shapes[variable]) == 2
                self._plain[outputs[0]] = variable, flipped != flips
            return
        before = frozenset().union(*(self._last.get(t, frozenset()) for t in data))
        self._note_slots(node)
        if weights:
            number = self._use(node, data, weights, before)
            before = before if number is None else frozenset({number})
        else:
            of_batch = self._norm_of_batch(node)
            if of_batch:
                before = frozenset({self._add("batch norm", of_batch, node.name, self._gone(of_batch), None)})
        for name in outputs:
            self._last[name] = before

    def _note_slots(self, node: Node) -> None:
        if node.op not in _ORDERED:
            return
        for place, tensor in enumerate(node.inputs):
            for number in self._last.get(tensor, ()):
                self._slots.setdefault(number, set()).add(place)

    def _use(self, node: Node, data: List[str], weights: List[str], before: FrozenSet[int]) -> Optional[int]:
        """Its number, also of one that was met before; None for what is no use."""
        of = set().union(*(self._derived[t] for t in weights))
        cell = next((self._in_cells[name] for name in sorted(of) if name in self._in_cells), None)
        if cell is not None:
            return self._use_of_cell(cell, node, before)
        kind, parts = self._parts(node, data, weights)
        if not parts:
            return None
        if kind == "batch norm":
            self._take_back(node, parts)
            before = frozenset().union(
                *(self._uses[n].before if self._uses[n].kind == "gone" else {n} for n in before)
            )
        return self._add(kind, parts, node.name, before, None)

    def _use_of_cell(self, cell: Cell, node: Node, before: FrozenSet[int]) -> int:
        key = cell.name
        if key not in self._cell_uses:
            parts = {part: Part(name, tuple(self._shapes[name])) for part, name in cell.parts.items()}
            self._cell_uses[key] = self._add(cell.kind, parts, node.name, before, cell)
        number = self._cell_uses[key]
        use = self._uses[number]
        self._uses[number] = use._replace(before=use.before | (before - {number}))
        return number

    def _add(
        self, kind: str, parts: Dict[str, Part], node: str, before: FrozenSet[int], cell: Optional[Cell]
    ) -> int:
        self._uses.append(Use(len(self._uses), kind, parts, node, before, frozenset(), cell))
        return len(self._uses) - 1

    def _parts(self, node: Node, data: List[str], weights: List[str]) -> Tuple[str, Dict[str, Part]]:
        if node.op in _NORMS:
            named = zip(_NORM_PARTS, node.inputs[1:5])
            return "batch norm", {part: self._part(t) for part, t in named if t in self._plain}
        norm = self._batch_norm(node, data, weights)
        if norm:
            return "batch norm", {part: self._part(t) for part, t in norm.items() if t in self._plain}
        kind = _KERNEL.get(node.op)
        plain = [t for t in weights if t in self._plain]
        if kind and plain:
            part = self._part(plain[0])
            place = "transpose_b" if node.inputs.index(plain[0]) == 1 else "transpose_a"
            adjoint = "adj_y" if place == "transpose_b" else "adj_x"
            flips = bool(node.attributes.get(place) or node.attributes.get(adjoint))
            left = node.op == "MatMul" and node.inputs.index(plain[0]) == 0
            return kind, {"kernel": part._replace(flipped=part.flipped != (flips != left))}
        if node.op in _ADDS and plain:
            return "bias", {"bias": self._part(plain[0])}
        if node.op in _TABLES and node.inputs[0] in self._plain:
            return "embedding", {"table": self._part(node.inputs[0])}
        if plain and len(plain) == len(weights):
            return node.op, {f"input {node.inputs.index(t)}": self._part(t) for t in plain}
        names = sorted(set().union(*(self._derived[t] for t in weights)))
        return f"{node.op} of what is computed", {
            f"variable {n}": Part(name, tuple(self._shapes[name])) for n, name in enumerate(names)
        }

    def _part(self, tensor: str) -> Part:
        variable, flipped = self._plain[tensor]
        return Part(variable, tuple(self._shapes[variable]), flipped)

    def _batch_norm(self, node: Node, data: List[str], weights: List[str]) -> Dict[str, str]:
        """The four of ``x * inv + (beta - mean * inv)`` with ``inv = rsqrt(variance + epsilon) * gamma``, as
        tf.nn.batch_normalization spells it; gamma and beta may be missing."""
        if node.op not in _ADDS[:2] or len(data) != 1 or len(weights) != 1:
            return {}
        scaled, shift = self._makers.get(data[0]), self._makers.get(weights[0])
        if scaled is None or shift is None or scaled.op != "Mul":
            return {}
        inverse = next((t for t in scaled.inputs if t in self._derived), "")
        found = self._inverse(inverse)
        if not found:
            return {}
        product = shift
        if shift.op == "Sub":
            found["beta"], last = shift.inputs[0], shift.inputs[1]
            product = self._makers[last]
        if product.op != "Mul" or inverse not in product.inputs:
            return {}
        found["mean"] = product.inputs[1 - product.inputs.index(inverse)]
        maker = self._makers.get(found["mean"])
        if maker is not None and maker.op == "Neg":
            found["mean"] = maker.inputs[0]
        return found

    def _norm_of_batch(self, node: Node) -> Dict[str, Part]:
        """Gamma and beta of the same with the statistics of the batch, which are no variables: in training."""
        scaled, shift = (self._makers.get(t) for t in node.inputs) if len(node.inputs) == 2 else (None, None)
        if node.op not in _ADDS[:2] or scaled is None or shift is None or scaled.op != "Mul":
            return {}
        product = self._makers.get(shift.inputs[-1]) if shift.op == "Sub" else shift
        if product is None or product.op != "Mul":
            return {}
        found: Dict[str, Part] = {}
        for tensor in set(scaled.inputs) & set(product.inputs):
            inverse = self._makers[tensor]
            roots = (
                [t for t in inverse.inputs if self._makers[t].op == "Rsqrt"] if inverse.op == "Mul" else []
            )
            if inverse.op != "Rsqrt" and not roots:
                continue
            for part, tensors in (("gamma", inverse.inputs if roots else ()), ("beta", shift.inputs[:1])):
                found.update((part, self._part(t)) for t in tensors if t in self._plain)
        return found

    def _gone(self, parts: Mapping[str, Part]) -> FrozenSet[int]:
        """What was before the products and sums that are a part of a norm, and so no uses of their own."""
        mine = {part.variable for part in parts.values()}
        gone = {use.number for use in self._uses if use.kind in ("Mul", "Sub") and set(use.variables) <= mine}
        before: FrozenSet[int] = frozenset()
        for number in gone:
            before |= self._uses[number].before
            self._uses[number] = self._uses[number]._replace(kind="gone")
        return before - gone

    def _inverse(self, tensor: str) -> Dict[str, str]:
        node = self._makers.get(tensor)
        if node is None:
            return {}
        found: Dict[str, str] = {}
        if node.op == "Mul":
            roots = [t for t in node.inputs if self._makers[t].op == "Rsqrt"]
            if len(roots) != 1:
                return {}
            found["gamma"] = node.inputs[1 - node.inputs.index(roots[0])]
            node = self._makers[roots[0]]
        if node.op != "Rsqrt" or self._makers[node.inputs[0]].op not in _ADDS:
            return {}
        found["variance"] = next((t for t in self._makers[node.inputs[0]].inputs if t in self._derived), "")
        return found if found["variance"] else {}

    def _take_back(self, node: Node, parts: Dict[str, Part]) -> None:
        """The product with the inverse deviation was no use of its own."""
        mine = {part.variable for part in parts.values()}
        for number, use in enumerate(self._uses):
            if use.kind == "Mul of what is computed" and use.variables and set(use.variables) <= mine:
                self._uses[number] = use._replace(kind="gone")
