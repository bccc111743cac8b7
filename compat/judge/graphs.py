"""A port judged by the legacy graph: the legacy nodes, in float64, on the port's own tensors.

Every pair is judged from the pairs before it, so that all wrong places are named and not the first one alone, and a
small difference early on hides none that comes later.  Where the port's graph is known as well, a result may also be
off by what rounding does to the port's own spelling of the same mathematics: log(1 + exp(x)) is less exact than
softplus, and no other function.

If every pair is right, the outputs are: each follows, by the legacy graph and within rounding, from tensors that
follow in their turn from the inputs and the weights of the legacy graph.
"""

import functools
from types import MappingProxyType
from typing import Callable, Container, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..graph.alone import onward
from ..graph.forms import in_forms, same_but_for_form
from ..graph.lazily import Lazily, Making
from ..graph.nodes import SOURCES, Read, Trace
from ..graph.pairing import Pair, pairs
from ..graph.replay import Followed, Replay, recently
from ..records import Numbers, Output
from ..reference.bounds import Reference
from ..reference.measured import Measured
from ..reference.nodes.ambiguous import Either
from ..reference.nodes.registry import NoRule
from ..reference.nodes.whole import Whole
from ..reference.settled import settled
from .blocks import agreeing
from .compare import compare


class Place(NamedTuple):
    """What the legacy graph says of one pair.

    ``followed``: the legacy nodes between it and the pairs before it.  ``numbers``: None where no rule covers them,
    and then ``why``.  ``spelled``: the port's own nodes there, or None.  ``vague``: whether the bound allows more than
    it tells.  ``answer``: what the legacy nodes make of the tensors before, kept of outputs alone; ``allowed``: the
    same as it was judged by, with the port's spelling where that was needed.  ``ran``: what the port gave as a whole,
    where that is not what its own graph gives node by node.
    """

    pair: Pair
    followed: Followed
    numbers: Optional[Numbers]
    why: str = ""
    spelled: Optional[Followed] = None
    vague: bool = False
    answer: Optional[Reference] = None
    allowed: Optional[Reference] = None
    ran: Optional[Array] = None

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


def untold(done: int, total: int) -> None:
    """Nobody waits."""


def places(
    legacy: Side,
    port: Side,
    outputs: Dict[str, Output],
    progress: Callable[[int, int], None] = untold,
    answers: Optional[Container[str]] = None,
) -> List[Place]:
    """Every pair judged, in the order of flow.  ``outputs``: what the port gave by name; its trace may be empty.

    ``progress(done, total)`` is told of every pair.  ``answers``: the names of the outputs whose answer is wanted, all
    of them where nothing is said: with what it was made of it is dozens of times as large as the tensor.
    """
    read = recently(legacy.read)
    legacy, port = (
        side._replace(read=read if side.read == legacy.read else recently(side.read))
        for side in (legacy, port)
    )
    found = pairs(legacy.trace, outputs, port.trace, legacy.read, port.read)
    theirs = port.trace.tensors()
    other_form = {
        pair.port: pair.result.shape
        for pair in found
        if pair.port and list(theirs[pair.port].shape) != list(pair.result.shape)
    }
    trace, read, formed = in_forms(port.trace, port.read, other_form)
    walk = _Walk(legacy, Side(trace, read), formed, legacy.trace.outputs if answers is None else answers)
    for number, pair in enumerate(found):
        progress(number, len(found))
        walk.meet(pair)
    progress(len(found), len(found))
    return walk.found


