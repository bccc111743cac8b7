"""``compat since`` and ``compat bisect``: at which version a result changed."""

from . import since
from .dialects import dialect as find_dialect
from .errors import CompatError
from .store import STORE, find


def add_arguments(parser):
    _add_what(parser)
    parser.add_argument("--runs", default=STORE, metavar="FOLDER", help="default: %(default)s")


def add_bisect_arguments(parser):
    _add_what(parser)
    parser.add_argument(
        "--by", choices=("word", "bits"), default="word", help="what has to change (default: the verdict)"
    )
    parser.set_defaults(runs=STORE)  # where tox.ini writes


def _add_what(parser):
    parser.add_argument("sample", metavar="SAMPLE", help="its id: conv2d[b1]")
    parser.add_argument("dialect", metavar="DIALECT", help="e.g. tf1.session")
    parser.add_argument("--onednn", action="store_true", help="among the environments with oneDNN")


def main(arguments):
    """Every change, by bits and by verdict."""
    points = _history(arguments)
    ends = f"{points[0].name} to {points[-1].name}"
    print(f"{arguments.sample} {arguments.dialect}: {len(points)} versions, {ends}")
    for by, what in (("bits", "other bits"), ("word", "another verdict")):
        found = since.changes(points, by)
        if not found:
            print(f"  the same {'bits' if by == 'bits' else 'verdict, ' + points[-1].word} in all of them")
        for before, after in found:
            text = f": {before.word} -> {after.word}" if by == "word" else ""
            message = f" ({after.message})" if by == "word" and after.message else ""
            print(f"  {what} since {after.name} (before: {before.name}){text}{message}")
    return 0


def bisect(arguments):
    """The last change, down to neighbouring versions."""
    find_dialect(arguments.dialect)
    _history(arguments)
    variant = "-onednn" if arguments.onednn else ""
    names = since.environments("tox.ini", variant)
    compute = since.run_by_tox("tox.ini", arguments.sample, arguments.dialect)
    found = since.bisect(arguments.runs, arguments.sample, arguments.dialect, arguments.by, names, compute)
    if found is None:
        print(f"{arguments.sample} {arguments.dialect}: no stored version differs from another")
        return 0
    before, after = found
    print(f"{arguments.sample} {arguments.dialect}: since {after.name} (before: {before.name})")
    print(f"  {before.name}: {before.word}\n  {after.name}: {after.word} {after.message}".rstrip())
    return 1


def _history(arguments):
    runs = find([arguments.runs])
    points = since.history(runs, arguments.sample, arguments.dialect, "-onednn" if arguments.onednn else "")
    if len(points) < 2:
        raise CompatError(
            f"{arguments.runs}: {len(points)} environments have a record of {arguments.sample} in "
            f"{arguments.dialect}; two are needed: tox runs more"
        )
    return points
