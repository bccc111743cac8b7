"""Arrays that are missing or damaged: nothing is judged by them, and a run makes them again."""

import os

import numpy as np
import pytest
from support import DOUBLE_ID as ID
from support import array_of, refusal

from compat import cli
from compat.arrays import digest
from compat.errors import CompatError
from compat.objects import Objects

posix_only = pytest.mark.skipif(os.name != "posix", reason="FIFOs and links")


def _save(path, array, **options):
    with open(str(path), "wb") as file:
        np.save(file, array, **options)


def _header(path, shape, data=b"\0" * 64):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data)


ARRAYS = {
    "missing": lambda path: path.unlink(),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "empty": lambda path: path.write_bytes(b""),
    "another": lambda path: _save(path, np.array([2, 5], np.float32)),
    "a bit": lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\1"),
    "0-d": lambda path: _save(path, np.float32(2)),
    "pickled": lambda path: _save(path, np.array([{}, 1]), allow_pickle=True),
    "structured": lambda path: _save(path, np.zeros(2, [("a", "f4")])),
    "giant": lambda path: _header(path, (10**6, 10**6)),
    "giant beyond numbers": lambda path: _header(path, (10**30, 10**30)),
    "negative": lambda path: _header(path, (-8,)),
    "a header without end": lambda path: path.write_bytes(
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b"(" * 100000
    ),
}


@pytest.mark.parametrize("damage", ARRAYS)
def test_an_array_that_is_missing_or_damaged(tmp_path, compat_here, here, damage):
    """Unjudged, accepted by nobody, and computed again: the file is replaced."""
    path = array_of(here)
    good = path.read_bytes()
    assert compat_here("judge", here).returncode == 0
    ARRAYS[damage](path)
    result = compat_here("judge", here)
    assert result.returncode == 1
    assert f"{ID} numpy unjudged: {path}" in result.stdout and "2 agrees, 1 unjudged" in result.stdout
    assert path.name in refusal(compat_here("accept", here, "--golden", "golden"))
    assert not (tmp_path / "golden").exists()
    result = compat_here("run", "double.py", "--out", here)
    assert result.returncode == 0 and "1 to compute, 2 unchanged" in result.stdout, (
        result.stdout + result.stderr
    )
    assert path.read_bytes() == good


def test_a_verdict_that_was_remembered_does_not_speak_for_an_array_that_is_gone(tmp_path, monkeypatch, here):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["judge", str(here)]) == 0
    array_of(here).unlink()
    assert cli.main(["judge", str(here)]) == 1


def test_a_header_is_not_believed(tmp_path, monkeypatch):
    """NumPy never comes to make room for what a header claims."""
    objects = Objects(str(tmp_path))
    name = objects.add(np.zeros(8))
    _header(tmp_path / f"{name}.npy", (10**6, 10**6))
    monkeypatch.setattr(np.lib.format, "read_array", lambda *a, **k: pytest.fail("it was read"))
    with pytest.raises(CompatError, match="is no plain array"):
        objects.read(name)


@pytest.mark.parametrize("how", ["fortran", "big-endian"])
def test_the_same_numbers_otherwise_written(tmp_path, how):
    array = np.arange(6.0).reshape(2, 3)
    path = tmp_path / f"{digest(array)}.npy"
    _save(path, np.asfortranarray(array) if how == "fortran" else array.astype(">f8"))
    assert Objects(str(tmp_path)).read(digest(array)).tolist() == array.tolist()


def test_adding_replaces_what_is_damaged(tmp_path):
    array = np.arange(100.0)
    name = Objects(str(tmp_path)).add(array)
    path = tmp_path / f"{name}.npy"
    good = path.read_bytes()
    for damage in ("truncated", "a bit", "pickled"):
        ARRAYS[damage](path)
        assert Objects(str(tmp_path)).add(array) == name
        assert path.read_bytes() == good
