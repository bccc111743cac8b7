"""The ops of a TensorFlow 1 graph as nodes without cycles: of a loop there is one copy for every iteration, and of a
branch there is what ran.

The graph is walked as TensorFlow's executor walks it: an op runs where all that it takes is there, a Merge where one
is, and a Switch passes on to one side.  What was written down of a tensor comes in the order of the iterations, so that
each time that the op runs is the next.
"""

import collections
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from ...arrays import Array
from ...records import Output
from ..nodes import Node, Trace
from .attributes import of_node_def
from .flow import with_all_before
from .frames import ENTER, EXIT, MERGE, NEXT, SWITCH, Frame, Frames
from .held import Held, Value, is_on_handle, linked, says_where

#: Ops that are a variable; what they had before the run is written down.
VARIABLES = ("VariableV2", "Variable", "VarHandleOp", "TemporaryVariable")
#: Ops that read one.
_READS = ("Identity", "ReadVariableOp")
#: Ops that look at a variable otherwise, and leave it as it is.
_LOOKS = ("ResourceGather", "ResourceGatherNd", "VariableShape", "VarIsInitializedOp")
#: Ops that pass on a handle.
_PASS = (*ENTER, *EXIT, *MERGE, *SWITCH, *NEXT, "Identity", "RefIdentity")


class Noted(NamedTuple):
    """What was written down of a tensor; ``array`` where it says which way or which element."""

    output: Output
    array: Optional[Array]


#: Tensor name -> what was written down, one for every time that it was computed.
Seen = Mapping[str, List[Noted]]
#: What there is in an iteration: the values of tensors by name, and of ops that ran.
Here = Dict[str, Value]


def telling(ops: Iterable[Any]) -> Set[str]:
    """The tensors whose numbers say which way, or which element of an array."""
    found = set()
    for op in ops:
        if op.type in SWITCH:
            found.add(op.inputs[1].name)
        found.update(op.inputs[place].name for place in says_where(op) if place < len(op.inputs))
    return found


def assembled(
    tf: Any,
    frames: Frames,
    seen: Seen,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    line: Callable[[Any], str],
) -> Trace:
    """The Trace of what ran: ``seen`` of every visible tensor.  ``inputs``, ``outputs``: tensors by name.

    ``line``: of the program, that made an op.
    """
    return _Assembly(tf, frames, seen, line).trace(inputs, outputs)


