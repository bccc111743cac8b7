"""The operations that are drawn, a file for each theme; every file of this folder registers its entries."""

import importlib
import pkgutil

from ..entries import ENTRIES, Entry

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["ENTRIES", "Entry"]
