"""The measured allowance: what a computation without a reference is judged by."""

import json

import numpy as np
import pytest
from support import write

from compat import CompatError, fixtures, operation
from compat.arrays import round_to
from compat.case.fixtures import Fixture
from compat.judge.compare import compare
from compat.record import repeats
from compat.record.repeats import measure, moved
from compat.reference import Reference
from compat.reference.measured import Evidence, Measured
from compat.scorecard.without_reference import judged, without_reference

NOISE = fixtures.uniform("measured_noise", (40, 30), seed=281, low=-1.0, high=1.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_every_number_moves_by_one_unit_in_the_last_place(dtype):
    fixture = NOISE.astype(dtype)
    other = moved(fixture, 1)
    assert other.dtype == dtype and other.array.dtype == fixture.array.dtype
    np.testing.assert_array_equal(other.array, round_to(other.array, dtype))  # still of that precision
    step = abs(other.array.astype(float) - fixture.array.astype(float)) / abs(fixture.array.astype(float))
    u = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}[dtype]
    step = step[abs(fixture.array) != 1]  # a whole number
    assert 0.9 * u < step.min() and step.max() <= 2 * u * (1 + 4 * u) * (2 if dtype == "bfloat16" else 1)
    assert 0.3 < (other.array > fixture.array).mean() < 0.7
    assert not np.array_equal(moved(fixture, 2).array, other.array)
    np.testing.assert_array_equal(moved(fixture, 1).array, other.array)


def test_zeros_labels_and_what_is_no_number_stay():
    given = np.float32([0, 1.5, np.nan, np.inf, -0.0, 1e-40])
    stepped = moved(Fixture("given", lambda: given), 3).array
    np.testing.assert_array_equal(stepped[[0, 2, 3, 4, 5]], given[[0, 2, 3, 4, 5]])
    assert stepped[1] != 1.5 and np.signbit(stepped[4])
    labels = fixtures.values("labels", [0, 1, 2], "int32")
    assert moved(labels, 3) is labels


def test_what_is_equal_moves_equally_and_there_and_back_again():
    ties = Fixture("ties", lambda: np.float32([0.1, 0.3, 0.1, -0.1, 0.3]))
    for seed in range(20):
        there, back = (moved(ties, seed, 1024, back).array for back in (False, True))
        assert there[0] == there[2] == -there[3] and there[1] == there[4]
        np.testing.assert_allclose(there + back, 2 * ties.array, rtol=1e-7)
        assert np.all(abs(there - ties.array) > 500 * 2.0**-24 * abs(ties.array))


def test_whole_numbers_move_away_from_zero_only():
    whole = fixtures.integers("whole", (30, 30), seed=1, low=-9, high=10)
    steps = [moved(whole, seed).array for seed in range(9)]
    assert all(np.array_equal(np.trunc(step), whole.array) for step in steps)
    assert 0.3 < np.mean([step != whole.array for step in steps]) / np.mean(whole.array != 0) < 0.7


def test_complex_numbers_move_in_both_parts():
    given = np.complex64([[1.5 - 2.5j, 0.1j], [3.25, -0.7 + 0.2j]])
    stepped = moved(Fixture("given", lambda: given), 1).array
    assert stepped.dtype == np.complex64 and stepped.shape == given.shape
    assert np.all(stepped[given != 0] != given[given != 0]) and stepped[0, 1].real == 0 == stepped[1, 0].imag
    assert abs(stepped - given).max() < 1e-6


def test_no_number_leaves_its_kind():
    edges = np.float32([np.finfo(np.float32).max, -np.finfo(np.float32).max, 2.0**-126, -(2.0**-126)])
    for seed in range(9):
        stepped = moved(Fixture("edges", lambda: edges), seed, 1024).array
        assert np.isfinite(stepped).all() and np.all(abs(stepped) >= 2.0**-126)


def graph(function):
    return lambda inputs: {"y": (np.asarray(function(inputs["x"].array)), "float32")}


def measured(function, fixture=NOISE):
    compute = graph(function)
    return measure(compute, {"x": fixture}, compute({"x": fixture}))


def spread_of(function, fixture=NOISE):
    return measured(function, fixture).arrays["y"]["spread"]


def test_the_spread_is_what_the_graph_makes_of_a_rounding():
    u, x = 2.0**-24, NOISE.array
    same = spread_of(lambda x: x)
    assert np.all((u * abs(x) < same) & (same <= 2.01 * u * abs(x)))
    # Subtracting what is nearly equal amplifies it a thousand times.
    np.testing.assert_allclose(spread_of(lambda x: 1024 * x), 1024 * same, rtol=1e-6)
    assert spread_of(lambda x: 0 * x).max() == 0
    arrays = measured(lambda x: 4 * x).arrays["y"]
    np.testing.assert_allclose(arrays["stretched"], 1024 * arrays["spread"], rtol=0.6)
    assert np.all((arrays["lowest"] < 4 * x) & (4 * x < arrays["highest"]))


