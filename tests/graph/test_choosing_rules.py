"""Rules of ops that select, compare, cast and round, without TensorFlow: other spellings agree, faults differ.

Of inexact inputs the answer may fall to either side of a step within their allowance, and only there.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.arrays import round_to
from compat.judge.compare import compare
from compat.reference.nodes.ambiguous import Interval, OneOf
from compat.reference.nodes.registry import NodeCall, NoRule, Taken, answer, as_reference
from compat.reference.tracked import Tracked

SEEDS = st.integers(0, 2**32 - 1)
FLOATS = ("float32", "float64", "float16", "bfloat16")


def outcome(op, inputs, found, dtype, number=0, source=None, **attributes):
    """The judge's word on what came of an op; ``source``: the dtype of all inputs that are of floating numbers."""
    arrays = [np.asarray(getattr(flow, "whole", getattr(flow, "value", flow))) for flow in inputs]
    given = tuple(source if source and a.dtype.kind == "f" else a.dtype.name for a in arrays)
    flows = answer(NodeCall(op, attributes, given, (dtype,) * (number + 1)), inputs)
    return compare(np.asarray(found), dtype, as_reference(flows[number], dtype), dtype).word


def off(x, error):
    """x as a Reference that is off by that much, two thirds of which are the reference's own in float64."""
    return Tracked(x, lambda p: np.full(np.shape(x), error / 3)).reference()


def coarse(seed, *shape):
    """Few different numbers: many are equal."""
    return np.random.RandomState(seed).randint(-6, 7, shape) / 2.0


COMPARISONS = {
    "Less": lambda a, b: a < b, "LessEqual": lambda a, b: a <= b, "Greater": lambda a, b: a > b,
    "GreaterEqual": lambda a, b: a >= b, "Equal": lambda a, b: a == b, "NotEqual": lambda a, b: a != b,
}  # fmt: skip


@pytest.mark.parametrize("op", sorted(COMPARISONS))
@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(FLOATS + ("int8", "int64", "uint8")))
def test_comparisons(op, seed, dtype):
    x, y = (abs(coarse(seed + i & 0xFFFFFFFF, 3, 4)) for i in (0, 1))
    x, y = (round_to(a, dtype) if "float" in dtype else a.astype(dtype) for a in (x, y))
    found = np.array([[COMPARISONS[op](a, b) for a, b in zip(*rows)] for rows in zip(x.tolist(), y.tolist())])
    assert outcome(op, [x, y], found, "bool", source=dtype if "float" in dtype else None) == "agrees"
    found[0, 0] ^= True
    assert outcome(op, [x, y], found, "bool", source=dtype if "float" in dtype else None) == "differs"


@pytest.mark.parametrize("op", sorted(COMPARISONS))
def test_comparisons_of_inexact_numbers_fall_to_either_side_only_near_the_step(op):
    x, y = np.array([1.0, 1.0, 1.0, 1.0]), np.array([1.0, 1.0 + 1e-9, 1.1, 0.9])
    right = COMPARISONS[op](x, y)
    for flips in ([True, True, False, False], [True, False, False, False], [False] * 4):
        assert outcome(op, [off(x, 1e-8), y], right ^ np.array(flips), "bool", source="float64") == "agrees"
    for flips in ([False, False, True, False], [False, False, False, True]):
        assert outcome(op, [off(x, 1e-8), y], right ^ np.array(flips), "bool", source="float64") == "differs"
    assert outcome(op, [x, y], right ^ np.array([False, True, False, False]), "bool") == "differs"


