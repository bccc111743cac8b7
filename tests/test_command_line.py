"""The command ``compat`` in processes of its own: exit statuses, one line for wrong input, nothing lost."""

import json
import re
import shutil

import numpy as np
import pytest
from support import DOUBLE, content, quick_run, refusal, write

from compat.cli import COMMANDS

#: One operation whose outcome the parameter decides.
OUTCOMES = """
    from compat import Unsupported, fixtures, operation, reference

    outcome = operation("outcome", reference=lambda x, *, how: reference.Reference(2.0 * x))


    @outcome.on("numpy")
    def _(np, x, *, how):
        if how == "unsupported":
            raise Unsupported("there is no such thing here")
        if how == "error":
            raise ValueError("first line\\nsecond line")
        return x if how == "differs" else 2 * x


    for how in {outcomes!r}:
        outcome.sample(how, x=fixtures.values("x", [1, 2, 3]), how=how)
"""


def outcomes(path, *hows):
    return write(path, OUTCOMES.format(outcomes=hows))


def counted(result):
    """``{"to compute": n, "unchanged": m}`` of what ``compat run`` says first."""
    found = re.search(r"(\d+) to compute, (\d+) unchanged", result.stdout)
    assert found, result.stdout + result.stderr
    return {"to compute": int(found.group(1)), "unchanged": int(found.group(2))}


def records(run):
    return json.loads((run / "run.json").read_text())["content"]["records"]


# -- exit status 0 and 1


def test_everything_agrees(tmp_path, compat_command, double_case):
    result = compat_command("run", double_case, "--out", "runs/here")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 agrees" in result.stdout and "all agree or are known" in result.stdout
    assert {
        name: record["numpy"]["status"] for name, record in records(tmp_path / "runs" / "here").items()
    } == {f"double[s{i}]": "ok" for i in range(3)}
    assert sorted(path.name for path in (tmp_path / "runs" / "here").iterdir()) == [
        "lock",
        "run.json",
        "verdicts.json",
    ]


def test_something_differs(tmp_path, compat_command):
    case = outcomes(tmp_path / "case.py", "agrees", "differs", "error", "unsupported")
    result = compat_command("run", case, "--out", "runs/here")
    assert result.returncode == 1
    assert "1 agrees, 1 unsupported, 1 differs, 1 error" in result.stdout
    assert "outcome[differs] numpy differs: at [" in result.stdout
    assert "outcome[error] numpy error: ValueError: first line" in result.stdout
    assert "2 to look at" in result.stdout
    assert result.stderr == ""
    rows = records(tmp_path / "runs" / "here")
    assert rows["outcome[unsupported]"]["numpy"]["message"] == "there is no such thing here"
    assert rows["outcome[error]"]["numpy"]["message"] == "ValueError: first line"


def test_unsupported_is_no_failure(tmp_path, compat_command):
    result = compat_command("run", outcomes(tmp_path / "case.py", "unsupported"), "--out", "runs/here")
    assert result.returncode == 0, result.stdout
    assert "1 unsupported" in result.stdout


def test_every_dialect_has_a_row_with_its_reason(tmp_path, compat_command, double_case):
    compat_command("run", double_case, "--out", "runs/here")
    for name, row in records(tmp_path / "runs" / "here").items():
        assert set(row) == {
            "numpy",
            "scipy",
            "tf1.session",
            "tf2.eager",
            "tf2.function",
            "keras2",
            "keras3",
        }, name
        reasons = {dialect: record["message"] for dialect, record in row.items() if dialect != "numpy"}
        assert all(record["status"] == "unsupported" for d, record in row.items() if d != "numpy")
        assert all(reasons.values()), reasons
        assert reasons["scipy"] in ("double is not spelled in scipy", "SciPy is not installed")


# -- what is computed, and what is not