def test_it_is_computed_sixteen_times_at_most_and_once_less_for_what_is_random():
    for function, times in ((lambda x: x, 16), (lambda x: np.random.normal(size=3), 4)):
        calls = []
        found = measured(lambda x, f=function, calls=calls: calls.append(1) or f(x))
        assert len(calls) == times and found.random == (["y"] if times == 4 else [])
        assert bool(found.arrays) == (times == 16)
    calls = []
    measured(lambda x: calls.append(1) or x, fixtures.values("labels", [0, 1, 2], "int32"))
    assert len(calls) == 1 + repeats.SAME


def test_random_tensors_are_named_in_the_order_of_flow():
    def compute(inputs):
        x = inputs["x"].array
        drawn = np.random.normal(size=3)
        return {name: (np.asarray(a), "float64") for name, a in (("z", x), ("y", drawn), ("a", drawn + 1))}

    assert measure(compute, {"x": NOISE}, compute({"x": NOISE})).random == ["y", "a"]


def test_a_repeat_that_fails_or_has_another_shape_says_nothing():
    lengths = iter([3] * (1 + repeats.SAME) + list(range(4, 99)))
    found = measured(lambda x: np.zeros(next(lengths), np.float32))
    assert not found.random and "spread" not in found.arrays["y"]

    def only_this(x):
        if not np.array_equal(x, NOISE.array):
            raise ValueError
        return x

    assert "spread" not in measured(only_this).arrays["y"]
    sometimes = spread_of(lambda x: np.where(x > NOISE.array, np.nan, x))
    assert np.isfinite(sometimes).all() and sometimes.max() < 1e-6


def words(function, other, fixture=NOISE):
    """The verdict's word on ``other`` against ``function``, by what was measured of both."""
    return judged(function, other, fixture.array).word


W = fixtures.uniform("measured_weights", (30, 50), seed=282, low=-1.0, high=1.0).array


def forward(x):
    return np.tanh(x @ W).sum(axis=1)


def other_order(x):
    total = np.zeros((len(x), W.shape[1]), np.float32)
    for i in range(W.shape[0])[::-1]:
        total += x[:, i, None] * W[i]
    return np.tanh(total)[:, ::-1].cumsum(axis=1, dtype=np.float32)[:, -1]


def test_another_order_agrees_and_a_small_fault_differs():
    assert words(forward, other_order) == "agrees"
    assert words(forward, lambda x: np.tanh(x @ (W * np.float32(1 + 1e-4))).sum(axis=1)) == "differs"
    assert words(forward, lambda x: forward(x) + np.float32(1e-3)) == "differs"
    assert words(forward, lambda x: forward(x)[::-1]) == "differs"
    assert words(forward, lambda x: np.full_like(forward(x), np.nan)) == "differs"
    assert words(forward, lambda x: forward(x)[:-1]) == "differs"


def test_an_amplifying_graph_is_allowed_what_it_amplifies():
    """exp(x)^40 in two ways: far apart by a fixed tolerance, and nothing but rounding."""
    power = lambda x: np.exp(np.float32(20) * x)
    by_products = lambda x: np.prod([np.exp(x)] * 20, axis=0, dtype=np.float32)
    assert abs(power(NOISE.array) - by_products(NOISE.array)).max() > 100
    assert words(power, by_products) == "agrees"
    assert words(power, lambda x: power(x) * np.float32(1.001)) == "differs"


def test_a_spread_of_nothing_allows_a_few_roundings():
    result = np.float32([3, 4])
    answer = Measured(result, "float32", Evidence(result, measured(lambda x: result).arrays["y"]))
    assert compare(np.float32([3, 4]), "float32", answer, "float32").word == "agrees"
    assert compare(np.float32([3, 4.000001]), "float32", answer, "float32").word == "agrees"
    assert compare(np.float32([3, 4.00001]), "float32", answer, "float32").word == "differs"


def test_the_mean_square_convicts_nobody_who_was_measured():
    """Three epochs of Adam in 1.15 and 2.21: a third of the worst case, the mean square beyond its limit."""
    result = NOISE.array
    arrays = dict(measured(lambda x: x).arrays["y"], spread=np.full(result.shape, 1e-6, np.float32))
    arrays["stretched"] = np.full(result.shape, 1e-3, np.float32)
    answer = Measured(result, "float32", Evidence(result, arrays))
    numbers = compare(result + np.float32(4e-5), "float32", answer, "float32")
    assert numbers.share < 0.5 and numbers.share_rms > 1
    assert numbers.word == "suspicious"


