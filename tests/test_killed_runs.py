"""Runs that are killed, and implementations that take their process with them."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from support import environment, judged, python, write

from compat.store import Run

COUNT = 40

#: Forty samples of a tenth of a second; each appends a line to a log where it is computed to its end.
SLOW = """
    import time

    from compat import fixtures, operation, reference

    LOG = {log!r}
    slow = operation("slow", reference=lambda x, *, number: reference.Reference(2.0 * x))


    @slow.on("numpy")
    def _(np, x, *, number):
        time.sleep(0.1)
        with open(LOG, "a") as log:
            log.write("%d\\n" % number)
        return 2 * x


    for number in range({count}):
        slow.sample("s%d" % number, x=fixtures.values("v%d" % number, [number, 1]), number=number)
"""

posix_only = pytest.mark.skipif(os.name != "posix", reason="process groups and SIGKILL")


class Slow:
    """The forty samples in a folder, and what became of them."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "log"
        self.case = write(folder / "slow.py", SLOW.format(log=str(self.log), count=COUNT))
        self.out = folder / "runs" / "here"

    def command(self, workers):
        arguments = ["-m", "compat.cli", "run", str(self.case), "--out", str(self.out), "-n", str(workers)]
        return [sys.executable, *arguments, "--dialect", "numpy"]

    def start(self, workers):
        return subprocess.Popen(
            self.command(workers),
            cwd=str(self.folder),
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def computed(self):
        """The numbers of the samples that were computed to their end, once for each time."""
        return sorted(map(int, self.log.read_text().split())) if self.log.exists() else []

    def statuses(self):
        """``{sample: status}`` of a run that opens; none where there is no run yet."""
        if not Run.exists(str(self.out)):
            return {}
        run = Run.open(str(self.out))
        for row in run.records.values():
            for record in row.values():
                for output in record.outputs.values():
                    run.objects.read(output.digest)
        return {name: row["numpy"].status for name, row in run.records.items()}

    def finished(self):
        journal = self.out / "journal"
        return len(list(journal.glob("*.json"))) if journal.exists() else 0


def kill(process):
    """End the group that this test started: the command and its workers."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def check_killed_and_completed(slow, workers):
    """What SIGKILL left, and what the next run makes of it."""
    before = slow.statuses()
    done = slow.computed()
    assert set(before.values()) <= {"ok", "crashed"}
    kept = {name for name, status in before.items() if status == "ok"}
    crashed = {name for name, status in before.items() if status == "crashed"}
    assert len(crashed) <= workers, crashed
    assert len(done) - len(kept) <= workers, "more was computed than the store holds and was under way"
    result = python(*slow.command(workers)[1:], cwd=slow.folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{COUNT - len(kept)} to compute, {len(kept)} unchanged" in result.stdout
    assert slow.statuses() == {f"slow[s{number}]": "ok" for number in range(COUNT)}
    twice = [number for number in range(COUNT) if slow.computed().count(number) > 1]
    assert not {f"slow[s{number}]" for number in twice} & kept, "computed again what was kept"
    assert sorted(os.listdir(str(slow.out))) == ["lock", "run.json", "verdicts.json"], (
        "nothing of the killed run is left"
    )


@posix_only
@pytest.mark.parametrize(("rows", "workers"), [(1, 1), (2, 2), (11, 2), (39, 1)])
def test_killed_when_a_row_appears(tmp_path, rows, workers):
    slow = Slow(tmp_path)
    process = slow.start(workers)
    limit = time.time() + 60
    while slow.finished() < rows and time.time() < limit:
        time.sleep(0.001)
    kill(process)
    assert slow.finished() >= rows
    check_killed_and_completed(slow, workers)


@posix_only
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment(tmp_path, seed):
    """From the start of the interpreter to the last sample and the writing of run.json."""
    slow = Slow(tmp_path)
    drawn = random.Random(seed)
    workers = drawn.choice((1, 2))
    process = slow.start(workers)
    time.sleep(drawn.uniform(0.2, 6))
    kill(process)
    check_killed_and_completed(slow, workers)


@posix_only
def test_killed_again_and_again(tmp_path):
    """Each run gets a little further, and none computes what an earlier one has finished."""
    slow = Slow(tmp_path)
    kept = 0
    for _ in range(3):
        process = slow.start(1)
        limit = time.time() + 60
        aim = kept + 4
        while time.time() < limit:
            statuses = list(slow.statuses().values())
            if statuses.count("ok") >= aim:
                break
            time.sleep(0.02)
        kill(process)
        assert list(slow.statuses().values()).count("ok") >= aim
        kept = list(slow.statuses().values()).count("ok")
    check_killed_and_completed(slow, 1)


@posix_only
def test_stopped_with_the_keyboard(tmp_path):
    """Control-C: status 130, one line, and what was computed is kept."""
    slow = Slow(tmp_path)
    process = subprocess.Popen(
        slow.command(1),
        cwd=str(tmp_path),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Whoever runs the tests in the background may have it ignored, which children inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    limit = time.time() + 60
    while slow.finished() < 5 and time.time() < limit:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    assert errors.decode().splitlines()[-1] == "compat run: stopped; what was computed is kept"
    assert list(slow.statuses().values()).count("ok") >= 4
    check_killed_and_completed(slow, 1)


#: Seven samples; the one called by the name of the fault dies or hangs.
FAULTY = """
    import os
    import signal
    import time

    from compat import fixtures, operation, reference

    faulty = operation("faulty", reference=lambda x, *, number: reference.Reference(2.0 * x))


    @faulty.on("numpy")
    def _(np, x, *, number):
        if number == 3:
            {fault}
        return 2 * x


    for number in range(7):
        faulty.sample("s%d" % number, x=fixtures.values("v%d" % number, [number, 1]), number=number)
"""


def run_faulty(tmp_path, fault, *options):
    case = write(tmp_path / "faulty.py", FAULTY.format(fault=fault))
    arguments = ("-m", "compat.cli", "run", case, "--out", "runs/here", "--dialect", "numpy", *options)
    result = python(*arguments, cwd=tmp_path)
    run = Run.open(str(tmp_path / "runs" / "here"))
    statuses = {name: row["numpy"].status for name, row in run.records.items()}
    others = {name: status for name, status in statuses.items() if name != "faulty[s3]"}
    assert others == {f"faulty[s{number}]": "ok" for number in range(7) if number != 3}
    return result, run.record("faulty[s3]", "numpy"), judged(run).verdict("faulty[s3]", "numpy")


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("fault", ["os.abort()", "os.kill(os.getpid(), signal.SIGSEGV)", "os._exit(0)"])
def test_an_implementation_that_dies(tmp_path, fault, workers):
    result, record, verdict = run_faulty(tmp_path, fault, "-n", workers)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert record.status == verdict.word == "crashed"
    assert "6 agrees, 1 crashed" in result.stdout
    assert "faulty[s3] numpy crashed: the process died while computing it" in result.stdout


def test_a_framework_that_dies_every_time(tmp_path):
    """oneDNN of TensorFlow 2.5 and 2.6 dies so in every convolution on some processors."""
    case = write(tmp_path / "faulty.py", FAULTY.format(fault="pass").replace("return 2 * x", "os.abort()"))
    arguments = ("-m", "compat.cli", "run", case, "--out", "runs/here", "--dialect", "numpy", "-n", "1")
    result = python(*arguments, cwd=tmp_path)
    assert result.returncode == 1, result.stderr
    assert "numpy        7 crashed" in result.stdout


@pytest.mark.parametrize(
    "fault",
    ["time.sleep(1000)", "exec('while True: pass')", "__import__('ctypes').PyDLL(None).sleep(1000)"],
    ids=["sleep", "loop", "holds Python's lock"],
)
def test_an_implementation_that_hangs(tmp_path, fault):
    result, record, verdict = run_faulty(tmp_path, fault, "--timeout", "3")
    assert result.returncode == 1, result.stdout + result.stderr
    assert record.status == verdict.word == "timeout"
    assert "6 agrees, 1 timeout" in result.stdout
    assert "faulty[s3] numpy timeout: no answer within 3 seconds" in result.stdout


def test_the_next_run_tries_a_crashed_sample_again(tmp_path):
    mark = str(tmp_path / "mark")
    fault = f"if not os.path.exists({mark!r}): open({mark!r}, 'w').close(); os.abort()"
    assert run_faulty(tmp_path, fault)[0].returncode == 1
    result, record, _ = run_faulty(tmp_path, fault)
    assert result.returncode == 0 and record.status == "ok"
    assert "1 to compute, 6 unchanged" in result.stdout


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raise MemoryError()", "MemoryError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("return object()", "object"),
        ("return {{'y': 2 * x, 'z': x}}", "the outputs are y, z; expected y"),
        ("return {{}}", "returned no tensor"),
        ("return None", ""),
        ("return np.array([{{}}, {{}}])", "object"),
        ("return x[0]", "the shape is ()"),
        ("x[:] = 0", "read-only"),
        ("return np.full(x.shape, np.nan, x.dtype)", "2 NaN"),
    ],
)
def test_an_implementation_that_returns_nonsense(tmp_path, fault, words):
    """A row that says so, not a crash of the run; the others are computed."""
    result, record, verdict = run_faulty(tmp_path, fault.format())
    assert result.returncode == 1, result.stdout + result.stderr
    assert verdict.word in ("error", "differs"), (verdict, result.stdout)
    assert words in verdict.message
    assert f"faulty[s3] numpy {verdict.word}: " in result.stdout
