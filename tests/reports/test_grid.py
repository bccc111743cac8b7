"""Made runs and their expected grid."""

import pytest
from making import Made, Maker, response

from compat.records import Known
from compat_reports.grid import LOUD, letters, natural
from compat_reports.names import slugs_of
from compat_reports.strips import strip
from compat_reports.wording import MEANINGS, brief, headline, judged_by, number, percent, ranges, sentence


@pytest.fixture
def grid(made_runs):
    return Made(made_runs)


def row_of(grid, sample_id):
    return next(row for row in grid.rows if row.id == sample_id)


def letters_of(grid, sample_id, dialect):
    return "".join(cell.letter or "-" if cell else " " for cell in row_of(grid, sample_id).cells[dialect])


def one_row(folder, name, version, outputs, word="agrees", dialect="tf1.session", **fields):
    """A judged run of one record."""
    return Maker(folder, name, version).row("conv[a]", dialect, word, outputs, **fields).save()


def test_environments_are_in_the_order_of_versions(grid):
    assert [e.label for e in grid.environments] == ["1.13", "1.15", "2.9", "2.11", "2.11-onednn"]
    assert [e.variant for e in grid.environments] == [False, False, False, False, True]
    assert grid.overview.dialects == ["numpy", "tf1.session", "tf2.eager"]


def test_equal_results_share_a_letter(grid):
    assert letters_of(grid, "conv[plain]", "numpy") == "BBBBB"
    assert letters_of(grid, "conv[plain]", "tf1.session") == "AAACD"
    assert letters_of(grid, "conv[plain]", "tf2.eager") == "--ACD"
    groups = row_of(grid, "conv[plain]").groups
    assert [group.letter for group in groups] == ["A", "B", "C", "D"]
    assert [group.golden for group in groups] == [True, False, False, False]
    assert [len(group.cells) for group in groups] == [4, 5, 2, 2]


def test_without_a_golden_a_is_what_tensorflow_1_computed(tmp_path):
    bits = [("tf1.15", "1.15.5", 1), ("tf2.1", "2.1.4", 0), ("tf2.2", "2.2.3", 0)]
    grid = Made([one_row(tmp_path, name, version, response(change)) for name, version, change in bits])
    assert letters_of(grid, "conv[a]", "tf1.session") == "ABB"


