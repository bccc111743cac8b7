"""What a case file comes to, remembered: where nothing that it follows from has changed, it is not run and no fixture
is made.

Kept beside the user's other caches, never in a store: what a store says of itself is not believed.  It follows from the
file and what it imports, from what it looked at (``compat.record.noticed``), and from the environment with all that is
installed in it.
"""

import contextlib
import hashlib
import json
import os
import sys
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence

from .. import caches
from ..case.files import Case, changed_files
from ..documents import read_json, write_json
from ..errors import CompatError
from ..jsons import as_json, from_json
from ..records import Description
from .noticed import Noticed, libraries, noticing

#: Larger inputs are not kept for the pages, which know them by their digest: VGG-16 has half a gigabyte.
LARGEST_INPUT_BYTES = 1 << 25


@dataclass
class Outlined:
    """A sample.  ``description``: None until somebody asked for it; ``large``: inputs that are not kept."""

    operation: str
    name: str
    slow: bool
    description: Optional[Description] = None
    large: List[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"{self.operation}[{self.name}]"


@dataclass
class _Known:
    """``files``: of the case, as a record has them."""

    files: Dict[str, str]
    noticed: Noticed
    operations: List[str]
    outlined: List[Outlined]


class Outline:
    """A case file: ``path``, and what is known of it without running it."""

    def __init__(self, path: str, memory: "Outlines") -> None:
        self.path = path
        self.loaded: Optional[Case] = None
        self._memory = memory
        known = memory.recall(path)
        self._known = known if known is not None else self._load(Noticed())

    @property
    def files(self) -> Dict[str, str]:
        return self._known.files

    def names(self) -> List[str]:
        """Those of the operations."""
        return self._known.operations

    def samples(self) -> List[Outlined]:
        return self._known.outlined

    def case(self) -> Case:
        """The file itself, run."""
        if self.loaded is None:
            self._known = self._load(self._known.noticed, self._known.outlined)
        assert self.loaded is not None
        return self.loaded

    def describe(self, chosen: Sequence[Outlined]) -> None:
        """See that these samples of it are described.  Raises CompatError for a fixture that cannot be made."""
        missing = [sample.id for sample in chosen if sample.description is None]
        if not missing:
            return
        case = self.case()
        by_id = {sample.id: sample for sample in self.samples()}
        with noticing(self._known.noticed):
            for sample_id in missing:
                sample = case.sample(sample_id)
                assert sample is not None
                by_id[sample_id].description = case.describe(sample)
                inputs = sample.inputs.items()
                by_id[sample_id].large = [n for n, f in inputs if f.array.nbytes > LARGEST_INPUT_BYTES]
        self._known.files = case.files()  # with what was imported late
        self._memory.note(self.path, self._known)

    def _load(self, noticed: Noticed, before: Sequence[Outlined] = ()) -> _Known:
        with noticing(noticed):
            self.loaded = case = Case(self.path)
        same = not before or not changed_files(self.path, self._known.files)
        described = {sample.id: sample for sample in before if same}
        outlined = [
            described.get(sample.id) or Outlined(sample.operation.name, sample.name, sample.slow)
            for sample in case.samples()
        ]
        known = _Known(case.files(), noticed, case.names(), outlined)
        self._memory.note(self.path, known)
        return known


class Outlines:
    """Those of the case files of one environment; ``code``: what ``code_of`` says of it."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._folder = os.path.join(
            caches.folder(), "outlines"
        )  # before the next: it imports a library of ours
        self._libraries = libraries()

    def of(self, path: str) -> Outline:
        """Raises CompatError where the file cannot be run."""
        return Outline(path, self)

    def recall(self, path: str) -> Optional[_Known]:
        with contextlib.suppress(CompatError):
            place = self._place(path)
            known = from_json(_Known, read_json(place), place)
            if not changed_files(path, known.files) and known.noticed.still_true():
                return known
        return None

    def note(self, path: str, known: _Known) -> None:
        """Remember it; nothing of a case at which other libraries are at work, since what they read is not seen."""
        if libraries() <= self._libraries:
            with contextlib.suppress(CompatError):
                write_json(self._place(path), as_json(known))

    def _place(self, path: str) -> str:
        what = [self._code, _installed(), os.path.realpath(path), path]
        name = hashlib.sha256(json.dumps(what).encode()).hexdigest()
        return os.path.join(self._folder, name[:2], f"{name}.json")


def _installed() -> List[str]:
    """Every distribution that a fixture may be made with, with its version, as the names of their folders say it."""
    found = set()
    for folder in filter(os.path.isdir, sys.path):
        with contextlib.suppress(OSError):
            found |= {name for name in os.listdir(folder) if name.endswith((".dist-info", ".egg-info"))}
    return sorted(found)
