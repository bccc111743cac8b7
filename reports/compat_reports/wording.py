"""The sentences and short texts of the pages: plain text, made of a grid."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from compat.record.dialects import in_order
from compat.records import PASSING

from .grid import Cell, Change, Environment, Group, Row, runs_tensorflow

if TYPE_CHECKING:
    from .overview import Overview
    from .steps import Step

#: What each verdict says, for legends and tooltips.
MEANINGS = {
    "identical": "the same bits as the golden, or as what it was judged against",
    "agrees": "inside the rounding allowance",
    "suspicious": "some order of summation could do it, but rounding does not behave like that",
    "differs": "no rounding explains it",
    "error": "the framework raised an error",
    "timeout": "did not end in time",
    "crashed": "the process died",
    "random": "other bits when it is computed again on the same inputs: nothing can be said of it",
    "stale": "recorded from another version of the sample: never compared",
    "unjudged": "a result that could not be judged",
    "unsupported": "cannot be spelled there",
}
_SHOWN_CHANGES = 5
#: What results are held against where the operation has one.
REFERENCE = "the reference"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listing(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def number(value: Any, digits: int = 3) -> str:
    """A number as short as it can be said; what is no number as it comes."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {True: "∞", False: "−∞"}[value > 0] if math.isinf(value) else "NaN"
    if abs(value) >= 1e300:  # JSON has no infinity: the judge writes the largest float64 for it
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    if exponent:
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def percent(share: float | None) -> str:
    """A share of the rounding allowance in words: ``17 %``, ``under 0.1 %``, ``3.2 times``."""
    if share is None:
        return "–"
    if share >= 1e300:
        return "beyond any multiple"
    if share > 1:
        return f"{number(share)} times"
    if share == 0:
        return "0 %"
    return "under 0.1 %" if share < 0.001 else f"{number(100 * share, 2 if share < 0.995 else 3)} %"


def sentence(row: Row) -> str:
    """What there is to know of a sample in one line."""
    cells = sum(len(group.cells) for group in row.groups)
    if not cells:
        parts = ["no result in any cell"]
    elif len(row.groups) == 1:
        parts = ["one cell with a result" if cells == 1 else f"the same bits in all {cells:,} cells"]
    else:
        parts = [f"{len(row.groups)} distinct results among {cells:,} cells"]
    parts += filter(None, [_allowance(row), _changed(row)])
    text = "; ".join(_loud(row) + parts + _known(row))
    return text[:1].upper() + text[1:]


def _allowance(row: Row) -> str:
    told = [cell for cell in row.telling if cell.word in PASSING and not cell.known]
    shares = [cell.share for cell in told if cell.share is not None]
    if not shares:
        return ""
    largest = max(shares)
    if largest == 0:
        return f"no difference to {row.against}" if row.against else "exact: no rounding at all"
    text = percent(largest)
    kind = "measured" if row.against else "rounding"
    return f"{text if text.startswith('under') else 'at most ' + text} of the {kind} allowance"


def _changed(row: Row) -> str:
    """TensorFlow's changes by environment, then those of the dialects that do without it."""
    framework = [_change(change) for change in row.changes if change.framework]
    parts = [f"the bits changed in {listing(_shortened(framework))}"] if framework else []
    changed = {dialect for change in row.changes for dialect in change.dialects}
    for dialect in in_order(d for d in changed if not runs_tensorflow(d)):
        labels = [change.environment.label for change in row.changes if dialect in change.dialects]
        if labels:
            what = "" if parts else " bits changed"
            parts.append(f"{dialect}'s{what} in {listing(_shortened(labels))}")
    return ", ".join(parts)


def _shortened(words: list[str]) -> list[str]:
    if len(words) <= _SHOWN_CHANGES:
        return words
    return [*words[: _SHOWN_CHANGES - 1], plural(len(words) - _SHOWN_CHANGES + 1, "more environment")]


def _change(change: Change) -> str:
    label = change.environment.label
    return label if change.everywhere else f"{label} ({', '.join(change.framework)})"


def _loud(row: Row) -> list[str]:
    """``error in 2 cells (1.13)``: what needs a look comes first."""
    loud: dict[str, list[Cell]] = defaultdict(list)
    for cell in row.those(lambda cell: cell.loud):
        loud[cell.word].append(cell)
    parts = []
    for word, cells in loud.items():
        labels = list(dict.fromkeys(cell.environment.label for cell in cells))
        names = ", ".join(labels[:3]) + (" …" if len(labels) > 3 else "")
        parts.append(f"{word} in {plural(len(cells), 'cell')} ({names})")
    return parts


