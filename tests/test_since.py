"""Since when: changes by bits and by verdict, and the search between two versions."""

import pytest

from compat.cli import main
from compat.commands import since as command_since
from compat.errors import CompatError
from compat.judge import since
from compat.judge.judging import Judged
from compat.records import Description, Environment, Output, Record, Verdict
from compat.store import Run

VERSIONS = ["1.13", "1.15", "2.0", "2.1", "2.2", "2.4", "2.9", "2.15", "2.21"]


def write(store, version, word, bits, name=None, status="ok"):
    name = name or "tf" + version
    run = Run(str(store / name), Environment(name, versions={"tensorflow": version + ".0"}))
    outputs = {"y": Output(bits * 64, "float32", [])} if status == "ok" else {}
    run.samples["a[b]"] = Description("a", "b", "c", "a.py")
    run.add("a[b]", "numpy", Record(status, "c", message=word, outputs=outputs))
    run.save()


def as_written(runs, *_, **__):
    """In place of the judge: the word that ``write`` was given."""
    words = lambda run: {s: {d: Verdict(r.message) for d, r in row.items()} for s, row in run.records.items()}
    return [Judged(run, words(run)) for run in runs]


@pytest.fixture(autouse=True)
def words_as_written(monkeypatch):
    monkeypatch.setattr(since, "judge_runs", as_written)
    monkeypatch.setattr(command_since, "judge_runs", as_written)


def points(store):
    return since.history(as_written(since._runs(str(store))), "a[b]", "numpy")


def names(pairs):
    return [(before.name, after.name) for before, after in pairs]


def test_changes_by_bits_and_by_verdict(tmp_path):
    for version in VERSIONS:
        new = version not in VERSIONS[:4]
        write(tmp_path, version, "differs" if version == "2.21" else "agrees", "b" if new else "a")
    assert [point.name for point in points(tmp_path)] == ["tf" + version for version in VERSIONS]
    assert names(since.changes(points(tmp_path), "bits")) == [("tf2.1", "tf2.2")]
    assert names(since.changes(points(tmp_path), "word")) == [("tf2.15", "tf2.21")]


def test_other_set_ups_and_what_is_unsupported_are_no_change_of_a_version(tmp_path):
    write(tmp_path, "2.9", "agrees", "a")
    write(tmp_path, "2.9", "differs", "b", name="tf2.9-onednn")
    write(tmp_path, "2.15", "unsupported", "", status="unsupported")
    write(tmp_path, "2.21", "agrees", "a")
    assert since.changes(points(tmp_path), "bits") == []
    assert len(since.history(as_written(since._runs(str(tmp_path))), "a[b]", "numpy", "-onednn")) == 1


@pytest.mark.parametrize("first", VERSIONS[1:])
def test_bisect_finds_the_neighbours_in_few_runs(tmp_path, first):
    ran = []

    def compute(name):
        ran.append(name)
        version = name[2:]
        changed = VERSIONS.index(version) >= VERSIONS.index(first)
        write(tmp_path, version, "differs" if changed else "agrees", "b" if changed else "a")

    compute("tf" + VERSIONS[0])
    compute("tf" + VERSIONS[-1])
    every = ["tf" + version for version in VERSIONS]
    found = since.bisect(str(tmp_path), "a[b]", "numpy", "word", every, compute, lambda *_, **__: None)
    assert names([found]) == [("tf" + VERSIONS[VERSIONS.index(first) - 1], "tf" + first)]
    assert len(ran) <= 2 + 4


def test_a_version_that_cannot_be_run_is_left_out(tmp_path):
    write(tmp_path, "2.0", "agrees", "a")
    write(tmp_path, "2.4", "differs", "b")
    said = []
    found = since.bisect(
        str(tmp_path), "a[b]", "numpy", "word", ["tf2.1", "tf2.2"], lambda name: None,
        lambda text, **_: said.append(text),
    )  # fmt: skip
    assert names([found]) == [("tf2.0", "tf2.4")]
    assert "tf2.2 has no result of it: left out" in said


def test_the_environments_are_those_of_tox(tmp_path):
    known = since.environments("tox.ini", "-onednn")
    assert known[0] == "tf1.13-onednn" and known[-1] == "tf2.21-onednn" and len(known) == 25
    with pytest.raises(CompatError, match="no such file"):
        since.environments(str(tmp_path / "tox.ini"))


def test_the_command_says_it(tmp_path, capsys):
    write(tmp_path, "2.9", "agrees", "a")
    write(tmp_path, "2.15", "differs", "b")
    assert main(["since", "a[b]", "numpy", "--runs", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "other bits since tf2.15 (before: tf2.9)" in said and "agrees -> differs" in said
    assert main(["since", "a[c]", "numpy", "--runs", str(tmp_path)]) == 2
    assert "0 environments have a record of a[c]" in capsys.readouterr().err
