"""Stores from somebody else, damaged or made to harm: one line or a red verdict, nothing executed, nothing lost."""

import json
import os
import re

import pytest
from support import DOUBLE, array_of, change, content, python, quick_run, reading, refusal, write
from support import DOUBLE_ID as ID

from compat.documents import write_json
from compat.store import Run

posix_only = pytest.mark.skipif(os.name != "posix", reason="FIFOs and links")


# -- verdicts.json is for other programs


@posix_only
@pytest.mark.parametrize("what", ["another run's", "damaged", "hostile", "absent", "fifo", "folder"])
def test_verdicts_on_disk_are_believed_by_nobody(tmp_path, compat_here, here, what):
    write(tmp_path / "double.py", DOUBLE.replace("2 * x", "3 * x"))
    quick_run(tmp_path / "double.py", here)

    def heard(name):
        found = dict(vars(compat_here(*reading(here)[name])))
        # How far a search comes within its seconds is the machine's affair.
        return dict(found, stdout=re.sub(r" \(\d+ possibilities tried[^)]*\)", "", found["stdout"]))

    said = {name: heard(name) for name in reading(here)}
    assert said["judge"]["returncode"] == 1
    path = here / "verdicts.json"
    path.unlink()
    green = {"word": "agrees", "message": "", "outputs": {}, "reference": {}}
    if what == "another run's":
        write_json(str(path), {f"double[s{i}]": {"numpy": green} for i in range(3)})
    elif what == "damaged":
        path.write_bytes(b'{"format":2,"chec')
    elif what == "hostile":
        path.write_text('{"format":2,"checksum":"x","content":{"a":1e999}}')
    elif what == "fifo":
        os.mkfifo(str(path))
    elif what == "folder":
        path.mkdir()
    again = {name: heard(name) for name in reading(here) if name != "judge"}
    assert again == {name: said[name] for name in again}
    if what == "folder":
        told = compat_here("judge", here)
        assert told.returncode == 1 and told.stdout == said["judge"]["stdout"]
        assert "verdicts.json: cannot be written" in told.stderr and len(told.stderr.splitlines()) == 1
    else:
        assert vars(compat_here("judge", here)) == said["judge"]


# -- no plain files


def _fifo(path):
    os.mkfifo(str(path))


def _loop(path):
    path.symlink_to(path)


STRANGE = {
    "fifo": _fifo,
    "folder": lambda path: path.mkdir(),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "loop": _loop,
}


def _row(run):
    """A run with a row of its journal."""
    opened = Run.open(str(run))
    opened.write_row(ID, "numpy", opened.record(ID, "numpy"))
    (path,) = (run / "journal").glob("*.json")
    return path


@posix_only
@pytest.mark.parametrize("form", STRANGE)
@pytest.mark.parametrize("what", ["run.json", "a row", "an array", "known", "golden"])
def test_what_is_no_plain_file_is_told_at_once(tmp_path, compat_here, here, what, form):
    paths = {
        "run.json": lambda: here / "run.json",
        "a row": lambda: _row(here),
        "an array": lambda: array_of(here),
        "known": lambda: tmp_path / "known_differences.toml",
        "golden": lambda: tmp_path / "golden" / "run" / "run.json",
    }
    path = paths[what]()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.unlink()
    STRANGE[form](path)
    for name, command in reading(here).items():
        result = compat_here(*command)
        if what in ("known", "golden") and name != "accept":
            assert result.returncode in (0, 2), (name, result.stderr)  # what is no file says nothing
        elif what == "an array" and name not in ("accept", "since"):
            assert result.returncode == (2 if name == "explain" else 1) or name == "diff", (
                name,
                result.stdout,
            )
            assert name == "diff" or path.name in result.stdout + result.stderr
        elif what not in ("known", "golden") or result.returncode != 0:
            refusal(result)


@posix_only
@pytest.mark.parametrize("form", STRANGE)
def test_a_case_file_that_is_none(tmp_path, compat_here, here, form):
    (tmp_path / "double.py").unlink()
    STRANGE[form](tmp_path / "double.py")
    result = compat_here("judge", here)
    assert result.returncode == 1 and "unjudged" in result.stdout


@posix_only
@pytest.mark.parametrize("what", ["lock", "journal"])
@pytest.mark.parametrize("form", [*STRANGE, "link", "dangling link"])
def test_a_lock_and_a_journal_that_are_somebody_elses(tmp_path, compat_here, here, what, form):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "notes").write_text("notes")
    (tmp_path / "theirs" / ("0" * 32 + ".json")).write_text("theirs")
    target = tmp_path / "theirs" if what == "journal" else tmp_path / "theirs" / "notes"
    path = here / what
    if path.exists():
        path.unlink()
    if form == "folder":
        if what == "journal":
            pytest.skip("that is what a journal is")
        path.mkdir()
    elif "link" in form:
        path.symlink_to(target if form == "link" else tmp_path / "theirs" / "nothing")
    else:
        STRANGE[form](path)
    before = content(tmp_path / "theirs")
    assert str(path) in refusal(compat_here("run", "double.py", "--out", here))
    assert content(tmp_path / "theirs") == before
    assert not (tmp_path / "theirs" / "nothing").exists()


