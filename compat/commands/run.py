"""``compat run``: record samples in this environment, judge them, and say what came out."""

import math
import os
from typing import TYPE_CHECKING, Any, List, Sequence

from ..case import files
from ..errors import CompatError
from ..record.code import code_of
from ..record.dialects import by_default, dialect
from ..record.environment import describe
from ..record.outlines import Outline, Outlines
from ..record.plan import Wanted
from ..record.run import Settings, record
from ..store import Run
from ..texts import check_name, printable
from .telling import Progress, add_all, tell_run

if TYPE_CHECKING:
    from ..judge.judging import Judged


def add_arguments(parser: Any) -> None:
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="case files or folders (default: cases)")
    add("--out", metavar="RUN", help="the folder of the run, e.g. out/runs/tf2.15")
    add("--sample", action="append", default=[], metavar="ID", help="only this sample; may be repeated")
    add("--dialect", action="append", default=[], metavar="NAME", help="only this dialect; may be repeated")
    add(
        "--not-slow",
        action="store_false",
        dest="slow",
        default=True,
        help="leave out the samples marked slow, but for those that --sample names",
    )
    add("--slow", action="store_true", help="with the samples marked slow (the default; the last one counts)")
    add("--fresh", action="store_true", help="compute again what is already recorded and unchanged")
    add("--record-only", action="store_true", help="do not judge: compat judge does it, for all runs at once")
    add(
        "-n",
        "--workers",
        type=int,
        metavar="N",
        help="processes side by side (default: one a core, at most 4)",
    )
    add(
        "--timeout",
        type=float,
        default=300,
        metavar="S",
        help="seconds for one sample (default: %(default)g)",
    )
    add("--junitxml", metavar="FILE", help="write the verdict on every item as JUnit XML as well")
    add_all(parser)


def main(arguments: Any) -> int:
    if arguments.paths:
        from .meant import check_cases  # late: there is nothing to guess where nothing is named

        check_cases(arguments.paths, arguments.out)
    _check(arguments)
    cases = _found(arguments)
    for case in cases:
        if "[" in case.path or "::" in case.path:
            raise CompatError(f"{case.path}: pytest takes [ and :: for more than a path: rename it")
        _check_path(case.path)
        if not arguments.record_only:
            _check_beside(case.path)
    samples = files.select(cases, arguments.sample)
    dialects = [dialect(name).name for name in arguments.dialect] or list(by_default())
    chosen = [s for s in samples.values() if arguments.slow or not s.slow or s.id in arguments.sample]
    if len(chosen) < len(samples):
        left = len(samples) - len(chosen)
        _tell(f"slow samples left out: {left} (real training, large networks); --slow adds them")
    # The judge is about to use the arrays; without it damaged ones are for compat fsck.
    wanted = Wanted(cases, chosen, dialects, arguments.fresh, checked=not arguments.record_only)
    run = record(arguments.out, wanted, Settings(arguments.workers, arguments.timeout), _tell)
    if arguments.record_only:
        _tell(
            f"{run.name}: recorded; compat judge {os.path.dirname(arguments.out) or '.'} says whether they agree"
        )
        return 0
    judged = _judged(run, cases)
    if arguments.junitxml:
        from .junit import write_junit

        write_junit(arguments.junitxml, judged)
    rows = [row for row in judged.rows() if row[0] in samples and row[1] in dialects]
    return tell_run(judged, rows, arguments.all)


def _judged(run: Run, cases: Sequence[Outline]) -> "Judged":
    """The run with its verdicts, which are written beside it."""
    from ..judge.judging import judge_runs  # late: recording alone does without it

    loaded = [case.loaded for case in cases if case.loaded is not None]
    paths = [case.path for case in cases]
    (judged,) = judge_runs([run], paths, loaded, keep=True, progress=Progress("judge"))
    run.write_verdicts(judged.verdicts)
    return judged


def _found(arguments: Any) -> List[Outline]:
    """Raises CompatError where there is none; for what is no case, with the command that was meant."""
    try:
        return files.find_as(Outlines(code_of(describe(""))).of, arguments.paths or ["cases"])
    except CompatError:
        from .meant import check_without_operations

        check_without_operations(arguments.paths, arguments.out)
        raise


def _check_beside(case_path: str) -> None:
    """What is wrong with the golden or the known differences stops here, before anything is written."""
    from ..judge import golden, known

    golden.beside_case(case_path)
    path = known.path_beside(case_path)
    if path:
        known.read(path)


def _tell(text: str) -> None:
    print(printable(text), flush=True)


def _check_path(path: str) -> None:
    """Raises CompatError for a path that no line can tell of, or that is no text for the processes that compute."""
    try:
        check_name("the path", path)
        path.encode("utf-8")
    except ValueError:
        raise CompatError(f"{path}: is no text: rename it") from None


def _check(arguments: Any) -> None:
    """Options that argparse lets pass."""
    if arguments.out is None:
        raise CompatError("--out is missing; name the folder of the run: --out out/runs/mine")
    if not arguments.out:
        raise CompatError("--out is empty; name the folder of the run")
    _check_path(arguments.out)
    if arguments.workers is not None and arguments.workers < 1:
        raise CompatError(f"--workers {arguments.workers}: expected at least 1")
    if not (math.isfinite(arguments.timeout) and arguments.timeout > 0):
        raise CompatError(f"--timeout {arguments.timeout:g}: expected seconds, more than 0")
    if os.path.exists(arguments.out) and not os.path.isdir(arguments.out):
        raise CompatError(f"{arguments.out}: is a file; --out names a folder")
    if not Run.exists(arguments.out) and os.path.isdir(arguments.out):
        # The journal of a run is deleted when it ends: never in a folder that is somebody else's.
        ours = ("verdicts.json", "lock")
        foreign = [n for n in os.listdir(arguments.out) if n not in ours and not n.startswith(".tmp-")]
        if foreign:
            raise CompatError(f"{arguments.out}: is no run, and not empty; choose another --out")
