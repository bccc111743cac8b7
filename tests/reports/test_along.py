"""The error along a graph: what is exact, infinite or not judged is drawn as that, and the allowance is a line."""

import math
import re

from making import numbers

from compat_reports import along


def texts(plot):
    return re.findall(r">([^<>]+)</text>", plot)


def test_the_allowance_is_a_line_with_room_above_it():
    plot = along.plot([along.Curve("error", [0.5, 0.01], "line-b")], "title", ["a", "b"])
    assert texts(plot) == ["1 %", "10 %", "allowance", "10 times", "a", "b"]
    assert plot.count('class="line allowance"') == 1


def test_the_ends_of_the_scale_say_what_lies_there():
    exact = along.plot([along.Curve("", [0.0, 0.5], "")], "")
    less = along.plot([along.Curve("", [1e-30, 0.5], "")], "")
    infinite = along.plot([along.Curve("", [math.inf, 0.5], ""), along.Curve("", [1.7e308, 0.5], "")], "")
    assert "exact" in texts(exact) and "less" not in texts(exact)
    assert "less" in texts(less) and "exact" not in texts(less)
    assert "∞" in texts(infinite) and "∞" not in texts(less)


def test_what_was_not_judged_is_a_gap():
    plot = along.plot([along.Curve("error", [0.5, 0.5, None, 0.5, 0.5], "line-b")], "title")
    (path,) = re.findall(r'class="line line-b" d="([^"]*)"', plot)
    assert path.count("M") == 2
    assert along.plot([along.Curve("error", [None, 0.5, None], "line-b")], "title") is None


def test_where_it_begins_is_marked_and_long_names_are_cut():
    names = ["a/long/name/of/a/tensor", "b<"]
    plot = along.plot([along.Curve("error", [0.5, 5.0], "islook", "B")], "title", names, 1)
    assert plot.count('class="begins"') == 1 and plot.count('class="at"') == 1
    assert "…e/of/a/tensor" in texts(plot) and "b&lt;" in texts(plot) and "b<" not in plot
    assert texts(plot)[-1] == "B"
    assert 'class="at"' not in along.plot([along.Curve("", [0.5] * 99, "")], "", ["n"] * 99, 3)


def test_a_line_is_green_only_where_it_was_judged_right():
    assert along.line("a", "Relu", "", numbers("agrees")).state == "agrees"
    assert along.line("a", "Relu", "", None, "no rule").words == "no rule"
    assert along.line("a", "Relu", "", None).state == "none"
    assert along.line("a", "Relu", "", None, wrong=True).state == "look"
    assert along.line("a", "Relu", "", numbers("suspicious", "far")).state == "look"
    assert (
        along.line("a", "Relu", "", numbers("agrees"), vague=True).words
        == "25 % of the allowance, which is wide here"
    )
