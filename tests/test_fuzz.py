"""The campaign without a framework: draws, judges, shrinks, groups, resumes; its workers are tests/fuzz_worker.py."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from fuzz_worker import result_of
from support import CHECKOUT, environment, python

hypothesis = pytest.importorskip("hypothesis")

from compat.case.files import Case  # noqa: E402
from compat.fuzz import cluster, draws  # noqa: E402
from compat.fuzz.answers import alone, reference_of  # noqa: E402
from compat.fuzz.campaign import Campaign, Plan, summary  # noqa: E402
from compat.fuzz.catalogue import ENTRIES  # noqa: E402
from compat.fuzz.draws import Pick, begun  # noqa: E402
from compat.fuzz.entries import text_of  # noqa: E402
from compat.fuzz.findings import has_a_reason  # noqa: E402
from compat.fuzz.judging import judge  # noqa: E402
from compat.fuzz.pool import Outcome, Pool, Version, found_in, outcome_of  # noqa: E402
from compat.fuzz.samples import Drawn, Given, Step, from_json, written_out  # noqa: E402
from compat.fuzz.shrinking import _windows, shrink  # noqa: E402
from compat.fuzz.spelled import DIALECTS, compiled, spelled  # noqa: E402
from compat.fuzz.store import Store, merge  # noqa: E402
from compat.judge.known import FILE_NAME, read  # noqa: E402

WORKER = str(CHECKOUT / "tests" / "fuzz_worker.py")
SOME = ("add", "conv2d", "dense", "leaky_relu", "reduce_sum", "relu", "softmax", "tanh", "transpose")


def version(name, number="2.15.1", **faults):
    return Version(name, [sys.executable, WORKER, number, json.dumps(faults)])


def pool(**faults):
    """Two versions; the newer one has the faults."""
    return Pool([version("tf1.15", "1.15.5"), version("tf2.15", **faults)])


def campaign(tmp_path, workers, operations=SOME, known=(), **settings):
    plan = Plan(tuple(operations), seed=3, size=24)
    return Campaign(plan, workers, Store(str(tmp_path / "fuzz")), known, **settings)


def run(one, batches):
    for number in range(batches):
        one.one(number)
    return summary(Store(one.store.folder))["findings"]


# -- what is drawn


def test_a_seed_draws_the_same_samples_again_and_another_seed_others():
    plan = Plan(SOME, seed=1)
    first, again = plan.batch(4), plan.batch(4)
    assert [drawn.digest for drawn in first] == [drawn.digest for drawn in again]
    other = Plan(SOME, seed=2).batch(4)
    assert {drawn.digest for drawn in first} != {drawn.digest for drawn in other}


def test_graphs_have_up_to_eight_steps_and_share_tensors():
    drawn = [one for number in range(12) for one in Plan(tuple(ENTRIES)).batch(number)]
    assert max(len(one.steps) for one in drawn) == 8
    assert any(one.whole for one in drawn)
    taken = [name for one in drawn for step in one.steps for name in step.inputs[1:]]
    assert any(name.startswith("s") for name in taken)


def test_samples_are_plain_data():
    for drawn in Plan(tuple(ENTRIES), seed=5).batch(0):
        again = from_json(json.loads(json.dumps(drawn.to_json(), allow_nan=False)))
        assert again == drawn and again.digest == drawn.digest


def test_numbers_that_json_lacks_are_written_out():
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 1.5], np.float32)
    given = written_out("i0", "float32", array)
    json.dumps(given.values, allow_nan=False)
    np.testing.assert_array_equal(given.array(), array)
    assert np.signbit(given.array()[3])


class _First:
    """Draws the first of everything: what Hypothesis shrinks to."""

    def __call__(self, strategy):
        return hypothesis.find(strategy, lambda value: True, settings=hypothesis.settings(database=None))


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_operation_is_answered_and_spelled(name):
    growing, flowing = begun(_First(), ENTRIES[name], 7, Pick(_First(), {"flavour": "integers"}))
    known = growing.add(ENTRIES[name], flowing, Pick(_First()))
    assert known or name == "weighted_mse", "no rule answers the simplest sample"
    texts = [spelled(growing.drawn, dialect) for dialect in DIALECTS]
    assert any(texts)
    for dialect, steps in zip(DIALECTS, texts):
        for step in steps or ():
            assert callable(compiled(step, "keras" if dialect.startswith("keras") else "tf", {}))


ROW = [1.0, -2.0, 3.0, 4.0]


def _cosine(k):
    return np.cos(np.pi * k * (2 * np.arange(4) + 1) / 8)


@pytest.mark.parametrize(
    "operation, parameters, shape, expected",
    [
        (
            "relu_layer",
            {"max_value": 3.5, "negative_slope": 0.25, "threshold": None},
            (4,),
            [1, -0.5, 3, 3.5],
        ),
        ("frame", {"length": 2, "step": 3, "pad_end": None}, (4,), [[1, -2]]),
        ("frame", {"length": 2, "step": 3, "pad_end": True}, (4,), [[1, -2], [4, 0]]),
        ("overlap_and_add", {"step": 1}, (2, 2), [1, 1, 4]),
        ("central_crop", {"fraction": 0.5}, (1, 1, 4, 1), [[[[-2], [3]]]]),
        ("resize_with_crop_or_pad", {"size": [2, 3]}, (1, 1, 4, 1), [[[[1], [-2], [3]], [[0], [0], [0]]]]),
        ("roll", {"shift": [1], "axis": [0]}, (4,), [4, 1, -2, 3]),
        ("band_part", {"lower": 0, "upper": -1}, (2, 2), [[1, -2], [0, 4]]),
        ("det", {"n": 2}, (2, 2), [6 * 26 - 25]),
        ("unsorted_segment_mean", {"ids": [1, -1, 1, 0], "count": 3, "root": False}, (4,), [4, 2, 0]),
        ("scatter_nd", {"indices": [[1], [0], [1], [3]], "shape": [4]}, (4,), [-2, 4, 0, 4]),
        ("total_variation", {}, (1, 1, 4, 1), [9]),
        ("norm", {"axis": None, "keepdims": None}, (4,), [30**0.5]),
        ("reduce_logsumexp", {"axis": 0, "keepdims": None}, (4,), [np.log(np.exp(ROW).sum())]),
        ("dct", {"norm": None}, (4,), [12, *(2 * np.dot(ROW, _cosine(k)) for k in (1, 2, 3))]),
    ],
)
def test_answers_are_what_the_operations_mean(operation, parameters, shape, expected):
    answer = alone(Step(operation, ["i0"], parameters), [np.float32(ROW).reshape(shape)], ["float32"])
    np.testing.assert_allclose(answer.value, np.reshape(expected, answer.value.shape), rtol=1e-12)


def test_what_nobody_wrote_is_left_out_of_the_text():
    template = "f({x}<, a={a}><, b={b}>)"
    assert text_of(template, ["i0"], {"a": None, "b": True}, "float32") == ([], "f(i0, b=True)")
    assert text_of("g = {y}\ng({x})", ["i0", "i1"], {}, "float32") == (["g = i1"], "g(i0)")


# -- what is judged


def _result(drawn, wrong=0.0):
    step, arrays = drawn.steps[0], drawn.arrays()
    answer = alone(
        step, [arrays[name] for name in step.inputs], [drawn.dtypes()[name] for name in step.inputs]
    )
    value = (answer.value * (1 + wrong)).astype(np.float32)
    return {("tf2.15", "tf2.eager"): Outcome("ok", {"s0": (value, "float32")})}


def test_a_rounded_answer_agrees_and_one_that_is_a_little_more_off_differs():
    given = [Given("i0", "float32", [2, 3], seed=1), Given("i1", "float32", [3, 2], seed=2)]
    drawn = Drawn(given, [Step("matmul", ["i0", "i1"], {"transpose_b": None})])
    assert judge(drawn, _result(drawn)).faults == []
    (fault,) = judge(drawn, _result(drawn, 1e-5)).faults
    assert (fault.word, fault.operation, fault.step) == ("differs", "matmul", 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_rounded_answer_is_never_flagged(seed):
    """Whatever is drawn: infinite numbers, overflow, denormal ones, graphs seen as a whole."""
    for number in range(4):
        for drawn in Plan(tuple(ENTRIES), seed=seed).batch(number):
            results = {dialect: result_of(drawn, dialect, {}) for dialect in ("tf1.session", "tf2.eager")}
            cells = {("tf2.15", name): outcome_of(found) for name, found in results.items() if found}
            assert judge(drawn, cells).faults == [], drawn


def test_a_denormal_number_may_be_read_as_zero():
    drawn = Drawn([written_out("i0", "float32", np.float32([1e-40, 4]))], [Step("rsqrt", ["i0"])])
    for found, faults in (([1 / np.sqrt(np.float32(1e-40)), 0.5], 0), ([np.inf, 0.5], 0), ([np.inf, 7], 1)):
        cells = {("tf2.15", "tf2.eager"): Outcome("ok", {"s0": (np.float32(found), "float32")})}
        assert len(judge(drawn, cells).faults) == faults


def test_another_shape_is_a_fault_beside_a_denormal_number_as_well():
    """And what fails on it afterwards is none: another version had something else to compute."""
    inputs = [written_out("i0", "float32", [[1e-40, 1.0]]), written_out("i1", "float32", [[1.0, 1.0]])]
    steps = [Step("equal_sign", ["i0", "i1"]), Step("argmax", ["s0"], {"axis": 1})]
    drawn = Drawn(inputs, steps)
    right = {"s0": (np.float32([[0, 1]]), "float32"), "s1": (np.array([1]), "int64")}
    wrong = {"s0": (np.float32(0), "float32")}
    cells = {
        ("tf2.15", "tf2.eager"): Outcome("ok", right),
        ("tf1.15", "tf2.eager"): Outcome("error", wrong, 1, "no such axis"),
    }
    (fault,) = judge(drawn, cells).faults
    assert (fault.operation, fault.word) == ("equal_sign", "differs") and "shape" in fault.message
    alone = dict(cells)
    alone["tf1.15", "tf2.eager"] = Outcome("error", {}, 1, "no such axis")
    assert [fault.operation for fault in judge(drawn, alone).faults] == ["argmax"]


def test_what_overflows_on_the_way_is_not_judged_but_a_finite_fault_is():
    drawn = Drawn([written_out("i0", "float32", np.float32([[1e30, 1]]))], [Step("l2_normalize", ["i0"])])
    cells = {("tf2.15", "tf2.eager"): Outcome("ok", {"s0": (np.float32([[0, 0]]), "float32")})}
    assert judge(drawn, cells).faults == [] and judge(drawn, cells).unruled == 1
    other_shape = {("tf2.15", "tf2.eager"): Outcome("ok", {"s0": (np.float32([0, 0]), "float32")})}
    assert len(judge(drawn, other_shape).faults) == 1
    small = Drawn([written_out("i0", "float32", np.float32([[3, 4]]))], drawn.steps)
    assert len(judge(small, cells).faults) == 1


def test_refused_everywhere_is_no_fault_and_refused_by_one_is():
    drawn = Drawn([Given("i0", "float32", [2])], [Step("relu", ["i0"])])
    refused = Outcome("error", {}, 0, "ValueError: no")
    good = Outcome("ok", {"s0": (np.maximum(drawn.arrays()["i0"], 0), "float32")})
    both = {("tf1.15", "tf1.session"): refused, ("tf2.15", "tf1.session"): refused}
    assert judge(drawn, both).faults == []
    both["tf2.15", "tf1.session"] = good
    (fault,) = judge(drawn, both).faults
    assert fault.word == "error" and fault.cell == ("tf1.15", "tf1.session")


# -- campaigns


def test_without_a_fault_nothing_is_found(tmp_path):
    with pool() as workers:
        found = run(campaign(tmp_path, workers, ENTRIES), 4)
    assert found == []
    totals = Store(str(tmp_path / "fuzz")).totals
    assert totals["compared"] > 500 and totals["samples"] > 60


def test_a_fault_is_found_shrunk_and_written_as_a_case_file(tmp_path):
    with pool(conv2d="off") as workers:
        finding, *others = run(campaign(tmp_path, workers), 6)
    for one in (finding, *others):  # with dilations, and without
        assert (one["operation"], one["word"], one["steps"]) == ("conv2d", "differs", 1)
        assert one["numbers"] <= 4
    assert {version_ for version_, _ in finding["cells"]} == {"tf2.15"}
    folder = tmp_path / "fuzz" / "findings" / finding["name"]
    case = Case(str(folder / (finding["name"] + ".py")))
    (sample,) = case.samples()
    assert sorted(sample.operation.implementations) == sorted(DIALECTS)
    drawn = from_json(finding["sample"])
    expected = reference_of(finding["sample"])(*drawn.arrays().values())["s0"]
    np.testing.assert_array_equal(sample.refer()["s0"].value, expected.value)
    for name, array in drawn.arrays().items():
        np.testing.assert_array_equal(sample.arrays()[name], array)


def test_the_entry_of_a_finding_waits_for_a_reason_and_excuses_nothing(tmp_path):
    with pool(relu="off") as workers:
        (finding,) = run(campaign(tmp_path, workers), 3)
    place = tmp_path / "fuzz" / "findings" / finding["name"]
    path = place / FILE_NAME
    (entry,) = read(str(path))
    assert entry.reason == "" and entry.verdict == "differs" and entry.operation == finding["name"]
    assert str(entry.tensorflow) == ">=2.15.1"
    assert has_a_reason(str(place), finding["name"]) == (False, "")
    text = (
        path.read_text().replace('reason = ""', 'reason = "why"').replace('address = ""', 'address = "where"')
    )
    path.write_text(text)
    assert has_a_reason(str(place), finding["name"]) == (True, "why")


def test_a_finding_runs_with_compat_run(tmp_path, compat_command):
    with pool(relu="off") as workers:
        (finding,) = run(campaign(tmp_path, workers), 3)
    result = compat_command("run", str(tmp_path / "fuzz" / "findings"), "--out", "runs/here")
    assert result.returncode in (0, 1), result.stderr
    assert finding["name"] in (tmp_path / "runs" / "here" / "run.json").read_text()


def test_a_known_difference_is_left_out_or_rediscovered(tmp_path):
    known = read(str(CHECKOUT / "cases" / FILE_NAME))
    with pool(leaky_relu="0.3") as workers:
        assert run(campaign(tmp_path / "left out", workers, ["leaky_relu"], known), 3) == []
        again = run(campaign(tmp_path / "taken away", workers, ["leaky_relu"], known, left_out=False), 3)
    assert Store(str(tmp_path / "left out" / "fuzz")).totals["explained"] > 0
    assert any("slope is 0.2 in tf.nn.leaky_relu" in reason for one in again for reason in one["known"])


def test_what_is_known_of_one_operation_excuses_no_other(tmp_path):
    known = read(str(CHECKOUT / "cases" / FILE_NAME))
    with pool(elu="off in keras2", leaky_relu="0.3") as workers:
        found = run(campaign(tmp_path, workers, ["elu", "leaky_relu"], known), 3)
    assert [finding["operation"] for finding in found] == ["elu"]


def test_a_version_that_refuses_is_found(tmp_path):
    with pool(softmax="refuses") as workers:
        found = run(campaign(tmp_path, workers, ["softmax", "relu"]), 3)
    assert [(one["operation"], one["word"]) for one in found] == [("softmax", "error")]


def test_a_worker_that_dies_is_replaced_and_the_crash_is_a_finding(tmp_path):
    with pool(tanh="dies") as workers:
        one = Campaign(Plan(("relu", "tanh"), seed=3, size=6), workers, Store(str(tmp_path / "fuzz")), ())
        found = run(one, 1)
        assert all(
            worker.process is None or worker.process.poll() is None for worker in workers.versions[1].workers
        )
    assert [(one["operation"], one["word"]) for one in found] == [("tanh", "crashed")]
    totals = Store(str(tmp_path / "fuzz")).totals
    assert totals["compared"] > 10


def test_what_each_step_does_rightly_is_right_as_a_whole(tmp_path):
    """cos(pi / 2) is 6e-17 and, rounded, may be negative: its root is no number then."""
    inputs = [written_out("i0", "float32", [0.0]), written_out("i1", "float32", [-1.0])]
    drawn = Drawn(
        inputs, [Step("atan2", ["i1", "i0"]), Step("cos", ["s0"]), Step("sqrt", ["s1"])], whole=True
    )
    with pool() as workers:
        one = campaign(tmp_path, workers)
        (cells,) = workers.run([drawn], DIALECTS)
        judged = judge(drawn, cells)
        assert {fault.cell[1] for fault in judged.faults} == {"tf1.session", "tf2.function"}
        assert one._in_steps(drawn, cells, judged) == []
        wrong = {
            cell: outcome._replace(outputs={"s2": (np.float32([7.0]), "float32")})
            for cell, outcome in cells.items()
        }
        assert one._in_steps(drawn, wrong, judge(drawn, wrong))


def test_a_denormal_number_that_a_reduction_reads():
    drawn = Drawn(
        [written_out("i0", "float32", [[1e-40, 0.0, 2.0]] * 2)],
        [Step("reduce_min", ["i0"], {"axis": -1, "keepdims": None})],
    )
    cells = {("tf2.6", "tf1.session"): Outcome("ok", {"s0": (np.float32([7.0, 7.0]), "float32")})}
    assert [fault.word for fault in judge(drawn, cells).faults] == ["differs"]
    assert list(_windows(drawn, 16)) == []


def test_a_denormal_number_within_a_graph_that_may_be_rewritten_is_not_judged():
    inputs = [written_out("i0", "float32", [7.0]), written_out("i1", "float32", [1e-40])]
    drawn = Drawn(inputs, [Step("divide_no_nan", ["i0", "i1"]), Step("tanh", ["s0"])], whole=True)
    judged = judge(drawn, {("tf2.6", "tf1.session"): Outcome("ok", {"s1": (np.float32([0.0]), "float32")})})
    assert (judged.faults, judged.unruled) == ([], 1)


def test_what_ended_three_processes_is_not_drawn_there_again(tmp_path):
    with pool(relu="dies") as workers:
        one = Campaign(Plan(("relu",), seed=3, size=4), workers, Store(str(tmp_path / "fuzz")), ())
        for number in range(2):
            one.one(number)
        asked = one._run(one.plan.batch(7), one._spared())
        assert one.store.totals["spared"] == len(one._spared()) == 4  # dialects of the newer version
    assert {cell[0] for cells in asked for cell in cells} == {"tf1.15"}
    assert {finding["word"] for finding in one.store.findings()} == {"crashed"}


def test_a_fault_beside_what_is_not_finite_is_cut_out_and_made_plain(tmp_path):
    numbers = np.linspace(0.1, 7, 60)
    numbers[41] = np.inf
    drawn = Drawn([written_out("i0", "float32", numbers.reshape(4, 15))], [Step("softsign", ["i0"])])
    with pool(softsign="one beside inf") as workers:
        one = campaign(tmp_path, workers)
        (cells,) = workers.run([drawn], DIALECTS)
        (found,) = [shown for shown in judge(drawn, cells).faults if shown.cell[1] == "tf2.eager"]
        small = shrink(workers, drawn, cells, found, one.unexplained)
    values = small.given[0].values
    assert len(values) <= 16 and values.count("inf") == 1
    assert all(value in (1.0, "inf") for value in values)


def test_a_worker_that_hangs_is_replaced(monkeypatch):
    monkeypatch.setattr("compat.fuzz.pool.WAITING", 1.0)
    monkeypatch.setattr("compat.fuzz.pool.A_SAMPLE", 0.0)
    samples = [
        Drawn([Given("i0", "float32", [2])], [Step(name, ["i0"])]) for name in ("relu", "tanh", "relu")
    ]
    with pool(tanh="hangs") as workers:
        found = workers.run(samples, ["tf2.eager"])
    words = [cells["tf2.15", "tf2.eager"].status for cells in found]
    assert words == ["ok", "timeout", "ok"]


# -- what is remembered


def test_a_torn_line_is_a_batch_that_was_under_way(tmp_path):
    with pool() as workers:
        run(campaign(tmp_path, workers), 2)
    (log,) = (tmp_path / "fuzz" / "tried").iterdir()
    whole = Store(str(tmp_path / "fuzz"))
    log.write_bytes(log.read_bytes()[:-40])
    torn = Store(str(tmp_path / "fuzz"))
    (name,) = torn.next
    assert (whole.next[name], torn.next[name]) == (2, 1)
    assert torn.digests < whole.digests


def test_stores_merge_by_copying(tmp_path):
    with pool(relu="off") as workers:
        run(campaign(tmp_path / "a", workers), 1)
        run(campaign(tmp_path / "b", workers), 2)
    merge(str(tmp_path / "both"), [str(tmp_path / "a" / "fuzz"), str(tmp_path / "b" / "fuzz")])
    both = Store(str(tmp_path / "both"))
    assert both.totals["samples"] == sum(
        Store(str(tmp_path / name / "fuzz")).totals["samples"] for name in "ab"
    )
    assert len(both.findings()) == 1


# -- the command


@pytest.fixture
def environments(tmp_path):
    """A folder as tox makes it, whose interpreters serve what the fake worker does."""

    def make(**faults):
        for name, number in (("tf1.15", "1.15.5"), ("tf2.15", "2.15.1")):
            own = faults if name == "tf2.15" else {}
            python_of = tmp_path / "environments" / name / "bin" / "python"
            python_of.parent.mkdir(parents=True)
            python_of.write_text(
                f"#!/bin/sh\nexec {sys.executable} {WORKER} {number} '{json.dumps(own)}' \"$3\"\n"
            )
            python_of.chmod(0o755)
        return str(tmp_path / "environments")

    return make


def test_the_command_tells_what_it_tried_and_found(tmp_path, compat_command, environments):
    folder = environments(relu="off")
    arguments = ("fuzz", "--environments", folder, "--operations", "relu", "tanh", "--batch", "12")
    result = compat_command(*arguments, "--graphs", "20")
    assert result.returncode == 1, result.stderr
    assert "new: fuzz_relu_differs_" in result.stdout and "1 findings wait for a reason" in result.stdout
    again = compat_command(*arguments, "--graphs", "20")
    assert "new:" not in again.stdout and again.returncode == 1
    nothing = compat_command(*arguments[:4], "tanh", "--graphs", "20", "--out", "out/other")
    assert nothing.returncode == 0 and "nothing new" in nothing.stdout


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("--operations", "nonsense"), "no operation 'nonsense'"),
        (("--versions", "tf0.1"), "no environment tf0.1"),
        (("--graphs", "0"), "--graphs 0: expected more than 0"),
        (("--known", "missing.toml"), "missing.toml: cannot be read"),
        (("--merge", "nowhere"), "nowhere: no store of a campaign"),
    ],
)
def test_wrong_input_is_told_in_one_line(compat_command, environments, arguments, said):
    result = compat_command("fuzz", "--environments", environments(), *arguments)
    assert result.returncode == 2 and said in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_kill_loses_the_batch_under_way_at_most(tmp_path, environments):
    folder = environments()
    arguments = [sys.executable, "-m", "compat.cli", "fuzz", "--environments", folder, "--batch", "8"]
    arguments += ["--operations", *SOME, "--out", "fuzz"]
    with subprocess.Popen(
        [*arguments, "--seconds", "600"],
        cwd=str(tmp_path),
        env=environment(FUZZ_SLOWLY="0.05"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 60
        while Store(str(tmp_path / "fuzz")).totals.get("samples", 0) < 40 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    before = Store(str(tmp_path / "fuzz"))
    assert before.totals["samples"] >= 40
    result = python(*arguments[1:], "--graphs", "20", cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    after = Store(str(tmp_path / "fuzz"))
    (name,) = after.next
    rows = [json.loads(line) for log in (tmp_path / "fuzz" / "tried").iterdir() for line in log.open("rb")]
    assert sorted(row["batch"] for row in rows) == list(range(after.next[name]))
    digests = [digest for row in rows for digest in row["digests"]]
    assert len(digests) == len(set(digests)) and after.totals["samples"] >= before.totals["samples"] + 20


# -- on a cluster


def slowly(share, number):
    """A batch that takes long enough for somebody to be killed in it."""
    time.sleep(0.2)
    return cluster.batch(share, number)


def test_a_cluster_whose_worker_is_killed_loses_nothing(tmp_path, environments):
    distributed = pytest.importorskip("distributed")
    share = cluster.Share(
        Plan(SOME, seed=9, size=8), environments(relu="off"), [], str(tmp_path / "fuzz"), []
    )
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        killed = []

        def kill_one():
            if not killed:
                killed.append(next(iter(local.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        store = Store(str(tmp_path / "fuzz"))
        cluster.run(share, local.scheduler_address, store, 600, 60, kill_one, slowly)
    merged = Store(str(tmp_path / "fuzz"))
    (name,) = merged.next
    logs = [log.read_bytes().splitlines() for log in (tmp_path / "fuzz" / "tried").iterdir()]
    assert killed and {json.loads(row)["batch"] for log in logs for row in log} == set(
        range(merged.next[name])
    )
    assert len(logs) >= 2
    assert [finding["operation"] for finding in merged.findings()] == ["relu"]


def test_without_a_scheduler_there_it_is_told(compat_command, environments):
    pytest.importorskip("distributed")
    result = compat_command("fuzz", "--environments", environments(), "--scheduler", "tcp://127.0.0.1:9")
    assert result.returncode == 2 and "no scheduler answers" in result.stderr


def test_hypothesis_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setattr(draws, "hypothesis", None)
    with pytest.raises(Exception, match="pip install 'compat"):
        draws.needed()


def test_environments_are_sorted_by_age(environments):
    assert [one.name for one in found_in(environments(), [])] == ["tf1.15", "tf2.15"]


def test_gamma_is_a_float32_where_that_is_another_power():
    """In the atlas of operations TensorFlow 2.21 was said to have other numbers for it: 2.2 is off by 8 u at 4e-5."""
    drawn = Drawn(
        [written_out("i0", "float32", [[[[4e-5]]]])],
        [Step("adjust_gamma", ["i0"], {"gamma": 2.2, "gain": None})],
    )
    x, gamma = np.float64(np.float32(4e-5)), np.float64(np.float32(2.2))
    for power, word in ((gamma, None), (2.2 - 2 * (gamma - 2.2), "differs")):
        cells = {
            ("tf2.21", "tf2.eager"): Outcome(
                "ok", {"s0": (np.float32([[[[x**power * (1 - 3 * 2.0**-24)]]]]), "float32")}
            )
        }
        faults = judge(drawn, cells).faults
        assert [fault.word for fault in faults] == ([word] if word else [])
