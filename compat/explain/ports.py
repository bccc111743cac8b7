"""What is told of the places where a port leaves the legacy graph."""

from typing import Callable, Iterator, Mapping, Sequence

from ..arrays import Array
from ..judge.graphs import Place, Read
from . import structure
from .causes import causes
from .target import ReferenceOnly, Target

_CAUSE = "cause: "
#: Wrong places that are explained one by one.
_PLACES = 5


def causes_of_places(
    found: Sequence[Place],
    read: Read,
    known: Mapping[str, Array],
    seconds: float,
    progress: Callable[[int], None] = lambda tried: None,
) -> Iterator[str]:
    """The lines of every wrong place: what the port's graph does otherwise there, or else what its numbers say.

    ``read``: of the port's store.  ``known``: {name: array} of other tensors, that a result may be instead.
    ``seconds``: for all places together.
    """
    for place in found[:_PLACES]:
        result, dtype = read(place.pair.result.digest), place.pair.result.dtype
        where = f" ({place.source})" if place.source else ""
        yield f"wrong at {place.pair.name}{where}: {place.numbers.message if place.numbers else place.why}"
        sentences = structure.causes(place, result, dtype)
        if sentences:
            yield from (f"cause: {sentence}" for sentence in sentences)
            continue
        listed = structure.differences(place, result, dtype)
        if listed:
            yield f"cause: {listed}"
        if place.why:  # nothing to ask numbers by
            continue
        followed = place.followed.raised()
        given = list(followed.given.values())
        target = Target(ReferenceOnly(followed.reference), given, {}, {"y": (result, dtype)}, dtype)
        before = {f"the tensor {name}": array for name, array in followed.given.items()}
        told = causes(target, dict(known, **before), seconds / min(len(found), _PLACES), progress)
        if listed:
            told = (f"as well possible: {line[len(_CAUSE) :]}" for line in told if line.startswith(_CAUSE))
        yield from told
    if len(found) > _PLACES:
        yield f"and {len(found) - _PLACES} more places"
