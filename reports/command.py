"""``compat report RUN... --out FOLDER``: the pages of runs."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from compat.store import find

from . import grid as grids
from . import site, wording
from .folder import Folder

_RUNS, _OUT = os.path.join("out", "runs"), os.path.join("out", "report")


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages; 0 where all cells agree or are known, 1 where something needs a look."""
    arguments = _parser().parse_args(argv)
    runs = {os.path.realpath(run.folder): run for run in find(arguments.runs or [_RUNS])}
    grid = grids.build(list(runs.values()))
    print(
        f"report: {wording.plural(len(grid.rows), 'sample')} in "
        f"{wording.plural(len(grid.environments), 'environment')} -> {arguments.out}",
        flush=True,
    )
    folder = Folder(arguments.out)
    site.write(grid, folder, _Progress())
    removed = folder.close()
    print(f"report: {len(folder):,} files, {folder.written:,} written, {removed:,} removed")
    print((Path(arguments.out) / site.INDEX).resolve())
    print(f"report: {wording.headline(grid)}")
    return 1 if grid.counts()["look"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="compat report", description="Write the pages of runs.")
    parser.add_argument("runs", nargs="*", metavar="RUN", help=f"runs, or folders of runs (default: {_RUNS})")
    parser.add_argument(
        "--out", default=_OUT, metavar="FOLDER", help="where the pages go (default: %(default)s)"
    )
    return parser


class _Progress:
    """A line every few seconds: a short report says nothing."""

    def __init__(self, every: float = 3.0):
        self._every = every
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            print(f"report: {done:,} of {total:,} samples", flush=True)


if __name__ == "__main__":
    sys.exit(main())
