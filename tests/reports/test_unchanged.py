"""A report is left as it is only where everything that it follows from is as it was."""

import os
import shutil

import pytest
from support import DOUBLE, python, write

from compat.cli import main as compat
from compat.errors import CompatError
from compat_reports.command import main
from compat_reports.folder import MANIFEST, SEAL

KNOWN = """
    [[difference]]
    operation = "double"
    dialects = ["numpy"]
    verdict = "differs"
    reason = "it is not"
    address = "https://example.org"
"""
SAID = "report: nothing has changed since these pages were written"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A case, its run and the report of it."""
    folder = tmp_path_factory.mktemp("drawn")
    write(folder / "cases" / "double.py", DOUBLE)
    done = python(
        "-m", "compat", "run", "--record-only", "--out", "out/runs/here", "--dialect=numpy", cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def there(drawn, tmp_path, monkeypatch, capsys):
    """A copy, and the process in it, reported once."""
    shutil.copytree(drawn, tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    assert main([]) == 0
    capsys.readouterr()
    return tmp_path / "there"


def again(capsys, *arguments):
    """(exit status, whether it said that nothing has changed)."""
    status = main(list(arguments))
    return status, SAID in capsys.readouterr().out


def test_it_is_said_with_the_same_last_line_and_status(there, capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(SAID)
    assert lines[1:] == [str(there / "out/report/index.html"), "report: All 3 judged cells agree"]


def test_also_after_compat_judge_which_writes_no_array(there, capsys):
    arrays = sorted(path.name for path in (there / "out/runs/objects").iterdir())
    assert compat(["judge"]) == 0 and (there / "out/runs/here/verdicts.json").is_file()
    assert sorted(path.name for path in (there / "out/runs/objects").iterdir()) == arrays
    capsys.readouterr()
    assert again(capsys) == (0, True)


def _an_array(folder, change):
    path = sorted((folder / "out/runs/objects").glob("*.npy"))[0]
    change(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: write(f / "cases" / "double.py", DOUBLE + "\n    # other\n"),
        lambda f: write(f / "cases" / "known_differences.toml", KNOWN),
        lambda f: write(f / "known_differences.toml", KNOWN),
        lambda f: write(f / "cases" / "another.py", "x = 1"),
        lambda f: (f / "out/runs/here/run.json").write_text("{}"),
        lambda f: shutil.copytree(f / "out/runs/here", f / "out/runs/there"),
        lambda f: _an_array(f, lambda path: path.unlink()),
        lambda f: _an_array(f, lambda path: path.write_bytes(path.read_bytes()[:-1])),
        lambda f: (f / "out/report/index.html").unlink(),
        lambda f: (f / "out/report" / SEAL).write_text("{}"),
        lambda f: (f / "out/report" / SEAL).write_text("what is this?"),
    ],
)
def test_whatever_changes_it_is_made_anew(there, capsys, change):
    change(there)
    try:
        assert again(capsys)[1] is False
    except CompatError as error:  # a damaged run, or an array, is told
        assert "out/runs/" in str(error)


def _a_fifo(path):
    path.unlink()
    os.mkfifo(path)


def _a_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("become", [_a_fifo, _a_device])
@pytest.mark.parametrize(
    "name", ["runs/here/run.json", *(f"report/{n}" for n in ("index.html", SEAL, MANIFEST))]
)
def test_what_is_no_file_is_not_waited_for(there, name, become):
    """Reading it would never end."""
    assert (there / "out" / name).is_file()
    become(there / "out" / name)
    ended = python("-c", "import sys; from compat_reports.command import main; sys.exit(main([]))", cwd=there)
    assert SAID not in ended.stdout
    told = name not in ended.stderr and ended.returncode == 0  # a page of ours: it is made anew
    assert told or f"{name}: is no plain file" in ended.stderr


def test_other_cases_are_another_report(there, capsys):
    write(there / "other" / "double.py", DOUBLE)
    assert again(capsys, "--cases", "other/double.py")[1] is False
    assert again(capsys, "--cases", "other/double.py") == (0, True)
    assert again(capsys)[1] is False


def test_a_report_that_needs_a_person_still_does(there, capsys):
    write(there / "cases" / "double.py", DOUBLE.replace("2 * x", "x + x"))
    assert again(capsys) == (1, False)
    assert again(capsys) == (1, True)


def test_killed_while_the_pages_appear_the_next_report_is_made_anew(there, capsys, monkeypatch):
    """Half of the pages are new: neither the new stamp nor the old one may speak for them."""
    text = (there / "cases" / "double.py").read_text()
    write(there / "cases" / "double.py", text + "\n# other\n")
    real, count = os.replace, []

    def dies(source, target):
        count.append(target)
        if len(count) > 3:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        main([])
    monkeypatch.setattr(os, "replace", real)
    capsys.readouterr()
    write(there / "cases" / "double.py", text)  # as it was when the old stamp was left
    assert again(capsys) == (0, False)
    assert again(capsys) == (0, True)
