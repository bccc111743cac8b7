"""One sample in one dialect -> a record; a record carries no judgement.

A record is a dict of JSON values:

    status     ok, unsupported, error, timeout, crashed
    message    why, where it is not ok
    case       the digest of what was computed (``Sample.case_digest``)
    code       the digest of the case file and of compat; a record is current while it is equal
    dtype      of the first input: what the outputs should have
    claim      how the implementation says that it computes its sums (``compat.reference.claims``), or None
    outputs    {name: {"digest", "dtype", "shape"}} in the order of flow
    random     names of outputs with other bits each time, in the order of flow, where that is measured
    measured   {name: {what: digest}} of what rounding does to the outputs (``compat.record.repeats``)
    seconds    wall time of the computation, the framework's import left out
"""

import functools
import hashlib
import os
import time
import warnings

import numpy as np

from .dialects import dialect as find_dialect
from .errors import CompatError, Unsupported
from .record.repeats import measure

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


@functools.lru_cache(maxsize=None)
def compat_code():
    """The digest of compat's own sources: with other code a record may be other."""
    sha = hashlib.sha256()
    root = os.path.dirname(os.path.abspath(__file__))
    for folder, folders, names in sorted(os.walk(root)):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                with open(os.path.join(folder, name), "rb") as file:
                    sha.update(name.encode() + file.read())
    return sha.hexdigest()


def blank_record(sample, code, status, message=""):
    """The record of a sample that has no result (yet)."""
    first = next(iter(sample.inputs.values()), None)
    return {
        "status": status,
        "message": message,
        "case": sample.case_digest(),
        "code": code,
        "dtype": first.dtype if first else "float64",
        "outputs": {},
        "seconds": 0.0,
    }


def unavailable(sample, dialect_name):
    """Why the sample cannot be computed in the dialect here, without importing anything; or None."""
    reason = find_dialect(dialect_name).missing()
    if reason:
        return reason
    if dialect_name not in sample.operation.implementations:
        return f"{sample.operation.name} is not spelled in {dialect_name}"
    return None


def compute(sample, dialect_name, objects, code):
    """The record of a sample in a dialect, its arrays kept in ``objects``."""
    record = blank_record(sample, code, "ok")
    record["claim"] = sample.operation.claims.get(dialect_name)
    dialect = find_dialect(dialect_name)
    try:
        reason = unavailable(sample, dialect_name)
        if reason:
            raise Unsupported(reason)
        dialect.module()
        start = time.perf_counter()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            run = functools.partial(_run, dialect, sample)
            results = run(sample.inputs)
            record["seconds"] = round(time.perf_counter() - start, 6)
            if sample.operation.against:
                measured = _measured(run, sample.inputs, results)
                record["random"] = measured.random
                record["measured"] = {
                    name: {what: objects.add(array) for what, array in arrays.items()}
                    for name, arrays in measured.arrays.items()
                }
        record["outputs"] = {
            name: {"digest": objects.add(array), "dtype": dtype, "shape": list(array.shape)}
            for name, (array, dtype) in results.items()
        }
    except Unsupported as reason:
        record.update(status="unsupported", message=str(reason))
    except CompatError as error:
        record.update(status="error", message=str(error))
    except (Exception, SystemExit) as error:  # whatever the framework raises is the result of this sample
        record.update(status="error", message=_first_line(error))
    return record


def _measured(run, inputs, results):
    try:
        return measure(run, inputs, results)
    except Exception as error:
        raise CompatError(f"computed again on the same inputs it fails: {_first_line(error)}") from error


def _run(dialect, sample, inputs):
    return dialect.compute(sample.operation.implementations[dialect.name], inputs, sample.parameters)


def _first_line(error):
    """The line of an exception's text that says something."""
    lines = [line.strip() for line in str(error).splitlines()]
    places = [number for number, line in enumerate(lines) if line.startswith("Node: ")]
    lines = lines[places[-1] :] if places else lines  # before it stands where the node was made
    said = [line for line in lines if line and not line.startswith(_HEADINGS)]
    return f"{type(error).__name__}: {said[0] if said else ''}"[:300]
