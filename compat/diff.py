"""What changed between two runs, sample by sample and dialect by dialect.

``identical``   the same bits
``drift``       other bits, and the verdict is no worse: a new kernel
``regression``  the verdict got worse, or what had a result has none

A regression that known_differences.toml explains in the second run is shown, and does not fail.
"""

import collections

from .judge import SEVERITY
from .operation import DIALECT_NAMES

WORDS = ("identical", "drift", "regression", "known", "stale", "mended", "new")


class Change:
    """One sample in one dialect, in both runs: ``word`` and a sentence."""

    def __init__(self, sample, dialect, word, text):
        self.sample, self.dialect, self.word, self.text = sample, dialect, word, text


def compare(run_a, run_b):
    """A Change for every sample and dialect that has a record with a result in either run."""
    changes = []
    for sample in sorted(set(run_a.records) | set(run_b.records)):
        for dialect in DIALECT_NAMES:
            change = _change(run_a, run_b, sample, dialect)
            if change:
                changes.append(Change(sample, dialect, *change))
    return changes


def _change(run_a, run_b, sample, dialect):
    a, b = run_a.record(sample, dialect), run_b.record(sample, dialect)
    word_a, word_b = (_word(run, sample, dialect) for run in (run_a, run_b))
    if word_a in (None, "unsupported") and word_b in (None, "unsupported"):
        return None
    if word_a in (None, "unsupported"):
        return "new", word_b
    if word_b is None:
        return "regression", f"{word_a} before, not recorded now"
    if a["case"] != b["case"]:
        return "stale", "the sample itself changed between the runs: nothing to compare"
    verdict = run_b.verdict(sample, dialect) or {}
    if SEVERITY[word_b] > SEVERITY[word_a]:
        text = f"{word_a} -> {word_b}: {verdict.get('message') or b['message']}"
        return (
            ("known", f"{text} ({verdict['known']['reason']})")
            if verdict.get("known")
            else ("regression", text)
        )
    if SEVERITY[word_b] < SEVERITY[word_a]:
        return "mended", f"{word_a} -> {word_b}"
    if _bits(a) == _bits(b):
        return "identical", word_b
    return "drift", f"{word_a} -> {word_b}, other bits"


def _word(run, sample, dialect):
    verdict, record = run.verdict(sample, dialect), run.record(sample, dialect)
    if verdict:
        return verdict["word"]
    return None if record is None else "unjudged" if record["status"] == "ok" else record["status"]


def _bits(record):
    return {name: (output["digest"], output["dtype"]) for name, output in record["outputs"].items()}


def main(run_a, run_b):
    """Print what changed; returns 1 if a regression is among it."""
    changes = compare(run_a, run_b)
    for change in changes:
        if change.word != "identical":
            print(f"{change.word:11}{change.sample} {change.dialect}: {change.text}")
    counts = collections.Counter(change.word for change in changes)
    print(
        f"{run_a.name} -> {run_b.name}: "
        + ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word])
    )
    return 1 if counts["regression"] else 0
