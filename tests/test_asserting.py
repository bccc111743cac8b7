"""compat.assert_agrees: what agrees never fails, what does not always does, and the message says why."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import WARNINGS_FAIL, python, write

import compat
from compat import CompatError, assert_agrees, layers, reference
from compat.arrays import UNIT_ROUNDOFF, round_to
from compat.record.repeats import MOVED, SAME, THERE_AND_BACK
from compat.reference import Network, Reference, Within

pytestmark = WARNINGS_FAIL

f32 = np.float32


def noise(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape).astype(f32)


X, W, B = noise(20, 30), noise(30, 8, seed=1), noise(8, seed=2)
Y = X @ W + B
SCALE = np.abs(X) @ np.abs(W) + np.abs(B)


def message(*arguments, **settings):
    """That of the failure."""
    with pytest.raises(AssertionError) as failure:
        assert_agrees(*arguments, **settings)
    return str(failure.value)


def refused(*arguments, kind=CompatError, **settings):
    """The one line of a refusal."""
    with pytest.raises(kind) as refusal:
        assert_agrees(*arguments, **settings)
    assert len(str(refusal.value).splitlines()) == 1
    return str(refusal.value)


# -- the words


def test_what_agrees_returns_its_numbers():
    verdict = assert_agrees(Y, reference.dense(X, W, B))
    assert verdict.word == "agrees" and 0 < verdict.outputs["y"].share < 1


def test_what_differs_says_where_and_how_far():
    wrong = Y.copy()
    wrong[3, 4] += f32(1)
    text = message(wrong, reference.dense(X, W, B))
    assert text.startswith("differs: at [3, 4] ") and " times the rounding allowance; " in text
    # All others are rounding.
    assert "; 1 of 160 elements are beyond the allowance, the largest error is 1" in text.splitlines()[0]
    assert "only in row 3 of 20" in text


def test_what_is_suspicious_fails_in_its_own_words():
    found = np.zeros(10000, f32)
    found[77] = 3e-5
    text = message(found, Reference(np.zeros(10000), magnitude=1.0, terms=1000))
    assert text.startswith("suspicious: at [77] ") and "what rounding is likely to do" in text


def test_what_differs_as_a_whole_though_no_element_does():
    answer = reference.dense(X, W, B)
    signs = np.random.RandomState(3).choice([-1, 1], Y.shape)
    off = (answer.value + 0.8 * answer.worst("float32") * signs).astype(f32)
    assert "root mean square" in message(off, answer)


# -- arithmetic: any order of a sum, nothing beyond

CASES = st.tuples(
    st.integers(0, 2**31), st.integers(1, 3), st.integers(1, 300), st.sampled_from(["float32", "float64"])
)


def sums(seed, rows, terms, dtype):
    """(products in the precision, their exact sums, the sums of their absolute values)."""
    random = np.random.RandomState(seed)
    x, w = (random.normal(size=(rows, terms)) * 10.0 ** random.randint(-3, 4) for _ in range(2))
    x, w = x.astype(f32), w.astype(f32)  # whose products and sums float64 holds nearly exactly
    exact = (x.astype(np.longdouble) * w).sum(axis=1)
    scale = np.abs(x.astype(float) * w).sum(axis=1)
    return x.astype(dtype) * w.astype(dtype), exact.astype(float), scale


def in_order(products, order):
    total = np.zeros(len(products), products.dtype)
    for index in order:
        total = total + products[:, index]
    return total


@given(CASES)
def test_a_sum_in_any_order_agrees(case):
    products, exact, scale = sums(*case)
    orders = [np.random.RandomState(n).permutation(case[2]) for n in range(2)]
    found, other = (in_order(products, order) for order in orders)
    assert_agrees(found, exact, terms=case[2], scale=scale)
    assert_agrees(found, other, terms=case[2], scale=scale)


@given(CASES, st.booleans())
def test_a_fault_beyond_rounding_never_agrees(case, by_another):
    products, exact, scale = sums(*case)
    found = in_order(products, range(case[2]))
    expected = found.copy() if by_another else exact
    u = UNIT_ROUNDOFF[case[3]]
    row = case[0] % len(found)
    sides = 2 if by_another else 1
    found[row] += 2.5 * sides * (np.expm1(case[2] * np.log1p(u)) + 2 * u) * scale[row]
    with pytest.raises(AssertionError):
        assert_agrees(found, expected, terms=case[2], scale=scale)


NUMBERS = st.lists(st.floats(1e-3, 1e3).flatmap(lambda x: st.sampled_from([x, -x])), min_size=1, max_size=3)


@given(NUMBERS, st.sampled_from(["float16", "float32"]))
def test_without_a_word_one_rounding_is_allowed_and_no_second(numbers, dtype):
    exact = np.array(numbers)
    rounded = exact.astype(dtype)
    assert_agrees(rounded, exact)
    beyond = rounded + 2 * np.spacing(rounded)
    with pytest.raises(AssertionError):
        assert_agrees(beyond, exact)
    neighbour = np.nextafter(rounded, rounded.dtype.type(0))
    assert_agrees(neighbour, rounded)  # either side has rounded once
    with pytest.raises(AssertionError):
        assert_agrees(beyond + 2 * np.spacing(beyond), rounded)


@given(NUMBERS)
def test_bfloat16_is_rounded_once_as_well(numbers):
    exact = np.array(numbers)
    held = round_to(exact, "bfloat16")
    assert_agrees(list(map(float, exact)), exact, dtype="bfloat16")
    assert_agrees([float(x) for x in held], exact, dtype="bfloat16")
    with pytest.raises(AssertionError):
        assert_agrees([float(x) * (1 + 2.0**-6) for x in held], exact, dtype="bfloat16")


def test_little_numbers_are_not_rounded_away():
    message(np.float16([1e-5]), np.float16([6e-5]))
    message(np.float32([1e-30]), np.float32([2e-30]))
    assert_agrees(np.float32([0]), np.float32([1e-40]))  # kernels flush denormals


def test_a_sum_without_its_scale_is_allowed_what_does_not_cancel():
    positive = np.abs(X)
    found, exact = positive @ np.abs(W), positive.astype(float) @ np.abs(W)
    assert_agrees(found, exact, terms=30)
    text = message(X @ W, X.astype(float) @ W, terms=30)
    assert "scale= was taken for |expected|" in text
    assert_agrees(X @ W, X.astype(float) @ W, terms=30, scale=np.abs(X) @ np.abs(W))


def test_both_sides_round():
    found, expected = np.nextafter(f32(1.1), f32(2)), f32(1.1)
    assert_agrees(found, expected, terms=1)
    message(found, float(expected), terms=1)
    message(found + f32(4e-7), expected, terms=1)


def test_a_large_neighbour_allows_nothing_to_a_small_one():
    message(np.float32([1e6, 1.5]), [1e6, 1.0], terms=10)


def test_one_scale_for_all_convicts_no_element_of_standing_out():
    exact = np.concatenate([np.full(40, 1e-4), [1.0]])
    found = (exact * (1 + 2.0**-23)).astype(f32)
    assert_agrees(found, exact, terms=9, scale=1.0)


# -- dtypes and shapes


@pytest.mark.parametrize(
    "found, expected",
    [
        (np.ones((3, 1), f32), np.ones(3, f32)),
        (np.ones(3, f32), np.ones((3, 1), f32)),
        (np.ones(3, f32), np.ones((), f32)),
        (f32(1), np.ones(3, f32)),
        (np.ones((0, 3), f32), np.ones((3, 0), f32)),
        (np.zeros(0, f32), np.ones(1, f32)),
        (np.ones((3, 1), f32), Reference(np.ones(3))),
    ],
)
def test_shapes_are_never_stretched(found, expected):
    assert message(found, expected).startswith("differs: the shape is ")
    assert "the shape is" in message(
        found, expected, **({} if isinstance(expected, Reference) else {"terms": 9})
    )


@pytest.mark.parametrize(
    "found, expected, settings",
    [
        (np.ones(3), np.ones(3, f32), {}),
        (np.ones(3, np.float16), np.ones(3, f32), {}),
        (np.ones(3, f32), np.ones(3), {"dtype": "float64"}),
        (np.ones(3, np.int64), np.ones(3), {}),
        (np.ones(3, np.int32), np.ones(3, np.int64), {}),
        (np.ones(3, np.int64), np.ones(3, bool), {}),
        (np.ones(3, f32), np.ones(3, np.int32), {"dtype": "float32"}),
        (np.ones(3, f32), np.ones(3, np.complex128), {}),
        (np.ones(3, np.complex64), np.ones(3), {}),
        (np.array(["1"]), np.ones(1, f32), {}),
        (np.array(["1"]), Reference([1.0]), {}),
        (1.0, np.array(1), {}),
        (True, np.array(1), {}),
        (1, np.array(True), {}),
        (300, np.int8(44), {}),
        (1 + 0j, f32(1), {}),
        (np.ones(3), Reference(np.ones(3)), {"dtype": f32}),
        (np.ones(3), Reference(np.ones(3), dtype="float32"), {}),
    ],
)
def test_the_dtype_has_to_be_right(found, expected, settings):
    assert message(found, expected, **settings).startswith("differs: the dtype is ")


@pytest.mark.parametrize(
    "found, expected, settings",
    [
        (np.ones(3, f32), np.ones(3), {}),
        (np.ones(3, np.float16), [1, 1, 1], {}),
        (np.ones(3, np.int8), [1, 1, 1], {}),
        ([1, 1, 1], np.ones(3, np.uint8), {}),
        ([1, 1, 1], np.ones(3, f32), {}),
        (0.1, f32(0.1), {}),
        (float(f32(0.1)), 0.1, {"dtype": "float32"}),
        (1, 1, {}),
        ("abc", "abc", {}),
        (np.array(["a", "bc"]), [b"a", b"bc"], {}),
        (np.complex64([1 + 2j]), [1 + 2j], {}),
        (np.ones(3, ">f4"), np.ones(3, f32), {}),
        (np.ones(3, f32), np.ones(3), {"dtype": np.float32}),
        (np.ones((0, 3), f32), np.ones((0, 3), f32), {}),
        (f32(2), Reference(2.0), {}),
        (0.995, Within(0.99, 1.0), {}),
    ],
)
def test_what_says_the_same_agrees(found, expected, settings):
    assert assert_agrees(found, expected, **settings).word == "agrees"


def test_a_dtype_says_nothing_of_values():
    assert "systematic" not in message(np.arange(9, dtype=np.int32), np.arange(9, dtype=np.int64))


def test_a_python_number_is_judged_in_float64_and_the_message_says_so():
    assert "say that, dtype=" in message(float(f32(0.1)), 0.1)
    assert "say that, dtype=" in message(float(f32(0.1)), Reference(0.1, 0.1, 1))
    message(0.11, f32(0.1))


def test_whole_numbers_and_texts_are_exact():
    message(np.array([2**60 + 1]), np.array([2**60]))
    message(np.array([1, 2]), np.array([1, 3]), terms=1000)
    message(np.array([True, False]), np.array([True, True]))
    assert message(np.array(["a", "bc"]), np.array(["a", "bd"])).startswith("differs: at [1] ")


def test_complex_numbers_by_their_parts():
    exact = (noise(9) + 1j * noise(9, seed=1)).astype(np.complex64)
    assert_agrees(exact, exact.astype(np.complex128))
    assert_agrees(exact, exact, terms=3)
    wrong = exact.copy()
    wrong[4] += 1e-3j
    assert message(wrong, exact).startswith("differs: imaginary part at [4] ")
    assert message(wrong, exact, terms=3).startswith("differs: imaginary part at [4] ")


# -- what is no number


def test_nan_and_infinity_have_to_be_in_their_places():
    holes = np.float32([1, np.nan, np.inf, -np.inf])
    assert_agrees(holes, holes.copy())
    assert_agrees(holes, holes.astype(float), terms=3, scale=np.abs(holes))
    assert_agrees(np.float32([np.inf]), [1e300])  # too large for the dtype
    for wrong in ([1, 2, np.inf, -np.inf], [np.nan, 1, np.inf, -np.inf], [1, np.nan, np.inf, np.inf]):
        assert "NaN" in message(np.float32(wrong), holes)
    assert message(np.full(5, np.nan, f32), noise(5)).startswith("differs: 5 NaN ")
    assert message(np.full((20, 8), np.nan, f32), reference.dense(X, W, B)).startswith("differs: 160 NaN ")
    message(noise(5), np.full(5, np.nan, f32))


def test_an_infinity_of_the_other_sign_is_told():
    infinite = np.where(np.arange(9) == 4, np.inf, np.arange(9.0))
    assert "only in place 4 of 9" in message(
        -np.abs(infinite) * -1 * np.where(np.arange(9) == 4, -1, 1), infinite
    )


def test_what_a_mask_hides_counts_and_the_mask_does():
    masked = np.ma.masked_array(np.float32([1, 2, 3]), [0, 1, 0])
    assert_agrees(masked, np.ma.masked_array(np.float32([1, 9, 3]), [0, 1, 0]))
    assert "y.mask" in message(masked, np.float32([1, 2, 3]))
    assert "y.mask" in message(np.float32([1, 2, 3]), masked)
    assert "as well: y.mask" in message(masked, np.ma.masked_array(np.float32([1, 2, 3]), [0, 0, 1]))


# -- structures


def test_structures_agree_name_by_name():
    found = {"dense": Y, "more": {"labels": np.arange(3), "losses": [0.5, 0.25]}, "pair": (Y, f32(1))}
    expected = {
        "dense": reference.dense(X, W, B),
        "more": {"labels": np.arange(3), "losses": np.array([0.5, 0.25])},
        "pair": [reference.dense(X, W, B), 1.0],
    }
    verdict = assert_agrees(found, expected)
    assert list(verdict.outputs) == ["dense", "more.labels", "more.losses", "pair.0", "pair.1"]
    found["more"]["labels"] = np.arange(3) + 1
    assert message(found, expected).startswith("differs: more.labels: at [0] 1, expected 0")


@pytest.mark.parametrize(
    "found, expected",
    [
        ({"a": 1.0}, {"a": 1.0, "b": 1.0}),
        ({"a": 1.0, "b": 1.0}, {"a": 1.0}),
        ({}, {"a": 1.0}),
        ([Y, Y], [Y]),
        ([Y], [Y, Y]),
        ({"a": Y}, Y),
        ([Y], Y[np.newaxis]),
        ({"a": Y}, [Y]),
        ({"a": Y}, {"b": Reference(Y)}),
    ],
)
def test_nothing_is_left_out_of_a_comparison(found, expected):
    assert message(found, expected).startswith("differs: the outputs are ")


def test_every_output_that_is_wrong_is_named():
    text = message({"a": Y, "b": Y + 1, "c": Y + 1}, {"a": Y, "b": Y, "c": Y})
    assert text.startswith("differs: b: at [") and "\nas well: c\n" in text


def test_terms_by_name():
    exact = {"sum": X.astype(float) @ W, "copy": X.astype(float)}
    terms, scale = {"sum": 30, "copy": 0}, {"sum": np.abs(X) @ np.abs(W), "copy": np.abs(X)}
    assert_agrees({"sum": X @ W, "copy": X}, exact, terms=terms, scale=scale)
    assert message({"sum": X @ W, "copy": X * f32(1 + 2.0**-22)}, exact, terms=terms, scale=scale).startswith(
        "differs: copy"
    )
    assert "says nothing of copy" in refused({"sum": X @ W, "copy": X}, exact, terms={"sum": 30})


def test_an_archive_of_arrays_is_a_dict(tmp_path):
    np.savez(str(tmp_path / "legacy.npz"), y=Y)
    if not hasattr(np.lib.npyio.NpzFile, "get"):
        pytest.skip("this NumPy's archives are no mappings")
    with np.load(str(tmp_path / "legacy.npz")) as legacy:
        assert_agrees({"y": Y}, legacy)
        message({"y": Y + 1}, legacy)


class HasNumpy:
    """As some frameworks' tensors: no __array__."""

    def __init__(self, array):
        self.array = array

    def numpy(self):
        return self.array


