"""Recurrent cells whose steps the legacy graph shows, where the port's layer shows nothing of its inside.

What people do otherwise there is done to the legacy graph, to one layer or to all: another function, the gates, the
state or the layers taken for each other, the sequence backwards.
"""

import itertools
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...arrays import Array
from ...graph.nodes import Node
from ...graph.replay import Followed
from ...judge.graphs import Place
from ...reference.nodes.flows import tracked
from ..structure import Edit, Fits
from ..wiring import bare
from .ways import way

_GATES = {"lstm": ("i", "c", "f", "o"), "gru": ("r", "z")}
#: States that are asked in all combinations.
_STATES = 6


class _Layer(NamedTuple):
    """``steps``: of each step its nodes by the name within the scope."""

    scope: str
    steps: List[Dict[str, Node]]

    def all(self, *ops: str) -> List[Node]:
        return [node for step in self.steps for node in step.values() if node.op in ops]

    @property
    def kind(self) -> str:
        splits = self.all("Split", "SplitV")
        return "lstm" if splits and len(splits[0].outputs) == 4 else "gru"


def layers(side: Followed) -> List[_Layer]:
    """The cells in the order of flow: scopes with a Split in every step."""
    scopes: Dict[str, Dict[str, Dict[str, Node]]] = {}
    for node in side.nodes:
        name, at, step = node.name.partition("@")
        scope, _, last = name.rpartition("/")
        if at and node.op != "Enter":
            scopes.setdefault(scope, {}).setdefault(step, {})[last] = node
    return [
        _Layer(scope, list(steps.values()))
        for scope, steps in scopes.items()
        if all(any(n.op in ("Split", "SplitV") for n in step.values()) for step in steps.values())
    ]


def _groups(side: Followed) -> Iterator[Tuple[str, List[_Layer]]]:
    """Each layer alone, then all of them: (where, which)."""
    found = layers(side)
    for layer in found:
        yield f"in {_called(layer.scope)}", [layer]
    if len(found) > 1:
        yield "in all layers", found


def _called(scope: str) -> str:
    return scope.replace("/while/", "/")


@way
def _another_function(place: Place, result: Array, dtype: str) -> Optional[str]:
    fits = Fits(place, result, dtype)
    for where, which in _groups(place.followed):
        for op, other, words in (
            ("Tanh", _as("Relu"), "activation is relu {}, expected tanh: write activation='tanh'"),
            ("Sigmoid", _hard(0.2), _hard_words("0.2, Keras 2's")),
            ("Sigmoid", _hard(1 / 6), _hard_words("1/6, Keras 3's")),
            ("Tanh", _as("Sigmoid"), "activation is sigmoid {}, expected tanh: write activation='tanh'"),
            ("Tanh", _as("Identity"), "no activation is applied {}, expected tanh: write activation='tanh'"),
        ):
            nodes = [node for layer in which for node in layer.all(op)]
            if nodes and fits([other(node) for node in nodes]):
                return words.format(where)
    return None


def _hard_words(slope: str) -> str:
    return (
        f"the gates are hard_sigmoid of slope {slope}, {{}}, expected sigmoid: recurrent_activation='sigmoid' "
        "(hard_sigmoid was the default of Keras 2's first LSTM and GRU)"
    )


def _as(op: str) -> Any:
    return lambda node: Edit("", node.name, lambda call, inputs: (call._replace(op=op), inputs))


def _hard(slope: float) -> Any:
    return lambda node: Edit(
        "",
        node.name,
        instead=lambda inputs: [(tracked(inputs[0]) * slope + 0.5).clip(0, 1).reference()],
    )


@way
def _gates_for_each_other(place: Place, result: Array, dtype: str) -> Optional[str]:
    fits = Fits(place, result, dtype)
    for where, which in reversed(list(_groups(place.followed))):
        gates = _GATES[which[0].kind]
        for one, other in itertools.combinations(range(len(gates)), 2):
            for edits in (_functions_swapped(which, one, other), _parts_swapped(which, one, other)):
                if edits and fits(edits):
                    return (
                        f"the gates {gates[one]} and {gates[other]} are taken for each other {where}: TensorFlow 1's "
                        "LSTM cells have i, c, f, o, its GRU cells r, z; Keras's have i, f, c, o and z, r, h: split "
                        "the kernel and the bias, and join them in that order"
                    )
    return None


