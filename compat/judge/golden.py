"""The golden: what TensorFlow 1.15 computed, kept in the repository as a run of its own.

One environment alone is judged ``identical`` where its bits are those of the golden.  For each
sample it holds one dialect, ``tf1.session`` where that can spell it, with the digests of all
outputs, and the arrays themselves where they are small.
"""

import functools
from typing import Dict, Iterator, Optional

from ..case.files import beside
from ..store import Run

FOLDER_NAME = "golden"


def folder_of(case_path: str) -> Optional[str]:
    """The golden run that speaks for a case file, in its folder or one above; or None."""
    return next(filter(Run.exists, (f"{place}/run" for place in beside(case_path, FOLDER_NAME))), None)


def paths_beside(case_path: str) -> Iterator[str]:
    """Where the file of such a run may be."""
    return (f"{place}/run/run.json" for place in beside(case_path, FOLDER_NAME))


def beside_case(case_path: str) -> Optional[Run]:
    """The golden run that speaks for a case file, or None."""
    folder = folder_of(case_path)
    return _open(folder) if folder else None


@functools.lru_cache(maxsize=None)
def _open(folder: str) -> Run:
    return Run.open(folder)


def outputs_of(golden: Optional[Run], sample_id: str, case: str) -> Optional[Dict[str, str]]:
    """``{output name: digest}`` of a sample in the golden run, or None where it has no equal case."""
    for record in (golden.records.get(sample_id, {}) if golden else {}).values():
        if record.status == "ok" and record.case == case:
            return {name: output.digest for name, output in record.outputs.items()}
    return None
