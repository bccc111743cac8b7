"""The legacy graph once more, in this process: whether another version's kernels do more than round."""

import os
from typing import Container, Dict

import numpy as np

from ..errors import CompatError, StoreError, Unsupported
from ..graph.pairing import computing
from ..judge.graphs import Side, places
from ..objects import Memory
from ..record.versions import version_of
from ..sources import code, kinds
from ..sources.graphs import giving, tensorflow_1
from ..sources.program import Program, Wish, point_of
from ..sources.reading import program_of
from ..sources.rebuilt import rebuilt
from ..sources.tracing import trace_program
from .comparing import Waiting, unwaited
from .outputs import as_outputs
from .sides import Recorded, variables_of


def kernels(legacy: Recorded, waiting: Waiting = unwaited) -> str:
    """One line.  To be asked last: a person's TensorFlow 1 code may turn eager execution off for good."""
    here = f"TensorFlow {version_of('tensorflow')}"
    if legacy.record is None:
        return f"the legacy side was computed here, in {here}, and nowhere else"
    path = (code.split(legacy.source) or (legacy.source, ""))[0]
    if not os.path.exists(path) and not os.path.exists(f"{path}.meta"):
        return _of_the_recorded_graph(legacy, here, f"{path} is not there", waiting)
    objects = Memory()
    try:
        arrays = {name: array for name, (array, _) in legacy.inputs.items()}
        outputs = list(legacy.side.trace.outputs.values())
        wish = Wish(arrays, "its own inputs", outputs)
        program = program_of(kinds.source(legacy.source), wish)
        _give(program, legacy)
        again = trace_program(
            program, wish, objects, lambda text: None, waiting("kernels: the legacy graph here", "tensors")
        )
    except (CompatError, StoreError, Unsupported) as error:
        return _of_the_recorded_graph(legacy, here, str(error), waiting)
    other = Side(again.trace, objects.read)
    return f"the legacy graph in {legacy.environment} and here, in {here}: {_compared(legacy.side, other, waiting)}"


def _of_the_recorded_graph(legacy: Recorded, here: str, why: str, waiting: Waiting) -> str:
    """The same where the program cannot be built here, as one of tf.contrib: its graph needs none of it."""
    objects, side = Memory(), legacy.side
    try:
        found = rebuilt(side.trace, side.read)
        wish = Wish(found.arrays, "what was recorded")
        again = trace_program(
            found.program,
            wish,
            objects,
            lambda text: None,
            waiting("kernels: the recorded graph here", "tensors"),
        )
    except Exception as error:
        return f"not run again in {here}: {why}; nor is its recorded graph: {point_of(error)}"
    return (
        f"the legacy graph in {legacy.environment} and here, in {here}, as it was recorded (its program does not run "
        f"here: {why}): {_compared(side, Side(again.trace, objects.read), waiting, found.taken)}"
    )


def _give(program: Program, legacy: Recorded) -> None:
    """Code draws its weights anew: it gets those that were recorded."""
    trace = legacy.side.trace
    recorded = variables_of(trace)
    if not set(program.variables) & set(recorded) or program.dialect != "tf1.session":
        return
    tensors = trace.tensors()
    values = {
        name: legacy.side.read(tensors[f"{name}:0"].digest) for name in program.variables if name in recorded
    }
    first, then = program.restore, giving(tensorflow_1(), program.graph, values)

    def restore(session: object) -> None:
        first(session)
        then(session)

    program.restore = restore


def _compared(mine: Side, theirs: Side, waiting: Waiting, taken: Container[str] = ()) -> str:
    """``taken``: nodes that were not computed again."""
    first, second = mine.trace.tensors(), theirs.trace.tensors()
    names = [
        node.tensor()
        for node in computing(mine.trace)
        if node.name not in taken
        and node.tensor() in second
        and second[node.tensor()].shape == first[node.tensor()].shape
    ]
    same = [name for name in names if first[name].digest == second[name].digest]
    left = [node for node in computing(mine.trace) if node.tensor() not in names]
    missing = [node.name for node in left if node.name not in taken]
    if missing:
        return f"not compared: it is another graph here, without {', '.join(missing[:3])}"
    if not names:
        return "not compared: it has no tensor that is worth it"
    told = f"{len(names)} tensors, {len(same)} with the same bits"
    if len(left) > len(missing):
        told += f" ({len(left)} of loops and what is drawn taken as recorded)"
    if len(same) == len(names):
        return told + ": no rounding even"
    both: Dict[str, str] = {name: name for name in names}
    with np.errstate(all="ignore"):
        found = places(
            Side(as_outputs(mine.trace, both), mine.read), Side(as_outputs(theirs.trace, both), theirs.read),
            {name: second[name] for name in names}, waiting("kernels", "tensors"), answers=(),
        )  # fmt: skip
    # What is drawn is other numbers every time; what follows from them is judged.
    wrong = [place for place in found if place.wrong and "Random" not in place.followed.nodes[-1].op]
    if wrong:
        numbers = wrong[0].numbers
        return f"{told}; not rounding: {wrong[0].pair.name}: {numbers.message if numbers else ''}"
    unknown = sum(place.numbers is None for place in found)
    return f"{told}, the rest is rounding" + (f" ({unknown} without a rule)" if unknown else "")
