"""``compat fsck``: whether stores are sound, every run and every array."""

import os
from typing import Any

from ..errors import CompatError
from ..files import reason
from ..soundness import check
from ..store import STORE, folders
from .telling import Progress


def add_arguments(parser: Any) -> None:
    add = parser.add_argument
    add("stores", nargs="*", metavar="STORE", help=f"stores or runs (default: {STORE})")
    add("--remove", action="store_true", help="remove damaged arrays, so that compat run makes them again")


def main(arguments: Any) -> int:
    runs = folders(arguments.stores or [STORE])
    found = check(runs, Progress("fsck", unit="arrays"))
    for damage in found:
        print(damage.what)
    removable = [damage.path for damage in found if damage.path]
    if arguments.remove:
        for path in removable:
            _remove(path)
    if not found:
        print(f"sound: {len(runs)} {'run' if len(runs) == 1 else 'runs'}, and every array that they name")
        return 0
    if removable and not arguments.remove:
        print(f"damaged arrays: {len(removable)}; compat fsck --remove removes them")
    print("compat run makes again what is missing")
    return 1


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as error:
        raise CompatError(f"{path}: cannot be removed ({reason(error)})") from None
    print(f"removed {path}")
