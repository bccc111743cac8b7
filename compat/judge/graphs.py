"""A port judged by the legacy graph: the legacy nodes, in float64, on the port's own tensors.

Every pair is judged from the pairs before it, so that all wrong places are named and not the first one alone, and a
small difference early on hides none that comes later.  Where the port's graph is known as well, a result may also be
off by what rounding does to the port's own spelling of the same mathematics: log(1 + exp(x)) is less exact than
softplus, and no other function.

If every pair is right, the outputs are: each follows, by the legacy graph and within rounding, from tensors that
follow in their turn from the inputs and the weights of the legacy graph.
"""

from typing import Callable, Dict, List, NamedTuple, Optional

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..graph.nodes import Trace
from ..graph.pairing import Pair, pairs
from ..graph.replay import Followed, Replay
from ..records import Numbers, Output
from ..reference.bounds import Reference
from ..reference.nodes.registry import NoRule
from .compare import compare

Read = Callable[[str], Array]


class Place(NamedTuple):
    """What the legacy graph says of one pair.

    ``followed``: the legacy nodes between it and the pairs before it.  ``numbers``: None where no rule covers them,
    and then ``why``.  ``spelled``: the port's own nodes there, or None.
    """

    pair: Pair
    followed: Followed
    numbers: Optional[Numbers]
    why: str = ""
    spelled: Optional[Followed] = None

    @property
    def wrong(self) -> bool:
        return self.numbers is not None and self.numbers.word != "agrees"

    @property
    def source(self) -> str:
        """The line of the program that made the legacy tensor, or nothing."""
        return self.followed.nodes[-1].source if self.followed.nodes else ""


class Side(NamedTuple):
    """A trace, and the reading of its store."""

    trace: Trace
    read: Read


def places(legacy: Side, port: Side, outputs: Dict[str, Output]) -> List[Place]:
    """Every pair judged, in the order of flow.  ``outputs``: what the port gave by name; its trace may be empty."""
    mine, theirs = Replay(legacy.trace, legacy.read), Replay(port.trace, port.read)
    # Both took the same inputs: what has no rule and follows from them is not known, and not as it was recorded.
    given, spelled = _inputs(mine), _inputs(theirs)
    found: List[Place] = []
    for pair in pairs(legacy.trace, outputs, port.trace, legacy.read, port.read):
        result = port.read(pair.result.digest)
        # Not from itself, where two outputs are one tensor.
        followed = mine.follow(pair.legacy, {name: a for name, a in given.items() if name != pair.legacy})
        own = (
            theirs.follow(pair.port, {n: a for n, a in spelled.items() if n != pair.port})
            if pair.port
            else None
        )
        found.append(_place(pair, followed, own, result, mine.dtype(pair.legacy)))
        expected = legacy.trace.tensors()[pair.legacy]
        if pair.result.shape == expected.shape and pair.result.dtype == expected.dtype:
            given[pair.legacy] = result
            if pair.port:
                spelled[pair.port] = result
    return found


def _inputs(replay: Replay) -> Dict[str, Array]:
    return {tensor: replay.recorded(tensor) for tensor in replay.trace.inputs.values()}


def _place(pair: Pair, followed: Followed, own: Optional[Followed], result: Array, dtype: str) -> Place:
    with np.errstate(all="ignore"):
        try:
            if followed.nodes[-1].op in ("Const", "Variable"):
                raise NoRule("how it was computed is not seen")
            answer = followed.reference()
        except NoRule as why:
            return Place(pair, followed, None, str(why), own)
        numbers = compare(result, pair.result.dtype, answer, dtype)
        if numbers.word == "agrees" or own is None:
            return Place(pair, followed, numbers, "", own)
        both = _of_both(answer, own)
        if both is not None:
            again = compare(result, pair.result.dtype, both, dtype)
            numbers = again if again.word == "agrees" else numbers
    return Place(pair, followed, numbers, "", own)


def _of_both(answer: Reference, own: Followed) -> Optional[Reference]:
    """The legacy answer with the allowance of the port's spelling on top; None where that is another function."""
    try:
        spelled = own.reference()
    except NoRule:
        return None
    if spelled.value.shape != answer.value.shape or spelled.value.dtype.kind not in "fc":
        return None
    return Spelled(answer, spelled)


class Spelled(Reference):
    """An answer that may be spelled in two ways, with the roundings of either."""

    alike = False
    convicts = False

    def __init__(self, answer: Reference, spelled: Reference) -> None:
        super().__init__(answer.value, dtype=answer.dtype)
        self._answer, self._spelled = answer, spelled

    def worst(self, dtype: str) -> Array:
        return self._answer.worst(dtype) + self._spelled.worst(dtype)

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        return self._answer.expected(dtype, probability) + self._spelled.expected(dtype, probability)

    def typical(self, dtype: str) -> Array:
        return self._answer.typical(dtype) + self._spelled.typical(dtype)

    def parts(self) -> "Spelled":
        return Spelled(self._answer.parts(), self._spelled.parts())


def loose(place: Place, measured: Reference) -> bool:
    """Whether the graph allows, for most elements, many times what the measured spread does."""
    dtype = place.pair.result.dtype
    if dtype not in UNIT_ROUNDOFF or not place.followed.nodes:
        return False
    with np.errstate(all="ignore"):
        graph, spread = place.followed.reference().worst(dtype), measured.worst(dtype)
        return bool(np.median(graph) > _LOOSE * np.median(spread))


#: How many times the measured allowance a bound of many steps may be before the measurement says more.
_LOOSE = 16.0
