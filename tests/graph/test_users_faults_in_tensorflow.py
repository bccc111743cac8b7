"""The faults that users make when they port, in a real TensorFlow: caught, named, and nothing harmless flagged."""

import dataclasses

import pytest

from compat.scorecard import users
from compat.scorecard.ports import KINDS, RESPELLINGS, kinds

pytestmark = [
    pytest.mark.skipif(bool(users.missing()), reason="needs TensorFlow"),
    pytest.mark.xdist_group("users"),  # what they share takes minutes
]


@pytest.fixture(scope="module")
def found():
    """One variant of every kind; the scorecard judges them all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, "VARIANTS", kinds.VARIANTS[:1])
        return users.users()


def test_everything_can_be_spelled_here(found):
    assert found.skipped == []
    assert found.total("tried") == len(KINDS) and found.harmless == len(KINDS) + len(RESPELLINGS)


def test_every_fault_beyond_rounding_is_caught(found):
    assert [words for row in found.rows for words in row.missed] == []
    assert found.total("caught_beyond") == found.total("beyond") >= 0.9 * len(KINDS)


def test_no_right_port_and_no_respelling_is_flagged(found):
    assert found.alarms == []


def test_the_right_cause_comes_first_in_nine_of_ten(found):
    assert found.named_first >= 0.9, [words for row in found.rows for words in row.misnamed]


def test_a_judge_that_lets_everything_pass_is_found_out(monkeypatch):
    judge = users.judge_port
    monkeypatch.setattr(users, "judge_port", lambda *of: dataclasses.replace(judge(*of), word="agrees"))
    kind = next(kind for kind in KINDS if kind.name == "1/sqrt(d) left out")
    found = users.users([kind], [])
    assert not found.holds and len(found.rows[0].missed) == found.rows[0].beyond
