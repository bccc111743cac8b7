"""A verdict as a notebook shows it: a few lines of HTML of their own, in which everything is escaped."""

import html
import math
from typing import Any, List, Optional

from .records import PASSING, Numbers, Verdict, needs_a_person

_COLOURS = {"look": "#b3261e", "known": "#8a5a00", "agrees": "#1b6e3c"}
_COLUMNS = (
    ("of the allowance", "share"),
    ("of the likely", "share_expected"),
    ("max |error|", "max_abs"),
    ("max relative", "max_rel"),
    ("ULPs", "ulps"),
    ("worst at", "worst_index"),
    ("found", "found"),
    ("expected", "expected"),
)
#: Outputs that are shown: of a network with more, what is wrong comes first.
_MOST = 30


def verdict_html(verdict: Verdict) -> str:
    """The word in its colour, the sentence why, why it is known, and a row of numbers for each output."""
    look = "look" if needs_a_person(verdict) else "known" if verdict.known else "agrees"
    parts = [
        f'<p><b style="color:{_COLOURS[look]}">{_text(verdict.word)}</b>'
        f"{', known' if verdict.known else ''}{': ' + _text(verdict.message) if verdict.message else ''}</p>"
    ]
    if verdict.known:
        parts.append(f"<p>{_text(verdict.known.told)}<br><small>{_text(verdict.known.address)}</small></p>")
    if verdict.outputs:
        parts.append(_table(verdict))
    return f"<div>{''.join(parts)}</div>"


def _table(verdict: Verdict) -> str:
    rows = list(verdict.outputs.items())
    shown = rows if len(rows) <= _MOST else sorted(rows, key=lambda row: row[1].word in PASSING)[:_MOST]
    head = "".join(f"<th>{title}</th>" for title, _ in _COLUMNS)
    lines = [f"<tr><th>output</th><th>verdict</th>{head}</tr>"]
    lines += [_row(name, numbers) for name, numbers in shown]
    more = len(rows) - len(shown)
    return f"<table>{''.join(lines)}</table>" + (f"<p>and {more} more outputs</p>" if more else "")


def _row(name: str, numbers: Numbers) -> str:
    cells: List[str] = [name, numbers.word]
    cells += [_number(getattr(numbers, field)) for _, field in _COLUMNS]
    return "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + "</tr>"


def _number(value: Optional[Any]) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) and abs(value) < 1e300 else "endless"
    return str(value)


def _text(text: str) -> str:
    return html.escape(str(text))
