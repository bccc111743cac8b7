"""Nodes for which there is no rule, by what was measured of each alone when it ran (``compat.record.alone``).

What was measured holds for the inputs that it was measured on: on these, bit for bit, the recorded result is the
answer, with the measured allowance.  On inputs that are some units away it is not known what the node makes of the
rest, as a spread has no direction: there the answer speaks for a result that agrees with it all the same, and against
none.
"""

from typing import Callable, Dict, NamedTuple, Optional, Sequence

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array, parts
from ..reference.bounds import Reference
from ..reference.measured import FEW, Evidence, Measured
from ..reference.nodes.registry import Flow, NoRule
from .nodes import Node


class AsMeasured(NamedTuple):
    """``answers``: by number of the output.  ``near``: whether the inputs are only close to those recorded."""

    answers: Dict[str, Measured]
    near: bool


def as_measured(
    node: Node,
    inputs: Sequence[Optional[Flow]],
    recorded: Sequence[Array],
    dtypes: Sequence[str],
    read: Callable[[str], Array],
) -> Optional[AsMeasured]:
    """What a node makes of inputs, by what was measured on the ``recorded`` ones of these dtypes; None: not known.

    ``read``: digest -> array.
    """
    if not node.measured or any(flow is None or isinstance(flow, Reference) for flow in inputs):
        return None
    answers, stride = {}, np.inf
    for number, digests in node.measured.items():
        arrays = {name: read(digest) for name, digest in digests.items()}
        result = arrays.get("result")
        if result is not None and result.dtype.kind in "biufc":
            evidence = Evidence(result, arrays)
            if evidence.moved:
                answers[number] = Measured(result, node.outputs[number].dtype, evidence)
                stride = min(stride, evidence.stride)
    near = _near([np.asarray(flow) for flow in inputs], recorded, dtypes, stride)
    return None if near is None or not answers else AsMeasured(answers, near)


def onward(flow: Optional[Flow]) -> Optional[Flow]:
    """What other nodes go on from.  Raises NoRule for what was measured and leaves open what comes there."""
    if not isinstance(flow, Measured):
        return flow
    found = flow.onward()
    if found is None:
        raise NoRule(
            "it follows from a measured node, whose result is on a step or next to nothing but rounding"
        )
    return found


def _near(
    given: Sequence[Array], recorded: Sequence[Array], dtypes: Sequence[str], stride: float
) -> Optional[bool]:
    """False where all have the same bits, True where they are close, None else.

    Close are numbers of which each is within the longer stride, beyond which nothing was measured, and the root mean
    square within the units that make a smooth result differ by no more than rounding does.
    """
    units = []
    for one, other, dtype in zip(given, recorded, dtypes):
        if one.shape != other.shape or one.dtype != other.dtype:
            return None
        if one.tobytes() == other.tobytes():
            continue
        if dtype not in UNIT_ROUNDOFF:
            return None
        units.append(_units(parts(one), parts(other), dtype).ravel())
    if not units:
        return False
    away = np.concatenate(units)
    return True if away.max() <= stride and np.sqrt(np.mean(away**2)) <= FEW else None


def _units(one: Array, other: Array, dtype: str) -> Array:
    """How many units in the last place of ``other`` the numbers are apart; infinite where only one is zero, or none."""
    with np.errstate(all="ignore"):
        a, b = one.astype(np.float64), other.astype(np.float64)
        apart = np.abs(a - b) / (2 * UNIT_ROUNDOFF[dtype] * 2.0 ** np.floor(np.log2(np.abs(b))))
        same = (a == b) | (np.isnan(a) & np.isnan(b))
    return np.where(same, 0.0, np.where(np.isfinite(apart), apart, np.inf))
