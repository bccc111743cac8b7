"""known_differences.toml explains what it names, nothing else, and does not outlive the facts."""

import pytest

from compat import CompatError, known, operation
from compat.judge import Verdict

ENTRY = """
[[difference]]
operation = "twice"
samples = ["a*"]
dialects = ["numpy", "tf2.eager"]
tensorflow = ">=2.0,<2.4"
settings = { COMPAT_TEST_SETTING = "1" }
verdict = "differs"
reason = "because"
address = "https://example.org/why"
"""


@pytest.fixture
def entries(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPAT_TEST_SETTING", "1")
    path = tmp_path / known.FILE_NAME
    path.write_text(ENTRY, encoding="utf-8")
    return known.read(str(path))


def _sample(name="a1", operation_name="twice"):
    return operation(operation_name).sample(name)


def _explained(entries, word="differs", sample=None, dialect="numpy", tensorflow="2.1.4"):
    verdict = Verdict(word, "at [0] 1, expected 2")
    return known.explain_known(verdict, sample or _sample(), dialect, tensorflow, entries)


def test_it_explains_what_it_names(entries):
    verdict = _explained(entries)
    assert verdict.passes and verdict.known == {"reason": "because", "address": "https://example.org/why"}


@pytest.mark.parametrize(
    "other",
    [
        {"sample": _sample("b1")},
        {"sample": _sample(operation_name="thrice")},
        {"dialect": "keras2"},
        {"tensorflow": "2.4.0"},
        {"tensorflow": None},
        {"word": "error"},
        {"word": "crashed"},
        {"word": "suspicious"},
    ],
    ids=str,
)
def test_it_explains_nothing_else(entries, other):
    verdict = _explained(entries, **other)
    assert verdict.known is None and not verdict.passes


def test_another_setting_is_another_environment(entries, monkeypatch):
    monkeypatch.setenv("COMPAT_TEST_SETTING", "0")
    assert not _explained(entries).passes


@pytest.mark.parametrize("word", ["identical", "agrees"])
def test_an_entry_that_is_out_of_date_fails(entries, word):
    verdict = _explained(entries, word)
    assert verdict.word == "differs" and not verdict.passes
    assert "difference 1" in verdict.message and "mend" in verdict.message


def test_what_cannot_be_spelled_is_not_out_of_date(entries):
    assert _explained(entries, "unsupported").passes


def test_prereleases_count(entries):
    assert _explained(entries, tensorflow="2.3.0rc1").passes


@pytest.mark.parametrize(
    "text, says",
    [
        (ENTRY.replace('reason = "because"', ""), "lacks reason"),
        (ENTRY + 'cause = "x"', "has unknown cause"),
        (ENTRY.replace("numpy", "nunpy"), "no dialect 'nunpy'"),
        (ENTRY.replace('"differs"', '"different"'), "no verdict 'different'"),
        (ENTRY.replace(">=2.0,<2.4", "2 or so"), "tensorflow"),
        ("difference = 3", "[[difference]]"),
        ("[other]\n", "[[difference]]"),
        ("[[difference]", "known_differences.toml"),
    ],
)
def test_a_malformed_file_is_told_in_one_line(tmp_path, text, says):
    path = tmp_path / known.FILE_NAME
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CompatError) as raised:
        known.read(str(path))
    assert says in str(raised.value) and "\n" not in str(raised.value)


def test_the_nearest_file_speaks(tmp_path):
    inner = tmp_path / "cases" / "models"
    inner.mkdir(parents=True)
    (tmp_path / known.FILE_NAME).write_text("", encoding="utf-8")
    assert known.beside(str(inner / "case.py")) == str(tmp_path / known.FILE_NAME)
    (inner / known.FILE_NAME).write_text("", encoding="utf-8")
    assert known.beside(str(inner / "case.py")) == str(inner / known.FILE_NAME)
