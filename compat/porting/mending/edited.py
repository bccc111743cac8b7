"""A text read in the place of a file's, by this process alone: nothing on the disk is touched."""

import contextlib
import importlib.machinery
import linecache
import os
import sys
from typing import Any, Iterator


@contextlib.contextmanager
def reading_instead(path: str, text: str) -> Iterator[None]:
    """Within, whoever imports the file gets that text: Python, and AutoGraph, which asks for a function's lines."""
    path = os.path.realpath(path)
    loader: Any = importlib.machinery.SourceFileLoader
    get_data, path_stats = loader.get_data, loader.path_stats
    data = text.encode("utf-8")

    def instead_of(self: Any, asked: str) -> bytes:
        return data if os.path.realpath(asked) == path else get_data(self, asked)

    def stats(self: Any, asked: str) -> Any:
        if os.path.realpath(asked) == path:
            raise OSError("compiled anew: what is kept of it is of the file")
        return path_stats(self, asked)

    lines: Any = linecache
    update = lines.updatecache

    def updated(name: str, module_globals: Any = None) -> Any:
        if os.path.realpath(name) != path:
            return update(name, module_globals)
        _remember(path, text)
        return text.splitlines(keepends=True)

    loader.get_data, loader.path_stats, lines.updatecache = instead_of, stats, updated
    try:
        _remember(path, text)
        yield
    finally:
        loader.get_data, loader.path_stats, lines.updatecache = get_data, path_stats, update
        for name in [name for name in linecache.cache if os.path.realpath(name) == path]:
            linecache.cache.pop(name, None)


def _remember(path: str, text: str) -> None:
    """Without the time of the file, which says that it is to be read again."""
    lines = text.splitlines(keepends=True)
    for name in {path, os.path.abspath(path), *(n for n in linecache.cache if os.path.realpath(n) == path)}:
        linecache.cache[name] = (len(text), None, lines, name)


def forget_modules(before: "set[str]") -> None:
    """Modules of a person's own that were imported since are imported again."""
    from ..construction import is_own

    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name not in before and file and is_own(os.path.abspath(file)):
            del sys.modules[name]