def _functions_swapped(which: Sequence[_Layer], one: int, other: int) -> List[Edit]:
    """What is added to a gate moves with it."""
    edits = []
    for layer in which:
        for step in layer.steps:
            fed = _fed(step)
            if one not in fed or other not in fed:
                return []
            first, second = fed[one], fed[other]
            edits += [
                Edit("", first.name, inputs={0: second.inputs[0]}),
                Edit("", second.name, inputs={0: first.inputs[0]}),
            ]
    return edits


def _fed(step: Dict[str, Node]) -> Dict[int, Node]:
    """Of the number of a gate the function that takes it, or takes it with a number added."""
    makers = {node.tensor(int(number)): node for node in step.values() for number in node.outputs}
    found = {}
    for node in step.values():
        if node.op in ("Sigmoid", "Tanh"):
            source = makers.get(node.inputs[0])
            names = source.inputs if source is not None and source.op in ("Add", "AddV2") else node.inputs[:1]
            for name in names:
                if name in makers and makers[name].op in ("Split", "SplitV"):
                    found[int(name.rpartition(":")[2])] = node
    return found


def _parts_swapped(which: Sequence[_Layer], one: int, other: int) -> List[Edit]:
    """What is added to a gate stays where it is."""

    def after(call: Any, flows: Any) -> Any:
        flows = list(flows)
        flows[one], flows[other] = flows[other], flows[one]
        return flows

    return [Edit("", node.name, after=after) for layer in which for node in layer.all("Split", "SplitV")]


@way
def _added_to_the_forget_gate(place: Place, result: Array, dtype: str) -> Optional[str]:
    """The number that the legacy cell adds at run time, left out or added to the biases as well."""
    fits = Fits(place, result, dtype)
    for where, which in reversed(list(_groups(place.followed))):
        adds = [found for layer in which for step in layer.steps for found in _added(place.followed, step)]
        for times, words in ((0.0, "is left out"), (2.0, "is added twice")):
            if adds and fits([_adding(node, at, number * times) for node, at, number in adds]):
                return (
                    f"the forget bias {adds[0][2]:g} {words} {where}: TensorFlow 1's cells add it at run time, and it "
                    "is not among the weights; Keras has it among the biases: add it to them once"
                )
    return None


def _added(side: Followed, step: Dict[str, Node]) -> Iterator[Tuple[Node, int, float]]:
    """(node, place of the number, the number) where a number is added to a part of the split."""
    makers = {node.tensor(int(number)): node for node in step.values() for number in node.outputs}
    for node in step.values():
        if node.op in ("Add", "AddV2") and len(node.inputs) == 2:
            for place, name in enumerate(node.inputs):
                other = makers.get(node.inputs[1 - place])
                number = side.recorded(name)
                if other is not None and other.op in ("Split", "SplitV") and number.size == 1:
                    yield node, place, float(number.ravel()[0])


def _adding(node: Node, place: int, number: float) -> Edit:
    def before(call: Any, inputs: List[Any]) -> Any:
        new = np.asarray(number, np.asarray(inputs[place]).dtype)
        return call, [new if n == place else given for n, given in enumerate(inputs)]

    return Edit("", node.name, before)


@way
def _backwards(place: Place, result: Array, dtype: str) -> Optional[str]:
    fits = Fits(place, result, dtype)
    for layer in layers(place.followed):
        takes = [next((n for n in step.values() if n.op == "ConcatV2"), None) for step in layer.steps]
        if len(takes) > 1 and all(takes):
            edits = [
                Edit("", node.name, inputs={0: last.inputs[0]})
                for node, last in zip(takes, reversed(takes))
                if node is not None and last is not None
            ]
            if fits(edits):
                return (
                    f"the sequence is taken backwards in {_called(layer.scope)}: write go_backwards=False, or reverse "
                    "it once more"
                )
    return None


