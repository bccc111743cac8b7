"""A network on its page: its outputs in order, what the judge says of each, and where it begins."""

import re

import numpy as np
import pytest
from making import KNOWN, Made, Maker, numbers
from test_pages import HOSTILE, report

from compat_reports import flow_page

NAMES = ("conv", "norm", "relu", "dense")
SAMPLE = "net[small]"


def outputs(change=0.0, since="conv", names=NAMES):
    """Arrays by name, with other bits from one of them on."""
    first = names.index(since)
    return {
        name: np.full((1, 4, 4, 3), 1 + place + (change if place >= first else 0), np.float32)
        for place, name in enumerate(names)
    }


def judged_as(maker, dialect, wrong=None, sample=SAMPLE, names=NAMES, share=0.25):
    """The judge's numbers of a network: right before ``wrong``, and by itself right after it."""
    row = {}
    for place, name in enumerate(names):
        is_wrong = wrong is not None and place >= names.index(wrong)
        row[name] = numbers(
            "differs" if is_wrong else "agrees", "far off" * is_wrong, 300.0 if is_wrong else share
        )
        row[name].own = (
            numbers("differs", "off by itself", 9e3) if name == wrong else numbers("agrees", "", 0.125)
        )
    maker.judged.verdicts[sample][dialect].outputs = row


def network(folder, wrong="norm", known=None):
    """Two results alike until the norm; the one of keras3 differs there, if at all."""
    maker = Maker(folder / "runs", "tf2.21", "2.21.0")
    maker.row(SAMPLE, "tf2.eager", "agrees", outputs())
    judged_as(maker, "tf2.eager")
    maker.row(SAMPLE, "keras3", "differs" if wrong else "agrees", outputs(0.5, "norm"), known=known)
    judged_as(maker, "keras3", wrong)
    return maker


def page_of(maker, folder):
    """The HTML of the sample's page."""
    report(maker.save(), folder / "report")
    return (folder / "report" / "samples" / "net.small.html").read_text(encoding="utf-8")


def composed(maker, names=NAMES):
    (row,) = Made([maker.save()]).rows
    return flow_page.compose(row, names)


def test_a_difference_begins_at_one_output_and_is_carried_by_the_others(tmp_path):
    flow = composed(network(tmp_path))
    assert [(step.name, step.begins, step.state) for step in flow.steps] == [
        ("conv", "", "agrees"),
        ("norm", "begins here", "look"),
        ("relu", "", "look"),
        ("dense", "", "look"),
    ]
    said = [
        [(c.words, c.follows, [text for text, _ in c.letters]) for c in step.chips] for step in flow.steps
    ]
    assert said[0] == [("25 %", False, ["A, B"])]
    assert said[1] == [("25 %", False, ["A"]), ("differs, by itself 9e3 times", False, ["B"])]
    assert said[2] == [("25 %", False, ["A"]), ("300 times, by itself 12 %", True, ["B"])]
    assert [step.message for step in flow.steps] == ["", "off by itself", "", ""]
    assert flow.legend[1] == ("result B, differs", "islook")


def test_where_all_agree_other_bits_begin_somewhere_and_nothing_differs(tmp_path):
    flow = composed(network(tmp_path, wrong=None))
    assert [step.begins for step in flow.steps] == ["", "other bits begin here", "", ""]
    assert {step.state for step in flow.steps} == {"agrees"} and "islook" not in flow.plot
    assert 'class="begins"' not in flow.plot


def test_the_larger_of_the_whole_and_the_step_alone_is_told(tmp_path):
    maker = network(tmp_path, wrong=None)
    judged_as(maker, "tf2.eager", share=1e-9)
    judged_as(maker, "keras3", share=1e-9)
    assert {c.words for step in composed(maker).steps for c in step.chips} == {"12 %"}


def test_what_is_known_is_not_to_be_looked_at(tmp_path):
    flow = composed(network(tmp_path, known=KNOWN))
    assert [step.state for step in flow.steps] == ["agrees", "known", "known", "known"]
    assert "islook" not in flow.plot and "isknown" in flow.plot


def test_two_results_that_begin_at_two_places_are_told_apart(tmp_path):
    maker = network(tmp_path)
    maker.row(SAMPLE, "keras2", "differs", outputs(0.25, "relu"))
    judged_as(maker, "keras2", "relu")
    assert [step.begins for step in composed(maker).steps] == ["", "C begins here", "B begins here", ""]


def test_two_results_that_begin_at_one_place_need_no_letters(tmp_path):
    maker = network(tmp_path)
    maker.row(SAMPLE, "keras2", "differs", outputs(0.25, "norm"))
    judged_as(maker, "keras2", "norm")
    flow = composed(maker)
    assert [step.begins for step in flow.steps] == ["", "begins here", "", ""]
    assert flow.legend == [("result A", "line-a"), ("results B, C, differ", "islook")]


def test_a_result_that_could_not_be_judged_is_not_green(tmp_path):
    maker = network(tmp_path, wrong=None)
    maker.row(SAMPLE, "keras3", "differs", outputs(0.5, "norm"), "the outputs are others")
    maker.judged.verdicts[SAMPLE]["keras3"].outputs = {}
    flow = composed(maker)
    assert {step.state for step in flow.steps} == {"look"}
    assert [c.words for c in flow.steps[1].chips] == ["25 %", "differs"]


