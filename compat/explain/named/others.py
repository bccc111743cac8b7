"""An output that is another one of the legacy graph: they were returned, or fed, in another order."""

from typing import Optional

import numpy as np

from ...arrays import Array
from ...graph.pairing import same_numbers
from ...judge.graphs import Place
from .ways import way


@way
def _taken_for_each_other(place: Place, result: Array, dtype: str) -> Optional[str]:
    outputs = place.followed.trace.outputs
    if place.pair.name not in outputs or result.dtype.kind != "f" or result.size < 2:
        return None
    for name, tensor in outputs.items():
        other = place.followed.recorded(tensor)
        if tensor in (place.pair.legacy, *place.followed.given) or other.shape != result.shape or other.dtype != result.dtype:
            continue
        if same_numbers(other, result) and not np.array_equal(other, place.followed.recorded(place.pair.legacy)):
            return f"what the port calls {place.pair.name} is {name} of the legacy graph: they are swapped, or fed swapped"
    return None
