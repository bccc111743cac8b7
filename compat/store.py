"""Runs on disk, and their arrays kept once.

    out/runs/                    the store
        objects/<sha256>.npy     every distinct array of every run, once
        tf1.15/run.json          a run: its environment, its samples, its records
        tf1.15/verdicts.json     what the judge made of them, for other programs; compat never reads it
        tf1.15/journal/          rows of a run under way, one file each
        tf1.15/lock              held while something records into the run

Every file appears by rename, so a reader never sees half of one, and a run that was killed is its
``run.json`` plus its journal.  Equal results are one file, so stores from several machines merge
by copying their folders together.  Nothing is ever unpickled.
"""

import contextlib
import errno
import hashlib
import os
import re
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    Mapping,
    MutableMapping,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

from . import row_texts
from .alike import Alike, reworded, shared
from .documents import AGAIN, DECODER, read_json, whole, write_json
from .errors import CompatError
from .files import LARGEST, TEMPORARY, appearing, folder_names, open_own, open_regular, reason
from .jsons import as_json, from_json
from .objects import Objects, Recent
from .records import Description, Environment, Record, Verdict
from .rows import Opened, Rows
from .texts import check_name, check_part_of_a_path

T = TypeVar("T")

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

#: Where tox.ini has the runs written.
STORE = os.path.join("out", "runs")
_RUN, _VERDICTS, _JOURNAL, _OBJECTS, _LOCK = "run.json", "verdicts.json", "journal", "objects", "lock"
_PLAN, _WORKERS, _LARGE = "plan", "workers", "large"
_MOST_ALIKE = 512
_ROW = re.compile(r"[0-9a-f]{32}\.json\Z")
_SHARED = re.compile(r"[0-9a-f]{64}\.npy\Z")


def _check_row(path: str, sample: str, dialect: str) -> None:
    try:
        check_name("the sample", sample)
        if not (sample.endswith("]") and "[" in sample):
            raise ValueError(f"the sample {ascii(sample)} is no operation[name]")
        check_part_of_a_path("the dialect", dialect)
    except ValueError as error:
        raise CompatError(f"{path}: {error}; record it again") from None


def _table(path: str, content: Any, *names: str) -> List[Dict[str, Any]]:
    """Those parts of a file's content, all of them tables."""
    if not isinstance(content, dict) or not all(isinstance(content.get(name), dict) for name in names):
        raise CompatError(f"{path}: lacks a part of a run; {AGAIN}")
    return [content[name] for name in names]