@way
def _states(place: Place, result: Array, dtype: str) -> Optional[str]:
    """The state that a loop begins with."""
    merged = {n.inputs[0] for n in place.followed.nodes if n.op == "Merge" and n.inputs}
    enters = [n for n in place.followed.nodes if n.op == "Enter" and n.tensor() in merged and _is_float(n)]
    if not 1 <= len(enters) <= _STATES or not layers(place.followed):
        return None
    fits = Fits(place, result, dtype)
    if any(np.any(place.followed.recorded(node.inputs[0])) for node in enters):
        for count in (*range(1, len(enters)), len(enters)):
            for some in itertools.combinations(enters, count):
                if fits([_zero(node) for node in some]):
                    names = ", ".join(bare(node.inputs[0]) for node in some)
                    said = f"the initial state {names} is zeros in the port"
                    return f"{said}: give the layer its state, initial_state=[h, c]"
    pairs = [pair for pair in itertools.combinations(enters, 2) if _alike(*pair)]
    beside = list(zip(enters[::2], enters[1::2]))
    for swapped in [*([pair] for pair in pairs), beside]:
        edits = [
            Edit("", first.name, inputs={0: second.inputs[0]})
            for pair in swapped
            for first, second in (pair, pair[::-1])
        ]
        if edits and fits(edits):
            names = " and ".join(bare(node.inputs[0]) for node in swapped[0])
            said = f"the initial states {names} are swapped"
            return f"{said}: TensorFlow 1's LSTM has its state as (c, h), Keras's as [h, c]"
    return None


def _is_float(node: Node) -> bool:
    output = node.outputs.get("0")
    return output is not None and output.dtype.startswith("float") and bool(output.shape)


def _alike(one: Node, other: Node) -> bool:
    return bool(one.outputs["0"].shape == other.outputs["0"].shape)


def _zero(node: Node) -> Edit:
    return Edit("", node.name, instead=lambda inputs: [(tracked(inputs[0]) * 0.0).reference()])


@way
def _layers_for_each_other(place: Place, result: Array, dtype: str) -> Optional[str]:
    """Two layers with the same shapes, whose weights are each the other's."""
    variables = {
        n.name: place.followed.recorded(n.tensor()) for n in place.followed.nodes if n.op == "Variable"
    }
    groups: Dict[Tuple[str, str], Dict[str, Array]] = {}
    for one, other in itertools.permutations(variables, 2):
        parts = [
            (a, b) for a, b in itertools.zip_longest(one.split("/"), other.split("/"), fillvalue="") if a != b
        ]
        if len(parts) == 1 and variables[one].shape == variables[other].shape:
            groups.setdefault(tuple(sorted(parts[0])), {})[f"{one}:0"] = variables[other]  # type: ignore[arg-type]
    fits = Fits(place, result, dtype)
    for (one, other), arrays in groups.items():
        if len(arrays) > 1 and fits([_given(name, array) for name, array in arrays.items()]):
            return f"the weights of {one} and {other} are swapped ({', '.join(map(bare, arrays))}): exchange them"
    return None


def _given(name: str, array: Array) -> Edit:
    return Edit("", name.rpartition(":")[0], instead=lambda inputs: [array])


@way
def _reset_after(place: Place, result: Array, dtype: str) -> Optional[str]:
    """The candidate of a GRU takes r * (h U) where the legacy cell takes (r * h) U."""
    fits = Fits(place, result, dtype)
    for where, which in _groups(place.followed):
        edits = [_resetting(step) for layer in which if layer.kind == "gru" for step in layer.steps]
        if edits and all(edits) and fits([edit for edit in edits if edit is not None]):
            return (
                f"the state is reset after the product {where}, expected before it: write reset_after=False (its "
                "default became True with TensorFlow 2), and carry the weights anew"
            )
    return None


def _resetting(step: Dict[str, Node]) -> Optional[Edit]:
    """On the product of the candidate: its kernel's rows for the input and for the state apart."""
    makers = {node.tensor(int(number)): node for node in step.values() for number in node.outputs}
    for node in step.values():
        beside = makers.get(node.inputs[0]) if node.op == "MatMul" else None
        product = makers.get(beside.inputs[1]) if beside is not None and beside.op == "ConcatV2" else None
        if beside is None or product is None or product.op != "Mul":
            continue
        reset = next((n for n in product.inputs if n in makers and makers[n].op in ("Split", "SplitV")), None)
        state = next((n for n in product.inputs if n != reset), None)
        if reset is not None and state is not None:
            return Edit(
                "", node.name, instead=_after_the_product, inputs={2: beside.inputs[0], 3: reset, 4: state}
            )
    return None


def _after_the_product(inputs: List[Any]) -> List[Any]:
    x, reset, state = (tracked(flow) for flow in inputs[2:5])
    kernel = np.asarray(getattr(inputs[1], "value", inputs[1]))
    inner = x.reference().value.shape[-1]
    return [((x @ kernel[:inner]) + reset * (state @ kernel[inner:])).reference()]
