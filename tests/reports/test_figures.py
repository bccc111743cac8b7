"""Arrays of any shape and content become panes and pictures on one scale."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from compat_reports.figures import Scale, name_of, palette, png, shared_scale, symmetric_scale
from compat_reports.panes import LONGEST_SIDE, MOST_PANES, reduced, select
from compat_reports.plots import Series, line_plot, nice
from compat_reports.plus_drawing import peaks


def pixels(data):
    return np.array(Image.open(io.BytesIO(data)).convert("RGBA"))


def test_one_scale_gives_equal_values_equal_colours():
    small, large = np.array([[0.0, 1.0]]), np.array([[1.0, 10.0]])
    scale = shared_scale([small, large])
    assert (scale.low, scale.high) == (0, 10)
    assert (pixels(png(small, scale))[0, 1] == pixels(png(large, scale))[0, 0]).all()
    assert tuple(pixels(png(large, scale))[0, 1][:3]) == palette(scale.colours)[249]


def test_differences_are_symmetric_about_zero():
    scale = symmetric_scale([np.array([[-1.0, 0.5]]), np.array([[3.0]])])
    assert (scale.low, scale.high) == (-3, 3)
    white = pixels(png(np.array([[0.0]]), scale))[0, 0][:3]
    assert white.min() > 230


def test_nan_is_transparent_and_infinities_have_colours_of_their_own():
    values = np.array([[np.nan, np.inf, -np.inf, 0.0, 1.0]])
    image = pixels(png(values, shared_scale([values])))[0]
    assert list(image[:, 3]) == [0, 255, 255, 255, 255]
    assert len({tuple(colour) for colour in image}) == 5


@pytest.mark.parametrize("values", [[np.nan], [np.inf], [5.0], [-1.7e308, 1.7e308], [0.0, 5e-324], []])
def test_scales_of_odd_values(values):
    array = np.array([values])
    scale = shared_scale([array])
    assert np.isfinite([scale.low, scale.high]).all()
    assert scale.indices(array).shape == array.shape


def test_the_name_of_a_picture_is_its_contents_and_its_scale():
    a, scale = np.zeros((2, 3)), Scale(0, 1)
    assert name_of(a, scale) == name_of(a.copy(), Scale(0, 1))
    assert (
        len(
            {
                name_of(a, scale),
                name_of(a, Scale(0, 2)),
                name_of(a.reshape(3, 2), scale),
                name_of(a + 1, scale),
            }
        )
        == 4
    )


@given(
    st.lists(st.integers(1, 9), max_size=5),
    st.sampled_from(["x", "w", "dw", "y"]),
    st.sampled_from(["NHWC", "NCHW"]),
)
def test_every_shape_has_panes(shape, name, data_format):
    array = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    selection = select(name, array.shape, data_format)
    cuts = selection.cut(array)
    assert 1 <= len(cuts) <= MOST_PANES
    assert all(cut.ndim == (1 if selection.kind == "series" else 2) and cut.size for cut in cuts)
    shown = np.concatenate([cut.ravel() for cut in cuts])
    assert len(set(shown)) == shown.size  # no value twice
    assert selection.note or set(shown) == set(array.ravel())  # what is left out is said


def test_nothing_to_show_of_an_empty_array():
    assert select("y", (0, 3)) is None and select("y", (0,)) is None


def test_images_and_channels():
    selection = select("x", (15, 440, 440, 64))
    assert [pane.title for pane in selection.panes] == [
        "image 0, channel 0", "image 0, channel 1", "image 1, channel 0", "image 1, channel 1",
    ]  # fmt: skip
    assert selection.note == "4 of 960 maps shown"
    assert [pane.title for pane in select("x", (2, 3, 20, 20), "NCHW").panes][1] == "image 0, channel 1"
    assert [pane.title for pane in select("w", (3, 3, 4, 5)).panes][1] == "in 0, out 1"
    assert select("x", (440, 440, 3)).kind == "map" and len(select("x", (440, 440, 3)).panes) == 3
    assert select("y", (1, 1, 2, 1)).kind == "table"
    assert select("y", (200,)).kind == "series" and select("y", (3, 80, 2)).kind == "series"


def test_numbers_that_are_no_numbers():
    with pytest.raises(ValueError):
        select("y", (2, 2)).cut(np.array([["a", "b"], ["c", "d"]]))
    assert select("y", (2,)).cut(np.array([3 + 4j, 0]))[0].tolist() == [[5.0, 0.0]]


def test_large_maps_become_smaller_and_a_single_wrong_pixel_stays():
    difference = np.zeros((440, 440))
    difference[437, 201] = -9.0
    small = reduced(difference, signed_extreme=True)
    assert max(small.shape) <= LONGEST_SIDE and small.min() == -9
    assert reduced(np.ones((441, 441))).shape == (220, 220)
    assert reduced(np.ones((1, 5000))).shape == (1, 5000)


@given(st.lists(st.floats(width=32), min_size=1, max_size=60))
def test_any_series_can_be_plotted(values):
    svg = line_plot(
        [Series("a", np.array(values), "line-a"), Series("b", np.array(values[:1]), "line-b", stems=True)],
        "t",
    )
    assert svg.startswith("<svg") and svg.endswith("</svg>") and "nan" not in svg and "inf" not in svg


def test_a_long_series_is_thinned_and_keeps_its_extremes():
    values = np.zeros(100_000)
    values[77_777] = 1
    assert len(line_plot([Series("a", values, "line-a")], "t")) < 40_000


def test_a_label_is_escaped():
    svg = line_plot([Series("<b>", np.ones(3), "line-a")], '"><script>')
    assert "<b>" not in svg and "<script>" not in svg


def test_nice_numbers():
    assert nice(0, 10, 5) == [0, 2, 4, 6, 8, 10]
    assert nice(3, 3, 5) == [3, 3]


def test_peaks_of_a_response():
    response = np.zeros((8, 8))
    response[5, 2], response[1, 6], response[0, 0] = 9, 8, 3
    assert peaks(response) == [(2, 5), (6, 1)]
