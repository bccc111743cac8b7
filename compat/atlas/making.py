"""An operation of the atlas: its samples run in every environment, judged by the rules of the campaign, and kept."""

import hashlib
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ..arrays import Array
from ..fuzz.catalogue import ENTRIES
from ..fuzz.entries import INPUTS
from ..fuzz.judging import Fault, Judged, Known, judge
from ..fuzz.pool import Cell, Cells, Outcome, Pool
from ..fuzz.samples import Drawn, Given, name_of
from ..fuzz.spelled import DIALECTS
from ..jsons import from_json
from ..records import Environment
from ..records import Known as Reason
from .chosen import ordinary, samples
from .kept import DIGITS, LETTERS, NOTHING, Operation, Result, Sample
from .spellings import shown

#: Of a sample, by version and dialect; "" where it is not computed.
Bits = Dict[Cell, str]
#: Longer messages are cut.
_LONGEST = 200
_FLAVOURS = {
    "normal": "noise",
    "integers": "whole numbers",
    "image": "0 to 1",
    "positive": "0.125 to 3.125",
    "small positive": "1e-6 to 1e-4",
    "edges": "zeros and ends of the range",
    "not finite": "infinities and NaN among others",
}


def environments(pool: Pool) -> List[Environment]:
    """Of the pool's versions, as their workers tell them."""
    found = []
    for version in pool.versions:
        hello = version.workers[0].hello
        if "environment" in hello:
            environment = from_json(Environment, hello["environment"], version.name)
            environment.name = version.name
        else:
            environment = version.environment
        found.append(environment)
    return found


def run_once(name: str, pool: Pool) -> List[Bits]:
    """The bits of each of the operation's samples, to tell by them what is random when it is run again."""
    drawn = samples(name)[::-1]  # another time in another order
    ran = pool.run(drawn, DIALECTS)[::-1]
    return [{cell: _bits(outcome) for cell, outcome in cells.items()} for cells in ran]


def operation(name: str, pool: Pool, known: Known, before: Sequence[Bits]) -> Operation:
    """Run the operation's samples in all versions and dialects of the pool, and judge them.

    ``before``: what ``run_once`` gave in other processes.
    """
    drawn = samples(name)
    found = Operation(name, _spelled(name), [], [])
    versions = [version.name for version in pool.versions]
    for one, cells, bits in zip(drawn, pool.run(drawn, DIALECTS), before):
        with np.errstate(all="ignore"):
            found.samples.append(_Judged(one, cells, bits, versions, known, found.reasons).sample())
    return found


def _spelled(name: str) -> Dict[str, str]:
    texts = {dialect: ENTRIES[name].spelling(dialect) for dialect in DIALECTS}
    return {dialect: shown(text) for dialect, text in texts.items() if text is not None}


