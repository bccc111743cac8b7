"""Another dtype at the end, or a less exact one on the way."""

from typing import List, Optional

import numpy as np

from ...arrays import UNIT_ROUNDOFF, Array
from ...graph.nodes import Node
from ...graph.replay import Followed
from ...judge.compare import compare
from ...judge.graphs import Place
from ...records import PASSING
from ..catalogue.precisions import OnTheWay
from ..wiring import at
from .ways import way


@way
def _another_dtype(place: Place, result: Array, dtype: str) -> Optional[str]:
    right = place.followed.dtype
    if dtype == right or dtype not in UNIT_ROUNDOFF or right not in UNIT_ROUNDOFF:
        return None
    less = max(dtype, right, key=UNIT_ROUNDOFF.__getitem__)
    if not _right_in(place, result, less):
        return None
    cast = _first_cast(place.spelled, dtype)
    where = f"the port casts to it{at(cast)} and stays in it" if cast else "the port computes in it"
    return f"the dtype is {dtype}, expected {right}: {where}; cast back, or say dtype= (Keras 2: set_floatx)"


def _right_in(place: Place, result: Array, dtype: str) -> bool:
    """Whether the numbers are right but for roundings in that dtype."""
    try:
        answer = place.followed.reference()
    except Exception:  # no rule says how far off they are
        return True
    if answer.value.shape != result.shape:
        return False
    off = np.abs(result.astype(np.float64) - answer.value)
    return bool((off <= answer.worst(dtype) + UNIT_ROUNDOFF[dtype] * np.abs(answer.value)).all())


def _first_cast(side: Optional[Followed], dtype: str) -> Optional[Node]:
    nodes = side.nodes if side is not None else []
    return next((n for n in nodes if n.op == "Cast" and n.outputs["0"].dtype == dtype), None)


@way
def _less_exact_on_the_way(place: Place, result: Array, dtype: str) -> Optional[str]:
    if dtype != "float64" or place.spelled is None or _of_float32(place.followed):
        return None
    less = _of_float32(place.spelled)
    try:
        answer = OnTheWay(place.followed.reference())
    except Exception:  # no rule
        return None
    if not less or compare(result, dtype, answer, dtype).word not in PASSING:
        return None
    return (
        f"the port goes through float32 on the way ({less[0].op}{at(less[0])}), and the legacy graph stays in "
        "float64: write that number, or that step, in float64"
    )


def _of_float32(side: Followed) -> List[Node]:
    """Casts from float32 or less to float64, and what is made of their numbers."""
    return [n for n in side.nodes if n.op == "Cast" and side.dtype_of(n.inputs[0]) in _LESS]


_LESS = ("float32", "float16", "bfloat16")