@posix_only
def test_workers_that_are_somebody_elses(tmp_path, compat_here, here):
    """No process is ended because a store names it."""
    (here / "journal").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "1").write_text("")
    (here / "journal" / "workers").symlink_to(tmp_path / "theirs")
    assert "is a link" in refusal(compat_here("run", "double.py", "--out", here))
    assert os.listdir(str(tmp_path / "theirs")) == ["1"]


def test_only_what_compat_made_is_removed_from_a_journal(tmp_path, compat_here, here):
    _row(here)
    for name in ("diary.txt", "notes.json", "workers/-1", "workers/12345"):
        write(here / "journal" / name, "mine")
    result = compat_here("run", "double.py", "--out", here)
    assert result.returncode == 0, result.stderr
    assert sorted(content(here / "journal")) == ["diary.txt", "notes.json", os.path.join("workers", "-1")]


def test_a_journal_without_a_run_is_not_ours(tmp_path, compat_here, double_case):
    write(tmp_path / "mine" / "journal" / "monday.txt", "dear diary")
    assert "is no run, and not empty" in refusal(compat_here("run", double_case, "--out", "mine"))
    assert (tmp_path / "mine" / "journal" / "monday.txt").exists()


@posix_only
def test_objects_may_be_a_link(tmp_path, compat_here, here):
    (here.parent / "objects").rename(tmp_path / "elsewhere")
    (here.parent / "objects").symlink_to(tmp_path / "elsewhere")
    assert compat_here("judge", here).returncode == 0
    assert compat_here("run", "double.py", "--out", here, "--fresh").returncode == 0


# -- sealed: well written, and saying what cannot be


def _record(document):
    return document["records"][ID]["numpy"]


def _moved(document, old, new):
    document["records"][new] = document["records"].pop(old)


SEALED = {
    "a status that is none": lambda d: _record(d).update(status="fine"),
    "ok without outputs": lambda d: _record(d).update(outputs={}),
    "error with outputs": lambda d: _record(d).update(status="error"),
    "an unknown key": lambda d: _record(d).update(verdict="agrees"),
    "a missing key": lambda d: _record(d).pop("case"),
    "a list for a table": lambda d: _record(d).update(outputs=[]),
    "a number for a text": lambda d: _record(d).update(message=7),
    "true for a number": lambda d: _record(d).update(seconds=True),
    "a huge number": lambda d: _record(d).update(seconds=10**50),
    "a digest that is a path": lambda d: _record(d)["outputs"]["y"].update(digest="../../x"),
    "a spread that is a path": lambda d: _record(d).update(measured={"y": {"spread": "../" * 20 + "x"}}),
    "measured of nothing": lambda d: _record(d).update(measured={"z": {}}),
    "an output with an escape": lambda d: _record(d).update(random=["\x1b[2J"]),
    "a sample with a zero byte": lambda d: _moved(d, ID, "a\0[b]"),
    "a sample with an escape": lambda d: _moved(d, ID, "\x1b[2J[b]"),
    "a sample with half a character": lambda d: _moved(d, ID, "\ud800[b]"),
    "a sample that is a path": lambda d: _moved(d, ID, "../../x"),
    "a dialect that is a path": lambda d: d["records"].update({ID: {"../x": _record(d)}}),
    "a dialect with a line": lambda d: d["records"].update({ID: {"a\nb": _record(d)}}),
    "a path with a zero byte": lambda d: d["samples"][ID].update(path="a\0b.py"),
    "a path of two lines": lambda d: d["samples"][ID].update(path="a\nb.py"),
    "against a path": lambda d: d["samples"][ID].update(against=["numpy", "../../x"]),
    "against nothing": lambda d: d["samples"][ID].update(against=[]),
    "against three": lambda d: d["samples"][ID].update(against=["numpy", None, None]),
    "against a number": lambda d: d["samples"][ID].update(against=[1, 2]),
    "an environment with an escape": lambda d: d["environment"].update(name="\x1b]0;x\x07"),
    "deep parameters": lambda d: d["samples"][ID].update(parameters={"a": json.loads("[" * 300 + "]" * 300)}),
}  # fmt: skip


@pytest.mark.parametrize("what", SEALED)
def test_a_document_that_says_what_cannot_be(tmp_path, compat_here, here, what):
    change(here, SEALED[what])
    before = content(here.parent)
    for command in reading(here).values():
        line = refusal(compat_here(*command))
        assert "run.json" in line and line.isprintable()
    assert content(here.parent) == before


@pytest.mark.parametrize("text", ["1e999", "NaN", "-Infinity", "9" * 5000, "[" * 100000])
def test_numbers_that_json_has_not(compat_here, here, text):
    path = here / "run.json"
    path.write_text(path.read_text().replace('"threads":1', f'"threads":{text}'))
    assert "no JSON" in refusal(compat_here("judge", here))


def _wrong(tmp_path, run):
    """The run again, of an implementation that is wrong by a part in a thousand: inside a bfloat16's rounding."""
    write(tmp_path / "double.py", DOUBLE.replace("return 2 * x", "return x * np.float32(2.002)"))
    quick_run(tmp_path / "double.py", run)


