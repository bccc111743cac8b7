"""The traps of the suite as ports: judged by a legacy graph alone, the reference taken away, in a TensorFlow.

A trap is a known difference: dialects of a sample that compute something else than its reference.  The legacy side is
``tf1.session``, or the first dialect that is not trapped and has a graph; each trapped dialect is a port, which may
not be green, and each other one a harmless variation.  Where every dialect with a graph is trapped, TensorFlow 1's own
values are the specification and the right dialects the ports that differ; where every dialect is, the right spelling
is in ``traps_by_hand``.
"""

import os
from fnmatch import fnmatchcase
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..case.files import Case, find
from ..case.operation import Operation, Sample
from ..errors import CompatError, Unsupported
from ..explain import causes_of_places
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
from .traps_by_hand import BY_HAND, CAUSES, Spelling

#: Dialects in the order in which one of them is the legacy side.
_LEGACY = ("tf1.session", "tf2.eager", "tf2.function", "keras2", "keras3")
#: Seconds that the search for the causes of one port may take.
_SECONDS = 1.0


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
    trapped = [
        (case, sample, entries)
        for case in find([folder])
        for sample, entries in _trapped(case, here)
        if only(sample)
    ]
    found = Traps(version_of("tensorflow") or "", [], [])
    for number, (case, sample, entries) in enumerate(trapped):
        with case.at_work():
            for port in _Sample(sample, entries, here, found.skipped).ports():
                found.ports.append(port)
        progress(number + 1, len(trapped))
    return found


def _trapped(case: Case, here: Environment) -> Iterator[Tuple[Sample, List[KnownDifference]]]:
    """The samples of which some dialect is known to differ here, with the entries that say so."""
    path = known.path_beside(case.path)
    entries = [entry for entry in known.read(path) if entry.verdict == "differs"] if path else []
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
        operation = sample.operation
        self._trapped = {
            dialect
            for dialect in operation.implementations
            if any(entry.matches(operation.name, sample.name, dialect, here) for entry in entries)
        }
        self._records = dict(self._recorded(operation.implementations))

    def _recorded(self, implementations: Dict[str, Callable[..., Any]]) -> Iterator[Tuple[str, Record]]:
        for dialect in sorted(implementations, key=list(DIALECTS).index):
            if dialect == "tf2.function" and implementations.get("tf2.eager") is implementations[dialect]:
                continue  # the same graph
            if unavailable(self._sample, dialect) is None:
                try:
                    record = self._record(dialect, implementations[dialect], self._sample.parameters)
                except (CompatError, Unsupported) as error:
                    self._skipped.append(f"{self._sample.id} {dialect}: {error}")
                    continue
                if record.random:
                    self._skipped.append(f"{self._sample.id} {dialect}: other bits each time")
                    continue
                yield dialect, record

    def _record(self, dialect: str, implementation: Callable[..., Any], parameters: Dict[str, Any]) -> Record:
        operation = Operation(self._sample.operation.name, against=dialect)
        operation.on(dialect)(implementation)
        sample = Sample(operation, self._sample.name, self._sample.inputs, parameters, None, "", False)
        return record_of(sample, DIALECTS[dialect], self._objects)

    def ports(self) -> Iterator[Port]:
        by_hand = next((s for pattern, s in BY_HAND if fnmatchcase(self._sample.id, pattern)), None)
        if by_hand is not None:
            yield from self._by_hand(by_hand)
            return
        graphs = [d for d in _LEGACY if d in self._records and self._records[d].trace]
        legacy = next((d for d in graphs if d not in self._trapped), next(iter(graphs), None))
        if legacy is None:
            self._skipped.append(f"{self._sample.id}: no dialect has a graph here")
            return
        turned = legacy in self._trapped
        for dialect in self._records:
            trap = (dialect in self._trapped) != turned
            # The trapped ones may be so in several ways.
            if dialect != legacy and (trap or not turned) and not self._draws_otherwise(legacy, dialect):
                port = self._port(self._records[legacy], legacy, dialect, trap)
                if not (port.caught and not trap and self._takes_others(legacy, dialect)):
                    yield port

    def _draws_otherwise(self, legacy: str, dialect: str) -> bool:
        """Whether the legacy graph draws numbers, and the dialect others: it is no graph."""
        graph = side(self._records[legacy], self._objects.read)
        draws = graph is not None and any(node.op in DRAWN for node in graph.trace.nodes)
        if draws and self._records[dialect].trace is None:
            self._skipped.append(f"{self._sample.id} {dialect}: draws other numbers")
            return True
        return False

    def _takes_others(self, *dialects: str) -> bool:
        """Whether a dialect takes no notice of some of its inputs: then nothing was measured by moving them."""
        for dialect in dialects:
            if self._records[dialect].trace and not _is_seen(self._records[dialect], self._objects.read):
                self._skipped.append(f"{self._sample.id} {dialect}: takes other numbers than its inputs")
                return True
        return False

    def _by_hand(self, spelling: Spelling) -> Iterator[Port]:
        implementation = spelling.implementation or self._sample.operation.implementations["tf1.session"]
        parameters = dict(self._sample.parameters, **spelling.parameters)
        base = self._record("tf1.session", implementation, parameters)
        for dialect in self._records:
            yield self._port(base, "tf1.session spelled by hand", dialect, dialect in self._trapped)

    def _port(self, base: Record, legacy: str, dialect: str, trap: bool) -> Port:
        record, read = self._records[dialect], self._objects.read
        with np.errstate(all="ignore"):
            verdict = judge_port(record, read, base, read, "the port", "the legacy side")
            causes: List[str] = []
            if trap and verdict.word not in PASSING:
                places = wrong_places(record, read, base, read)
                causes = list(causes_of_places(places, read, {}, _SECONDS))
        return Port(self._sample.id, legacy, dialect, trap, verdict, causes, words_of(self._sample.id))


def _is_seen(record: Record, read: Callable[[str], Any]) -> bool:
    """Whether an output follows from an input in the record's graph."""
    graph = side(record, read)
    if graph is None:
        return False
    inputs = set(graph.trace.inputs.values())
    nodes = graph.trace.ancestors(graph.trace.outputs.values())
    return any(node.tensor() in inputs for node in nodes)


def words_of(sample: str) -> Sequence[str]:
    """Of these words the first cause that is told of a trap has to contain one; () where none are known."""
    return next((words for pattern, words in CAUSES if fnmatchcase(sample, pattern)), ())
