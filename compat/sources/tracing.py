"""A Program run and recorded: twice to see whether it is random, then with every tensor written down."""

import time
from typing import Any, Callable, Dict, List, NamedTuple, Set, Tuple, Union

import numpy as np

from ..arrays import Array, digest, plain
from ..errors import CompatError, StoreError, Unsupported
from ..graph.capture.adding import is_added
from ..graph.capture.session import Watched
from ..graph.capture.unrolling import VARIABLES
from ..graph.nodes import Trace
from ..objects import Memory, Objects
from ..record.versions import threads
from ..records import Output
from . import training
from .choosing import chosen, needed_but_unfed, waiting_for
from .collecting import seldom_collected
from .graphs import tensorflow_1
from .inputs import SEED, fitted, made, matched
from .program import (
    PLACEHOLDERS,
    Program,
    Wish,
    ancestors,
    find_tensor,
    placeholders,
    point_of,
    shape_of,
    shape_text,
)

Tell = Callable[[str], None]
Progress = Callable[[int, int], None]


class Traced(NamedTuple):
    """``inputs``: arrays and their dtypes by name.  ``random``: outputs with other bits when they were run again."""

    trace: Trace
    inputs: Dict[str, Tuple[Array, str]]
    outputs: Dict[str, Output]
    random: List[str]
    seconds: float


