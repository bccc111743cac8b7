"""What the judge caught and what the explainer named, counted.

Three times: by the bounds of the references; by the measured allowance, as if there were no reference; and as a port,
by a legacy graph's nodes.
"""

import math
from typing import Any, Callable, Iterable, List, NamedTuple, Optional, Sequence

import numpy as np

from .. import forked
from ..arrays import Array
from ..case.fixtures import Fixture
from ..explain import ReferenceOnly, Target, explain
from ..judge.compare import compare
from ..judge.graphs import Place
from ..record.repeats import measure
from ..records import PASSING, Numbers
from ..reference.bounds import Reference
from ..reference.measured import Evidence, Measured
from . import harmless
from .faults import FAULTS, Fault
from .graphs import Graph, explained, judged, legacy_graph
from .operations import OPERATIONS, Computation
from .without_reference import Kind, without_reference


class Row:
    """One kind of fault: on how many operations it was tried, and what became of it."""

    def __init__(self, name: str, nameable: bool) -> None:
        self.name = name
        #: Whether there is a hypothesis for it; where there is none, to name none is right.
        self.nameable = nameable
        self.tried = self.larger = self.caught = self.caught_smaller = self.first = self.listed = 0
        #: Of those beyond rounding, how many the measured allowance catches.
        self.measured = 0
        #: By the legacy graph: those beyond rounding that are caught, those within, and the right cause first.
        self.by_graph = self.by_graph_smaller = self.by_graph_first = 0
        self.missed: List[str] = []
        self.misnamed: List[str] = []
        self.missed_by_graph: List[str] = []
        self.misnamed_by_graph: List[str] = []


class Scorecard:
    """``rows`` by kind; ``alarms``: harmless variations that were flagged, of ``variations``.

    ``measured_alarms``, ``graph_alarms``: those that the measured allowance flags, and the legacy graph.
    ``kinds``: of ``without_reference``.
    """

    def __init__(
        self,
        rows: List[Row],
        alarms: List[str],
        measured_alarms: List[str],
        variations: int,
        kinds: Iterable[Kind] = (),
        graph_alarms: Iterable[str] = (),
    ) -> None:
        self.rows = rows
        self.alarms = alarms
        self.measured_alarms = measured_alarms
        self.variations = variations
        self.kinds = list(kinds)
        self.graph_alarms = list(graph_alarms)

    def total(self, field: str) -> int:
        return sum(getattr(row, field) for row in self.rows)

    @property
    def named_first(self) -> float:
        """The share of the faults that were caught of which the right cause came first."""
        return self.total("first") / max(1, self.total("caught") + self.total("caught_smaller"))

    @property
    def named_first_by_graph(self) -> float:
        """The same of those that the legacy graph catches."""
        caught = self.total("by_graph") + self.total("by_graph_smaller")
        return self.total("by_graph_first") / max(1, caught)

    @property
    def holds(self) -> bool:
        """No false alarm, every fault larger than rounding caught, the right cause first in 90 %."""
        larger = self.total("larger")
        caught = all(self.total(by) == larger for by in ("caught", "measured", "by_graph"))
        by_measurement = not self.measured_alarms and not any(k.missed or k.alarms for k in self.kinds)
        named = min(self.named_first, self.named_first_by_graph) >= 0.9
        return not (self.alarms or self.graph_alarms) and by_measurement and caught and named


