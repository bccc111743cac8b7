"""Rules of arithmetic without TensorFlow: other spellings and orders agree, faults differ, steps go either way."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat.arrays import round_to
from compat.judge.compare import compare
from compat.reference.bounds import Reference
from compat.reference.nodes.registry import NodeCall, NoRule, answer, as_reference
from compat.reference.tracked import Tracked

SEEDS = st.integers(0, 2**32 - 1)


def outcome(op, inputs, found, dtype="float32", number=0, **attributes):
    """The judge's word on what came of an op."""
    given = tuple(np.asarray(getattr(flow, "value", flow)).dtype.name for flow in inputs)
    flows = answer(NodeCall(op, attributes, given, (dtype,) * (number + 1)), inputs)
    return compare(np.asarray(found), dtype, as_reference(flows[number], dtype), dtype).word


def noise(seed, *shape):
    return np.random.RandomState(seed).randn(*shape).astype(np.float32)


FUNCTIONS = {
    "Exp": np.exp, "Expm1": np.expm1, "Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Atan": np.arctan,
    "Sinh": np.sinh, "Cosh": np.cosh, "Tanh": np.tanh, "Asinh": np.arcsinh, "Square": np.square,
    "Reciprocal": np.reciprocal, "Neg": np.negative, "Abs": np.abs, "Relu": lambda x: np.maximum(x, 0),
    "Elu": lambda x: np.where(x < 0, np.expm1(x), x), "Softplus": lambda x: np.logaddexp(np.float32(0), x),
    "Softsign": lambda x: x / (1 + abs(x)), "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Log1p": np.log1p, "Sqrt": np.sqrt, "Log": np.log, "Rsqrt": lambda x: 1 / np.sqrt(x),
}  # fmt: skip


@pytest.mark.parametrize("op", sorted(FUNCTIONS))
@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(["float32", "float16", "bfloat16"]))
def test_a_function_of_single_values(op, seed, dtype):
    x = round_to(noise(seed, 3, 5), dtype)
    x = abs(x) + np.asarray(0.5, x.dtype) if op in ("Log1p", "Sqrt", "Log", "Rsqrt") else x
    x = round_to(x, dtype)
    found = round_to(FUNCTIONS[op](x.astype(np.float32)), dtype)
    assert outcome(op, [x], found, dtype) == "agrees"
    wrong = np.array(found)
    wrong[0, 0] += {"float32": 1e-4, "float16": 0.2, "bfloat16": 1.0}[dtype] * (1 + abs(wrong).max())
    assert outcome(op, [x], round_to(wrong, dtype), dtype) == "differs"


@pytest.mark.parametrize("op", sorted(set(FUNCTIONS) | {"Erf", "Erfc", "Lgamma", "Digamma"}))
@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_an_input_that_is_off(op, seed):
    """What inputs within the error give lies within the answer's."""
    x = noise(seed, 20).astype(np.float64)
    x = abs(x) + 0.5 if op in ("Log1p", "Sqrt", "Log", "Rsqrt", "Lgamma", "Digamma") else x
    e = np.random.RandomState(seed).uniform(0, 0.05, 20)
    call = NodeCall(op, {}, ("float64",), ("float64",))
    (followed,) = answer(call, [Tracked(x, lambda p: e).reference()])
    moved = x + e * np.random.RandomState(seed).uniform(-1, 1, 20)
    (there,) = answer(call, [moved])
    reached = abs(np.asarray(getattr(there, "value", there)) - followed.value)
    assert (reached <= followed.worst("float64")).all()
    assert (followed.worst("float64")[reached > 0] < np.inf).any() or not reached.any()


