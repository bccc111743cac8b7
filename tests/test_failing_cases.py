"""Inputs on which the suite was wrong, through the command line: stale bases, helpers, outputs, what cannot be kept."""

import dataclasses
import json
import sys

import pytest
from support import content, refusal, write

from compat.case.files import Case, changed_files
from compat.record.compute import compute
from compat.records import Environment
from compat.store import Objects

PORT = """
    from compat import fixtures, operation

    port = operation("port", against={against})


    @port.on("numpy")
    def _(np, x):
        return np.tanh(x){legacy}


    @port.on("scipy")
    def _(scipy, x):
        import numpy as np

        return np.tanh(x)


    port.sample("noise", x=fixtures.normal("port_x", (50, 4), seed=2))
    """


def port(path, against='("numpy", "old")', legacy=""):
    return write(path, PORT.format(against=against, legacy=legacy))


# -- nothing to compare with is no agreement


def test_a4_the_base_was_not_run(tmp_path, compat_command):
    case = port(tmp_path / "port.py")
    result = compat_command("run", case, "--out", "runs/new", "--dialect", "scipy")
    assert result.returncode == 1 and "all agree" not in result.stdout
    assert "numpy in old has no result to be judged against" in result.stdout
    assert "runs/old is no run; record it there, then judge again" in result.stdout
    assert compat_command("judge", "runs").returncode == 1


def test_a4_the_base_failed(tmp_path, compat_command):
    case = port(tmp_path / "port.py", legacy=" + no_such_name")
    compat_command("run", case, "--out", "runs/old", "--dialect", "numpy")
    result = compat_command("run", case, "--out", "runs/new", "--dialect", "scipy")
    assert result.returncode == 1
    assert "it ended there with error: NameError: name 'no_such_name' is not defined" in result.stdout


def test_a4_the_base_cannot_be_spelled(tmp_path, compat_command):
    case = port(tmp_path / "port.py", against='"keras3"')
    result = compat_command("run", case, "--out", "runs/new")
    assert result.returncode == 1 and "it ended there with unsupported" in result.stdout


def test_a5_the_legacy_side_was_edited_and_only_the_port_run_again(tmp_path, compat_command):
    case = port(tmp_path / "port.py")
    for run, dialect in (("old", "numpy"), ("new", "scipy")):
        compat_command("run", case, "--out", f"runs/{run}", "--dialect", dialect)
    assert compat_command("judge", "runs").returncode == 0
    port(tmp_path / "port.py", legacy=" * 2")
    result = compat_command("run", case, "--out", "runs/new", "--dialect", "scipy")
    assert result.returncode == 1 and "scipy        1 stale" in result.stdout
    assert "numpy in old was recorded when port.py was other" in result.stdout
    assert compat_command("judge", "runs").returncode == 1
    compat_command("run", case, "--out", "runs/old", "--dialect", "numpy")
    result = compat_command("run", case, "--out", "runs/new", "--dialect", "scipy")
    assert result.returncode == 1 and "scipy        1 differs" in result.stdout


def test_a5_also_where_the_golden_holds_the_legacy_side(tmp_path, compat_command):
    case = port(tmp_path / "port.py")
    compat_command("run", case, "--out", "elsewhere/old", "--dialect", "numpy")
    assert compat_command("accept", "elsewhere/old", "--golden", "golden", "--cases", case).returncode == 0
    assert compat_command("run", case, "--out", "runs/new", "--dialect", "scipy").returncode == 0
    port(tmp_path / "port.py", legacy=" * 2")
    result = compat_command("run", case, "--out", "runs/new", "--dialect", "scipy")
    assert result.returncode == 1 and "scipy        1 stale" in result.stdout


