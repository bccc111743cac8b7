"""Every verdict of a store, from what is recorded: never from this process's settings, frameworks, or order of runs."""

import hashlib
import os
from dataclasses import dataclass, field
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..case.files import Case, beside, changed_files
from ..case.operation import Sample
from ..errors import CompatError
from ..files import is_regular, read_bytes
from ..objects import Objects
from ..records import Description, Record, Verdict, needs_a_person
from ..reference import Reference
from ..reference.measured import answers_against
from ..store import Run
from . import golden, known
from .answers import NO_RECORDS, refer
from .case_files import CaseFiles
from .graphs import Place
from .memory import CaseDigests
from .ports import all_places, wrong_places
from .sample import SampleJudge


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
        self._goldens: Dict[str, Optional[Run]] = {}
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
        about = SampleJudge(self, sample_id)
        for one in judged:
            row = one.run.records.get(sample_id)
            if row:
                one.verdicts[sample_id] = about.verdicts(one.run, row)
        about.end()

    def verdict(self, run: Run, sample_id: str, dialect: str) -> Verdict:
        """The verdict on one record."""
        about = SampleJudge(self, sample_id)
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
            place, base, why_not = SampleJudge(self, sample.id).base(run, run.samples[sample.id])
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
        place, base, _ = SampleJudge(self, sample.id).base(run, run.samples[sample.id])
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
        place, base, _ = SampleJudge(self, sample_id).base(run, description)
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
        if case_path is None:
            return []
        place = case_path, tuple(record.files.items())
        if place not in self._changed:
            here = is_regular(case_path)
            self._changed[place] = changed_files(case_path, record.files) if here else []
        return self._changed[place]

    def known_of(self, case_path: str, operation: str) -> List[known.KnownDifference]:
        """The entries that speak for an operation of a case file."""
        if (case_path, operation) not in self._known:
            path = known.path_beside(case_path)
            entries = self._read_known(path) if path is not None else []
            self._known[case_path, operation] = [entry for entry in entries if entry.operation == operation]
        return self._known[case_path, operation]

    def golden(self, case_path: str) -> Optional[Run]:
        """The golden run that speaks for a case file."""
        if case_path not in self._goldens:
            self._goldens[case_path] = golden.beside_case(case_path)
        return self._goldens[case_path]

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
