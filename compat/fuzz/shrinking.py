"""A fault made small: the step alone on the numbers that it was given, then whatever smaller Hypothesis finds.

A fault that only some numbers side by side show is seldom found again among others: of a step on single numbers a
window is cut out of those that were there.
"""

import dataclasses
import random
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from .answers import alone
from .catalogue import ENTRIES
from .draws import Pick, _between, _Growing, _one_of, hypothesis, st
from .entries import Wanted
from .judging import Fault, arrays_of, judge
from .pool import Cells, Pool
from .samples import Drawn, Given, Step, name_of, written_out

#: Numbers to fill arrays with, the simplest first.
_SIMPLE = (1.0, 0.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 0.25, 0.1)
#: What is small enough to be read; where nothing of that size shows it, a few times as much.
_NUMBERS = (16, 48)
#: No more samples are drawn, nor longer (seconds): most are too large and not run.  A crash costs a start each time.
_TRIES, _PATIENCE = 1500, 30.0
_TRIES_OF_CRASHES = 10

#: Of a sample: the fault that it must show, or None.
Shows = Callable[[Drawn], bool]


def shrink(pool: Pool, drawn: Drawn, cells: Cells, fault: Fault, unexplained: Any) -> Drawn:
    """The smallest sample found that has such a fault in the same cell.  ``unexplained``: of a Fault, whether it is."""
    only = None if fault.word == "error" else [fault.cell[0]]
    crashes = fault.word in ("crashed", "timeout")

    def shows(candidate: Drawn) -> bool:
        (found,) = pool.run([candidate], [fault.cell[1]], only)
        return any(
            other.cell == fault.cell
            and (other.operation, other.word) == (fault.operation, fault.word)
            and unexplained(other)
            for other in judge(candidate, found).faults
        )

    starts = list(filter(shows, _starts(drawn, arrays_of(drawn, cells[fault.cell]), fault)))
    for most in _NUMBERS:
        for start in starts:
            found = _smaller(start, most, shows, _TRIES_OF_CRASHES if crashes else _TRIES)
            found = found or next(filter(shows, _windows(start, most)), None)
            if found is not None:
                return found if crashes else _plain(found, shows)
    return next(iter(starts), drawn)


def _starts(drawn: Drawn, given: Dict[str, Tuple[Array, str]], fault: Fault) -> List[Drawn]:
    """The step alone where it was judged alone; else the last few in a row."""
    if drawn.whole and fault.cell[1] in ("tf1.session", "tf2.function"):
        rows = [drawn.steps[max(fault.step - n, 0) : fault.step + 1] for n in (0, 1, 2)]
        return [cut for cut in (_cut(drawn, steps, given) for steps in rows) if cut is not None] + [drawn]
    alone = _cut(drawn, [drawn.steps[fault.step]], given)
    return [] if alone is None else [alone]


def _cut(drawn: Drawn, steps: Sequence[Step], given: Dict[str, Tuple[Array, str]]) -> Optional[Drawn]:
    """Some steps in a row, on written-out numbers; None where those were not seen."""
    first = drawn.steps.index(steps[0])
    own = {name_of(first + n): name_of(n) for n in range(len(steps))}
    outside = list(dict.fromkeys(name for step in steps for name in step.inputs if name not in own))
    if not all(name in given for name in outside):
        return None
    renamed = {name: f"i{n}" for n, name in enumerate(outside)}
    inputs = [written_out(renamed[name], given[name][1], given[name][0]) for name in outside]
    highs = {g.name: g.high for g in drawn.given}
    for name, one in zip(outside, inputs):
        one.high = highs.get(name, 0)
    return Drawn(
        inputs,
        [
            Step(step.operation, [{**renamed, **own}[name] for name in step.inputs], step.parameters)
            for step in steps
        ],
        len(steps) > 1,
    )


