"""Numbers rounded to one of 2^bits levels and back.

The range is first moved so that 0 is a level (Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference, 2018, section 3).
"""

from typing import Tuple

import numpy as np

from ..functions import greatest, least
from ..tracked import Tracked
from .flows import floating, tracked, value_of
from .registry import Flow, NodeCall, NoRule, rule_of
from .steps import stepped


def _levels(call: NodeCall) -> Tuple[float, float]:
    return float(bool(call.get("narrow_range", False))), float(2 ** int(call.get("num_bits", 8)) - 1)


def _moved(low: Tracked, high: Tracked, first: float, last: float) -> Tuple[Tracked, Tracked, Tracked]:
    """(the moved range's ends, the distance of two levels): the level of 0 is a whole number within the range."""
    scale = (high - low) / (last - first)
    zero = stepped(first - low / scale, lambda v: np.clip(np.floor(v + 0.5), first, last))
    return (first - zero) * scale, (last - zero) * scale, scale


@rule_of("FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def _(call: NodeCall, x: Flow, *ends: Flow) -> Flow:
    """floor((x - low) / scale + 1/2) scale + low, of x cut to the range; the division may be by a reciprocal."""
    if call.op.endswith("Args"):
        held = [np.float32(call.get("min", -6.0)), np.float32(call.get("max", 6.0))]
        low, high = (Tracked(np.float64(end)) for end in held)
    else:
        low, high = (tracked(end) for end in ends)
    if not floating(call.dtype) or not (low.value < high.value).all() or np.isnan(value_of(x)).any():
        raise NoRule(f"{call.op} of an empty range, or of NaN")
    first, last = _levels(call)
    bottom, top, scale = _moved(low, high, first, last)
    cut = least(greatest(tracked(x), bottom), top)
    level = stepped((cut - bottom) * (1 / scale) + 0.5, np.floor)
    return (level * scale + bottom).reference(call.dtype)
