"""One output against its answer: the numbers, and the word that they make.

``agrees``      inside every bound: the difference is rounding
``suspicious``  some order of summation could do it, but rounding does not behave like that
``differs``     no rounding explains it
"""

from typing import Any

import numpy as np

from ..arrays import LARGEST, PART, SMALLEST_NORMAL, UNIT_ROUNDOFF, Array, parts, round_to
from ..records import Numbers, WrongWeight
from ..reference.bounds import Reference, as_one
from .projection import project


def compare(result: Array, dtype: str, reference: Reference, input_dtype: str) -> Numbers:
    """The Numbers of one output against its Reference.

    ``result``: the array, bfloat16 widened to float32; ``dtype``: the name of its dtype;
    ``input_dtype``: what the output's dtype should be unless the reference says otherwise.
    Shape and dtype come before values.
    """
    given = reference.given
    expected_dtype = reference.dtype or _kind_of(given, input_dtype)
    if result.shape != given.shape:
        return _mismatch(f"the shape is {result.shape}; expected {given.shape}")
    if dtype != expected_dtype:
        return _mismatch(f"the dtype is {dtype}; expected {expected_dtype}")
    if result.dtype.kind not in "biufc":
        return _compare_texts(result, given)
    if result.dtype.kind == "c":
        return _in_parts(compare(parts(result), PART[dtype], reference.parts(), PART[dtype]))
    unequal = reference.unequal(result)
    if _is_answer(result, given, unequal):
        return _nothing_off(result, dtype, reference)
    result = result.astype(np.float64)
    value = _as_held(reference.value, dtype)
    finite = np.isfinite(value)
    some = not (finite.all() and np.isfinite(result).all())
    counts = {
        name: [int(np.count_nonzero(is_one(array))) if some else 0 for array in (result, value)]
        for name, is_one in (("nan", np.isnan), ("inf", np.isinf))
    }
    if some and (
        not np.array_equal(np.isnan(result), np.isnan(value))
        or not np.array_equal(result[np.isinf(result)], value[np.isinf(result)])
        or not np.array_equal(np.isinf(result), np.isinf(value))
    ):
        message = "{0[0]} NaN and {1[0]} infinite values; expected {0[1]} and {1[1]} at their places"
        numbers = _mismatch(message.format(counts["nan"], counts["inf"]))
    else:
        with np.errstate(all="ignore"):  # an error may be too large to square
            numbers = _measure(result, value, finite, dtype, reference, unequal)
    numbers.nan, numbers.inf = counts["nan"], counts["inf"]
    return numbers


def _is_answer(result, value, unequal):
    """Whether all is finite and nothing off: as a rule what was passed on or chosen, a network's weights among it."""
    told = unequal is None or not unequal.any()
    return told and result.size and np.array_equal(result, value) and bool(np.isfinite(result).all())


def _nothing_off(result, dtype, reference):
    """What ``_measure`` finds where there is no error, without making the bounds."""
    first = (0,) * result.ndim
    numbers = Numbers("agrees", worst_index=list(first), unequal=0, beyond=0, count=int(result.size))
    numbers.max_abs = numbers.max_rel = numbers.scaled = numbers.ulps = 0.0
    numbers.share = numbers.share_expected = numbers.share_rms = numbers.share_outlier = 0.0
    numbers.found = numbers.expected = float(result[first])
    numbers.nan, numbers.inf = [0, 0], [0, 0]
    if _is_projected(reference, dtype if dtype in UNIT_ROUNDOFF else "float64"):
        numbers.share_weight = 0.0
    return numbers


def _is_projected(reference, precision):
    """Whether the answer is a sum of exact products, short enough for roundings to be independent."""
    nu = reference.longest * UNIT_ROUNDOFF[precision]
    return nu <= _STAGNATION and reference.carried is None and reference.products is not None


