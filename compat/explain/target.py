"""What is to be explained: its reference, with calls changed, and whether the results agree with that."""

import copy
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
from ..judge.compare import compare
from ..records import PASSING
from ..reference.bounds import Reference
from ..reference.calls import Call, changing


class ReferenceOnly:
    """An operation of which nothing is known but its reference: a step of a network, an answer."""

    def __init__(self, reference: Callable[..., Any]) -> None:
        self.reference = reference


class Target:
    """What is to be explained: an operation's inputs and parameters, and what was computed for them.

    ``results``: {output name: (array, dtype name)}.  ``dtype``: that of the first input.
    """

    def __init__(
        self,
        operation: Any,
        inputs: Sequence[Any],
        parameters: Dict[str, Any],
        results: Mapping[str, Tuple[Array, str]],
        dtype: str,
    ) -> None:
        self.operation = operation
        self.inputs = inputs
        self.parameters = parameters
        self.results = results
        self.dtype = dtype
        self._baseline: Optional[Tuple[List[Call], Optional[Dict[str, Reference]], float]] = None

    def baseline(self) -> Tuple[List[Call], Optional[Dict[str, Reference]], float]:
        """(the calls that the reference makes, in their order; its answers; the seconds it took)."""
        if self._baseline is None:
            calls: List[Call] = []
            started = time.monotonic()

            def note(call):
                calls.append(call)
                return call

            references = self.refer(note)
            self._baseline = calls, references, time.monotonic() - started
        return self._baseline

    def refer(self, change: Callable[[Call], Any]) -> Optional[Dict[str, Reference]]:
        """{output name: Reference} with the calls changed, or None where the changed call is refused."""
        try:
            with np.errstate(all="ignore"), changing(change):
                answers = self.operation.reference(*self.inputs, **self.parameters)
        except Exception:  # a wrong call may fail in every way there is
            return None
        return answers if isinstance(answers, dict) else {"y": answers}

    def giving(self, results: Mapping[str, Tuple[Array, str]]) -> "Target":
        """The same with other results."""
        other = copy.copy(self)
        other.results = results
        return other

    def share_of(self, references: Optional[Mapping[str, Reference]]) -> Optional[float]:
        """The largest share of the allowance if every output agrees with the references, or None."""
        if references is None or set(references) != set(self.results):
            return None
        largest = 0.0
        for name, reference in references.items():
            result, dtype = self.results[name]
            if not getattr(reference, "holds", lambda result: True)(result):
                return None
            try:
                numbers = compare(result, dtype, reference, reference.dtype or self.dtype)
            except TypeError:  # a change that complex numbers do not know
                return None
            if numbers.word not in PASSING:
                return None
            largest = max(largest, numbers.share or 0.0)
        return largest

    def same(
        self, references: Mapping[str, Reference], others: Mapping[str, Reference], roundings: int = 0
    ) -> bool:
        """Whether both say the same numbers whatever they allow for, but for the roundings of float64.

        ``roundings``: and so many of the results' own precision.
        """
        if set(references) != set(others):
            return False
        dtypes = {name: dtype for name, (_, dtype) in self.results.items()}
        return all(_same(references[name], others[name], dtypes[name], roundings) for name in references)


def _same(reference, other, dtype, roundings):
    a, b = reference.value, other.value
    if reference.dtype != other.dtype or a.shape != b.shape:
        return False
    size = np.maximum(np.abs(a), reference.magnitude) if roundings else np.abs(a)
    # What moves float64 results by less than 1e-12 may be all that is wrong: a setting in float32.
    share = max(1e-15 if dtype == "float64" else 1e-12, roundings * UNIT_ROUNDOFF.get(dtype, 0.0))
    with np.errstate(all="ignore"):
        return bool(((a == b) | (np.abs(a - b) <= share * size) | (np.isnan(a) & np.isnan(b))).all())
