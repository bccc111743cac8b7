"""The nodes of a trace in float64: each alone on the tensors that it was given, or several in a row.

Alone, a node is judged whatever went wrong before it.  In a row, from given tensors on, the nodes are a specification
for tensors that somebody else computed: what rounding may have done on the way is carried along.
"""

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from ..arrays import Array
from ..reference.bounds import Reference
from ..reference.nodes import NodeCall, Taken, answer
from ..reference.nodes.registry import Flow, NoRule, as_reference
from .nodes import SOURCES, Node, Trace

#: digest -> array.
Read = Callable[[str], Array]


class Step(NamedTuple):
    """What must come of one node: ``answers`` by number of the output.

    ``how``: "bounded" by a rule, "taken" as it was recorded, "unruled" where no rule is known.
    """

    answers: Dict[str, Reference]
    how: str
    why: str = ""


class Replay:
    """The nodes of a trace, computed in float64."""

    def __init__(self, trace: Trace, read: Read) -> None:
        self.trace = trace
        self._read = read
        self._tensors = trace.tensors()
        self._makers = trace.makers()

    def recorded(self, tensor: str) -> Array:
        return self._read(self._tensors[tensor].digest)

    def dtype(self, tensor: str) -> str:
        return self._tensors[tensor].dtype

    def call(self, node: Node) -> NodeCall:
        """The node as its rule sees it."""
        count = 1 + max(map(int, node.outputs), default=0)
        outputs = [node.outputs[str(n)].dtype if str(n) in node.outputs else "" for n in range(count)]
        return NodeCall(
            node.op, node.attributes, tuple(self.dtype(name) for name in node.inputs), tuple(outputs)
        )

    def alone(self, node: Node) -> Step:
        """What must come of the node, given the tensors that were recorded for it."""
        return self._step(node, [self.recorded(name) for name in node.inputs])

    def _step(self, node: Node, inputs: List[Flow]) -> Step:
        try:
            flows = self.flows(node, inputs)
        except Taken as why:
            return Step({}, "taken", str(why))
        except NoRule as why:
            return Step({}, "unruled", str(why))
        answers = {
            number: as_reference(flow, node.outputs[number].dtype)
            for number, flow in ((str(n), flow) for n, flow in enumerate(flows))
            if flow is not None and number in node.outputs
        }
        return Step(answers, "bounded")

    def flows(self, node: Node, inputs: List[Flow]) -> List[Optional[Flow]]:
        """What the node makes of these.  Raises Taken, and NoRule."""
        if node.op in SOURCES:
            raise Taken(f"a {node.op.lower()}")
        return answer(self.call(node), inputs)

    def follow(self, tensor: str, given: Mapping[str, Array]) -> "Followed":
        """What must have come of the ``given`` tensors at ``tensor``."""
        return Followed(self, tensor, given)


class Followed:
    """The nodes between given tensors and one that follows from them.

    ``reference()`` computes them; ``given`` in the order of ``inputs``.
    """

    def __init__(self, replay: Replay, tensor: str, given: Mapping[str, Array]) -> None:
        self._replay = replay
        self.tensor = tensor
        self.nodes = replay.trace.ancestors([tensor], given)
        used = {name for node in self.nodes for name in node.inputs}
        self.given = {name: array for name, array in given.items() if name in used}
        #: Why it is not bounded by rules alone, for each node that is not: {node: why}.
        self.unruled: Dict[str, str] = {}

    def reference(self, *arrays: Any) -> Reference:
        """Of the ``given`` tensors, in their order, or of others in their place."""
        flows: Dict[str, Optional[Flow]] = dict(zip(self.given, arrays or self.given.values()))
        for node in self.nodes:
            flows.update(self._through(node, [flows.get(name) for name in node.inputs]))
        answer = flows.get(self.tensor)
        if answer is None:
            raise NoRule(f"{self.tensor} follows from {', '.join(self.unruled)}, which no rule covers")
        return as_reference(answer, self._replay.dtype(self.tensor))

    def _through(self, node: Node, inputs: List[Optional[Flow]]) -> Dict[str, Optional[Flow]]:
        try:
            if any(flow is None for flow in inputs):
                raise NoRule("it follows from a node without a rule")
            found = self._replay.flows(node, inputs)  # type: ignore[arg-type]
        except Taken:
            return self._as_recorded(node)
        except NoRule as why:
            if not self._depends(node):
                return self._as_recorded(node)
            self.unruled[node.name] = str(why)
            return {}
        return {node.tensor(number): flow for number, flow in enumerate(found)}

    def _as_recorded(self, node: Node) -> Dict[str, Optional[Flow]]:
        names = [node.tensor(int(number)) for number in node.outputs]
        return {name: self._replay.recorded(name) for name in names}

    def _depends(self, node: Node) -> bool:
        """Whether the node follows from one of the given tensors."""
        names = {
            name for one in self._replay.trace.ancestors([node.tensor()], self.given) for name in one.inputs
        }
        return not names.isdisjoint(self.given)
