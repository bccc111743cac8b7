"""Whether ``compat mend --apply`` mends the mistakes of one argument in the four programs' ports, and none falsely.

    python -m benchmarks.mending [PART OF A NAME ...] [--out out/mending]

Of every mistake in ``tests/programs`` that one argument mends: the port with it is verified and mended as people do.
What was written is then looked at by what mend never saw: the text of the right port.  Where that is another, the
legacy program runs once more in TensorFlow 1.15 on inputs of other seeds and the port is verified by that, and both
spellings are computed with the same weights, in inference and in training (``benchmarks.alike``).

    mended      green, and the right port, or another spelling of it
    not mended  nothing was written
    falsely     written, and not the right port

Ends with 1 where one is mended falsely or fewer than four of five are mended.  It takes about a minute for each.
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
SEEDS = (101, 102, 103)
SHARE = 0.8
MENDED, NOT_MENDED, FALSELY = "mended", "not mended", "falsely"


def key(mistake):
    return f"{mistake.program}-{mistake.name}".replace(" ", "_").replace(":", "")


def chosen(parts):
    every = [one for one in MISTAKES if one.argument]
    return [one for one in every if not parts or any(part in key(one) for part in parts)]


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
    status, lines = compat(port.parent, "verify", run, f"{port.name}:{mistake.function}", "--out", "verified")
    if status not in (1, 2):
        return NOT_MENDED, f"verify ended with {status}: {lines[-1]}"
    status, lines = compat(port.parent, "mend", port.name, "--from", "verified", "--apply")
    (folder / "mend.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    if port.read_bytes() == before:
        return NOT_MENDED, lines[-1]
    if status != 0:
        return FALSELY, f"written, and it ended with {status}: {lines[-1]}"
    return judged(mistake, port, right, runs, lines[-1])


def judged(mistake, port, right, runs, said):
    """(the verdict of what was written, why)."""
    if port.read_bytes() == right.read_bytes():
        return MENDED, "the right port's text"
    for seed in SEEDS:
        run = traced(runs / str(seed), mistake.program, seed)
        status, lines = compat(port.parent, "verify", run, f"{port.name}:{mistake.function}")
        if status != 0:
            return FALSELY, f"on inputs of seed {seed}: {wrong_of(lines)}; {said}"
        inputs = run.with_suffix(".npz")
        status, lines = _python(CHECKOUT, "-m", "benchmarks.alike", right, port, mistake.function, inputs)
        if status != 0:
            return FALSELY, f"on inputs of seed {seed}: {lines[-1]}; {said}"
    return MENDED, f"another spelling: {said.partition(';')[0].partition(': ')[2]}"


def wrong_of(lines):
    return next((line for line in lines if line.startswith(("first wrong", "not judged"))), lines[-1])[:200]


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mending", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="those whose names hold it (default: all)")
    parser.add_argument("--out", default=os.path.join("out", "mending"), help="ports, runs and what was said")
    options = parser.parse_args(arguments)
    mistakes = chosen(options.parts)
    if not mistakes or not OLD.exists():
        print(f"no mistake {options.parts}" if not mistakes else "needs tox -e tf1.15", file=sys.stderr)
        return 2
    count = collections.Counter()
    for number, mistake in enumerate(mistakes, 1):
        started = time.monotonic()
        verdict, why = mended(mistake, pathlib.Path(options.out).resolve())
        count[verdict] += 1
        seconds = time.monotonic() - started
        print(f"{number:2d} {verdict:10s} {seconds:5.0f} s  {key(mistake)}: {why}", flush=True)
    print(f"{count[MENDED]} of {len(mistakes)} mended, {count[FALSELY]} falsely")
    return 0 if not count[FALSELY] and count[MENDED] >= SHARE * len(mistakes) else 1


if __name__ == "__main__":
    sys.exit(main())
