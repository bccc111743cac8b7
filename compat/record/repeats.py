"""What repeating a computation says of it: whether it is random, and what it makes of a rounding.

First it is repeated on the same inputs: other bits mean that it is random, and nothing else can be said.

Then its inputs are moved by one unit in the last place, up or down, as a rounding would, and again by
``STRIDE`` units.  What a smooth function does to its outputs grows with the step.  What jumps, a cast, a
floor, a comparison, does not: there a spread is no evidence of rounding, and the judge has to tell.
(Compare stochastic arithmetic: Vignes, A stochastic arithmetic for reliable scientific computation, 1993.)

A number moves as its value says, and nothing else: what is equal stays equal, so ties stay ties.  Whole
numbers move away from zero only, by nothing or by two: an image of whole numbers is not a row of steps to a
cast.  Zeros stay: they may be padding or masks, and their neighbours are denormal.
"""

from typing import TYPE_CHECKING, Callable, Dict, Iterable, Optional, Set

import numpy as np

from ..arrays import PART, SMALLEST_NORMAL, UNIT_ROUNDOFF, Array, parts
from ..case.fixtures import Fixture

if TYPE_CHECKING:
    from .dialects.base import Results

#: How often it is computed: on the same inputs; moved by one unit; moved by ``STRIDE`` units, there and back.
SAME, MOVED, THERE_AND_BACK = 3, 6, 3
#: Units in the last place of the longer step: 1e-4 of a number in float32, and in a half precision 1 to 6 %.
STRIDE, STRIDE_OF_HALVES = 1024, 8
_HALVES = ("float16", "bfloat16")
#: Numbers moved at a time: what is needed beside the inputs stays small.
_BLOCK = 1 << 20


class Measurement:
    """``random``: the names of outputs with other bits each time, in the order of flow; if any, that is all.

    ``arrays``: {output name: {name: array}} of what the judge needs:

        spread      root mean square of what a step of one unit changes; complex numbers as two parts
        stretched   the same of a step of ``STRIDE`` units
        lowest, highest    what was seen in all of these, and unmoved
        inputs      [STRIDE, numbers that move, those of inputs whose values mostly repeat, those that stay;
                    repeats that ``spread`` is of]
        flushed     the result where denormal inputs are taken for zero, where there are any
    """

    def __init__(
        self, random: Iterable[str] = (), arrays: Optional[Dict[str, Dict[str, Array]]] = None
    ) -> None:
        self.random = list(random)
        self.arrays = arrays or {}


def measure(
    compute: Callable[[Dict[str, Fixture]], "Results"], inputs: Dict[str, Fixture], results: "Results"
) -> Measurement:
    """The Measurement of ``compute``: inputs by name -> {output name: (array, dtype name)}.

    ``inputs``: fixtures by name.  ``results``: what it gave for them.
    """
    random: Set[str] = set()
    for _ in range(SAME):
        again = compute(inputs)
        random.update(name for name in results if name not in again or _other(results[name], again[name]))
    if random:
        return Measurement([name for name in results if name in random])
    counts = _counts(inputs)
    seen = {name: _Seen(array) for name, (array, _) in results.items() if array.dtype.kind in "biufc"}
    if counts[1]:
        for seed in range(MOVED):
            _see(seen, "spread", compute, _all(inputs, lambda f, seed=seed: moved(f, seed)))
        for seed in range(THERE_AND_BACK):
            for back in (False, True):
                stepped = _all(
                    inputs,
                    lambda f, seed=seed, back=back: moved(f, MOVED + seed, counts[0], back),
                )
                _see(seen, "stretched", compute, stepped)
    if any(_denormal(fixture).any() for fixture in inputs.values()):
        _see(seen, "flushed", compute, _all(inputs, flushed))
    return Measurement(
        arrays={
            name: dict(one.arrays(), inputs=np.array([*counts, one.repeats], np.int64))
            for name, one in seen.items()
        }
    )


def _other(before, after):
    """Whether bits differ; NaN is NaN, whatever its payload."""
    (a, dtype), (b, other) = before, after
    if a.shape != b.shape or dtype != other or a.dtype != b.dtype:
        return True
    if a.dtype.kind not in "fc":
        return not np.array_equal(a, b)
    a, b = parts(a), parts(b)
    return not np.all(((a == b) & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b)))


def _all(inputs, change):
    return {name: change(fixture) for name, fixture in inputs.items()}


def _see(seen, kind, compute, inputs):
    """Where it fails, or an output has another shape, this repeat says nothing."""
    try:
        again = compute(inputs)
    except Exception:  # inputs moved off what it asks of them
        return
    for name, one in seen.items():
        if name in again:
            one.see(kind, np.asarray(again[name][0]))


def _movable(fixture):
    return fixture.dtype in UNIT_ROUNDOFF


def _counts(inputs):
    """As ``Measurement`` begins with them in ``inputs``."""
    stride, move, repeat, stay = STRIDE, 0, 0, 0
    for fixture in inputs.values():
        if not _movable(fixture):
            stay += fixture.array.size
            continue
        numbers = parts(fixture.array)
        numbers = numbers[np.isfinite(numbers) & (numbers != 0)]
        move += numbers.size
        if fixture.dtype in _HALVES and numbers.size:
            stride = STRIDE_OF_HALVES
        if numbers.size > 1 and 2 * np.unique(numbers).size <= numbers.size:
            repeat += numbers.size
    return [stride, move, repeat, stay]