def _as_held(value, dtype):
    """A number too large for the dtype is infinite in a correct implementation."""
    if dtype not in LARGEST:
        return value
    with np.errstate(invalid="ignore"):  # NaN
        if not (np.abs(value) > LARGEST[dtype]).any():
            return value
    rounded = round_to(value, dtype).astype(np.float64)
    return np.where(np.isinf(rounded), rounded, value)


def _kind_of(value, input_dtype):
    """Complex where the answer is: of an input of real numbers as well."""
    if value.dtype.kind == "c" and input_dtype not in PART:
        return "complex128" if input_dtype == "float64" else "complex64"
    return input_dtype


def _in_parts(numbers):
    """What was measured of parts, told of complex numbers."""
    index = numbers.worst_index
    if index is not None:
        numbers.part, numbers.worst_index = "imaginary" if index[-1] else "real", index[:-1]
        before, after = (", ".join(map(str, i)) for i in (index, index[:-1]))
        message = numbers.message.replace(f"at [{before}] ", f"{numbers.part} part at [{after}] ", 1)
        numbers.message = message.replace(" elements are beyond", " parts are beyond", 1)
    return numbers


def _compare_texts(result, value):
    """What is no number has to be the same."""
    unequal = np.asarray(result != value)
    if not unequal.any():
        return Numbers("agrees")
    first = np.unravel_index(int(np.argmax(unequal)), unequal.shape)
    where = ", ".join(map(str, first))
    return _mismatch(
        f"at [{where}] {result[first]!r}, expected {value[first]!r}; "
        f"{np.count_nonzero(unequal)} of {unequal.size} elements are others"
    )


def _mismatch(message):
    return Numbers("differs", message)


