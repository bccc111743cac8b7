"""The nodes of a trace in float64: each alone on the tensors that it was given, or several in a row.

Alone, a node is judged whatever went wrong before it.  In a row, from given tensors on, the nodes are a specification
for tensors that somebody else computed: what rounding may have done on the way is carried along.
"""

import collections
import types
from typing import Any, Callable, Container, Dict, List, Mapping, NamedTuple, Optional, Sequence

import numpy as np

from ..arrays import Array
from ..reference.bounds import Reference
from ..reference.nodes import NodeCall, Taken, answer
from ..reference.nodes.registry import UNREAD, Flow, NoRule, as_reference
from .alone import AsMeasured, as_measured, onward
from .idioms import raised
from .lazily import Lazily, lazily
from .nodes import SOURCES, Node, Read, Trace

#: digest -> array.
#: What stands for a node's rule: the node's call and what it takes -> a Flow for each output.
Other = Callable[[NodeCall, List[Flow]], List[Optional[Flow]]]


_NOTHING: Mapping[str, Any] = types.MappingProxyType({})
#: Bytes of arrays that are kept after they were read: most are needed again by the next nodes.
_KEPT = 1 << 26


class Recently:
    """A ``Read`` that keeps what was read last."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._kept: collections.OrderedDict[str, Array] = collections.OrderedDict()
        self._size = 0

    def __call__(self, digest: str) -> Array:
        if digest in self._kept:
            self._kept.move_to_end(digest)
            return self._kept[digest]
        array = self._read(digest)
        if array.nbytes <= _KEPT:
            self._kept[digest] = array
            self._size += array.nbytes
        while self._size > _KEPT:
            self._size -= self._kept.popitem(last=False)[1].nbytes
        return array


def recently(read: Read) -> Read:
    """``read``, with the arrays that were read last kept, once whoever asks for it."""
    return read if isinstance(read, Recently) else Recently(read)


#: Of a node in a row, when it is known what comes of it.
KNOWN = ("bounded", "measured", "taken")


class Step(NamedTuple):
    """What must come of one node: ``answers`` by number of the output.

    ``how``: "bounded" by a rule, "measured" alone where there is none, "taken" as it was recorded, "unruled" where
    nothing is known.
    """

    answers: Dict[str, Reference]
    how: str
    why: str = ""


class Replay:
    """The nodes of a trace, computed in float64."""

    def __init__(self, trace: Trace, read: Read) -> None:
        self.trace = trace
        self._read = recently(read)
        self._tensors = trace.tensors()
        self._makers = trace.makers()
        self._places = {node.name: number for number, node in enumerate(trace.nodes)}

    def recorded(self, tensor: str) -> Array:
        return self._read(self._tensors[tensor].digest)

    def dtype(self, tensor: str) -> str:
        return self._tensors[tensor].dtype

    def shape(self, tensor: str) -> List[int]:
        return self._tensors[tensor].shape

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
            alone = self.as_measured(node, inputs)
            return Step(dict(alone.answers), "measured") if alone else Step({}, "unruled", str(why))
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

    def as_measured(self, node: Node, inputs: Sequence[Optional[Flow]]) -> Optional[AsMeasured]:
        """What was measured of the node alone, on these inputs or close to them."""
        if not node.measured:
            return None
        recorded = [self.recorded(name) for name in node.inputs]
        return as_measured(node, inputs, recorded, [self.dtype(name) for name in node.inputs], self._read)

    def between(self, tensor: str, given: Container[str]) -> List[Node]:
        """The nodes that a tensor follows from, in the order of flow; none beyond the given tensors."""
        wanted: Dict[str, Node] = {}
        waiting = [tensor]
        while waiting:
            name = waiting.pop()
            node = self._makers[name]
            if name not in given and node.name not in wanted:
                wanted[node.name] = node
                waiting += node.inputs
        return sorted(wanted.values(), key=lambda node: self._places[node.name])

    def follow(
        self, tensor: str, given: Mapping[str, Array], carried: Mapping[str, Reference] = _NOTHING
    ) -> "Followed":
        """What must have come of the ``given`` tensors, and of answers ``carried`` in the place of others."""
        return Followed(self, tensor, given, carried)


class Followed:
    """The nodes between given tensors and one that follows from them.

    ``reference()`` computes them; ``given`` in the order of ``inputs``.
    """

    def __init__(
        self,
        replay: Replay,
        tensor: str,
        given: Mapping[str, Array],
        carried: Mapping[str, Reference] = _NOTHING,
    ) -> None:
        self._replay = replay
        self.tensor = tensor
        self._offered, self._carried = lazily(given), carried
        self._nodes: Optional[List[Node]] = None
        self._given: Optional[Lazily] = None
        #: Of each node "bounded", "measured", "taken" or why it is none of them, as ``reference`` finds it.
        self.hows: Dict[str, str] = {}
        #: Whether one was measured on inputs that are not these, but close: what follows speaks for a result only.
        self.close = False
        #: By name, what nodes do instead of what their rules say.
        self.changed: Dict[str, Other] = {}

    @property
    def trace(self) -> Trace:
        """The whole graph."""
        return self._replay.trace

    def sources(self) -> Dict[str, Array]:
        """What the whole graph begins with, constants and variables, whether they are among the nodes or not."""
        nodes = [node for node in self.trace.nodes if node.op in SOURCES and "0" in node.outputs]
        return {node.tensor(): self.recorded(node.tensor()) for node in nodes}

    @property
    def nodes(self) -> List[Node]:
        """In the order of flow."""
        if self._nodes is None:
            self._nodes = self._replay.between(self.tensor, {*self._offered, *self._carried})
        return self._nodes

    @property
    def given(self) -> Mapping[str, Array]:
        """Those of the given tensors that the nodes take, by name."""
        if self._given is None:
            used = {name for node in self.nodes for name in node.inputs}
            self._given = self._offered.only(used)
        return self._given

    def settle(self) -> None:
        """Take of the given tensors what is needed: later ones may be added to them."""
        _ = self.given

    @property
    def dtype(self) -> str:
        """Of the tensor that follows."""
        return self._replay.dtype(self.tensor)

    def dtype_of(self, tensor: str) -> str:
        return self._replay.dtype(tensor)

    def shape_of(self, tensor: str) -> List[int]:
        return self._replay.shape(tensor)

    def recorded(self, tensor: str) -> Array:
        return self._replay.recorded(tensor)

    def call(self, node: Node) -> NodeCall:
        """The node as its rule sees it."""
        return self._replay.call(node)

    def through(self, nodes: List[Node]) -> "Followed":
        """The same with these nodes in the place of its own."""
        other = Followed(self._replay, self.tensor, self.given, self._carried)
        other._nodes, other._given, other.changed = nodes, self._given, self.changed
        return other

    def of(self, given: Lazily) -> "Followed":
        """The same of other arrays for all that is given, parts of them say."""
        other = Followed(self._replay, self.tensor, given)
        other._nodes, other._given, other.changed = self.nodes, given, self.changed
        return other

    @property
    def is_carried(self) -> bool:
        """Whether answers stand for some of what it follows from."""
        return bool(self._carried)

    def raised(self) -> "Followed":
        """The same with every idiom as one node, whose rule is a call that hypotheses speak of."""
        return self.through(raised(self.nodes))

    def giving(self, arrays: Mapping[str, Array]) -> "Followed":
        """The same from other arrays for some tensors, which are given then."""
        return Followed(self._replay, self.tensor, lazily(self.given).beside(lazily(arrays)))

    def but(self, changed: Mapping[str, Other]) -> "Followed":
        """The same with other nodes: by name what each does."""
        other = Followed(self._replay, self.tensor, self.given, self._carried)
        other.changed = dict(changed)
        return other

    def reference(self, *arrays: Any) -> Reference:
        """Of the ``given`` tensors, in their order, or of others in their place.  Raises NoRule."""
        self.close = False
        used = {name for node in self.nodes for name in node.inputs}
        flows: Dict[str, Optional[Flow]] = {n: flow for n, flow in self._carried.items() if n in used}
        flows.update(zip(self.given, arrays or self.given.values()))
        follows = set(flows)
        for node in self.nodes:
            depends = not follows.isdisjoint(node.inputs)
            found = self._through(node, [flows.get(name) for name in node.inputs], depends)
            flows.update(found)
            if depends:
                follows.update(node.tensor(int(number)) for number in node.outputs)
        answer = flows.get(self.tensor)
        if answer is None:
            unruled = {node: how for node, how in self.hows.items() if how not in KNOWN}
            raise NoRule(
                "; ".join(f"{node}: {why}" for node, why in list(unruled.items())[:3]) or "it did not run"
            )
        return as_reference(answer, self._replay.dtype(self.tensor))

    def _through(self, node: Node, inputs: List[Optional[Flow]], depends: bool) -> Dict[str, Optional[Flow]]:
        """What comes of a node; ``depends``: whether it follows from one of the given tensors."""
        self.hows[node.name] = "bounded"
        try:
            unread = UNREAD.get(node.op, ())
            inputs = [np.zeros(()) if n in unread and flow is None else flow for n, flow in enumerate(inputs)]
            if any(flow is None for flow in inputs):
                raise NoRule("it follows from a node without a rule")
            taken: List[Flow] = [onward(flow) for flow in inputs]  # type: ignore[misc]
            if node.name in self.changed:
                found = self.changed[node.name](self._replay.call(node), taken)
            else:
                found = self._replay.flows(node, taken)
        except (Taken, NoRule) as why:
            # What is drawn or read is what it was; what no rule covers only where the given tensors do not matter.
            if depends and not (isinstance(why, Taken) and why.random):
                alone = self._alone(node, inputs, why)
                if alone is not None:
                    return alone
                self.hows[node.name] = f"{node.op}: no rule" if str(why) == node.op else f"{node.op}: {why}"
                return {}
            self.hows[node.name] = "taken"
            names = [node.tensor(int(number)) for number in node.outputs]
            return {name: self._replay.recorded(name) for name in names}
        return {node.tensor(number): flow for number, flow in enumerate(found)}

    def _alone(
        self, node: Node, inputs: List[Optional[Flow]], why: Exception
    ) -> Optional[Dict[str, Optional[Flow]]]:
        """What comes of a node without a rule by what was measured of it, if that gives what was recorded."""
        if isinstance(why, Taken) or node.name in self.changed:
            return None
        found = self._replay.as_measured(node, inputs)
        if found is None or any(
            (node.measured or {})[number]["result"] != node.outputs[number].digest for number in found.answers
        ):
            return None
        self.hows[node.name] = "measured"
        self.close |= found.near
        return {node.tensor(int(number)): answer for number, answer in found.answers.items()}
