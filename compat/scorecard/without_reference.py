"""The measured judge judged: what no reference stands beside, and no smooth function shows.

Every kind has faults, of which none may be green, and harmless variations, of which all have to be.
A pair is (the legacy side, the port, its input); both take a float32 array unless the input says otherwise.
"""

from typing import Any, Callable, Dict, List, Mapping, NamedTuple

import numpy as np

from ..arrays import Array, digest, plain
from ..case.fixtures import Fixture
from ..judge.verdicts import judge_against
from ..record.repeats import measure
from ..records import PASSING, Output, Record, Verdict

f32 = np.float32


class Kind(NamedTuple):
    """Counts of one kind; ``missed`` faults and false ``alarms`` by their words."""

    name: str
    faults: int
    harmless: int
    missed: list
    alarms: list


def without_reference() -> List[Kind]:
    """A Kind for each of ``KINDS``."""
    return [_score(name, faults, harmless) for name, (faults, harmless) in KINDS.items()]


def _score(name, faults, harmless):
    words = [_words(pairs) for pairs in (faults, harmless)]
    missed = [f"{name}, fault {n}: {word}" for n, word in enumerate(words[0]) if word in PASSING]
    alarms = [f"{name}, variation {n}: {word}" for n, word in enumerate(words[1]) if word not in PASSING]
    return Kind(name, len(faults), len(harmless), missed, alarms)


def _words(pairs):
    return [judged(*pair).word for pair in pairs]


def judged(legacy: Callable[..., Any], port: Callable[..., Any], x: Array) -> Verdict:
    """The Verdict on ``port`` against ``legacy``, both computed for the array ``x``."""
    arrays: Dict[str, Array] = {}

    def recorded_of(function: Callable[..., Any]) -> Record:
        return recorded(lambda given: {"y": function(given["x"])}, {"x": x}, arrays)

    base, record = recorded_of(legacy), recorded_of(port)
    return judge_against(record, arrays.__getitem__, base, arrays.__getitem__, "the port", "the legacy side")


def recorded(
    function: Callable[[Dict[str, Array]], Mapping[str, Any]],
    given: Mapping[str, Array],
    arrays: Dict[str, Array],
) -> Record:
    """What ``compat run`` would record of a function of arrays by name; ``arrays`` gets what the record names."""

    def compute(inputs: Dict[str, Fixture]) -> Dict[str, Any]:
        with np.errstate(all="ignore"):
            found = function({name: fixture.array for name, fixture in inputs.items()})
        return {name: plain(value) for name, value in found.items()}

    def add(array: Array) -> str:
        name = digest(array)
        arrays[name] = np.asarray(array)
        return name

    inputs = {name: _fixture(name, array) for name, array in given.items()}
    results = compute(inputs)
    found = measure(compute, inputs, results)
    return Record(
        "ok",
        "case",
        next(iter(inputs.values())).dtype,
        outputs={n: Output(add(array), dtype, list(array.shape)) for n, (array, dtype) in results.items()},
        random=found.random,
        measured={n: {what: add(array) for what, array in of.items()} for n, of in found.arrays.items()},
    )


def _fixture(name: str, array: Array) -> Fixture:
    return Fixture(name, lambda: array)


def _state(seed):
    return np.random.RandomState(seed)


def _one_by_one(products):
    total = np.zeros_like(products[0])
    for product in products:
        total = total + product
    return total


_NOISE = _state(1).uniform(-1, 1, (16, 12)).astype(f32)
_WEIGHTS = _state(2).uniform(-1, 1, (12, 5)).astype(f32)
_WHOLE = _state(3).randint(0, 200, (9, 8)).astype(f32)
_TENTHS = (np.arange(50) / 10).astype(f32)
_TIES = (_state(4).randint(0, 3, (20, 9)) / 7).astype(f32)
_BYTES = _state(5).randint(0, 256, (12, 10, 27)).astype(np.uint8)
_KERNEL = _state(6).normal(size=27).astype(f32)
_COMPLEX = (_state(7).normal(size=(3, 12)) + 1j * _state(8).normal(size=(3, 12))).astype(np.complex64)
_TINY = (_state(9).uniform(1, 9, 30) * 1e-20).astype(f32)
_DENORMAL = (_state(10).uniform(1, 9, 30) * 1e-40).astype(f32)
_NAN = np.concatenate([[np.nan, np.inf, -np.inf], _state(11).normal(size=30)]).astype(f32)


