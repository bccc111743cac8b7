"""Every public function of compat says what it takes and what it gives; mypy holds it to that (tox -e tests)."""

import ast
import os

import compat

ROOT = os.path.dirname(os.path.abspath(compat.__file__))


def _unannotated(tree, prefix=""):
    """Public functions, and the methods of public classes, that leave something unsaid: (name, line, what)."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _unannotated(node, f"{prefix}{node.name}.")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_public(node.name):
            missing = [one.arg for one in _arguments(node, bool(prefix)) if one.annotation is None]
            missing += ["what it returns"] if node.returns is None else []
            if missing:
                yield prefix + node.name, node.lineno, ", ".join(missing)


def _is_public(name):
    return not name.startswith("_") or name in ("__init__", "__call__")


def _arguments(function, is_method):
    arguments = function.args
    named = arguments.args
    if is_method and not any(getattr(d, "id", "") == "staticmethod" for d in function.decorator_list):
        named = named[1:]  # self or cls
    return [*named, *arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]


def test_public_functions_are_annotated():
    found = []
    for folder, _, names in sorted(os.walk(ROOT)):
        for name in sorted(names):
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    tree = ast.parse(file.read(), path)
                where = os.path.relpath(path, os.path.dirname(ROOT)).replace(os.sep, "/")
                found += [f"{where}:{line}: {name} {what}" for name, line, what in _unannotated(tree)]
    assert not found, "\n".join(found)


def test_what_is_left_unsaid_is_found():
    source = """
def plain(a, *, b: int) -> int: ...
def _private(a): ...
class Public:
    def __init__(self, a: int): ...
    def method(self, *rest: int, **settings) -> None: ...
    def whole(self, a: int) -> None: ...
class _Private:
    def method(self, a): ...
"""
    assert [(name, what) for name, _, what in _unannotated(ast.parse(source))] == [
        ("plain", "a"),
        ("Public.__init__", "what it returns"),
        ("Public.method", "settings"),
    ]


def test_the_marker_of_typed_packages_is_there():
    assert os.path.isfile(os.path.join(ROOT, "py.typed"))