def test_a_second_run_computes_nothing(tmp_path, compat_command, double_case):
    first = compat_command("run", double_case, "--out", "runs/here")
    assert counted(first) == {"to compute": 3, "unchanged": 0}
    before = records(tmp_path / "runs" / "here")
    second = compat_command("run", double_case, "--out", "runs/here")
    assert second.returncode == 0
    assert counted(second) == {"to compute": 0, "unchanged": 3}
    assert "3 agrees" in second.stdout
    assert records(tmp_path / "runs" / "here") == before
    assert counted(compat_command("run", double_case, "--out", "runs/here", "--fresh")) == {
        "to compute": 3,
        "unchanged": 0,
    }


def test_a_second_run_still_fails(tmp_path, compat_command):
    case = outcomes(tmp_path / "case.py", "differs", "error")
    quick_run(case, tmp_path / "runs" / "here")
    second = compat_command("run", case, "--out", "runs/here")
    assert counted(second)["to compute"] == 0
    assert second.returncode == 1 and "outcome[differs] numpy differs" in second.stdout


def test_a_changed_file_is_computed_again(tmp_path, compat_command, double_case):
    quick_run(double_case, tmp_path / "runs" / "here")
    write(double_case, DOUBLE.replace("return 2 * x", "return 3 * x").replace("range(3)", "range(2)"))
    result = compat_command("run", double_case, "--out", "runs/here")
    assert result.returncode == 1
    assert counted(result) == {"to compute": 2, "unchanged": 0}
    assert "2 differs" in result.stdout
    assert sorted(records(tmp_path / "runs" / "here")) == ["double[s0]", "double[s1]"]


def test_a_mended_file_agrees_again(tmp_path, compat_command):
    case = write(tmp_path / "double.py", DOUBLE.replace("return 2 * x", "return 3 * x"))
    quick_run(case, tmp_path / "runs" / "here")
    write(case, DOUBLE)
    assert compat_command("run", case, "--out", "runs/here").returncode == 0


def test_a_changed_known_differences_file_is_judged_again(tmp_path, compat_command):
    case = outcomes(tmp_path / "case.py", "differs")
    quick_run(case, tmp_path / "runs" / "here")
    write(
        tmp_path / "known_differences.toml",
        """
        [[difference]]
        operation = "outcome"
        dialects = ["numpy"]
        verdict = "differs"
        reason = "it does not double"
        address = "https://example.org"
        """,
    )
    result = compat_command("run", case, "--out", "runs/here")
    assert result.returncode == 0, result.stdout
    assert "1 known" in result.stdout


def test_a_second_file_joins_the_run(tmp_path, compat_command, double_case):
    quick_run(double_case, tmp_path / "runs" / "here")
    other = outcomes(tmp_path / "other.py", "agrees")
    result = compat_command("run", other, "--out", "runs/here")
    assert counted(result) == {"to compute": 1, "unchanged": 0}
    assert len(records(tmp_path / "runs" / "here")) == 4


def test_a_missing_array_is_computed_again(tmp_path, compat_command, double_case):
    quick_run(double_case, tmp_path / "runs" / "here")
    digest = records(tmp_path / "runs" / "here")["double[s1]"]["numpy"]["outputs"]["y"]["digest"]
    (tmp_path / "runs" / "objects" / f"{digest}.npy").unlink()
    result = compat_command("run", double_case, "--out", "runs/here")
    assert counted(result) == {"to compute": 1, "unchanged": 2}
    assert (tmp_path / "runs" / "objects" / f"{digest}.npy").exists()


def test_only_one_sample_and_one_dialect(tmp_path, compat_command, double_case):
    result = compat_command(
        "run", double_case, "--out", "runs/here", "--sample", "double[s1]", "--dialect", "numpy"
    )
    assert result.returncode == 0 and counted(result)["to compute"] == 1
    assert {name: list(row) for name, row in records(tmp_path / "runs" / "here").items()} == {
        "double[s1]": ["numpy"]
    }
    # The same row that compat run would make, made here: the tests below begin with such a run.
    quick_run(double_case, tmp_path / "runs" / "there")
    assert counted(compat_command("run", double_case, "--out", "runs/there")) == {
        "to compute": 0,
        "unchanged": 3,
    }


