"""What a case file looks at while it is loaded and its fixtures are made: files that are opened, environment variables.

With the case's own files it is all that they follow from, as long as nothing but Python, NumPy and compat is at work:
what other ``libraries`` read, in C, is not seen.
"""

import builtins
import contextlib
import functools
import hashlib
import io
import os
import sys
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Set

from ..case.imports import is_standard
from ..errors import CompatError
from ..files import is_regular, read_bytes

_WRITING = set("wax")


@dataclass
class Noticed:
    """``files``: the SHA-256 by absolute path, empty where there was none; ``variables``: the value, or None."""

    files: Dict[str, str] = field(default_factory=dict)
    variables: Dict[str, Optional[str]] = field(default_factory=dict)

    def merge(self, other: "Noticed") -> None:
        self.files.update(other.files)
        self.variables.update(other.variables)

    def still_true(self) -> bool:
        """Whether all is as it was."""
        return all(os.environ.get(name) == value for name, value in self.variables.items()) and all(
            digest_of(path) == digest for path, digest in self.files.items()
        )


def digest_of(path: str) -> str:
    try:
        return hashlib.sha256(read_bytes(path)).hexdigest() if is_regular(path) else ""
    except CompatError:
        return ""


@contextlib.contextmanager
def noticing(noticed: Noticed) -> Iterator[None]:
    """Note what is looked at meanwhile."""
    files: Set[str] = set()
    real = builtins.open, io.open, os.open
    environments: List[Any] = [os.environ, os.environb] if os.supports_bytes_environ else [os.environ]
    encoding = [environment.encodekey for environment in environments]

    def reading(file: Any, mode: Any = "r", *arguments: Any, **named: Any) -> Any:
        if not isinstance(file, int) and not _WRITING.intersection(mode):
            files.add(os.path.abspath(os.fsdecode(file)))
        return real[0](file, mode, *arguments, **named)

    def descriptor(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
        if not flags & (os.O_WRONLY | os.O_RDWR):
            files.add(os.path.abspath(os.fsdecode(path)))
        return real[2](path, flags, *arguments, **named)

    def variable(environment: Any, encode: Any, name: Any) -> Any:
        key = encode(name)
        value = environment._data.get(key)
        value = None if value is None else os.fsdecode(environment.decodevalue(value))
        noticed.variables[os.fsdecode(name)] = value
        return key

    _put(reading, reading, descriptor)
    # Every access to os.environ goes through it.  An attribute of the object: a class whose methods are exchanged
    # a thousand times has, from Python 3.13 on, its old ones called (it is out of versions for the caches of calls).
    for environment, encode in zip(environments, encoding):
        environment.encodekey = functools.partial(variable, environment, encode)
    try:
        yield
    finally:
        for environment, encode in zip(environments, encoding):
            environment.encodekey = encode
        _put(*real)
        noticed.files.update((path, digest_of(path)) for path in files)


def _put(builtin: Any, in_io: Any, in_os: Any) -> None:
    builtins.open, io.open, os.open = builtin, in_io, in_os


def libraries() -> Set[str]:
    """Those at work that are no part of Python, of NumPy or of compat."""
    found = {
        name.partition(".")[0] for name, module in list(sys.modules.items()) if hasattr(module, "__file__")
    }
    return {name for name in found - {"numpy", "compat"} if not is_standard(name)}
