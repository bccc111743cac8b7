"""The numbers of an output beside its answer, measured part by part: a large tensor's allowances are many times it.

What is said of all elements together, their mean square and how far one stands out, is added up over the parts; where
there is one part it is the whole.
"""

from typing import Any, Callable, Iterator, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import LARGEST, SMALLEST_NORMAL, UNIT_ROUNDOFF, Array, round_to
from ..records import Numbers
from ..reference.bounds import Reference, as_one
from ..reference.tracked import PRECISIONS

#: Elements of a part, about: its arrays stay in a processor's cache.
PART = 1 << 16
#: n u beyond which a sum in a low precision may stagnate.
STAGNATION = 0.25
#: The rule on outliers wants a noise to stand out of: so many elements, nearly all of them off.
_FEWEST, _NEARLY_ALL = 32, 0.9
#: Sums that many times larger or smaller than the median are not its like.
_ALIKE = 8
#: JSON has no infinity; the largest float64 stands for it.
TOP = float(np.finfo(np.float64).max)


class Part(NamedTuple):
    """``start``: the place of its first element in the whole.  ``unequal``: see ``Reference.unequal``."""

    start: Tuple[int, ...]
    result: Array
    reference: Reference
    unequal: Optional[Array] = None


Parts = Callable[[], Iterator[Part]]


