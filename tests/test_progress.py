"""A run names what takes long, and nothing else."""

import collections
import io
import os
import re
import subprocess
import sys
import time

import pytest
from support import DOUBLE, environment, write

from compat.commands.telling import Ticking
from compat.record.progress import Progress, StillComputing, duration


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


# -- how far it is


class Stream(io.StringIO):
    """Texts as they are written, for a terminal or not."""

    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


def test_the_line_says_how_much_is_done_and_left():
    progress = Progress("tf2.21", 1200, Stream(True), str)
    assert progress.line == "tf2.21: 0 of 1,200 computed"
    for number in range(3):
        progress.pytest_runtest_logfinish(f"s{number}")
    assert progress.line == "tf2.21: 3 of 1,200 computed"  # of the first seconds nothing follows
    progress._begun -= 30
    assert re.match(r"tf2.21: 3 of 1,200 computed, about 3 h 2\d min left\Z", progress.line)


def test_what_died_is_done():
    """xdist tells no finish of it."""
    progress = Progress("run", 2, Stream(False), str)
    progress.pytest_runtest_logstart("a")
    progress.pytest_runtest_logreport(Report("a", "???"))
    assert progress.line == "run: 1 of 2 computed" and progress._long() == []
    progress.pytest_runtest_logstart("b")
    progress.pytest_runtest_logreport(Report("b", "call"))
    assert progress.line == "run: 1 of 2 computed"


Report = collections.namedtuple("Report", "nodeid when")


def test_a_log_gets_lines_now_and_then():
    stream = Stream(False)
    progress = Progress("run", 9, stream, str.upper, interval=0.1)
    progress.pytest_sessionstart()
    progress.pytest_runtest_logstart("long")
    limit = time.time() + 20
    while "run: 0 of 9 computed" not in stream.getvalue() and time.time() < limit:
        time.sleep(0.02)
    progress.pytest_sessionfinish()
    lines = stream.getvalue().splitlines()
    assert "run: 0 of 9 computed" in lines and any(
        line.startswith("still computing LONG, ") for line in lines
    )
    assert not any("\r" in line or "\033" in line for line in lines)


@pytest.mark.parametrize(
    "seconds, text", [(0.4, "0 s"), (99, "99 s"), (170, "3 min"), (5300, "88 min"), (5400, "1 h 30 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def on_a_terminal(arguments, cwd):
    """What a command writes to a terminal."""
    pty = pytest.importorskip("pty")
    ours, its = pty.openpty()
    command = [sys.executable, *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=str(cwd), stdout=its, stderr=subprocess.PIPE, env=environment(TERM="xterm", COLUMNS="70")
    )
    os.close(its)
    found = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux's way to say that nobody has it open any more
            part = b""
        if not part:
            break
        found += part
    os.close(ours)
    assert process.wait(60) == 0, process.stderr.read()
    process.stderr.close()
    return found.decode("utf-8")


def lines_without_words(text):
    return [line for line in text.splitlines() if re.match(r"[.FsxXE]+( |\Z)", line) or "%]" in line]


def test_on_a_terminal_there_is_one_line_that_goes_away(tmp_path):
    slow = DOUBLE.replace("return 2 * x", "import time; time.sleep(1); return 2 * x")
    write(tmp_path / "double.py", slow)
    text = on_a_terminal(["-m", "compat", "run", "double.py", "--out", "run", "-n", "1"], tmp_path)
    drawn = re.findall(r"\r\033\[K([^\r\n]*)", text)
    assert any(re.match(r"run: \d of 3 computed: double\[s\d\] numpy", line) for line in drawn)
    assert max(map(len, drawn)) < 70
    left = re.sub(r"\r\033\[K[^\r\n]*(?=\r\033\[K)", "", text).replace("\r\033[K", "").replace("\r\n", "\n")
    assert re.search(r"^run: computed in \d+ s: 3 ok$", left, re.MULTILINE)
    assert "\033" not in left and lines_without_words(left) == [] and "passed" not in left


def test_in_a_log_there_are_words_only(tmp_path, compat_command):
    write(tmp_path / "double.py", DOUBLE)
    result = compat_command("run", "double.py", "--out", "run", "-n", "1")
    assert "\r" not in result.stdout and "\033" not in result.stdout
    assert lines_without_words(result.stdout) == [] and "passed" not in result.stdout
    assert re.search(r"^run: computed in \d+ s: 3 ok$", result.stdout, re.MULTILINE)
    again = compat_command("run", "double.py", "--out", "run", "-n", "1")
    assert "computed in" not in again.stdout
