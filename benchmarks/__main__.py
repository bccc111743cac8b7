"""Time and memory of the NumPy layers beside TensorFlow's, SciPy's and the tutorials'.

Ratios of medians, taken in turn in one run.  Needs TensorFlow and SciPy.
"""

import argparse
import datetime
import json
import os
import platform
import sys
from importlib import metadata

from . import random_shapes, table
from .contestants import NAMES
from .driver import Contestant, Failed, measure
from .workloads import BACKWARD, FORWARD, VGG16

RANDOM = "random"  # stands for all of random_shapes.py


def chosen(names):
    """``[(workload, direction)]``; SystemExit 2 for a name that is none.  "random": those of random_shapes.py."""
    every = [(w, "forward") for w in (*FORWARD, VGG16)] + [(w, "backward") for w in BACKWARD]
    drawn = [(w, "forward") for w in random_shapes.draw()]
    every += drawn if names else []
    known = {w.name for w, _ in every} | {RANDOM}
    unknown = set(names or ()) - known
    if unknown:
        print(
            f"no workload {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}", file=sys.stderr
        )
        raise SystemExit(2)
    if names and RANDOM in names:
        names = [*names, *(w.name for w, _ in drawn)]
    return [(w, direction) for w, direction in every if not names or w.name in names]


def versions():
    """What a figure depends on."""
    packages = {name: version(name.lower()) for name in ("NumPy", "TensorFlow", "SciPy")}
    return {"day": str(datetime.date.today()), "Python": platform.python_version(), **packages}


def version(name):
    """Of the package, or of its build for processors without a graphics card; None where it is absent."""
    for package in (name, f"{name}-cpu"):
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    return None


def processor(avx2):
    """The processor's name and what matters of its instructions; ``avx2``: others are not used."""
    try:
        with open("/proc/cpuinfo") as file:
            text = file.read()
    except OSError:
        return platform.processor()
    name = text.split("model name")[1].split("\n")[0].strip("\t: ")
    if avx2:
        return f"{name}, AVX2 only"
    return f"{name}, {'AVX-512' if 'avx512f' in text else 'AVX2' if 'avx2' in text else 'no AVX2'}"


def run(workloads, names, threads, seconds, avx2):
    """Every workload by every contestant on that number of threads: a list of JSON values."""
    tell = progress()
    contestants, rows = {}, []
    try:
        for name in names:
            if name == "scipy" and threads > 1:
                continue  # it has no threads, and takes most of the time
            tell(f"starting {name}")
            contestants[name] = Contestant(name, threads, avx2)
        if threads > 1 and "ours" in names:
            contestants["ours, 1 thread"] = Contestant("ours", 1, avx2)
        for workload, direction in workloads:
            results = measure(contestants, workload, direction, seconds, tell)
            rows.append(
                {
                    "workload": workload.name,
                    "what": str(workload),
                    "direction": direction,
                    "threads": threads,
                    "results": results,
                }
            )
    finally:
        for contestant in contestants.values():
            contestant.close()
        tell("")
    return rows


def progress():
    """Says on a terminal's one line what is going on."""
    if not sys.stderr.isatty():
        return lambda text: None
    return lambda text: print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "workloads", nargs="*", help="names, or random for shapes drawn at random (default: all but those)"
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--contestants", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--seconds", type=float, default=3.0, help="for each contestant and workload")
    parser.add_argument("--avx2", action="store_true", help="nobody uses AVX-512")
    parser.add_argument("--json", default=os.path.join("out", "benchmarks.json"))
    parser.add_argument("--page", metavar="FILE", help="write the tables as a Markdown page as well")
    options = parser.parse_args(arguments)
    workloads = chosen(options.workloads)
    try:
        rows = [
            row
            for t in options.threads
            for row in run(workloads, options.contestants, t, options.seconds, options.avx2)
        ]
    except Failed as reason:
        print(reason, file=sys.stderr)
        return 2
    report = {"versions": versions(), "processor": processor(options.avx2), "rows": rows}
    os.makedirs(os.path.dirname(options.json) or ".", exist_ok=True)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
    print(table.text(report))
    print(f"written to {options.json}", file=sys.stderr)
    if options.page:
        os.makedirs(os.path.dirname(options.page) or ".", exist_ok=True)
        with open(options.page, "w", encoding="utf-8") as file:
            file.write(table.page(report, options.page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
