"""What is wrong with a sample: each result held to the float64 answer, on the tensors that the step was given."""

import re
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..judge.compare import compare
from ..judge.known import KnownDifference
from ..records import Environment, Numbers
from ..reference.bounds import Reference
from .answers import alone, in_a_row
from .catalogue import ENTRIES
from .pool import Cell, Cells, Outcome
from .samples import Drawn, Step, name_of, traits

GRAPHS = ("tf1.session", "tf2.function")


class Fault(NamedTuple):
    """One cell that is wrong, at its first wrong step.  ``traits``: what is unusual about what went in."""

    cell: Cell
    step: int
    operation: str
    word: str
    message: str
    dtype: str
    traits: Tuple[str, ...]
    parameters: Dict[str, Any]

    @property
    def kind(self) -> str:
        """What such faults have in common before they are shrunk."""
        unwritten = [name for name, value in sorted(self.parameters.items()) if value is None]
        what = normalised(self.message) if self.word == "error" else " ".join(self.traits)
        return f"{self.operation} {self.word} {self.dtype} {','.join(unwritten)} {what}"


class Judged(NamedTuple):
    """``faults``: one for each cell that is wrong.  ``compared``: results held to an answer; ``unruled``: those
    that no rule tells of; ``drift``: of these, the ones with other bits than the oldest version's.
    """

    faults: List[Fault]
    compared: int
    unruled: int
    drift: int


def normalised(message: str) -> str:
    """A message without its numbers and names."""
    return re.sub(r"[\d.]+|'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\{\{.*", "", message)[:60].strip()


class _Judge:
    """Of one sample: results of the same bits on the same inputs are judged once."""

    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.arrays = drawn.arrays()
        self.dtypes = drawn.dtypes()
        self._row: Optional[Dict[str, Optional[Reference]]] = None
        self._known: Dict[Tuple[Any, ...], Optional[Numbers]] = {}
        self.compared = self.unruled = 0

    def row(self, name: str) -> Optional[Reference]:
        if self._row is None:
            self._row = in_a_row(self.drawn, self.arrays)
        return self._row.get(name)

    def numbers(self, number: int, outcome: Outcome, whole: bool, rewritten: bool) -> Optional[Numbers]:
        """Of a step's result; None where no rule tells.

        ``rewritten``: a graph may have been, so that a step was not given what another gave; then only what is
        wrong in a row as well is wrong.
        """
        numbers = self._once(number, outcome, whole)
        if rewritten and not whole and number and numbers is not None and numbers.word != "agrees":
            in_a_row = self._once(number, outcome, True)
            numbers = (
                numbers if in_a_row is None and numbers.max_abs is None else in_a_row
            )  # a shape or dtype
        self.compared += numbers is not None
        self.unruled += numbers is None
        return numbers

    def _once(self, number: int, outcome: Outcome, whole: bool) -> Optional[Numbers]:
        step, name = self.drawn.steps[number], name_of(number)
        given = {**{key: (a, self.dtypes[key]) for key, a in self.arrays.items()}, **outcome.outputs}
        inputs = [] if whole else [given[one] for one in step.inputs]
        result, dtype = outcome.outputs[name]
        key = (number, whole, dtype, *(a.tobytes() for a, _ in [*inputs, (result, dtype)]), result.shape)
        if key not in self._known:
            self._known[key] = self._judged(
                number, [a for a, _ in inputs], [d for _, d in inputs], result, dtype
            )
        return self._known[key]

    def _judged(
        self, number: int, inputs: List[Array], dtypes: List[str], result: Array, dtype: str
    ) -> Optional[Numbers]:
        """Alone on these inputs; of no inputs, in a row with all that came before."""
        step = self.drawn.steps[number]
        answer = alone(step, inputs, dtypes) if inputs else self.row(name_of(number))
        numbers = _compared(result, dtype, answer)
        if numbers is None or numbers.word == "agrees" or _of_another_form(numbers):
            return numbers
        if not inputs and answer is not None and not _is_told(answer, dtype):
            return None
        unusual = {trait for array in inputs or self._on_the_way(number) for trait in traits(array)}
        if "denormal" in unusual:
            if not inputs:  # whether it is read as zero depends on the thread that a graph's kernel runs in
                return None
            for other, found in _as_denormals_are_read(step, inputs, dtypes, result, answer):
                flushed = _compared(found, dtype, other)
                if flushed is not None and flushed.word == "agrees":
                    return flushed
        # What a kernel makes on its way may be infinite, or lost beside something large: that is no rounding.  Zero
        # times infinity is no number, and a kernel may leave out what it multiplies by zero.
        may_overflow = bool({"large", "infinite", "nan"}.intersection(unusual))
        return None if may_overflow and not (ENTRIES[step.operation].direct and inputs) else numbers

    def _on_the_way(self, number: int) -> List[Array]:
        """All that comes before a step of a graph seen as a whole, as it should be."""
        seen = list(self.arrays.values())
        for answer in (self.row(name_of(one)) for one in range(number)):
            if answer is not None and answer.dtype:
                with np.errstate(over="ignore", invalid="ignore"):
                    seen.append(
                        answer.value.astype("float32" if answer.dtype == "bfloat16" else answer.dtype)
                    )
        return seen


def _of_another_form(numbers: Numbers) -> bool:
    """Whether it is the shape or the dtype that differs, not a number."""
    return numbers.message.startswith(("the shape is", "the dtype is"))


def _compared(result: Array, dtype: str, reference: Optional[Reference]) -> Optional[Numbers]:
    if reference is None:
        return None
    with np.errstate(all="ignore"):
        return compare(np.array(result), dtype, reference, reference.dtype or dtype)


