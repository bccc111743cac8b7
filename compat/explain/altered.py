"""References computed with one thing changed: every rule that a case calls can be altered.

A reference calls rules by name: ``lambda x, w: reference.conv2d(x, w, padding="SAME")``.  Here each rule
is wrapped while the reference is computed, so that a hypothesis may look at the call and change it.
"""

import contextlib
import inspect

from .. import reference

_HOMES = {
    name: reference
    for name, rule in vars(reference).items()
    if name in reference.__all__ and inspect.isfunction(rule)
}
_HOMES.update(dict.fromkeys(("conv_dense_step", "weights_after"), reference.training))
#: The rules themselves, by name.
_RULES = {name: getattr(home, name) for name, home in _HOMES.items()}
_SIGNATURES = {name: inspect.signature(rule) for name, rule in _RULES.items()}


def _takes_settings(signature):
    """The name of its ** argument, or None."""
    kinds = {parameter.kind: name for name, parameter in signature.parameters.items()}
    return kinds.get(inspect.Parameter.VAR_KEYWORD)


class Call:
    """One call of a rule: its name and its arguments by name, defaults included."""

    def __init__(self, rule, arguments):
        self.rule = rule
        self.arguments = arguments

    def __getitem__(self, name):
        return self.arguments[name]

    def __contains__(self, name):
        return name in self.arguments

    def get(self, name, default=None):
        return self.arguments.get(name, default)

    def but(self, rule=None, **changes):
        """The same call with other arguments, or of another rule (of the arguments it knows)."""
        rule = rule or self.rule
        arguments = dict(self.arguments, **changes)
        signature = _SIGNATURES[rule]
        if not _takes_settings(signature):
            arguments = {name: value for name, value in arguments.items() if name in signature.parameters}
        return Call(rule, arguments)

    def answer(self):
        return _RULES[self.rule](**self.arguments)


@contextlib.contextmanager
def altered(change):
    """Within, every rule of ``compat.reference`` and of its training computes ``change(Call)``.

    That is another Call, or an answer.

    Yields a function that finds the wrapped one of a rule held directly.
    """

    def wrap(name, signature):

        def wrapped(*arguments, **settings):
            bound = signature.bind(*arguments, **settings)
            bound.apply_defaults()
            named = dict(bound.arguments)
            named.update(named.pop(_takes_settings(signature), {}))
            changed = change(Call(name, named))
            return changed.answer() if isinstance(changed, Call) else changed

        return wrapped

    wrappers = {name: wrap(name, signature) for name, signature in _SIGNATURES.items()}
    try:
        for name, wrapped in wrappers.items():
            setattr(_HOMES[name], name, wrapped)
        yield lambda function: next(
            (wrappers[name] for name, rule in _RULES.items() if rule is function), function
        )
    finally:
        for name, rule in _RULES.items():
            setattr(_HOMES[name], name, rule)


def refer(operation, inputs, parameters, change=lambda call: call):
    """``{output name: Reference}`` of an operation, its calls changed."""
    with altered(change) as wrapped:
        answers = wrapped(operation.reference)(*inputs, **parameters)
    return answers if isinstance(answers, dict) else {"y": answers}
