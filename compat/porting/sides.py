"""The two sides: a legacy graph with its numbers, and a port that is there in this process."""

import os
import sys
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import Array
from ..errors import CompatError
from ..graph.nodes import Node, Trace
from ..judge.graphs import Side, untold
from ..judge.ports import side
from ..objects import Memory
from ..records import Record
from ..sources import code, kinds
from ..sources.inputs import matched
from ..sources.live import _by_path, program_of_live
from ..sources.program import Program, Wish, ancestors
from ..sources.reading import program_of
from ..sources.recording import TRACED
from ..sources.tracing import Traced, input_names, trace_program
from ..sources.training import network_of
from ..store import Run
from .construction import Construction, files_of, import_keras, stacks_of
from .findings import Spot

Tell = Callable[[str], None]


class Recorded(NamedTuple):
    """A graph and its numbers.  ``source``: what was traced.  ``random``: outputs with other bits when run again.

    ``whole``: the graph with the step of training that was recorded with it.
    """

    name: str
    side: Side
    inputs: Dict[str, Tuple[Array, str]]
    random: List[str]
    source: str = ""
    record: Optional[Record] = None
    environment: str = ""
    whole: Optional[Trace] = None


def legacy_side(
    text: str, arrays: Optional[Mapping[str, Array]], tell: Tell, training: bool = False
) -> Recorded:
    """LEGACY: the folder of a traced run, or a source that is traced now."""
    if os.path.isdir(text) and Run.exists(text):
        run = of_run(text)
        if arrays is None:
            return run
        text = run.source  # on other inputs: computed again, here
    found = kinds.source(text)
    wish = Wish(dict(arrays) if arrays is not None else None, training=training)
    program = program_of(found, wish)
    objects = Memory()
    traced = trace_program(program, wish, objects, tell, lambda done, total: None)
    network = Side(network_of(traced.trace), objects.read)
    return Recorded(text, network, traced.inputs, traced.random, text, whole=traced.trace)


def of_run(folder: str) -> Recorded:
    """The one traced source of a run.  Raises CompatError where there is none, or several."""
    run = Run.open(folder)
    found = [
        (sample, dialect, record)
        for sample, rows in run.records.items()
        for dialect, record in rows.items()
        if run.samples[sample].path.startswith(TRACED)
    ]
    if len(found) != 1:
        said = f"{len(found)} of them: {', '.join(one[0] for one in found)}" if found else "none"
        raise CompatError(
            f"{folder}: expected one traced source, as compat trace --out leaves it; there is {said}"
        )
    sample, _, record = found[0]
    description = run.samples[sample]
    read = side(record, run.objects.read)
    if read is None:
        raise CompatError(f"{folder}: its graph, or a tensor of it, is not there: trace it again")
    inputs = {name: (run.objects.read(one.digest), one.dtype) for name, one in description.inputs.items()}
    network = Side(network_of(read.trace), read.read)
    return Recorded(
        folder, network, inputs, record.random, description.path[len(TRACED) :], record, run.environment.name,
        read.trace,
    )  # fmt: skip


class Stacks:
    """Those of ops, looked through when the first is asked for: of a large graph that takes seconds."""

    def __init__(self, operations: Any) -> None:
        self._operations = operations
        self._found: Optional[Dict[str, List[Spot]]] = None

    def of(self, op: str) -> List[Spot]:
        """A person's frames that made it, the innermost first."""
        if self._found is None:
            self._found = stacks_of(self._operations)
        return self._found.get(op, [])


class TracedPort(NamedTuple):
    """``given``: of each of its inputs the legacy side's.  ``stacks``: of an op a person's lines that made it."""

    program: Program
    traced: Traced
    given: Dict[str, str]
    stacks: "Stacks"


