"""The store: whole files or none, rows that survive, arrays checked against their names, no pickles."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from support import CHECKOUT, content, record_of

from compat import store
from compat.arrays import digest
from compat.documents import FORMAT
from compat.errors import CompatError
from compat.objects import Memory
from compat.records import Description, Environment
from compat.store import Objects, Run

ARRAY = np.arange(3, dtype=np.float32)


def a_record(status="ok", array=ARRAY, seconds=0.5):
    outputs = {"y": array} if status == "ok" else {}
    return record_of(outputs, status=status, code="d" * 64, files={"op.py": "e" * 64}, seconds=seconds)


def made_run(folder, name="here", array=None):
    """A saved run of one row, ``op[s]`` in numpy, whose output is the array."""
    run = Run(str(folder / name), Environment(name))
    array = ARRAY if array is None else array
    run.objects.add(array)
    run.samples["op[s]"] = Description("op", "s", "c" * 64, "op.py")
    run.write_row("op[s]", "numpy", a_record(array=array))
    run.save()
    return run


def message(function, *arguments):
    """The one line of the CompatError."""
    with pytest.raises(CompatError) as caught:
        function(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


# -- rows and runs


def test_saved_and_opened_again(tmp_path):
    made_run(tmp_path)
    run = Run.open(str(tmp_path / "here"))
    assert run.environment == Environment("here")
    assert run.record("op[s]", "numpy") == a_record()
    name = run.record("op[s]", "numpy").outputs["y"].digest
    assert run.objects.read(name).tolist() == [0, 1, 2]
    assert run.record("op[s]", "scipy") is None and run.record("other[s]", "numpy") is None
    assert not (tmp_path / "here" / "journal").exists()


def test_a_journal_counts_before_it_is_saved(tmp_path):
    """A run that was killed is its run.json and its journal; the journal's row is the later one."""
    run = made_run(tmp_path)
    run.write_row("op[s]", "numpy", a_record("crashed"))
    run.write_row("op[t]", "numpy", a_record())
    again = Run.open(run.folder)
    assert again.record("op[s]", "numpy").status == "crashed"
    assert again.record("op[t]", "numpy").status == "ok"
    again.save()
    assert os.listdir(run.folder) == ["run.json"]
    assert Run.open(run.folder).record("op[s]", "numpy").status == "crashed"


def test_killed_while_it_saves(tmp_path, monkeypatch):
    """Whatever of save() was done: opening gives the rows of the journal, and nothing half written."""
    run = made_run(tmp_path)
    run.write_row("op[t]", "numpy", a_record())

    class Killed(BaseException):
        pass

    replace = os.replace

    def killed(source, target):
        if os.path.basename(target) == "run.json":
            raise Killed
        replace(source, target)

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(Killed):
        Run.open(run.folder).save()
    monkeypatch.undo()
    again = Run.open(run.folder)
    assert again.record("op[s]", "numpy") == again.record("op[t]", "numpy") == a_record()
    assert not [name for name in os.listdir(run.folder) if name.startswith(".tmp-")]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    run = made_run(tmp_path)
    before = content(tmp_path)
    run.records["op[s]"]["numpy"].seconds = float("nan")
    with pytest.raises(ValueError):
        run.save()
    assert content(tmp_path) == before


def test_readers_never_see_half_a_file(tmp_path):
    run = made_run(tmp_path)
    failures, done = [], threading.Event()

    def read():
        while not done.is_set():
            try:
                assert Run.open(run.folder).record("op[s]", "numpy").status == "ok"
            except Exception as error:
                failures.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for size in range(200):
        run.environment.python = "x" * size * 100
        run.save()
    done.set()
    reader.join()
    assert not failures


def test_readers_never_miss_a_row_that_moves(tmp_path):
    """A row is in the journal, then in run.json: a reader sees it at every moment of the saving."""
    folder = str(tmp_path / "here")
    run = made_run(tmp_path)
    failures, done = [], threading.Event()

    def read():
        seen = 0
        while not done.is_set():
            try:
                rows = len(Run.open(folder).records)
                assert rows >= seen
                seen = rows
            except BaseException as error:
                failures.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        for half in "ab":
            run.write_row(f"op[{number}{half}]", "numpy", a_record())
        run = Run.open(folder)
        run.save()
    done.set()
    reader.join()
    assert not failures
    assert len(Run.open(folder).records) == 121