def _identity(path: str) -> Optional[Tuple[int, int]]:
    """What changes when another file takes the name; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns


class Run:
    """One run: ``environment``, ``samples`` by id, and ``records`` by id and dialect."""

    def __init__(self, folder: str, environment: Optional[Environment] = None) -> None:
        self.folder = os.path.abspath(folder)
        self.name = os.path.basename(self.folder)
        self.store = os.path.dirname(self.folder)
        self.objects = Objects(os.path.join(self.store, _OBJECTS))
        self.environment = environment or Environment(self.name)
        self.samples: MutableMapping[str, Description] = {}
        self.records: MutableMapping[str, Mapping[str, Record]] = {}

    def _path(self, *parts: str) -> str:
        return os.path.join(self.folder, *parts)

    # -- reading

    @classmethod
    def exists(cls, folder: str) -> bool:
        try:
            return os.path.exists(os.path.join(folder, _RUN))
        except ValueError:  # of Python 3.7: a name that no file can have
            return False

    @classmethod
    def open(cls, folder: str, streamed: bool = False, met: Optional[Dict[str, bytes]] = None) -> "Run":
        """The run in a folder, with the rows of its journal. Raises CompatError where it is none.

        A run that is saved meanwhile is read again: its rows move from the journal into run.json.
        ``streamed``: its rows are read when they are asked for (``compat.rows``), and one of another form raises then.
        ``met``: descriptions in the runs opened before, for ``row_texts.contents``.
        """
        while True:
            before = _identity(os.path.join(folder, _RUN))
            run = cls._open(folder, streamed, {} if met is None else met)
            if _identity(os.path.join(folder, _RUN)) == before:
                return run

    @classmethod
    def _open(cls, folder: str, streamed: bool, met: Dict[str, bytes]) -> "Run":
        run = cls(folder)
        if not os.path.isdir(folder):
            raise CompatError(f"{folder}: there is no such run; compat run --out {folder} makes one")
        if not cls.exists(folder):
            raise CompatError(f"{folder}: is no run (it has no {_RUN})")
        path = run._path(_RUN)
        if not streamed or not run._index(path, met):
            environment, samples, records = _table(path, read_json(path), "environment", "samples", "records")
            run.environment = from_json(Environment, environment, path)
            run.samples = {name: run._description(name, value) for name, value in samples.items()}
            run.records = {name: run._row_of(name, value) for name, value in records.items()}
        for sample, dialect, record in run._journal():
            run.add(sample, dialect, record)
        return run

    def _index(self, path: str, met: Dict[str, bytes]) -> bool:
        """Note where every row stands; False where that cannot be told without reading it all."""
        with open_regular(path) as opened:
            contents = opened.read() if os.fstat(opened.fileno()).st_size <= LARGEST else b""
            file = Opened(opened)
        start = whole(contents)
        if start is None or not contents.isascii():  # a character is a byte
            return False
        samples: Rows[Description] = Rows(file, self._description_text)
        records: Rows[Mapping[str, Record]] = Rows(file, self._row_text)
        try:
            found = row_texts.contents(contents, start, met)
        except (ValueError, IndexError, RecursionError, MemoryError):
            return False  # in full it says what is wrong
        self.environment = from_json(Environment, found.environment, path)
        for sample, description in found.samples.items():
            samples.says(sample, description)
        for place in found.records:
            records.stands(*place)
        self.samples, self.records, self.objects = samples, records, Recent(self.objects.folder)
        return True

    def _description(self, sample: str, value: Any) -> Description:
        path = self._path(_RUN)
        _check_row(path, sample, "any")
        return from_json(Description, value, f"{path}: {sample}")

    def _row_of(self, sample: str, value: Any) -> Dict[str, Record]:
        path = self._path(_RUN)
        (row,) = _table(path, {"row": value}, "row")
        for dialect in row:
            _check_row(path, sample, dialect)
        return {name: from_json(Record, record, f"{path}: {sample} {name}") for name, record in row.items()}

    def _description_text(self, sample: str, text: bytes) -> Description:
        """The same one for all runs that say the same."""
        found = _DESCRIBED.get((sample, text))  # once: another thread may clear them
        if found is None:
            found = _DESCRIBED[sample, text] = self._description(
                sample, self._decoded(sample, text.decode("ascii"))
            )
        return found

    def _row_text(self, sample: str, contents: bytes) -> Mapping[str, Record]:
        """A row: most of its records differ from those of other runs only in where and how long they were computed."""
        known = _PIECES.get(sample)
        if known is None:
            known = _PIECES[sample] = row_texts.Pieces(reworded)  # nothing of this run: it outlives it
        text = contents.decode("ascii")
        pieces = known.of(text, lambda dialect, text: self._record_text(sample, dialect, text))
        return Alike(pieces) if pieces is not None else self._row_of(sample, self._decoded(sample, text))

    def _record_text(self, sample: str, dialect: str, text: str) -> Record:
        return self._row_of(sample, {dialect: self._decoded(sample, text)})[dialect]

    def _decoded(self, sample: str, text: str) -> Any:
        """What stands where a row should.  Raises CompatError where none of a known form does."""
        try:
            return DECODER.decode(text)
        except (ValueError, RecursionError, MemoryError):
            raise CompatError(
                f"{self._path(_RUN)}: {sample}: a record is of another form; record it again"
            ) from None

    def shared(self, sample: str) -> Iterator[Tuple[str, Record, float]]:
        """Of the sample's row: see ``alike.shared``."""
        return shared(self.records.get(sample, {}))

    def forget(self, sample: str) -> None:
        """Free the memory of a sample's rows that can be read again."""
        for rows in (self.samples, self.records):
            if isinstance(rows, Rows):
                rows.forget(sample)

    def _journal(self) -> Iterator[Tuple[str, str, Record]]:
        """The rows that are not yet in run.json."""
        for path in (self._path(_JOURNAL, name) for name in self._journal_names() if _ROW.match(name)):
            try:
                yield self._row(path)
            except CompatError:
                if os.path.lexists(path):
                    raise
                # it is in run.json by now

    def _journal_names(self) -> List[str]:
        """What is in the journal.  Raises CompatError for one that is no folder of the run's own."""
        path = self._path(_JOURNAL)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return []
        if not stat.S_ISDIR(mode):
            raise CompatError(f"{path}: is no folder of this run (a link, or a file); move it away")
        try:
            return folder_names(path)
        except CompatError as error:
            if isinstance(error.__context__, FileNotFoundError):
                return []  # its rows are in run.json by now, whatever is in a new one
            raise

    @staticmethod
    def _row(path: str) -> Tuple[str, str, Record]:
        content = read_json(path)
        (record,) = _table(path, content, "record")
        sample, dialect = content.get("sample"), content.get("dialect")
        if not isinstance(sample, str) or not isinstance(dialect, str):
            raise CompatError(f"{path}: lacks a part of a run; {AGAIN}")
        _check_row(path, sample, dialect)
        return sample, dialect, from_json(Record, record, path)

    def add(self, sample: str, dialect: str, record: Record) -> None:
        row = dict(self.records.get(sample, {}))
        row[dialect] = record
        self.records[sample] = row  # of a Rows: now it is not what stands in the file

    def drop(self, sample: str, dialect: str) -> None:
        row = dict(self.records.get(sample, {}))
        row.pop(dialect, None)
        if row:
            self.records[sample] = row
        else:
            self.records.pop(sample, None)

    def record(self, sample: str, dialect: str) -> Optional[Record]:
        """The record of a sample's id in a dialect, or None."""
        return self.records.get(sample, {}).get(dialect)

    # -- writing

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """While this process records into the run.  Raises CompatError where another one does."""
        path = self._path(_LOCK)
        try:
            os.makedirs(self.folder, exist_ok=True)
        except OSError as error:
            raise CompatError(f"{path}: cannot be written ({reason(error)})") from None
        with open_own(path) as file:
            try:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # goes with the process, however it ends
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise CompatError(f"{path}: cannot be locked ({reason(error)})") from None
                raise CompatError(
                    f"{self.folder}: another compat records into this run; wait for it, or choose another --out"
                ) from None
            self._journal_names()  # one that is not ours stops here
            if os.path.islink(self.workers):
                raise CompatError(f"{self.workers}: is a link, no folder of this run; move it away")
            yield

    def write_row(self, sample: str, dialect: str, record: Record) -> None:
        """One row of the journal; replaces an earlier one of the same sample and dialect."""
        row = {"sample": sample, "dialect": dialect, "record": as_json(record)}
        write_json(self._row_path(sample, dialect), row)

    def _row_path(self, sample: str, dialect: str) -> str:
        name = hashlib.sha256(f"{sample} {dialect}".encode()).hexdigest()[:32]
        return self._path(_JOURNAL, f"{name}.json")

    def age(self, sample: str, dialect: str) -> float:
        """Seconds since the row of the journal was written; 0 without one."""
        try:
            return time.time() - os.path.getmtime(self._row_path(sample, dialect))
        except OSError:
            return 0.0

    def rewrite_row(self, sample: str, dialect: str, status: str, message: str) -> None:
        """Another status for a row of the journal that has no result."""
        _, _, record = self._row(self._row_path(sample, dialect))
        record.status, record.message = status, message
        self.write_row(sample, dialect, record)

    @property
    def workers(self) -> str:
        """The folder where each process that computes a sample has a file."""
        return self._path(_JOURNAL, _WORKERS)

    @property
    def large(self) -> str:
        """The folder of inputs that the processes of a run under way share."""
        return self._path(_JOURNAL, _LARGE)

    def write_plan(self, text: str) -> str:
        """Keep what a run under way is to compute, beside its rows; returns the path."""
        path = self._path(_JOURNAL, _PLAN)
        with appearing(path, "w") as file:
            file.write(text)
        return path

    def has_journal(self) -> bool:
        """Whether there is anything of a run under way."""
        return os.path.lexists(self._path(_JOURNAL))

    def drop_journal(self) -> None:
        """Forget the rows of a run that was killed: the files that compat made there, and no others."""
        journal = self._path(_JOURNAL)
        inner: Dict[str, Callable[[str], Any]] = {_WORKERS: str.isdigit, _LARGE: _SHARED.match}
        if _remove_own(journal, lambda name: _ROW.match(name) or name == _PLAN, inner):
            raise CompatError(f"{journal}: its rows cannot be removed; move it away")

    def save(self, readable: bool = False) -> None:
        """Write the run with the rows of its journal, then drop the journal."""
        for sample, dialect, record in self._journal():
            self.add(sample, dialect, record)
        content = {name: as_json(getattr(self, name)) for name in ("environment", "samples", "records")}
        write_json(self._path(_RUN), content, readable)
        self.drop_journal()

    def write_verdicts(
        self, verdicts: Dict[str, Dict[str, Verdict]], told: Optional[Dict[int, Any]] = None
    ) -> None:
        """What the judge made of the records, for other programs and for people.

        ``told``: verdicts of runs written before, as JSON values by identity: runs share most of them.
        """
        told = {} if told is None else told
        for row in verdicts.values():
            for verdict in row.values():
                if id(verdict) not in told:
                    told[id(verdict)] = as_json(verdict)
        rows = {name: {d: told[id(v)] for d, v in row.items()} for name, row in verdicts.items()}
        write_json(self._path(_VERDICTS), rows)


