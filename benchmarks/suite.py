"""What using the suite costs: the matrix cold and warm, judging, the pages at scale, a large graph.

    python -m benchmarks.suite [matrix] [scale] [graph] [-e tf1.15,tf2.21] [--samples 2000] [--page FILE] [--json FILE]

The matrix is made in a fresh clone, with caches of its own but uv's: for every environment the seconds of making it, of
importing its TensorFlow, of recording (the slow samples left out), and of recording again with nothing changed; then
judging cold and remembered, and the pages cold and unchanged.  The scale is a made store of so many samples by 25
environments by 7 dialects.  The graph is ``benchmarks.large_graph``.  Every step is timed once, by the clock and of the
processors; the page says on which machine, and how busy it was.

Ends with 1 where a step fails.  Needs git and tox, compat[report] in this interpreter, and for the graph tf1.15 and
tf2.21 in .tox.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from .__main__ import processor
from .made_store import make

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
#: Those of plain tox.
ENVIRONMENTS = "tf1.13,tf1.14,tf1.15,tf2.0,tf2.1,tf2.4,tf2.6,tf2.9,tf2.11,tf2.15,tf2.16,tf2.18,tf2.21"
PARTS = ("matrix", "scale", "graph")


class Step(NamedTuple):
    """Seconds by the clock and of the processors, and the largest memory of one process, in bytes."""

    part: str
    name: str
    clock: float
    processors: float
    peak: int
    load: float
    status: int


class Bench:
    """Commands, one after the other, each a ``Step``."""

    def __init__(self, cache):
        self.steps = []
        self._cache = str(cache)

    def step(self, part, name, command, cwd, **variables):
        """Run a command, and say what it took."""
        environment = dict(os.environ, TF_CPP_MIN_LOG_LEVEL="2", TF_ENABLE_ONEDNN_OPTS="0")
        environment.update({"COMPAT_CACHE": self._cache, **variables})
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        load, began = os.getloadavg()[0], time.monotonic()
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                list(map(str, command)), cwd=str(cwd), env=environment, stdout=said, stderr=subprocess.STDOUT
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            clock = time.monotonic() - began
            if process.returncode not in (0, 1):
                said.seek(0)
                print(said.read().decode("utf-8", "replace")[-2000:], file=sys.stderr)
        step = Step(
            part, name, clock, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, load, process.returncode
        )
        print(f"{part:12s} {name:28s} {step.clock:7.1f} s {step.processors:7.1f} s of processors", flush=True)
        self.steps.append(step)


def matrix(bench, folder, environments):
    """A fresh clone, made and recorded environment by environment; then judged and drawn."""
    clone = folder / "clone"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(clone)], check=True)
    tox = [sys.executable, "-m", "tox", "run", "--notest", "-e"]
    for name in environments:
        programs = clone / ".tox" / name / "bin"
        record = [programs / "compat", "run", "--not-slow", "--record-only", "--out", f"out/runs/{name}"]
        bench.step(name, "made", [*tox, name], clone)
        bench.step(name, "TensorFlow imported, once", [programs / "python", "-c", "import tensorflow"], clone)
        bench.step(name, "TensorFlow imported", [programs / "python", "-c", "import tensorflow"], clone)
        bench.step(name, "recorded", record, clone)
        bench.step(name, "recorded, unchanged", record, clone)
    bench.step("report", "made", [*tox, "report"], clone)
    compat = clone / ".tox" / "report" / "bin" / "compat"
    pages = [compat, "report", "out/runs", "--out", "out/report"]
    bench.step("report", "judged and drawn", pages, clone)
    bench.step("report", "judged, remembered", [compat, "judge", "out/runs"], clone)
    bench.step("report", "unchanged", pages, clone)
    bench.step(
        "report", "judged anew", [compat, "judge", "out/runs"], clone, COMPAT_CACHE=str(folder / "other")
    )
    whole = [sys.executable, "-m", "tox", "run", "-e", ",".join([*environments, "report"])]
    bench.step("all", "tox, nothing changed", whole, clone)


def scale(bench, folder, samples):
    runs, _ = make(folder / "made", samples, 25, 7)
    pages = [sys.executable, "-m", "compat", "report", runs, "--out", folder / "pages"]
    what = f"{samples:,} x 25 x 7"
    bench.step("scale", f"{what} judged and drawn", pages, CHECKOUT)
    bench.step("scale", f"{what} unchanged", pages, CHECKOUT)


def graph(bench, folder, blocks):
    python = CHECKOUT / ".tox" / "tf2.21" / "bin" / "python"
    command = [python, "-m", "benchmarks.large_graph", "--blocks", str(blocks), "--out", folder / "graph"]
    bench.step("graph", f"{blocks} residual blocks", command, CHECKOUT)


def page(steps, made):
    """The figures as Markdown: a line an environment, then the others."""
    names = ("made", "TensorFlow imported", "recorded", "recorded, unchanged")
    found = {(step.part, step.name): step for step in steps}
    places = list(dict.fromkeys(step.part for step in steps if step.name == "recorded"))
    lines = [
        "# What using the suite costs",
        "",
        "Made by `python -m benchmarks.suite --page docs/costs.md`:",
        "",
        made,
    ]
    if places:
        lines += ["", "Seconds by the clock, slow samples left out; in brackets those of the processors.", ""]
        lines += [f"| environment | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
        for place in places:
            cells = [f"{found[place, n].clock:.1f} ({found[place, n].processors:.1f})" for n in names]
            lines.append(f"| {place} | {' | '.join(cells)} |")
    rest = [step for step in steps if step.part not in places]
    lines += ["", "| what | s | s of the processors | MB |", "| --- | ---: | ---: | ---: |"]
    lines += [
        f"| {s.part}: {s.name} | {s.clock:.1f} | {s.processors:.1f} | {s.peak / 1e6:.0f} |" for s in rest
    ]
    return "\n".join(lines) + "\n"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suite", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    add("-e", "--environments", default=ENVIRONMENTS, help="of the matrix, with commas")
    add("--samples", type=int, default=2000, help="of the made store")
    add("--blocks", type=int, default=110, help="of the large graph")
    add("--page", help="write the figures as Markdown")
    add("--json", help="write them as JSON")
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {sorted(unknown)[0]}; there are {', '.join(PARTS)}")
    parts = options.parts or PARTS
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        bench = Bench(folder / "cache")
        if "matrix" in parts:
            matrix(bench, folder, options.environments.split(","))
        if "scale" in parts:
            scale(bench, folder, options.samples)
        if "graph" in parts:
            graph(bench, folder, options.blocks)
    busiest = max(step.load for step in bench.steps)
    machine = f"{datetime.date.today()}, {os.cpu_count()} processors of {processor(False)}, load up to {busiest:.1f}"
    if options.json:
        content = {"machine": machine, "steps": [step._asdict() for step in bench.steps]}
        pathlib.Path(options.json).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.page:
        pathlib.Path(options.page).write_text(page(bench.steps, machine), encoding="utf-8")
    # A made store has cells to look at, on purpose: 1 is what its report ends with.
    return max((s.status not in ((0, 1) if s.part == "scale" else (0,)) for s in bench.steps), default=0)


if __name__ == "__main__":
    sys.exit(main())
