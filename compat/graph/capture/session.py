"""Every tensor of a TensorFlow 1 graph, in one run: each is written down by an op of its own as soon as it is there.

An op that writes a tensor down (``tf.py_func``) takes part in the run like any other.  On a branch that is not taken it
does not run, so that what is dead is known without asking; within a loop it runs once an iteration, so that a while
frame is seen from inside; and the runtime lets go of every tensor as soon as nobody needs it, so that no more is held
than the run holds anyway.  Fetching would need all of them at once, fails for one that is dead ("Retval[0] does not
have value"), and cannot look into a loop.
"""

import collections
import contextlib
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Set

import numpy as np

from ...arrays import Array, plain
from ..nodes import Keep, Trace
from .alone import Room, inputs_measured, of_session
from .frames import ENTER, EXIT, NEXT, Frames
from .together import batches, variable_bytes
from .unrolling import VARIABLES, Noted, assembled, telling

if TYPE_CHECKING:
    from ...record.alone import Alone

_INVISIBLE = ("resource", "variant")


def traced(
    tf: Any,
    session: Any,
    outputs: Mapping[str, Any],
    feed: Mapping[Any, Any],
    keep: Keep,
    inputs: Optional[Mapping[str, Any]] = None,
    alone: Optional["Alone"] = None,
) -> Trace:
    """The Trace of all that the ``outputs`` (tensors by name) depend on, computed once in that session.

    ``feed``: as ``Session.run`` takes it.  ``inputs``: the placeholders by the names of the sample's inputs.
    The session's graph keeps the ops that write: use it for nothing else afterwards.  Loops are seen from inside where
    the graph was built within ``one_by_one``.  ``alone``: measures the nodes that no rule is known of.
    """
    ops = _ancestors(outputs.values())
    frames = Frames(session.graph, ops)
    seen = _Seen(tf, keep, telling(ops), inputs_measured(ops, alone))
    _note_variables(session, feed, frames.order, seen)
    probes = [
        seen.probe(session.graph, tensor)
        for op in frames.order
        if op.type not in VARIABLES and not _shares_memory(op) and frames.can_be_told(op)
        for tensor in op.outputs
        if tensor.dtype.base_dtype.name not in _INVISIBLE
    ]
    session.run(probes + [tensor.op for tensor in outputs.values()], feed)
    trace = assembled(tf, frames, seen.noted, inputs or {}, outputs)
    if alone is not None:
        of_session(tf, session, trace, seen.held, alone)
    return trace


def _note_variables(session: Any, feed: Mapping[Any, Any], order: List[Any], seen: "_Seen") -> None:
    """Write down what the variables have before the run, and what reads them without a copy.

    What is written down of those later may be what was assigned since: whoever can trust it reads before that.
    """
    readers = collections.defaultdict(list)
    for op in order:
        if _shares_memory(op):
            readers[op.inputs[0].op].append(op.outputs[0].name)
    variables = [(op, variable_bytes(op)) for op in order if op.type in VARIABLES]
    for some in batches(variables):
        values = [op.outputs[0] if op.type != "VarHandleOp" else read_variable(op) for op in some]
        for op, array in zip(some, session.run(values, feed)):
            for name in (op.outputs[0].name, *readers[op]):
                seen.note(name, array)


@contextlib.contextmanager
def one_by_one(tf: Any, graph: Any, wanted: bool = True) -> Iterator[None]:
    """Within, and where it is wanted, the iterations of every loop that the graph gets run one after the other.

    Only so can they be told apart.  It is said while the graph is built, as TensorFlow takes no change of what a
    session has once run.
    """
    made = graph._create_op_helper

    def one_iteration(op: Any, *options: Any, **more: Any) -> None:
        if wanted and op.type in ENTER:
            op._set_attr("parallel_iterations", tf.AttrValue(i=1))
        made(op, *options, **more)

    graph._create_op_helper = one_iteration
    try:
        yield
    finally:
        graph._create_op_helper = made


def read_variable(handle: Any) -> Any:
    """The tensor of what the variable has whose VarHandleOp that is."""
    from tensorflow.python.ops import gen_resource_variable_ops  # TensorFlow 1.13 has no raw_ops

    return gen_resource_variable_ops.read_variable_op(handle.outputs[0], handle.get_attr("dtype"))


def _shares_memory(op: Any) -> bool:
    """Whether the op reads a variable without a copy of it."""
    return op.type == "Identity" and op.inputs[0].op.type in VARIABLES and op.inputs[0].dtype._is_ref_dtype


def _ancestors(tensors: Any) -> Set[Any]:
    """The ops that the tensors depend on, also by control edges: what assigns to a variable counts."""
    found: Set[Any] = set()
    waiting = [tensor.op for tensor in tensors]
    while waiting:
        op = waiting.pop()
        if op not in found:
            found.add(op)
            waiting += [tensor.op for tensor in op.inputs] + list(op.control_inputs)
    return found


class _Seen:
    """``noted``: of each tensor what was written down, one for every time that it was computed.

    ``telling``: the tensors whose numbers say which way, or which element.  ``held``: the arrays of the tensors
    ``hold`` that are not too large, by their digest.
    """

    def __init__(self, tf: Any, keep: Keep, telling: Set[str], hold: Set[str]) -> None:
        self._tf = tf
        self._keep = keep
        self._telling, self._hold, self._room = telling, hold, Room()
        self.noted: Dict[str, List[Noted]] = collections.defaultdict(list)
        self.held: Dict[str, Array] = {}

    def note(self, name: str, value: Any, dtype: Optional[str] = None) -> None:
        array, own = plain(value)
        output = self._keep(array, dtype or own)
        if name in self._hold and self._room.takes(array.size):
            self.held[output.digest] = array.copy()
        self.noted[name].append(Noted(output, np.array(array) if name in self._telling else None))

    def probe(self, graph: Any, tensor: Any) -> Any:
        """An op of the graph that writes the tensor down.

        What comes from the iteration before is written down where it goes there: TensorFlow 1.14 refuses an op that
        nothing but a NextIteration leads to ("a bug in deadness analysis").
        """
        tf, name, dtype = self._tf, tensor.name, tensor.dtype.base_dtype.name
        if tensor.op.type in NEXT:
            tensor = tensor.op.inputs[0]
        self.noted[name] = []  # it may never run

        def write(value):
            self.note(name, value, dtype if dtype == "bfloat16" else None)
            return np.int64(0)

        with _beside(graph, tensor.op):
            seen = tf.cast(tensor, tf.float32) if dtype == "bfloat16" else tensor
            op = tf.py_func(write, [seen], tf.int64, stateful=True).op
        graph._unfetchable_ops.discard(op)
        return op


@contextlib.contextmanager
def _beside(graph: Any, op: Any) -> Iterator[None]:
    """Within, ops are made where the output of that op is, in its loop or branch.

    From outside TensorFlow would refuse to take it; and what a loop or a branch does with an op that is built in it,
    as to bring in what it takes, is done for all that is there already.
    """
    context = op._get_control_flow_context()
    if context is not None and op.type in EXIT:
        context = context.outer_context
    outside = graph._get_control_flow_context()
    with graph.control_dependencies(None):
        graph._set_control_flow_context(context)
        try:
            if context is not None:
                context.AddOp = lambda op: None
            yield
        finally:
            graph._set_control_flow_context(outside)
            if context is not None:
                del context.AddOp
