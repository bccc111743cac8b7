"""A port judged by the legacy graph: the legacy nodes, in float64, on the port's own tensors.

Every pair is judged from the pairs before it, so that all wrong places are named and not the first one alone, and a
small difference early on hides none that comes later.  Where the port's graph is known as well, a result may also be
off by what rounding does to the port's own spelling of the same mathematics: log(1 + exp(x)) is less exact than
softplus, and no other function.

If every pair is right, the outputs are: each follows, by the legacy graph and within rounding, from tensors that
follow in their turn from the inputs and the weights of the legacy graph.
"""

from typing import Callable, Collection, Dict, List, NamedTuple, Optional

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
    and then ``why``.  ``spelled``: the port's own nodes there, or None.  ``vague``: whether the bound allows more than
    it tells.
    """

    pair: Pair
    followed: Followed
    numbers: Optional[Numbers]
    why: str = ""
    spelled: Optional[Followed] = None
    vague: bool = False

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
    walk = _Walk(legacy, port)
    for pair in pairs(legacy.trace, outputs, port.trace, legacy.read, port.read):
        walk.meet(pair)
    return walk.found


class _Walk:
    """Pair by pair along the flow.

    What is judged right, or wrong, is given to what comes after it.  What no rule judges is not: nor is an inner
    tensor whose bound is vague, as else a fault that it hides would be given on as right.
    """

    def __init__(self, legacy: Side, port: Side) -> None:
        self._legacy, self._port = legacy, port
        self._mine, self._theirs = Replay(legacy.trace, legacy.read), Replay(port.trace, port.read)
        # Both took the same inputs: what has no rule and follows from them is not known, and not as it was recorded.
        self._given, self._spelled = _inputs(self._mine), _inputs(self._theirs)
        self._outputs = set(legacy.trace.outputs.values())
        self.found: List[Place] = []

    def meet(self, pair: Pair) -> None:
        place = self._judged(pair, ())
        apart = self._apart(place)
        if apart:
            legacy, spelled = ({getattr(one.pair, side) for one in apart} for side in ("legacy", "port"))
            together = self._judged(pair, legacy | spelled)
            if together.wrong or self._cancels(place, together):
                self.found = [one for one in self.found if one not in apart]
                self._given = {name: a for name, a in self._given.items() if name not in legacy}
                self._spelled = {name: a for name, a in self._spelled.items() if name not in spelled}
                place = together
        self.found.append(place)
        expected = self._legacy.trace.tensors()[pair.legacy]
        known = place.numbers is not None and (not place.vague or place.wrong or pair.legacy in self._outputs)
        if known and pair.result.shape == expected.shape and pair.result.dtype == expected.dtype:
            result = self._port.read(pair.result.digest)
            self._given[pair.legacy] = result
            if pair.port:
                self._spelled[pair.port] = result

    def _judged(self, pair: Pair, without: Collection[str]) -> Place:
        # Not from itself, where two outputs are one tensor.
        given = {n: a for n, a in self._given.items() if n != pair.legacy and n not in without}
        followed = self._mine.follow(pair.legacy, given)
        own = None
        if pair.port:
            spelled = {n: a for n, a in self._spelled.items() if n != pair.port and n not in without}
            own = self._theirs.follow(pair.port, spelled)
        result = self._port.read(pair.result.digest)
        return _place(pair, followed, own, result, self._mine.dtype(pair.legacy))

    def _apart(self, place: Place) -> List[Place]:
        """Inner places that are wrong as well as this one, which alone follows from them: one fault in two places,
        or tensors that do not stand for each other, as a kernel that batch norm has been folded into.
        """
        if not place.wrong:
            return []
        return [
            one
            for one in self.found
            if one.wrong
            and one.pair.legacy in place.followed.given
            and one.pair.legacy not in self._outputs
            and not any(one.pair.legacy in other.followed.given for other in self.found)
        ]

    def _cancels(self, place: Place, together: Place) -> bool:
        """Whether what is wrong twice is right together: not for a longer way's larger allowance, but since next to
        nothing is left of the difference.
        """
        if together.numbers is None or together.wrong:
            return False
        result = self._port.read(place.pair.result.digest)
        with np.errstate(all="ignore"):
            left, whole = (
                np.linalg.norm((result - one.followed.reference().value).ravel()) for one in (together, place)
            )
        return bool(left <= _NOTHING * whole)


#: What is left of two differences that cancel, as a share of one of them.
_NOTHING = 1e-3
#: Roundings of a tensor's mean size that an allowance may be and still tell something, and the most in half precisions.
_VAGUE, _VAGUE_OF_HALVES = 1024, 2.0**-6


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
        if numbers.word != "agrees" and own is not None:
            both = _of_both(answer, own)
            if both is not None:
                again = compare(result, pair.result.dtype, both, dtype)
                if again.word == "agrees":
                    numbers, answer = again, both
        return Place(pair, followed, numbers, "", own, _is_vague(answer, dtype))


def _is_vague(answer: Reference, dtype: str) -> bool:
    """Whether rounding may move a tensor by so much, in the mean, that a fault would hide in it."""
    if dtype not in UNIT_ROUNDOFF or not answer.value.size:
        return False
    finite = np.isfinite(answer.value)
    size, allowed = (
        np.sqrt(np.mean(np.square(np.abs(array[finite])))) if finite.any() else 0.0
        for array in (answer.value, np.broadcast_to(answer.typical(dtype), answer.value.shape))
    )
    return not allowed <= min(_VAGUE * UNIT_ROUNDOFF[dtype], _VAGUE_OF_HALVES) * size


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
