"""The README and the pages are true: their commands run, their examples agree, what they name exists."""

import ast
import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGES = ["README.md", "CONTRIBUTING.md"] + [
    os.path.join("docs", name)
    for name in sorted(os.listdir(os.path.join(ROOT, "docs")))
    if name.endswith(".md")
]
#: Run by .ci/run on real runs, see below.
BY_CI = ("explain", "since", "scorecard")
#: Run on the worked example by test_example_in_tensorflow.
BY_EXAMPLE = ("trace", "verify", "mend")


def _read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def _blocks(language, page="README.md"):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", _read(page), re.MULTILINE | re.DOTALL)
    return [block for name, block in fenced if name == language]


def _commands(program, *pages):
    """The commands of the pages that begin with that program, as lists of words."""
    blocks = [block for page in pages or ["README.md"] for block in _blocks("sh", page)]
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(program + " ")]


def _example(contains):
    (example,) = [block for block in _blocks("python") if contains in block]
    return example


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


def test_the_readme_is_a_first_page():
    assert len(_read("README.md").splitlines()) <= 200


@pytest.fixture
def folder(tmp_path):
    """A copy of some cases, and the README's examples under the names that its commands give them."""
    (tmp_path / "cases").mkdir()
    for name in ("convolution/convolve.py", "tutorials/plus_pattern.py", "known_differences.toml"):
        shutil.copy(os.path.join(ROOT, "cases", name), str(tmp_path / "cases"))
    (tmp_path / "my_case.py").write_text(_example("reference=reference"), encoding="utf-8")
    (tmp_path / "my_port.py").write_text(_example("against="), encoding="utf-8")
    return tmp_path


def test_the_commands_of_compat_run_as_they_stand(folder):
    """With NumPy and what else is here; the runs that they name are copies of one."""
    if _compat(["report", "--help"], folder).returncode:
        pytest.skip("compat[report] is not installed here")
    commands = [command for command in _commands("compat") if command[1] not in BY_CI + BY_EXAMPLE]
    names = ["list", "run", "run", "judge", "diff", "report", "accept", "fsck"]
    assert [command[1] for command in commands] == names
    for command in commands:
        if command[1] == "diff":
            for name in ("tf1.15", "tf2.21"):
                shutil.copytree(str(folder / "out/runs/mine"), str(folder / "out/runs" / name))
        result = _compat(command[1:], folder)
        assert result.returncode == 0, (command, result.stdout)
    assert (folder / "out/report/index.html").exists()


def test_the_example_is_a_case_that_agrees(folder):
    result = _compat(["run", "my_case.py", "--dialect", "numpy", "--out", "out/mine"], folder)
    assert result.returncode == 0 and "1 agrees" in result.stdout, result.stdout


def test_the_port_is_a_case(folder):
    """Its dialects are TensorFlow's: where there is none the commands record that, and end well."""
    listed = _compat(["list", "my_port.py"], folder)
    assert "thumbnail  (my_port.py; tf1.session, tf2.eager, tf2.function)" in listed.stdout, listed.stdout
    if "tf1.session  available" in listed.stdout:
        pytest.skip("it differs here, as it should")
    port = [
        arguments
        for environment in ("tf1.15", "tf2.21")
        for _, *arguments in _commands(f".tox/{environment}/bin/compat")
    ]
    assert [arguments[0] for arguments in port] == ["run", "run", "explain"]
    for arguments in port:
        result = _compat(arguments, folder)
        assert result.returncode == 0 and "unsupported" in result.stdout, result.stdout


