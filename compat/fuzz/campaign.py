"""The wheel: draw a batch, run it in all versions, judge it, shrink and keep what is new, write it down, go on."""

import dataclasses
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..arrays import digest
from ..judge.known import KnownDifference
from . import draws
from .findings import Finding, cause_of
from .judging import GRAPHS, Fault, Judged, Known, judge
from .pool import Cell, Cells, Pool, Spared
from .samples import Drawn, name_of, seed_of
from .shrinking import shrink
from .spelled import DIALECTS
from .store import Store

#: An operation that ended so many processes is not drawn there again: each costs a start, and tells nothing new.
DEATHS = 3
#: Kinds of one operation and verdict that are shrunk, each by itself; later ones are counted with them.
_KINDS = 12


class Plan(NamedTuple):
    """What a campaign draws: the same plan and seed draw the same batches."""

    operations: Tuple[str, ...]
    seed: int = 0
    size: int = 48
    largest: int = 8

    @property
    def name(self) -> str:
        """Batches of one name follow each other."""
        return f"{self.seed}-{seed_of(*sorted(self.operations), self.size, self.largest):08x}"

    def batch(self, number: int) -> List[Drawn]:
        return draws.batch(seed_of(self.name, number), self.size, self.operations, self.largest)


class Shown(NamedTuple):
    """A fault, with the sample that shows it and what became of that in every cell."""

    drawn: Drawn
    cells: Cells
    fault: Fault


