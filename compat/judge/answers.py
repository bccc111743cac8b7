"""A sample's float64 answers, computed at most once, and the verdicts by them."""

import time
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np

from ..case.files import Case
from ..case.operation import Sample
from ..errors import CompatError, StoreError
from ..records import Record, Verdict
from ..reference import Reference
from ..reference.claims import under
from ..store import Run
from . import allowances, golden, memory
from .memory import Notes, key
from .verdicts import Judge, as_golden, as_whole, judge

#: Outputs of a sample whose answers may be lent.
_FEW = 16
#: What the judge raises for records that no computation leaves: well formed, and saying what cannot be.
NO_RECORDS = (CompatError, LookupError, TypeError, ValueError, ArithmeticError)


class Answers:
    """The float64 answers of a sample of one case file, and the verdicts by them, each made once.

    ``golden_run``: the one that speaks for the case file.
    """

    def __init__(
        self, case: Case, sample: Sample, digest: str, golden_run: Optional[Run], keep: bool
    ) -> None:
        self._case = case
        self._sample = sample
        self._keep = keep
        self.notes = Notes(key("verdicts", sample.id, digest, case.files()), case.path)
        self._references: Mapping[str, Reference] = {}
        self._error = ""
        self._computed = False
        self._judges: Dict[str, Judge] = {}
        self._verdicts: Dict[Tuple[Any, ...], Verdict] = {}
        self._stores: Dict[str, Dict[str, str]] = {}
        self._allowed: Dict[Tuple[str, str], str] = {}
        self._golden = golden.outputs_of(golden_run, sample.id, digest)

    def verdict(self, run: Run, record: Record) -> Verdict:
        if self._sample.operation.reference is None:
            return judge(record, None, run.objects.read)
        alike = run.store, record.dtype, record.claim, record.bits
        if alike not in self._verdicts:
            self._verdicts[alike] = self._of_bits(run, record)
        return self._verdicts[alike]

    def _of_bits(self, run: Run, record: Record) -> Verdict:
        """The verdict on all records of the same bits."""
        bits = key(record.dtype, record.claim, record.bits)
        verdict = self.notes.verdict(bits)
        if verdict is None:
            self._compute()
            if self._error:
                return Verdict("unjudged", self._error)
            self.notes.files = self._case.files()  # with what the reference imported late
            if run.store not in self._judges:
                self._judges[run.store] = Judge(self._references, run.objects.read)
            started = time.perf_counter()
            try:
                verdict = self._judges[run.store](record)
            except NO_RECORDS as error:
                return Verdict("unjudged", unusable(error))
            self.notes.seconds += time.perf_counter() - started
            self.notes.note(bits, verdict)
            self.notes.note_answers(self.notes.answers or {})
        as_golden(verdict, record, self._golden)
        if self._keep:
            verdict.reference = self._kept_in(run)
            verdict.allowance = self._allowed_in(run, record, verdict)
        return verdict

    def _compute(self) -> None:
        """The float64 answers, once."""
        if self._computed:
            return
        self._computed = True
        started = time.perf_counter()
        with self._case.at_work():
            self._references, self._error = refer(self._sample)
        self.notes.seconds += time.perf_counter() - started

    def _kept_in(self, run: Run) -> Dict[str, str]:
        """The digests of the answers, each kept in the run's store."""
        if run.store not in self._stores:
            answers = self.notes.answers
            if not answers or any(digest not in run.objects for digest in answers.values()):
                self._compute()
                answers = self._kept(run, {n: r.value for n, r in self._references.items()})
                self.notes.note_answers(answers)
            self._stores[run.store] = answers
        return self._stores[run.store]

    def _kept(self, run: Run, answers: Mapping[str, np.ndarray]) -> Dict[str, str]:
        quick = len(answers) <= _FEW and self.notes.seconds <= memory.WORTH_KEEPING
        return kept(run, answers, quick)

    def _allowed_in(self, run: Run, record: Record, verdict: Verdict) -> Dict[str, str]:
        """The digests of how far outputs may be off, each kept in the run's store."""
        found = {}
        for name, numbers in verdict.outputs.items():
            if name in verdict.reference and allowances.is_shown(numbers):
                found[name] = self._allowance(run, name, record.outputs[name].dtype, record.claim)
        return {name: digest for name, digest in found.items() if digest}

    def _allowance(self, run: Run, name: str, dtype: str, claim: Optional[str]) -> str:
        """Empty where there is none: of an output that was judged by its own step alone."""
        what = f"{name} {dtype} {claim or ''}"
        place = run.store, what
        if place not in self._allowed:
            digest = self.notes.allowances.get(what)
            if digest is None or (digest and digest not in run.objects):
                self._compute()
                found = self._allowances(name, dtype, claim)
                digest = self._kept(run, found).get(name, "")
                if digest or not found:
                    self.notes.note_allowance(what, digest)
            self._allowed[place] = digest
        return self._allowed[place]

    def _allowances(self, name: str, dtype: str, claim: Optional[str]) -> Dict[str, np.ndarray]:
        if name not in self._references or not as_whole(self._references, claim):
            return {}
        return {name: allowances.allowance(under(self._references[name], claim), dtype)}


def refer(sample: Sample) -> Tuple[Mapping[str, Reference], str]:
    """The references of a sample by output name, and why there are none."""
    try:
        with np.errstate(all="ignore"):
            return sample.refer() or {}, ""
    except Exception as error:  # a case's own code
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        return {}, f"the reference fails: {said}"


def unusable(error: Exception) -> str:
    said = str(error) if isinstance(error, CompatError) else f"{type(error).__name__}: {error}"
    return f"what is recorded cannot be judged ({said}): record it again"


def kept(run: Run, answers: Mapping[str, np.ndarray], quick: bool = False) -> Dict[str, str]:
    """The digests of arrays, kept in the run's store; none where it cannot be written.

    ``quick``: to make them again takes no longer than to read them, so they are in memory, or nowhere.
    """
    keep = run.objects.lend if quick else run.objects.add
    try:
        found = {name: keep(array) for name, array in answers.items()}
        return {name: digest for name, digest in found.items() if digest}
    except StoreError:
        return {}
