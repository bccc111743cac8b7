"""A summary in Markdown, as a comment on a pull request: GitHub cuts what is longer than 65,536 characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from compat.porting.findings import Findings

from . import verify_page, wording
from .markdown_text import code, prose
from .overview import MOST_NAMED, Overview, Trouble
from .sample_page import safe_address

BEGINNING = "<!-- compat report -->"
#: Bytes that a summary may have.
MOST_BYTES = 60_000
#: Entries of a list, at first: fewer where they are long.
_MOST, _FEWEST = 20, 1
#: (verdict, reason, address) of a known difference.
KnownKey = tuple[str, str, str]
_COLUMNS = ("identical", "agrees", "known", "look", "unsupported")


def text(
    overview: Overview,
    counts: Mapping[int, Counter[str]],
    known: Mapping[KnownKey, int],
    operations: Mapping[KnownKey, Sequence[str]],
) -> str:
    """``counts``: cells by verdict of each environment; ``known``: cells, ``operations``: where, of each difference."""
    most = _MOST
    while True:
        parts = [*_head(overview), *_environments(overview, counts)]
        parts += _troubles(overview, most) + _known(known, operations, most)
        found = "\n".join(parts) + "\n"
        if len(found.encode()) <= MOST_BYTES:
            return found
        if most <= _FEWEST:
            return _cut(parts)
        most //= 2


def of_verify(found: Findings) -> str:
    """What ``compat verify`` found."""
    parts = [BEGINNING, f"## {prose(verify_page.headline(found))}", "", prose(verify_page.lede(found)), ""]
    for finding in found.wrong:
        tensor = found.tensors[finding.tensor]
        cause = finding.causes[0].text if finding.causes else finding.line
        parts.append(f"- {code(tensor.name)}: {prose(cause)}")
    parts += [f"- {prose(line)}" for line in found.steps]
    parts += ["", *(f"- not judged: {prose(line)}" for line in found.not_judged)]
    return _cut(parts)


def _cut(parts: Sequence[str]) -> str:
    """As many lines as may be, and that there are more."""
    kept: list[str] = []
    size = 0
    for line in parts:
        size += len(line.encode()) + 1
        if size > MOST_BYTES - 100:
            kept += ["", "… cut here: the whole does not fit into a comment."]
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


def _head(overview: Overview) -> list[str]:
    mark = "❌" if overview.needs_a_person else "✅"
    counted = [
        wording.plural(len(overview.lines), "sample"),
        wording.plural(len(overview.environments), "environment"),
        wording.plural(len(overview.dialects), "dialect"),
    ]
    return [BEGINNING, f"## {mark} {prose(wording.headline(overview))}", "", ", ".join(counted) + ".", ""]


def _environments(overview: Overview, counts: Mapping[int, Counter[str]]) -> list[str]:
    rows = [
        "| environment | TensorFlow | Python | identical | agree | known | to look at | cannot be spelled |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for one in overview.environments:
        found = counts.get(one.index, Counter())
        name, described = prose(one.name), one.description
        cells = [name, prose(described.tensorflow or "–"), prose(described.python or "–")]
        cells += [
            f"**{found[word]:,}**" if word == "look" and found[word] else f"{found[word]:,}"
            for word in _COLUMNS
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return [*rows, ""]


def _troubles(overview: Overview, most: int) -> list[str]:
    troubles = overview.attention()
    if not troubles:
        return []
    lines = ["### To look at", ""]
    lines += [_trouble(overview, one) for one in troubles[:most]]
    return [*lines, *_more(len(troubles) - most, "message"), ""]


def _trouble(overview: Overview, one: Trouble) -> str:
    places = []
    for dialect, found in one.where.items():
        where = wording.ranges([overview.environments[i] for i in sorted(found)], overview.environments)
        places.append(f"{code(dialect)} {prose(where)}")
    named = ", ".join(code(sample) for sample in one.samples[:MOST_NAMED])
    more = len(one.samples) - MOST_NAMED
    named += f" and {more:,} more" if more > 0 else ""
    message = code(one.message or wording.MEANINGS[one.word])
    return (
        f"- **{one.word}** in {wording.plural(one.cells, 'cell')} ({'; '.join(places)}): {message}<br>{named}"
    )


def _known(
    known: Mapping[KnownKey, int], operations: Mapping[KnownKey, Sequence[str]], most: int
) -> list[str]:
    if not known:
        return []
    ordered = sorted(known, key=lambda key: -known[key])
    cells = wording.plural(sum(known.values()), "cell")
    reasons = wording.plural(len(known), "reason")
    lines = ["<details>", f"<summary>Known differences: {cells}, {reasons}</summary>", ""]
    for key in ordered[:most]:
        word, reason, address = key
        where = ", ".join(code(name) for name in operations[key][:MOST_NAMED])
        link = safe_address(address)
        link = f" ([why](<{_url(link)}>))" if link else ""
        lines.append(f"- {word} in {wording.plural(known[key], 'cell')} ({where}): {prose(reason)}{link}")
    return [*lines, *_more(len(known) - most, "reason"), "", "</details>", ""]


def _more(count: int, what: str) -> list[str]:
    return [f"- and {wording.plural(count, 'more ' + what)}"] if count > 0 else []


def _url(text: str) -> str:
    return re.sub(r"[<>\s\\]", lambda found: f"%{ord(found.group()):02X}", text)
