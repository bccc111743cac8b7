"""The judge against rounding itself: sums in any order agree; and what each verdict and number means."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import WARNINGS_FAIL, record_of

from compat import layers, reference
from compat.arrays import UNIT_ROUNDOFF, digest, round_to
from compat.jsons import as_json, from_json
from compat.judge import compare as comparing
from compat.judge import verdicts
from compat.judge.compare import compare
from compat.judge.verdicts import as_golden, judge
from compat.records import SEVERITY, Known, Numbers, Verdict, needs_a_person
from compat.reference import Reference
from compat.reference.nodes.whole import Whole
from compat.reference.tracked import track

pytestmark = WARNINGS_FAIL

DTYPES = ("float16", "float32", "float64")

# -- sums in any order


def products(x, w, strides, padding, dilations):
    """Every product of a convolution, exactly in float64 for float32 inputs: (n, h, w, filters, taps)."""
    g = reference.Taps(x.shape, w.shape[:2], strides, padding, dilations)
    padded = g.pad(x)
    windows = np.stack([padded[window] for _, window in g], axis=-2)
    windows = windows.reshape(windows.shape[:3] + (1, -1))
    return windows, w.reshape(-1, w.shape[3]).T


def one_by_one(terms):
    total = np.zeros(terms.shape[:-1], terms.dtype)
    for index in range(terms.shape[-1]):
        total = total + terms[..., index]
    return total


def backwards(terms):
    return one_by_one(terms[..., ::-1])


def shuffled(terms):
    return one_by_one(terms[..., np.random.RandomState(0).permutation(terms.shape[-1])])


def pairwise(terms):
    while terms.shape[-1] > 1:
        if terms.shape[-1] % 2:
            terms = np.concatenate([terms, np.zeros(terms.shape[:-1] + (1,), terms.dtype)], axis=-1)
        terms = terms[..., ::2] + terms[..., 1::2]
    return terms[..., 0]


def in_blocks(terms, size=8):
    """Eight running sums side by side, as vector registers hold them, added up at the end."""
    lanes = [one_by_one(terms[..., start::size]) for start in range(min(size, terms.shape[-1]))]
    return one_by_one(np.stack(lanes, axis=-1))


def panel_by_panel(terms, size=24):
    """Sums of panels, added to the result one after the other, as a matrix product is tiled."""
    panels = [one_by_one(terms[..., start : start + size]) for start in range(0, terms.shape[-1], size)]
    return one_by_one(np.stack(panels, axis=-1))


def largest_first(terms):
    return one_by_one(np.take_along_axis(terms, np.argsort(-np.abs(terms), axis=-1), axis=-1))


def smallest_first(terms):
    return one_by_one(np.take_along_axis(terms, np.argsort(np.abs(terms), axis=-1), axis=-1))


ORDERS = (one_by_one, backwards, shuffled, pairwise, in_blocks, panel_by_panel, largest_first, smallest_first)


def rounded_products(x, w, dtype):
    """Each product rounded, then added in the precision itself."""
    with np.errstate(all="ignore"):
        return (x * w).astype(dtype)


def fused(windows, filters, dtype):
    """One rounding for a product and its addition: computed in float64, rounded at each step."""
    wide = "float64" if dtype != "float64" else "longdouble"
    total = np.zeros(windows.shape[:3] + filters.shape[:1], dtype)
    for index in range(windows.shape[-1]):
        step = windows[..., index].astype(wide) * filters[:, index].astype(wide) + total.astype(wide)
        total = step.astype(dtype)
    return total


def through_float32(windows, filters, dtype):
    """Half precisions added up in float32, rounded once at the end."""
    wide = "float32" if dtype == "float16" else dtype
    return one_by_one(windows.astype(wide) * filters.astype(wide)).astype(dtype)


def through_float64(windows, filters, dtype):
    return one_by_one(windows.astype("float64") * filters.astype("float64")).astype(dtype)


def matrix_product(windows, filters, dtype):
    return np.matmul(windows[..., 0, :], filters.T)


FILLS = (
    "noise",
    "positive",
    "whole",
    "sparse",
    "constant",
    "wide",
    "one bright",
    "photograph",
    "tenths",
    "tiny",
)


def filled(fill, shape, seed, dtype):
    """Arrays as they occur: noise, images, masks, constants, numbers of very different size."""
    random = np.random.RandomState(seed)
    noise = random.uniform(-1, 1, shape)
    if fill == "positive":
        noise = np.abs(noise)
    elif fill == "whole":
        noise = np.round(noise * 7)
    elif fill == "sparse":
        noise = noise * (random.uniform(size=shape) < 0.1)
    elif fill == "constant":
        noise = np.full(shape, random.uniform(0.05, 1))
    elif fill == "wide":
        noise = noise * 10.0 ** random.uniform(-3, 2, shape)
    elif fill == "one bright":
        noise = noise * 1e-3
        noise.flat[random.randint(noise.size)] = 50
    elif fill == "photograph":
        noise = np.floor(np.abs(noise) * 256) / 255
    elif fill == "tenths":
        noise = np.round(noise * 20) / 10
    elif fill == "tiny":
        noise = noise * (1e-3 if dtype == "float16" else 1e-30)
    return noise.astype(dtype)


@st.composite
def convolutions(draw, most_products=300):
    """x, w, and the geometry of a convolution with at least one output."""
    dtype = draw(st.sampled_from(DTYPES))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    channels = draw(st.sampled_from([1, 2, 3, 8, 32, 256]))
    if kernel[0] * kernel[1] * channels > most_products:
        channels = max(1, most_products // (kernel[0] * kernel[1]))
    dilations = draw(st.integers(1, 2))
    size = [draw(st.integers((k - 1) * dilations + 1, 9)) for k in kernel]
    padding = draw(
        st.one_of(
            st.sampled_from(["VALID", "SAME"]),
            st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 2),
        )
    )
    seed = draw(st.integers(0, 2**32 - 1))
    x = filled(draw(st.sampled_from(FILLS)), (draw(st.integers(1, 2)), *size, channels), seed, dtype)
    w = filled(draw(st.sampled_from(FILLS)), (*kernel, channels, draw(st.integers(1, 4))), seed ^ 1, dtype)
    geometry = {"strides": draw(st.integers(1, 3)), "padding": padding, "dilations": dilations}
    return x, w, geometry


def check(result, x, w, geometry, what):
    dtype = x.dtype.name
    numbers = compare(result, dtype, reference.conv2d(x, w, **geometry), dtype)
    assert numbers.word == "agrees", (what, numbers)


@settings(max_examples=150)
@given(convolutions())
def test_any_order_agrees(case):
    x, w, geometry = case
    dtype = x.dtype.name
    windows, filters = products(x, w, **geometry)
    terms = rounded_products(windows, filters, dtype)
    for order in ORDERS:
        check(order(terms), x, w, geometry, order.__name__)


@settings(max_examples=100)
@given(convolutions())
def test_any_kernel_agrees(case):
    x, w, geometry = case
    windows, filters = products(x, w, **geometry)
    for kernel in (fused, through_float32, through_float64, matrix_product):
        check(kernel(windows, filters, x.dtype.name), x, w, geometry, kernel.__name__)
    check(layers.conv2d(x, w, **geometry), x, w, geometry, "layers")


@settings(max_examples=12)
@given(convolutions(most_products=2304))
def test_long_sums_agree(case):
    x, w, geometry = case
    windows, filters = products(x, w, **geometry)
    terms = rounded_products(windows, filters, x.dtype.name)
    for order in (one_by_one, pairwise, in_blocks, panel_by_panel):
        check(order(terms), x, w, geometry, order.__name__)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("filter_fill", ["noise", "constant", "positive"])
def test_a_3x3x256_kernel_agrees(dtype, fill, filter_fill):
    x, w = filled(fill, (1, 7, 7, 256), 1, dtype), filled(filter_fill, (3, 3, 256, 4), 2, dtype)
    for padding in ("SAME", "VALID"):
        geometry = {"strides": 1, "padding": padding, "dilations": 1}
        windows, filters = products(x, w, **geometry)
        terms = rounded_products(windows, filters, dtype)
        for order in ORDERS:
            check(order(terms), x, w, geometry, order.__name__)
        for kernel in (fused, through_float32, through_float64, matrix_product):
            check(kernel(windows, filters, dtype), x, w, geometry, kernel.__name__)


@pytest.mark.parametrize("seed", [11, 404, 1394])
def test_one_bright_pixel_under_one_bright_weight_agrees(seed):
    """The sum in which the two meet is another kind of sum, and rounds unlike all the others."""
    x = filled("one bright", (2, 7, 7, 32), seed, "float32")
    w = filled("one bright", (3, 3, 32, 4), seed ^ 1, "float32")
    geometry = {"strides": 1, "padding": "SAME", "dilations": 1}
    windows, filters = products(x, w, **geometry)
    terms = rounded_products(windows, filters, "float32")
    for order in ORDERS:
        check(order(terms), x, w, geometry, order.__name__)
    for kernel in (fused, through_float64, matrix_product):
        check(kernel(windows, filters, "float32"), x, w, geometry, kernel.__name__)


def test_bfloat16_agrees():
    """Rounded to bfloat16 at every step, and only at the end of a float32 sum."""
    for seed in range(5):
        x = round_to(filled("noise", (1, 6, 6, 2), seed, "float32"), "bfloat16")
        w = round_to(filled("noise", (3, 3, 2, 4), seed + 9, "float32"), "bfloat16")
        windows, filters = products(x, w, 1, "SAME", 1)
        terms = round_to(windows * filters, "bfloat16")
        steps = np.zeros(terms.shape[:-1], np.float32)
        for index in range(terms.shape[-1]):
            steps = round_to(steps + terms[..., index], "bfloat16")
        answer = reference.conv2d(x, w, padding="SAME")
        for result in (steps, round_to(one_by_one(windows * filters), "bfloat16")):
            assert compare(result, "bfloat16", answer, "bfloat16").word == "agrees"
        wrong = compare(
            round_to(one_by_one(windows[..., ::-1] * filters), "bfloat16"), "bfloat16", answer, "bfloat16"
        )
        assert wrong.word == "differs"


# -- NaN, infinity, overflow, nothing


def answer_of(*values, **kwargs):
    return Reference(np.array(values), **kwargs)


def word_of(result, answer, dtype="float32"):
    return compare(np.array(result, dtype), dtype, answer, dtype).word


def test_nan_and_infinity_must_stand_in_their_places():
    answer = answer_of(1.0, np.nan, np.inf, -np.inf)
    assert word_of([1, np.nan, np.inf, -np.inf], answer) == "agrees"
    for wrong in (
        [1, 2, np.inf, -np.inf],
        [np.nan, np.nan, np.inf, -np.inf],
        [1, np.nan, -np.inf, -np.inf],
        [1, np.nan, np.inf, 3e38],
        [1, np.inf, np.nan, -np.inf],
        [np.inf, np.nan, 1, -np.inf],
    ):
        numbers = compare(np.array(wrong, np.float32), "float32", answer, "float32")
        assert numbers.word == "differs", wrong
        assert "NaN" in numbers.message and "\n" not in numbers.message
        assert numbers.nan[1] == 1 and numbers.inf[1] == 2
    assert word_of([2, np.nan, np.inf, -np.inf], answer) == "differs"


def test_only_nan():
    answer = answer_of(np.nan, np.nan)
    assert word_of([np.nan, np.nan], answer) == "agrees"
    assert word_of([np.nan, 0], answer) == "differs"


def test_what_overflows_is_infinite():
    """70000 is no float16: a correct implementation gives infinity, and one that clips does not."""
    answer = answer_of(70000.0, -1e6, 1.0, magnitude=1e6, terms=2)
    assert word_of([np.inf, -np.inf, 1], answer, "float16") == "agrees"
    assert word_of([65504, -65504, 1], answer, "float16") == "differs"
    assert word_of([70000, -1e6, 1], answer, "float32") == "agrees"
    assert word_of([1e300], answer_of(1e300, magnitude=1e300, terms=1), "float64") == "agrees"


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0, 4, 1)])
def test_empty_arrays(shape):
    answer = Reference(np.zeros(shape), 0.0, 9)
    assert compare(np.zeros(shape, np.float32), "float32", answer, "float32").word == "agrees"
    other = compare(np.zeros(shape + (1,), np.float32), "float32", answer, "float32")
    assert other.word == "differs" and "shape" in other.message


def test_denormals_may_be_flushed():
    tiny = 1e-40
    assert word_of([0.0, 1e-40], answer_of(tiny, tiny, magnitude=tiny, terms=3)) == "agrees"
    assert word_of([0.0], answer_of(1e-30, magnitude=1e-30, terms=3)) == "differs"
    assert word_of([0.0], answer_of(tiny)) == "differs", "a selection flushes nothing"


# -- exact operations, shapes, dtypes


@settings(max_examples=50)
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from(["VALID", "SAME"]),
    st.sampled_from(DTYPES),
    st.integers(0, 99),
)
def test_max_pooling_is_exact(ksize, strides, padding, dtype, seed):
    x = filled("noise", (2, 7, 6, 3), seed, dtype)
    answer = reference.max_pool2d(x, ksize=ksize, strides=strides, padding=padding)
    result = layers.max_pool2d(x, ksize, strides, padding=padding)
    assert compare(result, dtype, answer, dtype).word == "agrees"
    off = result.copy()
    off.flat[seed % off.size] = np.nextafter(off.flat[seed % off.size], off.dtype.type(9))
    numbers = compare(off, dtype, answer, dtype)
    assert numbers.word == "differs" and numbers.unequal == numbers.beyond == 1
    assert "beyond any multiple of the rounding allowance" in numbers.message


def test_shape_and_dtype_come_before_values():
    answer = answer_of(1.0, 2.0)
    numbers = compare(np.zeros((2, 1), np.float64), "float64", answer, "float32")
    assert numbers == Numbers("differs", "the shape is (2, 1); expected (2,)")
    numbers = compare(np.array([1.0, 2.0]), "float64", answer, "float32")
    assert numbers == Numbers("differs", "the dtype is float64; expected float32")


def test_a_reference_may_name_its_dtype():
    answer = answer_of(3.0, dtype="int64")
    assert compare(np.array([3]), "int64", answer, "float32").word == "agrees"
    assert compare(np.array([4]), "int64", answer, "float32").word == "differs"
    assert compare(np.array([3], np.float32), "float32", answer, "float32").word == "differs"


def test_a_single_number_keeps_its_axes():
    """np.float64(array) of NumPy 1.16 makes a scalar of an array of one number."""
    one = np.full((1, 1, 1, 1), 3, np.float32)
    assert reference.conv2d(one, one).value.tolist() == [[[[9]]]]
    assert reference.max_pool2d(one, ksize=1, strides=1).value.tolist() == [[[[3]]]]
    assert reference.conv2d_grad(one, one, one)["dw"].value.tolist() == [[[[9]]]]
    assert reference.convolve(one.ravel(), one.ravel()).value.tolist() == [9]


def test_broadcast_is_no_excuse():
    answer = reference.conv2d(np.ones((1, 4, 4, 1), np.float32), np.ones((3, 3, 1, 1), np.float32))
    for shape in ((1, 2, 2), (1, 1, 1, 1), (2, 2), ()):
        assert compare(np.full(shape, 9, np.float32), "float32", answer, "float32").word == "differs"


# -- the numbers


def test_numbers_say_what_they_are_called():
    answer = answer_of(1.0, 2.0, 4.0, -8.0, magnitude=8.0, terms=4)
    result = np.array([1, 2, np.nextafter(np.float32(4), np.float32(9)), -8], np.float32)
    numbers = compare(result, "float32", answer, "float32")
    assert numbers.word == "agrees" and numbers.message == ""
    step = 2.0**-21
    assert numbers.max_abs == step and numbers.max_rel == step / 4 and numbers.scaled == step / 8
    assert numbers.ulps == 1
    assert numbers.worst_index == [2] and numbers.found == 4 + step and numbers.expected == 4
    assert (numbers.unequal, numbers.beyond, numbers.count) == (1, 0, 4)
    assert numbers.nan == numbers.inf == [0, 0]
    assert numbers.share == pytest.approx(step / answer.worst("float32")[2])


def test_share_is_the_share_of_the_allowance():
    """At the edge of the bound it is 1; just inside it is no ``differs``, just outside it is."""
    answer = Reference(np.full(3, 100.0), 1000.0, 50)
    edge = answer.worst("float64")[0]
    for factor, differs in ((0.5, False), (0.999, False), (1.001, True), (10, True)):
        result = np.array([100.0, 100.0 + factor * edge, 100.0])
        numbers = compare(result, "float64", answer, "float64")
        assert numbers.share == pytest.approx(factor, rel=1e-2)
        assert (numbers.share > 1) == differs
        assert (numbers.word == "differs") >= differs


def test_bounds_are_ordered():
    """typical <= expected <= worst, growing with the number of terms and with the roundoff."""
    for dtype in UNIT_ROUNDOFF:
        before = 0.0
        for terms in (1, 2, 9, 288):
            answer = Reference([1.0], 10.0, terms)
            worst, expected = answer.worst(dtype)[0], answer.expected(dtype)[0]
            assert before < expected <= worst
            assert worst >= 10 * terms * UNIT_ROUNDOFF[dtype]
            before = expected
    answer = Reference([1.0], 10.0, 100)
    by_roundoff = sorted(UNIT_ROUNDOFF, key=UNIT_ROUNDOFF.get)
    assert by_roundoff == sorted(UNIT_ROUNDOFF, key=lambda dtype: answer.worst(dtype)[0])
    assert Reference([5.0]).worst("float32")[0] == 0


@settings(max_examples=50)
@given(convolutions(), st.floats(1e-8, 1e3))
def test_verdicts_are_json(case, size):
    """Every number can be written as JSON, also of wrong results of any size; and the word is a known one."""
    import json

    x, w, geometry = case
    dtype = x.dtype.name
    answer = reference.conv2d(x, w, **geometry)
    result = layers.conv2d(x, w, **geometry)
    with np.errstate(over="ignore"):
        wrong = (result * result.dtype.type(1 + size) + result.dtype.type(size)).astype(dtype)
    numbers = compare(wrong, dtype, answer, dtype)
    assert numbers.word in ("agrees", "suspicious", "differs")
    assert "\n" not in numbers.message
    text = json.dumps(as_json(numbers), allow_nan=False)
    assert from_json(Numbers, json.loads(text), "here") == numbers


def test_systematic_errors_break_the_mean_square():
    """All elements off by less than any one may be: no single one tells, all together do."""
    x, w = filled("noise", (2, 9, 11, 32), 1, "float32"), filled("noise", (3, 3, 32, 8), 2, "float32")
    answer = reference.conv2d(x, w, padding="SAME")
    result = (answer.value + 0.9 * answer.expected("float32")).astype(np.float32)
    numbers = compare(result, "float32", answer, "float32")
    assert numbers.share < 1 and numbers.share_expected < 1 < numbers.share_rms
    assert numbers.word == "differs" and "root mean square" in numbers.message


def test_one_element_among_many_stands_out():
    x, w = filled("noise", (2, 9, 11, 256), 1, "float32"), filled("noise", (3, 3, 256, 8), 2, "float32")
    answer = reference.conv2d(x, w, padding="SAME")
    result = layers.conv2d(x, w, padding="SAME")
    assert compare(result, "float32", answer, "float32").word == "agrees"
    result[1, 4, 5, 6] *= np.float32(1.0001)
    numbers = compare(result, "float32", answer, "float32")
    assert numbers.share < 1 < numbers.share_outlier
    assert numbers.word == "differs" and "one element" in numbers.message


def test_one_that_is_rounded_among_others_that_need_no_rounding_does_not_stand_out():
    x = np.linspace(3e-5, 1.5e-4, 48).astype(np.float32)
    answer = track(x.astype(np.float64)).through(np.arctan, lambda low, high: 1.0).reference()
    result = x.copy()
    assert compare(result, "float32", answer, "float32").word == "agrees"
    result[30] = np.nextafter(result[30], np.float32(0))
    numbers = compare(result, "float32", answer, "float32")
    assert numbers.share < 1 and numbers.word == "agrees" and numbers.share_outlier == 0


# -- from record to verdict


def judged(references, golden=None, **outputs):
    record = record_of(outputs)
    return as_golden(
        judge(record, references, {digest(a): a for a in outputs.values()}.__getitem__), record, golden
    )


ONE, TWO = np.array([1, 2], np.float32), np.array([3, 4], np.float32)


def test_identical_needs_the_goldens_bits_and_the_bounds():
    loose = {"y": Reference([1.0, 2.0], 2.0, 4)}
    near = np.nextafter(ONE, np.float32(9))
    assert judged(loose, y=ONE).word == "agrees"
    assert judged(loose, {"y": digest(ONE)}, y=ONE).word == "identical"
    assert judged(loose, {"y": digest(ONE)}, y=near).word == "agrees"
    assert judged(loose, {"y": digest(near)}, y=near).word == "identical"
    assert judged(loose, {"y": digest(TWO)}, y=TWO).word == "differs"
    assert judged(loose, {"y": digest(ONE), "z": digest(TWO)}, y=ONE).word == "agrees"
    assert judged(loose, {}, y=ONE).word == "agrees"


def test_the_first_output_that_differs_is_named():
    references = {"a": Reference(ONE), "b": Reference(TWO), "c": Reference(ONE)}
    verdict = judged(references, a=ONE, b=ONE, c=TWO)
    assert verdict.word == "differs" and verdict.message.startswith("b: at [0] 1, expected 3")
    assert [numbers.word for numbers in verdict.outputs.values()] == ["agrees", "differs", "differs"]
    assert list(verdict.outputs) == ["a", "b", "c"]
    assert judged(references, a=ONE, b=TWO, c=ONE).word == "agrees"


def test_outputs_that_are_missing_or_too_many():
    references = {"y": Reference(ONE), "z": Reference(TWO)}
    assert judged(references, y=ONE).message == "the outputs are y; expected y, z"
    assert judged(references, y=ONE, z=TWO, q=TWO).message == "the outputs are q, y, z; expected y, z"
    assert judged(references, q=ONE, p=TWO).word == "differs"


@pytest.mark.parametrize("status", ["unsupported", "error", "timeout", "crashed"])
def test_without_a_result_the_record_speaks(status):
    verdict = judge(record_of({}, status=status, message="why"), None, None)
    assert (verdict.word, verdict.message) == (status, "why")
    assert needs_a_person(verdict) == (status != "unsupported")


def test_without_a_reference_nothing_is_judged():
    verdict = judged(None, y=ONE)
    assert verdict.word == "unjudged" and verdict.message


def test_what_passes():
    quiet = {word for word in SEVERITY if not needs_a_person(Verdict(word))}
    assert quiet == {"identical", "agrees", "unsupported"}
    for word in SEVERITY:
        assert not needs_a_person(Verdict(word, known=Known("r", "a")))


def test_no_warning_escapes():
    """Infinite, NaN, denormal and huge numbers on either side, without a word from NumPy."""
    odd = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-45, 3e38, 1.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in odd:
            for found in odd:
                for terms in (0, 5):
                    answer = Reference([value, 1.0], abs(value) if np.isfinite(value) else 1.0, terms)
                    compare(np.array([found, 1.0], np.float32), "float32", answer, "float32")
                    compare(np.array([found, 1.0]), "float64", answer, "float64")


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
@pytest.mark.parametrize("long_way", [True, False])
def test_what_is_the_answer_has_the_numbers_of_no_error(monkeypatch, dtype, long_way):
    if long_way:
        monkeypatch.setattr(comparing, "_is_answer", lambda *a: False)
    result = np.array([[1, 0], [1, 1]], dtype)
    told = compare(result, dtype, Reference(result), dtype)
    assert told.word == "agrees" and told.found == told.expected == 1
    assert [told.max_abs, told.max_rel, told.scaled, told.ulps, told.unequal] == [0] * 5
    assert [told.share, told.share_expected, told.share_rms, told.share_outlier] == [0] * 4
    assert (told.worst_index, told.count, told.nan, told.inf) == ([0, 0], 4, [0, 0], [0, 0])
    x, w = np.ones((3, 2), dtype), np.eye(2, dtype=dtype)
    if dtype == "float32":
        assert compare(x, dtype, reference.dense(x, w, np.zeros(2)), dtype).share_weight == 0


def test_a_number_of_64_bits_is_no_neighbour_of_itself():
    """float64 does not tell 2^60 and 2^60 + 1 apart."""
    large = np.array([2**60, 1])
    answer = Whole(large, dtype="int64")
    assert compare(large, "int64", answer, "int64").word == "agrees"
    assert compare(large + [1, 0], "int64", answer, "int64").word == "differs"


def test_where_no_bound_is_known_nothing_stands_out():
    """The bound of many steps may be infinite."""
    answer = Reference(np.linspace(1, 2, 64), np.full(64, np.inf), 1)
    numbers = compare(np.linspace(1, 2, 64, dtype=np.float32), "float32", answer, "float32")
    assert numbers.word == "agrees" and numbers.share_outlier == 0


def test_equal_bits_are_judged_once(monkeypatch):
    """100 cells of 3 distinct results cost 3 comparisons, and every cell has a verdict of its own."""
    arrays = {f"d{i}": np.array([1, 2, 3 + i], np.float32) for i in range(3)}
    asked = []
    monkeypatch.setattr(verdicts, "compare", lambda *a: asked.append(a) or compare(*a))
    judge_all = verdicts.Judge({"y": Reference([1.0, 2.0, 3.0])}, arrays.__getitem__)
    cells = [record_of({"y": arrays["d0"]}, name=lambda _, i=i: f"d{i % 3}") for i in range(100)]
    found = [judge_all(cell) for cell in cells]
    assert len(asked) == 3
    assert [v.word for v in found[:4]] == ["agrees", "differs", "differs", "agrees"]
    found[0].known = Known("this cell's own", "")
    assert found[3].known is None and judge_all(cells[0]).known is None


def test_the_same_bits_of_another_dtype_are_another_result():
    array = np.array([1, 2], np.float32)
    judge_all = verdicts.Judge({"y": Reference([1.0, 2.0])}, lambda digest: array)
    assert judge_all(record_of({"y": array})).word == "agrees"
    assert judge_all(record_of({"y": (array, "float64")})).word == "differs"
