"""Lookups, segments, scatter, crops, selections: against loops, float32 in several orders, and faults."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat import reference
from compat.judge.compare import compare

seeds = st.integers(0, 2**31)


def noise(seed, *shape, low=-1.0, high=1.0):
    return np.random.RandomState(seed).uniform(low, high, shape).astype(np.float32)


def whole(seed, high, *shape):
    return np.random.RandomState(seed).randint(0, high, shape)


def word(result, answer, dtype="float32"):
    return compare(np.asarray(result), dtype, answer, "float32").word


# -- segments and scatter


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 30), st.integers(1, 6), st.sampled_from(["sum", "mean", "sqrt_n", "max", "min"]))
def test_segments(seed, rows, count, of):
    x, numbers = noise(seed, rows, 2), whole(seed, count + 1, rows) - 1  # -1: left out
    answer = reference.segment(x, numbers, of=of, count=count, empty=-7.0)
    orders = {"forwards": [], "backwards": []}
    for number in range(count):
        found = x[numbers == number]
        for name, places in (("forwards", found), ("backwards", found[::-1])):
            if not len(found):
                orders[name].append(np.full(2, -7, np.float32))
            elif of in ("max", "min"):
                orders[name].append(getattr(places, of)(axis=0))
            else:
                over = {"sum": 1, "mean": len(found), "sqrt_n": math.sqrt(len(found))}[of]
                orders[name].append(np.float32(sum(places) / np.float32(over)))
        right = [math.fsum(map(float, column)) for column in found.T] if len(found) else [0, 0]
        if len(found) and of == "sum":
            np.testing.assert_allclose(answer.value[number], right, rtol=1e-12, atol=1e-15)
    for made in orders.values():
        assert word(np.stack(made), answer) == "agrees"
    nudged = np.stack(orders["forwards"]) + np.float32(1e-4)
    assert word(nudged, answer) == "differs"


def test_segments_come_as_far_as_the_largest_number():
    answer = reference.segment(np.float32([[1], [2], [4]]), [0, 0, 2])
    assert answer.value.tolist() == [[3], [0], [4]]
    # The rows moved by one, and the negative number counted from the end.
    assert word(np.float32([[0], [3], [4]]), answer) == "differs"
    dropped = reference.segment(np.float32([[1], [2], [4]]), [0, -1, 2], count=3)
    assert dropped.value.tolist() == [[1], [0], [4]]


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 12), st.sampled_from(["add", "sub", "max", "min"]), st.booleans())
def test_scatter(seed, updates, of, elements):
    table = noise(seed, 4, 3)
    indices = whole(seed, 3, updates, 2) if elements else whole(seed, 4, updates, 1)
    given_ = noise(seed + 1, updates) if elements else noise(seed + 1, updates, 3)
    answer = reference.scatter(table, indices, given_, of=of)
    step = {"add": np.add, "sub": np.subtract, "max": np.maximum, "min": np.minimum}[of]
    exact, last = table.astype(float), table.copy()
    for places in (range(updates), reversed(range(updates))):
        result = table.copy()
        for k in places:
            where = tuple(indices[k])
            result[where] = step(result[where], given_[k])
        assert word(result, answer) == "agrees"
    for k in range(updates):
        where = tuple(indices[k])
        exact[where] = step(exact[where], given_[k].astype(float))
        last[where] = step(table[where], given_[k])
    np.testing.assert_allclose(answer.value, exact, rtol=1e-12, atol=1e-15)
    untouched = np.ones(table.shape, bool)
    untouched[tuple(indices.T)] = False
    nudged = result.copy()
    nudged[untouched] = np.nextafter(nudged[untouched], np.float32(2))
    assert (word(nudged, answer) == "differs") == untouched.any()
    if of in ("add", "sub") and len({tuple(i) for i in indices}) < updates:
        assert word(last, answer) == "differs"  # only the last of several updates


def test_scatter_replaces_but_not_twice():
    table = np.zeros((3, 2), np.float32)
    answer = reference.scatter(table, [[2], [0]], np.float32([[1, 2], [3, 4]]))
    assert answer.value.tolist() == [[3, 4], [0, 0], [1, 2]] and not answer.worst("float32").any()
    with pytest.raises(ValueError, match="twice"):
        reference.scatter(table, [[2], [2]], np.float32([[1, 2], [3, 4]]))


# -- lookups


def test_strategies_of_lookup():
    tables, numbers = noise(1, 3, 4, 2), whole(2, 12, 5, 2)
    mod, div = (reference.embedding_lookup(tables, numbers, strategy=how) for how in ("mod", "div"))
    in_turn = np.stack([tables[i % 3, i // 3] for i in range(12)])
    np.testing.assert_array_equal(mod.value, in_turn[numbers])
    np.testing.assert_array_equal(div.value, tables.reshape(12, 2)[numbers])
    assert word(div.value.astype(np.float32), mod) == "differs"
    assert word(div.value.astype(np.float32), div) == "agrees"


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(["sum", "mean", "sqrtn"]))
def test_sparse_lookups(seed, combiner):
    table, weights = noise(seed, 6, 3), noise(seed + 1, 9, low=0.25, high=2)
    examples, numbers = np.sort(whole(seed, 4, 9)), whole(seed + 2, 6, 9)
    answer = reference.embedding_lookup_sparse(table, examples, numbers, weights, combiner=combiner)
    faults = {name: np.zeros(answer.value.shape, np.float32) for name in ("sum", "mean", "sqrtn", "count")}
    for example in set(examples):
        at = examples == example
        rows, w = table[numbers[at]], weights[at]
        total = (rows * w[:, None]).sum(0)
        over = {"sum": 1, "mean": w.sum(), "sqrtn": np.sqrt((w * w).sum()), "count": np.sum(at)}
        for name in faults:
            faults[name][example] = total / np.float32(over[name])
        exact = [math.fsum(float(a) * float(b) for a, b in zip(w, column)) for column in rows.T]
        below = {
            "sum": 1.0,
            "mean": math.fsum(map(float, w)),
            "sqrtn": math.sqrt(math.fsum(float(v) ** 2 for v in w)),
        }
        np.testing.assert_allclose(
            answer.value[example], np.array(exact) / below[combiner], rtol=1e-10, atol=1e-14
        )
    for name, result in faults.items():
        assert (word(result, answer) == "agrees") == (name == combiner), name


def test_an_example_without_numbers_is_zero_whatever_the_combiner():
    for combiner in ("sum", "mean", "sqrtn"):
        answer = reference.embedding_lookup_sparse(noise(1, 6, 3), [0, 2], [1, 5], combiner=combiner, count=4)
        assert not answer.value[[1, 3]].any() and (answer.worst("float32")[[1, 3]] < 1e-37).all()


# -- where the largest are


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(1, 9), st.data())
def test_of_equals_the_first(seed, length, data):
    x = whole(seed, 3, 4, length).astype(np.float32)
    k = data.draw(st.integers(1, length))
    order = [sorted(range(length), key=lambda j: (-row[j], j))[:k] for row in x]
    answers = reference.top_k(x, k=k)
    np.testing.assert_array_equal(answers["indices"].value, order)
    np.testing.assert_array_equal(answers["values"].value, np.take_along_axis(x, np.array(order), 1))
    assert answers["indices"].dtype == "int32"
    backwards = np.int32([sorted(range(length), key=lambda j: (-row[j], -j))[:k] for row in x])
    same = np.array_equal(backwards, order)
    assert (word(backwards, answers["indices"], "int32") == "agrees") == same
    assert word(np.int64(order), answers["indices"], "int64") == "differs"  # the dtype
    for of, first in (("max", np.argmax), ("min", np.argmin)):
        answer = reference.arg_extreme(x, of=of, axis=1)
        best = [(max if of == "max" else min)(row) for row in x.tolist()]
        found = np.array([row.index(b) for row, b in zip(x.tolist(), best)])
        assert word(found, answer, "int64") == "agrees"
        last = length - 1 - first(x[:, ::-1], axis=1)
        assert (word(last, answer, "int64") == "agrees") == np.array_equal(last, found)


def test_zeros_of_both_signs_are_equal():
    answers = reference.top_k(np.float32([[-0.0, 0.0, -1.0, 0.0]]), k=3)
    assert answers["indices"].value.tolist() == [[0, 1, 3]]


# -- crops


def cropped(image, boxes, numbers, size, outside, dtype, swapped=False):
    """The definition, pixel by pixel."""
    y = np.empty((len(boxes), *size, image.shape[3]), dtype)
    last = [dtype(n - 1) for n in image.shape[1:3]]
    image, one = image.astype(dtype), dtype(1)
    for b, (box, number) in enumerate(zip(boxes.astype(dtype), numbers)):
        starts, ends = (box[[1, 0]], box[[3, 2]]) if swapped else (box[:2], box[2:])
        for place in np.ndindex(*size):
            at = [
                start * n + dtype(i) * ((end - start) * n / dtype(m - 1)) if m > 1 else (start + end) / 2 * n
                for start, end, n, i, m in zip(starts, ends, last, place, size)
            ]
            if not all(0 <= a <= n for a, n in zip(at, last)):
                y[(b, *place)] = outside
                continue
            low = [int(np.floor(a)) for a in at]
            high = [min(below + 1, int(n)) for below, n in zip(low, last)]
            down, along = (dtype(a - below) for a, below in zip(at, low))
            rows = [
                image[number, r, low[1]] * (one - along) + image[number, r, high[1]] * along
                for r in (low[0], high[0])
            ]
            y[(b, *place)] = rows[0] * (one - down) + rows[1] * down
    return y


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 6), st.integers(1, 6), st.sampled_from(["inside", "turned", "outside", "whole"]))
def test_crops(seed, rows, columns, kind):
    image, numbers = noise(seed, 2, 6, 9, 2), np.array([1, 0, 1])
    boxes = np.sort(noise(seed + 1, 3, 2, 2, low=0.0), axis=1).reshape(3, 4)
    if kind == "turned":
        boxes = boxes[:, [2, 3, 0, 1]]
    elif kind == "outside":
        boxes = boxes * 2 - np.float32(0.5)
    elif kind == "whole":
        boxes = np.float32([[0, 0, 1, 1]] * 3)
    answer = reference.crop_and_resize(
        image, boxes, numbers, crop_size=(rows, columns), extrapolation_value=-3
    )
    exact = cropped(image, boxes, numbers, (rows, columns), -3, np.float64)
    np.testing.assert_allclose(answer.value, exact, rtol=1e-9, atol=1e-12)
    found = cropped(image, boxes, numbers, (rows, columns), -3, np.float32)
    assert word(found, answer) == "agrees"
    if kind == "inside" and rows > 1 and columns > 1:
        x_first = cropped(image, boxes, numbers, (rows, columns), -3, np.float32, swapped=True)
        other_image = cropped(image, boxes, 1 - numbers, (rows, columns), -3, np.float32)
        assert word(x_first, answer) == word(other_image, answer) == "differs"
        assert word(found + np.float32(1e-4), answer) == "differs"


def test_far_from_the_origin_positions_round():
    """Of 4,001 pixels a position is off by thousands of u, and the crop by that times a step between pixels."""
    image, boxes = noise(1, 1, 2, 4001, 1), np.float32([[0.1, 0.13, 0.9, 0.97]])
    answer = reference.crop_and_resize(image, boxes, [0], crop_size=(2, 501))
    found = cropped(image, boxes, [0], (2, 501), 0, np.float32)
    assert word(found, answer) == "agrees"
    assert abs(found - answer.value).max() > 100 * 2.0**-24
    moved = cropped(image, boxes + np.float32([[0, 1e-5, 0, 1e-5]]), [0], (2, 501), 0, np.float32)
    assert word(moved, answer) == "differs"


def test_nearest_pixels_are_exact():
    image = noise(1, 1, 5, 5, 1)
    answer = reference.crop_and_resize(image, [[0, 0, 1, 0.6]], [0], crop_size=(3, 4), method="nearest")
    np.testing.assert_array_equal(answer.value[0], image[0][[0, 2, 4]][:, [0, 1, 2, 2]])
    assert not answer.worst("float32").any()


# -- transposed convolution


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("more", [0, 1])
def test_output_padding_is_rows_at_the_end(padding, more):
    x, w = noise(1, 1, 4, 4, 2), noise(2, 3, 3, 1, 2)
    answer = reference.conv2d_transpose(x, w, strides=2, padding=padding, output_padding=more)
    full = np.zeros((9 + more, 9 + more))
    for i, j in np.ndindex(4, 4):
        full[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += (w[:, :, 0].astype(float) * x[0, i, j]).sum(-1)
    size = 9 + more if padding == "VALID" else 7 + more
    # SAME of an even size takes nothing off at the beginning, of an odd one a pixel.
    start = 0 if padding == "VALID" or size % 2 == 0 else 1
    np.testing.assert_allclose(
        answer.value[0, :, :, 0], full[start : start + size, start : start + size], rtol=1e-12, atol=1e-14
    )


def test_an_even_kernel_takes_itself_off():
    """(4 - 1) 2 + 4 + 1 - 2 (4 // 2) = 7."""
    answer = reference.conv2d_transpose(
        noise(1, 1, 4, 4, 2), noise(2, 4, 4, 1, 2), strides=2, padding="SAME", output_padding=1
    )
    assert answer.value.shape == (1, 7, 7, 1)
