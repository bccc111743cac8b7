"""Two graphs: random ops, inputs, precision, weights, hyper-parameters, and op types that only one of them has."""

import collections
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..arrays import UNIT_ROUNDOFF
from ..graph.nodes import SOURCES, Trace
from ..records import Input, Output
from .hyper_parameters import Held, Read, computing, default, group, held, random_ops, spelling
from .lines import MATTERS, MAY_MATTER, ROUNDING, Line

#: Values, and op types, that are named.
_MOST = 6
#: Attributes that say how numbers lie in memory.
_LAYOUTS = ("data_format", "transpose_a", "transpose_b", "adj_x", "adj_y")
#: Attributes of which a difference is one of rounding at most.
_HOW = ("approximate", "deterministic", "fast")


class Graph(NamedTuple):
    """``inputs``: of the sample.  ``random``: outputs with other bits when run again."""

    trace: Trace
    read: Read
    inputs: Dict[str, Input]
    random: List[str]


def differing(a: Graph, b: Graph) -> Iterator[Line]:
    yield from _random(a, b)
    yield from _inputs(a, b)
    yield from _precision(a, b)
    yield from _weights(a, b)
    yield from _hyper_parameters(held(a.trace, a.read), held(b.trace, b.read))
    yield from _op_types(a, b)
    yield from _unseen(a, b)


def _random(a: Graph, b: Graph) -> Iterator[Line]:
    for one, name in ((a, "a"), (b, "b")):
        if one.random:
            what = f"random: {', '.join(one.random[:_MOST])} of {name} had other bits when it was run again"
            yield Line(MATTERS, what, "nothing else can be said of it", "switch off what is random")
    found = [random_ops(one.trace) for one in (a, b)]
    if not any(found):
        return
    what = " in a, ".join(_told_random(ops) for ops in found)
    weighs, why = MAY_MATTER, "one seed draws other numbers in other ops and versions"
    if not all(found):
        weighs, why = MATTERS, "one side draws and the other does not"
    yield Line(weighs, f"random ops: {what} in b", why, "switch it off, or feed what was drawn")


def _told_random(ops: Sequence[Tuple[str, Optional[Tuple[int, ...]]]]) -> str:
    counts = collections.Counter(
        f"{op} ({'no seed' if not any(seeds) else 'seed ' + ', '.join(map(str, seeds))})" if seeds else op
        for op, seeds in ops
    )
    return _listed([f"{what} {n} times" if n > 1 else what for what, n in counts.items()])


def _inputs(a: Graph, b: Graph) -> Iterator[Line]:
    if not a.inputs and not b.inputs:
        return
    bits = [collections.Counter((i.digest, i.dtype) for i in one.inputs.values()) for one in (a, b)]
    if bits[0] == bits[1]:
        return
    for name in sorted(set(a.inputs) & set(b.inputs)):
        old, new = a.inputs[name], b.inputs[name]
        if old.dtype != new.dtype:
            yield Line(MATTERS, f"input {name}: {old.dtype} in a, {new.dtype} in b")
        elif old.digest != new.digest:
            yield Line(MATTERS, f"input {name}: other numbers in a and b", "nothing after it can be compared")
    only = [[n for n in one.inputs if n not in other.inputs] for one, other in ((a, b), (b, a))]
    if any(only):
        what = f"inputs: {_listed(only[0])} in a alone, {_listed(only[1])} in b alone"
        yield Line(MAY_MATTER, what, "other names, or other numbers")


def _precision(a: Graph, b: Graph) -> Iterator[Line]:
    found = [
        sorted(
            {
                o.dtype
                for node in computing(one.trace)
                for o in node.outputs.values()
                if o.dtype in UNIT_ROUNDOFF
            }
        )
        for one in (a, b)
    ]
    if found[0] != found[1]:
        what = f"precision: {_listed(found[0])} in a, {_listed(found[1])} in b"
        yield Line(MATTERS, what, "the roundings are of another size")


def _weights(a: Graph, b: Graph) -> Iterator[Line]:
    """Arrays that one side holds and the other has nowhere, also not among its inputs."""
    held_there = [_sources(one.trace, ("Variable", "Const")) for one in (a, b)]
    known = [{output.digest for output in _sources(one.trace, SOURCES)} for one in (a, b)]
    only = [
        [output for output in outputs if output.digest not in other]
        for outputs, other in zip(held_there, reversed(known))
    ]
    counts = [sum(_size(output.shape) for output in outputs) for outputs in only]
    if any(counts):
        what = f"weights and constants: {counts[0]} numbers in a alone, {counts[1]} in b alone"
        why = "other numbers, another layout or size"
        yield Line(MAY_MATTER, what, why, "compat verify carries one side's into the other first")


