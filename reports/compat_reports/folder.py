"""The folder of pages: rewrites only what changed, and removes what it made and no longer needs.

``manifest.txt`` lists the files, one a line, and each is listed before it is written: whatever is
not listed belongs to somebody else and is never touched.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path, PurePosixPath

from compat.errors import CompatError

MANIFEST = "manifest.txt"
_HEADER = "# Files made by compat report; it rewrites and removes these and no others."


class Folder:
    """Write with ``put`` and ``keep``, then ``close``."""

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._listed = self._read_manifest()
        except (OSError, UnicodeDecodeError) as error:
            raise CompatError(
                f"{path}: cannot be used for the report ({error}); choose another --out"
            ) from None
        self._current: set[str] = set()
        self.written = 0

    def _read_manifest(self) -> set[str]:
        path = self.path / MANIFEST
        if not path.exists():
            return set()
        lines = path.read_text(encoding="utf-8").splitlines()
        if lines[:1] != [_HEADER]:
            raise CompatError(f"{path}: was not made by compat report; choose another --out")
        return {line for line in lines[1:] if _inside(line)}

    def __len__(self) -> int:
        return len(self._current)

    def has(self, name: str) -> bool:
        """Whether the report made this file before; then ``keep`` it."""
        return name in self._listed and (self.path / name).is_file()

    def keep(self, name: str) -> None:
        """The file belongs to the pages as it is."""
        self._current.add(name)

    def put(self, name: str, contents: str | bytes) -> None:
        """Write a file unless it already holds these contents."""
        contents = contents.encode() if isinstance(contents, str) else contents
        path = self.path / name
        try:
            if name not in self._listed:
                if path.exists() and path.read_bytes() != contents:
                    raise CompatError(f"{path}: was not made by compat report; choose another --out")
                self._claim(name)
            self.keep(name)
            if path.exists() and path.read_bytes() == contents:
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, contents)
        except OSError as error:
            raise CompatError(f"{path}: cannot be written ({error.strerror})") from None
        self.written += 1

    def _claim(self, name: str) -> None:
        path = self.path / MANIFEST
        fresh = not path.exists()
        with open(path, "a", encoding="utf-8") as manifest:
            manifest.write(f"{_HEADER}\n{name}\n" if fresh else f"{name}\n")
        self._listed.add(name)

    def close(self) -> int:
        """Remove files of the report that no longer belong to it; returns how many."""
        gone = sorted(self._listed - self._current)
        for name in gone:
            with contextlib.suppress(FileNotFoundError):
                (self.path / name).unlink()
            with contextlib.suppress(OSError):  # not empty: somebody else's files, or ours
                (self.path / name).parent.rmdir()
        text = "".join(f"{line}\n" for line in [_HEADER, *sorted(self._current)])
        path = self.path / MANIFEST
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            _write(path, text.encode())
        return len(gone)


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


def _write(path: Path, contents: bytes) -> None:
    """The file appears under its name only when it is complete."""
    descriptor, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(contents)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