class NeedsDetaching(HasNumpy):
    """As PyTorch's: the tensor with a gradient gives no array, nor does a bfloat16."""

    dtype = "torch.bfloat16"

    def numpy(self):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    def detach(self):
        detached = HasNumpy(self.array)
        detached.dtype, detached.float = self.dtype, lambda: self.array
        return detached


def test_tensors_of_frameworks():
    assert_agrees(HasNumpy(Y), Y)
    message(HasNumpy(Y + 1), Y)
    exact = X.astype(float)
    assert_agrees(NeedsDetaching(round_to(X, "bfloat16")), exact)
    message(NeedsDetaching(round_to(X * f32(1.01), "bfloat16")), exact)


# -- References


def test_a_reference_with_what_it_carries():
    hidden = reference.relu(reference.dense(X, W, B))
    answer = reference.dense(hidden, W.T[:8], np.zeros(30, f32))
    assert answer.carried is not None
    found = np.maximum(Y, 0) @ W.T[:8]
    assert_agrees(found, answer)
    found[2, 5] += f32(1e-3)
    assert message(found, answer).startswith("differs: at [2, 5] ")


def network():
    steps = Network(X)
    steps.step("dense", lambda x: reference.dense(x, W, B))
    return steps.step("relu", reference.relu)


def test_a_network_is_replayed_step_by_step():
    verdict = assert_agrees({"dense": Y, "relu": np.maximum(Y, 0)}, network())
    assert verdict.outputs["relu"].own.word == "agrees"
    text = message({"dense": Y - B, "relu": np.maximum(Y - B, 0)}, network())
    assert text.startswith("differs: first differs at dense: ")
    assert "the steps after it agree when replayed on its output" in text
    assert "cause: the bias is not added" in text
    assert "cause: relu is not applied" in message({"dense": Y, "relu": Y}, network())
    assert message({"dense": Y}, network()).startswith("differs: the outputs are dense; expected dense, relu")
    assert "the dtype is float64" in message(
        {"dense": Y, "relu": np.maximum(Y, 0.0).astype(float)}, network()
    )