def test_a5_where_a_helper_of_the_legacy_side_was_edited(tmp_path, compat_command):
    """Imported late, by the legacy side alone: the port's own files are as they were."""
    case = port(tmp_path / "port.py", legacy=" * __import__('legacy').factor")
    write(tmp_path / "legacy.py", "factor = 1\n")
    for run, dialect in (("old", "numpy"), ("new", "scipy")):
        compat_command("run", case, "--out", f"runs/{run}", "--dialect", dialect)
    assert compat_command("judge", "runs").returncode == 0
    write(tmp_path / "legacy.py", "factor = 2\n")
    result = compat_command("run", case, "--out", "runs/new", "--dialect", "scipy")
    assert "0 to compute, 1 unchanged" in result.stdout
    assert result.returncode == 1 and "numpy in old was recorded when legacy.py was other" in result.stdout


@pytest.mark.parametrize("edited", ["port.py", "legacy.py"])
def test_a5_also_where_the_case_file_cannot_be_loaded_by_the_judge(tmp_path, compat_command, edited):
    """It imports a framework that only the environments have; the judge reads what has changed all the same."""
    case = port(tmp_path / "port.py", legacy=" * __import__('legacy').factor")
    text = case.read_text() + "\n\nimport os\n\nassert 'WITHOUT_FRAMEWORK' not in os.environ\n"
    case.write_text(text)
    write(tmp_path / "legacy.py", "factor = 1\n")
    for run, dialect in (("old", "numpy"), ("new", "scipy")):
        compat_command("run", case, "--out", f"runs/{run}", "--dialect", dialect)
    assert compat_command("judge", "runs", WITHOUT_FRAMEWORK="1").returncode == 0
    (tmp_path / edited).write_text({"port.py": text + "\n", "legacy.py": "factor = 2\n"}[edited])
    result = compat_command("judge", "runs", WITHOUT_FRAMEWORK="1")
    assert result.returncode == 1 and "stale" in result.stdout and edited in result.stdout


def test_the_order_of_runs_does_not_matter(tmp_path, compat_command):
    case = port(tmp_path / "port.py")
    for run, dialect in (("new", "scipy"), ("old", "numpy")):
        compat_command("run", case, "--out", f"runs/{run}", "--dialect", dialect, "--record-only")
    result = compat_command("judge", "runs")
    assert result.returncode == 0
    assert result.stdout.splitlines() == ["new: 1 identical", "old: 1 identical", "all agree or are known"]


# -- what a record depends on

HELPED = """
    from compat import fixtures, operation, reference
    {early}

    helped = operation("helped", reference=lambda x: reference.Reference(2.0 * x))


    @helped.on("numpy")
    def _(np, x):
        {late}
        return twice(x)


    helped.sample("s", x=fixtures.values("v", [1, 2]))
    """

IMPORTS = {
    "a module": ("from helper import twice", {}),
    "of a module": ("from first import twice", {"first.py": "from helper import twice\n"}),
    "a package": (
        "from package.inner import twice",
        {"package/__init__.py": "", "package/inner.py": "from helper import twice\n"},
    ),
    "a folder": ("from folder.inner import twice", {"folder/inner.py": "from helper import twice\n"}),
    "relative": (
        "from package import twice",
        {
            "package/__init__.py": "from .inner import twice\n",
            "package/inner.py": "from helper import twice\n",
        },
    ),
}


def helped(folder, how="a module", late=False):
    """A case file whose implementation is a helper's, imported early or late, with that helper."""
    statement, files = IMPORTS[how]
    early, inner = ("", statement) if late else (statement, "pass")
    for name, text in dict(files, **{"helper.py": "def twice(x):\n    return 2 * x\n"}).items():
        write(folder / name, text)
    return write(folder / "helped.py", HELPED.format(early=early, late=inner))


@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
@pytest.mark.parametrize("how", IMPORTS)
def test_e1_every_helper_is_known_by_the_bytes_that_ran(tmp_path, how, late):
    """Changed within the same second, to as many bytes: no bytecode of before is taken for it."""
    path = str(helped(tmp_path / "cases", how, late))
    objects = Objects(str(tmp_path / "objects"))
    modules = set(sys.modules)

    def computed():
        case = Case(path)
        (sample,) = case.samples()
        return compute(case, sample, "numpy", objects, "code")

    before = computed()
    assert before.status == "ok" and changed_files(path, before.files) == []
    assert set(before.files) == {"helped.py", "helper.py", *IMPORTS[how][1]}
    write(tmp_path / "cases" / "helper.py", "def twice(x):\n    return 3 * x\n")
    assert changed_files(path, before.files) == ["helper.py"]
    after = computed()
    assert after.files != before.files
    assert [objects.read(record.outputs["y"].digest).tolist() for record in (before, after)] == [
        [2, 4],
        [3, 6],
    ]
    assert not list(tmp_path.rglob("*.pyc"))
    left = {name.split(".")[0] for name in set(sys.modules) - modules}
    assert not left & {"helper", "first", "package", "folder"} and not any(
        "compat_case" in name for name in left
    )


