"""What is spelled for tf2.function, compiled by XLA or converted: the same inputs, outputs, names and order of flow."""

import numpy as np
import pytest

from compat.case.fixtures import Fixture
from compat.errors import Unsupported
from compat.record.dialects import DIALECTS

GIVEN = {
    "a": [1.0, 2.0, 3.0],
    "b": [10.0, 20.0, 30.0],
    "unused": [5.0, 5.0, 5.0],
}


def outputs(tf, a, b, unused):
    return {"z": b - a, "a": a * 2, "m": b * 3 + a}


@pytest.mark.parametrize("name", ["tf2.function", "tf2.xla", "onnx", "tflite"])
def test_inputs_and_outputs_keep_their_places(name):
    dialect = DIALECTS[name]
    if dialect.missing():
        pytest.skip(dialect.missing())
    fixtures = {key: Fixture(key, lambda v=v: np.array(v, np.float32)) for key, v in GIVEN.items()}
    try:
        found = dialect.compute(outputs, fixtures, {})
    except Unsupported as why:  # TensorFlow 1, after other tests of the same process
        pytest.skip(str(why))
    assert list(found) == ["z", "a", "m"]
    values = {key: (array.tolist(), dtype) for key, (array, dtype) in found.items()}
    assert values == {
        "z": ([9.0, 18.0, 27.0], "float32"),
        "a": ([2.0, 4.0, 6.0], "float32"),
        "m": ([31.0, 62.0, 93.0], "float32"),
    }
