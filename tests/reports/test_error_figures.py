"""What the pages draw of single errors: against magnitude with the allowance, and in ULPs."""

import re

import numpy as np
import pytest
from making import Made, Maker, response
from PIL import Image

from compat_reports.allowance_map import share_maps
from compat_reports.arrays import Arrays
from compat_reports.comparison import Distinct
from compat_reports.deviations import MOST_ELEMENTS, Answer
from compat_reports.drawing import Drawer
from compat_reports.error_figures import error_figures
from compat_reports.figures import BEYOND
from compat_reports.folder import Folder
from compat_reports.grid import Group
from compat_reports.magnitude_plot import magnitude_plot
from compat_reports.panes import select
from compat_reports.sample_page import view
from compat_reports.ulp_histogram import ulp_histogram

COUNT = 200_000


def deviation(found, expected, allowance=None, dtype="float32", letters="B"):
    bound = None if allowance is None else np.asarray(allowance, np.float32)
    return Answer.of(np.asarray(expected)).deviation(np.asarray(found), dtype, bound, "bound", letters, "b")


def noisy(count=COUNT, off=1e-7):
    draw = np.random.RandomState(3)
    expected = draw.lognormal(0, 2, count)
    return expected, expected * (1 + off * draw.uniform(-1, 1, count))


def paths(svg, style):
    return re.findall(rf'<path class="{style}" d="([^"]*)"', svg)


def test_what_is_finite_on_both_sides_is_measured():
    found = [1.5, np.nan, np.inf, np.inf, 2.0, 3.0, -np.inf, np.nan]
    expected = [1.0, np.nan, np.inf, 4.0, np.nan, 3.0, np.inf, np.inf]
    one = deviation(found, expected, [0.1, *[0] * 7])
    assert one.error.tolist() == [0.5, 0] and one.size.tolist() == [1, 3] and one.lost == 4
    assert one.beyond.tolist() == [0] and one.among.sum() == 2
    assert one.share.tolist() == [pytest.approx(5), 0]


def test_the_answer_itself_and_what_is_no_number_deviate_nowhere():
    assert deviation([1.0, np.nan], [1.0, np.nan]) is None
    assert deviation([1.0], [[1.0]]) is None and deviation([1j], [1.0]) is None
    assert Answer.of(np.array(["text"])) is None and Answer.of(np.zeros((0, 3))) is None
    assert Answer.of(np.broadcast_to(np.float32(0), (MOST_ELEMENTS + 1,))) is None and Answer.of(None) is None


def test_an_allowance_of_another_form_is_none():
    for wrong in ([1.0, 2.0], [[1.0]]):
        assert deviation([1.5, 2, 3], [1.0, 2, 3], wrong).allowance is None
    whole = Answer.of(np.ones(3)).deviation(np.zeros(3), "float32", np.zeros(3, int), "", "B", "b")
    assert whole.allowance is None and whole.share is None and not whole.beyond.size
    assert deviation([1.5, 2, 3], [1.0, 2, 3], [np.nan] * 3).beyond.tolist() == [
        0
    ]  # nothing known is nothing allowed


def test_both_parts_of_complex_numbers_have_the_allowance_of_the_number():
    one = deviation([1 + 2j, 3 + 3j], [1 + 1j, 3 + 3j], [0.5, 2], "complex64")
    assert one.error.tolist() == [0, 1, 0, 0] and one.allowance.tolist() == [0.5, 0.5, 2, 2]
    assert one.beyond.tolist() == [1] and one.ulps.tolist() == [0, 2**23, 0, 0]


