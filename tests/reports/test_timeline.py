"""Since when a dialect has its bits and its verdict."""

import pytest
from making import KNOWN, Made, Maker, response

from compat_reports.timeline import timeline

VERSIONS = ("1.13.2", "1.15.5", "2.4.1", "2.9.3", "2.11.1")


def courses(folder, dialects, versions=VERSIONS, **settings):
    """``dialects``: a course by name, each a list of (bits, word, known, share) or None."""
    judged = []
    for place, version in enumerate(versions):
        maker = Maker(folder, "tf" + version.rpartition(".")[0], version, **settings)
        for dialect, course in dialects.items():
            if course[place] is not None:
                bits, word, known, share = course[place]
                maker.row(
                    "op[s]", dialect, word, None if bits is None else response(bits), "", known, share=share
                )
        judged.append(maker.save())
    made = Made(judged)
    return {c.dialects: c for c in timeline(made.rows[0], made.environments)}


def cell(bits, word="agrees", known=None, share=0.1):
    return bits, word, known, share


@pytest.mark.parametrize(
    "course, sentence",
    [
        ([cell(0)] * 5, "the same bits throughout; agrees throughout"),
        ([cell(0)] * 3 + [cell(1)] * 2, "bits changed in 2.9 (A → B); agrees throughout"),
        (
            [cell(0), cell(1), cell(0), cell(0), cell(1)],
            "bits changed in 1.15 (A → B), 2.4 (B → A) and 2.11 (A → B); agrees throughout",
        ),
        (
            [cell(0)] * 2 + [cell(1, "differs", KNOWN)] * 3,
            "bits changed in 2.4 (A → B); agrees up to 1.15, differs, known since 2.4",
        ),
        (
            [cell(None, "unsupported")] * 2 + [cell(0), cell(0), cell(None, "error")],
            "the same bits throughout; cannot be spelled up to 1.15, agrees in 2.4 – 2.9, error since 2.11",
        ),
        ([None, cell(0), None, cell(0, "identical"), None], "the same bits throughout; agrees throughout"),
        ([None, None, cell(0), None, None], "agrees throughout"),
    ],
)
def test_in_words(tmp_path, course, sentence):
    # another dialect has the most of both bits, so that their letters are known
    dialects = {"tf1.session": [cell(0), cell(0), None, None, None], "numpy": course}
    found = courses(tmp_path, dialects)
    assert next(c.sentence for names, c in found.items() if "numpy" in names) == sentence


def test_dialects_of_one_course_stand_together_and_those_without_result_nowhere(tmp_path):
    same = [cell(0)] * 5
    dialects = {
        "numpy": same,
        "scipy": same,
        "keras3": [cell(None, "unsupported")] * 5,
        "keras2": [*same[:4], cell(1)],
    }
    assert set(courses(tmp_path, dialects)) == {("numpy", "scipy"), ("keras2",)}


def test_a_version_that_is_set_up_otherwise_is_held_against_its_own(tmp_path):
    judged = []
    for name, version, bits in (
        ("tf2.9", "2.9.3", 0),
        ("tf2.11", "2.11.1", 1),
        ("tf2.11-onednn", "2.11.1", 2),
    ):
        judged.append(Maker(tmp_path, name, version).row("op[s]", "numpy", "agrees", response(bits)).save())
    made = Made(judged)
    (found,) = timeline(made.rows[0], made.environments)
    assert found.sentence == "bits changed in 2.11 (A → B); others in 2.11-onednn; agrees throughout"
    assert (found.first, found.last) == ("2.9", "2.11")


def test_of_one_version_there_is_no_course(tmp_path):
    assert courses(tmp_path, {"numpy": [cell(0)]}, VERSIONS[:1]) == {}


def test_shares_are_drawn_and_a_cross_is_beyond_the_allowance(tmp_path):
    course = [
        cell(0, share=0.001),
        cell(0, share=0.5),
        cell(0, share=0),
        cell(1, "differs", share=3e5),
        cell(0),
    ]
    (found,) = courses(tmp_path, {"numpy": course}).values()
    assert found.plot.count("l6 6m0-6l-6 6") == 1 and found.plot.count("h0") == 4
    assert 'aria-label="share of the allowance: 0 % to 3e5 times"' in found.plot
