"""Pages drawn in several processes are those of one."""

import pytest
from making import Maker, response

from compat import forked
from compat.errors import CompatError
from compat_reports.command import write
from compat_reports.samples import JudgedSamples


def made(folder, count=70):
    maker = Maker(folder, "tf1.15", "1.15.5")
    for number in range(count):
        maker.row(f"conv[s{number}]", "numpy", "agrees", response(number * 1e-5))
    return maker.row("conv[wrong]", "numpy", "differs", response(3), "at [0] 3").save()


def pages(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_pages_as_in_one_process(tmp_path, monkeypatch):
    judged = made(tmp_path / "runs")
    assert write(JudgedSamples([judged]), str(tmp_path / "several")) == 1
    monkeypatch.setattr(forked, "_processors", lambda: 1)
    assert write(JudgedSamples([judged]), str(tmp_path / "one")) == 1
    several, one = pages(tmp_path / "several"), pages(tmp_path / "one")
    assert len(one) > 140 and several == one


def test_where_drawing_fails_the_pages_are_as_they_were(tmp_path):
    """A row that is no row, met when its page is made: nothing of the folder is another."""
    judged = made(tmp_path / "runs")
    out = tmp_path / "report"
    write(JudgedSamples([judged]), str(out))
    before = pages(out)

    class Broken(JudgedSamples):
        def row(self, sample_id):
            if sample_id == "conv[wrong]":
                raise CompatError("a row of another form")
            found = super().row(sample_id)
            found.description.doc = "other"
            return found

    with pytest.raises(CompatError, match="another form"):
        write(Broken([judged]), str(out))
    assert pages(out) == before
