"""Verdicts by another record are made once for the same bits of both, and never for less than all of them."""

import os

import pytest
from test_ports import network, recorded

from compat.judge import memory, ported
from compat.records import Environment
from compat.store import Run


@pytest.fixture(autouse=True)
def _cache_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPAT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(memory, "WORTH_KEEPING", -1.0)  # whatever is judged took long enough


@pytest.fixture
def run(tmp_path):
    """A run with a port that is wrong, and whose trace says where."""
    run = Run(str(tmp_path / "runs" / "tf2.21"), Environment("tf2.21"))
    for made, dialect in ((network(), "tf1.session"), (network(epsilon=2e-3, prefix="port/"), "keras3")):
        record = recorded(made, "y", made.kept.read(made.outputs()["y"].digest))
        for array in made.kept.arrays.values():
            run.objects.add(array)
        run.add("port[a]", dialect, record)
    run.save()
    return Run.open(run.folder)


def judged(run, keep=False, who="the port"):
    about = ported.Ported("port[a]", keep)
    record, base = (run.record("port[a]", dialect) for dialect in ("keras3", "tf1.session"))
    verdict = about.verdict(run, record, run, base, who, "the legacy side")
    about.save()
    return verdict


@pytest.fixture
def times(monkeypatch):
    """How often a record was really judged."""
    judge, found = ported.judge_port, []
    monkeypatch.setattr(ported, "judge_port", lambda *of: found.append(of) or judge(*of))
    return found


@pytest.mark.parametrize("keep", [False, True])
def test_it_is_judged_once(run, times, keep):
    first = judged(run, keep)
    assert first.word == "differs" and "by its graph" in first.message
    assert judged(Run.open(run.folder), keep) == first and len(times) == 1
    assert judged(run, keep, who="another") and len(times) == 2


def test_other_bits_are_judged_anew(run, times):
    judged(run)
    record = run.record("port[a]", "keras3")
    record.outputs["y"] = run.record("port[a]", "tf1.session").outputs["y"]
    judged(run)
    assert len(times) == 2
    record.seconds, record.code = 7.0, "0" * 64  # how long and with what it was computed says nothing
    judged(run)
    assert len(times) == 2


@pytest.mark.parametrize("dialect", ["keras3", "tf1.session"])
def test_what_is_missing_now_may_be_there_later(run, times, dialect):
    trace = run.record("port[a]", dialect).trace
    path = run.objects.path(trace)
    with open(path, "rb") as file:
        kept = file.read()
    os.unlink(path)
    less = judged(Run.open(run.folder))
    with open(path, "wb") as file:
        file.write(kept)
    whole = judged(Run.open(run.folder))
    assert len(times) == 2 and whole.message != less.message and "by its graph" in whole.message


def test_the_allowance_is_there_though_the_verdict_was_remembered_without(run, times):
    assert judged(run).allowance == {}
    record = run.record("port[a]", "keras3")
    record.trace = run.record("port[a]", "tf1.session").trace = None  # then it is judged by what was measured
    judged(run)
    kept = judged(run, keep=True)
    assert len(times) == 3 and kept.allowance and judged(run, keep=True).allowance == kept.allowance
    assert len(times) == 3