def test_what_is_left_of_a_killed_writer_is_no_row(tmp_path):
    run = made_run(tmp_path)
    run.write_row("op[t]", "numpy", a_record())
    for folder in (tmp_path / "here" / "journal", tmp_path / "objects"):
        (folder / ".tmp-abc").write_text('{"format":1,"chec')
    again = Run.open(run.folder)
    assert sorted(again.records) == ["op[s]", "op[t]"]
    again.save()
    assert not (tmp_path / "here" / "journal").exists()


# -- arrays


@pytest.mark.parametrize(
    "array",
    [
        np.float32(1.5),
        np.zeros((0, 3), np.float64),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(5, dtype=">f4"),
        np.array([[True, False]]),
        np.array([np.nan, np.inf, -0.0], np.float16),
        np.arange(4, dtype=np.uint8)[::2],
        np.array(["ä", "bc"]),
        np.array([1 + 2j]),
    ],
    ids=lambda array: f"{np.asarray(array).dtype}-{np.shape(array)}",
)
def test_arrays_come_back_as_they_went(tmp_path, array):
    objects = Objects(str(tmp_path))
    name = objects.add(array)
    back = objects.read(name)
    assert back.shape == np.shape(array) and digest(back) == name == digest(array)
    np.testing.assert_array_equal(back, array)
    assert name in objects and "0" * 64 not in objects


def test_a_name_tells_dtype_shape_and_bits():
    arrays = [
        np.zeros(4, np.float32),
        np.zeros((2, 2), np.float32),
        np.zeros(4, np.int32),
        np.zeros(2, np.float64),
        -np.zeros(4, np.float32),
    ]
    assert len({digest(array) for array in arrays}) == len(arrays)
    assert digest(np.arange(3, dtype=">i4")) == digest(np.arange(3, dtype="<i4"))
    assert digest(np.arange(6).reshape(2, 3).T) == digest(np.array([[0, 3], [1, 4], [2, 5]]))


def test_digests_are_those_of_ever():
    """Names of arrays in stores and goldens that exist: a change of the digest orphans them all."""
    assert (
        digest(np.arange(3, dtype=np.float32))
        == "e0a4e37f2919757845144e158332b554a68b888b149778eb473b511faa0385c0"
    )


def test_equal_arrays_are_one_file(tmp_path):
    objects = Objects(str(tmp_path))
    names = {objects.add(np.ones((3, 3))) for _ in range(3)} | {objects.add(np.ones((3, 3)).T)}
    assert len(names) == len(os.listdir(str(tmp_path))) == 1


def test_objects_of_python_are_refused(tmp_path):
    with pytest.raises(ValueError):
        Objects(str(tmp_path)).add(np.array([{}, None]))
    assert os.listdir(str(tmp_path)) == []


class _Explosive:
    """Leaves a mark where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize(
    "form", ["object array", "bare pickle", "zip", "empty", "text", "header only", "huge header"]
)
def test_no_plain_array(tmp_path, form):
    """Whatever lies under an array's name: one line, and nothing of it is executed."""
    objects = Objects(str(tmp_path / "objects"))
    name = objects.add(np.arange(1000))
    path, mark = objects.path(name), str(tmp_path / "executed")
    if form == "object array":
        with open(path, "wb") as file:
            np.save(file, np.array([_Explosive(mark)], dtype=object), allow_pickle=True)
        np.load(path, allow_pickle=True)
        assert os.path.exists(mark), "the explosive works where it is unpickled"
        os.unlink(mark)
    elif form == "bare pickle":
        with open(path, "wb") as file:
            pickle.dump(_Explosive(mark), file)
    elif form == "zip":
        with open(path, "wb") as file:
            np.savez(file, a=np.arange(3))
    elif form == "header only":
        with open(path, "rb+") as file:
            file.truncate(128)
    elif form == "huge header":
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(data.replace(b"(1000,)", b"(9**9,)"))
    else:
        with open(path, "wb") as file:
            file.write(b"" if form == "empty" else b"not an array at all")
    text = message(objects.read, name)
    assert path in text and "no plain array" in text
    assert not os.path.exists(mark)


def test_an_array_under_a_wrong_name(tmp_path):
    objects = Objects(str(tmp_path))
    one, other = objects.add(np.arange(3)), objects.add(np.arange(4))
    shutil.copy(objects.path(one), objects.path(other))
    assert "do not match its name" in message(objects.read, other)
    assert objects.read(one).tolist() == [0, 1, 2]


def test_one_bit_of_an_array(tmp_path):
    objects = Objects(str(tmp_path))
    name = objects.add(np.ones(100, np.float32))
    with open(objects.path(name), "rb+") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x3e")
    assert "do not match its name" in message(objects.read, name)


