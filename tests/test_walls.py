"""Data flows one way: cases -> compat -> reports. The walls are held by reading the imports."""

import ast
import os
import shutil
import subprocess
import sys

import pytest

import compat

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FRAMEWORKS = {"tensorflow", "keras", "tf_keras", "scipy", "torch", "jax"}
REPORTS = "reports/compat_reports"
#: Of compat each room may not import these ...
CLOSED = {
    "compat/case": ("judge", "explain", "commands", "scorecard", "record", "asserting", "fuzz"),
    "compat/record": ("judge", "explain", "commands", "scorecard", "asserting", "fuzz"),
    "compat/sources": ("judge", "explain", "commands", "scorecard", "asserting", "fuzz"),
    "compat/reference": ("record", "judge", "explain", "commands", "scorecard", "store", "asserting"),
    "compat/judge": ("explain", "commands", "scorecard", "asserting", "fuzz"),
    "compat/explain": ("commands", "asserting", "fuzz"),
    "compat/asserting": ("commands", "scorecard", "store"),
    "compat/fuzz": ("commands", "scorecard", "asserting", "porting", "atlas"),
    "compat/atlas": ("commands", "scorecard", "asserting", "porting", "explain"),
    "compat/layers": ("",),
    REPORTS: ("",),
}
#: ... but for these: names of dialects, what is on disk, verdicts and what their words mean; never how to compute.
OPEN = {
    "compat/case": ("record.dialects",),
    "compat/layers": ("layers", "errors", "arrays"),
    REPORTS: (
        "errors",
        "files",
        "forked",
        "jsons",
        "judge.beforehand",
        "judge.judging",
        "junit",
        "porting.findings",
        "record.dialects",
        "records",
        "store",
    ),
}


def _files(folder):
    return [
        os.path.join(path, name)
        for path, _, names in sorted(os.walk(os.path.join(ROOT, folder)))
        for name in sorted(names)
        if name.endswith(".py")
    ]


def _tree(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read(), path)


def _imports(tree, path=""):
    """Dotted names of all that is imported, wherever it stands; of relative imports as seen from ``path``."""
    package = os.path.dirname(path).split("/")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            here = package[: len(package) + 1 - node.level] if node.level else []
            for alias in node.names:
                yield ".".join([*here, *filter(None, [node.module]), alias.name])


def _tops(tree):
    return {name.partition(".")[0] for name in _imports(tree)}


def _within(name, rooms):
    return any(not room or (name + ".").startswith(room + ".") for room in rooms)


def crossings(path, tree):
    """What a file imports through a wall; the public names of compat stand for the rooms they live in."""
    room = REPORTS if path.startswith(REPORTS) else "/".join(path.split("/")[:2])
    found = []
    for name in _imports(tree, path):
        top, _, inner = name.partition(".")
        inner = compat._HOMES.get(inner.split(".")[0], name).partition(".")[2]
        if room.startswith("compat"):
            through = top in {"cases", "reports", "compat_reports"}
        else:
            through = top in FRAMEWORKS | {"cases"}
        if top == "compat" and _within(inner, CLOSED.get(room, ())):
            through = not _within(inner, OPEN.get(room, ()))
        if through:
            found.append(name)
    return found


def _at_import_time(tree):
    """The statements that run when the module is imported: not those within functions."""
    module = ast.Module(body=[], type_ignores=[])
    stack = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        module.body.append(node) if isinstance(node, (ast.Import, ast.ImportFrom)) else None
        stack.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt))
    return module


def test_the_worker_of_a_campaign_knows_no_judge():
    """What runs inside an environment records: nothing that it imports leads to the judge, or to Hypothesis."""
    code = "import compat.fuzz.worker, sys; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "compat.fuzz.worker" in done.stdout
    assert not [
        name for name in ("compat.judge", "compat.explain", "hypothesis") if f"'{name}" in done.stdout
    ]


def _relative(path):
    return os.path.relpath(path, ROOT)


# The syntax of reports is newer than the oldest Python that runs these tests.
@pytest.mark.parametrize(
    "path", [*_files("compat"), *(_files(REPORTS) if sys.version_info >= (3, 11) else [])], ids=_relative
)
def test_nothing_is_imported_through_a_wall(path):
    assert crossings(_relative(path).replace(os.sep, "/"), _tree(path)) == []