def test_logic_of_ambiguous_truth():
    x = Interval(np.array([True, True, False]), np.array([0, 1, 0]), np.array([1, 1, 0]))
    true, false = np.array([True] * 3), np.array([False] * 3)
    for op, other, low, high in (
        ("LogicalAnd", true, [0, 1, 0], [1, 1, 0]),
        ("LogicalAnd", false, [0, 0, 0], [0, 0, 0]),
        ("LogicalOr", true, [1, 1, 1], [1, 1, 1]),
        ("LogicalOr", false, [0, 1, 0], [1, 1, 0]),
        ("LogicalNot", None, [0, 0, 1], [1, 0, 1]),
    ):
        inputs = [x] if other is None else [x, other]
        for place in range(3):
            for value in (False, True):
                found = np.array(low, bool)
                found[place] = value
                word = "agrees" if low[place] <= value <= high[place] else "differs"
                assert outcome(op, inputs, found, "bool") == word, (op, place, value)
    axis = np.array([0], np.int32)
    assert [outcome("All", [x, axis], np.array(v), "bool") for v in (False, True)] == [
        "agrees",
        "differs",
    ]
    assert [outcome("Any", [x, axis], np.array(v), "bool") for v in (False, True)] == ["differs", "agrees"]


def test_what_may_overflow_may_be_infinite():
    x = np.array([3.4e38, 1.0, np.inf])
    assert (
        outcome("IsInf", [off(x, 1e36)], np.array([True, False, True]), "bool", source="float32") == "agrees"
    )
    assert (
        outcome("IsInf", [off(x, 1e36)], np.array([False, True, True]), "bool", source="float32") == "differs"
    )
    assert outcome("IsInf", [x], np.array([True, False, True]), "bool", source="float32") == "differs"


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from([0, 1, -1]), st.sampled_from(["ArgMax", "ArgMin"]))
def test_arg_extremes(seed, axis, op):
    x = coarse(seed, 4, 5)
    columns = x if axis else x.T
    pick = max if op == "ArgMax" else min
    found = np.array([row.index(pick(row)) for row in columns.tolist()])
    inputs = [x, np.int32(axis)]
    assert outcome(op, inputs, found, "int64") == "agrees"
    assert outcome(op, inputs, (found + 1) % 4, "int64") == "differs"
    # Off by less than half a step: any of those that are equal to the extreme, and no other.
    for candidate in range(columns.shape[1]):
        moved = np.array(found)
        moved[0] = candidate
        word = "agrees" if columns[0, candidate] == columns[0, found[0]] else "differs"
        assert outcome(op, [off(x, 0.2), np.int32(axis)], moved, "int64", source="float64") == word


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_the_k_largest(seed, k):
    x, k = coarse(seed, 3, 6), np.int32(k)
    rows = [sorted(range(6), key=lambda i: (-row[i], i))[:k] for row in x.tolist()]
    indices = np.array(rows, np.int32)
    values = np.take_along_axis(x, indices.astype(int), axis=-1)
    call = NodeCall("TopKV2", {}, ("float64", "int32"), ("float64", "int32"))
    for flow, noise in ((x, 0.0), (off(x, 0.2), 0.2)):
        answers = [as_reference(one, dtype) for one, dtype in zip(answer(call, [flow, k]), call.outputs)]
        assert compare(values, "float64", answers[0], "float64").word == "agrees"
        assert compare(indices, "int32", answers[1], "int32").word == "agrees"
        nudged = x + noise * np.random.RandomState(seed).uniform(-1, 1, x.shape)
        order = np.argsort(-nudged, axis=-1, kind="stable")[:, :k]
        there = np.take_along_axis(nudged, order, axis=-1)
        assert compare(there, "float64", answers[0], "float64").word == "agrees"
        assert compare(order.astype(np.int32), "int32", answers[1], "int32").word == "agrees"
        assert compare(values + 0.3, "float64", answers[0], "float64").word == "differs"
        smallest = np.array(indices)
        smallest[0, 0] = np.argmin(x[0])
        if x[0].min() < x[0].max():
            assert compare(smallest, "int32", answers[1], "int32").word == "differs"


def test_one_of_several_indices_moves_with_them():
    one = OneOf(np.array([[0, 2], [1, 1]]), np.array([[[1, 1, 0], [0, 0, 1]], [[0, 1, 0], [1, 0, 0]]], bool))
    turned = one.rearranged(np.transpose)
    for reference, move in ((one, np.array), (turned, np.transpose)):
        for found, word in (
            ([[0, 2], [1, 1]], "agrees"), ([[1, 2], [1, 0]], "agrees"), ([[2, 2], [1, 1]], "differs"),
            ([[0, 1], [1, 1]], "differs"), ([[0, 2], [1, 3]], "differs"), ([[0, 2], [1, -1]], "differs"),
        ):  # fmt: skip
            result = move(np.array(found, np.int64))
            assert compare(result, "int64", reference, "int64").word == word, found


