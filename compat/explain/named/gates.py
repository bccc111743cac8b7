"""The gates of recurrent cells: what is added to one of them, and which function they are."""

from typing import Any, Dict, List, Optional

import numpy as np

from ...arrays import Array
from ...graph.nodes import Node
from ...graph.replay import Followed
from ...judge.graphs import Place
from ...reference.nodes.flows import tracked, value_of
from ..structure import Edit, Fits
from .ways import way


def _gates(side: Followed) -> Dict[str, List[Node]]:
    """The sigmoids of what a split gives, by the number of the part."""
    makers = {node.tensor(int(number)): node for node in side.nodes for number in node.outputs}
    found: Dict[str, List[Node]] = {}
    for node in side.nodes:
        if node.op == "Sigmoid":
            source = makers.get(node.inputs[0])
            if source is not None and source.op in ("Split", "SplitV"):
                found.setdefault(node.inputs[0].rpartition(":")[2], []).append(node)
    return found


@way
def _forget_bias(place: Place, result: Array, dtype: str) -> Optional[str]:
    fits = Fits(place, result, dtype)
    for nodes in _gates(place.followed).values():
        for bias in (1.0, -1.0):

            def before(call: Any, inputs: List[Any], bias: float = bias) -> Any:
                return call, [(tracked(inputs[0]) + bias).reference()]

            if fits([Edit("", node.name, before) for node in nodes]):
                wrong, right = (1, 0) if bias > 0 else (0, 1)
                return (
                    f"{wrong} is added to the forget gate, expected {right}: TensorFlow 1's cells add 1 that is not "
                    "among the weights, Keras has it among the biases"
                )
    return None


@way
def _hard_gates(place: Place, result: Array, dtype: str) -> Optional[str]:
    gates = [node for nodes in _gates(place.followed).values() for node in nodes]
    fits = Fits(place, result, dtype)
    for slope, whose in ((0.2, "0.2, Keras 2's"), (1 / 6, "1/6, Keras 3's")):

        def instead(inputs: List[Any], slope: float = slope) -> List[Any]:
            return [(tracked(inputs[0]) * slope + 0.5).clip(0, 1).reference()]

        if gates and fits([Edit("", node.name, instead=instead) for node in gates]):
            return (
                f"the gates are hard_sigmoid of slope {whose}, expected sigmoid: recurrent_activation became sigmoid "
                "with TensorFlow 2; write it out"
            )
    return None


@way
def _reset_after_the_product(place: Place, result: Array, dtype: str) -> Optional[str]:
    """Of a GRU whose steps are written out: r * (h U) where the legacy graph has (r * h) U."""
    makers = {node.tensor(): node for node in place.followed.nodes}
    edits = []
    for node in place.followed.nodes:
        product = makers.get(node.inputs[0]) if node.op == "MatMul" else None
        if product is None or product.op != "Mul":
            continue
        for reset, state in (product.inputs, product.inputs[::-1]):
            if reset in makers and makers[reset].op in ("Sigmoid", "Maximum", "Minimum"):
                edits.append(Edit("", node.name, instead=_after, inputs={2: reset, 3: state}))
                break
    if edits and Fits(place, result, dtype)(edits):
        return (
            "the state is reset after the product, expected before it: write reset_after=False (its default became "
            "True with TensorFlow 2), and carry the weights anew"
        )
    return None


def _after(inputs: List[Any]) -> List[Any]:
    kernel = np.asarray(value_of(inputs[1]), np.float64)
    return [(tracked(inputs[2]) * (tracked(inputs[3]) @ kernel)).reference()]
