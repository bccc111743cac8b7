"""The README is true: its commands run, its example is a case, the environments it names exist."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as _file:
    README = _file.read()


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def _commands(program):
    lines = [line.split("#")[0].strip() for block in _blocks("sh") for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(program + " ")]


def _compat(arguments, folder):
    environment = dict(os.environ, PYTHONPATH=ROOT)
    return subprocess.run(
        [sys.executable, "-m", "compat.cli", *arguments],
        cwd=str(folder),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_commands_of_compat_run_as_they_stand(tmp_path):
    """In a copy of some cases, with NumPy and what else is here; the runs it names are copies of one."""
    if _compat(["report", "--help"], tmp_path).returncode:
        pytest.skip("compat[report] is not installed here")
    (tmp_path / "cases").mkdir()
    for name in ("convolution/convolve.py", "tutorials/plus_pattern.py", "known_differences.toml"):
        shutil.copy(os.path.join(ROOT, "cases", name), str(tmp_path / "cases"))
    (tmp_path / "my_port.py").write_text(_blocks("python")[0], encoding="utf-8")
    commands = _commands("compat")
    by_ci = [command for command in commands if command[1] in ("explain", "since", "scorecard")]
    commands = [command for command in commands if command not in by_ci]
    assert {command[1] for command in commands} == {"list", "run", "diff", "report", "accept"}
    for command in commands:
        if command[1] == "diff":
            for name in ("tf1.15", "tf2.21"):
                shutil.copytree(str(tmp_path / "out/runs/mine"), str(tmp_path / "out/runs" / name))
        result = _compat(command[1:], tmp_path)
        assert result.returncode == 0, (command, result.stdout)
    assert (tmp_path / "out/report/index.html").exists()


def test_the_example_is_a_case_that_agrees(tmp_path):
    (tmp_path / "my_port.py").write_text(_blocks("python")[0], encoding="utf-8")
    result = _compat(["run", "my_port.py", "--dialect", "numpy", "--out", "out/mine"], tmp_path)
    assert result.returncode == 0 and "1 agrees" in result.stdout, result.stdout


def test_the_environments_and_labels_exist():
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(os.path.join(ROOT, "tox.ini"))
    labels = dict(re.findall(r"^(\w+) = (.*)$", tox["tox"]["labels"].strip(), re.MULTILINE))
    versions = set(re.findall(r"tf\d\.\d+", tox["testenv"]["deps"]))
    named = versions | {f"layers-{version}" for version in versions}  # and "-onednn" to each, see below
    named |= {section.split(":")[1] for section in tox.sections() if ":" in section}
    commands = _commands("pipx run tox") + [["pipx", "run", "tox"]]
    assert len(commands) > 4
    for command in commands:
        for option, value in zip(command, command[1:]):
            if option == "-e":
                assert {re.sub("-(onednn|threads2)$", "", name) for name in value.split(",")} <= named
            if option == "-m":
                assert value in labels
    for names in labels.values():
        assert {re.sub("-(onednn|threads2)$", "", name) for name in names.split(", ")} <= named


def test_ci_calls_the_test_command():
    tests = next(command for command in _commands("pipx run tox") if "tests" in command[-1])
    with open(os.path.join(ROOT, ".ci", "run"), encoding="utf-8") as file:
        ci = file.read()
    assert f"tox -e {tests[-1]}" in ci
    (benchmarks,) = _commands(".tox/tf2.21/bin/python")
    assert " ".join(benchmarks) in ci
    from_the_runs = [
        command for command in _commands("compat") if command[1] in ("explain", "since", "scorecard")
    ]
    assert [command[1] for command in from_the_runs] == ["explain", "since", "scorecard"]
    for command in from_the_runs:
        assert " ".join(command) in ci.replace("'", "")