class Campaign:
    """One process's share of it.  ``tell``: is told of every finding that is new."""

    def __init__(
        self,
        plan: Plan,
        pool: Pool,
        store: Store,
        known: Sequence[KnownDifference],
        tell: Callable[[Finding], None] = lambda finding: None,
        left_out: bool = True,
    ) -> None:
        self.plan, self.pool, self.store, self._tell = plan, pool, store, tell
        self.known = Known(known, pool.environments())
        self._deaths: Dict[Tuple[Cell, str], int] = {}
        #: Of batches that are under way as well.
        self._drawn = set(store.digests)
        #: Whether what is known is left out; else a finding says what it is.
        self.left_out = left_out

    def run(self, seconds: float, graphs: Optional[int], progress: Callable[[], None]) -> None:
        """Batches until the time is over or so many samples were tried.  Judges one while the next is run."""
        end, first = time.monotonic() + seconds, self.store.totals.get("samples", 0)
        number = self.store.next.get(self.plan.name, 0)
        with ThreadPoolExecutor(max_workers=1) as ahead:
            waiting: Optional[Tuple[int, List[Drawn], Future[List[Cells]]]] = None
            while True:
                room = graphs is None or self.store.totals.get("samples", 0) - first < graphs
                coming = None
                if room and time.monotonic() < end:
                    samples = self.fresh(number)
                    coming = number, samples, ahead.submit(self._run, samples, self._spared())
                    number += 1
                if waiting is not None:
                    done, samples, future = waiting
                    self.settle(done, samples, future.result())
                    progress()
                if coming is None:
                    break
                waiting = coming

    def fresh(self, number: int) -> List[Drawn]:
        """The samples of a batch that were not tried before."""
        samples = {drawn.digest: drawn for drawn in self.plan.batch(number)}
        found = [drawn for digest, drawn in samples.items() if digest not in self._drawn]
        self._drawn.update(samples)
        return found

    def one(self, number: int) -> Dict[str, float]:
        """One batch alone; what was counted."""
        samples = self.fresh(number)
        return self.settle(number, samples, self._run(samples, self._spared()))

    def _run(self, samples: Sequence[Drawn], spared: Spared) -> List[Cells]:
        return self.pool.run(samples, DIALECTS, spared=spared)

    def _spared(self) -> Spared:
        return {where for where, count in self._deaths.items() if count >= DEATHS}

    def settle(self, number: int, samples: Sequence[Drawn], cells: Sequence[Cells]) -> Dict[str, float]:
        """Judge a batch, keep what is new, and write it down."""
        started = time.monotonic()
        hits: Dict[str, int] = {}
        kinds: Dict[str, str] = {}
        counted = ("compared", "unruled", "drift", "explained", "results", "spared")
        counts: Dict[str, float] = dict.fromkeys(counted, 0)
        for drawn, by_cell in zip(samples, cells):
            with np.errstate(all="ignore"):
                judged = judge(drawn, by_cell)
            counts["results"] += len(by_cell)
            for fault in judged.faults:
                if fault.word in ("crashed", "timeout"):
                    where = fault.cell, fault.operation
                    self._deaths[where] = self._deaths.get(where, 0) + 1
                    counts["spared"] += self._deaths[where] == DEATHS
            for name in ("compared", "unruled", "drift"):
                counts[name] += getattr(judged, name)
            left = self._unexplained(self._in_steps(drawn, by_cell, judged), counts)
            for kind, shown in {one.fault.kind: one for one in reversed(left)}.items():
                name = self.store.kinds.get(kind) or self._new(shown)
                kinds[kind] = name
                self.store.kinds[kind] = name
                hits[name] = hits.get(name, 0) + 1
        counts.update(samples=len(samples), judging=time.monotonic() - started)
        row = {
            "campaign": self.plan.name,
            "batch": number,
            "digests": [drawn.digest for drawn in samples],
            "counts": counts,
            "hits": hits,
            "kinds": kinds,
        }
        self.store.add(row)
        return counts

    def _unexplained(self, shown: List[Shown], counts: Dict[str, float]) -> List[Shown]:
        """Those that no known difference speaks of."""
        left = [one for one in shown if self.unexplained(one.fault)]
        counts["explained"] += len(shown) - len(left)
        return left

    def unexplained(self, fault: Fault) -> bool:
        return not self.left_out or self.known.explains(fault) is None

    def _in_steps(self, drawn: Drawn, cells: Cells, judged: Judged) -> List[Shown]:
        """Of a graph that was seen as a whole: where its steps, seen one by one, are wrong already, that instead.

        Where they are right one by one, and end in the same bits, rounding led there: sqrt(cos(pi / 2)) may be NaN.
        """
        shown = [Shown(drawn, cells, fault) for fault in judged.faults]
        if not drawn.whole or not any(fault.cell[1] in GRAPHS for fault in judged.faults):
            return shown
        in_steps = dataclasses.replace(drawn, whole=False)
        (found,) = self.pool.run([in_steps], DIALECTS)
        faults = {fault.cell: fault for fault in judge(in_steps, found).faults if fault.cell[1] in GRAPHS}
        last = name_of(len(drawn.steps) - 1)
        return [
            Shown(in_steps, found, faults[one.fault.cell]) if one.fault.cell in faults else one
            for one in shown
            if one.fault.cell in faults or not _same_bits(cells, found, one.fault.cell, last)
        ]

    def _new(self, shown: Shown) -> str:
        """The name of the finding that a new kind of fault is, or belongs to."""
        drawn, cells, fault = shown
        begins = f"{fault.operation} {fault.word} "
        alike = [name for kind, name in self.store.kinds.items() if kind.startswith(begins)]
        if len(alike) >= _KINDS:
            return alike[0]
        finding = self.finding(drawn, cells, fault)
        if self.store.keep(finding.name, finding.files()):
            self._tell(finding)
        return finding.name

    def finding(self, drawn: Drawn, cells: Cells, fault: Fault) -> Finding:
        """The fault shrunk, run everywhere once more, with its cause."""
        small = shrink(self.pool, drawn, cells, fault, self.unexplained)
        (found,) = self.pool.run([small], DIALECTS) if fault.word not in ("crashed", "timeout") else ({},)
        faults = [
            other
            for other in (judge(small, found).faults if found else [])
            if (other.operation, other.word) == (fault.operation, fault.word) and self.unexplained(other)
        ]
        if not any(
            other.cell == fault.cell for other in faults
        ):  # only among what came before it, or not again
            if found and found.keys() >= cells.keys() and small is not drawn:
                small, found = drawn, cells
            faults = [fault]
        cause = cause_of(small, found, faults[0]) if faults[0].cell in found else ""
        entries = [self.known.explains(other) for other in faults]
        known = list(dict.fromkeys(entry.reason for entry in entries if entry is not None))
        return Finding(small, faults, cause, self.pool.environments(), known)


def _same_bits(some: Cells, others: Cells, cell: Cell, name: str) -> bool:
    """Whether a result is the same in both."""
    found = [cells[cell].outputs.get(name) for cells in (some, others) if cell in cells]
    if len(found) < 2 or found[0] is None or found[1] is None:
        return False
    return found[0][1] == found[1][1] and digest(found[0][0]) == digest(found[1][0])


def summary(store: Store) -> Dict[str, Any]:
    """What a store holds, for the last lines and for other programs."""
    found = store.findings()
    for finding in found:
        finding["hits"] = store.hits.get(finding["name"], 0)
    return {"totals": store.totals, "findings": found}
