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
from .kept import COMPUTED, DIGITS, LETTERS, NOTHING, Operation, Result, Row, Sample
from .spellings import shown

#: Longer messages are cut.
_LONGEST = 200
_FLAVOURS = {"normal": "noise", "integers": "whole numbers", "image": "0 to 1"}


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


def operation(name: str, pool: Pool, known: Known) -> Operation:
    """Run the operation's samples in all versions and dialects of the pool."""
    drawn = samples(name)
    found = Operation(name, _spelled(name), [], [])
    versions = [version.name for version in pool.versions]
    for one, cells in zip(drawn, pool.run(drawn, DIALECTS)):
        with np.errstate(all="ignore"):
            found.samples.append(_Judged(one, cells, versions, known, found.reasons).sample())
    return found


def _spelled(name: str) -> Dict[str, str]:
    texts = {dialect: ENTRIES[name].spelling(dialect) for dialect in DIALECTS}
    return {dialect: shown(text) for dialect, text in texts.items() if text is not None}


class _Judged:
    """One sample: results of the same bits are judged once.  ``reasons``: the operation's, added to."""

    def __init__(
        self, drawn: Drawn, cells: Cells, versions: Sequence[str], known: Known, reasons: List[Reason]
    ) -> None:
        self._drawn, self._known, self._reasons = drawn, known, reasons
        # In the order in which letters are given: the oldest version first.
        order = [(version, dialect) for version in versions for dialect in DIALECTS]
        self._cells = {cell: cells[cell] for cell in order if cell in cells}
        self._versions = versions
        self._results: List[Result] = []
        self._letters: Dict[Cell, str] = {}
        self._places: Dict[Cell, str] = {}

    def sample(self) -> Sample:
        computed = {cell: one for cell, one in self._cells.items() if name_of(0) in one.outputs}
        failed = {cell: one for cell, one in self._cells.items() if cell not in computed}
        self._judge_computed(computed)
        self._judge_failed(failed, computed)
        given, step = self._drawn.given, self._drawn.steps[0]
        return Sample(
            self._drawn.digest,
            given[0].dtype,
            [_in_words(letter, one) for letter, one in zip(INPUTS, given)],
            step.parameters,
            ordinary(self._drawn),
            self._results,
            list(self._rows()),
        )

    def _judge_computed(self, computed: Cells) -> None:
        seen: Dict[str, Tuple[str, Optional[Fault]]] = {}
        for cell, outcome in computed.items():
            bits = bits_of(*outcome.outputs[name_of(0)])
            if bits not in seen:
                judged = judge(self._drawn, {cell: outcome})
                fault = judged.faults[0] if judged.faults else None
                message = fault.message if fault else ""
                seen[bits] = self._letter(COMPUTED, bits, _word(judged), message), fault
            self._letters[cell], fault = seen[bits]
            self._explain(cell, fault)

    def _judge_failed(self, failed: Cells, computed: Cells) -> None:
        """An error is a fault where another cell computes the sample."""
        beside = dict(list(computed.items())[:1])
        faults = {fault.cell: fault for fault in judge(self._drawn, {**beside, **failed}).faults if failed}
        seen: Dict[Tuple[str, str], str] = {}
        for cell, outcome in failed.items():
            status, message = _failure(outcome)
            if (status, message) not in seen:
                seen[status, message] = self._letter(status, "", "", message)
            self._letters[cell] = seen[status, message]
            self._explain(cell, faults.get(cell))

    def _letter(self, status: str, bits: str, verdict: str, message: str) -> str:
        self._results.append(Result(status, bits, verdict, message[:_LONGEST]))
        return LETTERS[len(self._results) - 1]

    def _explain(self, cell: Cell, fault: Optional[Fault]) -> None:
        """Note the known difference that speaks of the fault in this cell, if one does."""
        entry = self._known.explains(fault._replace(cell=cell)) if fault else None
        if entry is not None:
            reason = Reason(entry.reason, entry.address, entry.edit)
            if reason not in self._reasons:
                self._reasons.append(reason)
            self._places[cell] = DIGITS[self._reasons.index(reason)]

    def _rows(self) -> Iterator[Row]:
        """Dialects that say the same share theirs."""
        found: Dict[Tuple[str, str], List[str]] = {}
        for dialect in DIALECTS:
            cells = [(version, dialect) for version in self._versions]
            results = "".join(self._letters.get(cell, NOTHING) for cell in cells)
            known = "".join(self._places.get(cell, NOTHING) for cell in cells)
            if results.strip(NOTHING):
                found.setdefault((results, known if known.strip(NOTHING) else ""), []).append(dialect)
        for (results, known), dialects in found.items():
            yield Row(dialects, results, known)


def _word(judged: Judged) -> str:
    """The verdict of a single result."""
    return judged.faults[0].word if judged.faults else "agrees" if judged.compared else "unjudged"


def _failure(outcome: Outcome) -> Tuple[str, str]:
    """(status, message): a result that is not there is an error as well."""
    if outcome.status == "ok":
        return "error", "gave no result"
    return outcome.status, outcome.message[:_LONGEST]


def _in_words(letter: str, given: Given) -> str:
    shape = "x".join(map(str, given.shape))
    numbers = (
        f"whole numbers below {given.high}" if given.high else _FLAVOURS.get(given.flavour, given.flavour)
    )
    return f"{letter}: {given.dtype} {shape}, {'truth values' if given.dtype == 'bool' else numbers}"


def bits_of(array: Array, dtype: str) -> str:
    """Equal where dtype, shape and bits are equal; which NaN it is says nothing."""
    array = np.array(array)
    if array.dtype.kind == "f":
        array[np.isnan(array)] = np.nan
    content: Any = f"{dtype} {array.shape} ".encode() + array.tobytes()
    return hashlib.sha256(content).hexdigest()[:12]
