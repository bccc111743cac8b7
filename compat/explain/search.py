"""The search: which hypothesis, or which two together, bring the difference back inside the allowance."""

import itertools
import time
from typing import Callable, Dict, List, NamedTuple, Optional

import numpy as np

from ..arrays import UNIT_ROUNDOFF, round_to
from ..reference.calls import Call
from .catalogue import HYPOTHESES, pixels
from .corner import corner
from .evidence import bits, few_roundings
from .target import Target

#: Seconds that one computation of the reference may take before the search begins in a corner of it.
_SLOW = 0.02
#: A change that answers so many times what was there, and what was computed, explains nothing and is slow.
_LARGER = 2
#: Roundings of a step and of the one that undoes it, where both are done in the precision of the input.
_UNDONE = 4
#: Bits that speak for a cause by accident no more often than once in a hundred: of hundreds of ways to change
#: an answer, of tens of thousands of pairs.
_OF_ONE, _OF_PAIRS = 16.0, 28.0
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
    if few_roundings(target):
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
            found = list(_missing(target, clock))
        if not found:
            clock.end = min(clock.end, time.monotonic() + seconds)
            found = _pair(target, small or target, clock)
    except OutOfTime:
        pass
    return _distinct(found)


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


def _missing(target, clock):
    """Steps that make the answer of what was computed."""
    _, references, _ = target.baseline()
    seen: List[dict] = []
    for hypothesis in HYPOTHESES:
        if hypothesis.of != "result":
            continue
        changes = {name: list(_quietly(hypothesis, _numbers(r))) for name, (r, _) in target.results.items()}
        for each in zip(*changes.values()):
            clock.tick()
            results = {}
            for (name, (_, dtype)), change in zip(target.results.items(), each):
                whole = change.changed.dtype.kind in "iub"
                with np.errstate(all="ignore"):
                    kept = change.changed if whole else round_to(change.changed, dtype)
                results[name] = kept, (kept.dtype.name if whole else dtype)
            share = target.giving(results).share_of(references)
            if share is None or not _makes_the_answer(target, results):
                continue
            if not any(_equal(results, other) for other in seen):
                seen.append(results)
                yield _Fit(Found((hypothesis.name,), (each[0].sentence,), share, references), [])


def _equal(results, others):
    return all(np.array_equal(results[name][0], others[name][0]) for name in results)


def _numbers(result):
    """As float64; nothing that is no number."""
    return np.asarray(result, np.float64) if result.dtype.kind in "fiub" else np.zeros(())


def _makes_the_answer(target, results):
    """Whether that says more than that everything becomes one number."""
    total = 0.0
    for name, (kept, _) in results.items():
        if kept.size > 1 and np.ptp(kept) == 0:
            return False
        total += bits(kept, target.results[name][0], 0.5 if kept.dtype.kind in "iub" else 0.0)
    return total >= _OF_ONE


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
        if hypothesis.of == "result":
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
    if share is None or not _is_no_accident(target, steps, outcome[0]):
        return None
    references, sentences = outcome
    return _Fit(Found(tuple(step.hypothesis.name for step in steps), sentences, share, references), steps)


def _is_no_accident(target, steps, references):
    """Whether enough speaks for it; one setting that is another default, or an exactness, speaks for itself."""
    (hypothesis,) = [steps[0].hypothesis] if len(steps) == 1 else [None]
    if hypothesis and not hypothesis.free and hypothesis.of != "answer":
        return True
    _, before, _ = target.baseline()
    total = 0.0
    for name, (result, dtype) in target.results.items():
        with np.errstate(all="ignore"):
            allowance = references[name].worst(dtype) if dtype in UNIT_ROUNDOFF else 0.0
        another_shape = result.shape != before[name].value.shape
        total += _OF_ONE if another_shape else bits(result, before[name].value, allowance)
    return total >= (_OF_ONE if hypothesis else _OF_PAIRS)


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


def _distinct(fits):
    """The causes once each, the likelier first: a number out of many only where no founded cause fits.

    That nothing flows comes before every way in which the numbers may have got lost.
    """
    free = [any(step.hypothesis.free for step in fit.steps) for fit in fits]
    found = [fit.found for fit, is_free in zip(fits, free) if not is_free] or _determined(fits)
    found = sorted(found, key=lambda f: _FIRST.index(f.names) if f.names in _FIRST else len(_FIRST))
    distinct: Dict[tuple, Found] = {}
    for one in found:
        distinct.setdefault(one.names, one)
    return list(distinct.values())


def _determined(fits):
    """Those of which no other number fits as well: where 500 and 1000 both do, neither is known."""
    sentences: Dict[tuple, set] = {}
    for fit in fits:
        sentences.setdefault(fit.found.names, set()).add(fit.found.sentences)
    return [fit.found for fit in fits if len(sentences[fit.found.names]) == 1]
