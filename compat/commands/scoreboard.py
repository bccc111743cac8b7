"""``compat scoreboard``: the judge beside the rules that other projects use, on the same faults."""

import argparse
import datetime
import os
import platform
from typing import Iterator, List, Optional

from ..record.environment import processor
from ..record.versions import version_of
from ..scorecard import onnx_suite
from ..scorecard.scoreboard import Line, Scoreboard, of_onnx, scoreboard, told_size
from .scorecard import tell, writable

_PAGE = """\
# The scoreboard

Made by `compat scoreboard --page {path}` on {day}, on {processor}, with Python {python} and NumPy {numpy}.

The same results, judged by the rules that people use and by compat. A rule is what its project's source says
(the links); what raises there is a refusal here. All are given the float32 result that was computed before and the
one under test; compat has a reference, or the legacy graph, or only what it measured, and no tolerance.

A **fault** is a mistake of porting, the same at other magnitudes of the inputs (times 255, times a thousandth), and
the same error made smaller, by tenths down to a millionth; those within what rounding can do are left out, for nobody
can tell them. A **harmless** result is the same computation in another order of summation, in blocks, with fused
multiply and add, or in float64. Sizes are the largest error over the largest right value.

What counts as beyond rounding is twice the worst-case bound of the answer, which is compat's own: that compat, by a
reference, catches all of them is so by construction. The other rows, and every false alarm, are not.

{made}

## Where compat loses

{losses}

## Cases that compat did not make

{onnx}
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--details", action="store_true", help="name what each rule gets wrong, the first of it"
    )
    parser.add_argument("--page", metavar="FILE", help="write the tables as a Markdown page as well")


def main(arguments: argparse.Namespace) -> int:
    if arguments.page:
        writable(arguments.page)
    board = scoreboard(progress=lambda done, total: tell("scoreboard", done, total))
    print("\n".join(table(board)))
    missing = onnx_suite.missing()
    suite = None if missing else of_onnx(progress=lambda done, total: tell("ONNX", done, total))
    onnx = told_of_onnx(suite, missing)
    print("\n" + "\n".join(onnx))
    for one in filter(None, (board, suite)):
        for line in one.lines if arguments.details else _of_compat(one):
            for words in line.wrong:
                print(f"{line.name}: {words}")
    if arguments.page:
        with open(arguments.page, "w", encoding="utf-8") as file:
            file.write(page(board, onnx, suite, arguments.page))
    return 0 if board.holds and (suite is None or suite.holds) else 1


def table(board: Scoreboard) -> Iterator[str]:
    """Lines of Markdown: a row for each judge."""
    shown = [number for number, count in enumerate(board.faults) if count]
    faults, harmless = sum(board.faults), board.harmless
    sizes = " | ".join(f"{told_size(number)} ({board.faults[number]:,})" for number in shown)
    yield f"| judge | limit | caught of {faults:,} | {sizes} | false alarms of {harmless:,} |"
    yield "|---|---|---:|" + "---:|" * (len(shown) + 1)
    for line in board.lines:
        parts = " | ".join(_share(line.caught[number], board.faults[number]) for number in shown)
        name = f"[{line.name}]({line.address})" if line.address else f"**{line.name}**"
        yield f"| {name} | {line.limit} | {_share(line.all_caught, faults)} | {parts} | {line.alarms} |"


def _share(some: int, of: int) -> str:
    """In full percents only where it is all or nothing."""
    if some in (0, of):
        return f"{100 * some // max(1, of)} %"
    return f"{min(max(100 * some / of, 0.1), 99.9):.1f} %"


def told_of_onnx(suite: Optional[Scoreboard], missing: Optional[str]) -> List[str]:
    if suite is None:
        return [f"The node tests of ONNX are judged where `onnx` and `onnxruntime` are installed: {missing}."]
    return [
        "The node tests of ONNX whose first input is of floats, computed by ONNX's reference implementation (the "
        "legacy side) and by ONNX Runtime (the port); compat knows neither, and judges by measurement alone. The "
        "faults are of inputs: in reverse, moved, doubled, off by a hundredth or a thousandth, cut, through float16.",
        "",
        *table(suite),
    ]


def _of_compat(board: Scoreboard) -> List[Line]:
    return [line for line in board.lines if not line.address]


def losses(*boards: Optional[Scoreboard]) -> Iterator[str]:
    """What compat misses and flags, in a list of Markdown."""
    for board in filter(None, boards):
        for line in _of_compat(board):
            missed = sum(board.faults) - line.all_caught
            yield f"**{line.name}**: {missed:,} of {sum(board.faults):,} missed, {line.alarms} false alarms."
            yield ""
            if line.wrong:
                yield from (f"- {words}" for words in line.wrong)
                yield ""


def page(board: Scoreboard, onnx: List[str], suite: Optional[Scoreboard], path: str) -> str:
    """The scoreboard as Markdown."""
    return _PAGE.format(
        path=path.replace(os.sep, "/"),
        day=datetime.date.today(),
        processor=processor().model,
        python=platform.python_version(),
        numpy=version_of("numpy"),
        made="\n".join(table(board)),
        losses="\n".join(losses(board, suite)),
        onnx="\n".join(onnx),
    )
