"""What ``compat verify`` found -> one page: a sentence, the wrong places with their edits, the graph in order."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compat.errors import CompatError
from compat.porting.findings import Cause, Finding, Findings, Op, Tensor

from . import along, wording
from .templating import STYLE, style, templates

PAGE = "index.html"
#: Nodes of a place that are shown.
_NODES = 40
#: Edits of a whole op instead of one argument.
_OF_OPS = {"function": "the op", "missing": "the op", "extra": "the op"}
_NUMBERS = (
    ("share", "of the rounding allowance"),
    ("max_abs", "largest error"),
    ("max_rel", "as a share of the expected value"),
    ("ulps", "in units in the last place"),
)


@dataclass
class Card:
    """A wrong place.  ``edits``: lines of what is to be written otherwise, with their signs."""

    finding: Finding
    tensor: Tensor
    number: int
    first: str
    others: list[str]
    edits: list[tuple[str, str]]
    numbers: list[tuple[str, str]]
    legacy: list[Op]
    port: list[Op]


def write(found: Findings, folder: str) -> Path:
    """The page and its style in verify's folder.  Raises CompatError where they cannot be written."""
    html = templates().get_template("verify.html").render(**view(found))
    path = Path(folder) / PAGE
    try:
        (Path(folder) / STYLE).write_text(style(), encoding="utf-8")
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise CompatError(f"{path}: cannot be written ({error.strerror})") from None
    return path


def view(found: Findings) -> dict[str, Any]:
    """All that the template shows."""
    lines = [_line(tensor) for tensor in found.tensors]
    return {
        "found": found,
        "word": wording,
        "root": "",
        "headline": headline(found),
        "lede": lede(found),
        "tiles": tiles(found),
        "cards": [_card(finding, found.tensors, number) for number, finding in enumerate(found.wrong)],
        "steps": [_step(line) for line in found.steps],
        "lines": lines,
        "plot": along.plot_of(lines, "The error along the graph"),
        "commands": commands(found),
    }


@dataclass
class StepCard:
    """What is wrong in a step of training, at no place of the graph."""

    name: str
    message: str
    cause: str
    others: list[str]


def _step(line: str) -> StepCard:
    name, _, rest = line.partition(": ")
    parts = rest.split("; ")
    cause = [part.removeprefix("cause: ") for part in parts if part.startswith("cause: ")]
    others = [part.partition(": ")[2] for part in parts if part.startswith("as well possible: ")]
    said = [part for part in parts if not part.startswith(("cause: ", "as well possible: "))]
    return StepCard(name, "; ".join(said), cause[0] if cause else "", others)


# -- the sentences on top


def headline(found: Findings) -> str:
    if found.words == "all agree":
        return "The port agrees with the legacy graph: what differs is rounding"
    if found.words == "not carried":
        return "The weights were not carried: nothing was compared"
    if found.wrong:
        return f"The port first differs at {found.tensors[found.wrong[0].tensor].name}"
    if found.steps:
        return f"A step of training differs: {found.steps[0].partition(': ')[0]}"
    return "Nothing wrong was found, and not everything could be judged"


def lede(found: Findings) -> str:
    """The cause of the first wrong place, or what there is to do."""
    if found.wrong:
        causes = found.wrong[0].causes
        said = _sentence(causes[0].text) if causes else "No cause is known for it."
        more = len(found.wrong) + len(found.steps) - 1
        return f"{said} {wording.plural(more, 'more place')} wrong by itself." if more else said
    if found.steps:
        first = _step(found.steps[0])
        more = len(found.steps) - 1
        said = _sentence(first.cause or first.message)
        return f"{said} {wording.plural(more, 'more place')} wrong by itself." if more else said
    if found.refused:
        count = wording.plural(len(found.refused), "weight")
        return f"{count} ambiguous or left over: a map says which is which."
    if found.not_judged:
        return _sentence(found.not_judged[0])
    return "Every pair follows, by the legacy graph and within rounding, from the pairs before it."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def tiles(found: Findings) -> list[tuple[str, str, str]]:
    """(style, number, what)."""
    agree = sum(1 for one in found.tensors if one.numbers is not None and not one.wrong)
    rows = [
        ("agrees", agree, "pairs agree"),
        ("look", len(found.wrong) + len(found.steps), "wrong"),
        ("known", len(found.not_judged), "not judged"),
        ("faint", len(found.without_partner), "legacy nodes without a partner"),
        ("faint", len(found.weights), "weights carried"),
    ]
    return [(name, f"{count:,}", what) for name, count, what in rows if count or name == "agrees"]


# -- the graph


def _line(tensor: Tensor) -> along.Line:
    return along.line(
        tensor.name, tensor.op, tensor.source, tensor.numbers, tensor.why, bool(tensor.wrong), tensor.vague
    )


# -- a wrong place


def _card(finding: Finding, tensors: Sequence[Tensor], number: int) -> Card:
    tensor = tensors[finding.tensor]
    texts = [cause.text for cause in finding.causes]
    return Card(
        finding,
        tensor,
        number,
        texts[0] if texts else "",
        [*texts[1:], *finding.rest],
        [line for cause in finding.causes[:1] for line in _edit(cause)],
        _numbers(tensor),
        finding.legacy[-_NODES:],
        finding.port[-_NODES:],
    )


def _edit(cause: Cause) -> list[tuple[str, str]]:
    edit = cause.edit
    if edit is None:
        return []
    said = _OF_OPS.get(edit.argument)
    sides = (("-", edit.wrong), ("+", edit.right))
    return [
        (sign, f"{said} {value}" if said else f"{edit.argument}={value!r}")
        for sign, value in sides
        if value is not None
    ]


def _numbers(tensor: Tensor) -> list[tuple[str, str]]:
    numbers = tensor.numbers
    if numbers is None:
        return []
    rows = []
    if numbers.worst_index is not None:
        rows.append(("worst at", str(numbers.worst_index)))
    if numbers.found is not None and numbers.expected is not None:
        rows.append(("found", wording.number(numbers.found, 9)))
        rows.append(("expected", wording.number(numbers.expected, 9)))
    for name, words in _NUMBERS:
        value = getattr(numbers, name)
        if value is not None:
            rows.append((words, wording.percent(value) if name == "share" else wording.number(value)))
    if numbers.beyond is not None and numbers.count is not None:
        rows.append(("elements beyond the allowance", f"{numbers.beyond:,} of {numbers.count:,}"))
    return rows


# -- again


def commands(found: Findings) -> list[str]:
    """What is to be typed to have it again."""
    one = found.command
    words = ["compat", "verify", one.legacy, one.port]
    words += [word for pair in one.pairs for word in ("--pair", pair)]
    words += ["--map", one.map] if one.map else []
    words += [] if one.carried else ["--no-carry"]
    words += ["--training"] if found.training else []
    return [f"cd {shlex.quote(one.folder)}", shlex.join(words)]
