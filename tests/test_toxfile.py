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


def tox(folder, *arguments):
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("TOX", "PYTEST"))}
    command = [sys.executable, "-m", "tox", "run", *arguments]
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
