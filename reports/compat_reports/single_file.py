"""A folder of pages as one file: the overview as it is, the other pages packed, pictures within as data addresses.

What needs attention comes first.  Pages have much in common, so every piece of them is kept once, and all are
compressed; the browser unpacks them when the first page is asked for.  What does not fit is left out, and the
file says so: first the figures of what is rounding, then whole pages.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from compat.errors import CompatError
from compat.files import appearing

from . import wording
from .folder import INDEX
from .templating import text_of

BEGINNING = "<!doctype html>\n<!-- compat report: one file -->"
#: Bytes that the file may have.
MOST_BYTES = 3_000_000
#: Of the room for pages and pictures so much is left for pictures, whatever the pages need.
_FOR_PICTURES = 0.04
#: Characters of pages that are tried at all: of more only a part would ever fit.
_MOST_PAGES = 60_000_000
_SCRIPT = "single_file.js"
_KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".webp": "image/webp"}
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_OWN_STYLE = """
.left-out { display: inline-block; padding: .6em; border: 1px dashed; font-size: .8rem; overflow-wrap: anywhere }
p.contents { margin: 1em auto; padding: 0 1em; max-width: 90ch }
"""
_DATA = re.compile(r'<script type="application/json" id="([^"]+)">(.*?)</script>', re.DOTALL)
#: What the template of a sample puts around the figures of one that simply agrees.
_ROUNDING = re.compile(r"<!-- rounding -->.*?<!-- /rounding -->", re.DOTALL)
#: Between lines, and where parts begin that occur on many pages.
_PIECE = re.compile(r"(?<=\n)|(?=<tr|<article|<figure|<h3|<section)")
_CODE = re.compile(r'<script src="([^"]+)"></script>')
_SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_IMAGE = re.compile(r'(<img\b[^>]*?\bsrc=")([^":]+)(")')


class Contents(NamedTuple):
    """What is in the file, of all there is.  ``brief``: without the figures of what is rounding."""

    pages: int
    all_pages: int
    pictures: int
    all_pictures: int
    brief: bool

    @property
    def sentence(self) -> str:
        if (self.pages, self.pictures, self.brief) == (self.all_pages, self.all_pictures, False):
            return "All pages and pictures of the report are in this one file."
        pages = f"{self.pages:,} of {wording.plural(self.all_pages, 'page')}"
        if self.pages == self.all_pages:
            pages = f"all {wording.plural(self.pages, 'page')}"
        brief = (
            ", without the figures of errors and the text of an issue where a sample agrees,"
            if self.brief
            else ""
        )
        return (
            f"This one file holds {pages}{brief} and {self.pictures:,} of "
            f"{wording.plural(self.all_pictures, 'picture')}, those first that need attention; "
            "the others are in the folder that compat report writes."
        )


class Page(NamedTuple):
    """A page by its address within the folder, and the pictures on it."""

    name: str
    html: str
    pictures: tuple[str, ...]


def write(folder: str | Path, path: str, urgent: Sequence[str], others: Sequence[str] = ()) -> Contents:
    """Pack the pages of a folder into ``path``.

    ``urgent``: the pages that need attention, ``others``: the rest, both in the order in which they are wanted.
    Raises CompatError where a page cannot be read, StoreError where the file cannot be written.
    """
    packing = _Packing(Path(folder))
    names = [*urgent, *others]
    pages = list(packing.pages(names))
    shell = packing.shell()
    room = MOST_BYTES - len(shell.encode()) - 700  # what is said of the contents
    for brief in (False, True):
        if brief:
            pages = list(packing.pages(names, brief))
        needed = len(_packed(pages[: len(urgent)], room)[0])
        first = packing.fitting(_pictures(pages[: len(urgent)]), (room - needed) // 2)
        left = room - _size(first)
        packed, count = _packed(pages, left - int(_FOR_PICTURES * left))
        if count == len(names):
            break
    shown = packing.fitting(_pictures(pages[:count]), room - len(packed), first)
    contents = Contents(count, len(names), len(shown) + packing.inlined, packing.all_pictures, brief)
    text = (
        shell.replace("<!-- contents -->", f'<p class="contents">{contents.sentence}</p>', 1)
        .replace("<!-- packed -->", packed, 1)
        .replace("<!-- pictures -->", _json(shown), 1)
    )
    with appearing(path, "w") as file:
        file.write(text)
    return contents


class _Packing:
    """The files of a folder of pages."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._code: dict[str, str] = {}
        self.inlined = 0
        pictures = folder / "figures"
        self.all_pictures = sum(1 for _ in pictures.iterdir()) if pictures.is_dir() else 0

    def read(self, name: str) -> str:
        return self._bytes(name).decode("utf-8")

    def _bytes(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError as error:
            raise CompatError(f"{self._folder / name}: cannot be read ({error.strerror})") from None

    def pages(self, names: Iterable[str], brief: bool = False) -> Iterator[Page]:
        """Those that can be expected to be of any use.  ``brief``: without the figures of what is rounding."""
        size = 0
        for name in names:
            html = _ROUNDING.sub("", self.read(name)) if brief else self.read(name)
            size += len(html)
            if size > _MOST_PAGES:
                return
            here = posixpath.dirname(name)
            self._take_code(_within(here, source) for source in _CODE.findall(html))
            found = dict.fromkeys(_within(here, source) for _, source, _ in _IMAGE.findall(html))
            yield Page(name, html, tuple(found))

    def _take_code(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._code:
                self._code[name] = self.read(name)

    def shell(self) -> str:
        """The overview with style and script within, and places for what is packed."""
        html = self.read(INDEX)
        data, scripts = dict(_DATA.findall(html)), _CODE.findall(html)
        self._take_code(scripts)
        html = _SHEET.sub(lambda found: _style(self.read(found.group(1))), html)
        html = _IMAGE.sub(lambda found: found.group(1) + self._inline(found.group(2)) + found.group(3), html)
        html = _CODE.sub("", _DATA.sub(r'<script type="application/json" id="\1"></script>', html))
        policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        html = html.replace("<!doctype html>", BEGINNING, 1).replace("<head>", "<head>\n" + policy, 1)
        places = "".join(
            f'<script type="application/json" id="one-{name}">{text}</script>\n'
            for name, text in (
                ("overview", json.dumps(_compressed([data, self._code, scripts]))),
                ("pages", "<!-- packed -->"),
                ("pictures", "<!-- pictures -->"),
            )
        )
        script = f"{places}<script>{text_of(_SCRIPT)}</script>"
        html = html.replace("<footer>", "<footer>\n<!-- contents -->", 1)
        before, _, after = html.rpartition("</body>")
        return f"{before}{script}\n</body>{after}"

    def _inline(self, source: str) -> str:
        self.inlined += 1
        return _address(source, self._bytes(source))

    def fitting(
        self, names: Iterable[str], room: int, before: dict[str, str] | None = None
    ) -> dict[str, str]:
        """Data addresses of pictures, as many as there is room for, those ``before`` among them."""
        found = dict(before or {})
        room -= _size(found)
        for name in names:
            if name in found or not (self._folder / name).is_file():
                continue
            address = _address(name, self._bytes(name))
            if _size({name: address}) > room:
                break
            found[name] = address
            room -= _size({name: address})
        return found


def _pictures(pages: Sequence[Page]) -> list[str]:
    """First a few of every page, then the others: a page with hundreds leaves room for the next one."""
    found: dict[str, None] = {}
    for upto in (2, 8, None):
        found.update((name, None) for page in pages for name in page.pictures[:upto])
    return list(found)


def _packed(pages: Sequence[Page], room: int) -> tuple[str, int]:
    """The first pages, as many as fit, as JSON text; and how many those are."""
    fits, over = 0, len(pages) + 1
    best = json.dumps(_compressed([[], {}]))
    tried = len(pages)
    while tried > fits:
        text = json.dumps(_compressed(_pieces(pages[:tried])))
        if len(text) <= room:
            fits, best = tried, text
        else:
            over = tried
        if over - fits <= max(1, len(pages) // 50):
            break
        # the size is about that of as many pages: the first guess is near, then halves
        guess = int(0.98 * tried * room / len(text))
        tried = guess if fits < guess < over and not fits else (fits + over) // 2
    return best, fits


def _pieces(pages: Sequence[Page]) -> list[Any]:
    """[every piece once, {page: the places of its pieces}]; what is alike stands together, and compresses better."""
    split = [(page.name, _PIECE.split(page.html)) for page in pages]
    pieces = sorted({piece for _, found in split for piece in found})
    places = {piece: place for place, piece in enumerate(pieces)}
    return [pieces, {name: [places[piece] for piece in found] for name, found in split}]


def _compressed(content: Any) -> str:
    """JSON, compressed as DecompressionStream("deflate") reads it, in base64."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _json(content: Any) -> str:
    """JSON that may stand in a script element."""
    text = json.dumps(content, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _size(pictures: dict[str, str]) -> int:
    return sum(len(name) + len(address) + 6 for name, address in pictures.items())


def _style(text: str) -> str:
    return f"<style>\n{text}{_OWN_STYLE}</style>"


def _address(name: str, content: bytes) -> str:
    kind = _KINDS.get(posixpath.splitext(name)[1], "application/octet-stream")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _within(folder: str, address: str) -> str:
    return posixpath.normpath(posixpath.join(folder, address))
