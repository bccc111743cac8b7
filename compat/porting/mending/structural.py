"""Edits that are more than another value: a call around another, one taken off, arguments in another order, a scale."""

import itertools
from typing import Any, Iterator, List, Tuple

from .evidence import Evidence
from .sites import Site, application
from .source import Source, cst, dotted, expression, spelled, value_of, with_argument
from .vocabulary import LAYERS, WORDS

Text = Tuple[str, str]
#: Functions whose list of tensors has an order.
_JOINING = ("concat", "concatenate", "Concatenate", "stack", "Subtract", "subtract")


def _prefix(source: Source, call: Any) -> str:
    return dotted(source, call.func).rpartition(".")[0]


def _wrapped(source: Source, node: Any, head: str) -> str:
    return source.with_(node, cst.Call(func=expression(head), args=[cst.Arg(node.deep_clone())]))


def added(source: Source, site: Site, facts: Evidence) -> Iterator[Text]:
    """An activation that the legacy graph has and the port has not: as an argument, else around the call."""
    missing = [
        WORDS[edit.right] for edit in facts.edits if edit.argument == "missing" and edit.right in WORDS
    ]
    for word in dict.fromkeys(missing):
        if "activation" in site.signature and site.now(source, "activation") in (None, Ellipsis, "linear"):
            text = with_argument(source, site.call, "activation", site.parameters, spelled(word))
            if text is not None:
                yield text, f'{site.name}(..., activation="{word}")'
        prefix = _prefix(source, site.call)
        outer = application(source, site.call)
        if prefix.rpartition(".")[2] in ("nn", "ops", "activations", "math"):
            home = prefix[: -len("math")] + "nn" if prefix.endswith("math") else prefix
            yield _wrapped(source, site.call, f"{home}.{word}"), f"{home}.{word} around {site.name}"
        elif word in LAYERS and site.name[:1].isupper():
            layer = f"{prefix}.{LAYERS[word]}" if prefix else f"{LAYERS[word]}"
            if outer is not None:
                yield _wrapped(source, outer, layer), f"{layer} after {site.name}"
            else:
                yield from _listed(source, site, layer)


def _listed(source: Source, site: Site, layer: str) -> Iterator[Text]:
    """One more layer in the list that the call stands in."""
    element = source.parent(site.call)
    holder = source.parent(element) if isinstance(element, cst.Element) else None
    if not isinstance(holder, (cst.List, cst.Tuple)):
        return
    place = next(number for number, one in enumerate(holder.elements) if one is element)
    comma = element.comma if isinstance(element.comma, cst.Comma) else cst.Comma(
        whitespace_after=cst.SimpleWhitespace(" ")
    )  # fmt: skip
    new = cst.Element(expression(layer), comma=element.comma)
    elements = [
        *holder.elements[:place], element.with_changes(comma=comma), new, *holder.elements[place + 1 :],
    ]  # fmt: skip
    yield source.with_(holder, holder.with_changes(elements=elements)), f"{layer} after {site.name}"


def removed(source: Source, site: Site, facts: Evidence) -> Iterator[Text]:
    """A call of one tensor, and nothing else that computes: the tensor instead of it."""
    extra = {edit.wrong for edit in facts.edits if edit.argument in ("extra", "function")}
    if not extra:
        return
    if "activation" in site.signature and site.now(source, "activation") not in (None, Ellipsis, "linear"):
        text = with_argument(source, site.call, "activation", site.parameters, "None")
        if text is not None:
            yield text, f"{site.name}(..., activation=None)"
    plain = site.name.replace("_", "").lower()
    if not any(str(op).lower() in (plain, plain.replace("1d", "").replace("2d", "")) for op in extra):
        return
    outer = application(source, site.call)
    taken = outer if outer is not None else site.call
    if len(taken.args) >= 1 and taken.args[0].keyword is None and not taken.args[0].star and (
        outer is not None or not site.name[:1].isupper()
    ):  # fmt: skip
        yield source.with_(taken, taken.args[0].value.deep_clone()), f"without {site.name}"
    element = source.parent(site.call)
    holder = source.parent(element) if isinstance(element, cst.Element) else None
    if outer is None and isinstance(holder, cst.List) and len(holder.elements) > 1:
        kept = [one for one in holder.elements if one is not element]
        yield source.with_(holder, holder.with_changes(elements=kept)), f"without {site.name}"


def reordered(source: Source, site: Site, facts: Evidence) -> Iterator[Text]:
    """The tensors that are joined, or the first two arguments, in another order."""
    holders: List[Any] = []
    if site.name in _JOINING:
        outer = application(source, site.call)
        for call in filter(None, (site.call, outer)):
            holders += [arg.value for arg in call.args if isinstance(arg.value, (cst.List, cst.Tuple))]
    for holder in holders:
        if not 2 <= len(holder.elements) <= 4:
            continue
        values = [element.value for element in holder.elements]
        orders = sorted(
            itertools.permutations(range(len(values))),
            key=lambda order: order != tuple(range(len(values)))[::-1],
        )
        for order in orders[:7]:
            elements = [
                element.with_changes(value=values[number].deep_clone())
                for element, number in zip(holder.elements, order)
            ]
            yield (
                source.with_(holder, holder.with_changes(elements=elements)),
                f"another order in {site.name}",
            )


def scaled(source: Source, site: Site, facts: Evidence) -> Iterator[Text]:
    """A number that the legacy graph multiplies, divides or adds by, and the port does not; or one too many."""
    outer = application(source, site.call)
    taken = outer if outer is not None else site.call
    signs = {"Mul": "*", "RealDiv": "/", "Sub": "-", "Add": "+", "AddV2": "+"}
    fits = taken.args and taken.args[0].keyword is None and not taken.args[0].star
    if fits and (outer is not None or not site.name[:1].isupper()):
        for op, number in [pair for pair in facts.missing if pair[0] in signs][:3]:
            inner = source.code(taken.args[0].value)
            simple = isinstance(taken.args[0].value, (cst.Name, cst.Attribute, cst.Call, cst.Subscript))
            text = f"{inner if simple else f'({inner})'} {signs[op]} {spelled(number)}"
            yield source.with_(taken.args[0].value, expression(text)), f"{text}"
    if not any(edit.argument == "extra" and edit.wrong in signs for edit in facts.edits):
        return
    statement = source.statement_of(site.call)
    for node in source.of(cst.BinaryOperation):
        if source.statement_of(node) is statement:
            for side, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(value_of(source, side), (int, float)):
                    yield source.with_(node, other.deep_clone()), f"without {source.code(side).strip()}"
