"""The figures of networks: the layer tour of a digit and the receptive field, real results drawn."""

import functools
import os

import numpy as np
import pytest
from making import Made, Maker
from PIL import Image

from compat.case.files import find
from compat_reports import network_figure
from compat_reports.arrays import Arrays
from compat_reports.drawing import Drawer
from compat_reports.folder import Folder

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATHS = [os.path.join(ROOT, "cases", "models", name + ".py") for name in ("layer_tour", "receptive_field")]
SAMPLES = {sample.id: sample for case in find(PATHS) for sample in case.samples()}


#: The results take longest, and are shared.
pytestmark = pytest.mark.xdist_group("network figures")


@functools.cache
def computed(sample_id):
    """(inputs, tensors) by name."""
    sample = SAMPLES[sample_id]
    arrays = sample.arrays()
    return arrays, sample.operation.implementations["numpy"](np, *arrays.values(), **sample.parameters)


def composed(tmp_path, sample_id, without=()):
    arrays, tensors = computed(sample_id)
    kept = {name: tensor for name, tensor in tensors.items() if name not in without}
    maker = Maker(tmp_path / "runs", "tf1.15", "1.15.5")
    maker.sample(sample_id, inputs=arrays)
    grid = Made([maker.row(sample_id, "numpy", "agrees", kept).save()])
    (row,) = [row for row in grid.rows if row.id == sample_id]
    with Folder(tmp_path / "report") as folder:
        figure = network_figure.compose(row, Arrays([maker.run]), Drawer(folder))
        folder.close()
    return figure


@pytest.mark.parametrize("sample_id", ["layer_tour[f7]", "receptive_field[uniform-15]"])
def test_the_figure_is_drawn_in_both_themes(tmp_path, sample_id):
    figure = composed(tmp_path, sample_id)
    for source in (figure.light, figure.dark):
        with Image.open(tmp_path / "report" / source) as picture:
            assert picture.width == pytest.approx(figure.width * 1.5, abs=2)
            pixels = np.asarray(picture.convert("RGBA")).reshape(-1, 4)
            assert len(np.unique(pixels, axis=0)) > 100
    assert figure.light != figure.dark


def test_the_words_tell_shapes_and_widths(tmp_path):
    assert "conv 28x28x3, pool 14x14x3" in composed(tmp_path / "a", "layer_tour[f7]").alt
    alt = composed(tmp_path / "b", "receptive_field[uniform-15]").alt
    # sqrt(15 * 2 / 3) pixels deviation, four of them, of 2 * 15 + 1.
    assert "12.6 pixels" in alt and "has 31" in alt


def test_a_tensor_that_was_not_kept_draws_nothing(tmp_path):
    assert composed(tmp_path, "layer_tour[f7]", without=("pool",)) is None


def test_the_width_of_a_bell_is_four_deviations():
    places = np.arange(101.0) - 50
    bell = np.exp(-(places**2) / (2 * 6.0**2))
    effective, theoretical = network_figure.width_of(bell[:, None] * bell)
    assert effective == pytest.approx(24, rel=1e-6)
    assert theoretical == 101
