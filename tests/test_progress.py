"""A run names what takes long, and nothing else."""

import re
import time

from support import write

from compat.commands.telling import Ticking
from compat.record.progress import StillComputing


def test_only_what_takes_long_is_named():
    lines = []
    progress = StillComputing(lines.append, lambda nodeid: nodeid.upper(), interval=0.3)
    progress.pytest_sessionstart()
    progress.pytest_runtest_logstart("short")
    progress.pytest_runtest_logstart("long")
    progress.pytest_runtest_logfinish("short")
    limit = time.time() + 20
    while len(lines) < 2 and time.time() < limit:
        time.sleep(0.02)
    progress.pytest_runtest_logfinish("long")
    progress.pytest_sessionfinish()
    assert len(lines) >= 2
    assert all(line.startswith("still computing LONG, ") and line.endswith(" s") for line in lines)


def test_a_run_tells_its_user(tmp_path, compat_command):
    """Through the command line, with workers: the line comes while the sample is computed."""
    write(
        tmp_path / "patient.py",
        """
        import time

        from compat import fixtures, operation, reference

        patient = operation("patient", reference=lambda x: reference.Reference(x))


        @patient.on("numpy")
        def _(np, x):
            time.sleep(21)
            return x


        patient.sample("s", x=fixtures.values("v", [1.0]))
        """,
    )
    result = compat_command("run", "patient.py", "--out", "run", "-n", "1")
    assert result.returncode == 0, result.stderr
    assert re.search(r"still computing patient\[s\] numpy, \d+ s", result.stdout), result.stdout


def told_by(work, **options):
    """What ``Ticking`` writes while that works."""
    written = []
    with Ticking("trace", write=written.append, **options) as ticking:
        work(ticking, lambda: "".join(written))
    return "".join(written)


def until(reached, seconds=20):
    limit = time.time() + seconds
    while not reached() and time.time() < limit:
        time.sleep(0.02)
    assert reached()


def test_what_goes_on_is_told_while_nothing_reports():
    def work(ticking, so_far):
        ticking.phase("reading net.py")
        until(lambda: "trace: reading net.py (" in so_far())
        ticking(3, 1200)
        until(lambda: "trace: 3 of 1,200 tensors (" in so_far())

    told = told_by(work, every=0.1)
    assert told.endswith("\n") and "\r" not in told
    assert told.count("reading net.py") == 1  # the same is not told again at once


def test_on_a_terminal_one_line_moves_and_goes(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def work(ticking, so_far):
        ticking.phase("reading net.py")
        until(lambda: len(set(re.findall(r"\((\d+) s\)", so_far()))) > 1)

    told = told_by(work)
    assert "\n" not in told and told.endswith("\r\033[K")


def test_what_is_short_says_nothing():
    assert told_by(lambda ticking, so_far: ticking.phase("reading net.py")) == ""
