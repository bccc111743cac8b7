"""The search: which hypothesis, or which two together, bring the difference back inside the allowance."""

import itertools
import time
from typing import Callable, Dict, List, NamedTuple, Optional

import numpy as np

from ..reference.calls import Call
from .catalogue import HYPOTHESES, pixels
from .corner import corner
from .target import Target

#: Seconds that one computation of the reference may take before the search begins in a corner of it.
_SLOW = 0.02
#: A change that answers so many times what was there, and what was computed, explains nothing and is slow.
_LARGER = 2
#: Roundings of a step and of the one that undoes it, where both are done in the precision of the input.
_UNDONE = 4
#: Nothing flows: said before every way in which numbers may have got lost.
_FIRST = (("no gradient into the labels",), ("zero",))


class Found(NamedTuple):
    """``names`` of one or two hypotheses with their ``sentences``, and the share of the allowance left.

    ``references``: {output name: Reference} of what they say was computed.
    """

    names: tuple
    sentences: tuple
    share: float
    references: dict


class OutOfTime(Exception):
    """The limit came before the end of the search."""


class _Clock:
    def __init__(self, limit, progress):
        self.end = float("inf") if limit is None else time.monotonic() + limit
        self.tried = 0
        self._progress = progress

    def tick(self):
        if time.monotonic() > self.end:
            raise OutOfTime
        self.tried += 1
        self._progress(self.tried)


def explain(
    target: Target,
    seconds: float = 20.0,
    limit: Optional[float] = None,
    progress: Callable[[int], None] = lambda tried: None,
) -> List[Found]:
    """The hypotheses that explain the results, the likeliest first: alone, or else pairs.

    Single hypotheses are all tried; pairs until the first is found or the seconds are over.  ``limit``:
    seconds for everything.  ``progress`` is told how many possibilities have been tried.
    """
    clock = _Clock(limit, progress)
    _, references, took = target.baseline()
    if references is None or target.share_of(references) is not None:
        return []
    small = corner(target) if took > _SLOW else None
    found = []
    try:
        for part in (target,) if small is None else (small, target):
            for fit in _singles(part, clock):
                found += _everywhere(target, part, fit)
            if found:
                break
        else:
            clock.end = min(clock.end, time.monotonic() + seconds)
            found = _pair(target, small or target, clock)
    except OutOfTime:
        pass
    return _distinct([f.found for f in found])


class _Fit(NamedTuple):
    """Steps that explain the results, as ``found`` says it."""

    found: Found
    steps: list


def _singles(target, clock):
    for step in _steps(target):
        clock.tick()
        fit = _try(target, [step])
        if fit:
            yield fit


def _pair(whole, target, clock):
    """The first pair that explains the target and the whole."""
    for first in _steps(target):
        for second in _steps(target, after=first):
            clock.tick()
            fit = _try(target, [first, second])
            fits = _everywhere(whole, target, fit) if fit else []
            if fits:
                return fits
    return []


def _everywhere(whole, part, fit):
    """[what fits a part as a _Fit of the whole]; [] where it does not, or where a step of it does nothing."""
    # What holds in a corner need not hold everywhere, and what does nothing there may do something elsewhere.
    fit = fit if part is whole else _try(whole, fit.steps)
    return [fit] if fit and not _idle(whole, fit) else []


def _idle(target, fit):
    """Whether the numbers are the same without some of the steps: one that undoes another explains nothing.

    They may fit all the same, because every step rounds and is allowed for.
    """
    for count in range(len(fit.steps)):
        for rest in itertools.combinations(fit.steps, count):
            left_out = [step for step in fit.steps if step not in rest]
            without = _outcome(target, rest) if any(step.hypothesis.moves for step in left_out) else None
            roundings = _UNDONE if len(left_out) > 1 else 0
            if without and target.same(without[0], fit.found.references, roundings):
                return True
    return False


class _Step(NamedTuple):
    """A hypothesis at places: the positions of calls in the reference, or None for the answer."""

    order: int
    places: object
    hypothesis: object
    number: int  # which of its changes

    def change(self, given):
        for number, change in enumerate(_quietly(self.hypothesis, given)):
            if number == self.number:
                return change
        return None


def _quietly(hypothesis, given):
    try:
        with np.errstate(all="ignore"):
            yield from hypothesis.changes(given)
    except Exception:  # a hypothesis that does not fit these arguments says nothing
        return


def _places(calls):
    """Every call alone; before them, of a rule that is called again and again, all of its calls together."""
    by_rule: Dict[str, List[int]] = {}
    for place, call in enumerate(calls):
        by_rule.setdefault(call.rule, []).append(place)
    for places in by_rule.values():
        if len(places) > 1:
            yield tuple(places)
    for place in range(len(calls)):
        yield (place,)


def _steps(target, after=None):
    """Every hypothesis at every place where it has something to say; of pairs the second ones."""
    calls, references, _ = target.baseline()
    for order, hypothesis in enumerate(HYPOTHESES):
        if after is not None and order <= after.order:
            continue
        if hypothesis.of != "call":
            first = next(iter(references.values()))
            for number, _ in enumerate(_quietly(hypothesis, first)):
                yield _Step(order, None, hypothesis, number)
            continue
        for places in _places(calls):
            for number, _ in enumerate(_quietly(hypothesis, calls[places[0]])):
                yield _Step(order, places, hypothesis, number)


def _try(target, steps):
    """The steps done: a _Fit where every output agrees then."""
    outcome = _outcome(target, steps)
    share = target.share_of(outcome[0]) if outcome else None
    if share is None:
        return None
    references, sentences = outcome
    return _Fit(Found(tuple(step.hypothesis.name for step in steps), sentences, share, references), steps)


def _outcome(target, steps):
    """(the references with the steps done, a sentence for each); None where they cannot be done together."""
    sentences = {}
    position = [-1]
    largest = max(result.size for result, _ in target.results.values())

    def change(call):
        position[0] += 1
        for step in steps:
            if step.places and position[0] in step.places and isinstance(call, Call):
                done = step.change(call)
                if done is None:
                    raise LookupError("not after the other")
                if isinstance(done.changed, Call) and pixels(done.changed) > _LARGER * max(
                    pixels(call), largest
                ):
                    raise LookupError("larger than anything that is there")
                sentences[id(step)] = done.sentence
                call = done.changed
        return call

    untouched = all(step.places is None for step in steps)
    references = target.baseline()[1] if untouched else target.refer(change)
    if references is None:
        return None
    for step in steps:
        if step.places is None:
            changed = {}
            for name, reference in references.items():
                done = step.change(reference)
                if done is None:
                    return None
                sentences[id(step)] = done.sentence
                changed[name] = done.changed
            references = changed
    if len(sentences) < len(steps):
        return None
    return references, tuple(sentences[id(step)] for step in steps)


def _distinct(found):
    """Each once; that nothing flows comes before every way in which the numbers may have got lost."""
    found = sorted(found, key=lambda f: _FIRST.index(f.names) if f.names in _FIRST else len(_FIRST))
    distinct: Dict[tuple, Found] = {}
    for one in found:
        distinct.setdefault(one.names, one)
    return list(distinct.values())
