"""``compat run``: decide what is to be computed, let pytest compute it, and say what came out."""

import collections
import json
import os
import sys

import pytest

from . import cases as case_files
from .dialects import DIALECTS, dialect
from .environment import describe
from .errors import CompatError
from .judge import SEVERITY
from .store import Run
from .suite import Suite

#: Statuses that another attempt may change; the others are the answer until something changes.
_UNFINISHED = ("crashed", "timeout")
_SHOWN = 20
#: Larger inputs are not kept for the pages, which know them by their digest: VGG-16 has half a gigabyte.
LARGEST_INPUT_BYTES = 1 << 25


def add_arguments(parser):
    parser.add_argument("paths", nargs="*", metavar="PATH", help="case files or folders (default: cases)")
    parser.add_argument(
        "--out", required=True, metavar="RUN", help="the folder of the run, e.g. out/runs/tf2.15"
    )
    parser.add_argument(
        "--sample", action="append", default=[], metavar="ID", help="only this sample; may be repeated"
    )
    parser.add_argument(
        "--dialect", action="append", default=[], metavar="NAME", help="only this dialect; may be repeated"
    )
    parser.add_argument("--not-slow", action="store_true", help="leave out the samples marked slow")
    parser.add_argument(
        "--fresh", action="store_true", help="compute again what is already recorded and unchanged"
    )
    parser.add_argument(
        "-n",
        "--workers",
        type=int,
        metavar="N",
        help="processes side by side (default: one a core, at most 4)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=300,
        metavar="S",
        help="seconds for one sample (default: %(default)g)",
    )
    parser.add_argument(
        "--junitxml", metavar="FILE", help="write the outcome of every item as JUnit XML as well"
    )


def main(arguments):
    _check(arguments)
    cases = case_files.find(arguments.paths or ["cases"])
    samples = case_files.select(cases, arguments.sample)
    dialects = [dialect(name).name for name in arguments.dialect] or list(DIALECTS)
    for case in cases:
        if "[" in case.path or "::" in case.path:
            raise CompatError(f"{case.path}: pytest takes [ and :: for more than a path: rename it")
    suite = Suite(cases)
    run = _prepare(arguments.out, suite)
    plan, kept = _plan(run, suite, samples.values(), dialects, arguments)
    print(
        f"{run.name}: {len(samples)} samples in {len(dialects)} dialects: {len(plan)} to compute, "
        f"{kept} unchanged, the others cannot be spelled here",
        flush=True,
    )
    for process in sorted({DIALECTS[name].process for _, name in plan}, reverse=True):
        _compute([pair for pair in plan if DIALECTS[pair[1]].process == process], process, suite, arguments)
    run = Run.open(arguments.out)
    run.save()
    suite.judge_what_waited(run)
    lost = [pair for pair in plan if run.verdict(*pair) is None]
    if lost:
        raise CompatError(
            f"{len(lost)} of {len(plan)} samples left no record, the first is {lost[0]}; see above"
        )
    return _summary(run, samples, dialects)


def _check(arguments):
    """Options that argparse lets pass."""
    if not arguments.out:
        raise CompatError("--out is empty; name the folder of the run")
    if arguments.workers is not None and arguments.workers < 1:
        raise CompatError(f"--workers {arguments.workers}: expected at least 1")
    if not 0 < arguments.timeout < float("inf"):
        raise CompatError(f"--timeout {arguments.timeout:g}: expected seconds, more than 0")
    if os.path.exists(arguments.out) and not os.path.isdir(arguments.out):
        raise CompatError(f"{arguments.out}: is a file; --out names a folder")
    if not Run.exists(arguments.out) and os.path.isdir(arguments.out):
        # The journal of a run is deleted when it ends: never in a folder that is somebody else's.
        foreign = [n for n in os.listdir(arguments.out) if n != "verdicts.json" and not n.startswith(".tmp-")]
        if foreign:
            raise CompatError(f"{arguments.out}: is no run, and not empty; choose another --out")


def _prepare(folder, suite):
    """The run, saved before anything is computed, without records that are no longer of anything."""
    environment = describe(os.path.basename(os.path.abspath(folder)))
    run = Run.open(folder) if Run.exists(folder) else None
    if run is not None and run.environment != environment:
        changed = [key for key in environment if environment[key] != run.environment.get(key)]
        print(f"{run.name}: another environment than before ({', '.join(changed)}): recording anew")
        run = None
    run = run or Run(folder, environment)
    loaded = {case.path for case in suite.cases}
    for sample_id, sample in list(run.samples.items()):
        gone = sample["path"] in loaded or not os.path.exists(sample["path"])
        if gone and sample_id not in suite.samples:
            for rows in (run.samples, run.records, run.verdicts):
                rows.pop(sample_id, None)
    run.samples.update({sample.id: suite.describe(sample) for sample in suite.samples.values()})
    return run