def test_the_dtype_of_what_no_reference_says_is_that_of_the_first():
    answers = {"a": Reference(np.ones(3)), "b": Reference(np.ones(3))}
    assert_agrees({"a": np.ones(3, f32), "b": np.ones(3, f32)}, answers)
    assert message({"a": np.ones(3, f32), "b": np.ones(3, np.float16)}, answers).startswith(
        "differs: b: the dtype"
    )


# -- by the function that made it


def legacy(x, w):
    """Scores less their mean, which cancels, magnified."""
    scores = x @ w
    return (scores - scores.mean(axis=0)) * f32(100)


def ported(x, w):
    scores = np.stack([row @ w for row in x])
    return (scores * f32(100)) - scores.sum(axis=0, dtype=f32) / f32(len(x) / 100)


def test_the_allowance_is_measured_of_what_made_it():
    expected = legacy(X, W)
    assert_agrees(ported(X, W), expected, function=legacy, inputs=[X, W])
    assert_agrees(ported(X, W), expected, function=legacy, inputs={"w": W, "x": X})
    with pytest.raises(AssertionError):  # it cancels: without its making it is too much
        assert_agrees(ported(X, W), expected)
    wrong = ported(X, W)
    wrong[1, 2] *= f32(1.001)
    assert message(wrong, expected, function=legacy, inputs=[X, W]).startswith("differs: at [1, 2] ")
    assert "ddof" not in message(ported(X, W) + f32(0.1), expected, function=legacy, inputs=[X, W])


