"""Runs that meet a full disk, another run, a reader who went away, or the end of the process that started them."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from support import DOUBLE, content, environment, plugin_options, python, refusal, write

from compat.store import Run

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and limits")

SLEEPER = """
    import os
    import time

    from compat import fixtures, operation, reference

    sleeper = operation("sleeper", reference=lambda x, *, number: reference.Reference(2.0 * x))


    @sleeper.on("numpy")
    def _(np, x, *, number):
        with open("started", "a") as file:
            file.write("%d\\n" % os.getpid())
        {work}
        return 2 * x


    for number in range({count}):
        sleeper.sample("s%d" % number, x=fixtures.values("v%d" % number, [number, 1]), number=number)
"""


def start(folder, *arguments, **extra):
    # Whoever runs the tests in the background may have SIGINT ignored, which children inherit.
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=str(folder),
        env=environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def run(case, *options):
    return ("compat.cli", "run", case, "--out", "runs/here", "--dialect", "numpy", *options)


def wait_for(what, seconds=60):
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.01)


def workers(folder, number):
    """The processes that compute, once there are so many."""
    path = folder / "started"
    wait_for(lambda: path.exists() and len(set(path.read_text().split())) >= number)
    return sorted(map(int, set(path.read_text().split())))


def alive(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def statuses(folder):
    found = Run.open(str(folder / "runs" / "here"))
    return [row["numpy"].status for row in found.records.values()]


# -- the end of the parent (E17)


@posix_only
@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks at processes in /proc")
@pytest.mark.parametrize(
    "work",
    ["time.sleep(600)", "__import__('ctypes').PyDLL(None).sleep(600)"],
    ids=["sleeps", "holds the lock"],
)
@pytest.mark.parametrize("how", ["SIGINT to the group", "SIGINT", "SIGTERM", "SIGKILL"])
def test_workers_end_with_their_parent(tmp_path, how, work):
    case = write(tmp_path / "case.py", SLEEPER.format(work=work, count=4))
    process = start(tmp_path, *run(case, "-n", "2"))
    computing = workers(tmp_path, 2)
    number = getattr(signal, how.split()[0])
    os.killpg(process.pid, number) if "group" in how else os.kill(process.pid, number)
    ended = time.monotonic()
    wait_for(lambda: not any(map(alive, computing)), 10)
    assert time.monotonic() - ended < 4, "on a machine with other work; it takes half a second"
    process.wait(timeout=20)
    assert process.returncode == (130 if "INT" in how else -number)
    errors = process.stderr.read().decode()
    assert "Traceback" not in errors
    if "INT" in how:
        assert errors == "compat run: stopped; what was computed is kept\n"
    process.stdout.close()
    process.stderr.close()


# -- two at once (E10)


@posix_only
def test_two_into_one_run(tmp_path):
    case = write(tmp_path / "case.py", SLEEPER.format(work="time.sleep(600)", count=1))
    write(tmp_path / "double.py", DOUBLE)
    process = start(tmp_path, *run(case))
    workers(tmp_path, 1)
    before = content(tmp_path)
    try:
        line = refusal(python("-m", *run("double.py"), cwd=tmp_path))
        assert "another compat records into this run" in line
        options = ("-q", "-p", "no:cacheprovider", *plugin_options(), "--compat-out", "runs/here")
        result = python("-m", "pytest", "double.py", *options, cwd=tmp_path)
        assert result.returncode == 2, result.stdout + result.stderr
        assert len(result.stderr.splitlines()) == 1 and "another compat records" in result.stderr
        assert content(tmp_path) == before
    finally:
        process.kill()
        process.communicate()
    assert python("-m", *run("double.py"), cwd=tmp_path).returncode == 0, "the lock goes with the process"


@posix_only
@pytest.mark.parametrize("number", [2, 4])
def test_several_runs_into_one_store(tmp_path, number):
    write(tmp_path / "double.py", DOUBLE)
    command = ("compat.cli", "run", "double.py", "--dialect", "numpy", "--out")
    several = [start(tmp_path, *command, f"runs/n{n}") for n in range(number)]
    for process in several:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, b"")
    result = python("-m", "compat.cli", "judge", "runs", cwd=tmp_path)
    assert result.returncode == 0 and result.stdout.count("3 agrees") == number
    assert not [name for name in os.listdir(str(tmp_path / "runs" / "objects")) if name.startswith(".")]


# -- another environment (E5)


@posix_only
@pytest.mark.parametrize("command", ["compat run", "pytest"])
def test_a_killed_run_that_goes_on_in_another_environment(tmp_path, command):
    """Rows of a journal are of the environment in which they were computed."""
    case = write(
        tmp_path / "case.py",
        SLEEPER.format(
            work="time.sleep(600 if number == 2 and os.environ['OPENBLAS_NUM_THREADS'] == '1' else 0)",
            count=3,
        ),
    )
    options = ("-q", "-p", "no:cacheprovider", *plugin_options(), "--compat-out", "runs/here")
    arguments = run(case, "-n", "1") if command == "compat run" else ("pytest", "case.py", *options)
    process = start(tmp_path, *arguments, OPENBLAS_NUM_THREADS="1")
    journal = tmp_path / "runs" / "here" / "journal"
    wait_for(lambda: len(list(journal.glob("*.json"))) == 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (tmp_path / "started").unlink()
    result = python("-m", *arguments, cwd=tmp_path, OPENBLAS_NUM_THREADS="7")
    assert result.returncode == 0, result.stdout + result.stderr
    assert len((tmp_path / "started").read_text().split()) == 3, "all of them are computed again"
    recorded = Run.open(str(tmp_path / "runs" / "here"))
    assert recorded.environment.settings["OPENBLAS_NUM_THREADS"] == "7"
    assert statuses(tmp_path) == ["ok"] * 3
    assert len({record.code for row in recorded.records.values() for record in row.values()}) == 1


# -- no room (E11)

#: Arrays larger than what a file may be.
LARGE = """
    import {module}

    from compat import fixtures, operation, reference

    large = operation("large", reference=lambda x, *, number: reference.Reference(2.0 * x))


    @large.on("numpy")
    def _(np, x, *, number):
        {work}
        return 2 * x


    for number in range(3):
        large.sample("s%d" % number, x=fixtures.values("v%d" % number, [number, 1] * 10000), number=number)
