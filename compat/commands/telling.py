"""What the commands print of verdicts, and the options that several of them have."""

import collections
import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Counter, Iterable, List, Optional, Sequence, Tuple

from ..record.dialects import in_order
from ..records import SEVERITY, Verdict, needs_a_person
from ..texts import printable

if TYPE_CHECKING:
    from ..judge.judging import Judged

_SHOWN = 20


def add_cases(parser: Any) -> None:
    parser.add_argument(
        "--cases",
        action="append",
        metavar="PATH",
        help="case files or folders to take references from (default: cases)",
    )


def add_all(parser: Any) -> None:
    parser.add_argument("--all", action="store_true", help=f"tell every finding, not the first {_SHOWN}")


class Progress:
    """A line every few seconds, written over on a terminal: a short command says nothing."""

    def __init__(
        self,
        what: str,
        every: float = 3.0,
        write: Optional[Callable[[str], Any]] = None,
        unit: str = "samples",
    ) -> None:
        self._what, self._every, self._unit = what, every, unit
        self._write = write or sys.stderr.write  # that of now: it may be another than when this was imported
        self._last = time.monotonic()
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        terminal = sys.stderr.isatty()
        if done == total:
            if self._shown and terminal:
                self._write("\r\033[K")
            return
        if time.monotonic() - self._last >= (0.3 if self._shown and terminal else self._every):
            self._last, self._shown = time.monotonic(), True
            text = f"{self._what}: {done:,} of {total:,} {self._unit}"
            self._write(f"\r{text}" if terminal else f"{text}\n")
            sys.stderr.flush()


class Ticking:
    """What goes on, and for how many seconds, also while nothing reports: a thread of its own tells it.

    On a terminal one line that is written over, from the first second; elsewhere a line where something new has been
    going on for ``every`` seconds, and one a minute after that.  To be left before anything else is printed for long.
    """

    def __init__(self, what: str, every: float = 3.0, write: Optional[Callable[[str], Any]] = None) -> None:
        self._what, self._every = what, every
        self._write = write or sys.stderr.write
        self._terminal = sys.stderr.isatty()
        self._text, self._since = "", time.monotonic()
        self._said, self._told = "", time.monotonic()
        self._over, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Ticking":
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._over.set()
        self._thread.join()
        self.clear()

    def phase(self, text: str) -> None:
        """From now on that goes on."""
        with self._lock:
            self._text, self._since = text, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """So many of so many tensors."""
        self._text = f"{done:,} of {total:,} tensors"  # no lock: it is called for each of them

    def clear(self) -> None:
        """Take the line off a terminal: another comes in its place."""
        with self._lock:
            if self._terminal and self._said:
                self._put("\r\033[K")
            self._said = ""

    def _tick(self) -> None:
        while not self._over.wait(0.3 if self._terminal else min(self._every, 1.0)):
            with self._lock:
                self._tell(time.monotonic())

    def _tell(self, now: float) -> None:
        text = f"{self._what}: {self._text}"
        if self._terminal:
            self._put(f"\r{text} ({now - self._since:.0f} s)\033[K")
            self._said = text
        elif now - self._told >= (self._every if text != self._said else 60.0):
            self._put(f"{text} ({now - self._since:.0f} s)\n")
            self._said, self._told = text, now

    def _put(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            self._write(text)
            sys.stderr.flush()


def counts(verdicts: Iterable[Verdict]) -> str:
    """``134 identical, 173 agrees, 228 unsupported, 41 known``."""
    found: Counter[str] = collections.Counter(verdict.shown for verdict in verdicts)
    return ", ".join(f"{found[word]} {word}" for word in (*SEVERITY, "known") if found[word])


Finding = Tuple[str, str, Verdict]


def findings(rows: Iterable[Finding]) -> List[Finding]:
    """What somebody has to look at, worst first, otherwise in their order."""
    needed = [row for row in rows if needs_a_person(row[2])]
    return sorted(needed, key=lambda row: -SEVERITY[row[2].word])


def tell_findings(found: Sequence[Finding], everything: bool, indent: str = "  ") -> None:
    shown = found if everything else found[:_SHOWN]
    for sample, dialect, verdict in shown:
        print(printable(f"{indent}{sample} {dialect} {verdict.word}: {verdict.message}"))
    if len(found) > len(shown):
        print(f"{indent}... and {len(found) - len(shown)} more (--all tells them)")


def tell_run(judged: "Judged", rows: Sequence[Finding], everything: bool) -> int:
    """Verdicts by dialect, then what needs a person; returns the exit status."""
    print()
    for dialect in in_order({row[1] for row in rows}):
        verdicts = [verdict for _, name, verdict in rows if name == dialect]
        records = [judged.record(sample, dialect) for sample, name, _ in rows if name == dialect]
        seconds = sum(record.seconds for record in records if record)
        print(printable(f"  {dialect:13}{counts(verdicts)}  ({seconds:.1f} s)"))
    found = findings(rows)
    tell_findings(found, everything)
    return _conclude(judged.name, rows, found)


def tell_runs(judged: Sequence["Judged"], everything: bool) -> int:
    """A line for every run, with what needs a person below it; returns the exit status."""
    for one in judged:
        rows = list(one.rows())
        found = findings(rows)
        print(f"{one.name}: {counts(verdict for _, _, verdict in rows) or 'nothing recorded'}")
        tell_findings(found, everything)
    looked = sum(len(findings(one.rows())) for one in judged)
    empty = [one.name for one in judged if _is_empty(list(one.rows()))]
    if looked:
        print(f"{looked} to look at")
    elif empty:
        print(
            f"nothing could be judged in {', '.join(empty)}: every sample is unsupported there, or none is recorded"
        )
    else:
        print("all agree or are known")
    return 1 if looked else 0


def _is_empty(rows: Sequence[Finding]) -> bool:
    """Whether nothing was judged: that is no agreement."""
    return all(verdict.word == "unsupported" for _, _, verdict in rows)


def _conclude(name: str, rows: Sequence[Finding], found: Sequence[Finding]) -> int:
    name = printable(name)
    if found:
        print(f"{name}: {len(found)} to look at")
    elif _is_empty(rows):
        print(f"{name}: nothing could be judged: every sample is unsupported here")
    else:
        print(f"{name}: all agree or are known")
    sys.stdout.flush()
    return 1 if found else 0
