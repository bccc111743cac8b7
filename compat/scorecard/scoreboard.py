"""compat beside the rules that people use: who sees which faults, and who cries wolf."""

import math
from dataclasses import dataclass
from typing import Callable, List, Optional, Sequence, Tuple

from . import onnx_suite
from .faults import FAULTS, Fault
from .operations import OPERATIONS, Computation
from .rules import RULES, Rule, accepted
from .trials import WAYS, Trial, bucket, computations, trials

#: Largest error over the largest right value.
SIZES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e300)
#: As many misses and false alarms of compat as are named.
_NAMED = 40


@dataclass
class Line:
    """What one judge made of all trials: ``caught`` faults by size, the last ones of another shape or not finite.

    ``wrong``: the first of its misses and false alarms.
    """

    name: str
    limit: str
    address: str
    caught: List[int]
    alarms: int
    wrong: List[str]

    @property
    def all_caught(self) -> int:
        return sum(self.caught)

    def count(self, trial: str, size: Optional[int], accepted: bool) -> None:
        """``size``: the bucket of a fault, None of a harmless trial."""
        if size is None:
            self.alarms += not accepted
        else:
            self.caught[size] += not accepted
        if accepted == (size is not None) and len(self.wrong) < _NAMED:
            self.wrong.append(f"{'missed' if accepted else 'false alarm'}: {trial}")


def _nothing() -> Tuple[List[int], int, List[str]]:
    return [0] * (len(SIZES) + 1), 0, []


class Scoreboard:
    """``faults`` by size and ``harmless`` trials, and a Line for each of ``ways`` of compat and for each rule."""

    def __init__(self, ways: Sequence[str] = WAYS, rules: Sequence[Rule] = RULES) -> None:
        self.faults = [0] * (len(SIZES) + 1)
        self.harmless = 0
        self._rules = rules
        self._compat = {way: Line(f"compat, by {_BY[way]}", "none", "", *_nothing()) for way in ways}
        self._others = {rule.name: Line(rule.name, rule.limit, rule.address, *_nothing()) for rule in rules}

    @property
    def lines(self) -> List[Line]:
        return [*self._compat.values(), *self._others.values()]

    def add(self, trial: Trial) -> None:
        """Count what every judge makes of a trial."""
        size = None if trial.size is None else bucket(trial.size, SIZES)
        if size is None:
            self.harmless += 1
        else:
            self.faults[size] += 1
        for way, line in self._compat.items():
            line.count(trial.name, size, trial.accepted[way])
        for rule in self._rules:
            self._others[rule.name].count(trial.name, size, accepted(rule, trial.found, trial.expected))

    @property
    def holds(self) -> bool:
        """Whether compat has no false alarm, and none but it is asked."""
        return not any(line.alarms for line in self._compat.values())


_BY = {
    "reference": "a reference",
    "graph": "the legacy graph alone",
    "measurement": "measurement alone",
}


def scoreboard(
    operations: Sequence[Computation] = OPERATIONS,
    faults: Sequence[Fault] = FAULTS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scoreboard:
    """Every fault and every harmless variation of the operations, judged by all."""
    board = Scoreboard()
    every = list(computations(operations))
    for number, computation in enumerate(every):
        for trial in trials(computation, faults):
            board.add(trial)
        progress(number + 1, len(every))
    return board


def of_onnx(progress: Callable[[int, int], None] = lambda done, total: None) -> Scoreboard:
    """The node tests of ONNX, judged by the rules and by measurement: there is no graph of TensorFlow."""
    board = Scoreboard(ways=["measurement"])
    for trial in onnx_suite.trials(progress):
        board.add(trial)
    return board


def told_size(number: int) -> str:
    """``up to 1e-05``, ``more than 0.01``, ``another shape, NaN``."""
    if number == len(SIZES):
        return "another shape, NaN"
    if math.isinf(SIZES[number]) or SIZES[number] > 1:
        return f"more than {SIZES[number - 1]:g}"
    return f"up to {SIZES[number]:g}"