def test_a_missing_array(tmp_path):
    objects = Objects(str(tmp_path))
    text = message(objects.read, "a" * 64)
    assert "is missing: record it again" in text


# -- several stores


def test_stores_merge_by_copying(tmp_path):
    shared, mine = np.ones(3), np.arange(5.0)
    made_run(tmp_path / "a", "one", shared)
    made_run(tmp_path / "a", "two", mine)
    made_run(tmp_path / "b", "three", shared)
    merged = tmp_path / "merged"
    for source in ("a", "b"):
        for path in (tmp_path / source).rglob("*"):
            if path.is_file():
                target = merged / path.relative_to(tmp_path / source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(path), str(target))
    runs = store.find([str(merged)])
    assert [run.name for run in runs] == ["one", "three", "two"]
    assert len(os.listdir(str(merged / "objects"))) == 2
    arrays = [run.objects.read(run.record("op[s]", "numpy").outputs["y"].digest).tolist() for run in runs]
    assert arrays == [shared.tolist(), shared.tolist(), mine.tolist()]


def test_find(tmp_path):
    made_run(tmp_path, "one")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "run.txt").write_text("no run")
    assert [run.name for run in store.find([str(tmp_path)])] == ["one"]
    assert [run.name for run in store.find([str(tmp_path / "one")])] == ["one"]
    assert "holds no runs" in message(store.find, [str(tmp_path / "notes")])
    assert "no such run" in message(store.find, [str(tmp_path / "none")])


# -- files that are not what they should be


