"""``compat scorecard``: how well the judge catches faults and the explainer names them."""

import argparse
import datetime
import os
import platform
import sys
from typing import Iterator, Optional

from ..errors import CompatError
from ..judge.judging import judge_runs
from ..record.environment import processor
from ..record.versions import version_of
from ..scorecard import score, stored, traps, users
from ..scorecard.measure import Scorecard
from ..scorecard.stored import Stored
from ..scorecard.traps import Traps
from ..scorecard.users import Users
from ..store import STORE, find

_PAGE = """\
# The judge, judged

Made by `compat scorecard --page {path}` on {day}, on {processor}, with Python {python} and NumPy {numpy}.

{counts}

"Beyond rounding" moves an element by more than twice the worst-case allowance. "By measurement" judges the
same faults as if there were no reference; "by the graph" as a port's, by the nodes of a legacy graph. The
harmless variations are other orders of summation, blocks, fused multiply and add, and wider accumulators.
Where the right cause and another one say the very same numbers, either counts; where nobody could name the
cause (a pixel lost, one element off), to name none is right. `compat scorecard --details` lists every cause
that was named wrongly.

{table}

## Faults that users make

{users}

## The suite's traps as ports

{traps}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--details", action="store_true", help="name every miss and every wrong cause")
    parser.add_argument(
        "--runs", default=STORE, metavar="FOLDER", help="real results to count as well (default: %(default)s)"
    )
    parser.add_argument(
        "--cases",
        default="cases",
        metavar="FOLDER",
        help="whose traps are judged as ports (default: %(default)s)",
    )
    parser.add_argument("--page", metavar="FILE", help="write the table as a Markdown page as well")


def main(arguments: argparse.Namespace) -> int:
    if arguments.page:
        writable(arguments.page)
    card = score(progress=_tell)
    of_users = None if users.missing() else users.users(progress=_tell)
    print("\n".join(table(card)))
    print(f"\n{summary(card)}")
    print("\n".join(told_of_users(of_users)))
    missing = traps.missing(arguments.cases)
    of_traps = None if missing else traps.traps(arguments.cases, progress=_tell)
    print("\n".join(told_of_traps(of_traps, missing)))
    for line in _alarms(card, of_users, of_traps):
        print(line)
    if arguments.details:
        for line in _details(card, of_users, of_traps):
            print(line)
    found = stored(judge_runs(find([arguments.runs]))) if os.path.isdir(arguments.runs) else None
    if found:
        print(found)
        for flagged in found.flagged:
            print(f"flagged: {flagged}")
    if arguments.page:
        with open(arguments.page, "w", encoding="utf-8") as file:
            file.write(
                page(card, found, arguments.page, of_users, "\n".join(told_of_traps(of_traps, missing)))
            )
    parts = [part for part in (of_users, of_traps) if part is not None]
    holds = card.holds and not (found and found.flagged) and all(part.holds for part in parts)
    return 0 if holds else 1


def _alarms(card: Scorecard, of_users: Optional[Users], of_traps: Optional[Traps]) -> Iterator[str]:
    """What must not be: false alarms, and faults beyond rounding that were missed without a reference."""
    for alarm in card.alarms:
        yield f"false alarm: {alarm}"
    for alarm in card.measured_alarms:
        yield f"false alarm by measurement: {alarm}"
    for alarm in card.graph_alarms:
        yield f"false alarm by the graph: {alarm}"
    for kind in card.kinds:
        for words in kind.missed:
            yield f"missed by measurement: {words}"
        for words in kind.alarms:
            yield f"false alarm by measurement: {words}"
    if of_users:
        for alarm in of_users.alarms:
            yield f"false alarm: {alarm}"
        for row in of_users.rows:
            for words in row.missed:
                yield f"missed: {words}"
    if of_traps:
        yield from (f"false alarm: {alarm}" for alarm in of_traps.alarms)
        yield from (f"missed: {words}" for words in of_traps.missed)


def _details(card: Scorecard, of_users: Optional[Users], of_traps: Optional[Traps]) -> Iterator[str]:
    for row in card.rows:
        for by, missed, misnamed in (
            ("", row.missed, row.misnamed),
            (" by the graph", row.missed_by_graph, row.misnamed_by_graph),
        ):
            for computation in missed:
                yield f"missed{by}: {row.name}: {computation}"
            for words in misnamed:
                yield f"misnamed{by}: {row.name}: {words}"
    if of_users:
        for kind in of_users.rows:
            for words in kind.misnamed:
                yield f"misnamed: {words}"
        for words in of_users.skipped:
            yield f"not spelled here: {words}"
    if of_traps:
        yield from (f"misnamed: {words}" for words in of_traps.misnamed)
        yield from (f"not judged here: {words}" for words in of_traps.skipped)


def _tell(done: int, total: int) -> None:
    tell("scorecard", done, total)


def tell(what: str, done: int, total: int) -> None:
    """On a terminal a line that is written over, elsewhere a tenth of them."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{what}: {done} of {total}" + ("\n" if done == total else ""))
    elif done % max(10, total // 10) == 0 or done == total:
        sys.stderr.write(f"{what}: {done} of {total}\n")
    sys.stderr.flush()


def table(card: Scorecard) -> Iterator[str]:
    """Lines of Markdown: a row for each kind."""
    columns = "tried | beyond rounding | caught | by measurement | by the graph"
    yield f"| fault | {columns} | right cause first | by the graph |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in card.rows:
        caught, by_graph = row.caught + row.caught_smaller, row.by_graph + row.by_graph_smaller
        first = f"{row.first} of {caught}" if caught else ""
        second = f"{row.by_graph_first} of {by_graph}" if by_graph else ""
        mark = "" if row.nameable else " (none to name)"
        counts = f"{row.tried} | {row.larger} | {caught} | {row.measured} | {by_graph}"
        yield f"| {row.name} | {counts} | {first}{mark} | {second} |"
    if card.kinds:
        yield ""
        yield "| by measurement alone | faults | caught | harmless | flagged |"
        yield "|---|---|---|---|---|"
    for kind in card.kinds:
        caught = kind.faults - len(kind.missed)
        yield f"| {kind.name} | {kind.faults} | {caught} | {kind.harmless} | {len(kind.alarms)} |"


def summary(card: Scorecard) -> str:
    """The totals, in a sentence each."""
    return (
        f"{len(card.rows)} kinds of faults, {card.total('tried'):,} faults on operations: "
        f"{card.total('caught'):,} of {card.total('larger'):,} beyond rounding caught, and "
        f"{card.total('caught_smaller'):,} of {card.total('tried') - card.total('larger'):,} within it; "
        f"the right cause first for {card.named_first:.1%}; "
        f"{len(card.alarms)} false alarms in {card.variations:,} harmless variations. "
        f"By measurement, without the references: {card.total('measured'):,} of {card.total('larger'):,} "
        f"beyond rounding caught, {len(card.measured_alarms)} false alarms. "
        f"By the graph, as a port's: {card.total('by_graph'):,} of {card.total('larger'):,} beyond rounding caught, "
        f"{len(card.graph_alarms)} false alarms; the right cause first for {card.named_first_by_graph:.1%}."
    )


def told_of_users(found: Optional[Users]) -> Iterator[str]:
    """Lines of Markdown: the totals of the faults that users make, and a row for each kind."""
    if found is None:
        yield f"The faults that users make when they port are judged in a TensorFlow: {users.missing()}."
        return
    skipped = f"; {len(found.skipped)} cannot be spelled here" if found.skipped else ""
    yield (
        f"{len(found.rows)} kinds, {found.total('tried'):,} faults in ports of functions, each judged by the legacy "
        f"function's graph alone, in TensorFlow {found.tensorflow}: {found.total('caught_beyond'):,} of "
        f"{found.total('beyond'):,} beyond rounding caught; the right cause first for {found.named_first:.1%}; "
        f"{len(found.alarms)} false alarms in {found.harmless:,} right ports and re-spellings{skipped}. "
        f"Beyond rounding is an element off by more than {users.BEYOND:,} roundings of the largest."
    )
    yield ""
    yield "| fault of a port | tried | beyond rounding | caught | right cause first |"
    yield "|---|---|---|---|---|"
    for row in found.rows:
        first = f"{row.first} of {row.caught}" if row.caught else ""
        yield f"| {row.name} | {row.tried} | {row.beyond} | {row.caught} | {first} |"


def told_of_traps(found: Optional[Traps], missing: Optional[str] = None) -> Iterator[str]:
    """Lines of Markdown: the totals of the suite's traps, judged as ports; or why they are not."""
    if found is None:
        yield f"The traps of the suite are judged as ports in a TensorFlow, beside its cases: {missing}."
        return
    skipped = f"; {len(found.skipped)} dialects cannot be judged here" if found.skipped else ""
    yield (
        f"{len(found.samples)} samples that dialects compute otherwise on purpose, {len(found.traps):,} ports of them, "
        f"the reference taken away and each judged by the legacy graph alone, in TensorFlow {found.tensorflow}: "
        f"{found.caught:,} of {len(found.traps):,} caught; the right cause first for {found.named_first:.1%}; "
        f"{len(found.alarms)} false alarms in {len(found.harmless):,} right dialects of the same samples{skipped}."
    )


def page(
    card: Scorecard,
    found: Optional[Stored],
    path: str,
    of_users: Optional[Users] = None,
    of_traps: str = "",
) -> str:
    """The scorecard as Markdown; ``found``: what the stored runs add to it, or None; ``of_users``: None without a
    TensorFlow; ``of_traps``: the lines of the suite's traps."""
    return _PAGE.format(
        path=path.replace(os.sep, "/"),
        day=datetime.date.today(),
        processor=processor().model,
        python=platform.python_version(),
        numpy=version_of("numpy"),
        counts="\n\n".join(filter(None, (summary(card), found and str(found)))),
        table="\n".join(table(card)),
        users="\n".join(told_of_users(of_users)),
        traps=of_traps,
    )


def writable(path: str) -> None:
    """Raises CompatError before minutes are spent on a page that cannot be written."""
    folder = os.path.dirname(path) or "."
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise CompatError(f"--page {path}: cannot be written ({error.strerror})") from None
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        raise CompatError(f"--page {path}: expected a file that can be written")