"""


@contextlib.contextmanager
def small_disk(folder):
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("needs a disk of its own")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("cannot mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(tmp_path):
    case = write(tmp_path / "large.py", LARGE.format(module="os", work="pass"))
    with small_disk(tmp_path / "runs"):
        filler = tmp_path / "runs" / "filler"
        for size in (100, 250, 330, 395):
            with contextlib.suppress(OSError):  # then there is no room at all
                filler.write_bytes(b"x" * size * 1000)
            line = refusal(python("-m", *run(case), cwd=tmp_path))
            assert "No space left on device" in line and "None" not in line
            if Run.exists(str(tmp_path / "runs" / "here")):
                assert set(statuses(tmp_path)) <= {"ok", "crashed"}
            filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=4m", str(tmp_path / "runs")], check=True)
        result = python("-m", *run(case), cwd=tmp_path)
        assert result.returncode == 0, result.stdout + result.stderr
        assert statuses(tmp_path) == ["ok"] * 3


@posix_only
def test_files_that_may_not_be_large_enough(tmp_path):
    case = write(tmp_path / "large.py", LARGE.format(module="os", work="pass"))
    code = (
        "import resource, sys; from compat.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50000, resource.getrlimit(resource.RLIMIT_FSIZE)[1])); "
        "sys.exit(main(sys.argv[1:]))"
    )
    line = refusal(python("-c", code, *run(case)[1:], cwd=tmp_path))
    assert "File too large" in line and "None" not in line
    result = python("-m", *run(case), cwd=tmp_path)
    assert result.returncode == 0 and statuses(tmp_path) == ["ok"] * 3


def test_an_implementation_that_finds_the_disk_full(tmp_path):
    """It may write files of its own: what it meets then is no result either."""
    work = "if not os.path.exists('room'): raise OSError(28, 'No space left on device')"
    case = write(tmp_path / "large.py", LARGE.format(module="os", work=work))
    assert "No space left on device" in refusal(python("-m", *run(case), cwd=tmp_path))
    (tmp_path / "room").write_text("")
    result = python("-m", *run(case), cwd=tmp_path)
    assert result.returncode == 0 and statuses(tmp_path) == ["ok"] * 3


# -- a reader who went away (E12)


@posix_only
@pytest.mark.parametrize("lines", ["0", "1"])
def test_a_reader_who_goes_away(tmp_path, lines):
    case = write(tmp_path / "case.py", SLEEPER.format(work="time.sleep(0.2)", count=8))
    command = " ".join(
        [sys.executable, "-m", *map(str, run(case, "-n", "1")), "2>errors", "|", "head", "-n", lines]
    )
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}; echo ${{PIPESTATUS[0]}} >status"],
        cwd=str(tmp_path),
        env=environment(),
        capture_output=True,
    )
    assert (tmp_path / "status").read_text() == "2\n", result
    (line,) = (tmp_path / "errors").read_text().splitlines()
    assert "whoever read the output went away" in line
    assert python("-m", *run(case), cwd=tmp_path).returncode == 0


@posix_only
def test_output_that_has_no_room(tmp_path):
    write(tmp_path / "double.py", DOUBLE)
    for arguments in (run("double.py"), ("compat.cli", "judge", "runs"), ("compat.cli", "list", "double.py")):
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                [sys.executable, "-m", *arguments],
                cwd=str(tmp_path),
                env=environment(),
                stdout=full,
                stderr=subprocess.PIPE,
            )
        lines = result.stderr.decode().splitlines()
        assert result.returncode == 2 and len(lines) == 1, lines


# -- what stands around (E18)


@pytest.mark.parametrize("threads", ["abc", "0", "", "1.5", "\x1b[2J"])
def test_threads_that_are_no_number(tmp_path, threads):
    write(tmp_path / "double.py", DOUBLE)
    assert "COMPAT_THREADS=" in refusal(python("-m", *run("double.py"), cwd=tmp_path, COMPAT_THREADS=threads))
    options = ("-q", "-p", "no:cacheprovider", *plugin_options(), "--compat-out", "runs/here")
    result = python("-m", "pytest", "double.py", *options, cwd=tmp_path, COMPAT_THREADS=threads)
    assert result.returncode == 2 and len(result.stderr.splitlines()) == 1, result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr and "\x1b[2J" not in result.stderr


#: Ctrl-C in a terminal, which sends it to the whole group, so many twentieths of a second after the command has
#: begun: before, it is Python's own affair.
STOPPING = """
import os, signal, sys, threading, time, traceback
from compat.cli import main

