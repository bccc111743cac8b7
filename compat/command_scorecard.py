"""``compat scorecard``: how well the judge catches faults and the explainer names them."""

import os
import sys

from .scorecard import score, stored
from .store import STORE, find


def add_arguments(parser):
    parser.add_argument("--details", action="store_true", help="name every miss and every wrong cause")
    parser.add_argument(
        "--runs", default=STORE, metavar="FOLDER", help="real results to count as well (default: %(default)s)"
    )


def main(arguments):
    card = score(progress=_tell)
    print("\n".join(table(card)))
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
    found = stored(find([arguments.runs])) if os.path.isdir(arguments.runs) else None
    if found:
        print(found)
        for flagged in found.flagged:
            print(f"flagged: {flagged}")
    return 0 if card.holds and not (found and found.flagged) else 1


def _tell(done, total):
    """On a terminal a line that is written over, elsewhere one in ten."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\rscorecard: {done} of {total} kinds of faults" + ("\n" if done == total else ""))
    elif done % 10 == 0 or done == total:
        sys.stderr.write(f"scorecard: {done} of {total} kinds of faults\n")
    sys.stderr.flush()


def table(card):
    """Lines of Markdown: a row for each kind, then the totals."""
    yield "| fault | tried | beyond rounding | caught | by measurement | right cause first |"
    yield "|---|---|---|---|---|---|"
    for row in card.rows:
        caught = row.caught + row.caught_smaller
        first = f"{row.first} of {caught}" if caught else ""
        mark = "" if row.nameable else " (none to name)"
        yield f"| {row.name} | {row.tried} | {row.larger} | {caught} | {row.measured} | {first}{mark} |"
    yield ""
    yield (
        f"{len(card.rows)} kinds of faults, {card.total('tried'):,} faults on operations: "
        f"{card.total('caught'):,} of {card.total('larger'):,} beyond rounding caught, and "
        f"{card.total('caught_smaller'):,} of {card.total('tried') - card.total('larger'):,} within it; "
        f"the right cause first for {card.named_first:.1%}; "
        f"{len(card.alarms)} false alarms in {card.variations:,} harmless variations. "
        f"By measurement, without the references: {card.total('measured'):,} of {card.total('larger'):,} "
        f"beyond rounding caught, {len(card.measured_alarms)} false alarms."
    )
    if card.kinds:
        yield ""
        yield "| by measurement alone | faults | caught | harmless | flagged |"
        yield "|---|---|---|---|---|"
    for kind in card.kinds:
        caught = kind.faults - len(kind.missed)
        yield f"| {kind.name} | {kind.faults} | {caught} | {kind.harmless} | {len(kind.alarms)} |"
