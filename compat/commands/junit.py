"""Verdicts as JUnit XML, for what reads the outcome of tests."""

from typing import Any
from xml.etree import ElementTree

from ..files import appearing
from ..judge.judging import Judged
from ..record.dialects import DIALECTS
from ..records import needs_a_person


def write_junit(path: str, judged: Judged) -> None:
    """A test case for every sample and dialect: skipped where it is unsupported or known, else by its verdict."""
    suite = ElementTree.Element("testsuite", name=judged.name)
    count = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for sample, dialect, verdict in judged.rows():
        if dialect not in DIALECTS or DIALECTS[dialect].missing() or not _is_spelled(judged, sample, dialect):
            continue
        record = judged.record(sample, dialect)
        seconds = f"{record.seconds if record else 0:.3f}"
        item: Any = ElementTree.SubElement(
            suite,
            "testcase",
            classname=sample.partition("[")[0],
            name=f"{sample[:-1]}-{dialect}]",
            time=seconds,
        )
        count["tests"] += 1
        if needs_a_person(verdict):
            kind = "error" if verdict.word in ("error", "timeout", "crashed") else "failure"
            count[kind + "s"] += 1
            ElementTree.SubElement(item, kind, type=verdict.word, message=_xml(verdict.message))
        elif verdict.known or verdict.word == "unsupported":
            count["skipped"] += 1
            reason = f"known: {verdict.known.told}" if verdict.known else verdict.message
            ElementTree.SubElement(item, "skipped", type=verdict.word, message=_xml(reason))
    suite.attrib.update({name: str(number) for name, number in count.items()})
    root = ElementTree.Element("testsuites")
    root.append(suite)
    with appearing(path, "wb") as file:
        ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _is_spelled(judged: Judged, sample: str, dialect: str) -> bool:
    return dialect in judged.run.samples[sample].sources


def _xml(text: str) -> str:
    """Characters that XML 1.0 has none of, escaped."""
    return "".join(
        c if c in "\t\n\r" or " " <= c < "\ufffe" or c > "\uffff" else ascii(c)[1:-1] for c in text
    )