def test_slow_samples_can_be_left_out(tmp_path, compat_command):
    case = write(tmp_path / "double.py", DOUBLE.replace("[i, i + 1])", "[i, i + 1]), slow=i == 2"))
    assert counted(compat_command("run", case, "--out", "runs/here", "--not-slow"))["to compute"] == 2
    assert counted(compat_command("run", case, "--out", "runs/here"))["to compute"] == 1


# -- places and names


def test_names_with_spaces_and_umlauts(tmp_path, compat_command):
    case = write(tmp_path / "böse namen" / "fälle 1.py", DOUBLE)
    result = compat_command("run", case, "--out", "läufe auf/hier [2]", "-n", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(records(tmp_path / "läufe auf" / "hier [2]")) == 3
    assert counted(compat_command("run", case, "--out", "läufe auf/hier [2]"))["to compute"] == 0


@pytest.mark.parametrize("name", ["cases [1]/double.py", "a::b/double.py", "double[1].py"])
def test_names_that_pytest_takes_apart(tmp_path, compat_command, name):
    """Refused in one line; ``list`` shows them all the same."""
    case = write(tmp_path / name, DOUBLE)
    assert "rename" in refusal(compat_command("run", case, "--out", "runs/here"))
    assert not (tmp_path / "runs").exists()
    assert compat_command("list", case).returncode == 0


def test_from_another_folder(tmp_path, compat_command, double_case):
    """Relative paths are those of the working directory; moving it does not compute anything again."""
    folder = tmp_path / "elsewhere" / "deep"
    folder.mkdir(parents=True)
    result = compat_command("run", "../../double.py", "--out", "../runs/here", cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert counted(compat_command("run", double_case, "--out", "elsewhere/runs/here"))["to compute"] == 0


def test_folders_of_cases(tmp_path, compat_command):
    write(tmp_path / "cases" / "double.py", DOUBLE)
    write(tmp_path / "cases" / "models" / "deep.py", DOUBLE.replace('"double"', '"deep"'))
    write(tmp_path / "cases" / "_private.py", "raise RuntimeError")
    write(tmp_path / "cases" / "helper.py", "VALUE = 1")
    write(tmp_path / "cases" / ".hidden" / "other.py", "raise RuntimeError")
    write(tmp_path / "cases" / "test_own.py", "raise RuntimeError")
    write(tmp_path / "cases" / "conftest.py", "raise RuntimeError")
    for arguments in ((), ("cases",)):
        result = compat_command("list", *arguments)
        assert result.returncode == 0, result.stderr
        assert "double[s0]" in result.stdout and "deep[s2]" in result.stdout
    result = compat_command("run", "--out", "runs/here")
    assert result.returncode == 0, result.stdout + result.stderr
    assert counted(result)["to compute"] == 6


@pytest.mark.parametrize("name", ["_private.py", "test_own.py", "conftest.py"])
def test_a_file_that_is_named_is_a_case(tmp_path, compat_command, name):
    case = write(tmp_path / "own" / name, DOUBLE)
    result = compat_command("run", case, "--out", "runs/here")
    assert result.returncode == 0, result.stdout + result.stderr
    assert counted(result)["to compute"] == 3


@pytest.mark.parametrize("workers", ["1", "3"])
def test_workers(tmp_path, compat_command, workers):
    case = write(tmp_path / "double.py", DOUBLE.replace("range(3)", "range(20)"))
    result = compat_command("run", case, "--out", "runs/here", "-n", workers)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(records(tmp_path / "runs" / "here")) == 20


@pytest.mark.parametrize(
    "text",
    [
        "[pytest]\naddopts = --no-such-option\n",
        "[pytest]\nfilterwarnings = error\nxfail_strict = true\nrequired_plugins = no-such-plugin\n",
        "[pytest\n",
    ],
    ids=["addopts", "required_plugins", "broken"],
)
def test_a_users_own_pytest_settings_do_not_interfere(tmp_path, compat_command, double_case, text):
    (tmp_path / "pytest.ini").write_text(text)
    write(tmp_path / "conftest.py", "raise RuntimeError")
    result = compat_command("run", double_case, "--out", "runs/here", PYTEST_ADDOPTS="--no-such-option")
    assert result.returncode == 0, result.stdout + result.stderr


def test_junit(tmp_path, compat_command):
    case = outcomes(tmp_path / "case.py", "agrees", "differs", "unsupported")
    assert compat_command("run", case, "--out", "runs/here", "--junitxml", "out.xml").returncode == 1
    text = (tmp_path / "out.xml").read_text()
    assert 'tests="3"' in text and 'failures="1"' in text and 'skipped="1"' in text
    assert 'name="outcome[differs-numpy]"' in text and 'type="differs"' in text


# -- wrong input: exit status 2, one line, nothing overwritten


CASE_FILES = {
    "missing": (None, "there is no such case file"),
    "syntax error": ("def f(:\n    pass\n", "line 1"),
    "exception": ("import numpy\n\nnumpy.no_such_name\n", "line 3: AttributeError"),
    "exception of two lines": ("raise ValueError('one\\ntwo')\n", "line 1: ValueError: one"),
    "exception deep inside": ("import json\njson.loads('{')\n", "line 2: JSONDecodeError"),
    "missing module": ("import no_such_module\n", "line 1: ModuleNotFoundError"),
    "exit": ("import sys\nsys.exit(3)\n", "line 2"),
    "no operations": ("x = 1\n", "defines no operation"),
    "empty": ("", "defines no operation"),
    "binary": (b"\x00\x01\x02\xff", ""),
    "latin-1": (b"# \xe4\n", ""),
    "operation without a sample": ("from compat import operation\nempty = operation('empty')\n", "no sample"),
    "two operations of one name": (
        "from compat import operation\na = operation('same')\nb = operation('same')\n"
        "a.sample('s', n=1)\nb.sample('s', n=2)\n",
        "'same' is already defined in",
    ),
    "sample twice": (
        "from compat import operation\na = operation('a')\na.sample('s')\na.sample('s')\n",
        "defined twice",
    ),
    "bad name": ("from compat import operation\na = operation('a b')\n", "operation name 'a b'"),
    "bad sample name": (
        "from compat import operation\na = operation('a')\na.sample('s/t')\n",
        "sample name 's/t'",
    ),
    "parameter that is an object": (
        "from compat import operation\na = operation('a')\na.sample('s', n=object())\n",
        "parameters are numbers",
    ),
    "parameter that is NaN": (
        "from compat import operation\na = operation('a')\na.sample('s', n=float('nan'))\n",
        "parameters are numbers",
    ),
    "unknown dialect": (
        "from compat import operation\na = operation('a')\na.on('tf3')\n",
        "no dialect 'tf3'",
    ),
    "dialect twice": (
        "from compat import operation\na = operation('a')\nfor _ in '12':\n    a.on('numpy')(print)\n",
        "spelled twice",
    ),
    "input of objects": (
        "import numpy as np\nfrom compat import operation\na = operation('a')\n"
        "a.sample('s', x=np.array([{}], dtype=object))\n",
        "fixture a.s.x holds Python objects",
    ),
    "input that cannot be made": (
        "from compat import fixtures, operation\na = operation('a')\n"
        "a.sample('s', x=fixtures.values('broken', [[1], [1, 2]]))\n",
        "fixture broken cannot be made",
    ),
}


@pytest.mark.parametrize("what", CASE_FILES)
def test_wrong_case_file(tmp_path, compat_command, double_run, what):
    """Beside a run that exists: it stays as it is."""
    text, words = CASE_FILES[what]
    shutil.copytree(str(double_run / "runs"), str(tmp_path / "runs"))
    case = tmp_path / "wrong.py"
    if text is not None:
        case.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = content(tmp_path / "runs")
    line = refusal(compat_command("run", "wrong.py", "--out", "runs/here"))
    assert words in line and ("wrong.py" in line or "fixture" in line), line
    assert content(tmp_path / "runs") == before
    refusal(compat_command("run", "wrong.py", "--out", "runs/new"))
    assert not (tmp_path / "runs" / "new").exists()


def test_a_case_file_that_is_no_python(tmp_path, compat_command):
    write(tmp_path / "case.txt", DOUBLE)
    assert "is no Python file" in refusal(compat_command("run", "case.txt", "--out", "runs/here"))


def test_a_case_file_that_is_a_broken_link(tmp_path, compat_command):
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "gone.py").symlink_to(tmp_path / "nothing.py")
    assert "gone.py: cannot be read" in refusal(compat_command("list", "cases"))


def test_a_folder_without_cases(tmp_path, compat_command):
    (tmp_path / "none").mkdir()
    assert "no case files" in refusal(compat_command("list", "none"))
    assert "cases" in refusal(compat_command("run", "--out", "runs/here"))
    assert not (tmp_path / "runs").exists()


def test_one_name_in_two_files(tmp_path, compat_command):
    write(tmp_path / "one.py", DOUBLE)
    write(tmp_path / "two.py", DOUBLE)
    line = refusal(compat_command("list", "one.py", "two.py"))
    assert "'double' is already defined in" in line and "one.py" in line


def test_a_file_named_twice_is_one_file(tmp_path, compat_command, double_case):
    result = compat_command("run", "double.py", str(double_case), ".", "--out", "runs/here")
    assert result.returncode == 0, result.stderr
    assert counted(result)["to compute"] == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--sample", "double[s9]"), "no sample 'double[s9]'; double has double[s0], double[s1], double[s2]"),
        (("--sample", "single[s0]"), "no sample 'single[s0]'"),
        (("--sample", ""), "no sample ''"),
        (("--dialect", "tf3"), "no dialect 'tf3'; there are numpy, scipy"),
    ],
)
def test_unknown_names(tmp_path, compat_command, double_case, arguments, words):
    assert words in refusal(compat_command("run", double_case, "--out", "runs/here", *arguments))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("-n", "0"),
        ("-n", "-1"),
        ("-n", "x"),
        ("--timeout", "-1"),
        ("--timeout", "nan"),
        ("--timeout", "soon"),
        ("--no-such-option",),
        (),
    ],
    ids=" ".join,
)
def test_wrong_options(tmp_path, compat_command, double_case, arguments):
    out = () if arguments == () else ("--out", "runs/here")
    result = compat_command("run", double_case, *out, *arguments)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert not (tmp_path / "runs").exists()