def test_settings_stay_what_they_are_and_structures_are_measured():
    def split(x, at, how="ignored"):
        assert isinstance(at, int) and how == "told"
        return {"head": x[:at] * f32(3), "tail": [x[at:] / f32(3), len(x)]}

    expected = split(X, 5, "told")
    found = {"head": X[:5] + X[:5] + X[:5], "tail": [X[5:] / f32(3), 20]}
    assert_agrees(found, expected, function=split, inputs={"x": X, "at": 5, "how": "told"})
    found["tail"][1] = 21
    text = message(found, expected, function=split, inputs=[X, 5, "told"])
    assert text.startswith("differs: tail.1: at [] 21, expected 20")


def test_the_function_is_given_copies_and_is_called_so_often():
    calls, mine = [], X.copy()

    def into_it(x):
        calls.append(x.shape)
        x *= f32(2)
        return x

    assert_agrees(X * f32(2), X * f32(2), function=into_it, inputs=mine)
    assert np.array_equal(mine, X) and mine.flags.writeable
    assert len(calls) == 1 + SAME + MOVED + 2 * THERE_AND_BACK
    assert_agrees(f32(9), f32(9), function=lambda x: x * x, inputs=f32(3))


def test_a_random_function_judges_nothing():
    random = np.random.RandomState(0)
    drawn = lambda x: x + random.normal(size=x.shape).astype(f32)
    text = refused(Y, Y, function=drawn, inputs=[Y])
    assert text.startswith("function= is random: y has other bits when it is computed again")


