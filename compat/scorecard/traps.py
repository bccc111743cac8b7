"""The traps of the suite as ports: judged by a legacy graph alone, the reference taken away, in a TensorFlow.

A trap is a known difference: dialects of a sample that compute something else than its reference.  The legacy side is
``tf1.session``, or the first dialect that is not trapped and has a graph; each trapped dialect is a port, which may
not be green, and each other one a harmless variation.  Where every dialect with a graph is trapped, TensorFlow 1's own
values are the specification and the right dialects the ports that differ; where every dialect is, the right spelling
is in ``traps_by_hand``.  Public threads are traps as well, and have a referee of their own, ``threads``.
"""

import functools
import os
from fnmatch import fnmatchcase
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..case.files import Case, find
from ..case.operation import Operation, Sample
from ..errors import CompatError, Unsupported
from ..explain import causes_of_places
from ..graph.nodes import Trace
from ..judge import known
from ..judge.known import KnownDifference
from ..judge.ports import judge_port, side, wrong_places
from ..objects import Memory
from ..record.compute import record_of, unavailable
from ..record.dialects import DIALECTS
from ..record.dialects.tensorflow import missing_tensorflow
from ..record.environment import describe
from ..record.versions import version_of
from ..records import PASSING, Environment, Record, Verdict
from ..reference.nodes.sources import DRAWN
from .threads import refereed
from .traps_by_hand import BY_HAND, CAUSES, Spelling

#: Dialects in the order in which one of them is the legacy side.
_LEGACY = ("tf1.session", "tf2.eager", "tf2.function", "keras2", "keras3")
#: Seconds that the search for the causes of one port may take.
_SECONDS = 6.0


class Port(NamedTuple):
    """A ``dialect`` of a ``sample`` judged by the ``legacy`` one: ``trap`` where it has to differ.

    ``causes``: lines told; ``words``: of these the first cause has to contain one.
    """

    sample: str
    legacy: str
    dialect: str
    trap: bool
    verdict: Verdict
    causes: List[str]
    words: Sequence[str]

    @property
    def caught(self) -> bool:
        return self.verdict.word not in PASSING

    @property
    def first(self) -> str:
        """The first cause that is named, or nothing."""
        return next((line for line in self.causes if line.startswith("cause: ")), "")

    @property
    def named(self) -> bool:
        return any(word in self.first for word in self.words)

    def __str__(self) -> str:
        return f"{self.sample}, {self.dialect} by {self.legacy}"


class Traps(NamedTuple):
    """``ports`` of all samples; ``skipped``: what could not be judged in this ``tensorflow``, and why."""

    tensorflow: str
    ports: List[Port]
    skipped: List[str]

    @property
    def samples(self) -> List[str]:
        return list(dict.fromkeys(port.sample for port in self.ports if port.trap))

    @property
    def traps(self) -> List[Port]:
        return [port for port in self.ports if port.trap]

    @property
    def harmless(self) -> List[Port]:
        return [port for port in self.ports if not port.trap]

    @property
    def missed(self) -> List[str]:
        return [f"{port}: {port.verdict.word}" for port in self.traps if not port.caught]

    @property
    def alarms(self) -> List[str]:
        return [f"{port}: {port.verdict.message}" for port in self.harmless if port.caught]

    @property
    def misnamed(self) -> List[str]:
        return [f"{port}: {port.first or 'nothing'}" for port in self.traps if port.caught and not port.named]

    @property
    def caught(self) -> int:
        return len(self.traps) - len(self.missed)

    @property
    def named_first(self) -> float:
        """The share of the traps that were caught of which the right cause came first."""
        return 1 - len(self.misnamed) / max(1, self.caught)

    @property
    def holds(self) -> bool:
        return not self.alarms and not self.missed and self.named_first >= 0.9


def missing(folder: str) -> Optional[str]:
    """Why the traps of a folder of cases cannot be judged here, or None."""
    if not os.path.isdir(folder):
        return f"{folder} is no folder"
    return missing_tensorflow()