def stop(thread):
    while not any(f.name == "_main" for f in traceback.extract_stack(sys._current_frames()[thread])):
        time.sleep(0.001)
    time.sleep(MOMENT * 0.05)
    os.killpg(0, signal.SIGINT)

threading.Thread(target=stop, args=(threading.get_ident(),), daemon=True).start()
sys.exit(main(sys.argv[1:]))
"""


@posix_only
@pytest.mark.parametrize("moment", range(16))
def test_stopped_while_it_begins(tmp_path, moment):
    case = write(tmp_path / "case.py", SLEEPER.format(work="time.sleep(600)", count=4))
    code = STOPPING.replace("MOMENT", str(moment))
    process = subprocess.run(
        [sys.executable, "-c", code, *map(str, run(case, "-n", "2")[1:])],
        cwd=str(tmp_path),
        env=environment(),
        capture_output=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    lines = process.stderr.decode().splitlines()
    assert process.returncode == 130, lines
    assert lines == ["compat run: stopped; what was computed is kept"]


@posix_only
@pytest.mark.parametrize(
    "arguments",
    [
        (b"run", b"n\xff.py", b"--out", b"r"),
        (b"run", b"double.py", b"--out", b"r", b"--sample", b"\xff"),
        (b"run", b"double.py", b"--out", b"r", b"--dialect", b"\xff"),
        (b"run", b"a\nb.py", b"--out", b"r"),
        (b"run", b"\x1b[2J.py", b"--out", b"r"),
        (b"run", b"there\xff.py", b"--out", b"r"),
        (b"run", b"double.py", b"--out", b"r\xff"),
        (b"judge", b"\xff"),
        (b"diff", b"\xff", b"\x1b[2J"),
        (b"explain", b"\xff", b"\xff", b"\xff"),
        (b"since", b"\xff", b"numpy", b"--runs", b"\xff"),
        (b"accept", b"\xff"),
        (b"\xff",),
    ],
    ids=ascii,
)
def test_names_that_are_no_text(tmp_path, arguments):
    write(tmp_path / "double.py", DOUBLE)
    for name in (b"a\nb.py", b"\x1b[2J.py", b"there\xff.py"):
        with open(os.path.join(os.fsencode(str(tmp_path)), name), "w") as file:
            file.write((tmp_path / "double.py").read_text())
    command = [os.fsencode(sys.executable), b"-m", b"compat.cli", *arguments]
    result = subprocess.run(command, cwd=str(tmp_path), env=environment(), capture_output=True)
    assert result.returncode == 2, result
    assert len(result.stderr.splitlines()) == 1 and b"Traceback" not in result.stderr
    assert b"\x1b" not in result.stderr
