"""The allowance by measurement: for a computation without a reference, judged against another's result.

How far rounding may take a graph is not known without its bounds, but it was measured when it was recorded
(``compat.record.repeats``).  What the outputs did when every input was moved by one unit in the last place is
what the graph makes of a rounding of every input, and of its own roundings, which fall otherwise each time.
Two correct implementations differ by about as much; a difference many times the spread is no rounding.

A spread is evidence only where the function is smooth.

- What a longer step does not change more is a jump, and no rounding of the outputs: it widens no allowance.
- Whole numbers have no allowance at all.
- Where an element jumps, and each side, moved by so little, was seen where the other is, rounding may have
  taken it over the step: that is ``suspicious``, one by one, and never green.
- Where rounding alone moves an output by about its own size, the measurement says nothing, nor does a
  spread of 0 say that nothing may be allowed: a few roundings of the output's size always are.

A fault that hides within some times the spread is not seen, and neither is one that both have.
"""

from typing import TYPE_CHECKING, Callable, Dict, Optional, Tuple

import numpy as np

from ..arrays import SMALLEST_NORMAL, UNIT_ROUNDOFF, Array, parts
from .bounds import Move, Reference
from .carried import Carried

if TYPE_CHECKING:
    from ..records import Record

#: Times the spread: within ``FEW`` the root mean square and within ``SOME`` every element of a correct
#: implementation; beyond ``MANY`` no rounding takes an element.  A sum of 2,304 products one by one errs 4.5
#: times as much as the spread of one in blocks, and an element 25 times (``compat.scorecard``, which holds
#: these numbers against the bounds where both exist).
FEW, SOME, MANY = 8.0, 32.0, 128.0
#: In a half precision that would allow anything; there one rounding, at the end, is most of the spread.
_OF_HALVES = 0.25
#: The share of the whole tensor's spread that every element may have: six repeats say little of one element.
_SHARED, _SHARED_OF_HALVES = 0.3, 0.1
#: What the shared spread takes of one element, at most, in medians of those that move.
_OF_ONE = 32.0
#: Roundings of the element's size, and of the largest one's, that are a rounding's noise whatever the step.
_NOISE, _NOISE_OF_HALVES, _NOISE_OF_LARGEST = 4.0, 1.0, 0.25
#: A step of that many roundings of the largest element may be a rounding on the way, as in exp(x) - 1.
_TINY = 128.0
#: Roundings of the element's size that are always allowed; of the largest one's where most inputs' values
#: repeat, and move together.
_ALWAYS, _WHERE_VALUES_REPEAT = 4.0, 16.0
#: Of a jump, the share of the longer step's change that may be what is smooth beside it.
_SMOOTH = 1 / 512
#: More than this share of the elements on a step gone over it, and no fewer than that, is no accident.
_SYSTEMATIC, _FEWEST = 0.75, 4
#: A unit roundoff beyond this is a half precision's.
_HALF = 1e-4
#: What may be lost of a denormal number: all, but of a float16, which is computed in float32, four units.
FLUSHED = dict(SMALLEST_NORMAL, float16=2.0**-22)
#: A spread of this share of the element is one of its own size; where so many are, the whole says nothing.
_OWN_SIZE, _OF_OWN_SIZE = 0.25, 0.125


#: What is there of every output that was seen on moved inputs.
_OF_MOVED = ("spread", "lowest", "highest")


