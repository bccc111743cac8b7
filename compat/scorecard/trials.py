"""What the scoreboard's rules are tried on: results that are wrong by a known amount, and harmless ones.

Every trial is two results: what was computed before, and what is held against it.  Faults are those of the scorecard,
as they are, at other magnitudes of the inputs (pixels up to 255, gradients of a thousandth), and made smaller: the same
error times a tenth, a hundredth, ...
"""

import math
from typing import Dict, Iterator, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..judge.compare import compare
from ..records import PASSING
from ..reference.bounds import Reference
from . import harmless
from .faults import FAULTS, Fault
from .graphs import legacy_graph
from .measure import Bases, by_graph_of, measured_of, moved_by
from .operations import OPERATIONS, Computation

#: How compat judges: beside a reference that somebody wrote, and as a user's own port without one.
WAYS = ("reference", "graph", "measurement")
#: What inputs are multiplied by, for operations that are linear in them.
MAGNITUDES = (255.0, 1e-3)
_LINEAR = ("conv2d", "depthwise conv2d", "dense", "max pooling", "mean pooling", "relu", "leaky relu")
#: What an error is multiplied by.
SMALLER = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
#: An error of so many worst-case allowances is beyond what any rounding can do.
_BEYOND = 2.0


class Trial(NamedTuple):
    """``found`` is held against ``expected``, both float32.

    ``size``: the largest error over the largest right value, infinite for another shape and for NaN where a number
    should be; None of a harmless one.  ``accepted``: by compat, in each of its ``WAYS``.
    """

    name: str
    found: Array
    expected: Array
    size: Optional[float]
    accepted: Dict[str, bool]


def computations(operations: Sequence[Computation] = OPERATIONS) -> Iterator[Computation]:
    """The scorecard's operations, and those that are linear at other magnitudes."""
    for one in operations:
        yield one
        if one.name.startswith(_LINEAR):
            for factor in MAGNITUDES:
                yield _times(one, np.float32(factor))


def _times(computation: Computation, factor: np.float32) -> Computation:
    tensors = {
        name: array * factor if name in ("x", "dy") else array for name, array in computation.tensors.items()
    }
    name = f"{computation.name}, times {factor:g}"
    return Computation(name, computation.rule, computation.implementation, tensors, **computation.settings)


def trials(computation: Computation, faults: Sequence[Fault] = FAULTS) -> Iterator[Trial]:
    """Every fault that lies beyond rounding, and every harmless variation of a computation."""
    judges = _Judges(computation)
    for fault in faults:
        injected = fault.inject(computation)
        if injected is None:
            continue
        exact, result = injected
        yield from judges.wrong(fault.name, exact, np.asarray(result, np.float32))
    for name, _, result, dtype in harmless.results(computation):
        if dtype == "float32":
            yield judges.trial(f"{computation}, {name}", np.asarray(result, np.float32), None)


class _Judges:
    """What one computation's results are judged by."""

    def __init__(self, computation: Computation) -> None:
        self._computation = computation
        with np.errstate(all="ignore"):
            self.expected = np.asarray(computation.implementation(**computation.arguments), np.float32)
            self._answer: Reference = computation.rule(**computation.arguments)
            self._bases = Bases(measured_of(computation), legacy_graph(computation, computation.arguments))

    def wrong(self, fault: str, exact: Array, result: Array) -> Iterator[Trial]:
        """The fault as it is, and made smaller."""
        for factor in (1.0, *SMALLER):
            answer = self._answer.value
            if factor == 1.0:
                some, found, name = exact, result, f"{self._computation}, {fault}"
            elif _comparable(exact, answer) and _comparable(result, self.expected):
                some = answer + factor * (exact - answer)
                found = (self.expected + factor * (result.astype(np.float64) - self.expected)).astype(
                    np.float32
                )
                name = f"{self._computation}, {fault}, times {factor:g}"
            else:
                return
            if moved_by(some, self._answer) > _BEYOND and not _same(found, self.expected):
                yield self.trial(name, found, _size(some, answer))

    def trial(self, name: str, found: Array, size: Optional[float]) -> Trial:
        with np.errstate(all="ignore"):
            place = by_graph_of(self._bases.graph, found, "float32")
            words = {
                "reference": compare(found, "float32", self._answer, "float32").word,
                "measurement": compare(found, "float32", self._bases.measured, "float32").word,
            }
        accepted = {way: word in PASSING for way, word in words.items()}
        accepted["graph"] = not place.wrong
        return Trial(name, found, self.expected, size, accepted)


def _same(one: Array, other: Array) -> bool:
    """An error that float32 does not hold is none."""
    return one.shape == other.shape and bool(np.array_equal(one, other))


def _comparable(one: Array, other: Array) -> bool:
    return one.shape == other.shape and bool(np.isfinite(one).all() and np.isfinite(other).all())


def _size(exact: Array, answer: Array) -> float:
    if exact.shape != answer.shape or not np.array_equal(np.isfinite(exact), np.isfinite(answer)):
        return math.inf
    finite = np.isfinite(answer)
    largest = np.max(np.abs(answer[finite]), initial=0)
    off = np.max(np.abs(exact[finite] - answer[finite]), initial=0)
    return float(off / largest) if largest else math.inf


def bucket(size: float, limits: Tuple[float, ...]) -> int:
    """Which of the sizes up to ``limits`` it is; ``len(limits)`` for another shape."""
    return next((number for number, limit in enumerate(limits) if size <= limit), len(limits))
