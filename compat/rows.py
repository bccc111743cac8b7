"""Rows of a run.json that are read when they are asked for: a store may hold millions, a page shows one sample's.

The file says by its checksum that it is whole; what is kept of a row is where it stands, until somebody asks for it.
The file stays open: it may be replaced meanwhile, and its rows are still those that were opened.
"""

import collections.abc
import os
from typing import IO, Callable, Dict, Generic, Iterator, Optional, Tuple, TypeVar, Union

T = TypeVar("T")


class Opened:
    """A file that stays open for as long as somebody holds this, without a warning at its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self.number = os.dup(file.fileno())

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        close(self.number)

    def read(self, start: int, length: int) -> bytes:
        if hasattr(os, "pread"):  # the place in a file is shared with the processes that were forked
            return os.pread(self.number, length, start)
        os.lseek(self.number, start, os.SEEK_SET)
        return os.read(self.number, length)


class Rows(collections.abc.MutableMapping, Generic[T]):  # type: ignore[type-arg]
    """Values by name: those in a file are decoded when they are asked for, and kept until they are to be forgotten.

    ``decode`` makes a value of a name and the bytes that stand there.
    """

    def __init__(self, file: Opened, decode: Callable[[str, bytes], T]) -> None:
        self._file = file
        self._decode = decode
        self._places: Dict[str, Union[Tuple[int, int], bytes]] = {}
        self._values: Dict[str, Optional[T]] = {}

    def stands(self, name: str, start: int, end: int) -> None:
        """The value of that name is these bytes of the file."""
        self._places[name] = start, end
        self._values[name] = None

    def says(self, name: str, text: bytes) -> None:
        """The value of that name is this text: other files have the same one, which need not be read again."""
        self._places[name] = text
        self._values[name] = None

    def forget(self, name: str) -> None:
        """Free the memory of a value that can be read again."""
        if name in self._places:
            self._values[name] = None

    def __getitem__(self, name: str) -> T:
        value = self._values[name]
        if value is None:
            place = self._places[name]
            text = place if isinstance(place, bytes) else self._file.read(place[0], place[1] - place[0])
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