@pytest.mark.parametrize(
    "function, inputs, said",
    [
        (lambda x: x + 1, [Y], "does not make expected of inputs="),
        (lambda x: x[1:], [Y], "does not make expected of inputs="),
        (lambda x: x.astype(float), [Y], "does not make expected of inputs="),
        (lambda x: {"a": x}, [Y], "function= gives a; expected is y"),
        (
            lambda x: x.astype(f32),
            [Y.astype(float)],
            "the input 0 is float64 and the result float32: give it",
        ),
        (
            lambda x, y: x,
            {"x": Y, "y": Y.astype(np.float16)},
            "the input y is float16 and the result float32",
        ),
    ],
)
def test_a_function_that_did_not_make_it_is_refused(function, inputs, said):
    assert said in refused(Y, Y, function=function, inputs=inputs)


def test_inputs_of_less_precision_do_not_widen_what_float64_is_allowed():
    double = lambda x: x.astype(float) * 3
    assert "the input 0 is float32 and the result float64" in refused(
        double(X) + 1e-9, double(X), function=double, inputs=[X]
    )
    message(double(X) + 1e-9, double(X), function=double, inputs=[X.astype(float)])
    assert_agrees(double(X).astype(f32), double(X), function=double, inputs=[X])


# -- wrong usage is no failed comparison


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"terms": -1}, "terms= of y is negative"),
        ({"terms": np.nan}, "terms= of y is not finite"),
        ({"terms": "many"}, "terms= of y: expected a number"),
        ({"terms": [1, 2]}, "one for each element, of shape (20, 8)"),
        ({"terms": {"x": 3}}, "terms= says nothing of y"),
        ({"terms": 3, "scale": -1.0}, "scale= of y is negative"),
        ({"terms": 3, "scale": np.inf}, "scale= of y is not finite"),
        ({"terms": 3, "scale": 1e-3}, "and no tolerance"),
        ({"scale": SCALE}, "scale= without terms="),
        ({"inputs": [X]}, "inputs= without function="),
        ({"function": legacy}, "and inputs= what it was called with"),
        ({"function": "legacy", "inputs": [X]}, "and inputs= what it was called with"),
        ({"function": legacy, "inputs": [X], "terms": 3}, "leave out terms= and scale="),
    ],
)
def test_what_is_no_question_is_refused(settings, said):
    assert said in refused(Y, Y, **settings)


