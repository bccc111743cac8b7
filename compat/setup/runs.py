"""Two runs: which of their graphs belong together, and every line of what differs."""

import collections
from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

from ..errors import CompatError
from ..graph.nodes import trace_of
from ..records import Record
from ..store import Run
from . import environments, graphs
from .graphs import Graph
from .lines import Line

#: (sample, dialect).
Row = Tuple[str, str]


class Compared(NamedTuple):
    """``lines``: what matters most first.  ``graphs``: (a's, b's) that were compared.  ``alike``: what is the same."""

    lines: List[Line]
    graphs: List[Tuple[str, str]]
    alike: str


def compared(a: Run, b: Run) -> Compared:
    """Raises CompatError for a graph, or a number of it, that cannot be read."""
    pairs = list(_pairs(a, b))
    found: Dict[Line, List[str]] = collections.defaultdict(list)
    for mine, theirs in pairs:
        one, other = _graph(a, mine), _graph(b, theirs)
        for line in dict.fromkeys(graphs.differing(one, other)):
            found[line].append(" ".join(theirs))
    lines = [_where(line, places, len(pairs)) for line, places in found.items()]
    dialects = {dialect for _, dialect, _ in (*_results(a), *_results(b))}
    lines += environments.differing(a.environment, b.environment, dialects, bool(pairs))
    titles = [(" ".join(mine), " ".join(theirs)) for mine, theirs in pairs]
    lines.sort(key=lambda line: line.weighs)  # stable: in each rank the graphs come first
    return Compared(lines, titles, environments.alike(a.environment, b.environment))


def _where(line: Line, places: List[str], all_of_them: int) -> Line:
    if all_of_them == 1 or len(places) == all_of_them:
        return line
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return line._replace(what=f"{places[0]}{more}: {line.what}")


def _results(run: Run) -> Iterator[Tuple[str, str, Record]]:
    for sample, row in run.records.items():
        for dialect, record in row.items():
            if record.status == "ok":
                yield sample, dialect, record


def _traced(run: Run) -> List[Row]:
    return [(sample, dialect) for sample, dialect, record in _results(run) if record.trace is not None]


def _pairs(a: Run, b: Run) -> Iterator[Tuple[Row, Row]]:
    """What is called alike; a legacy side and what is judged against it; or the only graph of each run."""
    mine, theirs = _traced(a), _traced(b)
    met: Set[Tuple[Row, Row]] = set()
    for row in mine:
        if row in theirs:
            met.add((row, row))
            yield row, row
    for sample in dict.fromkeys(sample for sample, _ in mine):
        legacy, ports, swapped = _against(a, b, sample)
        for port in ports:
            pair = (port, legacy) if swapped else (legacy, port)
            met.add(pair)
            yield pair
    if not met and len(mine) == len(theirs) == 1:
        yield mine[0], theirs[0]


def _against(a: Run, b: Run, sample: str) -> Tuple[Row, List[Row], bool]:
    """(the legacy side's row, those of other dialects in the other run, whether the legacy side is b's)."""
    described = a.samples.get(sample) or b.samples.get(sample)
    dialect, name = (described and described.against) or ("", None)
    legacy, swapped = (sample, str(dialect)), name == b.name != a.name
    first, second = (_traced(b), _traced(a)) if swapped else (_traced(a), _traced(b))
    ports = [row for row in second if row[0] == sample and row != legacy] if legacy in first else []
    return legacy, ports, swapped


def _graph(run: Run, row: Row) -> Graph:
    sample, dialect = row
    record = run.records[sample][dialect]
    assert record.trace is not None
    where = f"{run.name}: {sample} {dialect}"
    try:
        trace = trace_of(run.objects.read(record.trace), where)
    except CompatError as error:
        raise CompatError(f"{where}: its graph cannot be read: {error}") from None
    inputs = run.samples[sample].inputs if sample in run.samples else {}
    return Graph(trace, run.objects.read, inputs, record.random)


def why_no_graphs(a: Run, b: Run) -> str:
    """Why no graphs were compared, in a line."""
    none = [name for name, run in (("a", a), ("b", b)) if not _traced(run)]
    if none:
        return f"no graph is recorded in {' and '.join(none)}: operations with against= and traced sources have one"
    return "no graph of a has one of its name in b: nothing of them is compared"
