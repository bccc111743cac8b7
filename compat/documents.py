"""JSON documents under a checksum: an edited or truncated file is told from a good one."""

import hashlib
import json
import math
import re
from typing import Any, Optional

from .errors import CompatError
from .files import appearing, read_bytes

#: The version of the format. A reader refuses anything else.
FORMAT = 2
AGAIN = "delete the folder and run again, or choose another --out"
_BEGINNING = re.compile(f'{{"format":{FORMAT},"checksum":"([0-9a-f]{{64}})","content":'.encode())
_END = b"}\n"


def _canonical(content: Any) -> str:
    """The text that is written and checked. Keys keep their order: outputs stand in the order of flow."""
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def write_json(path: str, content: Any, readable: bool = False) -> None:
    """Write content under its checksum.

    ``readable``: indented, so that people can read what changes in it.
    """
    text = _canonical(content)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    text = json.dumps(content, allow_nan=False, indent=1) if readable else text
    with appearing(path, "w") as file:
        file.write(f'{{"format":{FORMAT},"checksum":"{checksum}","content":{text}}}\n')


def read_json(path: str) -> Any:
    """The content of a file that ``write_json`` wrote.  Raises CompatError for any other."""
    try:
        contents = read_bytes(path)
        start = whole(contents)
        if start is not None:
            return DECODER.decode(contents[start : -len(_END)].decode("utf-8"))
        document = DECODER.decode(contents.decode("utf-8"))
    except (ValueError, RecursionError, MemoryError):
        raise CompatError(f"{path}: is truncated or no JSON; {AGAIN}") from None
    version = document.get("format") if isinstance(document, dict) else None
    if type(version) is not int:  # bool is an int
        raise CompatError(f"{path}: is no file of a run (it has no format number)")
    if version > FORMAT:
        raise CompatError(
            f"{path}: has format {version}, written by a newer compat; this one reads {FORMAT}: upgrade compat"
        )
    if version < FORMAT:
        raise CompatError(f"{path}: has format {version}, written by an older compat: {AGAIN}")
    content = document.get("content")
    try:
        right = hashlib.sha256(_canonical(content).encode()).hexdigest() == document.get("checksum")
    except (ValueError, RecursionError):
        right = False
    if not right:
        raise CompatError(f"{path}: was edited or damaged (its checksum does not match); {AGAIN}")
    return content


def whole(contents: bytes) -> Optional[int]:
    """Where the content begins in a file that is to the letter what was written; None for another."""
    beginning = _BEGINNING.match(contents)
    if beginning is None or not contents.endswith(_END):
        return None
    content = memoryview(contents)[beginning.end() : -len(_END)]
    found = hashlib.sha256(content).hexdigest().encode()
    return beginning.end() if found == beginning.group(1) else None


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def _whole_number(text: str) -> int:
    if len(text) > 40:
        raise ValueError(f"{text[:40]}... is too large")
    return int(text)


DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite, parse_int=_whole_number)
