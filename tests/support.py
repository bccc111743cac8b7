"""What the tests share: made case files, the command line in a process of its own, folders as bytes."""

import json
import os
import pathlib
import subprocess
import sys
import textwrap

import pytest

import compat
from compat.arrays import digest
from compat.case.files import Case
from compat.documents import write_json
from compat.judge.judging import judge_runs
from compat.record.code import code_of
from compat.record.compute import compute
from compat.record.environment import describe
from compat.record.versions import metadata
from compat.records import Output, Record
from compat.store import Run

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
CASES = CHECKOUT / "cases"
PLUGIN = "compat.commands.pytest_plugin"
SOURCE = pathlib.Path(compat.__file__).resolve().parent
#: Every warning of a test fails it; but not what another test left open, wherever that is collected.
WARNINGS_FAIL = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),
]

#: Whole numbers doubled: exact everywhere, computed in no time.
DOUBLE = """
    from compat import fixtures, operation, reference

    double = operation("double", reference=lambda x: reference.Reference(2.0 * x))


    @double.on("numpy")
    def _(np, x):
        return 2 * x


    for i in range(3):
        double.sample("s%d" % i, x=fixtures.values("v%d" % i, [i, i + 1]))
"""


def plugin_options():
    """What makes a plain pytest know the plugin also where compat is on the path but not installed."""
    found = metadata.entry_points()
    entries = found.select(group="pytest11") if hasattr(found, "select") else found.get("pytest11", ())
    return [] if any(entry.value == PLUGIN for entry in entries) else ["-p" + PLUGIN]


def environment(**extra):
    """The variables of a process that imports the same compat as these tests."""
    path = os.pathsep.join(filter(None, [str(SOURCE.parent), os.environ.get("PYTHONPATH")]))
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return dict(variables, PYTHONPATH=path, PYTHONIOENCODING="utf-8", **extra)


def python(*arguments, cwd, timeout=120, **extra):
    """A Python process; its ``returncode``, ``stdout`` and ``stderr`` as text."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=str(cwd),
        env=environment(**extra),
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def quick_run(case, folder, dialects=("numpy",)):
    """The run that ``compat run case --out folder --dialect ...`` leaves, made in this process."""
    case = Case(str(case))
    run = Run(str(folder), describe(folder.name))
    for sample in case.samples():
        run.samples[sample.id] = case.describe(sample)
        for dialect in dialects:
            run.add(sample.id, dialect, compute(case, sample, dialect, run.objects, code_of(run.environment)))
    run.save()
    return run


def record_of(outputs, dtype="float32", status="ok", message="", name=digest, **fields):
    """A record of arrays by name, or of (array, dtype).  ``name``: array -> digest; or the names are the digests."""
    found = {}
    for key, array in outputs.items():
        array, its_dtype = array if isinstance(array, tuple) else (array, array.dtype.name)
        found[key] = Output(name(array) if name else key, its_dtype, list(array.shape))
    return Record(status, "case", dtype, message, outputs=found, **fields)


def judged(run, **settings):
    """The run with its verdicts."""
    (one,) = judge_runs([run], **settings)
    return one


def write(path, text):
    """A file with that text, indentation taken off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def content(folder):
    """``{relative path: bytes}`` of everything in a folder: what must not change is compared by it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def refusal(result):
    """The one line with which a command refused wrong input; fails where it did anything else."""
    assert result.returncode == 2, (result.returncode, result.stdout, result.stderr)
    assert "Traceback" not in result.stderr + result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("compat "), lines[0]
    return lines[0]


#: A sample of ``DOUBLE``.
DOUBLE_ID = "double[s1]"


class Ended:
    """A command that ran in this process."""

    def __init__(self, returncode, stdout, stderr):
        self.returncode, self.stdout, self.stderr = returncode, stdout, stderr


def reading(run):
    """Every command that reads a run, by its name."""
    return {
        "judge": ("judge", run),
        "diff": ("diff", run, run),
        "explain": ("explain", run, DOUBLE_ID, "numpy", "--seconds", "1"),
        "since": ("since", DOUBLE_ID, "numpy", "--runs", run),
        "accept": ("accept", run, "--golden", "golden"),
    }


def change(run, how):
    """Change run.json under a right checksum."""
    path = run / "run.json"
    document = json.loads(path.read_text())["content"]
    how(document)
    write_json(str(path), document)
    return document


def array_of(run, sample=DOUBLE_ID):
    return run.parent / "objects" / f"{Run.open(str(run)).record(sample, 'numpy').outputs['y'].digest}.npy"