class Port:
    """A model, a tf.Module or a function that ``FILE.py:FUNCTION`` returned."""

    def __init__(self, text: str) -> None:
        found = code.split(text)
        if found is None:
            raise CompatError(f"{text}: expected FILE.py:FUNCTION, called without arguments")
        self.text, self.objects = text, Memory()
        self.path = os.path.abspath(found[0])
        self._folder = os.path.dirname(self.path)
        self.construction = Construction()
        import_keras()
        before = set(sys.modules)
        with self.construction.watching():
            self.made = code.called(*found, [])
        #: Its file, and those of its folder that it imports.
        self.files = files_of(self.path, before)
        if not callable(self.made):
            raise CompatError(
                f"{text}: returned {type(self.made).__name__}; expected a Keras model, a tf.Module or a "
                "function of the inputs"
            )

    @property
    def has_variables(self) -> bool:
        return bool(getattr(self.made, "variables", None))

    @property
    def is_keras(self) -> bool:
        return code.is_keras(self.made)

    def variables(self) -> Dict[str, Any]:
        """The variables by the names that its graph gives them."""
        return _by_path(self.made)

    def program(self, arrays: Mapping[str, Array]) -> Program:
        return program_of_live(self.text, self.made, Wish(dict(arrays)))

    def traced(
        self, inputs: Mapping[str, Tuple[Array, str]], progress: Callable[[int, int], None] = untold
    ) -> TracedPort:
        """Computed on the legacy side's inputs."""
        arrays = {name: array for name, (array, _) in inputs.items()}
        with self.construction.watching():
            program = self._signed(arrays)
        given = inputs_of(self.text, program, arrays)
        wish = Wish({mine: arrays[theirs] for mine, theirs in given.items()}, "the legacy side's inputs")
        traced = trace_program(program, wish, self.objects, _silent, progress)
        for node in traced.trace.nodes:  # of a Keras layer no line of the port is known
            file = node.source.partition(":")[0]
            if file == _own_script() or not os.path.exists(os.path.join(self._folder, file)):
                node.source = ""
        return TracedPort(program, traced, given, Stacks(program.operations))

    def _signed(self, arrays: Mapping[str, Array]) -> Program:
        """A function that names its arguments otherwise gets the inputs in its order."""
        try:
            return self.program(arrays)
        except CompatError as error:
            if "feed `" not in str(error):
                raise
            names = _arguments(self.made)
            if len(names) != len(arrays):
                raise
            by_form = dict(zip(names, arrays.values()))
            return self.program(by_form)


def live_side(text: str, port: TracedPort, read: Callable[[str], Array]) -> Recorded:
    """The port that was traced from what is live."""
    traced = port.traced
    return Recorded(text, Side(traced.trace, read), traced.inputs, traced.random, text)


def port_side(text: str, legacy: Recorded) -> Tuple[Recorded, Dict[str, str]]:
    """PORT: the folder of a traced run, or a source that is traced now on the legacy side's inputs.

    With it, of each of its inputs the legacy side's.  Raises CompatError for a run that was fed otherwise.
    """
    if os.path.isdir(text) and Run.exists(text):
        run = of_run(text)
        given = {name: _same_input(text, name, one[0], legacy) for name, one in run.inputs.items()}
        return run, given
    arrays = {name: array for name, (array, _) in legacy.inputs.items()}
    program = program_of(kinds.source(text), Wish(arrays))
    given = inputs_of(text, program, arrays) if program.inputs else _placeholders_of(text, program, arrays)
    objects = Memory()
    wish = Wish({mine: arrays[theirs] for mine, theirs in given.items()}, "the legacy side's inputs")
    traced = trace_program(program, wish, objects, _silent, lambda done, total: None)
    return Recorded(text, Side(traced.trace, objects.read), traced.inputs, traced.random, text), given


def _placeholders_of(where: str, program: Program, arrays: Mapping[str, Array]) -> Dict[str, str]:
    """The same of a graph without a signature: the placeholders of those names, or the only one."""
    names = list(input_names(program))
    return {name: name for name in names if name in arrays} or matched(arrays, names, where)


def _same_input(where: str, name: str, array: Array, legacy: Recorded) -> str:
    """The legacy side's input with the same numbers."""
    same = [mine for mine, (other, _) in legacy.inputs.items() if np.array_equal(other, array)]
    if name in same or len(same) == 1:
        return name if name in same else same[0]
    raise CompatError(
        f"{where}: was fed other numbers than {legacy.name}: trace both with the same --inputs x.npz"
    )


