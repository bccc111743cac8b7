"""Harmless variations that nobody made up: the results of all versions, settings and threads in stored runs.

A version's other kernels, oneDNN and another number of threads are no faults.  What the judge flags among
them, and known_differences.toml does not explain, is a false alarm.
"""

from typing import Iterable, NamedTuple

from ..judge.judging import Judged
from ..judge.since import version_of
from ..records import JUDGED, PASSING


class Stored(NamedTuple):
    """Counts over runs; ``flagged``: what the judge flagged, a line each."""

    versions: int
    onednn: int
    threaded: int
    results: int
    distinct: int
    flagged: list

    def __str__(self):
        return (
            f"In the stored runs, of {self.versions} versions, {self.onednn} of them with oneDNN and "
            f"{self.threaded} with more than one thread: {self.results:,} results that are right, "
            f"{self.distinct:,} of them distinct; {len(self.flagged)} flagged."
        )


def stored(judged: Iterable[Judged]) -> Stored:
    """Count the results of judged runs that should agree: those judged, less the known differences."""
    results, distinct, flagged = 0, set(), []
    runs = [one.run for one in judged]
    for one in judged:
        for sample_id, dialect, verdict in one.rows():
            if verdict.word not in JUDGED or verdict.known:
                continue
            results += 1
            distinct.add((sample_id, one.run.records[sample_id][dialect].bits))
            if verdict.word not in PASSING:
                flagged.append(f"{one.name} {sample_id} {dialect}: {verdict.message}")
    return Stored(
        len({version_of(run) for run in runs} - {()}),
        sum(_setting(run, "TF_ENABLE_ONEDNN_OPTS") == "1" for run in runs),
        sum(run.environment.threads > 1 for run in runs),
        results,
        len(distinct),
        flagged,
    )


def _setting(run, name):
    return run.environment.settings.get(name)
