"""One output against its answer: the numbers, and the word that they make.

``agrees``      inside every bound: the difference is rounding
``suspicious``  some order of summation could do it, but rounding does not behave like that
``differs``     no rounding explains it
"""

import numpy as np

from ..arrays import PART, UNIT_ROUNDOFF, Array, parts
from ..records import Numbers, WrongWeight
from ..reference.bounds import Reference
from .measuring import STAGNATION, Tally, as_json, parts_of
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
    cut = parts_of(result, reference, unequal)
    tally = Tally(dtype)
    for part in cut():
        tally.add(part)
    numbers = tally.numbers(cut)
    if numbers.word == "agrees" and tally.finite == tally.count and _is_projected(reference, tally.precision):
        with np.errstate(all="ignore"):
            _project(numbers, result, reference, tally.precision)
    return numbers


def _project(numbers, result, reference, precision):
    residual = result.astype(np.float64)
    residual -= reference.value
    few_u = reference.few * UNIT_ROUNDOFF[precision]
    found = project(residual, reference.value, reference.products, few_u)
    numbers.share_weight = as_json(found.share) if found else 0.0
    if found and found.share > 1:
        off, weight = as_json(found.off) or 0.0, as_json(found.weight) or 0.0
        numbers.weight = WrongWeight(list(found.index), off, weight)
        numbers.word, numbers.message = "differs", found.sentence()


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
    return nu <= STAGNATION and reference.carried is None and reference.products is not None


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
