"""A sample as the text of each dialect: what a worker runs, and what the case file of a finding shows."""

from typing import Any, Dict, List, NamedTuple, Optional

from .answers import asked
from .catalogue import ENTRIES
from .entries import text_of
from .samples import Drawn, name_of

KERAS = ("keras2", "keras3")
#: The dialects that are drawn for: NumPy and SciPy have no versions that matter here.
DIALECTS = ("tf1.session", "tf2.eager", "tf2.function", *KERAS)


class Spelled(NamedTuple):
    """One step: the lines before, and the expression that it is."""

    name: str
    inputs: List[str]
    lines: List[str]
    expression: str


def spelled(drawn: Drawn, dialect: str, old: bool = False) -> Optional[List[Spelled]]:
    """The steps in a dialect, or None where it does not spell one.

    A Keras dialect spells a step as TensorFlow does (``old``: TensorFlow 1) where Keras has no such thing, but not all.
    """
    own = [ENTRIES[step.operation].spelling(dialect) for step in drawn.steps]
    if dialect in KERAS:
        if not any(own):
            return None
        beside = "tf1.session" if old else "tf2.eager"
        own = [text or ENTRIES[step.operation].spelling(beside) for text, step in zip(own, drawn.steps)]
    dtypes, found = drawn.dtypes(), []
    for number, (text, step) in enumerate(zip(own, drawn.steps)):
        if text is None:
            return None
        taken = [dtypes[name] for name in step.inputs]
        dtypes[name_of(number)] = asked(step, taken).out
        lines, expression = text_of(text, step.inputs, step.parameters, taken[0])
        found.append(Spelled(name_of(number), step.inputs, lines, expression))
    return found


def compiled(step: Spelled, module: str, beside: Dict[str, Any]) -> Any:
    """A function of the dialect's module, called ``module``, and the inputs; ``beside``: other names it may use."""
    body = [*step.lines, f"return {step.expression}"]
    arguments = ", ".join([module, *dict.fromkeys(step.inputs)])
    names: Dict[str, Any] = dict(beside)
    text = f"def {step.name}({arguments}):\n" + "".join(f"    {line}\n" for line in body)
    exec(compile(text, f"<{step.name}>", "exec"), names)
    return names[step.name]


def called(dialect: str) -> str:
    """What an implementation calls its module."""
    return "keras" if dialect in KERAS else "tf"