class _Latest(Dict[Any, T]):
    """The latest values, for those of one sample are asked for one after the other."""

    def __setitem__(self, key: Any, value: T) -> None:
        if len(self) >= _MOST_ALIKE:
            self.clear()
        super().__setitem__(key, value)


_DESCRIBED: _Latest[Description] = _Latest()
_PIECES: _Latest[row_texts.Pieces] = _Latest()


def _remove_own(
    folder: str, ours: Callable[[str], Any], inner: Optional[Dict[str, Callable[[str], Any]]] = None
) -> List[str]:
    """Remove files from a folder, then the folder where nothing else is in it; returns those that would not go.

    ``inner``: the names of folders in it, and which files of those go as well.
    """
    left: List[str] = []
    if os.path.islink(folder) or not os.path.isdir(folder):
        return left
    for name, its in (inner or {}).items():
        _remove_own(os.path.join(folder, name), its)
    for name in folder_names(folder):
        if ours(name) or name.startswith(TEMPORARY):
            try:
                os.unlink(os.path.join(folder, name))
            except FileNotFoundError:
                pass
            except OSError:
                left.append(name)
    with contextlib.suppress(OSError):  # somebody else's files are in it
        os.rmdir(folder)
    return left


def find(paths: Sequence[str], streamed: bool = False) -> List[Run]:
    """The runs at the paths: each a run, a store, whose runs are found within it, or a name in ``out/runs``.

    ``streamed``: see ``Run.open``.
    """
    met: Dict[str, bytes] = {}
    at = folders(paths)
    with ThreadPoolExecutor(
        min(len(at), os.cpu_count() or 1)
    ) as threads:  # half of it is reading and hashing
        return list(threads.map(lambda folder: Run.open(folder, streamed, met), at))


def folders(paths: Sequence[str]) -> List[str]:
    """The folders of those runs."""
    found: List[str] = []
    for path in paths:
        if not os.path.exists(path) and Run.exists(os.path.join(STORE, path)):
            path = os.path.join(STORE, path)
        if Run.exists(path):
            found.append(path)
            continue
        if not os.path.isdir(path):
            Run.open(path)  # it says what is wrong
        inner = [os.path.join(path, name) for name in folder_names(path)]
        runs = [folder for folder in inner if Run.exists(folder)]
        if not runs:
            raise CompatError(
                f"{path}: holds no runs; compat run --out {os.path.join(path, 'NAME')} makes one"
            )
        found.extend(runs)
    return list({os.path.realpath(folder): folder for folder in found}.values())


def find_one(path: str) -> Run:
    """The run at a path, or of that name in ``out/runs``.  Raises CompatError for a store of several."""
    found = find([path])
    if len(found) > 1:
        raise CompatError(
            f"{path}: holds {len(found)} runs ({', '.join(r.name for r in found[:6])}); name one"
        )
    return found[0]
