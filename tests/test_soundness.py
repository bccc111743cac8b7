"""``compat fsck``: what is damaged in a store is told, and removed where that is asked for."""

import shutil

import pytest
from support import DOUBLE_ID, array_of, content, refusal


def test_a_sound_store(compat_here, here):
    result = compat_here("fsck", here.parent)
    assert result.returncode == 0
    assert result.stdout == "sound: 1 run, and every array that they name\n"


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:-1] + b"\1", lambda b: b"", lambda b: b"no array"]
)
def test_a_damaged_array_is_told_and_left_unless_it_is_to_be_removed(compat_here, here, damage):
    path = array_of(here)
    good = path.read_bytes()
    path.write_bytes(damage(good))
    before = content(here.parent)
    result = compat_here("fsck", here.parent)
    assert result.returncode == 1 and result.stdout.startswith(f"{path}: ")
    assert "damaged arrays: 1; compat fsck --remove removes them" in result.stdout
    assert content(here.parent) == before
    result = compat_here("fsck", here.parent, "--remove")
    assert result.returncode == 1 and f"removed {path}" in result.stdout and not path.exists()
    result = compat_here("run", "double.py", "--out", here, "--record-only", "--dialect", "numpy")
    assert "1 to compute, 2 unchanged" in result.stdout and path.read_bytes() == good
    assert compat_here("fsck", here).returncode == 0


def test_a_missing_array_is_told_with_whose_it_is(compat_here, here):
    path = array_of(here)
    path.unlink()
    result = compat_here("fsck", here.parent)
    assert result.returncode == 1 and f"{path}: is missing, of {DOUBLE_ID} numpy in here" in result.stdout


def test_a_damaged_run_beside_a_good_one(compat_here, here):
    other = here.parent / "other"
    shutil.copytree(str(here), str(other))
    (other / "run.json").write_text("{")
    result = compat_here("fsck", here.parent)
    assert result.returncode == 1 and result.stdout.startswith(f"{other / 'run.json'}: is truncated")


def test_a_file_that_is_no_array_of_ours_is_let_be(compat_here, here):
    (here.parent / "objects" / ("g" * 64 + ".npy")).write_bytes(b"somebody else's")
    assert compat_here("fsck", here.parent).returncode == 0


def test_no_store(compat_here, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no runs" in refusal(compat_here("fsck", "empty"))


def test_recording_leaves_a_damaged_array_to_who_uses_it(compat_here, here):
    """No array is read at the start; the judge says what is wrong."""
    path = array_of(here)
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    result = compat_here("run", "double.py", "--out", here, "--record-only", "--dialect", "numpy")
    assert "0 to compute, 3 unchanged" in result.stdout
    result = compat_here("judge", here)
    assert result.returncode == 1 and "do not match its name" in result.stdout
    result = compat_here("run", "double.py", "--out", here, "--dialect", "numpy")
    assert result.returncode == 0 and "1 to compute, 2 unchanged" in result.stdout
