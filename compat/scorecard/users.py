"""The faults that users make, judged as ``compat.assert_same_port`` judges: by the legacy graph, in a TensorFlow.

Every kind is judged with its fault, of which none may be green, and without it, as a harmless re-spelling of the
legacy function, which may not be flagged.
"""

from typing import Any, Callable, Iterable, List, NamedTuple, Optional

import numpy as np

from ..arrays import UNIT_ROUNDOFF
from ..case.fixtures import Fixture
from ..errors import CompatError
from ..explain import causes_of_places
from ..judge.ports import judge_port, wrong_places
from ..objects import Memory
from ..record.dialects import DIALECTS
from ..record.dialects.tensorflow import import_tensorflow, missing_tensorflow
from ..record.live import recorded
from ..record.versions import version_of
from ..records import PASSING, Record, Verdict
from .ports import KINDS, RESPELLINGS, Kind, Port, Respelling

#: An element that moves by so many roundings of the largest is beyond all rounding of some dozen steps.
BEYOND = 1000
#: Seconds that the search for the causes of one fault may take.
_SECONDS = 1.0


class Judged(NamedTuple):
    """``moved``: roundings of the legacy results' largest by which an element is off.  ``causes``: lines told."""

    verdict: Verdict
    moved: float
    causes: List[str]

    @property
    def first(self) -> str:
        """The first cause that is named, or nothing."""
        return next((line for line in self.causes if line.startswith("cause: ")), "")


class Row:
    """A kind's counts.  ``beyond``: of those tried those beyond rounding.  ``missed``, ``misnamed``: their words."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tried = self.beyond = self.caught = self.caught_beyond = self.first = 0
        self.missed: List[str] = []
        self.misnamed: List[str] = []

    def count(self, kind: Kind, name: str, found: Judged) -> None:
        beyond = found.moved > BEYOND
        self.tried += 1
        self.beyond += beyond
        if found.verdict.word in PASSING:
            self.missed += (
                [f"{name}: {found.verdict.word}, {found.moved:.3g} roundings off"] if beyond else []
            )
            return
        self.caught += 1
        self.caught_beyond += beyond
        if any(word in found.first for word in kind.words):
            self.first += 1
        else:
            self.misnamed.append(f"{name}: {found.first or 'nothing'}")


class Users(NamedTuple):
    """``alarms``: right ports and re-spellings that were flagged, of ``harmless``.

    ``skipped``: what cannot be spelled in this ``tensorflow``.
    """

    tensorflow: str
    rows: List[Row]
    alarms: List[str]
    harmless: int
    skipped: List[str]

    def total(self, field: str) -> int:
        return sum(getattr(row, field) for row in self.rows)

    @property
    def named_first(self) -> float:
        """The share of the faults that were caught of which the right cause came first."""
        return self.total("first") / max(1, self.total("caught"))

    @property
    def holds(self) -> bool:
        caught = self.total("caught_beyond") == self.total("beyond")
        return not self.alarms and caught and self.named_first >= 0.9


def missing() -> Optional[str]:
    """Why the faults of users cannot be judged here, or None."""
    return missing_tensorflow()


def users(
    kinds: Optional[Iterable[Kind]] = None,
    respellings: Optional[Iterable[Respelling]] = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Users:
    """Every kind in all its variants, with the fault and without, and every re-spelling.  Needs a TensorFlow."""
    kinds = list(KINDS if kinds is None else kinds)
    respellings = list(RESPELLINGS if respellings is None else respellings)
    found = Users(version_of("tensorflow") or "", [], [], 0, [])
    total = len(kinds) + len(respellings)
    for number, kind in enumerate(kinds):
        row = Row(kind.name)
        for variant, port in enumerate(kind.ports()):
            found = _meet(found, row, kind, f"{kind.name}, {variant}", port)
        found.rows.append(row)
        progress(number + 1, total)
    for number, respelling in enumerate(respellings):
        found = _harmless(found, respelling.name, respelling.port)
        progress(len(kinds) + number + 1, total)
    return found


def _meet(found: Users, row: Row, kind: Kind, name: str, port: Port) -> Users:
    """The port without its fault, which is harmless, and with it."""
    try:
        legacy = Legacy(port)
        right, wrong = legacy.judged(), legacy.judged(wrong=True)
    except CompatError as error:
        found.skipped.append(f"{name}: {error}")
        return found
    _flag(found, name, right)
    row.count(kind, name, wrong)
    return found._replace(harmless=found.harmless + 1)


def _harmless(found: Users, name: str, port: Port) -> Users:
    try:
        _flag(found, name, Legacy(port).judged())
    except CompatError as error:
        found.skipped.append(f"{name}: {error}")
        return found
    return found._replace(harmless=found.harmless + 1)


def _flag(found: Users, name: str, right: Judged) -> None:
    if right.verdict.word not in PASSING:
        found.alarms.append(f"{name}: {right.verdict.word}: {right.verdict.message}")


class Legacy:
    """The legacy function of a port, computed once with its TensorFlow and the inputs.  Raises CompatError."""

    def __init__(self, port: Port) -> None:
        self._port = port
        tf, self._tf1 = import_tensorflow(), DIALECTS["tf1.session"].module()
        self._tf2 = tf.compat.v2 if self._tf1 is tf else tf
        self._objects = Memory()
        self._inputs = {
            name: Fixture(name, lambda array=array: array)  # type: ignore[misc]
            for name, array in port.inputs.items()
        }
        self._base = self._recorded(lambda *tensors: port.legacy(self._tf1, *tensors), True)

    def _recorded(self, function: Callable[..., Any], legacy: bool) -> Record:
        return recorded(function, self._inputs, legacy, self._objects)

    def judged(self, **fault: bool) -> Judged:
        """The port judged by it, as it is or with its fault (``wrong=True``)."""
        base, read = self._base, self._objects.read
        record = self._recorded(lambda *tensors: self._port.port(self._tf2, *tensors, **fault), False)
        with np.errstate(all="ignore"):
            verdict = judge_port(record, read, base, read, "the port", "the legacy side")
            causes: List[str] = []
            if verdict.word not in PASSING:
                causes = list(causes_of_places(wrong_places(record, read, base, read), read, {}, _SECONDS))
            return Judged(verdict, _moved(base, record, self._objects), causes)


def _moved(base: Record, record: Record, objects: Memory) -> float:
    """By how many roundings of the largest an element of the port is off, at most; infinite for another shape."""
    most = 0.0
    for name, output in base.outputs.items():
        mine, theirs = (objects.read(of.outputs[name].digest) for of in (base, record))
        if mine.shape != theirs.shape or output.dtype not in UNIT_ROUNDOFF:
            most = max(most, 0.0 if np.array_equal(mine, theirs) else np.inf)
            continue
        finite = np.isfinite(mine)
        if not np.array_equal(finite, np.isfinite(theirs)):
            return float(np.inf)
        error = np.abs(np.where(finite, mine, 0).astype(np.float64) - np.where(finite, theirs, 0))
        largest = np.abs(np.where(finite, mine, 0)).max(initial=0)
        if error.max(initial=0):
            most = max(most, float(error.max() / (largest * UNIT_ROUNDOFF[output.dtype] or 1e-300)))
    return most