def test_digamma_far_below_zero():
    """pi x would round by 3e-11 there; what is right is of TensorFlow and of SciPy."""
    far = [np.array([-87278.74215750102])]
    assert outcome("Digamma", far, np.array([8.3863874933950235]), "float64") == "agrees"
    assert outcome("Digamma", far, np.array([8.3863874934204699]), "float64") == "differs"
    below = -np.arange(1, 900) - 0.25
    (found,) = answer(NodeCall("Digamma", {}, ("float64",), ("float64",)), [below])
    np.testing.assert_allclose(np.diff(found.value), -1 / below[1:], rtol=1e-9)  # psi(x + 1) = psi(x) + 1 / x


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.sampled_from([(0,), (1,), (0, 2), (-1,), (0, 1, 2)]), st.booleans())
def test_sums_in_any_order(seed, axes, keep):
    x = noise(seed, 4, 5, 6)
    order = np.random.RandomState(seed).permutation
    turned = x[order(4)][:, order(5)][..., order(6)] if axes == (0, 1, 2) else x
    total, inputs = turned.sum(axis=axes, keepdims=keep), [x, np.array(axes, np.int32)]
    assert outcome("Sum", inputs, total, keep_dims=keep) == "agrees"
    assert outcome("Mean", inputs, x.mean(axis=axes, keepdims=keep), keep_dims=keep) == "agrees"
    assert outcome("Max", inputs, x.max(axis=axes, keepdims=keep), keep_dims=keep) == "agrees"
    assert outcome("Sum", inputs, total + np.float32(1e-3), keep_dims=keep) == "differs"
    assert outcome("Sum", inputs, total, keep_dims=not keep) == "differs"


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.booleans(), st.booleans())
def test_products_of_matrices(seed, a, b):
    x, y = noise(seed, 5, 40), noise(seed + 1 if seed < 2**32 - 1 else 0, 40, 7)
    found = np.zeros((5, 7), np.float32)
    for k in np.random.RandomState(seed).permutation(40):
        found += np.outer(x[:, k], y[k])
    inputs = [x.T if a else x, y.T if b else y]
    assert outcome("MatMul", inputs, found, transpose_a=a, transpose_b=b) == "agrees"
    wrong = x @ (y * np.float32(1 + 1e-4))
    assert outcome("MatMul", inputs, wrong, transpose_a=a, transpose_b=b) == "differs"
    off = Reference(x, abs(x), 40)
    assert outcome("MatMul", [off, y], x @ y) == "agrees"
    assert outcome("MatMul", [off, Reference(y, abs(y), 3)], x @ y) == "agrees"
    assert outcome("MatMul", [off, Reference(y, abs(y), 3)], x @ y + np.float32(0.1)) == "differs"


def test_a_gradient_falls_to_either_side_only_near_the_step():
    x, g = np.array([-1e-9, 0.0, 1e-9, 1.0, -1.0], np.float32), np.full(5, 3, np.float32)
    off = Tracked(x, lambda p: np.full(5, 1e-8)).reference()
    both = np.array([3, 3, 0, 3, 0], np.float32)
    assert outcome("ReluGrad", [g, off], both) == "agrees"
    assert outcome("ReluGrad", [g, x], both) == "differs"
    assert outcome("ReluGrad", [g, off], np.array([3, 3, 0, 0, 0], np.float32)) == "differs"
    assert outcome("ReluGrad", [g, x], np.array([0, 0, 3, 3, 0], np.float32)) == "agrees"


def test_whole_numbers_wrap_around():
    x, y = np.array([120, -128, 7], np.int8), np.array([10, 1, -2], np.int8)
    axes = np.array([0], np.int32)
    for op, found in (("Add", [-126, -127, 5]), ("Mul", [-80, -128, -14]), ("Sub", [110, 127, 9])):
        assert outcome(op, [x, y], np.array(found, np.int8), "int8") == "agrees"
        assert outcome(op, [x, y], np.array(found, np.int8) + np.int8(1), "int8") == "differs"
    assert outcome("Neg", [x], np.array([-120, -128, -7], np.int8), "int8") == "agrees"
    assert outcome("Sum", [np.array([100, 100], np.int8), axes], np.int8(-56), "int8") == "agrees"
    assert outcome("Mean", [np.array([-3, 0], np.int32), axes], np.int32(-1), "int32") == "agrees"
    assert outcome("Mean", [np.array([-3, 0], np.int32), axes], np.int32(-2), "int32") == "differs"