def _share(error, allowance):
    """error / allowance, elementwise; 0 where there is no error, infinite where none is allowed or known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = error / allowance
    unknown = np.isnan(share)
    return np.where(unknown, np.where(error == 0, 0.0, np.inf), share) if unknown.any() else share


def _measure(result, value, finite, dtype, reference, unequal=None):
    if not finite.any():
        return Numbers("agrees", max_abs=0.0, share=0.0, share_expected=0.0)
    precision = dtype if dtype in UNIT_ROUNDOFF else "float64"
    everywhere = bool(finite.all())
    of: Any = ... if everywhere else finite
    if everywhere:
        error = np.abs(result - value)
    else:
        error = np.where(finite, np.abs(np.where(finite, result, 0) - np.where(finite, value, 0)), 0)
    if unequal is not None:  # whole numbers beyond what float64 tells apart
        error = np.where(unequal, np.maximum(error, 1), 0)
    share = _share(error, reference.worst(precision))
    share_expected = _share(error, reference.expected(precision))
    rms = float(np.sqrt(np.mean(_share(error, reference.typical(precision))[of] ** 2)))
    # Few elements say little about their mean square: widen the band as 1 / sqrt(count) does.
    rms_limit = 1 + 4 / np.sqrt(np.count_nonzero(finite))
    worst = np.unravel_index(np.argmax(share if everywhere else np.where(finite, share, -1.0)), error.shape)
    size = np.abs(value)
    largest = float(size[of].max())
    numbers = Numbers(
        "agrees",
        max_abs=_json(error.max()),
        max_rel=_json(_share(error, size)[of].max()),
        scaled=_json(error.max() / largest) if largest else 0.0,
        ulps=_json(_ulps(error[of], size[of], precision)),
        share=_json(share.max()),
        share_expected=_json(share_expected.max()),
        share_rms=_json(rms / float(rms_limit)),
        share_outlier=_json(_outlier(error, finite, precision, reference)),
        worst_index=[int(i) for i in worst],
        found=_json(result[worst]),
        expected=_json(value[worst]),
        unequal=int(np.count_nonzero(error)),
        beyond=int(np.count_nonzero(share > 1)),
        count=int(error.size),
    )
    nu = reference.longest * UNIT_ROUNDOFF[precision]
    word, limit = _conclude(numbers, nu, reference.convicts)
    numbers.word, limit = reference.reconsider(result, error, precision, word, limit)
    if numbers.word != "agrees":
        if unequal is not None and not numbers.beyond:  # of several answers it is none
            numbers.beyond = int(np.count_nonzero(unequal))
        where = ", ".join(map(str, numbers.worst_index or ()))
        numbers.message = (
            f"at [{where}] {numbers.found:.9g}, expected {numbers.expected:.9g}: {limit}; "
            f"{numbers.beyond:,} of {numbers.count:,} elements are beyond the allowance, the largest error is "
            f"{numbers.max_abs:.3g}"
        )
    elif everywhere and _is_projected(reference, precision):
        few_u = reference.few * UNIT_ROUNDOFF[precision]
        found = project(result - value, value, reference.products, few_u)
        numbers.share_weight = _json(found.share) if found else 0.0
        if found and found.share > 1:
            numbers.weight = WrongWeight(list(found.index), _json(found.off), _json(found.weight))
            numbers.word, numbers.message = "differs", found.sentence()
    return numbers


def _conclude(numbers, nu, convicts=True):
    """The word and what it follows from; ``nu``: the most roundings of one sum times the unit roundoff.

    Rounding errors are independent with mean zero only while nu is well below 1: a long sum in a
    half precision stagnates, and its errors have a direction.  There the mean square convicts nobody.
    In a chain of layers the longest sum counts, not all together: rounding begins anew in each.
    """
    independent = nu <= _STAGNATION and convicts
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


#: n u beyond which a sum in a low precision may stagnate.
_STAGNATION = 0.25
#: The rule on outliers wants a noise to stand out of: so many elements, nearly all of them off.
_FEWEST, _NEARLY_ALL = 32, 0.9
#: Sums that many times larger or smaller than the median are not its like.
_ALIKE = 8


def _outlier(error, finite, precision, reference):
    """How far the worst element stands out of the others, over the limit; 0 where nothing can be said.

    One kernel rounds all elements alike.  Scaled by what moves the rounding of a sum, its largest
    partial sums, u (sum |x_i w_i| + sqrt(n) |y|), the errors of a correct kernel are of one size: within
    sqrt(n), the most that the order of a sum can matter, and 24, which no tail of a noise reaches.
    """
    if not reference.alike:  # what a layer before it did to one input shows in a few outputs
        return 0.0
    u, terms = UNIT_ROUNDOFF[precision], as_one(reference.terms)
    scale = u * (reference.magnitude + np.sqrt(terms) * np.abs(reference.value))
    # Where underflow may weigh more than rounding, or few products dominate the sum, elements are not alike; where
    # no bound is known, none stands out.
    summed = finite & (scale > terms * SMALLEST_NORMAL[precision]) & (scale < np.inf)
    if summed.any():
        middle = np.median(scale if summed.all() else scale[summed])
        summed &= (scale >= middle / _ALIKE) & (scale <= middle * _ALIKE)
    if not summed.all():
        error, scale = error[summed], scale[summed]
    if error.size < _FEWEST or np.count_nonzero(error) < _NEARLY_ALL * error.size:
        return 0.0
    scaled = (error / scale).ravel()
    farthest = int(np.argmax(scaled))
    others = [np.sum(part**2) for part in (scaled[:farthest], scaled[farthest + 1 :])]
    limit = np.sqrt(sum(others) / (scaled.size - 1)) * max(24.0, float(np.sqrt(np.max(terms))))
    return float(scaled[farthest] / limit)


#: JSON has no infinity; the largest float64 stands for it.
_TOP = float(np.finfo(np.float64).max)


def _json(number):
    """The number as JSON can hold it; None for what is no number."""
    return float(max(-_TOP, min(number, _TOP))) if number == number else None


def _times(share):
    return "beyond any multiple of" if share >= _TOP else f"{share:.3g} times"


def _ulps(error, size, precision):
    """The largest error in units in the last place of the expected value."""
    _, exponent = np.frexp(np.maximum(size, SMALLEST_NORMAL[precision]))
    with np.errstate(over="ignore"):
        return float(np.ldexp(error / UNIT_ROUNDOFF[precision], -exponent).max())
