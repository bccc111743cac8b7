"""What MkDocs needs beside docs/: pages that lie elsewhere, the atlases, files of the repository that are linked to."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path

from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT)]

import atlas  # noqa: E402  # beside this file

from compat.atlas import kept, pages  # noqa: E402

KNOWN, ATLAS = "cases/known_differences.toml", "atlas.md"
#: What the pages of operations are made of.
OPERATIONS = "docs/operations.json"
_BESIDE = """
What is understood of all this, by case, is in [the atlas of differences](../cases/known_differences.toml). For programs
there is <a href="operations.json">operations.json</a>.
"""
#: Pages that lie beside docs/, by the file that they are, or are made of.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    KNOWN: ATLAS,
    OPERATIONS: pages.INDEX,
}
_LINK = re.compile(r"(\]\()([^)#\s:]+)((?:#[^)\s]*)?\))")


def on_files(files: Files, config):
    """Add the pages, and every file or folder that a page links to outside docs/."""
    made = _made()
    texts = {
        page: (ROOT / source).read_text(encoding="utf-8")
        for source, page in PAGES.items()
        if page not in made
    }
    for page, text in {**texts, **made}.items():
        file = File.generated(config, page, content=text)
        if page.startswith(f"{pages.FOLDER}/"):
            file.inclusion = InclusionLevel.NOT_IN_NAV
        files.append(file)
    for file in list(files.documentation_pages()):
        for path in _outside(file):
            _add(files, config, path)
    return files


def _made() -> dict[str, str]:
    """Pages that no file is: of what is known to differ, and of operations."""
    operations = pages.pages(kept.read(str(ROOT / OPERATIONS)))
    operations[pages.INDEX] += _BESIDE
    return {ATLAS: atlas.page(ROOT / KNOWN), **operations}


def on_page_markdown(markdown: str, page, config, files):
    """Links as they are right in the repository, made right in the site."""
    source = _source(page.file.src_uri)

    def mended(found: re.Match[str]) -> str:
        target = _resolved(source, found.group(2))
        here = posixpath.dirname(page.file.src_uri) or "."
        return found.group(1) + posixpath.relpath(_within_site(target), here) + found.group(3)

    return _outside_code(markdown, lambda text: _LINK.sub(mended, text))


def _outside_code(markdown: str, change) -> str:
    """Fenced blocks stay as they are."""
    parts = re.split(r"(^ *```.*?^ *```)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if place % 2 else change(part) for place, part in enumerate(parts))


def _source(page: str) -> str:
    """The file of a page, from the root of the repository."""
    sources = {page: source for source, page in PAGES.items() if page not in (ATLAS, pages.INDEX)}
    return sources.get(page, f"docs/{page}")


def _resolved(source: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def _within_site(path: str) -> str:
    """Where a file of the repository is in the site."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path[len("docs/") :]
    return f"source/{path}.md" if (ROOT / path).is_dir() else f"source/{path}"


def _outside(file: File):
    """Paths of the repository, outside docs/, that a page links to."""
    source = _source(file.src_uri)
    found = []
    _outside_code(file.content_string, lambda text: found.extend(_LINK.findall(text)) or text)
    for _, link, _ in found:
        path = _resolved(source, link)
        if not path.startswith(("docs/", "..")) and path not in PAGES and (ROOT / path).exists():
            yield path


def _add(files: Files, config, path: str) -> None:
    if files.get_file_from_path(_within_site(path)) is not None:
        return
    if not (ROOT / path).is_dir():
        files.append(File.generated(config, _within_site(path), content=(ROOT / path).read_bytes()))
        return
    inner = sorted(one for one in (ROOT / path).iterdir() if one.is_file() and one.suffix in (".py", ".md"))
    links = "".join(f"- [`{one.name}`]({posixpath.basename(path)}/{one.name})\n" for one in inner)
    page = File.generated(config, _within_site(path), content=f"# {path}\n\n{links}")
    page.inclusion = InclusionLevel.NOT_IN_NAV
    files.append(page)
    for one in inner:
        _add(files, config, f"{path}/{one.name}")
