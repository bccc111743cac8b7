"""Recurrent cells in a graph: those of tf.nn.rnn_cell by the ops of a step, Keras's by what its variables are called.

Of a loop that is a function the graph shows that it takes variables, and no more; so Keras's cells are known as Keras
names their variables, which a user cannot change.
"""

from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..graph.nodes import Node

_PRODUCT, _SUM = ("MatMul",), ("BiasAdd", "Add", "AddV2")
_PASS = ("Identity", "Enter", "Switch", "Merge")


def tensors_of(node: Node) -> List[str]:
    """The names of what a node gives; of one that nothing is known of the first."""
    return [f"{node.name}:{number}" for number in node.outputs] or [node.tensor()]


class Cell(NamedTuple):
    """``kind``: lstm, gru or rnn.  ``style``: "cell" as tf.nn.rnn_cell has them, or "keras".  ``parts``: variables.

    ``forget``: what is added to the sum of the forget gate at run time.
    """

    kind: str
    style: str
    name: str
    parts: Dict[str, str]
    forget: float = 0.0

    @property
    def variables(self) -> List[str]:
        return list(self.parts.values())


def cells(
    nodes: Sequence[Node],
    variables: Mapping[str, Tuple[int, ...]],
    variable_of: Callable[[str], Optional[str]],
    number: Callable[[str], Any],
) -> List[Cell]:
    found = [*_keras(variables), *_Steps(nodes, variable_of, number).cells()]
    met: Set[str] = set()
    unique = []
    for cell in found:
        if not met.intersection(cell.variables):
            met.update(cell.variables)
            unique.append(cell)
    return unique


def _keras(variables: Mapping[str, Tuple[int, ...]]) -> Iterator[Cell]:
    for name, shape in variables.items():
        prefix, _, last = name.rpartition("/")
        if last != "recurrent_kernel" or len(shape) != 2 or not shape[0] or shape[1] % shape[0]:
            continue
        kind = {1: "rnn", 3: "gru", 4: "lstm"}.get(shape[1] // shape[0])
        parts = {
            part: f"{prefix}/{part}"
            for part in ("kernel", "recurrent_kernel", "bias")
            if f"{prefix}/{part}" in variables
        }
        if kind and "kernel" in parts:
            yield Cell(kind, "keras", prefix, parts)


class _Steps:
    """The step of a cell as tf.nn.rnn_cell spells it: one product of the input beside the state."""

    def __init__(
        self,
        nodes: Sequence[Node],
        variable_of: Callable[[str], Optional[str]],
        number: Callable[[str], Any],
    ) -> None:
        self._nodes, self._variable_of, self._number = nodes, variable_of, number
        self._makers = {name: node for node in nodes for name in tensors_of(node)}
        self._users: Dict[str, List[Node]] = {}
        for node in nodes:
            for tensor in node.inputs:
                self._users.setdefault(tensor, []).append(node)

    def cells(self) -> Iterator[Cell]:
        for node in self._nodes:
            if node.op in ("Split", "SplitV"):
                cell = self._lstm(node) if len(node.outputs) == 4 else None
                cell = self._gru(node) if len(node.outputs) == 2 else cell
                if cell is not None:
                    yield cell

    def _sums(self, tensor: str) -> Tuple[Optional[str], Optional[str]]:
        """(kernel, bias) where the tensor is a product with a kernel, of things side by side, and a bias."""
        node, bias = self._makers.get(tensor), None
        if node is not None and node.op in _SUM:
            named = [(t, self._variable_of(t)) for t in node.inputs]
            bias = next((name for _, name in named if name), None)
            node = next((self._makers.get(t) for t, name in named if not name), None)
        if node is None or node.op not in _PRODUCT:
            return None, None
        beside = self._makers.get(node.inputs[0])
        if beside is None or beside.op not in ("ConcatV2", "Concat"):
            return None, None
        return self._variable_of(node.inputs[1]), bias

    def _lstm(self, split: Node) -> Optional[Cell]:
        """Gates i, j, f, o of one product (Zaremba et al. 2014, as BasicLSTMCell and LSTMCell have them)."""
        kernel, bias = self._sums(split.inputs[-1] if split.op == "Split" else split.inputs[0])
        if kernel is None:
            return None
        forget = 0.0
        for user in self._users.get(split.tensor(2), []):
            if user.op in ("Add", "AddV2"):
                other = [t for t in user.inputs if t != split.tensor(2)]
                value = self._number(other[0]) if other else None
                forget = forget if value is None else float(value)
        parts = {"kernel": kernel, **({"bias": bias} if bias else {})}
        return Cell("lstm", "cell", kernel.rpartition("/")[0] or kernel, parts, forget)

    def _gru(self, split: Node) -> Optional[Cell]:
        """Gates r, u of one product, then the candidate of the input beside r * state (GRUCell)."""
        gate = self._makers.get(split.inputs[-1] if split.op == "Split" else split.inputs[0])
        if gate is None or gate.op != "Sigmoid":
            return None
        gates, bias = self._sums(gate.inputs[0])
        if gates is None:
            return None
        for tensor in self._after(split.tensor(0), ("Mul", "ConcatV2", "MatMul")):
            for user in self._users.get(tensor, []):
                kernel, inner = self._sums(user.tensor()) if user.op in _SUM else (None, None)
                if kernel is None:
                    continue
                parts = {"gates/kernel": gates, "candidate/kernel": kernel}
                parts.update({"gates/bias": bias} if bias else {})
                parts.update({"candidate/bias": inner} if inner else {})
                return Cell("gru", "cell", gates.rpartition("/")[0] or gates, parts)
        return None

    def _after(self, tensor: str, ops: Sequence[str]) -> List[str]:
        """What comes of the tensor through these ops, one after the other."""
        reached = [tensor]
        for op in ops:
            reached = [user.tensor() for one in reached for user in self._users.get(one, []) if user.op == op]
        return reached
