"""Where the case of a recorded sample is: a judge needs its reference, and runs no code that a store brings along.

A case file is loaded where somebody named it, or where it is to the byte the file that the record was made of and
lies in no store.
"""

import os
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ..arrays import sha256_of_text
from ..case.files import Case, paths_below
from ..errors import CompatError
from ..files import is_regular, read_bytes
from ..records import Description

#: Where a project has its cases: what ``compat run`` takes when nothing is named.
DEFAULT = "cases"


class CaseFiles:
    """The cases of samples.  ``named``: files and folders; by default ``cases`` where there is such a folder."""

    def __init__(
        self, named: Optional[Sequence[str]], stores: Sequence[str], cases: Sequence[Case] = ()
    ) -> None:
        self._reals: Dict[str, str] = {}
        self._stores = [os.path.join(os.path.realpath(store), "") for store in stores]
        if named is None:
            named = [DEFAULT] if os.path.isdir(DEFAULT) and not cases and not self.in_a_store(DEFAULT) else []
        for path in named:
            if not os.path.exists(path):
                raise CompatError(f"{path}: there is no such case file or folder")
        self._named = [
            path for entry in named for path in (paths_below(entry) if os.path.isdir(entry) else [entry])
        ]
        self._loaded: Dict[str, Tuple[Optional[Case], str]] = {
            os.path.realpath(case.path): (case, "") for case in cases
        }
        self._given = list(cases)
        self._asked: Set[str] = set()
        self._by_operation: Optional[Dict[str, Case]] = None

    def find(self, sample_id: str, description: Description, digest: str) -> Tuple[Optional[Case], str]:
        """The case of a sample, or None and why; ``digest``: of the case file as it was recorded."""
        path = self._real(description.path)
        self._asked.add(path)
        if path in self._loaded:
            return self._loaded[path]
        if any(path == self._real(named) for named in self._named):
            return self._load(description.path)
        case = self._named_with(description.operation)
        if case is not None:
            return case, ""
        if not is_regular(path):
            return None, f"its case file {description.path} is not here: name it with --cases"
        if self.in_a_store(path):
            return (
                None,
                f"its case file {description.path} lies in the store, and is not run: name another with --cases",
            )
        if sha256_of_text(read_bytes(path)) != digest:
            return None, (
                f"its case file {description.path} is not the one that was recorded: record it again, or name it with "
                "--cases"
            )
        return self._load(description.path)

    def _real(self, path: str) -> str:
        if path not in self._reals:
            self._reals[path] = os.path.realpath(path)
        return self._reals[path]

    def paths(self) -> List[str]:
        """Every file that was asked for or loaded, with what it imported."""
        loaded = [case for case, _ in self._loaded.values() if case is not None]
        imported = [path for case in loaded for path in case.paths()]
        return sorted({*self._asked, *self._loaded, *imported})

    def in_a_store(self, path: str) -> bool:
        """Whether a file came with the records: nothing there is run, or believed."""
        real = self._real(path)
        return any(real.startswith(store) for store in self._stores)

    def _load(self, path: str) -> Tuple[Optional[Case], str]:
        real = self._real(path)
        if real not in self._loaded:
            try:
                self._loaded[real] = Case(path), ""
            except CompatError as error:
                advice = "import frameworks within the implementations, or judge where they are installed"
                self._loaded[real] = None, f"its case file cannot be loaded here: {error}; {advice}"
        return self._loaded[real]

    def _named_with(self, operation: str) -> Optional[Case]:
        """The named case file that defines an operation: it was recorded under another path."""
        if self._by_operation is None:
            loaded: List[Optional[Case]] = [*self._given, *(self._load(path)[0] for path in self._named)]
            self._by_operation = {o.name: case for case in loaded if case for o in case.operations}
        return self._by_operation.get(operation)
