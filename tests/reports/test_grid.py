"""A made store and its expected grid."""

import pytest
from making import Maker, response

from compat.errors import CompatError
from compat.store import find
from reports.grid import build, letters, natural
from reports.site import attention, changes, slugs_of
from reports.strips import columns, strip, summary
from reports.wording import brief, headline, number, percent, ranges, sentence


@pytest.fixture
def grid(made_store):
    return build(find([str(made_store)]))


def row_of(grid, sample_id):
    return next(row for row in grid.rows if row.id == sample_id)


def letters_of(grid, sample_id, dialect):
    return "".join(cell.letter or "-" if cell else " " for cell in row_of(grid, sample_id).cells[dialect])


def test_environments_are_in_the_order_of_versions(grid):
    assert [e.label for e in grid.environments] == ["1.13", "1.15", "2.9", "2.11", "2.11-onednn"]
    assert [e.variant for e in grid.environments] == [False, False, False, False, True]
    assert grid.dialects == ["numpy", "tf1.session", "tf2.eager"]


def test_equal_results_share_a_letter(grid):
    assert letters_of(grid, "conv[plain]", "numpy") == "BBBBB"
    assert letters_of(grid, "conv[plain]", "tf1.session") == "AAACD"
    assert letters_of(grid, "conv[plain]", "tf2.eager") == "--ACD"
    groups = row_of(grid, "conv[plain]").groups
    assert [group.letter for group in groups] == ["A", "B", "C", "D"]
    assert [group.golden for group in groups] == [True, False, False, False]
    assert [len(group.cells) for group in groups] == [4, 5, 2, 2]


def test_without_a_golden_a_is_what_tensorflow_1_computed(tmp_path):
    for name, version, change in (("tf1.15", "1.15.5", 1), ("tf2.1", "2.1.4", 0), ("tf2.2", "2.2.3", 0)):
        Maker(tmp_path, name, version).row("conv[a]", "tf1.session", "agrees", response(change)).save()
    assert letters_of(build(find([str(tmp_path)])), "conv[a]", "tf1.session") == "ABB"


def test_the_bits_changed(grid):
    plain = row_of(grid, "conv[plain]")
    assert [(c.environment.label, c.dialects, c.everywhere) for c in plain.changes] == [
        ("2.11", ["tf1.session", "tf2.eager"], True),
        ("2.11-onednn", ["tf1.session", "tf2.eager"], True),
    ]
    assert [(e.label, count) for e, count in changes(grid)] == [
        ("1.15", 0),
        ("2.9", 0),
        ("2.11", 1),
        ("2.11-onednn", 1),
    ]


def test_a_variant_is_compared_with_its_own_version_and_stands_last(tmp_path):
    bits = [
        ("tf2.9", "2.9.3", 0),
        ("tf2.9-onednn", "2.9.3", 1),
        ("tf2.11", "2.11.1", 2),
        ("tf2.11-x", "2.11.1", 2),
    ]
    for name, version, change in bits:
        Maker(tmp_path, name, version).row("conv[a]", "tf1.session", "agrees", response(change)).save()
    grid = build(find([str(tmp_path)]))
    assert [e.label for e in grid.environments] == ["2.9", "2.11", "2.9-onednn", "2.11-x"]
    assert [c.environment.label for c in row_of(grid, "conv[a]").changes] == ["2.11", "2.9-onednn"]


def test_a_sentence_says_it(grid):
    assert sentence(row_of(grid, "conv[plain]")) == (
        "4 distinct results among 13 cells; at most 50 % of the rounding allowance; "
        "the bits changed in 2.11 and 2.11-onednn"
    )
    assert sentence(row_of(grid, "conv[trap]")) == (
        "2 distinct results among 10 cells; at most 25 % of the rounding allowance; known: differs in 5 cells"
    )
    assert sentence(row_of(grid, "conv[lost]")) == (
        "Error in 1 cell (1.13); crashed in 1 cell (2.9); "
        "the same bits in all 4 cells; at most 25 % of the rounding allowance"
    )


def test_cells_of_another_case_are_stale_and_not_compared(grid):
    old = row_of(grid, "conv[old]")
    assert [cell.word for cell in old.cells["tf1.session"]] == ["stale"] + ["agrees"] * 4
    assert letters_of(grid, "conv[old]", "tf1.session") == "-AAAA"
    assert old.changes == [] and len(old.groups) == 1
    assert old.cells["tf1.session"][0].numbers == {}


def test_what_needs_a_look(grid):
    assert {row.name: row.status for row in grid.rows} == {
        "plain": "agrees",
        "trap": "known",
        "lost": "look",
        "old": "look",
    }
    counts = grid.counts()
    assert (counts["look"], counts["known"], counts["crashed"], counts["error"], counts["stale"]) == (
        3,
        5,
        1,
        1,
        1,
    )
    assert headline(grid) == "3 cells in 2 samples to look at"
    assert [(a.word, a.cells) for a in attention(grid)] == [("crashed", 1), ("error", 1), ("stale", 1)]


