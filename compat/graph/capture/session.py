"""Every tensor of a TensorFlow 1 graph, in one run: each is written down by an op of its own as soon as it is there.

An op that writes a tensor down (``tf.py_func``) takes part in the run like any other.  On a branch that is not taken it
does not run, so that what is dead is known without asking; within a loop it runs once an iteration, so that a while
frame is seen from inside; and the runtime lets go of every tensor as soon as nobody needs it, so that no more is held
than the run holds anyway.  Fetching would need all of them at once, fails for one that is dead ("Retval[0] does not
have value"), and cannot look into a loop.
"""

import collections
import contextlib
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Set

import numpy as np

from ...arrays import Array, plain
from ..nodes import Keep, Trace
from .adding import Added
from .alone import Room, inputs_measured, of_session
from .flow import with_all_before
from .frames import ENTER, EXIT, MERGE, NEXT, Frames
from .lines import line_of
from .together import batches, variable_bytes
from .unrolling import VARIABLES, Noted, assembled, telling
from .variables import readable

if TYPE_CHECKING:
    from ...record.alone import Alone

#: Ops that run, or lead, into other frames than they take from, or do not wait for all that they take.
_FRAMES_MEET = (*ENTER, *EXIT, *MERGE, *NEXT)
_INVISIBLE = ("resource", "variant")


def traced(
    tf: Any,
    session: Any,
    outputs: Mapping[str, Any],
    feed: Mapping[Any, Any],
    keep: Keep,
    inputs: Optional[Mapping[str, Any]] = None,
    alone: Optional["Alone"] = None,
    line: Callable[[Any], str] = line_of,
) -> Trace:
    """The Trace of all that the ``outputs`` (tensors by name) depend on, computed once in that session.

    ``feed``: as ``Session.run`` takes it.  ``inputs``: the placeholders by the names of the sample's inputs.
    The session's graph keeps the ops that write: use it for nothing else afterwards.  Loops are seen from inside where
    the graph was built within ``one_by_one``.  ``alone``: measures the nodes that no rule is known of.  ``line``: of
    the program, that made an op.
    """
    return Watched(tf, session.graph, outputs, keep, alone).run(session, feed, inputs or {}, line)


class Watched:
    """A graph in which every tensor that the ``outputs`` depend on is looked at when it is run.

    Apart from the run: TensorFlow takes a graph that has grown since the last one in anew, the whole of it, and every
    new set of what is asked for costs a walk over it.
    """

    def __init__(
        self, tf: Any, graph: Any, outputs: Mapping[str, Any], keep: Keep, alone: Optional["Alone"] = None
    ) -> None:
        self._tf, self._outputs, self._alone = tf, outputs, alone
        ops = with_all_before(tensor.op for tensor in outputs.values())
        self._frames = frames = Frames(graph, ops)
        self._seen = _Seen(tf, keep, telling(ops), inputs_measured(ops, alone))
        variables = [op for op in frames.order if op.type in VARIABLES]
        self._variables = list(zip(variables, readable(tf, graph, variables)))
        self._visible = [
            tensor
            for op in frames.order
            if op.type not in VARIABLES and not _shares_memory(op) and frames.can_be_told(op)
            for tensor in op.outputs
            if tensor.dtype.base_dtype.name not in _INVISIBLE
        ]
        self._probes = self._seen.probes(graph, self._visible)
        self._asked = [*self._probes.values(), *(tensor.op for tensor in outputs.values())]

    def results(self, session: Any, feed: Mapping[Any, Any], tensors: List[Any]) -> List[Any]:
        """What the tensors are, nothing written down.  Asks for the same as a run does, so that it costs one walk."""
        *_, found = session.run([*self._asked, tensors], feed)
        return list(found)

    def run(
        self,
        session: Any,
        feed: Mapping[Any, Any],
        inputs: Mapping[str, Any],
        line: Callable[[Any], str],
        tensors: Sequence[Any] = (),
    ) -> Trace:
        """Once, as ``traced``; the ``tensors`` as in ``results``."""
        self._note_variables(session, feed)
        with self._seen.writing():
            self.results(session, feed, list(tensors))
        trace = assembled(self._tf, self._frames, self._seen.noted, inputs, self._outputs, line)
        if self._alone is not None:
            of_session(self._tf, session, trace, self._seen.held, self._alone)
        return trace

    def let_wait(self) -> None:
        """What takes a tensor will wait until it was looked at: else any number of tensors may be held until then.

        To be asked for before a session runs the graph: TensorFlow takes no change afterwards of what was there.
        """
        there = set(self._frames.order)
        for tensor in self._visible:
            frame = self._frames.of(tensor.op)
            for op in there.intersection(tensor.consumers()):
                if op.type not in _FRAMES_MEET and self._frames.of(op) == frame:
                    op._add_control_input(self._probes[tensor.name])

    def _note_variables(self, session: Any, feed: Mapping[Any, Any]) -> None:
        """Write down what the variables have before the run, and what reads them without a copy.

        What is written down of those later may be what was assigned since: whoever can trust it reads before that.
        """
        readers = collections.defaultdict(list)
        for op in self._frames.order:
            if _shares_memory(op):
                readers[op.inputs[0].op].append(op.outputs[0].name)
        for some in batches((pair, variable_bytes(pair[0])) for pair in self._variables):
            for (op, _), array in zip(some, session.run([value for _, value in some], feed)):
                for name in (op.outputs[0].name, *readers[op]):
                    self._seen.note(name, array)


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