def test_the_example_test_passes_and_can_fail(tmp_path):
    (tmp_path / "test_dense.py").write_text(_example("assert_agrees"), encoding="utf-8")
    port = """import numpy as np
x, w = (np.random.RandomState(0).normal(size=shape).astype(np.float32) for shape in ((4, 9), (9, 3)))
def dense(x, w):
    return x @ w * np.float32({})
"""
    for factor, said in ((1, "1 passed"), (1.001, "AssertionError: differs: at [")):
        (tmp_path / "my_port.py").write_text(port.format(factor), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_dense.py"]
        result = subprocess.run(
            command,
            cwd=str(tmp_path),
            env=dict(os.environ, PYTHONPATH=ROOT + os.pathsep + str(tmp_path)),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert said in result.stdout, result.stdout


def test_the_network_of_the_page_agrees(tmp_path):
    (network,) = _blocks("python", os.path.join("docs", "networks.md"))
    (tmp_path / "network.py").write_text(network, encoding="utf-8")
    result = _compat(["run", "network.py", "--dialect", "numpy", "--out", "out/mine"], tmp_path)
    assert result.returncode == 0 and "1 agrees" in result.stdout, result.stdout


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_points_at_exists(page):
    for target in re.findall(r"\]\((.*?)\)", _read(page)):
        path = os.path.join(ROOT, os.path.dirname(page), target.split("#")[0])
        assert target.startswith("https://") or os.path.exists(path), target


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_spells_is_known(page, tmp_path):
    """Commands by their names, Python by its syntax."""
    known = _compat(["--help"], tmp_path).stdout
    inline = re.findall(r"`compat ([a-z]+)\b.*?`", _read(page))
    for name in [command[1] for command in _commands("compat", page)] + inline:
        assert re.search(rf"^    {name}\b", known, re.MULTILINE) or name == "report", name
    for block in _blocks("python", page):
        ast.parse(block)


@pytest.mark.parametrize(
    "page, command",
    [
        ("scorecard", "compat scorecard"),
        ("scoreboard", "compat scoreboard"),
        ("benchmarks", "python -m benchmarks"),
    ],
)
def test_a_page_with_figures_says_how_and_when_they_were_taken(page, command):
    first = "\n".join(_read("docs", page + ".md").splitlines()[:5])
    assert f"Made by `{command} --page docs/{page}.md`" in first
    assert re.search(r"\b20\d\d-\d\d-\d\d\b", first) and re.search("AMD|Intel|ARM|Apple", first)


def test_the_house_has_the_rooms_of_its_plan():
    (plan,) = [block for block in _blocks("", os.path.join("docs", "house.md")) if "records.py" in block]
    folder, missing = "", []
    for line in plan.splitlines():
        name = line.split()[0]
        folder = folder if line.startswith(" ") else name
        path = os.path.join(folder, name) if line.startswith(" ") else name
        missing += [] if os.path.exists(os.path.join(ROOT, path)) else [path]
    assert not missing


def test_the_environments_and_labels_exist():
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(os.path.join(ROOT, "tox.ini"))
    labels = dict(re.findall(r"^(\w+) = (.*)$", tox["tox"]["labels"].strip(), re.MULTILINE))
    versions = set(re.findall(r"tf\d\.\d+", tox["testenv"]["deps"]))
    named = versions | {f"layers-{version}" for version in versions}  # and "-onednn" to each, see below
    named |= {section.split(":")[1] for section in tox.sections() if ":" in section}
    commands = _commands("pipx run tox", *PAGES) + [["pipx", "run", "tox"]]
    assert len(commands) > 6
    for command in commands:
        for option, value in zip(command, command[1:]):
            if option == "-e":
                assert {
                    re.sub("-(onednn|threads2|jax|converted)$", "", name) for name in value.split(",")
                } <= named
            if option == "-m":
                assert value in labels
    for names in labels.values():
        assert {re.sub("-(onednn|threads2|jax|converted)$", "", name) for name in names.split(", ")} <= named


def test_ci_calls_the_test_command():
    tests = next(command for command in _commands("pipx run tox") if "tests" in command[-1])
    ci = _read(".ci", "run")
    assert f"tox -e {tests[-1]}" in ci
    (benchmarks,) = _commands(".tox/tf2.21/bin/python", *PAGES)
    assert benchmarks[-2] == "--page" and " ".join(benchmarks[:-2]) in ci
    from_the_runs = [command for command in _commands("compat") if command[1] in BY_CI]
    assert [command[1] for command in from_the_runs] == list(BY_CI)
    for command in from_the_runs:
        assert " ".join(command) in ci.replace("'", "")
