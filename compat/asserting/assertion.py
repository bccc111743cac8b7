"""The assertion: found agrees with expected, up to rounding, or the test fails."""

from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from ..arrays import PART, PRECISIONS
from ..errors import CompatError
from ..judge.verdicts import judge
from ..records import PASSING, Output, Record, Verdict
from ..reference import Network, Reference
from .expectation import Making, references
from .given import Given, arrays, named
from .message import Judged, message


def assert_agrees(
    found: Any,
    expected: Any,
    *,
    terms: Any = None,
    scale: Any = None,
    function: Optional[Callable[..., Any]] = None,
    inputs: Any = None,
    dtype: Any = None,
) -> Verdict:
    """Fails unless ``found`` is ``expected`` up to rounding.  There is no tolerance: it follows from what made it.

    ``found``: an array, a tensor that has a value, a number, or dicts, lists and tuples of these.  Its dtype is the
    precision that is judged in, and has to be that of ``expected`` unless that is float64, Python numbers, or a
    ``Reference`` that states none; ``dtype`` demands one (and is that of Python numbers, which have none).

    ``expected``: a ``compat.Reference``; a ``Network``, which is replayed step by step; an array; or a structure
    of these like that of ``found``.  An array of float64 is the exact answer.  One of less carries its own roundings:
    then twice is allowed.  Whole numbers, booleans and texts have to be the same.  Of an array say what made it:

        nothing       each side is the exact number rounded once: a copy, a maximum, one product
        ``terms``     every element is a sum of that many products (an int, an array, or a dict by name), added in
                      any order: (1 + u)^terms - 1 times ``scale``, the sum of the absolute products of each
                      element: ``np.abs(x) @ np.abs(w)`` for ``x @ w``.  Without it |expected| stands for it, which
                      is never too large: right for positive numbers, too little where products cancel
        ``function``  the function that gave it for ``inputs`` (one array, a list of arguments, or a dict of them by
                      name): of one that runs eagerly in TensorFlow the graph is taken, and its nodes in float64 are the
                      answer; what a NumPy function makes of a rounding is measured, by moving its inputs by one

    Returns the Verdict, whose ``outputs`` have the numbers: the share of the allowance that is used, the ULPs.
    Raises AssertionError for what differs or is suspicious, CompatError for arguments that make no question, and
    TypeError for what holds no numbers.
    """
    __tracebackhide__ = True
    making = Making(terms, scale, function, inputs)
    judged, verdict = _judge(found, expected, making, None if dtype is None else _name_of(dtype))
    if verdict.word not in PASSING:
        raise AssertionError(message(judged, verdict))
    return verdict


def _judge(found: Any, expected: Any, making: Making, dtype: Optional[str]) -> Tuple[Judged, Verdict]:
    making.check()
    answers, exact = _split(expected)
    if not answers and not exact:
        raise CompatError("expected is empty: there is nothing to compare")
    if not exact and making.said:
        raise CompatError(
            "a Reference brings its own bounds: leave out terms=, scale=, function= and inputs="
        )
    results = arrays(found, "found")
    common = dtype or _common(results)
    dtypes = {name: _wanted(results.get(name), given, dtype) for name, given in exact.items()}
    for name, given in results.items():
        reference = answers.get(name)
        wanted = dtypes.get(name, common) if reference is None else reference.dtype or common
        results[name] = given.taken_in(wanted)
    if exact:
        answers = {**answers, **references(exact, dtypes, making)}
    outputs = {name: Output(name, given.dtype, list(given.array.shape)) for name, given in results.items()}
    record = Record("ok", "", common, outputs=outputs)
    with np.errstate(all="ignore"):  # what was found may be anything
        verdict = judge(record, answers, lambda name: results[name].array)
    return Judged(results, answers, common, {name: making.of(name) for name in exact}), verdict


def _split(expected: Any) -> Tuple[Any, Dict[str, Given]]:
    """({name: Reference}, or the Network itself; {name: Given} of the arrays)."""
    if isinstance(expected, Network):
        return expected, {}
    answers: Dict[str, Reference] = {}
    exact: Dict[str, Any] = {}
    for name, leaf in named(expected, "expected").items():
        (answers if isinstance(leaf, Reference) else exact)[name] = leaf
    return answers, arrays(exact, "expected") if exact else {}


def _common(results):
    """The dtype of what no reference says: of the first result that rounds, or else of the first number."""
    dtypes = [given.dtype for given in results.values() if given.dtype != "string"]
    return next((dtype for dtype in dtypes if _rounds(dtype)), dtypes[0] if dtypes else "float64")


def _wanted(found: Optional[Given], expected: Given, dtype: Optional[str]) -> str:
    """The dtype that a result should have."""
    if dtype is not None and (_rounds(expected.dtype) or expected.bare and expected.array.dtype.kind in "iu"):
        return dtype
    if found is None or not (expected.bare or expected.dtype in ("float64", "complex128")):
        return expected.dtype
    if expected.bare and expected.array.dtype.kind in "iu":
        return found.dtype if found.array.dtype.kind in "iufc" else expected.dtype
    if expected.dtype == "complex128":
        return found.dtype if found.dtype in PART else expected.dtype
    if expected.dtype == "float64":
        return found.dtype if found.dtype in PRECISIONS else expected.dtype
    return expected.dtype


def _rounds(dtype):
    return dtype in PRECISIONS or dtype in PART


def _name_of(dtype: Any) -> str:
    """The name of a dtype, of TensorFlow's as well.  Raises TypeError for what is none."""
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None)
    if name == "bfloat16":
        return name
    try:
        return np.dtype(name or dtype).name
    except TypeError:
        raise TypeError(f"dtype={dtype!r} is no dtype") from None
