"""Products with large matrices, a part of the matrix at a time, are those of the whole matrix."""

import numpy as np
import pytest

from compat import reference
from compat.reference import matrices
from compat.reference.matrices import multiplied_with_magnitude

RANDOM = np.random.RandomState(5)


@pytest.mark.parametrize("part, widest", [(1 << 19, 1 << 12), (64, 5), (1, 1), (7, 100)])
@pytest.mark.parametrize(
    "shape, columns", [((1, 40), 30), ((40,), 30), ((2, 3, 40), 1), ((0, 40), 3), ((3, 0), 2)]
)
def test_parts_are_the_whole(monkeypatch, part, widest, shape, columns):
    monkeypatch.setattr(matrices, "_PART", part)
    monkeypatch.setattr(matrices, "_WIDEST", widest)
    if 0 in shape[-1:]:
        x, w = np.zeros(shape), np.zeros((0, columns), np.float32)
        expected = np.zeros((shape[0], columns)), np.zeros((shape[0], columns))
        with pytest.raises(ValueError):  # nothing says how many rows there are
            multiplied_with_magnitude(x, w)
        return
    x, w = RANDOM.normal(size=shape), RANDOM.normal(size=(shape[-1], columns)).astype(np.float32)
    kept = w.copy()
    expected = x @ w.astype(np.float64), abs(x) @ abs(w).astype(np.float64)
    for found, right in zip(multiplied_with_magnitude(x, w), expected):
        assert found.dtype == np.float64 and found.shape == right.shape
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(w, kept)


@pytest.mark.parametrize(
    "shape, other", [((2, 3), (4, 3)), ((2, 4), (3, 3)), ((3,), (2, 3, 1)), ((), (1, 1))]
)
def test_what_does_not_go_together_is_refused(shape, other):
    with pytest.raises(ValueError, match="times a matrix"):
        multiplied_with_magnitude(np.ones(shape), np.ones(other))


def test_numbers_that_are_none_stay_so():
    x, w = np.array([[1.0, 2.0]]), np.array([[np.inf, np.nan, 1.0], [1.0, 1.0, -np.inf]], np.float32)
    answer = reference.dense(x, w, np.zeros(3))
    np.testing.assert_array_equal(answer.value, [[np.inf, np.nan, -np.inf]])