class _Walk:
    """Pair by pair along the flow.

    Every pair is judged from the pairs before it.  An inner tensor whose bound is vague says nothing of a fault that
    it hides: what comes after it is judged from it, and once more from what was firm before, with what the legacy
    graph makes of that in the tensor's place.  What no rule judges is given to nothing.
    """

    def __init__(self, legacy: Side, port: Side, formed: Mapping[str, str], answers: Container[str]) -> None:
        self._answers = answers
        self._port, self._formed, self._port_makers = port, formed, port.trace.makers()
        self._mine, self._theirs = Replay(legacy.trace, legacy.read), Replay(port.trace, port.read)
        # Both took the same inputs: what has no rule and follows from them is not known, and not as it was recorded.
        self._firm, self._near = (_Given(_inputs(self._mine), _inputs(self._theirs), {}) for _ in range(2))
        #: The port's tensors of another shape than the legacy graph's: what comes after them may be right on them.
        self._reshaped = _Given(Lazily({}), Lazily({}), {})
        #: Of vague tensors, the legacy answer that follows from firm ones.
        self._carried: Dict[str, Reference] = {}
        self._outputs = set(legacy.trace.outputs.values())
        self._dtypes = {output.dtype for side in (legacy, port) for output in side.trace.tensors().values()}
        self.found: List[Place] = []

    def meet(self, pair: Pair) -> None:
        place = self._judged(pair)
        apart = self._apart(place)
        if apart:
            firm = self._firm.without(one.pair for one in apart)
            together = self._from(firm, pair)
            if together.wrong or self._cancels(place, together):
                self.found = [one for one in self.found if one not in apart]
                self._firm, self._near = firm, self._near.without(one.pair for one in apart)
                self._carried.clear()
                place = together
        is_output = pair.legacy in self._outputs
        self.found.append(
            self._kept(place) if self._is_wanted(pair) else place._replace(answer=None, allowed=None)
        )
        expected = self._mine.shape(pair.legacy), self._mine.dtype(pair.legacy)
        if place.numbers is None or pair.result.dtype != expected[1]:
            return
        result, theirs = functools.partial(pair.array, self._port.read), self._of_port(pair)
        if pair.result.shape != expected[0]:
            self._reshaped.add(pair, result, theirs)
            return
        self._near.add(pair, result, theirs)
        if not place.vague or place.wrong or is_output:
            self._firm.add(pair, result, theirs)
        elif place.answer is not None:
            self._carried[pair.legacy] = settled(place.answer, self._dtypes)

    def _kept(self, place: Place) -> Place:
        """With answers that hold nothing of what they were made of."""
        if place.answer is None or place.allowed is None:
            return place
        answer = settled(place.answer, self._dtypes)
        if place.allowed is place.answer:
            return place._replace(answer=answer, allowed=answer)
        allowed = place.allowed
        if isinstance(allowed, Spelled):
            allowed = Spelled(answer, settled(allowed.spelled, self._dtypes))
        return place._replace(answer=answer, allowed=allowed)

    def _of_port(self, pair: Pair) -> Dict[str, Making]:
        """The port's tensors that have the pair's numbers: its own, and what that is in another form."""
        tensor = self._formed.get(pair.port, pair.port)
        names = [tensor, *same_but_for_form(self._port_makers, tensor)] if tensor else []
        return {name: functools.partial(self._theirs.recorded, name) for name in names}

    def _judged(self, pair: Pair) -> Place:
        near = self._from(self._near, pair)
        if near.wrong and self._reshaped.legacy:
            again = self._from(self._near.beside(self._reshaped), pair)
            if again.numbers is not None:
                return again
        if near.wrong or near.numbers is None or self._firm.legacy.keys() >= near.followed.given.keys():
            return near
        return self._from(self._firm, pair, self._carried)

    def _from(
        self, given: "_Given", pair: Pair, carried: Mapping[str, Reference] = MappingProxyType({})
    ) -> Place:
        """The pair judged from those; ``carried``: what stands for others that are not given."""
        # Not from itself, where two outputs are one tensor.
        before = given.without([pair])
        followed = self._mine.follow(pair.legacy, before.legacy)
        tensor = self._formed.get(pair.port, pair.port)
        own = self._theirs.follow(tensor, before.port) if pair.port else None
        result = pair.array(self._port.read)
        short = self._mine.follow(pair.legacy, before.legacy, carried) if carried else followed
        for one in (followed, own, short):
            if one is not None:
                one.settle()
        place = self._in_blocks(pair, short, own, result) or _place(
            pair, short, own, result, self._mine.dtype(pair.legacy)
        )
        followed.hows = short.hows
        return place._replace(followed=followed)

    def _in_blocks(
        self, pair: Pair, followed: Followed, own: Optional[Followed], result: Array
    ) -> Optional[Place]:
        """A large inner tensor that agrees, without its answer."""
        dtype = self._mine.dtype(pair.legacy)
        if followed.is_carried or pair.result.dtype != dtype or self._is_wanted(pair):
            return None
        if followed.nodes[-1].op in SOURCES:
            return None
        with np.errstate(all="ignore"):
            numbers = agreeing(followed, own, result, dtype, of_both, _telling(dtype))
        return Place(pair, followed, numbers, "", own) if numbers is not None else None

    def _is_wanted(self, pair: Pair) -> bool:
        return pair.legacy in self._outputs and pair.name in self._answers

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
        result = place.pair.array(self._port.read)
        with np.errstate(all="ignore"):
            left, whole = (
                np.linalg.norm((result - one.followed.reference().value).ravel()) for one in (together, place)
            )
            size = np.linalg.norm(result.ravel())
        roundings = _ROUNDINGS * UNIT_ROUNDOFF.get(place.pair.result.dtype, 0.0) * size
        return bool(left <= max(_NOTHING * whole, roundings))