def _sources(trace: Trace, ops: Sequence[str]) -> List[Output]:
    """The arrays of a precision, of more than one number, that nodes of those ops are."""
    return [
        output
        for node in trace.nodes
        if node.op in ops
        for output in node.outputs.values()
        if output.dtype in UNIT_ROUNDOFF and _size(output.shape) > 1
    ]


def _size(shape: List[int]) -> int:
    count = 1
    for axis in shape:
        count *= axis
    return count


def _hyper_parameters(a: List[Held], b: List[Held]) -> Iterator[Line]:
    sides = [_by_name(one) for one in (a, b)]
    groups = [{one.group for one in side} for side in (a, b)]
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        name, of = key
        old, new = (side.get(key, []) for side in sides)
        if of and name != "constants" and not all(of in side for side in groups):
            continue  # the op type is missing, and told as such
        values = [[one.value for one in side] for side in (old, new)]
        if not all(values) and default(name) is not None:
            values = [found or [str(default(name))] for found in values]
        elif not all(values) and of and name != "constants":
            continue  # an attribute of one version, of which nothing is known
        if set(values[0]) == set(values[1]) and (len(values[0]) != len(values[1]) or values[0] == values[1]):
            continue
        yield _line(name, old, new, values)


def _by_name(side: List[Held]) -> Dict[Tuple[str, str], List[Held]]:
    found: Dict[Tuple[str, str], List[Held]] = {}
    for one in side:
        found.setdefault((one.name, one.group), []).append(one)
    return found


def _line(name: str, old: List[Held], new: List[Held], values: List[List[str]]) -> Line:
    ops = [_listed(list(dict.fromkeys(one.op for one in side))) for side in (old, new)]
    reordered = sorted(values[0]) == sorted(values[1])
    told = [", ".join(found[:_MOST]) if reordered else _counted(found) for found in values]
    if not any(one.op for one in (*old, *new)):
        what = f"{name}: {told[0]} in a, {told[1]} in b"
    elif ops[0] == ops[1] or not all((old, new)):
        what = f"{name} of {ops[0] if old else ops[1]}: {told[0]} in a, {told[1]} in b"
    else:
        what = f"{name}: {told[0]} in a ({ops[0]}), {told[1]} in b ({ops[1]})"
    if name in _HOW:
        return Line(ROUNDING, what)
    if reordered:
        return Line(MAY_MATTER, what, "in the order of flow, which branches may change")
    if name == "constants":
        return Line(MAY_MATTER, what, "another number, or another spelling")
    if name in _LAYOUTS:
        return Line(MAY_MATTER, what, "numbers lie otherwise", "the weights' axes have to follow")
    if not all((old, new)) and not all(one.group for one in (*old, *new)):
        return Line(MAY_MATTER, what, "missing, or spelled otherwise")
    return Line(MATTERS, what, _epsilon_of_old(values) if name == "epsilon" else "")


def _epsilon_of_old(values: List[List[str]]) -> str:
    if "1.001e-05" in {*values[0], *values[1]}:
        return "tf.nn.fused_batch_norm raised what was below 1.001e-5"
    return ""


def _counted(values: List[str]) -> str:
    counts = collections.Counter(values)
    if not counts:
        return "none"
    several = len(counts) > 1
    return _listed([f"{value} ({n} times)" if several and n > 1 else value for value, n in counts.items()])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return (", ".join(names[:_MOST]) + more) or "none"


def _op_types(a: Graph, b: Graph) -> Iterator[Line]:
    kinds = [set(map(group, spelling(one.trace))) for one in (a, b)]
    only = [sorted(kinds[0] - kinds[1]), sorted(kinds[1] - kinds[0])]
    if any(only):
        what = f"op types: {_listed(only[0])} in a alone, {_listed(only[1])} in b alone"
        yield Line(MAY_MATTER, what, "another spelling, or something is missing", "compat verify pairs them")


def _unseen(a: Graph, b: Graph) -> Iterator[Line]:
    for one, name in ((a, "a"), (b, "b")):
        inside = {why: n for why, n in one.trace.unseen.items() if "branch not taken" not in why}
        if inside:
            told = _listed([f"{n} {why}" for why, n in inside.items()])
            yield Line(MAY_MATTER, f"ops of {name} that nobody saw: {told}", "what they hold is not compared")
