"""Every tensor of a trace judged by its own node, on the tensors that the node was given."""

from typing import Callable, Iterator, List, NamedTuple, Optional

from ..arrays import Array
from ..graph.nodes import Node, Trace
from ..graph.replay import Replay
from ..records import Numbers
from .compare import compare


class Judged(NamedTuple):
    """``tensor``: its name.  ``how``: "bounded" by a rule, "measured" alone; "taken" or "unruled": without numbers."""

    node: Node
    tensor: str
    how: str
    numbers: Optional[Numbers]
    why: str = ""


def judge_trace(trace: Trace, read: Callable[[str], Array]) -> Iterator[Judged]:
    """Of every tensor, in the order of flow, what the judge says of it.  ``read``: digest -> array."""
    replay = Replay(trace, read)
    for node in trace.nodes:
        step = replay.alone(node)
        for number, output in node.outputs.items():
            tensor = node.tensor(int(number))
            answer = step.answers.get(number)
            if answer is None:
                how = {"bounded": "taken", "measured": "unruled"}.get(step.how, step.how)
                yield Judged(node, tensor, how, None, step.why)
                continue
            numbers = compare(replay.recorded(tensor), output.dtype, answer, output.dtype)
            yield Judged(node, tensor, step.how, numbers)


def wrong(judged: List[Judged]) -> List[Judged]:
    return [one for one in judged if one.numbers is not None and one.numbers.word != "agrees"]
