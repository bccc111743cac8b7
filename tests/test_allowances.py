"""How far an output may be off, as the judge keeps it for the pages."""

import os

import numpy as np
import pytest
from support import judged, quick_run, write

from compat.arrays import UNIT_ROUNDOFF
from compat.judge import memory
from compat.judge.allowances import allowance, is_shown
from compat.judge.answers import Answers
from compat.records import Numbers
from compat.reference import Reference
from compat.store import Run

SUMS = """
    import numpy as np

    from compat import fixtures, operation, reference

    sums = operation("sums", reference=lambda x, w: reference.dense(x, w, np.zeros(w.shape[1])))


    @sums.on("numpy")
    def _(np, x, w):
        return x @ w


    @sums.on("scipy")
    def _(scipy, x, w):
        return (x.astype("float64") @ w.astype("float64")).astype("float32")


    sums.sample("noise", x=fixtures.normal("sums_x", (20, 30), seed=1), w=fixtures.normal("sums_w", (30, 4), seed=2))
    sums.sample("whole", x=fixtures.values("whole_x", [[1, 2], [3, 4]]), w=fixtures.values("whole_w", [[1, 2], [3, 4]]))
"""
PORT = """
    from compat import fixtures, operation

    port = operation("port", against="numpy")


    @port.on("numpy")
    def _(np, x):
        return np.tanh(x).sum(axis=0)


    @port.on("scipy")
    def _(scipy, x):
        import numpy as np

        return np.tanh(x)[::-1].sum(axis=0)


    port.sample("noise", x=fixtures.normal("port_x", (50, 4), seed=2))
"""


def made(folder, text):
    case = write(folder / "cases" / "made.py", text)
    return quick_run(case, folder / "runs" / "here", ("numpy", "scipy")), [str(case)]


@pytest.fixture
def took_long(monkeypatch):
    """Whatever is computed is worth keeping."""
    monkeypatch.setattr(memory, "WORTH_KEEPING", -1.0)


def verdict_of(run, named, sample, dialect="numpy", keep=True):
    return judged(run, named=named, keep=keep).verdict(sample, dialect)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_allowance_is_never_less_than_the_bound(dtype):
    draw = np.random.RandomState(1)
    answer = Reference(draw.randn(50, 7), draw.rand(50, 7), draw.randint(1, 30, (50, 7)))
    kept, exact = allowance(answer, dtype), answer.worst(dtype)
    assert kept.dtype == np.float32 and kept.shape == exact.shape
    assert (kept.astype(np.float64) >= exact).all()
    assert np.allclose(kept, exact, rtol=2 * UNIT_ROUNDOFF["float32"], atol=0)


def test_one_number_where_all_elements_may_be_off_by_the_same():
    assert allowance(Reference(np.zeros((3, 4))), "float32").shape == ()
    infinite = allowance(Reference(np.ones(3), np.inf, 2), "float32")
    assert infinite.shape == () and infinite == np.inf


def test_what_is_drawn():
    assert is_shown(Numbers("agrees", unequal=1, count=9)) and is_shown(
        Numbers("differs", unequal=9, count=9)
    )
    assert not is_shown(Numbers("agrees", unequal=0, count=9))  # the very answer
    assert not is_shown(Numbers("differs", "another shape"))
    assert not is_shown(Numbers("agrees", unequal=1, count=1 << 30))


def test_the_allowance_is_kept_beside_the_answer(tmp_path, took_long):
    run, named = made(tmp_path, SUMS)
    verdict = verdict_of(run, named, "sums[noise]")
    bound, answer = (run.objects.read(of["y"]) for of in (verdict.allowance, verdict.reference))
    result = run.objects.read(run.record("sums[noise]", "numpy").outputs["y"].digest)
    share = np.abs(result - answer) / bound
    assert share.max() == pytest.approx(verdict.outputs["y"].share, rel=1e-6)
    assert verdict_of(run, named, "sums[whole]").allowance == {}  # nothing is off
    assert verdict_of(run, named, "sums[noise]", keep=False).allowance == {}


def test_what_is_quickly_made_again_is_in_memory_for_who_draws_it_and_in_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "WORTH_KEEPING", 1e9)
    run, named = made(tmp_path, SUMS)
    before = sorted(os.listdir(run.objects.folder))
    assert verdict_of(run, named, "sums[noise]").reference == {}
    drawn = Run.open(run.folder, streamed=True)
    verdict = verdict_of(drawn, named, "sums[noise]")
    answer, bound = (drawn.objects.recent(of["y"]) for of in (verdict.reference, verdict.allowance))
    result = run.objects.read(run.record("sums[noise]", "numpy").outputs["y"].digest)
    assert (np.abs(result - answer) / bound).max() == pytest.approx(verdict.outputs["y"].share, rel=1e-6)
    assert sorted(os.listdir(run.objects.folder)) == before


def test_a_remembered_verdict_leads_to_it_also_in_another_store(tmp_path, monkeypatch, took_long):
    run, named = made(tmp_path, SUMS)
    first = verdict_of(run, named, "sums[noise]")

    def computed(self):
        raise AssertionError("it is remembered")

    with monkeypatch.context() as patched:
        patched.setattr(Answers, "_compute", computed)
        assert verdict_of(Run.open(run.folder), named, "sums[noise]").allowance == first.allowance != {}
    path = tmp_path / "runs" / "objects" / f"{first.allowance['y']}.npy"
    path.unlink()
    assert verdict_of(Run.open(run.folder), named, "sums[noise]").allowance == first.allowance
    assert path.exists()


def test_answers_that_take_long_are_kept_though_the_verdict_was_remembered(tmp_path, monkeypatch):
    """``compat judge`` came first, and kept none."""
    monkeypatch.setattr(memory, "WORTH_KEEPING", 0.05)
    slow = "__import__('time').sleep(0.1) or reference.dense"
    run, named = made(tmp_path, SUMS.replace("reference.dense", slow, 1))
    assert verdict_of(run, named, "sums[noise]", keep=False).reference == {}
    verdict = verdict_of(Run.open(run.folder, streamed=True), named, "sums[noise]")
    assert verdict.reference["y"] in Run.open(run.folder).objects


def test_of_a_port_what_was_measured_of_both_is_kept(tmp_path):
    run, named = made(tmp_path, PORT)
    verdict = verdict_of(run, named, "port[noise]", "scipy")
    assert verdict.word == "agrees" and verdict.outputs["y"].unequal
    bound, answer = (run.objects.read(of["y"]) for of in (verdict.allowance, verdict.reference))
    result = run.objects.read(run.record("port[noise]", "scipy").outputs["y"].digest)
    share = np.abs(result.astype(np.float64) - answer) / bound
    assert share.max() == pytest.approx(verdict.outputs["y"].share, rel=1e-6)
    assert verdict_of(run, named, "port[noise]", "numpy").allowance == {}  # the same bits
