"""The measured allowance: what a computation without a reference is judged by."""

import json

import numpy as np
import pytest
from compat.measured import REPEATS, Measured, judge_against, moved, spread
from support import write

from compat import CompatError, fixtures, operation
from compat.arrays import round_to
from compat.fixtures import Fixture
from compat.judge import compare

NOISE = fixtures.uniform("measured_noise", (40, 30), seed=281, low=-1.0, high=1.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_every_number_moves_by_one_unit_in_the_last_place(dtype):
    fixture = NOISE.astype(dtype)
    other = moved(fixture, 1)
    assert other.dtype == dtype and other.array.dtype == fixture.array.dtype
    np.testing.assert_array_equal(other.array, round_to(other.array, dtype))  # still of that precision
    step = abs(other.array.astype(float) - fixture.array.astype(float)) / abs(fixture.array.astype(float))
    u = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}[dtype]
    assert 0.9 * u < step.min() and step.max() <= 2 * u * (1 + 4 * u) * (2 if dtype == "bfloat16" else 1)
    assert 0.3 < (other.array > fixture.array).mean() < 0.7
    assert not np.array_equal(moved(fixture, 2).array, other.array)
    np.testing.assert_array_equal(moved(fixture, 1).array, other.array)


def test_zeros_labels_and_what_is_no_number_stay():
    given = np.float32([0, 1, np.nan, np.inf])
    stepped = moved(Fixture("given", lambda: given), 3).array
    np.testing.assert_array_equal(stepped[[0, 2, 3]], given[[0, 2, 3]])
    assert stepped[1] != 1
    labels = fixtures.values("labels", [0, 1, 2], "int32")
    assert moved(labels, 3) is labels


def graph(function):
    return lambda inputs: {"y": (function(inputs["x"].array), "float32")}


def spread_of(function, fixture=NOISE):
    compute = graph(function)
    return spread(compute, {"x": fixture}, compute({"x": fixture}))["y"]


def test_the_spread_is_what_the_graph_makes_of_a_rounding():
    u, x = 2.0**-24, NOISE.array
    same = spread_of(lambda x: x)
    assert np.all((u * abs(x) < same) & (same <= 2.01 * u * abs(x)))
    # Subtracting what is nearly equal amplifies it a thousand times.
    np.testing.assert_allclose(spread_of(lambda x: 1024 * x), 1024 * same, rtol=1e-6)
    assert spread_of(lambda x: 0 * x).max() == 0
    calls = []
    spread_of(lambda x: calls.append(x) or x)
    assert len(calls) == REPEATS + 1


def test_a_repeat_of_another_shape_allows_anything_and_warns_of_nothing():
    shapes = iter(range(3, 99))
    found = spread(lambda inputs: {"y": (np.zeros(next(shapes)), "float32")}, {}, {
        "y": (np.zeros(3), "float32")
    })  # fmt: skip
    assert np.isinf(found["y"]).all()
    sometimes = spread_of(lambda x: np.where(x > NOISE.array, np.nan, x))
    assert np.isinf(sometimes).any()


def words(function, other, fixture=NOISE):
    """The verdict's word on ``other`` against ``function``, with the spread of both."""
    records, arrays = [], {}
    for number, f in enumerate((function, other)):
        compute = graph(f)
        results = compute({"x": fixture})
        arrays.update({f"result{number}": results["y"][0], f"spread{number}": spread_of(f, fixture)})
        outputs = {"y": {"digest": f"result{number}", "dtype": "float32"}}
        records.append(
            {"status": "ok", "dtype": "float32", "outputs": outputs, "spread": {"y": f"spread{number}"}}
        )
    return judge_against(records[1], arrays.__getitem__, records[0], arrays.__getitem__).word


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


def test_what_does_not_follow_from_the_inputs_has_to_be_the_same():
    answer = Measured(np.float32([3, 4]), np.zeros(2, np.float32), "float32")
    assert compare(np.float32([3, 4]), "float32", answer, "float32")["word"] == "agrees"
    assert compare(np.float32([3, 4.000001]), "float32", answer, "float32")["word"] == "differs"


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
    assert result.returncode == 0
    assert "2 not judged: numpy in old has no result of it to be judged against" in result.stdout
    compat_command("run", case, "--out", "runs/old", "--dialect", "numpy")
    again = compat_command("run", case, "--out", "runs/new")
    assert "0 to compute" in again.stdout and "scipy        1 agrees" in again.stdout
    verdicts = json.loads((tmp_path / "runs" / "new" / "verdicts.json").read_text())["content"]
    assert verdicts["port[noise]"]["numpy"]["word"] == "identical"