def test_of_many_results_the_one_that_differs_is_shown(tmp_path):
    judged = []
    for minor in range(12):
        maker = Maker(tmp_path / "runs", f"tf2.{minor}", f"2.{minor}.0")
        maker.row(SAMPLE, "tf2.eager", "agrees" if minor < 11 else "differs", outputs(minor / 16))
        judged_as(maker, "tf2.eager", None if minor < 11 else "dense")
        judged.append(maker.save())
    (row,) = Made(judged).rows
    flow = flow_page.compose(row, NAMES)
    assert flow.hidden == "4 more distinct results in the table of numbers only"
    assert len(flow.legend) == 8 and ("result L, differs", "islook") in flow.legend
    assert [step.state for step in flow.steps] == ["agrees", "agrees", "agrees", "look"]


def test_of_many_that_differ_the_hidden_ones_are_told_and_none_of_them_is_green(tmp_path):
    judged = []
    for minor in range(12):
        maker = Maker(tmp_path / "runs", f"tf2.{minor}", f"2.{minor}.0")
        maker.row(SAMPLE, "tf2.eager", "differs" if minor > 2 else "agrees", outputs(minor / 16))
        judged_as(maker, "tf2.eager", None if minor < 3 else "dense" if minor < 11 else "norm")
        judged.append(maker.save())
    (row,) = Made(judged).rows
    flow = flow_page.compose(row, NAMES)
    assert flow.hidden == "4 more distinct results (3 of them differ) in the table of numbers only"
    assert flow.legend[:2] == [("result A", "line-a"), ("result B", "line-b")]
    assert [(step.state, step.begins) for step in flow.steps[1:]] == [
        ("look", "L begins here"),
        ("look", ""),
        ("look", "D, E, F, G, H, I, J, K begin here"),
    ]
    assert all(chip.state == "agrees" for chip in flow.steps[1].chips)  # it has no chip, and is not green


@pytest.mark.parametrize("names", [("y",), ("dx", "dw")])
def test_few_outputs_are_no_network(tmp_path, names):
    maker = Maker(tmp_path / "runs", "tf2.21", "2.21.0")
    maker.row(SAMPLE, "numpy", "agrees", outputs(names=names, since=names[0]))
    judged_as(maker, "numpy", names=names)
    assert composed(maker, names) is None


def test_outputs_that_do_not_follow_from_each_other_are_no_network(tmp_path):
    maker = Maker(tmp_path / "runs", "tf2.21", "2.21.0")
    maker.row(SAMPLE, "numpy", "agrees", outputs())
    assert composed(maker) is None


def test_the_maps_of_later_outputs_are_folded_unless_it_begins_there():
    steps = [flow_page.Step(f"s{place}", "", "agrees", []) for place in range(9)]
    steps[7] = flow_page.Step("s7", "", "look", [flow_page.Chip("look", "differs")], "begins here")
    steps[8] = flow_page.Step("s8", "", "look", [flow_page.Chip("look", "2 times", True)])
    flow = flow_page.Flow(steps, None, [], "", True)
    assert [flow.opens(place) for place in range(9)] == [True] * 6 + [False, True, False]


def test_every_output_leads_to_its_maps(tmp_path):
    html = page_of(network(tmp_path), tmp_path)
    assert html.index("Along the network") < html.index("Who computes which bits")
    wanted = re.findall(r'href="#(maps-\d)"', html)
    assert wanted == [f"maps-{n}" for n in (1, 2, 3, 4)] and all(f'id="{name}"' in html for name in wanted)
    assert (
        html.count('<span class="verdict begins">begins here</span>') == 2
    )  # here, and in the table of numbers


def test_a_page_of_one_output_has_nothing_of_it(tmp_path):
    maker = Maker(tmp_path / "runs", "tf2.21", "2.21.0")
    maker.row(SAMPLE, "numpy", "agrees", outputs()["conv"])
    html = page_of(maker, tmp_path)
    assert "Along the network" not in html and 'class="output"' not in html and 'href="#maps' not in html


def test_names_are_escaped(tmp_path):
    names = (HOSTILE, "b", "c")
    maker = Maker(tmp_path / "runs", "tf2.21", "2.21.0")
    maker.row(SAMPLE, "numpy", "differs", outputs(names=names, since="b"), HOSTILE)
    judged_as(maker, "numpy", HOSTILE, names=names)
    html = page_of(maker, tmp_path)
    assert "Along the network" in html and HOSTILE not in html and "<img src=x" not in html


def test_the_overview_leads_to_networks(tmp_path):
    maker = network(tmp_path)
    for name in ("b", "c"):
        maker.row(f"deep[{name}]", "numpy", "agrees", outputs())
        judged_as(maker, "numpy", sample=f"deep[{name}]")
    maker.row("conv[a]", "numpy", "agrees", outputs()["conv"])
    report(maker.save(), tmp_path / "report")
    html = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    (section,) = re.findall(r'<p class="jump networks">(.*?)</p>', html)
    assert re.findall(r'href="([^"]*)"', section) == ["operations/deep.html", "samples/net.small.html"]
    assert "2 samples" in section and "conv" not in section
