"""The rows of section A as a case file: a legacy side in numpy, a port in scipy, judged by measurement.

``PAIRS``: {name: (legacy, port, inputs, the words that are right)}; every function takes arrays in float32.
"""

import numpy as np

from compat import fixtures, operation
from compat.case.fixtures import Fixture

U = 2.0**-24


def _values(name, array):
    return Fixture(name, lambda: array)


def _state(seed):
    return np.random.RandomState(seed)


NOISE = fixtures.uniform("a_noise", (16, 12), seed=11, low=-1.0, high=1.0)
WEIGHTS = _state(12).uniform(-1, 1, (12, 5)).astype(np.float32)
COMPLEX = _values(
    "a_complex", (_state(13).normal(size=(3, 12)) + 1j * _state(14).normal(size=(3, 12))).astype(np.complex64)
)
WHOLE = fixtures.integers("a_whole", (6, 7), seed=15, low=0, high=256)
TENTHS = _values("a_tenths", (np.arange(40) / 10).astype(np.float32))
TIES = _values("a_ties", _state(16).randint(0, 3, (20, 9)).astype(np.float32) / np.float32(7))
IMAGE = fixtures.integers("a_image", (24, 20, 3), seed=17, low=0, high=256, dtype="uint8")
SMALL = _values("a_denormal", (_state(18).uniform(1, 9, 30) * 1e-40).astype(np.float32))
TINY = _values("a_tiny", (_state(19).uniform(1, 9, 30) * 1e-20).astype(np.float32))
FIRST_NAN = _values(
    "a_nan", np.concatenate([[np.nan, np.inf, -np.inf], _state(20).normal(size=30)]).astype(np.float32)
)
KERNEL = _state(21).normal(size=(3, 3, 3)).astype(np.float32)

REJECTED, PASSING, DIFFERS, RANDOM = (
    {"differs", "suspicious", "random"},
    {"identical", "agrees"},
    {"differs"},
    {"random"},
)


def one_by_one(products):
    """Sums along the first axis, an addition after the other."""
    total = np.zeros_like(products[0])
    for product in products:
        total = total + product
    return total


def _convolved(image, add):
    windows = [
        image[i : i + 22, j : j + 18, c].astype(np.float32) / np.float32(255) * KERNEL[i, j, c]
        for i in range(3)
        for j in range(3)
        for c in range(3)
    ]
    return add(np.stack(windows))


def _flushed(x):
    return np.where(np.abs(x) < np.finfo(np.float32).tiny, np.float32(0), x)


def _last_argmax(x):
    return x.shape[-1] - 1 - np.argmax(x[:, ::-1], axis=-1)


def _top(x, last):
    order = np.argsort(-x, axis=-1, kind="stable")
    if last:
        order = x.shape[-1] - 1 - np.argsort(-x[:, ::-1], axis=-1, kind="stable")
    return {"values": np.sort(x, axis=-1)[:, :-4:-1], "indices": order[:, :3]}


def _adam(x, order):
    """Three epochs of Adam on a linear model: normalised steps, so gradients' roundings count in full."""
    w = np.zeros((12, 5), np.float32)
    m, v = np.zeros_like(w), np.zeros_like(w)
    target = np.tanh(x @ WEIGHTS)
    f = np.float32
    for step in range(1, 13):
        gradient = x[order].T @ (np.tanh(x[order] @ w) - target[order]) / f(len(x))
        m, v = f(0.9) * m + f(0.1) * gradient, f(0.999) * v + f(0.001) * gradient**2
        rate = f(0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step))
        w = w - rate * m / (np.sqrt(v) + f(1e-7))
    return x @ w


def _logistic(x, turned):
    y = np.float32(0.5) + x / np.float32(4)
    for _ in range(200):
        y = np.float32(3.99) * y * (1 - y) if not turned else np.float32(3.99) * (y - y * y)
    return y


def _draw(x):
    return np.random.normal(size=x.shape).astype(np.float32)


f32 = np.float32

