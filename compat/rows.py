"""Rows of a run.json that are read when they are asked for: a store may hold millions, a page shows one sample's.

The file says by its checksum that it is whole; what is kept of a row is where it stands, until somebody asks for it.
The file stays open: it may be replaced meanwhile, and its rows are still those that were opened.
"""

import collections.abc
import os
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import IO, Any, Callable, Dict, Generic, Iterator, Optional, Tuple, TypeVar

from .documents import DECODER

T = TypeVar("T")


class Rows(collections.abc.MutableMapping, Generic[T]):  # type: ignore[type-arg]
    """Values by name: those in a file are decoded when they are asked for, and kept until they are to be forgotten.

    ``decode`` makes a value of a name and the text that stands there.
    """

    def __init__(self, file: IO[bytes], decode: Callable[[str, str], T]) -> None:
        self._file = file
        self._decode = decode
        self._places: Dict[str, Tuple[int, int]] = {}
        self._values: Dict[str, Optional[T]] = {}

    def stands(self, name: str, start: int, end: int) -> None:
        """The value of that name is these bytes of the file."""
        self._places[name] = start, end
        self._values[name] = None

    def forget(self, name: str) -> None:
        """Free the memory of a value that can be read again."""
        if name in self._places:
            self._values[name] = None

    def __getitem__(self, name: str) -> T:
        value = self._values[name]
        if value is None:
            start, end = self._places[name]
            text = _read(self._file, start, end - start).decode("ascii")
            value = self._values[name] = self._decode(name, text)
        return value

    def __setitem__(self, name: str, value: T) -> None:
        self._places.pop(name, None)
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        self._places.pop(name, None)
        del self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Scanner:
    """Reads a JSON text without blanks piece by piece, knowing where each stands.

    Raises ValueError for another text.
    """

    def __init__(self, text: str, at: int = 0) -> None:
        self._text = text
        self.at = at

    def take(self, sign: str) -> None:
        if self._text[self.at : self.at + len(sign)] != sign:
            raise ValueError(f"expected {sign} at {self.at}")
        self.at += len(sign)

    def value(self) -> Any:
        value, self.at = DECODER.raw_decode(self._text, self.at)
        return value

    def entries(self) -> Iterator[str]:
        """The names of a table, each before its value, which is to be read before the next."""
        self.take("{")
        if self._text[self.at : self.at + 1] == "}":
            self.at += 1
            return
        while True:
            self.take('"')
            name, self.at = scanstring(self._text, self.at)
            self.take(":")
            yield name
            if self._text[self.at : self.at + 1] != ",":
                break
            self.at += 1
        self.take("}")


def _read(file: IO[bytes], start: int, length: int) -> bytes:
    if hasattr(os, "pread"):  # the place in a file is shared with the processes that were forked
        return os.pread(file.fileno(), length, start)
    file.seek(start)
    return file.read(length)