def test_there_is_no_tolerance_argument():
    for name in ("rtol", "atol", "tolerance", "decimal"):
        with pytest.raises(TypeError):
            assert_agrees(Y, Y, **{name: 1e-3})


def test_a_reference_brings_its_own_bounds():
    for settings in ({"terms": np.ones(8)}, {"function": legacy, "inputs": [X]}):
        assert "brings its own bounds" in refused(Y, reference.dense(X, W, B), **settings)


@pytest.mark.parametrize("empty", [{}, [], ()])
def test_nothing_is_no_agreement(empty):
    assert "nothing to compare" in refused(empty, empty)


@pytest.mark.parametrize(
    "value",
    [
        None,
        object(),
        {1},
        abs,
        [[1, 2], [3]],
        [1.0, None],
        np.array([1, None]),
        np.datetime64(1, "s"),
        np.zeros(2, [("a", "f4")]),
        Reference(1.0),
        10**30,
    ],
)
def test_what_holds_no_numbers_is_a_type_error(value):
    assert refused(value, 1.0, kind=TypeError).startswith("found: ")
    if not isinstance(value, Reference):
        assert refused(1.0, value, kind=TypeError).startswith("expected: ")


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="long doubles are float64 here")
def test_a_precision_that_is_not_known_is_not_judged_as_another():
    assert "has dtype float128" in refused(np.ones(2, np.longdouble), np.ones(2), kind=TypeError)


def test_names_and_dtypes_that_are_none():
    assert "an array is called 1" in refused({1: 2.0}, {1: 2.0})
    assert "two arrays are called a.b" in refused({"a": {"b": 1.0}, "a.b": 1.0}, {"a.b": 1.0})
    assert "is no dtype" in refused(1.0, 1.0, dtype="nonsense", kind=TypeError)


