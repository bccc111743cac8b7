"""``compat report`` on real runs: found, judged, drawn; its last lines and its exit status."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import DOUBLE, python, write

from compat.errors import CompatError
from compat_reports.command import main

#: What needs a look, one of each: an operation without a reference, a random one, one that differs.
LOOK = """
    import numpy
    from compat import fixtures, operation

    x = fixtures.values("x", numpy.linspace(-1, 1, 60).reshape(20, 3).astype("float32"))
    port = operation("port", against="numpy", doc="Judged against another dialect.")
    noise = operation("noise", against="numpy")
    alone = operation("alone")


    @port.on("numpy")
    def _(np, x):
        return np.tanh(x)


    @port.on("scipy")
    def _(scipy, x):
        return numpy.tanh(x) * numpy.float32(1.01)


    @noise.on("numpy")
    def _(np, x):
        return x + np.random.random_sample(x.shape).astype("float32")


    @alone.on("numpy")
    def _(np, x):
        return x + 1


    port.sample("p", x=x)
    noise.sample("n", x=x)
    alone.sample("a", x=x)
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Two case files, and a run of each."""
    folder = tmp_path_factory.mktemp("recorded")

    def record(name, text, *dialects):
        write(folder / f"{name}.py", text)
        options = ["--record-only", "--out", f"out/runs/{name}", *(f"--dialect={d}" for d in dialects)]
        return python("-m", "compat", "run", f"{name}.py", *options, cwd=folder)

    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(record, "double", DOUBLE, "numpy"),
            pool.submit(record, "look", LOOK, "numpy", "scipy"),
        ]
    for result in (run.result() for run in runs):
        assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture
def there(recorded, tmp_path, monkeypatch):
    """A copy of them, and the process in it."""
    shutil.copytree(recorded, tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    return tmp_path / "there"


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_a_run_that_agrees(there, capsys):
    assert main(["out/runs/double", "--out", "pages", "--cases", "double.py"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [str(there / "pages" / "index.html"), "report: All 3 judged cells agree"]
    assert "the float64 answer" in (there / "pages" / "samples" / "double.s1.html").read_text()


def test_a_run_is_found_by_its_name_and_all_runs_without_one(there, capsys):
    assert main(["double", "--cases", "double.py"]) == 0
    assert (there / "out" / "report" / "index.html").is_file()
    assert main(["--cases", "double.py", "--cases", "look.py"]) == 1
    assert "report: 6 samples in 2 environments -> " in capsys.readouterr().out


def test_what_needs_a_look(there, capsys):
    assert main(["look", "--out", "pages"]) == 1  # the case is where it was recorded, to the byte
    assert last_line(capsys) == "report: 3 cells in 3 samples to look at"
    index = (there / "pages" / "index.html").read_text()
    for word, sample in (("random", "noise.n"), ("unjudged", "alone.a"), ("differs", "port.p")):
        assert f'<span class="verdict {word}">{word}</span>' in index
        assert (
            f"{word.capitalize()} in 1 cell (look)"
            in (there / "pages" / "samples" / f"{sample}.html").read_text()
        )
    port = (there / "pages" / "samples" / "port.p.html").read_text()
    assert "what it was judged against: numpy in the same run" in port and "float64" not in port


def test_verdicts_are_not_read_from_disk(there, capsys):
    for run in ("double", "look"):
        (there / "out" / "runs" / run / "verdicts.json").write_text("what is this?")
    assert main(["out/runs", "--out", "pages"]) == 1
    assert last_line(capsys) == "report: 3 cells in 3 samples to look at"


def test_a_case_that_changed_makes_its_results_stale(there, capsys):
    write(there / "double.py", DOUBLE.replace("2 * x", "x + x"))
    assert main(["double", "--out", "pages", "--cases", "double.py"]) == 1
    assert last_line(capsys) == "report: Nothing could be judged: 3 cells in 3 samples to look at"
    text = (there / "pages" / "samples" / "double.s1.html").read_text()
    assert "Stale in 1 cell (double)" in text and "double.py has changed since it was recorded" in text


def test_without_its_case_nothing_could_be_judged(there, capsys):
    (there / "double.py").unlink()
    assert main(["double", "--out", "pages"]) == 1
    assert last_line(capsys) == "report: Nothing could be judged: 3 cells in 3 samples to look at"
    assert "name it with --cases" in (there / "pages" / "index.html").read_text()


def test_a_second_time_nothing_is_computed_or_written(there, capsys):
    main(["out/runs", "--out", "pages"])
    before = {path: path.stat().st_mtime_ns for path in there.rglob("*") if path.is_file()}
    time.sleep(0.01)
    main(["out/runs", "--out", "pages"])
    assert " 0 written, 0 removed" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in there.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere"], "no such run"),
        (["double", "--cases", "nowhere.py"], "nowhere.py: there is no such case file"),
        (["double", "--out", "double.py"], "another --out"),
    ],
)
def test_wrong_input_is_a_compat_error(there, arguments, message):
    with pytest.raises(CompatError, match=message):
        main(arguments)
    assert not (there / "out" / "report").exists()


def test_wrong_usage_is_told_in_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--bad"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "compat report: unrecognized arguments: --bad; see compat report --help"


def test_a_run_of_another_form_is_refused(there):
    (there / "out" / "runs" / "double" / "run.json").write_text('{"format": 1}')
    with pytest.raises(CompatError, match="written by an older compat"):
        main(["double"])
