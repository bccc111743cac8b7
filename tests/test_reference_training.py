"""Smoothed losses, Adadelta, Ftrl, clipped steps, Fourier transforms: by hand, in float32, and faults."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat import reference
from compat.judge.compare import compare

seeds = st.integers(0, 2**31)


def noise(seed, *shape, scale=1.0):
    return (np.random.RandomState(seed).normal(size=shape) * scale).astype(np.float32)


def word(result, answer):
    result = np.asarray(result)
    return compare(result, result.dtype.name, answer, "float32").word


# -- losses


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from([0.05, 0.1, 0.5]))
def test_smoothed_labels(seed, smoothing):
    logits, labels = noise(seed, 6, 5, scale=3), np.eye(5, dtype=np.float32)[[0, 1, 2, 3, 4, 0]]
    answer = reference.smoothed_cross_entropy(logits, labels, smoothing=smoothing)
    exact = []
    for row, label in zip(logits.astype(float), labels):
        whole = math.log(math.fsum(map(math.exp, row)))
        parts = [(y * (1 - smoothing) + smoothing / 5) * (whole - v) for y, v in zip(map(float, label), row)]
        exact.append(math.fsum(parts))
    np.testing.assert_allclose(answer.value, exact, rtol=1e-12)
    logarithms = logits - logits.max(-1, keepdims=True)
    logarithms = logarithms - np.log(np.exp(logarithms).sum(-1, keepdims=True))
    one = np.float32(smoothing)
    right = labels * (1 - one) + one / np.float32(5)
    others = labels * (1 - one) + (1 - labels) * one / np.float32(4)
    assert word(-(right * logarithms).sum(-1), answer) == "agrees"
    assert word((1 - one) * -(labels * logarithms).sum(-1) - one * logarithms.mean(-1), answer) == "agrees"
    assert word(-(others * logarithms).sum(-1), answer) == "differs"
    assert word(-(labels * logarithms).sum(-1), answer) == "differs"


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_smoothed_labels_of_two_classes(seed):
    x, z = noise(seed, 6, 5, scale=3), np.float32(np.random.RandomState(seed).randint(0, 2, (6, 5)))
    answer = reference.sigmoid_cross_entropy(x, z, smoothing=0.2)
    p = 1 / (1 + np.exp(-x.astype(float)))
    y = z.astype(float) * 0.8 + 0.1
    np.testing.assert_allclose(answer.value, -(y * np.log(p) + (1 - y) * np.log(1 - p)), rtol=1e-9)

    def by(share):
        smooth = z * np.float32(0.8) + np.float32(share)
        return np.maximum(x, 0) - x * smooth + np.log1p(np.exp(-abs(x)))

    assert word(by(0.1), answer) == "agrees"
    assert word(by(0.2), answer) == "differs"


# -- optimisers


def adadelta(w, gradients, rate, rho, epsilon, dtype, inside=True, before=True):
    w, first, second = w.astype(dtype), *np.zeros((2, *w.shape), dtype)
    rate, rho, epsilon = map(dtype, (rate, rho, epsilon))
    after = []
    for g in gradients.astype(dtype):
        first = rho * first + (1 - rho) * g * g
        root = lambda v: np.sqrt(v + epsilon) if inside else np.sqrt(v) + epsilon
        step = root(second) / root(first) * g
        if not before:
            second = rho * second + (1 - rho) * step * step
            step = root(second) / root(first) * g
        else:
            second = rho * second + (1 - rho) * step * step
        w = w - rate * step
        after.append(w)
    return np.stack(after)


def ftrl(w, gradients, rate, start, l1, l2, dtype):
    w, n, z = w.astype(dtype), np.full(w.shape, start, dtype), np.zeros(w.shape, dtype)
    rate, l1, l2 = map(dtype, (rate, l1, l2))
    after = []
    for g in gradients.astype(dtype):
        z = z + g - (np.sqrt(n + g * g) - np.sqrt(n)) / rate * w
        n = n + g * g
        w = np.where(abs(z) > l1, (np.sign(z) * l1 - z) / (np.sqrt(n) / rate + 2 * l2), dtype(0))
        after.append(w)
    return np.stack(after)


def judged(found, w, gradients, optimiser, rate, **how):
    """As Steps does: the answer follows from the weights that were found before each step."""
    before = np.concatenate([w[None], found[:-1]])
    answer = reference.training.weights_after(before, gradients, optimiser, rate, **how).reference()
    return word(found, answer)


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from([1.0, 0.001]), st.sampled_from([1e-6, 1e-8]))
def test_adadelta(seed, rate, epsilon):
    w, gradients = noise(seed, 4, 3), noise(seed + 1, 5, 4, 3)
    how = {"decay_of_square": 0.95, "epsilon": epsilon}
    exact = adadelta(w, gradients, rate, 0.95, epsilon, np.float64)
    before = np.concatenate([w[None], exact[:-1]])
    after = reference.training.weights_after(before, gradients, "adadelta", rate, **how)
    np.testing.assert_allclose(after.value, exact, rtol=1e-10)
    found = adadelta(w, gradients, rate, 0.95, epsilon, np.float32)
    assert judged(found, w, gradients, "adadelta", rate, **how) == "agrees"
    if rate == 1.0:
        for fault in (
            adadelta(w, gradients, rate, 0.9, epsilon, np.float32),
            adadelta(w, gradients, rate, 0.95, epsilon * 10, np.float32),
            adadelta(w, gradients, rate, 0.95, epsilon, np.float32, inside=False),
            adadelta(w, gradients, rate, 0.95, epsilon, np.float32, before=False),
        ):
            assert judged(fault, w, gradients, "adadelta", rate, **how) == "differs"


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 0.1]))
def test_ftrl(seed, l1, l2):
    w, gradients = noise(seed, 4, 3), noise(seed + 1, 5, 4, 3, scale=0.5)
    how = {"start": 0.1, "l1": l1, "l2": l2}
    exact = ftrl(w, gradients, 0.5, 0.1, l1, l2, np.float64)
    before = np.concatenate([w[None], exact[:-1]])
    after = reference.training.weights_after(before, gradients, "ftrl", 0.5, **how)
    np.testing.assert_allclose(after.value, exact, rtol=1e-9, atol=1e-12)
    found = ftrl(w, gradients, 0.5, 0.1, l1, l2, np.float32)
    assert judged(found, w, gradients, "ftrl", 0.5, **how) == "agrees"
    for start, first, second in ((0.0, l1, l2), (0.1, l1 + 0.01, l2), (0.1, l1, l2 + 0.01)):
        fault = ftrl(w, gradients, 0.5, start, first, second, np.float32)
        assert judged(fault, w, gradients, "ftrl", 0.5, **how) == "differs"


def test_ftrl_shrinks_by_the_weights():
    w, gradients = noise(1, 4, 3), noise(2, 1, 4, 3)
    plain = reference.training.weights_after(w[None], gradients + 0.2 * w, "ftrl", 0.5, start=0.1)
    shrunk = reference.training.weights_after(w[None], gradients, "ftrl", 0.5, start=0.1, l2_shrinkage=0.1)
    # The gradient's square takes no part of the shrinkage.
    root = np.sqrt(0.1 + gradients[0].astype(float) ** 2)
    z = gradients[0] + 0.2 * w - (root - math.sqrt(0.1)) / 0.5 * w
    np.testing.assert_allclose(shrunk.value[0], -z / (root / 0.5), rtol=1e-6)
    assert not np.allclose(shrunk.value, plain.value)


# -- clipping


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from(["global norm", "norm", "value"]), st.sampled_from([0.5, 100.0]))
def test_clipped_steps(seed, by, limit):
    weights = [noise(seed, 4, 3), noise(seed + 1, 3)]
    gradients = [noise(seed + 2, 4, 3, scale=2), noise(seed + 3, 3, scale=0.1)]
    answers = reference.clipped_step(weights, gradients, by=by, limit=limit, rate=0.1)
    squares = [math.fsum(float(v) ** 2 for v in g.ravel()) for g in gradients]

    def clipped(how, dtype):
        made = []
        for g, square in zip(gradients, squares):
            if how == "value":
                made.append(np.clip(g.astype(dtype), -dtype(limit), dtype(limit)))
            else:
                norm = dtype(math.sqrt(sum(squares) if how == "global norm" else square))
                made.append(g.astype(dtype) * (dtype(limit) / max(norm, dtype(limit))))
        return made

    for k, (w, g) in enumerate(zip(weights, clipped(by, np.float64))):
        np.testing.assert_allclose(answers[f"gradient_{k}"].value, g, rtol=1e-12)
        np.testing.assert_allclose(answers[f"weights_{k}"].value, w - 0.1 * g, rtol=1e-9, atol=1e-14)
    for how in ("global norm", "norm", "value"):
        words = [
            word(w - np.float32(0.1) * g, answers[f"weights_{k}"])
            for k, (w, g) in enumerate(zip(weights, clipped(how, np.float32)))
        ]
        if how == by or limit == 100:
            assert words == ["agrees", "agrees"]
        else:
            assert "differs" in words


def test_a_small_variable_beside_a_large_one():
    """clip_by_global_norm shrinks both by one factor; each alone, the small one is left as it is."""
    large, small = np.full((4, 3), 2.0, np.float32), np.full(3, 0.01, np.float32)
    nothing = [np.zeros_like(large), np.zeros_like(small)]
    together = reference.clipped_step(nothing, [large, small], by="global norm", limit=1.0, rate=1.0)
    alone = reference.clipped_step(nothing, [large, small], by="norm", limit=1.0, rate=1.0)
    norm = math.sqrt(12 * 4 + 3 * 1e-4)
    np.testing.assert_allclose(together["gradient_1"].value, 0.01 / norm, rtol=1e-6)
    np.testing.assert_allclose(alone["gradient_1"].value, 0.01, rtol=1e-6)
    assert word(alone["weights_1"].value.astype(np.float32), together["weights_1"]) == "differs"


# -- Fourier transforms


def matrix(points, dtype=np.complex128):
    k = np.arange(points)
    return np.exp(-2j * np.pi * (np.outer(k, k) % points) / points).astype(dtype)


def by_butterflies(x):
    """Cooley and Tukey 1965, radix 2, every operation rounded to complex64."""
    n = x.shape[-1]
    if n == 1:
        return x
    even, odd = by_butterflies(x[..., ::2]), by_butterflies(x[..., 1::2])
    turned = (odd * np.exp(-2j * np.pi * np.arange(n // 2) / n).astype(np.complex64)).astype(np.complex64)
    return np.concatenate([even + turned, even - turned], axis=-1)


def by_chirps(x):
    """Bluestein 1970, with ``by_butterflies``, every operation rounded to complex64."""
    n = x.shape[-1]
    length = 2 ** math.ceil(math.log2(2 * n - 1))
    chirp = np.exp(-1j * np.pi * (np.arange(n) ** 2 % (2 * n)) / n).astype(np.complex64)
    a, b = np.zeros(x.shape[:-1] + (length,), np.complex64), np.zeros(length, np.complex64)
    a[..., :n], b[:n] = x * chirp, chirp.conj()
    b[length - n + 1 :] = chirp[1:][::-1].conj()
    product = by_butterflies(a) * by_butterflies(b)
    back = by_butterflies(product.conj()).conj() / np.float32(length)
    return (back[..., :n] * chirp).astype(np.complex64)


def complex_noise(seed, *shape):
    return (noise(seed, *shape) + 1j * noise(seed + 1, *shape)).astype(np.complex64)


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from([1, 2, 3, 5, 8, 12, 31, 64, 100, 128, 255]))
def test_transforms_of_either_kind_agree(seed, points):
    x = complex_noise(seed, 3, points)
    answer = reference.fft(x)
    np.testing.assert_allclose(answer.value, x.astype(complex) @ matrix(points), rtol=1e-9, atol=1e-10)
    assert word(x @ matrix(points, np.complex64), answer) == "agrees"  # as the sum that it is
    assert word(by_chirps(x), answer) == "agrees"
    if points & (points - 1) == 0:
        assert word(by_butterflies(x), answer) == "agrees"
    if points > 2:
        right = answer.value.astype(np.complex64)
        for fault in (
            right.conj(),
            np.roll(right, 1, -1),
            right / np.float32(points),
            right * np.float32(1.01),
        ):
            assert word(fault, answer) == "differs"
        assert word(right.real.astype(np.complex64), answer) == "differs"
        assert word((right.real + 1000j * right.imag).astype(np.complex64), answer) == "differs"


def test_the_bound_is_near_what_rounding_does():
    """Of a faithful transform: the mean square uses a part of what is allowed that a fault of 1e-4 exceeds."""
    for points in (64, 100, 1024):
        x = complex_noise(points, 4, points)
        answer = reference.fft(x)
        share = {}
        for name, factor in (("right", 1.0), ("fault", 1 + 1e-4)):
            result = (answer.value * factor).astype(np.complex64)
            share[name] = compare(result, "complex64", answer, "complex64").share_rms
        assert share["right"] < 0.2 and share["fault"] > 0.3
    assert word((reference.fft(x).value * (1 + 1e-3)).astype(np.complex64), reference.fft(x)) != "agrees"


def test_inverse_half_and_two_axes():
    x = complex_noise(3, 2, 6, 8)
    np.testing.assert_allclose(reference.fft(reference.fft(x).value, inverse=True).value, x, atol=1e-12)
    real = noise(4, 2, 15)
    half = reference.fft(real, real=True)
    np.testing.assert_allclose(half.value, np.fft.rfft(real.astype(float)), atol=1e-12)
    assert half.value.shape == half.parts().worst("float32").shape[:-1] == (2, 8)
    assert word(np.fft.rfft(real).astype(np.complex64), half) == "agrees"
    real = noise(5, 4, 64)
    kept = by_butterflies(real.astype(np.complex64))[..., :33]
    assert word(kept, reference.fft(real, real=True)) == "agrees"
    both = reference.fft(x, dimensions=2)
    np.testing.assert_allclose(both.value, matrix(6) @ x.astype(complex) @ matrix(8), atol=1e-10)
    assert word((matrix(6, np.complex64) @ x) @ matrix(8, np.complex64), both) == "agrees"
    assert word(by_butterflies(x), both) == "differs"
    scaled = reference.fft(x, inverse=True)
    assert word((scaled.value * 8).astype(np.complex64), scaled) == "differs"


@pytest.mark.parametrize("points", [100, 128])
def test_a_sum_that_drifts_is_still_a_sum(points):
    """A constant signal: all roundings of the first output may have one sign."""
    x = np.full((1, points), 0.1, np.complex64)
    total = np.complex64(0)
    for value in x[0]:
        total = np.complex64(total + value)
    result = (x @ matrix(points, np.complex64)).astype(np.complex64)
    result[0, 0] = total
    assert word(result, reference.fft(x)) == "agrees"
