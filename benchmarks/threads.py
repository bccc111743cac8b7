"""The referee of public threads: people whose numbers changed, each judged, and held against what was fixed beforehand.

    python -m benchmarks.threads [PART OF A NAME ...] [--page docs/threads.md]

The threads are the cases of ``cases/threads``; what is expected of each is in ``threads.toml`` there.  Prints the
counts and every thread that fails, with why.  Ends with 1 where fewer verdicts or causes are right than promised, or a
harmless one is flagged.  Needs a TensorFlow of 2.16 or newer with Keras 2 and 3: ``.tox/tf2.21/bin/python``.
"""

import argparse
import os
import sys

CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(CHECKOUT, "cases", "threads")
#: Numbers of a side that are shown.
SHOWN = 6

HEAD = """\
# People whose numbers changed

Questions that people asked in public, each made a small case of our own (`cases/threads`), with the right numbers fixed
before anything was run: by hand, in float64, or by the documentation. compat gets what the asker had, two computations
and no reference, and says whether the difference is rounding, and why there is one. Where an answer is wrong, that is
said as well. Made by `python -m benchmarks.threads --page {path}` in TensorFlow {tensorflow}.

**{counts}.**
"""


def number(value):
    """Short, and with the digits in which float32 numbers differ."""
    return f"{value:.9g}"


def numbers(values):
    shown = ", ".join(map(number, values[:SHOWN]))
    return shown + (f", ... ({len(values)})" if len(values) > SHOWN else "")


def side(answer, which):
    dialect = getattr(answer.thread, which)
    mark = " (right)" if answer.thread.right_side in (which, "both") else ""
    return f"| {dialect}{mark} | {numbers(answer.numbers[which])} |"


def section(answer):
    """The lines of a thread."""
    thread = answer.thread
    yield from ("", f"### {thread.title}", "")
    yield "Asked: " + ", ".join(f"[{name(address)}]({address})" for address in thread.addresses) + "."
    yield ""
    if answer.verdict is None:
        yield f"It could not be judged: {answer.trouble}."
        return
    kind = "Rounding" if thread.harmless else "No rounding"
    yield f"**{kind}: {thread.cause.partition('rounding: ')[2] or thread.cause}.** Edit: {thread.edit}."
    yield from ("", "| | |", "|---|---|", side(answer, "legacy"), side(answer, "port"))
    yield f"| float64 | {numbers(answer.numbers['right'])} |"
    yield from ("", f"Right is {thread.source}.", "")
    said = f"compat, which has both sides of `{thread.sample}` and no reference: {answer.verdict.word}"
    yield f"{said}, and first: {answer.first}." if answer.first else f"{said}."
    if answer.why:
        yield from ("", f"*Not as it was expected*: {answer.why}.")


def name(address):
    """``keras-team/keras#123`` of a GitHub address, else the address without its scheme."""
    parts = address.split("/")
    return f"{parts[3]}/{parts[4]}#{parts[6]}" if parts[2] == "github.com" else "/".join(parts[2:])


def page(found, counts, failures, path):
    lines = [HEAD.format(path=path, tensorflow=found.tensorflow, counts=counts)]
    if failures:
        lines += ["Not as was expected:", "", *[f"- {line}" for line in failures], ""]
    for title, answers in (
        ("Numbers that differ", found.differing),
        ("Rounding, and nothing else", found.harmless),
    ):
        lines += [f"## {title}"]
        for answer in answers:
            lines += section(answer)
        lines += [""]
    lines += ["## Left out", "", "What cannot be checked on a CPU, or not by a few numbers:", ""]
    lines += [f"- [{name(one.address)}]({one.address}): {one.reason}" for one in found.left_out]
    return "\n".join(lines) + "\n"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="those whose names hold it (default: all)")
    parser.add_argument("--page", metavar="FILE", help="write the answers as a Markdown page as well")
    options = parser.parse_args(arguments)
    from compat.scorecard import threads

    missing = threads.missing(FOLDER)
    if missing:
        print(missing, file=sys.stderr)
        return 2
    wanted = lambda thread: not options.parts or any(part in thread.sample for part in options.parts)
    found = threads.referee(FOLDER, wanted)
    counts, failures = threads.told(found)
    print("\n".join([*failures, counts]))
    if options.page:
        with open(options.page, "w", encoding="utf-8") as file:
            file.write(page(found, counts, failures, options.page))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
