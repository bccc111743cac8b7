"""A hypothesis: what somebody may have done instead, as another call of a rule or another answer."""

from typing import Any, Callable, Iterator, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Change(NamedTuple):
    """One way in which a hypothesis may hold: ``changed`` is a Call (or a Reference), the rest words."""

    name: str
    sentence: str
    changed: Any


class Hypothesis(NamedTuple):
    """``name``: a few words.  ``sentence``: what was done, and the edit that mends it; with {fields}.

    ``function``: of a Call or, where ``of`` is "answer" or "allowance", of a Reference; gives what it may be
    instead, each alone or as a pair with the fields of the sentence.
    """

    name: str
    sentence: str
    of: str
    function: Callable[[Any], Any]

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

    def call(self, name: str, sentence: str) -> Callable[[F], F]:
        """Decorates a function that takes a Call."""
        return self._add(name, sentence, "call")

    def answer(self, name: str, sentence: str) -> Callable[[F], F]:
        """Decorates a function that takes the right answer, a Reference."""
        return self._add(name, sentence, "answer")

    def allowance(self, name: str, sentence: str) -> Callable[[F], F]:
        """Decorates a function that takes the right answer, and gives it with another allowance or dtype."""
        return self._add(name, sentence, "allowance")

    def _add(self, name, sentence, of):
        def register(function):
            self.append(Hypothesis(name, sentence, of, function))
            return function

        return register
