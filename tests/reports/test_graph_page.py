"""A port on its page: the graph of its legacy side node by node, from the judge to the lines."""

import pytest
from making import KNOWN, Made, Maker, response

from compat_reports import along, graph_page

LINES = [
    along.Line("conv", "Conv2D", "net.py:3", "agrees", "1 %", 0.01),
    along.Line("norm", "FusedBatchNormV3", "net.py:4", "look", "at [0] 2, expected 1", 300.0),
    along.Line("out", "Relu", "net.py:5", "none", "no rule"),
]


def made(tmp_path, known=None, against=("tf1.session", None)):
    maker = Maker(tmp_path / "runs", "tf2.21", "2.21.0")
    maker.sample("port[a]", against=list(against) if against else None)
    maker.row("port[a]", "tf1.session", "identical", response())
    maker.row("port[a]", "keras3", "differs", response(1e-3), "far", known)
    (row,) = Made([maker.save()]).rows
    return row


def graph(sample_id, cell):
    return LINES if cell.dialect == "keras3" else []


def test_the_result_that_differs_shows_where_along_the_graph(tmp_path):
    (found,) = graph_page.compose(made(tmp_path), graph)
    assert (found.letter, found.where) == ("B", "keras3 in 2.21")
    assert found.words == "1 of 3 nodes agree, 1 not judged; begins at norm"
    assert found.wrong and found.plot.count('class="begins"') == 1


def test_what_is_known_is_marked_as_known(tmp_path):
    (found,) = graph_page.compose(made(tmp_path, KNOWN), graph)
    assert [line.state for line in found.lines] == ["agrees", "known", "none"]
    assert found.wrong


def test_the_graph_of_what_differs_comes_first(tmp_path):
    def of_both(sample_id, cell):
        return LINES if cell.dialect == "keras3" else LINES[:1]

    assert [one.letter for one in graph_page.compose(made(tmp_path), of_both)] == ["B", "A"]


def test_a_sample_with_a_reference_is_asked_for_no_graph(tmp_path):
    def asked(sample_id, cell):
        raise AssertionError("nobody needs it")

    assert graph_page.compose(made(tmp_path, against=None), asked) == []


def test_what_was_not_judged_is_asked_for_no_graph(tmp_path):
    maker = Maker(tmp_path / "runs", "tf2.21", "2.21.0")
    maker.sample("port[a]", against=["tf1.session", "tf1.15"])
    maker.row("port[a]", "keras3", "random", response())
    (row,) = Made([maker.save()]).rows
    assert graph_page.compose(row, lambda *_: pytest.fail("it is random")) == []
