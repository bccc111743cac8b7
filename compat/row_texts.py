"""The text of a run.json as ``Run.save`` writes it, taken apart without decoding it.

Where a row or a record ends is told by signs with unescaped quotes, which no text within can hold.  A slice of a file
that says something else is cut wrongly, is then no JSON, and whoever decodes it says so.
"""

import contextlib
import re
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .documents import DECODER

#: A record has a code, and ends with its seconds; a row ends with its last record.
_MESSAGE = ',"message":"'
_CODE, _SECONDS, _ROW_END = '"code":"', ',"seconds":', "}}"
_ROW_ENDS = re.compile(_SECONDS.encode() + rb'[-+.0-9e]+\}\},(?=")')
_NAME = re.compile(rb'"(?:[^"\\]|\\.)*"')
#: Bytes that a description or an environment seldom exceeds.
_MOSTLY = 1 << 14
#: Seconds that any decoder reads as a finite number.
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,20})?(?:e[-+]?[0-9]{1,2})?\Z")
#: After the last row, the end of the records, of the content and of the document.
_END = b"}}}\n"
#: A name, and where its value stands.
Place = Tuple[str, int, int]


class Contents(NamedTuple):
    """``environment`` as JSON values, the text of every sample's description, and where its row stands."""

    environment: Any
    samples: Dict[str, bytes]
    records: List[Place]


def contents(text: bytes, at: int, met: Dict[str, bytes]) -> Contents:
    """What stands where in an ASCII document whose content begins at ``at``.

    ``met``: descriptions in other runs, mostly the same; those of this one are added.  What is the same is one text.
    Raises ValueError for a text of another form.
    """
    environment, at = _value(text, _past(text, at, b'{"environment":'))
    samples, at = _samples(text, _past(text, at, b',"samples":{'), met)
    records = _rows(text, _past(text, at, b'},"records":{'))
    return Contents(environment, samples, records)


def _samples(text: bytes, at: int, met: Dict[str, bytes]) -> Tuple[Dict[str, bytes], int]:
    found: Dict[str, bytes] = {}
    while text[at : at + 1] != b"}":
        name, start = _name(text, _past(text, at, b",") if found else at)
        same = met.get(name)
        if same is not None and text.startswith(same, start):  # nothing that goes on is a table as well
            at = start + len(same)
        else:
            _, at = _value(text, start)
            same = met[name] = text[start:at]
        found[name] = same
    return found, at


def _rows(text: bytes, at: int) -> List[Place]:
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


def _value(text: bytes, at: int) -> Tuple[Any, int]:
    """The JSON value that begins there, and where it ends."""
    for end in (at + _MOSTLY, len(text)):
        with contextlib.suppress(ValueError):
            value, length = DECODER.raw_decode(text[at:end].decode("ascii"))
            return value, at + length
    raise ValueError(f"no value at {at}")


def _name(text: bytes, at: int) -> Tuple[str, int]:
    """The name that begins at ``at``, and where its value begins."""
    start = _past(text, at, b'"')
    end = text.find(b'"', start)
    name = text[start:end].decode("ascii")
    if "\\" in name:  # an escaped sign, a quote perhaps
        found = _NAME.match(text, at)
        if found is None:
            raise ValueError(f"expected a name at {at}")
        end = found.end() - 1
        name, _ = scanstring(text[start : found.end()].decode("ascii"), 0)
    return name, _past(text, end, b'":')


def _past(text: bytes, at: int, sign: bytes) -> int:
    if not text.startswith(sign, at):
        raise ValueError(f"expected {sign.decode()} at {at}")
    return at + len(sign)


class Found(NamedTuple):
    """A record within a row: its ``value`` is that of all records of the same text and message."""

    dialect: str
    value: Any
    code: str
    seconds: float


class _Piece:
    """The text of a record within a row but for what varies from run to run: its message, its code and its seconds.

    ``before`` ends where the message begins, ``middle`` where the code does and ``after`` where the seconds do; without
    ``middle``, of a message with signs that have to be decoded, ``before`` ends where the code begins.
    """

    def __init__(self, dialect: str, before: str, middle: str, after: str) -> None:
        self.dialect = dialect
        self.values: Dict[str, Any] = {}  # by message
        self._before, self._middle, self._after = before, middle, after

    def varying(self, row: str, at: int) -> Optional[Tuple[str, str, str, int]]:
        """Message, code and seconds of such a record at that place, and where it ends; None where another stands."""
        if not row.startswith(self._before, at):
            return None
        at += len(self._before)
        message = ""
        if self._middle:
            message = row[at : row.find('"', at)]
            at += len(message)
            if "\\" in message or not row.startswith(self._middle, at):
                return None
            at += len(self._middle)
        code = row[at : row.find('"', at)]
        at += len(code)
        if not code.isalnum() or not row.startswith(self._after, at):
            return None
        at += len(self._after)
        end = row.find("}", at)
        return (message, code, row[at:end], end) if _NUMBER.match(row, at, end) else None


class Pieces:
    """The records of one sample in the runs read before, by their places in a row: the same text has the same value.

    ``reworded`` makes of a value that of another message.
    """

    def __init__(self, reworded: Callable[[Any, str], Any]) -> None:
        self._reworded = reworded
        self._met: Dict[int, List[_Piece]] = {}

    def of(self, row: str, decode: Callable[[str, str], Any]) -> Optional[Dict[str, Found]]:
        """Those of a row's text, by dialect; None where all of it has to be decoded.

        ``decode`` makes a value of a dialect and the text of a record that was not met before.
        """
        found: Dict[str, Found] = {}
        at, last = 0, len(row) - len(_ROW_END)
        while at < last:
            place = self._at(row, at, self._met.setdefault(len(found), []), decode)
            if place is None or place[0].dialect in found:
                return None
            one, at = place
            found[one.dialect] = one
        return found if found and at == last and row.endswith(_ROW_END) else None

    def _at(
        self, row: str, at: int, met: List[_Piece], decode: Callable[[str, str], Any]
    ) -> Optional[Tuple[Found, int]]:
        for piece in met:
            varying = piece.varying(row, at)
            if varying is not None:
                break
        else:
            cut = _cut(row, at)
            varying = cut.varying(row, at) if cut is not None else None
            if cut is None or varying is None:
                return None
            piece = cut
            met.insert(0, piece)  # runs that follow each other have more in common
        message, code, seconds, end = varying
        value = piece.values.get(message)
        if value is None:
            other = next(iter(piece.values.values()), None)
            text = row[at : end + 1]
            value = piece.values[message] = (
                decode(piece.dialect, text[text.index(":{") + 1 :])
                if other is None
                else self._reworded(other, message)
            )
        return Found(piece.dialect, value, code, float(seconds)), end


def _cut(row: str, at: int) -> Optional[_Piece]:
    """The record that begins there.  One without a code, or with a second one, which is the name of a file, is none."""
    end = row.find(_SECONDS, at)
    sign = '{"' if at == 0 else '},"'
    before, _, after = row[at:end].partition(_CODE)
    code, _, after = after.partition('"')
    name, _, _ = before[len(sign) :].partition('":{')
    if end < 0 or not before.startswith(sign) or "\\" in name or not code or _CODE in after:
        return None
    first, there, middle = before.partition(_MESSAGE)
    message, _, middle = middle.partition('"')
    after = f'"{after}{_SECONDS}'
    if not there or "\\" in message:
        return _Piece(name, before + _CODE, "", after)
    return _Piece(name, first + _MESSAGE, f'"{middle}{_CODE}', after)
