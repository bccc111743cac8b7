"""One thing for another: an output for another output, an axis for another axis, a column for a bias."""

from typing import Any, List, Optional

import numpy as np

from ...arrays import Array
from ...graph.pairing import same_numbers
from ...judge.compare import compare
from ...judge.graphs import Place
from ...records import PASSING
from ...reference.nodes.flows import moved
from ..structure import Edit, Fits
from ..wiring import at, bare
from .ways import way


@way
def _taken_for_each_other(place: Place, result: Array, dtype: str) -> Optional[str]:
    outputs = place.followed.trace.outputs
    if place.pair.name not in outputs or result.dtype.kind != "f" or result.size < 2:
        return None
    for name, tensor in outputs.items():
        other = place.followed.recorded(tensor)
        if (
            tensor in (place.pair.legacy, *place.followed.given)
            or other.shape != result.shape
            or other.dtype != result.dtype
        ):
            continue
        if same_numbers(other, result) and not np.array_equal(
            other, place.followed.recorded(place.pair.legacy)
        ):
            said = f"what the port calls {place.pair.name} is {name} of the legacy graph"
            return f"{said}: they are swapped, or fed swapped"
    return None


@way
def _softmax_along_another_axis(place: Place, result: Array, dtype: str) -> Optional[str]:
    fits = Fits(place, result, dtype)
    for node in place.followed.nodes:
        if node.op not in ("Softmax", "LogSoftmax"):
            continue
        rank = place.followed.recorded(node.tensor()).ndim
        for axis in range(rank - 1):
            if fits([_along(node.name, axis)]):
                return (
                    f"{node.op.lower()}{at(node)} is taken along axis {axis} in the port, expected along the last one: "
                    "write axis=-1"
                )
    return None


def _along(node: str, axis: int) -> Edit:
    def turned(flow: Any) -> Any:
        return moved(lambda array: np.swapaxes(array, axis, -1), flow)

    def before(call: Any, inputs: List[Any]) -> Any:
        return call, [turned(inputs[0]), *inputs[1:]]

    return Edit("", node, before, after=lambda call, flows: [turned(flows[0]), *flows[1:]])


@way
def _column_as_a_bias(place: Place, result: Array, dtype: str) -> Optional[str]:
    for node in place.followed.nodes:
        for name in node.inputs if node.op in ("Add", "AddV2") else ():
            column = place.followed.recorded(name)
            if column.ndim != 2 or column.shape[1] != 1 or column.shape[:1] != result.shape[-1:]:
                continue
            other = place.followed.giving({name: column.ravel()})
            try:
                reference = other.reference()
            except Exception:  # no rule
                continue
            if compare(result, dtype, reference, dtype).word in PASSING:
                return (
                    f"the column {bare(name)} {column.shape} is added as a bias, along the last axis: keras.ops.add "
                    "takes what is as long as the matrix is wide for one; write tf.add(x, y)"
                )
    return None