class Evidence:
    """What was measured of one side's output: ``arrays`` as ``record.repeats.Measurement`` has them."""

    def __init__(self, result: Array, arrays: Dict[str, Array]) -> None:
        self.result = parts(result)
        shape = self.result.shape
        # A store may hold anything: what is no number for each of the result's says nothing.
        seen = {name: a for name, a in arrays.items() if a.shape == shape and a.dtype.kind in "biuf"}
        nothing = np.zeros(shape)
        self.moved = all(name in seen for name in _OF_MOVED)
        self.spread, self.stretched = (
            seen.get(name, nothing).astype(np.float64) for name in ("spread", "stretched")
        )
        #: What it gives where denormal inputs are taken for zero; the same as ever where there are none.
        self.flushed = seen.get("flushed", self.result)
        self.lowest = seen["lowest"] if self.moved else self.result
        self.highest = seen["highest"] if self.moved else self.result
        inputs = arrays.get("inputs")
        known = inputs is not None and inputs.shape == (5,) and inputs.dtype.kind in "iu"
        counts = map(int, inputs) if inputs is not None and known else (1024, 0, 0, 0, 0)
        self.stride, self.free, self.repeat, self.stay, self.repeats = counts

    def smooth(self, dtype: str) -> Tuple[Array, float, Array]:
        """(the spread without the jumps, what is usual of it, where it jumps) for outputs of that dtype."""
        u, size = UNIT_ROUNDOFF[dtype], _size(self.result)
        largest = size.max() if size.size else 0.0
        full = u < _HALF
        noise = (_NOISE if full else _NOISE_OF_HALVES) * u * size + _NOISE_OF_LARGEST * u * largest
        tiny = _TINY * u * largest if full else 0.0
        height = self.highest.astype(np.float64) - self.lowest
        whole = (height >= 1) & _is_whole(self.lowest) & _is_whole(self.highest) & _is_whole(self.result)
        single = self.two_valued() & (height > 16 * u * size) & (whole | (height > tiny))
        long = self.stride > 100
        grown = self.spread <= self.stretched / (128.0 if long else 3.0) + np.where(
            whole, noise, noise + tiny
        )
        rest = self.stretched * _SMOOTH + np.where(single, 0, noise)
        kept = np.where(grown & ~single, self.spread, np.minimum(self.spread, rest))
        # A step farther away than one unit: only the longer stride meets it.
        met = self.stretched > 8 * self.stride * np.maximum(self.spread, 4 * u * largest)
        steps = ~grown | single | met
        usual = _typical(kept)
        if long:
            # One unit may be too little for all the repeats: sums are rounded back to what they were, though
            # another order is not.  What a step is to the longer stride stays MANY / stride of its height.
            kept = np.where(steps | whole, kept, np.maximum(kept, self.stretched / self.stride))
        return kept, usual, steps

    def reaches(self, other: Array, allowed: Array) -> Array:
        """Where another result lies within what was seen of this side, moved by so little."""
        with np.errstate(invalid="ignore"):
            return (self.lowest - allowed <= other) & (other <= self.highest + allowed)

    def two_valued(self) -> Array:
        """Where all that was seen are two values: a single step."""
        height = self.highest.astype(np.float64) - self.lowest
        at_one = (self.result == self.lowest) | (self.result == self.highest)
        with np.errstate(all="ignore"):
            times = self.repeats * (self.spread / height) ** 2
        return at_one & (np.abs(times - np.round(times)) < 1e-3)

    def of_size(self) -> float:
        """How many roundings of the largest output to allow for, where inputs do not move on their own."""
        if self.stay > self.free or not self.moved:
            return 4 + np.sqrt(self.stay + self.free)
        return _WHERE_VALUES_REPEAT if self.repeat else 0.0


