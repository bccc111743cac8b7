"""The judge judged: no false alarm, every fault beyond rounding caught, its cause named; and it can fail."""

import dataclasses
import os
import re

import numpy as np
import pytest

from compat import cli
from compat.commands import scorecard as command_scorecard
from compat.judge import compare as judging
from compat.judge import graphs as judge_graphs
from compat.judge.judging import Judged
from compat.records import Environment, Known, Output, Record, Verdict
from compat.scorecard import FAULTS, OPERATIONS, Scorecard, graphs, measure, score, stored, traps, users
from compat.scorecard.operations import Computation
from compat.scorecard.ports import KINDS, RESPELLINGS, Kind, Port, Respelling
from compat.store import Run

#: The card takes minutes: tests that share it run in one worker (pytest -n 2 --dist loadgroup).
pytestmark = pytest.mark.xdist_group("scorecard")
PAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs", "scorecard.md")


@pytest.fixture(scope="module")
def card():
    return score()


def test_sixty_kinds_on_twenty_operations():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 60
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS) >= 20


def test_every_kind_meets_an_operation(card):
    assert [row.name for row in card.rows if not row.tried] == []


def test_no_false_alarm(card):
    assert card.alarms == []
    assert card.variations >= 100


def test_every_fault_beyond_rounding_is_caught(card):
    assert {row.name: row.missed for row in card.rows if row.missed} == {}
    assert card.total("caught") == card.total("larger") > 900


def test_the_measured_allowance_holds_where_there_are_bounds_to_compare_it_with(card):
    """Without the references: every fault beyond rounding is caught, and no harmless variation flagged."""
    assert card.measured_alarms == []
    assert card.total("measured") == card.total("larger")


def test_a_legacy_graph_holds_where_there_are_bounds_to_compare_it_with(card):
    """As a port's, by the graph alone: all caught, no harmless variation flagged, the cause named in nine of ten."""
    assert {row.name: row.missed_by_graph for row in card.rows if row.missed_by_graph} == {}
    assert card.total("by_graph") == card.total("larger")
    assert card.graph_alarms == []
    assert card.named_first_by_graph >= 0.9, [r.misnamed_by_graph for r in card.rows if r.misnamed_by_graph]


def test_the_right_cause_comes_first_in_nine_of_ten(card):
    assert card.named_first >= 0.9, [row.misnamed for row in card.rows if row.misnamed]
    nameable = [row for row in card.rows if row.nameable]
    assert sum(row.first for row in nameable) >= 0.9 * sum(
        row.caught + row.caught_smaller for row in nameable
    )


def test_the_page_has_these_numbers(card):
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    (totals,) = re.findall(
        r"([\d,]+) faults on operations: ([\d,]+) of ([\d,]+) beyond rounding caught.* first for (.*?);", page
    )
    numbers = [f"{card.total(field):,}" for field in ("tried", "caught", "larger")]
    assert totals == (*numbers, f"{card.named_first:.1%}"), "compat scorecard --page docs/scorecard.md"
    by_graph = re.findall(r"By the graph, as a port's: ([\d,]+) of .* first for (.*?)\.$", page, re.MULTILINE)
    assert by_graph == [(f"{card.total('by_graph'):,}", f"{card.named_first_by_graph:.1%}")]
    rows = re.findall(r"^\| (.*?) \| (\d+) \|", page, re.MULTILINE)
    measured = [(kind.name, str(kind.faults)) for kind in card.kinds]
    of_users = [(kind.name, str(len(kind.ports()))) for kind in KINDS]
    assert rows == [(row.name, str(row.tried)) for row in card.rows] + measured + of_users


def test_a_judge_that_allows_too_much_misses_faults(monkeypatch):
    lenient = lambda *arguments: dataclasses.replace(judging.compare(*arguments), word="agrees")
    monkeypatch.setattr(measure, "compare", lenient)
    found = score(OPERATIONS[:2], [fault for fault in FAULTS if fault.name == "kernel flipped"])
    assert not found.holds and found.rows[0].missed == ["conv2d same", "conv2d same stride 2"]


def test_a_wrong_implementation_is_a_false_alarm():
    right = OPERATIONS[0]
    wrong = Computation(
        "conv2d wrong",
        right.rule,
        lambda **given: right.implementation(**given) * np.float32(1.001),
        right.tensors,
        **right.settings,
    )
    found = score([wrong], FAULTS[:1])
    assert (
        not found.holds
        and "wrong, as it is" in found.alarms[0]
        and "wrong, as it is" in found.graph_alarms[0]
    )