def _plan(run, suite, samples, dialects, arguments):
    """``([sample, dialect], ...)`` to compute, and how many are unchanged; writes the unsupported ones."""
    plan, kept = [], 0
    for sample in samples:
        if sample.slow and arguments.not_slow:
            continue
        case, code = sample.case_digest(), suite.code_of(sample)
        for name in dialects:
            row = suite.unavailable_row(sample, name)
            if row:
                record, verdict = row
                run.records.setdefault(sample.id, {})[name] = record
                run.verdicts.setdefault(sample.id, {})[name] = verdict.as_json()
                continue
            record = run.record(sample.id, name)
            for output in record["outputs"].values() if record else ():
                if output["digest"] in run.objects:
                    run.objects.read(output["digest"])  # a damaged one stops here, before anything is written
            current = (
                record is not None
                and (record["case"], record["code"]) == (case, code)
                and record["status"] not in _UNFINISHED
                and all(output["digest"] in run.objects for output in record["outputs"].values())
            )
            if current and not arguments.fresh:
                kept += 1
            else:
                plan.append([sample.id, name])
    for sample in samples:
        for fixture in sample.inputs.values():
            wanted = not arguments.not_slow or not sample.slow
            if wanted and fixture.array.nbytes <= LARGEST_INPUT_BYTES:
                run.objects.add(fixture.array)
    run.save()
    return plan, kept


def _compute(plan, process, suite, arguments):
    """Run the plan in worker processes: one that dies takes its sample with it and no other."""
    plan_path = Run(arguments.out).write_plan(json.dumps(plan))
    planned = {sample_id for sample_id, _ in plan}
    paths = sorted({suite.case_of[sample_id].path for sample_id in planned})
    workers = arguments.workers or min(os.cpu_count() or 1, 4, 1 + len(plan) // 50)
    options = [
        f"--compat-out={arguments.out}", f"--compat-plan={plan_path}", f"-n{workers}", "--maxprocesses=16",
        f"--max-worker-restart={len(plan)}",  # a broken framework may die in every one of them
        f"--timeout={arguments.timeout:g}", "--timeout-method=thread",
        "-q", "--tb=no", "--no-header", "--no-summary", "--noconftest", "--rootdir=.", f"-c{os.devnull}",
        "-pno:cacheprovider", "-pno:python", "-pno:doctest", "-pno:unittest",
        "-pno:compat", "-pcompat.pytest_plugin",  # by its module: there also where compat is not installed
    ]  # fmt: skip
    if arguments.junitxml:
        root, extension = os.path.splitext(arguments.junitxml)
        options.append(f"--junitxml={root if process == 'graph' else root + '-' + process}{extension}")
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        os.environ.pop(name, None)  # a user's own settings are not for this
    status = pytest.main(options + paths)
    if status == pytest.ExitCode.INTERRUPTED:
        Run.open(arguments.out).save()
        raise KeyboardInterrupt
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise CompatError(f"pytest ended with status {int(status)}; its lines above say why")


def _summary(run, samples, dialects):
    """Print verdicts by dialect, then what needs a person; returns the exit status."""
    failed = []
    print()
    for name in dialects:
        verdicts = [(s, run.verdict(s, name)) for s in samples if run.verdict(s, name)]
        counts = collections.Counter(_word(verdict) for _, verdict in verdicts)
        seconds = sum((run.record(s, name) or {}).get("seconds", 0) for s in samples)
        text = ", ".join(f"{counts[word]} {word}" for word in (*SEVERITY, "known") if counts[word])
        print(f"  {name:13}{text or 'nothing recorded'}  ({seconds:.1f} s)")
        failed.extend((s, name, verdict) for s, verdict in verdicts if _needs_person(verdict))
    waiting = [v for s in samples for v in (run.verdict(s, name) for name in dialects) if _is_unjudged(v)]
    if waiting:
        print(f"  {len(waiting)} not judged: {waiting[0]['message']}")
    for sample_id, name, verdict in failed[:_SHOWN]:
        print(f"  {sample_id} {name} {verdict['word']}: {verdict['message']}")
    if len(failed) > _SHOWN:
        print(f"  ... and {len(failed) - _SHOWN} more")
    print(f"{run.name}: {len(failed)} to look at" if failed else f"{run.name}: all agree or are known")
    sys.stdout.flush()
    return 1 if failed else 0


def _word(verdict):
    return "known" if verdict["known"] else verdict["word"]


def _is_unjudged(verdict):
    return verdict is not None and verdict["word"] == "unjudged"


def _needs_person(verdict):
    return not verdict["known"] and verdict["word"] not in ("identical", "agrees", "unsupported", "unjudged")
