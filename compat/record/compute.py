"""One sample in one dialect -> a record; a record carries no judgement."""

import errno
import functools
import time
import warnings
from typing import Any, Callable, Dict, Optional, Union

import numpy as np

from ..case.files import Case
from ..case.operation import Sample
from ..errors import CompatError, StoreError, Unsupported
from ..files import reason
from ..objects import Memory, Objects
from ..records import Output, Record
from .dialects import Dialect, Results
from .dialects import dialect as find_dialect
from .repeats import Measurement, measure
from .spelled import not_spelled

#: Lines with which TensorFlow begins a message before it comes to the point.
_HEADINGS = (
    "Graph execution error",
    "Detected at node",
    "Node: ",
    "File ",
    "Traceback",
    "in user code",
    "Exception encountered when calling",
)
#: What is no fault of the implementation, and goes away: a disk that is full.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
#: Larger inputs are not looked at again for what an implementation wrote into them.
_LARGEST_WATCHED = 1 << 25


def blank_record(case: Case, sample: Sample, code: str, status: str, message: str = "") -> Record:
    """The record of a sample that has no result (yet)."""
    first = next(iter(sample.inputs.values()), None)
    with case.at_work():
        dtype = first.dtype if first else "float64"
        return Record(status, sample.case_digest(), dtype, message, case.files(), code)


def unavailable(sample: Sample, dialect_name: str) -> Optional[str]:
    """Why the sample cannot be computed in the dialect here, without importing anything; or None."""
    return not_spelled(sample.operation.name, sample.operation.implementations, dialect_name)


def compute(case: Case, sample: Sample, dialect_name: str, objects: Objects, code: str) -> Record:
    """The record of a sample in a dialect, its arrays kept in ``objects``.

    Whatever the implementation and the framework raise becomes the record.  Raises StoreError where the arrays
    cannot be kept: that is no result.
    """
    record = blank_record(case, sample, code, "ok")
    record.claim = sample.operation.claims.get(dialect_name)
    try:
        dialect = find_dialect(dialect_name)
        _import(sample, dialect)  # before the case is at work: nothing of a framework is a neighbour of its
        with case.at_work():
            _compute(record, sample, dialect, objects)
    except StoreError:
        raise
    except Unsupported as error:
        _without_result(record, "unsupported", _told(error))
    except CompatError as error:
        _without_result(record, "error", _told(error))
    except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise StoreError(f"{sample.id} {dialect_name}: {reason(error)}") from None
        # Whatever the implementation raises is the result of this sample; Ctrl-C goes to the process that waits.
        _without_result(record, "error", first_line(error))
    record.files = case.files()  # with what was imported late
    return record


def record_of(sample: Sample, dialect: Dialect, objects: Memory, repeated: bool = True) -> Record:
    """The record of a sample of no case file.  What the implementation raises is raised as CompatError.

    ``repeated``: whether what it is judged against is measured as well; else its graph is all there is.
    """
    first = next(iter(sample.inputs.values()), None)
    record = Record("ok", sample.case_digest(), first.dtype if first else "float64")
    try:
        _import(sample, dialect)
        _compute(record, sample, dialect, objects, repeated)
    except (CompatError, Unsupported):
        raise
    except Exception as error:
        raise CompatError(first_line(error)) from error
    return record


def _without_result(record: Record, status: str, message: str) -> None:
    record.status, record.message = status, message
    record.outputs, record.measured, record.random = {}, {}, []
    record.trace, record.untraced = None, None


def _import(sample: Sample, dialect: Dialect) -> None:
    """The framework of a dialect.  Raises Unsupported for a sample that cannot be computed in it here."""
    missing = unavailable(sample, dialect.name)
    if missing:
        raise Unsupported(missing)
    dialect.module()


def _compute(
    record: Record,
    sample: Sample,
    dialect: Dialect,
    objects: Union[Objects, Memory],
    repeated: bool = True,
) -> None:
    start = time.perf_counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        run = functools.partial(_run, dialect, sample)
        results = run(sample.inputs)
        record.seconds = round(time.perf_counter() - start, 6)
        _check_inputs(sample)
        if sample.operation.against:
            measured = _measured(run, sample.inputs, results) if repeated else Measurement()
            record.random = measured.random
            record.measured = {
                name: {kind: objects.add(array) for kind, array in arrays.items()}
                for name, arrays in measured.arrays.items()
            }
            if not measured.random:
                _trace(record, sample, dialect, objects)
    record.outputs = {
        name: Output(objects.add(array), dtype, list(array.shape)) for name, (array, dtype) in results.items()
    }


def _trace(record: Record, sample: Sample, dialect: Dialect, objects: Union[Objects, Memory]) -> None:
    """Every tensor of the computation, and how they follow from each other; or why they cannot be seen."""

    def keep(array: np.ndarray, dtype: str) -> Output:
        return Output(objects.add(array), dtype, list(np.shape(array)))

    implementation = _implementation(dialect, sample)
    try:
        trace = dialect.trace(implementation, sample.inputs, sample.parameters, keep)
        trace.check()
        record.trace = objects.add(trace.array())
    except StoreError:
        raise
    except Unsupported as error:
        record.untraced = _told(error)
    except Exception as error:  # what is only there to explain must not cost the result
        record.untraced = f"its graph could not be seen: {first_line(error)}"


def _measured(run: Any, inputs: Dict[str, Any], results: Results) -> Measurement:
    try:
        return measure(run, inputs, results)
    except Exception as error:
        raise CompatError(f"computed again on the same inputs it fails: {first_line(error)}") from error


def _run(dialect: Dialect, sample: Sample, inputs: Dict[str, Any]) -> Results:
    return dialect.compute(_implementation(dialect, sample), inputs, sample.parameters)


def _implementation(dialect: Dialect, sample: Sample) -> Callable[..., Any]:
    spelled = sample.operation.implementations
    return spelled[dialect.spelling(spelled)]


def _check_inputs(sample: Sample) -> None:
    """Raises CompatError for an implementation that wrote into what it was given."""
    for name, fixture in sample.inputs.items():
        if fixture.array.nbytes <= _LARGEST_WATCHED and fixture.was_changed():
            raise CompatError(f"the implementation changes its input {name} in place: let it work on a copy")


def _told(error: BaseException) -> str:
    """The text of an exception, of characters that every file can hold."""
    return str(error).encode("utf-8", "backslashreplace").decode("utf-8")


def first_line(error: BaseException) -> str:
    """The line of an exception's text that says something."""
    try:
        text = _told(error)
    except Exception:  # an exception whose own __str__ fails
        text = ""
    lines = [line.strip() for line in text.splitlines()]
    places = [number for number, line in enumerate(lines) if line.startswith("Node: ")]
    lines = lines[places[-1] :] if places else lines  # before it stands where the node was made
    said = [line for line in lines if line and not line.startswith(_HEADINGS)]
    return f"{type(error).__name__}: {said[0] if said else ''}"[:300]
