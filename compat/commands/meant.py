"""What somebody meant who gave ``compat run`` a graph, a model or code that is no case: the command for it."""

import ast
import os
import shlex
from typing import List, Optional, Sequence

from ..case.files import paths_below
from ..errors import CompatError
from ..files import is_regular, read_bytes
from ..sources import code, kinds

_CALLED = {
    "graph": "a frozen graph",
    "saved_model": "a SavedModel",
    "checkpoint": "a Saver checkpoint",
    "hdf5": "a Keras model in HDF5",
    "keras": "a Keras model",
}
_FRAMEWORKS = ("tensorflow", "keras", "tf_keras")


def check_cases(paths: Sequence[str], out: Optional[str]) -> None:
    """Raises CompatError with the command that was meant, for a path that is plainly no case.  Runs nothing."""
    for path in paths:
        if path.endswith(".py"):
            _check_code(path, out, asked=False)
        elif code.split(path):
            file, function = code.split(path) or ("", "")
            if is_regular(file):
                raise CompatError(f"{path} names a function, no case file: {_trace(path, file, out)}")
        else:
            kind = _kind(path)
            if kind:
                raise CompatError(f"{path} is {_CALLED[kind]}, no case file: {_trace(path, path, out)}")


def check_without_operations(paths: Sequence[str], out: Optional[str]) -> None:
    """The same for a file that was found to be no case."""
    for path in paths:
        if path.endswith(".py"):
            _check_code(path, out, asked=True)


def _kind(path: str) -> str:
    """The kind of source; or nothing for what is none, may be a folder of cases, or is not there."""
    if os.path.isdir(path) and "saved_model.pb" not in os.listdir(path) and paths_below(path):
        return ""
    try:
        found = kinds.source(path, trust=True)
    except (CompatError, OSError, ValueError):
        return ""
    if found.kind == "graph" and not path.endswith((".pb", ".pbtxt", ".graphdef")):
        return ""  # nothing says that it is one
    return found.kind


def _check_code(path: str, out: Optional[str], asked: bool) -> None:
    """``asked``: it defines no operation; else that is certain of code that imports a framework, and not compat."""
    if not is_regular(path):
        return
    try:
        tree = ast.parse(read_bytes(path), path)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    imported = set(_imported(tree))
    if "compat" in imported or not (asked or imported & set(_FRAMEWORKS)):
        return
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[:1] != "_"]
    if not functions:
        return
    plain = [node.name for node in functions if not _asks(node)]
    if not plain:
        raise CompatError(
            f"{path} defines no operation, and no function without arguments: write one that builds the graph or "
            f"returns the model, and {_trace(f'{path}:FUNCTION', path, out)}"
        )
    others = f" (or {', '.join(plain[1:6])})" if len(plain) > 1 else ""
    raise CompatError(
        f"{path} defines functions{others} and no operation: {_trace(f'{path}:{plain[0]}', path, out)}"
    )


def _imported(tree: ast.Module) -> List[str]:
    found: List[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module.partition(".")[0])
    return found


def _asks(node: ast.FunctionDef) -> bool:
    """Whether it has to be given arguments."""
    given = node.args
    positional = len(given.args) + len(getattr(given, "posonlyargs", ()))
    return positional > len(given.defaults) or any(default is None for default in given.kw_defaults)


def _trace(source: str, path: str, out: Optional[str]) -> str:
    name = os.path.splitext(os.path.basename(os.path.abspath(path)))[0]
    folder = out or os.path.join("out", "runs", name)
    return f"compat trace {shlex.quote(source)} --inputs x.npz --out {shlex.quote(folder)}"