class Measured(Reference):
    """Another implementation's result, allowed for by what was measured of both sides.

    ``base``, ``port``: Evidence of the answer and of what is judged, or None.
    """

    alike = False
    convicts = False

    def __init__(
        self, result: Array, dtype: str, base: Optional[Evidence] = None, port: Optional[Evidence] = None
    ) -> None:
        numbers = result.dtype.kind in "biufc"
        super().__init__(result if numbers else np.zeros(result.shape), dtype=dtype)
        self._result = result
        self._base, self._port = base, port
        self._kept: Dict[str, Tuple[Array, Array, Array]] = {}
        if not numbers:
            self.value = result

    def parts(self) -> "Measured":
        real = parts(self._result)
        return Measured(real, real.dtype.name, self._base, self._port)

    def rearranged(self, move: Move) -> Reference:
        """What was measured goes with the elements."""
        measured = Carried(self.worst, self.typical, np.zeros(self.value.shape), 0.0)
        return Reference(move(self.value), dtype=self.dtype, carried=measured.rearranged(move))

    def onward(self) -> Optional[Reference]:
        """As what a layer after it goes on from; None where it may be on a step, or the measurement says nothing."""
        assert self.dtype is not None
        if self._whole or self._allowed(self.dtype)[2].any():
            return None
        if self._says_nothing(np.zeros(self.value.shape), self.dtype):
            return None
        return self.rearranged(np.asarray)

    @property
    def _sides(self):
        return [side for side in (self._base, self._port) if side is not None]

    @property
    def _whole(self):
        return self._result.dtype.kind in "biu"

    def unequal(self, result: Array) -> Optional[Array]:
        return np.asarray(result != self._result) if self._whole else None

    def _allowed(self, dtype):
        """(spread of both sides, what is allowed beside it, where an element may be on a step)."""
        if dtype not in self._kept:
            self._kept[dtype] = self._both(dtype)
        return self._kept[dtype]

    def _both(self, dtype):
        shape = self.value.shape
        if self._whole:
            return np.zeros(shape), np.zeros(shape), np.ones(shape, bool)
        u, size = UNIT_ROUNDOFF[dtype], _size(self.value)
        squares, steps = np.zeros(shape), np.zeros(shape, bool)
        roundings = 0.0 if self._sides else 4.0
        share = _SHARED if u < _HALF else _SHARED_OF_HALVES
        for side in self._sides:
            spread, usual, jumps = side.smooth(dtype)
            squares, steps = squares + spread**2 + (share * usual) ** 2, steps | jumps
            roundings = max(roundings, side.of_size())
        largest = size.max() if size.size else 0.0
        spread = _scale(u) * np.sqrt(squares)
        always = _ALWAYS * u * size + roundings * u * largest
        return spread, always + FLUSHED[dtype] + self._flushed(always + MANY * spread), steps

    def _flushed(self, allowed):
        """What it changes to take denormal inputs for zero, where one side did and the other did not."""
        found = np.zeros(self.value.shape)
        for side, other in ((self._base, self._port), (self._port, self._base)):
            if side is not None and other is not None:
                change = np.abs(side.flushed.astype(np.float64) - side.result)
                near = np.abs(side.flushed.astype(np.float64) - other.result) <= allowed
                found = np.where(near & np.isfinite(change), np.maximum(found, change), found)
        return found

    def _times(self, factor, dtype):
        if self._result.dtype.kind == "c":
            return self.parts()._times(factor, dtype).max(axis=-1)
        spread, beside, _ = self._allowed(dtype)
        return factor * spread + beside

    def worst(self, dtype: str) -> Array:
        return self._times(MANY, dtype)

    def expected(self, dtype: str, probability: Optional[float] = None) -> Array:
        return self._times(SOME, dtype)

    def typical(self, dtype: str) -> Array:
        return self._times(FEW, dtype)

    def reconsider(self, result: Array, error: Array, precision: str, word: str, why: str) -> Tuple[str, str]:
        if word == "differs":
            over = self._over_steps(result, error > self.worst(precision), precision)
            if over:
                return over
        if error.any() and not self._whole and self._says_nothing(error, precision):
            return "suspicious", "rounding alone moves it by about its own size: the measurement says nothing"
        if word == "differs" and not self._whole and not any(side.moved for side in self._sides):
            why += ", of a few roundings, as it could not be measured on moved inputs"
        return word, why

    def _over_steps(self, result, wrong, precision):
        """The verdict where all that is wrong may have been rounded over a step; else None."""
        if not self._sides or not wrong.any():
            return None
        _, beside, steps = self._allowed(precision)
        possible = steps.copy()
        for side, other in ((self._base, result), (self._port, self.value)):
            if side is not None:
                possible &= side.moved & side.reaches(other, beside)
        if not possible[wrong].all():
            return None
        on_step = wrong.copy()
        for side in self._sides:
            on_step |= steps & (side.spread > 0)
        gone, there = int(wrong.sum()), int(on_step.sum())
        if gone >= _FEWEST and gone > _SYSTEMATIC * there:
            return "differs", f"{gone} of {there} elements on a step are on the other side of it: no accident"
        return (
            "suspicious",
            f"on a step: rounding takes {there} elements over it, and the measurement cannot tell",
        )

    def _says_nothing(self, error, precision):
        """Whether zeros would be right as well, for most elements, or any number of that size."""
        if not self._sides or np.all(_is_whole(self._result)):
            return False
        spread, beside, _ = self._allowed(precision)
        raw: Array = np.max([np.where(side.two_valued(), 0, side.spread) for side in self._sides], axis=0)
        if (error > MANY * raw.max() + self.worst(precision)).any():
            return False
        size, u = _size(self.value), UNIT_ROUNDOFF[precision]
        largest = size.max()
        # Beside the large ones a few elements are rounding and nothing else: flat places of an edge filter.
        counted = ((size > beside) | (raw > beside)) & (
            (size > 1024 * u * largest) | (raw > 16 * u * largest)
        )
        own = counted & (raw > 0) & (raw >= _OWN_SIZE * size)
        blind = own | (counted & (SOME * spread >= size))
        return _share(own, counted) > _OF_OWN_SIZE or _share(blind, counted) > 0.5


def _size(value):
    """|y|, and 0 where that is no number."""
    value = np.abs(np.asarray(value, np.float64))
    return np.where(np.isfinite(value), value, 0.0)


def _scale(u):
    return 1.0 if u < _HALF else _OF_HALVES


def _share(some, of):
    return int(np.count_nonzero(some)) / max(1, int(np.count_nonzero(of)))


def _is_whole(array):
    return ~np.isfinite(array) | (np.trunc(array) == array)


def _typical(spread):
    """The root mean square of those that move, to which none adds more than some medians of them."""
    moving = spread[spread > 0]
    if not moving.size:
        return 0.0
    return float(np.sqrt(np.mean(np.minimum(moving, _OF_ONE * np.median(moving)) ** 2)))


def answers_against(
    record: "Record", read: Callable[[str], Array], base: "Record", read_base: Callable[[str], Array]
) -> Dict[str, Measured]:
    """{output name: Measured}: another record of the same case as the answer, by what was measured of both.

    ``read``, ``read_base``: digest -> array, of either's store.
    """

    def evidence(one, read_one, name):
        arrays = one.measured.get(name)
        if not arrays or name not in one.outputs:
            return None
        result = read_one(one.outputs[name].digest)
        return Evidence(result, {key: read_one(digest) for key, digest in arrays.items()})

    answers = {}
    for name, output in base.outputs.items():
        result = read_base(output.digest)
        sides = [evidence(base, read_base, name), evidence(record, read, name)]
        shape = parts(result).shape
        sides = [side if side is not None and side.result.shape == shape else None for side in sides]
        answers[name] = Measured(result, output.dtype, *sides)
    return answers