def slices(shape: Tuple[int, ...], axis: int) -> Iterator[Tuple[slice, ...]]:
    """The parts of an array, along one axis, of about ``PART`` elements each."""
    step = max(PART * shape[axis] // max(int(np.prod(shape)), 1), 1)
    for first in range(0, shape[axis], step):
        yield (slice(None),) * axis + (slice(first, first + step),)


def start_of(where: Tuple[slice, ...], rank: int) -> Tuple[int, ...]:
    return tuple(one.start or 0 for one in where) + (0,) * (rank - len(where))


def parts_of(result: Array, reference: Reference, unequal: Optional[Array]) -> Parts:
    """The output in parts where the answer can be cut, which holds for sums that follow from exact inputs."""
    if result.size < 2 * PART or type(reference) is not Reference or reference.carried is not None:
        return lambda: iter([Part((0,) * result.ndim, result, reference, unequal)])
    axis = int(np.argmax(result.shape))

    def parts() -> Iterator[Part]:
        for where in slices(result.shape, axis):
            one = Reference(
                reference.given[where], reference.magnitude[where], reference.terms[where], reference.dtype
            )
            one.count = result.size
            yield Part(start_of(where, result.ndim), result[where], one)

    return parts


class _Read(NamedTuple):
    """A part in float64.  ``value``: as the dtype holds it."""

    result: Array
    value: Array
    finite: Array
    error: Array


def _read(part: Part, dtype: str) -> _Read:
    result, value = part.result.astype(np.float64), _as_held(part.reference.value, dtype)
    finite = np.isfinite(value)
    if finite.all():
        error = np.asarray(np.subtract(result, value))
        np.abs(error, out=error)
    else:
        error = np.where(finite, np.abs(np.where(finite, result, 0) - np.where(finite, value, 0)), 0)
    if part.unequal is not None:  # whole numbers beyond what float64 tells apart
        error = np.where(part.unequal, np.maximum(error, 1), 0)
    return _Read(result, value, finite, error)


def _as_held(value, dtype):
    """A number too large for the dtype is infinite in a correct implementation."""
    if dtype not in LARGEST:
        return value
    with np.errstate(invalid="ignore"):  # NaN
        if not (np.abs(value) > LARGEST[dtype]).any():
            return value
    rounded = round_to(value, dtype).astype(np.float64)
    return np.where(np.isinf(rounded), rounded, value)


class Tally:
    """What the parts that were added say together.  ``sizes``: squares of values, of what is typical, of errors, added
    up where finite."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.precision = dtype if dtype in UNIT_ROUNDOFF else "float64"
        self.nan, self.inf = [0, 0], [0, 0]
        self.misplaced = False
        self.count = self.finite = self.unequal = self.beyond = self.no_answer = 0
        self.max_abs = self.max_rel = self.largest = self.ulps = self.share_expected = 0.0
        self.squares = 0.0
        self.sizes = np.zeros(3)
        self.share = -np.inf
        self.worst: Tuple[int, ...] = ()
        self.found = self.expected = 0.0
        self.longest, self.convicts, self.alike = 0.0, True, True
        self._last: Optional[Tuple[Part, _Read]] = None

    def add(self, part: Part) -> None:
        read = _read(part, self.dtype)
        self._last = part, read
        self.count += read.result.size
        some = not (read.finite.all() and np.isfinite(read.result).all())
        if some:
            self._note_places(read)
        reference = part.reference
        self.longest = max(self.longest, reference.longest)
        self.convicts &= reference.convicts
        self.alike &= reference.alike
        if not self.misplaced and read.finite.any():
            with np.errstate(all="ignore"):  # an error may be too large to square
                self._measure(part, read)

    def _note_places(self, read: _Read) -> None:
        for counts, is_one in ((self.nan, np.isnan), (self.inf, np.isinf)):
            for side, array in enumerate((read.result, read.value)):
                counts[side] += int(np.count_nonzero(is_one(array)))
        result, value = read.result, read.value
        self.misplaced |= (
            not np.array_equal(np.isnan(result), np.isnan(value))
            or not np.array_equal(result[np.isinf(result)], value[np.isinf(result)])
            or not np.array_equal(np.isinf(result), np.isinf(value))
        )

    def _measure(self, part: Part, read: _Read) -> None:
        error, reference, finite = read.error, part.reference, read.finite
        everywhere = bool(finite.all())
        of: Any = ... if everywhere else finite
        typical = np.broadcast_to(reference.typical(self.precision), error.shape)
        self.squares += np.sum(_share(error, typical)[of] ** 2)
        self.sizes += [_squared(array[of]) for array in (read.value, typical, error)]
        share = _share(error, reference.worst(self.precision))
        self._note_worst(part, read, share, everywhere)
        self.beyond += int(np.count_nonzero(share > 1))
        self.no_answer += 0 if part.unequal is None else int(np.count_nonzero(part.unequal))
        expected = _share(error, reference.expected(self.precision)).max()
        size = np.abs(read.value)
        self.max_abs = max(self.max_abs, error.max())
        self.share_expected = max(self.share_expected, expected)
        self.largest = max(self.largest, float(size[of].max()))
        self.max_rel = max(self.max_rel, _share(error, size)[of].max())
        self.ulps = max(self.ulps, _ulps(error[of], size[of], self.precision))
        self.unequal += int(np.count_nonzero(error))
        self.finite += int(np.count_nonzero(finite))

    def _note_worst(self, part: Part, read: _Read, share: Array, everywhere: bool) -> None:
        """The first of the largest shares, in the order of the whole."""
        place = np.unravel_index(
            np.argmax(share if everywhere else np.where(read.finite, share, -1.0)), share.shape
        )
        most = share.max()
        index = tuple(int(i) + first for i, first in zip(place, part.start))
        if most > self.share or (most == self.share and index < self.worst):
            self.share, self.worst = most, index
            self.found, self.expected = read.result[place], read.value[place]

    @property
    def vague(self) -> Callable[[float], bool]:
        """Of what share of the mean size tells something: whether more is allowed, and the result off by more."""
        count = max(self.finite, 1)
        size, allowed, off = np.sqrt(self.sizes / count)

        def is_vague(most: float) -> bool:
            return not allowed <= most * size and not off <= most * size

        return is_vague

    def numbers(self, parts: Parts) -> Numbers:
        """With the word that they make, as far as parts say it."""
        if self.misplaced:
            message = "{0[0]} NaN and {1[0]} infinite values; expected {0[1]} and {1[1]} at their places"
            numbers = Numbers("differs", message.format(self.nan, self.inf))
        elif not self.finite:
            numbers = Numbers("agrees", max_abs=0.0, share=0.0, share_expected=0.0)
        else:
            numbers = self._concluded(parts)
        numbers.nan, numbers.inf = self.nan, self.inf
        return numbers

    def _concluded(self, parts: Parts) -> Numbers:
        rms = float(np.sqrt(self.squares / self.finite))
        # Few elements say little about their mean square: widen the band as 1 / sqrt(count) does.
        rms_limit = 1 + 4 / np.sqrt(self.finite)
        with np.errstate(all="ignore"):
            numbers = Numbers(
                "agrees",
                max_abs=as_json(self.max_abs),
                max_rel=as_json(self.max_rel),
                scaled=as_json(self.max_abs / self.largest) if self.largest else 0.0,
                ulps=as_json(self.ulps),
                share=as_json(self.share),
                share_expected=as_json(self.share_expected),
                share_rms=as_json(rms / float(rms_limit)),
                share_outlier=as_json(self._outlier(parts)),
                worst_index=list(self.worst),
                found=as_json(self.found),
                expected=as_json(self.expected),
                unequal=self.unequal,
                beyond=self.beyond,
                count=self.count,
            )
        nu = self.longest * UNIT_ROUNDOFF[self.precision]
        word, limit = conclude(numbers, nu, self.convicts)
        if self._last is not None and self._last[0].result.size == self.count:
            part, read = self._last
            word, limit = part.reference.reconsider(read.result, read.error, self.precision, word, limit)
        numbers.word = word
        if word != "agrees":
            numbers.beyond = self.beyond or self.no_answer  # of several answers it may be none
            where = ", ".join(map(str, numbers.worst_index or ()))
            numbers.message = (
                f"at [{where}] {numbers.found:.9g}, expected {numbers.expected:.9g}: {limit}; "
                f"{numbers.beyond:,} of {numbers.count:,} elements are beyond the allowance, the largest error is "
                f"{numbers.max_abs:.3g}"
            )
        return numbers

    def _again(self, parts: Parts) -> Iterator[Tuple[Part, _Read]]:
        if self._last is not None and self._last[0].result.size == self.count:
            yield self._last
            return
        self._last = None
        for part in parts():
            yield part, _read(part, self.dtype)

    def _outlier(self, parts: Parts) -> float:
        """How far the worst element stands out of the others, over the limit; 0 where nothing can be said.

        One kernel rounds all elements alike.  Scaled by what moves the rounding of a sum, its largest
        partial sums, u (sum |x_i w_i| + sqrt(n) |y|), the errors of a correct kernel are of one size: within
        sqrt(n), the most that the order of a sum can matter, and 24, which no tail of a noise reaches.  Where the
        others happen to need no rounding, as atan(x) = x for small x, one that does is still what a call may be off by.
        """
        if not self.alike:  # what a layer before it did to one input shows in a few outputs
            return 0.0
        scales = [scale[summed] for scale, summed in map(self._scale_of, self._again(parts))]
        scales = scales if len(scales) == 1 else [np.concatenate(scales)]
        middle = np.median(scales.pop(), overwrite_input=True) if scales[0].size else 0.0
        size = off = 0
        farthest = others = terms = 0.0
        precision = PRECISIONS[self.precision]
        for part, read in self._again(parts):
            scale, summed = self._scale_of((part, read))
            summed &= (scale >= middle / _ALIKE) & (scale <= middle * _ALIKE)
            of: Any = ... if summed.all() else summed
            error = read.error[of]
            scaled = (error / scale[of]).ravel()
            size, off = size + scaled.size, off + np.count_nonzero(error)
            terms = max(terms, np.max(as_one(part.reference.terms)))
            if scaled.size:
                a_call = precision.call * precision.u * np.abs(read.value[of])
                stands_out = np.where((error > a_call).ravel(), scaled, 0.0)
                place = int(np.argmax(stands_out))
                less = farthest if stands_out[place] > farthest else scaled[place]
                others += sum(np.sum(one**2) for one in (scaled[:place], scaled[place + 1 :])) + less**2
                farthest = max(farthest, stands_out[place])
        if not farthest or size < _FEWEST or off < _NEARLY_ALL * size:
            return 0.0
        limit = np.sqrt(others / (size - 1)) * max(24.0, float(np.sqrt(terms)))
        return float(farthest / limit)

    def _scale_of(self, one: Tuple[Part, _Read]) -> Tuple[Array, Array]:
        """(what moves the rounding, where it is known and more than what underflow does)."""
        part, read = one
        u, terms = UNIT_ROUNDOFF[self.precision], as_one(part.reference.terms)
        scale = u * (part.reference.magnitude + np.sqrt(terms) * np.abs(part.reference.value))
        # Where underflow may weigh more than rounding, or few products dominate the sum, elements are not alike; where
        # no bound is known, none stands out.
        summed = read.finite & (scale > terms * SMALLEST_NORMAL[self.precision]) & (scale < np.inf)
        return scale, summed


def _squared(array: Array) -> float:
    return float(np.sum(np.square(np.abs(array))))


def _share(error, allowance):
    """error / allowance, elementwise; 0 where there is no error, infinite where none is allowed or known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = error / allowance
    unknown = np.isnan(share)
    return np.where(unknown, np.where(error == 0, 0.0, np.inf), share) if unknown.any() else share


def conclude(numbers: Any, nu: float, convicts: bool = True) -> Tuple[str, str]:
    """The word and what it follows from; ``nu``: the most roundings of one sum times the unit roundoff.

    Rounding errors are independent with mean zero only while nu is well below 1: a long sum in a
    half precision stagnates, and its errors have a direction.  There the mean square convicts nobody.
    In a chain of layers the longest sum counts, not all together: rounding begins anew in each.
    """
    independent = nu <= STAGNATION and convicts
    if numbers.share > 1:
        return "differs", f"{_times(numbers.share)} the rounding allowance"
    if numbers.share_rms > 1:
        what = f"root mean square {_times(numbers.share_rms)} what rounding does"
        return "differs" if independent else "suspicious", what
    if independent and numbers.share_outlier > 1:
        what = f"{_times(numbers.share_outlier)} as far out as rounding throws one element among its like"
        return "differs", what
    if numbers.share_expected > 1:
        return "suspicious", f"{_times(numbers.share_expected)} what rounding is likely to do"
    return "agrees", ""


def as_json(number: Any) -> Optional[float]:
    """The number as JSON can hold it; None for what is no number."""
    return float(max(-TOP, min(number, TOP))) if number == number else None


def _times(share):
    return "beyond any multiple of" if share >= TOP else f"{share:.3g} times"


def _ulps(error, size, precision):
    """The largest error in units in the last place of the expected value."""
    _, exponent = np.frexp(np.maximum(size, SMALLEST_NORMAL[precision]))
    with np.errstate(over="ignore"):
        return float(np.ldexp(error / UNIT_ROUNDOFF[precision], -exponent).max())
