"""``compat fuzz``: operations and small graphs drawn at random, run in every version, judged, shrunk, grouped."""

import argparse
import json
import os
import sys
import time
from typing import Any, Sequence

from ..errors import CompatError
from ..fuzz import cluster, draws
from ..fuzz.campaign import DEATHS, Campaign, Plan, summary
from ..fuzz.findings import Finding, has_a_reason, places
from ..fuzz.pool import Pool, found_in
from ..fuzz.store import Store, merge
from . import operations


def add_arguments(parser: argparse.ArgumentParser) -> None:
    operations.add_arguments(parser)
    parser.add_argument("--graphs", type=int, metavar="N", help="stop after so many samples")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="stop after so long (default: 600 without --graphs)"
    )
    parser.add_argument(
        "--out", default="out/fuzz", metavar="FOLDER", help="the store (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other samples (default: 0)")
    parser.add_argument("--batch", type=int, default=48, metavar="N", help="samples at once (default: 48)")
    parser.add_argument(
        "--nodes", type=int, default=8, metavar="N", help="the most in one graph (default: %(default)s)"
    )
    parser.add_argument("--without-known", action="store_true", help="as if none were understood")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that the batches go to")
    parser.add_argument(
        "--merge", nargs="+", default=[], metavar="STORE", help="copy other machines' stores in first"
    )


def main(arguments: argparse.Namespace) -> int:
    draws.needed()
    plan = _plan(arguments)
    known = operations.known(arguments.known)
    merge(arguments.out, arguments.merge)
    store = Store(arguments.out)
    usual = 600.0 if arguments.graphs is None else float("inf")
    seconds = usual if arguments.seconds is None else arguments.seconds
    before, started = store.totals.get("samples", 0), time.monotonic()
    progress = _Progress(store, before, started)
    versions = found_in(arguments.environments, arguments.versions)
    if arguments.scheduler:
        job = cluster.Share(plan, arguments.environments, [v.name for v in versions], arguments.out, known)
        cluster.run(job, arguments.scheduler, store, seconds, arguments.graphs, progress)
    else:
        with Pool(versions) as pool:
            campaign = Campaign(plan, pool, store, known, _tell, not arguments.without_known)
            campaign.run(seconds, arguments.graphs, progress)
    tried = Store(arguments.out).totals.get("samples", 0) - before
    return _conclude(arguments.out, [v.name for v in versions], tried, time.monotonic() - started)


def _plan(arguments: argparse.Namespace) -> Plan:
    names = operations.operations(arguments.operations)
    for what in ("graphs", "seconds", "batch", "nodes"):
        value = getattr(arguments, what)
        if value is not None and not value > 0:
            raise CompatError(f"--{what} {value}: expected more than 0")
    return Plan(tuple(names), arguments.seed, arguments.batch, arguments.nodes)


class _Progress:
    """One line, written over where a terminal reads it."""

    def __init__(self, store: Store, before: float, started: float) -> None:
        self._store, self._before, self._started = store, before, started
        self._last = 0.0

    def __call__(self) -> None:
        now, terminal = time.monotonic(), sys.stderr.isatty()
        if now - self._last < (0.5 if terminal else 30):
            return
        self._last = now
        tried = self._store.totals.get("samples", 0) - self._before
        rate = tried / (now - self._started)
        text = f"{tried:.0f} samples, {rate:.1f} a second, {len(self._store.hits)} findings"
        print(f"\r{text}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)


def _tell(finding: Finding) -> None:
    because = f": {finding.cause}" if finding.cause else ""
    print(f"new: {finding.name} {places(finding.cells)}{because}", flush=True)


def _conclude(folder: str, versions: Sequence[str], tried: float, seconds: float) -> int:
    """The last lines, and the exit status."""
    store = Store(folder)
    found = summary(store)
    waiting = 0
    for finding in sorted(found["findings"], key=lambda one: -one["hits"]):
        known, reason = has_a_reason(store.place(finding["name"]), finding["name"])
        waiting += not known
        why = reason if known else finding["cause"] or finding["message"]
        cells = places([(version, dialect) for version, dialect in finding["cells"]])
        print(f"{'known' if known else 'waits'} {finding['name']}, {finding['hits']} samples, {cells}: {why}")
    totals = {name: int(value) for name, value in found["totals"].items()}
    with open(os.path.join(folder, "summary.json"), "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
    print(_totals(totals))
    rate = tried / seconds if seconds else 0.0
    print(f"now {tried:.0f} samples in {seconds:.0f} s, {rate:.1f} a second, in {', '.join(versions)}")
    rediscovered = {reason for finding in found["findings"] for reason in finding["known"]}
    if rediscovered:
        print(f"{len(rediscovered)} known differences are among them")
    print(f"{waiting} findings wait for a reason" if waiting else "nothing new")
    return 1 if waiting else 0


def _totals(totals: Any) -> str:
    value = lambda name: totals.get(name, 0)
    spared = f"; {value('spared')} times an operation ended {DEATHS} processes, and was drawn there no more"
    return (
        f"{value('samples')} samples in all, {value('results')} results, {value('compared')} steps judged; "
        f"{value('explained')} faults are known differences; of {value('unruled')} steps no rule tells, "
        f"{value('drift')} of their results have other bits than the oldest version"
        f"{spared if value('spared') else ''}"
    )
