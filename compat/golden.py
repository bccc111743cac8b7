"""The golden: what TensorFlow 1.15 computed, kept in the repository as a run of its own.

One environment alone is judged ``identical`` where its bits are those of the golden.  For each
sample it holds one dialect, ``tf1.session`` where that can spell it, with the digests of all
outputs, and the arrays themselves where they are small.
"""

import os

from .arrays import digest
from .errors import CompatError
from .judge import PASSING, SEVERITY
from .operation import DIALECT_NAMES
from .store import Run, digests_of

FOLDER_NAME = "golden"
#: Larger arrays stay out of the repository; their digest is enough to know them by.
LARGEST_ARRAY_BYTES = 16 * 1024
_PREFERENCE = ("tf1.session",) + tuple(d for d in DIALECT_NAMES if d != "tf1.session")


def folder_of(case_path):
    """The golden folder that speaks for a case file, in its folder or one above; or None."""
    folder = os.path.dirname(os.path.abspath(case_path))
    while True:
        candidate = os.path.join(folder, FOLDER_NAME, "run")
        if Run.exists(candidate):
            return candidate
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def outputs_of(golden, sample_id, case):
    """``{output name: digest}`` of a sample in the golden run, or None where it has no equal case."""
    for record in (golden.records.get(sample_id, {}) if golden else {}).values():
        if record["status"] == "ok" and record["case"] == case:
            return {name: output["digest"] for name, output in record["outputs"].items()}
    return None


def accept(run, folder):
    """Make a run the golden in ``folder``; returns ``{"added", "removed", "changed", "kept"}`` by ids.

    Raises CompatError where a verdict of the run forbids it, and changes nothing then.
    """
    path = os.path.join(folder, "run")
    old = Run.open(path) if Run.exists(path) else None
    new = Run(path, run.environment)
    for sample_id in sorted(run.samples):
        dialect = _golden_dialect(run, sample_id)
        if dialect is None:
            continue
        new.samples[sample_id] = {}
        new.records[sample_id] = {dialect: dict(run.record(sample_id, dialect), code="", seconds=0.0)}
    if not new.records:
        raise CompatError(f"{run.folder}: has no result that could become the golden")
    arrays = _small_arrays(run, new)
    for array in arrays.values():
        new.objects.add(array)
    new.save()
    for name in os.listdir(new.objects.folder) if os.path.isdir(new.objects.folder) else []:
        if name.endswith(".npy") and name[:-4] not in arrays:
            os.unlink(os.path.join(new.objects.folder, name))
    return _changes(old, new)


def _golden_dialect(run, sample_id):
    """The preferred dialect with a result; an unexplained difference is no result."""
    for dialect in _PREFERENCE:
        record, verdict = run.record(sample_id, dialect), run.verdict(sample_id, dialect)
        if record is None or record["status"] != "ok":
            continue
        if verdict is None:
            raise CompatError(f"{run.folder}: {sample_id} in {dialect} was not judged; run it again")
        if verdict["word"] not in PASSING and not verdict["known"] and SEVERITY[verdict["word"]] > 1:
            raise CompatError(
                f"{run.folder}: {sample_id} in {dialect} is {verdict['word']}: "
                "mend it, or explain it in known_differences.toml, before it becomes the golden"
            )
        return dialect
    return None


def _small_arrays(run, new):
    wanted = {}
    for records in new.records.values():
        for record in records.values():
            for name in digests_of(record):
                array = run.objects.read(name)
                if array.nbytes <= LARGEST_ARRAY_BYTES:
                    wanted[digest(array)] = array
    return wanted


def _digests(run, sample_id):
    return {
        dialect: {name: output["digest"] for name, output in record["outputs"].items()}
        for dialect, record in run.records[sample_id].items()
    }


def _changes(old, new):
    before, after = set(old.records if old else ()), set(new.records)
    both = sorted(before & after)
    changed = [s for s in both if _digests(old, s) != _digests(new, s)]
    return {
        "added": sorted(after - before),
        "removed": sorted(before - after),
        "changed": changed,
        "kept": [s for s in both if s not in changed],
    }
