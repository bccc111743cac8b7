"""The search: which hypothesis, or which two together, bring the difference back inside the allowance."""

import time
from typing import NamedTuple

import numpy as np

from ..judge import PASSING, compare
from . import answers, functions, images, kernels, statistics, windows
from .altered import Call, calls, refer

#: The hypotheses about calls, by how often they are met; then those about answers.
CALLS = [
    *kernels.CATALOGUE,
    *windows.CATALOGUE,
    *statistics.CATALOGUE,
    *functions.CATALOGUE,
    *images.CATALOGUE,
]
ANSWERS = list(answers.CATALOGUE)
HYPOTHESES = [*CALLS, *ANSWERS]


class Found(NamedTuple):
    """``names`` of one or two hypotheses with their ``sentences``, and the share of the allowance left.

    ``references``: {output name: Reference} of what they say was computed.
    """

    names: tuple
    sentences: tuple
    share: float
    references: dict


class Target(NamedTuple):
    """What is to be explained: an operation's inputs and parameters, and what was computed for them.

    ``results``: {output name: (array, dtype name)}.  ``dtype``: that of the first input.
    """

    operation: object
    inputs: list
    parameters: dict
    results: dict
    dtype: str

    def share_of(self, references):
        """The largest share of the allowance if every output agrees with the references, or None."""
        if set(references) != set(self.results):
            return None
        largest = 0.0
        for name, reference in references.items():
            result, dtype = self.results[name]
            if not getattr(reference, "holds", lambda result: True)(result):
                return None
            numbers = compare(result, dtype, reference, reference.dtype or self.dtype)
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


def explain(target, seconds=20.0):
    """The hypotheses that explain the results, the likeliest first: alone, or else pairs.

    Single hypotheses are all tried; pairs until the first is found or the seconds are over.
    """
    if target.share_of(target.refer(lambda call: call)) is not None:
        return []
    found = [f for f in (_try(target, [step]) for step in _steps(target)) if f]
    if found:
        return _distinct(found)
    deadline = time.monotonic() + seconds
    for first in _steps(target):
        for second in _steps(target, after=first):
            pair = _try(target, [first, second])
            if pair:
                return [pair]
            if time.monotonic() > deadline:
                return []
    return []


class _Step(NamedTuple):
    """A hypothesis at a place: the position of the call in the reference, or None for the answer."""

    order: int
    place: object
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


def _steps(target, after=None):
    """Every hypothesis at every place where it has something to say; of pairs the second ones."""
    places = [
        (place, call) for place, call in enumerate(calls(target.operation, target.inputs, target.parameters))
    ]
    references = target.refer(lambda call: call)
    for order, hypothesis in enumerate(HYPOTHESES):
        if after is not None and order <= after.order:
            continue
        if hypothesis.of == "answer":
            first = next(iter(references.values()))
            for number, _ in enumerate(_quietly(hypothesis, first)):
                yield _Step(order, None, hypothesis, number)
            continue
        for place, call in places:
            for number, _ in enumerate(_quietly(hypothesis, call)):
                yield _Step(order, place, hypothesis, number)


def _try(target, steps):
    """The steps done: Found where every output agrees then."""
    sentences = {}
    position = [-1]

    def change(call):
        position[0] += 1
        for step in steps:
            if step.place == position[0] and isinstance(call, Call):
                done = step.change(call)
                if done is None:
                    raise LookupError("not after the other")
                sentences[step] = done.sentence
                call = done.changed
        return call

    references = target.refer(change)
    if references is None:
        return None
    for step in steps:
        if step.place is None:
            changed = {}
            for name, reference in references.items():
                done = step.change(reference)
                if done is None:
                    return None
                sentences[step] = done.sentence
                changed[name] = done.changed
            references = changed
    if len(sentences) < len(steps):
        return None
    share = target.share_of(references)
    if share is None:
        return None
    return Found(
        tuple(step.hypothesis.name for step in steps),
        tuple(sentences[step] for step in steps),
        share,
        references,
    )


def _distinct(found):
    """Each once; that nothing flows comes before every way in which the numbers may have got lost."""
    found = sorted(found, key=lambda f: f.names != ("zero",))
    names = set()
    return [f for f in found if not (f.names in names or names.add(f.names))]
