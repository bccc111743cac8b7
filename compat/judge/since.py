"""Since when: the versions at which a dialect's result changed, by bits and by verdict, from the stored runs.

``bisect`` fills in the versions between two stored ones, until the change lies between neighbours.
"""

import configparser
import os
import re
import subprocess
from typing import Callable, Iterable, List, Optional, Sequence, Tuple

from ..errors import CompatError
from ..record.versions import release
from ..store import Run
from .judging import Judged, judge_runs


class Point:
    """One version: ``name`` of its environment, ``word`` of the verdict, ``bits`` of the result."""

    def __init__(self, judged: Judged, sample: str, dialect: str) -> None:
        record, verdict = judged.record(sample, dialect), judged.verdict(sample, dialect)
        assert record is not None and verdict is not None  # ``history`` takes no others
        self.name = judged.name
        self.version = version_of(judged.run)
        self.word = verdict.shown
        self.bits = record.bits if record.status == "ok" else record.status
        self.message = verdict.known.told if verdict.known else verdict.message

    def same(self, other: "Point", by: str) -> bool:
        return getattr(self, by) == getattr(other, by)


def version_of(run: Run) -> Tuple[int, ...]:
    """TensorFlow's (major, minor) in that run; () without one."""
    return release(run.environment.tensorflow or "")[:2]


def history(judged: Iterable[Judged], sample: str, dialect: str, variant: str = "") -> List[Point]:
    """The Points of a sample in a dialect in the order of versions.

    ``variant``: the end of the environments' names, "-onednn" say; others are left out, for a kernel that
    another setting chose is no change of a version.
    """
    plain = re.compile(r"tf\d+\.\d+" + re.escape(variant) + r"\Z")
    points = [
        Point(one, sample, dialect)
        for one in judged
        if plain.match(one.name) and one.record(sample, dialect) is not None
    ]
    return sorted(points, key=lambda point: point.version)


def changes(points: Iterable[Point], by: str) -> List[Tuple[Point, Point]]:
    """``[(before, after)]`` of neighbours that differ ``by`` "bits" or "word"; without unsupported ones."""
    recorded = [point for point in points if point.word != "unsupported"]
    return [(a, b) for a, b in zip(recorded, recorded[1:]) if not a.same(b, by)]


def only(run: Run, sample: str) -> Run:
    """The run with the records of one sample: nothing else is judged."""
    run.records = {sample: run.records[sample]} if sample in run.records else {}
    return run


def between(names: Iterable[str], before: Point, after: Point) -> List[str]:
    """The environments of ``names`` that lie strictly between two Points, in order."""
    versions = {name: release(name) for name in names}
    inside = [name for name in names if before.version < versions[name] < after.version]
    return sorted(inside, key=versions.__getitem__)


def environments(tox_ini: str, variant: str = "") -> List[str]:
    """The names of the TensorFlow environments that tox.ini knows."""
    if not os.path.exists(tox_ini):
        raise CompatError(
            f"{tox_ini}: there is no such file; bisect makes environments by tox, in its folder"
        )
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(tox_ini)
    found = set(re.findall(r"tf\d+\.\d+", tox.get("testenv", "deps", fallback="")))
    return sorted((name + variant for name in found), key=release)


def bisect(
    store: str,
    sample: str,
    dialect: str,
    by: str,
    names: Sequence[str],
    compute: Callable[[str], None],
    tell: Callable[..., None] = print,
) -> Optional[Tuple[Point, Point]]:
    """The neighbours between which the result last changed, as (before, after), or None where it never did.

    ``compute(name)`` runs the sample in that environment, into the store; it may fail (skipped then).
    """
    variant = "-onednn" if names and names[0].endswith("-onednn") else ""
    skipped = set()
    while True:
        points = history(judge_runs([only(run, sample) for run in _runs(store)]), sample, dialect, variant)
        found = changes(points, by)
        if not found:
            return None
        before, after = found[-1]
        inside = [name for name in between(names, before, after) if name not in skipped]
        if not inside:
            return before, after
        middle = inside[len(inside) // 2]
        tell(f"{before.name} and {after.name} differ: running {middle}", flush=True)
        compute(middle)
        done = Run.exists(os.path.join(store, middle)) and Run.open(os.path.join(store, middle)).record(
            sample, dialect
        )
        if not done or done.status == "unsupported":
            tell(f"{middle} has no result of it: left out", flush=True)
            skipped.add(middle)


def _runs(store):
    names = os.listdir(store) if os.path.isdir(store) else []
    return [
        Run.open(os.path.join(store, name)) for name in sorted(names) if Run.exists(os.path.join(store, name))
    ]


def run_by_tox(tox_ini: str, sample: str, dialect: str) -> Callable[[str], None]:
    """``compute`` of ``bisect``: tox makes the environment where it must, and runs the one sample."""

    def compute(name):
        command = ["tox", "run", "-c", tox_ini, "-e", name, "--", "--sample", sample, "--dialect", dialect]
        try:
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        except OSError as error:
            raise CompatError(f"tox cannot be started ({error.strerror}): pip install tox tox-uv") from None

    return compute