@pytest.mark.parametrize(
    "path, source",
    [
        ("compat/store.py", "import cases.convolve"),
        ("compat/cli.py", "def main():\n    from compat_reports import command"),
        ("compat/commands/run.py", "import reports.command"),
        ("compat/record/plan.py", "from ..judge.judging import judge_runs"),
        ("compat/record/plan.py", "from .. import judge"),
        ("compat/record/dialects/numpy.py", "from ...explain import search"),
        ("compat/record/run.py", "def f():\n    from compat.commands import run"),
        ("compat/record/run.py", "import compat.scorecard"),
        ("compat/case/files.py", "from ..judge.known import read"),
        ("compat/case/files.py", "from ..explain.search import explain"),
        ("compat/case/files.py", "from ..commands.telling import counts"),
        ("compat/case/files.py", "from .. import scorecard"),
        ("compat/case/operation.py", "from ..record.compute import compute"),
        ("compat/case/operation.py", "from ..record import compute"),
        ("compat/reference/bounds.py", "from ..record.dialects import DIALECTS"),
        ("compat/reference/bounds.py", "from ..judge.compare import compare"),
        ("compat/reference/bounds.py", "from ..explain.altered import Call"),
        ("compat/reference/bounds.py", "from ..store import Run"),
        ("compat/layers/pooling.py", "from .. import reference"),
        ("compat/layers/pooling.py", "from compat import fixtures"),
        ("compat/layers/pooling.py", "from ..case.fixtures import Fixture"),
        ("compat/judge/verdicts.py", "from ..explain import shape"),
        ("compat/judge/verdicts.py", "from ..commands import telling"),
        ("compat/judge/verdicts.py", "from ..scorecard import faults"),
        ("compat/explain/search.py", "from ..commands.explain import main"),
        ("compat/fuzz/campaign.py", "from ..commands import telling"),
        ("compat/judge/verdicts.py", "from ..fuzz import samples"),
        ("compat/fuzz/campaign.py", "from ..atlas import chosen"),
        ("compat/atlas/pages.py", "from ..commands import telling"),
        ("compat/record/run.py", "from .. import assert_agrees"),
        ("compat/case/operation.py", "from ..asserting.assertion import assert_agrees"),
        ("compat/judge/compare.py", "from compat import assert_agrees"),
        ("compat/asserting/message.py", "from ..commands import telling"),
        ("reports/compat_reports/grid.py", "from compat.record.compute import compute"),
        ("reports/compat_reports/grid.py", "from compat.judge.verdicts import judge"),
        ("reports/compat_reports/grid.py", "from compat import reference"),
        ("reports/compat_reports/grid.py", "from compat import operation"),
        ("reports/compat_reports/grid.py", "import compat.explain.search"),
        ("reports/compat_reports/grid.py", "from compat import *"),
        ("reports/compat_reports/grid.py", "import compat"),
        ("reports/compat_reports/grid.py", "def draw():\n    import tensorflow"),
        ("reports/compat_reports/grid.py", "from cases import convolve"),
    ],
)
def test_each_wall_holds(path, source):
    assert crossings(path, ast.parse(source)) != []


@pytest.mark.parametrize(
    "path, source",
    [
        ("compat/case/operation.py", "from ..record.dialects import DIALECTS"),
        ("compat/layers/pooling.py", "from ..errors import CompatError\nfrom . import tiling"),
        ("compat/explain/altered.py", "from .. import reference"),
        ("compat/commands/explain.py", "from ..explain import shape\nfrom ..judge import judging"),
        ("reports/compat_reports/grid.py", "from compat import records\nfrom . import site"),
    ],
)
def test_the_doors_are_open(path, source):
    assert crossings(path, ast.parse(source)) == []


@pytest.mark.parametrize("path", _files("compat"), ids=_relative)
def test_compat_imports_frameworks_late(path):
    assert not _tops(_at_import_time(_tree(path))) & FRAMEWORKS


@pytest.mark.parametrize("path", _files("cases"), ids=_relative)
def test_cases_know_the_public_names_of_compat(path):
    tree = _tree(path)
    for name in _imports(tree):
        top, _, inner = name.partition(".")
        assert top not in {"cases", "reports", "compat_reports"}
        assert top != "compat" or not inner or inner in compat.__all__, name
        assert inner != "assert_agrees", "a case says what is computed, and asserts nothing"
    assert not _tops(_at_import_time(tree)) & (FRAMEWORKS | {"numpy"})


@pytest.mark.parametrize("path", _files("cases"), ids=_relative)
def test_implementations_do_not_ask_the_reference(path):
    """What is judged must not be computed by what judges it: a record does not depend on compat.reference."""
    for node in ast.walk(_tree(path)):
        decorators = getattr(node, "decorator_list", ())
        if any(isinstance(d, ast.Call) and getattr(d.func, "attr", "") == "on" for d in decorators):
            named = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            assert "reference" not in named, f"{_relative(path)}, line {node.lineno}"


@pytest.mark.parametrize("path", [*_files("compat"), *_files("cases")], ids=_relative)
@pytest.mark.skipif(sys.version_info < (3, 8), reason="feature_version begins with Python 3.8")
def test_syntax_is_that_of_python_3_7(path):
    with open(path, encoding="utf-8") as file:
        ast.parse(file.read(), path, feature_version=(3, 7))


def test_python_3_7_compiles_compat_and_cases(tmp_path):
    python = shutil.which("python3.7")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": ROOT}
    if python is None or subprocess.call([python, "--version"], **quiet):
        pytest.skip("there is no python3.7 here")
    copies = [str(tmp_path / folder) for folder in ("compat", "cases")]
    for copy in copies:
        shutil.copytree(os.path.join(ROOT, os.path.basename(copy)), copy)
    assert subprocess.call([python, "-m", "compileall", "-q", *copies], cwd=ROOT) == 0