def _rewrite(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def _with_checksum(document, text):
    import hashlib

    return f'{{"format":{FORMAT},"checksum":"{hashlib.sha256(text.encode()).hexdigest()}","content":{text}}}'


DAMAGES = {
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:-20]), "truncated"),
    "truncated early": (lambda p: p.write_bytes(p.read_bytes()[:10]), "truncated"),
    "empty": (lambda p: p.write_bytes(b""), "truncated"),
    "binary": (lambda p: p.write_bytes(b"\x80\x04\x95\xff\x00"), "truncated"),
    "edited": (lambda p: p.write_text(p.read_text().replace('"status":"ok"', '"status":"no"')), "edited"),
    "edited to NaN": (
        lambda p: p.write_text(p.read_text().replace('"seconds":0.5', '"seconds":NaN')),
        "no JSON",
    ),
    "nested too deep": (lambda p: p.write_text("[" * 100000), "truncated"),
    "checksum gone": (lambda p: _rewrite(p, lambda d: d.pop("checksum")), "edited"),
    "content gone": (lambda p: _rewrite(p, lambda d: d.pop("content")), "edited"),
    "older": (lambda p: _rewrite(p, lambda d: d.update(format=1)), "written by an older compat"),
    "newer": (lambda p: _rewrite(p, lambda d: d.update(format=FORMAT + 1)), "newer"),
    "format is text": (lambda p: _rewrite(p, lambda d: d.update(format="1")), "no format number"),
    "format is true": (lambda p: _rewrite(p, lambda d: d.update(format=True)), "no format number"),
    "foreign JSON": (lambda p: p.write_text('{"cells": []}'), "no format number"),
    "a list": (lambda p: p.write_text("[1, 2]"), "no format number"),
    "a part missing": (lambda p: p.write_text(_with_checksum(p, '{"records":{}}')), "lacks a part"),
    "a text for content": (lambda p: p.write_text(_with_checksum(p, '"hello"')), "lacks a part"),
    "null for content": (lambda p: p.write_text(_with_checksum(p, "null")), "lacks a part"),
    "lists for tables": (
        lambda p: p.write_text(_with_checksum(p, '{"environment":[],"records":[],"samples":[]}')),
        "lacks a part",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run(tmp_path, damage):
    run = made_run(tmp_path)
    path = tmp_path / "here" / "run.json"
    good = path.read_bytes()
    do, words = DAMAGES[damage]
    do(path)
    assert path.read_bytes() != good
    after = content(tmp_path)
    text = message(Run.open, run.folder)
    assert str(path) in text and words in text
    assert content(tmp_path) == after


@pytest.mark.parametrize("damage", ["truncated", "edited", "newer", "a row that is none"])
def test_a_damaged_row(tmp_path, damage):
    run = made_run(tmp_path)
    run.write_row("op[t]", "numpy", a_record())
    (path,) = (tmp_path / "here" / "journal").glob("*.json")
    if damage == "a row that is none":
        path.write_text(_with_checksum(path, '{"sample":"op[t]"}'))
    else:
        DAMAGES[damage][0](path)
    assert str(path) in message(Run.open, run.folder)


#: The format as it is on disk, written out: what a later version of this format must go on reading.
WRITTEN_OUT = """
{"environment":{"name":"old","python":"3.7.16","implementation":"CPython","system":"linux",
"versions":{"numpy":"1.16.6"},"processor":{"model":"m","machine":"x86_64","flags":["avx"]},
"settings":{"OMP_NUM_THREADS":"1"},"threads":1},
"samples":{"op[s]":{"operation":"op","name":"s","case":"c","path":"cases/op.py","doc":"","operation_doc":"",
"parameters":{"strides":[1,2]},"inputs":{"x":{"fixture":"f","dtype":"float32","digest":"d"}},"sources":{"numpy":"s"},
"against":["tf1.session",null]}},
"records":{"op[s]":{"numpy":{"status":"ok","case":"c","dtype":"float32","message":"","files":{"op.py":"f"},
"code":"c","claim":"fft","outputs":{"y":{"digest":"DIGEST","dtype":"float32","shape":[2,3]}},
"measured":{"y":{"spread":"DIGEST"}},"random":["y"],"seconds":0.5},
"scipy":{"status":"unsupported","case":"c","dtype":"float32","message":"m","files":{},"code":"c","outputs":{},
"measured":{},"random":[],"seconds":0.0}}}}
"""


def test_older_files_stay_readable(tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    text = WRITTEN_OUT.replace("\n", "").replace("DIGEST", "a" * 64)
    (folder / "run.json").write_text(_with_checksum(None, text))
    run = Run.open(str(folder))
    assert run.environment.versions == {"numpy": "1.16.6"}
    assert run.samples["op[s]"].against == ["tf1.session", None]
    assert run.record("op[s]", "numpy").claim == "fft"
    assert run.record("op[s]", "scipy").status == "unsupported"
    before = (folder / "run.json").read_text()
    run.save()
    assert (folder / "run.json").read_text().strip() == before


def test_no_run(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "no such run" in message(Run.open, str(tmp_path / "none"))
    assert "no such run" in message(Run.open, str(tmp_path / "file"))
    (tmp_path / "folder").mkdir()
    assert "is no run" in message(Run.open, str(tmp_path / "folder"))


def test_what_is_kept_for_a_while_goes_to_disk_beyond_some_bytes_and_goes_with_it(monkeypatch, tmp_path):
    monkeypatch.setattr("compat.objects._IN_MEMORY", 100)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = Memory()
    arrays = [np.full((4, 5), number, np.float32) for number in range(4)]
    names = [kept.add(array) for array in arrays]
    assert [kept.add(array) for array in arrays] == names == [digest(array) for array in arrays]
    assert all(np.array_equal(kept.read(name), array) for name, array in zip(names, arrays))
    assert sum(name in kept._arrays for name in names) == 1  # the first alone has room
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3).T, np.zeros((0, 3)), np.array(3, np.int8), np.array([b"ab", b"c"]),
        np.array([1 + 2j]), np.array([True, False]), np.arange(5, dtype=np.float16),
    ],
)  # fmt: skip
def test_every_array_comes_back_from_disk_as_it_was(monkeypatch, array):
    monkeypatch.setattr("compat.objects._IN_MEMORY", -1)
    kept = Memory()
    kept.add(np.ones(3))
    found = kept.read(kept.add(array))
    assert found.dtype == array.dtype and found.shape == array.shape and np.array_equal(found, array)


@pytest.mark.skipif(os.name != "posix", reason="a process that is killed")
def test_a_process_that_is_killed_leaves_nothing_in_the_temporary_folder(tmp_path):
    code = (
        "import os, numpy as np\n"
        "from compat import objects\n"
        "objects._IN_MEMORY = 0\n"
        "kept = objects.Memory()\n"
        "assert kept.read(kept.add(np.ones(1 << 16)))[5] == 1\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=str(CHECKOUT), env=dict(os.environ, TMPDIR=str(tmp_path))
    )
    assert ended.returncode == -9
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_is_one_line(monkeypatch):
    monkeypatch.setattr("compat.objects._IN_MEMORY", 0)

    class Full:
        def seek(self, place):
            pass

        def write(self, data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **more: Full())
    assert "No space left on device" in message(Memory().add, np.ones(3))