def test_the_nth_and_those_in_the_top_k():
    x, n = coarse(5, 3, 6), np.int32(2)
    assert outcome("NthElement", [x, n], np.sort(x, -1)[:, 2], "float64") == "agrees"
    assert outcome("NthElement", [x, n], np.sort(x, -1)[:, 2], "float64", reverse=True) == "differs"
    scores, classes = np.array([[1.0, 2, 3, 3], [4, 3, np.inf, 1]]), np.array([2, 0])
    assert outcome("InTopKV2", [scores, classes, np.int32(1)], np.array([True, False]), "bool") == "agrees"
    assert outcome("InTopKV2", [scores, classes, np.int32(1)], np.array([False, False]), "bool") == "differs"
    near = [off(scores, 0.01), classes, np.int32(1)]
    assert outcome("InTopKV2", near, np.array([False, False]), "bool", source="float64") == "agrees"
    far = [off(scores, 0.01), np.array([1, 0]), np.int32(1)]
    assert outcome("InTopKV2", far, np.array([True, False]), "bool", source="float64") == "differs"


def test_selection_by_an_ambiguous_condition():
    holds = Interval(np.array([True, True, False]), np.array([0, 1, 0]), np.array([1, 1, 0]))
    for dtype in ("float32", "int32"):
        x, y = np.array([1, 2, 3], dtype), np.array([7, 8, 9], dtype)
        for found, word in (
            ([1, 2, 9], "agrees"),
            ([7, 2, 9], "agrees"),
            ([1, 8, 9], "differs"),
            ([1, 2, 3], "differs"),
        ):
            assert outcome("SelectV2", [holds, x, y], np.array(found, dtype), dtype) == word
        assert outcome("SelectV2", [np.array([True] * 3), x, y], x, dtype) == "agrees"
        assert outcome("SelectV2", [np.array([True] * 3), x, y], y, dtype) == "differs"


@settings(max_examples=60, deadline=None)
@given(
    SEEDS, st.sampled_from(FLOATS), st.sampled_from(FLOATS + ("int8", "int32", "int64", "bool", "complex64"))
)
def test_casts(seed, source, target):
    x = round_to(np.random.RandomState(seed).randn(20) * 50, source)
    found = round_to(x, target) if "float" in target else x.astype(target)
    if target == "int8":
        x, found = x[abs(x) < 120], found[abs(x) < 120]
    assert outcome("Cast", [x], found, target, source=source) == "agrees"
    wrong = ~found if target == "bool" else round_to(found * 1.125 + 1, target)
    assert outcome("Cast", [x], wrong, target, source=source) == "differs"


def test_undefined_casts_and_those_at_a_step():
    x = np.array([np.nan, 3e9, -1.5, 7.0])
    anything = np.array([5, -7, -1, 7], np.int32)
    assert outcome("Cast", [x], anything, "int32") == "agrees"
    assert outcome("Cast", [x], anything - 1, "int32") == "differs"
    near = off(np.array([2.9999999, 2.5, -0.0000001]), 1e-6)
    for found, word in (
        ([2, 2, 0], "agrees"),
        ([3, 2, 0], "agrees"),
        ([1, 2, 0], "differs"),
        ([3, 3, 0], "differs"),
    ):
        assert outcome("Cast", [near], np.array(found, np.int32), "int32", source="float64") == word
    assert outcome("Cast", [off(np.array([0.0, 1.0]), 1e-6)], np.array([True, True]), "bool") == "agrees"
    assert outcome("Cast", [off(np.array([0.0, 1.0]), 1e-6)], np.array([True, False]), "bool") == "differs"


