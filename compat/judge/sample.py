"""The verdicts on one sample: of every run, each distinct result judged once."""

import os
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Tuple

from ..alike import shared
from ..case.files import Case
from ..case.operation import Sample
from ..records import Description, Record, Verdict
from ..store import Run
from . import known
from .answers import NO_RECORDS, Answers, unusable
from .ported import Ported
from .verdicts import random

if TYPE_CHECKING:
    from .judging import Judging

#: Of what ``compat trace`` recorded: neither a reference nor another record is named.
TRACE_ALONE = "a trace alone says nothing of right and wrong: compat verify LEGACY PORT judges one by another"


class SampleJudge:
    """The verdicts on one sample."""

    def __init__(self, judging: "Judging", sample_id: str) -> None:
        self._judging = judging
        self._id = sample_id
        self._operation, _, self._name = sample_id[:-1].partition("[")  # a description may say anything
        self._by_case: Dict[str, Answers] = {}
        self._ported = Ported(sample_id, judging.keep)
        self._cases: Dict[Tuple[Any, ...], Tuple[Optional[Case], str]] = {}
        self._troubles: Dict[Tuple[Any, ...], str] = {}
        self._old: Dict[Tuple[Any, ...], str] = {}
        self._alike: Dict[
            Tuple[str, int, int],
            Tuple[Record, Optional[Description], Verdict, List[known.KnownDifference]],
        ] = {}

    def end(self) -> None:
        for of_case in self._by_case.values():
            of_case.notes.save()
        self._ported.save()

    def verdicts(self, run: Run, row: Mapping[str, Record]) -> Dict[str, Verdict]:
        """Those on records of a run, by dialect.  Records that say the same may share one: it is not to be changed."""
        description = run.samples.get(self._id)
        found = {}
        for dialect, record, _ in shared(row):
            place = run.store, id(record), id(description)
            # Not where it names what it is judged against: each run may have another record for that.
            if place not in self._alike or (description is not None and description.against):
                judged = self._of_record(run, dialect, record, description)
                # Kept with what has the identities, so that nothing else has them meanwhile.
                self._alike[place] = (record, description, *judged)
            _, _, verdict, entries = self._alike[place]
            if entries:
                verdict = known.marked(
                    verdict, self._operation, self._name, dialect, run.environment, entries
                )
            found[dialect] = verdict
        return found

    def _of_record(
        self, run: Run, dialect: str, record: Record, description: Optional[Description]
    ) -> Tuple[Verdict, List[known.KnownDifference]]:
        """The verdict, and the known differences that may speak of it."""
        case, why_not = self._case_of(run, description, record)
        verdict = self._unmarked(run, dialect, record, description, case, why_not)
        path = self._judging.beside_case(case, description) if description else None
        return verdict, self._judging.known_of(path, self._operation) if path is not None else []

    def _unmarked(
        self,
        run: Run,
        dialect: str,
        record: Record,
        description: Optional[Description],
        case: Optional[Case],
        why_not: str,
    ) -> Verdict:
        stale = self._stale(case, dialect, record, description)
        if stale:
            return Verdict("stale", stale)
        if record.status != "ok":
            return Verdict(record.status, record.message)
        trouble = self._trouble(run, record)
        if trouble:
            return Verdict("unjudged", trouble)
        if description is not None and description.against:
            return self._against(run, dialect, record, description, case)
        if case is None and record.trace is not None:
            return Verdict("unjudged", TRACE_ALONE)
        if case is None:
            return Verdict("unjudged", why_not)
        return self._of_case(case).verdict(run, record)

    def _stale(
        self, case: Optional[Case], dialect: str, record: Record, description: Optional[Description]
    ) -> str:
        """Why the record is no longer of this sample, or nothing: the same for all that say the same."""
        if case is None:
            return ""
        against = tuple(description.against or ()) if description is not None else None
        files = tuple(record.files.items())
        key = case.path, dialect, record.case, files, record.dtype, record.claim, record.status, against
        if key not in self._old:
            self._old[key] = self._why_stale(case, dialect, record, description)
        return self._old[key]

    def _why_stale(self, case: Case, dialect: str, record: Record, description: Optional[Description]) -> str:
        sample = case.sample(self._id)
        if sample is None:
            return f"{case.path} has no such sample any more: record it again"
        changed = self._judging.changed(case.path, record)
        if changed:
            return f"{', '.join(changed[:3])} has changed since it was recorded: record it again"
        digest, dtype = self._judging.case_digest(case, sample)
        if digest != record.case:
            return "its inputs or parameters have changed since it was recorded: record it again"
        if not record.files:
            return "the record does not say which files it was made of: record it again"
        return self._contradiction(sample, dtype, dialect, record, description)

    def _contradiction(
        self,
        sample: Sample,
        dtype: str,
        dialect: str,
        record: Record,
        description: Optional[Description],
    ) -> str:
        """What the record says otherwise than the case file, though that is the one it was made of; or nothing."""
        against = description.against if description is not None else None
        told = {
            "the dtype": (record.dtype, dtype),
            "how it computes": (record.claim, sample.operation.claims.get(dialect)),
            "what it is judged against": (against, _list(sample.operation.against)),
        }
        if record.status != "ok":
            del told["how it computes"]
        wrong = [what for what, (recorded, now) in told.items() if recorded != now]
        return f"the record says otherwise than its case file: {wrong[0]}; record it again" if wrong else ""

    def _of_case(self, case: Case) -> Answers:
        if case.path not in self._by_case:
            sample = case.sample(self._id)
            assert sample is not None  # or its records were stale
            digest, _ = self._judging.case_digest(case, sample)
            golden_run = self._judging.golden(case.path)
            self._by_case[case.path] = Answers(case, sample, digest, golden_run, self._judging.keep)
        return self._by_case[case.path]

    def _case_of(
        self, run: Run, description: Optional[Description], record: Record
    ) -> Tuple[Optional[Case], str]:
        if description is None:
            return self._judging.case(run, self._id, record)
        key = description.path, description.operation, next(iter(record.files.values()), "")
        if key not in self._cases:
            self._cases[key] = self._judging.case(run, self._id, record)
        return self._cases[key]

    def _trouble(self, run: Run, record: Record) -> str:
        """What is wrong with the arrays of a record, or nothing: those of equal results are looked at once."""
        shapes = tuple((o.digest, o.dtype, tuple(o.shape)) for o in record.outputs.values())
        measured = tuple(d for arrays in record.measured.values() for d in arrays.values())
        key = run.store, tuple(record.outputs), shapes, measured
        if key not in self._troubles:
            self._troubles[key] = self._judging.trouble(run, record)
        return self._troubles[key]

    # -- against another record

    def _against(
        self, run: Run, dialect: str, record: Record, description: Description, case: Optional[Case]
    ) -> Verdict:
        """By what the sample names to be judged against: in this run, in another of the store, or in the golden."""
        whose = " in ".join(filter(None, _named(description)))
        who = f"{dialect} in {run.name}" if _named(description)[1] else dialect
        if record.random:
            return random(record, who)
        # Also of a case file that cannot be loaded here, for it imports a framework: what it is can be read.
        path = self._judging.beside_case(case, description)
        changed = self._judging.changed(path, record)
        if changed:
            return Verdict(
                "stale", f"{', '.join(changed[:3])} has changed since it was recorded: record it again"
            )
        place, base, why_not = self.base(run, description)
        if base is None or place is None:
            return Verdict("unjudged", f"{whose} has no result to be judged against: {why_not}")
        changed = [*self._judging.changed(path, base)]
        changed += [name for name, digest in base.files.items() if record.files.get(name, digest) != digest]
        if not base.files:
            return Verdict("stale", f"{whose} does not say which files it was made of: record it again there")
        if base.case != record.case or changed:
            what = f"{', '.join(dict.fromkeys(changed))} was other" if changed else "its inputs were others"
            return Verdict("stale", f"{whose} was recorded when {what}: record it again there")
        in_golden = place.folder != run.folder and place is self._golden(case, description)
        needed = [name for name in base.digests() if name != base.trace]
        if in_golden and not base.random and any(name not in place.objects for name in needed):
            if base.bits == record.bits:
                return Verdict("identical")
            return Verdict("unjudged", f"{whose} is in the golden by its digests only: record it again there")
        trouble = self._judging.trouble(place, base)
        if trouble:
            return Verdict("unjudged", f"{whose}: {trouble}")
        try:
            return self._ported.verdict(run, record, place, base, who, whose)
        except NO_RECORDS as error:
            return Verdict("unjudged", unusable(error))

    def _case(self, run: Run) -> Optional[Case]:
        record = next(iter(run.records.get(self._id, {}).values()), None)
        return self._judging.case(run, self._id, record)[0] if record else None

    def _golden(self, case: Optional[Case], description: Description) -> Optional[Run]:
        path = self._judging.beside_case(case, description)
        return self._judging.golden(path) if path is not None else None

    def base(self, run: Run, description: Description) -> Tuple[Optional[Run], Optional[Record], str]:
        """(the run and the record that the sample is judged against), or None and why not."""
        dialect, environment = _named(description)
        place = self._judging.beside(run, environment)
        base = place.record(self._id, dialect) if place else None
        if base is not None and base.status == "ok":
            return place, base, ""
        kept = self._golden(self._case(run), description)
        if kept is not None and environment == kept.environment.name:
            found = kept.record(self._id, dialect)
            if found is not None and found.status == "ok":
                return kept, found, ""
        if base is not None:
            return None, None, f"it ended there with {base.status}: {base.message}"
        folder = os.path.join(run.store, environment or run.name)
        missing = f"{folder} is no run" if place is None else f"{folder} has no record of it"
        return None, None, f"{missing}; record it there, then judge again"


def _named(description: Description) -> Tuple[str, Optional[str]]:
    """The dialect and the environment that a sample is judged against."""
    dialect, environment = (*(description.against or ()), None, None)[:2]
    return dialect or "", environment


def _list(against: Optional[Tuple[str, Optional[str]]]) -> Optional[List[Optional[str]]]:
    return list(against) if against else None