class _Judged:
    """One sample: results of the same bits are judged once.  ``before``: the bits that it had when it was run before.

    ``reasons``: the operation's, added to.
    """

    def __init__(
        self,
        drawn: Drawn,
        cells: Cells,
        before: Bits,
        versions: Sequence[str],
        known: Known,
        reasons: List[Reason],
    ) -> None:
        self._drawn, self._known, self._reasons, self._before = drawn, known, reasons, before
        # In the order in which letters are given: the oldest version first.
        order = [(version, dialect) for version in versions for dialect in DIALECTS]
        self._cells = {cell: cells[cell] for cell in order if cell in cells}
        self._versions = versions
        self._by_bits: Dict[str, Judged] = {}
        self._results: List[Result] = []
        self._letters: Dict[Cell, str] = {}
        self._places: Dict[Cell, str] = {}

    def sample(self) -> Sample:
        computed = {cell: one for cell, one in self._cells.items() if _is_computed(one)}
        failed = {cell: one for cell, one in self._cells.items() if cell not in computed}
        for cell, outcome in computed.items():
            self._add_computed(cell, outcome)
        self._add_failed(failed, dict(list(computed.items())[:1]))
        given, step, rows = self._drawn.given, self._drawn.steps[0], list(self._rows())
        return Sample(
            self._drawn.digest,
            given[0].dtype,
            [_in_words(letter, one) for letter, one in zip(INPUTS, given)],
            step.parameters,
            ordinary(self._drawn),
            self._results,
            {dialects: letters for dialects, letters, _ in rows},
            {dialects: known for dialects, _, known in rows if known.strip(NOTHING)},
        )

    def _add_computed(self, cell: Cell, outcome: Outcome) -> None:
        bits = _bits(outcome)
        if bits not in self._by_bits:
            self._by_bits[bits] = judge(self._drawn, {cell: outcome})
        judged = self._by_bits[bits]
        fault = judged.faults[0] if judged.faults else None
        word = fault.word if fault else "agrees" if judged.compared else "unjudged"
        message = fault.message[:_LONGEST] if fault else None
        steady = self._before.get(cell, "") in ("", bits)
        even = bits_of(*evened(*outcome.outputs[name_of(0)]))
        result = Result(word, bits, None if even == bits else even, message=message)
        self._add(cell, result if steady else Result(word, message=message), fault)

    def _add_failed(self, failed: Cells, beside: Cells) -> None:
        """An error is a fault where another cell computes the sample, as those ``beside`` do."""
        faults = (
            {fault.cell: fault for fault in judge(self._drawn, {**beside, **failed}).faults} if failed else {}
        )
        for cell, outcome in failed.items():
            status, message = outcome.status, outcome.message
            if status == "ok":
                status, message = "error", "gave no result"
            self._add(cell, Result(status=status, message=message[:_LONGEST]), faults.get(cell))

    def _add(self, cell: Cell, result: Result, fault: Optional[Fault]) -> None:
        if result not in self._results:
            self._results.append(result)
        self._letters[cell] = LETTERS[self._results.index(result)]
        self._explain(cell, fault)

    def _explain(self, cell: Cell, fault: Optional[Fault]) -> None:
        """Note the known difference that speaks of the fault in this cell, if one does."""
        entry = self._known.explains(fault._replace(cell=cell)) if fault else None
        if entry is not None:
            reason = Reason(entry.reason, entry.address, entry.edit)
            if reason not in self._reasons:
                self._reasons.append(reason)
            self._places[cell] = DIGITS[self._reasons.index(reason)]

    def _rows(self) -> Iterator[Tuple[str, str, str]]:
        """(dialects, letters, places of reasons): dialects that say the same share theirs."""
        found: Dict[Tuple[str, str], List[str]] = {}
        for dialect in DIALECTS:
            cells = [(version, dialect) for version in self._versions]
            letters = "".join(self._letters.get(cell, NOTHING) for cell in cells)
            known = "".join(self._places.get(cell, NOTHING) for cell in cells)
            if letters.strip(NOTHING):
                found.setdefault((letters, known), []).append(dialect)
        for (letters, known), dialects in found.items():
            yield " ".join(dialects), letters, known


def _is_computed(outcome: Outcome) -> bool:
    return name_of(0) in outcome.outputs


def _bits(outcome: Outcome) -> str:
    """Of the result; "" without one."""
    return bits_of(*outcome.outputs[name_of(0)]) if _is_computed(outcome) else ""


def _in_words(letter: str, given: Given) -> str:
    numbers = _FLAVOURS.get(given.flavour, given.flavour)
    if not given.dtype.startswith(("float", "bfloat")):
        numbers = f"whole numbers below {given.high}" if given.high else "whole numbers"
    return f"{letter}: {given.dtype} {tuple(given.shape)}, {numbers}"


def evened(array: Array, dtype: str) -> Tuple[Array, str]:
    """Zeros without a sign, and zeros for denormal numbers: kernels differ in these as they like."""
    array = np.array(array)
    if array.dtype.kind == "f":
        array[np.abs(array) < np.finfo(array.dtype).tiny] = 0
    return array, dtype


def bits_of(array: Array, dtype: str) -> str:
    """Equal where dtype, shape and bits are equal; which NaN it is says nothing."""
    array = np.array(array)
    if array.dtype.kind == "f":
        array[np.isnan(array)] = np.nan
    content: Any = f"{dtype} {array.shape} ".encode() + array.tobytes()
    return hashlib.sha256(content).hexdigest()[:10]