#: name: (legacy, port, input, right words)
PAIRS = {
    # A1, A2, A3
    "a1_random_legacy": (
        lambda x: x @ _draw(WEIGHTS[:, :4]),
        lambda x: np.zeros((16, 4), f32),
        NOISE,
        RANDOM,
    ),
    "a2_random_port": (lambda x: x @ WEIGHTS, lambda x: x @ _draw(WEIGHTS), NOISE, RANDOM),
    "a2_dropout": (lambda x: x, lambda x: x * (_draw(x) > 0) * f32(2), NOISE, RANDOM),
    "a3_noise_added": (lambda x: x + _draw(x) * 5, lambda x: x + 1, NOISE, RANDOM),
    "a3_random_second_output": (
        lambda x: {"sum": x.sum(0), "drawn": _draw(x)},
        lambda x: {"sum": x.sum(0), "drawn": x},
        NOISE,
        RANDOM,
    ),
    "a3_seeded": (
        lambda x: x + _state(1).uniform(size=x.shape).astype(f32),
        lambda x: _state(1).uniform(size=x.shape).astype(f32) + x,
        NOISE,
        PASSING,
    ),
    # A6, A7
    "a6_conjugate": (lambda x: _fft(x), lambda x: _fft(x).conj(), NOISE, DIFFERS),
    "a6_no_imaginary": (lambda x: _fft(x), lambda x: _fft(x).real.astype(np.complex64), NOISE, DIFFERS),
    "a6_imaginary_1000": (
        lambda x: _fft(x),
        lambda x: _fft(x).real + f32(1000) * 1j * _fft(x).imag,
        NOISE,
        DIFFERS,
    ),
    "a7_fft": (lambda x: _fft(x), lambda x: _by_matrix(x), COMPLEX, PASSING),
    "a7_fft_conjugate_input": (lambda x: _fft(x), lambda x: _fft(x.conj()), COMPLEX, DIFFERS),
    "a7_fft_off": (lambda x: _fft(x), lambda x: _fft(x) * f32(1.001), COMPLEX, DIFFERS),
    "a7_absolute": (lambda x: np.abs(x), lambda x: np.sqrt(x.real**2 + x.imag**2), COMPLEX, PASSING),
    # A8
    "a8_cast_plus_1": (lambda x: x.astype(np.uint8), lambda x: (x + 1).astype(np.uint8), WHOLE, DIFFERS),
    "a8_cast_plus_3": (lambda x: x.astype(np.uint8), lambda x: (x + 3).astype(np.uint8), WHOLE, DIFFERS),
    "a8_cast_minus_1": (lambda x: x.astype(np.int32), lambda x: (x - 1).astype(np.int32), WHOLE, DIFFERS),
    "a8_cast_and_back": (lambda x: np.trunc(x), lambda x: np.trunc(x) + 1, WHOLE, DIFFERS),
    "a8_floor_minus_1": (lambda x: np.floor(10 * x), lambda x: np.floor(10 * x) - 1, TENTHS, DIFFERS),
    "a8_floor_plus_1": (lambda x: np.floor(10 * x), lambda x: np.floor(10 * x) + 1, TENTHS, DIFFERS),
    "a8_floor_int": (
        lambda x: np.floor(10 * x).astype(np.int32),
        lambda x: np.floor(10 * x).astype(np.int32) - 1,
        TENTHS,
        DIFFERS,
    ),
    "a8_floor_scaled": (
        lambda x: np.floor(10 * x) / 40,
        lambda x: (np.floor(10 * x) + 1) / 40,
        TENTHS,
        DIFFERS,
    ),
    "a8_half_up": (lambda x: np.round(5 * x), lambda x: np.floor(5 * x + f32(0.5)), TENTHS, REJECTED),
    "a8_comparison": (
        lambda x: (x > f32(1.5)).astype(f32),
        lambda x: (x >= f32(1.5)).astype(f32),
        TENTHS,
        REJECTED,
    ),
    "a8_sign": (lambda x: np.sign(x - f32(1.5)), lambda x: np.sign(f32(1.5) - x), TENTHS, DIFFERS),
    "a8_one_hot": (
        lambda x: np.eye(42, dtype=f32)[(10 * x).astype(int)],
        lambda x: np.eye(42, dtype=f32)[(10 * x).astype(int) + 1],
        TENTHS,
        DIFFERS,
    ),
    "a8_mean_of_floors": (
        lambda x: np.floor(10 * x).reshape(4, 10).mean(1),
        lambda x: np.floor(10 * x).reshape(4, 10).mean(1) - f32(0.3),
        TENTHS,
        DIFFERS,
    ),
    "a8_floor_right": (
        lambda x: np.floor(10 * x) * f32(0.1) + x,
        lambda x: x + np.floor(x * 10) * f32(0.1),
        TENTHS,
        PASSING,
    ),
    "a8_cast_right": (lambda x: x.astype(np.uint8), lambda x: np.floor(x).astype(np.uint8), WHOLE, PASSING),
    "a8_large_integers": (
        lambda x: x.astype(np.int64) + 2**60,
        lambda x: x.astype(np.int64) + 2**60 + 1,
        WHOLE,
        DIFFERS,
    ),
    # A9
    "a9_argmax": (lambda x: np.argmax(x, -1), _last_argmax, TIES, DIFFERS),
    "a9_argmax_float": (
        lambda x: np.argmax(x, -1).astype(f32),
        lambda x: _last_argmax(x).astype(f32),
        TIES,
        DIFFERS,
    ),
    "a9_top_k": (lambda x: _top(x, False), lambda x: _top(x, True), TIES, DIFFERS),
    "a9_maximum_gradient": (
        lambda x: np.eye(9, dtype=f32)[np.argmax(x, -1)] * x,
        lambda x: np.eye(9, dtype=f32)[_last_argmax(x)] * x,
        TIES,
        DIFFERS,
    ),
    "a9_right": (lambda x: np.argmax(x, -1), lambda x: np.argmax(2 * x, -1), TIES, PASSING),
    # A10
    "a10_mean": (
        lambda x: one_by_one(x.ravel()) / f32(x.size),
        lambda x: one_by_one(one_by_one(x) / f32(len(x))) / f32(12),
        NOISE,
        PASSING,
    ),
    "a10_one_ulp": (
        lambda x: x[0] * 0 + f32(3),
        lambda x: x[0] * 0 + np.nextafter(f32(3), f32(4)),
        NOISE,
        PASSING,
    ),
    "a10_a_thousandth": (lambda x: x[0] * 0 + f32(3), lambda x: x[0] * 0 + f32(3.003), NOISE, DIFFERS),
    # A11
    "a11_mean": (
        lambda x: x.astype(f32).mean(),
        lambda x: one_by_one((x.astype(f32) / f32(x.size)).ravel()),
        IMAGE,
        PASSING,
    ),
    "a11_convolution": (
        lambda x: _convolved(x, one_by_one),
        lambda x: _convolved(x, lambda p: one_by_one(p[::-1])),
        IMAGE,
        PASSING,
    ),
    "a11_wrong_convolution": (
        lambda x: _convolved(x, one_by_one),
        lambda x: _convolved(x[:, ::-1], one_by_one)[:, ::-1],
        IMAGE,
        DIFFERS,
    ),
    "a11_off": (
        lambda x: _convolved(x, one_by_one),
        lambda x: _convolved(x, one_by_one) * f32(1.0001),
        IMAGE,
        DIFFERS,
    ),
    # A12
    "a12_products": (lambda x: x * x * f32(0.9), lambda x: _flushed(x * x * f32(0.9)), TINY, PASSING),
    "a12_inputs": (lambda x: x * f32(1e30), lambda x: _flushed(x) * f32(1e30), SMALL, PASSING),
    "a12_inputs_right": (lambda x: x * f32(1e30), lambda x: f32(1e30) * x, SMALL, PASSING),
    "a12_wrong": (lambda x: x * f32(1e30), lambda x: x * f32(1e31), SMALL, DIFFERS),
    # A13
    "a13_adam": (
        lambda x: _adam(x, np.arange(16)),
        lambda x: _adam(x, np.arange(16)[::-1]),
        NOISE,
        PASSING | {"suspicious"},
    ),
    # A14
    "a14_nan": (lambda x: x * f32(3) + 1, lambda x: 1 + x + 2 * x, FIRST_NAN, PASSING),
    "a14_nan_elsewhere": (lambda x: x * f32(3), lambda x: (x * f32(3))[::-1], FIRST_NAN, DIFFERS),
    "a14_nan_hides_nothing": (lambda x: x * f32(3), lambda x: x * f32(3.01), FIRST_NAN, DIFFERS),
    "a14_all_nan": (lambda x: x * f32(np.nan), lambda x: x + f32(np.nan), NOISE, PASSING),
    "a14_becomes_nan": (
        lambda x: np.sqrt(f32(1) - np.minimum(np.abs(x), 1) / np.abs(x)),
        lambda x: np.sqrt(f32(1) - np.minimum(np.abs(x), 1) / np.abs(x)) + f32(0.01),
        NOISE,
        DIFFERS,
    ),
    "a14_empty": (lambda x: x[:0], lambda x: x[16:], NOISE, PASSING),
    "a14_empty_or_not": (lambda x: x[:0], lambda x: x[:1], NOISE, DIFFERS),
    "a14_scalar": (lambda x: x.sum(), lambda x: x.sum(0).sum(), NOISE, PASSING),
    "a14_shape_moves": (
        lambda x: x[x > f32(1.5)],
        lambda x: x[x >= f32(1.6)] + 0,
        TENTHS,
        PASSING | REJECTED,
    ),
    "a14_shape_moves_off": (lambda x: x[10 * x > 15], lambda x: x[10 * x > 15] + f32(0.1), TENTHS, DIFFERS),
    "a14_chaos": (lambda x: _logistic(x, False), lambda x: _logistic(x, True), NOISE, {"suspicious"}),
    "a14_chaos_zeros": (lambda x: _logistic(x, False), lambda x: 0 * x, NOISE, REJECTED),
    "outputs_missing": (lambda x: {"a": x, "b": x}, lambda x: {"a": x}, NOISE, DIFFERS),
    "outputs_extra": (lambda x: {"a": x}, lambda x: {"a": x, "b": x}, NOISE, DIFFERS),
    "smooth_fault": (
        lambda x: np.tanh(x @ WEIGHTS),
        lambda x: np.tanh(x @ (WEIGHTS * f32(1.0001))),
        NOISE,
        DIFFERS,
    ),
}


def _fft(x):
    return np.fft.fft(x).astype(np.complex64)


def _by_matrix(x):
    """The definition, a product after the other in complex64: ten times less exact than a fast transform."""
    n = x.shape[-1]
    turns = np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n).astype(np.complex64)
    return one_by_one(x.T[:, :, None] * turns[:, None, :])


for _name, (_legacy, _port, _input, _right) in PAIRS.items():
    _operation = operation(_name, against="numpy")
    _operation.on("numpy")(lambda module, x, f=_legacy: f(x))
    _operation.on("scipy")(lambda module, x, f=_port: f(x))
    _operation.sample("s", x=_input)
    globals()[_name] = _operation
del _operation
