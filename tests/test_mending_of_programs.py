"""What judges ``python -m benchmarks.mending``: a false mend must be told from another spelling of the right port."""

import collections
import sys

import pytest
from programs.running import CHECKOUT, HERE, PROGRAMS

from compat.record.dialects import DIALECTS
from compat.record.versions import tensorflow_version

pytestmark = pytest.mark.skipif(sys.version_info < (3, 8), reason="benchmarks are for modern Python")
needs_keras = pytest.mark.skipif(
    bool(DIALECTS["keras3"].missing()) or (tensorflow_version() or ()) < (2, 16),
    reason="the ports are Keras 3's, needs TensorFlow 2.16",
)
sys.path.append(str(CHECKOUT))  # benchmarks
#: (program, function, right text, another, what of it is another computation or "")
SPELLINGS = [
    ("text_cnn", "model", "L2(0.1 / 2)", "L2(0.05)", ""),
    ("text_cnn", "model", "Dropout(0.5)", "Dropout(0.0)", "in training"),
    (
        "text_cnn",
        "model",
        "training=training)\n        scores",
        "training=False)\n        scores",
        "in training",
    ),
    ("char_lstm", "lstm", "dropout=0.0)", 'dropout=0.0, activation="tanh")', ""),
    ("char_gru", "gru", "dropout=0.0, reset_after=False", "dropout=0.0", "shapes"),
    ("dcgan", "model", "negative_slope=0.20", "negative_slope=0.201", "in inference"),
    ("dcgan", "model", "momentum=0.9, epsilon=1.0e-5", "momentum=0.99, epsilon=1.0e-5", "variable"),
    ("style", "model", "variance + 1e-3", "0.001 + variance", ""),
]


@needs_keras
@pytest.mark.parametrize("program, function, right, other, different", SPELLINGS)
def test_another_spelling_and_another_computation(tmp_path, program, function, right, other, different):
    from benchmarks import alike

    folder, *_, inputs = PROGRAMS[program]
    text = (HERE / folder / "port.py").read_text()
    assert text.count(right) == 1
    (tmp_path / "other.py").write_text(text.replace(right, other))
    (tmp_path / "right.py").write_text(text)
    sides = [str(tmp_path / "right.py"), str(tmp_path / "other.py")]
    told = alike.unlike(*sides, function, inputs)
    assert bool(told) == bool(different) and different in told, told


def test_the_sum_fails_for_one_false_mend_and_below_four_of_five(capsys):
    from benchmarks.mending import FALSELY, MENDED, NOT_MENDED, chosen, summed

    assert len(chosen([])) == 25 and len(chosen([], True)) > 50
    assert summed(collections.Counter({(MENDED, True): 20, (NOT_MENDED, True): 5})) == 0
    assert "20 of 25 mended, 0 falsely" in capsys.readouterr().out
    assert summed(collections.Counter({(MENDED, True): 19, (NOT_MENDED, True): 6})) == 1
    assert summed(collections.Counter({(MENDED, True): 24, (FALSELY, True): 1})) == 1
    assert summed(collections.Counter({(MENDED, True): 25, (FALSELY, False): 1, (NOT_MENDED, False): 9})) == 1
    assert "25 of 25 mended, of 10 others 0, 1 falsely" in capsys.readouterr().out
