"""A hypothesis: what somebody may have done instead, as another call of a rule or another answer."""

from typing import Any, Callable, Iterator, NamedTuple, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


class Change(NamedTuple):
    """One way in which a hypothesis may hold: ``changed`` is a Call (or a Reference), the rest words."""

    name: str
    sentence: str
    changed: Any


class Hypothesis(NamedTuple):
    """``name``: a few words.  ``sentence``: what was done, and the edit that mends it; with {fields}.

    ``function``: of a Call or, where ``of`` is "answer" or "allowance", of a Reference; gives what it may be
    instead, each alone or as a pair with the fields of the sentence.  Where ``of`` is "result", of the array
    that was computed; gives what becomes of it by a step that may be missing.
    ``free``: its number is one of many, and nobody's default: a cause that says where its number comes from
    is the likelier one.
    """

    name: str
    sentence: str
    of: str
    function: Callable[[Any], Any]
    free: bool = False

    @property
    def moves(self) -> bool:
        """Whether it is about the numbers themselves, and not about how exact they are."""
        return self.of != "allowance"

    def changes(self, given: Any) -> Iterator[Change]:
        """Every Change of that call or answer; none where the hypothesis has nothing to say."""
        for found in self.function(given) or ():
            changed, fields = found if type(found) is tuple else (found, {})
            yield Change(self.name, self.sentence.format(**fields), changed)


class Catalogue(list):
    """Hypotheses, the usual ones first."""

    def call(self, name: str, sentence: str, free: bool = False) -> Callable[[F], F]:
        """Decorates a function that takes a Call."""
        return self._add(name, sentence, "call", free=free)

    def answer(self, name: str, sentence: str) -> Callable[[F], F]:
        """Decorates a function that takes the right answer, a Reference; the answer's dtype stays."""
        return self._add(name, sentence, "answer", _in_its_dtype)

    def allowance(self, name: str, sentence: str) -> Callable[[F], F]:
        """Decorates a function that takes the right answer, and gives it with another allowance or dtype."""
        return self._add(name, sentence, "allowance")

    def result(self, name: str, sentence: str) -> Callable[[F], F]:
        """Decorates a function that takes what was computed, float64, and gives what a further step makes of it."""
        return self._add(name, sentence, "result")

    def _add(self, name, sentence, of, wrap=lambda function: function, free=False):
        def register(function):
            self.append(Hypothesis(name, sentence, of, wrap(function), free))
            return function

        return register


def _in_its_dtype(function):
    """The changed answers in the dtype of the answer; none that whole numbers cannot hold."""

    def changed(answer):
        for found in function(answer) or ():
            other, fields = found if type(found) is tuple else (found, {})
            other.dtype = other.dtype or answer.dtype
            whole = (other.dtype or "").startswith(("int", "uint", "bool"))
            if not whole or np.array_equal(np.trunc(other.value), other.value):
                yield other, fields

    return changed
