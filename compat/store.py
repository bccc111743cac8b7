"""Runs on disk, and their arrays kept once.

    out/runs/                    the store
        objects/<sha256>.npy     every distinct array of every run, once
        tf1.15/run.json          a run: its environment, its samples, its records
        tf1.15/verdicts.json     what the judge made of them; may be made again at any time
        tf1.15/journal/          rows of a run under way, one file each

Every file appears by rename, so a reader never sees half of one, and a run that was killed is its
``run.json`` plus its journal.  Equal results are one file, so stores from several machines merge
by copying their folders together.  Nothing is ever unpickled.
"""

import contextlib
import hashlib
import json
import os
import shutil
import time
import uuid

import numpy as np

from .arrays import digest
from .errors import CompatError

#: The version of the format. A reader refuses anything newer.
FORMAT = 1
#: Where tox.ini has the runs written.
STORE = os.path.join("out", "runs")
_RUN, _VERDICTS, _JOURNAL, _OBJECTS = "run.json", "verdicts.json", "journal", "objects"
_AGAIN = "delete the folder and run again, or choose another --out"


@contextlib.contextmanager
def _appearing(path, mode):
    """A file that appears under its name only when it is complete."""
    folder = os.path.dirname(path)
    temporary = os.path.join(folder, f".tmp-{uuid.uuid4().hex}")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(temporary, mode) as file:
            yield file
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise CompatError(f"{path}: cannot be written ({error.strerror})") from None
        raise


def _canonical(content):
    """The text that is written and checked. Keys keep their order: outputs stand in the order of flow."""
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def _write_json(path, content):
    """Content under a checksum: an edited or truncated file is told from a good one."""
    text = _canonical(content)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    with _appearing(path, "w") as file:
        file.write(f'{{"format":{FORMAT},"checksum":"{checksum}","content":{text}}}\n')


def _read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file, parse_constant=_no_number)
    except OSError as error:
        raise CompatError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise CompatError(f"{path}: is truncated or no JSON; {_AGAIN}") from None
    version = document.get("format") if isinstance(document, dict) else None
    if type(version) is not int:  # bool is an int
        raise CompatError(f"{path}: is no file of a run (it has no format number)")
    if version > FORMAT:
        raise CompatError(
            f"{path}: has format {version}, written by a newer compat; this one reads up to {FORMAT}: "
            "upgrade compat"
        )
    content = document.get("content")
    if hashlib.sha256(_canonical(content).encode()).hexdigest() != document.get("checksum"):
        raise CompatError(f"{path}: was edited or damaged (its checksum does not match); {_AGAIN}")
    return content


def _no_number(text):
    raise ValueError(f"{text} is no JSON")


def _tables(path, content, *names):
    """Those parts of a file's content, all of them tables."""
    if not isinstance(content, dict) or not all(isinstance(content.get(name), dict) for name in names):
        raise CompatError(f"{path}: lacks a part of a run; {_AGAIN}")
    return [content[name] for name in names]


def _identity(path):
    """What changes when another file takes the name; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


class Objects:
    """The arrays of a store, each under its digest."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, f"{name}.npy")

    def add(self, array):
        """Keep an array; returns its digest. Raises ValueError for an array of Python objects."""
        name = digest(array)
        if not os.path.exists(self.path(name)):
            with _appearing(self.path(name), "wb") as file:
                np.lib.format.write_array(
                    file, np.ascontiguousarray(array).reshape(np.shape(array)), allow_pickle=False
                )
        return name

    def __contains__(self, name):
        return os.path.exists(self.path(name))

    def read(self, name):
        """The array of that digest, checked against it."""
        path = self.path(name)
        try:
            with open(path, "rb") as file:
                array = np.lib.format.read_array(file, allow_pickle=False)
        except OSError as error:
            raise CompatError(
                f"{path}: an array of the run cannot be read ({error.strerror}); run again with --fresh"
            ) from None
        except Exception:  # NumPy parses the header: ValueError, SyntaxError, EOFError, MemoryError ...
            raise CompatError(
                f"{path}: is no plain array (truncated, or pickled); delete it and run again"
            ) from None
        if digest(array) != name:
            raise CompatError(f"{path}: its contents do not match its name; delete it and run again")
        return array


def digests_of(record):
    """The names of all arrays that a record speaks of."""
    measured = record.get("measured", {}).values()
    return [output["digest"] for output in record["outputs"].values()] + [
        digest for arrays in measured for digest in arrays.values()
    ]


