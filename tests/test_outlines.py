"""What is unchanged costs nothing: a case file is run again only where something that it follows from is another."""

import os

import numpy as np
import pytest
from support import write

from compat import cli
from compat.errors import CompatError
from compat.record.noticed import Noticed, noticing
from compat.record.outlines import Outlines

#: Notes when the file is run, and when its fixture is made.
CASE = """
    import os

    {imports}
    import numpy as np

    from compat import fixtures, operation, reference
    from compat.case.fixtures import Fixture


    def note(what):
        with open("noted.txt", "a") as file:
            file.write(what + "\\n")


    note("run")


    def make():
        note("made")
        {make}


    twice = operation("twice", reference=lambda x: reference.Reference(2.0 * x))


    @twice.on("numpy")
    def _(np, x):
        return 2 * x


    twice.sample("a", x=Fixture("x", make))
    {more}
"""
PLAIN = "return np.float32([1, 2])"


COMMAND = ("run", "case.py", "--out", "runs/here", "--dialect", "numpy", "--record-only")


@pytest.fixture
def recorded(tmp_path, monkeypatch, capsys):
    """``recorded()`` records the case of ``there(...)``: (what it said, what the case noted of its being run)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPAT_CACHE", str(tmp_path / "cache"))

    def run(*options, **variables):
        noted = tmp_path / "noted.txt"
        noted.write_text("")
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            status = cli.main([*COMMAND, *options])
        said = capsys.readouterr()
        assert status == 0, said.out + said.err
        return said.out, noted.read_text().split()

    return run


def there(tmp_path, make=PLAIN, imports="", more=""):
    write(tmp_path / "case.py", CASE.format(make=make, imports=imports, more=more))


def is_unchanged(said):
    return "0 to compute, 1 unchanged" in said


def test_unchanged_runs_nothing_and_writes_nothing(tmp_path, recorded):
    there(tmp_path)
    said, noted = recorded()
    assert "1 to compute" in said and {"run", "made"} <= set(noted)
    before = (tmp_path / "runs" / "here" / "run.json").stat()
    said, noted = recorded()
    assert is_unchanged(said) and noted == []
    after = (tmp_path / "runs" / "here" / "run.json").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)


def test_another_case_file(tmp_path, recorded):
    there(tmp_path)
    recorded()
    there(tmp_path, "return np.float32([1, 3])")
    said, noted = recorded()
    assert "1 to compute" in said and "made" in noted


@pytest.fixture
def noted(tmp_path, monkeypatch):
    """``noted()`` asks what ``there(...)`` comes to: what the case noted of its being run, and its digest."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPAT_CACHE", str(tmp_path / "cache"))

    def ask(**variables):
        (tmp_path / "noted.txt").write_text("")
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            outline = Outlines("code").of("case.py")
            outline.describe(outline.samples())
        (sample,) = outline.samples()
        return (tmp_path / "noted.txt").read_text().split(), sample.description.case

    return ask


def test_another_helper(tmp_path, noted):
    write(tmp_path / "helping.py", "VALUE = 1")
    there(tmp_path, "return np.float32([1, helping.VALUE])", "import helping")
    first = noted()
    assert noted() == ([], first[1])
    write(tmp_path / "helping.py", "VALUE = 2")
    assert "made" in noted()[0] and noted()[1] != first[1]


@pytest.mark.parametrize(
    "read",
    [
        'return np.load("data.npy")',
        'return np.fromfile("data.npy", np.uint8).astype(np.float32)',
        'return np.load(str(__import__("pathlib").Path("data.npy").resolve()), mmap_mode="r")',
        'return np.frombuffer(__import__("pathlib").Path("data.npy").read_bytes(), np.uint8).astype(np.float32)',
        'return np.frombuffer(os.read(os.open("data.npy", os.O_RDONLY), 999), np.uint8).astype(np.float32)',
        'return np.float32([len(__import__("io").open("data.npy", "rb").read()), open("data.npy", "rb").read()[-1]])',
    ],
)
def test_another_file_that_a_fixture_reads(tmp_path, noted, read):
    np.save(str(tmp_path / "data.npy"), np.float32([1, 2]))
    there(tmp_path, read)
    first = noted()
    assert noted() == ([], first[1])
    np.save(str(tmp_path / "data.npy"), np.float32([1, 300]))
    after = noted()
    assert "made" in after[0] and after[1] != first[1]


def test_a_file_that_was_not_there(tmp_path, noted):
    make = """
        try:
            return np.load("data.npy")
        except IOError:
            return np.float32([1, 2])"""
    there(tmp_path, make)
    first = noted()
    assert noted() == ([], first[1])
    np.save(str(tmp_path / "data.npy"), np.float32([1, 3]))
    assert noted()[1] != first[1]


