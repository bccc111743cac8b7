"""The campaign with a real TensorFlow: everything that is drawn can be run, and what is known is found again.

Runs where TensorFlow and Hypothesis are installed: ``tox -e layers-tf2.21``.
"""

import sys

import pytest

hypothesis = pytest.importorskip("hypothesis")

from compat.atlas import making  # noqa: E402
from compat.fuzz.campaign import Campaign, Plan  # noqa: E402
from compat.fuzz.catalogue import ENTRIES  # noqa: E402
from compat.fuzz.draws import Pick, begun  # noqa: E402
from compat.fuzz.judging import Known, judge  # noqa: E402
from compat.fuzz.pool import Pool, Version  # noqa: E402
from compat.fuzz.samples import Drawn, Step, written_out  # noqa: E402
from compat.fuzz.spelled import DIALECTS as ALL  # noqa: E402
from compat.fuzz.store import Store  # noqa: E402
from compat.record.dialects import DIALECTS  # noqa: E402
from compat.record.versions import tensorflow_version  # noqa: E402

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
#: What every dialect refuses: weights of a GRU of TensorFlow 1 in later ones; groups on the CPU in TensorFlow 1.
REFUSED = {"conv2d_of_groups"} if (tensorflow_version() or (2,)) < (2,) else {"gru_layer"}
#: What is the same in every version and dialect.
PLAIN = ("add", "matmul", "multiply", "reduce_sum", "relu", "sigmoid", "transpose")
THEMES = (
    *("batch_matmul", "norm", "band_part", "set_diag", "cholesky", "solve"),
    *("acosh", "lgamma", "xlogy", "fake_quant", "segment_mean", "unsorted_segment_sum", "scatter_nd", "sort"),
    *("depth_to_space", "space_to_batch", "roll", "central_crop", "extract_patches", "frame"),
    *("adjust_hue", "crop_and_resize", "resize_area", "sobel_edges", "psnr", "conv3d", "separable_conv2d"),
    *("reduce_logsumexp", "moments", "softmax_cross_entropy", "rfft_size", "dct"),
)


@pytest.fixture(scope="module")
def pool():
    with Pool([Version("here", [sys.executable, "-m", "compat.fuzz.worker"])]) as workers:
        yield workers


class _First:
    """Draws what Hypothesis shrinks to."""

    def __call__(self, strategy):
        return hypothesis.find(strategy, lambda value: True, settings=hypothesis.settings(database=None))


def test_every_operation_runs_in_a_dialect(pool):
    drawn = []
    for name in sorted(ENTRIES):
        growing, flowing = begun(_First(), ENTRIES[name], 7, Pick(_First(), {"flavour": "normal"}))
        growing.add(ENTRIES[name], flowing, Pick(_First()))
        drawn.append(growing.drawn)
    for one, cells in zip(drawn, pool.run(drawn, ALL)):
        statuses = {cell[1]: (outcome.status, outcome.message) for cell, outcome in cells.items()}
        found = {status for status, _ in statuses.values()}
        named = one.steps[0].operation
        assert "ok" in found or found <= {"unsupported"} or named in REFUSED, (one.steps, statuses)


def test_what_is_the_same_everywhere_agrees(pool, tmp_path):
    campaign = Campaign(Plan(PLAIN, seed=1, size=60), pool, Store(str(tmp_path)), ())
    counts = campaign.one(0)
    assert counts["compared"] > 200
    assert campaign.store.findings() == []


def test_what_is_the_same_everywhere_agrees_in_every_theme(pool, tmp_path):
    campaign = Campaign(Plan(THEMES, seed=1, size=90), pool, Store(str(tmp_path)), ())
    counts = campaign.one(0)
    assert counts["compared"] > 200
    assert campaign.store.findings() == []


def test_the_slope_that_nobody_writes_is_found_and_shrunk(pool, tmp_path):
    campaign = Campaign(Plan(("leaky_relu",), seed=1, size=30), pool, Store(str(tmp_path)), ())
    campaign.one(0)
    found = [
        one for one in campaign.store.findings() if {cell[1] for cell in one["cells"]} & {"keras2", "keras3"}
    ]
    assert found
    assert all(one["steps"] <= 3 and one["numbers"] <= 16 for one in found)
    assert any("slope" in one["cause"] for one in found)


def test_a_runtime_error_is_told_of_the_step_that_fails(pool):
    x = written_out("i0", "float32", [[1.0, 2.0]])
    steps = [Step("relu", ["i0"]), Step("transpose", ["s0"], {"order": [0, 0]})]
    bad = Drawn([x], steps)
    good = Drawn([x], steps[:1])
    both = pool.run([good, bad, good], ["tf1.session", "tf2.eager"])
    assert [cells["here", "tf1.session"].status for cells in both] == ["ok", "error", "ok"]
    assert both[1]["here", "tf1.session"].step == 1
    assert judge(good, both[0]).faults == []


def test_an_operation_of_the_atlas(pool):
    """The slope that nobody writes is 0.2 here and 0.3 in Keras; what is exact is the same bits everywhere."""
    known = Known([], pool.environments())
    slope, exact = (
        making.operation(name, pool, known, making.run_once(name, pool)) for name in ("leaky_relu", "maximum")
    )
    unwritten = [one for one in slope.samples if one.parameters["alpha"] is None and one.dtype == "float32"]
    assert unwritten
    for one in unwritten:
        ours, keras = (one.results["abc".index(one.row(name)[0])] for name in ("tf2.eager", "keras2"))
        assert ours.agrees and keras.wrong
    assert all(len(one.results) == 1 and one.results[0].agrees for one in exact.samples if one.ordinary)
    assert making.environments(pool)[0].versions["tensorflow"]
