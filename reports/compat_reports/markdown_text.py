"""Texts from anywhere as Markdown on GitHub: none of their signs is read as more than a sign."""

from __future__ import annotations

import re

_LONGEST = 600
_SIGN = re.compile(r"[^\w\s,;'()%=+/?.:–−…“”-]|_")


def code(text: str) -> str:
    """As code, in which nothing is Markdown, HTML, a mention or an address."""
    text = _line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if len(fence) > 1 else ""
    return f"{fence}{space}{text}{space}{fence}"


def prose(text: str) -> str:
    """As text: signs that Markdown, HTML or GitHub reads as more are entities.

    What is left of a mention or a reference is broken by an empty comment, since GitHub looks for them afterwards.
    """
    text = _SIGN.sub(lambda found: f"&#{ord(found.group())};", _line(text))
    text = text.replace("&#64;", "&#64;<!-- -->").replace("&#35;", "&#35;<!-- -->")
    return re.sub(r"(?i)(www)\.", r"\1&#46;", text.replace("://", "&#58;//"))


def _line(text: str) -> str:
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def fenced(text: str, language: str = "") -> str:
    """A block of code; its fence is longer than any within."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
