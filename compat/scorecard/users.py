"""The faults that users make, judged as ``compat.assert_same_port`` judges: by the legacy graph, in a TensorFlow.

Every kind is judged with its fault, of which none may be green, and without it, as a harmless re-spelling of the
legacy function, which may not be flagged.
"""

from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

import numpy as np

from ..arrays import UNIT_ROUNDOFF, Array
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
_BEYOND = 1000
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


class Row(NamedTuple):
    """A kind's counts.  ``beyond``: of those tried those beyond rounding.  ``missed``, ``misnamed``: their words."""

    name: str
    nameable: bool
    tried: int
    beyond: int
    caught: int
    caught_beyond: int
    first: int
    missed: List[str]
    misnamed: List[str]


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
    kinds, respellings = list(kinds or KINDS), list(RESPELLINGS if respellings is None else respellings)
    alarms: List[str] = []
    skipped: List[str] = []
    rows, harmless = [], 0
    for number, kind in enumerate(kinds):
        row, tried = _row(kind, alarms, skipped)
        rows.append(row)
        harmless += tried
        progress(number + 1, len(kinds) + len(respellings))
    for number, respelling in enumerate(respellings):
        port = respelling.port
        found = _or_skipped(
            respelling.name, skipped, lambda port=port: judged(port.legacy, port.port, port.inputs)
        )
        if found is not None:
            harmless += 1
            if found.verdict.word not in PASSING:
                alarms.append(f"{respelling.name}: {found.verdict.word}: {found.verdict.message}")
        progress(len(kinds) + number + 1, len(kinds) + len(respellings))
    return Users(version_of("tensorflow"), rows, alarms, harmless, skipped)


def _or_skipped(name: str, skipped: List[str], judge: Callable[[], Judged]) -> Optional[Judged]:
    try:
        return judge()
    except CompatError as error:
        skipped.append(f"{name}: {error}")
        return None


def _row(kind: Kind, alarms: List[str], skipped: List[str]) -> Tuple[Row, int]:
    counts = dict.fromkeys(("tried", "beyond", "caught", "caught_beyond", "first"), 0)
    missed, misnamed, harmless = [], [], 0
    for number, port in enumerate(kind.ports()):
        name = f"{kind.name}, {number}"
        right, wrong = (
            _or_skipped(name, skipped, lambda port=port, w=w: _with_fault(port, w)) for w in (False, True)
        )
        if right is None or wrong is None:
            continue
        harmless += 1
        if right.verdict.word not in PASSING:
            alarms.append(f"{name}: {right.verdict.word}: {right.verdict.message}")
        beyond = wrong.moved > _BEYOND
        counts["tried"] += 1
        counts["beyond"] += beyond
        if wrong.verdict.word in PASSING:
            missed += [f"{name}: {wrong.verdict.word}, {wrong.moved:.3g} roundings off"] if beyond else []
            continue
        counts["caught"] += 1
        counts["caught_beyond"] += beyond
        if _named(kind, wrong):
            counts["first"] += 1
        else:
            misnamed.append(f"{name}: {wrong.first or 'nothing'}")
    return Row(kind.name, bool(kind.words), missed=missed, misnamed=misnamed, **counts), harmless


def _named(kind: Kind, found: Judged) -> bool:
    return any(word in found.first for word in kind.words) if kind.words else not found.first


def _with_fault(port: Port, wrong: bool) -> Judged:
    def ported(tf, *tensors):
        return port.port(tf, *tensors, **({"wrong": True} if wrong else {}))

    return judged(port.legacy, ported, port.inputs)


def judged(
    legacy: Callable[..., Any], port: Callable[..., Any], inputs: Dict[str, Array], seconds: float = _SECONDS
) -> Judged:
    """The port judged by the legacy function, each called with its TensorFlow and the inputs."""
    tf, tf1 = import_tensorflow(), DIALECTS["tf1.session"].module()
    tf2 = tf.compat.v2 if tf1 is tf else tf
    objects = Memory()
    fixtures = {name: Fixture(name, lambda array=array: array) for name, array in inputs.items()}
    base = recorded(lambda *tensors: legacy(tf1, *tensors), fixtures, True, objects)
    record = recorded(lambda *tensors: port(tf2, *tensors), fixtures, False, objects)
    with np.errstate(all="ignore"):
        verdict = judge_port(record, objects.read, base, objects.read, "the port", "the legacy side")
        causes: List[str] = []
        if verdict.word not in PASSING:
            places = wrong_places(record, objects.read, base, objects.read)
            causes = list(causes_of_places(places, objects.read, {}, seconds))
        return Judged(verdict, _moved(base, record, objects), causes)


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