def test_a_judge_of_graphs_that_allows_too_much_misses_faults(monkeypatch):
    lenient = lambda *arguments: dataclasses.replace(judging.compare(*arguments), word="agrees")
    monkeypatch.setattr(judge_graphs, "compare", lenient)
    found = score(OPERATIONS[:2], [fault for fault in FAULTS if fault.name == "kernel flipped"])
    assert not found.holds and found.rows[0].missed == []
    assert found.rows[0].missed_by_graph == ["conv2d same", "conv2d same stride 2"]


def test_a_graph_with_another_attribute_raises_alarms(monkeypatch):
    windows = graphs._windows
    monkeypatch.setattr(graphs, "_windows", lambda strides, padding, dilations=1: windows(strides, "VALID"))
    found = score(OPERATIONS[:1], FAULTS[:1])
    assert not found.holds and not found.alarms and len(found.graph_alarms) == found.variations


@pytest.mark.parametrize("computation", OPERATIONS, ids=str)
def test_the_graph_of_an_operation_bounds_every_node_and_agrees_with_the_reference(computation):
    place = graphs.judged(
        graphs.legacy_graph(computation, computation.arguments),
        np.asarray(computation.implementation(**computation.arguments)),
        "float32",
    )
    assert not place.wrong and set(place.followed.hows.values()) <= {"bounded", "taken"}
    reference = computation.rule(**computation.arguments)
    np.testing.assert_allclose(place.followed.reference().value, reference.value, rtol=1e-6, atol=1e-7)


def test_forty_kinds_of_users_that_are_not_in_the_table_and_forty_respellings():
    names, known = [kind.name for kind in KINDS], {fault.name for fault in FAULTS}
    assert len(set(names)) == len(names) >= 40 and not known & set(names)
    assert all(kind.words for kind in KINDS)
    assert len({one.name for one in RESPELLINGS}) == len(RESPELLINGS) >= 40


def test_the_ports_of_a_kind_are_the_same_each_time_and_no_two_alike():
    for kind in KINDS:
        first, again = kind.ports(), kind.ports()
        for one, other in zip(first, again):
            assert list(one.inputs) == list(other.inputs)
            assert all(np.array_equal(one.inputs[name], other.inputs[name]) for name in one.inputs)
        name = next(iter(first[0].inputs))
        assert not np.array_equal(first[0].inputs[name], first[1].inputs[name])


class FakeLegacy:
    """Judged without a TensorFlow: ``port.inputs`` says what comes of it."""

    def __init__(self, port):
        self.says = port.inputs

    def judged(self, wrong=False):
        word, moved, cause = self.says["wrong" if wrong else "right"]
        return users.Judged(Verdict(word, "off"), moved, [f"cause: {cause}"] if cause else [])


def _of_users(monkeypatch, right=("agrees", 1, ""), wrong=("differs", 1e6, "the axis is 1")):
    monkeypatch.setattr(users, "Legacy", FakeLegacy)
    port = Port(None, None, {"right": right, "wrong": wrong})
    kind = Kind("a kind", ("axis",), lambda draw: port)
    return users.users([kind], [Respelling("a respelling", port)])


def test_what_users_do_is_counted(monkeypatch):
    found = _of_users(monkeypatch)
    (row,) = found.rows
    tried = len(KINDS[0].ports())
    assert (row.tried, row.beyond, row.caught, row.caught_beyond, row.first) == (tried,) * 5
    assert found.holds and found.harmless == tried + 1
    lines = list(command_scorecard.told_of_users(found))
    assert f"| a kind | {tried} | {tried} | {tried} | {tried} of {tried} |" in lines


@pytest.mark.parametrize(
    "told",
    [
        {"right": ("differs", 1, "")},
        {"wrong": ("agrees", 1e6, "")},
        {"wrong": ("differs", 1e6, "the stride is 2")},
        {"wrong": ("differs", 1e6, "")},
    ],
)
def test_what_users_do_holds_only_if_caught_named_and_without_alarms(monkeypatch, told):
    assert not _of_users(monkeypatch, **told).holds


def test_a_fault_within_rounding_may_be_missed(monkeypatch):
    found = _of_users(monkeypatch, wrong=("agrees", 3, ""))
    assert found.rows[0].missed == [] and found.total("beyond") == 0


def _of_traps(*ports):
    """Traps of (trap, word, first cause) each."""
    return traps.Traps(
        "2.21.0",
        [
            traps.Port("conv[a]", "tf1.session", f"dialect {n}", trap, Verdict(word, "off"), [cause], ["pad"])
            for n, (trap, word, cause) in enumerate(ports)
        ],
        ["conv[a] numpy: draws other numbers"],
    )


NAMED = (True, "differs", "cause: pad by hand")


