"""``compat explain``: why a result of a run differs, in one sentence with the edit that mends it."""

import argparse
import math
import sys
import time

from ..errors import CompatError
from ..explain import HYPOTHESES, ReferenceOnly, Target, causes, causes_of_places, first_wrong_step
from ..judge.compare import compare
from ..judge.judging import Judging
from ..records import JUDGED, PASSING, needs_a_person
from ..reference import Network
from ..store import find_one
from .telling import add_cases

#: Seconds that are left for the search however long the references took.
_LEAST = 3.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", metavar="RUN", help="the folder of a run")
    parser.add_argument("sample", nargs="?", metavar="SAMPLE", help="its id: conv2d[b1]")
    parser.add_argument("dialect", nargs="?", metavar="DIALECT", help="e.g. keras3")
    parser.add_argument(
        "--seconds", type=float, default=15, metavar="S", help="to take at most, about (default: %(default)g)"
    )
    parser.add_argument("--hypotheses", action="store_true", help="list what is tried, and end")
    add_cases(parser)


def main(arguments: argparse.Namespace) -> int:
    if arguments.hypotheses:
        for hypothesis in HYPOTHESES:
            print(f"{hypothesis.name:40}{hypothesis.sentence}")
        print(f"{len(HYPOTHESES)} hypotheses, and pairs of them")
        return 0
    if arguments.dialect is None:
        raise CompatError("expected RUN SAMPLE DIALECT, or --hypotheses")
    if not (math.isfinite(arguments.seconds) and arguments.seconds > 0):
        raise CompatError(f"--seconds {arguments.seconds:g}: expected seconds, more than 0")
    run = find_one(arguments.run)
    record = run.record(arguments.sample, arguments.dialect)
    if record is None:
        raise CompatError(_missing(run, arguments.sample, arguments.dialect))
    started = time.monotonic()
    judging = Judging([run], arguments.cases)
    verdict = judging.verdict(run, arguments.sample, arguments.dialect)
    judging.end()
    if verdict.word in ("stale", "unjudged"):
        raise CompatError(f"{arguments.sample} {arguments.dialect}: {verdict.message}")
    print(f"{arguments.sample} {arguments.dialect} in {run.name}: {verdict.word}")
    if verdict.word in PASSING:
        print("  rounding explains it: nothing to mend")
        return 0
    if verdict.known:
        print(f"  known: {verdict.known.told}")
    if record.status != "ok" or verdict.word not in JUDGED:
        print(f"  {verdict.message}")
        return 1 if needs_a_person(verdict) else 0
    case, sample = judging.sample(run, arguments.sample, record)
    with case.at_work():
        references = judging.answers(run, sample, record)
        left = max(arguments.seconds - (time.monotonic() - started), min(_LEAST, arguments.seconds))
        found = judging.wrong_places(run, sample, record)
        for line in _reasons(sample, record, references, run.objects.read, left, found):
            print(f"  {line}")
    return 1 if needs_a_person(verdict) else 0


def _missing(run, sample_id, dialect):
    if sample_id not in run.records:
        near = sorted(known for known in run.records if known.split("[")[0] == sample_id.split("[")[0])
        hint = f"; it has {', '.join(near[:8])}" if near else ""
        return f"{run.folder}: no sample {sample_id!r}{hint}"
    return f"{run.folder}: no {dialect} of {sample_id}; it has {', '.join(run.records[sample_id])}"


def _reasons(sample, record, references, read, seconds, found):
    """The lines to print of a sample that does not agree.  ``found``: the wrong places of a port, where known."""
    results = {name: (read(output.digest), output.dtype) for name, output in record.outputs.items()}
    inputs = sample.arrays()
    known = {f"the input {name}": array for name, array in inputs.items()}
    if sample.operation.against:
        if found:
            progress = _Progress()
            try:
                yield from causes_of_places(found, read, known, max(seconds, _LEAST), progress)
            finally:
                progress.end()
            return
        name, target = _first_wrong(results, references, record.dtype)
        if len(results) > 1:
            yield f"it begins at {name}"
        yield from _causes(target, known, seconds)
        return
    if isinstance(references, Network):
        step = first_wrong_step(references, results, record.dtype)
        if step is not None:
            name, target = step
            yield f"it begins at {name}"
            before = list(results)[: list(results).index(name)]
            known.update((f"the tensor {other}", results[other][0]) for other in before)
            yield from _causes(target, known, seconds)
            return
        if all(
            references.step_alone(name, lambda n: results[n][0]) for name in results if name in references
        ):
            yield "every step is right by itself: what differs is rounding that adds up"
            return
    target = Target(sample.operation, list(inputs.values()), sample.parameters, results, record.dtype)
    yield from _causes(target, known, seconds)


def _first_wrong(results, answers, input_dtype):
    """(name, Target) of the first output that is not the one it is judged against.

    All that can be undone there is what was done to the answer itself: nothing is known of its making.
    """
    for name, (result, dtype) in results.items():
        answer = answers.get(name)
        if answer is None or compare(result, dtype, answer, input_dtype).word not in PASSING:
            break
    return name, Target(ReferenceOnly(lambda: answer), [], {}, {"y": (result, dtype)}, input_dtype)


class _Progress:
    """Says on a terminal how many possibilities have been tried, where it takes longer than a few seconds."""

    def __init__(self, wait=3.0):
        self._started = self._said = time.monotonic()
        self._wait = wait
        self._shown = False

    def __call__(self, tried):
        now = time.monotonic()
        if now - self._started > self._wait and now - self._said > 0.5 and sys.stderr.isatty():
            self._said, self._shown = now, True
            sys.stderr.write(f"\rexplain: {tried} possibilities tried, {now - self._started:.0f} s")
            sys.stderr.flush()

    def end(self):
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _causes(target, known, seconds):
    progress = _Progress()
    try:
        return list(causes(target, known, seconds, progress))
    finally:
        progress.end()
