"""What a failed assertion says: the verdict in the suite's words, then the cause or what it looks like."""

import warnings
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array, digest
from ..explain import ReferenceOnly, Target, causes, first_wrong_step
from ..records import PASSING, Numbers, Verdict
from ..reference import Network, Reference
from ..texts import printable
from .expectation import Making
from .given import Given

#: Seconds that the search for a cause may take: a test waits for it.
_SECONDS = 2.0
#: Fewer different numbers than that are what they should be after many a change: no cause is looked for.
_FEWEST = 4
#: Of the largest element: what is off by more is no sum that somebody forgot to say.
_ROUNDINGS = 2**14


class Judged(NamedTuple):
    """What was judged: ``results`` by ``references``, in the precision ``dtype`` where they say none.

    ``making``: {name: what was said of it} of those that were given as arrays.
    """

    results: Mapping[str, Given]
    references: Mapping[str, Reference]
    dtype: str
    making: Mapping[str, Making]


def message(judged: Judged, verdict: Verdict) -> str:
    """The text of the AssertionError; its first line is the verdict."""
    lines = [f"{verdict.word}: {verdict.message}"]
    wrong = [name for name, numbers in verdict.outputs.items() if numbers.word not in PASSING]
    if wrong:
        if wrong[1:] and not isinstance(judged.references, Network):
            lines.append(f"as well: {', '.join(wrong[1:])}")
        lines += _explained(judged, wrong[0])
        lines += _unsaid(judged, wrong[0], verdict.outputs[wrong[0]])
    return printable("\n".join(lines))


def _explained(judged, name) -> List[str]:
    """The cause, or the shape of the error, of the first output that is wrong."""
    expected = judged.references[name].value
    if expected.dtype.kind not in "biufc" or np.unique(expected[np.isfinite(expected)]).size < _FEWEST:
        return []
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target, known = _target(judged, name)
            if target is None:
                return ["every step is right by itself: what differs is rounding that adds up"]
            return list(causes(target, known, _SECONDS))
    except Exception as error:  # the verdict has to be told whatever becomes of the search
        return [f"no cause could be looked for: {type(error).__name__}: {error}"]


def _target(judged, name) -> Tuple[Optional[Target], Dict[str, Array]]:
    """What is to be explained, and other tensors by name; None where every step of a network is right."""
    results = {other: (given.array, given.dtype) for other, given in judged.results.items()}
    references = judged.references
    if isinstance(references, Network):
        step = first_wrong_step(references, results, judged.dtype)
        before = list(results)[: list(results).index(step[0])] if step else []
        return (step[1] if step else None), {f"the tensor {other}": results[other][0] for other in before}
    reference = references[name]
    again, known = _made_again(reference)
    return Target(ReferenceOnly(again), [], {}, {"y": results[name]}, reference.dtype or judged.dtype), known


def _made_again(reference) -> Tuple[Any, Dict[str, Array]]:
    """A function that gives the reference, and the arrays it was made of.

    By the call of its rule, where there was one: that can be changed.  The arrays it was given may be other
    ones by now, and what it gave may have been changed since.
    """
    again = reference.again
    if again is None or not _same(again(), reference):
        return (lambda: reference), {}
    return again, {f"the input {n}": a for n, a in enumerate(_arguments(again)) if isinstance(a, np.ndarray)}


def _arguments(again):
    return getattr(again, "args", ())


def _same(again, reference):
    return again.dtype == reference.dtype and digest(again.value) == digest(reference.value)


def _unsaid(judged: Judged, name: str, numbers: Numbers) -> Iterator[str]:
    """What was not said of an array, and was taken for little."""
    making, result = judged.making.get(name), judged.results[name]
    if numbers.scaled is None or result.dtype not in UNIT_ROUNDOFF:
        return
    if result.bare and result.dtype == "float64" and numbers.scaled < _ROUNDINGS * UNIT_ROUNDOFF["float32"]:
        yield "a Python number is judged in float64: where it was computed in less say that, dtype="
    if making is None or numbers.scaled > _ROUNDINGS * UNIT_ROUNDOFF[result.dtype]:
        return
    if not making.said:
        yield (
            "judged as one number rounded once on each side: of a sum of products say terms= and scale=, of "
            "anything else what made it, function= and inputs="
        )
    elif making.terms is not None and making.scale is None:
        yield (
            "scale= was taken for |expected|: where products cancel, give the sum of the absolute products of each "
            "element"
        )