def traps(
    folder: str,
    only: Callable[[Sample], bool] = lambda sample: not sample.slow,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Traps:
    """Every trap of the case files in a folder, judged as a port.  Needs a TensorFlow.  Raises CompatError."""
    here = describe("here")
    read = functools.lru_cache(maxsize=None)(known.read)
    trapped = [
        (case, sample, entries)
        for case in find([folder])
        if not refereed(case.path)
        for sample, entries in _trapped(case, here, read)
        if only(sample)
    ]
    found = Traps(version_of("tensorflow") or "", [], [])
    for number, (case, sample, entries) in enumerate(trapped):
        with case.at_work():
            for port in _Sample(sample, entries, here, found.skipped).ports():
                found.ports.append(port)
        progress(number + 1, len(trapped))
    return found


def _trapped(
    case: Case, here: Environment, read: Callable[[str], List[KnownDifference]]
) -> Iterator[Tuple[Sample, List[KnownDifference]]]:
    """The samples of which some dialect is known to differ here, with the entries that say so."""
    path = known.path_beside(case.path)
    entries = [entry for entry in read(path) if entry.verdict == "differs"] if path else []
    for sample in case.samples():
        of_sample = [
            entry
            for entry in entries
            if any(
                entry.matches(sample.operation.name, sample.name, dialect, here)
                for dialect in sample.operation.implementations
            )
        ]
        if of_sample:
            yield sample, of_sample


class _Sample:
    """One sample, its dialects recorded as live functions are: with what was measured of them, and their graphs."""

    def __init__(
        self, sample: Sample, entries: List[KnownDifference], here: Environment, skipped: List[str]
    ) -> None:
        self._sample = sample
        self._objects = Memory()
        self._skipped = skipped
        self._implementations = sample.operation.implementations
        self._trapped = {
            dialect
            for dialect in self._implementations
            if any(entry.matches(sample.operation.name, sample.name, dialect, here) for entry in entries)
        }

    def ports(self) -> Iterator[Port]:
        legacy, base = self._legacy()
        if base is None:
            self._skipped.append(f"{self._sample.id}: no dialect has a graph here")
            return
        # Not where TensorFlow 1's own values are the specification, as by hand nothing trapped is.
        turned = legacy in self._trapped
        graph = side(base, self._objects.read)
        # Where the legacy side takes its numbers from elsewhere, nothing is learned by moving the inputs.
        seen = graph is not None and _follows_from_inputs(graph.trace)
        draws = graph is not None and any(node.op in DRAWN for node in graph.trace.nodes)
        for dialect in self._others(legacy):
            trap = (dialect in self._trapped) != turned
            if turned and not trap:  # trapped as well, but it may be in another way
                continue
            if not trap and not seen:
                self._skipped.append(
                    f"{self._sample.id} {dialect}: the legacy side takes no notice of its inputs"
                )
                continue
            record = self._recorded(dialect, repeated=seen)
            if record is None:
                continue
            if draws and record.trace is None:
                self._skipped.append(f"{self._sample.id} {dialect}: draws other numbers")
            else:
                yield self._port(base, legacy, dialect, record, trap)

    def _legacy(self) -> Tuple[str, Optional[Record]]:
        """(what the legacy side is called, its record): spelled by hand, or the first dialect with a graph, of those
        that are not trapped if there is one."""
        spelling = next((one for pattern, one in BY_HAND if fnmatchcase(self._sample.id, pattern)), None)
        if spelling is not None:
            return "tf1.session spelled by hand", self._by_hand(spelling)
        for dialect in sorted(_LEGACY, key=lambda name: name in self._trapped):
            record = self._recorded(dialect) if dialect in self._implementations else None
            if record is not None and record.trace:
                return dialect, record
        return "", None

    def _others(self, legacy: str) -> List[str]:
        """The dialects to be judged; tf2.function has the same graph as tf2.eager where it is spelled alike."""
        spelled = self._implementations
        twice = spelled.get("tf2.eager") is spelled.get("tf2.function")
        return [d for d in DIALECTS if d in spelled and d != legacy and not (twice and d == "tf2.function")]

    def _recorded(self, dialect: str, repeated: bool = True) -> Optional[Record]:
        """None, and why, where it cannot be spelled here or is random."""
        if unavailable(self._sample, dialect) is not None:
            return None
        try:
            implementation = self._implementations[dialect]
            record = self._record(dialect, implementation, self._sample.parameters, repeated)
        except (CompatError, Unsupported) as error:
            self._skipped.append(f"{self._sample.id} {dialect}: {error}")
            return None
        if record.random:
            self._skipped.append(f"{self._sample.id} {dialect}: other bits each time")
            return None
        return record

    def _by_hand(self, spelling: Spelling) -> Record:
        implementation = spelling.implementation or self._implementations["tf1.session"]
        return self._record(
            "tf1.session", implementation, dict(self._sample.parameters, **spelling.parameters)
        )

    def _record(
        self,
        dialect: str,
        implementation: Callable[..., Any],
        parameters: Dict[str, Any],
        repeated: bool = True,
    ) -> Record:
        operation = Operation(self._sample.operation.name, against=dialect)
        operation.on(dialect)(implementation)
        sample = Sample(operation, self._sample.name, self._sample.inputs, parameters, None, "", False)
        return record_of(sample, DIALECTS[dialect], self._objects, repeated)

    def _port(self, base: Record, legacy: str, dialect: str, record: Record, trap: bool) -> Port:
        read = self._objects.read
        with np.errstate(all="ignore"):
            verdict = judge_port(record, read, base, read, "the port", "the legacy side")
            causes: List[str] = []
            if trap and verdict.word not in PASSING:
                places = wrong_places(record, read, base, read)
                causes = list(causes_of_places(places, read, {}, _SECONDS))
        return Port(self._sample.id, legacy, dialect, trap, verdict, causes, words_of(self._sample.id))


def _follows_from_inputs(trace: Trace) -> bool:
    """Whether an output follows from an input."""
    inputs = set(trace.inputs.values())
    return any(node.tensor() in inputs for node in trace.ancestors(trace.outputs.values()))


def words_of(sample: str) -> Sequence[str]:
    """Of these words the first cause that is told of a trap has to contain one; () where none are known."""
    return next((words for pattern, words in CAUSES if fnmatchcase(sample, pattern)), ())
