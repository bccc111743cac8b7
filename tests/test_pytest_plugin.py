"""Samples as items of a plain pytest: ``pytest CASES --compat-out RUN``."""

import xml.etree.ElementTree

import pytest
from support import DOUBLE, content, judged, plugin_options, python, write
from test_command_line import outcomes

from compat.store import Run

TOML = """
    [[difference]]
    operation = "outcome"
    samples = ["differs"]
    dialects = ["numpy"]
    verdict = "differs"
    reason = "it does not double"
    address = "https://example.org"
"""


def pytest_in(folder, *arguments):
    options = ("-p", "no:cacheprovider", "-q", "--rootdir", ".", *plugin_options())
    return python("-m", "pytest", *options, *arguments, cwd=folder)


def statuses(tmp_path):
    run = Run.open(str(tmp_path / "runs" / "here"))
    return {name: {d: record.status for d, record in row.items()} for name, row in run.records.items()}


ALL_OK = {f"double[s{i}]": {"numpy": "ok"} for i in range(3)}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_records_and_saves(tmp_path, double_case, workers):
    result = pytest_in(tmp_path, "double.py", "--compat-out", "runs/here", *workers)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 passed" in result.stdout
    assert statuses(tmp_path) == ALL_OK
    run = Run.open(str(tmp_path / "runs" / "here"))
    assert [verdict.word for _, _, verdict in judged(run, named=[str(double_case)]).rows()] == ["agrees"] * 3
    assert set(run.samples) == set(ALL_OK) and run.samples["double[s0]"].sources["numpy"]
    assert run.environment.name == "here" and run.environment.versions["numpy"]
    assert sorted(path.name for path in (tmp_path / "runs" / "here").iterdir()) == [
        "lock",
        "run.json",
        "verdicts.json",
    ]


def test_every_outcome_is_pytests_own(tmp_path):
    """agrees passes, a known difference is an expected failure, unsupported is skipped, the rest fails."""
    outcomes(tmp_path / "case.py", "agrees", "differs", "error", "unsupported")
    result = pytest_in(tmp_path, "case.py", "--compat-out", "runs/here", "-rA")
    assert result.returncode == 1
    assert "2 failed, 1 passed, 1 skipped" in result.stdout
    assert "outcome[differs] numpy differs: at [" in result.stdout
    assert "there is no such thing here" in result.stdout
    write(tmp_path / "known_differences.toml", TOML)
    result = pytest_in(tmp_path, "case.py", "--compat-out", "runs/here")
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed" in result.stdout


def test_a_failure_is_told_in_a_line_without_a_traceback(tmp_path):
    outcomes(tmp_path / "case.py", "differs")
    result = pytest_in(tmp_path, "case.py", "--compat-out", "runs/here")
    assert "Traceback" not in result.stdout and "pytest_plugin.py" not in result.stdout
    assert "beyond any multiple of the rounding allowance" in result.stdout


def test_junit(tmp_path):
    outcomes(tmp_path / "case.py", "agrees", "differs", "unsupported")
    pytest_in(tmp_path, "case.py", "--compat-out", "runs/here", "--junitxml", "out.xml", "-n", "2")
    cases = xml.etree.ElementTree.parse(str(tmp_path / "out.xml")).getroot().iter("testcase")
    children = {case.get("name"): {child.tag for child in case} for case in cases}
    assert set(children) == {f"outcome[{how}-numpy]" for how in ("agrees", "differs", "unsupported")}
    tags = {name.split("[")[1].split("-")[0].split("]")[0]: tags for name, tags in children.items()}
    assert "failure" in tags["differs"] and "skipped" in tags["unsupported"]
    assert not tags["agrees"] & {"failure", "skipped", "error"}
    words = (tmp_path / "out.xml").read_text()
    assert 'name="verdict" value="agrees"' in words and 'name="verdict" value="differs"' in words


