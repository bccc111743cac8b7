"""Rules of bins, sparse tensors and fake quantisation without TensorFlow: other spellings agree, faults differ."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.arrays import plain, round_to
from compat.judge.compare import compare
from compat.reference.nodes.registry import NodeCall, NoRule, Taken, answer, as_reference
from compat.reference.tracked import Tracked

SEEDS = st.integers(0, 2**32 - 1)


def outcome(op, inputs, *found, **attributes):
    """The judge's word on each of what came of an op."""
    dtypes = tuple(
        "string" if array.dtype.kind == "S" else array.dtype.name for array in map(np.asarray, found)
    )
    given = tuple(np.asarray(getattr(flow, "value", flow)).dtype.name for flow in inputs)
    flows = answer(NodeCall(op, attributes, given, dtypes), inputs)
    assert len(flows) == len(found)
    words = [
        compare(np.asarray(array), dtype, as_reference(flow, dtype), dtype).word
        for array, dtype, flow in zip(found, dtypes, flows)
    ]
    return words[0] if len(words) == 1 else words


def off(x, by):
    return Tracked(x, lambda p: np.full(np.shape(x), by)).reference()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from(["float32", "int64", "bool", "S3"]))
def test_sparse_tensors_are_the_dense_ones(seed, dtype):
    random = np.random.RandomState(seed)
    dense = random.randint(0, 3, (4, 5))
    indices = np.argwhere(dense)
    values = random.randint(0, 99, len(indices)).astype(dtype)
    shape, mixed = np.array([4, 5]), random.permutation(len(indices))
    assert outcome("SparseReorder", [indices[mixed], values[mixed], shape], indices, values) == ["agrees"] * 2
    if len(indices) > 1:
        swapped = indices[::-1]
        assert (
            outcome("SparseReorder", [indices[mixed], values[mixed], shape], swapped, values)[0] == "differs"
        )
    flat = np.argwhere(dense.reshape(10, 2))
    found = [flat, np.array([10, 2])]
    assert outcome("SparseReshape", [indices, shape, np.array([10, -1])], *found) == ["agrees"] * 2
    inside = np.argwhere(dense[1:3, 2:])
    kept = np.array([tuple(index + [1, 2]) in set(map(tuple, inside + [1, 2])) for index in indices - [1, 2]])
    kept = kept.reshape(-1).astype(bool)
    sliced = [inside, values[kept], np.array([2, 3])]
    assert (
        outcome("SparseSlice", [indices, values, shape, np.array([1, 2]), np.array([2, 9])], *sliced)
        == ["agrees"] * 3
    )
    both = np.argwhere(np.concatenate([dense, dense], axis=1))
    order = np.lexsort(np.concatenate([indices, indices + [0, 5]]).T[::-1])
    joined = [both, np.concatenate([values, values])[order], np.array([4, 10])]
    assert (
        outcome("SparseConcat", [indices, indices, values, values, shape, shape], *joined, concat_dim=-1)
        == ["agrees"] * 3
    )


def test_rows_without_elements_are_filled():
    indices, values = np.array([[2, 3], [0, 1], [2, 0]]), np.array([5, 6, 7], np.float32)
    inputs = [indices, values, np.array([4, 5]), np.float32(9)]
    found = [
        np.array([[0, 1], [1, 0], [2, 3], [2, 0], [3, 0]]),
        np.array([6, 9, 5, 7, 9], np.float32),
        np.array([False, True, False, True]),
        np.array([2, 0, 3]),
    ]
    assert outcome("SparseFillEmptyRows", inputs, *found) == ["agrees"] * 4
    found[3] = np.array([3, 0, 2])
    assert outcome("SparseFillEmptyRows", inputs, *found)[3] == "differs"


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from(["float32", "float64", "int32"]))
def test_bins(seed, dtype):
    random = np.random.RandomState(seed)
    x, bounds = random.randint(-9, 9, 20).astype(dtype), np.sort(random.randint(-9, 9, 4))
    found = np.array([sum(bound <= one for bound in bounds) for one in x], np.int32)
    assert outcome("Bucketize", [x], found, boundaries=bounds.tolist()) == "agrees"
    wrong = np.array([sum(bound < one for bound in bounds) for one in x], np.int32)
    if (wrong != found).any():
        assert outcome("Bucketize", [x], wrong, boundaries=bounds.tolist()) == "differs"
    rows = np.stack([bounds, bounds + 1]).astype(dtype)
    low = np.array([[sum(bound < one for bound in row) for one in x] for row in rows], np.int32)
    assert outcome("LowerBound", [rows, np.stack([x, x])], low) == "agrees"
    high = np.array([[sum(bound <= one for bound in row) for one in x] for row in rows], np.int32)
    assert outcome("UpperBound", [rows, np.stack([x, x])], high) == "agrees"
    assert outcome("UpperBound", [rows, np.stack([x, x])], low) == (
        "agrees" if (low == high).all() else "differs"
    )
    if dtype != "int32":
        counts = np.histogram(np.clip(x, -4, 4), 8, (-4, 4))[0].astype(np.int32)
        limits = np.array([-4, 4], dtype)
        assert outcome("HistogramFixedWidth", [x, limits, np.int32(8)], counts) == "agrees"
        assert (
            outcome(
                "HistogramFixedWidth", [x, limits, np.int32(8)], counts + (np.arange(8) == 3).astype(np.int32)
            )
            == "differs"
        )


