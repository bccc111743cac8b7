"""What is told of a result that does not agree: the likeliest cause, or what the difference looks like."""

import time
from typing import Callable, Iterator, Mapping

import numpy as np

from ..arrays import PART, UNIT_ROUNDOFF, Array, parts
from ..judge.compare import compare
from ..records import PASSING
from ..reference.bounds import Reference
from .catalogue import HYPOTHESES
from .evidence import few_roundings
from .recognise import recognise
from .search import explain
from .shape import describe
from .target import Target

#: Other causes that fit as well: more would tell nobody anything.
_OTHERS = 3


def causes(
    target: Target,
    known: Mapping[str, Array],
    seconds: float,
    progress: Callable[[int], None] = lambda tried: None,
) -> Iterator[str]:
    """The lines to print, after ``seconds`` at most: the causes that fit, or else the shape of the error.

    ``known``: {name: array} of other tensors, that the result may be instead.  ``progress`` is told how many
    possibilities have been tried.
    """
    if few_roundings(target):
        yield "nothing to explain: a few roundings, and as likely by accident as by anything that could be named"
        return
    tried, started = 0, time.monotonic()

    def count(number):
        nonlocal tried
        tried = number
        progress(number)

    found = explain(target, seconds, limit=seconds, progress=count)
    if found:
        yield "cause: " + "; and ".join(found[0].sentences)
        yield f"with that undone it uses {found[0].share:.2g} of the rounding allowance"
        for other in found[1 : 1 + _OTHERS]:
            yield "as well possible: " + "; and ".join(other.sentences)
        return
    _, references, _ = target.baseline()
    weights = list(_wrong_weights(target, references or {}))
    if weights:
        yield from weights
        return
    recognised = recognise(target, known)
    if any(one.cause for one in recognised):
        yield from (f"cause: {one.sentence}" for one in recognised if one.cause)
        return
    stopped = ", until the time was over" if time.monotonic() - started >= seconds else ""
    yield (
        f"none of {len(HYPOTHESES)} hypotheses fits, alone or in pairs ({tried} possibilities "
        f"tried{stopped}); what the difference looks like:"
    )
    yield from (one.sentence for one in recognised)
    yield from _shapes(target, references or {}, known)


def _shapes(target, references, known):
    """What the difference of every output looks like that does not agree."""
    for name in references:
        if name not in target.results:
            yield f"{name}: expected, and not there"
    for name, (result, dtype) in target.results.items():
        reference: Reference = references.get(name)
        if reference is None:
            yield f"{name}: not expected"
            continue
        numbers = compare(result, dtype, reference, target.dtype)
        if numbers.word in PASSING:
            continue
        if numbers.message.startswith("the dtype"):
            yield numbers.message
            continue
        if dtype in PART:
            result, dtype, reference = parts(result), PART[dtype], reference.parts()
        with np.errstate(all="ignore"):
            floating = dtype in UNIT_ROUNDOFF
            allowance = reference.worst(dtype) if floating else np.zeros(reference.value.shape)
            for sentence in describe(result.astype(np.float64), reference.value, allowance, known):
                yield f"{name}: {sentence}" if len(target.results) > 1 else sentence


def _wrong_weights(target, references):
    """A line for every output that one wrong weight explains, as the judge's projection names it."""
    for name, (result, dtype) in target.results.items():
        if name in references:
            numbers = compare(result, dtype, references[name], target.dtype)
            if numbers.weight:
                yield f"cause: one weight is another number: {numbers.message}"
