"""``compat new``: a file with both sides of a port, that runs as it is."""

import os
import shlex
from typing import Any

from ..case import files
from ..errors import CompatError
from ..texts import check_name, printable

_TEMPLATE = os.path.join(os.path.dirname(files.__file__), "data", "port.py.txt")


def add_arguments(parser: Any) -> None:
    parser.add_argument("path", metavar="FILE.py", help="the file to write; one that is there stays as it is")


def main(arguments: Any) -> int:
    """Write the template; its comments name the file as it was given."""
    path = arguments.path
    _check(path)
    with open(_TEMPLATE, encoding="utf-8") as file:
        text = file.read()
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text.replace("FILE.py", shlex.quote(path)))
    except FileExistsError:
        raise CompatError(f"{path}: is there already: name a new file") from None
    print(printable(f"{path}: both sides of a port; it says what to do next, first: {_first(path)}"))
    return 0


def _first(path: str) -> str:
    return f"compat trace {shlex.quote(path)}:legacy --out out/runs/legacy"


def _check(path: str) -> None:
    """Raises CompatError for what is no name of a Python file that a command can be told."""
    try:
        check_name("the path", path)
        path.encode("utf-8")
    except ValueError:
        raise CompatError(f"{path!r}: is no name of a file") from None
    if not path.endswith(".py") or os.path.basename(path) == ".py":
        raise CompatError(f"{path}: expected a Python file, FILE.py")
