"""The public threads: what is written of each is complete, and the page answers them all.  Without a TensorFlow."""

import os
import re

import numpy as np
import pytest

from compat.case import files as case_files
from compat.errors import CompatError
from compat.records import Verdict
from compat.scorecard import threads

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "cases", "threads")
SAMPLES = case_files.select(case_files.find([FOLDER]), [])
FIXED = threads.read(os.path.join(FOLDER, threads.FILE_NAME))
BY_SAMPLE = {thread.sample: thread for thread in FIXED.threads}


def test_forty_threads_and_harmless_ones_among_them():
    assert len(BY_SAMPLE) == len(FIXED.threads) >= 40
    assert sum(thread.harmless for thread in FIXED.threads) >= 8
    assert len({thread.addresses[0] for thread in FIXED.threads}) >= 40


def test_every_thread_has_its_case_and_every_case_its_thread():
    assert set(BY_SAMPLE) == set(SAMPLES)


@pytest.mark.parametrize("sample", sorted(BY_SAMPLE))
def test_both_sides_are_spelled_and_said_where_it_was_asked(sample):
    thread, operation = BY_SAMPLE[sample], SAMPLES[sample].operation
    assert {thread.legacy, thread.port} <= set(operation.implementations)
    assert operation.doc and thread.title.endswith("?") and thread.addresses
    assert all(re.match(r"https://[^ ]+$", address) for address in thread.addresses)


@pytest.mark.parametrize("sample", [s for s, thread in sorted(BY_SAMPLE.items()) if thread.right])
def test_the_reference_is_what_was_fixed_beforehand(sample):
    values = [answer.value.ravel() for answer in SAMPLES[sample].refer().values()]
    np.testing.assert_allclose(np.concatenate(values), BY_SAMPLE[sample].right, rtol=2e-6, atol=1e-7)


def test_threads_are_no_traps_of_the_suite():
    assert all(threads.refereed(path) for path in (case.path for case in case_files.find([FOLDER])))
    assert not threads.refereed(os.path.join(ROOT, "cases", "traps", "conv2d_traps.py"))


def test_what_is_left_out_has_its_reason():
    assert FIXED.left_out
    assert all(re.match(r"https://[^ ]+$", one.address) and one.reason for one in FIXED.left_out)
    asked = {address for thread in FIXED.threads for address in thread.addresses}
    assert not asked & {one.address for one in FIXED.left_out}


def test_the_page_answers_every_thread():
    with open(os.path.join(ROOT, "docs", "threads.md"), encoding="utf-8") as file:
        page = file.read()
    for thread in FIXED.threads:
        assert f"### {thread.title}" in page and f"`{thread.sample}`" in page, thread.sample
        assert thread.edit in page and all(address in page for address in thread.addresses), thread.sample
    assert all(one.address in page and one.reason in page for one in FIXED.left_out)


ENTRY = """
[[thread]]
sample = "a[b]"
title = "Why?"
addresses = ["https://example.org"]
legacy = "tf1.session"
port = "keras2"
verdict = "differs"
right_side = "port"
right = [1, 2.5]
source = "by hand"
words = ["pad"]
cause = "it is padded"
edit = "do not"
"""


def written(tmp_path, text):
    path = tmp_path / threads.FILE_NAME
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Why?"\n', "", "thread 1 lacks title"),
        ('title = "Why?"\n', 'title = "Why?"\nwho = "me"\n', "thread 1 has unknown who"),
        ('title = "Why?"', "title = 1", "thread 1: title: expected a text"),
        ("[1, 2.5]", '["1"]', "thread 1: right: expected a list of numbers"),
        ('["pad"]', "[1]", "thread 1: words: expected a list of texts"),
        ('"keras2"', '"keras4"', "no dialect 'keras4'"),
        ('"differs"', '"unequal"', "verdict: expected differs or agrees"),
        ('"port"', '"mine"', "right_side: expected legacy, port, both"),
        ('["pad"]', "[]", "thread 1: words: those of the cause"),
        ("[[thread]]", "[thread]", "[[thread]] and [[left_out]] tables"),
        ("[[thread]]", "[[threads]]", "[[thread]] and [[left_out]] tables"),
        ("[[thread]]", "[[left_out]]\nreason = 'x'\n[[thread]]", "left_out 1 lacks address"),
        ("[[thread]]", "[[thread", "threads.toml: "),
    ],
)
def test_a_malformed_file_is_refused_in_a_line(tmp_path, old, new, words):
    assert threads.read(written(tmp_path, ENTRY)).threads[0].right == [1, 2.5]
    with pytest.raises(CompatError) as caught:
        threads.read(written(tmp_path, ENTRY.replace(old, new)))
    assert words in str(caught.value) and "\n" not in str(caught.value)


# -- what counts as right


def answer(word="differs", cause="cause: it is padded", right="port", **changed):
    thread = threads.Thread(
        "a[b]", "Why?", [], "tf1.session", "keras2", "differs", "port", [], "", ["pad"], "", ""
    )
    sides = {side: "agrees" if right in (side, "both") else "differs" for side in ("legacy", "port")}
    return threads.Answer(thread._replace(**changed), Verdict(word, ""), [cause], sides)


def harmless(word="agrees", right="both"):
    return answer(word, "", right, verdict="agrees", right_side="both", words=[])


def test_a_right_answer_has_verdict_side_and_cause():
    assert answer().right and answer().named and not answer().why
    assert harmless().right and not harmless().why and not harmless().flagged


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (answer(word="agrees"), "the verdict is agrees, expected differs"),
        (answer(word="suspicious"), "the verdict is suspicious, expected differs"),
        (answer(right="legacy"), "right by the reference is legacy, expected port"),
        (answer(right="neither"), "right by the reference is neither, expected port"),
        (answer(cause="cause: it is flipped"), "the first cause is it is flipped"),
        (answer(cause="as well possible: it is padded"), "the first cause is nothing"),
        (harmless("differs"), "the verdict is differs, expected agrees"),
        (harmless(right="legacy"), "right by the reference is legacy, expected both"),
        (threads.Answer(answer().thread, trouble="no TensorFlow"), "could not be judged: no TensorFlow"),
    ],
)
def test_what_fails_says_why(found, why):
    assert found.why == why
    found = threads.Answers("2.21.0", [found], [])
    assert threads.told(found)[1] == [f"a[b]: {why}"]


def test_the_referee_holds_with_38_verdicts_and_30_causes_of_40_and_no_alarm():
    right, unnamed, wrong = answer(), answer(cause=""), answer(word="agrees", cause="")
    hold = lambda *found: threads.Answers("", list(found), []).holds
    assert hold(*[right] * 30, *[unnamed] * 8, *[wrong] * 2)
    assert not hold(*[right] * 29, *[unnamed] * 9, *[wrong] * 2)
    assert not hold(*[right] * 37, *[wrong] * 3)
    assert hold(*[right] * 40, harmless())
    assert not hold(*[right] * 40, harmless("differs"))
