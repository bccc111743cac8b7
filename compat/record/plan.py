"""What is to be computed: every sample in every dialect but what is recorded and unchanged, or cannot be spelled."""

import os
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

from ..case.files import Case, changed_files
from ..case.operation import Sample
from ..records import UNFINISHED, Description, Record
from ..store import Run
from .code import code_of
from .compute import blank_record, unavailable
from .environment import describe

#: Larger inputs are not kept for the pages, which know them by their digest: VGG-16 has half a gigabyte.
LARGEST_INPUT_BYTES = 1 << 25


@dataclass
class Wanted:
    """Samples and dialects that somebody asked for, with the case file of each sample."""

    cases: Sequence[Case]
    samples: Sequence[Sample]
    dialects: Sequence[str]
    fresh: bool = False
    case_of: Dict[str, Case] = field(default_factory=dict)
    described: Dict[str, Description] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.case_of = {sample.id: case for case in self.cases for sample in case.samples()}
        # A fixture that cannot be made stops here, before anything is written.
        self.described = {sample.id: self.case_of[sample.id].describe(sample) for sample in self.samples}


def prepare(folder: str, wanted: Wanted) -> Tuple[Run, str]:
    """The run, without records that are no longer of anything; and a line of what was dropped, or nothing."""
    environment = describe(os.path.basename(os.path.abspath(folder)))
    run = Run(folder, environment)
    told = ""
    before = Run.open(folder) if Run.exists(folder) else None
    if before is not None and before.environment == environment:
        run = before
        run.save()
    elif before is not None:
        changed = [k for k in vars(environment) if getattr(environment, k) != getattr(before.environment, k)]
        told = f"{run.name}: another environment than before ({', '.join(changed)}): recording anew"
    run.drop_journal()  # rows of another environment, or of a run that is gone
    loaded = {case.path for case in wanted.cases}
    for sample_id, description in list(run.samples.items()):
        gone = description.path in loaded or not os.path.exists(description.path)
        if gone and sample_id not in wanted.case_of:
            run.samples.pop(sample_id)
            run.records.pop(sample_id, None)
    return run, told


def plan(run: Run, wanted: Wanted) -> Tuple[List[Tuple[str, str]], int]:
    """``[(sample, dialect)]`` to compute, and how many are unchanged; notes those that cannot be spelled here."""
    code = code_of(run.environment)
    pairs, kept = [], 0
    for sample in wanted.samples:
        case = wanted.case_of[sample.id]
        run.samples[sample.id] = wanted.described[sample.id]
        digest = run.samples[sample.id].case
        for dialect in wanted.dialects:
            reason = unavailable(sample, dialect)
            if reason is not None:
                run.add(sample.id, dialect, blank_record(case, sample, code, "unsupported", reason))
            elif not wanted.fresh and _is_current(run, case, run.record(sample.id, dialect), digest, code):
                kept += 1
            else:
                pairs.append((sample.id, dialect))
        with case.at_work():
            for fixture in sample.inputs.values():
                if fixture.array.nbytes <= LARGEST_INPUT_BYTES:
                    run.objects.add(fixture.array)
    return pairs, kept


def _is_current(run: Run, case: Case, record: Optional[Record], digest: str, code: str) -> bool:
    if record is None or record.status in UNFINISHED or (record.case, record.code) != (digest, code):
        return False
    if changed_files(case.path, record.files):
        return False
    return not any(map(run.objects.trouble, record.digests()))  # a damaged array is made again
