"""A record judged against another one: by the other's graph, and by the measured spread where that says more."""

import dataclasses
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from ..arrays import UNIT_ROUNDOFF, Array
from ..errors import CompatError
from ..graph.nodes import SOURCES, Node, Trace, trace_of
from ..graph.replay import KNOWN
from ..records import SEVERITY, Numbers, Output, Record, Verdict
from ..reference import Reference
from ..reference.measured import Evidence, Measured, answers_against
from .compare import compare
from .graphs import Place, Side, loose, places
from .verdicts import judge_against, random

Read = Callable[[str], Array]
#: Wrong places and nodes without a partner that are named.
_MOST = 4


def judge_port(
    record: Record,
    read: Read,
    base: Record,
    read_base: Read,
    who: str,
    whose: str,
    spreads: Optional[Dict[str, Reference]] = None,
) -> Verdict:
    """The verdict on a record by another of the same case; ``identical`` are the same bits.

    ``who``, ``whose``: what the record and the other one are called.  ``spreads`` is given what was measured of those
    outputs that are judged by it.
    """
    for one, name in ((record, who), (base, whose)):
        if one.random:
            return random(one, name)
    if record.bits == base.bits:
        return judge_against(record, read, base, read_base, who, whose)
    legacy = _specification(base, read_base)
    if legacy is None or set(record.outputs) != set(base.outputs):
        if spreads is not None:
            spreads.update(answers_against(record, read, base, read_base))
        return _measured_only(record, read, base, read_base, who, whose)
    port = side(record, read)
    found = places(legacy, port or Side(Trace(), read), _traced_outputs(record, port))
    measured = answers_against(record, read, base, read_base)
    numbers, by_spread = _of_outputs(record, read, found, measured)
    if spreads is not None:
        spreads.update({name: measured[name] for name in by_spread})
    if port is not None:
        _hold_to_trace(numbers, record, port)
    wrong = [place for place in found if place.wrong]
    words = [one.word for one in numbers.values()] + [place.numbers.word for place in wrong if place.numbers]
    message = _message(numbers, wrong)
    if message:
        message += f"; against {whose}, {told(found)}"
    elif port is not None:
        message = untried(legacy.trace, port.trace) or cut_above(legacy.trace, port.trace)
    return Verdict(max(words, key=SEVERITY.__getitem__), message, numbers)


def _traced_outputs(record: Record, port: Optional[Side]) -> Dict[str, Output]:
    """What the port gave when its tensors were written down: of one run with them."""
    if port is None:
        return record.outputs
    tensors = port.trace.tensors()
    return {name: tensors[tensor] for name, tensor in port.trace.outputs.items()}


def _hold_to_trace(numbers: Dict[str, Numbers], record: Record, port: Side) -> List[str]:
    """A result that is not what its own graph gives is not judged right by that graph.  The names of those."""
    found = []
    for name, held in _off_trace(record, port).items():
        if SEVERITY[held.word] > SEVERITY[numbers[name].word]:
            message = f"it is not what its own graph gives: {held.message}, by the measured spread"
            numbers[name] = dataclasses.replace(held, message=message)
            found.append(name)
    return found


def _off_trace(record: Record, own: Side) -> Dict[str, Numbers]:
    """The outputs with other bits than when their tensors were written down, by another kernel: each has to be the
    same up to what was measured of it."""
    found = {}
    for name, traced in _traced_outputs(record, own).items():
        output = record.outputs[name]
        if (output.digest, output.dtype) == (traced.digest, traced.dtype):
            continue
        arrays = {what: own.read(digest) for what, digest in record.measured.get(name, {}).items()}
        result = own.read(output.digest)
        evidence = Evidence(result, arrays) if arrays else None
        answer = Measured(own.read(traced.digest), traced.dtype, None, evidence)
        found[name] = compare(result, output.dtype, answer, output.dtype)
    return found


def wrong_places(record: Record, read: Read, base: Record, read_base: Read) -> List[Place]:
    """The places where a record leaves the graph of another, in the order of flow; none where that is not known.

    Outputs that no rule covers, or hardly, are among them where the measured spread says so.
    """
    return [one for one in all_places(record, read, base, read_base) if one.wrong]