class Run:
    """One run: ``environment``, ``samples`` by id, ``records`` and ``verdicts`` by id and dialect."""

    def __init__(self, folder, environment=None):
        self.folder = os.path.abspath(folder)
        self.name = os.path.basename(self.folder)
        self.objects = Objects(os.path.join(os.path.dirname(self.folder), _OBJECTS))
        self.environment = environment or {}
        self.samples = {}
        self.records = {}
        self.verdicts = {}

    def _path(self, *parts):
        return os.path.join(self.folder, *parts)

    # -- reading

    @classmethod
    def exists(cls, folder):
        return os.path.exists(os.path.join(folder, _RUN))

    @classmethod
    def open(cls, folder):
        """The run in a folder, with the rows of its journal. Raises CompatError where it is none.

        A run that is saved meanwhile is read again: its rows move from the journal into run.json.
        """
        while True:
            before = _identity(os.path.join(folder, _RUN))
            run = cls._open(folder)
            if _identity(os.path.join(folder, _RUN)) == before:
                return run

    @classmethod
    def _open(cls, folder):
        run = cls(folder)
        if not os.path.isdir(folder):
            raise CompatError(f"{folder}: there is no such run; compat run --out {folder} makes one")
        if not cls.exists(folder):
            raise CompatError(f"{folder}: is no run (it has no {_RUN})")
        run._load(_read_json(run._path(_RUN)))
        if os.path.exists(run._path(_VERDICTS)):
            run.verdicts = _read_json(run._path(_VERDICTS))
            _tables(run._path(_VERDICTS), run.verdicts)
        for row in run._journal():
            run._add(row)
        return run

    def _load(self, content):
        self.environment, self.samples, self.records = _tables(
            self._path(_RUN), content, "environment", "samples", "records"
        )

    def _journal(self):
        try:
            names = sorted(os.listdir(self._path(_JOURNAL)))
        except OSError:
            return
        for path in (self._path(_JOURNAL, name) for name in names if name.endswith(".json")):
            try:
                row = _read_json(path)
            except CompatError:
                if os.path.exists(path):
                    raise
                continue  # it is in run.json by now
            _tables(path, row, "record")
            yield row

    def _add(self, row):
        sample, dialect = row["sample"], row["dialect"]
        self.records.setdefault(sample, {})[dialect] = row["record"]
        self.verdicts.setdefault(sample, {}).pop(dialect, None)
        if row["verdict"] is not None:
            self.verdicts[sample][dialect] = row["verdict"]

    def record(self, sample, dialect):
        """The record of a sample's id in a dialect, or None."""
        return self.records.get(sample, {}).get(dialect)

    def verdict(self, sample, dialect):
        """The verdict as JSON values, or None where it was not judged."""
        return self.verdicts.get(sample, {}).get(dialect)

    # -- writing

    def write_row(self, sample, dialect, record, verdict=None):
        """One row of the journal; replaces an earlier one of the same sample and dialect."""
        row = {"sample": sample, "dialect": dialect, "record": record, "verdict": verdict}
        _write_json(self._row_path(sample, dialect), row)

    def _row_path(self, sample, dialect):
        name = hashlib.sha256(f"{sample} {dialect}".encode()).hexdigest()[:32]
        return self._path(_JOURNAL, f"{name}.json")

    def age(self, sample, dialect):
        """Seconds since the row of the journal was written."""
        return time.time() - os.path.getmtime(self._row_path(sample, dialect))

    def rewrite_row(self, sample, dialect, status, message):
        """Another status for a row of the journal that has no result."""
        row = _read_json(self._row_path(sample, dialect))
        row["record"].update(status=status, message=message)
        if row["verdict"] is not None:
            row["verdict"].update(word=status, message=message)
        _write_json(self._row_path(sample, dialect), row)

    def write_plan(self, text):
        """Keep what a run under way is to compute, beside its rows; returns the path."""
        path = self._path(_JOURNAL, "plan")
        with _appearing(path, "w") as file:
            file.write(text)
        return path

    def save(self):
        """Write the run with the rows of its journal, then drop the journal."""
        for row in self._journal():
            self._add(row)
        _write_json(self._path(_VERDICTS), self.verdicts)
        content = {"environment": self.environment, "samples": self.samples, "records": self.records}
        _write_json(self._path(_RUN), content)
        shutil.rmtree(self._path(_JOURNAL), ignore_errors=True)


def find(paths):
    """The runs at the paths: each a run, or a store, whose runs are found within it."""
    runs = []
    for path in paths:
        if Run.exists(path) or not os.path.isdir(path):
            runs.append(Run.open(path))
            continue
        inner = sorted(name for name in os.listdir(path) if Run.exists(os.path.join(path, name)))
        if not inner:
            raise CompatError(
                f"{path}: holds no runs; compat run --out {os.path.join(path, 'NAME')} makes one"
            )
        runs.extend(Run.open(os.path.join(path, name)) for name in inner)
    return runs
