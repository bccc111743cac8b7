"""What may be edited, the likeliest first: each is the whole text of the file with one thing changed.

None is believed: every one is tried, and only what is green on fresh inputs is proposed.  So this may guess; what it
must not do is leave the person's other code another than it was.
"""

import itertools
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Set

from ..findings import Edit, Finding, Findings
from .evidence import Evidence, evidence
from .sites import Signature, Site, in_source, near, sites
from .source import (
    NOTHING,
    Source,
    argument,
    cst,
    dotted,
    expression,
    is_shared,
    spelled,
    uses_of,
    value_of,
    with_argument,
    without_argument,
)
from .structural import added, removed, reordered, scaled
from .vocabulary import BOOLEANS, USUAL, as_written, equal, renamed, role, same_kind


class Candidate(NamedTuple):
    """``said``: what is changed, in words.  ``fewer``: the same with one of its edits left out."""

    text: str
    said: str
    fewer: "Callable[[], Iterator[Candidate]]" = lambda: iter(())


#: Wrong places that are looked at, calls of each; numbers of a catalogue that are tried for one argument.
_PLACES, _SITES, _VALUES = 3, 14, 6
#: Arguments with which a layer has a weight or has it not.
_OF_WEIGHTS = ("use_bias", "scale", "center", "bias")


