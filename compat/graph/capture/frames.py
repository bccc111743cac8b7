"""The while frames of a TensorFlow 1 graph: which op runs in which, and after which.

A loop is a frame (Enter, Merge, Switch, NextIteration, Exit), and a loop within a loop a frame of a frame, as in
Yu et al., Dynamic control flow in large-scale machine learning, 2018.
"""

import collections
from typing import Any, Dict, Iterator, List, Set, Tuple

#: The names of the loops that an op runs in, the outermost first; () outside of all.
Frame = Tuple[str, ...]

ENTER, EXIT = ("Enter", "RefEnter"), ("Exit", "RefExit")
NEXT = ("NextIteration", "RefNextIteration")
MERGE, SWITCH = ("Merge", "RefMerge"), ("Switch", "RefSwitch")
_SIDE_BY_SIDE = "in a loop whose iterations run side by side"


class Frames:
    """``order``: the ops in the order of flow.  ``members``: of every frame its own ops, in that order.

    An Exit counts to the frame that it leads to, and comes after all that runs in the loop it leaves.
    """

    def __init__(self, graph: Any, ops: Set[Any]) -> None:
        self.graph = graph
        self._ops = ops
        self._waits = {op: list(op.control_inputs) for op in ops}
        self._within: Dict[Frame, List[Any]] = collections.defaultdict(list)
        self._frames: Dict[str, Frame] = {}
        made = [op for op in graph.get_operations() if op in ops]
        for op in self._sorted(made):
            self._frames[op.name] = frame = self._frame(op)
            self._within[frame].append(op)
        self._overlapping = {
            self.of(op) for op in ops if op.type in ENTER and op.get_attr("parallel_iterations") != 1
        }
        self.order = self._sorted(made)
        self.members: Dict[Frame, List[Any]] = collections.defaultdict(list)
        for op in self.order:
            self.members[self.of(op)].append(op)

    def of(self, op: Any) -> Frame:
        return self._frames[op.name]

    def waits_for(self, op: Any) -> List[Any]:
        """What it waited for when these were made: what looks at its inputs may have been added since."""
        return self._waits[op]

    def why_not(self, frame: Frame) -> str:
        """Why the iterations of a frame cannot be told apart; or nothing."""
        outer = (frame[: depth + 1] for depth in range(len(frame)))
        return _SIDE_BY_SIDE if any(one in self._overlapping for one in outer) else ""

    def can_be_told(self, op: Any) -> bool:
        return not self.why_not(self.of(op))

    def _frame(self, op: Any) -> Frame:
        before = [self._frames[one.name] for one in self._straight(op)]
        frame = max(before, key=len) if before else ()
        if op.type in ENTER:
            return (*frame, op.get_attr("frame_name").decode("utf-8"))
        return frame[:-1] if op.type in EXIT else frame

    def _sorted(self, made: List[Any]) -> List[Any]:
        """Each after what it depends on, but for the edges that begin a loop anew."""
        order: List[Any] = []
        met: Set[Any] = set()
        for first in made:
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
        if op.type in EXIT and op.name in self._frames:
            yield from self._within[self.of(op.inputs[0].op)]
        yield from self._straight(op)

    def _straight(self, op: Any) -> Iterator[Any]:
        """What an op takes and waits for, without the iteration before."""
        for one in [tensor.op for tensor in op.inputs] + self._waits[op]:
            if one.type not in NEXT and one in self._ops:
                yield one