#: What is left of two differences that cancel, as a share of one of them.
_NOTHING = 1e-3
#: Roundings of the result, in the mean, that are nothing as well: in a half precision they are more than that.
_ROUNDINGS = 2.0
#: Roundings of a tensor's mean size that an allowance may be and still tell something, and the most in half precisions.
_VAGUE, _VAGUE_OF_HALVES = 1024, 2.0**-6


class _Given(NamedTuple):
    """Tensors of the legacy graph, and of the port's own, that others are judged from: the port's numbers."""

    legacy: Lazily
    port: Lazily
    #: Of a legacy tensor those of the port that are given with it.
    names: Dict[str, List[str]]

    def add(self, pair: Pair, result: Making, theirs: Mapping[str, Making]) -> None:
        self.legacy.add(pair.legacy, result)
        for name, making in theirs.items():
            self.port.add(name, making)
        self.names[pair.legacy] = list(theirs)

    def beside(self, other: "_Given") -> "_Given":
        names = {**self.names, **other.names}
        return _Given(self.legacy.beside(other.legacy), self.port.beside(other.port), names)

    def without(self, pairs: Iterable[Pair]) -> "_Given":
        gone = {pair.legacy for pair in pairs if pair.legacy in self.legacy}
        if not gone:
            return self
        names = {legacy: theirs for legacy, theirs in self.names.items() if legacy not in gone}
        kept = {name for theirs in names.values() for name in theirs}
        lost = {name for legacy in gone for name in self.names.get(legacy, ()) if name not in kept}
        return _Given(self.legacy.without(gone), self.port.without(lost), names)


def _inputs(replay: Replay) -> Lazily:
    return Lazily({name: functools.partial(replay.recorded, name) for name in replay.trace.inputs.values()})


def _place(pair: Pair, followed: Followed, own: Optional[Followed], result: Array, dtype: str) -> Place:
    with np.errstate(all="ignore"):
        try:
            if followed.nodes[-1].op in ("Const", "Variable"):
                raise NoRule("how it was computed is not seen")
            answer = followed.reference()
        except NoRule as why:
            return Place(pair, followed, None, str(why), own)
        numbers = compare(result, pair.result.dtype, answer, dtype)
        vague = numbers.unequal != 0 and _is_vague(answer, dtype, result)  # what is the answer hides nothing
        if numbers.word != "agrees" and followed.close:
            return Place(pair, followed, None, "what was measured is of inputs close to these", own)
        allowed = answer
        if numbers.word != "agrees" and own is not None:
            both = of_both(answer, followed, own)
            if both is not None:
                again = compare(result, pair.result.dtype, both, dtype)
                if again.word == "agrees":
                    numbers, allowed, vague = again, both, _is_vague(both, dtype, result)
        return Place(pair, followed, numbers, "", own, vague, answer, allowed)