def test_the_bits_changed(grid):
    plain = row_of(grid, "conv[plain]")
    assert [(c.environment.label, c.dialects, c.everywhere) for c in plain.changes] == [
        ("2.11", ["tf1.session", "tf2.eager"], True),
        ("2.11-onednn", ["tf1.session", "tf2.eager"], True),
    ]
    assert [(e.label, count) for e, count in grid.overview.changes()] == [
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
    grid = Made([one_row(tmp_path, name, version, response(change)) for name, version, change in bits])
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
    assert old.description.case == "case"


def test_what_the_judge_calls_stale_is_no_vote(tmp_path):
    """Most runs are of yesterday's inputs; the judge has the case and says so."""
    judged = []
    for version, word in (("1.13.2", "stale"), ("1.14.0", "stale"), ("1.15.5", "agrees")):
        maker = Maker(tmp_path, "tf" + version, version)
        maker.sample("conv[a]", case="new" if word == "agrees" else "old")
        judged.append(maker.row("conv[a]", "tf1.session", word, response()).save())
    (row,) = Made(judged).rows
    assert [cell.word for cell in row.recorded()] == ["stale", "stale", "agrees"]
    assert letters_of(Made(judged), "conv[a]", "tf1.session") == "--A"
    assert row.description.case == "new"


def test_what_needs_a_look(grid):
    assert {row.name: row.status for row in grid.rows} == {
        "plain": "agrees",
        "trap": "known",
        "lost": "look",
        "old": "look",
    }
    counts = grid.overview.counts
    assert (counts["look"], counts["known"], counts["crashed"], counts["error"], counts["stale"]) == (
        3,
        5,
        1,
        1,
        1,
    )
    assert headline(grid.overview) == "3 cells in 2 samples to look at"
    assert [(a.word, a.cells) for a in grid.overview.attention()] == [
        ("crashed", 1),
        ("error", 1),
        ("stale", 1),
    ]


def test_everything_known_is_calm(tmp_path):
    known = Known("flipped", "https://example.org")
    grid = Made([one_row(tmp_path, "tf1.15", "1.15.5", response(), "differs", known=known)])
    assert headline(grid.overview) == "1 difference known and explained" and not grid.overview.needs_a_person


@pytest.mark.parametrize("word", ["unjudged", "stale", "random", "crashed"])
def test_what_could_not_be_judged_needs_a_look(tmp_path, word):
    outputs = None if word == "crashed" else response()
    maker = Maker(tmp_path, "tf1.15", "1.15.5").row("conv[a]", "numpy", word, outputs, "why")
    alone = Made([maker.save()])
    assert headline(alone.overview) == "Nothing could be judged: 1 cell in 1 sample to look at"
    grid = Made([maker.row("conv[b]", "numpy", "agrees", response()).save()])
    assert headline(grid.overview) == "1 cell in 1 sample to look at" and grid.overview.needs_a_person
    assert [(a.word, a.message) for a in grid.overview.attention()] == [(word, "why")]
    assert word in MEANINGS and word in LOUD
    row = row_of(grid, "conv[a]")
    assert row.status == "look" and sentence(row).startswith(f"{word.capitalize()} in 1 cell (1.15)")
    (stretch,) = strip(row, "numpy", grid.environments)
    assert (stretch.style, stretch.title) == ("x" if word == "crashed" else "o", f"{word}: why")


def test_where_nothing_could_be_judged_nobody_agrees(tmp_path):
    nothing = one_row(tmp_path, "tf1.13", "1.13.2", None, "unsupported")
    assert (
        headline(Made([nothing]).overview) == "Nothing could be judged"
        and Made([nothing]).overview.needs_a_person
    )
    empty = Maker(tmp_path, "tf2.1", "2.1.4").save()
    assert (
        headline(Made([empty]).overview) == "Nothing could be judged"
        and Made([empty]).overview.needs_a_person
    )
    grid = Made([nothing, empty, one_row(tmp_path, "tf1.15", "1.15.5", response())])
    assert (
        headline(grid.overview) == "Nothing could be judged in tf1.13 and tf2.1"
        and grid.overview.needs_a_person
    )
    assert [e.name for e in grid.overview.empty()] == ["tf1.13", "tf2.1"]


def test_all_agree(tmp_path):
    grid = Made([one_row(tmp_path, "tf1.15", "1.15.5", response())])
    assert headline(grid.overview) == "All 1 judged cells agree" and not grid.overview.needs_a_person


def test_the_bits_of_what_is_random_do_not_change(tmp_path):
    """They are others every time: nothing about an environment."""
    bits = [("tf1.15", "1.15.5", 0), ("tf2.1", "2.1.4", 1), ("tf2.2", "2.2.3", 2)]
    judged = [one_row(tmp_path, n, v, response(change), "random", random=["y"]) for n, v, change in bits]
    (row,) = Made(judged).rows
    assert [group.letter for group in row.groups] == ["A", "B", "C"] and row.changes == []
    assert [s.text for s in strip(row, "tf1.session", Made(judged).environments)] == ["???"]


def test_a_dialect_that_only_another_machine_knows_has_a_framework(tmp_path):
    bits = [("tf1.15", "1.15.5", 0), ("tf2.1", "2.1.4", 1)]
    judged = []
    for name, version, change in bits:
        maker = Maker(tmp_path, name, version)
        for dialect in ("torch", "scipy", "numpy", "keras3"):
            maker.row("conv[a]", dialect, "agrees", response(change))
        judged.append(maker.save())
    grid = Made(judged)
    assert grid.overview.dialects == ["numpy", "scipy", "keras3", "torch"]
    (change,) = grid.rows[0].changes
    assert change.framework == ["keras3", "torch"] and change.everywhere
    assert "the bits changed in 2.1, numpy's in 2.1, scipy's in 2.1" in sentence(grid.rows[0])


def test_a_record_without_a_description_is_not_lost(tmp_path):
    maker = Maker(tmp_path, "tf1.15", "1.15.5").row("conv[a]", "numpy", "unjudged", response(), "of no file")
    del maker.run.samples["conv[a]"]
    (row,) = Made([maker.save()]).rows
    assert (row.id, row.operation, row.name, row.status) == ("conv[a]", "conv", "a", "look")


def test_a_record_without_a_verdict_is_not_green(tmp_path):
    maker = Maker(tmp_path, "tf1.15", "1.15.5").row("conv[a]", "numpy", "agrees", response())
    maker.judged.verdicts.clear()
    assert Made([maker.save()]).rows[0].status == "look"


def test_against_another_record_identical_is_not_the_golden(tmp_path):
    maker = Maker(tmp_path, "tf1.15", "1.15.5").sample("conv[a]", against=["tf1.session", "tf1.15"])
    maker.row("conv[a]", "tf1.session", "identical", response(), share=0.0)
    maker.row("conv[a]", "numpy", "agrees", response(1), share=0.02)
    (row,) = Made([maker.save()]).rows
    assert not any(group.golden for group in row.groups)
    assert judged_by(row) == "what it was judged against: tf1.session in tf1.15"
    assert sentence(row).endswith("at most 2 % of the measured allowance")
    row.description.against = ["tf1.session"]
    assert judged_by(row) == "what it was judged against: tf1.session in the same run"
    row.description.against = None
    assert judged_by(row) == "the float64 answer"


def test_strips_join_what_looks_alike(grid):
    row = row_of(grid, "conv[plain]")
    spelled = grid.overview.columns()
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
    assert [s.style for s in grid.overview.summary("conv", "tf1.session", grid.environments)][0] == "x"


def test_ranges_of_environments(grid):
    e = grid.environments
    assert ranges(e, e) == "all 5"
    assert ranges([e[0], e[1], e[2], e[4]], e) == "1.13 – 2.9, 2.11-onednn"
    assert ranges([e[0], e[2], e[3]], e) == "1.13, 2.9, 2.11"


def test_two_stores_with_runs_of_the_same_name(tmp_path):
    grid = Made([one_row(tmp_path / store, "tf1.15", "1.15.5", response()) for store in ("one", "two")])
    assert [e.name for e in grid.environments] == ["one/tf1.15", "two/tf1.15"]


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
    slugs = slugs_of(row.id for row in Made([maker.judged]).rows)
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