def test_an_error_goes_through_a_cast():
    x = off(np.array([1.0, 100.0]), 0.01)
    for moved, word in ((0.009, "agrees"), (0.03, "differs")):
        assert outcome("Cast", [x], np.float32([1.0 + moved, 100.0]), "float32", source="float64") == word
    assert outcome("Cast", [x], np.float16([1.0, 100.0 + 0.06]), "float16", source="float64") == "agrees"
    assert outcome("Cast", [x], np.float16([1.0, 100.0 + 0.4]), "float16", source="float64") == "differs"


@pytest.mark.parametrize(
    "op, function", [("Floor", np.floor), ("Ceil", np.ceil), ("Rint", np.rint), ("Sign", np.sign)]
)
def test_steps(op, function):
    step = {"Rint": 0.5, "Sign": 0.0}.get(op, 1.0)
    x = np.array([step, step + 0.2, step - 0.2])
    for end in (-1e-7, 1e-7):
        found = function(x + np.array([end, 0, 0]))
        assert outcome(op, [off(x, 1e-6)], found, "float64") == "agrees"
    assert outcome(op, [x], function(x), "float64") == "agrees"
    far = function(x + np.array([0, 1.0, 0])) + (op == "Sign")
    assert outcome(op, [off(x, 1e-6)], far, "float64") == "differs"
    assert outcome(op, [x], function(x) + np.array([1.0, 0, 0]), "float64") == "differs"


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from(["int32", "float32", "float64"]))
def test_quotients_and_remainders(seed, dtype):
    random = np.random.RandomState(seed)
    x, y = (random.randint(-40, 41, 12).astype(dtype) for _ in range(2))
    y[y == 0] = 3
    floor = [int(a) // int(b) for a, b in zip(x, y)]
    mod = [int(a) - q * int(b) for a, b, q in zip(x, y, floor)]
    towards = [abs(int(a)) % abs(int(b)) * (1 if a >= 0 else -1) for a, b in zip(x, y)]
    for op, found in (("FloorDiv", floor), ("FloorMod", mod), ("Mod", towards), ("TruncateMod", towards)):
        found = np.array(found, dtype)
        assert outcome(op, [x, y], found, dtype) == "agrees", op
        wrong = found + np.asarray(np.arange(12) == 4, dtype)
        below = found - np.asarray(np.arange(12) == 4, dtype)
        assert outcome(op, [x, y], wrong, dtype) == outcome(op, [x, y], below, dtype) == "differs", op


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.sampled_from(["FloorMod", "Mod", "FloorDiv"]))
def test_remainders_of_inexact_numbers(seed, op):
    random = np.random.RandomState(seed)
    x, y, e = random.randint(-9, 10, 30) / 2.0, random.choice([-2.0, -1.5, 1.0, 3.0], 30), 1e-3
    function = {"FloorMod": np.mod, "Mod": np.fmod, "FloorDiv": lambda a, b: np.floor(a / b)}[op]
    moved = function(x + e * random.uniform(-1, 1, 30), y + e * random.uniform(-1, 1, 30))
    assert outcome(op, [off(x, e), off(y, e)], moved, "float64") == "agrees"
    inside = np.array([0.5, 2.25]), np.array([1.0, 1.5])
    wrong = function(*inside) + 0.3
    assert outcome(op, [off(inside[0], e), off(inside[1], e)], wrong, "float64") == "differs"


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_bits(seed):
    random = np.random.RandomState(seed)
    x, y, shift = (
        random.randint(low, high, 8).astype(np.int16) for low, high in ((-999, 999), (-999, 999), (0, 12))
    )
    pairs = list(zip(x.tolist(), y.tolist(), shift.tolist()))
    wrapped = [((a << s) + 2**15) % 2**16 - 2**15 for a, _, s in pairs]
    for op, second, found in (
        ("BitwiseAnd", y, [a & b for a, b, _ in pairs]), ("BitwiseOr", y, [a | b for a, b, _ in pairs]),
        ("BitwiseXor", y, [a ^ b for a, b, _ in pairs]), ("LeftShift", shift, wrapped),
        ("RightShift", shift, [a >> s for a, _, s in pairs]),
    ):  # fmt: skip
        found = np.array(found, np.int16)
        assert outcome(op, [x, second], found, "int16") == "agrees", op
        assert outcome(op, [x, second], found ^ np.int16(1), "int16") == "differs"
    counts = np.array([bin(a & 0xFFFF).count("1") for a in x.tolist()], np.uint8)
    assert outcome("PopulationCount", [x], counts, "uint8") == "agrees"
    assert outcome("PopulationCount", [x], counts + np.uint8(1), "uint8") == "differs"
    assert outcome("Invert", [x], -1 - x, "int16") == "agrees"