# -- causes


def test_the_call_of_the_reference_is_what_is_changed():
    image, kernel = noise(1, 9, 9, 2), noise(3, 3, 2, 4, seed=1)
    answer = reference.conv2d(image, kernel, padding="SAME")
    text = message(layers.conv2d(image, kernel[::-1, ::-1], padding="SAME"), answer)
    assert text.splitlines()[1].startswith("cause: the kernel is flipped")
    grads = reference.conv2d_grad(image, kernel, noise(1, 7, 7, 4, seed=2))
    found = {name: one.value.astype(f32) for name, one in grads.items()}
    assert_agrees(found, grads)
    first = list(found)[0]
    found[first] = found[first] / 255
    assert f"differs: {first}: " in message(found, grads) and "255" in message(found, grads)


def test_what_has_changed_since_is_no_part_of_a_cause():
    image, kernel = noise(1, 9, 9, 2), noise(3, 3, 2, 4, seed=1)
    answer = reference.conv2d(image, kernel, padding="SAME")
    found = layers.conv2d(image, kernel[::-1, ::-1], padding="SAME")
    kernel[...] = kernel[::-1, ::-1].copy()  # of which the reference knows nothing: it was computed before
    text = message(found, answer)
    assert "cause: the kernel is flipped" not in text and "\noff by " in text


def test_an_array_has_a_cause_as_well():
    assert "cause: the answer is 255 times too large" in message(X * f32(255), X)
    assert "cause" not in message(X[:1, :2] * f32(255), X[:1, :2])  # of two numbers anything may be said


def test_what_is_close_is_not_elsewhere():
    text = message(X @ W, X.astype(float) @ W)
    assert "in other places" not in text and "of a sum of products say terms= and scale=" in text
    assert "say terms=" not in message(X @ W + 1, X.astype(float) @ W)


def test_a_search_that_fails_hides_no_verdict(monkeypatch):
    from compat.asserting import message as telling

    def fails(*arguments):
        raise ValueError("of no use")

    monkeypatch.setattr(telling, "causes", fails)
    text = message(X + 1, X)
    assert text.startswith("differs: at [") and "no cause could be looked for: ValueError: of no use" in text


def test_warnings_of_the_search_are_nobodys():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = message(np.arange(1, 9) * (1 + 2j), np.arange(1, 9) * (1 + 2.5j))
    assert "could be looked for" not in text


# -- in anybody's tests

SUITE = """
import numpy as np

import compat


def test_port():
    x, w = np.ones((4, 3), np.float32), np.arange(6, dtype=np.float32).reshape(3, 2)
    compat.assert_agrees(x @ w + 1, compat.reference.dense(x, w, np.zeros(2)))
"""


def test_the_traceback_is_that_of_the_test(tmp_path):
    path = write(tmp_path / "test_port.py", SUITE)
    result = python("-m", "pytest", "-q", path, "-p", "no:cacheprovider", "-W", "error", cwd=tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "E       AssertionError: differs: at [0, 0] 7, expected 6: " in result.stdout
    assert "assertion.py" not in result.stdout and "verdict" not in result.stdout
    assert (
        "test_port.py:8: AssertionError" in result.stdout or "test_port.py:9: AssertionError" in result.stdout
    )


def test_it_needs_no_framework_and_costs_nothing_to_import(tmp_path):
    code = """
import sys
for name in ("tensorflow", "keras", "tf_keras", "torch", "jax", "scipy", "hypothesis"):
    sys.modules[name] = None
import compat
light = [name for name in sys.modules if name == "numpy" or name.startswith("compat.")]
assert light == ["compat.errors"], light
import numpy as np
compat.assert_agrees(np.float32([1, 2]), [1, 2])
try:
    compat.assert_agrees(np.float32([1, 2, 3, 4]), [1, 2, 3, 5])
except AssertionError as error:
    print(error)
"""
    result = python("-c", code, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("differs: at [3] 4, expected 5: ")


def test_recording_imports_no_assertion():
    code = "import sys, compat.record.run, compat.case.files; print([n for n in sys.modules if 'asserting' in n])"
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"[]"


def test_it_is_a_public_name():
    assert "assert_agrees" in compat.__all__ and compat.assert_agrees is assert_agrees
