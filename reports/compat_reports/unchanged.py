"""Whether a report would come out as it is: then nothing is read but what it follows from, and nothing is written.

A report follows from the runs and their arrays, from the case files with what speaks for them, from the code, and from
where and how it was asked for.  The stamp beside the pages holds the SHA-256 of all that.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from compat.errors import CompatError
from compat.files import open_regular, read_bytes
from compat.judge.beforehand import digest_beforehand

from .folder import SEAL, Folder, listed

Entry = tuple[str, int, int, int]
_PACKAGES = ("numpy", "jinja2", "markupsafe", "matplotlib", "pillow", "pygments", "packaging")


class Said(NamedTuple):
    """What the report came to: its exit status and its last line."""

    status: int
    headline: str


class Before(NamedTuple):
    """What a report follows from, as it was before: ``key`` of all but the arrays, and their files by store."""

    key: str
    arrays: dict[str, list[Entry]]


def before(runs: Sequence[str], cases: Sequence[str] | None) -> Before:
    """What is known before anything is judged.  ``runs``: their folders; ``cases``: as they were named."""
    asked = [digest_beforehand(cases), list(runs), cases, sys.version, _versions()]
    sha = hashlib.sha256(json.dumps(asked).encode())
    _add_tree(sha, Path(__file__).parent, (".py", ".html", ".css", ".js"))
    with ThreadPoolExecutor() as threads:  # a thread that hashes lets others work
        digests = threads.map(_digest_of_run, runs)
    for run, digest in zip(runs, digests, strict=True):
        sha.update(digest)
        sha.update(repr(_listing(Path(run) / "journal")).encode("utf-8", "surrogateescape"))
    stores = sorted({os.path.dirname(os.path.realpath(run)) for run in runs})
    return Before(sha.hexdigest(), {store: _listing(Path(store) / "objects") for store in stores})


def said(out: str, now: Before) -> Said | None:
    """What the report in a folder said; None where another would come out, or where it is not whole."""
    folder = Path(out)
    try:
        files = listed(folder)
        if SEAL not in files or not all((folder / name).is_file() for name in files):
            return None
        stamp = json.loads(read_bytes(str(folder / SEAL)))
        if stamp["key"] != now.key or stamp["arrays"] != _digest_of(now.arrays):
            return None
        if any(_digest(Path(path)) != digest for path, digest in stamp["files"].items()):
            return None
        return Said(int(stamp["status"]), str(stamp["headline"]))
    except (CompatError, OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def stamp(folder: Folder, before: Before, files: Mapping[str, str], said: Said) -> None:
    """Leave it for the next time.  ``files``: what ``Judging.follows_from`` names.

    The judge has added its answers to the arrays; where one that was there is another now, nothing is left.
    """
    arrays = {store: _listing(Path(store) / "objects") for store in before.arrays}
    if any(set(before.arrays[store]) - set(arrays[store]) for store in arrays):
        return
    content = {
        "key": before.key,
        "arrays": _digest_of(arrays),
        "files": dict(sorted(files.items())),
        **said._asdict(),
    }
    folder.put(SEAL, json.dumps(content, indent=1) + "\n")


def _versions() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(name)
    return found


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_bytes(str(path))).hexdigest()
    except CompatError:
        return ""


def _digest_of_run(run: str) -> bytes:
    with open_regular(os.path.join(run, "run.json")) as file:
        return hashlib.file_digest(file, "sha256").digest()


def _add_tree(sha: hashlib._Hash, root: Path, endings: tuple[str, ...]) -> None:
    for path in sorted(root.rglob("*")):
        if path.name.endswith(endings):
            sha.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())


def _listing(folder: Path) -> list[Entry]:
    """Names, sizes and times: the arrays are named by what they hold, and there are many."""
    try:
        with os.scandir(folder) as entries:
            return sorted((e.name, e.stat().st_size, e.stat().st_mtime_ns, e.stat().st_ino) for e in entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CompatError(f"{folder}: cannot be read ({error.strerror})") from None


def _digest_of(listings: Mapping[str, list[Entry]]) -> str:
    return hashlib.sha256(repr(sorted(listings.items())).encode("utf-8", "surrogateescape")).hexdigest()
