"""The command ``compat``.

Exit status: 0 all agree or are known, 1 something differs or could not be judged, 2 wrong input.
"""

import argparse
import contextlib
import importlib
import os
import signal
import sys
import warnings
from typing import Any, Iterator, Optional, Sequence

from .commands import elsewhere
from .errors import CompatError
from .texts import Printable, in_a_line

#: Each command is a module of its own, imported when it is asked for.
COMMANDS = {
    "new": "a commented file with both sides of a port, which runs as it is",
    "list": "operations, samples, and the dialects available here",
    "run": "compute, record and judge samples in this environment",
    "judge": "the verdicts of what is recorded, anew, without a framework",
    "trace": "run a checkpoint, a graph, a model or code of yours, recording every tensor",
    "carry": "the legacy side's weights into a port of yours, by where the graphs use them",
    "verify": "a port of yours judged by the legacy graph: the first wrong layer, its cause and edit",
    "setup-diff": "before any number: what two runs were made with, and whether it can matter",
    "mend": "the edit of a port that the cause asks for, tried on fresh inputs",
    "diff": "what changed between two runs: identical, drift, regression",
    "explain": "why a result differs, and the edit that mends it",
    "since": "the versions at which a result changed, of those that were run",
    "bisect": "the same, running the versions between as it needs them",
    "fuzz": "operations and small graphs drawn at random, in every version: what is not rounding",
    "atlas": "a page for every operation: since when which bits, since when which numbers",
    "scorecard": "faults injected: how many are caught, and named rightly",
    "scoreboard": "the same faults by the rules of other projects, side by side with compat's verdicts",
    "fsck": "whether stores are sound: every run and every array read and checked",
    "accept": "make a run the golden, and say what changed",
}
#: Commands of packages that compat does not import, with what they are for.
_ELSEWHERE = {"report": "write the pages of runs"}


def main(argv: Optional[Sequence[str]] = None) -> int:
    argv = sys.argv[1:] if argv is None else list(argv)
    name = argv[0] if argv else ""
    for stream in (sys.stdout, sys.stderr):  # a name may hold bytes that are no text
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    stopping = _Stopping()
    try:
        with _printable_output(name):
            return _main(name, argv)
    except ImportError:
        if not stopping.asked:  # NumPy takes Ctrl-C while it is imported for an installation that is broken
            raise
        return _stopped(name, "stopped; what was computed is kept", 130)
    except CompatError as error:
        return _stopped(name, str(error))
    except KeyboardInterrupt:
        return _stopped(name, "stopped; what was computed is kept", 130)
    except BrokenPipeError:  # the reader of a pipe went away
        _forget_output()
        return _stopped(name, "whoever read the output went away: stopped; what was computed is kept")
    except OSError as error:  # of the output, or of a place that nobody thought of
        _forget_output()
        where = f"{error.filename}: " if error.filename else ""
        return _stopped(name, f"{where}{error.strerror or error}")


class _Stopping:
    """Notes whether Ctrl-C was pressed, also where somebody makes another exception of it."""

    def __init__(self) -> None:
        self.asked = False
        with contextlib.suppress(ValueError):  # not in the main thread
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                signal.signal(signal.SIGINT, self._ask)

    def _ask(self, number: int, frame: Any) -> None:
        self.asked = True
        warnings.simplefilter("ignore")  # of files that are left open where it was stopped
        raise KeyboardInterrupt


def _stopped(name: str, text: str, status: int = 2) -> int:
    print(in_a_line(f"compat {name}: {text}"), file=sys.stderr)
    return status


def _forget_output() -> None:
    """What is still to be written has no reader: Python must not complain of it at its end."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _printable_output(name: str) -> Iterator[None]:
    """What a store says must not drive the terminal.  ``run`` sees to its own lines: pytest's have colours."""
    before = sys.stdout
    if name != "run":
        sys.stdout = Printable(before)  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.stdout = before


def _main(name: str, argv: Sequence[str]) -> int:
    others = elsewhere.commands() if name not in COMMANDS else {}
    if name in others:
        return elsewhere.run(others[name], argv[1:])
    if name == "report":
        raise CompatError("the pages are not installed: pip install 'compat[report]'")
    parser = _Parser(
        prog="compat",
        description="One computation in every dialect of TensorFlow: is a difference rounding or a bug?",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    module: Any = None
    for command, text in {
        **COMMANDS,
        **{n: _ELSEWHERE.get(n, f"from {e.value}") for n, e in others.items()},
    }.items():
        of_command = subparsers.add_parser(command, help=text, description=text)
        if command == name:
            module = importlib.import_module("compat.commands." + command.replace("-", "_"))
            module.add_arguments(of_command)
    arguments = parser.parse_args(argv)
    status = module.main(arguments) or 0
    sys.stdout.flush()
    return int(status)


class _Parser(argparse.ArgumentParser):
    """Tells wrong usage in one line, like all wrong input."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


if __name__ == "__main__":
    sys.exit(main())