def test_e1_a_helper_that_the_case_imports_is_broken(tmp_path, compat_command):
    case = helped(tmp_path / "cases")
    run = ("run", case, "--out", "runs/here", "--dialect", "numpy")
    assert compat_command(*run).returncode == 0
    assert "1 unchanged" in compat_command(*run).stdout
    write(tmp_path / "cases" / "helper.py", "def twice(x):\n    return 3 * x\n")
    stale = compat_command("judge", "runs", "--cases", case)
    assert stale.returncode == 1 and "stale: helper.py has changed since it was recorded" in stale.stdout
    broken = compat_command(*run)
    assert broken.returncode == 1 and "1 differs" in broken.stdout, broken.stdout


def test_two_cases_may_each_have_a_neighbour_of_one_name(tmp_path, compat_command):
    for folder, factor in (("a", 2), ("b", 3)):
        text = HELPED.format(early="from model import twice", late="pass")
        write(tmp_path / "cases" / folder / "case.py", text.replace("helped", f"helped_{folder}"))
        write(tmp_path / "cases" / folder / "model.py", f"def twice(x):\n    return {factor} * x\n")
    result = compat_command("run", "--out", "runs/here", "--dialect", "numpy", "-n", "1")
    assert result.returncode == 1 and "1 agrees, 1 differs" in result.stdout, result.stdout + result.stderr


def test_e4_a_reason_a_hypothesis_and_a_page_are_no_part_of_a_record():
    from compat.record import code

    parts = {
        code.os.path.relpath(path, code._ROOT).split(code.os.sep)[0]
        for path in code.sources(*code._COMPUTING)
    }
    assert parts == {"arrays.py", "case", "graph", "layers", "record"}
    graph = [path for path in code.sources(*code._COMPUTING) if f"{code.os.sep}graph{code.os.sep}" in path]
    assert not [path for path in graph if path.endswith(("replay.py", "pairing.py", "idioms.py"))]


def test_a_record_is_of_its_environment_whatever_that_is_called():
    from compat.record.code import code_of

    here = Environment("here", versions={"numpy": "2.0"}, settings={"OPENBLAS_NUM_THREADS": "1"})
    assert code_of(here) == code_of(dataclasses.replace(here, name="there"))
    for other in (
        {"settings": {"OPENBLAS_NUM_THREADS": "7"}},
        {"versions": {"numpy": "2.1"}},
        {"threads": 2},
    ):
        assert code_of(here) != code_of(dataclasses.replace(here, **other))


def test_e4_a_reworded_reason_computes_nothing_again(tmp_path, compat_command, double_case):
    entry = (
        '[[difference]]\noperation = "other"\ndialects = ["numpy"]\nverdict = "differs"\nreason = "{}"\n'
        'address = "https://example.org"\n'
    )
    write(tmp_path / "known_differences.toml", entry.format("one"))
    compat_command("run", double_case, "--out", "runs/here")
    write(tmp_path / "known_differences.toml", entry.format("another"))
    result = compat_command("run", double_case, "--out", "runs/here")
    assert "0 to compute, 3 unchanged" in result.stdout and result.returncode == 0


# -- what an implementation may do