@pytest.mark.parametrize(
    "read",
    [
        'os.environ.get("SCALE", "1")',
        'os.getenv("SCALE") or 1',
        'dict(os.environ).get("SCALE", 1)',
        'os.environb.get(b"SCALE", b"1")',
    ],
)
def test_another_environment_variable(tmp_path, noted, read):
    there(tmp_path, f"return np.float32([1, float({read})])")
    first = noted(SCALE="2")
    assert noted(SCALE="2") == ([], first[1])
    assert len({first[1], noted(SCALE="3")[1], noted()[1]}) == 3


def test_other_installed_packages(tmp_path, noted, monkeypatch):
    there(tmp_path)
    noted()
    (tmp_path / "site" / "more-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert "made" in noted()[0]
    (tmp_path / "site" / "more-1.0.dist-info").rename(tmp_path / "site" / "more-1.1.dist-info")
    assert "made" in noted()[0]
    assert noted()[0] == []


def test_nothing_is_noticed_of_what_comes_after(tmp_path, noted):
    before = open, os.open, os.environ.encodekey
    there(tmp_path, "raise ValueError('none')")
    with pytest.raises(CompatError, match="cannot be made"):
        noted()
    assert before == (open, os.open, os.environ.encodekey)


def test_a_thousand_times_in_one_process(monkeypatch):
    """Python 3.13 went on to call a method of os.environ that had been exchanged, from the 501st time on."""
    monkeypatch.setenv("SCALE", "2")
    for _ in range(1000):
        [os.environ.get("SCALE") for _ in range(10)]
        noticed = Noticed()
        with noticing(noticed):
            assert os.environ.get("SCALE") == "2" and os.getenv("NO_SUCH_VARIABLE") is None
        assert noticed.variables == {"SCALE": "2", "NO_SUCH_VARIABLE": None}


def test_a_case_that_reads_by_another_library_is_run_each_time(tmp_path, compat_command):
    """What it reads in C is not seen."""
    pytest.importorskip("scipy")
    there(tmp_path, imports="import scipy.io")
    compat_command(*COMMAND)
    (tmp_path / "noted.txt").write_text("")
    assert is_unchanged(compat_command(*COMMAND).stdout)
    assert {"run", "made"} <= set((tmp_path / "noted.txt").read_text().split())


def test_in_the_place_that_the_system_has_for_caches(tmp_path, compat_command):
    there(tmp_path)
    variables = {"COMPAT_CACHE": "", "XDG_CACHE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
    compat_command(*COMMAND, **variables)
    (tmp_path / "noted.txt").write_text("")
    assert is_unchanged(compat_command(*COMMAND, **variables).stdout)
    assert (tmp_path / "noted.txt").read_text() == ""


def test_slow_samples_are_left_out_without_making_their_fixtures(tmp_path, recorded):
    there(tmp_path, more='twice.sample("b", slow=True, x=Fixture("y", lambda: note("large") or make()))')
    said, noted = recorded("--not-slow")
    assert "slow samples left out: 1" in said and "--slow adds them" in said
    assert "1 to compute" in said and "large" not in noted
    said, noted = recorded("--not-slow", "--slow")
    assert "left out" not in said and "1 to compute, 1 unchanged" in said and "large" in noted
    assert recorded("--slow")[1] == []


def test_a_slow_sample_that_is_named_is_not_left_out(tmp_path, recorded):
    there(tmp_path, more='twice.sample("b", slow=True, x=Fixture("y", make))')
    said, _ = recorded("--not-slow", "--sample", "twice[b]")
    assert "1 samples in 1 dialects: 1 to compute" in said and "left out" not in said


def test_arrays_that_are_gone_are_made_again(tmp_path, recorded):
    there(tmp_path)
    recorded()
    objects = tmp_path / "runs" / "objects"
    before = {path.name: path.read_bytes() for path in objects.iterdir()}
    for name in before:  # the input, and the output
        (objects / name).unlink()
        recorded()
        assert {path.name: path.read_bytes() for path in objects.iterdir()} == before


def test_a_memory_that_was_edited_is_not_believed(tmp_path, recorded):
    there(tmp_path)
    recorded()
    (kept,) = tmp_path.glob("cache/outlines/*/*.json")
    kept.write_text(kept.read_text().replace('"name":"a"', '"name":"b"'))
    said, noted = recorded()
    assert is_unchanged(said) and "run" in noted


def test_fresh_computes_what_is_unchanged(tmp_path, recorded):
    there(tmp_path)
    recorded()
    assert "1 to compute" in recorded("--fresh")[0]


def test_the_judge_knows_that_the_inputs_are_others(tmp_path, monkeypatch, capsys):
    """Also in a process that did not record, and from memory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPAT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "noted.txt").write_text("")
    np.save("data.npy", np.float32([1, 2]))
    there(tmp_path, 'return np.load("data.npy")')
    assert cli.main([*COMMAND]) == 0
    assert cli.main(["judge", "runs"]) == 0 and cli.main(["judge", "runs"]) == 0
    np.save("data.npy", np.float32([1, 3]))
    assert cli.main(["judge", "runs"]) == 1
    assert "twice[a] numpy stale: its inputs" in capsys.readouterr().out
    assert cli.main([*COMMAND]) == 0 and cli.main(["judge", "runs"]) == 0
