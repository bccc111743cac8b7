"""What is told of the places where a port leaves the legacy graph."""

from typing import Callable, Iterator, Mapping, Optional, Sequence

from ..arrays import Array
from ..judge.graphs import Place, Read
from . import rewritten, steps_of_training, structure, terms
from .causes import causes
from .differences import Differences, differences
from .kept import without_dropout
from .named import named
from .patience import patience
from .target import ReferenceOnly, Target

_CAUSE = "cause: "
#: How the catalogue's sentences of results begin that are right, and less exact.
_LESS_EXACT = "it is as exact as float32"
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
    steps = steps_of_training.sentence(found, read)
    for place in found[:_PLACES]:
        result, dtype = place.pair.array(read), place.pair.result.dtype
        where = f" ({place.source})" if place.source else ""
        yield f"wrong at {place.pair.name}{where}: {place.numbers.message if place.numbers else place.why}"
        if steps:
            yield from [f"{_CAUSE}{steps}"] if place is found[0] else []
            continue
        if place.ran is not None:  # its nodes say nothing of it, one by one
            yield from (f"{_CAUSE}{sentence}" for sentence in rewritten.sentences(place))
            continue
        place = place._replace(
            followed=without_dropout(place.followed),
            spelled=None if place.spelled is None else without_dropout(place.spelled),
        )
        share = seconds / min(len(found), _PLACES)
        with patience(share):
            sentences = (
                named(place, result, dtype)
                or structure.causes(place, result, dtype)
                or terms.causes(place, result, dtype)
            )
        if sentences:
            yield from (f"cause: {sentence}" for sentence in sentences)
            continue
        listed = differences(place, result, dtype)
        # Where there is no bound there is nothing to ask numbers by, nor where there are other numbers of them.
        other_form = listed is not None and result.shape != place.followed.recorded(place.pair.legacy).shape
        told = [] if place.why or other_form else list(_by_numbers(place, result, known, share, progress))
        if place.spelled is None and not any(line.startswith(_CAUSE) for line in told):
            told = [_CAUSE + sentence for sentence in structure.left_out(place, result, dtype)] or told
        yield from _in_order(listed, told)
    if len(found) > _PLACES:
        yield f"and {len(found) - _PLACES} more places"


def _by_numbers(
    place: Place, result: Array, known: Mapping[str, Array], seconds: float, progress: Callable[[int], None]
) -> Iterator[str]:
    """What the catalogue says, of the legacy nodes with idioms as one."""
    followed, dtype = place.followed.raised(), place.pair.result.dtype
    given = list(followed.given.values())
    target = Target(ReferenceOnly(followed.reference), given, {}, {"y": (result, dtype)}, dtype)
    before = {f"the tensor {name}": array for name, array in followed.given.items()}
    return causes(target, dict(known, **before), seconds, progress)


def _in_order(listed: Optional[Differences], told: Sequence[str]) -> Iterator[str]:
    """What the graphs do otherwise first where it is little, else after what the numbers say."""
    if listed is None:
        yield from told
        return
    named = [line[len(_CAUSE) :] for line in told if line.startswith(_CAUSE)]
    # What is right but for the roundings of less precision is no other function.
    exact = bool(named) and named[0].startswith(_LESS_EXACT)
    first = [listed.sentence, *named] if listed.little and not exact else [*named, listed.sentence]
    yield f"{_CAUSE}{first[0]}"
    yield from (f"as well possible: {sentence}" for sentence in first[1:])
