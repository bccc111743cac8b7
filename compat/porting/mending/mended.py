"""The edits of a file that make its port green: one, or one after the other where each mends a wrong place.

Every text is judged before it is written: the file is what it was until one is green, and then the new one appears in
its place at once.  Killed at any moment, it is the one or the other.
"""

import difflib
import hashlib
import itertools
import os
import shutil
import tempfile
import time
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple

from ...errors import CompatError, StoreError
from ...files import TEMPORARY, read_bytes, reason
from ...sources import code
from ..findings import Findings
from . import source as editing
from .candidates import Candidate, candidates
from .source import Source, dotted
from .together import together
from .worker import Worker

Tell = Callable[[str], None]
#: Edits that may be needed one after the other.
_EDITS = 3
#: Edits after which it is said how many were tried.
_SAID_EVERY = 10
_UNSEEN = "nothing is said of training, in which the port as it stands cannot be called"


class Done(NamedTuple):
    """``left``: why it is not green."""

    text: str
    said: str
    green: bool
    left: str = ""


def opened(path: str, found: Findings) -> Tuple[Source, str]:
    """(the file as verify saw it, where it really is).  Raises CompatError for one that is another now."""
    editing.check_there()
    if not path.endswith(".py"):
        raise CompatError(f"{path}: expected PORT.py, the file to edit")
    real = os.path.realpath(path)
    data = read_bytes(real)
    known = {os.path.realpath(one): digest for one, digest in found.command.files.items()}
    if not known:
        raise CompatError(f"{found.command.port}: is no FILE.py:FUNCTION: there is no source to edit")
    if real not in known:
        names = ", ".join(os.path.basename(one) for one in known)
        raise CompatError(f"{path}: is none of the files of the port that was verified: {names}")
    for what in (found.command.port, found.command.legacy):
        _check_near(what, found.command.folder, os.path.dirname(real))
    for one, digest in known.items():
        if hashlib.sha256(read_bytes(one)).hexdigest() != digest:
            raise CompatError(f"{one}: has changed since verify ran: run compat verify again")
    return Source(real, data), real


def _check_near(what: str, folder: str, port: str) -> None:
    """What verify.json says is to be run may come from anywhere: no code but what lies here, or beside the port.

    Raises CompatError for other code.
    """
    path, _ = code.split(what) or ("", "")
    where = os.path.realpath(os.path.join(folder, path))
    homes = [os.path.realpath(os.curdir), port]
    if path and not any(where.startswith(os.path.join(home, "")) for home in homes):
        raise CompatError(f"{where}: is code neither below this folder nor beside the port: it is not run")


def search(
    source: Source, found: Findings, folder: str, tries: int, tell: Tell, seconds: float = 1800.0
) -> Optional[Done]:
    """The edits that make it green, or that mend most; None where nothing can be proposed, which was told."""
    for line in _wrong(found):
        tell(line)
    with Worker(folder) as worker:
        search = _Search(worker, source, tries, time.monotonic() + seconds, tell)
        if not found.wrong and found.whole is None:
            found = worker.looked(source.path, source.text)
        return search.run(found)


def _wrong(found: Findings) -> Iterator[str]:
    for one in found.wrong[:1]:
        yield one.line
    if not found.wrong:
        yield from found.refused or [f"not judged: {line}" for line in found.not_judged]


class _Search:
    def __init__(self, worker: Worker, source: Source, tries: int, end: float, tell: Tell) -> None:
        self._worker, self._source, self._tries, self._tell = worker, source, tries, tell
        self._end, self._tried = end, 0
        self._why = ""

    def run(self, found: Findings) -> Optional[Done]:
        before = self._worker.tried(self._source.path, self._source.text)
        if before["state"] == "green":
            self._tell("nothing to mend: on fresh inputs all agree as it is; compat verify again")
            return None
        if before["state"] == "failed":
            raise CompatError(f"{self._source.path}: cannot be tried: {before['said']}")
        names = sorted({dotted(self._source, call.func) for call in self._source.calls} - {""})
        signatures = self._worker.signatures(self._source.path, self._source.text, names)
        self._tell(f"trying edits, at most {self._tries}")
        source, said = self._source, []
        for _ in range(_EDITS):
            text, what, after = self._best(source, found, signatures, before)
            if text is None:
                break
            said.append(what)
            if after["state"] == "green":
                if after.get("unseen"):
                    self._tell(f"{_UNSEEN}: {after['unseen']}")
                return Done(text, "; ".join(said), True)
            source, before = Source(source.path, text.encode("utf-8")), after
            try:
                found = self._worker.looked(source.path, text)
            except CompatError:
                break
        if said:
            return Done(source.text, "; ".join(said), False, f"with {'; '.join(said)} {before['said']}")
        self._tell(
            f"nothing to propose: none of {self._tried} edits of one argument or one line makes all agree"
            + (f" (the last: {self._why})" if self._why and self._tried else "")
        )
        return None

    def _best(self, source: Source, found: Findings, signatures: Any, before: Any) -> Any:
        """(text, what was done, the answer) of the first that is green, or else of the one that mends most."""
        best: Any = (None, "", before)
        for candidate in itertools.chain(
            together(source, found, signatures), candidates(source, found, signatures)
        ):
            if self._tried >= self._tries or time.monotonic() > self._end:
                break
            self._tried += 1
            if self._tried % _SAID_EVERY == 0:
                self._tell(f"tried {self._tried} edits, of at most {self._tries}")
            answer = self._worker.tried(source.path, candidate.text)
            if answer["state"] == "green":
                least = self._least(source, candidate)
                return least.text, least.said, answer
            self._why = f"{candidate.said}: {answer['said']}"
            if _better(answer, best[2]):
                best = candidate.text, candidate.said, answer
        return best

    def _least(self, source: Source, candidate: Candidate) -> Candidate:
        """Of a green one what is green with fewer edits, or it."""
        for fewer in candidate.fewer():
            if self._worker.tried(source.path, fewer.text)["state"] == "green":
                return self._least(source, fewer)
        return candidate


def _better(answer: Any, before: Any) -> bool:
    """Whether fewer places are wrong, and none that comes earlier."""
    if answer["state"] != "wrong" or before["state"] not in ("wrong", "refused"):
        return False
    if before["state"] == "refused":
        return True
    return bool(answer["wrong"] < before["wrong"] and answer["first"] >= before["first"])


def difference(name: str, old: str, new: str) -> List[str]:
    """A unified diff, as patch takes it."""
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        new.splitlines(keepends=True),
        f"a/{name.lstrip('/')}",
        f"b/{name.lstrip('/')}",
    )
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]


def write(path: str, source: Source, text: str) -> None:
    """The text in the file's place at once, with its mode.  Raises CompatError where the file is another by now."""
    if read_bytes(path) != source.data:
        raise CompatError(f"{path}: has changed while it was mended: nothing is written")
    try:
        number, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=os.path.dirname(path))
        try:
            with os.fdopen(number, "wb") as file:
                file.write(text.encode("utf-8"))
            shutil.copymode(path, temporary)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({reason(error)})") from None
