"""A run names what takes long, and nothing else."""

import re
import time

from support import write

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
