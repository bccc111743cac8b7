"""The rules of other projects are theirs, and the scoreboard counts what each of them makes of the same results."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from compat.cli import main
from compat.commands import scoreboard as command
from compat.scorecard import onnx_suite, scoreboard
from compat.scorecard.faults import FAULTS
from compat.scorecard.operations import OPERATIONS
from compat.scorecard.rules import RULES, accepted
from compat.scorecard.scoreboard import SIZES, Scoreboard, told_size
from compat.scorecard.trials import Trial, bucket, trials

BY_NAME = {rule.name.partition(",")[0].split(".")[0]: rule for rule in RULES}
ONE = np.ones((2, 3), np.float32)


def says(name, found, expected=ONE):
    return accepted(BY_NAME[name], np.asarray(found, np.float32), np.asarray(expected, np.float32))


def off_by(error, scale=1.0):
    return (np.float64(scale) * ONE + error).astype(np.float32)


def test_there_are_those_that_people_use():
    assert {*BY_NAME} >= {
        "numpy",
        "torch",
        "Polygraphy",
        "TensorFlow",
        "ONNX backend tests",
        "onnx2tf",
        "Keras",
    }
    assert {*BY_NAME} >= {"Hugging Face", "PaDiff", "msProbe", "Torch-TensorRT", "Core ML Stable Diffusion"}
    assert all(
        re.match("https://github.com/[^/]+/[^/]+/blob/", rule.address) and rule.limit for rule in RULES
    )


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_every_rule_takes_the_same_bits_and_refuses_another_sign(name):
    x = np.random.RandomState(1).randn(4, 5).astype(np.float32)
    assert says(name, x, x)
    assert not says(name, -x, x)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("numpy", off_by(0), off_by(2e-7)),
        ("TensorFlow", off_by(1.9e-6), off_by(2.2e-6)),
        ("torch", off_by(1.1e-5), off_by(1.2e-5)),
        ("tf2onnx", off_by(0.99e-5), off_by(1.1e-5)),
        ("Hugging Face", off_by(4.9e-5), off_by(5.1e-5)),
        ("onnx2tf", off_by(0.99e-4), off_by(1.1e-4)),
        ("ONNX backend tests", off_by(0.99e-3), off_by(1.1e-3)),
        ("Keras", off_by(0.99e-3), off_by(1.1e-3)),
    ],
)
def test_each_has_its_own_limit(name, right, wrong):
    assert says(name, right) and not says(name, wrong)


def test_which_side_scales_a_relative_tolerance():
    small, large = np.float32([1.0]), np.float32([1.0010005])
    assert says("ONNX backend tests", small, large) and not says("ONNX backend tests", large, small)


def test_polygraphy_refuses_what_breaks_both_tolerances():
    assert says(
        "Polygraphy", off_by(5, 1e6), off_by(0, 1e6)
    )  # by more than 1e-5, and less than a part of 1e-5
    assert says("Polygraphy", off_by(0.5e-5, 1e-9), off_by(0, 1e-9))
    assert not says("Polygraphy", off_by(1.2e-5))
    assert says("numpy", [np.nan], [np.nan]) and not says("Polygraphy", [np.nan], [np.nan])


def test_what_a_rule_does_not_look_at():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    square = np.arange(9, dtype=np.float32).reshape(3, 3)
    assert says("onnx2tf", square.T, square)  # some order of the axes fits
    assert says("onnx2tf", 2 * x[0], x[0])  # a vector is skipped
    assert says("PaDiff", x[:, ::-1], x)  # the mean is the same
    assert says("Torch-TensorRT", 3 * x, x)  # so is the direction
    holes = np.where(x == 2, np.float32(np.nan), x)
    for name in ("Hugging Face", "Core ML Stable Diffusion", "onnx2tf"):
        assert says(name, holes, x)
    for name in ("numpy", "torch", "TensorFlow", "Polygraphy", "ONNX backend tests", "Keras"):
        assert not says(name, holes, x)


def test_another_shape_is_refused_and_so_is_what_raises():
    for name in (
        "numpy",
        "torch",
        "TensorFlow",
        "Polygraphy",
        "ONNX backend tests",
        "msProbe",
        "Torch-TensorRT",
    ):
        assert not says(name, ONE[:1], ONE)
    assert not says("Hugging Face", np.ones((4, 3)), ONE)


FLOATS = arrays_of.arrays(
    np.float32, (3,), elements=st.floats(-2, 2, width=32) | st.just(np.nan) | st.just(np.inf)
)


@given(FLOATS, FLOATS, st.booleans())
def test_numpys_rule_is_numpys(found, expected, near):
    found = expected + np.float32(1e-7) * found if near else found
    try:
        np.testing.assert_allclose(found, expected)
        right = True
    except AssertionError:
        right = False
    assert says("numpy", found, expected) == right


def test_sizes():
    assert [bucket(size, SIZES) for size in (0.0, 1e-6, 2e-6, 0.5, 30.0, float("inf"))] == [0, 0, 1, 5, 5, 6]
    assert [told_size(n) for n in (0, 5, 6)] == ["up to 1e-06", "more than 0.01", "another shape, NaN"]


@pytest.fixture(scope="module")
def few():
    operations = [one for one in OPERATIONS if one.name in ("dense", "softmax")]
    faults = [one for one in FAULTS if one.name in ("kernel transposed", "bias forgotten", "one pixel NaN")]
    faults += [one for one in FAULTS if one.name == "images through float16"]
    return scoreboard.scoreboard(operations, faults)


def test_the_board_counts_what_each_makes_of_the_same_results(few):
    by_name = {line.name: line for line in few.lines}
    numpy, compat = by_name["numpy.testing.assert_allclose"], by_name["compat, by a reference"]
    assert sum(few.faults) > 10 and few.harmless > 20 and few.holds
    assert numpy.alarms > 0 and compat.alarms == 0
    assert compat.all_caught == sum(few.faults) and not compat.wrong
    assert by_name["Torch-TensorRT, cosine"].all_caught < sum(few.faults)
    assert all(caught <= of for line in few.lines for caught, of in zip(line.caught, few.faults))


def test_a_judge_that_says_yes_to_all_is_seen_to(few):
    lazy = Scoreboard(ways=["reference"])
    (operation,) = (one for one in OPERATIONS if one.name == "dense")
    for trial in trials(operation, [fault for fault in FAULTS if fault.name.startswith("bias")]):
        lazy.add(trial._replace(accepted={"reference": True}))
    line = lazy.lines[0]
    assert line.all_caught == 0 and line.wrong and all(words.startswith("missed: ") for words in line.wrong)
    jumpy = Scoreboard(ways=["reference"])
    jumpy.add(Trial("a sum", ONE, ONE, None, {"reference": False}))
    assert not jumpy.holds and jumpy.lines[0].wrong == ["false alarm: a sum"]


def test_the_page_names_every_rule_with_its_source_and_what_compat_misses(few):
    few.lines[0].wrong.append("missed: something")
    text = command.page(few, ["no ONNX"], None, "docs/scoreboard.md")
    few.lines[0].wrong.pop()
    assert all(f"[{rule.name}]({rule.address})" in text for rule in RULES)
    assert "- missed: something" in text and "no ONNX" in text
    assert "| 100 % |" in text


def test_the_command(monkeypatch, capsys, tmp_path, few):
    monkeypatch.setattr(command, "scoreboard", lambda progress: few)
    monkeypatch.setattr(command.onnx_suite, "missing", lambda: "onnx is not installed")
    assert main(["scoreboard", "--page", str(tmp_path / "board.md"), "--details"]) == 0
    said = capsys.readouterr().out
    assert "compat, by a reference" in said and "onnx is not installed" in said and "false alarm: " in said
    assert "numpy.testing.assert_allclose" in (tmp_path / "board.md").read_text()
    assert main(["scoreboard", "--page", str(tmp_path)]) == 2
    assert "expected a file" in capsys.readouterr().err


@pytest.mark.skipif(onnx_suite.missing() is not None, reason=str(onnx_suite.missing()))
def test_onnx_runtime_against_onnx_itself(monkeypatch):
    from onnx.backend.test.case import node

    cases = [
        one for one in node.collect_testcases(None) if one.name in ("test_gelu_tanh_1", "test_matmul_2d")
    ]
    monkeypatch.setattr(node, "collect_testcases", lambda _: cases)
    board = scoreboard.of_onnx()
    (compat, *others) = board.lines
    assert board.harmless == 2 and board.holds and sum(board.faults) >= 8
    assert compat.name == "compat, by measurement alone" and compat.all_caught >= sum(board.faults) - 2
    assert len(others) == len(RULES)
