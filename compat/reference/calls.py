"""A rule is a function whose calls can be seen, and changed, from outside.

``@rule`` stands where a rule is defined, so that it makes no difference how a case holds it: as an attribute
of ``compat.reference``, under a name of its own, in a ``functools.partial`` or in a lambda.
"""

import contextlib
import contextvars
import functools
import inspect
from typing import Any, Callable, Dict, Iterator, Optional, TypeVar, cast

from .bounds import Reference

F = TypeVar("F", bound=Callable[..., Any])

#: What becomes of the calls made here and now; None: nothing.  Every thread begins with None.
_change: "contextvars.ContextVar[Optional[Callable[[Call], Any]]]" = contextvars.ContextVar(
    "change", default=None
)
#: The rules by name.
RULES: "Dict[str, _Rule]" = {}


class _Rule:
    """The function itself, whose calls nobody sees, and what it takes."""

    def __init__(self, function):
        self.answer = function
        self.signature = inspect.signature(function)
        kinds = {parameter.kind: name for name, parameter in self.signature.parameters.items()}
        #: The name of its ** argument, or None.
        self.settings = kinds.get(inspect.Parameter.VAR_KEYWORD)

    def named(self, arguments, settings):
        """Its arguments by name, defaults included."""
        bound = self.signature.bind(*arguments, **settings)
        bound.apply_defaults()
        named = dict(bound.arguments)
        if self.settings:
            named.update(named.pop(self.settings, {}))
        return named

    def known(self, arguments):
        """Those of the arguments that it takes."""
        if self.settings:
            return arguments
        return {name: value for name, value in arguments.items() if name in self.signature.parameters}


class Call:
    """One call of a rule: its name and its arguments by name, defaults included."""

    def __init__(self, rule: str, arguments: Dict[str, Any]) -> None:
        self.rule = rule
        self.arguments = arguments

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def __contains__(self, name: object) -> bool:
        return name in self.arguments

    def get(self, name: str, default: Any = None) -> Any:
        return self.arguments.get(name, default)

    def but(self, rule: Optional[str] = None, **changes: Any) -> "Call":
        """The same call with other arguments, or of another rule (of the arguments it knows)."""
        rule = rule or self.rule
        return Call(rule, RULES[rule].known(dict(self.arguments, **changes)))

    def answer(self) -> Any:
        return RULES[self.rule].answer(**self.arguments)


def rule(function: F) -> F:
    """Decorates a rule: a function that answers with a Reference, or several by name."""
    name = function.__name__
    if name in RULES:
        raise ValueError(f"two rules are called {name}")
    RULES[name] = known = _Rule(function)

    @functools.wraps(function)
    def called(*arguments, **settings):
        change = _change.get()
        if change is None:
            return _noted(function(*arguments, **settings), functools.partial(called, *arguments, **settings))
        with changing(None):  # what a rule, or the change, calls in its turn is its own affair
            changed = change(Call(name, known.named(arguments, settings)))
            return changed.answer() if isinstance(changed, Call) else changed

    return cast(F, called)


def _noted(answers, again):
    """The answers, each knowing the call that gave it."""
    if isinstance(answers, Reference):
        answers.again = again
    elif type(answers) is dict:
        for name, answer in answers.items():
            if isinstance(answer, Reference):
                answer.again = functools.partial(lambda name: again()[name], name)
    return answers


@contextlib.contextmanager
def changing(change: Optional[Callable[[Call], Any]]) -> Iterator[None]:
    """Within, every rule that is called answers ``change(Call)``: another Call, or an answer.

    What is called while a rule is computed is a part of it, and not changed.
    """
    before = _change.set(change)
    try:
        yield
    finally:
        _change.reset(before)
