"""What the two graphs at a wrong place say that an argument of the port may have to be."""

import ast
import contextlib
import re
from typing import Any, Iterator, List, NamedTuple, Sequence, Tuple

from ..edits import edits
from ..findings import Cause, Edit, Finding, Op
from .vocabulary import BOOLEANS, USUAL, WORDS, as_written, equal, role

#: Ops whose attributes or constants are not what a person writes.
_ASIDE = (
    "Const",
    "Variable",
    "ReadVariableOp",
    "Identity",
    "Placeholder",
    "Shape",
    "StridedSlice",
    "Pack",
    "Reshape",
)
_NUMBERS = ("epsilon", "alpha", "momentum", "bias", "beta", "depth_radius", "exponential_avg_factor")


class Evidence(NamedTuple):
    """``edits``: of the causes, then of the nodes.  ``swaps``: (number of the port's, number of the legacy graph's).

    ``legacy``: all numbers of the legacy graph's nodes; ``words``: their activations; ``missing``: (op, its number) of
    what the port has not.
    """

    edits: List[Edit]
    swaps: List[Tuple[Any, Any]]
    legacy: List[Any]
    words: List[str]
    missing: List[Tuple[str, Any]]

    def values(self, parameter: str, now: Any) -> List[Any]:
        """What the argument may be instead of ``now``, the likeliest first: what the legacy graph has there."""
        of = role(parameter)
        found: List[Any] = []
        for edit in self.edits:
            if role(edit.argument) == of and edit.right is not None:
                found += _like(as_written(edit.right), now)
        if of in BOOLEANS:
            found += [not now] if isinstance(now, bool) else [False, True]
        if of == "rate" and isinstance(now, float):
            found.append(round(1 - now, 6))
        if of == "momentum" and isinstance(now, float):
            found.append(round(1 - now, 6))
        if of == "activation":
            found += [*self.words, None]
        if of in ("strides", "dilations", "ksize", "axis", "epsilon", "alpha", "offset", "rate"):
            found += _like(self.legacy, now)
        found += [_case(one, now) for one in USUAL.get(of, ())]
        kept: List[Any] = []
        for one in found:
            if not equal(one, now) and not any(equal(one, other) for other in kept):
                kept.append(one)
        return kept


def _like(values: Sequence[Any], now: Any) -> List[Any]:
    """Those of the same kind as what is there, in its case."""
    if now is None or now is Ellipsis:
        return [one for one in values if not (isinstance(one, str) and one.isupper())]
    kinds = (int, float) if isinstance(now, (int, float)) and not isinstance(now, bool) else type(now)
    found = []
    for one in values:
        if isinstance(one, (list, tuple)) and isinstance(now, (list, tuple)):
            found.append(type(now)(one))
        elif isinstance(one, kinds) and isinstance(one, bool) == isinstance(now, bool):
            found.append(_case(one, now))
        elif isinstance(one, list) and len(one) == 1 and isinstance(now, int):
            found.append(one[0])
    return found


def _case(value: Any, now: Any) -> Any:
    if isinstance(value, str) and isinstance(now, str):
        return value.upper() if now.isupper() else value.lower() if now.islower() else value
    return value


def evidence(finding: Finding) -> Evidence:
    told = [edit for cause in finding.causes for edit in _written(cause)]
    derived = [edit for edit in edits(finding) if edit not in told]
    mine, theirs = numbers(finding.legacy), numbers(finding.port)
    here = [one for one in mine if not any(equal(one, other) for other in theirs)]
    there = [one for one in theirs if not any(equal(one, other) for other in mine)]
    swaps = [(wrong, right) for wrong in there for right in here if _swappable(wrong, right)]
    strings = [
        (str(a).lower(), str(b).lower())
        for edit in (*told, *derived)
        for a, b in [(edit.wrong, edit.right)]
        if isinstance(a, str) and isinstance(b, str)
    ]
    aligned = [
        (_rounded(edit.wrong), _rounded(edit.right))
        for edit in derived
        if edit.argument.startswith("constant") and _swappable(_rounded(edit.wrong), _rounded(edit.right))
    ]
    words = [WORDS[op.op] for op in finding.legacy if op.op in WORDS]
    return Evidence(
        [*told, *derived],
        [*aligned, *swaps, *strings, *_words(strings)],
        mine,
        list(dict.fromkeys(words)),
        list(_missing(finding, [*told, *derived])),
    )


def _missing(finding: Finding, found: Sequence[Edit]) -> Iterator[Tuple[str, Any]]:
    kinds = {edit.right for edit in found if edit.argument == "missing"}
    for op in finding.legacy:
        plain = [one for one in numbers([op]) if isinstance(one, (int, float)) and one not in (0, 1)]
        if op.op in kinds and plain:
            yield op.op, plain[0]


#: An argument and its value, as causes say what to write.
_WRITTEN = re.compile(r"\b([a-z_]+)=('[^']*'|\"[^\"]*\"|-?\d[\d.]*(?:e-?\d+)?|True|False|None)")


def _written(cause: Cause) -> List[Edit]:
    """The arguments that a sentence writes, then that which was made of it."""
    said = []
    for name, value in _WRITTEN.findall(cause.text):
        with contextlib.suppress(ValueError, SyntaxError):  # 1.2.3
            said.append(Edit("", name, None, ast.literal_eval(value)))
    return said if cause.edit is None else [cause.edit, *said]


def _words(strings: Sequence[Tuple[str, str]]) -> List[Tuple[str, str]]:
    lower = {op.lower(): word for op, word in WORDS.items()}
    return [(lower[a], lower[b]) for a, b in strings if a in lower and b in lower]


def _swappable(wrong: Any, right: Any) -> bool:
    return type(wrong) is type(right) and not (isinstance(wrong, list) and len(wrong) != len(right))


def numbers(ops: Sequence[Op]) -> List[Any]:
    """The numbers that an op of a graph was given by whoever wrote it: attributes and constants, each once."""
    found: List[Any] = []
    for op in ops:
        if op.op in _ASIDE:
            continue
        values = [op.attributes[name] for name in _NUMBERS if name in op.attributes]
        for name in ("strides", "dilations", "ksize"):
            if isinstance(op.attributes.get(name), list):
                values += as_written(op.attributes[name])
        for constant in op.constants.values():
            values.append(constant)
        for value in values:
            value = _rounded(value)
            if value is not None and not any(equal(value, other) for other in found):
                found.append(value)
    return found


def _rounded(value: Any) -> Any:
    """As a person writes what float32 holds; of one number in a list the number."""
    value = _flat(value)
    if isinstance(value, list):
        value = [_rounded(one) for one in value]
        return value[0] if len(value) == 1 else value
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _flat(value: Any) -> Any:
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    return value