def test_no_command(compat_command):
    for arguments in ((), ("no-such-command",), ("diff",), ("diff", "one")):
        result = compat_command(*arguments)
        assert result.returncode == 2 and "Traceback" not in result.stderr
        assert len(result.stderr.splitlines()) == 1, result.stderr


@pytest.mark.parametrize("out", ["double.py", "double.py/run", "", "/proc/no/such", "mine", "."])
def test_out_that_cannot_be(tmp_path, compat_command, double_case, out):
    """A file, below a file, nothing, unwritable, or a folder with other files (and a journal) in it."""
    write(tmp_path / "mine" / "journal" / "monday.txt", "dear diary")
    before = content(tmp_path)
    refusal(compat_command("run", double_case, "--out", out))
    assert content(tmp_path) == before


def test_out_that_is_an_empty_folder(tmp_path, compat_command, double_case):
    (tmp_path / "runs" / "here").mkdir(parents=True)
    assert compat_command("run", double_case, "--out", "runs/here").returncode == 0


@pytest.mark.parametrize("command", ["run", "diff", "accept"])
@pytest.mark.parametrize(
    ("damage", "words"),
    [("truncated", "truncated"), ("edited", "edited or damaged"), ("newer", "written by a newer compat")],
)
def test_a_damaged_run(tmp_path, compat_command, double_run, command, damage, words):
    store = tmp_path / "runs"
    shutil.copytree(str(double_run / "runs"), str(store))
    path = store / "here" / "run.json"
    text = path.read_text()
    path.write_text(
        {
            "truncated": text[: len(text) // 2],
            "edited": text.replace('"status":"ok"', '"status":"oK"'),
            "newer": text.replace('"format":2', '"format":3'),
        }[damage]
    )
    assert path.read_text() != text
    before = content(tmp_path)
    arguments = {
        "run": ("run", double_run / "double.py", "--out", "runs/here"),
        "diff": ("diff", double_run / "runs" / "here", "runs/here"),
        "accept": ("accept", "runs/here", "--golden", "golden"),
    }[command]
    line = refusal(compat_command(*arguments))
    assert words in line and "run.json" in line
    assert content(tmp_path) == before


@pytest.mark.parametrize("damage", ["pickled", "wrong digest", "truncated"])
def test_a_damaged_array(tmp_path, compat_command, double_run, damage):
    """``accept`` refuses it and changes nothing; ``run`` does not take it for the answer either."""
    shutil.copytree(str(double_run / "runs"), str(tmp_path / "runs"))
    digest = records(tmp_path / "runs" / "here")["double[s1]"]["numpy"]["outputs"]["y"]["digest"]
    path = tmp_path / "runs" / "objects" / f"{digest}.npy"
    if damage == "pickled":
        with open(str(path), "wb") as file:
            np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        np.save(str(path), np.array([2, 5], np.float32))
    before = content(tmp_path)
    assert f"{digest}.npy" in refusal(compat_command("accept", "runs/here", "--golden", "golden"))
    assert content(tmp_path) == before
    judge = compat_command("judge", "runs", "--cases", double_run / "double.py")
    assert judge.returncode in (0, 1) and "Traceback" not in judge.stderr
    again = compat_command("run", double_run / "double.py", "--out", "runs/here")
    assert again.returncode == 0 and counted(again) == {"to compute": 1, "unchanged": 2}
    recorded = content(double_run / "runs" / "objects")
    found = content(tmp_path / "runs" / "objects")  # on a busy machine with an answer that took long
    assert {name: found[name] for name in recorded} == recorded


def test_runs_that_are_none(tmp_path, compat_command, double_run):
    (tmp_path / "folder").mkdir()
    here = double_run / "runs" / "here"
    assert "no such run" in refusal(compat_command("diff", here, "nothing"))
    assert "holds no runs" in refusal(compat_command("diff", "folder", here))
    assert "no such run" in refusal(compat_command("accept", "nothing", "--golden", "golden"))
    assert not (tmp_path / "golden").exists()


# -- help and list


@pytest.mark.parametrize("command", [(), *[(name,) for name in COMMANDS]])
def test_help(compat_command, command):
    result = compat_command(*command, "--help")
    assert result.returncode == 0 and result.stderr == ""
    assert "usage: compat" in result.stdout
    if not command:
        for name in COMMANDS:
            assert name in result.stdout


def test_list(compat_command, double_case):
    result = compat_command("list", double_case)
    assert result.returncode == 0 and result.stderr == ""
    lines = result.stdout.splitlines()
    assert "numpy        available" in lines
    assert any(line.startswith("keras3") for line in lines)
    assert "  double[s0]" in lines
    assert any(line.startswith("double  (") and line.endswith("; numpy)") for line in lines)


def test_list_into_a_pipe_that_closes(tmp_path, compat_command):
    write(tmp_path / "double.py", DOUBLE.replace("range(3)", "range(20000)"))
    import subprocess
    import sys

    from support import environment

    listing = subprocess.Popen(
        [sys.executable, "-m", "compat.cli", "list", "double.py"],
        cwd=str(tmp_path),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    listing.stdout.readline()
    listing.stdout.close()
    assert b"went away" in listing.stderr.readline() and not listing.stderr.read()
    listing.stderr.close()
    assert listing.wait() == 2


# -- diff


def _run_of(tmp_path, name, *replace):
    text = DOUBLE
    for old, new in replace:
        assert old in text
        text = text.replace(old, new)
    quick_run(write(tmp_path / name / "double.py", text), tmp_path / "runs" / name)
    return f"runs/{name}"


def test_diff_identical(tmp_path, compat_command):
    a, b = (_run_of(tmp_path, name) for name in "ab")
    result = compat_command("diff", a, b)
    assert result.returncode == 0 and result.stdout.splitlines() == ["a -> b: 3 identical"]
    assert compat_command("diff", a, a).returncode == 0


#: float32 inputs and an allowance, so that other bits still agree.
_ROUNDING = (
    ("reference.Reference(2.0 * x)", "reference.Reference(2.0 * x, 2.0 * x, 4)"),
    ('"v%d" % i, [i, i + 1]', '"v%d" % i, [0.1 + i, 0.7]'),
)


def test_diff_drift_regression_and_mended(tmp_path, compat_command):
    good = _run_of(tmp_path, "good", *_ROUNDING)
    other = _run_of(tmp_path, "other", *_ROUNDING, ("return 2 * x", "return 2 * x * np.float32(1 - 2**-24)"))
    wrong = _run_of(tmp_path, "wrong", *_ROUNDING, ("return 2 * x", "return 3 * x"))
    drift = compat_command("diff", good, other)
    assert drift.returncode == 0, drift.stdout
    assert "drift      double[s0] numpy: agrees -> agrees, other bits" in drift.stdout
    assert drift.stdout.splitlines()[-1] == "good -> other: 3 drift"
    regression = compat_command("diff", good, wrong)
    assert regression.returncode == 1
    assert "regression double[s0] numpy: agrees -> differs: at [" in regression.stdout
    assert regression.stdout.splitlines()[-1] == "good -> wrong: 3 regression"
    mended = compat_command("diff", wrong, good)
    assert mended.returncode == 0
    assert mended.stdout.splitlines()[-1] == "wrong -> good: 3 mended"


def test_diff_errors_and_rows_that_are_gone(tmp_path, compat_command):
    good = _run_of(tmp_path, "good")
    fails = _run_of(tmp_path, "fails", ("return 2 * x", "raise ValueError('no')"))
    fewer = _run_of(tmp_path, "fewer", ("range(3)", "range(2)"))
    result = compat_command("diff", good, fails)
    assert result.returncode == 1 and "agrees -> error: ValueError: no" in result.stdout
    result = compat_command("diff", good, fewer)
    assert result.returncode == 1
    assert "regression double[s2] numpy: agrees before, not recorded now" in result.stdout
    result = compat_command("diff", fewer, good)
    assert result.returncode == 0
    assert "new        double[s2] numpy: agrees" in result.stdout


def test_diff_of_changed_samples_is_stale(tmp_path, compat_command):
    good = _run_of(tmp_path, "good")
    changed = _run_of(tmp_path, "changed", ("[i, i + 1]", "[i, i + 2]"))
    result = compat_command("diff", good, changed)
    assert result.returncode == 1
    assert result.stdout.count("stale") == 4 and "nothing to compare" in result.stdout


def test_diff_known_regression_does_not_fail(tmp_path, compat_command):
    good = _run_of(tmp_path, "good")
    write(
        tmp_path / "known" / "known_differences.toml",
        """
        [[difference]]
        operation = "double"
        dialects = ["numpy"]
        verdict = "differs"
        reason = "it trebles"
        address = "https://example.org"
        """,
    )
    known = _run_of(tmp_path, "known", ("return 2 * x", "return 3 * x"))
    result = compat_command("diff", good, known)
    assert result.returncode == 0, result.stdout
    assert "known      double[s0] numpy: agrees -> differs" in result.stdout and "it trebles" in result.stdout


# -- accept


def test_accept_says_what_changed(tmp_path, compat_command):
    """added, changed, removed, kept; then an equal run alone is judged identical."""
    _run_of(tmp_path, "a", *_ROUNDING)
    result = compat_command("accept", "runs/a", "--golden", "a/golden")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "3 added, 0 removed, 0 changed, 0 kept"
    assert result.stdout.splitlines()[0] == "added  double[s0]"
    again = compat_command("accept", "runs/a", "--golden", "a/golden")
    assert again.stdout.splitlines() == ["0 added, 0 removed, 0 changed, 3 kept"]
    _run_of(
        tmp_path,
        "b",
        *_ROUNDING,
        ("return 2 * x", "return 2 * x * np.float32(1 - 2**-24) if x[0] > 1 else 2 * x"),
        ("range(3)", "(0, 1, 3)"),
    )
    result = compat_command("accept", "runs/b", "--golden", "a/golden")
    assert result.stdout.splitlines() == [
        "added  double[s3]",
        "changed  double[s1]",
        "1 added, 0 removed, 1 changed, 1 kept; 1 that the run does not hold stay (--replace removes them)",
    ]
    result = compat_command("accept", "runs/b", "--golden", "a/golden", "--replace")
    assert result.stdout.splitlines() == ["removed  double[s2]", "0 added, 1 removed, 0 changed, 3 kept"]


def test_after_accept_equal_bits_are_identical(tmp_path, compat_command, double_case):
    quick_run(double_case, tmp_path / "runs" / "here")
    assert compat_command("accept", "runs/here", "--golden", "golden").returncode == 0
    result = compat_command("run", double_case, "--out", "runs/here")
    assert counted(result)["to compute"] == 0, "a verdict follows from the golden, a record does not"
    assert result.returncode == 0 and "3 identical" in result.stdout
    arrays = list((tmp_path / "golden" / "objects").glob("*.npy"))
    assert len(arrays) == 3
    assert sum(path.stat().st_size for path in (tmp_path / "golden").rglob("*") if path.is_file()) < 20000


def test_accept_refuses_an_unexplained_difference(tmp_path, compat_command, double_case):
    quick_run(double_case, tmp_path / "runs" / "here")
    compat_command("accept", "runs/here", "--golden", "golden")
    write(double_case, DOUBLE.replace("return 2 * x", "return 3 * x"))
    quick_run(double_case, tmp_path / "runs" / "here")
    before = content(tmp_path / "golden")
    line = refusal(compat_command("accept", "runs/here", "--golden", "golden"))
    assert "double[s0] in numpy is differs" in line
    assert content(tmp_path / "golden") == before


def test_accept_refuses_a_run_without_results(tmp_path, compat_command):
    quick_run(outcomes(tmp_path / "case.py", "unsupported"), tmp_path / "runs" / "here")
    assert "has no result" in refusal(compat_command("accept", "runs/here", "--golden", "golden"))
    assert not (tmp_path / "golden").exists()


def test_a_golden_of_another_case_is_not_compared(tmp_path, compat_command, double_case):
    quick_run(double_case, tmp_path / "runs" / "here")
    compat_command("accept", "runs/here", "--golden", "golden")
    write(double_case, DOUBLE.replace("[i, i + 1]", "[i, i + 2]"))
    result = compat_command("run", double_case, "--out", "runs/here")
    assert result.returncode == 0 and "3 agrees" in result.stdout


@pytest.mark.parametrize("damage", ["truncated", "newer"])
def test_a_damaged_golden(tmp_path, compat_command, double_case, damage):
    quick_run(double_case, tmp_path / "runs" / "here")
    compat_command("accept", "runs/here", "--golden", "golden")
    path = tmp_path / "golden" / "run" / "run.json"
    text = path.read_text()
    path.write_text(text[:-20] if damage == "truncated" else text.replace('"format":2', '"format":3'))
    before = content(tmp_path)
    assert "run.json" in refusal(compat_command("run", double_case, "--out", "runs/here"))
    assert content(tmp_path) == before
