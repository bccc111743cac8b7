"""What an atlas holds, as it is written: of each sample a letter for its result in each environment; no arrays."""

import json
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from ..documents import DECODER
from ..errors import CompatError
from ..files import appearing, read_bytes
from ..jsons import as_json, from_json
from ..records import Environment, Known

#: The version of the format.  A reader refuses anything else.
FORMAT = 1
FILE = "atlas.json"
FAILED = ("unsupported", "error", "crashed", "timeout")
VERDICTS = ("agrees", "suspicious", "differs", "unjudged")
#: Names of results, the first first; they are letters also where a sample has hundreds.
LETTERS = "".join(c for c in map(chr, [*range(97, 123), *range(65, 91), *range(0xC0, 0x250)]) if c.isalpha())
#: In place of a letter: the dialect is not there, or does not spell it; in place of a digit: no reason is known.
NOTHING = "-"
#: Places of reasons, the first first.
DIGITS = "123456789" + LETTERS
#: An operation is a file's name, and a link.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass
class Result:
    """What became of a sample somewhere: computed where it has a verdict, else the ``status`` says how it failed.

    ``verdict``: against the float64 answer, ``unjudged`` where no rule tells.  ``bits``: the beginning of a SHA-256 of
    dtype, shape and numbers, one NaN like another; None where the same has other bits when it is run again.  ``even``:
    the same where zeros have no sign and denormal numbers are zeros, None where that is what ``bits`` says.
    """

    verdict: Optional[str] = None
    bits: Optional[str] = None
    even: Optional[str] = None
    status: Optional[str] = None
    message: Optional[str] = None

    def check(self) -> None:
        computed = self.verdict in VERDICTS and self.status is None
        failed = self.status in FAILED and (self.verdict, self.bits) == (None, None)
        if not (computed or failed):
            raise ValueError(f"no result is {ascii(self.verdict)} and {ascii(self.status)}")

    @property
    def computed(self) -> bool:
        return self.verdict is not None

    @property
    def random(self) -> bool:
        """Whether it has other bits when it is run again."""
        return self.computed and self.bits is None

    @property
    def evened(self) -> Optional[str]:
        return self.even or self.bits

    @property
    def agrees(self) -> bool:
        return self.verdict == "agrees"

    @property
    def wrong(self) -> bool:
        return self.verdict in ("suspicious", "differs")


@dataclass
class Sample:
    """``digest``: of what was run, as the campaign names it.  ``inputs``: what goes in, in words.

    ``ordinary``: without infinities, NaN and the ends of the range.  ``results``: ``a`` is the first.  ``rows``: by
    dialects, with spaces between, of which the same became: for each environment a letter, or ``-``.  ``known``: by
    some of these for each environment the place of the reason in the operation's, 1 and so on, or ``-``.
    """

    digest: str
    dtype: str
    inputs: List[str]
    parameters: Dict[str, Any]
    ordinary: bool
    results: List[Result]
    rows: Dict[str, str]
    known: Dict[str, str]

    def check(self) -> None:
        letters = {*LETTERS[: len(self.results)], NOTHING}
        if not all(letters.issuperset(row) for row in self.rows.values()):
            raise ValueError("a letter that has no result")
        if any(len(row) != len(self.rows.get(dialects, "")) for dialects, row in self.known.items()):
            raise ValueError("reasons of no row")

    def row(self, dialect: str) -> Tuple[str, str]:
        """Its letters and places of reasons; all ``-`` where it does not spell the sample."""
        nothing = NOTHING * max(map(len, self.rows.values()), default=0)
        key = next((dialects for dialects in self.rows if dialect in dialects.split()), "")
        return self.rows.get(key, nothing), self.known.get(key, nothing)


@dataclass
class Operation:
    """``spelled``: by dialect, parameters by their names.  ``reasons``: of the known differences that speak of it."""

    name: str
    spelled: Dict[str, str]
    reasons: List[Known]
    samples: List[Sample]

    def check(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"no operation is called {ascii(self.name)}")
        digits = {*DIGITS[: len(self.reasons)], NOTHING}
        if not all(digits.issuperset(row) for sample in self.samples for row in sample.known.values()):
            raise ValueError("a known difference without a reason")


@dataclass
class Atlas:
    """``environments``: the oldest first, as the letters stand."""

    environments: List[Environment]
    operations: List[Operation]

    def check(self) -> None:
        count = len(self.environments)
        for operation in self.operations:
            lengths = {len(row) for sample in operation.samples for row in sample.rows.values()}
            if not lengths <= {count}:
                raise ValueError(f"{operation.name}: expected {count} letters in a row")

    def put(self, operation: Operation) -> None:
        """In place of the one of its name."""
        others = [one for one in self.operations if one.name != operation.name]
        self.operations = sorted([*others, operation], key=lambda one: one.name)

    @property
    def versions(self) -> List[str]:
        """As pages name them: ``2.15`` for ``tf2.15``."""
        return [one.name[2:] if one.name.startswith("tf") else one.name for one in self.environments]


def text_of(atlas: Atlas) -> str:
    """The file: an operation a line, so that a change can be read."""
    head = {"format": FORMAT, "environments": as_json(atlas.environments)}
    lines = ",\n".join(_line(one) for one in atlas.operations)
    return f'{_line(head)[:-1]},"operations":[\n{lines}\n]}}\n'


def _line(value: Any) -> str:
    return json.dumps(as_json(value), allow_nan=False, separators=(",", ":"), sort_keys=False)


def write(path: str, atlas: Atlas) -> None:
    with appearing(path, "w") as file:
        file.write(text_of(atlas))


def read(path: str) -> Atlas:
    """Raises CompatError, one line, for what is torn or no atlas."""
    try:
        document = DECODER.decode(read_bytes(path).decode("utf-8"))
    except (ValueError, RecursionError, MemoryError):
        raise CompatError(f"{path}: is truncated or no JSON; choose another --out") from None
    found = document.pop("format", None) if isinstance(document, dict) else None
    if found != FORMAT or type(found) is not int:
        raise CompatError(f"{path}: is no atlas of format {FORMAT}; choose another --out")
    return from_json(Atlas, document, path)