@seldom_collected()
def trace_program(
    program: Program, wish: Wish, objects: Union[Objects, Memory], tell: Tell, progress: Progress
) -> Traced:
    """The trace of the Program on what the Wish gives, its tensors kept in ``objects``.

    Raises CompatError for inputs that are missing or do not fit, and for a graph that does not run.
    """
    names = input_names(program)
    given = matched(wish.arrays, list(names), wish.inputs_path) if wish.arrays is not None else {}
    outputs = _outputs(program, wish, {names[name].name for name in given}, tell)
    step = training.step_of(program, wish.train_op) if wish.training else None
    wanted = dict(outputs)
    if step is not None:
        wanted.update((f"step: {name}", tensor) for name, tensor in step.tensors.items())
        outputs = _with_loss(outputs, step)
    needed = {tensor.name for tensor in placeholders(wanted.values())}
    inputs = _inputs(program, wish, {n: t for n, t in names.items() if t.name in needed}, given, tell)
    tf = tensorflow_1()
    feed = {names[name]: array for name, (array, _) in inputs.items()}
    config = tf.ConfigProto(intra_op_parallelism_threads=threads(), inter_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    kept = _Keeping(objects, progress, len(ancestors(wanted.values())))
    run = _Run(program, feed, wish.arrays is None)
    watched = run.told(lambda: _watched(tf, program, {**wanted, **outputs}, kept))
    with program.graph.as_default(), tf.Session(graph=program.graph, config=config) as session:
        run.session = session
        first = run.results(watched, outputs)
        started = time.perf_counter()
        again = run.results(watched, outputs)
        seconds = time.perf_counter() - started
        random = [name for name in outputs if first[name] != again[name]]
        stepped = training.taken(tf, session, step, feed, program.restore) if step is not None else None
        trace = run.traced(watched, outputs, {name: names[name] for name in inputs})
        kept.done()
        trace.outputs = {name: trace.outputs[name] for name in outputs}
    _complete(trace, program)
    if step is not None and stepped is not None:
        training.add_to(tf, trace, step, stepped, kept, trace.outputs.values(), program.lines)
        trace.check()
        tell(training.said(trace, step))
    results = {name: trace.tensors()[tensor] for name, tensor in trace.outputs.items()}
    random += [name for name in outputs if name not in random and results[name].digest != first[name]]
    return Traced(trace, inputs, results, random, round(seconds, 6))


def summary(trace: Trace) -> str:
    """``95 tensors, 9 variables; 18 not computed (branch not taken); 47 inside a loop not visible``."""
    dead = sum(count for why, count in trace.unseen.items() if why.startswith("not computed"))
    inside = sum(trace.unseen.values()) - dead
    text = f"{len(trace.tensors())} tensors, {len(trace.variables or ())} variables"
    text += f"; {dead} not computed (branch not taken)" if dead else ""
    return text + (f"; {inside} inside a loop not visible" if inside else "")


def input_names(program: Program) -> Dict[str, Any]:
    """Every placeholder by the name of the input: that of the signature, or its own."""
    found = dict(program.inputs)
    known = {tensor.name for tensor in found.values()}
    for op in program.graph.get_operations():
        if op.type in PLACEHOLDERS and not is_added(op) and op.outputs[0].name not in known:
            found.setdefault(op.name, op.outputs[0])
    return found


def _outputs(program: Program, wish: Wish, fed: Set[str], tell: Tell) -> Dict[str, Any]:
    if wish.outputs:
        return {name: find_tensor(program, name) for name in wish.outputs}
    if program.outputs:
        return program.outputs
    unfed = [] if wish.arrays is None else needed_but_unfed(program.graph, fed)
    switches = [tensor for tensor in unfed if not shape_of(tensor)]
    for tensor in switches:  # a probability or a switch: nothing is computed as it was meant without
        if waiting_for(program.graph, tensor):
            raise CompatError(_feed(tensor.op.name, tensor, wish))
    outputs = chosen(program.graph, {tensor.op for tensor in unfed})
    if not outputs:
        for tensor in unfed:
            raise CompatError(_feed(tensor.op.name, tensor, wish))
        raise CompatError("the graph computes nothing of its inputs: name what is wanted with --outputs")
    tell(f"outputs, for nothing uses them: {', '.join(outputs)} (--outputs names others)")
    for tensor in unfed:
        waiting = waiting_for(program.graph, tensor)
        if waiting:
            tell(f"left out: {', '.join(waiting)}; {_feed(tensor.op.name, tensor, wish)}")
    return outputs


def _with_loss(outputs: Dict[str, Any], step: training.Step) -> Dict[str, Any]:
    """The outputs, and the loss among them."""
    if step.loss is None or any(tensor.name == step.loss.name for tensor in outputs.values()):
        return outputs
    return dict(outputs, **{"loss" if "loss" not in outputs else step.loss.op.name: step.loss})


def _feed(name: str, tensor: Any, wish: Wish) -> str:
    return f"feed `{name}` {shape_text(tensor)}: put it in {wish.inputs_path}"


def _inputs(
    program: Program, wish: Wish, names: Dict[str, Any], given: Dict[str, str], tell: Tell
) -> Dict[str, Tuple[Array, str]]:
    """What is fed by name, and its dtype."""
    found: Dict[str, Tuple[Array, str]] = {}
    invented = []
    for name, tensor in names.items():
        dtype, has_value = tensor.dtype.base_dtype.name, tensor.op.type == "PlaceholderWithDefault"
        if name in given and wish.arrays is not None:
            array = wish.arrays[given[name]]
            found[name] = fitted(name, array, dtype, shape_of(tensor), wish.inputs_path), dtype
        elif has_value:
            continue
        else:
            array = made(name, dtype, shape_of(tensor), _rows(tensor)) if wish.arrays is None else None
            if array is None:
                raise CompatError(_feed(name, tensor, wish))
            found[name] = array, dtype
            value = f" = {array}" if not array.shape else ""
            invented.append(f"`{name}` {array.dtype.name} {list(array.shape)}{value}")
    if invented:
        tell(
            f"inputs made from the signature, seed {SEED}: {', '.join(invented)} (--inputs x.npz gives others)"
        )
    return found


def _rows(tensor: Any) -> int:
    """Below what whole numbers stay: the rows of the table in which they are looked up; else 2."""
    met, waiting = set(), [tensor]
    while waiting:
        one = waiting.pop()
        for op in one.consumers():
            if op in met:
                continue
            met.add(op)
            if (
                op.type in ("GatherV2", "Gather", "ResourceGather")
                and len(op.inputs) > 1
                and op.inputs[1] is one
            ):
                rows = _extent(op)
                if rows:
                    return rows
            if op.type in (
                "Cast",
                "Identity",
                "Reshape",
                "ExpandDims",
                "Transpose",
                "Enter",
                "Unpack",
                "Split",
            ):
                waiting += list(op.outputs)
    return 2


def _extent(op: Any) -> int:
    table = op.inputs[0].op
    while table.type in ("Identity", "Enter", "ReadVariableOp", "Switch") and len(table.inputs):
        table = table.inputs[0].op
    if table.type in VARIABLES:
        dims = [axis.size for axis in table.get_attr("shape").dim]
    else:
        dims = shape_of(table.outputs[0]) or []
    return int(dims[0]) if dims and dims[0] and dims[0] > 0 else 0


def _watched(tf: Any, program: Program, outputs: Dict[str, Any], keep: "_Keeping") -> Watched:
    watched = Watched(tf, program.graph, outputs, keep)
    watched.let_wait()
    return watched


class _Run:
    def __init__(self, program: Program, feed: Dict[Any, Array], invented: bool) -> None:
        self.session: Any = None
        self._program = program
        self._feed = feed
        self._invented = invented

    def results(self, watched: Watched, outputs: Dict[str, Any]) -> Dict[str, str]:
        """The digests of the outputs, the variables as they were at first."""

        def run() -> Dict[str, str]:
            self._program.restore(self.session)
            arrays = watched.results(self.session, self._feed, list(outputs.values()))
            return {name: digest(plain(array)[0]) for name, array in zip(outputs, arrays)}

        found: Dict[str, str] = self.told(run)
        return found

    def traced(self, watched: Watched, outputs: Dict[str, Any], inputs: Dict[str, Any]) -> Trace:
        """The variables as they were at first."""
        lines = self._program.lines

        def run() -> Trace:
            self._program.restore(self.session)
            return watched.run(
                self.session, self._feed, inputs, lambda op: lines.get(op.name, ""), list(outputs.values())
            )

        found: Trace = self.told(run)
        return found

    def told(self, run: Callable[[], Any]) -> Any:
        """What that gives.  Raises CompatError, in one line, where it does not run."""
        try:
            return run()
        except (CompatError, StoreError, Unsupported):
            raise
        except MemoryError:
            raise CompatError("there is not enough memory for it") from None
        except Exception as error:
            hint = (
                "; the inputs were made from the signature: --inputs x.npz gives others"
                if self._invented
                else ""
            )
            raise CompatError(f"the graph does not run: {point_of(error)}{hint}") from None


class _Keeping:
    """Keeps tensors, and tells how many of about ``total``."""

    def __init__(self, objects: Union[Objects, Memory], progress: Progress, total: int) -> None:
        self._objects, self._progress, self._total = objects, progress, total
        self._count = 0
        progress(0, total)  # what comes before the first tensor takes its time as well

    def __call__(self, array: Array, dtype: str) -> Output:
        self._count += 1
        self._progress(min(self._count, self._total - 1), self._total)
        return Output(self._objects.add(np.asarray(array)), dtype, list(np.shape(array)))

    def done(self) -> None:
        self._progress(self._total, self._total)


def _complete(trace: Trace, program: Program) -> None:
    """With the variables in the order in which they were made."""
    there = {node.name: node for node in trace.nodes}
    trace.variables = [there[name].tensor() for name in program.variables if name in there]
    trace.check()
