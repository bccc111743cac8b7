"""``compat trace``: run a checkpoint, a graph, a model or code, and record every tensor."""

from typing import Any, List

from ..sources import recording
from ..sources.inputs import read_npz
from ..sources.kinds import source
from ..sources.program import Wish
from ..sources.reading import program_of
from ..sources.tracing import summary
from ..texts import printable
from .telling import Ticking


def add_arguments(parser: Any) -> None:
    add = parser.add_argument
    add(
        "source",
        metavar="SOURCE",
        help="a Saver checkpoint (its prefix or folder), a frozen .pb, a SavedModel, a Keras .h5 or .keras, or "
        "FILE.py:FUNCTION",
    )
    add(
        "--inputs",
        metavar="X.npz",
        help="what is fed, by the names of the placeholders (default: made, seeded)",
    )
    add("--out", required=True, metavar="RUN", help="the folder of the run, e.g. out/runs/legacy")
    add("--outputs", metavar="T,...", help="the tensors wanted (default: those that nothing uses)")
    add("--path", action="append", default=[], metavar="DIR", help="a folder for sys.path; may be repeated")
    add("--trust", action="store_true", help="run what a file holds: Lambda layers, Python ops, links")
    add("--training", action="store_true", help="record a step of training as well: loss, gradients, updates")
    add("--train-op", metavar="OP", default="", help="with --training: the op, where there are several")
    add("--env", metavar="NAME", help="in this environment of tox, made on demand: tf1.15, tf2.21")
    add(
        "--with-requirements",
        metavar="FILE",
        help="with --env: packages of your own, installed there as well",
    )


def main(arguments: Any) -> int:
    recording.check_out(arguments.out)
    found = source(arguments.source, arguments.trust)
    arrays = read_npz(arguments.inputs) if arguments.inputs else None
    if arguments.env or arguments.with_requirements:
        from ..sources.environments import trace_there

        return trace_there(arguments)
    wish = Wish(
        arrays,
        arguments.inputs or "x.npz",
        _names(arguments.outputs),
        arguments.path,
        arguments.trust,
        arguments.training or bool(arguments.train_op),
        arguments.train_op,
    )
    with Ticking("trace") as ticking:

        def tell(text: str) -> None:
            ticking.clear()
            _tell(text)

        ticking.phase(f"reading {printable(arguments.source)}")
        program = program_of(found, wish)
        for note in program.notes:
            tell(note)
        ticking.phase("looking through its graph")
        traced = recording.record(arguments.source, found.files, program, wish, arguments.out, tell, ticking)
    if traced.random:
        _tell(f"random: {', '.join(traced.random)} had other bits when run again on the same inputs")
    _tell(summary(traced.trace))
    return 0


def _names(text: Any) -> List[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _tell(text: str) -> None:
    print(printable(text), flush=True)