def _known(row: Row) -> list[str]:
    """``known: differs in 12 cells and error in 2 cells``."""
    known = Counter(cell.word for cell in row.those(lambda cell: cell.known))
    told = [f"{word} in {plural(count, 'cell')}" for word, count in known.items()]
    return [f"known: {listing(told)}"] if told else []


def ranges(environments: Iterable[Environment], all_of: Sequence[Environment]) -> str:
    """Environments as ranges of the columns: ``1.13 – 2.6, 2.15``; every one of them: ``all 13``."""
    wanted = {environment.index for environment in environments}
    columns = list(all_of)
    if len(wanted) > 2 and wanted == {environment.index for environment in columns}:
        return f"all {len(wanted)}"
    spans: list[list[Environment]] = []
    inside = False
    for environment in columns:
        if environment.index in wanted:
            if inside:
                spans[-1].append(environment)
            else:
                spans.append([environment])
        inside = environment.index in wanted
    return ", ".join(
        s[0].label if len(s) == 1 else f"{s[0].label}{', ' if len(s) == 2 else ' – '}{s[-1].label}"
        for s in spans
    )


def group_words(group: Group) -> str:
    """The verdicts within a group: ``identical``, ``agrees``, ``differs, known``."""
    words = dict.fromkeys(cell.word + (", known" if cell.known else "") for cell in group.telling)
    return " / ".join(words)


def result(group: Group) -> tuple[str, str, str]:
    """The verdicts of a result, its share of the allowance and its largest error, as far as they were measured."""
    judged = group.judged
    errors = [n.max_abs for n in judged.numbers.values() if n.max_abs is not None]
    share = percent(judged.share) if judged.share is not None else ""
    return group_words(group), share, number(max(errors)) if errors else ""


def headline(overview: Overview) -> str:
    """The calm line, or the loud one: that all agree is said only where nothing needs a person."""
    counts = overview.counts
    rows = sum(line.status == "look" for line in overview.lines)
    look = (
        f"{plural(counts['look'], 'cell')} in {plural(rows, 'sample')} to look at" if counts["look"] else ""
    )
    if not overview.judged:
        return "Nothing could be judged" + (f": {look}" if look else "")
    where = listing(_shortened([environment.name for environment in overview.empty()]))
    nothing = f"nothing could be judged in {where}" if where else ""
    if look or nothing:
        text = "; ".join(filter(None, [look, nothing]))
        return text[:1].upper() + text[1:]
    agree = sum(counts[word] for word in PASSING)
    known = f"{plural(counts['known'], 'difference')} known and explained" if counts["known"] else ""
    return "; ".join(filter(None, [f"All {agree:,} judged cells agree" if agree else "", known]))


def stepped(step: Step | None) -> str:
    """``1.15 → 2.21: 561 of 585 samples compute the same up to rounding; 24 behave otherwise, all explained``."""
    if step is None or not step.compared:
        return ""
    counts = step.counts
    same, otherwise, look = counts["same"], counts["otherwise"], counts["look"]
    of = f"all {same:,}" if same == step.compared else f"{same:,} of {step.compared:,}"
    whose = "the one sample computes" if same == step.compared == 1 else f"{of} samples compute"
    parts = [f"{whose} the same up to rounding"]
    if counts["alike"]:
        parts.append(f"{counts['alike']:,} keep the known difference that they had")
    if otherwise + look:
        verb = "behaves" if otherwise + look == 1 else "behave"
        explained = "all explained" if not look else f"{otherwise:,} explained, {look:,} to look at"
        parts.append(f"{otherwise + look:,} {verb} otherwise, {explained}")
    return f"{step.a.label} → {step.b.label}: {'; '.join(parts)}"


def judged_by(row: Row) -> str:
    """What the results of a sample were held against, in full."""
    return f"what it was judged against: {row.against}" if row.against else "the float64 answer"


def answer(row: Row) -> str:
    """The same in short."""
    return row.against if row.against else REFERENCE


def brief(message: str) -> str:
    """A message without the part that only repeats which environment it comes from."""
    return re.sub(r"; this is \d[\w.]*$", "", message)
