"""Verdicts as JUnit XML, for what reads the outcome of tests."""

from typing import Any, Iterable, NamedTuple, Tuple
from xml.etree import ElementTree

from .files import appearing
from .records import Verdict, needs_a_person

#: How a file of ours begins.
BEGINNING = "<?xml version='1.0' encoding='utf-8'?>\n<testsuites name=\"compat\">"


class Item(NamedTuple):
    """A test case.  ``kind``: failure, error, skipped, or nothing where it passes; then ``word`` and ``message``."""

    operation: str
    name: str
    seconds: float
    kind: str = ""
    word: str = ""
    message: str = ""


def item(sample: str, dialect: str, verdict: Verdict, seconds: float) -> Item:
    """Of a sample and dialect: skipped where it is unsupported or known, else by its verdict."""
    first = Item(sample.partition("[")[0], f"{sample[:-1]}-{dialect}]", seconds)
    if needs_a_person(verdict):
        kind = "error" if verdict.word in ("error", "timeout", "crashed") else "failure"
        return first._replace(kind=kind, word=verdict.word, message=verdict.message)
    if verdict.known:
        return first._replace(kind="skipped", word=verdict.word, message=f"known: {verdict.known.told}")
    if verdict.word == "unsupported":
        return first._replace(kind="skipped", word=verdict.word, message=verdict.message)
    return first


def write(path: str, suites: Iterable[Tuple[str, Iterable[Item]]]) -> None:
    """A suite for every run, by its name.  Raises StoreError where the file cannot be written."""
    with appearing(path, "w") as file:
        file.write(BEGINNING + "\n")
        for name, items in suites:
            suite = ElementTree.Element("testsuite", name=_xml(name))
            count = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
            for one in items:
                _add(suite, one)
                count["tests"] += 1
                if one.kind:
                    count["skipped" if one.kind == "skipped" else one.kind + "s"] += 1
            suite.attrib.update({key: str(number) for key, number in count.items()})
            file.write(ElementTree.tostring(suite, encoding="unicode") + "\n")
        file.write("</testsuites>\n")


def _add(suite: Any, one: Item) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=_xml(one.operation), name=_xml(one.name), time=f"{one.seconds:.3f}"
    )
    if one.kind:
        ElementTree.SubElement(case, one.kind, type=one.word, message=_xml(one.message))


def _xml(text: str) -> str:
    """Characters that XML 1.0 has none of, escaped."""
    return "".join(
        c
        if c in "\t\n\r" or " " <= c < "\ud800" or "\udfff" < c < "\ufffe" or c > "\uffff"
        else ascii(c)[1:-1]
        for c in text
    )
