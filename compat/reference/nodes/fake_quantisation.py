"""Numbers rounded to one of 2^bits levels and back, and the gradients.

The range is first moved so that 0 is a level (Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference, 2018, section 3).
"""

from typing import Any, Sequence, Tuple

import numpy as np

from ..functions import greatest, least, where
from ..tracked import Tracked
from .flows import floating, is_exact, tracked, value_of
from .registry import Flow, NodeCall, NoRule, rule_of
from .steps import stepped


def _levels(call: NodeCall) -> Tuple[float, float]:
    return float(bool(call.get("narrow_range", False))), float(2 ** int(call.get("num_bits", 8)) - 1)


def _moved(low: Tracked, high: Tracked, first: float, last: float) -> Tuple[Tracked, Tracked, Tracked]:
    """(the moved range's ends, the distance of two levels): the level of 0 is a whole number within the range."""
    scale = (high - low) / (last - first)
    zero = stepped(first - low / scale, lambda v: np.clip(np.floor(v + 0.5), first, last))
    return (first - zero) * scale, (last - zero) * scale, scale


def _moved_exactly(low: Any, high: Any, first: float, last: float) -> Tuple[Tracked, Tracked, Tracked]:
    """The same of exact ends, as every kernel has it: in float32, once; of -6 to 6, 0 is halfway between two levels."""
    low, high, first, last = (np.asarray(one, np.float32) for one in (low, high, first, last))
    scale = (high - low) / (last - first)
    zero = np.floor((first - low / scale).astype(np.float64) + 0.5)
    zero = np.clip(zero, first, last).astype(np.float32)
    return Tracked((first - zero) * scale), Tracked((last - zero) * scale), Tracked(scale)


def _range(call: NodeCall, x: Flow, ends: Tuple[Flow, ...]) -> Tuple[Tracked, Tracked, Tracked]:
    fixed = [np.asarray(call.get(name, end), np.float32) for name, end in (("min", -6.0), ("max", 6.0))]
    given: Sequence[Flow] = ends or fixed
    low, high = (np.asarray(value_of(end)) for end in given)
    if not floating(call.dtype) or not (low < high).all() or np.isnan(value_of(x)).any():
        raise NoRule(f"{call.op} of an empty range, or of NaN")
    if all(is_exact(end) for end in given):
        return _moved_exactly(low, high, *_levels(call))
    return _moved(tracked(given[0]), tracked(given[1]), *_levels(call))


@rule_of("FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def _(call: NodeCall, x: Flow, *ends: Flow) -> Flow:
    """floor((x - low) / scale + 1/2) scale + low, of x cut to the range; the division may be by a reciprocal.

    In later versions the level of 0 is taken off before 1/2 is added, and low is not added: the two sums before the
    step round numbers of at most all levels, and low, which is a rounded product, is left out.
    """
    bottom, top, scale = _range(call, x, ends)
    span = _levels(call)[1] + 1
    cut = least(greatest(tracked(x), bottom), top)
    place = ((cut - bottom) * (1 / scale)).off_by(lambda p: p.gamma(2) * span)
    level = stepped(place + 0.5, np.floor)
    return (level * scale + bottom.off_by(lambda p: p.u * abs(bottom.value))).reference(call.dtype)


@rule_of(
    "FakeQuantWithMinMaxArgsGradient",
    "FakeQuantWithMinMaxVarsGradient",
    "FakeQuantWithMinMaxVarsPerChannelGradient",
)
def _(call: NodeCall, gradient: Flow, x: Flow, *ends: Flow) -> Any:
    """Of x where it lies within the range; of the ends the sums, of each channel or of all, of what lies beyond."""
    bottom, top, _ = _range(call, x, ends)
    g, above, below = tracked(gradient), tracked(x) - top, tracked(x) - bottom
    within = where(lambda v: v >= 0, below, where(lambda v: v <= 0, above, g, 0.0), 0.0)
    if not ends:
        return within.reference()
    axes = tuple(range(g.value.ndim - ("PerChannel" in call.op)))
    beyond = where(lambda v: v < 0, below, g, 0.0), where(lambda v: v > 0, above, g, 0.0)
    return [within.reference(), *[one.sum(axes).reference() for one in beyond]]