def test_an_inexact_number_is_in_either_bin_only_at_a_boundary():
    x, bounds = np.array([0.5, 1.0, 2.5]), [1.0, 2.0]
    inexact = off(x, 1e-6)
    for found in ([0, 1, 2], [0, 0, 2]):
        assert outcome("Bucketize", [inexact], np.array(found, np.int32), boundaries=bounds) == "agrees"
    for found in ([1, 1, 2], [0, 2, 2], [0, 1, 1]):
        assert outcome("Bucketize", [inexact], np.array(found, np.int32), boundaries=bounds) == "differs"
    assert outcome("Bucketize", [x], np.array([0, 0, 2], np.int32), boundaries=bounds) == "differs"


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(["float32", "float16", "bfloat16"]))
def test_rows_times_rows(seed, dtype):
    random = np.random.RandomState(seed)
    table, rows = (round_to(random.randn(*shape), dtype) for shape in ((5, 3), (2, 3)))
    call = lambda op: NodeCall(op, {}, (dtype, "int32", dtype), (dtype,))
    for op, new in (("ScatterMul", table[[4, 1]] * rows), ("ScatterDiv", table[[4, 1]] / rows)):
        found = np.array(table)
        found[[4, 1]] = round_to(new.astype(np.float32), dtype)
        for resource in ("", "Resource"):
            (flow,) = answer(call(resource + op), [table, np.array([4, 1], np.int32), rows])
            assert compare(found, dtype, flow, dtype).word == "agrees"
            assert compare(found[::-1], dtype, flow, dtype).word == "differs"
    with pytest.raises(NoRule, match="twice"):
        answer(call("ScatterMul"), [table, np.array([1, 1], np.int32), rows])


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_slices_that_are_distinct(seed):
    random = np.random.RandomState(seed)
    x = random.randint(0, 2, (6, 2)).astype(np.float32)
    seen = []
    for row in x.tolist():
        seen += [row] if row not in seen else []
    owner = np.array([seen.index(row) for row in x.tolist()], np.int32)
    unique, counts = np.array(seen, np.float32), np.bincount(owner).astype(np.int32)
    axis = np.array([0])
    assert outcome("UniqueWithCountsV2", [x, axis], unique, owner, counts) == ["agrees"] * 3
    assert outcome("UniqueV2", [x.T, np.array([1])], unique.T, owner) == ["agrees"] * 2
    if len(unique) > 1:
        assert outcome("UniqueV2", [x, axis], unique[::-1], owner)[0] == "differs"
    with pytest.raises(NoRule, match="NaN"):
        outcome("Unique", [np.array([np.nan, 1])], np.zeros(2), np.zeros(2, np.int32))


def test_what_is_not_in_a_list():
    x = np.array([4, 1, 3, 1, 2])
    found = np.array([4, 3, 2]), np.array([0, 2, 4], np.int32)
    assert outcome("ListDiff", [x, np.array([1, 7])], *found) == ["agrees"] * 2
    assert outcome("ListDiff", [x, np.array([1, 7])], found[0][::-1], found[1]) == ["differs", "agrees"]


def quantised(x, low, high, bits, narrow, reciprocal):
    """As either kernel has it, in float32."""
    one = np.float32
    first, last = one(1 if narrow else 0), one(2**bits - 1)
    scale = (one(high) - one(low)) / (last - first)
    zero = one(np.clip(np.floor(float(first - one(low) / scale) + 0.5), first, last))
    bottom, top = (first - zero) * scale, (last - zero) * scale
    shifted = np.clip(x, bottom, top) - bottom
    if not reciprocal:
        return np.floor(shifted / scale + one(0.5)) * scale + bottom
    inverse = one(1) / scale
    return np.floor(shifted * inverse - np.floor(-bottom * inverse + one(0.5)) + one(0.5)) * scale