def all_places(record: Record, read: Read, base: Record, read_base: Read) -> List[Place]:
    """Every place where a record is held against the graph of another, in the order of flow; none as above."""
    legacy = _specification(base, read_base)
    if legacy is None or set(record.outputs) != set(base.outputs):
        return []
    port = side(record, read)
    found = places(legacy, port or Side(Trace(), read), _traced_outputs(record, port))
    numbers, _ = _of_outputs(record, read, found, answers_against(record, read, base, read_base))
    off = [] if port is None else _hold_to_trace(numbers, record, port)
    outputs = {tensor: numbers[name] for name, tensor in legacy.trace.outputs.items()}
    ran = {legacy.trace.outputs[name]: record.outputs[name].digest for name in off}
    return [
        _by_either(place, outputs.get(place.pair.legacy), read, ran.get(place.pair.legacy)) for place in found
    ]


def _by_either(place: Place, numbers: Optional[Numbers], read: Read, ran: Optional[str]) -> Place:
    """``ran``: the digest of what was computed, where that is not what the port's own graph gives."""
    if place.wrong or numbers is None:
        return place
    if ran is not None:
        return place._replace(numbers=numbers, ran=read(ran))
    # Where only the port's spelling allows too much, the legacy graph's own bound says what is wrong.
    why = "" if place.allowed is not place.answer else "the bound of its graph allows too much"
    return place._replace(numbers=numbers, why=place.why or why)


def _specification(base: Record, read: Read) -> Optional[Side]:
    """The legacy graph; None where there is none, or where it does not give what was recorded of the legacy side."""
    legacy = side(base, read)
    if legacy is None or any(held.word == "differs" for held in _off_trace(base, legacy).values()):
        return None
    return legacy


def side(record: Record, read: Read) -> Optional[Side]:
    """The record's graph; None where there is none, or one of its tensors is not there."""
    if record.trace is None:
        return None
    try:
        trace = trace_of(read(record.trace), "the graph")
        if set(trace.outputs) != set(record.outputs):
            return None
        for digest in set(trace.digests()):
            read(digest)
    except CompatError:
        return None
    return Side(trace, read)


def _measured_only(
    record: Record, read: Read, base: Record, read_base: Read, who: str, whose: str
) -> Verdict:
    verdict = judge_against(record, read, base, read_base, who, whose)
    if verdict.message and base.untraced:
        verdict.message += f" ({base.untraced})"
    return verdict


def _of_outputs(
    record: Record, read: Read, found: List[Place], measured: Mapping[str, Reference]
) -> Tuple[Dict[str, Numbers], List[str]]:
    """The numbers of every output: by the graph, and by the measured spread where no rule covers it, or hardly; and
    the names of those."""
    by_name = {place.pair.name: place for place in found if place.pair.name in record.outputs}
    numbers: Dict[str, Numbers] = {}
    of_spread: List[str] = []
    for name, output in record.outputs.items():
        place = by_name.get(name)
        if (
            place is not None
            and place.numbers is not None
            and (place.wrong or not loose(place.allowed, measured[name], output.dtype))
        ):
            numbers[name] = place.numbers
            continue
        by_spread = compare(read(output.digest), output.dtype, measured[name], record.dtype)
        if by_spread.message:
            by_spread = dataclasses.replace(by_spread, message=by_spread.message + ", by the measured spread")
        numbers[name] = by_spread
        of_spread.append(name)
    return numbers, of_spread


def _message(numbers: Mapping[str, Numbers], wrong: List[Place]) -> str:
    """Which places are wrong, in the order of flow."""
    if not wrong:
        bad = [(name, n) for name, n in numbers.items() if n.word != "agrees"]
        return "; ".join((f"{name}: " if len(numbers) > 1 else "") + n.message for name, n in bad[:1])
    first = wrong[0]
    assert first.numbers is not None
    where = f" ({first.source})" if first.source else ""
    others = [place.pair.name for place in wrong[1:]]
    more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
    also = f"; wrong by themselves as well: {', '.join(others[:_MOST])}{more}" if others else ""
    return f"first differs at {first.pair.name}{where}: {first.numbers.message}{also}"


