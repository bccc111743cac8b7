"""The legacy graph on other inputs than those of its run: seeded, and computed by its own rules.

A recorded graph is a specification: its nodes in float64, with the variables that were recorded, say what it makes of
any inputs of these shapes.  So nothing of the legacy program has to run again, which this process may not even be able
to: a program of tf.contrib, or one that trains first.
"""

from typing import Dict, List, Set, Tuple

import numpy as np

from ...arrays import UNIT_ROUNDOFF, Array, round_to
from ...errors import CompatError
from ...graph.nodes import SOURCES, Node, Trace
from ...graph.replay import Replay
from ...judge.graphs import Side
from ...objects import Memory
from ...records import Output
from ...reference.nodes import Taken
from ...reference.nodes.flows import value_of
from ...reference.nodes.registry import NoRule
from ..sides import Recorded

#: Ops whose first or second input says which way is taken.
_CHOOSING = {"Switch": 1, "RefSwitch": 1, "LoopCond": 0, "If": 0, "StatelessIf": 0}


def fresh(legacy: Recorded, seed: int, scale: float = 1.0) -> Recorded:
    """The legacy side on inputs drawn with that seed.  ``scale``: of floating inputs of both signs, so many times
    as large.

    Raises CompatError where a node that follows from them has no rule, or takes another branch.
    """
    drawn = {
        name: (_drawn(array, name, seed, scale), dtype) for name, (array, dtype) in legacy.inputs.items()
    }
    return on(legacy, drawn)


def on(legacy: Recorded, inputs: Dict[str, Tuple[Array, str]]) -> Recorded:
    """The legacy side on these inputs, of the shapes that it had.  Raises CompatError as ``fresh`` does."""
    arrays = {name: array for name, (array, _) in inputs.items()}
    return Recorded(
        legacy.name, _computed(legacy.side, arrays), inputs, legacy.random, legacy.source, None, ""
    )


def _drawn(array: Array, name: str, seed: int, scale: float) -> Array:
    """Numbers of the same kind: what is one number, or true and false, stays, for it says what is to be computed.

    Whole numbers are drawn between the least and the largest there is; so are floating ones of one sign; of others
    mean and deviation are the same.  What has few values, as a mask or classes as ones, gets its rows in another order.
    """
    if array.ndim == 0 or array.size < 2 or array.dtype.kind not in "fiu":
        return array
    draw = np.random.RandomState([seed, *name.encode("utf-8")])
    if array.dtype.kind in "iu":
        least, most = np.amin(array), np.amax(array)
        return draw.randint(int(least), int(most) + 1, array.shape).astype(array.dtype)
    wide = array.astype(np.float64)
    low, high = float(np.amin(wide)), float(np.amax(wide))
    if not np.isfinite(wide).all() or len(np.unique(wide)) <= 2:
        return array[draw.permutation(len(array))]
    if low >= 0 or high <= 0:
        return draw.uniform(low, high, array.shape).astype(array.dtype)
    return (wide.mean() + scale * wide.std() * draw.normal(size=array.shape)).astype(array.dtype)


def _computed(side: Side, arrays: Dict[str, Array]) -> Side:
    """The graph with what it makes of these inputs."""
    kept, replay = Memory(), Replay(side.trace, side.read)
    by_tensor = {side.trace.inputs[name]: array for name, array in arrays.items()}
    now: Dict[str, Array] = {}
    made: Set[str] = set()
    follows: Set[str] = set()
    nodes: List[Node] = []
    for node in side.trace.nodes:
        if node.tensor() in by_tensor:
            now[node.tensor()] = by_tensor[node.tensor()]
        elif node.op in SOURCES or not any(name in follows for name in node.inputs):
            nodes.append(node)
            continue
        else:
            missing = [name for name in node.inputs if name in follows and name not in now]
            if missing:
                raise CompatError(f"{node.name}: what no rule tells of {missing[0]} is wanted")
            now.update(_made_of(replay, node, now))
        follows.update(node.tensor(int(number)) for number in node.outputs)
        outputs = {}
        for number, output in node.outputs.items():
            array = now.get(node.tensor(int(number)))
            if array is None:
                continue
            digest = kept.add(array)
            made.add(digest)
            outputs[number] = Output(digest, output.dtype, list(array.shape))
        nodes.append(Node(node.name, node.op, node.inputs, outputs, node.attributes, node.source))
    trace = Trace(nodes, side.trace.inputs, side.trace.outputs, side.trace.unseen, side.trace.variables)

    def read(digest: str) -> Array:
        return kept.read(digest) if digest in made else side.read(digest)

    return Side(trace, read)


def _made_of(replay: Replay, node: Node, now: Dict[str, Array]) -> Dict[str, Array]:
    """The node's outputs, of those of its inputs that are others now and those that are not."""
    inputs = [now[name] if name in now else replay.recorded(name) for name in node.inputs]
    place = _CHOOSING.get(node.op)
    if place is not None and not np.array_equal(inputs[place], replay.recorded(node.inputs[place])):
        raise CompatError(f"{node.name}: takes another branch, or another number of steps, on other inputs")
    try:
        flows = replay.flows(node, list(inputs))
    except (Taken, NoRule) as why:
        if isinstance(why, Taken) and why.random:  # as good as any, where what comes of it is not random
            return {node.tensor(int(n)): replay.recorded(node.tensor(int(n))) for n in node.outputs}
        raise CompatError(f"{node.name}: {node.op} cannot be computed on other inputs ({why})") from None
    found = {}
    for number, output in node.outputs.items():
        tensor = node.tensor(int(number))
        flow = flows[int(number)] if int(number) < len(flows) else None
        if flow is not None:  # what no rule tells is not there, as the mean that only training has
            found[tensor] = _in_dtype(np.asarray(value_of(flow)), output.dtype)
    return found


def _in_dtype(array: Array, dtype: str) -> Array:
    if dtype in UNIT_ROUNDOFF:
        with np.errstate(all="ignore"):
            return round_to(array, dtype)
    return array.astype(np.dtype(dtype)) if dtype != "string" else array


def several(legacy: Recorded, first: int) -> Tuple[List[Recorded], List[Recorded]]:
    """(on inputs like those that were recorded, on larger ones): relu6 is relu where nothing comes near to 6.

    Seeds whose inputs take another branch are left out.  Raises CompatError where there are none.
    """
    like: List[Recorded] = []
    larger: List[Recorded] = []
    why = ""
    for seed in range(first, first + 8):
        try:
            if len(like) < 2:
                like.append(fresh(legacy, seed))
            elif not larger:
                larger.append(fresh(legacy, seed, 4.0))
        except CompatError as error:
            why = why or str(error)
    if len(like) < 2 or not larger:
        raise CompatError(f"the legacy graph cannot be computed on other inputs: {why}")
    return like, larger