def _own_script() -> str:
    return os.path.basename(getattr(sys.modules["__main__"], "__file__", None) or "")


def _arguments(made: Any) -> List[str]:
    from ..sources.live import names_of

    call = made if not hasattr(made, "variables") or hasattr(made, "get_concrete_function") else made.__call__
    return names_of(getattr(made, "call", call) if hasattr(made, "layers") else call)


def _silent(text: str) -> None:
    """What is said of a trace is said of the legacy side's."""


def inputs_of(where: str, program: Program, arrays: Mapping[str, Array]) -> Dict[str, str]:
    """Of each input of the program the array for it: by name, or the only one of its rank and kind.

    Raises CompatError where that is not clear.
    """
    found: Dict[str, str] = {}
    by_name = {name: name for name in program.inputs if name in arrays}
    if len(by_name) < len(program.inputs):
        try:
            exact = matched({n: a for n, a in arrays.items() if n not in by_name}, list(program.inputs), "")
            by_name.update({mine: theirs for mine, theirs in exact.items() if mine not in by_name})
        except CompatError:
            pass
    found.update(by_name)
    free = [name for name in arrays if name not in found.values()]
    for name, tensor in program.inputs.items():
        if name in found:
            continue
        fits = [one for one in free if _takes(tensor, arrays[one])]
        others = [n for n in program.inputs if n not in found and _takes_same(program.inputs[n], tensor)]
        if len(fits) == 1 or (fits and len(fits) == len(others)):
            found[name] = fits[0]
            free.remove(fits[0])
            continue
        there = ", ".join(f"`{n}` {list(a.shape)}" for n, a in arrays.items()) or "none"
        raise CompatError(
            f"{where}: its input `{name}` is none of the legacy side's ({there}): give it that name, or --inputs x.npz "
            "with both names"
        )
    return found


def _takes(tensor: Any, array: Array) -> bool:
    kinds_of = {"f": "f", "i": "iu", "u": "iu", "b": "b", "S": "SU", "c": "c"}
    kind = np.dtype("S" if tensor.dtype.name == "string" else tensor.dtype.base_dtype.as_numpy_dtype).kind
    if array.dtype.kind not in kinds_of.get(kind, ""):
        return False
    shape = tensor.shape
    return shape.ndims is None or (
        shape.ndims == array.ndim and all(d is None or d == e for d, e in zip(shape.as_list(), array.shape))
    )


def _takes_same(one: Any, other: Any) -> bool:
    return bool(one.dtype == other.dtype and one.shape.ndims == other.shape.ndims)


def nodes_of(traced: TracedPort) -> List[Node]:
    """The port's nodes with the edges that a trace does not hold: what takes a resource or a list of tensors."""
    there = {node.name: node for node in traced.traced.trace.nodes}
    found = []
    for op in _in_order(ancestors(list(traced.program.outputs.values()))):
        seen = there.get(op.name)
        outputs: Dict[str, Any] = dict.fromkeys(map(str, range(len(op.outputs))))
        outputs.update(seen.outputs if seen else {})
        inputs = [tensor.name for tensor in op.inputs]
        found.append(Node(op.name, op.type, inputs, outputs, seen.attributes if seen else {}))
    return found


def _in_order(ops: List[Any]) -> List[Any]:
    """In the order of flow: a graph that was put in line is not in that of its making."""
    order: List[Any] = []
    met = set()
    for first in ops:
        waiting = [(first, False)]
        while waiting:
            op, left = waiting.pop()
            if left:
                order.append(op)
            elif op not in met:
                met.add(op)
                waiting.append((op, True))
                waiting += [(tensor.op, False) for tensor in op.inputs if tensor.op not in met]
    return order


def variables_of(trace: Trace) -> Dict[str, Tuple[int, ...]]:
    """The shapes of the variables by the name of their op, in the order in which they were made."""
    makers, outputs = trace.makers(), trace.tensors()
    tensors = [makers[name].tensor() for name in trace.variables or []]
    return {name.rpartition(":")[0]: tuple(outputs[name].shape) for name in tensors}
