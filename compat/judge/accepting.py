"""``compat accept``: a judged run becomes the golden, merged into what is there."""

import dataclasses
import os
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Set

from ..errors import CompatError
from ..files import folder_names
from ..graph.nodes import trace_of
from ..record.dialects import in_order
from ..records import PASSING, Description, Record
from ..store import Run
from .judging import Judged, Judging

#: Larger arrays stay out of the repository; their digest is enough to know them by.
LARGEST_ARRAY_BYTES = 16 * 1024
LARGEST_TRACE_BYTES = 256 * 1024
_PREFERRED = "tf1.session"


@dataclass
class Changes:
    """Ids of samples, by what became of them; ``left`` are those that the run does not hold."""

    added: List[str] = field(default_factory=list)
    changed: List[str] = field(default_factory=list)
    removed: List[str] = field(default_factory=list)
    kept: List[str] = field(default_factory=list)
    left: List[str] = field(default_factory=list)


def accept(
    judged: Judged, folder: str, replace: bool = False, tell: Callable[[Changes], None] = lambda changes: None
) -> Changes:
    """Make a run the golden in ``folder``; with ``replace`` without the samples that the run does not hold.

    ``tell`` is told what changes before anything does.
    Raises CompatError, and changes nothing, where a verdict forbids it or the folder is somebody else's.
    """
    _check_folder(judged.run, folder)
    path = os.path.join(folder, "run")
    old = Run.open(path) if Run.exists(path) else None
    if any(record.code for record in _records(old)):
        raise CompatError(f"{path}: is a run that was recorded, no golden; choose another --golden")
    new = Run(path, judged.run.environment)
    for sample_id in sorted(judged.run.records):
        dialect = _golden_dialect(judged, sample_id)
        if dialect is not None and sample_id not in judged.run.samples:
            raise CompatError(f"{judged.run.folder}: does not say what {sample_id} is: record it again")
        if dialect is not None:
            new.samples[sample_id] = judged.run.samples[sample_id]
            new.add(sample_id, dialect, _lasting(judged.run, sample_id, dialect))
    if not new.records:
        raise CompatError(f"{judged.run.folder}: has no result that could become the golden")
    changes = _changes(old, new, replace)
    if old is not None and changes.left:
        new.environment = old.environment  # most of it is of that one
    tell(changes)
    for sample_id in changes.left:
        assert old is not None
        new.samples[sample_id], new.records[sample_id] = old.samples[sample_id], old.records[sample_id]
    _keep_small_arrays(judged.run, new)
    new.samples = {sample: _spare(new.samples[sample]) for sample in sorted(new.samples)}
    new.records = {sample: new.records[sample] for sample in sorted(new.records)}
    new.save(readable=True)
    if not os.path.islink(new.objects.folder):  # or they are another store's
        for name in _digests(old) - _digests(new):  # never what the golden did not list
            if name in new.objects:
                os.unlink(new.objects.path(name))
    return changes


def _lasting(run: Run, sample_id: str, dialect: str) -> Record:
    """Without what is of one run only.  What others are judged against keeps the files that it was made of."""
    record = run.records[sample_id][dialect]
    files = record.files if run.samples[sample_id].against else {}
    return dataclasses.replace(record, files=files, code="", seconds=0.0)


def _spare(description: Description) -> Description:
    """Without what a page shows: the golden is read by the judge."""
    return dataclasses.replace(description, doc="", operation_doc="", sources={}, parameters={}, inputs={})


def _check_folder(run: Run, folder: str) -> None:
    if not os.path.exists(folder):
        return
    if not os.path.isdir(folder):
        raise CompatError(f"{folder}: is a file; --golden names a folder")
    names = {name for name in folder_names(folder) if not name.startswith(".")}
    inner = {name for name in names if Run.exists(os.path.join(folder, name))}
    strange = os.path.islink(os.path.join(folder, "run"))
    if strange or (names and "run" not in inner) or inner - {"run"} or Run.exists(folder):
        raise CompatError(
            f"{folder}: is no golden (a folder of `run` and `objects`) and not empty; choose another"
        )
    if os.path.realpath(run.folder) == os.path.realpath(os.path.join(folder, "run")):
        raise CompatError(f"{folder}: is the golden of this run already")


def _golden_dialect(judged: Judged, sample_id: str) -> Optional[str]:
    """The preferred dialect with a result; an unexplained difference is no result."""
    for dialect in sorted(in_order(judged.run.records[sample_id]), key=lambda name: name != _PREFERRED):
        record, verdict = judged.record(sample_id, dialect), judged.verdict(sample_id, dialect)
        if record is None or record.status != "ok":
            continue
        trouble = Judging.trouble(judged.run, record)
        if trouble:
            raise CompatError(f"{judged.run.folder}: {sample_id} in {dialect}: {trouble}")
        described = judged.run.samples.get(sample_id)
        first = (
            verdict is not None and verdict.word == "unjudged" and described is not None and described.against
        )
        if verdict is None or not (verdict.word in PASSING or verdict.known or first):
            word = verdict.word if verdict else "unjudged"
            raise CompatError(
                f"{judged.run.folder}: {sample_id} in {dialect} is {word}: "
                "mend it, or explain it in known_differences.toml, before it becomes the golden"
            )
        return dialect
    return None


def _records(run: Optional[Run]) -> List[Record]:
    return [record for row in run.records.values() for record in row.values()] if run else []


def _digests(run: Optional[Run], whole: Optional[Run] = None) -> Set[str]:
    """The arrays that a run's records name, those of their graphs' tensors included.

    ``whole``: where the graphs are, if not in the run's own store.
    """
    found = {name for record in _records(run) for name in record.digests()}
    for record in _records(run):
        for place in filter(None, (run, whole)):
            if record.trace is not None and record.trace in place.objects:
                found.update(trace_of(place.objects.read(record.trace), place.folder).digests())
                break
    return found


def _keep_small_arrays(run: Run, new: Run) -> None:
    wanted = [name for name in _digests(new, run) if name in run.objects and name not in new.objects]
    arrays = [
        run.objects.read(name) for name in wanted
    ]  # a damaged one stops here, before anything is written
    traces = {record.trace for record in _records(new)}
    for name, array in zip(wanted, arrays):
        if array.nbytes <= (LARGEST_TRACE_BYTES if name in traces else LARGEST_ARRAY_BYTES):
            new.objects.add(array)


def _bits(run: Run, sample_id: str) -> Dict[str, object]:
    return {dialect: record.bits for dialect, record in run.records[sample_id].items()}


def _changes(old: Optional[Run], new: Run, replace: bool) -> Changes:
    changes = Changes()
    before, after = set(old.records if old else ()), set(new.records)
    changes.added = sorted(after - before)
    (changes.removed if replace else changes.left).extend(sorted(before - after))
    for sample_id in sorted(before & after):
        assert old is not None
        same = _bits(old, sample_id) == _bits(new, sample_id)
        (changes.kept if same else changes.changed).append(sample_id)
    return changes
