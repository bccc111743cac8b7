"""Rows that say the same in many runs: their records are shared, and copied only for who asks for one."""

from typing import Iterator, Mapping, Tuple

from .records import Record
from .row_texts import Found


def _copy(record: Record) -> Record:
    """Without checking anew what was checked: there are millions."""
    one = Record.__new__(Record)
    one.__dict__.update(record.__dict__)
    return one


def reworded(record: Record, message: str) -> Record:
    one = _copy(record)
    one.message = message
    return one


class Alike(Mapping[str, Record]):
    """A row whose records are those of other runs but for their code and seconds: each is copied when it is asked for.

    It cannot be changed, but be copied.
    """

    def __init__(self, found: Mapping[str, Found]) -> None:
        self._found = found

    def __getitem__(self, dialect: str) -> Record:
        _, shared, code, seconds = self._found[dialect]
        one = _copy(shared)
        one.code, one.seconds = code, seconds
        return one

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def shared(self) -> Iterator[Tuple[str, Record, float]]:
        for dialect, record, _, seconds in self._found.values():
            yield dialect, record, seconds


def shared(row: Mapping[str, Record]) -> Iterator[Tuple[str, Record, float]]:
    """Dialects, their records and seconds; rows that say the same share the records, with the code of one of them."""
    if isinstance(row, Alike):
        return row.shared()
    return ((dialect, record, record.seconds) for dialect, record in row.items())