def score(
    operations: Optional[Sequence[Computation]] = None,
    faults: Optional[Sequence[Fault]] = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scorecard:
    """Every fault on every operation that it changes, and every harmless variation of each operation."""
    operations, faults = operations or OPERATIONS, faults or FAULTS
    bases = {c: Bases(measured_of(c), legacy_graph(c, c.arguments)) for c in operations}

    def row_of(fault: Fault) -> Row:
        row = Row(fault.name, bool(fault.causes))
        for computation in bases:
            _meet(row, fault, computation, bases[computation])
        return row

    rows = []
    for row in forked.each(row_of, faults):
        rows.append(row)
        progress(len(rows), len(faults))
    alarms: List[str] = []
    measured_alarms: List[str] = []
    graph_alarms: List[str] = []
    variations = 0
    for computation in operations:
        for name, answer, result, dtype in harmless.results(computation):
            variations += 1
            found = [(compare(result, dtype, answer, dtype), alarms)]
            if dtype == "float32":
                found.append((compare(result, dtype, bases[computation].measured, dtype), measured_alarms))
            graph = legacy_graph(computation, harmless.narrowed(computation, dtype), dtype)
            found.append((_numbers(by_graph_of(graph, result, dtype)), graph_alarms))
            for numbers, flagged in found:
                if numbers.word not in PASSING:
                    flagged.append(f"{computation}, {name}: {numbers.message}")
    return Scorecard(rows, alarms, measured_alarms, variations, without_reference(), graph_alarms)


class Bases(NamedTuple):
    """What a computation's faults are judged by where there is no reference."""

    measured: Measured
    graph: Graph


def by_graph_of(graph: Graph, result: Array, dtype: str) -> Place:
    """The Place of a result; a LookupError where a rule is missing: every op here has one."""
    place = judged(graph, result, dtype)
    _numbers(place)
    return place


def _numbers(place: Place) -> Numbers:
    if place.numbers is None:
        raise LookupError(place.why)
    return place.numbers


def _fixture(name, array):
    return Fixture(name, lambda: array)


def measured_of(computation: Computation) -> Measured:
    """The implementation's own result, allowed for by its spread, as of an operation without a reference."""

    def compute(inputs):
        arrays = {name: fixture.array for name, fixture in inputs.items()}
        return {"y": (np.asarray(computation.implementation(**arrays, **computation.settings)), "float32")}

    inputs = {name: _fixture(name, array) for name, array in computation.tensors.items()}
    results = compute(inputs)
    result = results["y"][0]
    return Measured(result, "float32", Evidence(result, measure(compute, inputs, results).arrays["y"]))


def _meet(row: Row, fault: Fault, computation: Computation, bases: Bases) -> None:
    injected = fault.inject(computation)
    if injected is None:
        return
    exact, result = injected
    answer = computation.rule(**computation.arguments)
    moved = moved_by(exact, answer)
    if moved == 0:
        return
    row.tried += 1
    row.larger += moved > 2
    row.measured += moved > 2 and compare(result, "float32", bases.measured, "float32").word not in PASSING
    _meet_graph(row, fault, computation, bases.graph, result, moved > 2)
    caught = compare(result, "float32", answer, "float32").word not in PASSING
    if not caught:
        if moved > 2:
            row.missed.append(str(computation))
        return
    if moved > 2:
        row.caught += 1
    else:
        row.caught_smaller += 1
    target = Target(
        ReferenceOnly(computation.rule),
        list(computation.tensors.values()),
        computation.settings,
        {"y": (result, "float32")},
        "float32",
    )
    found = explain(target, seconds=0)
    row.listed += bool(_right(fault, found)) if fault.causes else not found
    if _named(fault, found):
        row.first += 1
    else:
        row.misnamed.append(f"{computation}: {_told(found)}")


def _meet_graph(
    row: Row, fault: Fault, computation: Computation, graph: Graph, result: Array, larger: bool
) -> None:
    """The same fault as a port's, and the legacy graph all that is known."""
    place = by_graph_of(graph, result, "float32")
    if not place.wrong:
        if larger:
            row.missed_by_graph.append(str(computation))
        return
    if larger:
        row.by_graph += 1
    else:
        row.by_graph_smaller += 1
    found = explained(place, result)
    if _named(fault, found):
        row.by_graph_first += 1
    else:
        row.misnamed_by_graph.append(f"{computation}: {_told(found)}")


def _told(found: Sequence[Any]) -> str:
    return " and ".join(found[0].names) if found else "nothing"


def _right(fault: Fault, found: Sequence[Any]) -> List[Any]:
    return [cause for cause in found if len(cause.names) == 1 and cause.names[0] in fault.causes]


def _named(fault: Fault, found: Sequence[Any]) -> bool:
    """Whether the right cause comes first, or none where nobody could name it."""
    return _first(_right(fault, found), found) or (not fault.causes and not found)


def _first(right, found):
    """Whether a right cause comes first, or one of the very same numbers: nobody can tell those apart."""
    if not right:
        return False
    said, meant = (cause.references["y"].value for cause in (found[0], right[0]))
    return said.shape == meant.shape and np.allclose(said, meant, rtol=1e-12, atol=1e-300)


def moved_by(exact: Array, answer: Reference) -> float:
    """How many worst-case allowances the exact faulty answer lies from the right one, at most.

    More than 2: neither computation's rounding can hide it.  Infinite for another shape or non-finite values.
    """
    if exact.shape != answer.value.shape:
        return math.inf
    finite = np.isfinite(exact)
    if not np.array_equal(finite, np.isfinite(answer.value)):
        return math.inf
    error = np.where(finite, np.abs(np.where(finite, exact, 0) - np.where(finite, answer.value, 0)), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(error == 0, 0, error / answer.worst("float32"))
    return float(share.max()) if share.size else 0.0
