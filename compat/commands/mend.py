"""``compat mend``: the edit of a port that verify's cause asks for, tried on fresh inputs, proposed, and written."""

import os
from typing import Any

from ..errors import CompatError
from ..porting import findings
from ..porting.mending import mended
from ..texts import printable


def add_arguments(parser: Any) -> None:
    add = parser.add_argument
    add("port", metavar="PORT.py", help="the file to edit: the port's own, or one that it imports")
    add("--from", dest="folder", required=True, metavar="FOLDER", help="what compat verify --out wrote")
    add("--apply", action="store_true", help="write the edit, where all agrees on fresh inputs")
    add("--seconds", type=float, default=1800.0, metavar="S", help="seconds for it, at most (default: 1800)")
    add("--tries", type=int, default=120, metavar="N", help="edits that are tried at most (default: 120)")


def main(arguments: Any) -> int:
    if arguments.tries < 1 or not arguments.seconds > 0:
        raise CompatError("--tries and --seconds: expected 1 or more")
    found = findings.read(arguments.folder)
    if found.training:
        raise CompatError(
            f"{arguments.folder}: holds a step of training: mend edits what the network computes; compat verify "
            "without --training"
        )
    source, path = mended.opened(arguments.port, found)
    if found.holds:
        _tell("nothing to mend: all agree")
        return 1
    done = mended.search(source, found, arguments.folder, arguments.tries, _tell, arguments.seconds)
    if done is None:
        return 1
    for line in mended.difference(arguments.port, source.text, done.text):
        print(line, end="", flush=True)
    if not done.green:
        _tell(f"not mended: {done.left}; {os.path.basename(path)} stays as it was")
        return 1
    if arguments.apply:
        mended.write(path, source, done.text)
        _tell(f"mended: {done.said}; all agree on fresh inputs; wrote {arguments.port}")
    else:
        _tell(f"proposed: {done.said}; all agree on fresh inputs with it; --apply writes it")
    return 0


def _tell(text: str) -> None:
    print(printable(text), flush=True)
