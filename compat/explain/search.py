"""The search: which hypothesis, or which two together, bring the difference back inside the allowance."""

import time
from typing import NamedTuple

import numpy as np

from ..judge import PASSING, compare
from . import answers, draws, functions, images, kernels, optimisers, precisions, signals, statistics, windows
from .altered import Call, refer
from .corner import corner

#: The hypotheses about calls, by how often they are met; then those about answers, and about precision.
CALLS = [
    *kernels.CATALOGUE,
    *windows.CATALOGUE,
    *signals.CATALOGUE,
    *statistics.CATALOGUE,
    *functions.CATALOGUE,
    *optimisers.CATALOGUE,
    *draws.CATALOGUE,
    *images.CATALOGUE,
]
HYPOTHESES = [*CALLS, *answers.CATALOGUE, *precisions.CATALOGUE]
#: Seconds that one computation of the reference may take before the search begins in a corner of it.
_SLOW = 0.02
#: A change that answers so many times what was there, and what was computed, explains nothing and is slow.
_LARGER = 2
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


class Target:
    """What is to be explained: an operation's inputs and parameters, and what was computed for them.

    ``results``: {output name: (array, dtype name)}.  ``dtype``: that of the first input.
    """

    def __init__(self, operation, inputs, parameters, results, dtype):
        self.operation = operation
        self.inputs = inputs
        self.parameters = parameters
        self.results = results
        self.dtype = dtype
        self._baseline = None

    def baseline(self):
        """(the calls that the reference makes, in their order; its answers; the seconds it took)."""
        if self._baseline is None:
            calls, started = [], time.monotonic()

            def note(call):
                calls.append(call)
                return call

            references = self.refer(note)
            self._baseline = calls, references, time.monotonic() - started
        return self._baseline

    def share_of(self, references):
        """The largest share of the allowance if every output agrees with the references, or None."""
        if references is None or set(references) != set(self.results):
            return None
        largest = 0.0
        for name, reference in references.items():
            result, dtype = self.results[name]
            if not getattr(reference, "holds", lambda result: True)(result):
                return None
            try:
                numbers = compare(result, dtype, reference, reference.dtype or self.dtype)
            except TypeError:  # a change that complex numbers do not know
                return None
            if numbers["word"] not in PASSING:
                return None
            largest = max(largest, numbers.get("share", 0.0))
        return largest

    def refer(self, change):
        """The references with the calls changed, or None where the changed call is refused."""
        try:
            with np.errstate(all="ignore"):
                return refer(self.operation, self.inputs, self.parameters, change)
        except Exception:  # a wrong call may fail in every way there is
            return None


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


def explain(target, seconds=20.0, limit=None, progress=lambda tried: None):
    """The hypotheses that explain the results, the likeliest first: alone, or else pairs.

    Single hypotheses are all tried; pairs until the first is found or the seconds are over.  ``limit``:
    seconds for everything.  ``progress`` is told how many possibilities have been tried.
    """
    clock = _Clock(limit, progress)
    calls, references, took = target.baseline()
    if references is None or target.share_of(references) is not None:
        return []
    small = corner(target) if took > _SLOW else None
    found = []
    try:
        if small is not None:
            # What holds in a corner need not hold everywhere, and is tried on the whole.
            found = [f for f in (_try(target, f.steps) for f in _singles(small, clock)) if f]
        if not found:
            for single in _singles(target, clock):
                found.append(single)
        if not found:
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
            if fit and target is not whole:
                fit = _try(whole, fit.steps)
            if fit:
                return [fit]
    return []


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
    by_rule = {}
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
        if hypothesis.of == "answer":
            first = next(iter(references.values()))
            for number, _ in enumerate(_quietly(hypothesis, first)):
                yield _Step(order, None, hypothesis, number)
            continue
        for places in _places(calls):
            for number, _ in enumerate(_quietly(hypothesis, calls[places[0]])):
                yield _Step(order, places, hypothesis, number)


def _try(target, steps):
    """The steps done: a _Fit where every output agrees then."""
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
                if isinstance(done.changed, Call) and windows.pixels(done.changed) > _LARGER * max(
                    windows.pixels(call), largest
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
    share = target.share_of(references)
    if share is None:
        return None
    names = tuple(step.hypothesis.name for step in steps)
    found = Found(names, tuple(sentences[id(step)] for step in steps), share, references)
    return _Fit(found, steps)


def _distinct(found):
    """Each once; that nothing flows comes before every way in which the numbers may have got lost."""
    found = sorted(found, key=lambda f: _FIRST.index(f.names) if f.names in _FIRST else len(_FIRST))
    names = set()
    return [f for f in found if not (f.names in names or names.add(f.names))]