ODD = """
    import numpy

    from compat import fixtures, operation, reference

    odd = operation("odd", reference=lambda x, *, how: reference.Reference(2.0 * x))
    X = fixtures.values("v", [1, 2])


    @odd.on("numpy")
    def _(np, x, *, how):
        if how == "surrogate message":
            raise ValueError("bad \\ud800 text")
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "generator exit":
            raise GeneratorExit
        if how == "exit":
            raise SystemExit(0)
        if how == "wordless":
            raise type("Silent", (Exception,), {"__str__": lambda self: 1 / 0})()
        if how == "surrogate name":
            return {"\\ud800": x}
        if how == "number for a name":
            return {1: x}
        if how == "nothing":
            return {}
        if how == "none":
            return {"dx": None}
        if how == "in place":
            x.setflags(write=True)
            x *= 0
            return x
        if how == "objects":
            return np.array([{}, 1], dtype=object)
        return 2 * x


    for how in (
        "surrogate message", "interrupt", "generator exit", "exit", "wordless", "surrogate name",
        "number for a name", "nothing", "none", "in place", "objects", "right",
    ):
        odd.sample(how.replace(" ", "-"), x=X, how=how)
    """

SAYS = {
    "surrogate-message": "ValueError: bad \\ud800 text",
    "interrupt": "KeyboardInterrupt: ",
    "generator-exit": "GeneratorExit: ",
    "exit": "SystemExit: 0",
    "wordless": "Silent: ",
    "surrogate-name": "an output is called '\\ud800', which no file can hold: rename it",
    "number-for-a-name": "an output is called 1: names are texts",
    "nothing": "the implementation returned no tensor: an empty dict",
    "none": "the output dx is None. A gradient is None where nothing flows",
    "in-place": "the implementation changes its input x in place: let it work on a copy",
    "objects": "the output y holds Python objects (dict, int): return tensors or arrays",
}


def test_e8_e13_a_row_that_says_it_and_on(tmp_path, compat_command):
    """One worker: what comes after the odd ones is computed, and computed right."""
    result = compat_command("run", write(tmp_path / "odd.py", ODD), "--out", "runs/here", "-n", "1", "--all")
    assert result.returncode == 1 and "numpy        1 agrees, 11 error" in result.stdout, (
        result.stdout + result.stderr
    )
    rows = json.loads((tmp_path / "runs" / "here" / "run.json").read_text())["content"]["records"]
    for name, words in SAYS.items():
        record = rows[f"odd[{name}]"]["numpy"]
        assert record["status"] == "error" and record["message"].startswith(words), (name, record["message"])
    assert rows["odd[right]"]["numpy"]["status"] == "ok"


PARTS = """
    import numpy

    from compat import fixtures, operation, reference

    parts = operation("parts", against="numpy")


    @parts.on("numpy")
    def _(np, x):
        return {
            "masked": np.ma.masked_array(x, x > 1),
            "text": np.array(["one", "zw\\u00f6lf"]),
            "bytes": np.array([b"a", b"bc"], dtype=object),
            "complex": x + 1j,
        }


    @parts.on("scipy")
    def _(scipy, x):
        import numpy as np

        return {
            "masked": np.ma.masked_array(x, x > {limit}),
            "text": np.array(["one", "{text}"]),
            "bytes": np.array([b"a", b"bc"], dtype=object),
            "complex": x + {imaginary}j,
        }


    parts.sample("s", x=fixtures.values("v", [0.5, 1, 2]))
    """


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "identical"),
        ({"limit": "0.7"}, "differs"),
        ({"text": "zwolf"}, "differs"),
        ({"imaginary": "2"}, "differs"),
    ],
)
def test_d_masked_arrays_texts_and_complex_numbers(tmp_path, compat_command, changes, word):
    text = PARTS
    for name, value in dict({"limit": "1", "text": "zw\\u00f6lf", "imaginary": "1"}, **changes).items():
        text = text.replace("{" + name + "}", value)
    result = compat_command("run", write(tmp_path / "parts.py", text), "--out", "runs/here")
    assert f"scipy        1 {word}" in result.stdout, result.stdout + result.stderr
    rows = json.loads((tmp_path / "runs" / "here" / "run.json").read_text())["content"]["records"]
    names = list(rows["parts[s]"]["numpy"]["outputs"])
    assert names == ["masked.data", "masked.mask", "text", "bytes", "complex"]