def test_everything_known_is_calm(tmp_path):
    known = {"reason": "flipped", "address": "https://example.org"}
    Maker(tmp_path, "tf1.15", "1.15.5").row("conv[a]", "numpy", "differs", response(), "far", known).save()
    grid = build(find([str(tmp_path)]))
    assert headline(grid) == "All 0 judged cells agree; 1 difference known and explained"


def test_strips_join_what_looks_alike(grid):
    row = row_of(grid, "conv[plain]")
    spelled = columns(grid)
    assert [e.label for e in spelled["tf2.eager"]] == ["2.9", "2.11", "2.11-onednn"]
    assert [(s.style, s.text) for s in strip(row, "tf1.session", grid.environments)] == [
        ("a", "AAA"),
        ("c", "C"),
        ("d", "D"),
    ]
    unsupported = strip(row, "tf2.eager", grid.environments)[0]
    assert (unsupported.style, unsupported.text, unsupported.title) == (
        "u",
        "··",
        "unsupported: needs TensorFlow 2.0",
    )
    trap = strip(row_of(grid, "conv[trap]"), "numpy", grid.environments)
    assert [(s.style, s.text, s.apart) for s in trap] == [
        ("k b", "BBBB", False),
        ("k b", "B", True),
    ] and "flipped" in trap[0].title
    lost = strip(row_of(grid, "conv[lost]"), "tf2.eager", grid.environments)
    assert [(s.style, s.text) for s in lost] == [
        ("n", "\u00a0\u00a0"),
        ("x", "†"),
        ("n", "\u00a0"),
        ("n", "\u00a0"),
    ]
    assert [s.style for s in summary(grid.rows, "tf1.session", grid.environments)][0] == "x"


def test_ranges_of_environments(grid):
    e = grid.environments
    assert ranges(e, e) == "all 5"
    assert ranges([e[0], e[1], e[2], e[4]], e) == "1.13 – 2.9, 2.11-onednn"
    assert ranges([e[0], e[2], e[3]], e) == "1.13, 2.9, 2.11"


def test_two_stores_with_runs_of_the_same_name(tmp_path):
    for store in ("one", "two"):
        Maker(tmp_path / store, "tf1.15", "1.15.5").row("conv[a]", "numpy", "agrees", response()).save()
    grid = build(find([str(tmp_path / "one"), str(tmp_path / "two")]))
    assert [e.name for e in grid.environments] == ["one/tf1.15", "two/tf1.15"]


@pytest.mark.parametrize(
    "damage", [{"word": "splendid"}, {"outputs": None}, {"message": None, "known": 3, "reference": 3}]
)
def test_rows_that_are_no_rows(tmp_path, damage):
    maker = Maker(tmp_path, "tf1.15", "1.15.5").row("conv[a]", "numpy", "agrees", response())
    maker.run.verdicts["conv[a]"]["numpy"].update(damage)
    maker.save()
    with pytest.raises(CompatError, match="run it again"):
        build(find([str(tmp_path)]))


def test_names_for_files_are_distinct_and_harmless(tmp_path):
    maker = Maker(tmp_path, "tf1.15", "1.15.5")
    ids = [
        "conv[a]",
        "conv[A]",
        "conv[../../a]",
        "conv[<b>]",
        "conv[a+b]",
        "conv[a-b]",
        "..[.]",
        "conv[" + 300 * "x" + "]",
    ]
    for sample_id in ids:
        maker.row(sample_id, "numpy", "agrees", response())
    slugs = slugs_of(build([maker.run]).rows)
    assert len({slug.lower() for slug in slugs.values()}) == len(ids)
    assert slugs["conv[a-b]"] == "conv.a-b"
    assert all(
        set(slug) <= set("abcdefghijklmnopqrstuvwxyzA0123456789._-") and slug[0] != "."
        for slug in slugs.values()
    )


def test_letters_go_on_after_z():
    assert [letters(i) for i in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]


def test_numbers_sort_by_size():
    assert sorted(["c32-k3", "c3-k10", "c3-k9"], key=natural) == ["c3-k9", "c3-k10", "c32-k3"]


@pytest.mark.parametrize(
    "value, text",
    [
        (0.0, "0"),
        (1.5e-7, "1.5e−7"),
        (-2, "−2"),
        (float("nan"), "NaN"),
        (float("-inf"), "−∞"),
        (1.7976931348623157e308, "∞"),
        (True, "True"),
        ("x", "x"),
        (1234567.0, "1.23e6"),
    ],
)
def test_numbers_in_words(value, text):
    assert number(value) == text


def test_shares_in_words():
    assert [percent(s) for s in (None, 0.0, 0.0004, 0.02, 0.171, 0.999, 1.0, 3.21, 1e305)] == [
        "–",
        "0 %",
        "under 0.1 %",
        "2 %",
        "17 %",
        "99.9 %",
        "100 %",
        "3.21 times",
        "beyond any multiple",
    ]


def test_brief_drops_only_the_version():
    assert brief("needs TensorFlow 2.16; this is 1.13.2") == "needs TensorFlow 2.16"
    assert brief("wrong; this is not right") == "wrong; this is not right"
