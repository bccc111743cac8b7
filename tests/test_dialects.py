"""A dialect is one class in one file: nothing else has to know of it."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from support import SOURCE, environment, write

MADE = '''
    """``made``: a dialect of these tests."""

    from .base import Dialect, collect, only_plain_inputs


    class Made(Dialect):
        name = "made"
        depends_on = ("packaging",)
        order = 4.5

        def module(self):
            import numpy

            return numpy

        def compute(self, implementation, inputs, parameters):
            return collect(implementation(self.module(), *only_plain_inputs("Made", inputs), **parameters))
    '''

CASE = """
    from compat import fixtures, operation, reference

    double = operation("double", reference=lambda x: reference.Reference(2.0 * x))


    @double.on("made")
    def _(np, x):
        return 2 * x


    double.sample("s", x=fixtures.values("v", [1, 2]))
    """


@pytest.fixture
def with_dialect(tmp_path):
    """``with_dialect(text, *arguments)``: the command of a copy of compat that has that file among its dialects."""
    shutil.copytree(
        str(SOURCE), str(tmp_path / "compat"), ignore=shutil.ignore_patterns("__pycache__", "data")
    )

    def run(text, *arguments):
        write(tmp_path / "compat" / "record" / "dialects" / "made.py", text)
        variables = dict(environment(), PYTHONPATH=str(tmp_path))
        command = [sys.executable, "-m", "compat.cli", *arguments]
        return subprocess.run(
            command,
            cwd=str(tmp_path),
            env=variables,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run


def test_one_file_is_enough(tmp_path, with_dialect):
    write(tmp_path / "case.py", CASE)
    result = with_dialect(MADE, "run", "case.py", "--out", "runs/here")
    assert result.returncode == 0 and "made         1 agrees" in result.stdout, result.stdout + result.stderr
    content = json.loads((tmp_path / "runs" / "here" / "run.json").read_text())["content"]
    assert content["environment"]["versions"]["packaging"]
    lines = with_dialect(MADE, "list", "case.py").stdout.splitlines()
    names = [line.split()[0] for line in lines[: lines.index("")]]
    assert names.index("tf2.eager") < names.index("made") < names.index("tf2.function")


@pytest.mark.parametrize("line", ['name = "made"', 'depends_on = ("packaging",)', "order = 4.5"])
def test_what_it_forgets_to_say_is_an_error(with_dialect, line):
    result = with_dialect(MADE.replace(line, ""), "list")
    assert result.returncode != 0
    assert f"the dialect Made does not say its {line.split()[0]}" in result.stderr


def test_a_name_or_a_place_that_is_taken_is_an_error(with_dialect):
    for other in (MADE.replace('"made"', '"numpy"'), MADE.replace("4.5", "4")):
        result = with_dialect(other, "list")
        assert result.returncode != 0 and "has the name or the order of" in result.stderr


def test_every_file_here_is_a_dialects_or_shared():
    """A class that is not found would be a dialect that silently does not exist."""
    from compat.record import dialects

    modules = {type(dialect).__module__.rsplit(".", 1)[1] for dialect in dialects.DIALECTS.values()}
    files = {name[:-3] for name in os.listdir(os.path.dirname(dialects.__file__)) if name.endswith(".py")}
    assert files - modules == {"__init__", "base", "tensorflow"}


LENT = MADE.replace(
    "order = 4.5\n",
    'order = 4.5\n        spelled_as = "numpy"\n        by_default = False\n',
)
IN_NUMPY = CASE.replace('"made"', '"numpy"')


def test_one_that_takes_the_implementations_of_another(tmp_path, with_dialect):
    write(tmp_path / "case.py", IN_NUMPY)
    result = with_dialect(LENT, "run", "case.py", "--out", "runs/here", "--dialect", "made")
    assert result.returncode == 0 and "made         1 agrees" in result.stdout, result.stdout + result.stderr
    both = (
        IN_NUMPY
        + "\n"
        + CASE[CASE.index("    @double.on") : CASE.index("    double.sample")].replace("2 *", "3 *")
    )
    write(tmp_path / "case.py", both)  # its own, where there is one
    result = with_dialect(LENT, "run", "case.py", "--out", "runs/here", "--dialect", "made")
    assert result.returncode == 1 and "made" in result.stdout, result.stdout + result.stderr


def test_one_that_is_computed_where_it_is_named_alone(tmp_path, with_dialect):
    write(tmp_path / "case.py", IN_NUMPY)
    result = with_dialect(LENT, "run", "case.py", "--out", "runs/here")
    content = json.loads((tmp_path / "runs" / "here" / "run.json").read_text())["content"]
    (row,) = content["records"].values()
    assert result.returncode == 0 and "numpy" in row and "made" not in row


DIFFERENCE = """
    [[difference]]
    operation = "double"
    dialects = ["numpy"]
    verdict = "differs"
    reason = "it is wrong on purpose"
    address = "https://example.org"
    """


@pytest.mark.parametrize(("factor", "status"), [("3 *", 0), ("2 *", 0)])
def test_what_is_known_of_the_other_is_known_of_it_and_not_demanded(tmp_path, with_dialect, factor, status):
    write(tmp_path / "case.py", IN_NUMPY.replace("return 2 *", f"return {factor}"))
    write(tmp_path / "known_differences.toml", DIFFERENCE)
    result = with_dialect(LENT, "run", "case.py", "--out", "runs/here", "--dialect", "made")
    assert result.returncode == status, result.stdout + result.stderr
    own = with_dialect(LENT, "run", "case.py", "--out", "runs/own", "--dialect", "numpy")
    assert own.returncode == (0 if factor == "3 *" else 1)  # there it is out of date
