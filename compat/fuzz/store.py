"""What was tried and what was found, on disk: a log that is only added to, and findings that appear by rename.

Every process adds to a log of its own, and a finding has the same name wherever it is found: the stores of several
machines merge by copying folders together.
"""

import glob
import json
import os
import platform
import shutil
import uuid
from typing import Any, Dict, Iterator, List, Set

from ..errors import CompatError, StoreError
from ..files import reason
from ..texts import check_name

TRIED, FINDINGS = "tried", "findings"


class Store:
    """A folder.  ``digests``: of all samples that were tried.  ``kinds``: finding's name by kind of fault."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.digests: Set[str] = set()
        self.kinds: Dict[str, str] = {}
        self.totals: Dict[str, float] = {}
        self.hits: Dict[str, int] = {}
        self.next: Dict[str, int] = {}
        name = f"{platform.node() or 'here'}-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
        self._log = os.path.join(folder, TRIED, name)
        for row in self._rows():
            self._count(row)

    def _rows(self) -> Iterator[Dict[str, Any]]:
        """Whole lines of all logs: a torn one at the end is a batch that was under way."""
        for path in sorted(glob.glob(os.path.join(glob.escape(self.folder), TRIED, "*.jsonl"))):
            with open(path, "rb") as file:
                for line in file:
                    try:
                        row = json.loads(line.decode("utf-8"))
                    except ValueError:
                        continue
                    if isinstance(row, dict) and row.get("format") == 1:
                        yield row

    def _count(self, row: Dict[str, Any]) -> None:
        self.digests.update(row["digests"])
        self.kinds.update(row["kinds"])
        for name, count in row["hits"].items():
            self.hits[name] = self.hits.get(name, 0) + count
        for name, value in row["counts"].items():
            self.totals[name] = self.totals.get(name, 0) + value
        self.next[row["campaign"]] = max(self.next.get(row["campaign"], 0), row["batch"] + 1)

    def add(self, row: Dict[str, Any]) -> None:
        """A batch that is done: on disk when this returns."""
        row = {"format": 1, **row}
        try:
            os.makedirs(os.path.dirname(self._log), exist_ok=True)
            with open(self._log, "ab") as file:
                file.write(json.dumps(row).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"{self.folder}: {reason(error)}") from None
        self._count(row)

    # -- findings

    def place(self, name: str) -> str:
        return os.path.join(self.folder, FINDINGS, name)

    def has(self, name: str) -> bool:
        return os.path.isdir(self.place(name))

    def keep(self, name: str, files: Dict[str, str]) -> bool:
        """A finding's folder of texts, which appears when it is complete; whether it was not there before."""
        check_name("a finding called", name)
        if self.has(name):
            return False
        temporary = self.place(f".{uuid.uuid4().hex}")
        try:
            os.makedirs(temporary)
            for file_name, text in files.items():
                with open(os.path.join(temporary, file_name), "w", encoding="utf-8") as file:
                    file.write(text)
            os.rename(temporary, self.place(name))
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            if self.has(name):  # another process was faster
                return False
            raise StoreError(f"{self.folder}: {reason(error)}") from None
        return True

    def findings(self) -> List[Dict[str, Any]]:
        """All that were found, as they were written.  Raises CompatError for what cannot be read."""
        found = []
        pattern = os.path.join(glob.escape(self.folder), FINDINGS, "*", "finding.json")
        for path in sorted(glob.glob(pattern)):  # a star leaves out names that begin with a dot
            try:
                with open(path, encoding="utf-8") as file:
                    found.append(json.load(file))
            except (OSError, ValueError) as error:
                raise CompatError(f"{path}: cannot be read ({error})") from None
        return found


def merge(into: str, folders: List[str]) -> None:
    """Copy stores together: logs have names of their own, and equal findings the same."""
    for folder in folders:
        if not os.path.isdir(folder):
            raise CompatError(f"{folder}: no store of a campaign")
        for path in glob.glob(os.path.join(glob.escape(folder), TRIED, "*.jsonl")):
            os.makedirs(os.path.join(into, TRIED), exist_ok=True)
            shutil.copyfile(path, os.path.join(into, TRIED, os.path.basename(path)))
        for path in glob.glob(os.path.join(glob.escape(folder), FINDINGS, "*")):
            target = os.path.join(into, FINDINGS, os.path.basename(path))
            if not os.path.exists(target):
                shutil.copytree(path, target)
