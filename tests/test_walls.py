"""Data flows one way: cases -> compat -> reports. The walls are held by reading the imports."""

import ast
import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FRAMEWORKS = {"tensorflow", "keras", "tf_keras", "scipy", "torch", "jax"}
#: What reports may know of compat: what is on disk and what the words mean, never how to compute.
READ_BY_REPORTS = {"arrays", "diff", "errors", "golden", "judge", "operation", "store"}


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


def _imports(tree):
    """``(top-level name, dotted name, names)`` of every absolute import, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], alias.name, ()
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0], node.module, tuple(alias.name for alias in node.names)


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


def _relative(path):
    return os.path.relpath(path, ROOT)


@pytest.mark.parametrize("path", _files("compat"), ids=_relative)
def test_compat_imports_neither_cases_nor_reports_and_frameworks_late(path):
    tree = _tree(path)
    assert not {top for top, _, _ in _imports(tree)} & {"cases", "reports"}
    assert not {top for top, _, _ in _imports(_at_import_time(tree))} & FRAMEWORKS


@pytest.mark.parametrize("path", _files("cases"), ids=_relative)
def test_cases_know_the_public_names_of_compat(path):
    import compat

    for top, dotted, names in _imports(_tree(path)):
        if top == "compat":
            assert dotted == "compat" and set(names) <= set(compat.__all__)
        assert top not in {"cases", "reports"}
    early = {top for top, _, _ in _imports(_at_import_time(_tree(path)))}
    assert not early & (FRAMEWORKS | {"numpy"})


@pytest.mark.parametrize("path", _files("cases"), ids=_relative)
def test_implementations_do_not_ask_the_reference(path):
    """What is judged must not be computed by what judges it: a record does not depend on compat.reference."""
    for node in ast.walk(_tree(path)):
        decorators = getattr(node, "decorator_list", ())
        if any(isinstance(d, ast.Call) and getattr(d.func, "attr", "") == "on" for d in decorators):
            named = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            assert "reference" not in named, f"{_relative(path)}, line {node.lineno}"


@pytest.mark.parametrize("path", _files("reports"), ids=_relative)
def test_reports_read_the_store_and_compute_nothing(path):
    for top, dotted, names in _imports(_tree(path)):
        assert top not in FRAMEWORKS | {"cases"}
        if top == "compat":
            parts = dotted.split(".")
            assert set(parts[1:2] or names) <= READ_BY_REPORTS, dotted


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