def test_one_element_of_many_beyond_its_allowance_is_drawn():
    expected, found = noisy()
    found[COUNT // 2] += 1e-3 + 1e-6 * abs(found[COUNT // 2])
    plot = magnitude_plot([deviation(found, expected, 1e-6 * np.abs(expected))], "y", "the reference")
    (crosses,) = paths(plot.svg, "crosses")
    assert crosses.count("M") == 1
    assert f"beyond their own allowance: 1 of {COUNT:,} in B" in plot.caption


def test_where_many_are_beyond_they_stay_in_sight_and_the_plot_small():
    expected, found = noisy(off=1e-4)
    one, other = (deviation(found, expected, 1e-6 * np.abs(expected), letters=letter) for letter in "BC")
    plot = magnitude_plot([one, other], "y", "the reference")
    assert all(0 < path.count("M") // 2 <= 60 for path in paths(plot.svg, "crosses"))
    assert len(paths(plot.svg, "bound")) == 1  # one and the same
    assert len(plot.svg) < 8000


def test_the_bound_is_the_lowest_of_each_column_with_a_band_to_the_highest():
    expected = np.full(400, 10.0)
    allowance = np.logspace(-6, -3, 400)
    one = deviation(expected + 1e-8, expected, allowance)
    plot = magnitude_plot([one], "y", "the reference")
    (line,), (band,) = paths(plot.svg, "bound"), paths(plot.svg, "band")
    low, high = (float(found) for found in re.findall(r"M\d+ (\d+)H\d+V(\d+)", band)[0])
    assert float(re.findall(r"M\d+ (\d+)", line)[0]) == low > high  # lower on the page is smaller
    assert "Line: the lowest allowance in each column" in plot.caption
    assert "band" not in magnitude_plot([deviation(expected + 1e-8, expected, 1e-6)], "y", "it").svg


def test_without_an_allowance_it_says_so():
    expected, found = noisy(50)
    plot = magnitude_plot([deviation(found, expected)], "y", "the reference")
    assert (
        not paths(plot.svg, "bound")
        and "How far an element of B may be off is not known here" in plot.caption
    )
    port = magnitude_plot(
        [deviation(found, expected, 1.0, letters="A"), deviation(found, expected)], "y", "tf1.session"
    )
    assert "No line for B: judged by the graph" in port.caption and len(paths(port.svg, "bound")) == 1
    infinite = magnitude_plot([deviation(found, expected, np.inf)], "y", "the reference")
    assert not paths(infinite.svg, "bound") and "No line: any error is allowed" in infinite.caption


@pytest.mark.parametrize(
    "found, expected",
    [
        ([0.0, 1.0], [0.0, 0.0]),
        ([1e-320, 1.0], [0.0, 1.0]),
        ([1e308, -1e308], [-1e308, 1e308]),
        ([np.nan, np.inf], [1.0, 1.0]),
        (np.float64(2), np.float64(1)),
        ([True, False], [True, True]),
    ],
)
def test_of_any_numbers_there_is_a_plot_within_its_frame(found, expected):
    one = deviation(found, expected, np.zeros(np.shape(found)))
    figures = error_figures("y<b>", [one], "the reference")
    if figures is None:
        assert not one.error.size and one.lost == 2
        return
    assert "<b>" not in figures.plot.svg and "nan" not in figures.plot.svg
    places = re.findall(r"M(-?[\d.]+) (-?[\d.]+)", figures.plot.svg)
    assert places and all(0 <= float(x) <= 640 and 0 <= float(y) <= 270 for x, y in places)


def test_ulps_are_counted_by_powers_of_two():
    errors = [0, 0.4, 1, 2, 3, 4, 5, 8, 9, 1024, 1025, 1e6]
    expected = np.ones(len(errors))
    found = expected + np.array(errors) * 2.0**-23  # one ULP of a float32 at 1
    histogram = ulp_histogram([deviation(found, expected)])
    counts = dict(zip(histogram.lines, histogram.columns[0].counts, strict=True))
    expected = {"0": 2, "1": 1, "2": 1, "3 – 4": 2, "5 – 8": 2, "9 – 16": 1, "513 – 1,024": 1, "more": 2}
    assert {line: count for line, count in counts.items() if count} == expected
    assert sum(counts.values()) == len(errors)


def test_the_lines_end_where_no_error_is_larger_and_what_is_lost_is_more():
    histogram = ulp_histogram([deviation([1 + 2**-23, 1.0], [1.0, 1.0])])
    assert histogram.lines == ("0", "1") and histogram.columns[0].parts == (50, 50)
    assert ulp_histogram([deviation([np.nan, 1.0], [1.0, 1.0])]).lines[-1] == "more"
    assert ulp_histogram([deviation([2, 1], [1, 1], dtype="int32")]) is None
    half = ulp_histogram([deviation([1 + 2**-10], [1.0], dtype="float16")])
    assert half.lines == ("0", "1")


# -- the share of the allowance as a map


def shown(tmp_path, *results):
    """The share maps of (found, allowance), each the result of an output of (1, 8, 9, 4) against zeros."""
    expected = np.ones((1, 8, 9, 4))
    distinct = []
    for letter, (found, allowance) in zip("BCD", results, strict=False):
        one = Distinct("y", "digest", "float32", [Group(letter, [], False)], np.asarray(found))
        one.selection = select("y", expected.shape)
        one.deviation = deviation(found, expected, allowance, letters=letter)
        distinct.append(one)
    with Folder(str(tmp_path / "report")) as folder:
        maps = share_maps(distinct, Drawer(folder))
        folder.close()
    return maps


def test_shares_are_on_one_scale_and_what_is_beyond_has_its_own_colour(tmp_path):
    off = np.ones((1, 8, 9, 4))
    off[0, 3, 4, 3] += 0.5
    maps = shown(
        tmp_path, (off, np.full(off.shape, 1.0)), (off, np.full(off.shape, 0.25)), (np.ones(off.shape), 1.0)
    )
    assert (maps.bar.low, maps.bar.high, maps.beyond) == ("0 %", "100 %", BEYOND)
    inside, beyond, none = maps.figures
    assert none is None  # the answer itself
    assert [len(figure.panes) for figure in (inside, beyond)] == [4, 4]
    picture = Image.open(tmp_path / "report" / beyond.panes[3].source).convert("RGB")
    assert picture.getpixel((4, 3)) == tuple(bytes.fromhex(BEYOND[1:])) != picture.getpixel((0, 0))
    picture = Image.open(tmp_path / "report" / inside.panes[3].source).convert("RGB")
    assert picture.getpixel((4, 3)) not in (tuple(bytes.fromhex(BEYOND[1:])), picture.getpixel((0, 0)))


def test_where_nothing_is_beyond_the_scale_ends_at_the_largest_share(tmp_path):
    off = np.ones((1, 8, 9, 4))
    off[0, 0, 0, 0] += 0.5
    maps = shown(tmp_path, (off, np.full(off.shape, 2.0)))
    assert (maps.bar.high, maps.beyond) == ("25 %", "")
    (figure,) = maps.figures
    assert len(figure.panes) == 2 and figure.note == "2 of the 4 above"
    assert shown(tmp_path, (off, None)).figures == (None,)  # not known


def test_of_many_outputs_a_few_are_drawn_those_that_disagree_first(tmp_path):
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    layers = {f"layer_{n}": response(n * 1e-6) for n in range(8)}
    maker.row("net[s]", "tf1.session", "agrees", layers, allowance=1.0)
    maker.row(
        "net[s]", "numpy", "differs", {n: a + np.float32(1e-4) for n, a in layers.items()}, allowance=1.0
    )
    for name in layers:
        maker.judged.verdicts["net[s]"]["numpy"].outputs[name].word = (
            "differs" if name in ("layer_2", "layer_4") else "agrees"
        )
    made = Made([maker.save()])
    with Folder(str(tmp_path / "report")) as folder:
        arrays = Arrays([e.run for e in made.environments])
        page = view(made.rows[0], made.environments, arrays, Drawer(folder))
    assert [one.name for one in page.outputs if one.errors] == ["layer_2", "layer_4", "layer_7"]
    assert [one.name for one in page.outputs if one.mark] == ["layer_2"]
    assert all(card.share for one in page.outputs if one.errors for card in one.cards[1:])
