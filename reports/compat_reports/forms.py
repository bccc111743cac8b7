"""The other forms of a report beside its pages: which were asked for, where they go, and what they take of a row."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from compat import junit
from compat.errors import CompatError
from compat.files import appearing, open_regular

from . import json_form, markdown, model_explorer, single_file
from .grid import Row


@dataclass(frozen=True)
class Form:
    """An option.  ``ending``: of its files; ``beginning``: of what they hold, by which they are known as ours."""

    option: str
    ending: str
    beginning: str
    help: str


FORMS = {
    "single_file": Form(
        "--single-file",
        ".html",
        single_file.BEGINNING,
        "the pages in one file, to send (default: FOLDER.html)",
    ),
    "markdown": Form("--markdown", ".md", markdown.BEGINNING, "a summary for a pull request"),
    "junit": Form(
        "--junit", ".xml", junit.BEGINNING, "a test case for every sample, dialect and environment"
    ),
    "json": Form(
        "--json", ".json", json_form.BEGINNING, "every verdict, as verdicts.schema.json describes it"
    ),
    "model_explorer": Form(
        "--model-explorer",
        ".json",
        model_explorer.BEGINNING,
        "of the folder of compat verify: node data for Google's Model Explorer",
    ),
}


@dataclass
class Told:
    """What the forms take of rows; parts that were made apart are merged in the order of their rows.

    ``counts``: cells by verdict of each environment, as ``Overview.counts`` has them; ``known``: cells, and
    ``operations``, of each known difference.
    """

    counts: dict[int, Counter[str]] = field(default_factory=dict)
    known: Counter[markdown.KnownKey] = field(default_factory=Counter)
    operations: dict[markdown.KnownKey, list[str]] = field(default_factory=dict)
    items: dict[int, list[junit.Item]] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)

    def merge(self, other: Told) -> None:
        for index, counts in other.counts.items():
            self.counts.setdefault(index, Counter()).update(counts)
        self.known.update(other.known)
        for key, names in other.operations.items():
            mine = self.operations.setdefault(key, [])
            mine += [name for name in names if name not in mine]
        for index, items in other.items.items():
            self.items.setdefault(index, []).extend(items)
        self.samples += other.samples


class Forms:
    """The paths that were asked for, by the names in ``FORMS``."""

    def __init__(self, paths: dict[str, str]):
        self.paths = paths

    def __bool__(self) -> bool:
        return bool(self.paths)

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def get(self, name: str) -> str | None:
        return self.paths.get(name)

    def add(self, told: Told, row: Row) -> None:
        """Note of a row what the forms need."""
        for cell in row.recorded() if self else ():
            counts = told.counts.setdefault(cell.environment.index, Counter())
            counts["known" if cell.known else cell.word] += 1
            counts["look"] += cell.loud
            if cell.known:
                key = cell.word, cell.known.reason, cell.known.address
                told.known[key] += 1
                if row.operation not in told.operations.setdefault(key, []):
                    told.operations[key].append(row.operation)
            if "junit" in self.paths and cell.dialect in row.description.sources:
                one = junit.item(row.id, cell.dialect, cell.verdict, cell.seconds)
                told.items.setdefault(cell.environment.index, []).append(one)
        if "json" in self.paths:
            told.samples.append(json_form.sample(row))

    def only(self, *names: str) -> None:
        """Raises CompatError where another form is asked for than those that there are here."""
        for name in self.paths:
            if name not in names:
                option = FORMS[name].option
                where = "the folder of compat verify" if name == "model_explorer" else "runs"
                raise CompatError(f"{option}: is made of {where}")


#: No other form is asked for.
NONE = Forms({})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("other forms, beside the pages")
    for name, form in FORMS.items():
        if name == "single_file":
            group.add_argument(form.option, nargs="?", const="", metavar="PATH", help=form.help)
        else:
            group.add_argument(form.option, metavar="PATH", help=form.help)


def asked(arguments: argparse.Namespace, folder: str) -> Forms:
    """``folder``: of the pages.  Raises CompatError for a path that cannot be meant, before anything is judged."""
    paths = {name: getattr(arguments, name) for name in FORMS if getattr(arguments, name) is not None}
    if paths.get("single_file") == "":
        paths["single_file"] = os.path.normpath(folder) + FORMS["single_file"].ending
    for name, path in paths.items():
        _check(FORMS[name], path)
    if len({os.path.realpath(path) for path in paths.values()}) < len(paths):
        raise CompatError("two of the forms have the same path")
    return Forms(paths)


def _check(form: Form, path: str) -> None:
    if not path.endswith(form.ending):
        raise CompatError(f"{form.option} {path}: expected a name that ends in {form.ending}")
    if os.path.isdir(path):
        raise CompatError(f"{form.option} {path}: is a folder; name a file")
    if not os.path.lexists(path):
        return
    with open_regular(path) as file:
        there = file.read(len(form.beginning.encode()))
    if there and there != form.beginning.encode():
        raise CompatError(f"{path}: was not made by compat report; choose another path")


def put(path: str, text: str) -> None:
    """Raises StoreError where it cannot be written."""
    with appearing(path, "w") as file:
        file.write(text)
    tell(path)


def tell(path: str) -> None:
    print(Path(path).resolve())