def _both(document, dtype):
    for row in document["records"].values():
        row["numpy"].update(dtype=dtype)
        row["numpy"]["outputs"]["y"].update(dtype=dtype)


LIES = {
    "the dtype": lambda d: _both(d, "bfloat16"),
    "the dtype of the inputs": lambda d: [r["numpy"].update(dtype="float64") for r in d["records"].values()],
    "the claim": lambda d: [r["numpy"].update(claim="fft") for r in d["records"].values()],
    "the shape": lambda d: [r["numpy"]["outputs"]["y"].update(shape=[1, 2]) for r in d["records"].values()],
    "against itself": lambda d: [s.update(against=["numpy", None]) for s in d["samples"].values()],
    "no files": lambda d: [r["numpy"].update(files={}) for r in d["records"].values()],
    "another operation's": lambda d: [s.update(operation="known") for s in d["samples"].values()],
}
KNOWN = """
    [[difference]]
    operation = "known"
    dialects = ["numpy"]
    verdict = "differs"
    reason = "r"
    address = "a"
"""


@pytest.mark.parametrize("what", LIES)
def test_no_lie_makes_a_red_row_green(tmp_path, compat_here, here, what):
    _wrong(tmp_path, here)
    write(tmp_path / "known_differences.toml", KNOWN)
    change(here, LIES[what])
    result = compat_here("judge", here)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "agrees" not in result.stdout.split("\n")[0] and "known" not in result.stdout.split("\n")[0]


@pytest.mark.parametrize("what", ["the shape", "the dtype"])
def test_a_record_that_does_not_fit_its_array(tmp_path, compat_here, here, what):
    lies = {"the shape": {"shape": [2, 1]}, "the dtype": {"dtype": "float64"}}
    change(here, lambda d: _record(d)["outputs"]["y"].update(lies[what]))
    result = compat_here("judge", here)
    assert result.returncode == 1
    assert f"{ID} numpy unjudged: the record says that {what} is" in result.stdout
    result = compat_here("judge", here)  # also where it was remembered
    assert result.returncode == 1


def test_known_differences_and_a_golden_in_a_store_are_not_believed(tmp_path, compat_here, here):
    """A store that brings its own excuses: a case file that is not here, beside a file that knows the difference."""
    write(
        tmp_path / "runs" / "known_differences.toml",
        KNOWN.replace('"known"', '"double"').replace("differs", "unjudged"),
    )
    change(here, lambda d: [s.update(path="runs/gone.py") for s in d["samples"].values()])
    result = compat_here("judge", here)
    assert result.returncode == 1 and "3 unjudged" in result.stdout


def test_what_a_message_says_does_not_drive_the_terminal(compat_here, here):
    said = "\x1b[2J\x1b]0;title\x07\u202eevil\x9b31m"
    change(here, lambda d: _record(d).update(status="error", outputs={}, message=said))
    for name in ("judge", "explain", "diff"):
        result = compat_here(*reading(here)[name])
        assert not set("\x1b\x07\u202e\x9b") & set(result.stdout + result.stderr)
    assert "\\x1b[2J" in compat_here("judge", here).stdout


# -- case files that a store brings along


@pytest.mark.parametrize("command", ["judge", "diff", "explain", "since", "accept"])
@pytest.mark.parametrize(
    "where", ["in the store", "changed", "a default folder in the store", "behind a link"]
)
def test_a_case_file_of_somebody_else_is_not_executed(
    tmp_path, compat_here, monkeypatch, here, command, where
):
    mark = tmp_path / "executed"
    hostile = f"open({str(mark)!r}, 'w').close()\n" + DOUBLE.replace("\n    ", "\n")
    (tmp_path / "double.py").unlink()
    place, run = tmp_path / "runs" / "evil.py", here
    if where == "changed":
        place = tmp_path / "double.py"
    elif where == "a default folder in the store":
        place = tmp_path / "runs" / "cases" / "double.py"
        monkeypatch.chdir(tmp_path / "runs")
    elif where == "behind a link":
        (tmp_path / "mine").mkdir()
        run = tmp_path / "mine" / "here"
        run.symlink_to(here)
    write(place, hostile)
    from compat.arrays import sha256_of_text

    def point(document):
        for sample in document["samples"].values():
            sample["path"] = str(place)
        if where != "changed":
            for row in document["records"].values():
                row["numpy"]["files"] = {place.name: sha256_of_text(place.read_bytes())}

    change(here, point)
    result = compat_here(*reading(run)[command])
    assert "Traceback" not in result.stderr and result.returncode in (0, 1, 2)
    assert not mark.exists()
    if command == "judge":
        assert result.returncode == 1 and "3 unjudged" in result.stdout
        compat_here("judge", run, "--cases", place)
        assert mark.exists(), "where it is named it is loaded"


def test_a_store_read_by_a_process_of_its_own(tmp_path, here):
    """What holds in this process holds at the command line."""
    change(here, SEALED["a digest that is a path"])
    assert "is no digest" in refusal(python("-m", "compat.cli", "judge", here, cwd=tmp_path))