def candidates(source: Source, found: Findings, signatures: Dict[str, Signature]) -> Iterator[Candidate]:
    """Each text once; what does not parse, or changes nothing, is none."""
    met: Set[str] = {source.text}
    for candidate in _all(source, found, signatures):
        if candidate.text in met:
            continue
        met.add(candidate.text)
        try:
            compile(candidate.text.encode("utf-8"), source.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            continue
        yield candidate


def told(
    source: Source, block: Finding, edits: Sequence[Edit], signatures: Dict[str, Signature]
) -> Iterator[Candidate]:
    """What those edits write at that place, where the argument is a literal or left out."""
    facts = evidence(block)._replace(edits=list(edits))
    for candidate in _of_edits(source, facts, sites(source, block, signatures), False):
        if candidate.text != source.text:
            yield candidate


def _all(source: Source, found: Findings, signatures: Dict[str, Signature]) -> Iterator[Candidate]:
    blocks = found.wrong[:_PLACES] or ([found.whole] if found.whole is not None else [])
    looked = [(block, evidence(block), sites(source, block, signatures)) for block in blocks]
    if found.refused:
        for _, _, calls in looked:
            yield from _weights(source, found.refused, calls)
    for call in source.calls:
        yield from _training(source, call)
    stages = (_told, _numbers, _instead, _shared, _given_ones, _structure, _left_out, _anywhere)
    for stage in stages:
        for block, facts, calls in looked:
            yield from stage(source, block, facts, calls)


def _edit(source: Source, site: Site, parameter: str, value: Any) -> Iterator[Candidate]:
    """The argument of the call with that value; where it is a name for this call alone, what the name stands for."""
    yield from _named(source, site, parameter, value)
    given = argument(site.call, parameter, site.parameters).given
    like = source.code(given.value).strip() if given is not None else None
    text = with_argument(source, site.call, parameter, site.parameters, spelled(value, like))
    line = source.place(site.call).line
    if text is not None:
        yield Candidate(text, f"{site.name}(..., {parameter}={spelled(value)}) in line {line}")


def _named(source: Source, site: Site, parameter: str, value: Any) -> Iterator[Candidate]:
    given = argument(site.call, parameter, site.parameters).given
    if given is not None and isinstance(given.value, cst.Name):
        yield from _of_name(source, site, given.value, value)


def _of_name(source: Source, site: Site, name: Any, value: Any) -> Iterator[Candidate]:
    """A constant that is read once; an argument of the function around the call, where that was called."""
    function = source.function_of(site.call)
    own = function is not None and any(param.name.value == name.value for param in function.params.params)
    reads = uses_of(source, name.value)
    if own:
        called = uses_of(source, function.name.value)["read"]
        bound = [param.default for param in function.params.params if param.name.value == name.value]
        if called == 1:
            yield from _constants(source, bound, value)
        parameters = [param.name.value for param in function.params.params if param.name.value != "self"]
        for spot in site.callers[:1]:
            for call in source.calls_at(spot) if in_source(source, spot) else ():
                if dotted(source, call.func).rpartition(".")[2] == function.name.value:
                    text = with_argument(source, call, name.value, parameters, spelled(value))
                    if text is not None:
                        yield Candidate(
                            text,
                            f"{function.name.value}(..., {name.value}={spelled(value)}) in line {spot.line}",
                        )
    elif reads == {"read": 1, "bound": 1}:
        assigned = [
            source.parent(source.parent(node)).value
            for node in source.of(cst.Name)
            if node.value == name.value and isinstance(source.parent(node), cst.AssignTarget)
        ]
        yield from _constants(source, assigned, value)


def _constants(source: Source, nodes: Sequence[Any], value: Any) -> Iterator[Candidate]:
    for node in nodes:
        if node is not None and value_of(source, node) is not NOTHING:
            yield _literal(source, node, value_of(source, node), value)


def _told(source: Source, block: Finding, facts: Evidence, calls: Sequence[Site]) -> Iterator[Candidate]:
    """Arguments that the causes, or the nodes of both graphs, name, where they are literals, or left out."""
    return _of_edits(source, facts, calls, False)


def _instead(source: Source, block: Finding, facts: Evidence, calls: Sequence[Site]) -> Iterator[Candidate]:
    """The same where something is computed, or comes from elsewhere: a literal in its place."""
    return _of_edits(source, facts, calls, True)


def _of_edits(source: Source, facts: Evidence, calls: Sequence[Site], computed: bool) -> Iterator[Candidate]:
    for edit in facts.edits:
        for site in calls[:_SITES]:
            for parameter in site.parameters:
                if role(parameter) != role(edit.argument) or edit.right is None:
                    continue
                now = site.now(source, parameter)
                if now is not NOTHING and now is not Ellipsis and not _was(edit.wrong, now):
                    continue
                for value in facts.values(parameter, None if now is NOTHING else now)[:2]:
                    if (now is NOTHING) == computed:
                        yield from _edit(source, site, parameter, value)
                    elif now is NOTHING:
                        yield from _named(source, site, parameter, value)


def _was(wrong: Any, now: Any) -> bool:
    return wrong is None or any(equal(_low(one), _low(now)) for one in as_written(wrong))


def _low(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _numbers(source: Source, block: Finding, facts: Evidence, calls: Sequence[Site]) -> Iterator[Candidate]:
    """A literal that the port's graph has, as the legacy graph has it: near to the place first."""
    return _swapped(source, facts, calls, False)


def _shared(source: Source, block: Finding, facts: Evidence, calls: Sequence[Site]) -> Iterator[Candidate]:
    """The same of what others may live by."""
    return _swapped(source, facts, calls, True)


def _swapped(source: Source, facts: Evidence, calls: Sequence[Site], shared: bool) -> Iterator[Candidate]:
    for node, value in near(source, calls):
        if is_shared(source, node) != shared:
            continue
        for wrong, right in facts.swaps:
            if equal(_low(value), wrong) and same_kind(right, value):
                yield _literal(source, node, value, right)


def _literal(source: Source, node: Any, value: Any, right: Any) -> Candidate:
    like = source.code(node).strip()
    if isinstance(right, list) and isinstance(value, tuple):
        right = tuple(right)
    if isinstance(right, str) and isinstance(value, str) and value.isupper():
        right = right.upper()
    text = source.with_(node, expression(spelled(right, like)))
    return Candidate(text, f"{spelled(right)} for {like} in line {source.place(node).line}")


def _structure(source: Source, block: Finding, facts: Evidence, calls: Sequence[Site]) -> Iterator[Candidate]:
    """Another function, one that is missing or one too many, arguments in another order, a scale."""
    for site in calls[:_SITES]:
        for name in renamed(site.name):
            yield from _renamed(source, site, name)
    for make in (added, removed, reordered, scaled):
        for site in calls[:_SITES]:
            for text, said in make(source, site, facts):
                yield Candidate(text, f"{said} in line {source.place(site.call).line}")


def _renamed(source: Source, site: Site, name: str) -> Iterator[Candidate]:
    func = site.call.func
    if isinstance(func, cst.Attribute):
        text = source.with_(func.attr, cst.Name(name))
    elif isinstance(func, cst.Name):
        text = source.with_(func, cst.Name(name))
    else:
        return
    yield Candidate(text, f"{name} for {site.name} in line {source.place(site.call).line}")


def _given_ones(
    source: Source, block: Finding, facts: Evidence, calls: Sequence[Site]
) -> Iterator[Candidate]:
    """The usual values of the arguments that what made the place was given."""
    return _usual(source, facts, calls, True)


def _left_out(source: Source, block: Finding, facts: Evidence, calls: Sequence[Site]) -> Iterator[Candidate]:
    """Of those that it was not given."""
    return _usual(source, facts, calls, False)


def _usual(source: Source, facts: Evidence, calls: Sequence[Site], given: bool) -> Iterator[Candidate]:
    for site in calls[:_SITES]:
        for parameter in _worth(site, given):
            now = site.now(source, parameter)
            for value in facts.values(parameter, None if now is NOTHING else now)[:_VALUES]:
                if (
                    now is not Ellipsis
                    and now is not NOTHING
                    and now is not None
                    and not _replaces(value, now)
                ):
                    continue
                yield from _edit(source, site, parameter, value)


def _replaces(value: Any, now: Any) -> bool:
    return (
        value is None
        or same_kind(value, now)
        or isinstance(value, (list, tuple, int))
        and isinstance(now, (list, tuple, int))
    )


def _worth(site: Site, given: bool) -> List[str]:
    """Those that have usual values: none left out that would change which weights there are."""
    more = ("rate", "momentum", "ksize", "offset")
    known = [one for one in site.parameters if role(one) in (*USUAL, *BOOLEANS, *more)]
    there = [one for one in known if argument(site.call, one, site.parameters).given is not None]
    if given:
        return there
    aside = ("data_format", *_OF_WEIGHTS)
    return [one for one in known if one not in there and role(one) not in aside]


def _anywhere(source: Source, block: Finding, facts: Evidence, calls: Sequence[Site]) -> Iterator[Candidate]:
    """Numbers near to the place twice or half as large, or as the legacy graph has any."""
    for node, value in near(source, calls[:_SITES])[:40]:
        if is_shared(source, node):
            continue
        if isinstance(value, float):
            for factor in (0.5, 2.0):
                yield _literal(source, node, value, value * factor)
            if 0 < value < 1:
                yield _literal(source, node, value, round(1 - value, 6))
        if (
            isinstance(value, (list, tuple))
            and 1 < len(value) <= 4
            and all(isinstance(n, (int, float)) for n in value)
        ):
            yield _literal(source, node, value, type(value)(value[::-1]))


def _weights(source: Source, refused: Sequence[str], calls: Sequence[Site]) -> Iterator[Candidate]:
    """What a layer has no place for, or has one too many: a bias, a gamma, a beta; a state that is reset after."""
    for site, flag in itertools.product(calls, (*_OF_WEIGHTS, "reset_after", "mask_zero")):
        if flag in site.signature:
            now = site.now(source, flag)
            if now is NOTHING:
                continue
            for value in [not now] if isinstance(now, bool) else [False, True]:
                yield from _edit(source, site, flag, value)


def _training(source: Source, call: Any) -> Iterator[Candidate]:
    """What is always in training is told what the function around it was told, or nothing, or that it is not."""
    given = argument(call, "training", []).given
    if given is None or source.code(given.value) != "True":
        return
    name, line = dotted(source, call.func) or "the call", source.place(call).line
    function = source.function_of(call)
    params = [*function.params.params, *function.params.kwonly_params] if function is not None else []
    told = {param.name.value for param in params}
    for value in ("training", "is_training", "train"):
        if value in told:
            text = source.with_(given.value, expression(value))
            yield Candidate(text, f"{name}(..., training={value}) in line {line}")
    yield Candidate(without_argument(source, call, given), f"{name} without training=True in line {line}")
    text = source.with_(given.value, expression("False"))
    yield Candidate(text, f"{name}(..., training=False) in line {line}")
