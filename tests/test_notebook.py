"""A verdict in a notebook: its word, why, and its numbers, everything escaped."""

import subprocess
import sys
from html.parser import HTMLParser

import numpy as np

import compat
from compat.records import Known, Numbers, Verdict

HOSTILE = "<script>alert(1)</script>\" onmouseover='alert(2)'"


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.closed, self.attributes, self.text = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        self.closed.append(tag)

    def handle_data(self, data):
        self.text += data + " "


def test_what_agrees_shows_its_numbers():
    verdict = compat.assert_agrees(np.float32([1, 2, 3]), np.array([1.0, 2.0, 3.0]))
    page = Tags(verdict._repr_html_())
    assert verdict.word in page.text and "of the allowance" in page.text
    assert page.open.count("tr") == 2
    assert sorted(set(page.closed)) == ["b", "div", "p", "table", "td", "th", "tr"]


def test_what_differs_is_told_apart_from_what_is_known():
    wrong = Verdict("differs", "at [0] 5, expected 0")
    known = Verdict("differs", "at [0] 5, expected 0", known=Known("the kernel is flipped", "https://x"))
    assert "#b3261e" in wrong._repr_html_() and "#b3261e" not in known._repr_html_()
    assert "the kernel is flipped" in known._repr_html_()


def test_everything_is_escaped():
    numbers = Numbers("differs", HOSTILE, max_abs=1.0, worst_index=[0, 1])
    verdict = Verdict("differs", HOSTILE, {HOSTILE: numbers}, Known(HOSTILE, HOSTILE))
    page = Tags(verdict._repr_html_())
    assert "script" not in page.open and set(page.attributes) <= {"style"}
    assert page.text.count("<script>") == 4


def test_of_many_outputs_what_is_wrong_is_shown():
    outputs = {f"step{i}": Numbers("differs" if i == 70 else "agrees") for i in range(90)}
    page = Tags(Verdict("differs", "", outputs)._repr_html_())
    assert "step70" in page.text and "and 60 more outputs" in page.text


def test_it_needs_no_reports():
    code = (
        "import sys; from compat.records import Verdict; Verdict('agrees')._repr_html_();"
        "assert not {'compat_reports', 'jinja2', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
