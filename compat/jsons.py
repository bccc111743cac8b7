"""Dataclasses as JSON values and back, checked: what is read may come from anywhere."""

import collections.abc
import dataclasses
import functools
import math
import re
import typing
from typing import Any, Callable, Dict, List, Type, TypeVar

from .errors import CompatError
from .texts import printable

T = TypeVar("T")
Decode = Callable[[Any], Any]
#: Values within values that a parameter may be.
_DEEPEST = 40
_PLAIN = (str, int, float, bool, type(None))
_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def as_json(thing: Any) -> Any:
    """A dataclass as JSON values; fields that are None are left out."""
    if type(thing) in _PLAIN:  # most are
        return thing
    if dataclasses.is_dataclass(thing):
        pairs = ((f.name, getattr(thing, f.name)) for f in dataclasses.fields(thing))
        return {name: as_json(value) for name, value in pairs if value is not None}
    if isinstance(thing, collections.abc.Mapping):
        return {name: as_json(value) for name, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [as_json(value) for value in thing]
    return thing


def from_json(cls: Type[T], value: Any, where: str) -> T:
    """The dataclass of JSON values.  Raises CompatError, beginning with ``where``, for any other form."""
    try:
        return _decoder(cls)(value)  # type: ignore[no-any-return,arg-type]
    except (ValueError, RecursionError) as error:
        raise CompatError(f"{where}: {printable(str(error))}; record it again") from None


@functools.lru_cache(maxsize=None)
def _decoder(kind: Any) -> Decode:
    """What reads a value as ``kind``: a dataclass, Dict[str, X], List[X], Optional[X], Any, or a plain type.

    Made once for each kind, since a store has a million of them.
    """
    if dataclasses.is_dataclass(kind):
        return _of_class(kind)
    if kind is Any:
        return _plain
    origin = getattr(kind, "__origin__", None)
    inner: Any = getattr(kind, "__args__", ())
    if origin is typing.Union:
        return _optional(_decoder(inner[0]))
    if origin in (dict, Dict):
        return _table(_decoder(inner[1]))
    if origin in (list, List):
        return _list(_decoder(inner[0]))
    return {str: _text, float: _number}.get(kind) or _exactly(kind)


def _of_class(cls: Any) -> Decode:
    decoders: Dict[str, Decode] = {}
    needed: List[str] = []
    check = getattr(cls, "check", None)

    def decode(value: Any) -> Any:
        if type(value) is not dict:
            raise ValueError(f"expected a {cls.__name__}, found {_short(value)}")
        if not decoders:  # not before: a class may hold others of itself
            hints = typing.get_type_hints(cls)
            decoders.update((f.name, _decoder(hints[f.name])) for f in dataclasses.fields(cls))
            needed.extend(name for name in decoders if not _may_be_none(hints[name]))
        arguments = {}
        for name, entry in value.items():
            decoder = decoders.get(name)
            if decoder is None:
                unknown = sorted(set(value) - set(decoders))
                raise ValueError(f"a {cls.__name__} has no {unknown[0]!r}")
            try:
                arguments[name] = decoder(entry)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        for name in needed:
            if name not in arguments:
                raise ValueError(f"a {cls.__name__} without {name!r}")
        decoded = cls(**arguments)
        if check is not None:
            check(decoded)
        return decoded

    return decode


def _may_be_none(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is typing.Union


def _optional(decode: Decode) -> Decode:
    return lambda value: None if value is None else decode(value)


def _table(decode: Decode) -> Decode:
    def decode_table(value: Any) -> Any:
        if type(value) is not dict:
            raise ValueError(f"expected a table, found {_short(value)}")
        return {name: decode(entry) for name, entry in value.items()}

    return decode_table


def _list(decode: Decode) -> Decode:
    def decode_list(value: Any) -> Any:
        if type(value) is not list:
            raise ValueError(f"expected a list, found {_short(value)}")
        return [decode(entry) for entry in value]

    return decode_list


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError(f"expected str, found {_short(value)}")
    return _whole(value)


def _number(value: Any) -> float:
    if type(value) is int:
        value = float(value)
    if type(value) is not float or not math.isfinite(value):
        raise ValueError(f"expected float, found {_short(value)}")
    return value


def _exactly(kind: Any) -> Decode:
    def decode(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"expected {kind.__name__}, found {_short(value)}")
        return value

    return decode


def _plain(value: Any, depth: int = 0) -> Any:
    """JSON values as they come, but not of any depth."""
    if depth > _DEEPEST:
        raise ValueError("values within values, deeper than any parameter")
    if isinstance(value, dict):
        return {_whole(name): _plain(entry, depth + 1) for name, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry, depth + 1) for entry in value]
    return _whole(value) if isinstance(value, str) else value


def _whole(text: str) -> str:
    """The text with halves of characters, which no file can hold, as escapes; those of a path stand for its bytes."""
    return text if text.isascii() else _HALVES.sub(lambda found: ascii(found.group())[1:-1], text)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else text[:37] + "..."
