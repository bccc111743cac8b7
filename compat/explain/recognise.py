"""What can be recognised in a result that no hypothesis of the catalogue explains: from the numbers alone."""

from typing import Iterator, List, Mapping, NamedTuple, Optional

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..judge.compare import compare
from ..records import PASSING
from ..reference.bounds import Reference
from .along import along_an_axis
from .dtypes import dtype_and_scale
from .factors import fitted, temperature
from .identify import identify
from .metrics import metric, share_of_a_count
from .preprocessing import preprocessed
from .shape import copied
from .target import Target


class Recognised(NamedTuple):
    """A sentence, and whether it is a cause: what was done, and not only what it looks like."""

    sentence: str
    cause: bool


def recognise(target: Target, known: Optional[Mapping[str, Array]] = None) -> List[Recognised]:
    """What each output that does not agree is: of another dtype and scale, another metric, the answer times a
    known constant, a convolution with another kernel, other weights along an axis.

    ``known``: {name: array} of tensors that it may follow from, beside the target's own inputs.
    """
    calls, references, _ = target.baseline()
    arrays = dict(known or {})
    for number, array in enumerate(target.inputs):
        if isinstance(array, np.ndarray) and not any(array is other for other in arrays.values()):
            arrays[f"the input {number}"] = array
    found = []
    for name, (result, dtype) in target.results.items():
        reference = (references or {}).get(name)
        if reference is None or result.dtype.kind not in "fiu" or reference.value.dtype.kind not in "fiu":
            continue
        if compare(result, dtype, reference, target.dtype).word in PASSING:
            continue
        with np.errstate(all="ignore"):
            one = next(_ways(calls, reference, result, dtype, target.dtype, arrays), None)
        if one is not None:
            several = f"{name}: " if len(target.results) > 1 else ""
            found.append(Recognised(several + one.sentence, one.cause))
    return found


def _ways(calls, reference: Reference, result, dtype, input_dtype, known) -> Iterator[Recognised]:
    expected, wide = reference.value, result.astype(np.float64)
    if copied(wide, known) is not None:
        return  # the shape says it
    said = metric(wide, expected, known, dtype)
    if said:
        yield Recognised(said, True)
    said = share_of_a_count(wide, expected)
    if said:
        yield Recognised(said, False)
    expected_dtype = reference.dtype or input_dtype
    if dtype != expected_dtype:
        said = dtype_and_scale(wide, dtype, expected, expected_dtype)
        if said:
            yield Recognised(said, True)
        return
    if dtype not in UNIT_ROUNDOFF:
        return
    said = preprocessed(wide, expected, dtype)
    if said:
        yield Recognised(said, True)
    allowance = reference.worst(dtype)
    fit = fitted(wide, expected, allowance, dtype, [np.shape(array) for array in known.values()])
    if fit is not None and fit.words:
        yield Recognised(fit.sentence(), True)
    said = temperature(wide, expected, allowance, dtype) if np.isfinite(wide).all() else ""
    if said:
        yield Recognised(said, True)
    said = identify(calls, expected, wide, dtype)
    said = said or along_an_axis(wide, expected, allowance, known, dtype)
    if said:
        yield Recognised(said, True)
    if fit is not None and (
        fit.axis is not None or (fit.offset and fit.factor != 1)
    ):  # the shape says the others
        yield Recognised(fit.sentence(), False)
