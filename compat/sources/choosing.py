"""The outputs of a graph that does not say which they are: what is computed of the inputs, and by nothing used.

A graph that was trained holds more than a network: what Savers, initialisers, summaries, gradients and updates are
made of is no output.  Nor is what only they use.
"""

import re
from typing import Any, Dict, List, Set

from ..graph.capture.adding import is_added
from .program import placeholders, shape_of

#: Ops that write, and those that say whether all is well: what only they use belongs to them.
_WRITES = re.compile(r"(Resource)?(Sparse)?(Apply|Scatter)|Assign|Assert|SaveV2|MergeV2Checkpoints")
_ASIDE = re.compile(
    r"NoOp|Save|Restore|ShardedFilename|.*Summary|Summary.*|Const|Placeholder|Variable|VarHandle|VarIsInit|"
    r"IsVariableInit|ReadVariable|Print|Enter|Exit|NextIteration|LoopCond|ControlTrigger|Queue|Fifo"
)
_GRADIENTS = re.compile(r"(.*/)?gradients(_\d+)?/")
#: Ops that look at an extent, not at the values.
_EXTENTS = ("Shape", "ShapeN", "Size", "Rank")
#: Ops that give the same numbers in another form.
_FORMS = ("Reshape", "ExpandDims", "Squeeze", "Cast", "StopGradient", "Transpose")
_SOURCES = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "IteratorGetNext")


def chosen(graph: Any, unfed: Set[Any]) -> Dict[str, Any]:
    """The outputs by name, of what can be computed without the placeholders ``unfed`` (ops)."""
    ops = graph.get_operations()
    consumers: Dict[Any, List[Any]] = {op: [] for op in ops}
    for op in ops:
        for tensor in op.inputs:
            consumers[tensor.op].append(op)
    sources = [op for op in ops if op.type in _SOURCES and not _is_text(op) and not is_added(op)]
    # What follows from switches and probabilities alone is how it is computed, not what.
    flowing = _after([op for op in sources if not _is_number(op)] or sources, consumers)
    if not flowing:
        flowing = {op for op in ops if op.type not in _SOURCES}
    blocked = _after(unfed, consumers, extents=True) | unfed
    aside = _belonging_to_writers(ops, consumers)
    taken = [
        op for op in ops if op in flowing and op not in blocked and op not in aside and not _is_aside(op)
    ]
    inner = set(taken)
    for op in reversed(
        taken
    ):  # what only brings a tensor into the form that the blocked ops take is a part of them
        users = consumers[op]
        if op.type in _FORMS and users and not inner.intersection(users) and blocked.intersection(users):
            inner.discard(op)
    taken = [op for op in taken if op in inner]
    last = [op for op in taken if not any(after in inner for after in _next(op, consumers))]
    return {op.name: tensor for op in last for tensor in op.outputs[:1]}


def needed_but_unfed(graph: Any, fed: Set[Any]) -> List[Any]:
    """Placeholders (tensors) that are not fed and have no value of their own, in the order of the graph."""
    found = [op for op in graph.get_operations() if op.type in ("Placeholder", "PlaceholderV2")]
    found = [op for op in found if not _is_text(op) and not is_added(op)]
    return [op.outputs[0] for op in found if op.outputs[0].name not in fed]


def waiting_for(graph: Any, placeholder: Any) -> List[str]:
    """The outputs that need the placeholder, by name."""
    everything = chosen(graph, set())
    return [
        name
        for name, tensor in everything.items()
        if placeholder.name in {t.name for t in placeholders([tensor])}
    ]


def _is_text(op: Any) -> bool:
    """Savers are given the name of a file."""
    return bool(op.outputs) and op.outputs[0].dtype.base_dtype.name == "string"


def _is_number(op: Any) -> bool:
    """A placeholder of one number, or of a shape that nobody said: such are switches, rates and probabilities."""
    return not shape_of(op.outputs[0])


def _is_aside(op: Any) -> bool:
    name = op.outputs[0].dtype.base_dtype.name if op.outputs else "resource"
    return (
        name in ("resource", "variant", "string")
        or bool(_ASIDE.match(op.type) or _WRITES.search(op.type))
        or bool(_GRADIENTS.match(op.name))
    )


def _after(first: Any, consumers: Dict[Any, List[Any]], extents: bool = False) -> Set[Any]:
    """What is computed of the ops' values."""
    met: Set[Any] = set()
    waiting = list(first)
    while waiting:
        for op in consumers[waiting.pop()]:
            if op not in met and (extents or op.type not in _EXTENTS):
                met.add(op)
                waiting.append(op)
    return met


def _next(op: Any, consumers: Dict[Any, List[Any]]) -> List[Any]:
    """What uses an op, through what only passes it on out of a loop or branch."""
    found, waiting, met = [], list(consumers[op]), set()
    while waiting:
        one = waiting.pop()
        if one in met:
            continue
        met.add(one)
        found.append(one)
        if one.type in ("Enter", "Exit", "NextIteration"):
            waiting += consumers[one]
    return found


def _belonging_to_writers(ops: List[Any], consumers: Dict[Any, List[Any]]) -> Set[Any]:
    """What only ops that write use, they themselves, and what only passes on what they wrote."""
    found: Set[Any] = {op for op in ops if _WRITES.search(op.type)}
    waiting = list(found)
    while waiting:
        for op in consumers[waiting.pop()]:
            if op not in found and op.type in ("Identity", "Merge", "Switch"):
                found.add(op)
                waiting.append(op)
    changed = True
    while changed:
        changed = False
        for op in reversed(ops):
            users = consumers[op]
            if op not in found and users and all(user in found for user in users):
                found.add(op)
                changed = True
    return found
