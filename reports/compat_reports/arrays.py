"""The arrays behind the digests of a grid, wherever the runs keep them."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence

import numpy as np

from compat.errors import CompatError
from compat.store import Run

#: Larger files are looked into where a page shows a part of them, not read and checked as a whole.
LARGEST_READ = 64 * 1024 * 1024


class Arrays:
    """Digest -> array."""

    def __init__(self, runs: Sequence[Run]):
        self._stores = list({run.objects.folder: run.objects for run in reversed(runs)}.values())[::-1]
        self.read = functools.lru_cache(maxsize=24)(self._read)

    def _read(self, digest: str) -> np.ndarray | None:
        """The array, or None where no store keeps it. Raises CompatError for a damaged one, or for no digest."""
        for store in self._stores:
            if (array := store.recent(digest)) is not None:
                return array
        there = next((store for store in self._stores if digest in store), None)
        if there is None:
            return None
        path = there.path(digest)
        if os.path.getsize(path) <= LARGEST_READ:
            return there.read(digest)
        try:
            return np.lib.format.open_memmap(path, mode="r")
        except (OSError, ValueError):
            raise CompatError(f"{path}: is no plain array; delete it and run again") from None
