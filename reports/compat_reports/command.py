"""``compat report RUN... --out FOLDER``: the runs are judged, then their pages written."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from compat.judge.judging import Judging
from compat.porting import findings
from compat.store import STORE, find, folders

from . import unchanged, verify_page, wording
from .folder import INDEX, Folder
from .samples import Samples
from .unchanged import Said

_OUT = os.path.join("out", "report")


def main(argv: Sequence[str] | None = None) -> int:
    """Judge and write the pages; 0 where all cells agree or are known, 1 where somebody has to look."""
    arguments = _parser().parse_args(argv)
    if len(arguments.runs) == 1 and (Path(arguments.runs[0]) / findings.NAME).is_file():
        print(verify_page.write(findings.read(arguments.runs[0]), arguments.runs[0]).resolve())
        return 0
    runs = folders(arguments.runs or [STORE])
    with Folder(arguments.out) as folder:
        key = unchanged.key_of(runs, arguments.cases)
        said = unchanged.said(folder, key)
        if said is not None:
            print(
                f"report: nothing has changed since it was written: {folder.listed():,} files, 0 written, 0 removed"
            )
            return _end(folder, said)
        opened = find(runs, streamed=True)
        return write(Samples(opened, Judging(opened, arguments.cases, keep=True)), folder, key)


def write(samples: Samples, folder: Folder, key: str = "") -> int:
    """The pages of samples; returns the exit status.  Where that fails, the folder is as it was.

    ``key``: of what they follow from, where that is known.
    """
    print(
        f"report: {wording.plural(len(samples.ids), 'sample')} in "
        f"{wording.plural(len(samples.environments), 'environment')} -> {folder.path}",
        flush=True,
    )
    from . import site  # late: nothing of it is needed where nothing has changed

    whole = site.write(samples, folder, _Progress("judging and drawing"))
    said = Said(int(whole.overview.needs_a_person), wording.headline(whole.overview))
    if key:
        unchanged.stamp(folder, key, whole.files, said)
    removed = folder.close()
    print(f"report: {len(folder):,} files, {folder.written:,} written, {removed:,} removed")
    return _end(folder, said)


def _end(folder: Folder, said: Said) -> int:
    print((folder.path / INDEX).resolve())
    print(f"report: {said.headline}")
    return said.status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="compat report", description="Judge runs and write their pages.")
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help=f"runs, folders of runs, or names in {STORE} (default: {STORE}); or the folder of compat verify --out",
    )
    parser.add_argument(
        "--out", default=_OUT, metavar="FOLDER", help="where the pages go (default: %(default)s)"
    )
    parser.add_argument(
        "--cases",
        action="append",
        metavar="PATH",
        help="case files or folders to take references from (default: cases)",
    )
    return parser


class _Parser(argparse.ArgumentParser):
    """Tells wrong usage in one line, like all wrong input."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class _Progress:
    """A line every few seconds: a short report says nothing."""

    def __init__(self, what: str, every: float = 3.0):
        self._what, self._every = what, every
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            print(f"report: {self._what}, {done:,} of {total:,} samples", flush=True)


if __name__ == "__main__":
    sys.exit(main())
