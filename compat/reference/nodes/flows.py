"""What rules are spelled with: flows as Tracked, moved, and told apart."""

import math
from typing import Any, Callable, List, Optional, Sequence

import numpy as np

from ...arrays import UNIT_ROUNDOFF, Array
from ..bounds import Reference
from ..tracked import Analysed, Tracked
from ..tracked import joined as joined_tracked
from .registry import Flow, NoRule
from .whole import Whole


def is_exact(flow: Flow) -> bool:
    return not isinstance(flow, Reference)


def whole(flow: Flow) -> Array:
    """A flow that says how others are made, as an axis or a shape does: it has to be exact.  Raises NoRule."""
    if isinstance(flow, Whole) and not flow.radius.any():
        return flow.whole
    if isinstance(flow, Reference):
        raise NoRule("a shape, an axis or an index that follows from rounded numbers")
    return flow


def numbers(flow: Flow) -> List[int]:
    """``whole`` as Python's whole numbers, in one list."""
    return [int(number) for number in np.asarray(whole(flow)).ravel()]


def tracked(flow: Flow) -> Tracked:
    """As a Tracked: running error analysis goes on from what rounding did before."""
    if isinstance(flow, Analysed) and flow.carried is None:
        return flow.tracked
    if isinstance(flow, Reference):  # of complex numbers ``worst`` is of either part
        modulus = math.sqrt(2) if flow.value.dtype.kind == "c" else 1
        return Tracked(flow.value, lambda precision: modulus * flow.worst(precision.dtype))
    return Tracked(flow)


def with_one_more_term(sums: Flow, term: Flow) -> Optional[Reference]:
    """Sums of products and an exact number each: kernels add a bias last, or begin their sums with it.

    None for what is no such sum, or grows by it.
    """
    if not isinstance(sums, Reference) or sums.products is None or isinstance(term, (Reference, Whole)):
        return None
    value = sums.value + np.asarray(term, np.float64)
    if value.shape != sums.value.shape:
        return None
    magnitude = sums.magnitude + abs(np.asarray(term, np.float64))
    return Reference(value, magnitude, sums.terms + 1, carried=sums.carried, products=sums.products)


def moved(move: Callable[[Array], Array], flow: Flow) -> Flow:
    """The same elements in other places, or fewer of them: ``move`` of an array of the flow's shape."""
    return flow.rearranged(move) if isinstance(flow, Reference) else move(flow)


def joined(join: Callable[[List[Array]], Array], flows: Sequence[Flow]) -> Flow:
    """``join``, a concatenation say, of several flows."""
    if all(is_exact(flow) for flow in flows):
        return join([np.asarray(flow) for flow in flows])
    if not any(np.asarray(value_of(flow)).dtype.kind in "fc" for flow in flows):
        values = [flow.whole if isinstance(flow, Whole) else flow for flow in flows]
        radii = [np.array(f.radius) if isinstance(f, Whole) else np.zeros(np.shape(f)) for f in flows]
        return Whole(join([np.asarray(value) for value in values]), join(radii))
    return joined_tracked(join, [tracked(flow) for flow in flows]).reference()


def floating(dtype: str) -> bool:
    return dtype in UNIT_ROUNDOFF and not dtype.startswith("complex")


def value_of(flow: Flow) -> Any:
    """The values alone: float64 of an answer, the array itself of what is exact."""
    if isinstance(flow, Whole):
        return flow.whole
    return flow.value if isinstance(flow, Reference) else flow


def taken_from(flows: Sequence[Flow], places: Any) -> Flow:
    """Elements of several flows: ``places`` counts through all of them, one behind the other, in C order."""
    return joined(lambda parts: np.concatenate([part.ravel() for part in parts])[places], flows)


def counted(shape: Sequence[int], first: int = 0) -> Any:
    """The places of a flow of that shape, which ``taken_from`` reads; ``first``: how many stand before it."""
    return first + np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)
