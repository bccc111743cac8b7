"""The campaign against the store in its short form: ``python -m benchmarks.campaign`` is the long one."""

import os
import subprocess
import sys

import pytest
from support import CHECKOUT, environment

pytestmark = pytest.mark.skipif(
    os.name != "posix" or sys.version_info < (3, 8), reason="signals, and benchmarks are for modern Python"
)


def test_a_short_campaign(tmp_path):
    command = [sys.executable, "-m", "benchmarks.campaign", "--kills", "6", "--sealed", "30", "--raw", "20"]
    ended = subprocess.run(command, cwd=str(CHECKOUT), env=environment(), capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "0 violations" in ended.stdout
    for line in (
        "kills                      6",
        "sealed mutations          30",
        "raw mutations             20",
    ):
        assert line in ended.stdout
