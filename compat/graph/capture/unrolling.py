"""The ops of a TensorFlow 1 graph as nodes without cycles: a while frame (Enter, Merge, Switch, NextIteration, Exit)
is one copy of its ops for every iteration, and of a branch there is what ran.

The frames are those of Yu et al., Dynamic control flow in large-scale machine learning, 2018.
"""

import collections
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from ...records import Output
from ..nodes import Node, Trace
from .attributes import of_node_def

#: Ops that are a variable; what they had before the run is written down.
VARIABLES = ("VariableV2", "Variable", "VarHandleOp", "TemporaryVariable")
#: Ops that read one.
_READS = ("Identity", "ReadVariableOp")
_LOOP_IN_LOOP, _BRANCH_IN_LOOP = "in a loop within a loop", "on a branch within a loop"
_SIDE_BY_SIDE = "in a loop whose iterations run side by side"
#: Tensor name -> what was written down, one for every time that it was computed.
Seen = Mapping[str, List[Output]]


class Loops:
    """``order``: the ops in the order of flow.  ``members``: of every loop, by name, its ops in that order."""

    def __init__(self, graph: Any, ops: Set[Any]) -> None:
        self._places = {op.name: _place(op) for op in ops}
        self._ops = [op for op in graph.get_operations() if op in ops]
        self._overlapping = {
            self._places[op.name][0]
            for op in ops
            if op.type == "Enter" and op.get_attr("parallel_iterations") != 1
        }
        unordered = collections.defaultdict(list)
        for op in self._ops:
            if self.loop(op):
                unordered[self.loop(op)].append(op)
        self.members: Dict[str, List[Any]] = unordered
        self.order = self._in_order()
        self.members = collections.defaultdict(list)
        for op in self.order:
            if self.loop(op):
                self.members[self.loop(op)].append(op)

    def loop(self, op: Any) -> str:
        """The name of the loop that an op runs in; "" outside of all."""
        return self._places[op.name][0]

    def why_not(self, op: Any) -> str:
        """Why the iterations of an op cannot be told apart; or nothing."""
        loop, why = self._places[op.name]
        return why or (_SIDE_BY_SIDE if loop in self._overlapping else "")

    def can_be_told(self, op: Any) -> bool:
        return not self.why_not(op)

    def _in_order(self) -> List[Any]:
        """Each after what it depends on, but for the edge that begins a loop anew; an Exit after all of its loop."""
        order: List[Any] = []
        met: Set[Any] = set()
        for first in self._ops:
            waiting = [(first, False)]
            while waiting:
                op, left = waiting.pop()
                if left:
                    order.append(op)
                elif op not in met:
                    met.add(op)
                    waiting.append((op, True))
                    waiting += [(one, False) for one in self._before(op)]
        return order

    def _before(self, op: Any) -> Iterator[Any]:
        if op.type == "Exit":
            yield from self.members[self.loop(op.inputs[0].op)]
        for one in [tensor.op for tensor in op.inputs] + list(op.control_inputs):
            if one.type != "NextIteration" and one.name in self._places:
                yield one


def _place(op: Any) -> Tuple[str, str]:
    """(the loop that an op runs in, why its iterations cannot be told apart)."""
    context, loops, branch = op._get_control_flow_context(), [], False
    if op.type == "Exit" and context is not None:
        context = context.outer_context
    while context is not None:
        if type(context).__name__ == "WhileContext":
            loops.append(context.name)
        branch |= type(context).__name__ == "CondContext" and not loops
        context = context.outer_context
    if len(loops) > 1:
        return loops[0], _LOOP_IN_LOOP
    return "".join(loops), _BRANCH_IN_LOOP if loops and branch else ""


def assembled(
    tf: Any, loops: Loops, seen: Seen, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
) -> Trace:
    """The Trace of what ran: ``seen`` of every tensor.  ``inputs``, ``outputs``: tensors by name."""
    return _Assembly(tf, loops, seen).trace(inputs, outputs)


