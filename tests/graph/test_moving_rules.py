"""Rules of ops that move elements, on nodes made here: against other spellings, exact and inexact inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compat.reference.bounds import Reference
from compat.reference.nodes.registry import NodeCall, answer


def told(op, *inputs, dtype="float32", outputs=None, **attributes):
    names = tuple(np.asarray(i.value if isinstance(i, Reference) else i).dtype.name for i in inputs)
    return answer(NodeCall(op, attributes, names, outputs or (dtype,)), inputs)


def rounded(array):
    """An inexact flow of these values."""
    return Reference(array, abs(np.asarray(array, np.float64)), 3)


X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@given(
    begin=st.lists(st.integers(-5, 5), min_size=3, max_size=3),
    end=st.lists(st.integers(-5, 5), min_size=3, max_size=3),
    step=st.lists(st.sampled_from([-2, -1, 1, 2]), min_size=3, max_size=3),
)
def test_a_strided_slice_is_python_s(begin, end, step):
    expected = X[tuple(slice(*one) for one in zip(begin, end, step))]
    found = told("StridedSlice", X, np.array(begin), np.array(end), np.array(step))[0]
    assert found.dtype == X.dtype and np.array_equal(found, expected)
    inexact = told("StridedSlice", rounded(X), np.array(begin), np.array(end), np.array(step))[0]
    assert np.array_equal(inexact.value, expected)
    assert np.array_equal(
        inexact.worst("float32"), rounded(X).worst("float32")[tuple(slice(*o) for o in zip(begin, end, step))]
    )


def test_the_masks_of_a_strided_slice():
    ones = np.ones(3, int)
    found = told("StridedSlice", X, ones, ones, ones, ellipsis_mask=1, shrink_axis_mask=4, new_axis_mask=2)[0]
    assert np.array_equal(found, X[..., None, 1])
    found = told("StridedSlice", X, ones, ones * 2, ones, begin_mask=2, end_mask=4)[0]
    assert np.array_equal(found, X[1:2, :2, 1:])


@pytest.mark.parametrize("mode", ["REFLECT", "SYMMETRIC"])
def test_the_gradient_of_a_mirror_is_its_transpose(mode):
    pads = np.array([[0, 0], [1, 0], [0, 2]])
    padded = told("MirrorPad", X, pads, mode=mode)[0]
    g = np.random.RandomState(0).randint(-9, 9, padded.shape).astype(np.float32)
    back = told("MirrorPadGrad", g, pads, mode=mode)[0]
    assert (padded * g).sum() == (X * back.value).sum()
    once = back.terms == 0  # nothing was added there
    assert once.any() and not once.all() and (back.worst("float32")[~once] > 0).all()


def test_padding_with_an_inexact_number_carries_it():
    found = told("PadV2", X[0, 0], np.array([[1, 0]]), rounded(np.float32(3)))[0]
    assert found.value.tolist() == [3, 0, 1, 2, 3]
    assert found.worst("float32")[0] > 0 and (found.worst("float32")[1:] < 1e-37).all()


def test_blocks_come_back():
    pads = np.array([[0, 1], [2, 0]])
    apart = told("SpaceToBatchND", X[..., None], np.array([2, 3]), pads)[0]
    assert apart.shape == (12, 2, 2, 1)
    assert np.array_equal(told("BatchToSpaceND", apart, np.array([2, 3]), pads)[0], X[..., None])
    image = np.arange(2 * 4 * 6 * 3).reshape(2, 4, 6, 3)
    deep = told("SpaceToDepth", image, block_size=2)[0]
    assert np.array_equal(
        deep[0, 1, 2], np.concatenate([image[0, 2 + i, 4 + j] for i in (0, 1) for j in (0, 1)])
    )
    assert np.array_equal(told("DepthToSpace", deep, block_size=2)[0], image)


def test_parts_of_one_size_and_of_several():
    left, right = told("SplitV", X, np.array([1, -1]), np.array(-1))
    assert np.array_equal(np.concatenate([left, right], -1), X) and left.shape == (2, 3, 1)
    assert [part.shape for part in told("Split", np.array(2), X, num_split=2)] == [(2, 3, 2)] * 2
    assert [o.tolist() for o in told("ConcatOffset", np.array(1), np.array([2, 3]), np.array([2, 5]))] == [
        [0, 0],
        [0, 3],
    ]