def test_the_traps_of_the_suite_are_counted():
    found = _of_traps(NAMED, NAMED, (False, "agrees", ""))
    assert (found.caught, found.named_first, found.missed, found.alarms, found.misnamed) == (
        2,
        1.0,
        [],
        [],
        [],
    )
    assert found.holds
    (line,) = command_scorecard.told_of_traps(found)
    assert "2 of 2 caught" in line and "first for 100.0%" in line and "0 false alarms in 1 right" in line


@pytest.mark.parametrize(
    "port",
    [
        (True, "agrees", ""),
        (True, "differs", "cause: another stride"),
        (True, "differs", "as well possible: pad by hand"),
        (False, "differs", "cause: pad by hand"),
    ],
)
def test_the_traps_hold_only_if_caught_named_and_without_alarms(port):
    assert not _of_traps(NAMED, port).holds


def test_without_the_cases_the_row_of_traps_is_left_out(tmp_path):
    missing = traps.missing(str(tmp_path / "cases"))
    assert missing and missing in next(command_scorecard.told_of_traps(None, missing))


def test_an_explainer_that_says_nothing_names_nothing(monkeypatch):
    monkeypatch.setattr(measure, "explain", lambda target, seconds: [])
    found = score(OPERATIONS[:3], [fault for fault in FAULTS if fault.name == "kernel flipped"])
    assert found.named_first == 0 and not found.holds
    assert found.rows[0].misnamed[0].endswith(": nothing")


@pytest.mark.parametrize("alarms, status", [([], 0), (["conv2d same, pairwise: off"], 1)])
def test_the_command_prints_the_table_and_says_whether_it_holds(
    card, alarms, status, monkeypatch, capsys, tmp_path
):
    """On the numbers above: CI runs the command itself."""
    found = Scorecard(card.rows, alarms, [], card.variations)
    monkeypatch.setattr(command_scorecard, "score", lambda progress: progress(82, 82) or found)
    monkeypatch.setattr(users, "missing", lambda: "TensorFlow is not installed")
    monkeypatch.setattr(traps, "missing", lambda folder: f"{folder} is no folder")
    path = tmp_path / "pages" / "scorecard.md"
    page = ["--page", str(path)]
    assert cli.main(["scorecard", "--details", "--runs", "nothing-here", *page]) == status
    printed = capsys.readouterr()
    assert "| kernel flipped | 8 | 8 | 8 | 8 | 8 | 8 of 8 | 8 of 8 |" in printed.out
    assert f"{len(alarms)} false alarms" in printed.out and ("false alarm: conv2d" in printed.out) == bool(
        alarms
    )
    assert "misnamed: " in printed.out
    assert "82 of 82" in printed.err
    written = path.read_text(encoding="utf-8")
    assert f"Made by `compat scorecard --page {path}` on " in written.splitlines()[2]
    assert "| kernel flipped | 8 | 8 | 8 | 8 | 8 | 8 of 8 | 8 of 8 |" in written
    assert f"{len(alarms)} false alarms" in written
    for text in (printed.out, written):
        assert "are judged in a TensorFlow: TensorFlow is not installed." in text
        assert "are judged as ports in a TensorFlow, beside its cases: cases is no folder." in text


def test_a_page_that_cannot_be_written_is_told_before_anything_is_computed(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command_scorecard, "score", None)
    for path in (tmp_path, tmp_path / "file" / "page.md"):
        (tmp_path / "file").write_text("", encoding="utf-8")
        assert cli.main(["scorecard", "--page", str(path)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def _run(tmp_path, name, threads=1, onednn="0", **rows):
    settings = {"TF_ENABLE_ONEDNN_OPTS": onednn}
    environment = Environment(name, versions={"tensorflow": "2.21.0"}, settings=settings, threads=threads)
    found = Judged(Run(str(tmp_path / name), environment))
    for sample, (word, digest, known) in rows.items():
        record = Record("ok", "case", outputs={"y": Output(digest, "float32", [])})
        found.run.add(f"{sample}[a]", "numpy", record)
        verdict = Verdict(word, "off", known=Known("a trap", "") if known else None)
        found.verdicts[f"{sample}[a]"] = {"numpy": verdict}
    return found


def test_stored_runs_are_harmless_variations_too(tmp_path):
    runs = [
        _run(
            tmp_path, "tf2.21", x=("agrees", "1", False), y=("identical", "2", False), z=("error", "", True)
        ),
        _run(tmp_path, "tf2.21-onednn", onednn="1", x=("agrees", "3", False), y=("differs", "4", True)),
        _run(tmp_path, "tf2.21-threads2", threads=2, x=("suspicious", "1", False)),
    ]
    found = stored(runs)
    assert found[:5] == (1, 1, 1, 4, 3)
    assert found.flagged == ["tf2.21-threads2 x[a] numpy: off"]
    assert "4 results that are right, 3 of them distinct; 1 flagged." in str(found)
