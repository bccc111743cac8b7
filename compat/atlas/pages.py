"""The pages of an atlas, as Markdown: an index, and one for each operation.  Every text of the atlas is escaped."""

import os
from typing import Dict, Iterator, List, Sequence, Tuple

from ..files import appearing
from .changes import Place
from .kept import LETTERS, Atlas, Operation, Sample
from .markdown import code, link, row, text
from .spellings import names
from .words import Told, joined

INDEX, FOLDER = "operations.md", "operations"
_HEAD = """# The atlas of operations

Since when which bits, since when which numbers: {count} public operations of TensorFlow and Keras, each run on the same
samples in {versions}, in every dialect, and held to its float64 answer. What changed numbers comes first.

*Bits* are the same or not. *Numbers* are the same where two results agree with the float64 answer: what is left between
them is rounding, or the sign of a zero. They are others where one agrees with it and the other does not; an operation's
page says how, where, and the reason where it is known. A change "at 2.4" came after the version before it that was run.
The answer is of one meaning of an operation, often TensorFlow 1's: of a dialect that means something else the reason
says so. The table is about ordinary numbers, and names zeros, infinities and NaN only where they change at another
version.

| operation | in short | numbers change | bits change |
|---|---|---|---|
{rows}

## How it was made

By `compat atlas`, on {processor}, {settings}. Each operation has up to 22 samples that follow from its name alone:
every dtype and every value of its parameters as often as any other, also what nobody writes; half of the arrays are a
few numbers, half are up to four times longer along each axis, since kernels take several numbers at once. Samples are a
few of very many: what is the same in all of them may be otherwise in yours.

The results are those of {frameworks}.
"""
_USUAL, _OTHERS = "On ordinary numbers", "On zeros, infinities, NaN and the ends of the range"
_LEGEND = """\
A letter is a result, and of one sample the same letter the same bits; `a` is the first. Dialects that have the same
letters wherever they are there share a row. Beside a letter: ✗ not the float64 answer, † not the float64 answer for a
reason that is known, ? no rule tells. Instead of one: ~ other bits each time, — not to be had, E an error, C a crash
or no end; nothing where the dialect is not there. Where a kernel reads denormal numbers as zero, that agrees."""
_SIGNS = {"unsupported": "—", "error": "E", "crashed": "C", "timeout": "C"}
#: Of a row, by version.
Marks = Tuple[str, ...]


def pages(atlas: Atlas) -> Dict[str, str]:
    """Texts by path, within one folder."""
    found = {f"{FOLDER}/{one.name}.md": page(one, atlas.versions) for one in atlas.operations}
    return {INDEX: index(atlas), **found}


def write(folder: str, atlas: Atlas) -> None:
    for path, content in pages(atlas).items():
        with appearing(os.path.join(folder, *path.split("/")), "w") as file:
            file.write(content)


# -- the index


def index(atlas: Atlas) -> str:
    """What changed numbers first, what is the same everywhere last."""
    lines = sorted(_line(one, atlas.versions) for one in atlas.operations)
    settings = sorted({f"{k}={v}" for one in atlas.environments for k, v in one.settings.items()})
    return _HEAD.format(
        count=len(atlas.operations),
        versions=_versions(atlas.versions),
        rows="\n".join(line for _, _, line in lines),
        processor=joined(sorted({text(one.processor.model) or "a processor" for one in atlas.environments})),
        settings="with " + joined(list(map(code, settings))) if settings else "without settings",
        frameworks=joined([text(_frameworks(one.versions)) for one in atlas.environments]),
    )


def _versions(versions: Sequence[str]) -> str:
    count = len(versions)
    return f"TensorFlow {text(joined(versions))}" + (f" ({count} versions)" if count > 1 else "")


def _frameworks(versions: Dict[str, str]) -> str:
    keras = f" with Keras {versions['keras']}" if "keras" in versions else ""
    return f"TensorFlow {versions.get('tensorflow', '?')}{keras}"


def _line(operation: Operation, versions: Sequence[str]) -> Tuple[int, str, str]:
    told, other = (Told(operation, versions, _ordinary(operation, one)) for one in (True, False))
    numbers, others, bits = told.numbers(), told.wrong(), told.bits()
    place = lambda found: ", ".join(told.versions[place] for place in found)
    public = "<br>".join(map(code, names(operation.spelled)))
    name = f"[{text(operation.name)}]({FOLDER}/{operation.name}.md)<br>{public}"
    rank = [bool(numbers), bool(others), bool(told.refused() or other.numbers()), bool(bits), True].index(
        True
    )
    summary = told.summary()
    if set(other.numbers()) - set(numbers):
        summary += f"; on zeros, infinities and NaN {other.moved()}"
    return rank, operation.name, row([name, summary, place(numbers), place(bits)])


