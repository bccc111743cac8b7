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
from ..scorecard import score, stored
from ..scorecard.measure import Scorecard
from ..scorecard.stored import Stored
from ..store import STORE, find

_PAGE = """\
# The judge, judged

Made by `compat scorecard --page {path}` on {day}, on {processor}, with Python {python} and NumPy {numpy}.

{counts}

"Beyond rounding" moves an element by more than twice the worst-case allowance. "By measurement" judges the
same faults as if there were no reference. The harmless variations are other orders of summation, blocks,
fused multiply and add, and wider accumulators. Where the right cause and another one say the very same
numbers, either counts; where nobody could name the cause (a pixel lost, one element off), to name none is
right. `compat scorecard --details` lists every cause that was named wrongly.

{table}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--details", action="store_true", help="name every miss and every wrong cause")
    parser.add_argument(
        "--runs", default=STORE, metavar="FOLDER", help="real results to count as well (default: %(default)s)"
    )
    parser.add_argument("--page", metavar="FILE", help="write the table as a Markdown page as well")


def main(arguments: argparse.Namespace) -> int:
    if arguments.page:
        _writable(arguments.page)
    card = score(progress=_tell)
    print("\n".join(table(card)))
    print(f"\n{summary(card)}")
    if arguments.details:
        for row in card.rows:
            for computation in row.missed:
                print(f"missed: {row.name}: {computation}")
            for words in row.misnamed:
                print(f"misnamed: {row.name}: {words}")
    for alarm in card.alarms:
        print(f"false alarm: {alarm}")
    for alarm in card.measured_alarms:
        print(f"false alarm by measurement: {alarm}")
    for kind in card.kinds:
        for words in kind.missed:
            print(f"missed by measurement: {words}")
        for words in kind.alarms:
            print(f"false alarm by measurement: {words}")
    found = stored(judge_runs(find([arguments.runs]))) if os.path.isdir(arguments.runs) else None
    if found:
        print(found)
        for flagged in found.flagged:
            print(f"flagged: {flagged}")
    if arguments.page:
        with open(arguments.page, "w", encoding="utf-8") as file:
            file.write(page(card, found, arguments.page))
    return 0 if card.holds and not (found and found.flagged) else 1


def _tell(done, total):
    """On a terminal a line that is written over, elsewhere one in ten."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\rscorecard: {done} of {total} kinds of faults" + ("\n" if done == total else ""))
    elif done % 10 == 0 or done == total:
        sys.stderr.write(f"scorecard: {done} of {total} kinds of faults\n")
    sys.stderr.flush()


def table(card: Scorecard) -> Iterator[str]:
    """Lines of Markdown: a row for each kind."""
    yield "| fault | tried | beyond rounding | caught | by measurement | right cause first |"
    yield "|---|---|---|---|---|---|"
    for row in card.rows:
        caught = row.caught + row.caught_smaller
        first = f"{row.first} of {caught}" if caught else ""
        mark = "" if row.nameable else " (none to name)"
        yield f"| {row.name} | {row.tried} | {row.larger} | {caught} | {row.measured} | {first}{mark} |"
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
        f"beyond rounding caught, {len(card.measured_alarms)} false alarms."
    )


def page(card: Scorecard, found: Optional[Stored], path: str) -> str:
    """The scorecard as Markdown; ``found``: what the stored runs add to it, or None."""
    return _PAGE.format(
        path=path.replace(os.sep, "/"),
        day=datetime.date.today(),
        processor=processor().model,
        python=platform.python_version(),
        numpy=version_of("numpy"),
        counts="\n\n".join(filter(None, (summary(card), found and str(found)))),
        table="\n".join(table(card)),
    )


def _writable(path):
    """Raises CompatError before minutes are spent on a page that cannot be written."""
    folder = os.path.dirname(path) or "."
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise CompatError(f"--page {path}: cannot be written ({error.strerror})") from None
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        raise CompatError(f"--page {path}: expected a file that can be written")
