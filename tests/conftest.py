"""Fixtures of all tests, and how Hypothesis draws."""

import os
import shutil

import pytest
from support import DOUBLE, Ended, python, quick_run, write

try:
    from hypothesis import HealthCheck, settings
except ImportError:
    collect_ignore = [
        "test_asserting.py",
        "test_fuzz.py",
        "test_fuzz_in_tensorflow.py",
        "test_half_precision.py",
        "test_judge.py",
        "test_measured_properties.py",
        "test_reference.py",
    ]
else:
    settings.register_profile(
        "default", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
    settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Verdicts are remembered for these tests only, whoever runs them."""
    before = os.environ.get("COMPAT_CACHE")
    os.environ["COMPAT_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    os.environ.pop("COMPAT_CACHE")
    if before is not None:
        os.environ["COMPAT_CACHE"] = before


@pytest.fixture
def compat_command(tmp_path):
    """``compat_command("run", path, "--out", run)`` in ``tmp_path``, in a process of its own."""

    def run(*arguments, cwd=tmp_path, **extra):
        return python("-m", "compat.cli", *arguments, cwd=cwd, **extra)

    return run


@pytest.fixture
def double_case(tmp_path):
    """A case file of three samples that agree, in numpy."""
    return write(tmp_path / "double.py", DOUBLE)


@pytest.fixture(scope="session")
def double_run(tmp_path_factory):
    """A finished run of ``DOUBLE``, for tests that only read it or copy it."""
    folder = tmp_path_factory.mktemp("made")
    case = write(folder / "double.py", DOUBLE)
    result = python("-m", "compat.cli", "run", case, "--out", folder / "runs" / "here", cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture
def compat_here(tmp_path, monkeypatch, capsys):
    """``compat_here("judge", store)`` in this process, in ``tmp_path``, remembering nothing."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setenv("COMPAT_CACHE", str(tmp_path / "cache"))
        shutil.rmtree(str(tmp_path / "cache"), ignore_errors=True)
        from compat.judge import golden

        golden._open.cache_clear()
        from compat.cli import main

        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        output, errors = capsys.readouterr()
        return Ended(status, output, errors)

    return run


@pytest.fixture
def here(tmp_path):
    """A run of ``DOUBLE`` in tmp_path/runs/here."""
    quick_run(write(tmp_path / "double.py", DOUBLE), tmp_path / "runs" / "here")
    return tmp_path / "runs" / "here"