def _shares_memory(op: Any) -> bool:
    """Whether the op reads a variable without a copy of it."""
    return op.type == "Identity" and op.inputs[0].op.type in VARIABLES and op.inputs[0].dtype._is_ref_dtype


class _Seen:
    """``noted``: of each tensor what was written down, one for every time that it was computed.

    ``telling``: the tensors whose numbers say which way, or which element.  ``held``: the arrays of the tensors
    ``hold`` that are not too large, by their digest.
    """

    def __init__(self, tf: Any, keep: Keep, telling: Set[str], hold: Set[str]) -> None:
        self._tf = tf
        self._keep = keep
        self._telling, self._hold, self._room = telling, hold, Room()
        self._functions: List[Any] = []  # TensorFlow itself keeps none of them
        self._writes = False
        self.noted: Dict[str, List[Noted]] = collections.defaultdict(list)
        self.held: Dict[str, Array] = {}

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Within, what is looked at is written down."""
        self._writes = True
        try:
            yield
        finally:
            self._writes = False

    def note(self, name: str, value: Any, dtype: Optional[str] = None) -> None:
        array, own = plain(value)
        output = self._keep(array, dtype or own)
        if name in self._hold and self._room.takes(array.size):
            self.held[output.digest] = array.copy()
        self.noted[name].append(Noted(output, np.array(array) if name in self._telling else None))

    def probes(self, graph: Any, tensors: List[Any]) -> Dict[str, Any]:
        """For each tensor, by its name, an op of the graph that writes it down."""
        together: Dict[Any, List[Any]] = collections.defaultdict(list)
        for tensor in tensors:
            together[_context(tensor.op)].append(tensor)
        found: Dict[str, Any] = {}
        for context, some in together.items():
            added = Added(self._tf, graph)
            for tensor in some:
                self._add_probe(added, tensor)
            with _within(graph, context):
                ops = added.made()
            found.update(zip((tensor.name for tensor in some), (op for op in ops if op.type == "PyFunc")))
        graph._unfetchable_ops.difference_update(found.values())
        return found

    def _add_probe(self, added: Added, tensor: Any) -> None:
        """What comes from the iteration before is written down where it goes there: TensorFlow 1.14 refuses an op that
        nothing but a NextIteration leads to ("a bug in deadness analysis").
        """
        tf, name, dtype = self._tf, tensor.name, tensor.dtype.base_dtype
        if tensor.op.type in NEXT:
            tensor = tensor.op.inputs[0]
        self.noted[name] = []  # it may never run
        known = "bfloat16" if dtype == tf.bfloat16 else None

        def write(value):
            if self._writes:
                self.note(name, value, known)
            return np.int64(0)

        seen = added.op("Cast", [tensor], {"SrcT": dtype, "DstT": tf.float32}) if known else tensor
        kind = tf.float32 if known else dtype
        added.op("PyFunc", [seen], {"token": self._token(write), "Tin": [kind], "Tout": [tf.int64]})

    def _token(self, write: Any) -> bytes:
        """By what TensorFlow calls the function, for as long as this is there."""
        from tensorflow.python.ops import script_ops  # tf.py_func makes its op by itself

        self._functions.append(write)
        return str(script_ops._py_funcs.insert(write)).encode("utf-8")


def _context(op: Any) -> Any:
    """The loop or the branch that the output of an op is in."""
    context = op._get_control_flow_context()
    return context.outer_context if context is not None and op.type in EXIT else context


@contextlib.contextmanager
def _within(graph: Any, context: Any) -> Iterator[None]:
    """Within, ops are made in that loop or branch.

    From outside TensorFlow would refuse to take what is in it; and what a loop or a branch does with an op that is
    built in it, as to bring in what it takes, is done for all that is there already.
    """
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