def test_a_bias_in_the_channels_of_either_layout():
    x, b = noise(1, 2, 3, 4, 3), noise(2, 3)
    last, first = x + b, x + b[:, None, None]
    assert outcome("BiasAdd", [x, b], last, data_format="NHWC") == "agrees"
    assert outcome("BiasAdd", [x, b], first, data_format="NCHW") == "agrees"
    assert outcome("BiasAdd", [x, b], last, data_format="NCHW") == "differs"


@pytest.mark.parametrize("points", [8, 12, 100])
def test_fourier_transforms(points):
    x = (noise(1, 2, points) + 1j * noise(2, 2, points)).astype(np.complex64)
    found = np.fft.fft(x).astype(np.complex64)
    assert outcome("FFT", [x], found, "complex64") == "agrees"
    assert outcome("FFT", [x], np.fft.ifft(x).astype(np.complex64), "complex64") == "differs"
    assert outcome("FFT", [x], found * np.complex64(1 + 1e-2), "complex64") == "differs"
    assert outcome("IFFT", [found], x, "complex64") == "agrees"


def test_an_update_with_another_setting():
    var, m, v, g = noise(1, 9), noise(2, 9), abs(noise(3, 9)), noise(4, 9)
    numbers = [np.float32(n) for n in (0.9, 0.999, 0.01, 0.9, 0.999, 1e-7)]

    def adam(beta1):
        one, beta2 = np.float32(1), np.float32(0.999)
        mean, square = m + (g - m) * (one - np.float32(beta1)), v + (g * g - v) * (one - beta2)
        rate = np.float32(0.01) * np.sqrt(one - beta2) / (one - np.float32(0.9))
        return (var - mean * rate / (np.sqrt(square) + np.float32(1e-7))).astype(np.float32)

    inputs = [var, m, v, *numbers, g]
    assert outcome("ApplyAdam", inputs, adam(0.9)) == "agrees"
    assert outcome("ApplyAdam", inputs, adam(0.899)) == "differs"
    assert outcome("ResourceApplyAdam", inputs, m + (g - m) * (1 - numbers[0]), number=1) == "agrees"


def test_no_rule_where_versions_differ():
    call = NodeCall("Maximum", {}, ("float32",) * 2, ("float32",))
    with pytest.raises(NoRule, match="NaN"):
        answer(call, [np.array([np.nan], np.float32), np.zeros(1, np.float32)])


def test_a_tensor_less_itself_is_nothing_however_far_it_is_off():
    """As tf.clip_by_global_norm asks whether the norm is a number."""
    norm = Reference(np.array([3.0, np.inf]), np.ones(2), 1000)
    assert outcome("Sub", [norm, norm], np.float32([0, np.nan])) == "agrees"
    assert outcome("Sub", [norm, norm], np.float32([1e-6, np.nan])) == "differs"
    other = Reference(np.array([3.0, np.inf]), np.ones(2), 1000)
    assert outcome("Sub", [norm, other], np.float32([1e-6, np.nan])) == "agrees"


@pytest.mark.parametrize("roundings, word", [(2, "agrees"), (20, "differs"), (-20, "differs")])
def test_one_less_erf_may_cancel_and_no_more(roundings, word):
    """As Eigen has it: what is off is a share of erf, many units of a small difference."""
    x = np.linspace(0.8, 1, 201).astype(np.float32)
    right = np.array([math.erfc(number) for number in x.astype(np.float64)])
    off = roundings * 2.0**-24 * (1 - right)
    assert outcome("Erfc", [x], (right + off).astype(np.float32)) == word
