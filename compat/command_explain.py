"""``compat explain``: why a result of a run differs, in one sentence with the edit that mends it."""

import numpy as np

from . import cases as case_files
from .errors import CompatError
from .explain import HYPOTHESES, Target, describe, explain
from .judge import PASSING, compare
from .reference import Network
from .store import Run


def add_arguments(parser):
    parser.add_argument("run", nargs="?", metavar="RUN", help="the folder of a run")
    parser.add_argument("sample", nargs="?", metavar="SAMPLE", help="its id: conv2d[b1]")
    parser.add_argument("dialect", nargs="?", metavar="DIALECT", help="e.g. keras3")
    parser.add_argument(
        "--seconds", type=float, default=20, metavar="S", help="for pairs of causes (default: %(default)g)"
    )
    parser.add_argument("--hypotheses", action="store_true", help="list what is tried, and end")


def main(arguments):
    if arguments.hypotheses:
        for hypothesis in HYPOTHESES:
            print(f"{hypothesis.name:40}{hypothesis.sentence}")
        print(f"{len(HYPOTHESES)} hypotheses, and pairs of them")
        return 0
    if arguments.dialect is None:
        raise CompatError("expected RUN SAMPLE DIALECT, or --hypotheses")
    run = Run.open(arguments.run)
    record = run.record(arguments.sample, arguments.dialect)
    if record is None:
        raise CompatError(_missing(run, arguments.sample, arguments.dialect))
    if record["status"] != "ok":
        print(f"{arguments.sample} {arguments.dialect}: {record['status']}: {record['message']}")
        return 0 if record["status"] == "unsupported" else 1
    sample = _sample(run, arguments.sample, record)
    verdict = run.verdict(arguments.sample, arguments.dialect)
    print(f"{sample.id} {arguments.dialect} in {run.name}: {verdict['word']}")
    if verdict["word"] in PASSING:
        print("  rounding explains it: nothing to mend")
        return 0
    if verdict["known"]:
        print(f"  known: {verdict['known']['reason']}")
    place, target, references = _target(sample, record, run.objects.read)
    if place:
        print(f"  it begins at {place}")
    for line in _causes(target, references, arguments.seconds):
        print(f"  {line}")
    return 0 if verdict["known"] else 1


def _missing(run, sample_id, dialect):
    if sample_id not in run.records:
        near = [known for known in run.records if known.split("[")[0] == sample_id.split("[")[0]]
        hint = f"; it has {', '.join(near[:8])}" if near else ""
        return f"{run.folder}: no sample {sample_id!r}{hint}"
    return f"{run.folder}: no {dialect} of {sample_id}; it has {', '.join(run.records[sample_id])}"


def _sample(run, sample_id, record):
    """The sample from its case file, which must be what was computed."""
    path = run.samples[sample_id]["path"]
    sample = case_files.select(case_files.find([path]), [sample_id])[sample_id]
    if sample.case_digest() != record["case"]:
        raise CompatError(f"{path}: {sample_id} has changed since it was run: compat run {path} again")
    if sample.operation.reference is None:
        raise CompatError(f"{sample_id}: the operation has no reference to explain it by")
    return sample


def _target(sample, record, read):
    """(the first wrong tensor of a network or "", the Target, its references)."""
    results = {name: (read(output["digest"]), output["dtype"]) for name, output in record["outputs"].items()}
    arrays = list(sample.arrays().values())
    references = sample.refer()
    if not isinstance(references, Network):
        return "", Target(sample.operation, arrays, sample.parameters, results, record["dtype"]), references
    for name, (result, dtype) in results.items():
        step = references.step_alone(name, lambda source: results[source][0]) if name in references else None
        if step is None:
            continue
        rule, inputs = step
        answer = rule(*inputs)
        if compare(result, dtype, answer, record["dtype"])["word"] not in PASSING:
            alone = Target(_Rule(rule), inputs, {}, {"y": (result, dtype)}, record["dtype"])
            return name, alone, {"y": answer}
    raise CompatError(f"{sample.id}: every step is right by itself: what differs is rounding that adds up")


class _Rule:
    """A step of a network as an operation of its own."""

    def __init__(self, rule):
        self.reference = rule


def _causes(target, references, seconds):
    """The lines to print: the likeliest cause, others that fit as well, or the shape of the error."""
    found = explain(target, seconds)
    if found:
        yield "cause: " + "; and ".join(found[0].sentences)
        yield f"with that undone it uses {found[0].share:.2g} of the rounding allowance"
        for other in found[1:]:
            yield "as well possible: " + "; and ".join(other.sentences)
        return
    yield f"none of {len(HYPOTHESES)} hypotheses fits, alone or in pairs; what the difference looks like:"
    for name, (result, dtype) in target.results.items():
        if name not in references:
            yield f"{name}: not expected"
            continue
        reference = references[name]
        if compare(result, dtype, reference, target.dtype)["word"] in PASSING:
            continue
        with np.errstate(all="ignore"):
            allowance = reference.worst(dtype) if _floating(dtype) else np.zeros(reference.value.shape)
            for sentence in describe(result.astype(np.float64), reference.value, allowance):
                yield f"{name}: {sentence}" if len(target.results) > 1 else sentence


def _floating(dtype):
    return dtype.startswith(("float", "bfloat"))