def _is_vague(answer: Reference, dtype: str, result: Array) -> bool:
    """Whether rounding may move a tensor by so much, in the mean, that a fault would hide in it.

    What is as near to the answer as a bound that tells hides no more, however much would be allowed.
    """
    if dtype not in UNIT_ROUNDOFF or not answer.value.size:
        return False
    finite = np.isfinite(answer.value)
    size, allowed = (
        np.sqrt(np.mean(np.square(np.abs(array[finite])))) if finite.any() else 0.0
        for array in (answer.value, np.broadcast_to(answer.typical(dtype), answer.value.shape))
    )
    most = _telling(dtype) * size
    if not allowed > most or result.shape != answer.value.shape:
        return not allowed <= most
    off = np.sqrt(np.mean(np.square(np.abs(result[finite] - answer.value[finite]))))
    return not off <= most


def _telling(dtype: str) -> float:
    """The share of a tensor's mean size that an allowance may be and still tell something."""
    return min(_VAGUE * UNIT_ROUNDOFF[dtype], _VAGUE_OF_HALVES) if dtype in UNIT_ROUNDOFF else 0.0


def of_both(answer: Reference, followed: Followed, own: Followed) -> Optional[Reference]:
    """The legacy answer with the allowance of the port's spelling on top; None where that is another function.

    What was measured of the port excuses it where the legacy answer is measured as well, and not what has a bound.
    """
    try:
        spelled = onward(own.reference())
    except NoRule:
        return None
    if "measured" in own.hows.values() and "measured" not in followed.hows.values():
        return None
    assert isinstance(spelled, Reference)
    if spelled.value.shape != answer.value.shape or spelled.value.dtype.kind not in "fc":
        return None
    if isinstance(answer, Whole) and isinstance(spelled, Whole):
        return Either(answer, spelled)
    return Spelled(answer, spelled)


class Spelled(Reference):
    """An answer that may be spelled in two ways, with the roundings of either."""

    alike = False
    convicts = False

    def __init__(self, answer: Reference, spelled: Reference) -> None:
        super().__init__(answer.value, dtype=answer.dtype)
        self._answer, self.spelled = answer, spelled
        self.made_of = answer, spelled

    def worst(self, dtype: str) -> Array:
        return self._answer.worst(dtype) + self.spelled.worst(dtype)

    def expected(self, dtype: str, probability: float = 1e-9) -> Array:
        return self._answer.expected(dtype, probability) + self.spelled.expected(dtype, probability)

    def typical(self, dtype: str) -> Array:
        return self._answer.typical(dtype) + self.spelled.typical(dtype)

    def parts(self) -> "Spelled":
        return Spelled(self._answer.parts(), self.spelled.parts())

    def reconsider(self, result: Array, error: Array, precision: str, word: str, why: str) -> Tuple[str, str]:
        if isinstance(self._answer, Measured):  # where rounding is all there is, any number agrees
            return self._answer.reconsider(result, error, precision, word, why)
        return word, why


def loose(answer: Optional[Reference], measured: Reference, dtype: str) -> bool:
    """Whether the graph's answer allows, for most elements, many times what the measured spread does."""
    if dtype not in UNIT_ROUNDOFF or answer is None:
        return False
    with np.errstate(all="ignore"):
        graph, spread = answer.worst(dtype), measured.worst(dtype)
        return bool(np.median(graph) > _LOOSE * np.median(spread))


#: How many times the measured allowance a bound of many steps may be before the measurement says more.
_LOOSE = 16.0
