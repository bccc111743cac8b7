"""The public threads judged in a TensorFlow: verdicts and causes as promised, and the referee can fail."""

import math
import os

import pytest

from compat.records import Verdict
from compat.scorecard import threads

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cases", "threads")
MISSING = threads.missing(FOLDER)
pytestmark = [
    pytest.mark.skipif(MISSING is not None, reason=str(MISSING)),
    pytest.mark.xdist_group("threads"),
]


@pytest.fixture(scope="module")
def found():
    return threads.referee(FOLDER)


def test_38_of_40_verdicts_are_right(found):
    assert len(found.answers) >= 40
    assert found.right >= math.ceil(38 / 40 * len(found.answers)), threads.told(found)


def test_30_of_40_first_causes_are_right(found):
    assert found.named_first >= math.ceil(30 / 40 * len(found.differing)), threads.told(found)


def test_no_harmless_one_is_flagged(found):
    assert len(found.harmless) >= 8
    assert [answer.thread.sample for answer in found.alarms] == []
    assert found.holds


SOME = ("thread_resize_grid", "thread_lrn_alpha", "thread_matmul_numpy", "thread_momentum_constant")


def of_some(thread):
    return thread.sample.startswith(SOME)


def test_a_judge_that_lets_everything_pass_is_found_out(monkeypatch):
    monkeypatch.setattr(threads, "judge_port", lambda *_: Verdict("agrees", ""))
    found = threads.referee(FOLDER, of_some)
    assert (found.right, found.named_first, found.alarms) == (2, 0, [])
    assert not found.holds


def test_a_judge_that_flags_everything_is_found_out(monkeypatch):
    monkeypatch.setattr(threads, "judge_port", lambda *_: Verdict("differs", ""))
    found = threads.referee(FOLDER, of_some)
    assert len(found.alarms) == 2 and not found.holds


def test_an_expectation_that_is_wrong_is_found_out(monkeypatch):
    """Of the same results: another verdict, another side, another cause."""
    read = threads.read

    def broken(path):
        changes = [{"verdict": "agrees", "words": []}, {"right_side": "legacy"}, {"words": ["flipped"]}]
        first = next(thread for thread in read(path).threads if of_some(thread))
        return threads.Threads([first, *[first._replace(**change) for change in changes]], [])

    monkeypatch.setattr(threads, "read", broken)
    found = threads.referee(FOLDER)
    assert [bool(answer.why) for answer in found.answers] == [False, True, True, True]


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("thread_lstm_gate[one-step]", "sigmoid is taken, expected hard_sigmoid of slope 0.2"),
        ("thread_gru_reset[two-steps]", "the state is reset after the product, expected before it"),
        ("thread_cell_gates[two-steps]", "the parts of one split come in another order"),
        ("thread_moving_variance[four]", "the variance takes sum / (n - 1), expected sum / n"),
        ("thread_clipped_crossentropy[two-rows]", "the probabilities are clipped to 1e-07"),
        ("thread_smoothing_axis[1x2x3]", "takes 2 where the legacy graph"),
    ],
)
def test_what_the_threads_taught_the_explainer(found, sample, words):
    (answer,) = [answer for answer in found.answers if answer.thread.sample == sample]
    assert words in answer.first