def _drawn(x):
    return np.random.normal(size=x.shape).astype(f32)


def _fft(x):
    return np.fft.fft(x).astype(np.complex64)


def _definition(x):
    n = x.shape[-1]
    turns = np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n).astype(np.complex64)
    return _one_by_one(x.T[:, :, None] * turns[:, None, :])


def _last(x):
    return x.shape[-1] - 1 - np.argmax(x[:, ::-1], axis=-1)


def _convolved(x, order=slice(None)):
    return _one_by_one((x.astype(f32) / f32(255) * _KERNEL).transpose(2, 0, 1)[order])


def _flushed(x):
    return np.where(np.abs(x) < np.finfo(f32).tiny, f32(0), x)


def _logistic(x, turned=False):
    y = f32(0.5) + x / f32(4)
    for _ in range(200):
        y = f32(3.99) * (y - y * y) if turned else f32(3.99) * y * (1 - y)
    return y


#: name -> (faults, harmless variations).
KINDS = {
    "random": (
        [
            (lambda x: x @ _drawn(_WEIGHTS), lambda x: x @ _WEIGHTS, _NOISE),
            (lambda x: x @ _WEIGHTS, lambda x: x @ _drawn(_WEIGHTS), _NOISE),
            (lambda x: x, lambda x: x * (_drawn(x) > 0) * 2, _NOISE),
            (lambda x: x, lambda x: x + f32(1e-7) * _drawn(x), _NOISE),
            (lambda x: x.argmax(1), lambda x: np.random.randint(0, 12, 16), _NOISE),
        ],
        [(lambda x: x + _state(1).normal(), lambda x: _state(1).normal() + x, _NOISE)],
    ),
    "jumps": (
        [
            (lambda x: x.astype(np.uint8), lambda x: (x + 1).astype(np.uint8), _WHOLE),
            (lambda x: x.astype(np.int32), lambda x: (x - 1).astype(np.int32), _WHOLE),
            (np.trunc, lambda x: np.trunc(x) + 3, _WHOLE),
            (lambda x: np.floor(10 * x), lambda x: np.floor(10 * x) + 1, _TENTHS),
            (lambda x: np.floor(10 * x), lambda x: np.floor(10 * x) - 1, _TENTHS),
            (lambda x: np.floor(10 * x) / 50, lambda x: (np.floor(10 * x) - 1) / 50, _TENTHS),
            (lambda x: np.rint(5 * x), lambda x: np.floor(5 * x + f32(0.5)), _TENTHS),
            (lambda x: (x > f32(1.5)).astype(f32), lambda x: (x >= f32(1.5)).astype(f32), _TENTHS),
            (lambda x: x > f32(1.5), lambda x: x > f32(1.6), _TENTHS),
            (
                lambda x: np.eye(99)[(10 * x).astype(int)],
                lambda x: np.eye(99)[(10 * x).astype(int) + 1],
                _TENTHS,
            ),
            (lambda x: np.floor(10 * x).mean(), lambda x: np.floor(10 * x).mean() + f32(0.1), _TENTHS),
            (lambda x: np.floor(10 * x) + x, lambda x: np.floor(10 * x) + x + 1, _TENTHS),
            (lambda x: np.floor(10 * x), lambda x: np.floor(10 * x) - 1, _TENTHS.astype(np.float16)),
        ],
        [
            (lambda x: x.astype(np.uint8), lambda x: np.floor(x).astype(np.uint8), _WHOLE),
            (lambda x: np.sign(x), lambda x: (x > 0) * f32(1), _WHOLE),
            (lambda x: np.rint(x * 100) / f32(7), lambda x: np.rint(100 * x) * f32(1 / 7), _NOISE),
        ],
    ),
    "ties": (
        [
            (lambda x: x.argmax(-1), _last, _TIES),
            (lambda x: x.argmax(-1).astype(f32), lambda x: _last(x).astype(f32), _TIES),
            (lambda x: np.eye(9)[x.argmax(-1)] * x, lambda x: np.eye(9)[_last(x)] * x, _TIES),
            (
                lambda x: np.argsort(x, -1, kind="mergesort"),
                lambda x: np.argsort(-x, -1, kind="mergesort")[:, ::-1],
                _TIES,
            ),
        ],
        [(lambda x: x.argmax(-1), lambda x: (2 * x).argmax(-1), _TIES)],
    ),
    "complex numbers": (
        [
            (_fft, lambda x: _fft(x).conj(), _NOISE),
            (_fft, lambda x: _fft(x).real.astype(np.complex64), _NOISE),
            (_fft, lambda x: _fft(x).real + 1000j * _fft(x).imag, _NOISE),
            (_fft, lambda x: _fft(x.conj()), _COMPLEX),
            (_fft, lambda x: _fft(x) * f32(1.001), _COMPLEX),
            (_fft, lambda x: _fft(x) * np.complex64(np.exp(1e-3j)), _COMPLEX),
        ],
        [
            (_fft, _definition, _COMPLEX),
            (lambda x: _fft(x.astype(np.complex64)), _definition, _NOISE),
            (np.abs, lambda x: np.sqrt(x.real**2 + x.imag**2), _COMPLEX),
        ],
    ),
    "no spread": (
        [(lambda x: f32(3) + 0 * x, lambda x: f32(3.0003) + 0 * x, _NOISE)],
        [
            (lambda x: f32(3) + 0 * x, lambda x: np.nextafter(f32(3), f32(4)) + 0 * x, _NOISE),
            (lambda x: np.exp(x) - 1, lambda x: np.exp(x.astype(np.float64)).astype(f32) - 1, _NOISE / 100),
            (lambda x: np.exp(x) - 1, np.expm1, _NOISE / 100),
            *[
                (
                    lambda x: _one_by_one(x.ravel()) / f32(210),
                    lambda x: _one_by_one(_one_by_one(x) / f32(5)) / f32(42),
                    _state(100 + seed).normal(size=(5, 42)).astype(f32),
                )
                for seed in range(30)
            ],
        ],
    ),
    "whole numbers in": (
        [
            (_convolved, lambda x: _convolved(x[..., ::-1]), _BYTES),
            (_convolved, lambda x: _convolved(x) * f32(1.0001), _BYTES),
            (lambda x: x.astype(f32).mean(), lambda x: x.astype(f32).mean() * f32(255 / 256), _BYTES),
        ],
        [
            (_convolved, lambda x: _convolved(x, slice(None, None, -1)), _BYTES),
            (lambda x: x.astype(f32).mean(), lambda x: _one_by_one((x / f32(x.size)).ravel()), _BYTES),
        ],
    ),
    "denormals": (
        [
            (lambda x: x * f32(1e30), lambda x: x * f32(1e31), _DENORMAL),
            (lambda x: x * f32(1e-10), lambda x: x * f32(2e-10), _TINY),
        ],
        [
            (lambda x: x * x, lambda x: _flushed(x * x), _TINY),
            (lambda x: x * f32(1e30), lambda x: _flushed(x) * f32(1e30), _DENORMAL),
        ],
    ),
    "what is no number": (
        [
            (lambda x: 3 * x, lambda x: f32(3.001) * x, _NAN),
            (lambda x: 3 * x, lambda x: (3 * x)[::-1], _NAN),
            (lambda x: x[:0], lambda x: x[:1], _NAN),
        ],
        [
            (lambda x: 3 * x + 1, lambda x: 1 + x + 2 * x, _NAN),
            (lambda x: x * f32(np.nan), lambda x: x + f32(np.nan), _NOISE),
            (lambda x: x[:0], lambda x: 2 * x[:0], _NAN),
        ],
    ),
    "chaos": (
        [
            (_logistic, lambda x: _logistic(x, turned=True), _NOISE),
            (_logistic, lambda x: 0 * x, _NOISE),
        ],
        [(_logistic, _logistic, _NOISE)],
    ),
}