def _smaller(start: Drawn, most: int, shows: Shows, tries: int) -> Optional[Drawn]:
    """What Hypothesis finds among samples of the same operations and so many numbers."""
    end = time.monotonic() + _PATIENCE
    numbers = (float(v) for g in start.given for v in g.array().ravel() if g.dtype[0] in "fb")
    # What is large or not finite comes first.
    special = sorted(dict.fromkeys(numbers), key=lambda value: abs(value) < 1e9)
    strategy = st.composite(_like)(start, (*_SIMPLE, *special[:12]))
    settings = hypothesis.settings(
        max_examples=tries,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        print_blob=False,
    )
    try:
        small = lambda one: one.numbers <= most and time.monotonic() < end and shows(one)
        found: Drawn = hypothesis.find(strategy, small, settings=settings, random=random.Random(start.digest))
    except hypothesis.errors.HypothesisException:  # none was found
        return None
    return found


def _windows(start: Drawn, most: int) -> Iterator[Drawn]:
    """Of a step on single numbers, so many of those that went in, side by side as they were."""
    if len(start.steps) > 1 or not ENTRIES[start.steps[0].operation].direct:
        return
    arrays = np.broadcast_arrays(*(given.array() for given in start.given))
    answer = alone(start.steps[0], arrays, [given.dtype for given in start.given])
    if answer is None or answer.value.shape != arrays[0].shape:  # a reduction
        return
    rows = [array.ravel() for array in arrays]
    length = most // len(rows)
    for first in range(0, len(rows[0]), max(length // 2, 1)):
        given = [
            written_out(one.name, one.dtype, row[first : first + length])
            for one, row in zip(start.given, rows)
        ]
        yield Drawn(given, start.steps, start.whole)


def _plain(found: Drawn, shows: Shows) -> Drawn:
    """Every number that does not matter is 1."""
    for place, given in enumerate(found.given):
        for number, value in enumerate(given.values or ()):
            if given.dtype[0] not in "fb" or given.high or value == 1:
                continue
            values = list(found.given[place].values or ())
            values[number] = 1.0
            inputs = list(found.given)
            inputs[place] = dataclasses.replace(given, values=values)
            plain = Drawn(inputs, found.steps, found.whole)
            found = plain if shows(plain) else found
    return found


class _Written(_Growing):
    """New inputs with their numbers written out, of a pool."""

    pool: Tuple[Any, ...] = ()

    def beside(self, wanted: Any, dtype: str) -> str:
        return self.given(wanted, dtype)

    def given(self, wanted: Any, dtype: str) -> str:
        dtype, count = wanted.dtype or dtype, int(np.prod(wanted.shape))
        if wanted.high:
            values = [self.draw(_between(0, wanted.high - 1)) for _ in range(count)]
        elif dtype.startswith("int"):
            values = [self.draw(_between(-4, 4)) for _ in range(count)]
        else:
            pool = self.pool
            if wanted.flavour in ("positive", "small positive"):
                pool = tuple(value for value in pool if value > 0) + (1e-5,)
            values = [self.draw(_one_of(repr(pool), pool)) for _ in range(count)]
        shaped = np.array(values, np.float64).reshape(wanted.shape)
        if dtype.startswith("int"):
            shaped = shaped.astype(np.int64)
        name = f"i{len(self.drawn.given)}"
        held = Given(name, dtype, list(wanted.shape), values=written_out(name, dtype, shaped).values).array()
        return self.take(written_out(name, dtype, held))


def _like(draw: Any, start: Drawn, pool: Tuple[Any, ...]) -> Drawn:
    """The same operations with the same choices, of any size, on other numbers."""
    growing = _Written(draw, 0)
    growing.pool = pool
    flowing = ""
    for number, step in enumerate(start.steps):
        pick, entry = Pick(draw, dict(step.parameters)), ENTRIES[step.operation]
        if not number:
            dtype = start.dtypes()[step.inputs[0]]
            shape, _ = entry.first(pick)
            flowing = growing.given(Wanted(tuple(shape)), dtype)
        elif not entry.takes(growing.values[flowing].shape, growing.dtypes[flowing]):
            hypothesis.reject()
        known = growing.add(entry, flowing, pick)
        if not known and number + 1 < len(start.steps):
            hypothesis.reject()
        flowing = name_of(number)
    growing.drawn.whole = start.whole
    return growing.drawn
