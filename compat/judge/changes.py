"""What changed between two runs, sample by sample and dialect by dialect.

``identical``   the same bits
``drift``       other bits, and the verdict is no worse: a new kernel
``regression``  the verdict got worse, or is not recorded now
``unsupported`` what had a result cannot be spelled there: no fault of anybody

A regression that known_differences.toml explains in the second run is shown, and does not fail.
"""

import collections
from dataclasses import dataclass
from typing import List, Optional, Tuple

from ..record.dialects import in_order
from ..records import SEVERITY
from .judging import Judged

WORDS = ("identical", "drift", "regression", "known", "stale", "mended", "new", "unsupported")


@dataclass
class Change:
    """One sample in one dialect, in both runs: ``word`` and a sentence."""

    sample: str
    dialect: str
    word: str
    text: str


def compare(a: Judged, b: Judged) -> List[Change]:
    """A Change for every sample and dialect that has a record with a result in either run."""
    changes = []
    for sample in sorted(set(a.run.records) | set(b.run.records)):
        dialects = {*a.run.records.get(sample, ()), *b.run.records.get(sample, ())}
        for dialect in in_order(dialects):
            change = _change(a, b, sample, dialect)
            if change:
                changes.append(Change(sample, dialect, *change))
    return changes


def _change(a: Judged, b: Judged, sample: str, dialect: str) -> Optional[Tuple[str, str]]:
    before, after = a.verdict(sample, dialect), b.verdict(sample, dialect)
    spelled_before = before is not None and before.word != "unsupported"
    if after is None:
        return (
            ("regression", f"{before.word} before, not recorded now") if before and spelled_before else None
        )
    if after.word == "unsupported":
        return (
            ("unsupported", f"{before.word} before: {after.message}") if before and spelled_before else None
        )
    if before is None or not spelled_before:
        return "new", after.word
    old, new = a.run.records[sample][dialect], b.run.records[sample][dialect]
    if old.case != new.case:
        return "stale", "the sample itself changed between the runs: nothing to compare"
    if SEVERITY[after.word] > SEVERITY[before.word]:
        text = f"{before.word} -> {after.word}: {after.message}"
        return ("known", f"{text} ({after.known.told})") if after.known else ("regression", text)
    if SEVERITY[after.word] < SEVERITY[before.word]:
        return "mended", f"{before.word} -> {after.word}"
    if old.bits == new.bits:
        return "identical", after.word
    return "drift", f"{before.word} -> {after.word}, other bits"


def summary(a: Judged, b: Judged, changes: List[Change]) -> str:
    """``tf1.15 -> tf2.21: 561 identical, 24 known``."""
    counts = collections.Counter(change.word for change in changes)
    told = ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])
    return f"{a.name} -> {b.name}: {told or 'nothing is recorded in both'}"
