"""Samples -> the pages, in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from compat import forked

from . import index_page, operation_page, sample_page, strips, wording
from .arrays import Arrays
from .drawing import Drawer
from .folder import INDEX, Folder
from .forms import NONE, Forms, Told
from .names import PLUS, by_operation, pages_of, slugs_of
from .operation_page import Book
from .overview import Line, Overview
from .phrase_book import Name, PhraseBook
from .samples import Samples
from .templating import STYLE, style, templates, text_of

if TYPE_CHECKING:
    from .plus_figure import Composed

ENVIRONMENTS, PHRASES, SCRIPTS = (
    "environments.html",
    "phrasebook.html",
    ("report.js", "phrases.js", "sample.js"),
)
#: Samples that a process draws before it tells how far it is, at most; and into how many parts even few are shared out:
#: no processor is to be left with a long last one.
_AT_ONCE, _PARTS = 20, 200


class Featured(NamedTuple):
    """A figure that the overview shows."""

    id: str
    sentence: str
    composed: Composed


@dataclass
class Part:
    """What comes of some samples: their part of the overview and of the operations' pages, and the files made.

    ``networks``: the samples whose pages go along a network, or show how it was trained.
    """

    overview: Overview
    book: Book = field(default_factory=Book)
    featured: list[Featured] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    files: dict[str, str] = field(default_factory=dict)
    took: tuple[set[str], set[str]] = (set(), set())

    def merge(self, other: Part) -> None:
        self.overview.merge(other.overview)
        self.book.merge(other.book)
        self.featured += other.featured
        self.networks += other.networks
        self.told.merge(other.told)
        self.files.update(other.files)


def write(
    samples: Samples,
    folder: Folder,
    progress: Callable[[int, int], None] = lambda done, total: None,
    forms: Forms = NONE,
) -> Part:
    """All pages of the samples, and what they come to; ``progress`` is told how many are done of how many.

    ``forms``: the other forms, for which it is noted what they need.
    """
    folder.put(STYLE, style())
    for script in SCRIPTS:
        folder.put(script, text_of(script))
    pages = _Pages(samples, folder, forms)
    whole = Part(Overview(samples.environments))
    size = max(1, min(_AT_ONCE, len(samples.ids) // _PARTS))
    chunks = [samples.ids[at : at + size] for at in range(0, len(samples.ids), size)]
    for part in forked.each(pages.draw, chunks):
        folder.take(part.took)
        whole.merge(part)
        progress(len(whole.overview.lines), len(samples.ids))
    pages.draw_the_whole(whole)
    return whole


class _Pages:
    """What the pages of one report have in common."""

    def __init__(self, samples: Samples, folder: Folder, forms: Forms):
        self._samples, self._folder, self._forms = samples, folder, forms
        self._arrays = Arrays([e.run for e in samples.environments])
        self._drawer = Drawer(folder)
        self._slugs, self._operations = slugs_of(samples.ids), pages_of(samples.ids)
        self._places = {sample_id: place for place, sample_id in enumerate(samples.ids)}
        self._templates = templates()
        self._templates.globals.update(
            slugs=self._slugs,
            pages=self._operations,
            word=wording,
            stretched=strips.of_line,
            environments=samples.environments,
            count=len(samples.ids),
        )
        self._sample = self._templates.get_template("sample.html")

    def draw(self, ids: Sequence[str]) -> Part:
        """The pages of these samples."""
        part = Part(Overview(self._samples.environments))
        for sample_id in ids:
            row = self._samples.row(sample_id)
            page = sample_page.view(
                row, self._samples.environments, self._arrays, self._drawer, self._samples.graph
            )
            if page.composed is not None and row.operation == PLUS:
                part.featured.append(Featured(row.id, page.sentence, page.composed))
            if page.flow or page.training:
                part.networks.append(row.id)
            part.overview.add(row, page.sentence)
            part.book.add(row)
            self._forms.add(part.told, row)
            self._folder.put(f"samples/{self._slugs[row.id]}.html", self._html(page))
        part.files = self._samples.pause()
        part.took = self._folder.took()
        part.overview.environments = []  # they hold open files, and who merges has them
        return part

    def _html(self, page: sample_page.SamplePage) -> str:
        row, ids = page.row, self._samples.ids
        place = self._places[row.id]
        return self._sample.render(
            page=page,
            row=row,
            before=ids[place - 1] if place else None,
            after=ids[place + 1] if place + 1 < len(ids) else None,
            root="../",
            here="sample",
            parameters=sample_page.parameters(row),
            answer=wording.answer(row),
            judged_by=wording.judged_by(row),
        )

    def draw_the_whole(self, whole: Part) -> None:
        """The pages that show all samples."""
        overview = whole.overview
        self._templates.globals.update(overview=overview, columns=overview.columns())
        featured = sorted(whole.featured, key=lambda one: not one.id.endswith("[same]"))[:1]
        networks = by_operation(sorted(whole.networks, key=self._places.__getitem__))
        phrases = PhraseBook(whole.book, overview)
        self._put(
            INDEX,
            featured=featured,
            networks=networks,
            **index_page.view(overview, whole.book, phrases, self._slugs),
        )
        self._put(ENVIRONMENTS)
        self._put(PHRASES, step=wording.stepped(overview.step()), **phrases.index())
        several = [partial(self._put_name, phrases, name) for name in phrases.names.values()]
        several += [
            partial(self._put_operation, phrases, whole, operation, lines)
            for operation, lines in overview.operations().items()
        ]

        def put(place: int) -> tuple[set[str], set[str]]:
            several[place]()
            return self._folder.took()

        for took in forked.each(put, range(len(several))):
            self._folder.take(took)

    def _put_name(self, phrases: PhraseBook, name: Name) -> None:
        self._put(f"names/{name.slug}.html", "name.html", "../", **phrases.page(name))

    def _put_operation(self, phrases: PhraseBook, whole: Part, operation: str, lines: Sequence[Line]) -> None:
        view = operation_page.view(whole.book.entries[operation], lines, whole.overview)
        tf1 = [phrases.names[name] for name in phrases.of[operation]]
        file = f"operations/{self._operations[operation]}.html"
        self._put(file, "operation.html", "../", tf1=tf1, **view)

    def _put(self, file: str, template: str = "", root: str = "", **view: Any) -> None:
        here = Path(template or file).stem
        html = self._templates.get_template(template or file).render(root=root, here=here, **view)
        self._folder.put(file, html)
