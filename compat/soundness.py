"""Whether a store is sound: every run can be read, and every array that its records name is there and is what it says.

A run that begins does not look for damage: arrays are checked here, and when something uses them.
"""

import os
import re
from typing import Callable, Dict, List, NamedTuple, Sequence

from .errors import CompatError
from .files import folder_names
from .objects import Objects
from .store import Run

#: What the file of an array is called.
_ARRAY = re.compile(r"([0-9a-f]{64})\.npy\Z")


class Damage(NamedTuple):
    """``what`` is wrong, as a sentence that begins with a path; ``path``: of an array to be made again, or nothing."""

    what: str
    path: str = ""


def check(
    folders: Sequence[str], progress: Callable[[int, int], None] = lambda done, total: None
) -> List[Damage]:
    """All damage of the runs in these folders, and of the arrays of their stores, each read once.

    ``progress`` is told how many arrays are read of how many.
    """
    found: List[Damage] = []
    stores: Dict[str, Objects] = {}
    for folder in folders:
        try:
            run = Run.open(folder)
        except CompatError as error:
            found.append(Damage(str(error)))
            continue
        objects = stores.setdefault(run.store, run.objects)
        found += _missing(run, objects)
    arrays = [
        (objects, match.group(1))
        for objects in stores.values()
        for match in map(_ARRAY.match, folder_names(objects.folder) if os.path.isdir(objects.folder) else [])
        if match
    ]
    for number, (objects, digest) in enumerate(arrays):
        trouble = objects.trouble(digest)
        if trouble:
            found.append(Damage(trouble, objects.path(digest)))
        progress(number + 1, len(arrays))
    return found


def _missing(run: Run, objects: Objects) -> List[Damage]:
    """The records whose arrays are not there."""
    found = []
    for sample, row in run.records.items():
        for dialect, record in row.items():
            absent = [digest for digest in record.digests() if digest not in objects]
            if absent:
                what = f"{objects.path(absent[0])}: is missing"
                more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
                found.append(Damage(f"{what}{more}, of {sample} {dialect} in {run.name}"))
    return found