def test_an_own_test_beside_the_cases_runs_as_ever(tmp_path, double_case):
    write(tmp_path / "test_own.py", "def test_own():\n    assert True\n")
    write(tmp_path / "_private.py", "raise RuntimeError\n")
    result = pytest_in(tmp_path, ".", "--compat-out", "runs/here")
    assert result.returncode == 0, result.stdout
    assert "4 passed" in result.stdout


def test_without_the_option_the_plugin_does_nothing(tmp_path, double_case):
    before = content(tmp_path)
    write(tmp_path / "test_own.py", "def test_own():\n    assert True\n")
    result = pytest_in(tmp_path, ".")
    assert result.returncode == 0 and "1 passed" in result.stdout
    after = content(tmp_path)
    after.pop("test_own.py")
    assert after == before


def test_one_item_by_its_name(tmp_path, double_case):
    listing = pytest_in(tmp_path, "double.py", "--compat-out", "runs/here", "--collect-only")
    names = [line for line in listing.stdout.splitlines() if line.startswith("double.py::")]
    assert len(names) == 3
    result = pytest_in(tmp_path, names[1], "--compat-out", "runs/here")
    assert result.returncode == 0 and "1 passed" in result.stdout, result.stdout + result.stderr
    assert statuses(tmp_path) == {"double[s1]": {"numpy": "ok"}}
    result = pytest_in(tmp_path, "double.py", "-k", "s2", "--compat-out", "runs/here")
    assert "1 passed, 2 deselected" in result.stdout
    assert set(statuses(tmp_path)) == {"double[s1]", "double[s2]"}


def test_slow_samples_can_be_deselected(tmp_path):
    write(tmp_path / "double.py", DOUBLE.replace("[i, i + 1])", "[i, i + 1]), slow=i == 2"))
    result = pytest_in(
        tmp_path, "double.py", "-m", "not slow", "--strict-markers", "--compat-out", "runs/here"
    )
    assert result.returncode == 0 and "2 passed, 1 deselected" in result.stdout


def test_a_hanging_and_a_dying_sample(tmp_path):
    """With xdist and pytest-timeout, as ``compat run`` uses them."""
    write(
        tmp_path / "faulty.py",
        """
        import os
        import time

        from compat import fixtures, operation, reference

        faulty = operation("faulty", reference=lambda x, *, number: reference.Reference(2.0 * x))


        @faulty.on("numpy")
        def _(np, x, *, number):
            if number == 1:
                os.abort()
            if number == 2:
                time.sleep(1000)
            return 2 * x


        for number in range(4):
            faulty.sample("s%d" % number, x=fixtures.values("v%d" % number, [number, 1]), number=number)
        """,
    )
    timeout = ("--timeout", "3", "--timeout-method", "thread")
    result = pytest_in(tmp_path, "faulty.py", "-n", "2", *timeout, "--compat-out", "runs/here")
    assert result.returncode == 1
    assert "2 failed, 2 passed" in result.stdout
    found = {name: row["numpy"] for name, row in statuses(tmp_path).items()}
    assert found == {"faulty[s0]": "ok", "faulty[s1]": "crashed", "faulty[s2]": "timeout", "faulty[s3]": "ok"}


def test_a_wrong_case_file_is_an_error_of_collection(tmp_path):
    write(tmp_path / "wrong.py", "import no_such_module\n")
    result = pytest_in(tmp_path, "wrong.py", "--compat-out", "runs/here")
    assert result.returncode not in (0, 1)
    assert "wrong.py, line 1: ModuleNotFoundError" in result.stdout
    assert "pytest_plugin.py" not in result.stdout


def test_a_damaged_run_is_not_overwritten(tmp_path, double_case):
    pytest_in(tmp_path, "double.py", "--compat-out", "runs/here")
    path = tmp_path / "runs" / "here" / "run.json"
    path.write_text(path.read_text()[:-20])
    before = content(tmp_path)
    result = pytest_in(tmp_path, "double.py", "--compat-out", "runs/here")
    assert result.returncode not in (0, 1)
    assert "truncated" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert content(tmp_path) == before
