"""The table of what went where, and why."""

from typing import Iterator, List

from .carrying import Plan, Row


def table(plan: Plan) -> Iterator[str]:
    """A line for each variable of the port, then what is to be said."""
    if plan.rows:
        widths = [
            min(48, max(len(text) for text in column))
            for column in zip(*(_columns(row) for row in [*plan.rows, _HEAD]))
        ]
        for row in [_HEAD, *plan.rows]:
            yield "  ".join(f"{text:{width}}" for text, width in zip(_columns(row), widths)).rstrip()
    for name in plan.unused:
        yield f"not carried, as the map says: {name}"
    for note in plan.notes:
        yield f"note: {note}"


_HEAD = Row("the port's variable", ["of the legacy side"], "how", "why", None)


def _columns(row: Row) -> List[str]:
    return [row.port, ", ".join(row.legacy), row.how, row.why]
