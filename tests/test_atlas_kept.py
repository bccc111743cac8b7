"""The atlas that the site shows, docs/operations.json: of today's catalogue, and its pages say what its letters do."""

import re

import pytest
from support import CASES, CHECKOUT

from compat.atlas import chosen, kept, pages
from compat.fuzz.catalogue import ENTRIES
from compat.judge.known import FILE_NAME, read

PATH = CHECKOUT / "docs" / "operations.json"
ATLAS = kept.read(str(PATH))
AGAIN = (
    "compat atlas --operations {} --out FOLDER, with docs/operations.json as its atlas.json, makes it again"
)


def test_every_operation_of_the_catalogue_is_there():
    there = {one.name for one in ATLAS.operations}
    assert there == set(ENTRIES), AGAIN.format(" ".join(sorted(there ^ set(ENTRIES))))
    assert len(there) > 100 and len(ATLAS.versions) >= 13


def test_the_file_is_small():
    assert PATH.stat().st_size < 2 << 20


@pytest.mark.parametrize("operation", ATLAS.operations, ids=lambda one: one.name)
def test_its_samples_and_reasons_are_those_of_today(operation):
    drawn = chosen.samples(operation.name)
    again = AGAIN.format(operation.name)
    assert [one.digest for one in operation.samples] == [one.digest for one in drawn], again
    assert [one.ordinary for one in operation.samples] == list(map(chosen.ordinary, drawn)), again
    known = {(one.reason, one.address) for one in read(str(CASES / FILE_NAME))}
    assert {(one.reason, one.address) for one in operation.reasons} <= known, again


def results(operation, dialect, sample):
    """By version, without what was not computed: nothing of compat.atlas.changes."""
    letters, _ = sample.row(dialect)
    found = [(place, letter) for place, letter in enumerate(letters) if letter != "-"]
    every = [(place, sample.results[kept.LETTERS.index(letter)]) for place, letter in found]
    return [(place, one) for place, one in every if one.computed]


@pytest.mark.parametrize("operation", ATLAS.operations, ids=lambda one: one.name)
def test_the_line_of_the_index_says_what_the_letters_do(operation):
    bits, numbers = set(), set()
    for sample in operation.samples:
        for dialect in operation.spelled if sample.ordinary else ():
            row = results(operation, dialect, sample)
            for (_, before), (place, after) in zip(row, row[1:]):
                if not (before.random or after.random) and before.bits != after.bits:
                    bits.add(ATLAS.versions[place])
                if "agrees" in (before.verdict, after.verdict) and before.wrong != after.wrong:
                    numbers.add(ATLAS.versions[place])
    (line,) = [one for one in INDEX if one.startswith(f"| [{operation.name}](")]
    _, _, short, said_numbers, said_bits, _ = line.split("|")
    assert {one for one in said_numbers.strip().split(", ") if one} == numbers
    assert {one for one in said_bits.strip().split(", ") if one} == bits
    assert ("he same bits" in short) == (not bits)
    assert ("**Numbers change**" in short) == bool(numbers)


INDEX = pages.index(ATLAS).splitlines()


@pytest.mark.parametrize("operation", ATLAS.operations, ids=lambda one: one.name)
def test_the_bullets_say_what_the_letters_do(operation):
    ordinary, _, others = pages.page(operation, ATLAS.versions).partition("## On zeros")
    for text, wanted in ((ordinary, True), (others, False)):
        for line in re.findall(r"^- (<code>.*)", text.partition("\n| samples")[0], re.MULTILINE):
            dialects, _, words = line.partition(": ")
            for dialect in re.findall("<code>(.*?)</code>", dialects):
                rows = [
                    results(operation, dialect, one) for one in operation.samples if one.ordinary == wanted
                ]
                same = all(len({one.bits for _, one in row if one.bits}) < 2 for row in rows)
                assert same == ("Since " not in words), line
                wrong = any(one.wrong for row in rows for _, one in row)
                assert wrong == ("Not the float64 answer" in words), line
