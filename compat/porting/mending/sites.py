"""The calls of a person's source that a wrong place of the graph comes from, the nearest first."""

import os
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from ..findings import Finding, Op, Spot
from .source import NOTHING, Source, argument, cst, dotted, value_of

#: Of a callable its parameters in order, each with its default; Ellipsis where it has none, or none that is a literal.
Signature = Dict[str, Any]


class Site(NamedTuple):
    """``rank``: how far from the wrong tensor.  ``callers``: the lines on which the function around it was called."""

    call: Any
    name: str
    signature: Signature
    rank: int
    callers: List[Spot]

    @property
    def parameters(self) -> List[str]:
        return list(self.signature)

    def now(self, source: Source, parameter: str) -> Any:
        """The argument as it is: a value, the default, NOTHING where it is no literal, Ellipsis where nobody knows."""
        given = argument(self.call, parameter, self.parameters).given
        if given is None:
            return self.signature.get(parameter, Ellipsis)
        return value_of(source, given.value)


def sites(source: Source, finding: Finding, signatures: Dict[str, Signature]) -> List[Site]:
    """Those of the layers and of the lines that made the port's nodes since the pair before, then their callers."""
    found: Dict[int, Site] = {}
    own = own_signatures(source)

    def add(call: Any, rank: int, callers: List[Spot], kind: str = "", arguments: Sequence[str] = ()) -> None:
        if id(call) in found:
            return
        name = dotted(source, call.func)
        last = name.rpartition(".")[2] or kind
        known = own.get(name) or signatures.get(name) or dict.fromkeys(arguments, Ellipsis)
        found[id(call)] = Site(call, last, known, rank, callers)

    aside = ("Const", "Variable", "Placeholder")
    ops = [op for op in [*reversed(finding.port), *finding.before] if op.op not in aside]
    for rank, op in enumerate(ops):
        for call, callers, layered in _of_op(source, op):
            layer = op.layer if layered else None
            add(call, rank, callers, layer.kind if layer else "", layer.arguments if layer else ())
    for rank, op in enumerate(ops):
        for spot in _callers(op):
            if in_source(source, spot):
                for call in source.calls_at(spot):
                    add(call, len(ops) + rank, [])
    return sorted(found.values(), key=lambda site: site.rank)


def _of_op(source: Source, op: Op) -> Iterator[Any]:
    """(call, the lines that called what it stands in, whether it constructs the op's layer)."""
    layer = op.layer
    if layer is not None and layer.made and in_source(source, layer.made[0]):
        calls = source.calls_at(layer.made[0])
        alike = [call for call in calls if _plain(dotted(source, call.func)) == _plain(layer.kind)]
        for call in alike or calls:
            yield call, layer.made[1:], True
    for number, spot in enumerate(op.spots):
        if in_source(source, spot):
            for call in source.calls_at(spot):
                yield call, op.spots[number + 1 :], False
            break


def in_source(source: Source, spot: Spot) -> bool:
    """Whether the place is in the file, by whatever name that was imported."""
    return spot.path == source.path or os.path.realpath(spot.path) == source.path


def _plain(name: str) -> str:
    return name.rpartition(".")[2].replace("_", "").lower()


def _callers(op: Op) -> List[Spot]:
    return [*(op.layer.made[1:] if op.layer else []), *op.spots[1:]]


def own_signatures(source: Source) -> Dict[str, Signature]:
    """Of the functions and classes of the file, by their names."""
    found: Dict[str, Signature] = {}
    for node in source.of(cst.FunctionDef):
        name, parameters = node.name.value, _parameters(source, node)
        parent = next((one for one in source.parents(node) if isinstance(one, cst.ClassDef)), None)
        if parent is None:
            found[name] = parameters
        elif name == "__init__":
            found[parent.name.value] = parameters
        else:
            found.setdefault(f"self.{name}", parameters)
    return found


def _parameters(source: Source, function: Any) -> Signature:
    found = {}
    params = function.params
    for param in [*params.posonly_params, *params.params, *params.kwonly_params]:
        if param.name.value in ("self", "cls"):
            continue
        value = value_of(source, param.default) if param.default is not None else NOTHING
        found[param.name.value] = Ellipsis if value is NOTHING else value
    return found


def near(source: Source, of: Sequence[Site]) -> List[Any]:
    """Literals of the file as they are near to the sites: in the call, the statement, the function, anywhere."""
    ranks: Dict[int, int] = {}
    statements = {id(source.statement_of(site.call)) for site in of}
    functions = {id(source.function_of(site.call)) for site in of}
    for node, _ in source.literals:
        parents = list(source.parents(node))
        within = next((n for n, site in enumerate(of) if any(site.call is one for one in parents)), None)
        if within is not None:
            ranks[id(node)] = within
        elif id(source.statement_of(node)) in statements:
            ranks[id(node)] = 1000
        elif id(source.function_of(node)) in functions:
            ranks[id(node)] = 2000
        else:
            ranks[id(node)] = 3000
    return sorted(source.literals, key=lambda pair: (ranks[id(pair[0])], source.place(pair[0])))


def application(source: Source, call: Any) -> Optional[Any]:
    """Of ``Layer(...)`` the call ``Layer(...)(x)`` around it."""
    parent = source.parent(call)
    return parent if isinstance(parent, cst.Call) and parent.func is call else None
