"""The command ``compat``. Exit status: 0 all agree or are known, 1 something differs, 2 wrong input."""

import argparse
import os
import sys

from . import cases as case_files
from . import command_explain, command_run, command_scorecard, command_since, diff, golden
from .dialects import DIALECTS
from .environment import metadata
from .errors import CompatError
from .store import Run


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    elsewhere = _commands_elsewhere()
    name = argv[0] if argv else ""
    try:
        if name in elsewhere:
            return _run_elsewhere(elsewhere[name], argv[1:]) or 0
        parser, commands = _parser(elsewhere)
        arguments = parser.parse_args(argv)
        return commands[name](arguments) or 0
    except CompatError as error:
        print(f"compat {name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"compat {name}: stopped; what was computed is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Parser(argparse.ArgumentParser):
    """Tells wrong usage in one line, like all wrong input."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser(elsewhere):
    parser = _Parser(
        prog="compat",
        description="One computation in every dialect of TensorFlow: is a difference rounding or a bug?",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands = {}

    def command(name, run, text):
        commands[name] = run
        return subparsers.add_parser(name, help=text, description=text)

    listing = command("list", _list, "operations, samples, and the dialects available here")
    listing.add_argument("paths", nargs="*", metavar="PATH", help="case files or folders (default: cases)")
    command_run.add_arguments(
        command("run", command_run.main, "compute, record and judge samples in this environment")
    )
    difference = command("diff", _diff, "what changed between two runs: identical, drift, regression")
    difference.add_argument("run_a", metavar="RUN_A")
    difference.add_argument("run_b", metavar="RUN_B")
    command_explain.add_arguments(
        command("explain", command_explain.main, "why a result differs, and the edit that mends it")
    )
    command_scorecard.add_arguments(
        command(
            "scorecard", command_scorecard.main, "faults injected: how many are caught, and named rightly"
        )
    )
    command_since.add_arguments(
        command("since", command_since.main, "the versions at which a result changed, of those that were run")
    )
    command_since.add_bisect_arguments(
        command("bisect", command_since.bisect, "the same, running the versions between as it needs them")
    )
    accepting = command("accept", _accept, "make a run the golden, and say what changed")
    accepting.add_argument("run", metavar="RUN")
    accepting.add_argument(
        "--golden", default=os.path.join("cases", "golden"), metavar="FOLDER", help="default: %(default)s"
    )
    for name in sorted(elsewhere):
        command(
            name, None, "write the pages of runs" if name == "report" else f"from {elsewhere[name].value}"
        )
    return parser, commands


def _commands_elsewhere():
    """Commands of packages that compat does not import, by their entry points."""
    found = metadata.entry_points()
    group = "compat.commands"
    entries = found.select(group=group) if hasattr(found, "select") else found.get(group, ())
    return {entry.name: entry for entry in entries}


def _run_elsewhere(entry, argv):
    try:
        main_of_entry = entry.load()
    except ImportError as error:
        raise CompatError(f"needs more than compat itself ({error}): pip install 'compat[report]'") from None
    return main_of_entry(argv)


def _list(arguments):
    reasons = {name: dialect.missing() for name, dialect in DIALECTS.items()}
    for name, reason in reasons.items():
        print(f"{name:13}{reason or 'available'}")
    for case in case_files.find(arguments.paths or ["cases"]):
        for operation in case.operations:
            spelled = ", ".join(name for name in DIALECTS if name in operation.implementations)
            print(f"\n{operation.name}  ({case.path}; {spelled})")
            for sample in operation.samples.values():
                print(f"  {sample.id}{'  slow' if sample.slow else ''}")


def _diff(arguments):
    return diff.main(Run.open(arguments.run_a), Run.open(arguments.run_b))


def _accept(arguments):
    changes = golden.accept(Run.open(arguments.run), arguments.golden)
    for what in ("added", "removed", "changed"):
        for sample_id in changes[what]:
            print(f"{what}  {sample_id}")
    print(", ".join(f"{len(changes[what])} {what}" for what in changes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
