"""The text of a run.json as ``Run.save`` writes it, taken apart without decoding it.

Where a row or a record ends is told by signs with unescaped quotes, which no text within can hold.  A slice of a file
that says something else is cut wrongly, is then no JSON, and whoever decodes it says so.
"""

import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .documents import DECODER

#: A record has a code, and ends with its seconds; a row ends with its last record.
_CODE, _SECONDS, _ROW_END = '"code":"', ',"seconds":', "}}"
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
    """A record within a row: its text but for the code and the seconds, which vary from run to run, and its value.

    ``before`` ends where the code begins, ``after`` begins behind it and ends where the seconds begin.
    """

    dialect: str
    before: str
    after: str
    value: Any

    def varying(self, row: str, at: int) -> Optional[Tuple[str, float, int]]:
        """The code and the seconds of such a record at that place, and where it ends; None where another stands."""
        if not row.startswith(self.before, at):
            return None
        at += len(self.before)
        code = row[at : row.find('"', at)]
        at += len(code)
        if not code.isalnum() or not row.startswith(self.after, at):
            return None
        at += len(self.after)
        end = row.find("}", at)
        return (code, float(row[at:end]), end) if _NUMBER.match(row, at, end) else None


class Pieces:
    """The records of one sample in the runs read before, by their places in a row: the same text has the same value.

    ``decode`` makes a value of a dialect and the text of a record.
    """

    def __init__(self, decode: Callable[[str, str], Any]) -> None:
        self._decode = decode
        self._met: Dict[int, List[Piece]] = {}

    def of(self, row: str) -> Optional[List[Tuple[Piece, str, float]]]:
        """Those of a row's text, each with its code and its seconds; None where all of it has to be decoded."""
        found: List[Tuple[Piece, str, float]] = []
        at, last = 0, len(row) - len(_ROW_END)
        while at < last:
            place = self._at(row, at, self._met.setdefault(len(found), []))
            if place is None:
                return None
            piece, code, seconds, at = place
            found.append((piece, code, seconds))
        return found if found and at == last and row.endswith(_ROW_END) else None

    def _at(self, row: str, at: int, met: List[Piece]) -> Optional[Tuple[Piece, str, float, int]]:
        for piece in met:
            varying = piece.varying(row, at)
            if varying is not None:
                return (piece, *varying)
        piece = self._cut(row, at)
        varying = piece.varying(row, at) if piece is not None else None
        if piece is None or varying is None:
            return None
        text = row[at + piece.before.index(":{") + 1 : varying[2] + 1]
        piece = piece._replace(value=self._decode(piece.dialect, text))
        met.insert(0, piece)  # runs that follow each other have more in common
        return (piece, *varying)

    @staticmethod
    def _cut(row: str, at: int) -> Optional[Piece]:
        """The record that begins there, without its value.  One without a code, or with a second one, which is the
        name of a file, is none.
        """
        end = row.find(_SECONDS, at)
        sign = '{"' if at == 0 else '},"'
        before, _, after = row[at:end].partition(_CODE)
        code, _, after = after.partition('"')
        name, _, _ = before[len(sign) :].partition('":{')
        if end < 0 or not before.startswith(sign) or "\\" in name or not code or _CODE in after:
            return None
        return Piece(name, before + _CODE, f'"{after}{_SECONDS}', None)
