"""The folder of pages: rewrites only what changed, and removes what it made and no longer needs.

``manifest.txt`` lists the files, one a line, and each is listed before it is written: whatever is
not listed belongs to somebody else and is never touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from compat.errors import CompatError
from compat.files import read_bytes

MANIFEST, INDEX = "manifest.txt", "index.html"
#: Says that all others are whole: it appears after them, and goes before any of them is another.
SEAL = "stamp.json"
#: What is new is beside the pages until all of it is there.
_UNFINISHED = ".unfinished-"
_HEADER = "# Files made by compat report; it rewrites and removes these and no others."


class Folder:
    """Write with ``put`` and ``keep``, then ``close``: until then nothing of the folder is another.

    Processes that are forked write into the same folder, and tell the one that closes it what they ``took``.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._listed = listed(self.path)
            for left in self.path.glob(_UNFINISHED + "*"):
                shutil.rmtree(left, ignore_errors=True)  # of a report that was killed
            self._new = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.path))
        except (OSError, UnicodeDecodeError) as error:
            raise CompatError(
                f"{path}: cannot be used for the report ({error}); choose another --out"
            ) from None
        self._current: set[str] = set()
        self._written: set[str] = set()
        self._told: set[str] = set()
        self._made: set[str] = set()

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._new, ignore_errors=True)

    def __len__(self) -> int:
        return len(self._current)

    @property
    def written(self) -> int:
        return len(self._written)

    def has(self, name: str) -> bool:
        """Whether the report has this file, from before or by now; then ``keep`` it."""
        return name in self._current or (name in self._listed and os.path.isfile(self.path / name))

    def keep(self, name: str) -> None:
        """The file belongs to the pages as it is."""
        self._current.add(name)

    def put(self, name: str, contents: str | bytes) -> None:
        """Have a file written unless it already holds these contents."""
        contents = contents.encode() if isinstance(contents, str) else contents
        path = os.path.join(self.path, name)
        try:
            there = name != SEAL and os.path.isfile(path) and Path(path).read_bytes() == contents
            if name not in self._listed and os.path.lexists(path) and not there:
                raise CompatError(f"{path}: was not made by compat report; choose another --out")
            self._current.add(name)
            if there:
                return
            new = os.path.join(self._new, name)
            parent = os.path.dirname(new)
            if parent not in self._made:
                os.makedirs(parent, exist_ok=True)
                self._made.add(parent)
            with open(new, "wb") as file:
                file.write(contents)
        except OSError as error:
            raise CompatError(f"{path}: cannot be written ({error.strerror})") from None
        self._written.add(name)

    def took(self) -> tuple[set[str], set[str]]:
        """The files that belong to the pages, and those of them that are new, since it was last asked."""
        new = self._current - self._told
        self._told |= new
        return new, new & self._written

    def take(self, took: tuple[set[str], set[str]]) -> None:
        """What another process took."""
        self._current |= took[0]
        self._written |= took[1]

    def close(self) -> int:
        """All that is new appears, and what no longer belongs goes; returns how many went."""
        gone = sorted(self._listed - self._current)
        try:
            if (self._written or gone) and SEAL in self._listed:
                (self.path / SEAL).unlink(missing_ok=True)
            if not self._written <= self._listed:  # listed before it is written
                self._list(self._listed | self._current)
            for name in sorted(self._written - {SEAL}):
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(self._new / name, self.path / name)
        except OSError as error:
            raise CompatError(f"{self.path}: cannot be written ({error.strerror})") from None
        for name in gone:
            with contextlib.suppress(FileNotFoundError):
                (self.path / name).unlink()
            with contextlib.suppress(OSError):  # not empty: somebody else's files, or ours
                (self.path / name).parent.rmdir()
        self._list(self._current)
        if SEAL in self._written:
            os.replace(self._new / SEAL, self.path / SEAL)
        return len(gone)

    def _list(self, names: set[str]) -> None:
        text = "".join(f"{line}\n" for line in [_HEADER, *sorted(names)])
        path = self.path / MANIFEST
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            (self._new / MANIFEST).write_text(text, encoding="utf-8")
            os.replace(self._new / MANIFEST, path)


def listed(folder: Path) -> set[str]:
    """The files that the report has made in a folder.  Raises CompatError for a manifest that is not its own."""
    path = folder / MANIFEST
    if not os.path.lexists(path):
        return set()
    lines = read_bytes(str(path)).decode("utf-8").splitlines()
    if lines[:1] != [_HEADER]:
        raise CompatError(f"{path}: was not made by compat report; choose another --out")
    return {line for line in lines[1:] if _inside(line)}


def _inside(name: str) -> bool:
    """Whether a name of the manifest lies within the folder: an edited one must not lead out of it."""
    path = PurePosixPath(name)
    return (
        bool(name)
        and not path.is_absolute()
        and ".." not in path.parts
        and "\\" not in name
        and name != MANIFEST
    )
