"""What a graph from anywhere may not do, unless it is trusted: run Python, write files, or be no graph at all.

TensorFlow's own advice is that a graph is a program (https://github.com/tensorflow/tensorflow/security).  These checks
keep from running by accident what nobody meant to run; they are no sandbox.
"""

from typing import Dict, List, Set

from ..errors import CompatError
from .wire import GraphDef, NodeDef

#: Ops that run Python, and those that write where the graph says.
PYTHON_OPS = ("PyFunc", "PyFuncStateless", "EagerPyFunc")
WRITING_OPS = ("WriteFile", "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3", "DebugNumericSummary")
#: A constant, unpacked, takes less.
LARGEST_CONSTANT = (1 << 31) - 1
_TRUST = "--trust, if you know where it comes from"


def check_graph(where: str, graph: GraphDef, trust: bool) -> None:
    """Raises CompatError for a graph that is none, or that would do what nobody may do unasked."""
    for node in graph.every_node():
        if node.constant_bytes > LARGEST_CONSTANT:
            raise CompatError(
                f"{where}: the constant `{node.name}` takes {node.constant_bytes / 1e9:.1f} GB, and no graph of 2 GB "
                "and more can be read: keep it as a variable in a checkpoint"
            )
        if node.op in PYTHON_OPS and not trust:
            raise CompatError(f"{where}: `{node.name}` ({node.op}) would run Python code; {_TRUST}")
        if node.op in WRITING_OPS and not trust:
            raise CompatError(f"{where}: `{node.name}` ({node.op}) would write files; {_TRUST}")
    check_wiring(where, graph.nodes)


def check_wiring(where: str, nodes: List[NodeDef]) -> None:
    """Raises CompatError for two nodes of one name, inputs that are not there, and cycles other than those of loops."""
    by_name: Dict[str, NodeDef] = {}
    for node in nodes:
        if node.name in by_name:
            raise CompatError(f"{where}: two nodes are called `{node.name}`")
        by_name[node.name] = node
    before = {}
    for node in nodes:
        before[node.name] = [made_by(name) for name in node.inputs]
        for name in before[node.name]:
            if name not in by_name:
                raise CompatError(f"{where}: `{node.name}` takes `{name}`, which is not in the graph")
    # The edge that begins a loop anew leads from a NextIteration to a Merge.
    forward = {
        node.name: [
            name
            for name in before[node.name]
            if not (node.op.endswith("Merge") and by_name[name].op.endswith("NextIteration"))
        ]
        for node in nodes
    }
    cycle = _on_a_cycle(forward)
    if cycle:
        raise CompatError(f"{where}: `{cycle}` depends on itself: the graph has a cycle")


def made_by(tensor: str) -> str:
    """The node of an input as a file has it: ``^node``, ``node:1`` or ``node``."""
    return tensor.lstrip("^").partition(":")[0]


def _on_a_cycle(before: Dict[str, List[str]]) -> str:
    """A name from which one comes back to it; or nothing."""
    done: Set[str] = set()
    for first in before:
        under_way: Set[str] = set()
        waiting = [(first, False)]
        while waiting:
            name, left = waiting.pop()
            if left:
                under_way.discard(name)
                done.add(name)
            elif name in under_way:
                return name
            elif name not in done:
                under_way.add(name)
                waiting.append((name, True))
                waiting += [(other, False) for other in before[name] if other not in done]
    return ""
