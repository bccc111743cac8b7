"""Whether ``compat mend --apply`` mends the mistakes of one argument in the four programs' ports, and none falsely.

    python -m benchmarks.mending [PART OF A NAME ...] [--every] [--out out/mending]

Of every mistake in ``tests/programs`` that one argument mends: the port with it is verified and mended as people do.
What was written is then looked at by what mend never saw: the text of the right port.  Where that is another, the
legacy program runs once more in TensorFlow 1.15 on inputs of other seeds, the port is verified by that, and both
spellings are computed with the same weights, in inference and in training (``benchmarks.alike``).

    mended      green, and the right port, or another spelling of it
    not mended  nothing was written
    falsely     written, and not the right port

With ``--every`` those as well that one argument does not mend, of which none may be mended falsely.  Ends with 1 where
one is, or fewer than four of five of those of one argument are mended.  It takes about a minute for each.
Needs TensorFlow 2.16 or newer with LibCST, and the environment tf1.15 (``tox -e tf1.15``).
"""

import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import time

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "tests"))
from programs.mistakes import MISTAKES  # noqa: E402 (the tests are no package)
from programs.running import OLD, traced, written  # noqa: E402

#: Of the inputs that only the last look has.
SEEDS = (101, 102)
SHARE = 0.8
VERDICTS = MENDED, NOT_MENDED, FALSELY = "mended", "not mended", "falsely"


def key(mistake):
    return f"{mistake.program}-{mistake.name}".replace(" ", "_").replace(":", "")


def chosen(parts, every=False):
    found = [one for one in MISTAKES if one.argument or every]
    return [one for one in found if not parts or any(part in key(one) for part in parts)]


def compat(folder, *arguments):
    """(status, the lines that were printed) of the command in a process of its own."""
    return _python(folder, "-m", "compat", *arguments)


def _python(folder, *arguments):
    variables = dict(os.environ, PYTHONPATH=str(CHECKOUT), PYTHONIOENCODING="utf-8", TF_CPP_MIN_LOG_LEVEL="2")
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=str(folder), env=variables, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.strip().splitlines() or [""]


def mended(mistake, out):
    """(the verdict, why)."""
    folder, runs = out / key(mistake), out / "runs"
    shutil.rmtree(folder, ignore_errors=True)
    run = traced(runs, mistake.program)
    right = written(folder / "right", mistake.program, (), mistake.file, run)
    port = written(folder / "port", mistake.program, mistake.edits, mistake.file, run)
    before = port.read_bytes()
    options = ["--out", "verified", *options_of(mistake)]
    status, lines = compat(port.parent, "verify", run, f"{port.name}:{mistake.function}", *options)
    if status not in (1, 2):
        return NOT_MENDED, f"verify ended with {status}: {lines[-1]}"
    status, lines = compat(port.parent, "mend", port.name, "--from", "verified", "--apply")
    (folder / "mend.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    if port.read_bytes() == before:
        return NOT_MENDED, lines[-1]
    if status != 0:
        return FALSELY, f"written, and it ended with {status}: {lines[-1]}"
    return judged(mistake, port, right, runs, lines[-1])


def options_of(mistake):
    return ["--no-carry"] if mistake.file == "loading.py" else []  # that has its own weights


def judged(mistake, port, right, runs, said):
    """(the verdict of what was written, why)."""
    if port.read_bytes() == right.read_bytes():
        return MENDED, "the right port's text"
    seeded = [traced(runs / str(seed), mistake.program, seed) for seed in SEEDS]
    sides = [right, port, mistake.function, *seeded]
    status, lines = _python(CHECKOUT, "-m", "benchmarks.alike", *sides, *options_of(mistake))
    if status != 0:
        return FALSELY, f"{lines[-1]}; {said}"
    return MENDED, f"another spelling: {said.partition(';')[0].partition(': ')[2]}"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mending", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="those whose names hold it (default: all)")
    parser.add_argument("--every", action="store_true", help="those as well that no one argument mends")
    parser.add_argument("--out", default=os.path.join("out", "mending"), help="ports, runs and what was said")
    options = parser.parse_args(arguments)
    mistakes = chosen(options.parts, options.every)
    if not mistakes or not OLD.exists():
        print(f"no mistake {options.parts}" if not mistakes else "needs tox -e tf1.15", file=sys.stderr)
        return 2
    count = collections.Counter()
    for number, mistake in enumerate(mistakes, 1):
        started = time.monotonic()
        verdict, why = mended(mistake, pathlib.Path(options.out).resolve())
        count[verdict, mistake.argument] += 1
        seconds = time.monotonic() - started
        print(f"{number:2d} {verdict:10s} {seconds:5.0f} s  {key(mistake)}: {why}", flush=True)
    return summed(count)


def summed(count):
    """The last line, and the exit status, of ``{(verdict, whether one argument mends it): how many}``."""
    total = {one: sum(count[verdict, one] for verdict in VERDICTS) for one in (True, False)}
    falsely = count[FALSELY, True] + count[FALSELY, False]
    others = f", of {total[False]} others {count[MENDED, False]}" if total[False] else ""
    print(f"{count[MENDED, True]} of {total[True]} mended{others}, {falsely} falsely")
    return 0 if not falsely and count[MENDED, True] >= SHARE * total[True] else 1


if __name__ == "__main__":
    sys.exit(main())