def test_complex_numbers_with_a_reference():
    exact = np.fft.fft(NOISE.array.astype(np.float64))
    answer = Reference(exact, np.abs(NOISE.array).sum(1, keepdims=True) + 0 * abs(exact), 32)
    result = exact.astype(np.complex64)
    assert compare(result, "complex64", answer, "float32").word == "agrees"
    for wrong in (result.conj(), result.real.astype(np.complex64), result + np.complex64(1e-2j)):
        numbers = compare(wrong, "complex64", answer, "float32")
        assert numbers.word == "differs" and numbers.message.startswith("imaginary part at [")
        assert len(numbers.worst_index) == 2 and numbers.part == "imaginary"
    assert "real part at [" in compare(result + np.complex64(1e-2), "complex64", answer, "float32").message
    assert compare(result, "complex64", answer, "float32").count == 2 * exact.size
    assert "dtype" in compare(result.real, "float32", answer, "float32").message


def test_small_numbers_of_a_half_precision_are_no_denormals_to_be_lost():
    small = (NOISE.array * np.float32(2e-5) + np.float32(1e-5)).astype(np.float16)
    assert judged(lambda x: 2 * x, lambda x: x + x, small).word == "identical"
    assert judged(lambda x: 2 * x, lambda x: 0 * x, small).word == "differs"


def test_what_cannot_be_computed_twice_is_an_error_that_says_so(tmp_path, compat_command):
    once = (
        CASE.format(against='"numpy"', wrong="")
        + """
    calls = []


    def _once(np, x):
        calls.append(x)
        if len(calls) > 1:
            raise ValueError("the variable is there already")
        return x


    port.implementations["numpy"] = _once
    """
    )
    result = compat_command("run", write(tmp_path / "port.py", once), "--out", "runs/here")
    assert result.returncode == 1
    assert "computed again on the same inputs it fails: ValueError: the variable is there" in result.stdout


def test_texts_have_to_be_the_same():
    texts = np.array(["a", "b", "c"])
    answer = Measured(texts, "<U1")
    assert compare(texts, "<U1", answer, "float32").word == "agrees"
    numbers = compare(np.array(["a", "x", "c"]), "<U1", answer, "float32")
    assert numbers.word == "differs" and "at [1] " in numbers.message and "1 of 3" in numbers.message


def test_what_could_not_be_measured_is_said():
    given = np.arange(12, dtype=np.uint8).reshape(3, 4)
    verdict = judged(lambda x: x / np.float32(7), lambda x: x / np.float32(7.01), given)
    assert verdict.word == "differs" and "could not be measured on moved inputs" in verdict.message


def test_an_operation_names_what_it_is_judged_against():
    assert operation("x", against="tf1.session").against == ("tf1.session", None)
    assert operation("x", against=("numpy", "tf1.15")).against == ("numpy", "tf1.15")
    with pytest.raises(CompatError, match="against 'tf3'"):
        operation("x", against="tf3")
    with pytest.raises(CompatError, match="has a reference"):
        operation("x", reference=lambda: None, against="numpy")


CASE = """
    from compat import fixtures, operation

    port = operation("port", against={against})


    @port.on("numpy")
    def _(np, x):
        return np.tanh(x).sum(axis=0)


    @port.on("scipy")
    def _(scipy, x):
        import numpy as np

        return np.tanh(x{wrong})[::-1].sum(axis=0)


    port.sample("noise", x=fixtures.normal("port_x", (50, 4), seed=2))
    """


@pytest.mark.parametrize("wrong, status, word", [("", 0, "agrees"), (" * np.float32(1.001)", 1, "differs")])
def test_a_port_is_judged_against_another_dialect(tmp_path, compat_command, wrong, status, word):
    case = write(tmp_path / "port.py", CASE.format(against='"numpy"', wrong=wrong))
    result = compat_command("run", case, "--out", "runs/here")
    assert result.returncode == status, result.stderr + result.stdout
    assert "numpy        1 identical" in result.stdout and f"scipy        1 {word}" in result.stdout
    if wrong:
        assert "; against numpy, by the measured spread" in result.stdout


def test_a_port_waits_for_what_it_is_judged_against(tmp_path, compat_command):
    case = write(tmp_path / "port.py", CASE.format(against='("numpy", "old")', wrong=""))
    result = compat_command("run", case, "--out", "runs/new")
    assert result.returncode == 1
    assert result.stdout.count("unjudged: numpy in old has no result to be judged against") == 2
    compat_command("run", case, "--out", "runs/old", "--dialect", "numpy")
    again = compat_command("run", case, "--out", "runs/new")
    assert "0 to compute" in again.stdout and "scipy        1 agrees" in again.stdout
    verdicts = json.loads((tmp_path / "runs" / "new" / "verdicts.json").read_text())["content"]
    assert verdicts["port[noise]"]["numpy"]["word"] == "identical"


def test_the_kinds_of_the_scorecard_are_all_caught_and_none_is_flagged_that_is_harmless():
    kinds = without_reference()
    assert [missed for kind in kinds for missed in kind.missed] == []
    assert [alarm for kind in kinds for alarm in kind.alarms] == []