# -- moved inputs


def moved(fixture: Fixture, seed: int, units: int = 1, back: bool = False) -> Fixture:
    """The fixture with every number ``units`` in the last place up or down; ``back``: the other way."""
    if not _movable(fixture):
        return fixture
    array, dtype = fixture.array, PART.get(fixture.dtype, fixture.dtype)
    numbers = parts(array).ravel()
    stepped = np.empty_like(numbers)
    for start in range(0, numbers.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        stepped[block] = _stepped(numbers[block], dtype, seed, units, back)
    stepped = stepped.view(array.dtype).reshape(array.shape)
    return Fixture(f"{fixture.name}.moved", lambda: stepped, fixture.dtype)


def _stepped(numbers, dtype, seed, units, back):
    """IEEE 754: the bits of a number but for its sign count from zero outwards, one a unit."""
    bits = numbers.view(f"u{numbers.itemsize}")
    unused = 16 if dtype == "bfloat16" else 0  # kept in a float32
    sign = np.array(1 << (8 * numbers.itemsize - 1), bits.dtype)
    size = ((bits & ~sign) >> bits.dtype.type(unused)).astype(np.int64)
    largest = (np.array(_largest(dtype), numbers.dtype).view(bits.dtype) >> bits.dtype.type(unused)).astype(
        np.int64
    )
    smallest = (
        np.array(SMALLEST_NORMAL[dtype], numbers.dtype).view(bits.dtype) >> bits.dtype.type(unused)
    ).astype(np.int64)
    out = _drawn(size, seed) != back
    whole = np.isfinite(numbers) & (np.trunc(numbers) == numbers)
    step = units * np.where(whole, 2 * out, 2 * out.astype(np.int64) - 1)
    moves = (size >= smallest) & (size <= largest)  # neither zero, denormal, infinite nor NaN
    size = np.where(moves, np.clip(size + step, smallest, largest), size)
    return ((size.astype(bits.dtype) << bits.dtype.type(unused)) | (bits & sign)).view(numbers.dtype)


def _largest(dtype):
    return 3.3895313892515355e38 if dtype == "bfloat16" else np.finfo(dtype).max


def _drawn(size, seed):
    """A random bit of every number, which follows from its value and the seed (the mixer of splitmix64)."""
    mixed = size.astype(np.uint64) + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed >> np.uint64(33)) & np.uint64(1)) == 1


def _denormal(fixture):
    """Where its numbers may be taken for zero; those of a float16 are computed in float32, and are not."""
    if not _movable(fixture) or fixture.dtype == "float16":
        return np.zeros(0, bool)
    numbers = parts(fixture.array)
    with np.errstate(invalid="ignore"):
        return (numbers != 0) & (np.abs(numbers) < SMALLEST_NORMAL[fixture.dtype])


def flushed(fixture: Fixture) -> Fixture:
    """The fixture with its denormal numbers taken for zero, as many kernels do."""
    small = _denormal(fixture)
    if not small.any():
        return fixture
    array = fixture.array
    kept = np.where(small, parts(array).dtype.type(0), parts(array)).view(array.dtype).reshape(array.shape)
    return Fixture(f"{fixture.name}.flushed", lambda: kept, fixture.dtype)


# -- what the outputs do


class _Seen:
    """What the repeats did to one output."""

    def __init__(self, result):
        self._shape = result.shape
        self._result = self._numbers(result)
        self._squares, self._flushed = {}, None
        self._lowest = self._highest = self._result

    @staticmethod
    def _numbers(array):
        return array.astype(np.uint8) if array.dtype.kind == "b" else parts(array)

    def see(self, kind, array):
        if array.shape != self._shape or array.dtype.kind not in "biufc":
            return
        again = self._numbers(array)
        if again.dtype != self._result.dtype:
            return
        if kind == "flushed":
            self._flushed = again
            return
        with np.errstate(all="ignore"):
            squares = _change(self._result, again) ** 2
        total, count = self._squares.get(kind, (0.0, 0))
        self._squares[kind] = total + squares, count + 1
        self._lowest = np.fmin(self._lowest, again)  # NaN only where all are
        self._highest = np.fmax(self._highest, again)

    @property
    def repeats(self):
        """How many were seen of one unit."""
        return self._squares.get("spread", (0.0, 0))[1]

    def arrays(self):
        kept = np.float64 if self._result.dtype.itemsize == 8 else np.float32
        with np.errstate(over="ignore"):
            found = {
                kind: np.asarray(np.minimum(np.sqrt(total / count), np.finfo(kept).max), kept)
                for kind, (total, count) in self._squares.items()
            }
        if found:
            found.update(lowest=np.asarray(self._lowest), highest=np.asarray(self._highest))
        if self._flushed is not None:
            found["flushed"] = self._flushed
        return found


def _change(before, after):
    """|after - before|, at least 1 where whole numbers differ, 0 where either is no number."""
    change = np.abs(after.astype(np.float64) - before.astype(np.float64))
    if before.dtype.kind in "iu":
        return np.where(before == after, 0.0, np.maximum(change, 1.0))
    return np.where(np.isfinite(change), np.minimum(change, 1e150), 0.0)