def _ordinary(operation: Operation, ordinary: bool) -> List[int]:
    return [place for place, one in enumerate(operation.samples) if one.ordinary == ordinary]


# -- an operation


def page(operation: Operation, versions: Sequence[str]) -> str:
    """``versions``: their names, the oldest first."""
    parts = [f"# {text(operation.name)}", ", ".join(map(code, names(operation.spelled)))]
    for ordinary, title in ((True, _USUAL), (False, _OTHERS)):
        samples = _ordinary(operation, ordinary)
        if samples:
            parts += _part(Told(operation, versions, samples), ordinary, title)
    if operation.reasons:
        parts += ["## Reasons", "\n".join(_reasons(operation))]
    parts += ["## The samples", _LEGEND, "\n".join(_samples(operation))]
    parts += ["## How it is spelled", "\n".join(_spellings(operation))]
    return "\n\n".join(parts) + "\n"


def _part(told: Told, ordinary: bool, title: str) -> Iterator[str]:
    if ordinary:
        yield f"{told.summary()}."
    yield f"## {title}"
    yield "\n".join(f"- {joined(dialects)}: {words}" for dialects, words in told.sentences())
    if told.between():
        yield told.between()
    if ordinary and told.port():
        yield told.port()
    yield "\n".join(_strip(told))


def _strip(told: Told) -> Iterator[str]:
    """A row for each sample and dialect; samples and dialects of the same letters are one."""
    yield row(["samples", "dialects", *told.versions])
    yield row(["---"] * (2 + len(told.versions)))
    alike: Dict[Tuple[Tuple[str, Marks], ...], List[int]] = {}
    for number in told.samples:
        alike.setdefault(tuple(_rows(told, number)), []).append(number + 1)
    for rows, numbers in alike.items():
        for place, (dialects, marks) in enumerate(rows):
            yield row(["" if place else ", ".join(map(str, numbers)), dialects, *marks])


def _rows(told: Told, number: int) -> Iterator[Tuple[str, Marks]]:
    """(dialects, letters) of a sample: a dialect is with those before that have its letters where both are there."""
    found: List[Tuple[List[str], List[str]]] = []
    for dialect, table in told.tables.items():
        marks = [_mark(told.operation.samples[number], cell) for cell in table[number]]
        if not any(marks):
            continue
        dialects, together = next((one for one in found if _fit(one[1], marks)), ([], marks))
        if not dialects:
            found.append((dialects, together))
        together[:] = [a or b for a, b in zip(together, marks)]
        dialects.append(code(dialect))
    for dialects, together in found:
        yield " ".join(dialects), tuple(together)


def _fit(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether both are there somewhere, and are the same wherever they are."""
    both = [(a, b) for a, b in zip(one, other) if a and b]
    return bool(both) and all(a == b for a, b in both)


def _mark(sample: Sample, cell: Place) -> str:
    if cell is None:
        return ""
    result, known = cell.result, cell.reason >= 0
    if result.status is not None:
        return _SIGNS[result.status] + "†" * known
    letter = "~" if result.random else LETTERS[sample.results.index(result)]
    return letter + (
        "?" if result.verdict == "unjudged" else "†" if result.wrong and known else "✗" * result.wrong
    )


def _reasons(operation: Operation) -> Iterator[str]:
    for number, known in enumerate(operation.reasons, 1):
        yield f"{number}. {text(known.told)}. {link('Why', known.address)}"


def _samples(operation: Operation) -> Iterator[str]:
    for number, sample in enumerate(operation.samples, 1):
        written = [f"{name}={value}" for name, value in sample.parameters.items() if value is not None]
        unwritten = [name for name, value in sample.parameters.items() if value is None]
        what = "; ".join(map(text, sample.inputs)) + "".join(f", {code(one)}" for one in written)
        yield f"{number}. {what}" + (
            f", {joined(list(map(code, unwritten)))} not written" if unwritten else ""
        )


def _spellings(operation: Operation) -> Iterator[str]:
    """Those that are the same together."""
    found: Dict[str, List[str]] = {}
    for dialect, spelled in operation.spelled.items():
        found.setdefault(spelled, []).append(dialect)
    for spelled, dialects in found.items():
        lines = "<br>".join(map(code, spelled.splitlines()))
        yield f"- {joined(list(map(code, dialects)))}:<br>{lines}"
