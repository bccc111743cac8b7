"""Every verdict of a store, from what is recorded: never from this process's settings, frameworks, or order of runs."""

import hashlib
import os
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..case.files import Case, beside, changed_files
from ..case.operation import Sample
from ..errors import CompatError
from ..files import is_regular, read_bytes
from ..objects import Objects
from ..records import Description, Record, Verdict, needs_a_person
from ..reference import Reference
from ..reference.measured import answers_against
from ..store import Alike, Run
from . import allowances, golden, known
from .answers import NO_RECORDS, Answers, kept, refer, unusable
from .case_files import CaseFiles
from .graphs import Place
from .memory import CaseDigests
from .ports import all_places, judge_port, wrong_places
from .verdicts import random

#: Of what ``compat trace`` recorded: neither a reference nor another record is named.
TRACE_ALONE = "a trace alone says nothing of right and wrong: compat verify LEGACY PORT judges one by another"


@dataclass
class Judged:
    """A run with the verdicts on its records, by the sample's id and the dialect."""

    run: Run
    verdicts: Dict[str, Dict[str, Verdict]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.run.name

    def record(self, sample: str, dialect: str) -> Optional[Record]:
        return self.run.record(sample, dialect)

    def verdict(self, sample: str, dialect: str) -> Optional[Verdict]:
        return self.verdicts.get(sample, {}).get(dialect)

    def rows(self) -> Iterator[Tuple[str, str, Verdict]]:
        """(sample, dialect, verdict) of every record."""
        for sample, row in self.verdicts.items():
            for dialect, verdict in row.items():
                yield sample, dialect, verdict

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look."""
        return any(needs_a_person(verdict) for _, _, verdict in self.rows())


def judge_runs(
    runs: Sequence[Run],
    named: Optional[Sequence[str]] = None,
    cases: Sequence[Case] = (),
    keep: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> List[Judged]:
    """The runs with their verdicts.

    ``named``: case files and folders that may be loaded (by default ``cases``); ``cases``: those that are loaded.
    ``keep``: write the float64 answers into the store, for the pages.  ``progress`` is told how many samples are done.
    """
    judging = Judging(runs, named, cases, keep)
    judged = [Judged(run) for run in runs]
    samples = list(dict.fromkeys(sample for run in runs for sample in run.records))
    for number, sample in enumerate(samples):
        judging.judge_sample(sample, judged)
        progress(number + 1, len(samples))
    judging.end()
    return judged


class Judging:
    """What the verdicts of several runs have in common."""

    def __init__(
        self,
        runs: Sequence[Run],
        named: Optional[Sequence[str]] = None,
        cases: Sequence[Case] = (),
        keep: bool = False,
    ) -> None:
        self.keep = keep
        stores = {
            place for run in runs for place in (run.store, os.path.dirname(os.path.realpath(run.folder)))
        }
        self._case_files = CaseFiles(named, sorted(stores), cases)
        self._beside: Dict[str, Optional[Run]] = {run.folder: run for run in runs}
        self._digests: Dict[str, CaseDigests] = {}
        self._files_of_known: Dict[str, List[known.KnownDifference]] = {}
        self._known: Dict[Tuple[str, str], List[known.KnownDifference]] = {}
        self._changed: Dict[Tuple[str, Tuple[Tuple[str, str], ...]], List[str]] = {}
        self._followed: Dict[str, str] = {}
        objects: Dict[str, Objects] = {}
        for run in runs:  # an array that several runs name is read once
            run.objects = objects.setdefault(run.store, run.objects)

    def end(self) -> None:
        for digests in self._digests.values():
            digests.save()

    def follows_from(self) -> Dict[str, str]:
        """The SHA-256 of every file beside the runs that verdicts came of, and nothing of one that is not there."""
        for path in self._case_files.paths():
            if path in self._followed:
                continue
            for one in (path, *beside(path, known.FILE_NAME), *golden.paths_beside(path)):
                if one not in self._followed:
                    there = is_regular(one)
                    self._followed[one] = hashlib.sha256(read_bytes(one)).hexdigest() if there else ""
        return self._followed

    def judge_sample(self, sample_id: str, judged: Sequence[Judged]) -> None:
        """The verdicts on one sample in all runs: its answer is computed once, each distinct result judged once."""
        about = _Sample(self, sample_id)
        for one in judged:
            row = one.run.records.get(sample_id)
            if row:
                one.verdicts[sample_id] = about.verdicts(one.run, row)
        about.end()

    def verdict(self, run: Run, sample_id: str, dialect: str) -> Verdict:
        """The verdict on one record."""
        about = _Sample(self, sample_id)
        verdicts = about.verdicts(run, {dialect: run.records[sample_id][dialect]})
        about.end()
        return verdicts[dialect]

    def sample(self, run: Run, sample_id: str, record: Record) -> Tuple[Case, Sample]:
        """The sample with its case.  Raises CompatError where it is not here, or is not what was recorded."""
        case, why_not = self.case(run, sample_id, record)
        sample = case.sample(sample_id) if case else None
        if case is None or sample is None:
            raise CompatError(f"{sample_id}: {why_not or 'its case file has no such sample any more'}")
        return case, sample

    def answers(self, run: Run, sample: Sample, record: Record) -> Mapping[str, Reference]:
        """What a record is judged by: the sample's reference, or what it is judged against.  Raises CompatError."""
        if sample.operation.against:
            place, base, why_not = _Sample(self, sample.id).base(run, run.samples[sample.id])
            if place is None or base is None:
                raise CompatError(f"{sample.id}: there is nothing to judge it against: {why_not}")
            return answers_against(record, run.objects.read, base, place.objects.read)
        if sample.operation.reference is None:
            raise CompatError(f"{sample.id}: the operation has no reference to explain it by")
        references, error = refer(sample)
        if error:
            raise CompatError(f"{sample.id}: {error}")
        return references

    def wrong_places(self, run: Run, sample: Sample, record: Record) -> List[Place]:
        """Where a port leaves the graph it is judged against, in the order of flow; none where that is not known."""
        if not sample.operation.against:
            return []
        place, base, _ = _Sample(self, sample.id).base(run, run.samples[sample.id])
        if place is None or base is None:
            return []
        return wrong_places(record, run.objects.read, base, place.objects.read)

    def all_places(self, run: Run, sample_id: str, record: Record) -> List[Place]:
        """Every place where a port is held against the graph of what it is judged against, in the order of flow; none
        where that is not known.
        """
        description = run.samples.get(sample_id)
        if description is None or not description.against:
            return []
        place, base, _ = _Sample(self, sample_id).base(run, description)
        if place is None or base is None or base.bits == record.bits:
            return []
        try:
            return all_places(record, run.objects.read, base, place.objects.read)
        except NO_RECORDS:
            return []

    # -- what a sample asks for

    def case(self, run: Run, sample_id: str, record: Record) -> Tuple[Optional[Case], str]:
        description = run.samples.get(sample_id)
        if description is None:
            return None, "the run does not say which case file it is of: record it again"
        return self._case_files.find(sample_id, description, next(iter(record.files.values()), ""))

    def case_digest(self, case: Case, sample: Sample) -> Tuple[str, str]:
        """The sample's case digest, and the dtype of its first input."""
        if case.path not in self._digests:
            self._digests[case.path] = CaseDigests(case.files())
        return self._digests[case.path].of(case, sample)

    def changed(self, case_path: Optional[str], record: Record) -> List[str]:
        """The files of the record that are other now; none that is known of without a case file."""
        if case_path is None or not is_regular(case_path):
            return []
        place = case_path, tuple(record.files.items())
        if place not in self._changed:
            self._changed[place] = changed_files(case_path, record.files)
        return self._changed[place]

    def known_of(self, case_path: str, operation: str) -> List[known.KnownDifference]:
        """The entries that speak for an operation of a case file."""
        if (case_path, operation) not in self._known:
            path = known.path_beside(case_path)
            entries = self._read_known(path) if path is not None else []
            self._known[case_path, operation] = [entry for entry in entries if entry.operation == operation]
        return self._known[case_path, operation]

    def _read_known(self, path: str) -> List[known.KnownDifference]:
        if path not in self._files_of_known:
            self._files_of_known[path] = known.read(path)
        return self._files_of_known[path]

    def beside(self, run: Run, environment: Optional[str]) -> Optional[Run]:
        """The run itself, or that of another environment in the same store; None where it is not there."""
        if environment is None:
            return run
        folder = os.path.join(run.store, environment)
        if folder not in self._beside:
            self._beside[folder] = Run.open(folder) if Run.exists(folder) else None
        return self._beside[folder]

    def beside_case(self, case: Optional[Case], description: Description) -> Optional[str]:
        """The path of the case file that known differences and a golden speak for; None for one in a store."""
        if case is not None:
            return case.path
        return None if self._case_files.in_a_store(description.path) else description.path

    @staticmethod
    def trouble(run: Run, record: Record) -> str:
        """What is wrong with the arrays of a record, or nothing."""
        for name, output in record.outputs.items():
            trouble = run.objects.trouble(output.digest, output.shape, output.dtype)
            if trouble:
                return f"{name}: {trouble}" if len(record.outputs) > 1 else trouble
        measured = [digest for arrays in record.measured.values() for digest in arrays.values()]
        return next(filter(None, map(run.objects.trouble, measured)), "")


class _Sample:
    """The verdicts on one sample."""

    def __init__(self, judging: Judging, sample_id: str) -> None:
        self._judging = judging
        self._id = sample_id
        self._operation, _, self._name = sample_id[:-1].partition("[")  # a description may say anything
        self._by_case: Dict[str, Answers] = {}
        self._cases: Dict[Tuple[Any, ...], Tuple[Optional[Case], str]] = {}
        self._troubles: Dict[Tuple[Any, ...], str] = {}
        self._old: Dict[Tuple[Any, ...], str] = {}
        self._alike: Dict[
            Tuple[str, int, int],
            Tuple[Optional[Record], Optional[Description], Verdict, List[known.KnownDifference]],
        ] = {}

    def end(self) -> None:
        for of_case in self._by_case.values():
            of_case.notes.save()

    def verdicts(self, run: Run, row: Mapping[str, Record]) -> Dict[str, Verdict]:
        """Those on records of a run, by dialect.  Records that say the same may share one: it is not to be changed."""
        description = run.samples.get(self._id)
        # Not where it names what it is judged against: each run may have another record for that.
        alike = row.alike if isinstance(row, Alike) and description and not description.against else {}
        found = {}
        for dialect, record in row.items():
            shared = alike.get(dialect)
            place = run.store, id(shared), id(description)
            if (
                shared is None or place not in self._alike
            ):  # with both, so that nothing else has their identity
                judged = self._of_record(run, dialect, record, description)
                self._alike[place] = (shared, description, *judged)
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
            self._by_case[case.path] = Answers(case, sample, digest, self._judging.keep)
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
            spreads: Optional[Dict[str, Reference]] = {} if self._judging.keep else None
            verdict = judge_port(record, run.objects.read, base, place.objects.read, who, whose, spreads)
        except NO_RECORDS as error:
            return Verdict("unjudged", unusable(error))
        if not base.random:
            answers = {name: place.objects.read(output.digest) for name, output in base.outputs.items()}
            verdict.reference = kept(run, answers) if self._judging.keep else {}
            verdict.allowance = kept(run, _shown(record, verdict, spreads or {}))
        return verdict

    def _case(self, run: Run) -> Optional[Case]:
        record = next(iter(run.records.get(self._id, {}).values()), None)
        return self._judging.case(run, self._id, record)[0] if record else None

    def _golden(self, case: Optional[Case], description: Description) -> Optional[Run]:
        path = self._judging.beside_case(case, description)
        return golden.beside_case(path) if path is not None else None

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


def _shown(record: Record, verdict: Verdict, spreads: Mapping[str, Reference]) -> Dict[str, np.ndarray]:
    """How far outputs may be off from what they are judged against, of those that were judged by what was measured:
    by a graph they are held to what it makes of the port's own tensors."""
    return {
        name: allowances.allowance(spreads[name], record.outputs[name].dtype)
        for name, numbers in verdict.outputs.items()
        if name in spreads and allowances.is_shown(numbers)
    }


def _list(against: Optional[Tuple[str, Optional[str]]]) -> Optional[List[Optional[str]]]:
    return list(against) if against else None
