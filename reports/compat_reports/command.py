"""``compat report RUN... --out FOLDER``: the runs are judged, then their pages written."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from compat import junit
from compat.judge.judging import Judging
from compat.porting import findings
from compat.store import STORE, find, folders

from . import forms, json_form, markdown, model_explorer, single_file, unchanged, verify_page, wording
from .folder import INDEX, Folder, listed
from .forms import Forms
from .names import slugs_of
from .samples import Samples
from .unchanged import Before, Said

if TYPE_CHECKING:
    from .site import Part

_OUT = os.path.join("out", "report")


def main(argv: Sequence[str] | None = None) -> int:
    """Judge and write the pages; 0 where all cells agree or are known, 1 where somebody has to look."""
    arguments = _parser().parse_args(argv)
    if len(arguments.runs) == 1 and (Path(arguments.runs[0]) / findings.NAME).is_file():
        return _of_verify(arguments.runs[0], forms.asked(arguments, arguments.runs[0]))
    asked = forms.asked(arguments, arguments.out)
    asked.only("single_file", "markdown", "junit", "json")
    folders_of_runs = folders(arguments.runs or [STORE])
    before = unchanged.before(folders_of_runs, arguments.cases)
    said = unchanged.said(arguments.out, before)
    if said is not None and not asked:
        print("report: nothing has changed since these pages were written: 0 written, 0 removed")
        return _end(arguments.out, said)
    runs = find(arguments.runs or [STORE], streamed=True)
    samples = Samples(runs, Judging(runs, arguments.cases, keep=True))
    return write(samples, arguments.out, before, asked)


def write(samples: Samples, out: str, before: Before | None = None, asked: Forms = forms.NONE) -> int:
    """The pages of samples; returns the exit status.  Where that fails, the folder is as it was.

    ``before``: what they follow from, where that is known.  ``asked``: the other forms.
    """
    print(
        f"report: {wording.plural(len(samples.ids), 'sample')} in "
        f"{wording.plural(len(samples.environments), 'environment')} -> {out}",
        flush=True,
    )
    from . import site  # late: nothing of it is needed where nothing has changed

    with Folder(out) as folder:
        whole = site.write(samples, folder, _Progress("judging and drawing"), asked)
        said = Said(int(whole.overview.needs_a_person), wording.headline(whole.overview))
        if before is not None:
            unchanged.stamp(folder, before, whole.files, said)
        removed = folder.close()
    print(f"report: {len(folder):,} files, {folder.written:,} written, {removed:,} removed")
    _write_forms(whole, samples.ids, out, asked)
    return _end(out, said)


def _write_forms(whole: Part, ids: Sequence[str], out: str, asked: Forms) -> None:
    overview, told = whole.overview, whole.told
    if path := asked.get("markdown"):
        forms.put(path, markdown.text(overview, told.counts, told.known, told.operations))
    if path := asked.get("json"):
        json_form.write(path, overview, told.counts, told.samples)
        forms.tell(path)
    if path := asked.get("junit"):
        junit.write(path, [(e.name, told.items.get(e.index, [])) for e in overview.environments])
        forms.tell(path)
    if path := asked.get("single_file"):
        slugs = slugs_of(ids)
        by_status: dict[str, list[str]] = {"look": [], "known": []}
        for line in overview.lines:
            by_status.setdefault(line.status, []).append(f"samples/{slugs[line.id]}.html")
        urgent = by_status.pop("look")
        rest = [
            n
            for n in listed(Path(out))
            if n.endswith(".html") and not n.startswith("samples/") and n != INDEX
        ]
        rest.sort(key=lambda name: ("/" in name, name))  # those that show all samples first
        others = [*rest[:2], *by_status.pop("known"), *rest[2:]]
        others += [name for names in by_status.values() for name in names]
        contents = single_file.write(out, path, urgent, others)
        forms.tell(path)
        print(f"report: {contents.sentence}")


def _of_verify(folder: str, asked: Forms) -> int:
    """The page of what ``compat verify`` found, and the other forms that there are of it."""
    asked.only("single_file", "markdown", "model_explorer")
    found = findings.read(folder)
    nodes = model_explorer.text(found) if "model_explorer" in asked else ""
    print(verify_page.write(found, folder).resolve())
    if path := asked.get("model_explorer"):
        forms.put(path, nodes)
    if path := asked.get("markdown"):
        forms.put(path, markdown.of_verify(found))
    if path := asked.get("single_file"):
        single_file.write(folder, path, [])
        forms.tell(path)
    return 0


def _end(out: str, said: Said) -> int:
    print((Path(out) / INDEX).resolve())
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
    forms.add_arguments(parser)
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
