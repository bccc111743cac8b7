"""The judge judged: no false alarm, every fault beyond rounding caught, its cause named; and it can fail."""

import dataclasses
import os
import re

import numpy as np
import pytest

from compat import cli
from compat.commands import scorecard as command_scorecard
from compat.judge import compare as judging
from compat.judge.judging import Judged
from compat.records import Environment, Known, Output, Record, Verdict
from compat.scorecard import FAULTS, OPERATIONS, Scorecard, measure, score, stored
from compat.scorecard.operations import Computation
from compat.store import Run

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
    rows = re.findall(r"^\| (.*?) \| (\d+) \|", page, re.MULTILINE)
    kinds = [(kind.name, str(kind.faults)) for kind in card.kinds]
    assert rows == [(row.name, str(row.tried)) for row in card.rows] + kinds


def test_a_judge_that_allows_too_much_misses_faults(monkeypatch):
    lenient = lambda *arguments: dataclasses.replace(judging.compare(*arguments), word="agrees")
    monkeypatch.setattr(measure, "compare", lenient)
    found = score(OPERATIONS[:2], [fault for fault in FAULTS if fault.name == "kernel flipped"])
    assert not found.holds and found.rows[0].missed == ["conv2d same", "conv2d same stride 2"]


def test_a_wrong_implementation_is_a_false_alarm():
    right = OPERATIONS[0]
    wrong = Computation(
        "wrong",
        right.rule,
        lambda **given: right.implementation(**given) * np.float32(1.001),
        right.tensors,
        **right.settings,
    )
    found = score([wrong], FAULTS[:1])
    assert not found.holds and "wrong, as it is" in found.alarms[0]


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
    path = tmp_path / "pages" / "scorecard.md"
    page = ["--page", str(path)]
    assert cli.main(["scorecard", "--details", "--runs", "nothing-here", *page]) == status
    printed = capsys.readouterr()
    assert "| kernel flipped | 8 | 8 | 8 | 8 | 8 of 8 |" in printed.out
    assert f"{len(alarms)} false alarms" in printed.out and ("false alarm: conv2d" in printed.out) == bool(
        alarms
    )
    assert "misnamed: " in printed.out
    assert "82 of 82" in printed.err
    written = path.read_text(encoding="utf-8")
    assert f"Made by `compat scorecard --page {path}` on " in written.splitlines()[2]
    assert (
        "| kernel flipped | 8 | 8 | 8 | 8 | 8 of 8 |" in written and f"{len(alarms)} false alarms" in written
    )


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