@settings(max_examples=60, deadline=None)
@given(
    SEEDS,
    st.sampled_from([(-6.0, 6.0), (-1.3, 4.1), (0.5, 7.0), (-9.0, -0.2)]),
    st.sampled_from([4, 8]),
    st.booleans(),
)
def test_levels_of_a_quantised_range(seed, ends, bits, narrow):
    random = np.random.RandomState(seed)
    halfway = (random.randint(-(2**bits), 2**bits, 200) + 0.5) * (ends[1] - ends[0]) / (2**bits - 1 - narrow)
    x = np.concatenate([random.randn(50) * 5, halfway]).astype(np.float32)
    settings_of = {"min": ends[0], "max": ends[1], "num_bits": bits, "narrow_range": narrow}
    limits = [np.float32(end) for end in ends]
    for reciprocal in (False, True):
        found = quantised(x, *ends, bits, narrow, reciprocal).astype(np.float32)
        assert outcome("FakeQuantWithMinMaxArgs", [x], found, **settings_of) == "agrees"
        assert outcome("FakeQuantWithMinMaxVars", [x, *limits], found, **settings_of) == "agrees"
    level = np.float32((ends[1] - ends[0]) / 2**bits)
    assert outcome("FakeQuantWithMinMaxArgs", [x], found + level, **settings_of) == "differs"
    other = quantised(x, *ends, bits, not narrow, False).astype(np.float32)
    assert outcome("FakeQuantWithMinMaxArgs", [x], other, **settings_of) == "differs"


def test_gradients_of_a_quantised_range():
    x, g = np.array([-7.0, -1, 0, 6, 7, 9], np.float32), np.arange(1, 7, dtype=np.float32)
    inside = np.array([0, 2, 3, 0, 0, 0], np.float32)
    ends = [np.float32(-2), np.float32(5)]
    found = inside, np.float32(1), np.float32(4 + 5 + 6)
    assert outcome("FakeQuantWithMinMaxVarsGradient", [g, x, *ends], *found) == ["agrees"] * 3
    assert (
        outcome("FakeQuantWithMinMaxVarsGradient", [g, x, *ends], found[0] + 1, found[2], found[1])
        == ["differs"] * 3
    )
    both = np.stack([x, x], -1), np.stack([g, 2 * g], -1)
    ends = [np.array([-2.0, -8], np.float32), np.array([5.0, 8], np.float32)]
    found = (
        np.stack([inside, 2 * g * (x < 8)], -1).astype(np.float32),
        np.array([1, 0], np.float32),
        np.array([15, 12], np.float32),
    )
    op = "FakeQuantWithMinMaxVarsPerChannelGradient"
    assert outcome(op, [both[1], both[0], *ends], *found) == ["agrees"] * 3
    top = float(127 * np.float32(12 / 255))  # of -6 to 6: 0 is level 128
    args = NodeCall(
        "FakeQuantWithMinMaxArgsGradient", {"min": -6.0, "max": 6.0}, ("float32",) * 2, ("float32",)
    )
    width = np.float32(12) / np.float32(255)
    most = np.float32(127) * width  # NumPy 1 would take 127 to float64
    edges = np.array([most, np.nextafter(most, np.float32(9)), np.float32(-128) * width])
    (flow,) = answer(args, [np.ones(3, np.float32), edges])
    assert compare(np.array([1, 0, 1], np.float32), "float32", flow, "float32").word == "agrees"
    assert compare(np.array([0, 0, 0], np.float32), "float32", flow, "float32").word == "differs"
    inexact = off(np.array([top, top - 1, top + 1]), 1e-6)
    (flow,) = answer(args, [np.ones(3, np.float32), inexact])
    for found in ([1, 1, 0], [0, 1, 0]):
        assert compare(np.array(found, np.float32), "float32", flow, "float32").word == "agrees"
    for found in ([1, 0, 0], [1, 1, 1]):
        assert compare(np.array(found, np.float32), "float32", flow, "float32").word == "differs"


def test_what_is_kept_behind_a_handle_is_taken():
    for op in (
        "TensorArrayReadV3",
        "TensorArrayGatherV3 of what is not visible",
        "StackPopV2 of what is not visible",
        "TensorListGetItem",
    ):
        with pytest.raises(Taken, match="list of tensors"):
            answer(NodeCall(op, {}, (), ("float32",)), [])


def test_texts_are_kept_as_bytes():
    for texts in (np.array([["a", "b\u00fc"]], object), np.array([[b"a", b"b\xc3\xbc"]], object)):
        array, dtype = plain(texts)
        assert dtype == "string" and array.tolist() == [[b"a", b"b\xc3\xbc"]]
    assert plain(np.array([], object))[1] == "string"
    for kept in (np.array(["a\0"], object), np.array([None], object)):
        assert plain(kept)[1] == "object"
    assert plain(np.bytes_(b"a"))[1] == "string"
