"""One thing that differs between two runs, and whether it can change the numbers."""

import collections
from typing import Iterable, NamedTuple

#: From what changes the numbers to what does not.
MATTERS, MAY_MATTER, ROUNDING, NOT = range(4)
WORDS = ("matters", "may matter", "rounding may differ", "does not matter")
#: The same, of one and of several that are counted.
_COUNTED = (
    ("matters", "matter"),
    ("may matter", "may matter"),
    ("may differ by rounding", "may differ by rounding"),
    ("does not matter", "do not matter"),
)


class Line(NamedTuple):
    """``what``: the thing and how it is on either side.  ``weighs``: one of the ranks above.  ``why``: why it can;
    ``then``: what to do.  Both may be empty.
    """

    weighs: int
    what: str
    why: str = ""
    then: str = ""

    def __str__(self) -> str:
        word, aside = WORDS[self.weighs], self.then
        if self.weighs == ROUNDING:
            word = f"{self.why}, {word}" if self.why else word
        else:
            aside = ": ".join(filter(None, [self.why, self.then]))
        return f"{self.what}: {word}" + (f" ({aside})" if aside else "")


def counted(lines: Iterable[Line]) -> str:
    """``1 matters, 3 may differ by rounding``; or nothing."""
    counts = collections.Counter(line.weighs for line in lines)
    told = ((counts[rank], words) for rank, words in enumerate(_COUNTED))
    return ", ".join(f"{n} {words[n > 1]}" for n, words in told if n)
