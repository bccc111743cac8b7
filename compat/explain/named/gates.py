"""The gates of recurrent cells: what is added to one of them, and which function they are."""

from typing import Any, Dict, List, Optional

from ...arrays import Array
from ...graph.nodes import Node
from ...graph.replay import Followed
from ...judge.graphs import Place
from ...reference.nodes.flows import tracked
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
