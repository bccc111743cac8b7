"""The templates and the style of all pages."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
from markupsafe import Markup
from pygments.formatters import HtmlFormatter

from . import strips
from .grid import LOUD

STYLE, _OVERVIEW = "style.css", "overview.css"
_TEMPLATES = Path(__file__).parent / "templates"
#: A long line before one that begins with neither a blank nor the sign of a list.
_WRAPPED = re.compile(r"^(.{60,})\n(?=[^\s*-])", re.MULTILINE)


def text_of(name: str) -> str:
    """A file of the templates as it is."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def style() -> str:
    """The style of all pages."""
    return text_of(STYLE) + text_of(_OVERVIEW) + _code_style()


def templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # or every page asks whether the files of its templates are others
    )
    environment.filters["reached"] = reached
    environment.filters["unwrapped"] = unwrapped
    environment.globals.update(
        squares=strips.table_cells,
        hue=strips.hue_of,
        LOUD=LOUD,
    )
    return environment


def unwrapped(text: str) -> str:
    """A docstring whose long lines go on in the next: the window wraps them elsewhere."""
    return _WRAPPED.sub(r"\1 ", text)


def reached(code: Markup) -> Markup:
    """Code that may be wider than the window, so that the keyboard can scroll it."""
    return Markup(
        str(code).replace(
            '<div class="code">', '<div class="code" tabindex="0" role="group" aria-label="Code">', 1
        )
    )


def _code_style() -> str:
    """Highlighting in both themes."""
    light = HtmlFormatter(style="default").get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    own = ".code { background: var(--raised) }"  # on grey the light style's colours are too faint to read
    return f"\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n{own}\n"
