"""A campaign against the store: killed runs, runs side by side, hostile and damaged files.

    python -m benchmarks.campaign [--kills 100] [--sealed 300] [--raw 200] [--seed N]

It makes a small store in a folder of its own (the dialects numpy and scipy; samples that agree, one with a known
difference, one that differs, two judged against another dialect) and then

- kills ``compat run`` with SIGKILL at random moments, goes on, and compares the end with an undisturbed run's records;
- lets four runs record into one store at once, and four into one run, of which one may go on;
- changes a store in one place under a right checksum ("sealed"), or damages one of its files ("raw"), and lets every
  command read what is there.

A violation is: a traceback; an exit status other than 0, 1 and 2; a status 2 that is not told in one line; more than
``LIMIT`` seconds; a character that drives a terminal; a file changed that is not the run's own; a wrong green.

A wrong green is a row that `compat judge` calls identical, agreeing or known although its outputs are not the arrays
that agree for that sample, or are said to have another dtype or shape than these: whatever else of the record, of its
description or of its environment was changed, and whether or not the arrays are still there.  It is no wrong green
where what is *recorded* became right: another array that agrees, a red row that is gone or says that its dialect
could not spell the sample.  What a sample is judged against is a specification, and the spread measured for it is
evidence: where a change replaced one of these, nothing but computing again could tell, and the rows that follow from
them are not counted.
"""

import argparse
import contextlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import traceback

from . import mutations
from .truth import CASE, KNOWN, RED, Truth

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIMIT = 30
#: One mutation in so many is read by real processes as well, and explained, which takes a second.
PROCESS, EXPLAIN = 20, 3

_DRIVES_A_TERMINAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


class TooLong(BaseException):
    """A command that does not end."""


