"""tox says which environment of how many it is at."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("tox")

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = """
[tox]
env_list = one, two, three
[testenv]
skip_install = true
commands = python -c "print('at work in {env_name}')"
"""


def tox(folder, *arguments, command=("run",)):
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("TOX", "PYTEST"))}
    command = [sys.executable, "-m", "tox", *command, *arguments]
    result = subprocess.run(
        command, cwd=str(folder), env=variables, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()


@pytest.fixture
def there(tmp_path):
    shutil.copy(str(ROOT / "toxfile.py"), str(tmp_path))
    (tmp_path / "tox.ini").write_text(CONFIG)
    return tmp_path


def test_which_environment_of_how_many(there):
    lines = tox(there)
    told = [line for line in lines if ": environment " in line]
    assert told == ["one: environment 1 of 3", "two: environment 2 of 3", "three: environment 3 of 3"]
    assert lines.index("two: environment 2 of 3") < lines.index("at work in two")


def test_of_those_that_were_asked_for(there):
    assert "three: environment 2 of 2" in tox(there, "-e", "one,three")
    assert not [line for line in tox(there, "-e", "one") if ": environment " in line]


def test_how_many_are_done(there):
    lines = tox(there)
    told = [line for line in lines if " environments done in " in line]
    assert [line.partition(" environments")[0] for line in told] == [
        "one: 1 of 3",
        "two: 2 of 3",
        "three: 3 of 3",
    ]
    assert all(("left" in line) == (number < 2) for number, line in enumerate(told))


OPTIONS = """
[tox]
env_list = tf1, tf2
labels =
    slow = tf1, tf2
[testenv]
skip_install = true
commands = python -c "print('with {env:COMPAT_TOX_OPTIONS:nothing} {posargs}.')"
[testenv:tests]
"""


def test_the_slow_samples_are_for_who_asks(there):
    (there / "tox.ini").write_text(OPTIONS)
    assert "with --not-slow ." in tox(there, "-e", "tf1")
    assert "with --not-slow --sample x." in tox(there, "-e", "tf1", "--", "--sample", "x")
    lines = tox(there)
    left_out = "Samples that take minutes are left out; with them: pipx run tox -m slow"
    assert lines.count(left_out) == 1 and lines.index(left_out) < lines.index("with --not-slow .")
    lines = tox(there, "-m", "slow")
    assert lines.count("with --slow .") == 2 and left_out not in lines


def test_side_by_side_the_processors_are_shared_out(there):
    (there / "tox.ini").write_text(OPTIONS)
    lines = tox(there, "-p", "1", "--parallel-live", command=())
    workers = os.cpu_count() or 1
    assert lines.count(f"with --not-slow --workers {workers} .") == 2


@pytest.mark.parametrize(
    ("free", "side_by_side"), [("7 << 30", "2 1"), ("1", "1 1"), ("None", "8 1"), ("1 << 50", "8 1")]
)
def test_no_more_than_there_is_memory_for(there, free, side_by_side):
    script = f"""
import os, toxfile
os.cpu_count = lambda: 8
toxfile._free_memory = lambda: {free}
print(toxfile._that_fit(None), toxfile._that_fit(1))
"""
    found = subprocess.run([sys.executable, "-c", script], cwd=str(there), capture_output=True, text=True)
    assert found.stdout.splitlines()[-1] == side_by_side, found.stdout + found.stderr


@pytest.mark.parametrize("arguments", [(), ("-e", "tf1,tf2"), ("-m", "slow")])
def test_plain_tox_has_the_matrix_side_by_side(there, arguments):
    (there / "tox.ini").write_text(OPTIONS)
    lines = tox(there, *arguments, command=())
    processors = os.cpu_count() or 1
    workers = max(1, processors // min(processors, 2 if "-e" in arguments else processors))
    slow = "--slow" if "-m" in arguments else "--not-slow"
    assert lines.count(f"with {slow} --workers {workers} .") == 2


@pytest.mark.parametrize(
    "command", [("run",), ("run", "-e", "tf1,tf2"), ("-e", "tf1"), ("-e", "tf1,tf2,tests")]
)
def test_one_by_one_where_asked_and_where_there_is_something_else(there, command):
    (there / "tox.ini").write_text(OPTIONS)
    lines = tox(there, command=command)
    assert "with --not-slow ." in lines and not [line for line in lines if "--workers" in line]
