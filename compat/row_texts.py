"""The text of a run.json as ``Run.save`` writes it, taken apart without decoding it.

Where a row or a record ends is told by signs with unescaped quotes, which no text within can hold.  A slice of a file
that says something else is cut wrongly, is then no JSON, and whoever decodes it says so.
"""

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .documents import DECODER

#: A record ends with its seconds, a row with its last record.
_SECONDS = ',"seconds":'
_ROW_ENDS = re.compile(_SECONDS + r'[-+.0-9e]+\}\},(?=")')
#: Seconds that any decoder reads as a finite number.
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,20})?(?:e[-+]?[0-9]{1,2})?\Z")
#: After the last row, the end of the records, of the content and of the document.
_END = "}}}\n"
#: A name, and where its value stands.
Place = Tuple[str, int, int]


class Contents(NamedTuple):
    """``environment`` as JSON values, and where the description and the row of every sample stand."""

    environment: Any
    samples: List[Place]
    records: List[Place]


def contents(text: str, at: int, met: Dict[str, str]) -> Contents:
    """What stands where in a document whose content begins at ``at``.

    ``met``: descriptions in other runs, mostly the same; those of this one are added.
    Raises ValueError for a text of another form.
    """
    environment, at = DECODER.raw_decode(text, _past(text, at, '{"environment":'))
    samples, at = _samples(text, _past(text, at, ',"samples":{'), met)
    records = _rows(text, _past(text, at, '},"records":{'))
    return Contents(environment, samples, records)


def _samples(text: str, at: int, met: Dict[str, str]) -> Tuple[List[Place], int]:
    places: List[Place] = []
    while text[at] != "}":
        name, start = _name(text, _past(text, at, ",") if places else at)
        same = met.get(name)
        if same is not None and text.startswith(same, start):  # nothing that goes on is a table as well
            at = start + len(same)
        else:
            _, at = DECODER.raw_decode(text, start)
            met[name] = text[start:at]
        places.append((name, start, at))
    return places, at


def _rows(text: str, at: int) -> List[Place]:
    places: List[Place] = []
    last = len(text) - len(_END)
    if not text.endswith(_END):
        raise ValueError("more after the records")
    while at < last:
        name, start = _name(text, at)
        found = _ROW_ENDS.search(text, start)
        at = found.end() if found else last + 1
        places.append((name, start, at - 1))
    return places


def _name(text: str, at: int) -> Tuple[str, int]:
    """The name that begins at ``at``, and where its value begins."""
    name, at = scanstring(text, _past(text, at, '"'))
    return name, _past(text, at, ":")


def _past(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        raise ValueError(f"expected {sign} at {at}")
    return at + len(sign)


class Piece(NamedTuple):
    """A record within a row.  ``alike``: its text but for ``code`` and ``seconds``, which vary from run to run."""

    dialect: str
    alike: Tuple[str, str]
    code: str
    seconds: str

    @property
    def text(self) -> str:
        beginning, ending = self.alike
        return f'{{{beginning}"code":"{self.code}"{ending}{_SECONDS}{self.seconds}}}'


def pieces(row: str) -> Optional[List[Piece]]:
    """The records of a row's text; None where they have to be decoded to be told apart."""
    body, *parts = row.split(_SECONDS)
    if not parts or body[:2] != '{"':
        return None
    found: List[Piece] = []
    for part in parts:
        seconds, _, rest = part.partition("}")
        name, _, record = body.partition('":{')
        beginning, _, ending = record.partition('"code":"')
        code, _, ending = ending.partition('"')
        # Without a code, or with a second one, which is the name of a file, the record is decoded.
        if not _NUMBER.match(seconds) or "\\" in name or not code.isalnum() or '"code":"' in ending:
            return None
        found.append(Piece(name[2:], (beginning, ending), code, seconds))
        body = rest
        if body[:2] != ',"':
            break
    return found if body == "}" and len(found) == len(parts) else None
