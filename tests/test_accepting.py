"""``compat accept``: merges, says what it removes, and deletes nothing that is not its own."""

import os
import shutil

import pytest
from support import DOUBLE_ID as ID
from support import change, content, refusal, write

from compat.errors import CompatError
from compat.store import Run

posix_only = pytest.mark.skipif(os.name != "posix", reason="FIFOs and links")


def _record(document):
    return document["records"][ID]["numpy"]


def test_accept_merges_and_replaces_after_saying_what(tmp_path, compat_here, here):
    assert compat_here("accept", here, "--golden", "golden").returncode == 0
    one = tmp_path / "runs" / "one"
    compat_here("run", "double.py", "--out", one, "--sample", ID)
    result = compat_here("accept", one, "--golden", "golden")
    assert result.returncode == 0
    assert "2 that the run does not hold stay (--replace removes them)" in result.stdout
    assert len(Run.open("golden/run").records) == 3
    objects = set(os.listdir("golden/objects"))
    write(tmp_path / "golden" / "objects" / "mine.npy", "mine")
    write(tmp_path / "golden" / "notes.txt", "mine")
    (tmp_path / "golden" / "objects" / ("b" * 64 + ".npy")).write_bytes(b"somebody's")
    result = compat_here("accept", one, "--golden", "golden", "--replace")
    assert result.stdout.splitlines()[:2] == ["removed  double[s0]", "removed  double[s2]"]
    assert list(Run.open("golden/run").records) == [ID]
    left = set(os.listdir("golden/objects"))
    assert {"mine.npy", "b" * 64 + ".npy"} <= left and len(left & objects) == 1
    assert (tmp_path / "golden" / "notes.txt").exists()


def test_accept_says_what_it_removes_before_it_does(tmp_path, compat_here, monkeypatch, here):
    compat_here("accept", here, "--golden", "golden")
    compat_here("run", "double.py", "--out", "runs/one", "--sample", ID)
    before = content(tmp_path / "golden")

    def full(self, readable=False):
        raise CompatError("no room")

    monkeypatch.setattr(Run, "save", full)
    result = compat_here("accept", "runs/one", "--golden", "golden", "--replace")
    assert result.returncode == 2 and "removed  double[s0]" in result.stdout
    assert content(tmp_path / "golden") == before


@posix_only
def test_accept_refuses_what_is_no_golden(tmp_path, compat_here, here):
    shutil.copytree(str(here.parent), str(tmp_path / "store"))
    (tmp_path / "store" / "here").rename(tmp_path / "store" / "run")  # looks like one
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "run").symlink_to(here)
    write(tmp_path / "folder" / "notes.txt", "mine")
    before = content(tmp_path)
    for place in ("runs", "runs/here", "store", "linked", "folder", "double.py"):
        refusal(compat_here("accept", here, "--golden", place))
        shutil.rmtree(str(tmp_path / "cache"), ignore_errors=True)
        assert content(tmp_path) == before


@posix_only
def test_accept_deletes_nothing_behind_a_link(tmp_path, compat_here, here):
    compat_here("accept", here, "--golden", "golden")
    (tmp_path / "golden" / "objects").rename(tmp_path / "shared")
    (tmp_path / "golden" / "objects").symlink_to(tmp_path / "shared")
    compat_here("run", "double.py", "--out", "runs/one", "--sample", ID)
    assert compat_here("accept", "runs/one", "--golden", "golden", "--replace").returncode == 0
    assert len(os.listdir(str(tmp_path / "shared"))) == 3


def test_a_golden_that_lists_a_path_deletes_nothing(tmp_path, compat_here, here):
    compat_here("accept", here, "--golden", "golden")
    change(tmp_path / "golden" / "run", lambda d: _record(d)["outputs"]["y"].update(digest="../../notes"))
    write(tmp_path / "notes.npy", "mine")
    assert "is no digest" in refusal(compat_here("accept", here, "--golden", "golden", "--replace"))
    assert (tmp_path / "notes.npy").exists()