def test_bits_of_another_dtype():
    x = np.array([[1.0, -2.0]], np.float32)
    assert outcome("Bitcast", [x], np.array([[0x3F800000, -0x40000000]], np.int32), "int32") == "agrees"
    assert outcome("Bitcast", [x], np.array([[0x3F800001, -0x40000000]], np.int32), "int32") == "differs"
    short = np.array([[[0, 0x3F80], [0, -0x4000]]], np.int16)
    assert outcome("Bitcast", [x], short, "int16") == "agrees"
    assert outcome("Bitcast", [short], x, "float32") == "agrees"
    assert outcome("Bitcast", [x], short[..., 1], "int16", source="bfloat16") == "agrees"


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from([3, 8]), st.booleans())
def test_fake_quantisation(seed, bits, narrow):
    x = (np.random.RandomState(seed).randn(50) * 3).astype(np.float32)
    first, last = int(narrow), 2**bits - 1
    scale = 7.5 / (last - first)
    zero = round(first + 2.5 / scale)
    levels = (np.arange(first, last + 1) - zero) * scale
    found = levels[abs(x[:, None] - levels).argmin(axis=1)].astype(np.float32)
    attributes = {"min": -2.5, "max": 5.0, "num_bits": bits, "narrow_range": narrow}
    assert outcome("FakeQuantWithMinMaxArgs", [x], found, "float32", **attributes) == "agrees"
    clear = int(np.argmin(abs(x - found)))
    wrong = np.array(found)
    wrong[clear] += np.float32(scale)
    assert outcome("FakeQuantWithMinMaxArgs", [x], wrong, "float32", **attributes) == "differs"
    assert (
        outcome("FakeQuantWithMinMaxArgs", [x], found * np.float32(1 + 1e-4), "float32", **attributes)
        == "differs"
    )


def test_texts():
    words = np.array([b" Ab", b"x\xc3\xa9"])
    assert outcome("StringUpper", [words], np.array([b" AB", b"X\xc3\xa9"]), "string") == "agrees"
    assert outcome("StringUpper", [words], np.array([b" AB", b"x\xc3\xa9"]), "string") == "differs"
    for op, found in (
        ("StringLower", [b" ab", b"x\xc3\xa9"]), ("StringStrip", [b"Ab", b"x\xc3\xa9"]),
    ):  # fmt: skip
        (made,) = answer(NodeCall(op, {}, ("string",), ("string",)), [words])
        assert made.tolist() == found
    (made,) = answer(NodeCall("StringJoin", {"separator": "-"}, ("string",) * 2, ("string",)), [words, words])
    assert made.tolist() == [b" Ab- Ab", b"x\xc3\xa9-x\xc3\xa9"]
    assert outcome("StringLength", [words], np.array([3, 3], np.int32), "int32", unit="BYTE") == "agrees"
    assert outcome("StringLength", [words], np.array([3, 2], np.int32), "int32", unit="UTF8_CHAR") == "agrees"
    assert outcome("StringLength", [words], np.array([3, 2], np.int32), "int32", unit="BYTE") == "differs"


def test_what_is_drawn_or_read_is_taken():
    with pytest.raises(Taken) as drawn:
        answer(NodeCall("StatelessRandomUniform", {}, (), ("float32",)), [])
    assert drawn.value.random
    with pytest.raises(Taken) as read:
        answer(NodeCall("ReadFile", {}, (), ("string",)), [])
    assert not read.value.random
    with pytest.raises(NoRule):
        answer(NodeCall("PyFunc", {}, (), ("float32",)), [])
    assert answer(NodeCall("Assert", {}, ("bool",), ("",)), [np.array(True)]) == []