class Workshop:
    """A folder with cases, a file of the user's, and two stores: ``red`` and, without what differs, ``green``."""

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        self.file("cases/campaign.py", CASE)
        self.file("cases/known_differences.toml", KNOWN)
        self.file("outside/notes.txt", "the user's\n")
        self.violations = []
        self.counts = {}
        self._told = time.monotonic()
        os.environ["COMPAT_CACHE"] = self.path("cache")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def file(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1
        if time.monotonic() - self._told > 20:  # a long campaign says that it goes on
            self._told = time.monotonic()
            print(f"... {what} {self.counts[what]}", flush=True)

    def violation(self, where, text):
        self.violations.append(f"{where}: {text}")
        print(f"VIOLATION {where}: {text}", flush=True)

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "compat.cli", *arguments],
            cwd=self.folder,
            env=dict(os.environ, PYTHONPATH=ROOT, PYTHONIOENCODING="utf-8"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def process(self, *arguments):
        """(status, output, errors) of a command in a process of its own."""
        process = self.start(*arguments)
        try:
            output, errors = process.communicate(timeout=4 * LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise TooLong from None
        return process.returncode, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace")

    def here(self, *arguments):
        """The same, in this process."""
        from compat import cli
        from compat.judge import golden

        golden._open.cache_clear()
        output, errors = io.StringIO(), io.StringIO()
        before = os.getcwd(), signal.signal(signal.SIGALRM, _too_long)
        os.chdir(self.folder)
        signal.alarm(LIMIT)
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                try:
                    status = cli.main(list(arguments))
                except SystemExit as ended:
                    status = ended.code
                except Exception:
                    status = 70
                    traceback.print_exc()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before[1])
            os.chdir(before[0])
        return status, output.getvalue(), errors.getvalue()

    def read(self, how, where, *arguments):
        """A reading command that has to end well, whatever it reads; returns its status."""
        self.count(f"{arguments[0]}{' (process)' if how == self.process else ''}")
        try:
            status, output, errors = how(*arguments)
        except TooLong:
            self.violation(where, f"compat {arguments[0]} does not end")
            return None
        text = output + errors
        if "Traceback" in text or status not in (0, 1, 2):
            self.violation(where, f"compat {' '.join(arguments)}: status {status}: {text[-600:]}")
        elif status == 2 and len(errors.splitlines()) != 1:
            self.violation(
                where,
                f"compat {arguments[0]}: status 2 in {len(errors.splitlines())} lines: {errors[:300]!r}",
            )
        if _DRIVES_A_TERMINAL.search(text):
            self.violation(where, f"compat {arguments[0]} prints what drives a terminal: {text[:300]!r}")
        return status

    def run(self, out, *options, workers=1):
        return (
            "run",
            "cases",
            "--out",
            out,
            "-n",
            str(workers),
            "--dialect",
            "numpy",
            "--dialect",
            "scipy",
            *options,
        )

    def rows(self, run):
        """The records of a run as they are on disk, without what differs each time."""
        content = mutations.content_of(self.path(run, "run.json"))
        for row in content["records"].values():
            for record in row.values():
                record["seconds"] = 0
        return content["records"]

    def files(self, *without):
        """{path: bytes, or what it is instead} of everything but these places."""
        found = {}
        for folder, folders, names in os.walk(self.folder):
            folders[:] = [n for n in folders if os.path.join(folder, n) not in without and n != "__pycache__"]
            for path in (os.path.join(folder, name) for name in names):
                if path not in without and os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        found[path] = file.read()
        return found


def _too_long(number, frame):
    raise TooLong


def prepare(shop):
    """The two stores of two runs each, named as environments are."""
    status, output, errors = shop.process(*shop.run("red/tf1.15"))
    assert status == 1, output + errors
    shop.process("judge", "red")
    mutations.copy(shop.path("red"), shop.path("green"))
    content = mutations.content_of(shop.path("red/tf1.15/run.json"))
    for part in ("records", "samples"):
        content[part] = {sample: row for sample, row in content[part].items() if sample not in RED}
    mutations.write_sealed(shop.path("green/tf1.15/run.json"), content)
    for store in ("red", "green"):
        mutations.copy(shop.path(store, "tf1.15"), shop.path(store, "tf2.0"))
        shop.file(f"{store}/notes.txt", "a file of the user's in the store\n")
    assert shop.process("judge", "green")[0] == 0 and shop.process("judge", "red")[0] == 1


def kills(shop, number, drawn):
    """Up to three kills in one run, then to its end."""
    started = time.monotonic()
    shop.process(*shop.run("calm/tf1.15", "--record-only"))
    long = time.monotonic() - started
    wanted = shop.rows("calm/tf1.15")
    done = 0
    while done < number:
        shutil.rmtree(shop.path("killed"), ignore_errors=True)
        for _ in range(min(drawn.randint(1, 3), number - done)):
            process = shop.start(*shop.run("killed/tf1.15", "--record-only", workers=drawn.randint(1, 2)))
            time.sleep(drawn.uniform(0.05, long))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            done += 1
            shop.count("kills")
            if os.path.exists(shop.path("killed/tf1.15/run.json")):
                shop.read(shop.here, f"kill {done}", "judge", "killed")
        status, output, errors = shop.process(*shop.run("killed/tf1.15", "--record-only"))
        if status != 0 or "Traceback" in output + errors:
            shop.violation(f"kill {done}", f"the run after it ends with {status}: {errors[-300:]}")
        elif shop.rows("killed/tf1.15") != wanted:
            shop.violation(f"kill {done}", "other records than an undisturbed run's")


def side_by_side(shop):
    """Four runs into one store, then four processes into one run."""
    wanted = shop.rows("calm/tf1.15")
    several = [shop.start(*shop.run(f"many/n{n}", "--record-only")) for n in range(4)]
    ended = [process.communicate() + (process.returncode,) for process in several]
    for n, (_, errors, status) in enumerate(ended):
        shop.count("runs side by side")
        if status != 0 or shop.rows(f"many/n{n}") != wanted:
            shop.violation(f"run {n} of four in one store", f"status {status}: {errors[-300:]}")
    one = [shop.start(*shop.run("one/here", "--record-only")) for _ in range(4)]
    ended = [process.communicate() + (process.returncode,) for process in one]
    for _, errors, status in ended:
        shop.count("runs side by side")
        if status not in (0, 2) or (status == 2 and b"another compat records" not in errors):
            shop.violation("four processes into one run", f"status {status}: {errors[-300:]}")
    if shop.rows("one/here") != wanted:
        shop.violation("four processes into one run", "other records than an undisturbed run's")


def mutate(shop, kind, number, drawn, truth):
    """Change copies of the stores, and let every command read them."""
    reports = shop.process("report", "red", "--out", shop.path("pages"))[0] in (0, 1)
    if not reports:
        shop.counts["report: not installed"] = 0
    for n in range(number):
        store = shop.path("store")
        mutations.copy(shop.path(drawn.choice(("red", "red", "red", "green"))), store)
        run = os.path.join(store, "tf1.15")
        where = f"{kind} {n}: {(_seal if kind == 'sealed' else _spoil)(run, drawn)}"
        scratch = [shop.path(name) for name in ("cache", "golden", "pages")]
        for path in scratch:
            shutil.rmtree(path, ignore_errors=True)
        own = [os.path.join(store, *p) for p in (("tf1.15", "verdicts.json"), ("objects",))]
        before = shop.files(*scratch, *own)
        how = shop.process if n % PROCESS == 0 else shop.here
        judged = os.path.join(run, "verdicts.json")
        if os.path.isfile(judged) and not os.path.islink(judged) and kind != "raw":
            os.unlink(judged)
        status = shop.read(how, where, "judge", run)
        shop.count(f"judge: status {status}")
        if status in (0, 1):
            for sample, dialect, verdict in truth.wrong_greens(run):
                shop.violation(where, f"wrong green: {sample} {dialect}: {verdict}")
        own_too = [*own, os.path.join(store, "tf2.0", "verdicts.json")]
        shop.read(how, where, "judge", store)
        shop.read(how, where, "diff", os.path.join(store, "tf2.0"), run)
        shop.read(how, where, "since", "double[s0]", "numpy", "--runs", store)
        shop.read(how, where, "accept", run, "--golden", shop.path("golden"))
        if n % EXPLAIN == 0:
            for sample, dialect in (("wrong[w]", "numpy"), ("port[off]", "scipy")):
                shop.read(how, where, "explain", run, sample, dialect, "--seconds", "0.5")
        if reports and n % EXPLAIN == 1:
            shop.read(shop.process, where, "report", store, "--out", shop.path("pages"))
        after = shop.files(*scratch, *own_too)
        before = {path: data for path, data in before.items() if path not in own_too}
        changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        if changed:
            shop.violation(where, f"changed {', '.join(changed)}")
        shop.count(f"{kind} mutations")


def _seal(run, drawn):
    """A change under a right checksum, in run.json or in a row of a journal."""
    path = os.path.join(run, "run.json")
    content = mutations.content_of(path)
    if drawn.random() < 0.2:
        sample = drawn.choice(sorted(content["records"]))
        dialect = drawn.choice(sorted(content["records"][sample]))
        content = {"sample": sample, "dialect": dialect, "record": content["records"][sample][dialect]}
        os.mkdir(os.path.join(run, "journal"))
        path = os.path.join(run, "journal", f"{drawn.getrandbits(128):032x}.json")
    said = [mutations.change(content, drawn) for _ in range(drawn.choice((1, 1, 1, 2, 3)))]
    mutations.write_sealed(path, content)
    return f"{os.path.basename(path)[-8:]}: {'; '.join(said)}"


def _spoil(run, drawn):
    store = os.path.dirname(run)
    arrays = [
        os.path.join(store, "objects", name) for name in sorted(os.listdir(os.path.join(store, "objects")))
    ]
    path = drawn.choice(
        [drawn.choice(arrays)] * 3 + [os.path.join(run, n) for n in ("run.json", "verdicts.json")]
    )
    return f"{os.path.relpath(path, store)[:20]}: {mutations.damage(path, drawn)}"


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.campaign", description=__doc__.splitlines()[0]
    )
    for name, default in (("kills", 100), ("sealed", 300), ("raw", 200), ("seed", None)):
        parser.add_argument(f"--{name}", type=int, default=default, metavar="N")
    arguments = parser.parse_args(argv)
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    drawn = random.Random(seed)
    cache = os.environ.get("COMPAT_CACHE")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        shop = Workshop(folder)
        try:
            prepare(shop)
            kills(shop, arguments.kills, drawn)
            side_by_side(shop)
            truth = Truth(shop.rows("red/tf1.15"), shop.path("red/tf1.15/verdicts.json"))
            mutate(shop, "sealed", arguments.sealed, drawn, truth)
            mutate(shop, "raw", arguments.raw, drawn, truth)
        finally:
            os.environ.pop("COMPAT_CACHE")
            os.environ.update({"COMPAT_CACHE": cache} if cache is not None else {})
    for what, number in sorted(shop.counts.items()):
        print(f"{what:22}{number:>6,}")
    print(f"{len(shop.violations)} violations in {time.monotonic() - started:.0f} s (seed {seed})")
    return 1 if shop.violations else 0


if __name__ == "__main__":
    sys.exit(main())
