"""The samples of runs, each judged when its page is made: of all that is recorded, one sample's is in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compat.judge.judging import Judged, Judging
from compat.records import Verdict
from compat.store import Run

from . import along
from .grid import Cell, Environment, Row, environments_of, order, row_of


class Samples:
    """``environments``, ``ids`` in the order of the pages, and a ``row`` by its id."""

    def __init__(self, runs: Sequence[Run], judging: Judging):
        self.environments: list[Environment] = environments_of(runs)
        ids = {sample_id for run in runs for sample_id in (*run.samples, *run.records)}
        self.ids = sorted(ids, key=order)
        self._runs, self._judging = runs, judging

    def row(self, sample_id: str) -> Row:
        """The row of a sample, judged.  Raises CompatError for records of another form."""
        judged = [Judged(run) for run in self._runs]
        self._judging.judge_sample(sample_id, judged)
        verdicts = {one.run.folder: one.verdicts.get(sample_id, {}) for one in judged}
        row = row_of(sample_id, self.environments, lambda run: verdicts[run.folder])
        for run in self._runs:
            run.forget(sample_id)
        return row

    def graph(self, sample_id: str, cell: Cell) -> list[along.Line]:
        """A port along the graph of what it is judged against; empty where that is not known."""
        run = cell.environment.run
        return [along.of_place(place) for place in self._judging.all_places(run, sample_id, cell.record)]

    def pause(self) -> dict[str, str]:
        """Keep what the judge has found out for the next time; returns the files that it came of."""
        self._judging.end()
        return self._judging.follows_from()


class JudgedSamples(Samples):
    """Those of runs whose verdicts are there."""

    def __init__(self, judged: Sequence[Judged]):
        super().__init__([one.run for one in judged], Judging([]))
        self._verdicts = {one.run.folder: one.verdicts for one in judged}

    def row(self, sample_id: str) -> Row:
        return row_of(sample_id, self.environments, lambda run: self._of(run, sample_id))

    def _of(self, run: Run, sample_id: str) -> Mapping[str, Verdict]:
        return self._verdicts[run.folder].get(sample_id, {})
