"""What samples do from one version to another, and what known differences come to over all of them."""

import pytest
from making import Made, Maker, response

from compat.records import Known
from compat_reports import differences, steps, wording

KNOWN = Known("another default", "https://example.org/default", "write it")
OTHER = Known("another reason", "https://example.org/other")


def judged(folder, samples):
    """Runs of four versions.  ``samples``: cells by name and dialect: (verdict, change of the bits, known) or None."""
    versions = ("1.14", "1.15", "2.4", "2.21")
    found = []
    for place, version in enumerate(versions):
        maker = Maker(folder / "runs", f"tf{version}", f"{version}.0")
        for name, cells in samples.items():
            maker.sample(f"conv[{name}]")
            for dialect, strip in cells.items():
                if strip[place] is not None:
                    word, change, known = (*strip[place], None, None)[:3]
                    outputs = None if word == "unsupported" else response(change)
                    message = "it is gone" if word == "unsupported" else ""
                    maker.row(f"conv[{name}]", dialect.replace("_", "."), word, outputs, message, known)
        found.append(maker.save())
    return found


def runs(folder, **cells):
    return Made(judged(folder, {"a": cells}))


A, B = ("agrees", 0), ("agrees", 1e-5)
D, E = ("differs", 5, KNOWN), ("differs", 6, OTHER)
LOUD, GONE = ("differs", 7), ("unsupported", 0)


#: What the sample does from 1.15 to 2.21.
SAMPLES = {
    "the same bits": ({"tf1_session": [A, A, A, A]}, "same"),
    "rounding": ({"tf1_session": [A, A, B, B]}, "same"),
    "another known difference": ({"tf1_session": [A, D, D, E]}, "otherwise"),
    "it came": ({"tf1_session": [A, A, A, D]}, "otherwise"),
    "it went": ({"tf1_session": [A, D, A, A]}, "otherwise"),
    "the same known difference, other bits": ({"tf1_session": [A, ("differs", 9, KNOWN), D, D]}, "alike"),
    "the same known difference, the same bits": ({"tf1_session": [A, D, D, D]}, "same"),
    "nobody knows why": ({"tf1_session": [A, A, A, LOUD]}, "look"),
    "nobody knows why, on both sides": ({"tf1_session": [A, LOUD, A, LOUD]}, "look"),
    "gone": ({"tf1_session": [A, A, A, GONE]}, "otherwise"),
    "a port against the session": ({"tf1_session": [A, A, A, A], "tf2_eager": [None, GONE, D, D]}, "otherwise"),
    "a port like the session": ({"tf1_session": [A, D, D, D], "keras3": [None, None, None, D]}, "same"),
    "the worst of all": ({"tf1_session": [A, A, A, D], "keras2": [A, A, A, LOUD]}, "look"),
    "without TensorFlow": ({"numpy": [A, A, A, D]}, ""),
    "never spelled": ({"tf1_session": [None, GONE, None, GONE]}, ""),
    "not recorded": ({"tf1_session": [A, A, A, None]}, ""),
}  # fmt: skip


@pytest.mark.parametrize("cells, expected", SAMPLES.values(), ids=SAMPLES)
def test_what_a_sample_does(tmp_path, cells, expected):
    made = runs(tmp_path, **cells)
    a, b = steps.ends_of(made.environments)
    assert (a.label, b.label) == ("1.15", "2.21")
    assert steps.of_sample(made.overview.lines[0].squares, a.index, b.index) == expected


def test_the_sentence(tmp_path):
    def said(**cells):
        return wording.stepped(runs(tmp_path, **cells).overview.step())

    assert said(tf1_session=[A, A, B, B]) == "1.15 → 2.21: the one sample computes the same up to rounding"
    explained = "0 of 1 samples compute the same up to rounding; 1 behaves otherwise, all explained"
    assert said(tf1_session=[A, A, A, D]) == f"1.15 → 2.21: {explained}"
    assert said(tf1_session=[A, A, A, LOUD]).endswith("1 behaves otherwise, 0 explained, 1 to look at")
    assert said(numpy=[A, A, A, A]) == ""


def test_without_two_versions_there_is_no_step(tmp_path):
    made = Made(
        [Maker(tmp_path / "runs", "tf2.9", "2.9.0").row("conv[a]", "numpy", "agrees", response()).save()]
    )
    assert made.overview.step() is None and wording.stepped(None) == ""


def test_when_a_difference_comes_and_goes(tmp_path):
    made = runs(tmp_path, tf1_session=[A, D, D, A], keras2=[A, D, A, GONE], numpy=[A, A, A, A])
    found = differences.of_row(made.rows[0])
    cards = {card.key.reason: card for card in differences.cards(found, made.environments)}
    card = cards["another default"]
    assert card.turns == [
        ("since 1.15 in tf1.session and keras2", "1.14", "1.15"),
        ("gone in 2.4 in keras2", "1.15", "2.4"),
        ("gone in 2.21 in tf1.session", "2.4", "2.21"),
    ]
    assert (card.word, card.samples, card.cells, card.key.edit) == ("differs", 1, 3, "write it")
    assert card.where == [("tf1.session", "1.15, 2.4"), ("keras2", "1.15")] and not card.now and card.changed
    gone = cards["it is gone"]
    assert gone.turns == [("since 2.21 in keras2", "2.4", "2.21")] and gone.word == "unsupported" and gone.now


def test_what_only_a_port_meets_has_changed_and_what_all_versions_have_has_not(tmp_path):
    made = runs(tmp_path, tf1_session=[A, A, A, A], tf2_eager=[GONE, GONE, D, D], numpy=[E, E, E, E])
    port, trap = differences.cards(differences.of_row(made.rows[0]), made.environments)
    assert (port.key.reason, port.port, port.changed) == ("another default", True, True)
    assert (trap.key.reason, trap.port, trap.changed) == ("another reason", False, False)


def test_parts_are_merged(tmp_path):
    made = runs(tmp_path, tf1_session=[A, A, D, D])
    found = {}
    for name in ("a", "b"):
        made.rows[0].id = f"conv[{name}]"
        differences.merge(found, differences.of_row(made.rows[0]))
    (card,) = differences.cards(found, made.environments)
    assert (card.samples, card.cells, card.named) == (2, 4, ["conv[a]", "conv[b]"])
    assert card.turns == [("since 2.4 in tf1.session", "1.15", "2.4")]
