"""Texts from elsewhere: a terminal must not be told what to do by a message, nor a path lead out of its folder."""

import re
from typing import Any

#: Control characters, those that turn the direction of writing, and halves of characters.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
#: The same with tabs and the ends of lines; a half of a character may stand for a byte of a path that is no text.
_IN_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udc7f\udd00-\udfff]")


def printable(text: str) -> str:
    """The text with what a terminal would obey, and what no file can hold, as escapes; lines and tabs stay."""
    return _UNSEEN.sub(lambda found: ascii(found.group())[1:-1], text)


def in_a_line(text: str) -> str:
    """``printable``, in one line."""
    return printable(" ".join(text.splitlines()))


def check_name(what: str, text: str) -> None:
    """Raises ValueError for a name that could not be printed in a line, or is none at all."""
    if not text or _IN_NO_NAME.search(text):
        raise ValueError(f"{what} {_short(text)} is no name")


def check_part_of_a_path(what: str, text: str) -> None:
    """Raises ValueError for a name that leads out of its folder."""
    check_name(what, text)
    if "/" in text or "\\" in text or text in (".", ".."):
        raise ValueError(f"{what} {_short(text)} leads elsewhere")


def _short(text: Any) -> str:
    shown = ascii(text)
    return shown if len(shown) <= 60 else shown[:57] + "..."


class Printable:
    """A stream for texts, of which a terminal obeys none; everything else is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