class _Assembly:
    def __init__(self, tf: Any, loops: Loops, seen: Seen) -> None:
        self._tf = tf
        self._loops = loops
        self._seen = seen
        self._known: Set[str] = set()
        self._written = _written(loops.order)
        self._before_writing = {name: _all_before(writers) for name, writers in self._written.items()}
        self._trace = Trace()

    def trace(self, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Trace:
        unseen: Dict[str, int] = collections.Counter()
        placed: Set[str] = set()
        for op in self._loops.order:
            loop = self._loops.loop(op)
            if op.type == "Exit":
                inner = self._loops.loop(op.inputs[0].op)
                if inner not in placed:
                    placed.add(inner)
                    self._add_loop(inner)
            if not loop and self._add(op) is None and op.outputs:
                unseen["not computed (branch not taken)"] += 1
            elif self._loops.why_not(op):
                unseen[self._loops.why_not(op)] += 1
        self._trace.unseen = dict(unseen)
        self._trace.outputs = {name: tensor.name for name, tensor in outputs.items()}
        self._trace.inputs = {
            name: tensor.name for name, tensor in inputs.items() if tensor.name in self._known
        }
        return self._trace

    def _add_loop(self, loop: str) -> None:
        members = [op for op in self._loops.members[loop] if self._loops.can_be_told(op)]
        counts = [len(self._seen.get(tensor.name, ())) for op in members for tensor in op.outputs]
        for iteration in range(max(counts or [0])):
            for op in members:
                self._add(op, iteration)

    def _add(self, op: Any, iteration: Optional[int] = None) -> Optional[Node]:
        """The node of an op, in an iteration of its loop; None where it did not run then."""
        outputs = {}
        for number, tensor in enumerate(op.outputs):
            output = self._output(op, number, tensor.name, iteration)
            if output is not None:
                outputs[str(number)] = output
        if not outputs:
            return None
        name = op.name if iteration is None else f"{op.name}@{iteration}"
        kind, inputs = op.type, self._inputs(op, iteration)
        if kind in VARIABLES or self._reads_what_is_written(op):
            kind, inputs = "Variable", []
        elif inputs is None:
            kind, inputs = f"{op.type} of what is not visible", []
        node = Node(name, kind, inputs, outputs, of_node_def(op.node_def, self._dtype), line_of(op))
        self._trace.nodes.append(node)
        self._known.update(node.tensor(int(number)) for number in outputs)
        return node

    def _dtype(self, number: int) -> str:
        return str(self._tf.as_dtype(number).name)

    def _output(self, op: Any, number: int, tensor: str, iteration: Optional[int]) -> Optional[Output]:
        found = self._seen.get(tensor, [])
        if op.type == "Switch" and iteration is not None and number == 0:
            # The way out is taken once, when all other iterations have gone the other way.
            iteration -= len(self._seen.get(op.outputs[1].name, ()))
        place = iteration or 0
        return found[place] if 0 <= place < len(found) else None

    def _inputs(self, op: Any, iteration: Optional[int]) -> Optional[List[str]]:
        """The names of the tensors that it took; None where one of them is not visible."""
        if any(self._may_be_overwritten(op, tensor) for tensor in op.inputs):
            return None
        names = [self._input(op, tensor, iteration) for tensor in op.inputs]
        if op.type == "Merge":  # takes the one that came
            return [name for name in names if name in self._known][:1]
        return names if all(name in self._known for name in names) else None  # type: ignore[return-value]

    def _input(self, op: Any, tensor: Any, iteration: Optional[int]) -> Optional[str]:
        maker = tensor.op
        if not self._loops.loop(maker) or (
            op.type == "Enter" and self._loops.loop(maker) != self._loops.loop(op)
        ):
            return str(tensor.name)
        if maker.type == "NextIteration":
            iteration = (iteration or 0) - 1
        elif op.type == "Exit":
            iteration = len(self._seen.get(maker.outputs[1].name, ()))
        elif op.type == "Merge" and maker.type == "Enter" and iteration:
            return None
        node, _, number = tensor.name.rpartition(":")
        there = f"{node}@{iteration}:{number}"
        # What a loop is given from outside is there once, for all of its iterations.
        return there if there in self._known or maker.type != "Enter" else f"{node}@0:{number}"

    def _reads_what_is_written(self, op: Any) -> bool:
        return op.type in _READS and op.inputs[0].op.name in self._written

    def _may_be_overwritten(self, op: Any, tensor: Any) -> bool:
        """Whether a tensor shares the memory of a variable that is assigned to before, or while, the op takes it."""
        if tensor.op.type != "Identity" or not self._reads_what_is_written(tensor.op):
            return False
        return op not in self._before_writing[tensor.op.inputs[0].op.name]


def _written(ops: List[Any]) -> Dict[str, List[Any]]:
    """The variables to which ops assign, with these ops: when such a variable is read makes a difference."""
    writers: Dict[str, List[Any]] = collections.defaultdict(list)
    for op in ops:
        if op.type in _READS or op.type in ("ResourceGather", "VarIsInitializedOp"):
            continue
        for tensor in op.inputs:
            if tensor.op.type in VARIABLES and (
                tensor.dtype._is_ref_dtype or tensor.op.type == "VarHandleOp"
            ):
                writers[tensor.op.name].append(op)
    return writers


def _all_before(ops: List[Any]) -> Set[Any]:
    """What has run whenever one of the ops runs, for all of them."""
    found: Optional[Set[Any]] = None
    for op in ops:
        before: Set[Any] = set()
        waiting = [op]
        while waiting:
            one = waiting.pop()
            if one not in before:
                before.add(one)
                waiting += [tensor.op for tensor in one.inputs] + list(one.control_inputs)
        found = before if found is None else found & before
    return found or set()


def line_of(op: Any) -> str:
    """The line of the program that made an op: the last that is neither the framework's nor compat's."""
    for frame in reversed(list(op.traceback or ())):
        path = str(frame[0]).replace("\\", "/")
        if "site-packages" not in path and "/compat/" not in path and not path.startswith("<"):
            return f"{path.rpartition('/')[2]}:{frame[1]}"
    return ""
