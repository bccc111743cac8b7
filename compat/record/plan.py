"""What is to be computed: every sample in every dialect but what is recorded and unchanged, or cannot be spelled."""

import os
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

from ..case.files import changed_files
from ..records import UNFINISHED, Description, Record
from ..store import Run
from .outlines import Outline, Outlined
from .spelled import not_spelled

Pair = Tuple[str, str]


class Wanted:
    """Samples and dialects that somebody asked for, with the case file of each sample.

    ``fresh``: also what is recorded and unchanged; ``checked``: also where an array of it is damaged, which takes to
    read them all.  Raises CompatError for a fixture that cannot be made: before anything is written.
    """

    def __init__(
        self,
        outlines: Sequence[Outline],
        samples: Sequence[Outlined],
        dialects: Sequence[str],
        fresh: bool = False,
        checked: bool = False,
    ) -> None:
        self.outlines, self.samples, self.dialects = outlines, samples, dialects
        self.fresh, self.checked = fresh, checked
        self.outline_of = {sample.id: outline for outline in outlines for sample in outline.samples()}
        chosen = {sample.id for sample in samples}
        for outline in outlines:
            outline.describe([sample for sample in outline.samples() if sample.id in chosen])
        self.described: Dict[str, Outlined] = {
            sample.id: sample for outline in outlines for sample in outline.samples() if sample.id in chosen
        }


@dataclass
class Plan:
    """``pairs``: (sample, dialect) to compute; ``kept``: how many are unchanged; ``changed``: what the run says of the
    others has become another.
    """

    pairs: List[Pair]
    kept: int
    changed: bool


def plan(run: Run, wanted: Wanted, code: str) -> Plan:
    """Notes in the run what its samples are, and which of them cannot be spelled here."""
    planning = _Planning(run, wanted, code)
    for sample_id in wanted.described:
        planning.add(sample_id)
    return planning.plan


class _Planning:
    def __init__(self, run: Run, wanted: Wanted, code: str) -> None:
        self.plan = Plan([], 0, False)
        self._run, self._wanted, self._code = run, wanted, code
        self._there: Dict[str, bool] = {}
        self._current: Dict[Tuple[str, Tuple[Tuple[str, str], ...]], bool] = {}

    def add(self, sample_id: str) -> None:
        run, outline = self._run, self._wanted.outline_of[sample_id]
        description = self._wanted.described[sample_id].description
        assert description is not None
        if run.samples.get(sample_id) != description:
            run.samples[sample_id] = description
            self.plan.changed = True
        for dialect in self._wanted.dialects:
            record = run.record(sample_id, dialect)
            reason = not_spelled(description.operation, description.sources, dialect)
            if reason is not None:
                blank = _unsupported(description, outline.files, self._code, reason)
                if record != blank:
                    run.add(sample_id, dialect, blank)
                    self.plan.changed = True
            elif not self._wanted.fresh and self._is_current(outline.path, record, description.case):
                self.plan.kept += 1
            else:
                self.plan.pairs.append((sample_id, dialect))
        self._keep_inputs(outline, sample_id, description)

    def _is_current(self, path: str, record: Optional[Record], digest: str) -> bool:
        if (
            record is None
            or record.status in UNFINISHED
            or (record.case, record.code) != (digest, self._code)
        ):
            return False
        files = path, tuple(record.files.items())
        if files not in self._current:
            self._current[files] = not changed_files(path, record.files)
        return self._current[files] and all(map(self._is_there, record.digests()))

    def _is_there(self, digest: str) -> bool:
        if digest not in self._there:
            objects = self._run.objects
            self._there[digest] = not objects.trouble(digest) if self._wanted.checked else digest in objects
        return self._there[digest]

    def _keep_inputs(self, outline: Outline, sample_id: str, description: Description) -> None:
        """For the pages.  Large ones are known by their digest."""
        large = self._wanted.described[sample_id].large
        wanted = {name: entry for name, entry in description.inputs.items() if name not in large}
        missing = [name for name, entry in wanted.items() if not self._is_there(entry.digest)]
        if missing:
            case = outline.case()
            sample = case.sample(sample_id)
            assert sample is not None
            with case.at_work():
                for name in missing:
                    self._run.objects.add(sample.inputs[name].array)
                    self._there[wanted[name].digest] = True


def _unsupported(description: Description, files: Dict[str, str], code: str, reason: str) -> Record:
    first = next(iter(description.inputs.values()), None)
    dtype = first.dtype if first else "float64"
    return Record("unsupported", description.case, dtype, reason, dict(files), code)


def prepare(run: Run, wanted: Wanted) -> Tuple[Run, bool, str]:
    """The run without records that are no longer of anything; whether it is another than on the disk; and a line of
    what was dropped, or nothing.
    """
    told = ""
    before = Run.open(run.folder) if Run.exists(run.folder) else None
    changed = before is None or before.environment != run.environment or run.has_journal()
    if before is not None and before.environment == run.environment:
        run = before
        if changed:
            run.save()
    elif before is not None:
        mine, its = vars(run.environment), vars(before.environment)
        names = ", ".join(name for name in mine if mine[name] != its[name])
        told = f"{run.name}: another environment than before ({names}): recording anew"
    run.drop_journal()  # rows of another environment, or of a run that is gone
    loaded = {outline.path for outline in wanted.outlines}
    for sample_id, description in list(run.samples.items()):
        gone = description.path in loaded or not os.path.exists(description.path)
        if gone and sample_id not in wanted.outline_of:
            run.samples.pop(sample_id)
            run.records.pop(sample_id, None)
            changed = True
    return run, changed, told