def _is_told(answer: Reference, dtype: str) -> bool:
    """Whether it says how far off a result may be: beside what is infinite before it that is not known."""
    with np.errstate(all="ignore"):
        return dtype not in UNIT_ROUNDOFF or not np.isnan(answer.worst(dtype)).any()


def _as_denormals_are_read(
    step: Step, inputs: List[Array], dtypes: List[str], result: Array, answer: Optional[Reference]
) -> Iterable[Tuple[Optional[Reference], Array]]:
    """(answer, result) where a kernel reads denormal numbers as zero, or as the smallest normal one.

    At a pole that is another answer.  A kernel of single numbers may do so in one place and not in the next: there
    these places are left out.
    """
    for to in (0.0, 1.0):
        yield alone(step, [_flushed(array, to) for array in inputs], dtypes), result
    if answer is not None and ENTRIES[step.operation].direct:
        where = np.zeros(result.shape, bool)
        for array in inputs:
            if array.dtype.kind == "f" and _broadcasts(array, where.shape):
                where = where | ((array != 0) & (np.abs(array) < np.finfo(array.dtype).tiny))
        yield answer, np.where(where, answer.value, result).astype(result.dtype)


def _broadcasts(array: Array, shape: Tuple[int, ...]) -> bool:
    """Whether it does so to that shape."""
    try:
        np.broadcast_to(array, shape)
    except ValueError:  # of a reduction
        return False
    return True


def _flushed(array: Array, to: float) -> Array:
    """With zeros for denormal numbers, or the smallest normal one times ``to``, as many kernels read them.

    At a pole that is another answer.
    """
    if array.dtype.kind != "f":
        return array
    tiny = np.finfo(array.dtype).tiny
    return np.where(np.abs(array) < tiny, np.copysign(to * tiny * (array != 0), array), array).astype(
        array.dtype
    )


def judge(drawn: Drawn, cells: Cells) -> Judged:
    """Every cell of a sample."""
    one = _Judge(drawn)
    faults = [found for cell, outcome in cells.items() for found in _faults(one, cell, outcome, cells)]
    return Judged(faults, one.compared, one.unruled, _drift(cells) if one.unruled else 0)


def _faults(one: _Judge, cell: Cell, outcome: Outcome, cells: Cells) -> Iterable[Fault]:
    """The first fault of a cell, if it has one."""
    if outcome.status in ("crashed", "timeout"):
        yield _fault(one, cell, outcome, outcome.step, outcome.status, outcome.message)
        return
    whole = one.drawn.whole and cell[1] in GRAPHS
    last = len(one.drawn.steps) - 1
    # What Keras does not spell is TensorFlow's, and judged there.
    own = [ENTRIES[step.operation].spelling(cell[1]) is not None for step in one.drawn.steps]
    for number in [last] if whole else range(last + 1):
        if name_of(number) not in outcome.outputs:
            break
        numbers = one.numbers(number, outcome, whole, cell[1] in (*GRAPHS, "keras2"))
        if numbers is not None and numbers.word != "agrees":
            if own[number]:
                yield _fault(one, cell, outcome, number, numbers.word, numbers.message)
            return
    if (
        outcome.status == "error"
        and own[outcome.step]
        and any(_computes_the_same(one.drawn.steps[outcome.step], outcome, other) for other in cells.values())
    ):
        yield _fault(one, cell, outcome, outcome.step, "error", outcome.message)


def _computes_the_same(step: Step, failed: Outcome, other: Outcome) -> bool:
    """Whether another cell has a result of the step, of inputs of the same shapes."""
    here, there = failed.outputs, other.outputs
    seen = [name for name in step.inputs if name in here and name in there]
    return name_of(failed.step) in there and all(here[n][0].shape == there[n][0].shape for n in seen)


def _fault(one: _Judge, cell: Cell, outcome: Outcome, number: int, word: str, message: str) -> Fault:
    step = one.drawn.steps[number]
    given = {**one.arrays, **{name: array for name, (array, _) in outcome.outputs.items()}}
    dtypes = {**one.dtypes, **{name: dtype for name, (_, dtype) in outcome.outputs.items()}}
    unusual = {trait for name in step.inputs if name in given for trait in traits(given[name])}
    dtype = dtypes.get(step.inputs[0], "")
    return Fault(cell, number, step.operation, word, message, dtype, tuple(sorted(unusual)), step.parameters)


def _drift(cells: Cells) -> int:
    """How many cells have other bits than the oldest version in the same dialect."""
    first: Dict[str, Any] = {}
    found = 0
    for (_, dialect), outcome in cells.items():
        bits = [(name, array.tobytes()) for name, (array, _) in outcome.outputs.items()]
        found += first.setdefault(dialect, bits) != bits
    return found


class Known:
    """The differences that are understood.  ``environments``: of the versions, as their workers told."""

    def __init__(self, entries: Sequence[KnownDifference], environments: Dict[str, Environment]) -> None:
        self.entries = [entry for entry in entries if entry.reason]
        self.environments = environments

    def explains(self, fault: Fault) -> Optional[KnownDifference]:
        """The entry that speaks of such a result, or None."""
        version, dialect = fault.cell
        environment, entry = self.environments[version], ENTRIES[fault.operation]
        word = "differs" if fault.word == "suspicious" else fault.word
        for operation, sample in entry.cases(fault.parameters, fault.dtype, fault.traits):
            for known in self.entries:
                if known.verdict == word and known.matches(operation, sample, dialect, environment):
                    return known
        return None


def arrays_of(drawn: Drawn, outcome: Outcome) -> Dict[str, Tuple[Array, str]]:
    """What every step was given, by name, with its dtype."""
    dtypes = drawn.dtypes()
    return {**{name: (array, dtypes[name]) for name, array in drawn.arrays().items()}, **outcome.outputs}