#: Ops that may change nothing on the inputs at hand.
_SELECTING = (
    "Relu",
    "Relu6",
    "LeakyRelu",
    "Elu",
    "Selu",
    "ClipByValue",
    "Maximum",
    "Minimum",
    "Select",
    "SelectV2",
)
#: The same in a later version.
_SPELLED = {"SelectV2": "Select"}


_EXTENTS = ("Shape", "ShapeN", "Size", "Rank")


def untried(legacy: Trace, port: Trace) -> str:
    """What the legacy graph does, nothing came of on these inputs, and the port has not at all; or nothing."""
    tensors = legacy.tensors()
    flowing, theirs = _flowing(legacy), {_SPELLED.get(node.op, node.op) for node in port.nodes}
    idle = [
        node
        for node in legacy.nodes
        if node.op in _SELECTING
        and node.name in flowing
        and node.outputs["0"].dtype in UNIT_ROUNDOFF  # a loop counts with whole numbers
        and not _is_drawn(legacy, node)
        and node.outputs["0"].digest in {tensors[name].digest for name in node.inputs}
        and _SPELLED.get(node.op, node.op) not in theirs
    ]
    if not idle:
        return ""
    named = ", ".join(f"{node.op} ({node.source or node.name})" for node in idle[:_MOST])
    return f"not tried by these inputs: {named} of the legacy graph changes nothing, and the port has no {idle[0].op}"


#: What cuts off above.
_ABOVE = ("Relu6", "ClipByValue", "Minimum")


def cut_above(legacy: Trace, port: Trace) -> str:
    """That one side has a relu6 which the other has not, where nothing came of it on these inputs; or nothing.

    Asked where all agrees: a relu and a relu6 of small numbers give the same bits.
    """
    cutting = [
        [
            node
            for node in trace.ancestors(trace.outputs.values())
            if node.op in _ABOVE and "@" not in node.name and node.outputs["0"].dtype in UNIT_ROUNDOFF
        ]
        for trace in (legacy, port)
    ]
    whose = ("the legacy graph", "the port")
    for mine, other in ((0, 1), (1, 0)):
        relu6 = [node for node in cutting[mine] if node.op == "Relu6"]
        if len(relu6) > len(cutting[other]):
            named = ", ".join(f"{node.op} ({node.source or node.name})" for node in relu6[:_MOST])
            return (
                f"not tried by these inputs: {named} of {whose[mine]} cuts off above 6, and {whose[other]} has "
                f"{len(cutting[other])} of {len(relu6)} such ops"
            )
    return ""


def _flowing(trace: Trace) -> "set[str]":
    """The nodes that follow from the numbers of inputs and variables, not from their extents alone."""
    tensors = {*trace.inputs.values(), *(trace.variables or ())}
    tensors.update(node.tensor() for node in trace.nodes if node.op in SOURCES and node.op != "Const")
    found = set()
    for node in trace.nodes:
        if node.op not in _EXTENTS and not tensors.isdisjoint(node.inputs):
            found.add(node.name)
            tensors.update(node.tensor(int(number)) for number in node.outputs)
    return found


def _is_drawn(trace: Trace, node: Node) -> bool:
    """Whether what it selects by is drawn: a dropout that keeps everything is none."""
    return "Select" in node.op and any("Random" in one.op for one in trace.ancestors(node.inputs[:1]))


def told(found: List[Place]) -> str:
    """What a verdict rests on: how many of the legacy graph's nodes a rule bounds, and of the others."""
    hows = {node: how for place in found for node, how in place.followed.hows.items()}
    bounded, measured, taken = (sum(how == word for how in hows.values()) for word in KNOWN)
    rest = len(hows) - bounded - measured - taken
    alone = f", {measured} measured" if measured else ""
    unruled = f", {rest} without a rule" if rest else ""
    return f"by its graph: {bounded} nodes bounded{alone}, {taken} taken as recorded{unruled}"
