"""CTC as a real TensorFlow computes it, loss, gradient and the best path, node by node."""

import numpy as np
import pytest
from nets import checked, raw

from compat.record.dialects import DIALECTS

pytestmark = pytest.mark.skipif(
    DIALECTS["tf1.session"].missing() is not None, reason="TensorFlow is not installed here"
)
LENGTHS = np.array([9, 6, 4], np.int32)
TEXTS = [[0, 1, 1, 3], [2, 2], [4]]


def logits(dtype="float32", scale=1.0):
    return (scale * np.random.RandomState(3).randn(9, 3, 6)).astype(dtype)


def labels(texts):
    places = [(number, place) for number, text in enumerate(texts) for place in range(len(text))]
    return np.array(places, np.int64), np.array([symbol for text in texts for symbol in text], np.int32)


def loss(texts, lengths=LENGTHS, dtype="float32", scale=1.0, finite=True, **settings):
    """Of float64 as well exp and log1p are those of float32: what is disturbed by less is not seen."""
    indices, values = labels(texts)
    given = {"inputs": logits(dtype, scale), "labels_indices": indices, "labels_values": values}

    def build(tf, **fed):
        return dict(raw(tf, "CTCLoss", **fed, **settings)._asdict())

    seen = dtype == "float32" and finite
    checked("CTCLoss", build, optional=dtype != "float32", disturb=seen, sequence_length=lengths, **given)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
@pytest.mark.parametrize(
    "settings",
    [{}, {"ctc_merge_repeated": False}, {"preprocess_collapse_repeated": True}],
    ids=["as it is", "not merged", "collapsed"],
)
def test_loss_and_gradient(dtype, scale, settings):
    loss(TEXTS, dtype=dtype, scale=scale, **settings)


def test_texts_that_do_not_fit():
    """No path: infinite.  Longer than its frames: ignored where asked for.  No frames: 0."""
    loss([[0, 0, 0], [2], [1]], np.array([4, 6, 4], np.int32), finite=False)
    loss(TEXTS, np.array([3, 6, 0], np.int32), ignore_longer_outputs_than_inputs=True)


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_best_path(merge, seed):
    x = np.random.RandomState(seed).randint(-2, 3, (9, 3, 4)).astype(np.float32)

    def build(tf, inputs, sequence_length):
        found = raw(
            tf, "CTCGreedyDecoder", inputs=inputs, sequence_length=sequence_length, merge_repeated=merge
        )
        return dict(found._asdict())

    checked("CTCGreedyDecoder", build, inputs=x, sequence_length=LENGTHS)
