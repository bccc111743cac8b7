"""Texts from anywhere as Markdown, in tables as well: none of their signs is read as more than a sign."""

import html
import re
from typing import Sequence

#: A word may have a line below within it, and a sentence a colon.
_SIGNS = re.compile(r"[\\`*{}\[\]<>#|~&@]|(?<!\w)_|_(?!\w)|:(?! )")
_ADDRESS = re.compile(r"https?://[^\s<>\"|]+\Z")


def text(value: str) -> str:
    """Within a line: it must not begin one."""
    line = "".join(c if c.isprintable() else " " for c in value)
    return _SIGNS.sub(lambda found: f"&#{ord(found.group())};", " ".join(line.split()))


def code(value: str) -> str:
    return f"<code>{text(value)}</code>"


def link(words: str, address: str) -> str:
    """To http and https only; else the words alone.  ``words``: Markdown."""
    if not _ADDRESS.match(address):
        return words
    return f"[{words}](<{html.escape(address, quote=False).replace('&amp;', '&')}>)"


def row(cells: Sequence[str]) -> str:
    """Of a table."""
    return f"| {' | '.join(cells)} |"
