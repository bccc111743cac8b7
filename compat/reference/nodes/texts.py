"""Texts: exact, or nothing is said of them.  TensorFlow's are bytes, and its letters are those of ASCII."""

from typing import Any, Callable, Dict, List

import numpy as np

from ...arrays import Array
from ..bounds import Reference
from .flows import floating, whole
from .registry import Flow, NodeCall, NoRule, Taken, rule_of


def _bytes(flow: Flow) -> Array:
    """An array of objects, each the bytes of a text."""
    texts = np.asarray(whole(flow))
    plain = [
        text if isinstance(text, bytes) else str(text).encode("utf-8") for text in texts.ravel().tolist()
    ]
    held = np.empty(len(plain), object)
    held[:] = plain
    return held.reshape(texts.shape)


def _each(function: Callable[[bytes], Any], flow: Flow) -> List[Any]:
    return [function(text) for text in _bytes(flow).ravel().tolist()]


def _as_kept(call: NodeCall, texts: List[bytes], like: Flow, shape: Any) -> Array:
    """As texts are kept where ``like`` is: as bytes or as letters."""
    if np.asarray(whole(like)).dtype.kind == "U":
        return np.array([text.decode("utf-8") for text in texts], "U").reshape(shape)
    return np.array(texts, "S").reshape(shape)


#: Unicode is another matter: the attribute ``encoding`` says so.
CHANGES: Dict[str, Callable[[bytes], bytes]] = {
    "StringLower": lambda text: text.lower(),
    "StringUpper": lambda text: text.upper(),
    "StringStrip": lambda text: text.strip(),
}


@rule_of("StringLower", "StringUpper", "StringStrip")
def _(call: NodeCall, x: Flow) -> Flow:
    if call.get("encoding", ""):
        raise NoRule(f"{call.op} of Unicode")
    return _as_kept(call, _each(CHANGES[call.op], x), x, np.shape(whole(x)))


def _code_points(text: bytes) -> int:
    return sum(byte & 0xC0 != 0x80 for byte in text)


@rule_of("StringLength")
def _(call: NodeCall, x: Flow) -> Flow:
    """In bytes, or in code points, each of which has one byte that does not go on with another."""
    points = str(call.get("unit", "BYTE")) == "UTF8_CHAR"
    count: Callable[[bytes], int] = _code_points if points else len
    return np.array(_each(count, x), np.int32).reshape(np.shape(whole(x)))


@rule_of("StringJoin")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    separator = str(call.get("separator", "")).encode("utf-8")
    parts = [_bytes(flow) for flow in inputs]
    shape = np.broadcast(*parts).shape if len(parts) > 1 else parts[0].shape
    columns = [np.broadcast_to(part, shape).ravel().tolist() for part in parts]
    return _as_kept(call, [separator.join(row) for row in zip(*columns)], inputs[0], shape)


@rule_of("StringToNumber")
def _(call: NodeCall, x: Flow) -> Flow:
    """The number nearest to what is written; some versions round it to float64 before."""
    try:
        found = _each(float if floating(call.dtype) else int, x)
    except ValueError:
        raise NoRule("a number that Python writes otherwise") from None
    shape = np.shape(whole(x))
    if not floating(call.dtype):
        return np.array(found, call.dtype).reshape(shape)
    value = np.array(found, np.float64).reshape(shape)
    return Reference(value, np.where(np.isfinite(value), abs(value), 0.0), 1, call.dtype)


@rule_of("AsString")
def _(call: NodeCall, x: Flow) -> Flow:
    """As C's printf writes it, which is as Python's % does."""
    values = np.asarray(whole(x))
    if values.dtype.kind not in "biuf":
        raise NoRule(f"AsString of {values.dtype.name}")
    if values.dtype.kind == "b":
        return np.where(values, b"true", b"false")
    kind = "e" if call.get("scientific") else "g" if call.get("shortest") else "f"
    width, precision = int(call.get("width", -1)), int(call.get("precision", -1))
    written = "%" + (f"{call.get('fill', '')}{width}" if width > -1 else "")
    written += f".{precision}" if precision > -1 else ""
    written += kind if values.dtype.kind == "f" else "d"
    texts = [(written % number).encode("ascii") for number in values.ravel().tolist()]
    return np.array(texts, "S").reshape(values.shape)


@rule_of("Substr", "StringSplit", "StringSplitV2", "RegexReplace", "StaticRegexReplace")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    raise NoRule(f"{call.op}: texts")


@rule_of("StringToHashBucketFast", "StringToHashBucket", "StringToHashBucketStrong")
def _(call: NodeCall, *inputs: Flow) -> Flow:
    raise Taken("hashed")