def test_d_parameters_called_name_and_self(tmp_path, compat_command):
    text = """
    from compat import fixtures, operation, reference

    named = operation("named", reference=lambda x, *, name, self: reference.Reference(2.0 * x))


    @named.on("numpy")
    def _(np, x, *, name, self):
        assert (name, self) == ("relu", 1)
        return 2 * x


    named.sample("s", x=fixtures.values("v", [1, 2]), name="relu", self=1)
    """
    result = compat_command("run", write(tmp_path / "named.py", text), "--out", "runs/here")
    assert result.returncode == 0 and "1 agrees" in result.stdout, result.stdout + result.stderr


def test_d_every_finding_is_told_with_all(tmp_path, compat_command):
    text = """
    from compat import fixtures, operation, reference

    wrong = operation("wrong", reference=lambda x: reference.Reference(2.0 * x))


    @wrong.on("numpy")
    def _(np, x):
        return x


    for i in range(30):
        wrong.sample("s%d" % i, x=fixtures.values("v%d" % i, [1, 2]))
    """
    case = write(tmp_path / "wrong.py", text)
    for command in (("run", case, "--out", "runs/here"), ("judge", "runs")):
        few, every = compat_command(*command), compat_command(*command, "--all")
        assert few.stdout.count(" differs: ") == 20 and "... and 10 more (--all tells them)" in few.stdout
        assert every.stdout.count(" differs: ") == 30 and "more" not in every.stdout


def test_d_runs_are_named_alike_in_all_commands(tmp_path, compat_command, double_case):
    """By their folder, or by their name in out/runs."""
    compat_command("run", double_case, "--out", "out/runs/a")
    compat_command("run", double_case, "--out", "out/runs/b")
    for a, b in (("a", "b"), ("out/runs/a", "out/runs/b")):
        assert compat_command("diff", a, b).stdout.splitlines()[-1] == "a -> b: 3 identical"
        assert compat_command("explain", a, "double[s0]", "numpy").returncode == 0
        assert compat_command("judge", a).stdout.startswith("a: 3 ")
        assert compat_command("accept", a, "--golden", "golden").returncode == 0
    assert "holds 2 runs (a, b); name one" in refusal(
        compat_command("explain", "out/runs", "double[s0]", "numpy")
    )


def test_d_what_cannot_be_spelled_is_no_regression(tmp_path, compat_command):
    text = """
    from compat import Unsupported, fixtures, operation, reference

    double = operation("double", reference=lambda x: reference.Reference(2.0 * x))


    @double.on("numpy")
    def _(np, x):
        {statement}
        return 2 * x


    double.sample("s", x=fixtures.values("v", [1, 2]))
    """
    for name, statement in (("a", "pass"), ("b", 'raise Unsupported("not here")')):
        case = write(tmp_path / name / "double.py", text.replace("{statement}", statement))
        compat_command("run", case, "--out", f"runs/{name}", "--dialect", "numpy")
    result = compat_command("diff", "runs/a", "runs/b")
    assert result.returncode == 0
    assert "unsupported double[s] numpy: agrees before: not here" in result.stdout
    assert "regression" not in result.stdout and result.stdout.splitlines()[-1] == "a -> b: 1 unsupported"


def test_runs_of_which_nothing_can_be_said_are_not_identical(tmp_path, compat_command):
    """The same bits in both, and no base to judge them against: that is no agreement."""
    case = port(tmp_path / "port.py")
    for name in "ab":
        compat_command("run", case, "--out", f"runs/{name}", "--dialect", "scipy")
    result = compat_command("diff", "runs/a", "runs/b")
    assert result.returncode == 1
    assert "2 could not be judged, the first: port[noise] scipy: numpy in old has no result" in result.stdout


def test_judging_changes_nothing_that_is_recorded(tmp_path, compat_command, double_case):
    compat_command("run", double_case, "--out", "runs/here", "--record-only")
    before = content(tmp_path / "runs")
    assert compat_command("judge", "runs").returncode == 0
    after = content(tmp_path / "runs")
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[-1] for name in set(after) - set(before) if "objects" not in name} == {
        "verdicts.json"
    }
