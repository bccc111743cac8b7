"""The suite's traps as ports, in a real TensorFlow: caught, named, nothing right flagged; and it can fail."""

import dataclasses
import os

import pytest

from compat.scorecard import traps

CASES = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "cases")
pytestmark = [
    pytest.mark.skipif(bool(traps.missing(CASES)), reason="needs TensorFlow"),
    pytest.mark.xdist_group("traps"),  # what they share takes minutes
]

#: Quick ones; the scorecard judges them all.
OPERATIONS = (
    "conv2d_padded_evenly",
    "conv2d_padding_ignored",
    "convolve_unflipped",
    "hard_sigmoid",
    "leaky_relu",
    "lrn_caffe",
    "pool_padding_ignored",
    "reduce_max",
    "resize_default",
    "weighted_mse_default",
)


def judged(*operations):
    return traps.traps(CASES, lambda sample: sample.operation.name in operations)


@pytest.fixture(scope="module")
def found():
    return judged(*OPERATIONS)


def test_every_trap_is_caught(found):
    assert len(found.samples) >= 10 and len(found.traps) >= 15
    assert found.missed == []


def test_no_right_dialect_is_flagged(found):
    assert found.alarms == [] and len(found.harmless) >= 10


def test_the_right_cause_comes_first_in_nine_of_ten(found):
    assert found.named_first >= 0.9, found.misnamed


def test_a_judge_that_lets_everything_pass_is_found_out(monkeypatch):
    judge = traps.judge_port
    monkeypatch.setattr(traps, "judge_port", lambda *of: dataclasses.replace(judge(*of), word="agrees"))
    found = judged("lrn_caffe")
    assert not found.holds and len(found.missed) == len(found.traps) > 0


def test_an_explainer_that_says_nothing_is_found_out(monkeypatch):
    monkeypatch.setattr(traps, "causes_of_places", lambda *of: iter(["nothing fits"]))
    found = judged("lrn_caffe")
    assert not found.holds and len(found.misnamed) == len(found.traps) > 0


def test_a_judge_that_flags_everything_is_found_out(monkeypatch):
    judge = traps.judge_port
    monkeypatch.setattr(traps, "judge_port", lambda *of: dataclasses.replace(judge(*of), word="differs"))
    found = judged("hard_sigmoid")
    assert not found.holds and len(found.alarms) == len(found.harmless) > 0