class _Assembly:
    def __init__(self, tf: Any, frames: Frames, seen: Seen, line: Callable[[Any], str]) -> None:
        self._tf, self._line = tf, line
        self._frames, self._graph = frames, frames.graph
        self._seen = {name: iter(noted) for name, noted in seen.items()}
        self._ran: Set[Any] = set()
        self._written = _written(frames.order)
        self._before_writing = {name: _all_before(writers) for name, writers in self._written.items()}
        # What is written down of these may be from before or after they are changed.
        self._changed = {op.inputs[0].name for op in frames.order if op.type.startswith("Inplace")}
        self._trace = Trace()

    def trace(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Trace:
        here: Here = {}
        self._iteration((), here, {}, "")
        unseen = collections.Counter(filter(None, map(self._why_unseen, self._frames.order)))
        known = {name: value.name for name, value in here.items() if value.name}
        unseen.update(_in_functions(self._graph, self._ran))
        self._trace.unseen = dict(unseen)
        self._trace.outputs = {name: known.get(tensor.name, tensor.name) for name, tensor in outputs.items()}
        self._trace.inputs = {
            name: known[tensor.name] for name, tensor in inputs.items() if tensor.name in known
        }
        return self._trace

    def _why_unseen(self, op: Any) -> str:
        why = self._frames.why_not(self._frames.of(op))
        left = any(next(self._seen[tensor.name], None) for tensor in op.outputs if tensor.name in self._seen)
        if left and not why and (op in self._ran or op.type not in (*VARIABLES, "Identity")):
            return "computed more often than is understood"
        return why or ("not computed (branch not taken)" if op.outputs and op not in self._ran else "")

    def _iteration(self, frame: Frame, here: Here, before: Here, at: str) -> None:
        """One of a frame; a loop within it as a whole, where its ways out come.  ``before``: the one before it."""
        left: Dict[Frame, Optional[Here]] = {}
        for op in self._frames.members[frame]:
            if op.type in EXIT:
                inner = self._frames.of(op.inputs[0].op)
                if inner not in left:
                    left[inner] = self._loop(inner, here, at)
                given = self._leaving(op, left[inner])
            elif op.type in ENTER:
                continue
            else:
                given = self._taken(op, here, before)
            if given is not None:
                self._run(op, given, here, at)

    def _loop(self, frame: Frame, outer: Here, at: str) -> Optional[Here]:
        """All iterations of a loop: what there was at its ways out.  None where that is not seen."""
        enters = [op for op in self._frames.members[frame] if op.type in ENTER]
        if self._frames.why_not(frame):
            for tensor in (tensor for op in enters for tensor in op.inputs):
                _lose(outer.get(tensor.name))
            return None
        iteration, here, before, last = 0, {}, {}, {}  # type: int, Here, Here, Here
        for op in enters:
            given = self._taken(op, outer, {})
            if given is not None:
                self._run(op, given, here, _place(at, 0))
        # What a loop is given from outside is there once, for all of its iterations.
        constant = {op.outputs[0].name for op in enters if op.get_attr("is_constant")}
        invariant = {name: value for name, value in here.items() if name in constant}
        starts = [op.outputs[0].name for op in self._frames.members[frame] if op.type in NEXT]
        while iteration == 0 or before:
            for name in invariant if iteration else ():
                next(self._seen.get(name, iter(())), None)  # it was written down anew
            self._iteration(frame, here, before, _place(at, iteration))
            last.update(here)
            before = {name: here[name] for name in starts if name in here}
            here, iteration = dict(invariant), iteration + 1
        return last

    def _taken(self, op: Any, here: Here, before: Here) -> Optional[List[Value]]:
        """What an op takes; None where it does not run.  ``before``: what comes from the iteration before."""
        if op.type in MERGE:
            came = [(before if tensor.op.type in NEXT else here).get(tensor.name) for tensor in op.inputs]
            return [value._replace(came=place) for place, value in enumerate(came) if value is not None][
                :1
            ] or None
        if op.type == "ControlTrigger":  # waits for all, also for what does not run
            return []
        waits = self._frames.waits_for(op)
        waited = [one.name for one in waits if one.type not in NEXT and op.type not in EXIT]
        if any(name not in here for name in [*waited, *(tensor.name for tensor in op.inputs)]):
            return None
        return [here[tensor.name] for tensor in op.inputs]

    def _leaving(self, op: Any, there: Optional[Here]) -> Optional[List[Value]]:
        return [Value()] if there is None else self._taken(op, there, {})

    def _run(self, op: Any, given: List[Value], here: Here, at: str) -> None:
        outputs: Dict[str, Noted] = {}
        flowing: List[Any] = []
        for number, tensor in enumerate(op.outputs):
            if op.type in SWITCH and given[1].array is not None and bool(given[1].array) != bool(number):
                continue
            noted = next(self._seen[tensor.name], None) if tensor.name in self._seen else None
            if noted is not None:
                outputs[str(number)] = noted
            if noted is not None or tensor.name not in self._seen:
                flowing.append(tensor)
        if op.outputs and not flowing:
            return
        self._ran.add(op)
        here[op.name] = Value()
        node, held = self._node(op, given, outputs, at)
        if outputs:
            self._trace.nodes.append(node)
        for tensor in flowing:
            noted = outputs.get(str(tensor.value_index))
            name = node.tensor(tensor.value_index) if noted else self._passed_on(op, given)
            name = None if tensor.name in self._changed else name
            here[tensor.name] = Value(name, noted.array if noted else None, held)

    def _node(
        self, op: Any, given: List[Value], outputs: Dict[str, Noted], at: str
    ) -> Tuple[Node, Optional[Held]]:
        """The node of an op, and what its output is the handle of."""
        kind, names, held = op.type, [value.name for value in given], None
        attributes = of_node_def(op.node_def, self._dtype)
        if kind in VARIABLES or self._reads_what_is_written(op):
            kind, names = "Variable", []
        elif is_on_handle(op):
            shape = outputs["0"].output.shape if "0" in outputs else []
            link = linked(op, given, shape)
            names = [None] if link is None else list(link.inputs)
            if link is not None:
                held = link.held
                attributes.update(link.attributes)
        elif op.type in _PASS:
            held = given[0].held
            if op.type in MERGE:
                attributes["came"] = given[0].came
        else:
            for value in given:
                _lose(value)
        changed = any(tensor.name in self._changed for tensor in op.outputs)
        if changed or None in names or any(self._may_be_overwritten(op, tensor) for tensor in op.inputs):
            kind, names = f"{op.type} of what is not visible", []
        found = {number: noted.output for number, noted in outputs.items()}
        return Node(op.name + at, kind, list(map(str, names)), found, attributes, self._line(op)), held

    @staticmethod
    def _passed_on(op: Any, given: List[Value]) -> Optional[str]:
        """A handle that goes into a loop stands for what it did."""
        return given[0].name if op.type in _PASS else None

    def _dtype(self, number: int) -> str:
        return str(self._tf.as_dtype(number).name)

    def _reads_what_is_written(self, op: Any) -> bool:
        return op.type in _READS and _origin(op.inputs[0]).name in self._written

    def _may_be_overwritten(self, op: Any, tensor: Any) -> bool:
        """Whether a tensor shares the memory of a variable that is assigned to before, or while, the op takes it."""
        if op.type.startswith("ResourceGather"):
            held = _origin(tensor).name
        elif tensor.op.type == "Identity":
            held = _origin(tensor.op.inputs[0]).name
        else:
            return False
        return held in self._written and op not in self._before_writing[held]


def _in_functions(graph: Any, ops: Iterable[Any]) -> Mapping[str, int]:
    """How many ops are in the functions of a While or If of TensorFlow 2, whose inside no session shows."""
    called = [
        (op.type, value.func.name)
        for op in ops
        for value in op.node_def.attr.values()
        if value.WhichOneof("value") == "func"
    ]
    unseen: Dict[str, int] = collections.Counter()
    sizes = {}
    if called:
        functions = graph.as_graph_def().library.function
        sizes = {one.signature.name: len(one.node_def) for one in functions}
    for kind, name in called:
        unseen[f"in a function ({kind})"] += sizes.get(name, 0)
    return unseen


def _place(at: str, iteration: int) -> str:
    """What is behind the name of an op in an iteration: ``@2``, and ``@2.0`` in a loop within a loop."""
    return f"{at}.{iteration}" if at else f"@{iteration}"


def _lose(value: Optional[Value]) -> None:
    """What a handle stands for is used where nobody sees it."""
    if value is not None and value.held is not None:
        value.held.lost = True


def _written(ops: List[Any]) -> Dict[str, List[Any]]:
    """The variables to which ops assign, with these ops: when such a variable is read makes a difference."""
    writers: Dict[str, List[Any]] = collections.defaultdict(list)
    for op in ops:
        if op.type in (*_READS, *_PASS, *_LOOKS):
            continue
        for tensor in op.inputs:
            origin = _origin(tensor)
            if origin.type in VARIABLES and (tensor.dtype._is_ref_dtype or origin.type == "VarHandleOp"):
                writers[origin.name].append(op)
    return writers


def _origin(tensor: Any) -> Any:
    """The op that a handle or a reference comes from, on its way into a loop or a branch."""
    op = tensor.op
    while op.type in _PASS[:-2] and op.inputs:
        op = op.inputs[0].op
    return op


def _all_before(ops: List[Any]) -> Set[Any]:
    """What has run whenever one of the ops runs, for all of them."""
    found: Optional[Set[Any]] = None
    for op in ops:
        before = with_all_before([op])
        found = before if found is None else found & before
    return found or set()
