"""The pages of an atlas, as Markdown: an index, and one for each operation.  Every text of the atlas is escaped."""

import os
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ..files import appearing
from .changes import Cell
from .kept import LETTERS, Atlas, Operation, Sample
from .markdown import code, row, text
from .spellings import names
from .words import Told, joined

INDEX, FOLDER = "operations.md", "operations"
_HEAD = """# The atlas of operations

Since when which bits, since when which numbers: {count} public operations of TensorFlow and Keras, each run on the same
samples in {versions}, in every dialect, and held to its float64 answer. What changed numbers comes first.

*Bits* are the same or not. *Numbers* are the same where two results agree with the float64 answer: what is left between
them is rounding. They are others where one agrees with it and the other does not; an operation's page says how, where,
and the reason where that is known. A change "at 2.4" came after the version before it that was run. This table is about
ordinary numbers; zeros, infinities and NaN are told on the pages.

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
_LEGEND = """\
A letter is a result, the same letter the same bits; of each sample `a` is the first. Beside it: ✗ not the float64
answer, † not the float64 answer for a reason that is known, ? no rule tells. — not to be had, E an error, C a crash or
no end; nothing where the dialect is not there."""
_SIGNS = {"unsupported": "—", "error": "E", "crashed": "C", "timeout": "C"}


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
    told = Told(operation, versions, _ordinary(operation, True))
    numbers, others, bits = told.numbers(), told.wrong(), told.bits()
    place = lambda found: ", ".join(told.versions[place] for place in found)
    public = "<br>".join(map(code, names(operation.spelled)))
    name = f"[{text(operation.name)}]({FOLDER}/{operation.name}.md)<br>{public}"
    rank = 0 if numbers else 1 if others else 2 if bits else 3
    return rank, operation.name, row([name, told.summary(), place(numbers), place(bits)])


def _ordinary(operation: Operation, ordinary: bool) -> List[int]:
    return [place for place, one in enumerate(operation.samples) if one.ordinary == ordinary]


# -- an operation


def page(operation: Operation, versions: Sequence[str]) -> str:
    """``versions``: their names, the oldest first."""
    parts = [f"# {text(operation.name)}", ", ".join(map(code, names(operation.spelled)))]
    for ordinary, title in (
        (True, "On ordinary numbers"),
        (False, "On zeros, infinities, NaN and the ends of the range"),
    ):
        samples = _ordinary(operation, ordinary)
        if not samples:
            continue
        told = Told(operation, versions, samples)
        if ordinary:
            parts.append(told.summary() + ".")
        parts.append(f"## {title}")
        parts.append(
            "\n".join(
                f"- {joined(list(map(code, dialects)))}: {words}" for dialects, words in told.sentences()
            )
        )
        parts += filter(None, [told.between(), told.port() if ordinary else ""])
        parts.append("\n".join(_strip(told)))
    parts += [
        "## The letters",
        _LEGEND,
        "\n".join(_samples(operation)),
        "## The spellings",
        "\n".join(_spellings(operation)),
    ]
    return "\n\n".join(parts) + "\n"


def _strip(told: Told) -> Iterator[str]:
    """A row for each sample and dialect; samples and dialects of the same letters are one."""
    yield row(["samples", "dialects", *told.versions])
    yield row(["---"] * (2 + len(told.versions)))
    alike: Dict[Tuple[Tuple[str, Tuple[str, ...]], ...], List[int]] = {}
    for number in told.samples:
        rows: Dict[Tuple[str, ...], List[str]] = {}
        for dialect, table in told.tables.items():
            marks = tuple(_marks(told.operation.samples[number], table[number]))
            if any(marks):
                rows.setdefault(marks, []).append(dialect)
        key = tuple((" ".join(map(code, dialects)), marks) for marks, dialects in rows.items())
        alike.setdefault(key, []).append(number + 1)
    for found, numbers in alike.items():
        for place, (dialects, marks) in enumerate(found):
            yield row(["" if place else ", ".join(map(str, numbers)), dialects, *marks])


def _marks(sample: Sample, cells: Sequence[Optional[Cell]]) -> Iterator[str]:
    for cell in cells:
        if cell is None:
            yield ""
        elif not cell.computed:
            yield _SIGNS[cell.result.status] + ("†" if cell.reason >= 0 else "")
        else:
            sign = "?" if cell.result.verdict == "unjudged" else ""
            if cell.result.wrong:
                sign = "†" if cell.reason >= 0 else "✗"
            yield LETTERS[sample.results.index(cell.result)] + sign


def _samples(operation: Operation) -> Iterator[str]:
    for number, sample in enumerate(operation.samples, 1):
        written = [f"{name}={value}" for name, value in sample.parameters.items() if value is not None]
        unwritten = [name for name, value in sample.parameters.items() if value is None]
        what = "; ".join(map(text, sample.inputs)) + "".join(f", {code(one)}" for one in written)
        yield f"{number}. {what}" + (
            f", {joined(list(map(code, unwritten)))} not written" if unwritten else ""
        )


def _spellings(operation: Operation) -> Iterator[str]:
    """Those that are the same together, as blocks of code."""
    found: Dict[str, List[str]] = {}
    for dialect, spelled in operation.spelled.items():
        found.setdefault(spelled, []).append(dialect)
    for spelled, dialects in found.items():
        lines = "<br>".join(map(code, spelled.splitlines()))
        yield f"- {joined(list(map(code, dialects)))}:<br>{lines}"
